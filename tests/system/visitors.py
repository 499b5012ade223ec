"""Visitors who come all the time, each with a new connection, as `visitors.py FILE`.

Runs inside a machine. FILE gets a line for each answer: its status, its seconds, the version.
"""

import http.client
import json
import sys
import threading
import time

PATHS = ("/healthz", "/", "/years/electricity.png", "/day/2026-01-01")


def visit(host: str, path: str, file: str) -> None:
    """Ask until the end; what isn't answered has status 0."""
    while True:
        began = time.monotonic()
        status, version = 0, "-"
        try:
            visitor = http.client.HTTPConnection(host, 8765, timeout=60)
            visitor.request("GET", path)
            answer = visitor.getresponse()
            body, status = answer.read(), answer.status
            visitor.close()
        except OSError as error:
            version = repr(error).replace(" ", "_")
        if path == "/healthz" and status == 200:
            version = json.loads(body)["version"]
        with open(file, "a", encoding="utf-8") as seen:
            seen.write(f"{status} {time.monotonic() - began:.3f} {version}\n")
        time.sleep(0.02)


for host in ("127.0.0.1", "::1"):
    for path in PATHS:
        threading.Thread(target=visit, args=(host, path, sys.argv[1])).start()
