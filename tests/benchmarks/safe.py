"""Ten years exported and backed up, and pulls that come while everything goes on: as programs."""

from __future__ import annotations

import contextlib
import http.client
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

from house import House
from measure import Work, cpu_s

from support.programs import PULL, SLIMMEMETER
from support.serving import Server

BOTH = "SELECT * FROM readings; SELECT * FROM mbus_readings"
BY_HAND = 'cp "$1" "$2" && sqlite3 "$2" "PRAGMA integrity_check" && gzip -f "$2"'
PULLS = 60


def export(database: str) -> tuple[Work, Work]:
    """Every reading as CSV: ours, and sqlite3's of both tables."""
    ours = [*SLIMMEMETER, "export", "--db", database]
    theirs = ["sqlite3", "-readonly", "-csv", "-header", database, BOTH]
    return partial(cpu_s, ours), partial(cpu_s, theirs)


def backup(database: str, folder: str) -> tuple[Work, Work]:
    """A copy that is verified and gzipped: ours, and one made by hand."""
    ours = [*SLIMMEMETER, "backup", folder, "--db", database]
    theirs = ["sh", "-euc", BY_HAND, "sh", database, f"{folder}/by-hand"]
    return partial(cpu_s, ours), partial(cpu_s, theirs)


class Crowd:
    """Pulls into a database of ten years, of which a log is brought in, while it is exported and
    backed up, and a client takes the largest table byte by byte."""

    def __init__(self, house: House, log: str, folder: str) -> None:
        self._house, self._log, self._folder = house, log, folder

    def waits_s(self) -> tuple[float, float]:
        """The longest of many pulls, and the usual one when nothing else goes on: by the clock."""
        alone_s = median([self._pull_s() for _ in range(9)])
        with self._everything():
            return max([self._pull_s() for _ in range(PULLS)]), alone_s

    def _pull_s(self) -> float:
        command = [*PULL, "-"]
        begin = time.perf_counter()
        subprocess.run(
            [*command, "--db", self._house.database], check=True, input=self._house.telegram()
        )
        took_s = time.perf_counter() - begin
        time.sleep(1 - time.time() % 1)  # until the meter tells something else
        return took_s

    @contextlib.contextmanager
    def _everything(self) -> Iterator[None]:
        database = ("--db", self._house.database)
        with contextlib.ExitStack() as stack:
            for commands in (
                [["import", self._log], ["import", "--undo", "1"]],
                [["backup", self._folder]],
                [["export"]],
            ):
                script = [shlex.join([*SLIMMEMETER, *command, *database]) for command in commands]
                stack.enter_context(_again_and_again(" && ".join(script)))
            stack.enter_context(_slow_client(self._house.database))
            yield


@contextlib.contextmanager
def _again_and_again(script: str) -> Iterator[None]:
    """Commands, and when they end the same once more. :raises RuntimeError: one failed."""
    loop = ["sh", "-c", f"while {script}; do :; done"]
    process = subprocess.Popen(loop, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"it failed: {script}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def _slow_client(database: str) -> Iterator[None]:
    """The pages are served, and one of their tables trickles to somebody, again and again."""
    over = threading.Event()
    with Server(Path(database), Path.home()) as server:
        client = threading.Thread(target=_trickle, args=(server.listen, over))
        client.start()
        try:
            yield
        finally:
            over.set()
            client.join()


def _trickle(host: str, over: threading.Event) -> None:
    while not over.is_set():
        connection = http.client.HTTPConnection(host)
        connection.request("GET", f"/month/{time.strftime('%Y-%m')}/power.csv")
        answer = connection.getresponse()
        while not over.wait(0.01) and answer.read(20):
            pass
        connection.close()
