"""Comparisons: totals up to the same moment of another period, and a line for each year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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

    table: Table  # of one bucket
    compared: list[Compared]  # only those that are known whole


def totals(
    house: Snapshot, name: str, periods: Sequence[tuple[Period, Sequence[Period]]]
) -> list[Totals]:
    """Each period's total beside those of others, up to the same moment.

    :param periods: each with the periods that it is compared with.
    """
    last = consumption.last_known(house, name)
    moments = [
        [(other, period.same_moment(other, min(period.end_at, last or period.begin_at)))
         for other in others]
        for period, others in periods
    ]  # fmt: skip
    compared = [
        [(other, until) for other, until in row if until > other.begin_at] for row in moments
    ]
    wanted = [[period.begin_at, period.end_at] for period, _ in periods]
    wanted += [[other.begin_at, until] for row in compared for other, until in row]
    tables = iter(consumption.energy_of(house, name, wanted))
    own = [next(tables) for _ in periods]
    return [
        Totals(
            table,
            [
                found
                for other, until in row
                if (found := Compared(other, until, next(tables))) and _is_whole(found.table)
            ],
        )
        for table, row in zip(own, compared, strict=True)
    ]


def _is_whole(table: Table) -> bool:
    return bool(table.columns) and not table.partial


def cumulative(house: Snapshot, name: str, years: Sequence[Period]) -> Table:
    """For each day what each year has counted since its start, in a column with the year.

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
                result.columns[dated] = _running(values)
                result.totals[dated] = whole.totals[column]
    in_order = sorted(result.columns, key=lambda column: column.is_export)
    result.columns = {column: result.columns[column] for column in in_order}
    return result


def _is_known_from_its_start(table: Table) -> bool:
    return 0 not in table.partial and any(each[0] is not None for each in table.columns.values())


def _running(values: Numbers) -> Numbers:
    """Sums since the start; None before the first and after the last known day."""
    known = [place for place, value in enumerate(values) if value is not None]
    within = range(known[0], known[-1] + 1) if known else range(0)
    so_far, sums = 0, []
    for place, value in enumerate(values):
        so_far += value or 0
        sums.append(so_far if place in within else None)
    return sums
