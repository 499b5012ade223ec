"""Reads `[contract.electricity]` and `[contract.gas]`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from slimmemeter.money.contract import bare, checks, tables
from slimmemeter.money.contract.bands import Bands
from slimmemeter.money.contract.contracts import (
    NETTING,
    REGISTER_NAMES,
    SINGLE,
    Amounts,
    Electricity,
    Gas,
    Home,
    Spot,
    Terms,
)
from slimmemeter.money.contract.sections import Section

ELECTRICITY = (
    *("price", "bands", "dynamic", "markup", "formula", "standing", "feed_in", "feed_in_markup"),
    *("feed_in_formula", "feed_in_vat", "feed_in_cost", "feed_in_cost_bands", "feed_in_cost_per"),
    *("netting", "green", "grid"),
)
GAS = ("price", "dynamic", "markup", "standing", "correction", "grid")
NO_PRICE = 'price is missing: € per unit, or dynamic = "{}"'
_STANDING = checks.amounts(*checks.TIMES)
_GRID = {
    "NL": checks.amounts("year", "month", "day"),
    "BE": checks.amounts("year", "month", "day", "kw_year", "kwh", "data_year", "maximum"),
}


def electricity(section: Section, home: Home, terms: Terms, price_day: date | None) -> Electricity:
    """:param price_day: the day from which its price counts; None: of an offer, any."""
    section.only(ELECTRICITY)
    dynamic = _dynamic(section, ("quarter", "hour"), checks.SIGNED_PER_KWH)
    bands = section.take("bands", checks.clock, None)
    price: Amounts = section.take("price", checks.prices, {})
    _check_names(section, price, bands, home, "price")
    _check_bare(section, price, home, terms, price_day, "electricity")
    feed_in, credit = _pay(section, dynamic)
    if isinstance(feed_in, dict) and set(feed_in) != {SINGLE}:
        _check_names(section, feed_in, bands, home, "feed_in")
    _only_one(section, "feed_in_cost", "feed_in_cost_bands")
    return Electricity(
        price,
        price_day,
        bands,
        dynamic,
        section.take("standing", _STANDING, {}),
        feed_in,
        credit,
        section.take("feed_in_vat", checks.switch, True),
        section.take("feed_in_cost", checks.PER_KWH, None),
        section.take("feed_in_cost_bands", checks.steps, ()),
        section.take("feed_in_cost_per", checks.one_of(*checks.TIMES), "month"),
        section.take("netting", checks.one_of(*NETTING), NETTING[0]),
        section.take("green", checks.PER_KWH, None),
        section.take("grid", _GRID.get(home.country, _GRID["NL"]), None),
    )


def gas(section: Section, home: Home, terms: Terms, price_day: date | None) -> Gas:
    """:param price_day: as of `electricity`."""
    section.only(GAS)
    dynamic = _dynamic(section, ("day",), checks.SIGNED_PER_M3)
    price = section.take("price", checks.PER_M3, None)
    _check_bare(section, {} if price is None else {SINGLE: price}, home, terms, price_day, "gas")
    return Gas(
        price,
        price_day,
        dynamic,
        section.take("standing", _STANDING, {}),
        section.take("correction", checks.CORRECTION, None),
        section.take("grid", _GRID["NL"], None),
    )


def _dynamic(
    section: Section, slots: tuple[str, ...], markup: checks.Check[Decimal]
) -> Spot | None:
    _only_one(section, "price", "dynamic")
    _only_one(section, "markup", "formula")
    slot = section.take("dynamic", checks.one_of(*slots), None)
    if slot is None:
        for key in ("markup", "formula"):
            if key in section:
                raise section.wrong(f"{key} without dynamic", key)
        if "price" not in section:
            raise section.wrong(NO_PRICE.format(slots[0]))
        return None
    if "bands" in section:
        raise section.wrong("bands and dynamic: only one", "bands")
    found = section.take("markup", markup, Decimal(0))
    return Spot(slot, found, section.take("formula", checks.card, None))


def _feed_in(value: object) -> Amounts | Spot:
    if value == "spot":
        return Spot("quarter")
    if isinstance(value, str):
        raise ValueError('€ per kWh without quotes, or "spot"')
    if isinstance(value, dict) and value:
        return {name: checks.SIGNED_PER_KWH(each) for name, each in value.items()}
    return {SINGLE: checks.SIGNED_PER_KWH(value)}


def _pay(section: Section, dynamic: Spot | None) -> tuple[Amounts | Spot | None, Spot | None]:
    """What export earns, and what a dynamic contract credits while netting lasts.

    With a dynamic contract a markup alone stands for the market's price.
    """
    feed_in = section.take("feed_in", _feed_in, None)
    _only_one(section, "feed_in_markup", "feed_in_formula")
    given = [key for key in ("feed_in_markup", "feed_in_formula") if key in section]
    if given and dynamic is None and not isinstance(feed_in, Spot):
        raise section.wrong(f'{given[0]} without feed_in = "spot"', given[0])
    spot = Spot(
        dynamic.slot if dynamic else "quarter",
        section.take("feed_in_markup", checks.SIGNED_PER_KWH, Decimal(0)),
        section.take("feed_in_formula", checks.card, None),
    )
    is_spot = isinstance(feed_in, Spot) or (feed_in is None and bool(given))
    return spot if is_spot else feed_in, spot if dynamic else None


def _only_one(section: Section, one: str, other: str) -> None:
    if one in section and other in section:
        raise section.wrong(f"{one} and {other}: only one", other)


def _check_names(
    section: Section, price: Amounts, bands: Bands | None, home: Home, key: str
) -> None:
    """:raises ContractsError: the names of a price are neither those of its bands nor those of the
    meter's registers."""
    names = set(price) - {SINGLE} if len(price) > 1 or SINGLE not in price else set()
    if bands is not None:
        for name in sorted(bands.names - names):
            raise section.wrong(
                f'bands and {key} have different names: "{name}" has no {key}', key, name
            )
        for name in sorted(names - bands.names):
            raise section.wrong(
                f'bands and {key} have different names: "{name}" has no time', "bands"
            )
        return
    if not names:
        return
    registers = REGISTER_NAMES.get(home.country, {})
    known = list(registers.values())
    if foreign := names & {"day", "night", "low", "normal"} - set(known):
        raise section.wrong(f"{_foreign(foreign, home)}", key)
    for name in sorted(names - set(known)):
        raise section.wrong(
            f"{key}.{name}: a name of its own needs bands, e.g."
            f' bands = {{ {name} = "7-23", … = "rest" }}',
            key,
        )
    for name in known:
        if name not in names:
            (given, *_) = names
            raise section.wrong(f"{given} is given, {name} is missing", key)


def _foreign(names: set[str], home: Home) -> str:
    if home.country == "NL":
        return "day/night is Belgian; in the Netherlands: normal, low"
    if home.country == "BE":
        return "normal/low is Dutch; in Belgium: day, night"
    return f"{'/'.join(sorted(names))} needs bands in {home.country}"


def _check_bare(
    section: Section,
    price: Mapping[str, Decimal],
    home: Home,
    terms: Terms,
    price_day: date | None,
    energy: str,
) -> None:
    """:raises ContractsError: an all-in price is less than the tax in it."""
    if not terms.tax or price_day is None:
        return
    tax = bare.tax_within(home, energy, price_day)
    if price and tax is None:
        raise section.wrong(f"tax = true, but the tax of {price_day.year} isn't in our table")
    for name, each in price.items():
        if tax is not None and bare.without_vat(each, terms.vat, home, price_day) < tax:
            with_vat = float(tax * (1 + tables.vat_percent(home, price_day) / 100))
            taxed, words = (with_vat, "with VAT ") if terms.vat else (float(tax), "")
            keys = ("price",) if name == SINGLE else ("price", name)
            raise section.wrong(
                f"tax = true, but {each} {words}is less than the tax in it ({taxed:.4f})", *keys
            )
