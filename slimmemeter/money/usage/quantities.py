"""What a house has counted, as bills need it: differences of its counters between instants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from slimmemeter.history import consumption, statistics
from slimmemeter.money.usage.curve import Number
from slimmemeter.money.usage.days import midnight, month_after
from slimmemeter.p1.reading import MonthPeak
from slimmemeter.store.snapshot import Snapshot

ELECTRICITY, GAS = consumption.ELECTRICITY, "gas"
IMPORT, EXPORT = "import", "export"
QUARTER_S, HOUR_S = 900, 3600
AT_ONCE = 24  # hours that are looked at by quarters
Register = tuple[str, int | None]  # import, export or gas; and its tariff
Times = list[tuple[int, int]]


@dataclass
class Counted:
    """What each register counted between instants, in Wh or dm3, 0 where nothing is known; and the
    places of the pieces that aren't known whole."""

    rises: Mapping[Register, Sequence[Number]] = field(default_factory=dict)
    partial: Sequence[int] = ()

    def of(self, direction: str) -> list[Number]:
        """What all registers of a direction counted together; empty if there are none."""
        each = [rises for (name, _), rises in self.rises.items() if name == direction]
        return list(map(sum, zip(*each, strict=True)))


class Source(Protocol):
    """Where quantities come from: the house's meters, or what they would count."""

    def counted(self, energy: str, instants: Sequence[int]) -> Counted:
        """What was counted from each instant to the next."""

    def gaps(self, energy: str, begin: int, end: int) -> Times:
        """The times of unknown distribution that reach into [begin, end)."""

    def known(self) -> Times:
        """When anything is known, in order."""

    def peak_w(self, month: date, zone: ZoneInfo) -> int | None:
        """The highest import of a quarter-hour of a month; None if nothing is known of it."""


class House:
    """The meters of the house."""

    def __init__(self, house: Snapshot) -> None:
        self.house = house
        self._peaks: dict[date, int | None] = {}
        self._newest: dict[str, tuple[Sequence[int], Counted]] = {}

    def counted(self, energy: str, instants: Sequence[int]) -> Counted:
        """As of `Source`; what was asked for last is known, as variants of a bill ask twice."""
        if energy not in self._newest or self._newest[energy][0] != instants:
            self._newest[energy] = instants, self._counted(energy, instants)
        return self._newest[energy][1]

    def _counted(self, energy: str, instants: Sequence[int]) -> Counted:
        table = consumption.energy(self.house, energy, list(instants))
        rises = {
            (column.quantity, column.tariff): [value or 0 for value in values]
            for column, values in table.columns.items()
        }
        return Counted(rises, table.partial)

    def gaps(self, energy: str, begin: int, end: int) -> Times:
        """As of `Source`."""
        series = consumption.series_of(self.house, energy)
        return self.house.gaps(series, begin, end) if series else []

    @cached_property
    def _known(self) -> Times:
        series = [
            each for name in (ELECTRICITY, GAS) for each in consumption.series_of(self.house, name)
        ]
        return consumption.merged([(each.first, each.last) for each in series])

    def known(self) -> Times:
        """As of `Source`."""
        return self._known

    def peak_w(self, month: date, zone: ZoneInfo) -> int | None:
        """The meter's own month peak, else the highest quarter-hour of its counters."""
        if month not in self._peaks:
            end = midnight(month_after(month), zone)
            own = {peak.month_ended_at: peak.power_w for peak in self._own_peaks}
            self._peaks[month] = own.get(end) or self._counted_peak_w(midnight(month, zone), end)
        return self._peaks[month]

    @cached_property
    def _own_peaks(self) -> list[MonthPeak]:
        return statistics.month_peaks(self.house)

    def _counted_peak_w(self, begin: int, end: int) -> int | None:
        inside = [(max(one, begin), min(other, end)) for one, other in self._known]
        known = [(one, other) for one, other in inside if other - one >= QUARTER_S]
        if not known:
            return None
        return int(4 * self._most_of_a_quarter(range(begin, end + 1, HOUR_S)))

    def _most_of_a_quarter(self, hours: range) -> Number:
        """The highest import of a quarter-hour, in Wh: it is in one of the hours that count most,
        as a quarter-hour counts no more than its hour."""
        counted = self._counted(ELECTRICITY, hours).of(IMPORT)
        most: Number = 0
        places = sorted(range(len(counted)), key=lambda place: -counted[place])
        while places and counted[places[0]] > most:
            some, places = sorted(places[:AT_ONCE]), places[AT_ONCE:]
            ends = {hours[place] + n * QUARTER_S for place in some for n in range(5)}
            inside = sorted(ends)
            rises = self._counted(ELECTRICITY, inside).of(IMPORT)
            quarters = zip(rises, pairwise(inside), strict=True)
            found = (rise for rise, (at, until) in quarters if until - at == QUARTER_S)
            most = max(most, *found)
        return most
