"""What only a year knows: how much it exported, and how high its peaks were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.money.billing.measures import unknown_days
from slimmemeter.money.billing.stretches import Stretch, Year
from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import Home
from slimmemeter.money.remarks import N_, Remark, remark
from slimmemeter.money.usage.days import day_after, local_day, midnight, month_after
from slimmemeter.money.usage.quantities import ELECTRICITY, EXPORT, Source

FULL_YEAR, DAY_S, WATTS = 365, 86400, 1000
MONTHS = 12


@dataclass(frozen=True)
class MeanPeak:
    """The peak in kW by which a capacity tariff is charged: the mean of months' peaks, each at
    least the least one that counts."""

    first_day: date  # that is charged by it
    end_day: date  # the day after the last one
    months: Mapping[date, Fraction]

    @property
    def kw(self) -> Fraction:
        """The mean."""
        return sum(self.months.values(), Fraction()) / len(self.months)


class Facts:
    """Looked up once for a calculation."""

    def __init__(self, source: Source, home: Home, zone: ZoneInfo, now: int) -> None:
        self._source = source
        self._home = home
        self._zone = zone
        self._now = now
        self._exports: dict[Year, tuple[Fraction, Remark | None]] = {}
        self._peaks: dict[tuple[date, date], MeanPeak | None] = {}

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
        """The mean of the month peaks by which a stretch is charged: of those that end in the
        contract year, or with monthly bills of the month of the stretch and the eleven before it.
        None if nothing is known of any."""
        if stretch.contract.bills == "month":
            first_day, end_day = stretch.day.replace(day=1), month_after(stretch.day)
            since = end_day.replace(year=end_day.year - 1)
        else:
            since = first_day = stretch.year.first_day
            end_day = stretch.year.end_day
        if (first_day, end_day) not in self._peaks:
            known = self._known_peaks(since, end_day, stretch)
            self._peaks[first_day, end_day] = MeanPeak(first_day, end_day, known) if known else None
        found = self._peaks[first_day, end_day]
        return None if found is None else found.kw

    def mean_peaks(self, begin: int, end: int) -> list[MeanPeak]:
        """Those by which a day of [begin, end) was charged."""
        days = local_day(begin, self._zone), day_after(end, self._zone)
        known = (each for each in self._peaks.values() if each is not None)
        return [each for each in known if each.first_day < days[1] and each.end_day > days[0]]

    def _known_peaks(self, first: date, last: date, stretch: Stretch) -> dict[date, Fraction]:
        """Those that count of the months that end in (first, last]."""
        least = tables.least_peak_kw(self._home, stretch.day)
        peaks = {
            month: max(Fraction(watts, WATTS), least)
            for month in self._months(first, last)
            if (watts := self._source.peak_w(month, self._zone)) is not None
        }
        over = [kw for month, kw in peaks.items() if self._is_over(month)]
        # The month that runs can only rise: once it is above the mean, it is sure to raise it.
        return {
            month: kw
            for month, kw in peaks.items()
            if self._is_over(month) or kw * len(over) >= sum(over)
        }

    def _is_over(self, month: date) -> bool:
        return midnight(month_after(month), self._zone) <= self._now

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
