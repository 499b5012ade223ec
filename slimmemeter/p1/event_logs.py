"""The lists in a telegram: long power failures, month peaks and other records.

A timestamp that gives no instant is None. An entry of another form ends its list.
"""

from __future__ import annotations

from slimmemeter.p1 import obis
from slimmemeter.p1.quantities import MOST_DIGITS, NumberParser
from slimmemeter.p1.reading import MonthPeak, PowerFailure
from slimmemeter.p1.timestamps import month_end, parse_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NO_FAILURE_S = 2**31 - 1  # seconds: unused entries of Kaifa have this, or more
PEAKS = (b"1-0:1.6.0", b"1-1:1.6.0")  # from the grid; 2.6.0 is the one to the grid
_POWER = NumberParser(obis.UNITS[obis.POWER])


def groups(rest: bytes) -> list[bytes]:
    """The contents of `a)(b)(c)`, which is what follows a code's first bracket."""
    return rest.removesuffix(b")").split(b")(")


def stamp_first(one: bytes, other: bytes) -> tuple[bytes, bytes]:
    """A timestamp and its value; Iskra's meters in Wallonia print the value first."""
    is_turned = other[:12].isdigit() and not one[:12].isdigit()
    return (other, one) if is_turned else (one, other)


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


Contents = list[tuple[bytes, bytes]]  # code and content


def records(rest: bytes) -> list[tuple[bytes, Contents]] | None:
    """The entries of a list: each its timestamp, and a content for each code of the list.

    e-MUCS P1 1.7.1, table 5: count, codes, then the entries, or an empty group if there are none.
    None for another form: Hungary's profile has the code of Belgium's month peaks.
    """
    count, *parts = groups(rest)
    if not (count.isdigit() and len(count) < 4):
        return None
    codes = list(_codes(parts))
    contents, width = parts[len(codes) :], len(codes) + 1
    if not any(contents):
        return []
    while len(contents) % width and not contents[-1]:
        contents.pop()
    if len(contents) % width or not codes:
        return None
    entries = (contents[place : place + width] for place in range(0, len(contents), width))
    return [(at, list(zip(codes, each, strict=True))) for at, *each in entries if at or any(each)]


def _codes(parts: Sequence[bytes]) -> Iterator[bytes]:
    """The codes with which these groups begin."""
    for part in parts:
        if part[1:2] != b"-" or b":" not in part:
            return
        yield obis.without_sixth_group(part.decode("latin-1")).encode("latin-1")


def cells(contents: Contents) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Code, timestamp and value of each cell of a record; a code has both if it comes twice."""
    place = 0
    while place < len(contents):
        (code, content), behind = contents[place], contents[place + 1 : place + 2]
        is_twice = bool(behind) and behind[0][0] == code
        yield (code, *stamp_first(content, behind[0][1])) if is_twice else (code, b"", content)
        place += 1 + is_twice


def month_peaks(running: bytes, history: bytes, winter_offset_s: int) -> list[MonthPeak]:
    """The highest quarter-hours of months from the grid, oldest month first (Belgium).

    :param running: 1-0:1.6.0, this month's.
    :param history: 0-0:98.1.0, those of earlier months; an empty month is left out.
    """
    printed = [
        (month, stamp, power)
        for month, contents in records(history) or ()
        for code, stamp, power in cells(contents)
        if code in PEAKS
    ]
    if len(this_month := groups(running)) == 2:
        printed.append((b"", *stamp_first(*this_month)))
    found = []
    for month, at, value in printed:
        ended_at = parse_timestamp(at, winter_offset_s)
        month_ended_at = parse_timestamp(month, winter_offset_s) or month_end(at, winter_offset_s)
        power_w = _POWER.integer(value + b")")
        if ended_at is not None and month_ended_at is not None and power_w is not None:
            found.append(MonthPeak(month_ended_at, ended_at, power_w))
    return found
