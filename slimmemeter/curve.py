"""The counter curve: what a register said at any instant, exactly, in integers.

A meter's registers only go up. Their readings make one continuous line C(t): exact at a reading,
straight between two, rounded once and always the same way. What was used in [a, b) is
C(b) - C(a), and nothing else is ever added up; so hours make the day, and days the year.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple


class Around(NamedTuple):
    """The readings on both sides of an instant: their times, None where there is none, and the
    registers there. At a reading both sides are that reading."""

    before: int | None
    counters_before: Sequence[int]
    after: int | None
    counters_after: Sequence[int]


def around(row: Sequence[int | None]) -> Around:
    """Of a row of `before`, the registers there, `after`, and the registers there."""
    middle = len(row) // 2
    return Around._make((row[0], row[1:middle], row[middle], row[middle + 1 :]))


class Differences(NamedTuple):
    """By register and bucket what was counted (None: nothing known of it), and by bucket for how
    many seconds that is known."""

    counted: list[list[int | None]]
    covered_s: list[int]


def counters(instant: int, around: Around) -> list[int]:
    """C(instant) of each register; outside the readings the nearest one's."""
    return [line[0] for line in lines([instant], [around])]


def lines(instants: Sequence[int], arounds: Sequence[Around]) -> list[list[int]]:
    """By register C at each instant; outside the readings the nearest one's.

    :param arounds: one for each instant.
    """
    lows, highs, shares = [], [], []
    for instant, (before, low, after, high) in zip(instants, arounds, strict=True):
        lows.append(high if before is None else low)
        highs.append(low if after is None else high)
        if before is None or after is None or before == after:
            shares.append((0, 1))
        else:
            shares.append((instant - before, after - before))
    return [
        [low + (high - low) * elapsed // whole for low, high, (elapsed, whole) in values]
        for values in map(zip, zip(*lows, strict=True), zip(*highs, strict=True), repeat(shares))
    ]


def differences(
    borders: Sequence[int], arounds: Sequence[Around], first: int, last: int
) -> Differences:
    """What each register counted between one border and the next, within [first, last].

    :param arounds: one for each border.
    """
    covered_s = [
        max(0, min(end, last) - max(begin, first))
        for begin, end in zip(borders, borders[1:], strict=False)
    ]
    counted = [
        [
            high - low if seconds else None
            for low, high, seconds in zip(line, line[1:], covered_s, strict=False)
        ]
        for line in lines(borders, arounds)
    ]
    return Differences(counted, covered_s)
