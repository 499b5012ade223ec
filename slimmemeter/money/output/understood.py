"""What `contracts.toml` was understood to say, as a table for the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.money.billing.stretches import Plan
from slimmemeter.money.contract import bare, tables
from slimmemeter.money.contract.contracts import (
    SINGLE,
    Contract,
    Contracts,
    Electricity,
    Gas,
    Spot,
    Terms,
)
from slimmemeter.money.output.printed import aligned, decimal

ONE_DAY = timedelta(days=1)
Rows = Iterator[tuple[str, str]]


def text(contracts: Contracts, zone: ZoneInfo, now: int) -> str:
    """Home, contracts with their changes, offers and warnings."""
    rows: list[Sequence[str]] = [("Home",), *_indented(_home(contracts))]
    for contract in contracts.contracts:
        rows += [
            (f"Contract {contract.name}",),
            *_indented(_contract(contract, contracts, zone, now)),
        ]
        for terms in contract.terms:
            rows += [(f"  from {terms.first_day}",), *_indented(_terms(terms, contracts), 4)]
    for offer in contracts.offers:
        rows += [(f"Offer {offer.name}",), *_indented(_terms(offer.terms, contracts), 4)]
    lines = [*aligned(rows, (0, 1)), *(f"warning: {each}" for each in contracts.warnings)]
    return "\n".join(lines) + "\n"


def _indented(rows: Rows, by: int = 2) -> Iterator[Sequence[str]]:
    return ((" " * by + name, value) for name, value in rows)


def _home(contracts: Contracts) -> Rows:
    home = contracts.home
    yield "country", home.country if home.region is None else f"{home.country}, {home.region}"
    yield "grid", home.grid or "not given: no grid costs"
    if home.gas_grid:
        yield "gas grid", home.gas_grid
    if home.is_dutch:
        yield "connection", home.connection
        yield "rebate of a home", "yes" if home.residence else "no"


def _contract(contract: Contract, contracts: Contracts, zone: ZoneInfo, now: int) -> Rows:
    years = Plan(contracts, zone).years(0, now + 366 * 86400)
    own = [year for year in years if year.contract is contract]
    if own:
        yield "delivers from", f"{own[0].first_day}"
    if contract.last_day is not None:
        yield "until", f"{contract.last_day}"
    running = [year for year in own if year.begin <= now] or own
    if running:
        last = running[-1]
        yield "contract year", f"{last.first_day} to {last.end_day - ONE_DAY}"
    if contract.signed:
        yield "signed", f"{contract.signed}"
    if contracts.home.is_flemish:
        yield "bills", f"every {contract.bills}"


def _terms(terms: Terms, contracts: Contracts) -> Rows:
    yield "prices", "with VAT" if terms.vat else "without VAT"
    if terms.tax:
        yield "", "with energy tax"
    if terms.advance is not None:
        yield "advance a month", f"€ {terms.advance}"
    if terms.electricity is not None:
        yield from _electricity(terms.electricity, terms, contracts)
    if terms.gas is not None:
        yield from _gas(terms.gas, terms, contracts)


def _electricity(about: Electricity, terms: Terms, contracts: Contracts) -> Rows:
    if about.dynamic is not None:
        yield "electricity", _spot(about.dynamic, terms)
    for name, amount in about.price.items():
        yield _named("electricity", name), _price(amount, about, terms, contracts, "electricity")
    yield from _standing(about.standing)
    if isinstance(about.feed_in, Spot):
        yield "feed-in", _spot(about.feed_in, terms)
    elif about.feed_in is not None:
        for name, amount in about.feed_in.items():
            yield _named("feed-in", name), f"€ {amount} a kWh, no VAT"
    if about.feed_in_cost is not None:
        yield "feed-in cost", f"€ {about.feed_in_cost} a kWh of export"
    for start, amount in about.feed_in_cost_bands:
        per = about.feed_in_cost_per
        yield "feed-in cost", f"from {start} kWh of export a year € {amount} a {per}"
    if contracts.home.is_dutch:
        yield "netting", about.netting
    if about.green is not None:
        yield "green", f"€ {about.green} a kWh"
    yield from _grid(about.grid)


def _gas(about: Gas, terms: Terms, contracts: Contracts) -> Rows:
    if about.dynamic is not None:
        yield "gas", _spot(about.dynamic, terms)
    if about.price is not None:
        yield "gas", _price(about.price, about, terms, contracts, "gas")
    yield from _standing(about.standing)
    yield "correction", f"{about.correction or 'not given: 1'}"
    yield from _grid(about.grid)


def _named(name: str, part: str) -> str:
    return name if part == SINGLE else f"{name}, {part}"


def _price(
    amount: Decimal, about: Electricity | Gas, terms: Terms, contracts: Contracts, energy: str
) -> str:
    day = about.price_day or terms.first_day
    unit = "kWh" if energy == "electricity" else "m3"
    if about.price_day is None:  # of an offer
        return f"€ {amount} a {unit}"
    found = bare.price(amount, terms, contracts.home, energy, day)
    tax = tables.tax(contracts.home, energy, day)
    vat = 1 + tables.vat_percent(contracts.home, day) / 100
    all_in = (found + (tax.value if tax else Fraction())) * vat
    words = f"€ {amount} a {unit}: bare € {decimal(found, 6)}"
    return f"{words}, with {'tax and ' * (tax is not None)}VAT € {decimal(all_in, 6)}"


def _spot(spot: Spot, terms: Terms) -> str:
    if spot.formula is not None:
        return f"by the {spot.slot}: {spot.formula} c€ a kWh, without VAT"
    return f"by the {spot.slot}: the market's price, and € {spot.markup}"


def _standing(amounts: Mapping[str, Decimal]) -> Rows:
    for per, amount in amounts.items():
        yield "standing charge", f"€ {amount} a {per}"


def _grid(amounts: Mapping[str, Decimal] | None) -> Rows:
    for name, amount in (amounts or {}).items():
        yield "grid, as typed", f"{name} € {amount}"
