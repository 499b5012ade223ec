"""Days, weeks, months and years of the house's calendar, and any other stretch of time, in UTC.

Local time exists here and in what is shown; a day has 23, 24 or 25 hours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2001, 2069  # of a telegram's timestamp
CALENDAR = ("day", "week", "month", "year")
SECONDS = {"5min": 300, "quarter": 900, "hour": 3600}
LENGTHS_S = SECONDS | {"day": 86400, "month": 28 * 86400, "year": 365 * 86400}  # at least
ENERGY = {"day": "hour", "week": "day", "month": "day", "year": "month", "years": "year"}
POWER = {"day": "5min", "week": "quarter", "month": "quarter", "year": "day", "years": "month"}
# For other stretches, the most days for which each bucket suits.
ENERGY_UP_TO = {"hour": 1, "day": 100, "month": 1900, "year": 99999}
POWER_UP_TO = {"5min": 5, "quarter": 15, "hour": 60, "day": 1400, "month": 99999}
MOST_DAYS, MOST_LAST_DAYS = 36525, 3660


@dataclass(frozen=True)
class Period:
    """The time [begin_at, end_at) in UTC seconds.

    Its kind is one of `CALENDAR`, or `years`, `last` or `between`. Its name is that of its address:
    `day/2026-11-23`.
    """

    kind: str
    name: str
    begin_at: int
    end_at: int
    zone: ZoneInfo

    @property
    def first(self) -> date:
        """Its first local day."""
        return datetime.fromtimestamp(self.begin_at, self.zone).date()

    @property
    def days(self) -> int:
        """Its length in days, rounded."""
        return round((self.end_at - self.begin_at) / 86400)

    @property
    def bucket(self) -> str:
        """The buckets of its energy."""
        return ENERGY.get(self.kind) or _suiting(self.days, ENERGY_UP_TO)

    @property
    def power_bucket(self) -> str:
        """The buckets of its mean power."""
        return POWER.get(self.kind) or _suiting(self.days, POWER_UP_TO)

    def borders(self, bucket: str) -> list[int]:
        """The borders of its buckets, one more than there are buckets: its ends, and those of the
        clock or the calendar in between."""
        marks = self._marks(bucket)
        inside = marks[bisect_right(marks, self.begin_at) : bisect_left(marks, self.end_at)]
        return list(dict.fromkeys([self.begin_at, *inside, self.end_at]))

    def _marks(self, bucket: str) -> list[int]:
        first, step_s = midnight(self.first, self.zone), SECONDS.get(bucket)
        if step_s is not None:
            return list(range(first, self.end_at, step_s))
        day, marks = _first_of(bucket, self.first), [first]
        while marks[-1] < self.end_at:
            day = _AFTER[bucket](day)
            marks.append(midnight(day, self.zone))
        return marks

    def whole_days(self) -> Period:
        """The time from the start of its first day to the end of its last one."""
        last = datetime.fromtimestamp(self.end_at - 1, self.zone).date()
        begin, end = (midnight(day, self.zone) for day in (self.first, last + timedelta(days=1)))
        return replace(self, begin_at=begin, end_at=end)

    def beside(self, steps: int) -> Period | None:
        """The next (1) or the previous (-1) period of its kind; None where the calendar ends."""
        if self.kind in CALENDAR:
            end = datetime.fromtimestamp(self.end_at, self.zone).date()
            day = end if steps > 0 else self.first - timedelta(days=1)
            return _around(self.kind, day, self.zone)
        if self.kind == "years":
            return None
        length = _naive(self.end_at, self.zone) - _naive(self.begin_at, self.zone)
        return self._moved(lambda local: local + steps * length)

    def year_ago(self) -> Period | None:
        """The same period a year earlier; None for a year itself, and where the calendar ends."""
        if self.kind in ("year", "years"):
            return None
        if self.kind not in CALENDAR:
            return self._moved(_year_before)
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return _around("week", date.fromisocalendar(year - 1, min(week, 52), 1), self.zone)
        return _around(self.kind, _year_before(datetime(*self.first.timetuple()[:3])), self.zone)

    def same_weekdays_before(self) -> Period | None:
        """The time 52 weeks earlier, which begins on the same weekday; None where the calendar
        ends."""
        return self._moved(lambda local: local - timedelta(weeks=52))

    def earlier_years(self, most: int) -> list[Period]:
        """The years before a year, the newest first."""
        years = range(self.first.year - 1, self.first.year - 1 - most, -1)
        around = (_around("year", date(year, 1, 1), self.zone) for year in years if year > 0)
        return [period for period in around if period is not None]

    def newest_year(self) -> Period:
        """The last one of all years."""
        found = of("year", self.end_at - 1, self.zone)
        assert found is not None
        return found

    def _moved(self, move: Callable[[datetime], datetime]) -> Period | None:
        ends = [move(_naive(at, self.zone)) for at in (self.begin_at, self.end_at)]
        if not all(FIRST_YEAR <= local.year <= LAST_YEAR + 1 for local in ends):
            return None
        begin, end = (int(local.replace(tzinfo=self.zone).timestamp()) for local in ends)
        return between(begin, end, self.zone)

    def same_moment(self, other: Period, at: int) -> int:
        """The instant that is as far into another period as `at` is into this one.

        That is the same clock time on the same day of the month or the year, or as many days later.
        """
        if at >= self.end_at:
            return other.end_at
        local = _naive(at, self.zone)
        if self.kind in ("month", "year"):
            year, month = other.first.year, local.month
            month = other.first.month if self.kind == "month" else month
            first = datetime.combine(date(year, month, 1), local.time(), None)
            moved = first.replace(fold=local.fold) + timedelta(days=local.day - 1)
            if moved.month != month:  # the month has no such day
                moved = datetime.combine(moved.date().replace(day=1), datetime.min.time())
        else:
            moved = _naive(other.begin_at, self.zone) + (local - _naive(self.begin_at, self.zone))
        moved_at = int(moved.replace(tzinfo=self.zone).timestamp())
        return min(max(moved_at, other.begin_at), other.end_at)

    def same_days(self, other: Period) -> list[int]:
        """The borders of a year's days in another year, in which 29 February may be missing."""
        first = self.first
        count = (date(first.year + 1, 1, 1) - first).days
        days = (first + timedelta(days=number) for number in range(count))
        return [
            *(midnight(_in_year(day, other.first.year), self.zone) for day in days),
            other.end_at,
        ]

    def up(self) -> Period | None:
        """The next larger period that contains it; None above a year."""
        larger = {"day": "month", "week": "month", "month": "year"}.get(self.kind)
        # A week in two months belongs to the one with its Thursday, as in ISO 8601 of two years.
        day = self.first + timedelta(days=3 * (self.kind == "week"))
        return (larger and _around(larger, day, self.zone)) or None


