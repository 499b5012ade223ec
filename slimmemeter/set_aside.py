"""`slimmemeter set-aside`: a person overrules which readings count."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from slimmemeter import zones
from slimmemeter.errors import StoreError, UsageError
from slimmemeter.history import periods
from slimmemeter.history.table import Column, of_device, of_register
from slimmemeter.p1.anonymize import masked
from slimmemeter.settings import Settings
from slimmemeter.store.overriding import OverridingWriter, Overruled
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Device, Meter, Owner

LONGEST_SHOWN = 40  # characters of what is no time or no meter
SECONDS = re.compile(r"\d:\d\d:\d\d")


def run(
    settings: Settings, at: str, until: str | None, meter: str | None, is_undo: bool
) -> Iterator[str]:
    """Set the readings of a time aside, or take that back. :returns: what was done, line by line.

    :raises UsageError: there is no such time or meter, or nothing to do.
    """
    zone = zones.of(settings.zone)
    first, last = _time(at, until, zone)
    owners = _owners(settings.database, meter)
    with OverridingWriter(settings.database, settings.timeout_s) as writer:
        change = writer.take_back if is_undo else writer.set_aside
        done = [(owner, change(owner, first, last)) for owner in owners]
    if not any(overruled.readings for _, overruled in done):
        raise UsageError(_nothing(owners, first, last, zone, is_undo))
    for owner, overruled in done:
        yield from _told(owner, overruled, is_undo)


def _time(at: str, until: str | None, zone: ZoneInfo) -> tuple[int, int]:
    """The first instant and the last one."""
    first, last = _stretch(at, zone)
    if until is not None:
        last = _stretch(until, zone)[1]
    if last < first:
        raise UsageError(f"--until {until} is before {at}: give the earlier time first")
    return first, last


def _stretch(text: str, zone: ZoneInfo) -> tuple[int, int]:
    """The whole day, the minute or the second that a text names."""
    if day := periods.parse("day", text, zone):
        return day.begin_at, day.end_at - 1
    at = periods.moment(text, zone)
    if at is None:
        form = "2026-11-23T14:05, or 2026-11-23 for the whole day"
        raise UsageError(f"{text[:LONGEST_SHOWN]!r} is not a time: write it as {form}")
    return at, at if SECONDS.search(text) else at + 59


def _owners(database: str, name: str | None) -> list[Owner]:
    """The newest meter of electricity, or whatever has this id, which may be masked.

    A device that counts two things under one id is two of them.
    """
    if not os.path.exists(database):
        raise StoreError(f"there is no database {database}")
    with Reader(database) as reader:
        meters, devices = reader.meters(), reader.devices()
    if name is None:
        return [_newest(meters)]
    every = [*meters, *devices]
    ids = {each.about.equipment_id for each in every}
    found = {name} & ids or {each for each in ids if masked(each) == name}
    if len(found) != 1:
        which = "several meters are" if found else "no meter is"
        known = ", ".join(sorted(ids)) or "none"
        raise UsageError(f"{which} called {name[:LONGEST_SHOWN]}; there are: {known}")
    return [each for each in every if each.about.equipment_id in found]


def _newest(meters: Sequence[Owner]) -> Owner:
    if not meters:
        raise UsageError("there is no reading yet, so none can be set aside")
    return max(meters, key=lambda meter: meter.last)


def _nothing(owners: Sequence[Owner], first: int, last: int, zone: ZoneInfo, is_undo: bool) -> str:
    begin, end = (zones.shown(at, zone.key) for at in (first, last))
    time = f"at {begin}" if begin == end else f"from {begin} to {end}"
    if is_undo:
        return f"no reading of {_name(owners[0])} {time} was set aside by a person"
    return f"there is no reading of {_name(owners[0])} {time}; /meter lists what was noticed"


def _told(owner: Owner, overruled: Overruled, is_undo: bool) -> Iterator[str]:
    count, before, now = overruled
    if not count:
        return
    readings = f"{count} reading{'s' * (count != 1)} of {_name(owner)}"
    what = "no longer set aside by hand" if is_undo else "set aside"
    yield f"{readings} {'is' if count == 1 else 'are'} {what} now"
    changed = [name for name in now if now[name] != before[name]]
    for name in changed:
        column = _column(owner, name)
        yield (
            f"    {column.name} counts {_number(now[name], column)} in all,"
            f" {_number(before[name], column)} before"
        )
    if not changed:
        yield "    no total changed"


def _number(value: int, column: Column) -> str:
    return f"{value / column.scale:,.3f}"


def _column(owner: Owner, register: str) -> Column:
    if isinstance(owner.about, Device):
        return of_device(owner.about.type, owner.about.unit)
    return of_register(register)


def _name(owner: Owner) -> str:
    kind = "meter" if isinstance(owner.about, Meter) else "device"
    return f"{kind} {owner.about.equipment_id or 'without id'}"
