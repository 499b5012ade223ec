"""Where one series ends and another takes over: another meter, another device, a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from slimmemeter import clock
from slimmemeter.store.records import Device, Meter, Series
from slimmemeter.store.validation.rule import RESTARTED

ANOTHER_METER, ANOTHER_DEVICE = "another meter", "another device"


class Change(NamedTuple):
    """Where series take over from others; what was used in between isn't known."""

    old: tuple[Series, ...]  # of one meter or device
    new: tuple[Series, ...]
    reason: str  # ANOTHER_METER, ANOTHER_DEVICE, or RESTARTED

    @property
    def times(self) -> tuple[int, int]:
        """The old ones' last reading and the new ones' first, the earlier one first."""
        last, first = _last(self.old), _first(self.new)
        return min(last, first), max(last, first)

    @property
    def is_gap(self) -> bool:
        """Whether there is a time between them of which nothing is known."""
        return _last(self.old) < _first(self.new)


def changes(series: Sequence[Series]) -> list[Change]:
    """The changes among the series of all meters, or of one medium's devices, oldest first.

    A meter or device takes over if it begins after the one before, or overlaps it by no more than a
    meter's clock may be wrong. If other devices go on meanwhile, the one before on its channel
    counts.
    """
    owners = by_owner(series)
    channels: dict[int, list[tuple[Series, ...]]] = {}
    for each in owners:
        if isinstance(each[0].owner, Device):
            channels.setdefault(each[0].owner.channel, []).append(each)
    rows = (*channels.values(), owners)
    found = {change.new[0].owner_id: change for row in rows for change in in_row(row)}
    every = [*found.values(), *restarts(series)]
    return sorted(every, key=lambda change: _first(change.new))


def by_owner(series: Sequence[Series]) -> list[tuple[Series, ...]]:
    """The series of each meter or device, the oldest one first."""
    groups: dict[int, list[Series]] = {}
    for each in series:
        groups.setdefault(each.owner_id, []).append(each)
    return sorted(map(tuple, groups.values()), key=_first)


def in_row(owners: Sequence[tuple[Series, ...]]) -> list[Change]:
    """The changes from each meter or device to the next one that outlives it."""
    found = []
    newest: tuple[Series, ...] | None = None
    for each in owners:
        if newest is not None and (_first(each) > _last(newest) or _takes_over(newest, each)):
            is_meter = isinstance(each[0].owner, Meter)
            reason = ANOTHER_METER if is_meter else ANOTHER_DEVICE
            found.append(Change(_at_end(newest), _at_begin(each), reason))
        if newest is None or _last(each) > _last(newest):
            newest = each
    return found


def restarts(series: Sequence[Series]) -> list[Change]:
    """Where registers of a meter or device restarted, those at the same time together."""
    found: dict[tuple[int, int, int], tuple[list[Series], list[Series]]] = {}
    last: dict[tuple[int, str], Series] = {}
    for each in series:
        if each.opened_by == RESTARTED:
            before = last[each.owner_id, each.register]
            old, new = found.setdefault((each.owner_id, before.last, each.first), ([], []))
            old.append(before)
            new.append(each)
        last[each.owner_id, each.register] = each
    return [Change(tuple(old), tuple(new), RESTARTED) for old, new in found.values()]


def _takes_over(old: Sequence[Series], new: Sequence[Series]) -> bool:
    """Whether a meter took over while the old one's clock was ahead."""
    ahead_s = _last(old) - _first(new)
    is_meter = isinstance(new[0].owner, Meter)
    return is_meter and ahead_s <= clock.AGREEMENT_S and _last(new) > _last(old)


def _at_end(series: Sequence[Series]) -> tuple[Series, ...]:
    """The last series of each register."""
    return tuple({each.register: each for each in series}.values())


def _at_begin(series: Sequence[Series]) -> tuple[Series, ...]:
    """The first series of each register."""
    first = {each.register: each for each in reversed(series)}
    return tuple(each for each in series if first[each.register] is each)


def _first(series: Sequence[Series]) -> int:
    return min(each.first for each in series)


def _last(series: Sequence[Series]) -> int:
    return max(each.last for each in series)
