"""Who wants only `p1-pull`: a wheel in an environment of one's own, without the installer."""

import pytest

from .inside import CHECKOUT, DATABASE, METER_PORT, commands
from .machine import Machine

pytestmark = pytest.mark.system

VISITOR = "visitor"
PROGRAMS = f"/home/{VISITOR}/own/bin"


@pytest.fixture(scope="module")
def visited(machine: Machine) -> Machine:
    """A machine whose installation is gone but for the data, and a user with only the wheel."""
    machine.run("apt-get", "remove", "--yes", "slimmemeter")
    machine.run("apt-get", "install", "--yes", "--no-install-recommends", "python3-venv")
    machine.run("cp", "-r", CHECKOUT, "/srv/checkout")
    machine.run("chmod", "-R", "a+rX", "/srv/checkout")
    machine.run("useradd", "--create-home", "--shell=/bin/sh", VISITOR)
    machine.shell(
        "python3 -m venv --system-site-packages own\n"
        "own/bin/pip install --quiet flit_core\n"
        "cp -r /srv/checkout slimmemeter\n"
        "own/bin/pip install --quiet --no-build-isolation ./slimmemeter",
        user=VISITOR,
        timeout_s=120,
    )
    return machine


def test_port_may_be_read_after_one_command(visited: Machine) -> None:
    """The documented command lets a user read the port."""
    program = f"{PROGRAMS}/p1-pull"
    refused = visited.run(program, "--dry-run", user=VISITOR, check=False)
    assert refused.returncode == 3
    assert commands("Permission").split()[:4] == ["sudo", "usermod", "-aG", "dialout"]
    assert f"`sudo usermod -aG dialout {VISITOR}`" in refused.stderr
    visited.shell(f"export USER={VISITOR}\n{commands('Permission')}")
    shown = visited.run(program, "--dry-run", user=VISITOR).stdout
    assert shown.endswith("CRC ok. Nothing was stored.\n")


def test_doctor_explains_what_is_not_allowed(visited: Machine) -> None:
    """The doctor explains to a user which permissions are missing."""
    visited.shell(f"gpasswd -d {VISITOR} dialout")
    done = visited.run(f"{PROGRAMS}/slimmemeter", "doctor", user=VISITOR, check=False)
    output = " ".join(done.stdout.split())
    assert done.returncode == 6
    denied = f"WRONG no permission to open {METER_PORT}: {VISITOR} isn't in the group dialout"
    assert denied in output
    assert f"log in again after sudo usermod -aG dialout {VISITOR}" in output
    assert f"WRONG {DATABASE} can't be looked at (Permission denied)" in output
