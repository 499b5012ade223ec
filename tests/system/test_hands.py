"""What other users of the computer do, and a person whose card died, or whose hand slipped."""

import re
from urllib.parse import quote

import pytest

from .inside import (
    CHECKOUT,
    DATABASE,
    FOLDER,
    OWN,
    OWN_PULL,
    PI,
    PULL_SH,
    SOCKET,
    UNIT,
    get,
    journal,
    pull,
    stored,
    wait_for_pages,
)
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

GUEST, READER = "guest", "reader"  # who has no rights at all, and who is in the group
SETTINGS = "/etc/default/slimmemeter"
SERVER = "/usr/lib/python3/dist-packages/slimmemeter/web/server.py"


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
    done = house.run(*OWN_PULL, "--dry-run", "/srv/telegram", user=GUEST)
    assert done.stdout.endswith("CRC ok. Nothing was stored.\n")
    house.run(*OWN_PULL, "--db", f"/home/{GUEST}/own.sqlite3", "/srv/telegram", user=GUEST)
    assert stored(house, f"/home/{GUEST}/own.sqlite3") == 1
    own = ["--db", f"/home/{GUEST}/own.sqlite3"]
    assert "2017-01-08" in house.run(*OWN, "export", *own, user=GUEST).stdout
    found = house.run(*OWN, "doctor", user=GUEST, check=False).stdout
    assert f"note   cannot read {SETTINGS}: root and the group slimmemeter may" in found
    assert "sudo usermod -aG slimmemeter" in found


def test_secret_needs_the_settings(house: Machine) -> None:
    """Pages of a user who can't see whether they have a password aren't served."""
    done = house.run(*OWN, "serve", user=GUEST, check=False)
    assert done.returncode == 2
    assert f"cannot read {SETTINGS}: root and the group slimmemeter may" in done.stderr
    done = house.run(*OWN_PULL, user=GUEST, check=False)
    assert done.returncode == 2
    assert house.run(*OWN, "export", user=READER).stdout.count("\n") > 1


def test_nobody_else_holds_a_pull_up(house: Machine) -> None:
    """What another user can lock is no lock of the pull's."""
    places = f"{PULL_SH} /usr/share/slimmemeter /run/slimmemeter"
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


def doctor(machine: Machine) -> str:
    """What the doctor says, on one line."""
    return " ".join(machine.run("slimmemeter", "doctor", check=False).stdout.split())


def test_pages_move_to_another_port(house: Machine) -> None:
    """One command moves them, and the doctor finds them there."""
    shown = house.run("slimmemeter", "listen", ":80", user=PI).stdout
    assert shown == "the pages are at 0.0.0.0:80\nthe pages are at [::]:80\n"
    for origin in ("http://127.0.0.1", "http://[::1]"):
        assert get(house, "/healthz", origin).status == 200
    assert get(house, "/healthz").status == 0
    assert "ok the pages answer at http://127.0.0.1:80, version" in doctor(house)
    house.run("slimmemeter", "listen", "127.0.0.1:8765")
    assert get(house, "/healthz").status == 200
    assert get(house, "/healthz", "http://[::1]:8765").status == 0
    house.run("slimmemeter", "listen", ":8765")
    assert house.run("slimmemeter", "listen").stdout.count("8765") == 2


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("192.0.2.1:8765", "this computer doesn't have the address 192.0.2.1"),
        (":99", "another program has port 99"),
        ("localhost:80", "'localhost:80' is no address to listen on, such as :80"),
        ("80", "'80' is no address to listen on"),
    ],
)
def test_address_that_cannot_be_used(house: Machine, wanted: str, words: str) -> None:
    """It is refused in a sentence, and the pages stay where they are."""
    other = "import socket; server = socket.create_server(('', 99)); server.accept()"
    house.run("systemd-run", "--quiet", "--collect", "--unit=other", "python3", "-c", other)
    done = house.run("slimmemeter", "listen", wanted, check=False)
    house.run("systemctl", "stop", "other")
    assert done.returncode == 2
    assert words in done.stderr
    assert get(house, "/healthz").status == 200


def test_listen_in_the_settings_is_named(house: Machine, settings: str) -> None:
    """The doctor says that only `slimmemeter serve` by hand uses it, and what helps."""
    change(house, f"{settings}SLIMMEMETER_LISTEN=*:80\n")
    found = doctor(house)
    assert "ok the pages answer at http://127.0.0.1:8765" in found
    assert "SLIMMEMETER_LISTEN is *:80, which only `slimmemeter serve` by hand uses" in found
    assert "sudo slimmemeter listen *:80" in found
    change(house, settings)


def test_password_is_set_changed_and_removed(house: Machine) -> None:
    """The command keeps all other settings, stores no plain text, and works at once."""
    before = house.run("cat", SETTINGS).stdout
    for word in ("sesame", "a longer one"):
        house.run("slimmemeter", "password", stdin=f"{word}\n", user=PI)
        text = house.run("cat", SETTINGS).stdout
        assert word not in text
        assert text.count("\nSLIMMEMETER_PASSWORD=scrypt:") == 1
        assert get(house, "/").status == 401
        assert get(house, "/", f"http://x:{quote(word)}@localhost:8765").status == 200
    assert house.run("stat", "-c", "%U %G %a", SETTINGS).stdout == "root slimmemeter 640\n"
    refused = house.run("slimmemeter", "password", stdin="\n", check=False)
    assert refused.returncode == 2
    assert "slimmemeter password --remove" in refused.stderr
    house.run("slimmemeter", "password", "--remove")
    assert get(house, "/").status == 200
    assert house.run("cat", SETTINGS).stdout == before


def test_service_that_is_not_running(house: Machine) -> None:
    """The next visitor starts it; one that is switched off, or that fails, the doctor describes."""
    house.run("systemctl", "stop", UNIT)
    assert get(house, "/healthz").status == 200
    house.run("systemctl", "stop", SOCKET, UNIT)
    start = "appWebserver.socket appWebserver"
    assert f"the service is not running: sudo systemctl restart {start}" in doctor(house)
    house.run("systemctl", "disable", "--quiet", SOCKET, UNIT)
    assert f"the service is switched off: sudo systemctl enable --now {start}" in doctor(house)
    house.run("systemctl", "enable", "--quiet", "--now", SOCKET, UNIT)
    wait_for_pages(house)


def test_service_that_fails_comes_back(house: Machine) -> None:
    """However long it has failed, and however many visitors came, it serves once it can."""
    house.shell(f"mv {SERVER} {SERVER}.aside; systemctl restart {UNIT}", check=False)
    poll_until("the service failed", lambda: _is_failing(house), 120)
    house.shell(
        "for number in $(seq 30); do timeout 1 bash -c ': </dev/tcp/127.0.0.1/8765' & done; wait"
        f"; systemctl restart {UNIT} || true",
        check=False,
    )
    poll_until("the service failed again", lambda: _is_failing(house), 120)
    found = doctor(house)
    house.run("mv", f"{SERVER}.aside", SERVER)
    assert "the service fails; this shows why: journalctl -u appWebserver" in found
    wait_for_pages(house)


def _is_failing(machine: Machine) -> bool:
    shown = machine.run("systemctl", "show", UNIT, "--property=SubState", "--value").stdout
    return shown.startswith(("auto-restart", "failed"))


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
