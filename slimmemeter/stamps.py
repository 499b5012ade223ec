"""A telegram's stamps: the meter's local time becomes an instant in UTC."""

from __future__ import annotations


def stamp_utc(stamp: bytes, winter_offset_s: int) -> int | None:
    """UTC seconds of YYMMDDhhmmss with W (winter), S (summer) or no letter; None for no instant.

    Not-available stamps have month 25 (Sagemcom) or the years 00 and 70 of clocks that were never
    set. P1 5.0.2 section 6.4; P1 3.0 section 5.4 has no letter, so there the EU's rule for summer
    time decides (and the repeated hour of October counts as its first pass).
    """
    digits, letter = stamp[:12], stamp[12:].upper()
    if len(digits) != 12 or not digits.isdigit() or letter not in (b"W", b"S", b""):
        return None
    year, month, day, hour, minute, second = bytes.fromhex(digits.decode()).translate(_PAIRS)
    if not (0 < year < 70 and 0 < month < 13 and hour < 24 and minute < 60 and second < 60):
        return None
    leap = year % 4 == 0 and month > 1
    if not 0 < day <= _MONTH_ENDS[month] - _MONTH_ENDS[month - 1] + (leap and month == 2):
        return None
    days = _DAYS_UNTIL_2001 + (year - 1) * 365 + (year - 1) // 4
    days += _MONTH_ENDS[month - 1] + (leap and month > 2) + day - 1
    utc = days * 86400 + hour * 3600 + minute * 60 + second - winter_offset_s
    if letter == b"S" or (not letter and _is_summer(utc - 3600, year)):
        return utc - 3600
    return utc


# The number that two decimal digits are, by the byte that they are in hexadecimal.
_PAIRS = bytes(byte // 16 * 10 + byte % 16 for byte in range(256))
_DAYS_UNTIL_2001 = 11323
_MONTH_ENDS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def _is_summer(utc: int, year: int) -> bool:
    """Directive 2000/84/EC: from 01:00 UTC on March's last Sunday to the same in October."""
    new_year = (_DAYS_UNTIL_2001 + (year - 1) * 365 + (year - 1) // 4) * 86400
    leap = year % 4 == 0
    end_of_march = new_year // 86400 + 89 + leap
    end_of_october = end_of_march + 214
    # 1970-01-04 was a Sunday: day numbers that leave 3 by 7 are Sundays.
    begin, end = (last - (last - 3) % 7 for last in (end_of_march, end_of_october))
    return begin * 86400 + 3600 <= utc < end * 86400 + 3600
