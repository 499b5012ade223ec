"""What other users of the computer do, and a person whose card died, or whose hand slipped."""

import re

import pytest

from .inside import (
    CHECKOUT,
    DATABASE,
    FOLDER,
    PI,
    PROGRAM,
    UNIT,
    journal,
    pull,
    stored,
    wait_for_pages,
)
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

GUEST, READER = "guest", "reader"  # who has no rights at all, and who is in the group
SETTINGS = "/etc/default/slimmemeter"
BIN = f"{PROGRAM}/.venv/bin"


@pytest.fixture(scope="module")
def house(machine: Machine) -> Machine:
    """The machine with a reading, a backup and further users."""
    wait_for_pages(machine)
    for name in (GUEST, READER):
        machine.run("useradd", "--create-home", "--shell=/bin/sh", name)
    machine.run("usermod", "-aG", "slimmemeter", READER)
    assert pull(machine) == ""
    machine.run("slimmemeter", "backup")
    return machine


def test_examples_need_no_settings(house: Machine) -> None:
    """Who may not read the settings tries a telegram, a file and the doctor all the same."""
    house.run("cp", f"{CHECKOUT}/test-telegram.txt", "/srv/telegram")
    house.run("chmod", "a+r", "/srv/telegram")
    done = house.run(f"{BIN}/p1-pull", "--dry-run", "/srv/telegram", user=GUEST)
    assert done.stdout.endswith("CRC ok. Nothing was stored.\n")
    house.run(f"{BIN}/p1-pull", "--db", f"/home/{GUEST}/own.sqlite3", "/srv/telegram", user=GUEST)
    assert stored(house, f"/home/{GUEST}/own.sqlite3") == 1
    own = ["--db", f"/home/{GUEST}/own.sqlite3"]
    assert "2017-01-08" in house.run(f"{BIN}/slimmemeter", "export", *own, user=GUEST).stdout
    found = house.run(f"{BIN}/slimmemeter", "doctor", user=GUEST, check=False).stdout
    assert f"note   cannot read {SETTINGS}: root and the group slimmemeter may" in found
    assert "sudo usermod -aG slimmemeter" in found


def test_secret_needs_the_settings(house: Machine) -> None:
    """Pages of a user who can't see whether they have a password aren't served."""
    done = house.run(f"{BIN}/slimmemeter", "serve", user=GUEST, check=False)
    assert done.returncode == 2
    assert f"cannot read {SETTINGS}: root and the group slimmemeter may" in done.stderr
    done = house.run(f"{BIN}/p1-pull", user=GUEST, check=False)
    assert done.returncode == 2
    assert house.run(f"{BIN}/slimmemeter", "export", user=READER).stdout.count("\n") > 1


def test_nobody_else_holds_a_pull_up(house: Machine) -> None:
    """What another user can lock is no lock of the pull's."""
    places = f"{PROGRAM}/scripts/pull.sh {PROGRAM}/scripts {PROGRAM} /run/slimmemeter"
    script = f'for each in {places}; do flock "$each" sleep 99 & done; wait'
    house.run("systemd-run", "--quiet", "--unit=holder", f"--uid={GUEST}", "sh", "-c", script)
    lock = house.shell("ls /run/slimmemeter/*.lock").stdout.strip()
    for flag in ("--shared", "--exclusive"):
        tried = house.run("flock", flag, "-n", lock, "true", user=GUEST, check=False)
        assert tried.returncode != 0
        assert "Permission denied" in tried.stderr
    assert pull(house) == ""
    house.run("systemctl", "stop", "holder")


@pytest.mark.parametrize("folder", [f"/home/{PI}", "/root", f"/media/{PI}/STICK"])
def test_restore_from_where_only_its_owner_sees(house: Machine, folder: str) -> None:
    """A backup comes back from a home, from root's, and from a stick of the desktop's user."""
    user = None if folder == "/root" else PI
    count = stored(house)
    made = house.shell(f"ls {FOLDER}/backups/*.gz | tail -n 1").stdout.strip()
    house.shell(f"mkdir -p '{folder}'; cp {made} '{folder}/my backup.gz'")
    house.shell(f"chown {user or 'root'} '{folder}' '{folder}/my backup.gz'; chmod 700 '{folder}'")
    house.run("chmod", "600", f"{folder}/my backup.gz")
    done = house.run("slimmemeter", "restore", "--yes", f"{folder}/my backup.gz", user=user)
    assert f"{DATABASE} now has " in done.stdout
    owner = house.run("stat", "--format=%U:%G", DATABASE).stdout.strip()
    assert owner == "slimmemeter:slimmemeter"
    assert stored(house) <= count
    assert pull(house) == ""
    done = house.shell(f"slimmemeter restore --yes - <'{folder}/my backup.gz'", user=user)
    assert f"{DATABASE} now has " in done.stdout


