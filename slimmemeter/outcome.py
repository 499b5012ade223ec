"""What came of the last pull: `scripts/pull.sh` leaves one line, the pages and people read it.

The line is `UTC-SECONDS EXIT-CODE SENTENCE`. It is no reading; losing it loses nothing.
"""

from __future__ import annotations

import os
from typing import NamedTuple

RUN_FOLDER = "/run/slimmemeter"
FILE = "last-pull"


class Outcome(NamedTuple):
    """When the last pull ended (UTC seconds), its exit code, what it said."""

    at: int
    code: int
    sentence: str


def folder(database: str) -> str:
    """Where the line belongs: in memory where the system has a place for it, else by the data."""
    return RUN_FOLDER if os.access(RUN_FOLDER, os.W_OK) else os.path.dirname(database)


def last(database: str) -> Outcome | None:
    """The newest outcome that was left for this database, or None."""
    found = [_read(f"{place}/{FILE}") for place in (RUN_FOLDER, os.path.dirname(database))]
    return max((outcome for outcome in found if outcome is not None), default=None)


def _read(path: str) -> Outcome | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            at, code, sentence = file.readline().rstrip("\n").split(" ", 2)
            return Outcome(int(at), int(code), sentence)
    except (OSError, ValueError):
        return None
