"""What came from the grid, went to it, or was used of a medium, in the buckets of a table."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from slimmemeter.history import interpolation
from slimmemeter.history.changes import Change, by_owner, changes, in_row
from slimmemeter.history.interpolation import within
from slimmemeter.history.table import (
    MEDIA,
    Column,
    Numbers,
    Table,
    added,
    medium_of,
    of_device,
    of_register,
    total,
)
from slimmemeter.store import schema
from slimmemeter.store.records import Device, Series
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.validation.rule import RESTARTED

SILENT_S = 2 * 86400  # a device that lags so far behind others has fallen silent
LEAST_S = 60  # the mean power of a shorter time is the counter's rounding: 1 Wh in 3 s is 1200 W
ELECTRICITY = "electricity"


def energy(house: Snapshot, name: str, borders: list[int]) -> Table:
    """What the meters of electricity, or of a medium, counted in the buckets between borders."""
    return energy_of(house, name, [borders])[0]


def energy_of(house: Snapshot, name: str, stretches: Sequence[list[int]]) -> list[Table]:
    """`energy` for several lists of borders, by one statement of SQL for each meter or device."""
    sums = _sums(house, name, stretches)
    return [each.table(name) for each in sums]


def _sums(house: Snapshot, name: str, stretches: Sequence[list[int]]) -> list[_Sum]:
    series = series_of(house, name)
    sums = [_Sum(house, series, borders) for borders in stretches]
    wanted = {
        each: interpolation.in_order(*(one.instants(each) for one in sums))
        for each in series
        if any(each.overlaps(one.begin, one.end) for one in sums)
    }
    curves = interpolation.counters(house.reader, wanted)
    for one in sums:
        for each, curve in curves.items():
            one.add(each, curve)
    return sums


def power(house: Snapshot, borders: list[int]) -> Table:
    """The mean power from and to the grid, in W: counted energy divided by its time.

    None also for a bucket of which less than `LEAST_S` is known.
    """
    (counted,) = _sums(house, ELECTRICITY, [borders])
    known_s = counted.known_s()
    table = counted.table("power").without_tariffs()
    pairs = [(Column(column.quantity, "W"), column) for column in table.columns]
    columns = {
        watts: [_mean_w(*each) for each in zip(table.columns[column], known_s, strict=True)]
        for watts, column in pairs
    }
    totals = {watts: _mean_w(table.totals[column], sum(known_s)) for watts, column in pairs}
    table.columns, table.totals = columns, totals
    return table


def series_of(house: Snapshot, name: str) -> list[Series]:
    """The series that make up electricity or a medium, oldest first.

    Of a direction of a meter these are its tariffs; a total of it is left out while it has them.
    """
    if name == ELECTRICITY:
        return [part for each in house.meter_series for part in _beside_tariffs(house, each)]
    return [series for series in house.device_series if medium(series) == name]


def _beside_tariffs(house: Snapshot, series: Series) -> list[Series]:
    """A register's series; of a total the parts of it before and after there are tariffs."""
    register = schema.REGISTERS[series.register]
    tariffs = [
        each
        for each in house.meter_series
        if register.tariff is None
        and each.owner_id == series.owner_id
        and schema.REGISTERS[each.register].direction == register.direction
        and each.register != series.register
        and each.overlaps(series.first, series.last)
    ]
    if not tariffs:
        return [series]
    first, last = min(each.first for each in tariffs), max(each.last for each in tariffs)
    parts = [replace(series, last=first)] if series.first < first else []
    return parts + ([replace(series, first=last)] if last < series.last else [])


def medium(series: Series) -> str | None:
    """What a device's series measures; None if it isn't one of `MEDIA`."""
    assert isinstance(series.owner, Device)
    return medium_of(series.owner.type, series.owner.unit)


def media(house: Snapshot) -> list[str]:
    """The media that are metered in this house."""
    found = set(map(medium, house.device_series))
    return [name for name in MEDIA if name in found]


def column_of(series: Series) -> Column:
    """The column that a series counts for."""
    if isinstance(series.owner, Device):
        return of_device(series.owner.type, series.owner.unit)
    return of_register(series.register)


