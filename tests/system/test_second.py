"""A second meter on the same computer, by the documented commands."""

import pytest

from .inside import METER_PORT, commands, get, stored, wait_for_pages
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

SECOND = "/var/lib/slimmemeter/second/second.sqlite3"


def test_second_meter_as_documented(machine: Machine) -> None:
    """It has readings, pages and a port of its own, and the first one's go on."""
    machine.run("cp", "-a", METER_PORT, "/dev/ttyUSB1")
    machine.shell(commands("A second meter"))
    line = machine.run("cat", "/etc/cron.d/slimmemeter-second").stdout
    first = stored(machine)
    machine.shell(line.split(maxsplit=6)[6], user="slimmemeter")
    assert stored(machine, SECOND) == 1
    assert stored(machine) == first
    second = "http://localhost:8766"
    poll_until("its pages answered", lambda: get(machine, "/", second).status == 200, 60)
    assert b"No reading yet" not in get(machine, "/", second).body
    assert get(machine, "/years/electricity.png", second).body.startswith(b"\x89PNG")
    wait_for_pages(machine)
