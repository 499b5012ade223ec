"""What buckets of time cost: the amounts of a bill by bucket, exactly, in columns of a table."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm

from slimmemeter.money.billing.calculation import Books, Calculation
from slimmemeter.money.billing.charges import Charge
from slimmemeter.money.billing.lines import rounded

SUPPLY, FEED_IN, TAX, GRID, STANDING = "supply", "feed_in", "tax", "grid", "standing"
SETTLED, COST = "settled", "cost"
COLUMNS = (SUPPLY, FEED_IN, TAX, GRID, STANDING, SETTLED, COST)
# Which items of a bill each column has, with VAT; what is settled has its own.
ITEMS = {
    SUPPLY: ("supply", "green"),
    FEED_IN: ("netting", "feed_in", "feed_in_cost"),
    TAX: ("tax", "tax_netting", "rebate", "excise", "contribution"),
    GRID: ("grid", "grid_kwh", "capacity", "data"),
    STANDING: ("standing",),
}
COLUMN_OF = {item: column for column, items in ITEMS.items() for item in items}
MICRO = 6


@dataclass(frozen=True)
class Costs:
    """Buckets between `borders`, and by column integers of which `scale` make one €."""

    borders: Sequence[int]
    columns: Mapping[str, Sequence[int]]
    scale: int
    known: Sequence[bool]  # buckets of which something is known and has a contract
    unpriced: Mapping[str, Sequence[int]]  # by column buckets in which something has no price
    partial: Sequence[int]
    estimated: Sequence[int]  # buckets that share a gap with others or with other prices

    def amount(self, column: str, place: int) -> Fraction | None:
        """A bucket's exact amount in €; None if it isn't known."""
        if not self.known[place] or place in self.unpriced[column]:
            return None
        return Fraction(self.columns[column][place], self.scale)

    def total(self, column: str, first: int = 0) -> Fraction | None:
        """The exact sum of a column from a bucket on; None if none of it is known, or something has
        no price."""
        if not any(self.known[first:]) or any(n >= first for n in self.unpriced[column]):
            return None
        return Fraction(sum(self.columns[column][first:]), self.scale)

    def micros(self, column: str) -> list[int | None]:
        """A column in millionths of a €, each rounded."""
        amounts = (self.amount(column, place) for place in range(len(self.known)))
        return [None if each is None else rounded(each, MICRO) for each in amounts]


def of(books: Books, borders: Sequence[int], energy: str | None = None) -> Costs:
    """What the buckets between these borders cost, as far as they are past.

    :param energy: electricity or gas alone; None: all of a bill.
    """
    calculation = Calculation(books, borders[0], borders[-1], borders)
    ends = [calculation.measures.place(min(at, calculation.end)) for at in borders]
    if calculation.begin >= calculation.end:
        ends = [0] * len(borders)
    charges = [each for each in calculation.charges() if energy in (None, each.key.energy)]
    booked = _booked(calculation, borders, energy)
    rates = [
        rate * (1 + charge.key.vat_percent / 100) / curve.scale
        for charge in charges
        for curve, rate in charge.costs
    ]
    scale = lcm(1, *(rate.denominator for rate in rates), *(one.denominator for one in booked))
    columns = {name: [0] * (len(borders) - 1) for name in COLUMNS[:-1]}
    scaled = iter(rates)
    for charge in charges:
        _add(columns[COLUMN_OF[charge.key.item]], charge, ends, scaled, scale)
    columns[SETTLED] = [int(each * scale) for each in booked]
    columns[COST] = [sum(each) for each in zip(*columns.values(), strict=True)]
    return Costs(
        borders,
        columns,
        scale,
        _known(calculation, borders, ends),
        _unpriced(charges, ends),
        _partial(calculation, borders, ends),
        _estimated(calculation, borders),
    )


def _booked(calculation: Calculation, borders: Sequence[int], energy: str | None) -> list[Fraction]:
    """By bucket what is settled at its end or within it."""
    found = [Fraction()] * (len(borders) - 1)
    for booked in calculation.booked():
        place = bisect_left(borders, booked.at) - 1
        lines = (line for line in booked.lines if energy in (None, line.key.energy))
        found[place] += sum((line.exact for line in lines), Fraction())
    return found


def _add(
    column: list[int], charge: Charge, ends: Sequence[int], rates: Iterator[Fraction], scale: int
) -> None:
    """Add to each bucket what a charge adds to it."""
    first, last = _buckets(charge, ends)
    places = [charge.begin, *ends[first + 1 : last], charge.end]
    for curve, _ in charge.costs:
        rate = int(next(rates) * scale)
        at = [curve.at[place] for place in places]
        for place, (before, after) in enumerate(pairwise(at), first):
            column[place] += int(after - before) * rate


def _buckets(charge: Charge, ends: Sequence[int]) -> tuple[int, int]:
    """The first bucket with a part of a charge, and the one after its last."""
    first = max(bisect_right(ends, charge.begin) - 1, 0)
    return first, max(bisect_left(ends, charge.end), first + 1)


def _known(calculation: Calculation, borders: Sequence[int], ends: Sequence[int]) -> list[bool]:
    """Which buckets have a time of a contract of which anything is known."""
    found = [False] * (len(ends) - 1)
    for scene in calculation.scenes:
        first = max(bisect_right(ends, scene.begin) - 1, 0)
        for place in range(first, min(bisect_left(ends, scene.end), len(found))):
            found[place] = ends[place] < ends[place + 1]
    for begin, end in calculation.unknown:
        for place in range(bisect_left(borders, begin), bisect_right(borders, end) - 1):
            found[place] = False
    return found


def _unpriced(charges: Sequence[Charge], ends: Sequence[int]) -> dict[str, list[int]]:
    """By column the buckets in which something has no price; of the cost those of all columns."""
    found: dict[str, set[int]] = {column: set() for column in COLUMNS}
    for charge in charges:
        first, last = _buckets(charge, ends)
        for curve in charge.unpriced:
            places = {
                place
                for place in range(first, last)
                if curve.at[min(ends[place + 1], charge.end)]
                > curve.at[max(ends[place], charge.begin)]
            }
            found[COLUMN_OF[charge.key.item]] |= places
            found[COST] |= places
    return {column: sorted(places) for column, places in found.items()}


def _partial(calculation: Calculation, borders: Sequence[int], ends: Sequence[int]) -> list[int]:
    """The buckets of which only a part is known."""
    pieces = {
        place
        for energy in calculation.energies
        for place in calculation.measures.counted(energy).partial
    }
    found = {bisect_right(ends, place) - 1 for place in pieces}
    running = bisect_left(borders, calculation.end) - 1
    if running >= 0 and borders[running] < calculation.end < borders[running + 1]:
        found.add(running)
    for begin, end in calculation.unknown:
        found.update(range(bisect_right(borders, begin) - 1, bisect_left(borders, end)))
    return sorted(place for place in found if 0 <= place < len(borders) - 1)


def _estimated(calculation: Calculation, borders: Sequence[int]) -> list[int]:
    """The buckets with a part of a gap over a border of theirs or over a change of prices."""
    found: set[int] = set()
    instants = calculation.measures.instants
    for energy in calculation.energies:
        for begin, end in calculation.measures.gaps(energy):
            if bisect_left(instants, end) - bisect_right(instants, begin) > 0:
                found.update(range(bisect_right(borders, begin) - 1, bisect_left(borders, end)))
    return sorted(place for place in found if 0 <= place < len(borders) - 1)
