"""The counter curve: what a register said at any instant, exactly, in integers.

A meter's registers only go up. Their readings make one continuous line C(t): exact at a reading,
straight between two, rounded once and always the same way. What was used in [a, b) is
C(b) - C(a), and nothing else is ever added up; so hours make the day, and days the year.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import sub
from typing import NamedTuple


class Differences(NamedTuple):
    """By register and bucket what was counted (None: nothing known of it), and by bucket for how
    many seconds that is known."""

    counted: list[list[int | None]]
    covered_s: list[int]


def within(borders: Sequence[int], first: int, last: int) -> list[int]:
    """The borders, those outside of [first, last] moved to its ends."""
    begin, end = bisect_left(borders, first), bisect_right(borders, last)
    return [first] * begin + [*borders[begin:end]] + [last] * (len(borders) - end)


def differences(instants: Sequence[int], counters: Sequence[Sequence[int]]) -> Differences:
    """What each register counted between one instant and the next.

    :param counters: C of each register at each of the instants.
    """
    covered_s = list(map(sub, instants[1:], instants))
    counted = [
        [
            risen if seconds else None
            for risen, seconds in zip(map(sub, line[1:], line), covered_s, strict=True)
        ]
        for line in zip(*counters, strict=True)
    ]
    return Differences(counted, covered_s)
