"""A real cron pulls every minute, from a meter that speaks and then from one that is gone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .inside import (
    METER_PORT,
    OFFLINE,
    get,
    journal,
    plug_meter_in,
    pull_meter_out,
    stored,
    wait_for_pages,
)
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

USER = "resident"
PROJECT = f"/home/{USER}/slimmemeter"
FOLDER = f"/home/{USER}/.local/share/slimmemeter"
DATABASE = f"{FOLDER}/slimmemeter.sqlite3"
NEXT_MINUTE_S = 75
CRON_THREW_AWAY = "discarding output"


@pytest.fixture(scope="module")
def home(machine: Machine, checkout: Path) -> Machine:
    """A user who may do no more than use serial ports has the project in the home folder."""
    machine.run("useradd", "--create-home", "--groups=dialout", USER)
    machine.copy_in(checkout, PROJECT)
    machine.run("chown", "--recursive", f"{USER}:", PROJECT)
    install = "python3 -m venv .venv\n.venv/bin/pip install --quiet slimmemeter"
    machine.shell(f"cd {PROJECT}\n{OFFLINE}{install}", user=USER, timeout_s=180)
    return machine


@pytest.fixture(scope="module")
def pulled(home: Machine) -> Machine:
    """Cron pulled for the first time: the meter is there, and the crontab has one line."""
    plug_meter_in(home)
    home.run("crontab", "-", user=USER, stdin=f"* * * * * {PROJECT}/scripts/pull.sh\n")
    poll_until("cron had stored a reading", lambda: stored(home, DATABASE) > 0, NEXT_MINUTE_S)
    poll_until("cron was done with it", lambda: _is_done(home), 10)
    return home


def _left(machine: Machine) -> str:
    return machine.run("cat", f"{FOLDER}/last-pull", check=False).stdout


def _is_done(machine: Machine) -> bool:
    """Whether cron has ended a session of the user, which is after it looked for output."""
    ended = f"session closed for user {USER}"
    return any(ended in line for line in journal(machine, "--identifier=CRON"))


@pytest.fixture(scope="module")
def failure(pulled: Machine) -> str:
    """What the journal says under the pull's tag, a minute after the meter was taken away."""
    pull_meter_out(pulled)
    tag = "--identifier=p1-pull"
    poll_until(
        "a pull without a meter was in the journal",
        lambda: any("there is no" in line for line in journal(pulled, tag)),
        NEXT_MINUTE_S,
    )
    return journal(pulled, tag)[-1]


@pytest.fixture(scope="module")
def pages(pulled: Machine) -> Iterator[Machine]:
    """The same user serves the pages."""
    serve = ["systemd-run", "--quiet", "--collect", f"--uid={USER}", "--unit=pages"]
    pulled.run(*serve, f"{PROJECT}/.venv/bin/slimmemeter", "serve")
    wait_for_pages(pulled)
    yield pulled
    pulled.run("systemctl", "stop", "pages")


def test_cron_stores_a_reading_of_this_meter(pulled: Machine) -> None:
    """With cron's bare environment, the port of /etc/default/slimmemeter gives a row."""
    equipment = pulled.run("sqlite3", "-readonly", DATABASE, "SELECT equipment FROM meters").stdout
    assert equipment == "E0052000000008765\n"
    assert stored(pulled, DATABASE) >= 1


def test_pull_that_stores_prints_nothing(pulled: Machine) -> None:
    """Cron started the script and had nothing to throw away; the journal has no failure."""
    said = journal(pulled, "--identifier=CRON")
    assert any(f"({USER}) CMD ({PROJECT}/scripts/pull.sh)" in line for line in said)
    assert not any(CRON_THREW_AWAY in line for line in said)
    assert _left(pulled).endswith(" 0 \n")
    assert journal(pulled, "--identifier=p1-pull") == []


def test_pull_without_a_meter_is_in_the_journal(pulled: Machine, failure: str) -> None:
    """The sentence names the port and what helps, and cron was given it to mail as well."""
    assert failure.startswith(f"p1-pull: there is no {METER_PORT}: is the cable plugged in?")
    poll_until(
        "cron told that it had output",
        lambda: any(CRON_THREW_AWAY in line for line in journal(pulled, "--identifier=CRON")),
        10,
    )


def test_pull_without_a_meter_leaves_its_sentence(pulled: Machine, failure: str) -> None:
    """The file beside the database has the exit code and the journal's sentence."""
    at, code, sentence = _left(pulled).rstrip("\n").split(" ", 2)
    assert at.isdigit()
    assert code == "3"
    assert sentence == failure


def test_pages_tell_of_the_pull_that_failed(pages: Machine, failure: str) -> None:
    """`/healthz` has the sentence; the program itself and its readings are well."""
    answer = get(pages, "/healthz")
    told = json.loads(answer.body)
    assert answer.status == 200
    assert told["last_pull"]["exit_code"] == 3
    assert told["last_pull"]["said"] == failure
    assert told["readings"] == "ok"
