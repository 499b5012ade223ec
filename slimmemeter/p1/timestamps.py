"""A telegram's timestamps: the meter's local time becomes an instant in UTC."""

from __future__ import annotations

from functools import lru_cache  # sqlite3 imports it too

DAY_S = 86400


def parse_timestamp(
    stamp: bytes, winter_offset_s: int, received_at: int | None = None
) -> int | None:
    """UTC seconds of YYMMDDhhmmss with W (winter), S (summer) or no letter; None if invalid.

    A clock that was never set shows month 25 (Sagemcom), year 00 or year 70: invalid. P1 5.0.2
    section 6.4 has a letter, P1 3.0 section 5.4 none: there the EU's rule for summer time decides.
    The ACE4000 prints YY-MM-DD hh:mm:ss.

    :param received_at: UTC seconds; chooses between the two passes of October's repeated hour,
        which is the first one without it.
    """
    if len(stamp) == 17:
        stamp = stamp.translate(None, b"-: ")
    digits, letter = stamp[:12], stamp[12:]
    if len(digits) < 12 or letter not in _LETTERS or not digits.isdigit():
        return None
    midnight, days = _month(digits[:4])
    day, hour, minute, second = bytes.fromhex(digits[4:].decode()).translate(_PAIRS)
    if not (0 < day <= days and hour < 24 and minute < 60 and second < 60):
        return None
    utc = midnight + day * DAY_S + hour * 3600 + minute * 60 + second - winter_offset_s
    if letter == b"W" or letter == b"w":
        return utc
    if letter or _is_summer(utc, stamp[:2]):
        return utc - 3600
    if not _is_summer(utc - 3600, stamp[:2]):
        return utc
    second_pass = received_at is not None and received_at > utc - 1800
    return utc if second_pass else utc - 3600


def month_end(stamp: bytes, winter_offset_s: int) -> int | None:
    """The end of a timestamp's month, in UTC seconds; 00:00 of a first is its month's own end."""
    instant = parse_timestamp(stamp, winter_offset_s)
    stamp = stamp.translate(None, b"-: ")
    if instant is None or stamp[4:12] == b"01000000":
        return instant
    year, month = divmod(int(stamp[:2]) * 12 + int(stamp[2:4]), 12)
    return parse_timestamp(b"%02d%02d01000000" % (year, month + 1), winter_offset_s)


_LETTERS = frozenset((b"W", b"S", b"", b"w", b"s"))
# The number of two decimal digits, by the byte that they make as hexadecimal digits.
_PAIRS = bytes(byte // 16 * 10 + byte % 16 for byte in range(256))
_DAYS_UNTIL_2001 = 11323
_MONTH_ENDS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


@lru_cache(64)
def _month(digits: bytes) -> tuple[int, int]:
    """The start of the day before the first of YYMM, in local seconds since 1970, and the month's
    number of days; 0 days for an invalid month and for the year of a clock that was never set."""
    year, month = int(digits[:2]), int(digits[2:])
    if not (0 < year < 70 and 0 < month < 13):
        return 0, 0
    leap = year % 4 == 0
    days = _DAYS_UNTIL_2001 + (year - 1) * 365 + (year - 1) // 4
    days += _MONTH_ENDS[month - 1] + (leap and month > 2) - 1
    length = _MONTH_ENDS[month] - _MONTH_ENDS[month - 1] + (leap and month == 2)
    return days * DAY_S, length


def _is_summer(utc: int, year: bytes) -> bool:
    """Directive 2000/84/EC: from 01:00 UTC on March's last Sunday to the same in October."""
    return _last_sunday(year + b"03") + 3600 <= utc < _last_sunday(year + b"10") + 3600


def _last_sunday(month: bytes) -> int:
    midnight, days = _month(month)
    last = midnight // DAY_S + days
    return (last - (last - 3) % 7) * DAY_S  # 1970-01-04 was a Sunday: its number leaves 3 by 7
