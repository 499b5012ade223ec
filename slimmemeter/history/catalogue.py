"""The tables of a period by the names that addresses give them, each in the buckets that suit."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from slimmemeter.errors import UsageError
from slimmemeter.history import comparison, consumption, periods, statistics
from slimmemeter.history.consumption import MEDIA, Table
from slimmemeter.history.periods import Period
from slimmemeter.history.voltage import voltage
from slimmemeter.store.reader import Reader

ENERGY = ("electricity", *MEDIA)
CUMULATIVE = {
    "cumulative": "electricity",
    **{f"cumulative_{name}": name for name in MEDIA},
}
NAMES = (*ENERGY, "power", "hours", "voltage", *CUMULATIVE)
MOST_DAYS = {"hours": 370, "voltage": 62}  # of which these are told
EARLIER = 3  # years that one is held against
MOST_BUCKETS = 1500  # that an address may ask for; those that suit are theirs


def period_of(
    reader: Reader, now: int, zone: ZoneInfo, kind: str, text: str = "", end: str = ""
) -> Period | None:
    """The period that the parts of an address name: `day` and `2026-11-23`, `last` and `365`,
    `between` and two moments, `years`; None if there is no such one."""
    if kind == "years":
        return consumption.years(reader, zone)
    if kind == "last":
        days = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        return periods.last(days, now, zone) if 0 < days <= periods.MOST_LAST_DAYS else None
    if kind == "between":
        moments = [periods.moment(each, zone) for each in (text, end)]
        if moments[0] is None or moments[1] is None:
            return None
        return periods.between(moments[0], moments[1], zone)
    return periods.parse(kind, text, zone) if kind in periods.CALENDAR and not end else None


def is_told(name: str, period: Period) -> bool:
    """Whether a period has a table of that name."""
    if name in CUMULATIVE:
        return period.kind in ("year", "years")
    return name in NAMES and period.days <= MOST_DAYS.get(name, periods.MOST_DAYS)


def of_period(reader: Reader, period: Period, name: str, by: str | None = None) -> Table:
    """A period's table, in buckets that suit both or, of energy and power, in those of `by`.

    :raises KeyError: this period has no such table.
    :raises UsageError: it can't be told so, or it would be too long.
    """
    if not is_told(name, period):
        raise KeyError(name)
    if name in CUMULATIVE:
        table = comparison.cumulative(reader, CUMULATIVE[name], years(period))
    elif name == "hours":
        table = statistics.hours(reader, period.borders("hour"))
    elif name == "voltage":
        table = voltage(reader, period.borders(_of_voltage(period.days)))
    elif name == "power":
        table = consumption.power(reader, period.borders(_asked(period, by) or period.power_bucket))
    else:
        table = consumption.energy(
            reader, name, period.borders(_asked(period, by) or period.bucket)
        )
    table.name = name
    return table


def _of_voltage(days: int) -> str:
    return "5min" if days <= 1 else "hour" if days <= 3 else "day"


def _asked(period: Period, by: str | None) -> str | None:
    """The bucket that was asked for. :raises UsageError: it is none, or too fine."""
    if by is None:
        return None
    if by not in periods.LENGTHS_S:
        raise UsageError(f"by must be one of {', '.join(periods.LENGTHS_S)}")
    count = (period.end_at - period.begin_at) // periods.LENGTHS_S[by]
    if count > MOST_BUCKETS:
        raise UsageError(f"by={by} makes {count} rows of it; {MOST_BUCKETS} is the most")
    return by


def years(period: Period) -> list[Period]:
    """A year and three before it, or all years, the newest first."""
    if period.kind == "year":
        return [period, *period.earlier_years(EARLIER)]
    newest = period.newest_year()
    return [newest, *newest.earlier_years(round(period.days / 365.25) - 1)]
