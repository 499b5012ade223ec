"""Ten years exported and backed up as programs, and pulls that come while everything goes on."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from statistics import median

from house import House
from logs import Log
from measure import Work, cpu_s

OURS = [sys.executable, "-m", "slimmemeter.cli"]
READINGS = "SELECT * FROM readings; SELECT * FROM mbus_readings"
BY_HAND = (
    'cp "$1" "$2/by-hand" && sqlite3 "$2/by-hand" "PRAGMA integrity_check" && gzip -f "$2/by-hand"'
)
PULLS = 40


def export(database: str) -> tuple[Work, Work]:
    """All readings as CSV: ours, and sqlite3's of both tables."""
    ours = [*OURS, "export", "--db", database]
    theirs = ["sqlite3", "-readonly", "-csv", "-header", database, READINGS]
    return partial(cpu_s, ours), partial(cpu_s, theirs)


def backup(database: str, folder: str) -> tuple[Work, Work]:
    """A proved copy, gzipped: ours, and one made by hand."""
    ours = [*OURS, "backup", folder, "--db", database]
    theirs = ["sh", "-euc", BY_HAND, "sh", database, folder]
    return partial(cpu_s, ours), partial(cpu_s, theirs)


class Crowd:
    """An import, an export and a slow client's largest CSV, and a backup, of one database."""

    def __init__(self, house: House, log: Log, folder: str) -> None:
        self._house, self._log, self._folder = house, log, folder

    def waits_s(self) -> tuple[float, float]:
        """The longest of many pulls beside all of that, and a usual one alone, by the clock."""
        alone_s = median(self._pull_s() for _ in range(9))
        with self._everything():
            return max(self._pull_s() for _ in range(PULLS)), alone_s

    def _pull_s(self) -> float:
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-I", "-m", "slimmemeter.pull", "-", "--db", self._house.database],
            check=True,
            input=self._house.telegram(),
        )
        cost_s = time.perf_counter() - begin
        time.sleep(1 - (time.time() % 1))  # until the meter tells something new
        return cost_s

    @contextlib.contextmanager
    def _everything(self) -> Iterator[None]:
        database = ("--db", self._house.database)
        with contextlib.ExitStack() as stack:
            for command in (
                ["import", self._log.path, *database],
                ["backup", self._folder, *database],
                ["export", *database],
            ):
                stack.enter_context(_again_and_again(command))
            stack.enter_context(_slow_client(self._house.database))
            yield


@contextlib.contextmanager
def _again_and_again(arguments: list[str]) -> Iterator[None]:
    """A command, and when it ends once more."""
    script = 'while "$@" >/dev/null; do :; done'
    process = subprocess.Popen(
        ["sh", "-c", script, "sh", *OURS, *arguments], start_new_session=True
    )
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"{arguments[0]} failed")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait()


@contextlib.contextmanager
def _slow_client(database: str) -> Iterator[None]:
    """The pages are served, and somebody takes the largest CSV byte by byte."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listen = f"127.0.0.1:{port}"
    process = subprocess.Popen([*OURS, "serve", "--db", database, "--listen", listen])
    try:
        yield
    finally:
        process.terminate()
        process.wait()
