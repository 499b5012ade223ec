"""Bare prices: without VAT, and without energy tax."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import Amounts, Contract, Electricity, Home, Terms
from slimmemeter.money.contract.tables import vat_percent


def without_vat(amount: Decimal, has_vat: bool, home: Home, day: date) -> Fraction:
    """An amount of a contract without VAT, by the percentage of a day."""
    return Fraction(amount) / (1 + vat_percent(home, day) / 100) if has_vat else Fraction(amount)


def tax_within(home: Home, energy: str, day: date) -> Fraction | None:
    """The energy tax, without VAT, that an all-in price of that day has in it."""
    rate = tables.tax(home, energy, day)
    return None if rate is None else rate.value


def price(amount: Decimal, terms: Terms, home: Home, energy: str, price_day: date) -> Fraction:
    """The bare price of a typed one, in € per kWh or m3.

    :param price_day: the day from which the price counts; its tax and VAT are in it.
    """
    found = without_vat(amount, terms.vat, home, price_day)
    return found - (tax_within(home, energy, price_day) or 0) if terms.tax else found


def warnings(contract: Contract, home: Home) -> dict[str, str]:
    """By key what the law from 2027 says to a contract's prices for export."""
    terms = contract.terms[-1]
    about = terms.electricity
    ends = tables.netting_ends(home)
    if about is None or ends is None or not isinstance(about.feed_in, dict):
        return {}
    if contract.last_day is not None and contract.last_day < ends:
        return {}
    return _warnings(about, about.feed_in, terms, home, ends)


def _warnings(
    about: Electricity, feed_in: Amounts, terms: Terms, home: Home, ends: date
) -> dict[str, str]:
    found = {}
    least = min(feed_in.values())
    day = about.price_day or ends
    bare = [price(each, terms, home, "electricity", day) for each in about.price.values()]
    if bare and least < min(bare) * (tables.least_feed_in(home, ends) or 0):
        found["feed_in"] = f"feed_in {least} is less than half of the bare price (law from 2027)"
    cost = about.feed_in_cost
    if cost is not None and cost > max(feed_in.values()):
        most = max(feed_in.values())
        found["feed_in_cost"] = (
            f"feed_in_cost {cost} is above feed_in {most}: export costs money from 2027"
        )
    return found
