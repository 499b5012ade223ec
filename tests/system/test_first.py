"""The first installation as a person sees it, at a terminal and before the cable has come."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .inside import (
    CHECKOUT,
    FOLDER,
    METER_PORT,
    bring,
    get,
    install,
    plug_meter_in,
    pull,
)
from .machine import Machine

pytestmark = pytest.mark.system

SETTINGS = "/etc/default/slimmemeter"
# Runs a command at a terminal, and types a password when it is asked for.
TERMINAL = """
import contextlib, os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
output, typed = b"", False
with contextlib.suppress(OSError):
    while piece := os.read(terminal, 4096):
        output += piece
        if output.endswith(b"else Enter: ") and not typed:
            typed = os.write(terminal, b"sesame\\n")
print(output.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture(scope="module")
def empty(base: Path, checkout: Path, wheels: Path) -> Iterator[Machine]:
    """A machine without slimmemeter and without a meter."""
    with Machine(base) as machine:
        bring(machine, checkout, wheels)
        yield machine


def test_password_is_asked_once_and_a_meter_may_come_later(empty: Machine) -> None:
    """The installer asks first, stores only a hash, says what is missing, and is done."""
    at_a_terminal = ["python3", "-c", TERMINAL, f"{CHECKOUT}/scripts/install.sh"]
    output = empty.run(*at_a_terminal, timeout_s=300).stdout
    assert output.startswith("A password for the pages, if you want one; else Enter: ")
    assert f"there is no {METER_PORT}: is the cable plugged in?" in output
    assert "the first picture is there five minutes after the first reading" in output
    assert "the pages need this password now" in output
    assert "sesame" not in output
    settings = empty.run("cat", SETTINGS).stdout
    assert "\nSLIMMEMETER_PASSWORD=scrypt:" in settings
    assert "sesame" not in settings
    assert get(empty, "/").status == 401
    assert get(empty, "/", "http://x:sesame@localhost:8765").status == 200
    assert get(empty, "/healthz").status == 200
    assert "A password" not in empty.run(*at_a_terminal, timeout_s=300).stdout
    plug_meter_in(empty)
    assert pull(empty) == ""


@pytest.mark.parametrize(
    ("put", "is_taken"),
    [
        ("", True),
        ("chown pi settings", False),
        ("mv settings /srv/other; ln -s /srv/other settings", False),
        ("ln settings /srv/second", False),
    ],
)
def test_settings_that_version_1_kept(empty: Machine, put: str, is_taken: bool) -> None:
    """What its uninstallation kept is taken up, unless anybody else may have put it there."""
    empty.run("apt-get", "purge", "--yes", "slimmemeter")
    empty.shell(f"rm -rf {FOLDER} /srv/other /srv/second; mkdir -m 750 {FOLDER}")
    empty.shell(f"cd {FOLDER}; echo SLIMMEMETER_LANG=nl >settings; {put}")
    install(empty)
    assert ("\nSLIMMEMETER_LANG=nl" in f"\n{empty.run('cat', SETTINGS).stdout}") == is_taken
    assert empty.run("stat", "-c", "%U %a", FOLDER).stdout == "slimmemeter 750\n"


def test_unit_of_another_program_is_not_replaced(empty: Machine) -> None:
    """Its place is needed, and the person decides."""
    unit = "/etc/systemd/system/appWebserver.service"
    empty.run("apt-get", "purge", "--yes", "slimmemeter")
    empty.shell(f"printf '[Service]\nExecStart=sleep 99\n' >{unit}; systemctl start appWebserver")
    done = empty.run(f"{CHECKOUT}/scripts/install.sh", check=False, timeout_s=300)
    assert done.returncode == 1
    assert f"{unit} would hide the new one: " in done.stderr
    assert empty.run("systemctl", "is-active", "appWebserver").stdout == "active\n"
    empty.shell(f"systemctl disable --now appWebserver; rm {unit}; systemctl daemon-reload")
    install(empty)
    assert get(empty, "/healthz").status == 200
