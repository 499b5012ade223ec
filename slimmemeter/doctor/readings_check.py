"""What the stored readings tell: devices that fell silent, what was set aside, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from slimmemeter import clock, zones
from slimmemeter.doctor.finding import FINE, NOTE, Finding
from slimmemeter.history import meter_readings
from slimmemeter.history.silence import SilentDevice, silent_devices
from slimmemeter.history.table import OTHER_MEDIUM, Column, of_device
from slimmemeter.store import schema
from slimmemeter.store.records import Device, Event
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.validation.rule import BY_HAND, OVERLAP, RESTARTED, SET_ASIDE

NEW_S = 30 * 86400  # what is older isn't listed
START_S = 86400  # the meters of the first day are no new ones


def check_readings(house: Snapshot, zone: ZoneInfo) -> Iterator[Finding]:
    """What is worth knowing of a house's readings."""
    now = clock.now()
    for silent in silent_devices(house, now):
        yield _silence(silent, zone)
    yield from (_differing(*each) for each in meter_readings.differing_in_all(house))
    yield from (_overlap(each, zone) for each in house.events(0, now + 1) if each.kind == OVERLAP)
    events, begin = house.events(0, now + 1), now - NEW_S
    new = [each for each in events if (each.until or each.at) >= begin]
    waiting = [each for each in new if each.kind == SET_ASIDE and each.until is None]
    if waiting:
        yield _waiting(house, waiting, zone)
    yield from _summary(house, events, new, begin)


def _silence(silent: SilentDevice, zone: ZoneInfo) -> Finding:
    sentence = (
        f"{_medium(silent.medium)}: no reading since {zones.shown(silent.since, zone.key)}, while"
        " the electricity meter goes on: its radio or battery failed; wait a day, then call the"
        " grid operator or its owner"
    )
    return Finding(NOTE, sentence)


def _differing(column: Column, counted_wh: int, together_wh: int) -> Finding:
    counted, together = (f"{each / 1000:,.3f} kWh" for each in (counted_wh, together_wh))
    sentence = (
        f"the meter's total register of {column.quantity} counted {counted}, and its tariffs"
        f" {together} together: ask the grid operator which of them is billed"
    )
    return Finding(NOTE, sentence)


def _overlap(event: Event, zone: ZoneInfo) -> Finding:
    begin, end = (zones.shown(at, zone.key) for at in (event.at, event.until or event.at))
    sentence = (
        f"two meters have readings from {begin} to {end}, and both are added up: if one isn't of"
        " this house, slimmemeter import --undo takes it out"
    )
    return Finding(NOTE, sentence)


def _waiting(house: Snapshot, events: Sequence[Event], zone: ZoneInfo) -> Finding:
    """What doesn't fit, and may be wrong or the begin of another series."""
    first = events[0]
    shown, before = (f"{int(each) / 1000:,.3f}" for each in (first.detail or "0 0").split())
    more = f", and {len(events) - 1} more like it" if len(events) > 1 else ""
    sentence = (
        f"{_register(house, first)} shows {shown} instead of {before} after"
        f" {zones.shown(first.at, zone.key)}{more}; it waits until it is understood"
    )
    return Finding(NOTE, sentence)


def _summary(
    house: Snapshot, events: Sequence[Event], new: Sequence[Event], begin: int
) -> Iterator[Finding]:
    """How often something was noticed lately, and how many readings don't count in all."""
    start = (house.first_at or 0) + START_S
    firsts = [each.first for each in (*house.meters, *house.devices)]
    found = [
        _number(_readings_aside(new), "reading", "set aside"),
        _number(len(_places(new, RESTARTED)), "restart", "of a counter"),
        _number(sum(first >= max(begin, start) for first in firsts), "new meter", ""),
    ]
    in_all = _readings_aside(events)
    if in_all or any(found):
        lately = ", ".join(filter(None, found)) or "nothing new"
        yield Finding(
            FINE, f"in the last 30 days: {lately}; of all readings {in_all} are set aside"
        )


def _readings_aside(events: Sequence[Event]) -> int:
    """The number of readings that don't count: those of several registers once."""
    return sum(_places(events, SET_ASIDE, BY_HAND).values())


def _places(events: Sequence[Event], *kinds: str) -> dict[object, int]:
    """By meter and time, the number of readings of events of these kinds."""
    found: dict[object, int] = {}
    for each in events:
        if each.kind in kinds:
            key = (each.series, each.device, each.at, each.until)
            found[key] = max(found.get(key, 0), each.readings or 0)
    return found


def _number(count: int, what: str, more: str) -> str:
    return f"{count} {what}{'s' * (count != 1)} {more}".rstrip() if count else ""


def _register(house: Snapshot, event: Event) -> str:
    """A register in words: import T1, or gas."""
    for each in house.devices:
        if each.id == event.device and isinstance(each.about, Device):
            return _medium(of_device(each.about.type, each.about.unit).quantity)
    return schema.REGISTERS[event.register or ""].words


def _medium(name: str) -> str:
    return "another meter" if name == OTHER_MEDIUM else name.replace("_", " ")
