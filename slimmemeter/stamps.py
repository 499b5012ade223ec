"""A telegram's stamps: the meter's local time becomes an instant in UTC."""

from __future__ import annotations


def stamp_utc(stamp: bytes, winter_offset_s: int, received_at: int | None = None) -> int | None:
    """UTC seconds of YYMMDDhhmmss with W (winter), S (summer) or no letter; None for no instant.

    Not-available stamps have month 25 (Sagemcom) or the years 00 and 70 of clocks that were never
    set. P1 5.0.2 section 6.4; P1 3.0 section 5.4 has no letter, so there the EU's rule for summer
    time decides; the repeated hour of October counts as its first pass, unless what was received
    at that time (UTC seconds) is nearer to the second. ACE4000 prints YY-MM-DD hh:mm:ss.
    """
    if len(stamp) == 17:
        stamp = stamp.translate(None, b"-: ")
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
    if letter == b"W":
        return utc
    if letter == b"S":
        return utc - 3600
    if not _is_summer(utc - 3600, year):
        return utc
    twice = not _is_summer(utc, year)
    second_pass = twice and received_at is not None and received_at > utc - 1800
    return utc if second_pass else utc - 3600


def month_end_utc(stamp: bytes, winter_offset_s: int) -> int | None:
    """When the month ends in which a stamp lies; its very end, 00:00 of the first, is in it."""
    instant = stamp_utc(stamp, winter_offset_s)
    stamp = stamp.translate(None, b"-: ")
    if instant is None or stamp[4:12] == b"01000000":
        return instant
    year, month = divmod(int(stamp[:2]) * 12 + int(stamp[2:4]), 12)
    return stamp_utc(b"%02d%02d01000000" % (year, month + 1), winter_offset_s)


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
