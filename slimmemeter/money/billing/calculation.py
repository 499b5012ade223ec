"""One calculation: the contracts of a time, its instants, and what everything charges in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Protocol
from zoneinfo import ZoneInfo

from slimmemeter.money.billing import electricity, settlement
from slimmemeter.money.billing.charges import Charge, Scene, of_gas
from slimmemeter.money.billing.facts import Facts
from slimmemeter.money.billing.lines import Line
from slimmemeter.money.billing.measures import Measures, unknown_days
from slimmemeter.money.billing.settlement import Settled
from slimmemeter.money.billing.stretches import Planned, Stretch, Year
from slimmemeter.money.contract import bands, tables
from slimmemeter.money.contract.contracts import WALLONIA, Electricity, Spot
from slimmemeter.money.market.spot import Market
from slimmemeter.money.usage.days import local_day, midnight, midnights
from slimmemeter.money.usage.quantities import ELECTRICITY, GAS, Source, Times


class PriceSource(Protocol):
    """Where prices of the market come from: the database, or what is expected."""

    def prices(self, energy: str, begin: int, end: int) -> list[tuple[int, int, int]]:
        """As of the reader of the database."""


@dataclass(frozen=True)
class Books:
    """What every calculation needs: counters, contracts, prices, the house's zone, and now."""

    source: Source
    plan: Planned
    reader: PriceSource
    zone: ZoneInfo
    now: int
    _markets: dict[object, Market] = field(default_factory=dict)

    def market(self, energy: str, slot: str, begin: int, end: int) -> Market:
        """The prices of the market in a time: read once, as variants of a bill need the same."""
        key = self.reader, self.now, energy, slot, begin, end
        if key not in self._markets:
            ends = begin, end
            made = Market(self.reader.prices, energy, slot, ends, self.zone, self.now)
            self._markets[key] = made
        return self._markets[key]


@dataclass(frozen=True)
class Booked:
    """What is settled on a midnight."""

    at: int
    lines: Sequence[Line]


