"""The instant of a reading: which of two clocks to believe.

Meters' clocks are unset, stuck or wrong for weeks, and a Pi has no clock that survives a power cut.
Two clocks that agree are right; otherwise the kernel knows whether its own is synchronised.
"""

from __future__ import annotations

import time

from slimmemeter import zones
from slimmemeter.errors import TelegramError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

AGREEMENT_S = 600
MOST_AHEAD_S = 86400  # of this computer's clock: a later reading is of no meter's past


def now() -> int:
    """This computer's clock, in UTC seconds."""
    return int(time.time())


def is_synchronised() -> bool:
    """Whether the kernel reports its clock as synchronised (adjtimex(2), STA_UNSYNC)."""
    import ctypes

    class Timex(ctypes.Structure):
        # The kernel's struct timex is 208 bytes; only its mode and status matter here.
        _fields_ = (
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long),
            ("esterror", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_char * 256),
        )

    timex = Timex()
    time_error, unsynchronised = 5, 0x40
    state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    return state not in (-1, time_error) and not timex.status & unsynchronised


def instant(timestamp: int | None, received_at: int, newest: Callable[[], int | None]) -> int:
    """The UTC seconds of a reading with this timestamp that was received at this time.

    :param newest: gives the instant of the newest reading; called only if it matters.
    :raises TelegramError: neither clock can be trusted.
    """
    if timestamp is not None and abs(timestamp - received_at) <= AGREEMENT_S:
        return timestamp
    if is_synchronised():
        return received_at
    if timestamp is not None and timestamp > (newest() or 0):
        return timestamp
    raise TelegramError(
        "neither the meter nor this computer knows the time: the meter's clock is"
        f" {'not set' if timestamp is None else 'behind the newest reading'},"
        " and this computer's was not set since it started"
    )


def refuse_future(at: int, zone: str, newest: Callable[[], int | None]) -> None:
    """A telegram of a file isn't of the future, unless this computer's clock is known to be behind.

    :param zone: in which a person reads the time.
    :raises TelegramError: it is dated more than a day ahead.
    """
    latest = now() + MOST_AHEAD_S
    if at > latest and (newest() or 0) <= latest:
        raise TelegramError(
            f"the telegram is of {zones.shown(at, zone)}, more than a day ahead of this computer's"
            " clock: one of the two clocks is wrong; if it is this computer's, set it"
        )
