"""A program's process: its standard output, a deadline for what may hang, a file in one step."""

from __future__ import annotations

import os
import sys
import time

from slimmemeter.errors import SlimmemeterError, UsageError


def open_closed_streams() -> None:
    """Give a program that was started without standard output or error ones that lead nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - until the process ends


def harmless(text: str) -> str:
    """A text that can't control a terminal, wherever a part of it came from."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode-escape").decode() for c in text
    )


def print_line(text: str) -> None:
    """Print to standard output. :raises UsageError: it can't be written to."""
    write(f"{harmless(text)}\n".encode("utf-8", "backslashreplace"))


def write(content: bytes) -> bool:
    """Write bytes to standard output. A reader that has gone (`| head`) is no error.

    :returns: whether there still is a reader.
    :raises UsageError: it can't be written to.
    """
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return True
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UsageError(f"cannot write to standard output: {error.strerror}") from None


class Deadline:
    """Breaks off what runs in a `with` block too long, even inside a library that only waits.

    For the main thread. Only what can hang needs it (a network connection, a pipe): importing
    `signal` costs a tenth of a pull.
    """

    def __init__(self, at_s: float, error: SlimmemeterError) -> None:
        """:param at_s: a time of `time.monotonic`. :param error: raised in the block then."""
        self._at_s = at_s
        self._error = error

    def __enter__(self) -> None:
        import signal

        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, max(self._at_s - time.monotonic(), 0.01))

    def _ring(self, *_: object) -> None:
        raise self._error

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        import signal

        signal.setitimer(signal.ITIMER_REAL, 0)


def replace_file(path: str, text: str) -> None:
    """Write a file in one step: a reader sees the old content or the new one.

    :raises OSError: it can't be written; the old content stays.
    """
    part = f"{path}.{os.getpid()}"
    try:
        with open(part, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.replace(part, path)
    except OSError:
        if os.path.exists(part):
            os.unlink(part)
        raise
