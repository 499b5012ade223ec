"""A house as it would have counted with a battery, and what that saves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import accumulate, pairwise, product
from zoneinfo import ZoneInfo

from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.stretches import terms_of
from slimmemeter.money.contract import bare, tables
from slimmemeter.money.contract.contracts import Contract, Electricity, Home
from slimmemeter.money.market.spot import SCALE
from slimmemeter.money.usage.quantities import (
    ELECTRICITY,
    EXPORT,
    IMPORT,
    Counted,
    Register,
    Source,
    Times,
)
from slimmemeter.money.what_if import as_if
from slimmemeter.money.what_if.battery import STEP_S, Battery, Prices, Run, Steps, run, steps_of

KWH_OF_MWH = 1000
QUARTER_S = 900


class WithBattery:
    """The counters of a house with a battery between the meter and the house.

    What a battery gives belongs to the register that counted in its step, and so does what it
    takes.
    """

    def __init__(self, source: Source, steps: Steps, done: Run) -> None:
        self._source = source
        self._begin = steps.begin
        self._end = steps.at(len(steps.imported))
        self._sums = {
            register: list(accumulate(values, initial=0))
            for register, values in _changed(steps.registers, done).items()
        }

    def counted(self, energy: str, instants: Sequence[int]) -> Counted:
        """As of `Source`; of electricity only within the time of the steps."""
        if energy != ELECTRICITY:
            return self._source.counted(energy, instants)
        places = [min(max(at, self._begin), self._end) - self._begin for at in instants]
        return Counted(
            {
                register: [new - old for old, new in pairwise(_at(sums, places))]
                for register, sums in self._sums.items()
            }
        )

    def gaps(self, energy: str, begin: int, end: int) -> Times:
        """As of `Source`."""
        return self._source.gaps(energy, begin, end)

    def known(self) -> Times:
        """As of `Source`."""
        return self._source.known()

    def peak_w(self, month: date, zone: ZoneInfo) -> int | None:
        """As it was without a battery, which may have lowered it, or raised it by buying."""
        return self._source.peak_w(month, zone)


def _at(sums: Sequence[int], seconds: Iterable[int]) -> list[int]:
    """The sums at instants; within a step by the straight line."""
    found = []
    for second in seconds:
        place, rest = divmod(second, STEP_S)
        line = (sums[place + 1] - sums[place]) * rest // STEP_S if rest else 0
        found.append(sums[place] + line)
    return found


def _changed(rises: Mapping[Register, Sequence[int]], done: Run) -> dict[Register, list[int]]:
    """What each register counts in each step, with what the battery gave and took."""
    changed = {register: list(values) for register, values in rises.items()}
    imports, exports = (
        [values for (name, _), values in changed.items() if name == direction]
        for direction in (IMPORT, EXPORT)
    )
    for place, (taken, given) in enumerate(zip(done.taken, done.given, strict=True)):
        if given:
            _lower(imports, place, given)
        if taken:
            bought = taken - _lower(exports, place, taken)
            if bought:
                _used_most(imports, place)[place] += bought
    return changed


def _lower(registers: Sequence[list[int]], place: int, by: int) -> int:
    """Take from registers what they counted in a step; returns how much that was."""
    left = by
    for values in registers:
        part = min(values[place], left)
        values[place] -= part
        left -= part
    return by - left


def _used_most(imports: Sequence[list[int]], place: int) -> list[int]:
    """The register of import that counts at a step, or did last."""
    for before in range(place, -1, -1):
        for values in imports:
            if values[before]:
                return values
    return imports[0]


@dataclass(frozen=True)
class Result:
    """What a battery would have done, and what it would have saved, in € a year."""

    done: Run
    imported_wh: int
    exported_wh: int
    imported_after_wh: int
    exported_after_wh: int
    saves_now: Fraction | None  # under the contract and the rules of the day; None: not known
    saves_2027: Fraction | None
    is_dynamic: bool  # the contract


def results(
    books: Books,
    contract: Contract,
    begin: int,
    end: int,
    today: date,
    batteries: Sequence[Battery],
) -> Iterator[Result]:
    """What batteries would have done in [begin, end), which begins on a step: storing surplus, and
    with a dynamic contract also buying by price."""
    steps = steps_of(books.source, begin, end, books.zone)
    days = [today, tables.netting_ends(books.plan.home) or today]
    before = [as_if.bill_of(books, contract, day, begin, end).exact for day in days]
    prices = _buying(books, contract, today, begin, end)
    for policy, battery in product((None, prices) if prices else (None,), batteries):
        done = run(battery, steps, policy)
        after = replace(books, source=WithBattery(books.source, steps, done))
        bills = [as_if.bill_of(after, contract, day, begin, end).exact for day in days]
        saved = [
            None if one is None or other is None else one - other
            for one, other in zip(before, bills, strict=True)
        ]
        yield _result(done, steps, saved, prices is not None)


def _result(done: Run, steps: Steps, saved: Sequence[Fraction | None], is_dynamic: bool) -> Result:
    imported, exported = sum(steps.imported), sum(steps.exported)
    surplus = sum(done.taken) - done.bought
    after = imported + done.bought - sum(done.given), exported - surplus
    now, in_2027 = saved
    return Result(done, imported, exported, *after, now, in_2027, is_dynamic)


def _buying(books: Books, contract: Contract, day: date, begin: int, end: int) -> Prices | None:
    """What a kWh from the grid costs without VAT in each quarter-hour, in integers of which
    spot.SCALE make one € a MWh; None without a dynamic contract."""
    terms = terms_of(contract, day)
    about = terms.electricity
    if about is None or about.dynamic is None:
        return None
    market = books.market(ELECTRICITY, about.dynamic.slot, begin, end)
    formula = about.dynamic.formula
    factor = Fraction(formula.a) * 10 if formula else 1
    own = bare.without_vat(about.dynamic.markup, terms.vat, books.plan.home, day)
    fixed = (Fraction(formula.b) / 100 if formula else own) + _levies(books.plan.home, about, day)
    added = int(fixed * KWH_OF_MWH * SCALE)

    spots = market.prices(range(begin, end, QUARTER_S))
    return [None if spot is None else int(spot * factor) + added for spot in spots]


def _levies(home: Home, about: Electricity, day: date) -> Fraction:
    """What the state and the grid ask for a kWh, and green certificates, without VAT."""
    rates = [tables.tax(home, ELECTRICITY, day)] if home.is_dutch else []
    rates += [tables.levy(home, name, day) for name in ("excise", "contribution")]
    if home.is_flemish and home.grid in tables.operators(home):
        grid = tables.flemish_grid(home, str(home.grid), day)
        rates.append(grid.kwh if grid else None)
    green = Fraction(about.green or 0)
    return sum((rate.value for rate in rates if rate is not None), green)
