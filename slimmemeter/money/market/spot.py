"""Prices of the day-ahead market, in the slots by which a contract settles."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter.money.usage.days import local_day, midnight, month_after

SCALE = 4_000_000  # integers that make one € per MWh or m3: millionths, and means of four
HOUR_S = 3600


class Slots(NamedTuple):
    """Times with one price each, in order: lists of one length, as there are many of them."""

    begins: list[int]
    ends: list[int]
    prices: list[int]  # of which SCALE make one €


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
        self._known = _hours(stored) if slot == "hour" else _stored(stored)
        self._means: dict[int, Fraction | None] = {}

    @cached_property
    def borders(self) -> list[int]:
        """Where a price begins or ends, and where months do."""
        months = (at for at, _ in self._months())
        return sorted({*self._known.begins, *self._known.ends, *months})

    def covers(self, at: int) -> bool:
        """Whether the prices of an instant are needed at all."""
        return self._begin <= at < self._end

    def price(self, at: int) -> int | None:
        """The price at an instant; None if it isn't known."""
        place = bisect_right(self._known.begins, at) - 1
        is_known = place >= 0 and at < self._known.ends[place]
        return self._known.prices[place] if is_known else None

    def prices(self, instants: Iterable[int]) -> list[int | None]:
        """The price at each of these instants, most of which begin a slot."""
        begun = dict(zip(self._known.begins, self._known.prices, strict=True))
        return [begun[at] if at in begun else self.price(at) for at in instants]

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
        first = max(bisect_right(self._known.begins, begin) - 1, 0)
        inside = slice(first, bisect_left(self._known.begins, end))
        for at, until, price in zip(*(each[inside] for each in self._known), strict=True):
            if until > begin:
                yield min(until, end) - max(at, begin), price


def _stored(rows: list[tuple[int, int, int]]) -> Slots:
    return Slots(
        [begin for begin, _, _ in rows],
        [begin + length_s for begin, length_s, _ in rows],
        [micros * 4 for _, _, micros in rows],
    )


def _hours(rows: list[tuple[int, int, int]]) -> Slots:
    """The mean of each hour of which all quarters are known."""
    hours: dict[int, list[int]] = {}
    for start, length_s, micros in rows:
        quarters = 4 if length_s == HOUR_S else 1
        hours.setdefault(start - start % HOUR_S, []).extend([micros] * quarters)
    known = sorted((at, sum(quarters)) for at, quarters in hours.items() if len(quarters) == 4)
    begins = [at for at, _ in known]
    return Slots(begins, [at + HOUR_S for at in begins], [price for _, price in known])
