"""What the tests do inside a machine: plug in a meter, look at the pages, ask the journal."""

import base64
from pathlib import Path
from typing import NamedTuple

from conftest import ROOT

from .machine import Machine, poll_until

WHEELS = "/srv/wheels"
OFFLINE = f"export PIP_NO_INDEX=1 PIP_FIND_LINKS={WHEELS}\n"
METER_PORT = "/dev/meter"

_FETCH = """
import base64, sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=30)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, base64.b64encode(answer.read()).decode())
"""


class Answer(NamedTuple):
    """A page as it came; status 0 where nobody answered."""

    status: int
    body: bytes


def get(machine: Machine, path: str) -> Answer:
    """Fetch a page from inside the machine."""
    url = f"http://localhost:8765{path}"
    fetched = machine.run("python3", "-c", _FETCH, url, check=False).stdout
    status, _, body = fetched.partition(" ")
    return Answer(int(status or 0), base64.b64decode(body))


def wait_for_pages(machine: Machine) -> None:
    """Wait until somebody serves the pages."""
    poll_until("the pages were served", lambda: get(machine, "/healthz").status == 200, 30)


def plug_meter_in(machine: Machine) -> None:
    """Let a meter speak, and have every program of the machine told where."""
    machine.copy_in(ROOT / "slimmemeter", "/srv/slimmemeter")
    machine.copy_in(Path(__file__).with_name("speaking_meter.py"), "/srv/speaking_meter.py")
    machine.run("tee", "/etc/default/slimmemeter", stdin=f"SLIMMEMETER_PORT={METER_PORT}\n")
    unit = ["systemd-run", "--quiet", "--collect", "--unit=meter"]
    machine.run(*unit, "python3", "/srv/speaking_meter.py", METER_PORT)
    is_there = ["test", "-c", METER_PORT]
    poll_until("the meter spoke", lambda: machine.run(*is_there, check=False).returncode == 0, 20)


def pull_meter_out(machine: Machine) -> None:
    """Take the meter away, as if its cable was pulled out."""
    machine.run("systemctl", "stop", "meter")


def stored(machine: Machine, database: str) -> int:
    """How many readings there are; none where there is no database yet."""
    counted = ["sqlite3", "-readonly", database, "SELECT count(*) FROM readings"]
    return int(machine.run(*counted, check=False).stdout or 0)


def journal(machine: Machine, *selection: str) -> list[str]:
    """The messages that journalctl selects, oldest first."""
    machine.run("journalctl", "--sync")
    said = machine.run("journalctl", "--quiet", "--output=cat", *selection, check=False)
    return said.stdout.splitlines()
