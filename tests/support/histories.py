"""Histories of a house, made up with all that happens to one: what hypothesis draws."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from slimmemeter.p1.reading import MbusReading, Reading

# Each with instants shortly before its clocks change, or another day that is odd.
ZONES = {
    "Europe/Amsterdam": ("2026-03-28", "2026-10-24", "2023-12-31", "2024-02-28"),
    "Asia/Kolkata": ("2025-12-30",),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),  # changes by half an hour
    "America/Havana": ("2026-03-07", "2026-10-31"),  # at midnight, which is skipped or comes twice
    "Pacific/Apia": ("2011-12-28",),  # where a whole day was skipped
    "UTC": ("2026-06-30",),
}
LAYOUTS = (
    ("import_kwh",),
    ("import_t1_kwh", "import_t2_kwh"),
    ("import_t1_kwh", "import_t2_kwh", "export_t1_kwh", "export_t2_kwh"),
    ("import_kwh", "export_kwh"),
)
DEVICES = (  # equipment, channel, type, unit; the column it is shown in
    (("G1", 1, 3, "dm3"), "gas_m3"),
    (("G2", 2, 3, "dm3"), "gas_m3"),
    (("W1", 3, 7, "dm3"), "water_m3"),
    (("H1", 4, 4, "MJ"), "heat_gj"),
)
Owner = tuple[str, int, int, str]
Points = list[tuple[int, tuple[int, ...]]]


@dataclass
class Life:
    """A stretch in which counters rise: its columns, its readings, and those that don't fit."""

    columns: tuple[str, ...]
    good: Points = field(default_factory=list)
    aside: Points = field(default_factory=list)

    def counter(self, at: int, place: int) -> int:
        """The register at an instant by the straight line between two readings, rounded down."""
        times = [instant for instant, _ in self.good]
        after = min(bisect_left(times, at), len(times) - 1)
        before = max(bisect_right(times, at) - 1, 0)
        (t0, c0), (t1, c1) = self.good[before], self.good[after]
        if t0 >= t1:
            return c0[place] if at >= t0 else c1[place]
        return c0[place] + (c1[place] - c0[place]) * (at - t0) // (t1 - t0)

    @property
    def first(self) -> int:
        return self.good[0][0]

    @property
    def last(self) -> int:
        return self.good[-1][0]


STEP = st.tuples(
    st.sampled_from([1, 59, 60, 300, 300, 300, 300, 900, 1801, 3600, 7201, 86400, 4_000_000]),
    st.lists(st.integers(0, 5000), min_size=4, max_size=4),  # what each register counts meanwhile
    st.sampled_from(["", "", "", "", "low", "high"]),  # a reading before it that doesn't fit
)
CHAPTER = st.tuples(
    st.sampled_from(["meter", "meter", "restart", "registers"]),
    st.integers(0, len(LAYOUTS) - 1),
    st.lists(STEP, min_size=3, max_size=8),
)


def live(chapter: tuple[Any, ...], life: Life, at: int, base: int, restarts: bool) -> int:
    """Fill a life with the readings of a chapter, from its base up; returns when it ends.

    A wild one needs one before it and two after it that tell; the first two after a restart tell
    that it was one.
    """
    counters = [base + 11 * place for place in range(len(life.columns))]
    steps = chapter[2]
    for number, (seconds, counts, odd) in enumerate(steps):
        if number:
            at += seconds
            counters = [now + more for now, more in zip(counters, counts, strict=False)]
        if odd and seconds > 1 and restarts < number < len(steps) - 1:
            _, before = life.good[-1]
            if odd == "low":
                life.aside.append((at - 1, (before[0] - 7, *before[1:])))
            elif not steps[number + 1][2]:
                life.aside.append((at - 1, (before[0] + 10**9, *before[1:])))
        life.good.append((at, tuple(counters)))
    return at


@dataclass
class House:
    """What happened: the lives of its meters and of its devices, and where that was."""

    zone: str
    grid: list[tuple[str, Life]]  # by meter
    devices: list[tuple[Owner, Life]]

    def readings(self) -> list[tuple[int, Reading]]:
        """A telegram for each reading of the meter; the devices' are put into them by `spread`."""
        made = []
        for meter, life in self.grid:
            for at, counters in sorted(life.good + life.aside):
                values = {
                    column.replace("_kwh", "_wh"): counter
                    for column, counter in zip(life.columns, counters, strict=True)
                }
                made.append((at, Reading(meter, at, values, header="TST5", devices=[])))
        return made

    def tables(self) -> dict[str, list[Life]]:
        """The lives of each table that has any."""
        tables = {"electricity": [life for _, life in self.grid]}
        for _, life in self.devices:
            tables.setdefault(life.columns[0].rpartition("_")[0], []).append(life)
        return tables


@st.composite
def houses(draw: st.DrawFn) -> House:
    """A house somewhere, with meters that are replaced or restart, and devices beside them."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    day = date.fromisoformat(draw(st.sampled_from(ZONES[zone])))
    begin = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())
    begin += draw(st.integers(0, 3 * 86400))
    grid: list[tuple[str, Life]] = []
    at = begin
    chapters = draw(st.lists(CHAPTER, min_size=1, max_size=4))
    for number, chapter in enumerate(chapters):
        how, layout, _ = chapter
        before = grid[-1] if grid else ("", Life(()))
        if how == "registers" and LAYOUTS[layout] == before[1].columns:
            how = "meter"
        columns = before[1].columns if grid and how == "restart" else LAYOUTS[layout]
        life = Life(columns)
        base = 10**7 * (9 - number)  # each lower than all before
        at = live(chapter, life, at, base, how == "restart")
        at += draw(st.sampled_from([1, 300, 90_000]))
        grid.append((before[0] if grid and how != "meter" else f"meter {number}", life))
    devices: list[tuple[Owner, Life]] = []
    for owner, column in DEVICES:
        at = begin - draw(st.integers(0, 5000))
        for number in range(draw(st.integers(0, 2))):  # the second after a restart
            life = Life((column,))
            at = live(draw(CHAPTER), life, at, 10**7 * (9 - number), number > 0) + 60
            devices.append((owner, life))
    return House(zone, grid, devices)


def spread(draw: Callable[..., Any], house: House) -> list[tuple[Reading, int]]:
    """The readings in the order in which they come, with the devices' values in any of them, some
    of them twice."""
    readings = house.readings()
    for owner, life in house.devices:
        equipment, channel, kind, unit = owner
        for at, (counter,) in life.good + life.aside:
            for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
                _, reading = readings[draw(st.integers(0, len(readings) - 1))]
                reading.devices.append(MbusReading(channel, kind, equipment, at, counter, unit))
    if draw(st.booleans()):
        readings = draw(st.permutations(readings))
    return [(reading, at) for at, reading in readings]
