"""The tests of pages and pictures, with this Debian's own libraries instead of the newest."""

import pytest

from .inside import CHECKOUT, PI, TESTERS
from .machine import Machine

pytestmark = pytest.mark.system

USERS = ("charts", "i18n", "web")
# Babel 2.10 itself imports a module that Python 3.13 lacks.
IGNORED = "ignore:'cgi' is deprecated:DeprecationWarning"


def test_everything_with_the_libraries_of_this_debian(machine: Machine) -> None:
    """All of them pass, as a user who is not root; no warning is left, as of an open database."""
    machine.run("apt-get", "install", "--yes", "--no-install-recommends", *TESTERS)
    machine.shell("ip link set lo up; chmod a+rw /dev/pts/ptmx; rm -f /dev/ttyUSB0")
    machine.shell("systemctl stop appWebserver.socket appWebserver; rm /etc/default/slimmemeter")
    folders = " ".join(f"tests/{each}" for each in USERS)
    command = (
        f'cd {CHECKOUT} && python3 -m pytest -q -p no:cacheprovider -W "{IGNORED}" --tb=short'
        f" --ignore=tests/web/test_browser.py {folders}"
    )
    done = machine.run("sh", "-c", command, user=PI, check=False, timeout_s=1500)
    assert done.returncode == 0, done.stdout[-6000:]
