"""Histories of a house, made up with all that happens to one: what hypothesis draws."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from slimmemeter.p1.reading import MbusReading, Reading

# Each with instants shortly before its clocks change, or another day that is odd; all years ago, as
# a history may take years.
ZONES = {
    "Europe/Amsterdam": ("2022-03-26", "2022-10-29", "2019-12-31", "2020-02-28"),
    "Asia/Kolkata": ("2021-12-30",),
    "Australia/Lord_Howe": ("2022-04-02", "2022-10-01"),  # changes by half an hour
    "America/Havana": ("2022-03-12", "2022-11-05"),  # at midnight, which is skipped or comes twice
    "Pacific/Apia": ("2011-12-28",),  # where a whole day was skipped
    "UTC": ("2022-06-30",),
}
LAYOUTS = (
    ("import_kwh",),
    ("import_t1_kwh", "import_t2_kwh"),
    ("import_t1_kwh", "import_t2_kwh", "export_t1_kwh", "export_t2_kwh"),
    ("import_kwh", "export_kwh"),
)
DEVICES = (  # equipment, channel, type, unit; the column it is shown in, most that a step counts
    (("G1", 1, 3, "dm3"), "gas_m3", 5000),
    (("G2", 2, 3, "dm3"), "gas_m3", 5000),
    (("W1", 3, 7, "dm3"), "water_m3", 5000),
    (("H1", 4, 4, "MJ"), "heat_gj", 80),
)
STEPS_S = (1, 59, 60, 300, 300, 300, 300, 900, 1801, 3600, 7201, 86400)
GOOD = 10  # readings before and after what is wrong, so that it can be understood
About = tuple[str, int, int, str]
Point = tuple[int, int]


@dataclass
class Life:
    """A stretch in which one counter rises: the readings that count."""

    column: str
    good: list[Point] = field(default_factory=list)

    def counter(self, at: int) -> int:
        """The register at an instant by the straight line between two readings, rounded down."""
        times = [instant for instant, _ in self.good]
        after = min(bisect_left(times, at), len(times) - 1)
        before = max(bisect_right(times, at) - 1, 0)
        (t0, c0), (t1, c1) = self.good[before], self.good[after]
        if t0 >= t1:
            return c0 if at >= t0 else c1
        return c0 + (c1 - c0) * (at - t0) // (t1 - t0)

    @property
    def first(self) -> int:
        return self.good[0][0]

    @property
    def last(self) -> int:
        return self.good[-1][0]


@dataclass
class Counted:
    """A meter or device: its lives by register, and the rows that are stored of it."""

    lives: list[Life] = field(default_factory=list)
    rows: dict[int, dict[str, int]] = field(default_factory=dict)  # by instant, right and wrong

    @property
    def first(self) -> int:
        return min(life.first for life in self.lives)

    @property
    def last(self) -> int:
        return max(life.last for life in self.lives)


def live(rng: Random, columns: tuple[str, ...], begin: int, most: int) -> Counted:
    """A meter with all that happens to one: zeros, spikes and other wrong values of any length, in
    one register or all, registers that come, pause, go or restart."""
    owner = Counted()
    length = rng.randint(GOOD, 4 * GOOD)
    at, times = begin, []
    for _ in range(length):
        times.append(at)
        at += rng.choice(STEPS_S)
    counters = {name: rng.randrange(10**7, 10**8) for name in columns}
    lives = {name: Life(name) for name in columns}
    owner.lives = list(lives.values())
    # A restart beside low values that are wrong can't be told from a return of these.
    wrong_values = [0, 0, 3, 9 * 10**8] if rng.randrange(3) else [9 * 10**8]
    special = ["wrong", "pause", *(["restart"] if len(wrong_values) == 1 else ["wrong"])]
    place = 0
    while place < length:
        happens = rng.choice(["", "", "", "", *special])
        span = rng.choice([1, 1, 2, 3, 4, 5, 8, 20]) if happens in ("wrong", "pause") else 0
        is_room = place >= GOOD and place + span + GOOD <= length
        chosen = rng.sample(columns, rng.randint(1, len(columns))) if happens and is_room else []
        wrong = rng.choice(wrong_values)
        if happens == "restart":
            for name in chosen:
                counters[name] = rng.randrange(100)
                lives[name] = Life(name)
                owner.lives.append(lives[name])
        for number in range(place, min(place + max(span, GOOD), length)):
            row = owner.rows.setdefault(times[number], {})
            for name in columns:
                if number < place + span and name in chosen:
                    if happens == "wrong":
                        row[name] = wrong
                    continue
                counters[name] += rng.randrange(most) if number else 0
                row[name] = counters[name]
                lives[name].good.append((times[number], counters[name]))
        place += max(span, GOOD)
    owner.rows = {instant: row for instant, row in owner.rows.items() if row}
    return owner


@dataclass
class House:
    """What happened: to its meters, one after the other, and to its devices; and where it was."""

    zone: str
    grid: list[tuple[str, Counted]]  # by meter
    devices: list[tuple[About, Counted]]

    def readings(self) -> list[tuple[int, Reading]]:
        """A telegram for each reading of the meter; the devices' are put into them by `spread`."""
        return [
            (at, Reading(
                meter, at, {name.replace("_kwh", "_wh"): value for name, value in row.items()},
                header="TST5", devices=[],
            ))
            for meter, owner in self.grid
            for at, row in sorted(owner.rows.items())
        ]  # fmt: skip

    def tables(self) -> dict[str, list[Counted]]:
        """What each table is made of."""
        tables = {"electricity": [owner for _, owner in self.grid]}
        for _, owner in self.devices:
            name = owner.lives[0].column.rpartition("_")[0]
            tables.setdefault(name, []).append(owner)
        return tables


