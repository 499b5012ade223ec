"""The lists in a telegram: long power failures, and month peaks.

A timestamp that gives no instant is None. An entry of another form ends its list.
"""

from __future__ import annotations

from slimmemeter.p1 import obis
from slimmemeter.p1.quantities import MOST_DIGITS, NumberParser
from slimmemeter.p1.reading import MonthPeak, PowerFailure
from slimmemeter.p1.timestamps import month_end, parse_timestamp

NO_FAILURE_S = 2**31 - 1  # seconds: unused entries of Kaifa have this, or more
_POWER = NumberParser(obis.UNITS[obis.POWER])


def groups(rest: bytes) -> list[bytes]:
    """The contents of `a)(b)(c)`, which is what follows a code's first bracket."""
    return rest.removesuffix(b")").split(b")(")


def power_failures(rest: bytes, winter_offset_s: int) -> list[PowerFailure]:
    """The power-failure log 1-0:99.97.0, in its own order.

    P1 5.0.2 section 6.12: count, id, then pairs of end and duration.
    """
    found = []
    pairs = iter(groups(rest)[2:])
    for ended, duration in zip(pairs, pairs, strict=False):
        seconds, _, unit = duration.partition(b"*")
        if unit != b"s" or not seconds.isdigit() or len(seconds) > MOST_DIGITS:
            break
        if int(seconds) < NO_FAILURE_S:
            found.append(PowerFailure(parse_timestamp(ended, winter_offset_s), int(seconds)))
    return found


def month_peak_history(rest: bytes) -> list[tuple[bytes, bytes, bytes]] | None:
    """The entries of 0-0:98.1.0: timestamp of the month's end, timestamp, power.

    e-MUCS P1 1.7.1, table 5: count, two ids, then triples. None for another form: Hungary's profile
    has the same code.
    """
    parts = groups(rest)
    if not parts[0].isdigit() or len(parts) != 3 + 3 * int(parts[0][:4]):
        return None
    triples = iter(parts[3:])
    return list(zip(triples, triples, triples, strict=False))


def month_peaks(running: bytes, history: bytes, winter_offset_s: int) -> list[MonthPeak]:
    """Belgium's quarter-hour peaks, oldest month first.

    :param running: 1-0:1.6.0, this month's.
    :param history: 0-0:98.1.0, those of earlier months; an empty month is left out.
    """
    stamp, _, power = running.removesuffix(b")").partition(b")(")
    found = []
    for month, at, value in [*(month_peak_history(history) or ()), (b"", stamp, power)]:
        ended_at = parse_timestamp(at, winter_offset_s)
        month_ended_at = parse_timestamp(month, winter_offset_s) or month_end(at, winter_offset_s)
        power_w = _POWER.integer(value + b")")
        if ended_at is not None and month_ended_at is not None and power_w is not None:
            found.append(MonthPeak(month_ended_at, ended_at, power_w))
    return found