def _suiting(days: int, up_to: dict[str, int]) -> str:
    return next(bucket for bucket, most in up_to.items() if days <= most)


def _naive(at: int, zone: ZoneInfo) -> datetime:
    """An instant as the house's clock showed it."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _in_year(day: date, year: int) -> date:
    is_missing = (day.month, day.day) == (2, 29) and year % 4
    return date(year, 3, 1) if is_missing else day.replace(year=year)


def _year_before(local: datetime) -> datetime:
    is_leap_day = (local.month, local.day) == (2, 29)
    return local.replace(year=local.year - 1, day=28 if is_leap_day else local.day)


def local(at: int, zone: ZoneInfo) -> str:
    """An instant in an address: 2027-01-01T00:00, with seconds if there are any, and with the
    offset if that hour comes twice."""
    moment = datetime.fromtimestamp(at, zone)
    twice = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
    finest = "seconds" if moment.second else "minutes"
    return (moment if twice else moment.replace(tzinfo=None)).isoformat(timespec=finest)


def midnight(day: date, zone: ZoneInfo) -> int:
    """UTC seconds of a local day's first instant, which is later if the clock skips midnight."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def parse(kind: str, text: str, zone: ZoneInfo) -> Period | None:
    """The period named `2026-11-23`, `2026-W48`, `2026-11` or `2026`; None if there is none, as
    30 December 2011 in Samoa."""
    whole = {"month": f"{text}-01", "year": f"{text}-01-01"}.get(kind, text)
    try:
        period = _around(kind, date.fromisoformat(whole), zone)
    except ValueError:
        return None
    if period is None or period.name != f"{kind}/{text}" or period.begin_at == period.end_at:
        return None
    return period


def between(begin_at: int, end_at: int, zone: ZoneInfo) -> Period | None:
    """The time from one instant to another; None if it is empty or too long."""
    if not 0 < end_at - begin_at <= MOST_DAYS * 86400:
        return None
    ends = (local(at, zone).removesuffix("T00:00") for at in (begin_at, end_at))
    return Period("between", f"between/{'/'.join(ends)}", begin_at, end_at, zone)


def last(days: int, now: int, zone: ZoneInfo) -> Period:
    """That many days, the last of which is today."""
    tomorrow = today("day", now, zone).first + timedelta(days=1)
    begin, end = (midnight(day, zone) for day in (tomorrow - timedelta(days=days), tomorrow))
    return Period("last", f"last/{days}", begin, end, zone)


def moment(text: str, zone: ZoneInfo) -> int | None:
    """UTC seconds of a local `2027-01-01` or `2027-01-01T00:00`, also with seconds or offset.

    None if it is invalid. Without offset an hour that comes twice is the first one.
    """
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        return None
    return int((local if local.tzinfo else local.replace(tzinfo=zone)).timestamp())


def of(kind: str, instant: int, zone: ZoneInfo) -> Period | None:
    """The period of this kind that contains an instant; None where the calendar ends."""
    return _around(kind, datetime.fromtimestamp(instant, zone).date(), zone)


def today(kind: str, now: int, zone: ZoneInfo) -> Period:
    """The period of this kind that contains an instant, or the calendar's first one if there is
    none."""
    day = datetime.fromtimestamp(now, zone).date()
    if not FIRST_YEAR <= day.year <= LAST_YEAR:  # the computer's clock isn't set
        day = date(FIRST_YEAR, 1, 1)
    found = _around(kind, day, zone)
    assert found is not None
    return found


def years(first_at: int, last_at: int, zone: ZoneInfo) -> Period:
    """All years from one instant to another."""
    first = datetime.fromtimestamp(first_at, zone).year
    last = datetime.fromtimestamp(last_at, zone).year
    ends = midnight(date(first, 1, 1), zone), midnight(date(last + 1, 1, 1), zone)
    return Period("years", "years", *ends, zone)


_NAMES = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}


def _around(kind: str, day: date, zone: ZoneInfo) -> Period | None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    first = _first_of(kind, day)
    name = f"{kind}/{first.strftime(_NAMES[kind])}"
    ends = midnight(first, zone), midnight(_AFTER[kind](first), zone)
    return Period(kind, name, *ends, zone)


def _first_of(kind: str, day: date) -> date:
    """The first day of the period of a kind that contains a day."""
    return {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }[kind]


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


_AFTER: dict[str, Callable[[date], date]] = {
    "day": lambda day: day + timedelta(days=1),
    "week": lambda day: day + timedelta(days=7),
    "month": _month_after,
    "year": lambda day: day.replace(year=day.year + 1),
}
