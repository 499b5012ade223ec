"""A pull's turn: at the port and the database there is one at a time."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from slimmemeter import status
from slimmemeter.errors import PortError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "lock"
WAIT_S = 30
LOOK_AGAIN_S = 0.05


@contextmanager
def turn(database: str) -> Iterator[None]:
    """Wait until no other pull into this database runs, and keep others waiting.

    :raises PortError: one goes on for too long, or another user owns the lock.
    """
    import fcntl

    until_s = time.monotonic() + WAIT_S
    lock = _opened(database)
    if lock is None:
        yield
        return
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until_s:
                    raise PortError("the pull before this one is still running") from None
                time.sleep(LOOK_AGAIN_S)
        yield
    finally:
        os.close(lock)


def _opened(database: str) -> int | None:
    """The lock; None if there can't be one: the port and the database have locks of their own."""
    try:
        return status.open_lock(database, FILE)
    except PermissionError as error:
        sentence = f"{error.filename} belongs to another user, who pulls into {database}"
        raise PortError(sentence) from None
