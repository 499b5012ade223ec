"""Questions that the house's own last year answers: the end of netting, offers, a battery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from flask import abort

from slimmemeter.i18n import dates, language, numbers
from slimmemeter.i18n.language import gettext
from slimmemeter.money.billing import bill
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.lines import rounded
from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import Contract, Contracts
from slimmemeter.money.usage.days import local_day, midnight
from slimmemeter.money.what_if import as_if, kept
from slimmemeter.money.what_if.as_if import Compared, EndOfNetting
from slimmemeter.money.what_if.battery import BY_PRICE, GREEDY
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web.bill_page import assumed
from slimmemeter.web.money import needed
from slimmemeter.web.state import site

LEAST_KNOWN = Fraction(95, 100)  # of the time, for which an offer's prices must be known
BUCKETS = ("hour", "day", "month")


@dataclass
class Question:
    """The contract that there is, and the last 365 days."""

    contracts: Contracts
    books: Books
    contract: Contract
    begin: int
    end: int

    @property
    def ends_netting(self) -> date | None:
        """The day from which on nothing is netted; None in a country without netting."""
        return tables.netting_ends(self.books.plan.home)

    @property
    def rules(self) -> date:
        """The day by whose rules and rates offers are compared."""
        today = local_day(self.books.now, self.books.zone)
        return max(today, self.ends_netting or today)


def question(house: Snapshot) -> Question:
    """What the questions are about; 404 without a contract of electricity."""
    contracts, books = needed(house)
    day = local_day(books.now, books.zone)
    contract = bill.contract_of(contracts, day, books.zone)
    if contract is None or contract.terms[-1].electricity is None:
        abort(404, gettext("No contract has the day %(day)s.", day=day))
    begin, end = as_if.last_year(books.now, books)
    return Question(contracts, books, contract, begin, end)


def end_of_netting(asked: Question) -> EndOfNetting:
    """The last year with netting and without; 404 in a country without netting."""
    if asked.ends_netting is None:
        abort(404, gettext("Nothing is netted in this country."))
    return as_if.end_of_netting(asked.books, asked.contract, asked.begin, asked.end)


def registers_wh(house: Snapshot, asked: Question) -> dict[str, int]:
    """The registers when netting ends; empty before."""
    assert asked.ends_netting is not None
    return as_if.registers_at(house, midnight(asked.ends_netting, asked.books.zone))


def offers(asked: Question) -> list[Compared]:
    """The offers and the contract that there is, by the rules of the day that counts."""
    return as_if.compare(
        asked.books, asked.contracts, asked.contract, asked.rules, asked.begin, asked.end
    )


def stored_battery() -> dict[str, Any] | None:
    """What `slimmemeter battery` found last."""
    return kept.stored(site().database)


@dataclass
class Beside:
    """Export with import in the same bucket, and what using it there could win."""

    name: str
    kwh: str
    could_win: str


@dataclass
class NettingPage:
    """What the page of 2027 shows."""

    with_netting: str
    without: str
    difference: str
    of_gas: str  # how much of it is the tax on gas; empty if none
    imported: str
    exported: str
    beside: list[Beside]
    saves: str  # empty without import or export
    brings: str
    wins: str
    assumed: list[str]


def netting_page(found: EndOfNetting) -> NettingPage:
    """The end of netting in words and numbers of the language."""
    names = {
        "hour": gettext("within the same hour"),
        "day": gettext("within the same day"),
        "month": gettext("within the same month"),
    }
    one = found.one_kwh
    worth = (one.own_use_saves, one.export_brings, one.shifting_wins) if one else ()
    saves, brings, wins = map(_rate, worth) if worth else ("", "", "")
    return NettingPage(
        numbers.euros(found.with_netting.total_cents),
        numbers.euros(found.without.total_cents),
        euros(found.difference),
        euros(found.difference_of_gas) if found.difference_of_gas else "",
        _kwh(found.imported_kwh),
        _kwh(found.exported_kwh),
        [
            Beside(names[each], _kwh(found.beside_kwh[each]), euros(found.could_win(each)))
            for each in BUCKETS
        ],
        saves,
        brings,
        wins,
        assumed(found.without),
    )


@dataclass
class OfferRow:
    """An offer beside the contract that there is."""

    name: str
    is_own: bool
    total: str
    difference: str
    parts: list[str]  # fixed, energy, feed-in, feed-in cost
    pays_off_from: str
    is_uncertain: bool  # too few prices are known
    estimated: str


def offer_rows(compared: list[Compared]) -> list[OfferRow]:
    """The offers from the cheapest to the dearest."""
    return [_offer_row(each) for each in compared]


def _offer_row(found: Compared) -> OfferRow:
    is_own = found.is_own
    pays_off_from = None if is_own else found.pays_off_from
    return OfferRow(
        found.name,
        is_own,
        euros(found.exact),
        "" if is_own else euros(found.difference, signed=True),
        [euros(amount) for amount in found.amounts.values()],
        "" if pays_off_from is None else _rate(pays_off_from),
        found.known < LEAST_KNOWN,
        _kwh(found.estimated_kwh) if found.estimated_kwh else "",
    )


@dataclass
class BatteryRow:
    """A battery of a size."""

    size: str
    policy: str
    imported: str
    exported: str
    saves_now: str
    saves_2027: str


def battery_rows(stored: dict[str, Any]) -> list[BatteryRow]:
    """What batteries would have done, as it is stored."""
    policies = {GREEDY: gettext("stores surplus"), BY_PRICE: gettext("also buys by price")}
    return [
        BatteryRow(
            f"{language.decimal(each['kwh'], 0)}\N{NO-BREAK SPACE}kWh",
            policies.get(each["policy"], ""),
            _kwh(Fraction(each["imported_after"], 1000)),
            _kwh(Fraction(each["exported_after"], 1000)),
            _stored_euros(each["saves_now_eur"]),
            _stored_euros(each.get("saves_fixed_2027_eur", each.get("saves_dynamic_2027_eur"))),
        )
        for each in stored["results"]
    ]


def battery_page(stored: dict[str, Any] | None, asked: Question) -> dict[str, object]:
    """What the page of batteries shows; no rows if nothing is stored yet."""
    if stored is None:
        return {"rows": []}
    ends = [int(datetime.fromisoformat(stored[name]).timestamp()) for name in ("from", "to")]
    return {
        "rows": battery_rows(stored),
        "saves_now": any((each["saves_now_eur"] or 0) > 0 for each in stored["results"]),
        "days": dates.days(ends[0], ends[1], asked.books.zone),
        "kw_tenths": round(stored["charge_kw"] * 10),
        "loss": round(100 - stored["efficiency_percent"]),
    }


def _stored_euros(amount: float | None) -> str:
    return numbers.euros(None if amount is None else round(amount * 100))


def euros(amount: Fraction | None, signed: bool = False) -> str:
    """An exact amount in €, rounded to cents."""
    cents = None if amount is None else rounded(amount, 2)
    plus = "+" if signed and cents and cents > 0 else ""
    return plus + numbers.euros(cents)


def _kwh(value: Fraction) -> str:
    return f"{language.decimal(float(value), 0)}\N{NO-BREAK SPACE}kWh"


def _rate(value: Fraction) -> str:
    sign = numbers.MINUS if value < 0 else ""
    return f"{sign}€\N{NO-BREAK SPACE}{language.decimal(abs(float(value)), 3)}"
