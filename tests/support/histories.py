"""Histories of a house, made up with all that happens to one: what hypothesis draws."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from slimmemeter import zones
from slimmemeter.clock import AGREEMENT_S
from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.store import stamps
from slimmemeter.store.writer import Writer
from support.telegrams import simple

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
# By how much a clock is off, both ways; also so far that what it dates lies in the future.
WRONG_BY_S = (-(10**8), -90_000, -3600, -700, 700, 3600, 90_000, 10**8, 9 * 10**8)
CODES = {"import_wh": "1.8.0", "import_t1_wh": "1.8.1", "import_t2_wh": "1.8.2",
         "export_wh": "2.8.0", "export_t1_wh": "2.8.1", "export_t2_wh": "2.8.2"}  # fmt: skip
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
class Telegram:
    """What a meter sends, and the instant of it."""

    taken_at: int
    reading: Reading


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

    def is_rising(self, telegrams: list[Telegram]) -> bool:
        """Whether all registers of these telegrams count, none of which restarts."""
        rows = [(each.taken_at, self.rows[each.taken_at]) for each in telegrams]
        return all(
            any({(at, row[name]) for at, row in rows if name in row} <= set(life.good)
                for life in self.lives if life.column == name)
            for name in {name for _, row in rows for name in row}
        )  # fmt: skip


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
            # From low to low it can't be told from low values that are wrong, either.
            chosen = [name for name in chosen if counters[name] > 10**6]
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
        at = max(owner.rows) + draw(st.sampled_from([1, 300, 90_000, -7200]))  # or they overlap
        grid.append((f"meter {number}", owner))
    devices: list[tuple[About, Counted]] = []
    for about, column, most in DEVICES:
        if draw(st.booleans()):
            rng = Random(draw(st.integers(0, 2**32)))
            start = begin - draw(st.integers(0, 5000)) + draw(st.sampled_from([0, 0, 400_000]))
            devices.append((about, live(rng, (column,), start, most)))
    outlive(grid, devices)
    return House(zone, grid, devices)


def outlive(grid: list[tuple[str, Counted]], devices: list[tuple[About, Counted]]) -> None:
    """Let a meter send another reading after all of its devices."""
    meter = max((owner for _, owner in grid), key=lambda owner: owner.last)
    at = max(owner.last for _, owner in devices) if devices else 0
    if at > max(meter.rows):
        newest = {life.column: life for life in meter.lives}
        meter.rows[at] = {name: life.good[-1][1] for name, life in newest.items()}
        for life in newest.values():
            life.good.append((at, life.good[-1][1]))


def telegrams(draw: Callable[..., Any], house: House) -> list[Telegram]:
    """All that the house's meters send, in order: each device's values in telegrams after them,
    some of them twice, some with another value of their instant, which is wrong."""
    found = [Telegram(at, reading) for at, reading in house.readings()]
    rng = Random(draw(st.integers(0, 2**32)))
    for about, owner in house.devices:
        good = {at for life in owner.lives for at, _ in life.good}
        for at, row in owner.rows.items():
            for counter in row.values():
                values = [counter] * rng.choice([1, 1, 1, 2])
                if at in good and not rng.randrange(9):
                    values.append(rng.randrange(2 * 10**8, 9 * 10**8))  # no two go on
                for value in values:
                    later = [each for each in found if each.taken_at >= at]
                    carry(rng.choice(later[:20]), about, at, value)
    return found


def carry(telegram: Telegram, about: About, at: int, counter: int) -> None:
    """Put a device's value into a telegram; now and then it is on another channel."""
    equipment, channel, kind, unit = about
    devices = telegram.reading.devices
    assert isinstance(devices, list)
    moved = channel + 4 * (telegram.taken_at % 2)
    devices.append(MbusReading(moved, kind, equipment, at, counter, unit))


