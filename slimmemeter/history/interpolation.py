"""The counter curve: what a register showed at any instant, in integers.

A meter's registers only go up. Its readings define one continuous line C(t): exact at a reading,
straight between two, rounded once and always the same way. What was used in [a, b) is C(b) - C(a),
and nothing else is ever added up; so hours make the day, and days the year.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import sub

from slimmemeter.history.table import Numbers


def within(borders: Sequence[int], first: int, last: int) -> list[int]:
    """The borders, those outside of [first, last] moved to its ends."""
    begin, end = bisect_left(borders, first), bisect_right(borders, last)
    return [first] * begin + [*borders[begin:end]] + [last] * (len(borders) - end)


def differences(
    instants: Sequence[int], counters: Sequence[Sequence[int]]
) -> tuple[list[Numbers], list[int]]:
    """What each register counted between one instant and the next.

    :param counters: C of each register at each of the instants.
    :returns: the differences by register and bucket, None for a bucket without length, and the
        seconds of each bucket.
    """
    known_s = list(map(sub, instants[1:], instants))
    counted = [
        [
            risen if seconds else None
            for risen, seconds in zip(map(sub, line[1:], line), known_s, strict=True)
        ]
        for line in zip(*counters, strict=True)
    ]
    return counted, known_s


def at(
    instant: int, before: tuple[int, Sequence[int]], after: tuple[int, Sequence[int]]
) -> list[int]:
    """C of each register at an instant between two readings (or at one), each with its instant.

    The database reads many instants at once, with the same arithmetic.
    """
    begin, counters = before
    length = after[0] - begin
    if not length:
        return list(counters)
    pairs = zip(counters, after[1], strict=True)
    return [old + (new - old) * (instant - begin) // length for old, new in pairs]
