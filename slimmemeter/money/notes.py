"""What a bill says about itself, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from slimmemeter.money import tables
from slimmemeter.money.charges import Scene
from slimmemeter.money.contracts import NO_GRID
from slimmemeter.money.days import day_after, local_day
from slimmemeter.money.electricity import TOTAL
from slimmemeter.money.phases import Year
from slimmemeter.money.quantities import GAS, IMPORT
from slimmemeter.money.reckoning import Reckoning

ONE_DAY = timedelta(days=1)
MOST_M3, MOST_KWH_BE = 170_000, 20_000


def of(reckoning: Reckoning) -> Iterator[str]:
    """Each sentence once, in the order in which they matter."""
    found = [
        *(f"nothing was read {_days(reckoning, *each)}" for each in reckoning.unknown),
        *(f"no contract {_days(reckoning, *each)}" for each in _without_contract(reckoning)),
        *_without_rates(reckoning),
        *_of_terms(reckoning),
        *_of_large_users(reckoning),
        *reckoning.facts.notes,
    ]
    yield from dict.fromkeys(found)


def _days(reckoning: Reckoning, begin: int, end: int) -> str:
    first = local_day(begin, reckoning.zone)
    last = day_after(end, reckoning.zone) - ONE_DAY
    return f"on {first}" if first == last else f"from {first} to {last}"


def _without_contract(reckoning: Reckoning) -> Iterator[tuple[int, int]]:
    at = reckoning.begin
    for year in reckoning.years:
        if at < min(year.begin, reckoning.end):
            yield at, min(year.begin, reckoning.end)
        at = max(at, year.end)
    if at < reckoning.end:
        yield at, reckoning.end


def _without_rates(reckoning: Reckoning) -> Iterator[str]:
    """What isn't counted as our tables don't have it."""
    for scene in _scenes(reckoning):
        day, home = scene.phase.day, scene.home
        if home.is_dutch:
            for energy in _energies(scene):
                if tables.tax(home, energy, day) is None:
                    yield f"without energy tax of {day.year}: it isn't in our table"
        elif home.country == "BE" and tables.levy(home, "excise", day) is None:
            yield f"without levies of {day.year}: they aren't in our table"
        yield from _without_grid(scene, day)


def _without_grid(scene: Scene, day: date) -> Iterator[str]:
    home, terms = scene.home, scene.phase.terms
    if home.country not in ("NL", "BE"):
        return
    for energy, about in (("electricity", terms.electricity), (GAS, terms.gas)):
        operator = home.grid if energy == "electricity" else home.gas_grid or home.grid
        is_taxed = home.is_dutch or energy == "electricity"
        if about is None or about.grid is not None or operator == NO_GRID or not is_taxed:
            continue
        if operator is None:
            yield "without grid costs: grid isn't given"
        elif not _has_grid(scene, energy, operator, day):
            yield f"without grid costs of {day.year}: {operator}'s aren't in our table"


def _has_grid(scene: Scene, energy: str, operator: str, day: date) -> bool:
    home = scene.home
    if home.is_dutch:
        return tables.dutch_grid(home, energy, operator, day) is not None
    if home.is_flemish:
        return tables.flemish_grid(home, operator, day) is not None
    if home.region == "Wallonia" and operator in tables.operators(home):
        return tables.walloon_grid(home, operator, day) is not None
    return False


def _of_terms(reckoning: Reckoning) -> Iterator[str]:
    for scene in _scenes(reckoning):
        about, gas = scene.phase.terms.electricity, scene.phase.terms.gas
        if gas is not None and gas.correction is None:
            yield "m3 of gas as the meter counts them: correction isn't given"
        if any(charge.key.part == TOTAL for charge in reckoning.charges_of(scene)):
            yield "the meter counts no two registers apart: type one price, or bands"
        if about is not None and about.bands is not None:
            yield "public holidays count as ordinary days"


def _of_large_users(reckoning: Reckoning) -> Iterator[str]:
    """Where a year uses more than the first bracket of a tax has."""
    by_year: dict[tuple[Year, int], list[Scene]] = {}
    for scene in reckoning.scenes:
        by_year.setdefault((scene.phase.year, scene.phase.day.year), []).append(scene)
    for (_, year), scenes in by_year.items():
        home, day = scenes[0].home, scenes[0].phase.day
        kwh = sum((each.flow(IMPORT).rise(each.begin, each.end) for each in scenes), Fraction())
        m3 = sum((_m3(each) for each in scenes), Fraction())
        start, following = tables.next_bracket(home, day)
        if home.is_dutch and kwh > start and following is None:
            yield f"above {start:,} kWh a year another tax counts: {year}'s isn't in our table"
        if home.is_dutch and m3 > MOST_M3:
            yield f"above {MOST_M3:,} m3 a year another tax counts, which isn't reckoned"
        if home.country == "BE" and kwh > MOST_KWH_BE:
            yield f"above {MOST_KWH_BE:,} kWh a year other levies count, which aren't reckoned"


def _m3(scene: Scene) -> Fraction:
    if scene.phase.terms.gas is None:
        return Fraction()
    flow = scene.measures.flow(GAS, scene.measures.registers(GAS, GAS))
    return flow.rise(scene.begin, scene.end)


def _energies(scene: Scene) -> list[str]:
    terms = scene.phase.terms
    both = (("electricity", terms.electricity), (GAS, terms.gas))
    return [energy for energy, about in both if about is not None]


def _scenes(reckoning: Reckoning) -> list[Scene]:
    """Those with a part in the period."""
    return [
        scene
        for scene in reckoning.scenes
        if scene.phase.begin < reckoning.end and scene.phase.end > reckoning.begin
    ]