def pulls(draw: Callable[..., Any], house: House) -> list[Telegram]:
    """The telegrams in the order in which they are stored. For some, the meter's clock is off, and
    its devices' stamps as well; in others a device's stamp is ahead of its telegram."""
    found = telegrams(draw, house)
    rng = Random(draw(st.integers(0, 2**32)))
    for begin in rng.sample(range(len(found)), draw(st.integers(0, 4))):
        off_s = rng.choice(WRONG_BY_S)
        for telegram in found[begin : begin + rng.choice([1, 3, 30])]:
            put_off(telegram.reading, telegram.taken_at + off_s)
    for telegram in rng.sample(found, draw(st.integers(0, 4))):
        for (equipment, channel, kind, unit), _ in house.devices:
            assert telegram.reading.timestamp is not None
            ahead = telegram.reading.timestamp + rng.choice([700, 90_000, 10**8])
            value = MbusReading(channel, kind, equipment, ahead, rng.randrange(10**8), unit)
            telegram.reading.devices = [*telegram.reading.devices, value]
    if draw(st.booleans()):
        rng.shuffle(found)
    return found


def put_off(reading: Reading, timestamp: int) -> None:
    """Set the clock of a telegram, by which its devices' stamps are."""
    assert reading.timestamp is not None
    for device in reading.devices:
        device.at += timestamp - reading.timestamp
    reading.timestamp = timestamp


def pull_all(path: Path, telegrams: list[Telegram]) -> None:
    """Store telegrams as pulls do."""
    for telegram in telegrams:
        reading = telegram.reading
        reading.devices, _ = stamps.believed(reading, telegram.taken_at)
    writer = Writer(str(path))
    writer.add_many([(each.reading, each.taken_at) for each in telegrams], None)
    writer.close()


def log_of(draw: Callable[..., Any], house: House) -> bytes:
    """A log of the telegrams, meter by meter. At some moments a meter's clock leaps, and comes
    back: further telegrams are misdated then, some of them in the future."""
    rng = Random(draw(st.integers(0, 2**32)))
    offset_s = zones.winter_offset_s(house.zone)
    found = telegrams(draw, house)
    log = []
    for meter, owner in house.grid:
        own = [each for each in found if each.reading.equipment_id == meter]
        calm = rng.randrange(4, 40)
        for number, telegram in enumerate(own):
            log += [as_text(telegram, devices, offset_s) for devices in one_each(telegram)]
            by_s = rng.choice(WRONG_BY_S)
            calm -= 1
            if calm < 0 and is_wrong_clock_clear(owner, own[number - 3 : number + 4], by_s):
                times = rng.randint(1, 50 if abs(by_s) >= 10**8 else 2)
                calm = times + rng.randrange(4, 40)
                misdated = Telegram(telegram.taken_at + by_s, telegram.reading)
                log += [as_text(misdated, [], offset_s)] * times
    return b"".join(log)


def is_wrong_clock_clear(owner: Counted, near: list[Telegram], by_s: int) -> bool:
    """Whether only a wrong clock explains a leap in their middle: all of their counters rise, no
    silence is near that is half as long as the leap, and it is too long for one of a good clock."""
    widest_s = max(b.taken_at - a.taken_at for a, b in pairwise(near))
    return len(near) == 7 and owner.is_rising(near) and 2 * widest_s + AGREEMENT_S < abs(by_s)


def one_each(telegram: Telegram) -> list[list[MbusReading]]:
    """The values of its devices, apart for telegrams that each have one of a device at most."""
    parts: list[list[MbusReading]] = [[]]
    for device in telegram.reading.devices:
        free = [part for part in parts if all(device.channel != each.channel for each in part)]
        if not free:
            parts.append([])
        (free or parts[-1:])[0].append(device)
    return parts


def as_text(telegram: Telegram, devices: list[MbusReading], offset_s: int) -> bytes:
    """A telegram as the meter sends it, by its clock."""

    def stamp(at: int) -> str:
        return f"{datetime.fromtimestamp(at + offset_s, UTC):%y%m%d%H%M%S}W"

    reading = telegram.reading
    assert reading.equipment_id is not None
    lines = [f"1-0:{CODES[name]}({wh / 1000:010.3f}*kWh)" for name, wh in reading.values.items()]
    for each in devices:
        unit = {"dm3": "m3", "MJ": "GJ"}[each.unit]
        lines += [
            f"0-{each.channel}:24.1.0({each.device_type:03})",
            f"0-{each.channel}:96.1.0({each.equipment_id.encode().hex()})",
            f"0-{each.channel}:24.2.1({stamp(each.at)})({each.counter / 1000:010.3f}*{unit})",
        ]
    meter = reading.equipment_id.encode().hex()
    return simple(*lines, meter=meter, stamp=stamp(telegram.taken_at))
