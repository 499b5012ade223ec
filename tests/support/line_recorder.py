"""A server of the test's own that takes InfluxDB's line protocol and notes it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Recorder:
    """A server that notes what it is sent, and answers with a status."""

    def __init__(self, status: int = 204) -> None:
        self.requests: list[tuple[str, str | None, str]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"])).decode()
                about = (self.path, self.headers["Authorization"], content)
                recorder.requests.append(about)
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"influx+http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever)

    def counters(self, register: str) -> list[tuple[int, int]]:
        """The instant and the value of each point that has a register, in the order in which they
        came."""
        found = []
        for _, _, content in self.requests:
            for line in content.splitlines():
                _, fields, at = line.rsplit(" ", 2)
                values = dict(field.split("=") for field in fields.split(","))
                if register in values:
                    found.append((int(at) // 10**9, int(values[register].rstrip("i"))))
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
