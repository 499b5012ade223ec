"""Charges: what each stretch of time adds to a bill, as a rate by a curve of what is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from slimmemeter.money.billing.measures import Measures
from slimmemeter.money.billing.stretches import Stretch
from slimmemeter.money.contract import bare, tables
from slimmemeter.money.contract.contracts import (
    REGISTER_NAMES,
    SINGLE,
    Amounts,
    Electricity,
    Gas,
    Home,
    Spot,
)
from slimmemeter.money.contract.tables import Rate
from slimmemeter.money.remarks import Remark
from slimmemeter.money.usage.curve import Curve
from slimmemeter.money.usage.quantities import ELECTRICITY, EXPORT, GAS, IMPORT

DYNAMIC = "dynamic"
OF_MWH, CENT = Fraction(1, 1000), Fraction(1, 100)  # €/MWh and c€ in €/kWh
ONCE = Fraction(1)


@dataclass(frozen=True)
class Key:
    """What makes one line of a bill. Rates are without VAT; None where they vary."""

    energy: str
    item: str
    part: str
    contract: str
    unit: str
    per: str | None
    rate: Fraction | None
    vat_percent: Fraction
    assumed: Remark | None = None
    kw: Fraction | None = None  # the mean peak that a capacity tariff is for


@dataclass(frozen=True)
class Charge:
    """What a line is charged from one place of the measures to another.

    Its quantity is a curve by a factor; its amount in € without VAT is the sum of curves by rates.
    """

    key: Key
    begin: int
    end: int
    quantity: tuple[Curve, Fraction]
    costs: Sequence[tuple[Curve, Fraction]]
    whole: Curve | None = None  # of which the quantity is a part; None: it is time
    slot: str | None = None  # of the market, whose price it has
    guessed: Sequence[Curve] = ()  # of the quantity: what has a month's mean price
    unpriced: Sequence[Curve] = ()  # what has no price at all

    @property
    def excl(self) -> Fraction:
        """Its amount without VAT."""
        return sum(
            (curve.rise(self.begin, self.end) * rate for curve, rate in self.costs), Fraction()
        )


@dataclass(frozen=True)
class Price:
    """A price without VAT: a fixed one in € per unit, or a factor of the market's and a markup."""

    fixed: Fraction = Fraction()
    factor: Fraction = Fraction()
    slot: str | None = None  # None: fixed

    def times(self, share: Fraction) -> Price:
        """A share of it."""
        return Price(self.fixed * share, self.factor * share, self.slot)


@dataclass(frozen=True)
class Flow:
    """What one price counts for: a register, a band, or all."""

    part: str
    imported: Curve
    exported: Curve


