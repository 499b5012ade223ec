"""What flows now: the power that was measured last, by phase too, and how it came to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from slimmemeter.history import periods, phases
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.table import Numbers, Table
from slimmemeter.i18n import dates
from slimmemeter.store.records import StoredReading
from slimmemeter.store.snapshot import Snapshot

LINE_S = 6 * 3600
HEIGHT = 100  # of the line's drawing; its width is a unit for each bucket


@dataclass
class Extreme:
    """The highest or the lowest mean power of five minutes today; below zero to the grid."""

    power_w: int
    clock: str


@dataclass
class Line:
    """The net power of the last hours, as an SVG's points."""

    width: int
    zero: int
    runs: list[str]


@dataclass
class PowerNow:
    """What the card shows."""

    import_w: int | None
    export_w: int | None
    phases_w: dict[int, int]  # below zero to the grid; empty of a meter with one phase
    line: Line | None
    highest: Extreme | None
    lowest: Extreme | None


def power_now(house: Snapshot, newest: StoredReading, now: int, today: Catalogue) -> PowerNow:
    """The power of the newest reading, the line of the last hours, and today's extremes."""
    zone = today.period.zone
    hours = periods.between(now - LINE_S - now % 300, now, zone)
    assert hours is not None
    highest, lowest = _extremes(today.shown("power"), today)
    return PowerNow(
        newest.values.get("power_import_w"),
        newest.values.get("power_export_w"),
        phases.net_power_by_phase(newest.values),
        _line(_net_w(Catalogue(house, hours).shown("power", "5min"))),
        highest,
        lowest,
    )


def _net_w(power: Table) -> Numbers:
    """Import less export in each bucket."""
    both = power.net()
    return both[1] if both else next(iter(power.columns.values()), [])


def _extremes(power: Table, today: Catalogue) -> tuple[Extreme | None, Extreme | None]:
    known = [
        (value, at)
        for value, at in zip(_net_w(power), power.borders, strict=False)
        if value is not None
    ]
    if len(known) < 2:
        return None, None
    ends = max(known), min(known)
    highest, lowest = (Extreme(value, dates.clock(at, today.period.zone)) for value, at in ends)
    return highest, lowest


def _line(values: Sequence[int | None]) -> Line | None:
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(0, *known), max(0, *known)
    scale = HEIGHT / max(high - low, 1)
    runs = [
        " ".join(
            f"{place},{round((high - value) * scale)}" for place, value in run if value is not None
        )
        for is_known, run in groupby(enumerate(values), lambda each: each[1] is not None)
        if is_known
    ]
    return Line(len(values) - 1, round(high * scale), runs)
