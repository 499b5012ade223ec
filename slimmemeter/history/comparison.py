"""Where are we compared with last year: totals to the same moment, and a line for each year."""

from __future__ import annotations

from typing import NamedTuple

from slimmemeter.history import consumption
from slimmemeter.history.consumption import Column, Table
from slimmemeter.history.periods import Period
from slimmemeter.store.reader import Reader

MOST_YEARS = 10


class Compared(NamedTuple):
    """What was counted until the same moment of another period: the period, until when, and the
    columns."""

    period: Period
    until: int
    table: Table


def to_the_same_moment(
    reader: Reader, name: str, period: Period, other: Period, until: int
) -> Compared | None:
    """What the other period had at the moment that `until` is in this one; None unless all of
    that time is known."""
    moment = period.same_moment(other, until)
    if moment <= other.begin_at:
        return None
    table = consumption.energy(reader, name, [other.begin_at, moment])
    is_whole = table.columns and not table.partial
    return Compared(other, moment, table) if is_whole else None


def cumulative(reader: Reader, name: str, years: list[Period]) -> Table:
    """By day what each year had counted since its begin: columns `import_2026_kwh`.

    :param years: the newest first, whose days these are; another one is left out unless it is
        known from its begin.
    """
    borders = years[0].borders("day")
    told = Table("", borders)
    for year in years[:MOST_YEARS]:
        days = [year.begin_at, *(years[0].same_moment(year, at) for at in borders[1:])]
        table = consumption.energy(reader, name, days)
        if year is years[0]:
            told.gaps, told.changes = table.gaps, table.changes
        elif not table.columns:
            break
        if year is years[0] or _is_known_from_its_begin(table):
            told.columns += [_running(column, year) for column in table.together()]
    told.columns.sort(key=lambda column: column.name.startswith("export"))
    return told


def _is_known_from_its_begin(table: Table) -> bool:
    return 0 not in table.partial and any(each.values[0] is not None for each in table.columns)


def _running(column: Column, year: Period) -> Column:
    """Sums since the begin; None before the first and after the last known day."""
    known = [place for place, value in enumerate(column.values) if value is not None]
    within = range(known[0], known[-1] + 1) if known else range(0)
    so_far, sums = 0, []
    for place, value in enumerate(column.values):
        so_far += value or 0
        sums.append(so_far if place in within else None)
    stem, _, unit = column.name.rpartition("_")
    return Column(f"{stem}_{year.first.year}_{unit}", column.scale, sums, column.total)
