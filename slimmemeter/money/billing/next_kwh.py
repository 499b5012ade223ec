"""What the next kWh costs, what one brings that is exported, and what today has cost so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from slimmemeter.money.billing import costs
from slimmemeter.money.billing.calculation import Books, Calculation
from slimmemeter.money.usage.days import local_day, midnight
from slimmemeter.money.usage.quantities import ELECTRICITY, EXPORT, IMPORT, Counted, Times

KWH = 1000  # Wh


@dataclass(frozen=True)
class NextKwh:
    """In € with VAT, tax and all that goes with a kWh; None where there is no price."""

    price: Fraction | None
    feed_in: Fraction | None


class _OneKwh:
    """A house that counts one kWh, in the second after an instant."""

    def __init__(self, at: int, direction: str, tariff: int | None) -> None:
        self._at = at
        self._register = direction, tariff

    def counted(self, energy: str, instants: Sequence[int]) -> Counted:
        """As of `Source`."""
        if energy != ELECTRICITY:
            return Counted()
        rises = [KWH * (begin <= self._at < end) for begin, end in pairwise(instants)]
        return Counted({self._register: rises})

    def gaps(self, energy: str, begin: int, end: int) -> Times:
        """As of `Source`."""
        return []

    def known(self) -> Times:
        """As of `Source`."""
        return [(self._at, self._at + 1)]

    def peak_w(self, month: date, zone: ZoneInfo) -> int | None:
        """As of `Source`."""
        return None


def of(books: Books, at: int, tariff: int | None) -> NextKwh:
    """The prices of an instant. :param tariff: of the meter then; None of a total-only meter."""
    cost = _cost(books, at, IMPORT, tariff)
    earned = _cost(books, at, EXPORT, tariff)
    return NextKwh(cost, None if earned is None else -earned)


def _cost(books: Books, at: int, direction: str, tariff: int | None) -> Fraction | None:
    """What a kWh adds to the bill; None without a contract of electricity or without a price."""
    source = _OneKwh(at, direction, tariff)
    calculation = Calculation(replace(books, source=source, now=at + 1), at, at + 1)
    charges = [each for each in calculation.charges() if each.key.unit == "kWh"]
    if not charges or any(
        curve.rise(each.begin, each.end)
        for each in charges
        for curve in (*each.unpriced, *each.guessed)
    ):
        return None
    return sum((each.excl * (1 + each.key.vat_percent / 100) for each in charges), Fraction())


def cost_of_today(books: Books) -> Fraction | None:
    """What today has cost so far; None without a contract, a reading or a price."""
    begin = midnight(local_day(books.now, books.zone), books.zone)
    return costs.of(books, [begin, books.now]).total(costs.COST) if begin < books.now else None
