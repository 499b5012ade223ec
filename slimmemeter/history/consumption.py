"""The readings of a period as tables: bucket borders and named columns.

A page, a picture, a CSV and a JSON all show the same `Table`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import sub
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter.history import periods
from slimmemeter.history.interpolation import differences, within
from slimmemeter.history.periods import Period
from slimmemeter.store.connection import NamedRow
from slimmemeter.store.reader import Reader
from slimmemeter.store.validation import GAP

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
Values = list[int | None]
MOST_AHEAD_S = 600  # as `clock` has it
LEAST_S = 60  # of less a mean power is the counter's rounding: 1 Wh in 3 s is 1200 W


@dataclass
class Column:
    """One value a bucket, in integers of which `scale` make one of the unit in its name."""

    name: str
    scale: int
    values: list[int | None]
    total: int | None


class Change(NamedTuple):
    """Where one life of a meter ends and another begins; what was used between isn't known."""

    old: NamedRow
    new: NamedRow
    why: str  # another meter, another device, or what `opened_by` says

    @property
    def times(self) -> tuple[int, int]:
        """The old one's last reading and the new one's first, the earlier one first."""
        last, first = self.old["last"], self.new["first"]
        return min(last, first), max(last, first)

    @property
    def is_gap(self) -> bool:
        """Whether there is a time between them of which nothing is known."""
        return bool(self.old["last"] < self.new["first"])


@dataclass
class Table:
    """Buckets between `borders` (n + 1 UTC instants) and columns of n values.

    None is "nothing known of this bucket". `partial` holds the buckets of which only a part is
    known; `gaps` the times whose distribution is unknown: the total is exact, or, where `changes`
    has them too, unknown as well.
    """

    name: str
    borders: list[int]
    columns: list[Column] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    partial: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def is_exact(self, gap: tuple[int, int]) -> bool:
        """Whether the total of a gap is known: not between two lives."""
        return all(gap != change.times for change in self.changes)

    def in_gaps(self, least_s: int = 1) -> list[int]:
        """The buckets into which a gap reaches, for at least so many seconds."""
        inside: set[int] = set()
        for at, until in self.gaps:
            first = max(bisect_right(self.borders, at + least_s - 1) - 1, 0)
            last = bisect_left(self.borders, until - least_s + 1)
            inside.update(range(first, min(last, len(self.borders) - 1)))
        return sorted(inside)

    def together(self) -> list[Column]:
        """The columns of all tariffs added up: `import_kwh`, `export_kwh`, or a medium's own."""
        groups: dict[str, list[Column]] = {}
        for column in self.columns:
            stem, _, unit = column.name.rpartition("_")
            groups.setdefault(f"{stem.partition('_t')[0]}_{unit}", []).append(column)
        return [_added(name, columns) for name, columns in groups.items()]

    def is_known(self) -> bool:
        """Whether anything at all is."""
        return any(value is not None for column in self.columns for value in column.values)


def _added(name: str, columns: Sequence[Column]) -> Column:
    values = reduce(_sums, (column.values for column in columns))
    return Column(name, columns[0].scale, values, _total([column.total for column in columns]))


def _sums(these: Values, those: Values) -> Values:
    """Two columns added up; of a bucket of which one knows nothing, what the other knows."""
    pairs = zip(these, those, strict=True)
    return [b if a is None else a if b is None else a + b for a, b in pairs]


class _Sum:
    """Columns that add up over lives, and for how long each bucket is known."""

    def __init__(
        self, reader: Reader, source: str, borders: list[int], lives: Sequence[NamedRow]
    ) -> None:
        """:param source: the table in which the readings of these lives are."""
        self._reader = reader
        self._source = source
        self.borders = borders
        self.columns: dict[str, list[int | None]] = {}
        self._lives: list[tuple[int, int]] = []
        self._covered_s = [0] * (len(borders) - 1)  # of the newest life
        inside = [life for life in lives if _overlaps(life["first"], life["last"], borders)]
        self.changes = [each for each in changes(lives) if _overlaps(*each.times, borders)]
        numbers = {life["id"] for life in inside}
        owner = "series" if source == "readings" else "device"
        told = [
            (event["at"], event["until"])
            for event in reader.events(borders[0], borders[-1])
            if event["kind"] == GAP
            and event[owner] in numbers
            and _overlaps(event["at"], event["until"], borders)
        ]
        # Where another device goes on beside the one that was replaced, something is known.
        unknown = [each.times for each in _in(lives) if each in self.changes and each.is_gap]
        self.gaps = sorted(told + unknown)

    def add(self, life: NamedRow, columns: Sequence[tuple[str, str]]) -> None:
        """Add what was counted in one life; `columns` are (stored, shown) names."""
        if not _overlaps(life["first"], life["last"], self.borders):
            return
        stored = [name for name, _ in columns]
        instants = within(self.borders, life["first"], life["last"])
        counters = self._reader.curve(self._source, life["id"], stored, instants)
        counted, covered_s = differences(instants, counters)
        if not any(covered_s):
            return
        for (_, shown), values in zip(columns, counted, strict=True):
            before = self.columns.get(shown)
            self.columns[shown] = _sums(before, values) if before else values
        self._lives.append((life["first"], life["last"]))
        self._covered_s = covered_s

    def table(self, name: str) -> Table:
        """The columns as a table, in thousands of what is stored."""
        columns = [
            Column(shown, THOUSAND, self.columns[shown], _total(self.columns[shown]))
            for shown in sorted(self.columns, key=_order)
        ]
        return Table(name, self.borders, columns, self.gaps, self.partial(), self.changes)

    def covered_s(self) -> list[int]:
        """For how many seconds of each bucket something is known: of lives side by side once."""
        if len(self._lives) < 2:
            return self._covered_s
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
        lengths_s = map(sub, self.borders[1:], self.borders)
        pairs = enumerate(zip(self.covered_s(), lengths_s, strict=True))
        return [place for place, (covered_s, length_s) in pairs if 0 < covered_s < length_s]


