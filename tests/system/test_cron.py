"""A real cron pulls every minute, from a meter that speaks and then from one that is gone."""

import json

import pytest

from .inside import (
    DATABASE,
    METER_PORT,
    PULL_SH,
    USER,
    get,
    journal,
    plug_meter_in,
    pull,
    pull_meter_out,
    stored,
    wait_for_pages,
)
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

NEXT_MINUTE_S = 75
CRON_THREW_AWAY = "discarding output"


@pytest.fixture(scope="module")
def pulled(machine: Machine) -> Machine:
    """Cron pulled by the line of the installation, but every minute."""
    machine.shell("sed -i 's|^\\*/5|*|' /etc/cron.d/slimmemeter")
    before = stored(machine)
    machine.run("systemctl", "start", "cron")
    poll_until("cron had stored a reading", lambda: stored(machine) > before, NEXT_MINUTE_S)
    poll_until("cron was done with it", lambda: _is_done(machine), 120)
    return machine


def _left(machine: Machine) -> str:
    return machine.run(
        "cat", "/run/slimmemeter/var-lib-slimmemeter-slimmemeter.sqlite3.last-pull", check=False
    ).stdout


def _is_done(machine: Machine) -> bool:
    """Whether cron has ended a session of the user, which is after it looked for output."""
    ended = f"session closed for user {USER}"
    return any(ended in line for line in journal(machine, "--identifier=CRON"))


@pytest.fixture(scope="module")
def failure(pulled: Machine) -> str:
    """The journal's entry of a pull, a minute after the meter was taken away."""
    pull_meter_out(pulled)
    tag = "--identifier=p1-pull"
    poll_until(
        "a pull without a meter was in the journal",
        lambda: any("there is no" in line for line in journal(pulled, tag)),
        NEXT_MINUTE_S,
    )
    return journal(pulled, tag)[-1]


def test_cron_stores_a_reading_of_this_meter(pulled: Machine) -> None:
    """Cron's pull stores a reading of the meter that speaks."""
    equipment = pulled.run("sqlite3", "-readonly", DATABASE, "SELECT equipment FROM meters").stdout
    assert equipment == "E0052000000008765\n"


def test_pull_that_stores_prints_nothing(pulled: Machine) -> None:
    """A pull that stores prints nothing, and nothing is in the journal."""
    assert journal(pulled, "--identifier=p1-pull") == []
    assert _left(pulled).endswith(" 0 \n")
    output = journal(pulled, "--identifier=CRON")
    assert any(f"({USER}) CMD (test ! -x {PULL_SH} || {PULL_SH})" in line for line in output)
    assert [line for line in output if CRON_THREW_AWAY in line] == [], output


def test_pull_without_a_meter_is_in_the_journal(pulled: Machine, failure: str) -> None:
    """A failed pull puts its sentence into the journal, and gives it to cron for mail."""
    assert failure.startswith(f"p1-pull: there is no {METER_PORT}: is the cable plugged in?")
    poll_until(
        "cron reported output",
        lambda: any(CRON_THREW_AWAY in line for line in journal(pulled, "--identifier=CRON")),
        10,
    )


def test_pull_without_a_meter_leaves_its_sentence(pulled: Machine, failure: str) -> None:
    """A failed pull leaves its exit code and sentence in a file."""
    at, code, sentence = _left(pulled).rstrip("\n").split(" ", 2)
    assert at.isdigit()
    assert code == "3"
    assert sentence == failure


def test_pages_show_the_pull_that_failed(pulled: Machine, failure: str) -> None:
    """`/healthz` has the failed pull's sentence, and stays healthy itself."""
    wait_for_pages(pulled)
    answer = get(pulled, "/healthz")
    shown = json.loads(answer.body)
    assert answer.status == 200
    assert shown["last_pull"]["exit_code"] == 3
    assert shown["last_pull"]["said"] == failure
    assert shown["readings"] == "ok"


def test_next_pull_is_well_when_the_cable_is_back(pulled: Machine, failure: str) -> None:
    """With the cable back in, the next pull stores."""
    before = stored(pulled)
    pulled.run("systemctl", "stop", "cron")
    plug_meter_in(pulled)
    assert pull(pulled) == ""
    assert stored(pulled) > before
    assert json.loads(get(pulled, "/healthz").body)["last_pull"]["exit_code"] == 0
