"""Comparisons: totals up to the same moment of another period, and a line for each year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from slimmemeter.history import consumption
from slimmemeter.history.periods import Period
from slimmemeter.history.table import Numbers, Table
from slimmemeter.store.snapshot import Snapshot

MOST_YEARS = 10


class Compared(NamedTuple):
    """What another period had counted up to the same moment."""

    period: Period
    until: int
    table: Table  # of one bucket


class Totals(NamedTuple):
    """What a period counted of electricity or a medium, and those that it is compared with."""

    table: Table  # of one bucket, up to the newest reading
    since: int  # when it begins to be known
    compared: list[Compared]  # only if both sides are known whole


def totals(
    house: Snapshot, name: str, periods: Sequence[tuple[Period, Sequence[Period]]]
) -> list[Totals]:
    """Each period's total beside those of others, up to the same moment.

    :param periods: each with the periods that it is compared with.
    """
    series = consumption.series_of(house, name)
    first = min((each.first for each in series), default=0)
    last = max((each.last for each in series), default=0)
    ends = [min(max(last, period.begin_at + 1), period.end_at) for period, _ in periods]
    compared = [
        [
            (other, until)
            for other in others
            if (until := period.same_moment(other, end)) > other.begin_at
        ]
        for (period, others), end in zip(periods, ends, strict=True)
    ]
    wanted = [[period.begin_at, end] for (period, _), end in zip(periods, ends, strict=True)]
    wanted += [[other.begin_at, until] for row in compared for other, until in row]
    tables = iter(consumption.energy_of(house, name, wanted))
    own = [next(tables) for _ in periods]
    found = [[Compared(other, until, next(tables)) for other, until in row] for row in compared]
    return [
        Totals(
            table,
            max(period.begin_at, first),
            [each for each in row if _is_comparable(table, each.table)],
        )
        for (period, _), table, row in zip(periods, own, found, strict=True)
    ]


def _is_comparable(this: Table, other: Table) -> bool:
    """Whether both are known whole, and no more than a hundredth of them is a guess."""
    if not (this.columns and other.columns) or this.partial or other.partial:
        return False
    guesses: dict[str, int] = {}
    for table in (this, other):
        for column, used in table.over_ends.items():
            guesses[column.quantity] = guesses.get(column.quantity, 0) + used
    return all(
        guess * 100 <= min(_quantity(this, quantity), _quantity(other, quantity))
        for quantity, guess in guesses.items()
    )


def _quantity(table: Table, quantity: str) -> int:
    return sum(total or 0 for column, total in table.totals.items() if column.quantity == quantity)


def cumulative(house: Snapshot, name: str, years: Sequence[Period]) -> Table:
    """For each day what each year has counted since its start, in a column with the year.

    A year's line ends where a day isn't known.

    :param years: the newest first, whose days these are; another one is left out unless it is
        known from its start.
    """
    borders = years[0].borders("day")
    result = Table("", borders)
    known = [year for year in years[:MOST_YEARS] if year.end_at > (house.first_at or 0)]
    days = [years[0].same_days(year) for year in known or years[:1]]
    for year, table in zip(years, consumption.energy_of(house, name, days), strict=False):
        is_newest = year is years[0]
        if is_newest:
            result.gaps, result.changes = table.gaps, table.changes
        elif not table.columns:
            break
        if is_newest or _is_known_from_its_start(table):
            whole = table.without_tariffs()
            for column, values in whole.columns.items():
                dated = replace(column, year=year.first.year)
                sums = _running(values, table.partial)
                result.columns[dated] = sums
                result.totals[dated] = max(filter(None, sums), default=whole.totals[column])
    in_order = sorted(result.columns, key=lambda column: column.is_export)
    result.columns = {column: result.columns[column] for column in in_order}
    return result


def _is_known_from_its_start(table: Table) -> bool:
    return 0 not in table.partial and any(each[0] is not None for each in table.columns.values())


def _running(values: Numbers, partial: Sequence[int]) -> Numbers:
    """Sums since the start; None before the first known day, and from one on that isn't known."""
    known = [place for place, value in enumerate(values) if value is not None]
    if not known:
        return values
    unknown = [place for place, value in enumerate(values) if value is None and place > known[0]]
    unknown += [place for place in partial if known[0] < place < known[-1]]
    end = min(unknown, default=len(values))
    so_far = [*accumulate(value or 0 for value in values)]
    return [so_far[place] if known[0] <= place < end else None for place in range(len(values))]
