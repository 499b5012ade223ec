"""Runs the household's command when pulls fail three times in a row, and when they work again; and
so it is with publishing.

The number of failures, and whether the command has run, are in a file beside the database on the
disk, or in memory where that can't be written, as on a full disk.
"""

from __future__ import annotations

import os
import sys

from slimmemeter import process
from slimmemeter.status import paths

AFTER = 3  # failures in a row
COMMAND_S = 60


class Program:
    """What cron runs: its name, the file in which its failures are counted, and what is reported
    when it works again."""

    __slots__ = ("file", "name", "recovered")

    def __init__(self, name: str, file: str, recovered: str) -> None:
        self.name = name
        self.file = file
        self.recovered = f"{name}: {recovered}"


PULL = Program("p1-pull", "failures", "a reading is stored again")
PUBLISH = Program("slimmemeter publish", "publish-failures", "every target has all readings again")


def failed(
    database: str, command: str, exit_code: int, sentence: str, program: Program = PULL
) -> None:
    """Count a failure; from the third on run the command, until it has succeeded once."""
    count, is_notified = _read(database, program)
    count += 1
    if count >= AFTER and not is_notified and command:
        is_notified = _run(command, exit_code, sentence, program)
    _write(database, f"{count} {int(is_notified)}\n", program)


def is_failing(database: str, program: Program = PULL) -> bool:
    """Whether the run before this one failed."""
    return any(map(os.path.exists, paths(database, program.file)))


def recovered(database: str, command: str, program: Program = PULL) -> None:
    """Forget the failures, after running the command if it ran for them."""
    _, is_notified = _read(database, program)
    if is_notified and command and not _run(command, 0, program.recovered, program):
        return
    for path in paths(database, program.file):
        if os.path.exists(path):
            os.unlink(path)


def _run(command: str, exit_code: int, sentence: str, program: Program) -> bool:
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
        print(f"{program.name}: SLIMMEMETER_ON_TROUBLE {failure}", file=sys.stderr)
    return child.returncode == 0


def _read(database: str, program: Program) -> tuple[int, bool]:
    """The number of failures, and whether the command has run for them."""
    for path in paths(database, program.file):
        try:
            with open(path, encoding="ascii") as file:
                count, is_notified = map(int, file.read().split())
                return count, bool(is_notified)
        except (OSError, ValueError):
            pass
    return 0, False


def _write(database: str, text: str, program: Program) -> None:
    """Beside the database, so that it survives a restart; else in memory."""
    memory, disk = paths(database, program.file)
    for path in (disk, memory):
        try:
            process.replace_file(path, text)
        except OSError:
            continue
        if path == disk and os.path.exists(memory):
            os.unlink(memory)
        return
