"""The instant of a reading: which of two clocks is to be believed.

Meters' clocks are unset, stuck or off for weeks, and a Pi has none of its own that survives a
power cut. One that agrees with the other is right; else the kernel tells whether it is set.
"""

from __future__ import annotations

import time

from slimmemeter.errors import TelegramError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

AGREEMENT_S = 600


def now() -> int:
    """This computer's clock, in UTC seconds."""
    return int(time.time())


def is_synchronised() -> bool:
    """Whether the kernel says that its clock was set by another (adjtimex(2), STA_UNSYNC)."""
    import ctypes

    class Timex(ctypes.Structure):
        # The kernel's struct timex is 208 bytes; only its mode and status are of interest.
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


def instant(stamp: int | None, received_at: int, newest: Callable[[], int | None]) -> int:
    """The UTC seconds of a reading that came with this stamp at this time of ours.

    :param newest: asked only where it matters, for the instant of the newest reading.

    :raises TelegramError: neither clock can be trusted.
    """
    if stamp is not None and abs(stamp - received_at) <= AGREEMENT_S:
        return stamp
    if is_synchronised():
        return received_at
    if stamp is not None and stamp > (newest() or 0):
        return stamp
    raise TelegramError(
        "neither the meter nor this computer knows the time: the meter's clock is"
        f" {'not set' if stamp is None else 'behind the newest reading'},"
        " and this computer's was not set since it started"
    )
