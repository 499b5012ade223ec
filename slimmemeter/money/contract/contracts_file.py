"""Reads `contracts.toml`: what stands in it is understood as a whole, or a sentence says where not.

Changes repeat only what changes, so each is read as what was there before with its keys put in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from slimmemeter.money.contract import bare, checks, home_section, tables
from slimmemeter.money.contract.contracts import BELGIUM, Contract, Contracts, Home, Offer, Terms
from slimmemeter.money.contract.prices import electricity, gas
from slimmemeter.money.contract.sections import ContractsError, Lines, Section

MOST_OFFERS = 10
LEAST_PER_M3 = Decimal("0.15")  # €; a lower price is one of a kWh
PER_KWH_OF_GAS = (
    "a price of gas is in € per m3; a card in c€ per kWh is multiplied by the kWh of a m3, some"
    " 11. Grid costs and levies of Belgian gas are not in the tables: add them"
)
TERMS = ("vat", "tax", "advance", "electricity", "gas")
CONTRACT = ("name", "from", "last_day", "year_begins", "signed", "bills", *TERMS, "change")
OFFER = ("name", "bills", *TERMS)
CHANGE = ("from", *TERMS)
NO_VAT = "vat is missing: do the prices of this contract include VAT? vat = true or vat = false"
# A key that takes the place of others in a change.
INSTEAD_OF = {
    "price": ("dynamic", "markup", "formula"),
    "dynamic": ("price", "bands"),
    "formula": ("markup",),
    "markup": ("formula",),
    "feed_in_cost": ("feed_in_cost_bands", "feed_in_cost_per"),
    "feed_in_cost_bands": ("feed_in_cost",),
}


def read(path: str) -> Contracts:
    """The contracts of a file; none if there is no file.

    :raises ContractsError: it can't be read, or has a mistake.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except FileNotFoundError:
        return Contracts(Home())
    except UnicodeDecodeError:
        raise ContractsError(f"{path} isn't UTF-8 text; save it as that") from None
    except OSError as error:
        raise ContractsError(f"cannot read {path}: {error.strerror}") from None
    return parse(text, path)


def parse(text: str, path: str) -> Contracts:
    """The contracts of a text. :param path: named in mistakes. :raises ContractsError: as `read`"""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise ContractsError(f"{path} isn't valid TOML: {_about(error)}") from None
    top = Section(raw, (), path, Lines(text))
    top.only(("home", "contract", "offer"))
    home = home_section.read(top.part("home"))
    warnings: list[str] = []
    if home.grid is None and tables.operators(home):
        warnings.append(f"{top.place('home')}: no grid: grid costs count only where they are typed")
    sections = top.parts("contract")
    contracts = [_contract(each, home, warnings) for each in sections]
    offers = [_offer(each, home) for each in top.parts("offer")]
    if len(offers) > MOST_OFFERS:
        raise top.wrong(f"{len(offers)} offers: {MOST_OFFERS} are the most", "offer")
    contracts.sort(key=lambda each: each.first_day)
    for one, other in pairwise(contracts):
        if one.first_day == other.first_day:
            twice = [each for each in sections if each.raw["from"] == one.first_day]
            raise twice[-1].wrong(f"two contracts from {one.first_day}", "from")
    return Contracts(home, contracts, offers, warnings)


