"""Where one series ends and another takes over: another meter, another device, a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from slimmemeter import clock
from slimmemeter.store.records import Device, Meter, Series

ANOTHER_METER, ANOTHER_DEVICE = "another meter", "another device"


class Change(NamedTuple):
    """Where a series takes over from another; what was used in between isn't known."""

    old: Series
    new: Series
    reason: str  # ANOTHER_METER, ANOTHER_DEVICE, or what opened the new series

    @property
    def times(self) -> tuple[int, int]:
        """The old one's last reading and the new one's first, the earlier one first."""
        return min(self.old.last, self.new.first), max(self.old.last, self.new.first)

    @property
    def is_gap(self) -> bool:
        """Whether there is a time between them of which nothing is known."""
        return self.old.last < self.new.first


def changes(series: Sequence[Series]) -> list[Change]:
    """The changes among the series of all meters, or of one medium's devices, oldest first.

    A series takes over if it begins after the one before, or overlaps it by no more than a meter's
    clock may be wrong. If other devices go on meanwhile, the one before on its channel counts.
    """
    channels: dict[int, list[Series]] = {}
    for each in series:
        if isinstance(each.owner, Device):
            channels.setdefault(each.owner.channel, []).append(each)
    rows = (*channels.values(), series)
    found = {change.new.id: change for row in rows for change in in_row(row)}
    return sorted(found.values(), key=lambda change: change.new.first)


def in_row(series: Sequence[Series]) -> list[Change]:
    """The changes from each series to the next one that outlives it."""
    found = []
    newest: Series | None = None
    for each in series:
        if newest is not None and (each.first > newest.last or _takes_over(newest, each)):
            found.append(Change(newest, each, _reason(newest, each)))
        if newest is None or each.last > newest.last:
            newest = each
    return found


def _takes_over(old: Series, new: Series) -> bool:
    """Whether a meter took over while the old one's clock was ahead."""
    is_other_meter = isinstance(new.owner, Meter) and old.owner != new.owner
    ahead_s = old.last - new.first
    return is_other_meter and ahead_s <= clock.AGREEMENT_S and new.last > old.last


def _reason(old: Series, new: Series) -> str:
    if isinstance(new.owner, Meter):
        return ANOTHER_METER if old.owner != new.owner else new.opened_by
    return ANOTHER_DEVICE if old.owner != new.owner else new.opened_by
