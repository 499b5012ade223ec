"""How the server begins, on sockets that systemd hands over, and how it ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.serving import Server
from support.waiting import until

# As systemd does it: the sockets are the files from 3 on, and the process knows that they are its.
HAND_OVER = """
import os, sys
for number, given in enumerate(sys.argv[2:], 3):
    os.dup2(int(given), number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"}
os.execv(sys.executable, [sys.executable, "-I", "-m", "slimmemeter", "serve", "--db", sys.argv[1]])
"""


class Handed:
    """Servers on two sockets of the test's, whose visitors wait while no server is there."""

    def __init__(self, database: Path, home: Path) -> None:
        self._database, self._home = database, home
        self.sockets = [
            socket.create_server(("127.0.0.1", 0)),
            socket.create_server(("::1", 0), family=socket.AF_INET6),
        ]

    def start(self) -> subprocess.Popen[bytes]:
        """Start a server."""
        given = [os.dup(each.fileno()) for each in self.sockets]
        numbers = [str(each) for each in given]
        made = subprocess.Popen(
            [sys.executable, "-c", HAND_OVER, str(self._database), *numbers],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._home)},
            stdout=subprocess.DEVNULL,
            pass_fds=given,
        )
        for each in given:
            os.close(each)
        return made

    def status(self, number: int, path: str = "/healthz") -> int:
        """What a visitor of a socket gets, even one who has to wait for a server."""
        host, port, *_ = self.sockets[number].getsockname()
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=60)) as visitor:
            visitor.request("GET", path)
            return visitor.getresponse().status


@pytest.fixture
def handed(house_database: Path, tmp_path: Path) -> Iterator[Handed]:
    """Two sockets, for IPv4 and IPv6."""
    made = Handed(house_database, tmp_path)
    yield made
    for each in made.sockets:
        each.close()


def end(process: subprocess.Popen[bytes]) -> int:
    """End it, as systemd does, and return its exit code."""
    process.terminate()
    return process.wait(timeout=60)


def test_sockets_that_were_handed_over_are_served(handed: Handed) -> None:
    """Of IPv4 and of IPv6, and not what the settings say."""
    process = handed.start()
    assert [handed.status(number) for number in (0, 1)] == [200, 200]
    assert end(process) == 0


def test_visitors_wait_for_the_next_server(handed: Handed) -> None:
    """Who comes while one server ends and the next one begins is answered."""
    first = handed.start()
    assert handed.status(0) == 200
    assert end(first) == 0
    statuses: list[int] = []
    early = threading.Thread(target=lambda: statuses.append(handed.status(0)))
    early.start()
    second = handed.start()
    early.join(60)
    assert statuses == [200]
    assert end(second) == 0


def test_server_that_still_loads_ends_well(handed: Handed) -> None:
    """One that is told to end while it loads what pictures need aborts nothing."""
    for _ in range(3):
        process = handed.start()
        maps = Path(f"/proc/{process.pid}/maps")
        until(lambda maps=maps: "numpy" in maps.read_text())  # type: ignore[misc]
        assert end(process) == 0


def test_restarts_cut_nobody_off(handed: Handed) -> None:
    """While servers come and go, each visitor who knocks gets a whole answer."""
    statuses: list[int] = []
    over = threading.Event()

    def visit(number: int) -> None:
        while not over.is_set():
            statuses.append(handed.status(number, "/meter"))

    with ExitStack() as stack:
        visitors = [threading.Thread(target=visit, args=(number,)) for number in (0, 1, 0)]
        process = handed.start()
        stack.callback(over.set)
        for each in visitors:
            each.start()
        for _ in range(2):
            enough = len(statuses) + 20
            until(lambda enough=enough: len(statuses) > enough)  # type: ignore[misc]
            assert end(process) == 0
            process = handed.start()
        enough = len(statuses) + 3
        until(lambda: len(statuses) > enough)
        over.set()
        for each in visitors:
            each.join(60)
        assert end(process) == 0
    assert set(statuses) == {200}


@pytest.mark.parametrize("path", ["/year/2026/electricity.png?scale=2", "/year/2026/hours.json"])
def test_request_in_flight_is_finished(house_database: Path, tmp_path: Path, path: str) -> None:
    """An answer that is being made when the server is told to end is sent whole."""
    with Server(house_database, tmp_path) as server:
        visitor = http.client.HTTPConnection(*server.address, timeout=60)
        visitor.request("GET", "/healthz")
        visitor.getresponse().read()  # from now on it is connected
        visitor.request("GET", path)
        server.process.send_signal(signal.SIGTERM)
        answer = visitor.getresponse()
        assert answer.status == 200
        assert len(answer.read()) == int(answer.headers["Content-Length"])
        visitor.close()
        assert server.process.wait(timeout=60) == 0
