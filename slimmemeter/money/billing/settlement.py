"""What only a contract year can know, as lines of their own that are booked at its end: what of the
export is set off, what is taken back, and what earns the pay for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from slimmemeter.money.billing import belgium, electricity
from slimmemeter.money.billing.charges import DYNAMIC, Charge, Key, Scene
from slimmemeter.money.billing.electricity import BARE, SURPLUS
from slimmemeter.money.billing.lines import Line
from slimmemeter.money.billing.stretches import Year
from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import NORMAL_FIRST, REGISTER_ONLY
from slimmemeter.money.usage.days import days_of_year
from slimmemeter.money.usage.quantities import EXPORT, IMPORT

NORMAL = "normal"


@dataclass
class Sum:
    """A quantity in kWh, its amount without VAT, and the VAT of it."""

    kwh: Fraction = Fraction()
    excl: Fraction = Fraction()
    vat: Fraction = Fraction()

    def add(self, charge: Charge) -> None:
        """Add a charge; export counts as a positive quantity and what it is credited as well."""
        curve, factor = charge.quantity
        excl = charge.excl
        self.kwh += abs(curve.rise(charge.begin, charge.end) * factor)
        self.excl += excl if factor > 0 else -excl
        self.vat += (excl if factor > 0 else -excl) * charge.key.vat_percent / 100

    @property
    def mean(self) -> Fraction:
        """€ per kWh."""
        return self.excl / self.kwh if self.kwh else Fraction()


@dataclass(frozen=True)
class Settled:
    """A part of a contract year that is settled on one midnight."""

    year: Year
    first_day: date
    end_day: date
    scenes: Sequence[Scene]
    charges: Sequence[Sequence[Charge]]  # of each scene


def of_netting(part: Settled) -> Iterator[Line]:
    """What is settled of export, and of the tax that it was credited."""
    sums = _sums(part.charges)
    yield from _netting(part, sums)
    taxed, credited = (sums.get((item, ""), Sum()) for item in ("tax", "tax_netting"))
    if (back := credited.kwh - taxed.kwh) > 0:
        yield _line(part, "tax_settle", "", back, credited.mean, part.scenes[-1].vat)


def of_year(part: Settled) -> Iterator[Line]:
    """What is settled of a whole contract year: the tax of large users, and the most that the grid
    of Flanders costs."""
    yield from _bracket(part)
    yield from _maximum(part)


def _sums(charges: Iterable[Sequence[Charge]]) -> Mapping[tuple[str, str], Sum]:
    """By item and part what was charged."""
    found: dict[tuple[str, str], Sum] = {}
    for charge in (each for stretch in charges for each in stretch):
        if charge.key.energy == "electricity":
            found.setdefault((charge.key.item, charge.key.part), Sum()).add(charge)
    return found


def _of(sums: Mapping[tuple[str, str], Sum], item: str) -> dict[str, Sum]:
    return {part: each for (name, part), each in sums.items() if name == item}


def _netting(part: Settled, sums: Mapping[tuple[str, str], Sum]) -> Iterator[Line]:
    credited = _of(sums, "netting")
    if dynamic := credited.pop(DYNAMIC, None):
        yield from _dynamic(part, dynamic, sums)
    if bare := credited.pop(BARE, None):
        imported = sum((each.kwh for each in _of(sums, "supply").values()), Fraction())
        back = bare.kwh - imported
        if back > 0:
            yield _line(part, "settle", BARE, back, bare.mean, Fraction())
            yield from _surplus(part, back)
    if credited:
        yield from _registers(part, credited, _of(sums, "supply"))


def _dynamic(part: Settled, credited: Sum, sums: Mapping[tuple[str, str], Sum]) -> Iterator[Line]:
    """The VAT of what was exported beyond what was imported is taken back."""
    imported = sums.get(("supply", DYNAMIC), Sum()).kwh
    back = credited.kwh - imported
    if back > 0 and credited.vat:
        vat = credited.vat * back / credited.kwh
        line = _line(part, "settle", "vat", back, Fraction(), part.scenes[-1].vat)
        yield replace(line, vat=vat, rate=None, key=replace(line.key, per=None, rate=None))


def _registers(
    part: Settled, credited: Mapping[str, Sum], supplied: Mapping[str, Sum]
) -> Iterator[Line]:
    about = part.scenes[-1].stretch.terms.electricity
    assert about is not None
    names = list(dict.fromkeys([*about.price, *supplied, *credited]))
    imported = {name: supplied.get(name, Sum()).kwh for name in names}
    exported = {name: credited.get(name, Sum()).kwh for name in names}
    netted = net(imported, exported, about.netting)
    vat = part.scenes[-1].vat
    for name in names:
        back = exported[name] - netted[name]
        if back:
            mean = credited[name].mean if back > 0 else supplied[name].mean
            yield _line(part, "settle", name, back, mean, vat)
    left = sum(exported.values()) - sum(netted.values())
    if left:
        yield from _surplus(part, Fraction(left))


def net(
    imported: Mapping[str, Fraction], exported: Mapping[str, Fraction], way: str
) -> dict[str, Fraction]:
    """By register, in the order of its prices, the kWh that export lowers it by."""
    names = list(imported)
    if way == NORMAL_FIRST:
        names.sort(key=lambda name: name != NORMAL)
        own = dict.fromkeys(names, Fraction())
    else:
        own = {name: min(imported[name], exported[name]) for name in names}
    if way == REGISTER_ONLY:
        return own
    left = sum(exported.values()) - sum(own.values())
    for name in names:
        taken = min(imported[name] - own[name], Fraction(left))
        own[name] += taken
        left -= taken
    return own


def _surplus(part: Settled, kwh: Fraction) -> Iterator[Line]:
    """What earns the pay, at its mean by export."""
    earned, assumed = Sum(), None
    for charge in (each for scene in part.scenes for each in _pay(scene)):
        earned.add(charge)
        assumed = charge.key.assumed
    if earned.kwh:
        line = _line(part, "feed_in", SURPLUS, -kwh, earned.mean, Fraction())
        yield replace(line, key=replace(line.key, assumed=assumed))


def _pay(scene: Scene) -> Iterator[Charge]:
    """What all export of a stretch would earn."""
    about = scene.stretch.terms.electricity
    if about is None or about.dynamic is not None:
        return
    for flow in scene.flows(about):
        price = scene.import_price(about, flow.part)
        yield from electricity.pay(scene, about, flow, price)


def _bracket(part: Settled) -> Iterator[Line]:
    """What a year's net kWh above 10,000 cost less, in proportion to the days of each year."""
    if not part.scenes or not part.scenes[0].home.is_dutch:
        return
    by_year: dict[int, list[Scene]] = {}
    for scene in part.scenes:
        by_year.setdefault(scene.stretch.day.year, []).append(scene)
    for year, scenes in by_year.items():
        home, day = scenes[0].home, scenes[0].stretch.day
        _, following = tables.next_bracket(home, day)
        first = tables.tax(home, "electricity", day)
        above = above_first_bracket(scenes)
        if above > 0 and following is not None and first is not None:
            line = _line(part, "bracket", f"{year}", above, following - first.value, scenes[-1].vat)
            yield line if len(by_year) == 1 else _within(line, year)


