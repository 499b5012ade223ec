"""Servers that take InfluxDB's line protocol: InfluxDB and VictoriaMetrics, as Debian has them."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Self

from support.debian import needs
from support.programs import free_port
from support.waiting import until

Points = dict[int, int]  # by UTC seconds
EVER = {"start": "0", "end": "4000000000"}


class LineServer:
    """A server that can be stopped and started; use it in a `with` block."""

    health = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.command: list[str] = []

    @property
    def url(self) -> str:
        """As SLIMMEMETER_PUBLISH has it."""
        return f"influx+http://127.0.0.1:{self.port}"

    def ask(self, path: str, **query: str) -> bytes:
        """What it answers."""
        text = urllib.parse.urlencode(query)
        url = f"http://127.0.0.1:{self.port}{path}{'?' * bool(text)}{text}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            content: bytes = answer.read()
        return content

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers)

    def _answers(self) -> bool:
        try:
            self.ask(self.health)
        except (OSError, urllib.error.HTTPError):
            return False
        return True

    def stop(self) -> None:
        """End it as systemd does."""
        self._process.terminate()
        self._process.wait(timeout=60)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait(timeout=60)

    def points(self, field: str, house: str) -> Points:
        """All points of a field of a house."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.stop()


class VictoriaMetrics(LineServer):
    """It forgets after a month, unless told otherwise."""

    health = "/health"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.command = [
            needs("victoria-metrics", "victoria-metrics"),
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={folder}/victoria",
            "-retentionPeriod=100y",
        ]

    def points(self, field: str, house: str) -> Points:
        self.ask("/internal/force_flush")
        match = f'slimmemeter_{field}{{house="{house}"}}'
        found: Points = {}
        for line in self.ask("/api/v1/export", **{"match[]": match}, **EVER).splitlines():
            series: dict[str, Any] = json.loads(line)
            pairs = zip(series["timestamps"], series["values"], strict=True)
            found |= {at // 1000: int(value) for at, value in pairs}
        return found


CONFIG = """
bind-address = "127.0.0.1:{rpc}"
reporting-disabled = true
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{http}"
auth-enabled = {auth}
log-enabled = false
"""
USER, PASSWORD = "house", "s3cret"


class InfluxDB(LineServer):
    """Version 1, with a database `power`."""

    health = "/ping"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = folder / "influxdb.conf"
        text = CONFIG.format(rpc=free_port(), http=self.port, folder=folder, auth="true")
        config.write_text(text)
        self.command = [needs("influxd", "influxdb"), "run", "-config", str(config)]

    @property
    def url(self) -> str:
        """As SLIMMEMETER_PUBLISH has it."""
        return f"influx+http://{USER}:{PASSWORD}@127.0.0.1:{self.port}?db=power"

    def make_database(self) -> None:
        """The first user, and the database."""
        self._query(f"CREATE USER {USER} WITH PASSWORD '{PASSWORD}' WITH ALL PRIVILEGES")
        self._query("CREATE DATABASE power")

    def _query(self, text: str) -> list[Any]:
        query = urllib.parse.urlencode({"q": text, "u": USER, "p": PASSWORD})
        url = f"http://127.0.0.1:{self.port}/query?db=power&epoch=s&{query}"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:
            (found,) = json.load(answer)["results"]
        return [row for series in found.get("series", ()) for row in series["values"]]

    def points(self, field: str, house: str) -> Points:
        return dict(self._query(f"SELECT {field} FROM slimmemeter WHERE house = '{house}'"))
