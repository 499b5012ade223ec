"""The real server, for tests that ask it as a browser does."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from support.programs import SLIMMEMETER, free_port
from support.waiting import until

MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}  # as the unit has it


class Server:
    """The real `slimmemeter serve` on a free port; use it in a `with` block, or `stop` it."""

    def __init__(
        self, database: Path, home: Path, errors: Path | None = None, **environ: str
    ) -> None:
        self.address = ("127.0.0.1", free_port())
        self.listen = "{}:{}".format(*self.address)
        self.url = f"http://{self.listen}"
        command = [*SLIMMEMETER, "serve", "--db", str(database), "--listen", self.listen]
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], **MEMORY}
        environment |= environ
        with open(errors or "/dev/null", "wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=log if errors else None
            )
        until(self.answers)

    def answers(self) -> bool:
        """Whether it is up, even if it refuses whoever asks."""
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=60).close()
        except urllib.error.HTTPError:
            return True
        except urllib.error.URLError:
            return False
        return True

    def stop(self) -> None:
        """End it, as systemd does."""
        self.process.terminate()
        self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
