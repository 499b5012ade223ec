"""Prices of the day-ahead market, in the slots by which a contract settles."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter.money.days import local_day, midnight, month_after

SCALE = 4_000_000  # integers that make one € per MWh or m3: millionths, and means of four
HOUR_S = 3600


class Slot(NamedTuple):
    """A time with one price."""

    begin: int
    end: int
    price: int  # of which SCALE make one €


class Market:
    """The prices of one energy as a contract settles them: by the quarter, the hour or the day."""

    def __init__(
        self,
        prices: Callable[[str, int, int], list[tuple[int, int, int]]],
        energy: str,
        slot: str,
        ends: tuple[int, int],
        zone: ZoneInfo,
        now: int,
    ) -> None:
        """:param prices: as of the reader of the database.
        :param ends: the time for which they are needed.
        """
        self._zone = zone
        self._now = now
        self._begin = midnight(local_day(ends[0], zone).replace(day=1), zone)
        self._end = midnight(month_after(local_day(max(ends[1] - 1, ends[0]), zone)), zone)
        stored = prices(energy, self._begin, self._end)
        by_hour = slot == "hour"
        self._known = list(_hours(stored) if by_hour else _stored(stored))
        self._starts = [slot.begin for slot in self._known]
        self._means: dict[int, Fraction | None] = {}

    @cached_property
    def borders(self) -> list[int]:
        """Where a price begins or ends, and where months do."""
        found = {at for slot in self._known for at in slot[:2]}
        return sorted(found | {at for at, _ in self._months()})

    def covers(self, at: int) -> bool:
        """Whether the prices of an instant are needed at all."""
        return self._begin <= at < self._end

    def price(self, at: int) -> int | None:
        """The price at an instant; None if it isn't known."""
        place = bisect_right(self._starts, at) - 1
        return self._known[place].price if place >= 0 and at < self._known[place].end else None

    def _months(self) -> Iterator[tuple[int, int]]:
        at = self._begin
        while at < self._end:
            following = midnight(month_after(local_day(at, self._zone)), self._zone)
            yield at, following
            at = following

    def month(self, at: int) -> int:
        """The begin of the calendar month of an instant."""
        return midnight(local_day(at, self._zone).replace(day=1), self._zone)

    def mean(self, month: int) -> Fraction | None:
        """The mean price of a month in €; None if it is known for less than half of its time so
        far."""
        if month not in self._means:
            self._means[month] = self._mean(month)
        return self._means[month]

    def _mean(self, month: int) -> Fraction | None:
        end = midnight(month_after(local_day(month, self._zone)), self._zone)
        known = list(self._within(month, end))
        known_s = sum(seconds for seconds, _ in known)
        if not known_s or 2 * known_s < min(end, max(self._now, month)) - month:
            return None
        return Fraction(sum(seconds * price for seconds, price in known), known_s * SCALE)

    def known_s(self, begin: int, end: int) -> int:
        """For how many seconds of [begin, end) the price is known."""
        return sum(seconds for seconds, _ in self._within(begin, end))

    def _within(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """For each price that counts in [begin, end), for how many seconds it does."""
        first = max(bisect_right(self._starts, begin) - 1, 0)
        for slot in self._known[first : bisect_left(self._starts, end)]:
            if slot.end > begin:
                yield min(slot.end, end) - max(slot.begin, begin), slot.price


def _stored(rows: list[tuple[int, int, int]]) -> Iterator[Slot]:
    for start, length_s, micros in rows:
        yield Slot(start, start + length_s, micros * 4)


def _hours(rows: list[tuple[int, int, int]]) -> Iterator[Slot]:
    """The mean of each hour of which all quarters are known."""
    hours: dict[int, list[int]] = {}
    for start, length_s, micros in rows:
        quarters = 4 if length_s == HOUR_S else 1
        hours.setdefault(start - start % HOUR_S, []).extend([micros] * quarters)
    for start, quarters_of in sorted(hours.items()):
        if len(quarters_of) == 4:
            yield Slot(start, start + HOUR_S, sum(quarters_of))
