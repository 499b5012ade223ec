"""What goes to standard output, which may be closed, full, or read no further."""

from __future__ import annotations

import os
import sys

from slimmemeter.errors import UsageError


def open_closed_streams() -> None:
    """Give a program that was started without standard output or error ones that lead nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - until the end


def say(text: str) -> None:
    """Print a line. :raises UsageError: standard output takes nothing."""
    write(f"{text}\n".encode("utf-8", "backslashreplace"))


def write(content: bytes) -> bool:
    """Write bytes. Who has seen enough (`| head`) keeps nothing from being done.

    :returns: whether anybody still reads.
    :raises UsageError: standard output takes nothing.
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
