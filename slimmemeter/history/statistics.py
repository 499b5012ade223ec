"""What a house does by the hour: its busiest hours and days, and its standby."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from slimmemeter.history import consumption
from slimmemeter.history.consumption import LEAST_S
from slimmemeter.history.table import Column, Table
from slimmemeter.p1.reading import MonthPeak
from slimmemeter.store.snapshot import Snapshot

FEWEST_HOURS = 48  # from which a standby can be estimated
LEAST_STANDBY_W = 5
HOURS_A_YEAR = 8766
LEAST_PEAK_W = 2500
YEAR_OF_MONTHS_S = 350 * 86400  # between the ends of eleven months and of twelve
IMPORT, EXPORT = Column("import", "kWh"), Column("export", "kWh")


class Standby(NamedTuple):
    """The mean power from the grid in the lowest tenth of hours without export."""

    power_w: int
    hours: int  # of which the lowest tenth was taken

    @property
    def is_of_the_grid(self) -> bool:
        """Whether it comes from the grid at all, and not from a battery."""
        return self.power_w >= LEAST_STANDBY_W

    @property
    def a_year_kwh(self) -> int:
        """What it amounts to in a year."""
        return round(self.power_w * HOURS_A_YEAR / 1000)


class Busiest(NamedTuple):
    """The bucket with the highest value of a column."""

    begin: int
    end: int
    column: Column
    value: int


def hours(house: Snapshot, borders: list[int]) -> Table:
    """What came from and went to the grid in each hour, all tariffs together, in kWh."""
    table = consumption.energy(house, consumption.ELECTRICITY, borders).without_tariffs()
    table.name = "hours"
    return table


def standby(hours: Table) -> Standby | None:
    """The standby by whole hours without a gap or export; None if they are too few."""
    imported, exported = hours.columns.get(IMPORT, []), hours.columns.get(EXPORT)
    quiet = sorted(
        wh
        for place in _certain(hours)
        if imported and (wh := imported[place]) is not None and not (exported and exported[place])
    )
    if len(quiet) < FEWEST_HOURS:
        return None
    lowest = quiet[: len(quiet) // 10]
    return Standby(round(sum(lowest) / len(lowest)), len(quiet))


def busiest(table: Table) -> list[Busiest]:
    """By direction or medium the bucket with the highest value above 0.

    Only buckets that are known whole and without a gap count.
    """
    found = []
    certain = _certain(table)
    for column, values in table.without_tariffs().columns.items():
        place = max(certain, key=lambda place: values[place] or 0, default=None)
        if place is not None and (value := values[place]):
            found.append(Busiest(table.borders[place], table.borders[place + 1], column, value))
    return found


def month_peaks(house: Snapshot) -> list[MonthPeak]:
    """Belgium's month peaks, the newest month first; of two meters in a month the higher one."""
    by_month: dict[int, MonthPeak] = {}
    for peak in house.month_peaks:
        known = by_month.get(peak.month_ended_at)
        if known is None or known.power_w < peak.power_w:
            by_month[peak.month_ended_at] = peak
    return list(by_month.values())


def of_twelve_months(peaks: Sequence[MonthPeak]) -> list[MonthPeak]:
    """The peaks of the newest month and the eleven before it, the newest first."""
    after = peaks[0].month_ended_at - YEAR_OF_MONTHS_S if peaks else 0
    return [peak for peak in peaks if peak.month_ended_at > after]


def mean_peak_w(peaks: Sequence[MonthPeak]) -> int | None:
    """The mean of month peaks, each at least 2.5 kW; None without any.

    The Flemish capacity tariff is based on it (VREG, "capaciteitstarief").
    """
    counted = [max(peak.power_w, LEAST_PEAK_W) for peak in peaks]
    return round(sum(counted) / len(counted)) if counted else None


def _certain(table: Table) -> Sequence[int]:
    """The buckets of which everything is known."""
    uncertain = {*table.partial, *table.in_gaps(LEAST_S)}
    return [place for place in range(len(table.borders) - 1) if place not in uncertain]
