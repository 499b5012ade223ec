"""What a bill says about itself, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from slimmemeter.money.billing import electricity, settlement
from slimmemeter.money.billing.calculation import Calculation
from slimmemeter.money.billing.charges import Scene
from slimmemeter.money.billing.electricity import TOTAL
from slimmemeter.money.billing.stretches import Year
from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import NO_GRID
from slimmemeter.money.remarks import N_, Remark, remark
from slimmemeter.money.usage.days import day_after, local_day
from slimmemeter.money.usage.quantities import EXPORT, GAS, IMPORT

ONE_DAY = timedelta(days=1)
MOST_M3, MOST_KWH_BE = 170_000, 20_000


def of(calculation: Calculation) -> Iterator[Remark]:
    """Each sentence once, in the order in which they matter."""
    found = [
        *(_nothing_read(*_days(calculation, *each)) for each in calculation.unknown),
        *(_no_contract(*_days(calculation, *each)) for each in _without_contract(calculation)),
        *_without_rates(calculation),
        *_of_terms(calculation),
        *_of_surplus(calculation),
        *_of_large_users(calculation),
    ]
    yield from dict.fromkeys(found)


def _days(calculation: Calculation, begin: int, end: int) -> tuple[date, date]:
    """The first and the last day of a time."""
    return local_day(begin, calculation.zone), day_after(end, calculation.zone) - ONE_DAY


def _nothing_read(first: date, last: date) -> Remark:
    if first == last:
        return remark(N_("nothing was read on %(first)s"), first=first)
    return remark(N_("nothing was read from %(first)s to %(last)s"), first=first, last=last)


def _no_contract(first: date, last: date) -> Remark:
    if first == last:
        return remark(N_("no contract on %(first)s"), first=first)
    return remark(N_("no contract from %(first)s to %(last)s"), first=first, last=last)


def _without_contract(calculation: Calculation) -> Iterator[tuple[int, int]]:
    at = calculation.begin
    for year in calculation.years:
        if at < min(year.begin, calculation.end):
            yield at, min(year.begin, calculation.end)
        at = max(at, year.end)
    if at < calculation.end:
        yield at, calculation.end


def _without_rates(calculation: Calculation) -> Iterator[Remark]:
    """What isn't counted as our tables don't have it."""
    for scene in _scenes(calculation):
        day, home = scene.stretch.day, scene.home
        if home.is_dutch:
            for energy in _energies(scene):
                if tables.tax(home, energy, day) is None:
                    yield remark(
                        N_("without energy tax of %(year)s: it isn't in our table"), year=day.year
                    )
        elif home.country == "BE" and tables.levy(home, "excise", day) is None:
            yield remark(N_("without levies of %(year)s: they aren't in our table"), year=day.year)
        yield from _without_grid(scene, day)


def _without_grid(scene: Scene, day: date) -> Iterator[Remark]:
    home, terms = scene.home, scene.stretch.terms
    if home.country not in ("NL", "BE"):
        return
    for energy, about in (("electricity", terms.electricity), (GAS, terms.gas)):
        operator = home.grid if energy == "electricity" else home.gas_grid or home.grid
        is_taxed = home.is_dutch or energy == "electricity"
        if about is None or about.grid is not None or operator == NO_GRID or not is_taxed:
            continue
        if operator is None:
            yield remark(N_("without grid costs: grid isn't given"))
        elif not _has_grid(scene, energy, operator, day):
            yield remark(
                N_("without grid costs of %(year)s: %(operator)s's aren't in our table"),
                year=day.year,
                operator=operator,
            )


def _has_grid(scene: Scene, energy: str, operator: str, day: date) -> bool:
    home = scene.home
    if home.is_dutch:
        return tables.dutch_grid(home, energy, operator, day) is not None
    if home.is_flemish:
        return tables.flemish_grid(home, operator, day) is not None
    if home.region == "Wallonia" and operator in tables.operators(home):
        return tables.walloon_grid(home, operator, day) is not None
    return False


def _of_terms(calculation: Calculation) -> Iterator[Remark]:
    for scene in _scenes(calculation):
        about, gas = scene.stretch.terms.electricity, scene.stretch.terms.gas
        if gas is not None and gas.correction is None:
            yield remark(N_("m3 of gas as the meter counts them: correction isn't given"))
        elif gas is not None and gas.correction is not None and gas.correction != 1:
            yield remark(
                N_("gas is the meter's m3 times %(factor)s, the correction factor"),
                factor=float(gas.correction),
            )
        if any(charge.key.part == TOTAL for charge in calculation.charges_of(scene)):
            yield remark(N_("the meter counts no two registers apart: type one price, or bands"))
        if about is not None and about.bands is not None:
            yield remark(N_("public holidays count as ordinary days"))


def _of_surplus(calculation: Calculation) -> Iterator[Remark]:
    """Where more was exported than imported while netting lasts, and nothing says what it earns."""
    for year in calculation.years:
        inside = [each for each in calculation.scenes if each.stretch.year == year]
        unpaid = [each for each in inside if _is_unpaid(each)]
        kwh = {
            direction: sum(
                (each.flow(direction).rise(each.begin, each.end) for each in unpaid), Fraction()
            )
            for direction in (IMPORT, EXPORT)
        }
        if kwh[EXPORT] > kwh[IMPORT]:
            yield remark(N_("feed_in isn't given: what is left after netting earns nothing here"))


def _is_unpaid(scene: Scene) -> bool:
    about = scene.stretch.terms.electricity
    is_fixed = about is not None and about.dynamic is None and about.feed_in is None
    return is_fixed and electricity.is_netted(scene)


def _of_large_users(calculation: Calculation) -> Iterator[Remark]:
    """Where a year uses more than the first bracket of a tax has."""
    by_year: dict[tuple[Year, int], list[Scene]] = {}
    for scene in calculation.scenes:
        by_year.setdefault((scene.stretch.year, scene.stretch.day.year), []).append(scene)
    for (_, year), scenes in by_year.items():
        home, day = scenes[0].home, scenes[0].stretch.day
        kwh = sum((each.flow(IMPORT).rise(each.begin, each.end) for each in scenes), Fraction())
        m3 = sum((_m3(each) for each in scenes), Fraction())
        start, following = tables.next_bracket(home, day)
        if home.is_dutch and following is None and settlement.above_first_bracket(scenes) > 0:
            yield remark(
                N_("above %(kwh)s kWh a year another tax counts: %(year)s's isn't in our table"),
                kwh=f"{start:,}",
                year=year,
            )
        if home.is_dutch and m3 > MOST_M3:
            yield remark(
                N_("above %(m3)s m3 a year another tax counts, which isn't calculated"),
                m3=f"{MOST_M3:,}",
            )
        if home.country == "BE" and kwh > MOST_KWH_BE:
            yield remark(
                N_("above %(kwh)s kWh a year other levies count, which aren't calculated"),
                kwh=f"{MOST_KWH_BE:,}",
            )


def _m3(scene: Scene) -> Fraction:
    if scene.stretch.terms.gas is None:
        return Fraction()
    flow = scene.measures.flow(GAS, scene.measures.registers(GAS, GAS))
    return flow.rise(scene.begin, scene.end)


def _energies(scene: Scene) -> list[str]:
    terms = scene.stretch.terms
    both = (("electricity", terms.electricity), (GAS, terms.gas))
    return [energy for energy, about in both if about is not None]


def _scenes(calculation: Calculation) -> list[Scene]:
    """Those with a part in the period."""
    return [
        scene
        for scene in calculation.scenes
        if scene.stretch.begin < calculation.end and scene.stretch.end > calculation.begin
    ]
