"""Counters by a closed rule: the `curve.json` of a case becomes readings.

Its parts count since its begin, each floored once: `line` (straight between points), `spikes` (more
within quarter-hours), `daily` (more in spans of the local clock) and `house` (a household with
panels, by quarter-hours).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.store.writer import Writer

REGISTERS = ("import_t1", "import_t2", "export_t1", "export_t2", "gas")
QUARTER_S = 900
# A household, in Wh a quarter-hour: its use by local hour, lights by month; the sun by month and by
# UTC hour, and clouds by day.
USE = (30, 27, 27, 27, 27, 30, 45, 75, 66, 54, 51, 54,
       60, 54, 51, 54, 66, 99, 120, 114, 102, 90, 66, 42)  # fmt: skip
LIGHTS = (24, 21, 15, 9, 3, 0, 0, 3, 9, 15, 21, 24)
SUN = (18, 36, 66, 96, 117, 126, 120, 105, 78, 48, 24, 15)
SHINES = (*(0,) * 4, 1, 2, 4, 6, 8, 9, 10, 10, 10, 9, 8, 6, 4, 2, 1, *(0,) * 5)
CLOUDS = (10, 4, 8, 2, 9, 6, 10)
# A market's prices in €/MWh by local hour, and how much less the sun of a month makes them.
MARKET = (78, 72, 68, 66, 67, 74, 92, 110, 104, 82, 58, 40,
          26, 20, 24, 42, 74, 112, 138, 142, 128, 108, 96, 86)  # fmt: skip
SUNNY = (0, 6, 18, 30, 42, 48, 46, 40, 26, 12, 2, 0)
Counted = Callable[[int], int]  # by instant, since the begin


def at(text: str) -> int:
    """UTC seconds of an instant with an offset."""
    return int(datetime.fromisoformat(text).timestamp())


def _line(points: list[tuple[int, int]]) -> Counted:
    times = [instant for instant, _ in points]

    def counted(instant: int) -> int:
        place = bisect_right(times, instant)
        if place in (0, len(points)):
            return points[min(place, len(points) - 1)][1]
        (begin, old), (end, new) = points[place - 1 : place + 1]
        return old + (new - old) * (instant - begin) // (end - begin)

    return counted


def _spans(spans: list[tuple[int, int, int]]) -> Counted:
    """Wh that are counted evenly from one instant to another; the spans don't overlap."""
    begins = [begin for begin, _, _ in spans]
    sums = list(accumulate((wh for _, _, wh in spans), initial=0))

    def counted(instant: int) -> int:
        place = bisect_right(begins, instant)
        if not place:
            return 0
        begin, end, wh = spans[place - 1]
        return sums[place - 1] + wh * min(instant - begin, end - begin) // (end - begin)

    return counted


