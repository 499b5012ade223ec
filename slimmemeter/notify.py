"""Runs the household's command when pulls fail three times in a row, and when they work again.

The number of failures, and whether the command has run, are in the file `failures` of the database
on the disk, or in memory where that can't be written, as on a full disk.
"""

from __future__ import annotations

import os
import sys

from slimmemeter import process
from slimmemeter.status import paths

AFTER = 3  # failures in a row
COMMAND_S = 60
FILE = "failures"
RECOVERED = "p1-pull: a reading is stored again"


def pull_failed(database: str, command: str, exit_code: int, sentence: str) -> None:
    """Count a failure; from the third on run the command, until it has succeeded once."""
    count, is_notified = _read(database)
    count += 1
    if count >= AFTER and not is_notified and command:
        is_notified = _run(command, exit_code, sentence)
    _write(database, f"{count} {int(is_notified)}\n")


def is_failing(database: str) -> bool:
    """Whether the pull before this one failed."""
    return any(map(os.path.exists, paths(database, FILE)))


def pull_recovered(database: str, command: str) -> None:
    """Forget the failures, after running the command if it ran for them."""
    _, is_notified = _read(database)
    if is_notified and command and not _run(command, 0, RECOVERED):
        return
    for path in paths(database, FILE):
        if os.path.exists(path):
            os.unlink(path)


def _run(command: str, exit_code: int, sentence: str) -> bool:
    """Run the command with the sentence as its input; whether it exited with 0 within a minute."""
    import signal
    import subprocess

    child = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "SLIMMEMETER_EXIT_CODE": str(exit_code)},
    )
    try:
        child.communicate(f"{sentence}\n".encode("utf-8", "surrogateescape"), COMMAND_S)
        failure = f"ended with exit code {child.returncode}"
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        failure = f"took longer than {COMMAND_S} s"
    if child.returncode:
        print(f"p1-pull: SLIMMEMETER_ON_TROUBLE {failure}", file=sys.stderr)
    return child.returncode == 0


def _read(database: str) -> tuple[int, bool]:
    """The number of failures, and whether the command has run for them."""
    for path in paths(database, FILE):
        try:
            with open(path, encoding="ascii") as file:
                count, is_notified = map(int, file.read().split())
                return count, bool(is_notified)
        except (OSError, ValueError):
            pass
    return 0, False


def _write(database: str, text: str) -> None:
    """Beside the database, so that it survives a restart; else in memory."""
    memory, disk = paths(database, FILE)
    for path in (disk, memory):
        try:
            process.replace_file(path, text)
        except OSError:
            continue
        if path == disk and os.path.exists(memory):
            os.unlink(memory)
        return
