"""A server of prices on the loopback address, which does whatever a test tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from support.counter_curves import market_price

ZONE = ZoneInfo("Europe/Amsterdam")
QUARTER_S = 900
Query = dict[str, str]
Answer = Callable[[BaseHTTPRequestHandler, Query], None]


def days_of(query: Query) -> tuple[int, int]:
    """The instants of a request's days."""
    first, last = (date.fromisoformat(query[name]) for name in ("start", "end"))
    begin, end = (
        int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())
        for day in (first, last + timedelta(days=1))
    )
    return begin, end


def good(query: Query, length_s: int = QUARTER_S) -> dict[str, Any]:
    """What is answered when all is well."""
    starts = list(range(*days_of(query), length_s))
    return {
        "license_info": "CC BY 4.0 (made up)",
        "unix_seconds": starts,
        "price": [market_price(start // QUARTER_S) / 100 for start in starts],
        "unit": "EUR / MWh",
        "deprecated": False,
    }


def send(handler: BaseHTTPRequestHandler, content: bytes, status: int = 200) -> None:
    """Send an answer as a whole."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def answers(handler: BaseHTTPRequestHandler, query: Query) -> None:
    """All is well."""
    send(handler, json.dumps(good(query)).encode())


class PriceServer:
    """Answers as `answer` says; use it in a `with` block."""

    def __init__(self, answer: Answer = answers) -> None:
        self.answer = answer
        self.queries: list[Query] = []
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {
                    key: found[0] for key, found in parse_qs(urlsplit(self.path).query).items()
                }
                server.queries.append(query)
                server.answer(self, query)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}/price?bzn=NL"
        self._thread = threading.Thread(target=self._http.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
