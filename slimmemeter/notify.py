"""Cron's pulls fail three times in a row, or work again: a person is told, once each.

How many failed, and whether that was told, is in the file `failures` beside the database; in memory
where that can't be written, as on a full disk.
"""

from __future__ import annotations

import os
import sys

from slimmemeter.status import RUN_FOLDER

AFTER = 3  # failures in a row
COMMAND_S = 60
FILE = "failures"
RECOVERED = "p1-pull: a reading is stored again"


def failed(database: str, command: str, code: int, sentence: str) -> None:
    """Count a pull that failed; tell it to the command if enough did, until it was heard."""
    count, told = _read(database)
    count += 1
    if count >= AFTER and not told and command:
        told = _tell(command, code, sentence)
    _write(database, f"{count} {int(told)}\n")


def is_counted(database: str) -> bool:
    """Whether the pull before this one failed."""
    return any(map(os.path.exists, _places(database)))


def ended(database: str, command: str) -> None:
    """A pull was well: forget the failures before it; tell the command, if it was told of them."""
    _, told = _read(database)
    if told and command and not _tell(command, 0, RECOVERED):
        return
    for place in _places(database):
        if os.path.exists(place):
            os.unlink(place)


def _tell(command: str, code: int, sentence: str) -> bool:
    """Run the household's command, the sentence being its input; whether it heard.

    Its exit code must be 0 within a minute. What it says on standard error goes where ours goes.
    """
    import signal
    import subprocess

    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "SLIMMEMETER_EXIT_CODE": str(code)},
    )
    try:
        process.communicate(f"{sentence}\n".encode("utf-8", "surrogateescape"), COMMAND_S)
        why = f"ended with exit code {process.returncode}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        why = f"took longer than {COMMAND_S} s"
    if process.returncode:
        print(f"p1-pull: SLIMMEMETER_ON_TROUBLE {why}", file=sys.stderr)
    return process.returncode == 0


def _places(database: str) -> list[str]:
    return [f"{folder}/{FILE}" for folder in (RUN_FOLDER, os.path.dirname(database))]


def _read(database: str) -> tuple[int, bool]:
    """How many failed, and whether that was told."""
    for place in _places(database):
        try:
            with open(place, encoding="ascii") as file:
                count, told = map(int, file.read().split())
                return count, bool(told)
        except (OSError, ValueError):
            pass
    return 0, False


def _write(database: str, text: str) -> None:
    """Beside the database, so that it outlives a restart; else in memory."""
    memory, disk = _places(database)
    for place in (disk, memory):
        try:
            with open(f"{place}.{os.getpid()}", "w", encoding="ascii") as file:
                file.write(text)
            os.replace(f"{place}.{os.getpid()}", place)
            if place == disk and os.path.exists(memory):
                os.unlink(memory)
            return
        except OSError:
            if os.path.exists(f"{place}.{os.getpid()}"):
                os.unlink(f"{place}.{os.getpid()}")
