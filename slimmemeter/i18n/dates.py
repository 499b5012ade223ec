"""Times and periods in the language of the request."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from slimmemeter.history import periods
from slimmemeter.i18n import language
from slimmemeter.i18n.language import gettext

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slimmemeter.history.periods import Period
    from slimmemeter.history.statistics import Busiest

TITLES = {"day": "EEE d MMM yyyy", "month": "MMMM yyyy", "year": "yyyy"}
TICKS = {"EEE d": 8, "d": 32, "d MMM": 100, "MMM": 800}  # for periods of up to so many days
HOURS_APART = 3  # the marks of a day
FEW_HOURS_S = 3 * 3600  # whose minutes stand on the time axis


def clock(at: int, zone: ZoneInfo) -> str:
    """Hours and minutes: 14:05."""
    return language.moment(datetime.fromtimestamp(at, zone), "HH:mm")


def month(at: int, zone: ZoneInfo) -> str:
    """A month and its year: November 2026."""
    return language.day(datetime.fromtimestamp(at, zone), TITLES["month"])


def moment(at: int, zone: ZoneInfo) -> str:
    """A date and a time: 23 Nov 2026 14:05:03."""
    return language.moment(datetime.fromtimestamp(at, zone), "d MMM yyyy HH:mm:ss")


def day(at: int, zone: ZoneInfo) -> str:
    """A day in running text: 29 Jul 2026."""
    return language.day(datetime.fromtimestamp(at, zone), "d MMM y")


def weekday(at: int, zone: ZoneInfo) -> str:
    """A day with its weekday: Thursday 26 November."""
    return language.day(datetime.fromtimestamp(at, zone), "EEEE d MMMM")


def near(at: int, other_at: int, zone: ZoneInfo) -> str:
    """An instant beside another: 00:00:04 if both are on the same day."""
    local, other = (datetime.fromtimestamp(each, zone) for each in (at, other_at))
    return f"{local:%H:%M:%S}" if local.date() == other.date() else moment(at, zone)


def until(at: int, period: Period, now: int) -> str:
    """The end of what a period is compared with: `by now`, `until 14:05`, `through 25 Oct`."""
    local = datetime.fromtimestamp(at, period.zone)
    if period.days <= 1:
        if period.kind == "day" and period.begin_at <= now < period.end_at:
            return gettext("by now")
        return gettext("until %(at)s", at=language.moment(local, "HH:mm"))
    return gettext("through %(day)s", day=language.moment(local, "d MMM"))


def days(begin_at: int, end_at: int, zone: ZoneInfo) -> str:
    """The first and the last day of a time: 1 Dec 2025 – 30 Nov 2026."""
    ends = (datetime.fromtimestamp(at, zone) for at in (begin_at, end_at - 1))
    return " – ".join(language.day(each, "d MMM yyyy") for each in ends)


def quarter(end_at: int, zone: ZoneInfo) -> str:
    """A quarter of an hour by its end: Mon 9 Nov 2026, 18:15–18:30."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (end_at - 900, end_at))
    return f"{language.day(begin, TITLES['day'])}, {begin:%H:%M}–{end:%H:%M}"


def stretch(begin_at: int, end_at: int, zone: ZoneInfo) -> str:
    """A stretch of time to the minute: 25 Oct 2026 01:55 – 13:00."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (begin_at, end_at))
    first = language.moment(begin, "d MMM yyyy HH:mm")
    last = language.moment(end, "HH:mm" if begin.date() == end.date() else "d MMM yyyy HH:mm")
    return f"{first}{_season(begin)} – {last}{_season(end)}"


def period_title(period: Period, in_line: bool = False) -> str:
    """The name of a period: a date, a week, a month, a year, or its first and last day.

    :param in_line: within a sentence, where some languages write months with a small letter.
    """
    if period.kind == "years":
        return gettext("All years")
    if period.kind == "last":
        return gettext("Last %(days)d days", days=period.days)
    if period.kind not in (*TITLES, "week"):
        return _from_to(period.begin_at, period.end_at, period.zone)
    if period.kind == "week":
        week = period.first.isocalendar().week
        return gettext("Week %(week)d (%(days)s)", week=week, days=_days_of_week(period))
    text = language.day(period.first, TITLES[period.kind])
    return text if in_line else text[:1].upper() + text[1:]


def short_title(period: Period, beside: Period) -> str:
    """The name of a period beside another: without dates of a week or the year of a day."""
    if period.kind == "week":
        return _week(period)
    if period.kind == "day" and period.first.year == beside.first.year:
        return language.day(period.first, "EEE d MMM")
    return period_title(period)


def title_in_sentence(period: Period, beside: Period, now: int) -> str:
    """The name of a period that another one is compared with: yesterday, October, week 47."""
    is_next = period.end_at == beside.begin_at
    if beside.kind == "day" and is_next and beside.begin_at <= now < beside.end_at:
        return gettext("yesterday")
    if period.kind == "month":
        is_near = period.first.year == beside.first.year
        return language.day(period.first, "MMMM" if is_near else TITLES["month"])
    if beside.kind == "last" and is_next:
        return gettext("the %(days)d days before", days=period.days)
    if beside.kind == "last":
        return gettext("the same days a year earlier")
    title = short_title(period, beside)
    return title[:1].lower() + title[1:] if period.kind == "week" else title


def _days_of_week(period: Period) -> str:
    """15–21 June 2026, 29 Jun – 5 Jul 2026."""
    first, last = period.first, period.first + timedelta(days=6)
    if first.month == last.month:
        return f"{first.day}–{language.day(last, 'd MMMM yyyy')}"
    form = "d MMM" if first.year == last.year else "d MMM yyyy"
    return f"{language.day(first, form)} – {language.day(last, 'd MMM yyyy')}"


def _week(period: Period) -> str:
    year, week, _ = period.first.isocalendar()
    return gettext("Week %(week)d of %(year)d", week=week, year=year)


def _from_to(begin_at: int, end_at: int, zone: ZoneInfo) -> str:
    """A stretch of time; of whole days its first and its last day, as people say it."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (begin_at, end_at))
    if begin.time() != time() or end.time() != time():
        return stretch(begin_at, end_at, zone)
    days = dict.fromkeys((begin.date(), (end - timedelta(days=1)).date()))
    return " – ".join(language.day(day, "d MMM yyyy") for day in days)


