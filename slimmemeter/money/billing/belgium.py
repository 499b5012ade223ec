"""What electricity costs in Belgium beside the supplier's price: levies, and the grid of Flanders
or Wallonia."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from slimmemeter.money.billing.charges import Charge, Scene, yearly_grid
from slimmemeter.money.billing.facts import Facts
from slimmemeter.money.contract import bands, tables
from slimmemeter.money.contract.contracts import NO_GRID, REGISTER_NAMES, WALLONIA, Electricity
from slimmemeter.money.contract.tables import FlemishGrid, Rate
from slimmemeter.money.usage.curve import Curve
from slimmemeter.money.usage.quantities import ELECTRICITY, IMPORT

NOTHING = Rate(Fraction())


def charges(scene: Scene, about: Electricity, facts: Facts) -> Iterator[Charge]:
    """Green certificates, levies and the grid."""
    imported = scene.flow(IMPORT)
    if about.green is not None:
        yield scene.by_unit("green", "", Rate(scene.excl(about.green)), imported)
    for levy in ("excise", "contribution"):
        if rate := tables.levy(scene.home, levy, scene.stretch.day):
            yield scene.by_unit(levy, "", rate, imported)
    if scene.home.is_flemish:
        yield from _flanders(scene, about, facts)
    elif about.grid is not None:
        yield from yearly_grid(scene, ELECTRICITY, about.grid, None)
        if "kwh" in about.grid:
            rate = Rate(scene.excl(about.grid["kwh"]))
            yield scene.by_unit("grid_kwh", "", rate, imported)
    elif scene.home.region == WALLONIA:
        yield from _wallonia(scene)


def flemish_grid(scene: Scene, about: Electricity) -> tuple[str, FlemishGrid] | None:
    """The area, empty if it was typed, and its rates; None if there are no grid costs."""
    if about.grid is not None:
        return "", _typed(scene, about.grid)
    area = scene.home.grid
    if area in (None, NO_GRID):
        return None
    assert area is not None
    grid = tables.flemish_grid(scene.home, area, scene.stretch.day)
    return None if grid is None else (area, grid)


def _typed(scene: Scene, typed: Mapping[str, Decimal]) -> FlemishGrid:
    names = ("kw_year", "kwh", "data_year", "maximum")
    return FlemishGrid(
        *(Rate(scene.excl(typed[name])) if name in typed else NOTHING for name in names)
    )


def _flanders(scene: Scene, about: Electricity, facts: Facts) -> Iterator[Charge]:
    found = flemish_grid(scene, about)
    if found is None:
        return
    area, grid = found
    if about.grid is not None:
        yield from yearly_grid(scene, ELECTRICITY, about.grid, None)
    yield scene.by_unit("grid_kwh", area, grid.kwh, scene.flow(IMPORT))
    kw = facts.mean_peak_kw(scene.stretch)
    if kw is not None and grid.kw_year.value:
        charge = scene.by_time(ELECTRICITY, "capacity", "", grid.kw_year, "year", kw)
        yield replace(charge, key=replace(charge.key, per="kW year", kw=kw))
    if grid.data_year.value:
        yield scene.by_time(ELECTRICITY, "data", "", grid.data_year, "year")


def _wallonia(scene: Scene) -> Iterator[Charge]:
    home = scene.home
    if home.grid in (None, NO_GRID):
        return
    assert home.grid is not None
    grid = tables.walloon_grid(home, home.grid, scene.stretch.day)
    if grid is None:
        return
    if grid.fixed.value:
        yield scene.by_time(ELECTRICITY, "grid", home.grid, grid.fixed, "year")
    for part, flow in _walloon_flows(scene):
        yield scene.by_unit("grid_kwh", part, grid.kwh[part], flow)
    yield scene.by_unit("grid_kwh", "transport", grid.transport, scene.flow(IMPORT))


def _walloon_flows(scene: Scene) -> Iterator[tuple[str, Curve]]:
    """What each part of the home's tariff of the grid counts for."""
    whole = scene.flow(IMPORT)
    tariff = scene.home.grid_tariff
    if tariff == "day-night":
        for number, name in REGISTER_NAMES["BE"].items():
            yield name, scene.measures.flow(ELECTRICITY, [(IMPORT, number)])
    elif tariff == "impact":
        hours = bands.parse(tables.impact_hours(scene.home))
        for name in tables.walloon_parts(scene.home):
            yield name, scene.measures.in_band(whole, hours, name)
    else:
        yield tariff, whole
