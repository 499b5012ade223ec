"""What each register showed at a moment, and how that is known: read then, or between two readings.

A yearly statement, a move or a new supplier needs it, and totals of a period are checked by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimmemeter.history import interpolation
from slimmemeter.history.consumption import column_of, series_of
from slimmemeter.history.table import Column, Table
from slimmemeter.store.records import Meter, Series, StoredReading
from slimmemeter.store.snapshot import Snapshot

DAY_S = 86400
ROUNDING_WH = 10  # of a register that shows hundredths of a kWh
NEAR_S = 60  # a reading that close counts as the moment's own


@dataclass(frozen=True)
class MeterReading:
    """The register of a series at an instant, with the readings on both sides of it.

    At a reading both sides are that reading; a side is None outside of the series.
    """

    series: Series
    at: int
    before: StoredReading | None
    after: StoredReading | None

    @property
    def column(self) -> Column:
        """The column of the register."""
        return column_of(self.series)

    @property
    def counter(self) -> int | None:
        """The counter curve at the instant; None outside of the series."""
        if self.before is None or self.after is None:
            return None
        return interpolation.at(self.at, self._point(self.before), self._point(self.after))

    def counter_of(self, reading: StoredReading) -> int:
        """The register of one side."""
        return reading.values[self.series.register]

    def _point(self, reading: StoredReading) -> tuple[int, int]:
        return reading.taken_at, self.counter_of(reading)

    @property
    def nearest(self) -> StoredReading | None:
        """The nearest reading, if it is at most `NEAR_S` away."""
        sides = [side for side in (self.before, self.after) if side is not None]
        near = min(sides, key=lambda side: (abs(side.taken_at - self.at), side.taken_at))
        return near if abs(near.taken_at - self.at) <= NEAR_S else None


def readings_at(house: Snapshot, series: Series, instants: Sequence[int]) -> list[MeterReading]:
    """The register of a series at each of these instants; not at one that no reading is near, as
    after rows were deleted by hand."""
    neighbours = house.reader.neighbours(series, instants)
    return [
        MeterReading(series, at, before, after)
        for at, (before, after) in zip(instants, neighbours, strict=True)
        if before is not None or after is not None
    ]


def at(house: Snapshot, instant: int) -> list[MeterReading]:
    """The registers of the meter and of each device at an instant.

    Between two series those of the newest one before and of the oldest one after.
    """
    found: list[MeterReading] = []
    for group in _lines(house):
        there = [series for series in group if series.first <= instant <= series.last]
        if not there:
            before = sorted((each for each in group if each.last < instant), key=_last)
            there = before[-1:] + [each for each in group if each.first > instant][:1]
        found += [each for series in there for each in readings_at(house, series, [instant])]
    return found


def newest(house: Snapshot) -> list[MeterReading]:
    """The newest registers of the newest meter and of each device."""
    newest_series = [max(group, key=_last) for group in _lines(house)]
    meter = max((each for each in house.meters), key=lambda meter: meter.last, default=None)
    return [
        each
        for series in newest_series
        if series.table != "readings" or (meter and series.owner_id == meter.id)
        for each in readings_at(house, series, [series.last])
    ]


def steady(house: Snapshot, medium: str) -> int | None:
    """A figure of a medium that only rises, whatever devices come and go; None without any.

    It is the sum of the counters of those that were there from the first day on, and of what each
    later one counted since then.
    """
    series = series_of(house, medium)
    if not series:
        return None
    ends = interpolation.counters(house.reader, {each: [each.first, each.last] for each in series})
    begun: set[int] = set()
    figure = 0
    for each in series:
        first, last = (ends[each][at] or 0 for at in (each.first, each.last))
        is_original = each.first - series[0].first < DAY_S and each.owner_id not in begun
        figure += last if is_original else last - first
        begun.add(each.owner_id)
    return figure


def _lines(house: Snapshot) -> list[list[Series]]:
    """The series of each register: all electricity belongs to one connection to the grid."""
    groups: dict[object, list[Series]] = {}
    for series in (*house.meter_series, *house.device_series):
        is_meter = isinstance(series.owner, Meter)
        groups.setdefault(series.register if is_meter else series.owner, []).append(series)
    return list(groups.values())


def _last(series: Series) -> int:
    return series.last


@dataclass(frozen=True)
class Span:
    """The register of one series at both borders of a period, or at its own ends in it."""

    begin: MeterReading
    end: MeterReading

    @property
    def counted(self) -> int:
        """What the register counted between them."""
        return (self.end.counter or 0) - (self.begin.counter or 0)


def spans(house: Snapshot, begin: int, end: int) -> list[Span]:
    """The spans of every series that has a part in a period."""
    found = [
        readings_at(house, series, [max(begin, series.first), min(end, series.last)])
        for series in (*house.meter_series, *house.device_series)
        if series.overlaps(begin, end)
    ]
    return [Span(*ends) for ends in found if len(ends) == len(("begin", "end"))]


def differing_totals(spans: Sequence[Span]) -> Iterator[tuple[Column, int, int]]:
    """By direction what a meter's total register counted and what its tariffs counted together,
    where these differ by more than their rounding."""
    groups: dict[tuple[int, str], list[Span]] = {}
    for span in spans:
        key = (span.begin.series.owner_id, span.begin.column.quantity)
        groups.setdefault(key, []).append(span)
    for group in groups.values():
        totals = [span for span in group if span.begin.column.tariff is None]
        tariffs = [span for span in group if span.begin.column.tariff is not None]
        ends = {(span.begin.at, span.end.at) for span in group}
        if not totals or not tariffs or len(ends) > 1:
            continue  # without both over the same time nothing can be compared
        counted, together = (sum(span.counted for span in each) for each in (totals, tariffs))
        if abs(counted - together) > ROUNDING_WH * len(group):
            yield totals[0].begin.column, counted, together


def differing_in_all(house: Snapshot) -> list[tuple[Column, int, int]]:
    """`differing_totals` of all readings."""
    first, last = house.first_at, house.last_at
    return [] if first is None or last is None else [*differing_totals(spans(house, first, last))]


def agrees(table: Table, spans: Sequence[Span]) -> bool:
    """Whether a table's columns add up to the difference of the readings nearest to its borders.

    What was used in the seconds between border and reading may lie between. False if no reading is
    near a border.
    """
    read, slack = dict.fromkeys(table.columns, 0), dict.fromkeys(table.columns, 0)
    for span in spans:
        column = span.begin.column
        if column not in read:
            continue
        for reading, sign in ((span.begin, -1), (span.end, 1)):
            if reading.nearest is None or reading.counter is None:
                return False
            counter = reading.counter_of(reading.nearest)
            read[column] += sign * counter
            slack[column] += abs(counter - reading.counter)
    sums = {column: sum(value or 0 for value in values) for column, values in table.columns.items()}
    return all(abs(sums[column] - read[column]) <= slack[column] for column in read)
