"""Whatever a visitor sends, the server answers in words, keeps its memory, and goes on."""

from __future__ import annotations

import random
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimmemeter.history import catalogue
from support.memory import resident_kb
from support.serving import Server

SHORT_S, LONG_S = 4, 600
PATHS = [
    *("/", "/meter", "/meter.json", "/now.json", "/healthz", "/years", "/last/365", "/between"),
    *("/day/2026-10-25", "/week/2026-W44", "/month/2026-10", "/year/2026"),
    *("/between/2026-10-25/2026-10-28", "/between/2026-10-25T02:30/2026-10-25T03:30"),
]
QUERIES = [
    *("theme=dark", "scale=2", "shape=narrow", "lang=nl", "by=day", "by=5min", "at=2026-10-26"),
    *("from=2026-10-25&to=2026-10-26", "refresh=no", "decimal=comma", "readings"),
]
PIECES = [
    *("%00", "%ff", "%2e%2e%2f", "../", "//", "9" * 30, "-1", "0", "é", "%F0%9F%92%A5", "'", '"'),
    *(
        "<b>",
        "T24:00",
        "+02:00",
        "2026-02-30",
        "W54",
        "1e9",
        "NaN",
        ".png.png",
        "\\",
        ";",
        "&",
        "=",
    ),
    *("%0d%0aX:%20y", "{{7*7}}", "${7*7}", "a" * 3000, " ", "?", "#"),
]
HEADERS = [
    b"Host: localhost",
    b"Host: \xff\xfe",
    b"If-None-Match: *",
    b"If-None-Match: " + b'"x",' * 500,
    b"Accept-Language: " + b"nl;q=0.9," * 300,
    b"Accept-Language: \x00\xff;q=NaN",
    b"Cookie: lang=" + b"%" * 900,
    b"Cookie: \xff=\xff; lang=nl; lang=en",
    b"Range: bytes=0-1,5-",
    b"Content-Length: -1",
    b"Content-Length: 99999999999",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b"Connection: Upgrade, HTTP2-Settings",
    b"X" * 9000,
]
METHODS = [b"GET"] * 12 + [b"HEAD", b"POST", b"get", b"\x16\x03\x01", b"CONNECT", b"GET" * 99]


@pytest.fixture
def server(house_database: Path, tmp_path: Path) -> Iterator[Server]:
    """The pages, with their standard error in a file."""
    made = Server(house_database, tmp_path, errors=tmp_path / "errors")
    yield made
    made.stop()


def address(chance: random.Random) -> str:
    """An address that is one of ours, or nearly."""
    path = chance.choice(PATHS)
    if chance.random() < 0.6 and path.count("/") > 1:
        form = chance.choice(("png", "csv", "json", "svg"))
        path += f"/{chance.choice((*catalogue.NAMES, 'nonsense'))}.{form}"
    if chance.random() < 0.4:
        path += "?" + "&".join(chance.choices(QUERIES, k=chance.randrange(1, 4)))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        place = chance.randrange(1, len(path) + 1)
        path = path[:place] + chance.choice(PIECES) + path[place + chance.randrange(4) :]
    return path


def request(chance: random.Random) -> bytes:
    """What a visitor sends: mostly HTTP."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(1, 2000))
    path = address(chance).encode("utf-8")
    headers = [b"Host: localhost", *chance.choices(HEADERS, k=chance.choice((0, 0, 1, 3)))]
    line = b" ".join([chance.choice(METHODS), path, b"HTTP/1.1"])
    return b"\r\n".join([line, *headers, b"Connection: close", b"", b""])


def answer(port: int, output: bytes) -> bytes:
    """What comes back first, as far as anything does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as visitor:
            visitor.sendall(output)
            visitor.shutdown(socket.SHUT_WR)
            return visitor.recv(4096)
    except OSError:
        return b""  # it was shown the door


def test_no_request_makes_it_fail(server: Server, tmp_path: Path, pytestconfig: object) -> None:
    """No request causes status 500, a traceback or growing memory."""
    is_long = pytestconfig.getoption("--long")  # type: ignore[attr-defined]
    seed = random.randrange(1 << 32)
    chance, port = random.Random(seed), int(server.url.rpartition(":")[2])
    for name in ("power", "hours", "electricity"):  # what is loaded once
        urllib.request.urlopen(f"{server.url}/month/2026-10/{name}.png?scale=2").read()
    end, statuses, half_way = time.monotonic() + (LONG_S if is_long else SHORT_S), set(), 0
    begin = time.monotonic()
    while time.monotonic() < end:
        output = request(chance)
        first = answer(port, output).partition(b"\r\n")[0].split(b" ")
        statuses.add(first[1] if len(first) > 1 else b"")
        assert b"500" not in first[1:2], (seed, output)
        if not half_way and time.monotonic() > (begin + end) / 2:
            half_way = resident_kb(server.process.pid)
    assert {b"200", b"400", b"404", b"405"} <= statuses
    assert urllib.request.urlopen(f"{server.url}/").status == 200
    assert resident_kb(server.process.pid) < half_way * 1.1 + 4096
    said_by_it = (tmp_path / "errors").read_text()
    assert "Traceback" not in said_by_it, said_by_it[-3000:]
