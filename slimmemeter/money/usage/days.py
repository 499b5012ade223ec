"""Time as it is paid for: local days, calendar months and calendar years, exactly.

A day of 23 or 25 hours is one day, and a part of it counts by its seconds; a day is 1/28 to 1/31
of its month, and 1/365 or 1/366 of its year.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import lcm
from zoneinfo import ZoneInfo

from slimmemeter.history import periods
from slimmemeter.money.usage.curve import Curve

Passed = Callable[[int], int]  # by instant
MONTH_DAYS, YEAR_DAYS = lcm(28, 29, 30, 31), 365 * 366


@lru_cache(maxsize=8192)
def midnight(day: date, zone: ZoneInfo) -> int:
    """UTC seconds of a local day's first instant."""
    return periods.midnight(day, zone)


def local_day(at: int, zone: ZoneInfo) -> date:
    """The local day of an instant."""
    return datetime.fromtimestamp(at, zone).date()


def day_after(end: int, zone: ZoneInfo) -> date:
    """The first local day that isn't in a time that ends at an instant."""
    day = local_day(end, zone)
    return day if midnight(day, zone) == end else day + timedelta(days=1)


def days(begin: int, end: int, zone: ZoneInfo) -> Iterator[tuple[date, int, int]]:
    """Each local day that has a part in [begin, end), with its ends."""
    day = local_day(begin, zone)
    at = midnight(day, zone)
    while at < end:
        following = midnight(day + timedelta(days=1), zone)
        if following > max(at, begin):
            yield day, at, following
        day, at = day + timedelta(days=1), following


def midnights(begin: int, end: int, zone: ZoneInfo) -> list[int]:
    """The local midnights within (begin, end)."""
    return [at for _, at, _ in days(begin, end, zone) if at > begin]


def days_of_year(year: int) -> int:
    """365 or 366."""
    return 365 + isleap(year)


def in_year(month_and_day: tuple[int, int], year: int) -> date:
    """A day of a year; 28 February where there is no 29th."""
    month, day = month_and_day
    return date(year, month, min(day, monthrange(year, month)[1]))


def year_before(day: date) -> date:
    """The same day a year earlier; 28 February of the 29th."""
    return in_year((day.month, day.day), day.year - 1)


def month_after(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


class Elapsed(Sequence[int]):
    """How much time has passed at each of some instants, as integers; calculated where it is asked.

    What is unknown doesn't count.
    """

    def __init__(
        self, instants: Sequence[int], unknown: Sequence[tuple[int, int]], passed: Passed
    ) -> None:
        self._instants = instants
        self._holes = [(begin, end, passed(end) - passed(begin)) for begin, end in unknown]
        self._passed = passed
        self._known: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._instants)

    def __getitem__(self, place: int) -> int:  # type: ignore[override]
        """:param place: of an instant; no slices."""
        if place not in self._known:
            self._known[place] = self._at(self._instants[place])
        return self._known[place]

    def _at(self, instant: int) -> int:
        passed = self._passed(instant)
        for begin, end, length in self._holes:
            if begin < instant:
                passed -= length if instant >= end else self._passed(instant) - self._passed(begin)
        return passed


def elapsed(
    instants: Sequence[int], unknown: Sequence[tuple[int, int]], zone: ZoneInfo
) -> dict[str, Curve]:
    """Known time as curves of days, months and years."""
    lengths = {end - begin for _, begin, end in days(instants[0], instants[-1] + 1, zone)}
    unit = lcm(*lengths)

    def place(at: int) -> tuple[date, int]:
        """The local day of an instant, and the part of it that has passed."""
        day = local_day(at, zone)
        begin = midnight(day, zone)
        length = midnight(day + timedelta(days=1), zone) - begin
        return day, (at - begin) * unit // length

    def of_days(at: int) -> int:
        day, part = place(at)
        return day.toordinal() * unit + part

    def of_months(at: int) -> int:
        day, part = place(at)
        length = monthrange(day.year, day.month)[1]
        in_month = ((day.day - 1) * unit + part) * (MONTH_DAYS // length)
        return (day.year * 12 + day.month) * unit * MONTH_DAYS + in_month

    def of_years(at: int) -> int:
        day, part = place(at)
        in_year = ((day.timetuple().tm_yday - 1) * unit + part) * YEAR_DAYS
        return day.year * unit * YEAR_DAYS + in_year // days_of_year(day.year)

    scales = {"day": (of_days, 1), "month": (of_months, MONTH_DAYS), "year": (of_years, YEAR_DAYS)}
    return {
        name: Curve(Elapsed(instants, unknown, passed), unit * scale)
        for name, (passed, scale) in scales.items()
    }