def _daily(part: dict[str, Any], zone: ZoneInfo) -> Counted:
    def clock(day: date, text: str) -> int:
        hour, minute = map(int, text.split(":"))
        day += timedelta(days=hour // 24)
        return int(
            datetime(day.year, day.month, day.day, hour % 24, minute, tzinfo=zone).timestamp()
        )

    first, end = (date.fromisoformat(part[key]) for key in ("from", "to"))
    days = (first + timedelta(days=number) for number in range((end - first).days))
    spans = [(clock(day, a), clock(day, b), wh) for day in days for a, b, wh in part["spans"]]
    return _spans(sorted(spans))


def _house(part: dict[str, Any], zone: ZoneInfo, begin: int, end: int) -> dict[str, Counted]:
    """Each register of a household."""
    counted: dict[str, list[tuple[int, int, int]]] = {name: [] for name in REGISTERS[:4]}
    for quarter in range(begin // QUARTER_S, -(-end // QUARTER_S)):
        start = quarter * QUARTER_S
        local = datetime.fromtimestamp(start, zone)
        net = _net(part, quarter, local)
        direction = "import" if net > 0 else "export"
        name = f"{direction}_t{_tariff(part.get('tariffs', 'NL'), local)}"
        counted[name].append((start, start + QUARTER_S, abs(net)))
    return {name: _spans(spans) for name, spans in counted.items()}


def _net(part: dict[str, Any], quarter: int, local: datetime) -> int:
    is_dark = 6 <= local.hour < 8 or 16 <= local.hour < 23
    use = USE[local.hour] + 3 * (7 * quarter % 11) + LIGHTS[local.month - 1] * is_dark
    sun = SUN[local.month - 1] * SHINES[quarter // 4 % 24] * CLOUDS[(quarter // 96) ** 2 % 7]
    scaled = use * part.get("scale", 100) // 100 // 3 * 3
    return int(scaled - sun * part.get("solar", 100) // 100 // 100 * 3)


def _tariff(country: str, local: datetime) -> int:
    is_day = local.weekday() < 5 and 7 <= local.hour < (23 if country == "NL" else 22)
    return 2 - is_day if country == "BE" else 1 + is_day


@cache
def market_price(quarter: int) -> int:
    """A made-up price of the market for a quarter-hour (UTC seconds / 900), in c€/MWh."""
    local = datetime.fromtimestamp(quarter * QUARTER_S, ZoneInfo("Europe/Amsterdam"))
    sun = SUNNY[local.month - 1] * (10 <= local.hour < 16)
    jitter = (quarter * 37 % 101 - 50) * 13 + (quarter // 96 * 53 % 31 - 15) * 60
    return 100 * (MARKET[local.hour] - sun) + jitter + (quarter % 4 * 2 - 3) * 900


class CounterCurve:
    """The registers of a case."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.zone = ZoneInfo(spec["zone"])
        self.begin, self.end = at(spec["begin"]), at(spec["end"])
        self.silent = [(at(a), at(b)) for a, b in spec.get("silent", [])]
        self._start = spec.get("start", {})
        self._parts: dict[str, list[Counted]] = {name: [] for name in REGISTERS}
        for part in spec["parts"]:
            self._add(part)

    def _add(self, part: dict[str, Any]) -> None:
        if part["kind"] == "line":
            for name in REGISTERS:
                points = [(at(text), totals.get(name, 0)) for text, totals in part["points"]]
                self._parts[name].append(_line(points))
        elif part["kind"] == "spikes":
            spans = [(at(text), at(text) + QUARTER_S, wh) for text, wh in part["quarters"]]
            self._parts[part["register"]].append(_spans(sorted(spans)))
        elif part["kind"] == "daily":
            self._parts[part["register"]].append(_daily(part, self.zone))
        else:
            for name, counted in _house(part, self.zone, self.begin, self.end).items():
                self._parts[name].append(counted)

    def counter(self, register: str, instant: int) -> int:
        """What a register shows."""
        parts = self._parts[register]
        return int(self._start.get(register, 0)) + sum(counted(instant) for counted in parts)

    def readings(self, every_s: int) -> Iterator[tuple[Reading, int]]:
        """A reading every so many seconds, but for the silences."""
        for instant in range(self.begin, self.end + 1, every_s):
            if any(begin < instant < end for begin, end in self.silent):
                continue
            values = {f"{name}_wh": self.counter(name, instant) for name in REGISTERS[:4]}
            gas = MbusReading(1, 3, "gas", instant, self.counter("gas", instant), "dm3")
            about = {"header": "TST5", "version": "50", "tariff": 1}
            yield Reading("one", instant, values, devices=[gas], **about), instant


def fill(database: Path, spec: dict[str, Any], every_s: int) -> None:
    """Store the readings of a curve."""
    with Writer(str(database)) as writer:
        writer.add_many(CounterCurve(spec).readings(every_s), None)


def lately(days: int) -> dict[str, Any]:
    """The curve of a household for so many days up to the last midnight."""
    zone = ZoneInfo("Europe/Amsterdam")
    today = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "zone": "Europe/Amsterdam",
        "begin": (today - timedelta(days=days)).isoformat(),
        "end": today.isoformat(),
        "parts": [{"kind": "house", "solar": 300, "scale": 140}],
    }
