"""Time as it is paid for: local days, calendar months and calendar years, exactly.

A day of 23 or 25 hours is one day, and a part of it counts by its seconds; a day is 1/28 to 1/31
of its month, and 1/365 or 1/366 of its year.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from math import lcm
from zoneinfo import ZoneInfo

from slimmemeter.history import periods
from slimmemeter.money.curve import Curve

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


class Elapsed:
    """How many days, months and years have passed at instants: integers of `unit` a day, of
    `unit` x MONTH_DAYS a month and of `unit` x YEAR_DAYS a year."""

    def __init__(self, instants: Sequence[int], zone: ZoneInfo) -> None:
        places = [self._place(at, zone) for at in instants]
        self.unit = lcm(*{length for _, _, length in places})
        self.days: list[int] = []
        self.months: list[int] = []
        self.years: list[int] = []
        for day, second, length in places:
            part = second * (self.unit // length)
            self.days.append(day.toordinal() * self.unit + part)
            in_month = (day.day - 1) * self.unit + part
            month_days = monthrange(day.year, day.month)[1]
            months = (day.year * 12 + day.month) * self.unit * MONTH_DAYS
            self.months.append(months + in_month * (MONTH_DAYS // month_days))
            in_year = (day.timetuple().tm_yday - 1) * self.unit + part
            years = day.year * self.unit * YEAR_DAYS
            self.years.append(years + in_year * (YEAR_DAYS // days_of_year(day.year)))

    @staticmethod
    def _place(at: int, zone: ZoneInfo) -> tuple[date, int, int]:
        """The local day of an instant, the seconds since its midnight, and its length."""
        day = local_day(at, zone)
        begin = midnight(day, zone)
        return day, at - begin, midnight(day + timedelta(days=1), zone) - begin

    def known(self, is_known: Sequence[bool]) -> dict[str, Curve]:
        """The time that counts, of the pieces between instants those that are known, as curves of
        days, months and years."""
        return {
            "day": _summed(self.days, is_known, self.unit),
            "month": _summed(self.months, is_known, self.unit * MONTH_DAYS),
            "year": _summed(self.years, is_known, self.unit * YEAR_DAYS),
        }


def _summed(elapsed: Sequence[int], is_known: Sequence[bool], scale: int) -> Curve:
    total = 0
    sums = [0]
    for (before, after), known in zip(pairwise(elapsed), is_known, strict=True):
        total += (after - before) * known
        sums.append(total)
    return Curve(sums, scale)
