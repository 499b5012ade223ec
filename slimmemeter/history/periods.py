"""Days, weeks, months and years of the house's calendar, and any other stretch, as instants in UTC.

Local time lives here and in what is shown; a day has 23, 24 or 25 hours as it comes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2001, 2069  # what a telegram's stamp can say
CALENDAR = ("day", "week", "month", "year")
SECONDS = {"5min": 300, "quarter": 900, "hour": 3600}
LENGTHS_S = SECONDS | {"day": 86400, "month": 28 * 86400, "year": 365 * 86400}  # at least
ENERGY = {"day": "hour", "week": "day", "month": "day", "year": "month", "years": "year"}
POWER = {"day": "5min", "week": "quarter", "month": "quarter", "year": "day", "years": "month"}
# Of other stretches: up to how many days each bucket suits.
ENERGY_UP_TO = {"hour": 1, "day": 100, "month": 1900, "year": 99999}
POWER_UP_TO = {"5min": 5, "quarter": 15, "hour": 60, "day": 1400, "month": 99999}
MOST_DAYS, MOST_LAST_DAYS = 36525, 3660


@dataclass(frozen=True)
class Period:
    """The time from `begin_at` until `end_at` (not with it), UTC seconds; of a kind of `CALENDAR`,
    or `years`, `last` or `between`. `name` is how its address names it: `day/2026-11-23`."""

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
        """How many days it has, about."""
        return round((self.end_at - self.begin_at) / 86400)

    @property
    def bucket(self) -> str:
        """In what its energy is told."""
        return ENERGY.get(self.kind) or _suiting(self.days, ENERGY_UP_TO)

    @property
    def power_bucket(self) -> str:
        """In what its mean power is told."""
        return POWER.get(self.kind) or _suiting(self.days, POWER_UP_TO)

    def borders(self, bucket: str) -> list[int]:
        """The borders of its buckets, one more than there are buckets: those of the clock or the
        calendar between its ends."""
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
        """The time from the begin of its first day to the end of its last one."""
        last = datetime.fromtimestamp(self.end_at - 1, self.zone).date()
        begin, end = (midnight(day, self.zone) for day in (self.first, last + timedelta(days=1)))
        return replace(self, begin_at=begin, end_at=end)

    def beside(self, steps: int) -> Period | None:
        """The period of its kind that many steps (1 or -1) later; None where the calendar ends."""
        if self.kind in CALENDAR:
            end = datetime.fromtimestamp(self.end_at, self.zone).date()
            day = end if steps > 0 else self.first - timedelta(days=1)
            return _around(self.kind, day, self.zone)
        if self.kind == "years":
            return None
        length = _naive(self.end_at, self.zone) - _naive(self.begin_at, self.zone)
        return self._moved(lambda local: local + steps * length)

    def year_ago(self) -> Period | None:
        """The same a year before; None of a year itself, and where the calendar ends."""
        if self.kind in ("year", "years"):
            return None
        if self.kind not in CALENDAR:
            return self._moved(_year_before)
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return _around("week", date.fromisocalendar(year - 1, min(week, 52), 1), self.zone)
        return _around(self.kind, _year_before(datetime(*self.first.timetuple()[:3])), self.zone)

    def earlier_years(self, most: int) -> list[Period]:
        """Of a year those before it, the newest first."""
        years = range(self.first.year - 1, self.first.year - 1 - most, -1)
        around = (_around("year", date(year, 1, 1), self.zone) for year in years if year > 0)
        return [period for period in around if period is not None]

    def newest_year(self) -> Period:
        """The last year of all."""
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
        """The instant that is as far into the other period as `at` is into this one: at the same
        clock time of the same day of the month or the year, or as many days later."""
        if at >= self.end_at:
            return other.end_at
        local = _naive(at, self.zone)
        if self.kind in ("month", "year"):
            year, month = other.first.year, local.month
            month = other.first.month if self.kind == "month" else month
            first = datetime.combine(date(year, month, 1), local.time(), None)
            moved = first.replace(fold=local.fold) + timedelta(days=local.day - 1)
            if moved.month != month:  # of a day that this month doesn't have
                moved = datetime.combine(moved.date().replace(day=1), datetime.min.time())
        else:
            moved = _naive(other.begin_at, self.zone) + (local - _naive(self.begin_at, self.zone))
        moved_at = int(moved.replace(tzinfo=self.zone).timestamp())
        return min(max(moved_at, other.begin_at), other.end_at)

    def up(self) -> Period | None:
        """The next larger period that it is part of, None above a year."""
        larger = {"day": "month", "week": "month", "month": "year"}.get(self.kind)
        # Of two months a week belongs to the one that has its Thursday, as of two years (ISO 8601).
        day = self.first + timedelta(days=3 * (self.kind == "week"))
        return (larger and _around(larger, day, self.zone)) or None


def _suiting(days: int, up_to: dict[str, int]) -> str:
    return next(bucket for bucket, most in up_to.items() if days <= most)


def _naive(at: int, zone: ZoneInfo) -> datetime:
    """An instant as its clock showed it."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _year_before(local: datetime) -> datetime:
    is_leap_day = (local.month, local.day) == (2, 29)
    return local.replace(year=local.year - 1, day=28 if is_leap_day else local.day)


