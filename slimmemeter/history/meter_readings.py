"""What each register showed at a moment, and how that is known: read then, or between two readings.

A yearly statement, a move or a new supplier needs it, and totals of a period are checked by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slimmemeter.history import interpolation
from slimmemeter.history.consumption import columns_of
from slimmemeter.history.table import Column, Table
from slimmemeter.store.records import Meter, Series, StoredReading
from slimmemeter.store.snapshot import Snapshot

NEAR_S = 60  # a reading that close counts as the moment's own


@dataclass(frozen=True)
class MeterReading:
    """The registers of a series at an instant, with the readings on both sides of it.

    At a reading both sides are that reading; a side is None outside of the series.
    """

    series: Series
    at: int
    before: StoredReading | None
    after: StoredReading | None

    @property
    def columns(self) -> list[Column]:
        """The column of each register."""
        return columns_of(self.series)

    @property
    def counters(self) -> list[int] | None:
        """The counter curve at the instant; None outside of the series."""
        if self.before is None or self.after is None:
            return None
        return interpolation.at(self.at, *map(self._known, (self.before, self.after)))

    def counter(self, place: int) -> int | None:
        """One of `counters`."""
        return None if self.counters is None else self.counters[place]

    def counters_of(self, reading: StoredReading) -> list[int]:
        """The registers of one side."""
        return [reading.values[name] for name in self.series.registers]

    def _known(self, reading: StoredReading) -> tuple[int, list[int]]:
        return reading.taken_at, self.counters_of(reading)

    @property
    def nearest(self) -> StoredReading | None:
        """The nearest reading, if it is at most `NEAR_S` away."""
        sides = [side for side in (self.before, self.after) if side is not None]
        near = min(sides, key=lambda side: (abs(side.taken_at - self.at), side.taken_at))
        return near if abs(near.taken_at - self.at) <= NEAR_S else None


def readings_at(house: Snapshot, series: Series, instants: Sequence[int]) -> list[MeterReading]:
    """The registers of a series at each of these instants."""
    neighbours = house.reader.neighbours(series, instants)
    return [
        MeterReading(series, at, before, after)
        for at, (before, after) in zip(instants, neighbours, strict=True)
    ]


def at(house: Snapshot, instant: int) -> list[MeterReading]:
    """The registers of the meter and of each device at an instant.

    Between two series those of the newest one before and of the oldest one after.
    """
    groups: dict[object, list[Series]] = {}
    for series in (*house.meter_series, *house.device_series):
        groups.setdefault(_owner(series), []).append(series)
    found: list[MeterReading] = []
    for group in groups.values():
        there = [series for series in group if series.first <= instant <= series.last]
        if not there:
            before = sorted((each for each in group if each.last < instant), key=_last)
            there = before[-1:] + [each for each in group if each.first > instant][:1]
        found += [each for series in there for each in readings_at(house, series, [instant])]
    return found


def newest(house: Snapshot) -> list[MeterReading]:
    """The newest registers of the meter and of each device."""
    by_end = sorted((*house.meter_series, *house.device_series), key=_last)
    newest_series = {_owner(series): series for series in by_end}.values()
    return [each for row in newest_series for each in readings_at(house, row, [row.last])]


def _owner(series: Series) -> object:
    """All electricity belongs to one connection to the grid."""
    return "grid" if isinstance(series.owner, Meter) else series.owner


def _last(series: Series) -> int:
    return series.last


@dataclass(frozen=True)
class Span:
    """The registers of one series at both borders of a period, or at its own ends in it."""

    begin: MeterReading
    end: MeterReading


def spans(house: Snapshot, begin: int, end: int) -> list[Span]:
    """The spans of every series that has a part in a period."""
    return [
        Span(*readings_at(house, series, [max(begin, series.first), min(end, series.last)]))
        for series in (*house.meter_series, *house.device_series)
        if series.overlaps(begin, end)
    ]


def agrees(table: Table, spans: Sequence[Span]) -> bool:
    """Whether a table's columns add up to the difference of the readings nearest to its borders.

    What was used in the seconds between border and reading may lie between. False if no reading is
    near a border.
    """
    read, slack = dict.fromkeys(table.columns, 0), dict.fromkeys(table.columns, 0)
    for span in spans:
        if table.columns.keys().isdisjoint(span.begin.columns):
            continue
        for reading, sign in ((span.begin, -1), (span.end, 1)):
            if reading.nearest is None:
                return False
            counters = zip(
                reading.columns, reading.counters_of(reading.nearest), reading.counters or (),
                strict=False,
            )  # fmt: skip
            for column, counter, on_curve in counters:
                if column in read:
                    read[column] += sign * counter
                    slack[column] += abs(counter - on_curve)
    sums = {column: sum(value or 0 for value in values) for column, values in table.columns.items()}
    return all(abs(sums[column] - read[column]) <= slack[column] for column in read)
