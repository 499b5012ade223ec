"""What a household agreed on with its suppliers: the records of `contracts.toml`.

Amounts are the decimals that were typed, in euros: per kWh, per m3, or per day, month or year.
Their `Terms` say whether they include VAT and energy tax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from slimmemeter.money.contract.bands import Bands
from slimmemeter.money.contract.formula import Formula

SINGLE = "single"
REGISTER_THEN_REST, REGISTER_ONLY = "register-then-rest", "register-only"
NORMAL_FIRST = "normal-first"
NETTING = (REGISTER_THEN_REST, REGISTER_ONLY, NORMAL_FIRST)
NETHERLANDS, BELGIUM = "NL", "BE"
FLANDERS, WALLONIA, BRUSSELS = "Flanders", "Wallonia", "Brussels"
# The names of a price of each register of the meter, by tariff.
REGISTER_NAMES = {NETHERLANDS: {1: "low", 2: "normal"}, BELGIUM: {1: "day", 2: "night"}}
NO_GRID = "none"

Amounts = Mapping[str, Decimal]  # by a price's names, or by day, month and year


@dataclass(frozen=True)
class Home:
    """The connection, which has no date."""

    country: str = NETHERLANDS
    region: str | None = None  # of Belgium
    grid: str | None = None  # the operator, or the area in Flanders; NO_GRID: no grid costs
    gas_grid: str | None = None  # None: as grid
    connection: str = "3x25"
    residence: bool = True
    grid_tariff: str = SINGLE  # of Wallonia
    vat_percent: Decimal | None = None  # of other countries

    @property
    def is_dutch(self) -> bool:
        """Whether energy tax, rebate and netting are those of the Netherlands."""
        return self.country == NETHERLANDS

    @property
    def is_flemish(self) -> bool:
        """Whether the month's peaks are paid for."""
        return self.country == BELGIUM and self.region == FLANDERS


@dataclass(frozen=True)
class Spot:
    """A price that follows the day-ahead market."""

    slot: str  # quarter, hour or day
    markup: Decimal = Decimal(0)
    formula: Formula | None = None  # in the markup's place


@dataclass(frozen=True)
class Electricity:
    """The prices of electricity from a day on."""

    price: Amounts  # by name; SINGLE if there is one; empty if it is dynamic
    price_day: date | None  # from which it counts; None: of an offer
    bands: Bands | None = None
    dynamic: Spot | None = None
    standing: Amounts = field(default_factory=dict)
    feed_in: Amounts | Spot | None = None  # SINGLE, or by the price's names
    credit: Spot | None = None  # of a dynamic contract: of export while netting lasts
    feed_in_vat: bool = True
    feed_in_cost: Decimal | None = None
    feed_in_cost_bands: Sequence[tuple[Decimal, Decimal]] = ()
    feed_in_cost_per: str = "month"
    netting: str = REGISTER_THEN_REST
    green: Decimal | None = None
    grid: Amounts | None = None  # typed instead of the table


@dataclass(frozen=True)
class Gas:
    """The prices of gas from a day on."""

    price: Decimal | None  # None if it is dynamic
    price_day: date | None
    dynamic: Spot | None = None
    standing: Amounts = field(default_factory=dict)
    correction: Decimal | None = None
    grid: Amounts | None = None


@dataclass(frozen=True)
class Terms:
    """All that counts from a day on."""

    first_day: date
    vat: bool
    tax: bool = False
    advance: Decimal | None = None
    electricity: Electricity | None = None
    gas: Gas | None = None


@dataclass(frozen=True)
class Contract:
    """A contract: its terms, and the days on which it and its years begin and end."""

    name: str
    terms: Sequence[Terms]  # of the contract itself and of each change, oldest first
    last_day: date | None = None
    year_begins: tuple[int, int] | None = None  # month and day, if not those of the first day
    signed: date | None = None
    bills: str = "year"

    @property
    def first_day(self) -> date:
        """Its first day of delivery."""
        return self.terms[0].first_day


@dataclass(frozen=True)
class Offer:
    """A contract that could be: without a day on which it begins."""

    name: str
    terms: Terms
    bills: str = "year"


@dataclass(frozen=True)
class Contracts:
    """What `contracts.toml` has, its contracts in order of time."""

    home: Home
    contracts: Sequence[Contract] = ()
    offers: Sequence[Offer] = ()
    warnings: Sequence[str] = ()
