"""A time after which what waits is broken off, also inside a library that keeps its own time.

Only what can hang needs it (a far end, a pipe): the module `signal` costs a tenth of a pull.
"""

from __future__ import annotations

import signal
import time

from slimmemeter.errors import SlimmemeterError


def ring_at(deadline_s: float, late: SlimmemeterError) -> None:
    """Raise `late` in the main thread at that time of `time.monotonic`, unless `stop` comes."""

    def ring(*_: object) -> None:
        raise late

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(deadline_s - time.monotonic(), 0.01))


def stop() -> None:
    """Let nothing be broken off any more."""
    signal.setitimer(signal.ITIMER_REAL, 0)
