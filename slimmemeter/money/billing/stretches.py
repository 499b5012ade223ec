"""Which terms and rates count when: a period is cut where any of them changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import Contract, Contracts, Home, Terms
from slimmemeter.money.usage.days import day_after, in_year, local_day, midnight, month_after

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Year:
    """A contract year: the local days [first_day, end_day), and their instants."""

    contract: Contract = field(compare=False)  # there is only one at a time
    first_day: date
    end_day: date
    begin: int
    end: int


@dataclass(frozen=True)
class Stretch:
    """A time [begin, end) in which nothing changes but prices by the clock and of the market."""

    begin: int
    end: int
    day: date  # whose rates and rules count
    terms: Terms
    year: Year

    @property
    def contract(self) -> Contract:
        """The contract that it belongs to."""
        return self.year.contract


class Plan:
    """The contracts of a house in time."""

    def __init__(self, contracts: Contracts, zone: ZoneInfo) -> None:
        self.home = contracts.home
        self.zone = zone
        self._contracts = contracts.contracts

    def years(self, begin: int, end: int) -> list[Year]:
        """The contract years that have a part in [begin, end), oldest first."""
        until = day_after(end, self.zone)
        following = [*self._contracts[1:], None]
        return [
            year
            for contract, after in zip(self._contracts, following, strict=False)
            for year in self._of(contract, after, until)
            if year.begin < end and year.end > begin
        ]

    def _of(self, contract: Contract, after: Contract | None, until: date) -> Iterator[Year]:
        ends = [after.first_day] if after else []
        ends += [contract.last_day + ONE_DAY] if contract.last_day else []
        day = contract.first_day
        while day < min([*ends, until]):
            begins = contract.year_begins or (contract.first_day.month, contract.first_day.day)
            this_year = in_year(begins, day.year)
            anniversary = this_year if this_year > day else in_year(begins, day.year + 1)
            end = min([*ends, anniversary])
            yield Year(contract, day, end, midnight(day, self.zone), midnight(end, self.zone))
            day = end

    def settling(self, year: Year) -> list[int]:
        """The midnights on which a contract year is settled: its last one, and that on which
        netting ends."""
        ends = tables.netting_ends(self.home)
        at = midnight(ends, self.zone) if ends else 0
        return [at, year.end] if year.begin < at < year.end else [year.end]

    def stretches(self, begin: int, end: int) -> list[Stretch]:
        """The stretches of [begin, end), oldest first; none where there is no contract."""
        return [
            stretch for year in self.years(begin, end) for stretch in self._cut(year, begin, end)
        ]

    def _cut(self, year: Year, begin: int, end: int) -> Iterator[Stretch]:
        first = max(year.first_day, local_day(begin, self.zone))
        last = min(year.end_day, day_after(end, self.zone))
        cuts = {day for day in self._cuts(year.contract, first, last) if first < day < last}
        for day, until in pairwise(sorted({first, last} | cuts)):
            yield Stretch(
                max(midnight(day, self.zone), begin),
                min(midnight(until, self.zone), end),
                day,
                terms_of(year.contract, day),
                year,
            )

    def _cuts(self, contract: Contract, first: date, last: date) -> Iterator[date]:
        """The days from which on any rate may be another."""
        yield from (each.first_day for each in contract.terms)
        yield from tables.first_days(self.home)
        yield from (date(year, 1, 1) for year in range(first.year + 1, last.year + 1))
        if self.home.is_flemish and contract.bills == "month":
            day = month_after(first)
            while day < last:
                yield day
                day = month_after(day)


class AsIf:
    """One contract with the rates and rules of one day, for a period as one contract year."""

    def __init__(
        self, home: Home, contract: Contract, day: date, begin: int, end: int, zone: ZoneInfo
    ) -> None:
        self.home = home
        self.zone = zone
        self._day = day
        first, last = local_day(begin, zone), day_after(end, zone)
        self._year = Year(contract, first, last, begin, end)

    def years(self, begin: int, end: int) -> list[Year]:
        """As of `Plan`."""
        return [self._year] if self._year.begin < end and self._year.end > begin else []

    def settling(self, year: Year) -> list[int]:
        """As of `Plan`; all of it has the rules of one day."""
        return [year.end]

    def stretches(self, begin: int, end: int) -> list[Stretch]:
        """As of `Plan`."""
        terms = terms_of(self._year.contract, self._day)
        ends = max(begin, self._year.begin), min(end, self._year.end)
        return [Stretch(*ends, self._day, terms, self._year)] if ends[0] < ends[1] else []


Planned = Plan | AsIf


def terms_of(contract: Contract, day: date) -> Terms:
    """The terms that count on a day; the first ones before all."""
    started: Sequence[Terms] = [each for each in contract.terms if each.first_day <= day]
    return started[-1] if started else contract.terms[0]
