"""`sudo scripts/install.sh` in a fresh Debian: what it says, what it makes, what it may do."""

import re
from pathlib import Path

import pytest

from support import deb

from .inside import (
    CHECKOUT,
    DATABASE,
    FOLDER,
    PI,
    PULL_SH,
    USER,
    Installation,
    stored,
)
from .machine import Machine

pytestmark = pytest.mark.system


def test_installation_ends_with_a_reading_and_an_address(installation: Installation) -> None:
    """The installer ends with a reading and the pages' address."""
    assert f"is stored in {DATABASE}\n" in installation.output
    assert "\n    http://127.0.0.1:8765\n" in installation.output
    assert re.search(
        r"the (first picture is there at \d\d:\d\d|pictures are there now)\n", installation.output
    )


def test_owners_and_modes(machine: Machine) -> None:
    """Every file has the owner and mode that its users need, and no more."""
    answer = {
        FOLDER: "slimmemeter slimmemeter 750",
        DATABASE: "slimmemeter slimmemeter 644",
        "/etc/default/slimmemeter": "root slimmemeter 640",
        "/etc/cron.d/slimmemeter": "root root 644",
        "/run/slimmemeter": "slimmemeter slimmemeter 755",
        "/var/cache/slimmemeter": "slimmemeter-web slimmemeter 755",
        "/var/backups/slimmemeter": "root root 755",
        "/usr/lib/python3/dist-packages/slimmemeter/": "root root 755",
        PULL_SH: "root root 755",
        "/usr/bin/p1-pull": "root root 755",
    }
    for path, expected in answer.items():
        assert machine.run("stat", "-Lc", "%U %G %a", path).stdout.strip() == expected, path
    assert machine.run("id", "-nG", "slimmemeter").stdout.split() == ["slimmemeter", "dialout"]
    assert machine.run("id", "-nG", "slimmemeter-web").stdout.split() == ["slimmemeter"]


def test_everything_is_debian_s(machine: Machine) -> None:
    """Every library is Debian's package, and the program is plain Python."""
    names = "numpy, matplotlib, PIL, flask, waitress, babel, serial, tqdm"
    where = f"import {names}; print(*(each.__file__ for each in ({names})))"
    found = machine.run("/usr/bin/python3", "-I", "-c", where).stdout.split()
    assert all(path.startswith("/usr/lib/python3/dist-packages/") for path in found)
    assert machine.shell("find /usr/share/slimmemeter/ -name '*.so*'").stdout == ""
    assert machine.run("dpkg", "--verify", "slimmemeter").stdout == ""


def test_package_is_the_same_on_every_debian(
    machine: Machine, checkout: Path, tmp_path: Path
) -> None:
    """What this Debian builds of the clone is what the one that runs the tests builds."""
    here = deb.build(checkout, tmp_path)
    at = f"SOURCE_DATE_EPOCH={deb.AT}"
    machine.run("env", at, f"{CHECKOUT}/scripts/build-deb.sh", "/srv")
    assert (machine.root / "srv" / here.name).read_bytes() == here.read_bytes()


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


def test_line_of_a_person_s_own_crontab_goes_on(machine: Machine) -> None:
    """pull.sh in the clone uses the installed program where the clone has no environment."""
    before = stored(machine)
    machine.run("cp", "-r", CHECKOUT, "/srv/clone of mine")
    machine.run("chmod", "-R", "a+rX", "/srv/clone of mine")
    done = machine.run("/srv/clone of mine/scripts/pull.sh", user=USER)
    assert done.stdout + done.stderr == ""
    assert stored(machine) > before


@pytest.mark.parametrize("program", ["p1-pull", "slimmemeter"])
def test_programs_run_as_who_collects(machine: Machine, program: str) -> None:
    """Whoever starts a program, it runs as the collecting user; and it has a page in the manual."""
    for user in (None, PI, USER):
        output = machine.run(program, "--version", user=user).stdout
        assert output.startswith("slimmemeter ")
    before = stored(machine)
    machine.run("p1-pull", user=PI)
    assert stored(machine) > before
    assert machine.run("stat", "-c", "%U", DATABASE).stdout == "slimmemeter\n"
    page = machine.shell(f"zcat /usr/share/man/man1/{program}.1.gz").stdout
    assert f"usage: {program.replace('-', chr(92) + '-')} [" in page


def test_only_root_installs(machine: Machine) -> None:
    """Without root, the installer names the command that works."""
    done = machine.run(f"{CHECKOUT}/scripts/install.sh", user=PI, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "install.sh: only root may do that: sudo scripts/install.sh\n"


def test_wrong_argument_is_refused(machine: Machine) -> None:
    """Who wants to uninstall is told how."""
    done = machine.run(f"{CHECKOUT}/scripts/install.sh", "--uninstall", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "sudo apt remove slimmemeter" in done.stderr
