"""The README's commands, as they stand there, give a service that serves the pages."""

import re
from pathlib import Path

import pytest
from conftest import ROOT

from .inside import METER_PORT, OFFLINE, get, journal, plug_meter_in, stored, wait_for_pages
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

UNIT = "appWebserver.service"
FOLDER = "/var/lib/slimmemeter"
DATABASE = f"{FOLDER}/slimmemeter.sqlite3"
VISITOR = "pi"
SUDO = """#!/bin/sh
[ "$1" != -u ] || { user=$2; shift 2; exec runuser -u "$user" -- "$@"; }
exec "$@"
"""
TROUBLE = re.compile("warning|traceback|error|exception", re.IGNORECASE)
OF_THE_KILL = re.compile("status=9/KILL|with result 'signal'")  # what systemd says of that test
# A code block, so that a comment in it isn't taken for a heading; or a heading.
BLOCK_OR_HEADING = re.compile(r"^```(\w*)\n(.*?)^```$|^#+ ([^\n]+)$", re.MULTILINE | re.DOTALL)


def commands(heading: str) -> str:
    """The README's `sh` blocks between a heading and the next one."""
    here, blocks = "", []
    for language, block, title in BLOCK_OR_HEADING.findall((ROOT / "README.md").read_text()):
        here = title or here
        if here == heading and language == "sh":
            blocks.append(block)
    if not blocks:
        raise LookupError(f"the README has no commands under the heading {heading}")
    return "".join(blocks)


def enter(machine: Machine, heading: str) -> str:
    """Enter the commands under a heading in the checkout, and return what they print."""
    entered = f"export USER={VISITOR}\ncd /root/slimmemeter\n{OFFLINE}{commands(heading)}"
    return machine.shell(entered, timeout_s=180).stdout


@pytest.fixture(scope="module")
def ready(machine: Machine, checkout: Path) -> Machine:
    """A machine with a checkout, a meter, `sudo`, and a user who may do nothing special."""
    machine.run("tee", "/usr/local/bin/sudo", stdin=SUDO)
    machine.run("chmod", "a+x", "/usr/local/bin/sudo")
    machine.copy_in(checkout, "/root/slimmemeter")
    machine.run("chmod", "--recursive", "a+rX", "/root/slimmemeter")
    machine.run("useradd", "--create-home", VISITOR)
    machine.run("systemctl", "stop", "cron")  # its pulls would come between the tests' own
    plug_meter_in(machine)
    return machine


@pytest.fixture(scope="module")
def printed(ready: Machine) -> dict[str, str]:
    """What the commands of the installation print, in the README's order."""
    headings = ("Install it", "The reading every five minutes", "The pages as a service")
    return {heading: enter(ready, heading) for heading in headings}


@pytest.fixture(scope="module")
def installed(ready: Machine, printed: dict[str, str]) -> Machine:
    """The machine after the README's commands, with the service up."""
    wait_for_pages(ready)
    return ready


def _main_pid(machine: Machine) -> str:
    shown = machine.run("systemctl", "show", "--value", "--property=MainPID", UNIT)
    return shown.stdout.strip()


def test_installation_ends_with_a_reading(installed: Machine, printed: dict[str, str]) -> None:
    """The telegram is shown, and the user of the readings has stored the first one."""
    said = printed["Install it"]
    assert "CRC ok. Nothing was stored." in said
    assert said.endswith(f"is stored in {DATABASE}\n")
    assert stored(installed, DATABASE) >= 1


def test_service_runs_now_and_after_a_boot(installed: Machine) -> None:
    """After the README's last command the unit is active and enabled."""
    assert installed.run("systemctl", "is-active", UNIT, check=False).stdout == "active\n"
    assert installed.run("systemctl", "is-enabled", UNIT, check=False).stdout == "enabled\n"


def test_programs_are_on_the_path(installed: Machine) -> None:
    """Who logs in can type their names."""
    for program in ("p1-pull", "slimmemeter"):
        said = installed.run(program, "--version", user="slimmemeter").stdout
        assert said.startswith("slimmemeter ")


def test_crontab_has_the_pull(installed: Machine) -> None:
    """The user of the readings has cron's script every five minutes."""
    crontab = installed.run("crontab", "-u", "slimmemeter", "-l").stdout
    assert crontab == "*/5 * * * * /opt/slimmemeter/scripts/pull.sh\n"


def test_pages_answer_before_any_reading(installed: Machine) -> None:
    """The first page says where the first reading will be, and what makes it for cron's user."""
    installed.run("mv", DATABASE, "/srv/aside.sqlite3")
    answer = get(installed, "/")
    installed.run("mv", "/srv/aside.sqlite3", DATABASE)
    page = answer.body.decode()
    assert answer.status == 200
    assert "No reading yet" in page
    assert "<code>sudo -u slimmemeter p1-pull -v</code>" in page
    assert DATABASE in page


def test_script_of_cron_stores_a_reading(installed: Machine) -> None:
    """As the user of the readings it prints nothing; the pages show the new reading."""
    before = stored(installed, DATABASE)
    pulled = installed.run("/opt/slimmemeter/scripts/pull.sh", user="slimmemeter")
    assert pulled.stdout + pulled.stderr == ""
    assert stored(installed, DATABASE) > before
    for path in ("/", "/years", "/meter", "/now.json", "/healthz?readings"):
        assert get(installed, path).status == 200, path
    assert b"No reading yet" not in get(installed, "/").body


def test_doctor_finds_all_well(installed: Machine) -> None:
    """After the installation, for the user who reads the port and writes the data."""
    said, report = re.split("(?<=all is well\n)", enter(installed, "When it does not work"))
    assert "WRONG" not in said
    assert f"{DATABASE} is sound" in said
    assert report.startswith("/ISK5")
    assert b"E0052000000008765".hex().upper() not in report