class Scene:
    """A stretch with the measures: makes its charges."""

    def __init__(
        self, stretch: Stretch, home: Home, measures: Measures, begin: int, end: int
    ) -> None:
        """:param begin: and `end`, the places of its ends."""
        self.stretch = stretch
        self.home = home
        self.measures = measures
        self.begin = begin
        self.end = end
        self.vat = tables.vat_percent(home, stretch.day)

    def excl(self, amount: Decimal) -> Fraction:
        """A typed amount without VAT."""
        return bare.without_vat(amount, self.stretch.terms.vat, self.home, self.stretch.day)

    def _key(
        self, energy: str, item: str, part: str, unit: str, per: str | None, rate: Rate
    ) -> Key:
        name = self.stretch.contract.name
        return Key(energy, item, part, name, unit, per, rate.value, self.vat, rate.assumed)

    def by_unit(self, item: str, part: str, rate: Rate, flow: Curve, sign: int = 1) -> Charge:
        """So much a kWh."""
        key = self._key(ELECTRICITY, item, part, "kWh", "kWh", rate)
        return self._by_quantity(key, rate, flow, Fraction(sign))

    def by_m3(self, item: str, part: str, rate: Rate, flow: Curve, correction: Fraction) -> Charge:
        """So much a m3, as the bill has them."""
        key = self._key(GAS, item, part, "m3", "m3", rate)
        return self._by_quantity(key, rate, flow, correction)

    def _by_quantity(self, key: Key, rate: Rate, flow: Curve, factor: Fraction) -> Charge:
        costs = [(flow, rate.value * factor)]
        return Charge(key, self.begin, self.end, (flow, factor), costs, flow)

    def by_time(
        self, energy: str, item: str, part: str, rate: Rate, per: str, times: Fraction = ONCE
    ) -> Charge:
        """So much a day, month or year. :param times: how many times the rate counts."""
        elapsed = self.measures.elapsed
        key = self._key(energy, item, part, "day", per, rate)
        costs = [(elapsed[per], rate.value * times)]
        return Charge(key, self.begin, self.end, (elapsed["day"], ONCE), costs)

    def priced(
        self, energy: str, item: str, part: str, price: Price, flow: Curve, whole: Curve,
        sign: Fraction, has_vat: bool = True, assumed: Remark | None = None,
    ) -> Charge:  # fmt: skip
        """A quantity at a fixed price or the market's; `sign` is the factor of the quantity."""
        unit = "m3" if energy == GAS else "kWh"
        vat = self.vat if has_vat else Fraction()
        rate = price.fixed if price.slot is None else None
        key = Key(energy, item, part, self.stretch.contract.name, unit, unit, rate, vat, assumed)
        ends, quantity = (self.begin, self.end), (flow, sign)
        if price.slot is None:
            return Charge(key, *ends, quantity, [(flow, price.fixed * sign)], whole)
        valued = self.measures.valued(flow, energy, price.slot)
        costs = [(valued.known, price.factor * sign), (flow, price.fixed * sign)]
        guessed, unpriced = [], []
        for month, curve in valued.guessed.items():
            mean = valued.market.mean(month)
            if mean is None:
                unpriced.append(curve)
            else:
                guessed.append(curve)
                costs.append((curve, mean * price.factor * sign))
        return Charge(key, *ends, quantity, costs, whole, price.slot, guessed, unpriced)

    def without_price(self, item: str, part: str, flow: Curve) -> Charge:
        """A quantity that has no price."""
        name = self.stretch.contract.name
        key = Key(ELECTRICITY, item, part, name, "kWh", "kWh", None, self.vat)
        return Charge(key, self.begin, self.end, (flow, ONCE), (), flow, unpriced=[flow])

    def flow(self, direction: str) -> Curve:
        """All that was counted of a direction."""
        names = self.measures.registers(ELECTRICITY, direction)
        return self.measures.flow(ELECTRICITY, names)

    def flows(self, about: Electricity) -> Iterator[Flow]:
        """What each of the prices counts for, in the order in which they were typed."""
        whole = self.flow(IMPORT), self.flow(EXPORT)
        if about.dynamic is not None:
            yield Flow(DYNAMIC, *whole)
        elif about.bands is not None:
            for name in about.price:
                yield Flow(
                    name, *(self.measures.in_band(each, about.bands, name) for each in whole)
                )
        elif set(about.price) == {SINGLE}:
            yield Flow(SINGLE, *whole)
        else:
            tariffs = {name: tariff for tariff, name in REGISTER_NAMES[self.home.country].items()}
            for name in about.price:
                yield Flow(
                    name,
                    *(
                        self.measures.flow(ELECTRICITY, [(direction, tariffs[name])])
                        for direction in (IMPORT, EXPORT)
                    ),
                )

    def wholes(self, about: Electricity, flow: Flow) -> tuple[Curve, Curve]:
        """What the meter counts exactly through a gap, of which a flow is a part."""
        if about.bands is None:
            return flow.imported, flow.exported
        return self.flow(IMPORT), self.flow(EXPORT)

    def import_price(self, about: Electricity, part: str) -> Price:
        """The bare price of what is drawn from the grid."""
        if about.dynamic is not None:
            return self.market_price(about.dynamic)
        return self._bare(about.price[part], ELECTRICITY, about.price_day)

    def gas_price(self, about: Gas) -> Price:
        """The bare price of a m3."""
        if about.dynamic is not None:
            return self.market_price(about.dynamic, Fraction(1))
        assert about.price is not None
        return self._bare(about.price, GAS, about.price_day)

    def _bare(self, amount: Decimal, energy: str, day: date | None) -> Price:
        about = self.stretch.terms, self.home, energy, day or self.stretch.day
        return Price(bare.price(amount, *about))

    def market_price(self, spot: Spot, factor: Fraction = OF_MWH) -> Price:
        """A price that follows the market: its markup, or a card's formula.

        :param factor: what makes the market's price one of a kWh or m3.
        """
        if spot.formula is not None:
            formula = spot.formula
            return Price(Fraction(formula.b) * CENT, Fraction(formula.a) * CENT, spot.slot)
        return Price(self.excl(spot.markup), factor, spot.slot)

    def standing(self, energy: str, amounts: Amounts) -> Iterator[Charge]:
        """The fixed sums of a contract."""
        for per, amount in amounts.items():
            yield self.by_time(energy, "standing", "", Rate(self.excl(amount)), per)


def of_gas(scene: Scene, about: Gas) -> Iterator[Charge]:
    """The charges of gas: supply, standing, energy tax and the grid."""
    home, day = scene.home, scene.stretch.day
    registers = scene.measures.registers(GAS, GAS)
    flow = scene.measures.flow(GAS, registers)
    correction = Fraction(about.correction if about.correction is not None else 1)
    price = scene.gas_price(about)
    part = GAS if about.dynamic is None else DYNAMIC
    yield scene.priced(GAS, "supply", part, price, flow, flow, correction)
    yield from scene.standing(GAS, about.standing)
    if home.is_dutch and (tax := tables.tax(home, GAS, day)):
        yield scene.by_m3("tax", "", tax, flow, correction)
    yield from yearly_grid(scene, GAS, about.grid, home.gas_grid or home.grid)


def yearly_grid(
    scene: Scene, energy: str, typed: Mapping[str, Decimal] | None, operator: str | None
) -> Iterator[Charge]:
    """What the connection costs by time: as it was typed, else as the table has it."""
    if typed is not None:
        for per in ("year", "month", "day"):
            if per in typed:
                yield scene.by_time(energy, "grid", "", Rate(scene.excl(typed[per])), per)
    elif scene.home.is_dutch and operator not in (None, "none"):
        assert operator is not None
        if rate := tables.dutch_grid(scene.home, energy, operator, scene.stretch.day):
            yield scene.by_time(energy, "grid", operator, rate, "year")
