"""What a house does by the hour: when most came and went, and what flows when it sleeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from slimmemeter.history import consumption
from slimmemeter.history.consumption import LEAST_S, Column, Table
from slimmemeter.store.connection import NamedRow
from slimmemeter.store.reader import Reader

FEWEST_HOURS = 48  # of which something can be said of a house that sleeps
HOURS_A_YEAR = 8766
LEAST_PEAK_W = 2500


class Standby(NamedTuple):
    """What comes from the grid when the house sleeps: the mean power of the lowest tenth of the
    hours, of how many hours that is, and what it makes in a year."""

    power_w: int
    of_hours: int

    @property
    def a_year_kwh(self) -> int:
        """Were it always so."""
        return round(self.power_w * HOURS_A_YEAR / 1000)


class Most(NamedTuple):
    """The bucket in which most came or went: from when to when, the column, its value."""

    begin: int
    end: int
    column: Column
    value: int


def hours(reader: Reader, borders: list[int]) -> Table:
    """What came from and went to the grid in each hour, all tariffs together, in kWh."""
    told = consumption.electricity(reader, borders)
    told.name, told.columns = "hours", told.together()
    return told


def standby(hours: Table) -> Standby | None:
    """Of the complete hours without gap or export; None where they are too few to tell."""
    columns = {column.name: column.values for column in hours.columns}
    imported, exported = columns.get("import_kwh", []), columns.get("export_kwh")
    asleep = sorted(
        wh
        for place in _sure(hours)
        if imported and (wh := imported[place]) is not None and not (exported and exported[place])
    )
    if len(asleep) < FEWEST_HOURS:
        return None
    lowest = asleep[: len(asleep) // 10]
    return Standby(round(sum(lowest) / len(lowest)), len(asleep))


def most(table: Table) -> list[Most]:
    """By direction or medium the bucket in which most came or went; only of those that are known
    whole and without a gap, and not where there was nothing."""
    found = []
    sure = _sure(table)
    for column in table.together():
        place = max(sure, key=lambda place: column.values[place] or 0, default=None)
        if place is not None and (value := column.values[place]):
            found.append(Most(table.borders[place], table.borders[place + 1], column, value))
    return found


def month_peaks(reader: Reader) -> list[NamedRow]:
    """Belgium's month peaks, the newest month first; of two meters in a month the higher one."""
    by_month: dict[int, NamedRow] = {}
    for row in reader.month_peaks():
        known = by_month.get(row["month_ended_at"])
        if known is None or known["power_w"] < row["power_w"]:
            by_month[row["month_ended_at"]] = row
    return list(by_month.values())


def mean_peak_w(peaks: Sequence[NamedRow]) -> int | None:
    """The mean of the newest twelve month peaks, each at least 2.5 kW: what the Flemish capacity
    tariff is reckoned from (VREG, "capaciteitstarief"); None without any."""
    newest = [max(row["power_w"], LEAST_PEAK_W) for row in peaks[:12]]
    return round(sum(newest) / len(newest)) if newest else None


def _sure(table: Table) -> Sequence[int]:
    """The buckets that are known whole, and how it was used in them."""
    unsure = {*table.partial, *table.in_gaps(LEAST_S)}
    return [place for place in range(len(table.borders) - 1) if place not in unsure]
