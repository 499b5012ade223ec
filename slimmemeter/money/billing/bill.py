"""The bill of a period: its lines, what they come to, and what isn't settled or known yet."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.money.billing import lines, notes
from slimmemeter.money.billing.calculation import Books, Calculation
from slimmemeter.money.billing.facts import Facts, MeanPeak
from slimmemeter.money.billing.lines import Line, rounded
from slimmemeter.money.billing.stretches import Plan, Year, terms_of
from slimmemeter.money.contract.contracts import Contract, Contracts
from slimmemeter.money.remarks import Remark
from slimmemeter.money.usage.days import in_year, local_day, midnight, month_after
from slimmemeter.money.usage.quantities import EXPORT, IMPORT, House
from slimmemeter.store.snapshot import Snapshot

NETTED = ("netting", "tax_netting")  # the lines of export that is set off


@dataclass(frozen=True)
class BillYear:
    """A contract year that a period touches: on which days something of it is settled, and which
    of these belong to the period."""

    contract: str
    first_day: date
    end_day: date
    settles_on: Sequence[date]
    settled_here: Sequence[date]


@dataclass(frozen=True)
class Settlement:
    """What is settled: lines, and their exact sum with VAT; and on which day, of how much."""

    lines: Sequence[Line]
    day: date
    imported_kwh: Fraction
    exported_kwh: Fraction

    @property
    def exact(self) -> Fraction:
        """In €."""
        return sum((line.exact for line in self.lines), Fraction())


@dataclass(frozen=True)
class Advance:
    """Payments of the amount a month, in €."""

    payments: int
    paid: Fraction


@dataclass(frozen=True)
class Unpriced:
    """A quantity without a price, of supply or of what export brings."""

    energy: str
    item: str
    month: date
    quantity: Fraction
    unit: str
    is_of_market: bool  # whose prices may still come
    last_month: date | None = None  # of several


@dataclass(frozen=True)
class Bill:
    """A bill in exact amounts; `total` is None where something has no price."""

    begin: int
    end: int
    is_over: bool  # the end is past
    lines: Sequence[Line]
    partial: bool
    provisional: bool
    years: Sequence[BillYear]
    settlement_so_far: Settlement | None
    advance: Advance | None
    unpriced: Sequence[Unpriced]
    notes: Sequence[Remark] = field(default=())
    peaks: Sequence[MeanPeak] = ()  # by which a capacity tariff is charged
    currency: str = "EUR"

    @property
    def exact(self) -> Fraction | None:
        """The exact sum with VAT in €."""
        if self.unpriced:
            return None
        return sum((line.exact for line in self.lines), Fraction())

    @property
    def total_cents(self) -> int | None:
        """The sum, rounded once."""
        return None if self.exact is None else rounded(self.exact, 2)

    @property
    def rounding_cents(self) -> int | None:
        """By how much the rounded lines miss the sum."""
        if self.total_cents is None:
            return None
        return self.total_cents - sum(rounded(line.exact, 2) for line in self.lines)

    @property
    def to_pay(self) -> Fraction | None:
        """What is left to pay beside the advance payments; below zero it is paid back."""
        if self.advance is None or self.total_cents is None:
            return None
        return Fraction(self.total_cents, 100) - self.advance.paid

    def has_price(self, line: Line) -> bool:
        """Whether all of a line has one; else its amount is what goes with the market's price."""
        about = line.key.energy, line.key.item
        return about not in {(each.energy, each.item) for each in self.unpriced}

    @property
    def open_days(self) -> list[date]:
        """The days on which something of it will be settled."""
        days = {day for year in self.years for day in set(year.settles_on) - set(year.settled_here)}
        return sorted(days)

    @property
    def month_peaks(self) -> dict[date, Fraction]:
        """The peaks in kW that a capacity tariff counts, by the first day of their month."""
        return dict(sorted(each for mean in self.peaks for each in mean.months.items()))

    @property
    def netting_so_far(self) -> Settlement | None:
        """What would be settled of netting now; None where nothing is netted or has no price."""
        so_far = self.settlement_so_far
        is_netted = any(line.key.item in NETTED for line in self.lines)
        if so_far is None or so_far.day not in self.open_days or not is_netted or self.unpriced:
            return None
        return so_far

    @property
    def without_price(self) -> list[Unpriced]:
        """What has no price, of each item all months together, under the first of them."""
        found: dict[tuple[str, str], Unpriced] = {}
        for each in sorted(self.unpriced, key=lambda each: each.month):
            one = found.setdefault((each.energy, each.item), replace(each, quantity=Fraction()))
            more = one.quantity + each.quantity
            found[each.energy, each.item] = replace(one, quantity=more, last_month=each.month)
        return list(found.values())

    def exact_of(self, energy: str) -> Fraction:
        """The exact sum of the lines of electricity or gas, in €."""
        return sum((line.exact for line in self.lines if line.key.energy == energy), Fraction())

    @property
    def vat(self) -> Fraction:
        """The VAT in it, in €."""
        return sum((line.vat for line in self.lines), Fraction())