def local(at: int, zone: ZoneInfo) -> str:
    """An instant as an address has it: 2027-01-01T00:00, with seconds where there are any, and
    with an offset where that hour comes twice."""
    moment = datetime.fromtimestamp(at, zone)
    twice = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
    finest = "seconds" if moment.second else "minutes"
    return (moment if twice else moment.replace(tzinfo=None)).isoformat(timespec=finest)


def midnight(day: date, zone: ZoneInfo) -> int:
    """UTC seconds of a local day's first instant, which is later where a clock skips midnight."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def parse(kind: str, text: str, zone: ZoneInfo) -> Period | None:
    """The period that `2026-11-23`, `2026-W48`, `2026-11` or `2026` names, or None if there is no
    such one, or none in this zone (Samoa had no 30 December in 2011)."""
    whole = {"month": f"{text}-01", "year": f"{text}-01-01"}.get(kind, text)
    try:
        period = _around(kind, date.fromisoformat(whole), zone)
    except ValueError:
        return None
    if period is None or period.name != f"{kind}/{text}" or period.begin_at == period.end_at:
        return None
    return period


def between(begin_at: int, end_at: int, zone: ZoneInfo) -> Period | None:
    """The time from one instant to another, None if that is none or too long."""
    if not 0 < end_at - begin_at <= MOST_DAYS * 86400:
        return None
    ends = (local(at, zone).removesuffix("T00:00") for at in (begin_at, end_at))
    return Period("between", f"between/{'/'.join(ends)}", begin_at, end_at, zone)


def last(days: int, now: int, zone: ZoneInfo) -> Period:
    """That many days, of which today is the last."""
    tomorrow = today("day", now, zone).first + timedelta(days=1)
    begin, end = (midnight(day, zone) for day in (tomorrow - timedelta(days=days), tomorrow))
    return Period("last", f"last/{days}", begin, end, zone)


def moment(text: str, zone: ZoneInfo) -> int | None:
    """UTC seconds of a local `2027-01-01`, `2027-01-01T00:00` or with seconds, or with an offset;
    None for what is none. Of an hour that comes twice the first is meant, unless an offset tells.
    """
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        return None
    return int((local if local.tzinfo else local.replace(tzinfo=zone)).timestamp())


def of(kind: str, instant: int, zone: ZoneInfo) -> Period | None:
    """The period of this kind that holds an instant, or None where the calendar ends."""
    return _around(kind, datetime.fromtimestamp(instant, zone).date(), zone)


def today(kind: str, now: int, zone: ZoneInfo) -> Period:
    """The period of this kind that holds an instant, or the calendar's first one where it doesn't
    reach there."""
    day = datetime.fromtimestamp(now, zone).date()
    if not FIRST_YEAR <= day.year <= LAST_YEAR:  # of a computer that doesn't know the time
        day = date(FIRST_YEAR, 1, 1)
    found = _around(kind, day, zone)
    assert found is not None
    return found


def years(first_at: int, last_at: int, zone: ZoneInfo) -> Period:
    """The whole years from one instant's to another's."""
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
    """The first day of the period of a kind that holds a day."""
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