def energy(reader: Reader, name: str, borders: list[int]) -> Table:
    """What the meters of electricity, or of a medium, counted. :raises KeyError: no such medium."""
    if name == "electricity":
        return electricity(reader, borders)
    return medium(reader, name, borders)


def electricity(reader: Reader, borders: list[int]) -> Table:
    """What each tariff's registers counted from and to the grid, in kWh."""
    return _electricity(reader, borders).table("electricity")


def power(reader: Reader, borders: list[int]) -> Table:
    """The mean power from and to the grid, in W: counted energy by the time it took.

    None also where less than `LEAST_S` of a bucket is known.
    """
    summed = _electricity(reader, borders)
    covered_s = summed.covered_s()
    told = summed.table("power")
    told.columns = [
        Column(
            each.name.replace("_kwh", "_w"),
            ONE,
            [_mean_w(wh, known_s) for wh, known_s in zip(each.values, covered_s, strict=True)],
            _mean_w(each.total, sum(covered_s)),
        )
        for each in told.together()
    ]
    return told


def medium(reader: Reader, name: str, borders: list[int]) -> Table:
    """What all devices of a medium counted, by their own stamps: m3, GJ or kWh."""
    lives = devices_of(reader, name)
    summed = _Sum(reader, "mbus_readings", borders, lives)
    for life in lives:
        summed.add(life, [("counter", MEDIA[name][1][life["unit"]])])
    return summed.table(name)


def last_known(reader: Reader, name: str) -> int | None:
    """The instant of the newest reading of electricity, or of a medium; None without any."""
    lives = reader.series() if name == "electricity" else devices_of(reader, name)
    return max((life["last"] for life in lives), default=None)


def devices_of(reader: Reader, medium: str) -> list[NamedRow]:
    """The lives of the devices that measure a medium, oldest first."""
    types, columns_by_unit = MEDIA[medium]
    return [
        device
        for device in reader.devices()
        if device["type"] in types and device["unit"] in columns_by_unit
    ]


def column_of(device: NamedRow) -> str:
    """The name of the column of a device's counter: gas_m3."""
    units = {"dm3": "m3", "MJ": "gj", "Wh": "kwh"}
    known = [columns for types, columns in MEDIA.values() if device["type"] in types]
    return known[0][device["unit"]] if known else f"other_{units[device['unit']]}"


def changes(lives: Sequence[NamedRow]) -> list[Change]:
    """Where one life goes over into the next, of lives in order of their first readings: nothing is
    known between them, or they overlap by no more than a meter's clock may be off. Where another
    one goes on beside it, only what takes its place on its channel is told."""
    channels: dict[int, list[NamedRow]] = {}
    for life in lives:
        if "channel" in life.keys():  # noqa: SIM118 - a Row iterates over its values
            channels.setdefault(life["channel"], []).append(life)
    told = {change.new["id"]: change for row in (*channels.values(), lives) for change in _in(row)}
    return sorted(told.values(), key=lambda change: int(change.new["first"]))


def _in(lives: Sequence[NamedRow]) -> list[Change]:
    found = []
    newest: NamedRow | None = None
    for life in lives:
        if newest is not None and (life["first"] > newest["last"] or _overlap(newest, life)):
            found.append(Change(newest, life, _why(newest, life)))
        if newest is None or life["last"] > newest["last"]:
            newest = life
    return found


def _overlap(old: NamedRow, new: NamedRow) -> bool:
    """Whether a meter took over while the old one's clock was ahead."""
    is_meter = "meter" in new.keys() and old["meter"] != new["meter"]  # noqa: SIM118
    ahead_s = int(old["last"] - new["first"])
    return is_meter and ahead_s <= MOST_AHEAD_S and bool(new["last"] > old["last"])


def _why(old: NamedRow, new: NamedRow) -> str:
    owner = ("meter",) if "meter" in new.keys() else ("equipment", "channel", "type")  # noqa: SIM118
    if any(old[name] != new[name] for name in owner):
        return f"another {'meter' if owner == ('meter',) else 'device'}"
    return str(new["opened_by"])


def _overlaps(first: int, last: int, borders: list[int]) -> bool:
    return first < borders[-1] and last > borders[0]


def years(reader: Reader, zone: ZoneInfo) -> Period | None:
    """The years from the first reading of any meter to the last one; None without any."""
    lives = [*reader.series(), *reader.devices()]
    if not lives:
        return None
    return periods.years(
        min(row["first"] for row in lives), max(row["last"] for row in lives), zone
    )


def _electricity(reader: Reader, borders: list[int]) -> _Sum:
    lives = reader.series()
    summed = _Sum(reader, "readings", borders, lives)
    for life in lives:
        registers = counting(life["registers"].split())
        summed.add(life, [(name, shown(name)) for name in registers])
    return summed


def shown(register: str) -> str:
    """The name of a stored register's column: import_t1_kwh."""
    return register.removesuffix("_wh") + "_kwh"


def counting(registers: list[str]) -> list[str]:
    """The registers that make the total: tariffs where there are any, else the total itself."""
    tariffs = {name.partition("_t")[0] for name in registers if "_t" in name}
    return [name for name in registers if "_t" in name or name.removesuffix("_wh") not in tariffs]


def _order(name: str) -> tuple[bool, str]:
    return name.startswith("export"), name


def _total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mean_w(energy_wh: int | None, seconds: int) -> int | None:
    if energy_wh is None or seconds < LEAST_S:
        return None
    return (energy_wh * 3600 * 2 + seconds) // (seconds * 2)
