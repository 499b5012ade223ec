"""A meter on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import threading
import tty
from collections.abc import Callable, Sequence


class Meter(threading.Thread):
    """Says the same pieces again and again on a pseudo-terminal, while somebody has it open."""

    def __init__(self, pieces: Sequence[bytes], pause_s: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.pieces = pieces
        self._pause_s = pause_s
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        self.port = os.ttyname(theirs)
        os.close(theirs)
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(self._pause_s):
            for piece in self.pieces:
                self._say(piece)

    def _say(self, piece: bytes) -> None:
        poll = select.poll()
        poll.register(self._ours, select.POLLOUT)
        while piece and not self._over.is_set():
            ((_, state),) = poll.poll(200) or ((0, 0),)
            if state & select.POLLHUP:  # nobody has it open
                self._over.wait(0.01)
            elif state & select.POLLOUT:
                piece = piece[os.write(self._ours, piece) :]

    def stop(self) -> None:
        """Be silent for ever, as after the cable was pulled out."""
        self._over.set()
        self.join()
        os.close(self._ours)


Meters = Callable[..., Meter]
