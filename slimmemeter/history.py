"""The readings of a period as tables: bucket borders and named columns.

A page, a picture, a CSV and a JSON all show the same `Table`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from slimmemeter.archive import Reader
from slimmemeter.curve import Around, differences
from slimmemeter.database import NamedRow

# By medium: EN 13757-3's types, and by the unit that is stored the column, of a thousand of it.
MEDIA = {
    "gas": ((3,), {"dm3": "gas_m3"}),
    "water": ((7,), {"dm3": "water_m3"}),
    "warm_water": ((6,), {"dm3": "warm_water_m3"}),
    "heat": ((4, 12, 13), {"MJ": "heat_gj", "Wh": "heat_kwh"}),
    "cooling": ((10, 11), {"MJ": "cooling_gj", "Wh": "cooling_kwh"}),
    "submeter": ((2,), {"Wh": "submeter_kwh"}),
}
THOUSAND, ONE = 1000, 1


@dataclass
class Column:
    """One value a bucket, in integers of which `scale` make one of the unit in its name."""

    name: str
    scale: int
    values: list[int | None]
    total: int | None


@dataclass
class Table:
    """Buckets between `borders` (n + 1 UTC instants) and columns of n values.

    None is "nothing known of this bucket". `partial` holds the buckets of which only a part is
    known, `gaps` the times in which the total is exact and its distribution unknown.
    """

    name: str
    borders: list[int]
    columns: list[Column] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    partial: list[int] = field(default_factory=list)


class _Sum:
    """Columns that add up over series or devices, and for how long each bucket is known."""

    def __init__(self, borders: list[int]) -> None:
        self.borders = borders
        self.columns: dict[str, list[int | None]] = {}
        self._lives: list[tuple[int, int]] = []
        self.gaps: list[tuple[int, int]] = []

    def add(
        self, reader: Reader, table: str, owner: NamedRow, columns: Sequence[tuple[str, str]]
    ) -> None:
        """Add what one series or device counted; `columns` are (stored, shown) names."""
        stored = [name for name, _ in columns]
        rows = reader.around(table, owner["id"], stored, self.borders)
        width = len(stored)
        arounds = [
            Around(row[0], row[1 : 1 + width], row[1 + width], row[2 + width :])
            for row in map(tuple, rows)
        ]
        counted, covered_s = differences(self.borders, arounds, owner["first"], owner["last"])
        if not any(covered_s):
            return
        for (_, shown), values in zip(columns, counted, strict=True):
            sums = self.columns.setdefault(shown, [None] * len(covered_s))
            for place, value in enumerate(values):
                if value is not None:
                    sums[place] = (sums[place] or 0) + value
        self._lives.append((owner["first"], owner["last"]))

    def covered_s(self) -> list[int]:
        """For how many seconds of each bucket something is known: of lives side by side once."""
        lives: list[tuple[int, int]] = []
        for first, last in sorted(self._lives):
            if lives and first <= lives[-1][1]:
                before = lives.pop()
                first, last = before[0], max(before[1], last)
            lives.append((first, last))
        pairs = list(zip(self.borders, self.borders[1:], strict=False))
        return [
            sum(max(0, min(e, last) - max(b, first)) for first, last in lives) for b, e in pairs
        ]

    def partial(self) -> list[int]:
        """The buckets of which something is known, but not all."""
        lengths = [end - begin for begin, end in zip(self.borders, self.borders[1:], strict=False)]
        pairs = enumerate(zip(self.covered_s(), lengths, strict=True))
        return [place for place, (covered, length) in pairs if 0 < covered < length]


def electricity(reader: Reader, borders: list[int]) -> Table:
    """What each tariff's registers counted from and to the grid, in kWh."""
    summed = _electricity(reader, borders)
    columns = [
        Column(shown, THOUSAND, summed.columns[shown], _total(summed.columns[shown]))
        for shown in sorted(summed.columns, key=_electricity_order)
    ]
    return Table("electricity", borders, columns, summed.gaps, summed.partial())


def power(reader: Reader, borders: list[int]) -> Table:
    """The mean power from and to the grid, in W: counted energy by the time it took."""
    summed = _electricity(reader, borders)
    covered_s = summed.covered_s()
    columns = []
    for direction in ("import", "export"):
        parts = [values for name, values in summed.columns.items() if name.startswith(direction)]
        if parts:
            energy = [_total(bucket) for bucket in zip(*parts, strict=True)]
            values = [
                None if wh is None else _mean_w(wh, seconds)
                for wh, seconds in zip(energy, covered_s, strict=True)
            ]
            total = _total(energy)
            mean = None if total is None else _mean_w(total, sum(covered_s))
            columns.append(Column(f"{direction}_w", ONE, values, mean))
    return Table("power", borders, columns, summed.gaps, summed.partial())


def medium(reader: Reader, name: str, borders: list[int]) -> Table:
    """What all devices of a medium counted, by their own stamps: m3, GJ or kWh."""
    types, columns_by_unit = MEDIA[name]
    summed = _Sum(borders)
    ids = set()
    for device in reader.devices():
        shown = columns_by_unit.get(device["unit"])
        if device["type"] in types and shown and device["first"] is not None:
            ids.add(device["id"])
            summed.add(reader, "mbus_readings", device, [("counter", shown)])
    summed.gaps = _gaps(reader, borders, lambda event: event["device"] in ids)
    columns = [
        Column(shown, THOUSAND, values, _total(values)) for shown, values in summed.columns.items()
    ]
    return Table(name, borders, columns, summed.gaps, summed.partial())


def table(reader: Reader, name: str, borders: list[int]) -> Table:
    """The table of that name. :raises KeyError: there is none."""
    if name in ("electricity", "power"):
        return {"electricity": electricity, "power": power}[name](reader, borders)
    return medium(reader, name, borders)


def _electricity(reader: Reader, borders: list[int]) -> _Sum:
    summed = _Sum(borders)
    for series in reader.series():
        registers = series["registers"].split()
        columns = [(name, name.removesuffix("_wh") + "_kwh") for name in _counting(registers)]
        summed.add(reader, "readings", series, columns)
    summed.gaps = _gaps(reader, borders, lambda event: event["series"] is not None)
    return summed


def _counting(registers: list[str]) -> list[str]:
    """The registers that make the total: tariffs where there are any, else the total itself."""
    tariffs = {name.partition("_t")[0] for name in registers if "_t" in name}
    return [name for name in registers if "_t" in name or name.removesuffix("_wh") not in tariffs]


def _electricity_order(name: str) -> tuple[bool, str]:
    return name.startswith("export"), name


def _gaps(
    reader: Reader, borders: list[int], ours: Callable[[NamedRow], bool]
) -> list[tuple[int, int]]:
    return [
        (event["at"], event["until"])
        for event in reader.events(borders[0], borders[-1])
        if event["kind"] == "gap" and ours(event)
    ]


def _total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mean_w(energy_wh: int, seconds: int) -> int:
    return (energy_wh * 3600 * 2 + seconds) // (seconds * 2)