class _Sum:
    """Columns that add up over series, and how much of each bucket is known."""

    def __init__(self, house: Snapshot, series: Sequence[Series], borders: list[int]) -> None:
        self.borders = borders
        self.begin, self.end = borders[0], borders[-1]
        self._house = house
        self._columns: dict[Column, Numbers] = {}
        self._estimated: set[int] = set()
        self._over_ends: dict[Column, int] = {}
        self._over_borders: dict[Series, list[tuple[int, int]]] = {}
        self._inside = [each for each in series if each.overlaps(self.begin, self.end)]
        every, last = changes(series), max((each.last for each in series), default=0)
        self._changes = [
            each for each in every if each.times[0] < self.end and each.times[1] > self.begin
        ]
        self._holes = sorted(
            {each.times for each in every if each.is_gap}
            | set(_of_devices(series, every))
            | {(each.last, last) for each in series if each.waits and each.last < last}
        )
        in_row_of_all = {each.times for each in in_row(by_owner(series)) if each.is_gap}
        unknown = [
            each.times
            for each in self._changes
            if each.times in in_row_of_all or (each.reason == RESTARTED and each.is_gap)
        ]
        self._gaps = sorted({*house.gaps(self._inside, self.begin, self.end), *unknown})

    def instants(self, series: Series) -> list[int]:
        """Where the counter of a series has to be known."""
        if not series.overlaps(self.begin, self.end):
            return []
        self._over_borders[series] = self._gaps_over_borders(series)
        ends = [end for gap in self._over_borders[series] for end in gap]
        return [*within(self.borders, series.first, series.last), *ends]

    def _gaps_over_borders(self, series: Series) -> list[tuple[int, int]]:
        """The gaps of a series that reach over a border."""
        gaps = self._house.gaps([series], self.begin, self.end)
        return [
            (max(at, series.first), min(until, series.last))
            for at, until in gaps
            if at < series.last and until > series.first and self._borders_in(at, until)
        ]

    def _borders_in(self, at: int, until: int) -> range:
        """The numbers of the borders within a gap."""
        return range(bisect_right(self.borders, at), bisect_left(self.borders, until))

    def add(self, series: Series, curve: Mapping[int, int | None]) -> None:
        """Add what a series counted in each bucket."""
        if not series.overlaps(self.begin, self.end):
            return
        instants = within(self.borders, series.first, series.last)
        if instants[0] == instants[-1]:
            return
        values = [
            None if at == until or before is None or after is None else after - before
            for (at, before), (until, after) in pairwise((at, curve[at]) for at in instants)
        ]
        column = column_of(series)
        before = self._columns.get(column)
        self._columns[column] = added(before, values) if before else values
        for at, until in self._over_borders[series]:
            if used := _risen(curve[at], curve[until]):
                self._estimate(column, self._borders_in(at, until), used)

    def _estimate(self, column: Column, borders: range, used: int) -> None:
        """Note that the buckets on both sides of these borders are known by a straight line."""
        last = len(self.borders) - 1
        self._estimated.update(n for n in range(borders[0] - 1, borders[-1] + 1) if 0 <= n < last)
        if borders[0] == 0 or borders[-1] == last:
            self._over_ends[column] = self._over_ends.get(column, 0) + used

    def table(self, name: str) -> Table:
        """The columns as a table, import before export."""
        columns = {column: self._columns[column] for column in sorted(self._columns, key=_order)}
        return Table(
            name,
            self.borders,
            columns,
            {column: total(values) for column, values in columns.items()},
            self._gaps,
            self._partial(),
            self._changes,
            sorted(self._estimated),
            self._over_ends,
        )

    def known_s(self) -> list[int]:
        """For how many seconds each bucket is known: of series side by side once."""
        stretches = merged([(each.first, each.last) for each in self._inside])
        if len(stretches) == 1:
            instants = within(self.borders, *stretches[0])
            return [until - at for at, until in pairwise(instants)]
        return [
            sum(max(0, min(e, last) - max(b, first)) for first, last in stretches)
            for b, e in pairwise(self.borders)
        ]

    def _partial(self) -> list[int]:
        """The buckets of which something is known, but not all."""
        holes = {
            place
            for at, until in self._holes
            for place in range(
                max(bisect_right(self.borders, at) - 1, 0), bisect_left(self.borders, until)
            )
        }
        lengths = [until - at for at, until in pairwise(self.borders)]
        return [
            place
            for place, (known_s, length) in enumerate(zip(self.known_s(), lengths, strict=True))
            if known_s and (known_s < length or place in holes)
        ]


def _risen(old: int | None, new: int | None) -> int | None:
    return None if old is None or new is None else new - old


def _of_devices(series: Sequence[Series], every: Sequence[Change]) -> Iterator[tuple[int, int]]:
    """When one of several devices isn't known: from its last reading on while it may still report,
    else at its end, and at its begin, unless another one takes over there."""
    owners = by_owner(series)
    if not owners or not isinstance(owners[0][0].owner, Device):
        return
    first, last = min(each[0].first for each in owners), max(each.last for each in series)
    replaced = {each.old[0].owner_id for each in every if each.reason != RESTARTED}
    replacing = {each.new[0].owner_id for each in every if each.reason != RESTARTED}
    for owner in owners:
        begin, end = owner[0].first, max(each.last for each in owner)
        if end < last and owner[0].owner_id not in replaced:
            yield end, last if last - end <= SILENT_S else end + 1
        if begin > first and owner[0].owner_id not in replacing:
            yield begin - 1, begin


def merged(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of time in order, those that overlap or touch as one."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def _order(column: Column) -> tuple[bool, str]:
    return column.is_export, column.name


def _mean_w(energy_wh: int | None, seconds: int) -> int | None:
    if energy_wh is None or seconds < LEAST_S:
        return None
    return (energy_wh * 3600 * 2 + seconds) // (seconds * 2)
