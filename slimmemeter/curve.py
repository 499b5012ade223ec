"""The counter curve: what a register said at any instant, exactly, in integers.

A meter's registers only go up. Their readings make one continuous line C(t): exact at a reading,
straight between two, rounded once and always the same way. What was used in [a, b) is
C(b) - C(a), and nothing else is ever added up; so hours make the day, and days the year.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Around(NamedTuple):
    """The readings on both sides of an instant: their times, None where there is none, and the
    registers there. At a reading both sides are that reading."""

    before: int | None
    counters_before: Sequence[int]
    after: int | None
    counters_after: Sequence[int]


class Differences(NamedTuple):
    """By register and bucket what was counted (None: nothing known of it), and by bucket for how
    many seconds that is known."""

    counted: list[list[int | None]]
    covered_s: list[int]


def counters(instant: int, around: Around) -> list[int]:
    """C(instant) of each register; outside the readings the nearest one's."""
    if around.before is None:
        return list(around.counters_after)
    if around.after is None or around.after == around.before:
        return list(around.counters_before)
    elapsed, whole = instant - around.before, around.after - around.before
    pairs = zip(around.counters_before, around.counters_after, strict=True)
    return [low + (high - low) * elapsed // whole for low, high in pairs]


def differences(
    borders: Sequence[int], arounds: Sequence[Around], first: int, last: int
) -> Differences:
    """What each register counted between one border and the next, within [first, last].

    :param arounds: one for each border.
    """
    at_borders = [counters(*pair) for pair in zip(borders, arounds, strict=True)]
    covered_s = [
        max(0, min(end, last) - max(begin, first))
        for begin, end in zip(borders, borders[1:], strict=False)
    ]
    registers = zip(*at_borders, strict=True)
    counted = [
        [
            high - low if seconds else None
            for low, high, seconds in zip(line, line[1:], covered_s, strict=False)
        ]
        for line in registers
    ]
    return Differences(counted, covered_s)
