"""The tables of a period by the names in addresses, each in the buckets that suit it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from slimmemeter.errors import UsageError
from slimmemeter.history import comparison, consumption, periods, phases, presence, statistics
from slimmemeter.history.consumption import ELECTRICITY
from slimmemeter.history.periods import Period
from slimmemeter.history.table import MEDIA, Table
from slimmemeter.store.snapshot import Snapshot

ENERGY = (ELECTRICITY, *MEDIA)
CUMULATIVE = {
    "cumulative": ELECTRICITY,
    **{f"cumulative_{name}": name for name in MEDIA},
}
NAMES = (*ENERGY, "power", "hours", "voltage", "phases", *CUMULATIVE)
MOST_DAYS = {"hours": 370, "voltage": 62, "phases": 2}
EARLIER = 3  # years beside a year
MOST_BUCKETS = 1500  # of a table that an address names


def find_period(
    house: Snapshot, now: int, zone: ZoneInfo, kind: str, text: str = "", end: str = ""
) -> Period | None:
    """The period of an address: `day` and `2026-11-23`, `last` and `365`, `between` and two
    moments, `years`; None if there is none."""
    if kind == "years":
        return all_years(house, now, zone)
    if kind == "last":
        days = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        return periods.last(days, now, zone) if 0 < days <= periods.MOST_LAST_DAYS else None
    if kind == "between":
        moments = [periods.moment(each, zone) for each in (text, end)]
        if moments[0] is None or moments[1] is None:
            return None
        return periods.between(moments[0], moments[1], zone)
    return periods.parse(kind, text, zone) if kind in periods.CALENDAR and not end else None


def all_years(house: Snapshot, now: int, zone: ZoneInfo) -> Period | None:
    """The years from the first reading of any meter or device to the last; None without any.

    A device whose stamps are of the future adds no year.
    """
    if house.first_at is None or house.last_at is None:
        return None
    newest = max(now, house.newest.taken_at) if house.newest else now
    return periods.years(house.first_at, min(house.last_at, newest), zone)


def has_table(name: str, period: Period) -> bool:
    """Whether a period has a table of that name."""
    if name in CUMULATIVE:
        return period.kind in ("year", "years")
    return name in NAMES and period.days <= MOST_DAYS.get(name, periods.MOST_DAYS)


class Catalogue:
    """The tables of a period, each made once."""

    def __init__(self, house: Snapshot, period: Period) -> None:
        self.house = house
        self.period = period
        self._tables: dict[tuple[str, str | None], Table] = {}

    def table(self, name: str, by: str | None = None) -> Table:
        """The table of that name, in buckets that suit it or, for energy and power, in those of
        `by`.

        :raises KeyError: the period has no such table.
        :raises UsageError: there are no such buckets, or too many.
        """
        if name in ENERGY and by == self.period.bucket:
            by = None
        if (name, by) not in self._tables:
            self._tables[name, by] = self._made(name, by)
        return self._tables[name, by]

    def shown(self, name: str, by: str | None = None) -> Table:
        """The same without what the house doesn't have, for people."""
        return presence.shown(self.house, self.table(name, by))

    def total(self, name: str) -> Table:
        """The table of energy of that name in one bucket, as it is shown."""
        borders = [self.period.begin_at, self.period.end_at]
        return presence.shown(self.house, consumption.energy(self.house, name, borders))

    def _made(self, name: str, by: str | None) -> Table:
        house, period = self.house, self.period
        if not has_table(name, period):
            raise KeyError(name)
        if name in CUMULATIVE:
            table = comparison.cumulative(house, CUMULATIVE[name], compared_years(period))
        elif name == "hours":
            table = statistics.hours(house, period.borders("hour"))
        elif name == "voltage":
            table = phases.voltage(house, period.borders(_voltage_bucket(period.days)))
        elif name == "phases":
            table = phases.power(house, period.borders("5min"))
        elif name == "power":
            borders = period.borders(_requested(period, by) or period.power_bucket)
            table = consumption.power(house, borders)
        else:
            borders = period.borders(_requested(period, by) or period.bucket)
            table = consumption.energy(house, name, borders)
        table.name = name
        return table


def _voltage_bucket(days: int) -> str:
    return "5min" if days <= 1 else "hour" if days <= 3 else "day"


def _requested(period: Period, by: str | None) -> str | None:
    """The requested bucket. :raises UsageError: there is none, or it is too fine."""
    if by is None:
        return None
    if by not in periods.LENGTHS_S:
        raise UsageError(f"by must be one of {', '.join(periods.LENGTHS_S)}")
    count = (period.end_at - period.begin_at) // periods.LENGTHS_S[by]
    if count > MOST_BUCKETS:
        raise UsageError(f"by={by} makes {count} rows of it; {MOST_BUCKETS} is the most")
    return by


def compared_years(period: Period) -> list[Period]:
    """A year and three before it, or all years, the newest first."""
    if period.kind == "year":
        return [period, *period.earlier_years(EARLIER)]
    newest = period.newest_year()
    return [newest, *newest.earlier_years(round(period.days / 365.25) - 1)]
