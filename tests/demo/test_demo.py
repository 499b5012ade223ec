"""The demo as people start it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from support.house import fill
from support.processes import command_lines
from support.programs import SLIMMEMETER
from support.readings import HOUR
from support.waiting import until


def test_demo_ends_without_leaving_a_process(tmp_path: Path) -> None:
    """The demo prints its address, and Ctrl-C ends all its processes."""
    database = tmp_path / "demo.sqlite3"
    now = int(time.time())
    fill(database, now - HOUR, now)  # the demo goes on from there, and needn't make a year
    slimmemeter = [*SLIMMEMETER, "demo", "--listen", "localhost:0"]
    with subprocess.Popen(
        [*slimmemeter, "--db", str(database)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("look at http://localhost:") for line in lines)
        until(lambda: any(is_pull_into(database, line) for _, line in command_lines()))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
    assert [pid for pid, line in command_lines() if str(database) in line] == []


def is_pull_into(database: Path, line: str) -> bool:
    """Whether a command line is that of a pull into a database."""
    return "slimmemeter.pull\0--port\0" in line and str(database) in line
