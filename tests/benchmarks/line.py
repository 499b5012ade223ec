"""A pseudo-terminal on which a meter speaks as soon as a program listens."""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

LISTENS_S = 0.005  # between the settings of a line and the first byte: programs flush it there
AGAIN_S = 1  # a meter of DSMR 5 speaks every second


class Line:
    """A line for one program; `port` is its name. Use it in a `with` block."""

    def __init__(self, telegram: Callable[[], bytes]) -> None:
        self._telegram = telegram
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._speak)

    def __enter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        self.port = os.ttyname(theirs)
        os.close(theirs)  # from now on the line is hung up until a program opens it
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._ours)

    def _speak(self) -> None:
        while not (self._is_open() and self._is_raw()):
            if self._over.wait(0.001):
                return
        pause_s = LISTENS_S
        while not self._over.wait(pause_s) and self._is_open():
            os.write(self._ours, self._telegram())
            pause_s = AGAIN_S

    def _is_open(self) -> bool:
        poll = select.poll()
        poll.register(self._ours, 0)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def _is_raw(self) -> bool:
        return not termios.tcgetattr(self._ours)[3] & termios.ICANON