def test_doctor_tells_a_visitor_what_is_not_allowed(installed: Machine) -> None:
    """Which group and which user; whose the database is, and how to look as that user."""
    done = installed.run("slimmemeter", "doctor", user=VISITOR, check=False)
    said = " ".join(done.stdout.split())
    assert done.returncode == 6
    assert f"WRONG no permission to open {METER_PORT}: {VISITOR} isn't in the group dialout" in said
    assert f"log in again after sudo usermod -aG dialout {VISITOR}" in said
    assert f"WRONG {DATABASE} can't be looked at (Permission denied)" in said
    assert "sudo -u slimmemeter slimmemeter doctor" in said


def test_visitor_may_read_the_port_after_one_command(installed: Machine) -> None:
    """Without the group there is a sentence that names the command; with it a telegram."""
    refused = installed.run("p1-pull", "--dry-run", user=VISITOR, check=False)
    assert refused.returncode == 3
    assert commands("The P1 port").split()[:4] == ["sudo", "usermod", "-aG", "dialout"]
    assert f"`sudo usermod -aG dialout {VISITOR}`" in refused.stderr
    enter(installed, "The P1 port")
    shown = installed.run("p1-pull", "--dry-run", user=VISITOR).stdout
    assert shown.endswith("CRC ok. Nothing was stored.\n")


def test_visitor_may_look_into_the_database_after_one_command(installed: Machine) -> None:
    """The README's command lets its queries work for who may do nothing special."""
    join, sqlite3, rest = commands("Where the data is").partition("sqlite3")
    queries = sqlite3 + rest
    assert installed.shell(queries, user=VISITOR, check=False).returncode != 0
    installed.shell(f"export USER={VISITOR}\n{join}")
    answer = installed.shell(queries, user=VISITOR).stdout
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\|\d+\|\d+\n", answer)


def test_service_runs_as_a_user_of_its_own(installed: Machine) -> None:
    """The process is neither root's nor that of the user who stores the readings."""
    owner = installed.run("stat", "--format=%U %G", f"/proc/{_main_pid(installed)}").stdout
    assert owner == "slimmemeter-web slimmemeter\n"


@pytest.mark.parametrize(
    "attempt",
    [
        f"sqlite3 {DATABASE} 'UPDATE readings SET tariff = 9'",
        f"echo >>{DATABASE}",
        f"touch {FOLDER}/other",
        f"rm --force {DATABASE}",
    ],
)
def test_user_of_the_pages_can_read_only(installed: Machine, attempt: str) -> None:
    """The database can be read by that user, and neither changed nor removed."""
    count = f"sqlite3 -readonly {DATABASE} 'SELECT count(*) FROM readings'"
    assert int(installed.shell(count, user="slimmemeter-web").stdout) >= 1
    tried = installed.shell(attempt, user="slimmemeter-web", check=False)
    assert tried.returncode != 0
    assert re.search("readonly database|Permission denied", tried.stderr)


def test_backup_and_restore_as_the_readme_says(installed: Machine) -> None:
    """By the commands that stand there; after root restored it, cron's user may pull, and the
    pages' user look."""
    assert "was proved" in enter(installed, "Backups, and moving")
    crontab = installed.run("crontab", "-u", "slimmemeter", "-l").stdout.splitlines()
    assert len(crontab) == 2
    line = crontab[1].removeprefix("30 3 * * * ")
    installed.shell(line, user="slimmemeter")
    assert any("was proved" in said for said in journal(installed, "-t", "slimmemeter-backup"))
    made = installed.shell(f"ls {FOLDER}/backups/*.gz | tail -n 1").stdout.strip()
    before = stored(installed, DATABASE)
    said = installed.run("slimmemeter", "restore", "--yes", made).stdout
    assert f"{DATABASE} now has {before} readings" in said
    installed.run("/opt/slimmemeter/scripts/pull.sh", user="slimmemeter")
    assert stored(installed, DATABASE) > before
    assert b"The last proved backup was made" in get(installed, "/").body


def test_picture_is_drawn(installed: Machine) -> None:
    """matplotlib works with what the unit leaves it."""
    answer = get(installed, "/years/electricity.png")
    assert answer.status == 200
    assert answer.body.startswith(b"\x89PNG\r\n")
    assert "fontlist" in installed.run("ls", "/var/cache/slimmemeter").stdout


def test_unit_is_as_systemd_wants_it(installed: Machine) -> None:
    """`systemd-analyze verify` has nothing to say."""
    said = installed.run("systemd-analyze", "verify", UNIT, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_service_is_restarted_after_a_kill(installed: Machine) -> None:
    """Another process serves the pages soon after the first was killed."""
    killed = _main_pid(installed)
    installed.run("systemctl", "kill", "--signal=KILL", UNIT)
    poll_until("another process ran", lambda: _main_pid(installed) not in {"0", killed}, 20)
    wait_for_pages(installed)


def test_journal_has_no_trouble_of_the_service(installed: Machine) -> None:
    """After pages and a picture: no warning, no traceback; of systemd none but of the kill."""
    for path in ("/", "/years", "/years/electricity.png"):
        assert get(installed, path).status == 200, path
    said = journal(installed, f"_SYSTEMD_UNIT={UNIT}")
    assert any("serving the pages" in line for line in said)
    assert [line for line in said if TROUBLE.search(line)] == []
    warnings = journal(installed, f"--unit={UNIT}", "--priority=warning")
    assert [line for line in warnings if not OF_THE_KILL.search(line)] == []
