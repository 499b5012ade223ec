"""What the peaks of Flanders cost: the mean one by which the house is charged, and a higher one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from slimmemeter.money.billing.belgium import flemish_grid
from slimmemeter.money.billing.calculation import Books, Calculation
from slimmemeter.money.billing.facts import MONTHS, WATTS
from slimmemeter.money.usage.days import local_day, midnight

STEP_KW = Fraction(1, 10)


@dataclass(frozen=True)
class PeakCost:
    """A month's peak, and what peaks cost in € a year with VAT."""

    month_kw: Fraction | None  # None if nothing is known of the month
    mean_kw: Fraction
    kw_year: Fraction  # of each kW of the mean

    @property
    def year(self) -> Fraction:
        """What the mean peak costs in a year."""
        return self.mean_kw * self.kw_year

    @property
    def month(self) -> Fraction | None:
        """The part of it that this month's peak makes, as one of twelve."""
        return None if self.month_kw is None else self.month_kw * self.kw_year / MONTHS

    @property
    def next_step(self) -> Fraction:
        """What another 0.1 kW of this month's peak would add in a year."""
        return STEP_KW * self.kw_year / MONTHS


def of(books: Books) -> PeakCost | None:
    """Of the month of now; None outside of Flanders, or without a contract or grid costs."""
    if not books.plan.home.is_flemish:
        return None
    day = local_day(books.now, books.zone)
    begin = midnight(day.replace(day=1), books.zone)
    calculation = Calculation(books, min(begin, books.now - 1), books.now)
    if not calculation.scenes:
        return None
    scene = calculation.scenes[-1]
    about = scene.stretch.terms.electricity
    grid = None if about is None else flemish_grid(scene, about)
    mean = calculation.facts.mean_peak_kw(scene.stretch)
    if grid is None or mean is None:
        return None
    watts = books.source.peak_w(day.replace(day=1), books.zone)
    kw_year = grid[1].kw_year.value * (1 + scene.vat / 100)
    return PeakCost(None if watts is None else Fraction(watts, WATTS), mean, kw_year)
