"""The counter curve: what a register showed at any instant, in integers.

A meter's registers only go up. Its readings define one continuous line C(t): exact at a reading,
straight between two, rounded once and always the same way. What was used in [a, b) is C(b) - C(a),
and nothing else is ever added up; so hours make the day, and days the year.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Series


def within(borders: Sequence[int], first: int, last: int) -> list[int]:
    """The borders, those outside of [first, last] moved to its ends."""
    begin, end = bisect_left(borders, first), bisect_right(borders, last)
    return [first] * begin + [*borders[begin:end]] + [last] * (len(borders) - end)


def in_order(*lists: Iterable[int]) -> list[int]:
    """All instants of lists, each once. What is in order already, as most is, sorts in no time."""
    return list(dict.fromkeys(sorted(chain.from_iterable(lists))))


def counters(
    reader: Reader, wanted: Mapping[Series, Sequence[int]]
) -> dict[Series, dict[int, int | None]]:
    """C of each of these series at instants within it, by one statement for each meter or device.

    There may be other instants of its meter, too. None only while stored readings are being
    validated again.
    """
    found: dict[Series, dict[int, int | None]] = {}
    groups: dict[tuple[str, int], list[Series]] = {}
    for series in wanted:
        groups.setdefault((series.table, series.owner_id), []).append(series)
    for group in groups.values():
        ends = {
            each: [each.skip(at) or (at, at) for at in wanted[each]] for each in group if each.skips
        }
        plain = (wanted[each] for each in group if not each.skips)
        over_skips = (pair for pairs in ends.values() for pair in pairs)
        instants = in_order(*plain, *over_skips)
        registers = list(dict.fromkeys(each.register for each in group))
        lines = zip(*reader.curves(group[0], registers, instants), strict=True)
        known = {
            register: dict(zip(instants, line, strict=True))
            for register, line in zip(registers, lines, strict=False)
        }
        for each in group:
            values = known.get(each.register, {})
            if each in ends:
                values = {
                    at: values[at] if begin == end else _between(at, begin, end, values)
                    for at, (begin, end) in zip(wanted[each], ends[each], strict=True)
                }
            found[each] = values
    return found


def _between(instant: int, begin: int, end: int, values: Mapping[int, int | None]) -> int | None:
    before, after = values[begin], values[end]
    if before is None or after is None:
        return None
    return at(instant, (begin, before), (end, after))


def at(instant: int, before: tuple[int, int], after: tuple[int, int]) -> int:
    """C at an instant between two readings (or at one), each with its instant.

    The database reads many instants at once, with the same arithmetic.
    """
    (begin, old), (end, new) = before, after
    return old + (new - old) * (instant - begin) // (end - begin) if end > begin else old
