"""What came of the last pull: `p1-pull` leaves one line, the pages and people read it.

The line is `UTC-SECONDS EXIT-CODE SENTENCE`. It is no reading; losing it loses nothing. For a pull
that could not leave it (it was killed) `scripts/pull.sh` has it left by `pull.after_failure`.
"""

from __future__ import annotations

import os
import time

RUN_FOLDER = "/run/slimmemeter"
FILE = "last-pull"
BACKUP = "last-backup"  # beside the database, so that a restart forgets nothing


class Outcome:
    """When the last pull ended (UTC seconds), its exit code, what it said."""

    __slots__ = ("at", "code", "sentence")

    def __init__(self, at: int, code: int, sentence: str) -> None:
        self.at = at
        self.code = code
        self.sentence = sentence


def leave(database: str, code: int, sentence: str) -> None:
    """Put the line in memory where the system has a place for it, else beside the database.

    Where it can't be written it isn't: the pull's exit code and sentence have told already.
    """
    folder = RUN_FOLDER if os.access(RUN_FOLDER, os.W_OK) else os.path.dirname(database)
    _write(f"{folder}/{FILE}", code, sentence)


def leave_backup(database: str, path: str) -> None:
    """Say that a proved copy of the database is there now."""
    _write(f"{os.path.dirname(database)}/{BACKUP}", 0, path)


def forget_backup(database: str) -> None:
    """The database is another one, of which there is no copy yet."""
    if os.path.exists(f"{os.path.dirname(database)}/{BACKUP}"):
        os.unlink(f"{os.path.dirname(database)}/{BACKUP}")


def last_backup(database: str) -> Outcome | None:
    """When the last proved copy was made, and where it is; None if none ever was."""
    return _read(f"{os.path.dirname(database)}/{BACKUP}")


def _write(path: str, code: int, sentence: str) -> None:
    made = f"{path}.{os.getpid()}"
    try:
        with open(made, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{int(time.time())} {code} {' '.join(sentence.split())}\n")
        os.replace(made, path)
    except OSError:
        pass


def last(database: str) -> Outcome | None:
    """The newest outcome that was left for this database, or None."""
    found = [_read(f"{place}/{FILE}") for place in (RUN_FOLDER, os.path.dirname(database))]
    known = [outcome for outcome in found if outcome is not None]
    return max(known, key=lambda outcome: outcome.at, default=None)


def _read(path: str) -> Outcome | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            at, code, sentence = file.readline().rstrip("\n").split(" ", 2)
            return Outcome(int(at) % (1 << 33), int(code), sentence)
    except (OSError, ValueError):
        return None
