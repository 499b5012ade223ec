"""What came from the grid, went to it, or was used of a medium, in the buckets of a table."""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub

from slimmemeter.history.changes import changes, in_row
from slimmemeter.history.interpolation import differences, within
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
from slimmemeter.store.records import Device, Series
from slimmemeter.store.snapshot import Snapshot

LEAST_S = 60  # the mean power of a shorter time is the counter's rounding: 1 Wh in 3 s is 1200 W
ELECTRICITY = "electricity"


def energy(house: Snapshot, name: str, borders: list[int]) -> Table:
    """What the meters of electricity, or of a medium, counted in the buckets between borders."""
    return energy_of(house, name, [borders])[0]


def energy_of(house: Snapshot, name: str, stretches: Sequence[list[int]]) -> list[Table]:
    """`energy` for several lists of borders, by one statement of SQL for each series."""
    sums = [_Sum(house, series_of(house, name), borders) for borders in stretches]
    for series in series_of(house, name):
        _add(house, series, [each for each in sums if each.overlaps(series)])
    return [each.table(name) for each in sums]


def power(house: Snapshot, borders: list[int]) -> Table:
    """The mean power from and to the grid, in W: counted energy divided by its time.

    None also for a bucket of which less than `LEAST_S` is known.
    """
    series = series_of(house, ELECTRICITY)
    counted = _Sum(house, series, borders)
    for each in series:
        _add(house, each, [counted] if counted.overlaps(each) else [])
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
    """The series of electricity or of a medium, oldest first."""
    if name == ELECTRICITY:
        return house.meter_series
    return [series for series in house.device_series if medium(series) == name]


def medium(series: Series) -> str | None:
    """What a device's series measures; None if it isn't one of `MEDIA`."""
    assert isinstance(series.owner, Device)
    return medium_of(series.owner.type, series.owner.unit)


def media(house: Snapshot) -> list[str]:
    """The media that are metered in this house."""
    found = set(map(medium, house.device_series))
    return [name for name in MEDIA if name in found]


def columns_of(series: Series) -> list[Column]:
    """The column of each register of a series."""
    if isinstance(series.owner, Device):
        return [of_device(series.owner.type, series.owner.unit)]
    return [of_register(name) for name in series.registers]


def last_known(house: Snapshot, name: str) -> int | None:
    """The instant of the newest reading of electricity or of a medium; None without any."""
    return max((series.last for series in series_of(house, name)), default=None)


def _add(house: Snapshot, series: Series, sums: Sequence[_Sum]) -> None:
    """Add what a series counted to each of these sums."""
    instants = [within(each.borders, series.first, series.last) for each in sums]
    wanted = sorted({at for each in instants for at in each})
    if not wanted:
        return
    curve = dict(zip(wanted, house.reader.curve(series, wanted), strict=True))
    for each, moments in zip(sums, instants, strict=True):
        each.add(series, moments, [curve[at] for at in moments])


class _Sum:
    """Columns that add up over series, and for how long each bucket is known."""

    def __init__(self, house: Snapshot, series: Sequence[Series], borders: list[int]) -> None:
        self.borders = borders
        self.columns: dict[Column, Numbers] = {}
        self._stretches: list[tuple[int, int]] = []  # from the first to the last reading of series
        self._known_s = [0] * (len(borders) - 1)  # of the newest series
        begin, end = borders[0], borders[-1]
        inside = [each for each in series if each.overlaps(begin, end)]
        self.changes = [
            each for each in changes(series) if each.times[0] < end and each.times[1] > begin
        ]
        # If another device goes on beside the one that was replaced, something is known.
        unknown = [each.times for each in in_row(series) if each in self.changes and each.is_gap]
        self.gaps = sorted(house.gaps(inside, begin, end) + unknown)

    def overlaps(self, series: Series) -> bool:
        """Whether a series has a part in these buckets."""
        return series.overlaps(self.borders[0], self.borders[-1])

    def add(
        self, series: Series, instants: Sequence[int], counters: Sequence[Sequence[int]]
    ) -> None:
        """Add what the registers of a series counted between the instants."""
        counted, known_s = differences(instants, counters)
        if not any(known_s):
            return
        columns = columns_of(series)
        for column, values in zip(columns, counted, strict=True):
            if _makes_the_total(column, columns):
                before = self.columns.get(column)
                self.columns[column] = added(before, values) if before else values
        self._stretches.append((series.first, series.last))
        self._known_s = known_s

    def table(self, name: str) -> Table:
        """The columns as a table, import before export."""
        columns = {column: self.columns[column] for column in sorted(self.columns, key=_order)}
        totals = {column: total(values) for column, values in columns.items()}
        return Table(name, self.borders, columns, totals, self.gaps, self._partial(), self.changes)

    def known_s(self) -> list[int]:
        """For how many seconds each bucket is known: of series side by side once."""
        if len(self._stretches) < 2:
            return self._known_s
        stretches = merged(self._stretches)
        return [
            sum(max(0, min(e, last) - max(b, first)) for first, last in stretches)
            for b, e in zip(self.borders, self.borders[1:], strict=False)
        ]

    def _partial(self) -> list[int]:
        lengths_s = map(sub, self.borders[1:], self.borders)
        pairs = enumerate(zip(self.known_s(), lengths_s, strict=True))
        return [place for place, (known_s, length_s) in pairs if 0 < known_s < length_s]


def merged(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of time in order, those that overlap or touch as one."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def _makes_the_total(column: Column, columns: Sequence[Column]) -> bool:
    """Whether a register is added up: a tariff, or a total of a direction without tariffs."""
    has_tariffs = any(each.tariff and each.quantity == column.quantity for each in columns)
    return column.tariff is not None or not has_tariffs


def _order(column: Column) -> tuple[bool, str]:
    return column.is_export, column.name


def _mean_w(energy_wh: int | None, seconds: int) -> int | None:
    if energy_wh is None or seconds < LEAST_S:
        return None
    return (energy_wh * 3600 * 2 + seconds) // (seconds * 2)