def above_first_bracket(scenes: Sequence[Scene]) -> Fraction:
    """The net kWh of a part of a calendar year above its share of what the first bracket has; below
    zero if there is room left."""
    day = scenes[0].stretch.day
    start, _ = tables.next_bracket(scenes[0].home, day)
    elapsed = (each.measures.elapsed["day"].rise(each.begin, each.end) for each in scenes)
    return _net(scenes) - start * sum(elapsed, Fraction()) / days_of_year(day.year)


def _within(line: Line, year: int) -> Line:
    """The line of a calendar year's part."""
    begins, ends = date(year, 1, 1), date(year + 1, 1, 1)
    return replace(line, first_day=max(line.first_day, begins), end_day=min(line.end_day, ends))


def _net(scenes: Sequence[Scene]) -> Fraction:
    """The kWh on which tax is due."""
    total = Fraction()
    for scene in scenes:
        total += scene.flow(IMPORT).rise(scene.begin, scene.end)
        if electricity.is_netted(scene):
            total -= scene.flow(EXPORT).rise(scene.begin, scene.end)
    return total


def _maximum(part: Settled) -> Iterator[Line]:
    """What capacity and kWh of the grid of Flanders cost above the most that a kWh may cost."""
    kwh = paid = most = Fraction()
    for scene, charges in zip(part.scenes, part.charges, strict=True):
        about = scene.stretch.terms.electricity
        if not scene.home.is_flemish or about is None:
            return
        found = belgium.flemish_grid(scene, about)
        if found is None or not found[1].maximum.value:
            return
        imported = scene.flow(IMPORT).rise(scene.begin, scene.end)
        kwh += imported
        most += imported * found[1].maximum.value
        paid += sum(
            (each.excl for each in charges if each.key.item in ("capacity", "grid_kwh")),
            Fraction(),
        )
    if kwh and paid > most:
        line = _line(part, "maximum", "", kwh, (most - paid) / kwh, part.scenes[-1].vat)
        yield replace(line, key=replace(line.key, rate=None))


def _line(
    part: Settled, item: str, name: str, kwh: Fraction, rate: Fraction, vat_percent: Fraction
) -> Line:
    contract = part.year.contract.name
    key = Key("electricity", item, name, contract, "kWh", "kWh", rate, vat_percent)
    excl = kwh * rate
    return Line(key, part.first_day, part.end_day, kwh, excl, excl * vat_percent / 100, rate)
