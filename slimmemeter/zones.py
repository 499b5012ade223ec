"""The time zone of the house, by the name that `SLIMMEMETER_TZ` gives it."""

from __future__ import annotations

from slimmemeter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# Zones whose winter time is UTC+1: a timestamp with W or S needs no zone data there.
CENTRAL_EUROPE = frozenset(
    f"Europe/{city}"
    for city in "Amsterdam Berlin Brussels Budapest Luxembourg Oslo Paris Stockholm Vienna"
    " Zurich".split()
)


def winter_offset_s(name: str) -> int:
    """Seconds east of UTC in winter time, for which a timestamp has the letter W.

    :raises UsageError: there is no such zone.
    """
    if name in CENTRAL_EUROPE:
        return 3600
    from datetime import datetime, timedelta

    zone = of(name)
    offsets = (datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))
    return min(int((offset or timedelta()).total_seconds()) for offset in offsets)


def shown(at: int, name: str) -> str:
    """An instant as people read it, in the zone's local time: 2026-11-23 14:05:03."""
    from datetime import datetime

    return f"{datetime.fromtimestamp(at, of(name)):%Y-%m-%d %H:%M:%S}"


def of(name: str) -> ZoneInfo:
    """The zone of this name. :raises UsageError: there is no such zone."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"SLIMMEMETER_TZ is {name!r}: there is no such zone") from None