def books_of(house: Snapshot, contracts: Contracts, zone: ZoneInfo, now: int) -> Books:
    """What the calculations of a house need. A reading that is newer than the clock is right."""
    newest = house.newest
    now = max(now, newest.taken_at) if newest else now
    return Books(House(house), Plan(contracts, zone), house.reader, zone, now)


def of(
    house: Snapshot, contracts: Contracts, begin: int, end: int, zone: ZoneInfo, now: int
) -> Bill:
    """The bill of [begin, end), as far as it is past."""
    return of_books(books_of(house, contracts, zone, now), begin, end)


def of_books(books: Books, begin: int, end: int) -> Bill:
    """The same from other quantities or by another plan."""
    calculation = Calculation(books, begin, end, by_day=True)
    charges = calculation.charges()
    found = lines.of_charges(charges, calculation.measures, books.zone)
    found += [line for booked in calculation.booked() for line in booked.lines]
    years = _years(books, calculation.facts, begin, end)
    return Bill(
        begin,
        end,
        end <= books.now,
        sorted(found, key=lambda line: line.order),
        calculation.is_partial or end > books.now,
        _is_unsettled(years),
        years,
        _so_far(books, calculation.years),
        _advance(calculation.years, begin, calculation.end, books.zone),
        list(_unpriced(calculation)),
        list(notes.of(calculation)),
        calculation.facts.mean_peaks(begin, end),
    )


def is_provisional(books: Books, begin: int, end: int) -> bool:
    """Whether a contract year that has a part in [begin, end) has something to settle later."""
    facts = Facts(books.source, books.plan.home, books.zone, books.now)
    return _is_unsettled(_years(books, facts, begin, end))


def _is_unsettled(years: Sequence[BillYear]) -> bool:
    return any(set(year.settles_on) - set(year.settled_here) for year in years)


def _years(books: Books, facts: Facts, begin: int, end: int) -> list[BillYear]:
    """The contract years that [begin, end) touches."""
    home, found = books.plan.home, []
    for year in books.plan.years(begin, end) if begin < end else ():
        has_to_settle = home.is_flemish or (home.is_dutch and facts.exported(year) > 0)
        midnights = books.plan.settling(year) if has_to_settle else []
        here = [at for at in midnights if begin < at <= min(end, books.now)]
        days = [[local_day(at, books.zone) for at in each] for each in (midnights, here)]
        found.append(BillYear(year.contract.name, year.first_day, year.end_day, *days))
    return found


def _so_far(books: Books, years: Sequence[Year]) -> Settlement | None:
    """What would be settled if the contract year that runs ended now."""
    running = [year for year in years if year.begin < books.now < year.end]
    if not running:
        return None
    (year,) = running[-1:]
    calculation = Calculation(books, year.begin, year.end)
    midnights = books.plan.settling(year)
    at = next(at for at in midnights if at > books.now)
    begin = max([year.begin, *(each for each in midnights if each < at)])
    kwh = (calculation.facts.counted_kwh(each, begin, books.now) for each in (IMPORT, EXPORT))
    return Settlement(list(calculation.settled(year, at)), local_day(at, books.zone), *kwh)


def _advance(years: Sequence[Year], begin: int, end: int, zone: ZoneInfo) -> Advance | None:
    """The payments that were due; None without any advance in a contract."""
    payments = [
        (amount, midnight(day, zone))
        for year in years
        for day in _due_days(year)
        if (amount := terms_of(year.contract, day).advance) is not None
    ]
    if not any(terms.advance is not None for year in years for terms in year.contract.terms):
        return None
    paid = [Fraction(amount) for amount, at in payments if begin <= at < end]
    return Advance(len(paid), sum(paid, Fraction()))


def _due_days(year: Year) -> Iterator[date]:
    """The days of a contract year on which a payment is due: each month on the day on which the
    contract began."""
    month = year.first_day.replace(day=1)
    while month < year.end_day:
        day = in_year((month.month, year.contract.first_day.day), month.year)
        if year.first_day <= day < year.end_day:
            yield day
        month = month_after(month)


def _unpriced(calculation: Calculation) -> Iterator[Unpriced]:
    """What has no price, of each item and month."""
    found: dict[tuple[str, str, date, str, bool], Fraction] = {}
    for charge in calculation.charges():
        for curve in charge.unpriced:
            if quantity := curve.rise(charge.begin, charge.end) * abs(charge.quantity[1]):
                first = bisect_right(curve.at, curve.at[charge.begin], charge.begin) - 1
                month = local_day(calculation.measures.instants[first], calculation.zone)
                about = charge.key
                key = (
                    about.energy,
                    about.item,
                    month.replace(day=1),
                    about.unit,
                    charge.slot is not None,
                )
                found[key] = found.get(key, Fraction()) + quantity
    for (energy, item, month, unit, is_of_market), quantity in found.items():
        yield Unpriced(energy, item, month, quantity, unit, is_of_market)


def contract_year(contracts: Contracts, day: date, zone: ZoneInfo) -> Year | None:
    """The contract year that has a day; None if no contract has."""
    begin, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    years = Plan(contracts, zone).years(begin, end)
    return years[-1] if years else None


def contract_of(contracts: Contracts, day: date, zone: ZoneInfo) -> Contract | None:
    """The contract that has a day."""
    year = contract_year(contracts, day, zone)
    return None if year is None else year.contract
