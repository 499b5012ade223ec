"""All that is paid for by, measured at the instants of one calculation: kWh and m3 of each register
or band, their value on the market, and days, months and years."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from slimmemeter.money.contract.bands import Bands
from slimmemeter.money.market.spot import SCALE, Market
from slimmemeter.money.usage import curve
from slimmemeter.money.usage.curve import Curve, Number
from slimmemeter.money.usage.days import day_after, elapsed, local_day, midnight
from slimmemeter.money.usage.quantities import Counted, Register, Source, Times

Other = TypeVar("Other")
PER_UNIT = 1000  # Wh of a kWh, dm3 of a m3


@dataclass(frozen=True)
class Valued:
    """A quantity by its price on the market."""

    known: Curve  # kWh x €/MWh, or m3 x €/m3, where the price is known
    guessed: Mapping[int, Curve]  # by month what has no price
    market: Market


class Measures:
    """The curves of one calculation; places are numbers of its instants."""

    def __init__(
        self,
        source: Source,
        instants: Sequence[int],
        zone: ZoneInfo,
        markets: Mapping[tuple[str, str], Market],
    ) -> None:
        """:param markets: by energy and slot, whose borders are among the instants."""
        self.instants = instants
        self.source = source
        self._zone = zone
        self._markets = markets
        self._counted: dict[str, Counted] = {}
        self._gaps: dict[str, Times] = {}
        self._bands: dict[Bands, list[str]] = {}
        self._curves: dict[object, Curve] = {}
        self._valued: dict[object, Valued] = {}
        self._prices: dict[tuple[str, str], list[int | None]] = {}

    def place(self, at: int) -> int:
        """The place of one of its instants."""
        return bisect_left(self.instants, at)

    def counted(self, energy: str) -> Counted:
        """What each register counted between the instants."""
        if energy not in self._counted:
            self._counted[energy] = self.source.counted(energy, self.instants)
        return self._counted[energy]

    def registers(self, energy: str, direction: str) -> list[Register]:
        """The registers of a direction that there are."""
        return [each for each in self.counted(energy).rises if each[0] == direction]

    def flow(self, energy: str, registers: Sequence[Register]) -> Curve:
        """What these registers counted together."""
        key = (energy, *registers)
        if key not in self._curves:
            rises = self.counted(energy).rises
            each = [curve.of(rises[name], PER_UNIT) for name in registers if name in rises]
            nothing = curve.of([0] * (len(self.instants) - 1), PER_UNIT)
            self._curves[key] = curve.added(each) if each else nothing
        return self._curves[key]

    def in_band(self, flow: Curve, bands: Bands, name: str) -> Curve:
        """What was counted while a band counted."""
        key = (flow, bands, name)
        if key not in self._curves:
            names = self._band_of_each(bands)
            rises = (rise if band == name else 0 for rise, band in _each(flow, names))
            self._curves[key] = curve.of(rises, flow.scale)
        return self._curves[key]

    def _band_of_each(self, bands: Bands) -> list[str]:
        if bands not in self._bands:
            borders = list(bands.borders(self.instants[0], self.instants[-1], self._zone))
            starts = [at for at, _ in borders]
            self._bands[bands] = [
                borders[bisect_right(starts, at) - 1][1] for at in self.instants[:-1]
            ]
        return self._bands[bands]

    def valued(self, flow: Curve, energy: str, slot: str) -> Valued:
        """A flow by its price on the market."""
        key = (flow, energy, slot)
        if key not in self._valued:
            self._valued[key] = self._value(flow, energy, slot)
        return self._valued[key]

    def _price_of_each(self, energy: str, slot: str) -> list[int | None]:
        if (energy, slot) not in self._prices:
            market = self._markets[energy, slot]
            self._prices[energy, slot] = market.prices(self.instants[:-1])
        return self._prices[energy, slot]

    def _value(self, flow: Curve, energy: str, slot: str) -> Valued:
        market, prices = self._markets[energy, slot], self._price_of_each(energy, slot)
        pieces = list(_each(flow, prices))
        values = [0 if price is None else rise * price for rise, price in pieces]
        known = curve.of(values, flow.scale * SCALE)
        missing: dict[int, list[Number]] = {}
        for place, (rise, price) in enumerate(pieces):
            if price is None and rise and market.covers(self.instants[place]):
                month = market.month(self.instants[place])
                missing.setdefault(month, [0] * len(prices))[place] = rise
        guessed = {month: curve.of(rises, flow.scale) for month, rises in missing.items()}
        return Valued(known, guessed, market)

    @cached_property
    def elapsed(self) -> Mapping[str, Curve]:
        """The days, months and years of which anything is known."""
        ends = self.instants[0], self.instants[-1]
        unknown = unknown_days(self.source.known(), *ends, self._zone)
        return elapsed(self.instants, unknown, self._zone)

    def gaps(self, energy: str) -> Times:
        """The times of unknown distribution."""
        if energy not in self._gaps:
            self._gaps[energy] = self.source.gaps(energy, self.instants[0], self.instants[-1])
        return self._gaps[energy]

    def is_in_one_slot(self, gap: tuple[int, int], energy: str, slot: str) -> bool:
        """Whether a gap has one price of the market."""
        borders = self._markets[energy, slot].borders
        return bisect_right(borders, gap[0]) == bisect_left(borders, gap[1])


def _each(flow: Curve, others: Sequence[Other]) -> Iterable[tuple[Number, Other]]:
    """What a flow counts in each piece, beside what else is known of the piece."""
    return zip((after - before for before, after in pairwise(flow.at)), others, strict=True)


def unknown_days(known: Times, begin: int, end: int, zone: ZoneInfo) -> Times:
    """The stretches of whole local days that have a part in [begin, end) and of which nothing is
    known; `known` in order."""
    first = midnight(local_day(begin, zone), zone)
    last = midnight(day_after(end, zone), zone)
    ends = [first, *(at for stretch in known for at in stretch), last]
    holes = [
        (
            max(first, midnight(day_after(at, zone), zone)),
            min(last, midnight(local_day(until, zone), zone)),
        )
        for at, until in zip(ends[::2], ends[1::2], strict=True)
    ]
    return [hole for hole in holes if hole[0] < hole[1]]
