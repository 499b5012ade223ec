"""What only a year knows: how much it exported, and how high its peaks were."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.money.billing.measures import unknown_days
from slimmemeter.money.billing.stretches import Stretch, Year
from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import Home
from slimmemeter.money.remarks import N_, Remark, remark
from slimmemeter.money.usage.days import midnight, month_after
from slimmemeter.money.usage.quantities import ELECTRICITY, EXPORT, Source

FULL_YEAR, DAY_S, WATTS = 365, 86400, 1000
MONTHS = 12


class Facts:
    """Looked up once for a calculation."""

    def __init__(self, source: Source, home: Home, zone: ZoneInfo, now: int) -> None:
        self._source = source
        self._home = home
        self._zone = zone
        self._now = now
        self._exports: dict[Year, tuple[Fraction, Remark | None]] = {}
        self._peaks: dict[tuple[date, date], Fraction | None] = {}
        self.notes: list[Remark] = []

    def exported(self, year: Year) -> Fraction:
        """The kWh that a contract year exported until now."""
        return self.counted_kwh(EXPORT, year.begin, min(year.end, self._now))

    def counted_kwh(self, direction: str, begin: int, end: int) -> Fraction:
        """The kWh of all registers of a direction."""
        if end <= begin:
            return Fraction()
        counted = self._source.counted(ELECTRICITY, [begin, end])
        return Fraction(sum(counted.of(direction))) / 1000

    def export_of_year(self, year: Year) -> tuple[Fraction, Remark | None]:
        """The kWh of export by which a contract year is charged, and what was assumed: what was
        counted in less than a year counts as if it went on so."""
        if year not in self._exports:
            kwh, days = self.exported(year), self._known_days(year)
            short = 0 < days < FULL_YEAR
            message = N_("export of %(days)s days made a year's")
            assumed = remark(message, days=days) if short and kwh else None
            self._exports[year] = (kwh * FULL_YEAR / days if short else kwh), assumed
        return self._exports[year]

    def _known_days(self, year: Year) -> int:
        end = min(year.end, self._now)
        if end <= year.begin:
            return 0
        unknown = unknown_days(self._source.known(), year.begin, end, self._zone)
        unknown_s = sum(min(until, end) - at for at, until in unknown)
        return round((end - year.begin - unknown_s) / DAY_S)

    def mean_peak_kw(self, stretch: Stretch) -> Fraction | None:
        """The mean of the month peaks by which a stretch is charged, each at least the least that
        counts: of those that end in the contract year, or with monthly bills of the month of the
        stretch and the eleven before it. None if nothing is known of any."""
        if stretch.contract.bills == "month":
            last = month_after(stretch.day)
            first = last.replace(year=last.year - 1)
        else:
            first = stretch.year.first_day
            last = stretch.year.end_day
        if (first, last) not in self._peaks:
            self._peaks[first, last] = self._mean(first, last, stretch)
        return self._peaks[first, last]

    def _mean(self, first: date, last: date, stretch: Stretch) -> Fraction | None:
        least = tables.least_peak_kw(self._home, stretch.day)
        months = self._months(first, last)
        peaks = [self._source.peak_w(month, self._zone) for month in months]
        known = [max(Fraction(watts, WATTS), least) for watts in peaks if watts is not None]
        if not known:
            return None
        if len(known) < MONTHS:
            message = N_("the mean peak until %(day)s is that of %(months)s months")
            if len(known) == 1:
                message = N_("the mean peak until %(day)s is that of 1 month")
            day = last - timedelta(days=1)
            self.notes.append(remark(message, day=day, months=len(known)))
        return sum(known, Fraction()) / len(known)

    def _months(self, first: date, last: date) -> list[date]:
        """The months, by their first days, that end in (first, last], also the one that runs; the
        first one where none does."""
        found = []
        month = first.replace(day=1)
        while month < last and midnight(month, self._zone) < self._now:
            after = month_after(month)
            if after <= last:
                found.append(month)
            month = after
        return found or [first.replace(day=1)]
