"""The charges of electricity: supply, what export brings, standing, tax, levies and the grid."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from slimmemeter.money.billing import belgium
from slimmemeter.money.billing.charges import DYNAMIC, Charge, Flow, Price, Scene, yearly_grid
from slimmemeter.money.billing.facts import Facts
from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import REGISTER_NAMES, SINGLE, Electricity, Spot
from slimmemeter.money.contract.tables import Rate
from slimmemeter.money.remarks import N_, remark
from slimmemeter.money.usage.quantities import ELECTRICITY, EXPORT, IMPORT

BARE, SURPLUS, TOTAL = "bare", "surplus", "total"
LEAST = N_("feed_in: the law's least, %(percent)s %% of the bare price")


def charges(scene: Scene, about: Electricity, facts: Facts) -> Iterator[Charge]:
    """All charges of a stretch."""
    for flow in scene.flows(about):
        price, whole = scene.import_price(about, flow.part), scene.wholes(about, flow)
        yield scene.priced(
            ELECTRICITY, "supply", flow.part, price, flow.imported, whole[0], Fraction(1)
        )
        yield from _export(scene, about, flow, price)
    yield from _without_price(scene, about)
    yield from _feed_in_cost(scene, about, facts)
    yield from scene.standing(ELECTRICITY, about.standing)
    if scene.home.is_dutch:
        yield from _dutch(scene)
    elif scene.home.country == "BE":
        yield from belgium.charges(scene, about, facts)
    if scene.home.country != "BE":
        yield from yearly_grid(scene, ELECTRICITY, about.grid, scene.home.grid)


def _without_price(scene: Scene, about: Electricity) -> Iterator[Charge]:
    """What no price counts for: prices of two registers, and a meter that has others."""
    if about.dynamic is not None or about.bands is not None or SINGLE in about.price:
        return
    named = REGISTER_NAMES[scene.home.country]
    others = [
        register
        for register in scene.measures.registers(ELECTRICITY, IMPORT)
        if register[1] not in named
    ]
    if others:
        flow = scene.measures.flow(ELECTRICITY, others)
        yield scene.without_price("supply", TOTAL, flow)


def is_netted(scene: Scene) -> bool:
    """Whether export is set off against import."""
    return tables.is_netted(scene.home, scene.stretch.day)


def nets_bare_price(scene: Scene, about: Electricity) -> bool:
    """Whether it is set off against the bare price alone, as of old contracts from 2027 on."""
    signed = scene.stretch.contract.signed
    return (
        about.dynamic is None
        and not is_netted(scene)
        and tables.earns_bare_price(scene.home, signed)
    )


def _export(scene: Scene, about: Electricity, flow: Flow, price: Price) -> Iterator[Charge]:
    """What export is credited at the moment it is counted."""
    whole = scene.wholes(about, flow)[1]
    ends = (flow.exported, whole, Fraction(-1))
    if is_netted(scene):
        if about.credit is not None:
            price = scene.market_price(about.credit)
        has_vat = about.dynamic is None or about.feed_in_vat
        yield scene.priced(ELECTRICITY, "netting", flow.part, price, *ends, has_vat)
    elif nets_bare_price(scene, about):
        yield scene.priced(ELECTRICITY, "netting", BARE, price, *ends, has_vat=False)
    else:
        yield from pay(scene, about, flow, price)


def pay(scene: Scene, about: Electricity, flow: Flow, price: Price) -> Iterator[Charge]:
    """What export earns that isn't set off; `price` is the bare one."""
    whole = scene.wholes(about, flow)[1]
    ends = (flow.exported, whole, Fraction(-1), False)
    if isinstance(about.feed_in, Spot):
        yield scene.priced(
            ELECTRICITY, "feed_in", DYNAMIC, scene.market_price(about.feed_in), *ends
        )
    elif about.feed_in is not None:
        if SINGLE not in about.feed_in and flow.part not in about.feed_in:
            return
        amount = about.feed_in.get(flow.part, about.feed_in.get(SINGLE))
        assert amount is not None
        fixed = Price(Fraction(amount))
        yield scene.priced(ELECTRICITY, "feed_in", flow.part, fixed, *ends)
    elif (share := tables.least_feed_in(scene.home, scene.stretch.day)) is not None:
        least = remark(LEAST, percent=f"{float(100 * share):.0f}")
        yield scene.priced(
            ELECTRICITY, "feed_in", flow.part, price.times(share), *ends, assumed=least
        )


def _feed_in_cost(scene: Scene, about: Electricity, facts: Facts) -> Iterator[Charge]:
    """What a supplier asks for export: a kWh, or a sum by the year's export."""
    exported = scene.flow(EXPORT)
    if about.feed_in_cost is not None:
        rate = Rate(scene.excl(about.feed_in_cost))
        yield scene.by_unit("feed_in_cost", "kwh", rate, exported)
    if not about.feed_in_cost_bands:
        return
    kwh, assumed = facts.export_of_year(scene.stretch.year)
    if kwh:
        start, amount = [band for band in about.feed_in_cost_bands if band[0] <= kwh][-1]
        rate = Rate(scene.excl(amount), assumed)
        per = about.feed_in_cost_per
        yield scene.by_time(ELECTRICITY, "feed_in_cost", f"from {start:f} kWh", rate, per)


def _dutch(scene: Scene) -> Iterator[Charge]:
    """Energy tax, what of it is credited for export, and the rebate of a home."""
    home, day = scene.home, scene.stretch.day
    if tax := tables.tax(home, ELECTRICITY, day):
        yield scene.by_unit("tax", "", tax, scene.flow(IMPORT))
        if is_netted(scene):
            yield scene.by_unit("tax_netting", "", tax, scene.flow(EXPORT), -1)
    if home.residence and (rebate := tables.tax(home, "rebate", day)):
        yield scene.by_time(ELECTRICITY, "rebate", "", rebate.times(Fraction(-1)), "year")