def _about(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f'{error}; write numbers as 0.1452, dates as 2026-03-15 and texts as "text"'


def _contract(section: Section, home: Home, warnings: list[str]) -> Contract:
    section.only(CONTRACT)
    first_day = section.take("from", checks.day, None)
    if first_day is None:
        raise section.wrong("from is missing: the first day of delivery, e.g. from = 2026-03-01")
    terms = _terms(section, first_day, home, {"electricity": first_day, "gas": first_day})
    every = [terms, *_changes(section, first_day, home)]
    last_day = section.take("last_day", checks.day, None)
    if last_day is not None and last_day < first_day:
        raise section.wrong("last_day is before from", "last_day")
    is_dynamic = terms.electricity is not None and terms.electricity.dynamic is not None
    usual = "month" if is_dynamic else "year"
    contract = Contract(
        section.take("name", checks.text, f"{first_day}"),
        every,
        last_day,
        section.take("year_begins", checks.day_of_year, None),
        section.take("signed", checks.day, None),
        section.take("bills", checks.one_of("year", "month"), usual),
    )
    _warn(section, contract, home, warnings)
    return contract


def _changes(section: Section, first_day: date, home: Home) -> list[Terms]:
    """The terms from each change on."""
    raw: dict[str, Any] = {key: section.raw[key] for key in TERMS if key in section}
    price_days = {"electricity": first_day, "gas": first_day}
    found: list[Terms] = []
    changes = [(_first_day(each, first_day), each) for each in section.parts("change")]
    for day, change in sorted(changes, key=lambda pair: pair[0]):
        if found and found[-1].first_day == day:
            raise change.wrong(f"two changes from {day}", "from")
        change.only(CHANGE)
        raw = _merged(raw, {key: change.raw[key] for key in TERMS if key in change})
        price_days |= {each: day for each in price_days if "price" in change.part(each)}
        found.append(_terms(change.changed(raw, change.path), day, home, price_days))
    return found


def _first_day(change: Section, first_day: date) -> date:
    day = change.take("from", checks.day, None)
    if day is None:
        raise change.wrong("from is missing: the day from which on these keys count")
    if day <= first_day:
        raise change.wrong(f"change from {day} is {_not_after(day, first_day)}", "from")
    return day


def _not_after(day: date, first_day: date) -> str:
    return "before its contract" if day < first_day else "the first day of its contract"


def _merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """What was there with the keys of a change put in, those of electricity and gas one by one."""
    merged = dict(before)
    for key, value in change.items():
        for other in INSTEAD_OF.get(key, ()):
            merged.pop(other, None)
        is_energy = key in ("electricity", "gas") and isinstance(value, dict)
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if is_energy and isinstance(inner, dict) else value
    return merged


def _terms(section: Section, day: date, home: Home, price_days: Mapping[str, date | None]) -> Terms:
    vat = section.take("vat", checks.switch, None)
    if vat is None:
        raise section.wrong(NO_VAT)
    tax = section.take("tax", checks.switch, False)
    if tax and not home.is_dutch:
        raise section.wrong("tax = true is for the Netherlands; type prices without levies", "tax")
    terms = Terms(day, vat, tax, section.take("advance", checks.AMOUNT, None))
    about = (home, terms)
    return Terms(
        day,
        vat,
        tax,
        terms.advance,
        electricity(section.part("electricity"), *about, price_days["electricity"])
        if "electricity" in section
        else None,
        gas(section.part("gas"), *about, price_days["gas"]) if "gas" in section else None,
    )


def _offer(section: Section, home: Home) -> Offer:
    section.only(OFFER)
    terms = _terms(section, date.min, home, {"electricity": None, "gas": None})
    name = section.take("name", checks.text, "an offer")
    return Offer(name, terms, section.take("bills", checks.one_of("year", "month"), "year"))


def _warn(section: Section, contract: Contract, home: Home, warnings: list[str]) -> None:
    """Note what is most likely a slip, though it may be meant."""
    if contract.terms[-1].advance is None:
        warnings.append(f"{section.place()}: no advance: nothing is said about paying back")
    fuel = contract.terms[-1].gas
    if home.country == BELGIUM and fuel is not None and (fuel.price or 1) < LEAST_PER_M3:
        warnings.append(f"{section.part('gas').place('price')}: {PER_KWH_OF_GAS}")
    part = section.part("electricity")
    for key, sentence in bare.warnings(contract, home).items():
        warnings.append(f"{part.place(key)}: {sentence}")
