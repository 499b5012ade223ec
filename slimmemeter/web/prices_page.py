"""The prices of a dynamic contract: what a kWh costs in each slot of a day, beside the use."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from slimmemeter.history import consumption
from slimmemeter.history.periods import Period
from slimmemeter.history.table import Column, Numbers, Table
from slimmemeter.i18n import numbers
from slimmemeter.money.billing import bill, next_kwh
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.cost_tables import EURO
from slimmemeter.money.billing.costs import MICRO
from slimmemeter.money.billing.lines import rounded
from slimmemeter.money.billing.stretches import terms_of
from slimmemeter.money.usage.days import local_day
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web.money import Money

PRICES = "prices"
PRICE, USE = Column("price", EURO), Column("import", "kWh")


def is_dynamic(money: Money | None, at: int) -> bool:
    """Whether the contract of an instant follows the market."""
    if money is None or money.books is None:
        return False
    zone = money.books.zone
    day = local_day(at, zone)
    contract = bill.contract_of(money.contracts, day, zone)
    about = terms_of(contract, day).electricity if contract else None
    return about is not None and about.dynamic is not None


def table(house: Snapshot, books: Books, day: Period) -> Table:
    """What a kWh costs in each quarter of a day, all in (None where it isn't known), and what came
    from the grid in it, if anything is known of that."""
    borders = day.borders("quarter")
    prices: Numbers = []
    for begin in borders[:-1]:
        price = next_kwh.of(books, begin, None).price
        prices.append(None if price is None else rounded(price, MICRO))
    used = consumption.energy(house, consumption.ELECTRICITY, borders).without_tariffs()
    columns = {PRICE: prices} | {
        each: used.columns[each] for each in (USE,) if each in used.columns
    }
    return Table(PRICES, borders, columns, {each: used.totals.get(each) for each in columns})


@dataclass
class DayOfPrices:
    """A day's mean price, and the mean that was paid; empty if it isn't known."""

    day: Period
    mean: str
    paid: str
    is_known: bool


def day_of_prices(found: Table, day: Period) -> DayOfPrices:
    """What the page says of a day."""
    prices = found.columns[PRICE]
    known = [price for price in prices if price is not None]
    pairs = zip(prices, found.columns.get(USE, ()), strict=False)
    used = [(price, wh) for price, wh in pairs if price is not None and wh]
    wh_of_all = sum(wh for _, wh in used)
    mean = Fraction(sum(known), len(known)) if known else None
    paid = Fraction(sum(p * wh for p, wh in used), wh_of_all) if wh_of_all else None
    return DayOfPrices(day, _per_kwh(mean), _per_kwh(paid), bool(known))


def _per_kwh(micros: Fraction | None) -> str:
    return "" if micros is None else numbers.per_kwh(float(micros) / 10**MICRO)