class Calculation:
    """The charges of [begin, end), as far as it is past, and what is settled in it."""

    def __init__(
        self, books: Books, begin: int, end: int, borders: Iterable[int] = (), by_day: bool = False
    ) -> None:
        """:param borders: instants at which amounts are needed.
        :param by_day: also at midnights, so that lines know their first and last day.
        """
        self.books = books
        self.begin = begin
        self.end = min(end, books.now)
        self.zone = books.zone
        self.home = books.plan.home
        self.years = books.plan.years(begin, end) if begin < end else []
        self.facts = Facts(books.source, self.home, self.zone, books.now)
        self._by_day = by_day
        self._due = [
            (year, at)
            for year in self.years
            for at in books.plan.settling(year)
            if begin < at <= min(end, books.now)
        ]
        first = min([begin, *(year.begin for year, _ in self._due)])
        self._stretches = books.plan.stretches(first, self.end) if first < self.end else []
        self._markets = dict(self._needed_markets())
        self.measures = Measures(
            books.source, self._instants(first, borders), self.zone, self._markets
        )

    def _needed_markets(self) -> Iterator[tuple[tuple[str, str], Market]]:
        times: dict[tuple[str, str], list[Stretch]] = {}
        for stretch in self._stretches:
            for energy, slot in needed_slots(stretch):
                times.setdefault((energy, slot), []).append(stretch)
        for (energy, slot), stretches in times.items():
            ends = stretches[0].begin, stretches[-1].end
            yield (energy, slot), self.books.market(energy, slot, *ends)

    def _instants(self, first: int, borders: Iterable[int]) -> list[int]:
        if first >= self.end:
            return [first, first + 1]
        source, ends = self.books.source, (first, self.end)
        found = {*ends, self.begin, *(at for at in borders if first <= at <= self.end)}
        found |= {at for stretch in self._stretches for at in (stretch.begin, stretch.end)}
        found |= {at for hole in unknown_days(source.known(), *ends, self.zone) for at in hole}
        for energy in (ELECTRICITY, GAS):
            found |= {at for gap in source.gaps(energy, *ends) for at in gap}
        for stretch in self._stretches:
            found.update(self._cuts(stretch))
        if self._by_day:
            found.update(midnights(first, self.end, self.zone))
        return sorted(found)

    def _cuts(self, stretch: Stretch) -> Iterator[int]:
        """Where the clock or the market changes a price."""
        ends = stretch.begin, stretch.end
        about = stretch.terms.electricity
        clocks = [about.bands] if about and about.bands else []
        if self.home.region == WALLONIA and self.home.grid_tariff == "impact":
            clocks.append(bands.parse(tables.impact_hours(self.home)))
        for clock in clocks:
            yield from (at for at, _ in clock.borders(*ends, self.zone) if ends[0] < at < ends[1])
        for needed in needed_slots(stretch):
            borders = self._markets[needed].borders
            yield from borders[bisect_right(borders, ends[0]) : bisect_left(borders, ends[1])]

    @cached_property
    def scenes(self) -> list[Scene]:
        """The stretches, with their places among the instants."""
        return [
            Scene(
                stretch,
                self.home,
                self.measures,
                *(self.measures.place(at) for at in (stretch.begin, stretch.end)),
            )
            for stretch in self._stretches
        ]

    @cached_property
    def _charges(self) -> list[list[Charge]]:
        return [list(self._of(scene)) for scene in self.scenes]

    def _of(self, scene: Scene) -> Iterator[Charge]:
        terms = scene.stretch.terms
        if terms.electricity is not None:
            yield from electricity.charges(scene, terms.electricity, self.facts)
        if terms.gas is not None:
            yield from of_gas(scene, terms.gas)

    def charges_of(self, scene: Scene) -> list[Charge]:
        """The charges of a stretch."""
        return self._charges[self.scenes.index(scene)]

    def charges(self) -> list[Charge]:
        """The charges of [begin, end)."""
        if self.begin >= self.end:
            return []
        begin, end = self.measures.place(self.begin), self.measures.place(self.end)
        return [
            replace(each, begin=max(each.begin, begin), end=min(each.end, end))
            for charges in self._charges
            for each in charges
            if each.begin < end and each.end > begin
        ]

    def booked(self) -> list[Booked]:
        """What is settled in it."""
        return [Booked(at, list(self.settled(year, at))) for year, at in self._due]

    def settled(self, year: Year, at: int) -> Iterator[Line]:
        """What is settled of a contract year at an instant, as far as it is past."""
        day = local_day(at, self.zone)
        before = [each for each in self.books.plan.settling(year) if each < at]
        first = local_day(before[-1], self.zone) if before else year.first_day
        if part := self._part(year, first, day):
            yield from settlement.of_netting(part)
        if day >= year.end_day and (whole := self._part(year, year.first_day, year.end_day)):
            yield from settlement.of_year(whole)

    def _part(self, year: Year, first: date, last: date) -> Settled | None:
        begin, end = midnight(first, self.zone), midnight(last, self.zone)
        inside = [
            (scene, charges)
            for scene, charges in zip(self.scenes, self._charges, strict=True)
            if scene.stretch.year == year
            and scene.stretch.begin >= begin
            and scene.stretch.end <= end
            and scene.stretch.terms.electricity is not None
        ]
        if not inside:
            return None
        scenes, charges = zip(*inside, strict=True)
        return Settled(year, first, last, scenes, charges)

    @cached_property
    def unknown(self) -> Times:
        """The stretches of whole days in it of which nothing is known."""
        if self.begin >= self.end:
            return []
        return unknown_days(self.books.source.known(), self.begin, self.end, self.zone)

    @property
    def energies(self) -> list[str]:
        """The energies of which there is a contract."""
        terms = [stretch.terms for stretch in self._stretches]
        has_gas = any(each.gas is not None for each in terms)
        has_electricity = any(each.electricity is not None for each in terms)
        return [ELECTRICITY] * has_electricity + [GAS] * has_gas

    @property
    def is_partial(self) -> bool:
        """Whether something of its past isn't known."""
        begin, end = self.measures.place(self.begin), self.measures.place(self.end)
        pieces = [each for energy in self.energies for each in self._partial(energy)]
        return bool(self.unknown) or any(begin <= place < end for place in pieces)

    def _partial(self, energy: str) -> Sequence[int]:
        """The pieces of which not all is known, of gas but for a house without any."""
        counted = self.measures.counted(energy)
        return counted.partial if counted.rises else ()


def needed_slots(stretch: Stretch) -> set[tuple[str, str]]:
    """Of which energy and by which slots a stretch needs prices of the market."""
    found = set()
    for energy, about in ((ELECTRICITY, stretch.terms.electricity), (GAS, stretch.terms.gas)):
        if about is None:
            continue
        spots = [about.dynamic]
        if isinstance(about, Electricity) and isinstance(about.feed_in, Spot):
            spots.append(about.feed_in)
        found |= {(energy, spot.slot) for spot in spots if spot is not None}
    return found
