"""`sudo scripts/install.sh` in a fresh Debian: what it says, what it makes, what it may do."""

import re

import pytest

from .inside import CHECKOUT, DATABASE, FOLDER, PI, PROGRAM, UNIT, USER, Installation, stored
from .machine import Machine

pytestmark = pytest.mark.system


def test_dry_run_changes_nothing(installation: Installation) -> None:
    """A dry run lists what it would make, and makes nothing."""
    assert installation.files_between == installation.files_before
    for made in (
        "useradd",
        "/etc/cron.d/slimmemeter",
        "python3-matplotlib",
        f"enable --quiet cron {UNIT[:12]}",
    ):
        assert made in installation.would


def test_installation_ends_with_a_reading_and_an_address(installation: Installation) -> None:
    """The installer ends with a reading, a good doctor and the pages' address."""
    assert f"is stored in {DATABASE}\n" in installation.output
    assert "all is well\n" in installation.output
    assert "\n    http://debian.local:8765\n" in installation.output
    picture = r"the (first picture is there at \d\d:\d\d|pictures are there now)\n$"
    assert re.search(picture, installation.output)


def test_owners_and_modes(machine: Machine) -> None:
    """Every file has the owner and mode that its users need, and no more."""
    answer = {
        FOLDER: "slimmemeter slimmemeter 750",
        DATABASE: "slimmemeter slimmemeter 644",
        "/etc/default/slimmemeter": "root slimmemeter 640",
        "/etc/cron.d/slimmemeter": "root root 644",
        "/run/slimmemeter": "slimmemeter slimmemeter 755",
        "/var/cache/slimmemeter": "slimmemeter-web slimmemeter 755",
        f"{PROGRAM}/.venv": "root root 755",
        "/usr/local/bin/p1-pull": "root root 755",
    }
    for path, expected in answer.items():
        assert machine.run("stat", "-Lc", "%U %G %a", path).stdout.strip() == expected, path
    assert machine.run("id", "-nG", "slimmemeter").stdout.split() == ["slimmemeter", "dialout"]
    assert machine.run("id", "-nG", "slimmemeter-web").stdout.split() == ["slimmemeter"]


def test_compiled_code_is_debian_s_and_the_rest_is_locked(machine: Machine) -> None:
    """Compiled libraries are Debian's packages, and the others are the locked versions."""
    where = (
        "import numpy, matplotlib, PIL; print(numpy.__file__, matplotlib.__file__, PIL.__file__)"
    )
    found = machine.run(f"{PROGRAM}/.venv/bin/python", "-I", "-c", where).stdout.split()
    assert all(path.startswith("/usr/lib/python3/dist-packages/") for path in found)
    compiled = machine.shell(f"find {PROGRAM}/ -name '*.so*'").stdout
    assert compiled == ""
    frozen = machine.run(f"{PROGRAM}/.venv/bin/python", "-m", "pip", "freeze", "--local").stdout
    locked = machine.run("cat", f"{PROGRAM}/scripts/requirements.lock").stdout
    for line in frozen.lower().replace("_", "-").splitlines():
        assert line in locked or line.startswith(("slimmemeter", "setuptools", "pip")), line


def test_cron_has_the_pull_and_the_backup(machine: Machine) -> None:
    """Cron runs pull and backup as the collecting user, and the backup works."""
    text = machine.run("cat", "/etc/cron.d/slimmemeter").stdout
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    minute, hours = lines[3].split()[:2]
    assert 13 * 60 + 15 <= int(hours.removesuffix("-23")) * 60 + int(minute) < 14 * 60 + 45
    assert "slimmemeter battery --if-due" in lines[2]
    assert "slimmemeter prices --if-due" in lines[3]
    assert [line.split()[:6] for line in lines[:2]] == [
        ["*/5", "*", "*", "*", "*", USER],
        ["30", "3", "*", "*", "*", USER],
    ]
    machine.shell(lines[1].split(USER, 1)[1], user=USER)
    output = machine.shell("journalctl --sync; journalctl -q -o cat -t slimmemeter-backup").stdout
    assert "was verified" in output


@pytest.mark.parametrize("program", ["p1-pull", "slimmemeter"])
def test_programs_run_as_who_collects(machine: Machine, program: str) -> None:
    """Whoever starts a program, it runs as the collecting user."""
    for user in (None, PI, USER):
        output = machine.run(program, "--version", user=user).stdout
        assert output.startswith("slimmemeter ")
    before = stored(machine)
    machine.run("p1-pull", user=PI)
    assert stored(machine) > before
    assert machine.run("stat", "-c", "%U", DATABASE).stdout == "slimmemeter\n"


def test_only_root_installs(machine: Machine) -> None:
    """Without root, the installer names the command that works."""
    done = machine.run(f"{CHECKOUT}/scripts/install.sh", user=PI, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "install.sh: only root may do that: sudo scripts/install.sh\n"


def test_wrong_argument_is_refused(machine: Machine) -> None:
    """A wrong argument gets the list of right ones."""
    done = machine.run(f"{CHECKOUT}/scripts/install.sh", "--upgrade", check=False)
    assert done.returncode == 2
    assert "--uninstall" in done.stdout
    assert done.stderr == "install.sh: there is no --upgrade\n"
