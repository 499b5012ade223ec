"""The lists that a telegram carries: long power failures, and the peaks of months.

A stamp that tells no instant is None. What isn't of a list's form ends it.
"""

from __future__ import annotations

from slimmemeter.p1 import obis
from slimmemeter.p1.quantities import MOST_DIGITS, Quantity
from slimmemeter.p1.timestamps import month_end_utc, stamp_utc

NO_FAILURE_S = 2**31 - 1  # seconds: what Kaifa fills unused entries with, or more
_POWER = Quantity(obis.UNITS[obis.POWER])


def groups(rest: bytes) -> list[bytes]:
    """The contents of `a)(b)(c)`, which is what stands behind a code's first bracket."""
    return rest.removesuffix(b")").split(b")(")


def failures(rest: bytes, winter_offset_s: int) -> list[tuple[int | None, int]]:
    """The power-failure log 1-0:99.97.0: (end in UTC seconds, duration in s), as printed.

    P1 5.0.2 section 6.12: count, id, then pairs of end and duration.
    """
    found = []
    pairs = iter(groups(rest)[2:])
    for ended, duration in zip(pairs, pairs, strict=False):
        seconds, _, unit = duration.partition(b"*")
        if unit != b"s" or not seconds.isdigit() or len(seconds) > MOST_DIGITS:
            break
        if int(seconds) < NO_FAILURE_S:
            found.append((stamp_utc(ended, winter_offset_s), int(seconds)))
    return found


def peaks_before(rest: bytes) -> list[tuple[bytes, bytes, bytes]] | None:
    """The month peaks 0-0:98.1.0: stamp of the month's end, stamp, power; None for another form.

    e-MUCS P1 1.7.1, table 5: count, two ids, then triples. Hungary's profile has the same code.
    """
    parts = groups(rest)
    if not parts[0].isdigit() or len(parts) != 3 + 3 * int(parts[0][:4]):
        return None
    triples = iter(parts[3:])
    return list(zip(triples, triples, triples, strict=False))


def peaks(running: bytes, before: bytes, winter_offset_s: int) -> list[tuple[int, int, int]]:
    """Belgium's quarter-hour peaks: the month's end, the peak's instant (UTC seconds), W.

    :param running: 1-0:1.6.0, this month's.
    :param before: 0-0:98.1.0, those of the months before; an empty month is left out.
    """
    stamp, _, power = running.removesuffix(b")").partition(b")(")
    found = []
    for month_end, at, value in [*(peaks_before(before) or ()), (b"", stamp, power)]:
        instant = stamp_utc(at, winter_offset_s)
        ended_at = stamp_utc(month_end, winter_offset_s) or month_end_utc(at, winter_offset_s)
        watts = _POWER.integer(value + b")")
        if instant is not None and ended_at is not None and watts is not None:
            found.append((ended_at, instant, watts))
    return found