@st.composite
def houses(draw: st.DrawFn) -> House:
    """A house somewhere, with meters that are replaced, and devices beside them."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    day = date.fromisoformat(draw(st.sampled_from(ZONES[zone])))
    begin = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())
    begin += draw(st.integers(0, 3 * 86400))
    grid: list[tuple[str, Counted]] = []
    at = begin
    for number in range(draw(st.integers(1, 3))):
        rng = Random(draw(st.integers(0, 2**32)))
        owner = live(rng, draw(st.sampled_from(LAYOUTS)), at, 5000)
        at = max(owner.rows) + draw(st.sampled_from([1, 300, 90_000]))
        grid.append((f"meter {number}", owner))
    devices: list[tuple[About, Counted]] = []
    for about, column, most in DEVICES:
        if draw(st.booleans()):
            rng = Random(draw(st.integers(0, 2**32)))
            start = begin - draw(st.integers(0, 5000)) + draw(st.sampled_from([0, 0, 400_000]))
            devices.append((about, live(rng, (column,), start, most)))
    return House(zone, grid, devices)


def spread(draw: Callable[..., Any], house: House) -> list[tuple[Reading, int]]:
    """The readings in the order in which they come, with the devices' values in any of them, some
    of them twice, and some with another value of their instant, which is wrong."""
    readings = house.readings()
    rng = Random(draw(st.integers(0, 2**32)))
    for (equipment, channel, kind, unit), owner in house.devices:
        good = {at for life in owner.lives for at, _ in life.good}
        for at, row in owner.rows.items():
            for counter in row.values():
                values = [counter] * rng.choice([1, 1, 1, 2])
                if at in good and not rng.randrange(9):
                    values.append(rng.randrange(2 * 10**8, 9 * 10**8))  # no two go on
                for value in values:
                    number = rng.randrange(len(readings))
                    _, reading = readings[number]
                    moved = channel + 4 * (number % 2)  # now and then it is on another channel
                    device = MbusReading(moved, kind, equipment, at, value, unit)
                    assert isinstance(reading.devices, list)
                    reading.devices.append(device)
    if draw(st.booleans()):
        rng.shuffle(readings)
    return [(reading, at) for at, reading in readings]
