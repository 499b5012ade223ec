"""The promise: hours make the day, days the month, months the year, and all of it the meter.

Histories of a house are made up with all that happens to one, stored in whatever order, and asked
for through the pages' JSON. What it must say is reckoned here from the history alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from test_web import client_of

from slimmemeter.p1.telegram import MbusReading, Reading
from slimmemeter.store.writer import Writer

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
                made.append((at, Reading("TST5", "50", meter, at, 1, values, [], {}, 3600)))
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
                reading.mbus.append(MbusReading(channel, kind, equipment, at, counter, unit))
    if draw(st.booleans()):
        readings = draw(st.permutations(readings))
    return [(reading, at) for at, reading in readings]


def instants(told: dict[str, Any]) -> list[int]:
    """The borders of a table in UTC seconds."""
    return [int(datetime.fromisoformat(border).timestamp()) for border in told["borders"]]


def exact(value: float | None) -> int | None:
    """Thousandths as the integer that they are."""
    return None if value is None else round(value * 1000)


def check(told: dict[str, Any], lives: list[Life], zone: ZoneInfo) -> dict[str, list[int | None]]:
    """Hold a table against the history; returns its columns in integers."""
    borders = instants(told)
    begin, end = borders[0], borders[-1]
    inside = [life for life in lives if life.first < end and life.last > begin]
    pairs = list(zip(borders, borders[1:], strict=False))
    columns = {name: [exact(v) for v in values] for name, values in told["columns"].items()}
    assert set(columns) == {
        column
        for life in inside
        for column in life.columns
        if any(min(b, life.last) > max(a, life.first) for a, b in pairs)
    }
    for name, values in columns.items():
        own = [(life, life.columns.index(name)) for life in inside if name in life.columns]
        for (a, b), value in zip(pairs, values, strict=True):
            there = [(it, p) for it, p in own if min(b, it.last) > max(a, it.first)]
            counted = [
                it.counter(min(b, it.last), p) - it.counter(max(a, it.first), p) for it, p in there
            ]
            assert value == (sum(counted) if there else None), (name, a, b)
        known = [value for value in values if value is not None]
        assert exact(told["totals"][name]) == (sum(known) if known else None)
    known_s = [sum(min(b, t1) - max(a, t0) for t0, t1 in known_times(inside) if t0 < b and t1 > a)
               for a, b in pairs]  # fmt: skip
    lengths = [b - a for a, b in pairs]
    assert told["partial"] == [
        place
        for place, (s, whole) in enumerate(zip(known_s, lengths, strict=True))
        if 0 < s < whole
    ]
    gaps = [[int(datetime.fromisoformat(x).timestamp()) for x in gap] for gap in told["gaps"]]
    limit_s = 1800 if told["table"] == "electricity" else 7200
    assert gaps == sorted(
        [at, until] for at, until in unsure_times(lives, limit_s) if at < end and until > begin
    )
    return columns


def known_times(lives: list[Life]) -> list[tuple[int, int]]:
    """From when until when something is known; of lives side by side once."""
    times: list[tuple[int, int]] = []
    for first, last in sorted((life.first, life.last) for life in lives):
        if times and first <= times[-1][1]:
            first, last = times[-1][0], max(last, times.pop()[1])
        times.append((first, last))
    return times


def unsure_times(lives: list[Life], limit_s: int) -> Iterator[tuple[int, int]]:
    """Gaps: long ones, those with something set aside in them, and those between lives."""
    for life in lives:
        for (a, _), (b, _) in zip(life.good, life.good[1:], strict=False):
            if b - a > limit_s or any(a < at < b for at, _ in life.aside):
                yield a, b
    times = known_times(lives)
    for (_, last), (first, _) in zip(times, times[1:], strict=False):
        yield last, first


def check_calendar(told: dict[str, Any], zone: ZoneInfo) -> None:
    """The borders are the local calendar's: each the first instant of its day, month or year."""
    kind, _, _ = told["period"].partition("/")
    borders = [datetime.fromtimestamp(at, zone) for at in instants(told)]
    if kind == "day":
        ends = instants(told)
        assert {b - a for a, b in zip(ends, ends[1:], strict=False)} <= {3600, 1800}
        return
    digits = {"week": 10, "month": 10, "year": 7, "years": 4}[kind]
    for border in borders:
        before = datetime.fromtimestamp(border.timestamp() - 1, zone)
        assert before.isoformat()[:digits] < border.isoformat()[:digits]


def ask(client: FlaskClient, url: str) -> dict[str, Any]:
    """The JSON of an address."""
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.text)
    found: dict[str, Any] = answer.json
    return found


BELOW = {"years": ("year", 4), "year": ("month", 7), "month": ("day", 10)}


def descend(client: FlaskClient, period: str, name: str, lives: list[Life], zone: ZoneInfo) -> None:
    """Check a period's table, and that of each smaller period whose bucket tells something."""
    told = ask(client, f"/{period}/{name}.json")
    check_calendar(told, zone)
    columns = check(told, lives, zone)
    below = BELOW.get(period.partition("/")[0])
    if below is None:
        return
    kind, digits = below
    known = [
        n
        for n in range(len(told["borders"]) - 1)
        if any(c[n] is not None for c in columns.values())
    ]
    for place in known[:2] + known[2:][-2:]:
        smaller = f"{kind}/{told['borders'][place][:digits]}"
        totals = ask(client, f"/{smaller}/{name}.json")["totals"]
        assert {k: exact(v) for k, v in totals.items() if v is not None} == {
            column: values[place] for column, values in columns.items() if values[place] is not None
        }
        descend(client, smaller, name, lives, zone)
        if kind == "day":
            year, week, _ = date.fromisoformat(told["borders"][place][:10]).isocalendar()
            descend(client, f"week/{year}-W{week:02d}", name, lives, zone)


@settings(max_examples=settings.default.max_examples // 10)
@given(data=st.data(), house=houses())
def test_everything_adds_up_to_the_meter(
    data: st.DataObject, house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Years = what the registers of all lives counted; months = year; days = month; hours = day."""
    path = tmp_path_factory.mktemp("totals") / "house"
    writer = Writer(str(path))
    writer.add_many(spread(data.draw, house), None)
    writer.close()
    client = client_of(path, SLIMMEMETER_TZ=house.zone)
    for name, lives in house.tables().items():
        descend(client, "years", name, lives, ZoneInfo(house.zone))
        totals = ask(client, f"/years/{name}.json")["totals"]
        counted: dict[str, int] = {}
        for life in lives:
            for place, column in enumerate(life.columns):
                used = life.good[-1][1][place] - life.good[0][1][place]
                counted[column] = counted.get(column, 0) + used
        assert {column: exact(value) for column, value in totals.items()} == counted
