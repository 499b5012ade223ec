"""The served pages: how soon the first one comes, what a cached answer costs, how much memory."""

from __future__ import annotations

import atexit
import http.client
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

from measure import Work

from support.memory import resident_kb
from support.programs import SLIMMEMETER, free_port
from support.serving import MEMORY

PYTHON = [sys.executable, "-I"]
SERVE = [*SLIMMEMETER, "serve"]
CONSTANT = """
import flask, sys, waitress
app = flask.Flask("constant")
app.get("/")(lambda: "constant")
waitress.serve(app, listen=sys.argv[1])
"""
REQUESTS = 200  # in a row, on one connection
PAGES = 10  # the same of a page, which takes longer
MANY = 1000  # different pictures


class Server:
    """A server's process, and a connection to it."""

    def __init__(self, command: Sequence[str], *ahead: str) -> None:
        """:param ahead: what stands before the address in the command."""
        self._port = free_port()
        address = f"127.0.0.1:{self._port}"
        environ = os.environ | MEMORY
        self.process = subprocess.Popen(
            [*command, *ahead, address], stdout=subprocess.DEVNULL, env=environ
        )
        atexit.register(self.stop)
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port)

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """An answer, as soon as there is a server to give it."""
        for _ in range(2000):
            try:
                self._connection.request("GET", path, headers=headers)
                answer = self._connection.getresponse()
                answer.body = answer.read()  # type: ignore[attr-defined]
                return answer
            except OSError:
                self._connection.close()
                time.sleep(0.005)
        raise RuntimeError(f"nobody answers on {self._port}")

    def memory_mb(self) -> float:
        """What of it is in memory."""
        return resident_kb(self.process.pid) * 1024 / 1e6

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def started(command: Sequence[str]) -> Work:
    """A program from its start to its end, by the clock."""
    return partial(_clocked, lambda: subprocess.run(command, check=True))


def _clocked(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


class Pages:
    """The pages of a database, served as they are at home."""

    def __init__(self, database: str) -> None:
        self._command = [*SERVE, "--db", database, "--listen"]
        self._day = date.today() - timedelta(days=3)

    def first_page(self) -> float:
        """From the start of the process to its first page, without its pictures."""
        begin = time.perf_counter()
        server = Server(self._command)
        server.get("/")
        took_s = time.perf_counter() - begin
        server.stop()
        return took_s

    def first_picture(self) -> float:
        """The first picture after the first page."""
        server = Server(self._command)
        server.get("/")
        took_s = _clocked(lambda: server.get(f"/day/{self._day}/power.png"))
        server.stop()
        return took_s

    def year(self) -> tuple[Work, Work]:
        """A year's page with all its pictures, one after another: none of them kept, and all."""
        server = Server(self._command)
        server.get(f"/day/{self._day}/power.png")
        days = itertools.count(200)

        def anew() -> None:  # a stretch of another length is another page, with as much to do
            self._whole(server, f"/last/{365 - next(days) % 90}")

        kept = partial(self._whole, server, "/last/365")
        return partial(_clocked, anew), partial(_clocked, kept)

    def _whole(self, server: Server, page: str) -> None:
        body = server.get(page).body.decode()  # type: ignore[attr-defined]
        for url in re.findall(r'<img src="([^"]+)"', body):
            server.get(url)

    def page(self, kind: str) -> Work:
        """The overview, or the page of a day, month or year."""
        server = Server(self._command)
        names = {"day": f"{self._day}", "month": f"{self._day:%Y-%m}", "year": f"{self._day:%Y}"}
        path = f"/{kind}/{names[kind]}" if kind in names else "/"
        server.get(path)
        return partial(_each, lambda: server.get(path), PAGES)

    def answers(self, headers: bool) -> Work:
        """A picture that is kept, or with `headers` one that the browser has already."""
        server = Server(self._command)
        path = f"/day/{self._day}/power.png"
        etag = str(server.get(path).headers["ETag"])
        known = {"If-None-Match": etag} if headers else {}
        return partial(_each, lambda: server.get(path, **known))

    def memory(self) -> tuple[float, float, float]:
        """Megabytes before the first picture, after a thousand different ones, and after a
        thousand more."""
        server = Server(self._command)
        server.get("/")
        result = [server.memory_mb()]
        for day in range(2 * MANY):
            shown = self._day - timedelta(days=day % 380)
            theme = ("light", "dark")[day // 380 % 2]
            server.get(f"/day/{shown}/power.png?theme={theme}&scale={1 + day // 760 % 2}")
            if day % MANY == MANY - 1:
                result.append(server.memory_mb())
        server.stop()
        before, after, later = result
        return before, after, later


def constant() -> Work:
    """Flask that answers a constant, on waitress's defaults."""
    server = Server([*PYTHON, "-c", CONSTANT])
    return partial(_each, lambda: server.get("/"))


def _each(ask: Callable[[], object], times: int = REQUESTS) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        ask()
    return (time.perf_counter() - begin) / times
