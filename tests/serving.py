"""The real server, for tests that ask it as a browser does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from conftest import until


class Server:
    """The real `slimmemeter serve` on a free port."""

    def __init__(self, database: Path, home: Path, errors: Path | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        command = [sys.executable, "-I", "-m", "slimmemeter.cli", "serve", "--db", str(database)]
        environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
        listen = ["--listen", self.url.removeprefix("http://")]
        said = errors and errors.open("wb")
        self.process = subprocess.Popen([*command, *listen], env=environment, stderr=said or None)
        if said:
            said.close()
        until(self.answers)

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return urllib.request.urlopen(f"{self.url}/healthz", timeout=5).status == 200
        except urllib.error.URLError:
            return False

    def stop(self) -> None:
        """End it, as systemd does."""
        self.process.terminate()
        self.process.wait(timeout=10)
