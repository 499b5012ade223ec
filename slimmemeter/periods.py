"""Days, weeks, months and years of the house's calendar as instants in UTC.

Local time lives here and in what is shown; a day has 23, 24 or 25 hours as it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2001, 2069  # what a telegram's stamp can say
SECONDS = {"5min": 300, "quarter": 900, "hour": 3600}
BUCKETS = {"day": "hour", "week": "day", "month": "day", "year": "month", "years": "year"}
POWER_BUCKETS = {
    **{"day": "5min", "week": "quarter", "month": "quarter"},
    **{"year": "day", "years": "month"},
}


@dataclass(frozen=True)
class Period:
    """The days from `first` until `end` (not with it), of a kind that `BUCKETS` names."""

    kind: str
    first: date
    end: date
    zone: ZoneInfo

    @property
    def name(self) -> str:
        """How its URL names it: `day/2026-11-23`, `years`."""
        formats = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}
        if self.kind not in formats:
            return self.kind
        return f"{self.kind}/{self.first.strftime(formats[self.kind])}"

    @property
    def begin_at(self) -> int:
        """Its first instant, UTC seconds."""
        return midnight(self.first, self.zone)

    @property
    def end_at(self) -> int:
        """The first instant after it, UTC seconds."""
        return midnight(self.end, self.zone)

    def borders(self, bucket: str) -> list[int]:
        """The borders of its buckets, one more than there are buckets."""
        if bucket in SECONDS:
            begin, end = self.begin_at, self.end_at
            return [*range(begin, end, SECONDS[bucket]), end]
        days = [self.first]
        while days[-1] < self.end:
            days.append(_AFTER[bucket](days[-1]))
        return [midnight(day, self.zone) for day in days]

    def beside(self, steps: int) -> Period | None:
        """The period of its kind that many steps later; None where the calendar ends."""
        if self.kind == "years":
            return None
        day = self.end if steps > 0 else self.first - timedelta(days=1)
        return _around(self.kind, day, self.zone)

    def up(self) -> Period | None:
        """The next larger period that it is part of, None above a year."""
        larger = {"day": "month", "week": "month", "month": "year"}.get(self.kind)
        return (larger and _around(larger, self.first, self.zone)) or None


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
    return Period("years", date(first, 1, 1), date(last + 1, 1, 1), zone)


def _around(kind: str, day: date, zone: ZoneInfo) -> Period | None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    first = {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }[kind]
    return Period(kind, first, _AFTER[kind](first), zone)


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


_AFTER: dict[str, Callable[[date], date]] = {
    "day": lambda day: day + timedelta(days=1),
    "week": lambda day: day + timedelta(days=7),
    "month": _month_after,
    "year": lambda day: day.replace(year=day.year + 1),
}
