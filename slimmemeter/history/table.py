"""Tables: buckets of time, and columns of numbers in them.

A page, a picture, a CSV and a JSON all show the same `Table`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from slimmemeter.history.changes import Change
from slimmemeter.p1 import obis
from slimmemeter.store import schema

Numbers = list[int | None]

# Integers that make one of a unit.
SCALES = {"W": 1, "kWh": 1000, "m3": 1000, "GJ": 1000, "V": 10, "EUR": 1_000_000}
SHOWN_UNITS = {"Wh": "kWh", "dm3": "m3", "MJ": "GJ"}  # by the unit that is stored
# What devices on the M-Bus measure, by name, and the units of their counters.
MEDIA_UNITS = {
    "gas": ("dm3",),
    "water": ("dm3",),
    "warm_water": ("dm3",),
    "heat": ("MJ", "Wh"),
    "cooling": ("MJ", "Wh"),
    "submeter": ("Wh",),
}
MEDIA = tuple(MEDIA_UNITS)
OTHER_MEDIUM = "other"


@dataclass(frozen=True)
class Column:
    """What a table's numbers are: integers of which `scale` make one of the unit."""

    quantity: str  # import, export, net, voltage, phase (its power), a medium, or what costs
    unit: str  # W, kWh, m3, GJ, V, EUR
    tariff: int | None = None
    phase: int | None = None
    extreme: str | None = None  # min or max of a bucket
    year: int | None = None

    @property
    def scale(self) -> int:
        """How many of its integers make one of its unit."""
        return SCALES[self.unit]

    @property
    def name(self) -> str:
        """Its key in CSV and JSON: import_t1_kwh, voltage_l1_min_v, gas_2026_m3."""
        parts = (
            self.quantity,
            self.tariff and f"t{self.tariff}",
            self.phase and f"l{self.phase}",
            self.extreme,
            self.year and str(self.year),
            self.unit.lower(),
        )
        return "_".join(part for part in parts if part)

    @property
    def of_all_tariffs(self) -> Column:
        """The column that this one is a part of."""
        return self if self.tariff is None else replace(self, tariff=None)

    @property
    def is_export(self) -> bool:
        """Whether it goes to the grid."""
        return self.quantity == "export"


def of_register(register: str) -> Column:
    """The column of a register of electricity."""
    about = schema.REGISTERS[register]
    return Column(about.direction, "kWh", about.tariff)


def of_device(device_type: int | None, unit: str) -> Column:
    """The column of a device's counter, of `OTHER_MEDIUM` if its medium is unknown."""
    return Column(medium_of(device_type, unit) or OTHER_MEDIUM, SHOWN_UNITS[unit])


def medium_of(device_type: int | None, unit: str) -> str | None:
    """What a device of this type measures in this unit; None if it isn't one of `MEDIA`."""
    name = obis.MBUS_TYPES.get(device_type or 0, "")
    medium = "submeter" if name == "electricity" else name
    return medium if unit in MEDIA_UNITS.get(medium, ()) else None


@dataclass
class Table:
    """Buckets between `borders` (n + 1 UTC instants), and n numbers in each column.

    None means that nothing is known of the bucket.
    """

    name: str
    borders: list[int]
    columns: dict[Column, Numbers] = field(default_factory=dict)
    totals: dict[Column, int | None] = field(default_factory=dict)
    # Times of unknown distribution; their total is exact, or unknown if a change has them too.
    gaps: list[tuple[int, int]] = field(default_factory=list)
    partial: list[int] = field(default_factory=list)  # buckets of which only a part is known
    changes: list[Change] = field(default_factory=list)
    # Buckets of which a border lies in a gap, so that their own totals are guesses; and what was
    # used in the gaps over the first and the last border.
    estimated: list[int] = field(default_factory=list)
    over_ends: dict[Column, int] = field(default_factory=dict)

    def is_exact(self, gap: tuple[int, int]) -> bool:
        """Whether the total of a gap is known, which it isn't between two series."""
        return all(gap != change.times for change in self.changes)

    def in_gaps(self, least_s: int = 1) -> list[int]:
        """The buckets into which a gap reaches, for at least so many seconds."""
        inside: set[int] = set()
        for at, until in self.gaps:
            first = max(bisect_right(self.borders, at + least_s - 1) - 1, 0)
            last = bisect_left(self.borders, until - least_s + 1)
            inside.update(range(first, min(last, len(self.borders) - 1)))
        return sorted(inside)

    def without_tariffs(self) -> Table:
        """The table with the tariffs of a direction added up."""
        groups: dict[Column, list[Column]] = {}
        for column in self.columns:
            groups.setdefault(column.of_all_tariffs, []).append(column)
        return replace(
            self,
            columns={
                whole: reduce(added, (self.columns[each] for each in parts))
                for whole, parts in groups.items()
            },
            totals={
                whole: total([self.totals[each] for each in parts])
                for whole, parts in groups.items()
            },
        )

    def net(self) -> tuple[Column, Numbers] | None:
        """What came from the grid less what went to it; None unless there is both. Unknown where
        one of them is."""
        whole = self.without_tariffs().columns
        sides = [next((c for c in whole if c.quantity == q), None) for q in ("import", "export")]
        if sides[0] is None or sides[1] is None:
            return None
        pairs = zip(whole[sides[0]], whole[sides[1]], strict=True)
        values = [None if a is None or b is None else a - b for a, b in pairs]
        return replace(sides[0], quantity="net"), values

    @property
    def is_known(self) -> bool:
        """Whether anything at all is known of its time."""
        return any(value is not None for values in self.columns.values() for value in values)


def added(these: Numbers, those: Numbers) -> Numbers:
    """The sums of two columns; where one is unknown, the other's number."""
    pairs = zip(these, those, strict=True)
    return [b if a is None else a if b is None else a + b for a, b in pairs]


def total(values: Sequence[int | None]) -> int | None:
    """The sum of the known numbers; None if none is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
