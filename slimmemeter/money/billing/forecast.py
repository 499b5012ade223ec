"""What a contract year will come to: the rest of it as last year's same days, scaled by how this
year's use compares with last year's so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from slimmemeter.money.billing import bill
from slimmemeter.money.billing.bill import Bill
from slimmemeter.money.billing.calculation import Books, PriceSource
from slimmemeter.money.billing.stretches import Year
from slimmemeter.money.remarks import N_, Remark, remark
from slimmemeter.money.usage.curve import Number
from slimmemeter.money.usage.days import in_year, local_day, midnight, year_before
from slimmemeter.money.usage.quantities import (
    ELECTRICITY,
    EXPORT,
    GAS,
    IMPORT,
    Counted,
    Register,
    Source,
    Times,
)

FEWEST_DAYS = 28
LEAST_SHARE = Fraction(15, 100)  # of last year's whole, of the same stretch
BOUNDS = Fraction(1, 2), Fraction(2)
TOO_SHORT = N_("fewer than %(days)s days so far")
TOO_LITTLE = N_("too little of the year's so far (under %(percent)s %% of last year's)")
CHANGED = N_("the house has changed: %(kept)s times last year's is taken for %(found)s")
DAY_S = 86400
QUANTITIES = {IMPORT: ELECTRICITY, EXPORT: ELECTRICITY, GAS: GAS}


@dataclass(frozen=True)
class Factor:
    """How many times last year's use is expected, and why it isn't what was counted so far."""

    value: Fraction
    why: Remark | None = None


@dataclass(frozen=True)
class Forecast:
    """The bill of a contract year as it will most likely be, and what it assumes."""

    bill: Bill
    factors: Mapping[str, Factor]  # by import, export and gas, as far as there is any

    @property
    def to_pay(self) -> Fraction | None:
        """What will be left to pay; below zero it will be paid back."""
        return self.bill.to_pay


def sentence(found: Forecast) -> str:
    """What it assumes, in words."""
    factors = (
        f"{name} × {float(each.value):.2f}{f' ({each.why})' if each.why else ''}"
        for name, each in found.factors.items()
    )
    return f"rest of the year as last year's same days: {', '.join(factors)}"


def of_running(books: Books, begin: int, end: int) -> Forecast | Remark | None:
    """The forecast of the contract year that runs, or why there is none; None if [begin, end) is
    another time."""
    for year in books.plan.years(begin, end):
        if (year.begin, year.end) == (begin, end) and begin < books.now < end:
            return of(books, year)
    return None


def of(books: Books, year: Year) -> Forecast | Remark:
    """The forecast of a contract year that runs, or a sentence why there is none."""
    if not year.begin < books.now < year.end:
        return remark(N_("there is no forecast of a contract year that doesn't run"))
    known = books.source.known()
    first = _year_before(year.begin, books.zone)
    if not known or known[0][0] > first:
        return _not_yet(year, known, books.zone)
    factors = dict(_factors(books, year, first))
    source = _Expected(books.source, factors, books.zone, books.now, year.end)
    prices = _ExpectedPrices(books.reader, books.zone, books.now)
    whole = replace(books, source=source, reader=prices, now=year.end)
    return Forecast(bill.of_books(whole, year.begin, year.end), factors)


def _not_yet(year: Year, known: Times, zone: ZoneInfo) -> Remark:
    if not known:
        return remark(N_("there is no forecast without readings"))
    day = local_day(known[0][0], zone)
    begins = year.end_day
    while year_before(begins) < day or midnight(year_before(begins), zone) < known[0][0]:
        begins = in_year((begins.month, begins.day), begins.year + 1)
    message = N_(
        "there is a forecast from %(day)s on, when a year before the contract year is known"
    )
    return remark(message, day=begins)


def _factors(books: Books, year: Year, first: int) -> Iterator[tuple[str, Factor]]:
    until = _year_before(books.now, books.zone)
    for name, energy in QUANTITIES.items():
        now = _counted(books.source, energy, name, year.begin, books.now)
        before = _counted(books.source, energy, name, first, until)
        whole = _counted(books.source, energy, name, first, year.begin)
        if now or whole:
            yield name, _factor(now, before, whole, (books.now - year.begin) // DAY_S)


def _counted(source: Source, energy: str, name: str, begin: int, end: int) -> Fraction:
    return Fraction(sum(source.counted(energy, [begin, end]).of(name)))


def _factor(now: Fraction, before: Fraction, whole: Fraction, days: int) -> Factor:
    if days < FEWEST_DAYS:
        return Factor(Fraction(1), remark(TOO_SHORT, days=FEWEST_DAYS))
    if not before or before < LEAST_SHARE * whole:
        return Factor(Fraction(1), remark(TOO_LITTLE, percent=int(100 * LEAST_SHARE)))
    found = now / before
    least, most = BOUNDS
    if least <= found <= most:
        return Factor(found)
    kept = min(max(found, least), most)
    return Factor(kept, remark(CHANGED, kept=f"{float(kept):g}", found=f"{float(found):.2f}"))


def _year_before(at: int, zone: ZoneInfo) -> int:
    """The same local date and clock a year earlier; 28 February of the 29th."""
    local = datetime.fromtimestamp(at, zone)
    day = year_before(local.date())
    return int(local.replace(year=day.year, month=day.month, day=day.day).timestamp())


def _year_after(at: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(at, zone)
    day = in_year((local.month, local.day), local.year + 1)
    return int(local.replace(year=day.year, month=day.month, day=day.day).timestamp())


class _Expected:
    """Counters that go on as last year's, times a factor."""

    def __init__(
        self, source: Source, factors: Mapping[str, Factor], zone: ZoneInfo, now: int, end: int
    ) -> None:
        self._source = source
        self._factors = factors
        self._zone = zone
        self._now = now
        self._end = end

    def counted(self, energy: str, instants: Sequence[int]) -> Counted:
        """As of `Source`."""
        past = [min(at, self._now) for at in instants]
        real = self._sums(energy, past)
        before = self._sums(energy, self._last_year(instants))
        rises: dict[Register, list[Number]] = {}
        for register in {**real, **before}:
            factor = self._factors.get(register[0], Factor(Fraction(1))).value
            curve = [
                one + factor * other
                for one, other in zip(
                    real.get(register, [0] * len(instants)),
                    before.get(register, [0] * len(instants)),
                    strict=True,
                )
            ]
            rises[register] = [new - old for old, new in pairwise(curve)]
        return Counted(rises)

    def _last_year(self, instants: Sequence[int]) -> list[int]:
        """A year before each instant that is to come; it never goes back."""
        years = (_year_before(max(at, self._now), self._zone) for at in instants)
        return list(accumulate(years, max))

    def _sums(self, energy: str, instants: Sequence[int]) -> dict[Register, list[Number]]:
        """What each register counted since the first of these instants, which may repeat."""
        places = {at: place for place, at in enumerate(sorted({*instants}))}
        if len(places) < 2:
            return {}
        counted = self._source.counted(energy, list(places))
        sums = {
            register: list(accumulate(rises, initial=0))
            for register, rises in counted.rises.items()
        }
        return {
            register: [curve[places[at]] for at in instants] for register, curve in sums.items()
        }

    def gaps(self, energy: str, begin: int, end: int) -> Times:
        """As of `Source`."""
        return self._source.gaps(energy, begin, min(end, self._now))

    def known(self) -> Times:
        """As of `Source`."""
        return [*self._source.known(), (self._now, self._end)]

    def peak_w(self, month: date, zone: ZoneInfo) -> int | None:
        """A month's own peak, last year's, or of the month that runs the higher one."""
        own = self._source.peak_w(month, zone)
        following = month + timedelta(days=32)
        if midnight(following.replace(day=1), zone) <= self._now:
            return own
        before = self._source.peak_w(year_before(month), zone)
        return max((each for each in (own, before) if each is not None), default=None)


class _ExpectedPrices:
    """Prices that go on as last year's."""

    def __init__(self, prices: PriceSource, zone: ZoneInfo, now: int) -> None:
        self._prices = prices
        self._zone = zone
        self._now = now

    def prices(self, energy: str, begin: int, end: int) -> list[tuple[int, int, int]]:
        """As of `PriceSource`."""
        found = {
            row[0]: row for row in self._prices.prices(energy, begin, end) if row[0] < self._now
        }
        last_year = (_year_before(at, self._zone) for at in (max(begin, self._now), end))
        for start, length_s, micros in self._prices.prices(energy, *last_year):
            at = _year_after(start, self._zone)
            if self._now <= at < end and at not in found:
                found[at] = at, length_s, micros
        return sorted(found.values())