def test_import_from_a_home(house: Machine) -> None:
    """A file in a home comes in, too."""
    house.shell(f"umask 077; slimmemeter export >/home/{PI}/all.csv", user=PI)
    done = house.run("slimmemeter", "import", f"/home/{PI}/all.csv", user=PI)
    assert " 0 new readings" in done.stdout


def test_group_sees_the_backups(house: Machine) -> None:
    """Who is in the group lists the backups without sudo, and copies them."""
    listed = house.run("slimmemeter", "backup", "--list", user=READER).stdout
    paths = re.findall(rf"\d+ readings  ({FOLDER}/backups/\S+)$", listed, re.MULTILINE)
    assert paths
    house.run("cp", paths[0], f"/home/{READER}/", user=READER)
    assert house.run("ls", f"{FOLDER}/backups", user=GUEST, check=False).returncode != 0


@pytest.fixture
def settings(house: Machine) -> str:
    """The settings' text, which is put back, with the service as it was."""
    return house.run("cat", SETTINGS).stdout


def change(machine: Machine, text: str) -> None:
    """Write the settings, and restart the service."""
    machine.run("tee", SETTINGS, stdin=text)
    machine.run("systemctl", "restart", UNIT, check=False)


def test_service_that_cannot_listen_there(house: Machine, settings: str) -> None:
    """The doctor says why, and what helps."""
    change(house, f"{settings}SLIMMEMETER_LISTEN=192.0.2.1:8765\n")
    found = " ".join(house.run("slimmemeter", "doctor", check=False).stdout.split())
    assert "this computer doesn't have the address 192.0.2.1; choose another SLIMM" in found
    change(house, f"{settings}SLIMMEMETER_LISTEN=*:80\n")
    found = " ".join(house.run("slimmemeter", "doctor", check=False).stdout.split())
    assert "only root may use port 80; choose another SLIMMEMETER_LISTEN" in found
    change(house, settings)
    wait_for_pages(house)


def test_service_that_is_not_running(house: Machine, settings: str) -> None:
    """A service that was stopped is told from one that is switched off, and from one that fails."""

    def found() -> str:
        return " ".join(house.run("slimmemeter", "doctor", check=False).stdout.split())

    house.run("systemctl", "stop", UNIT)
    assert "the service is not running: sudo systemctl start appWebserver" in found()
    house.run("systemctl", "disable", "--quiet", UNIT)
    assert "the service is switched off: sudo systemctl enable --now appWebserver" in found()
    house.run("systemctl", "enable", "--quiet", UNIT)
    house.run("chmod", "a-x", f"{PROGRAM}/.venv/bin/slimmemeter")
    house.run("systemctl", "start", UNIT, check=False)
    program = f"{BIN}/python -I -m slimmemeter.cli doctor"
    poll_until("the service failed", lambda: _is_failing(house), 120)
    shown = house.shell(f"runuser -u slimmemeter -- {program}", check=False).stdout
    assert "the service fails; this shows why: journalctl -u appWeb" in " ".join(shown.split())
    house.run("chmod", "a+x", f"{PROGRAM}/.venv/bin/slimmemeter")
    house.run("systemctl", "restart", UNIT)
    wait_for_pages(house)


def _is_failing(machine: Machine) -> bool:
    shown = machine.run("systemctl", "show", UNIT, "--property=SubState", "--value").stdout
    return shown.strip() in ("auto-restart", "failed")


@pytest.mark.parametrize("line", ["SLIMMEMETER_PROT=/dev/ttyUSB0", "SLIMMEMETER_PASWORD=secret"])
def test_slip_of_the_pen_is_named_by_every_program(
    house: Machine, settings: str, line: str
) -> None:
    """And the pages are never served without the password that was meant."""
    change(house, f"{settings}{line}\n")
    name = line.partition("=")[0]
    words = f"sets {name}, which is no setting: is it SLIMMEMETER_P"
    for command in ("p1-pull", "slimmemeter doctor", "slimmemeter export", "slimmemeter backup"):
        done = house.run(*command.split(), check=False)
        assert done.returncode == 2, command
        assert words in done.stderr
    assert words in pull(house)
    poll_until("the service said so", lambda: words in "".join(journal(house, f"-u{UNIT}")), 120)
    assert "secret" not in "".join(journal(house))
    change(house, settings)
    wait_for_pages(house)
    assert pull(house) == ""
