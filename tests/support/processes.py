"""The processes that run on this computer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def command_lines() -> Iterator[tuple[int, str]]:
    """Each process with its command line, whose arguments are divided by NULs."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        yield int(process.name), line.decode(errors="replace")


def has_open(process: int, path: str) -> bool:
    """Whether a process has a file or a device open."""
    try:
        return any(os.readlink(each) == path for each in Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return False  # it has just closed one, or ended