def bucket_title(begin_at: int, end_at: int, bucket: str, zone: ZoneInfo) -> str:
    """The name of a row of a table: 13:00 – 14:00, Mon 23 Nov, November, 2026; of a bucket that a
    period cuts, its begin and end."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (begin_at, end_at))
    if bucket == "hour":
        is_whole = end_at - begin_at == 3600
        until = begin.replace(tzinfo=None) + timedelta(hours=1) if is_whole else end
        return f"{begin:%H:%M} – {until:%H:%M}{_season(begin)}"
    whole = periods.of(bucket, begin_at, zone) if bucket in periods.CALENDAR else None
    if whole and (whole.begin_at, whole.end_at) != (begin_at, end_at):
        return _from_to(begin_at, end_at, zone)
    forms = {"day": "EEE d MMM", "month": "MMMM yyyy", "year": "yyyy"}
    return language.moment(begin, forms.get(bucket, "HH:mm"))


def place_in(kind: str, at: int, zone: ZoneInfo) -> str:
    """What a day or a month is called in whatever week, month or year: Monday, 23, November."""
    form = {"week": "EEEE", "month": "d", "year": "MMMM"}[kind]
    return language.day(datetime.fromtimestamp(at, zone), form)


def busiest_title(busiest: Busiest, zone: ZoneInfo) -> str:
    """The time of a bucket on its own: a year, a month, a day, or a day and its hours."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (busiest.begin, busiest.end))
    days = max((end - begin).days, 0)  # by the clock, which may go back
    if days or (begin.date() != end.date() and not begin.hour):
        form = next(
            form
            for form, least in (("yyyy", 360), ("MMMM yyyy", 27), (TITLES["day"], 0))
            if days >= least
        )
        return language.moment(begin, form)
    first = language.moment(begin, f"{TITLES['day']} HH:mm")
    return f"{first} – {end:%H:%M}{_season(begin)}"


def _season(local: datetime) -> str:
    """Which one of an hour that comes twice. In summer clocks are ahead of winter's, also in
    Ireland, where the law and so the zone's data call winter time the exception."""
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first == second:
        return ""
    season = gettext("winter time") if local.fold else gettext("summer time")
    return f" ({season})"


def ticks(period: Period) -> list[tuple[float, str]]:
    """The marks of a time axis, each with its instant.

    Minutes of a few hours, the hours of up to two days, the days, months or years of more. An hour
    and a minute stand at their begin, everything else in its middle.
    """
    zone = period.zone
    if period.end_at - period.begin_at <= FEW_HOURS_S:
        marks = [at for at in period.borders("5min") if not at % 300]
        return [(at, clock(at, zone)) for at in marks or (period.begin_at, period.end_at)]
    if period.days <= 2:
        hours = [at for at in period.borders("hour") if _is_mark(at, period)]
        return [(at, _hour(at, zone, at == period.end_at)) for at in hours]
    form = next((form for form, most in TICKS.items() if period.days <= most), "yyyy")
    form = "yyyy" if period.kind == "years" else form
    marks = period.borders({"MMM": "month", "yyyy": "year"}.get(form, "day"))
    return [
        ((begin + end) / 2, language.day(datetime.fromtimestamp(begin, zone), form))
        for begin, end in zip(marks, marks[1:], strict=False)
    ]


def _is_mark(at: int, period: Period) -> bool:
    """Whether a full hour stands on the axis: every third one if it is of more than half a day."""
    local = datetime.fromtimestamp(at, period.zone)
    is_third = period.end_at - period.begin_at <= 12 * 3600 or local.hour % HOURS_APART == 0
    return not local.minute and is_third


def _hour(at: int, zone: ZoneInfo, is_end: bool) -> str:
    """`00` to `24`."""
    text = f"{datetime.fromtimestamp(at, zone):%H}"
    return "24" if is_end and text == "00" else text
