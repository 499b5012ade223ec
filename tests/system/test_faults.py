"""What breaks in ten years in a meter cupboard, one after the other, on an installed machine.

Each time the pages say in words what is wrong, and stop saying it when it is over; the next pull
works, and every reading that was stored is there.
"""

import html
import json
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from slimmemeter import clock
from slimmemeter.store.schema import INSTANT_MASK

from .inside import (
    DATABASE,
    FOLDER,
    METER_PORT,
    PULL_SH,
    UNIT,
    USER,
    get,
    plug_meter_in,
    pull,
    pull_meter_out,
    wait_for_pages,
)
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

TIMEOUT_S = 4
SILENT = f"""
import os, pty, shutil, time
ours, theirs = pty.openpty()
shutil.chown(os.ttyname(theirs), "root", "dialout")
os.chmod(os.ttyname(theirs), 0o660)
os.symlink(os.ttyname(theirs), "{METER_PORT}")
time.sleep(3600)
"""
IN_A_TRANSACTION = f"""
import sqlite3, time
database = sqlite3.connect("{DATABASE}", isolation_level=None)
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE readings SET tariff = 9")
open("/run/locked", "w").close()
time.sleep(3600)
"""


WRONG_CLOCK = "This computer's clock is wrong"


class Pulled(NamedTuple):
    """What came of a pull."""

    code: int
    output: str
    seconds: float


def try_to_pull(machine: Machine) -> Pulled:
    """Pull as cron does, with little patience."""
    command = [PULL_SH, "--timeout", str(TIMEOUT_S)]
    began = time.monotonic()
    done = machine.run(*command, user=USER, check=False)
    return Pulled(done.returncode, done.stderr.strip(), time.monotonic() - began)


def readings(machine: Machine) -> list[str]:
    """Every reading, as a person sees it."""
    query = "SELECT id, import_t1_wh, import_t2_wh FROM readings ORDER BY id"
    return machine.run("sqlite3", "-readonly", DATABASE, query, check=False).stdout.splitlines()


def overview(machine: Machine) -> str:
    """The first page, as it is read."""
    return " ".join(html.unescape(get(machine, "/").body.decode()).split())


def last_pull(machine: Machine) -> dict[str, object]:
    """The last pull as `/healthz` has it."""
    answer: dict[str, dict[str, object]] = json.loads(get(machine, "/healthz").body)
    return answer["last_pull"]


def assert_told(machine: Machine, failed: Pulled, code: int, words: str) -> None:
    """The failure is in the pull's exit code and sentence, on the overview and in `/healthz`."""
    assert failed.code == code, failed
    assert words in failed.output
    assert last_pull(machine)["said"] == failed.output
    assert last_pull(machine)["exit_code"] == code
    assert failed.output in overview(machine)


def assert_over(machine: Machine, kept: list[str], failed: Pulled | None = None) -> None:
    """The next pull works, the pages have no complaint left, and no reading is lost."""
    assert pull(machine) == ""
    assert last_pull(machine)["exit_code"] == 0
    assert json.loads(get(machine, "/healthz?readings").body)["readings"] == "ok"
    assert failed is None or failed.output not in overview(machine)
    assert set(kept) < set(readings(machine))


def grow_old(machine: Machine, seconds: int) -> None:
    """Let the readings be of that much earlier."""
    for table in ("readings", "mbus_readings"):
        machine.run("sqlite3", DATABASE, f"UPDATE {table} SET id = id - {seconds}")
    for table in ("events", "breaks"):
        earlier = f"at = at - {seconds}, until = until - {seconds}"
        machine.run("sqlite3", DATABASE, f"UPDATE {table} SET {earlier}")


@pytest.fixture
def house(machine: Machine) -> Iterator[Machine]:
    """All was well until some pulls ago; and the meter is where it was after."""
    wait_for_pages(machine)
    assert pull(machine) == ""
    grow_old(machine, 1200)
    yield machine
    machine.shell("rm -rf /dev/serial; systemctl stop meter silent locked 2>/dev/null || true")
    machine.shell(f"for place in {FOLDER} /tmp; do ! mountpoint -q $place || umount $place; done")
    plug_meter_in(machine)


def test_cable_out_and_in_again_under_another_name(house: Machine) -> None:
    """An adapter that comes back under another name is found."""
    kept = readings(house)
    pull_meter_out(house)
    failed = try_to_pull(house)
    assert_told(house, failed, 3, f"there is no {METER_PORT}: is the cable plugged in?")
    plug_meter_in(house)
    house.shell(f"mkdir -p /dev/serial/by-id; mv {METER_PORT} /dev/serial/by-id/usb-Other-if00")
    assert_over(house, kept, failed)


def test_open_that_blocks(house: Machine) -> None:
    """A pull whose open blocks ends within its timeout and five seconds."""
    kept = readings(house)
    pull_meter_out(house)
    house.shell(f"rm -f {METER_PORT}; mkfifo -m 666 {METER_PORT}")
    failed = try_to_pull(house)
    assert failed.seconds < TIMEOUT_S + 5
    assert_told(house, failed, 3, METER_PORT)
    plug_meter_in(house)
    assert_over(house, kept, failed)


def test_meter_silent_for_a_week(house: Machine) -> None:
    """After a week of silence the pages show the age, and `/healthz?readings` is 503."""
    pull_meter_out(house)
    house.run("rm", "-f", METER_PORT)
    house.run("systemd-run", "-q", "--collect", "--unit=silent", "python3", "-c", SILENT)
    poll_until(
        "it is there", lambda: not house.run("test", "-c", METER_PORT, check=False).returncode, 20
    )
    grow_old(house, 7 * 86400)
    kept = readings(house)
    failed = try_to_pull(house)
    assert_told(house, failed, 3, f"nothing was heard from {METER_PORT} in {TIMEOUT_S} s")
    assert "7 days" in overview(house)
    assert get(house, "/healthz?readings").status == 503
    house.run("systemctl", "stop", "silent")
    plug_meter_in(house)
    assert_over(house, kept, failed)
    assert get(house, "/healthz?readings").status == 200


def test_read_only_file_system(house: Machine) -> None:
    """A read-only file system is explained until it can be written again."""
    kept = readings(house)
    house.shell(f"mount --bind {FOLDER} {FOLDER}; mount -o remount,bind,ro {FOLDER}")
    failed = try_to_pull(house)
    assert_told(house, failed, 5, "it may not be written")
    assert readings(house) == kept
    house.run("umount", FOLDER)
    assert_over(house, kept, failed)


def test_disk_that_is_full_and_freed(house: Machine) -> None:
    """On a full disk pulls fail in words, and nothing is half written."""
    house.shell(
        f"mkdir -p /srv/small; mount -t tmpfs -o size=600k,mode=750 small /srv/small"
        f"; cp -a {FOLDER}/. /srv/small; chown {USER}: /srv/small"
        f"; mount --move /srv/small {FOLDER}"
        f"; cat /dev/zero >{FOLDER}/filler 2>/dev/null || true; systemctl restart {UNIT}"
    )
    wait_for_pages(house)
    kept = readings(house)
    for _ in range(4):
        failed = try_to_pull(house)
        assert_told(house, failed, 5, "the disk is full")
        assert readings(house) == kept
    house.run("rm", f"{FOLDER}/filler")
    assert_over(house, kept, failed)
    house.shell(f"systemctl stop {UNIT}; umount {FOLDER}; systemctl start {UNIT}")


def test_database_in_somebody_s_transaction(house: Machine) -> None:
    """A transaction of a person's sqlite3 blocks pulls, and leaves nothing behind."""
    kept = readings(house)
    house.run("rm", "-f", "/run/locked")
    house.run("systemd-run", "-q", "--collect", "--unit=locked", "python3", "-c", IN_A_TRANSACTION)
    poll_until(
        "it is held", lambda: not house.run("test", "-e", "/run/locked", check=False).returncode, 20
    )
    failed = try_to_pull(house)
    assert failed.seconds < TIMEOUT_S + 5
    assert_told(house, failed, 5, "another program holds it locked for too long")
    house.run("systemctl", "kill", "--signal=KILL", "locked")
    assert_over(house, kept, failed)


def test_database_deleted_and_restored_under_the_server(house: Machine) -> None:
    """The running server follows a database that is deleted and restored."""
    kept = readings(house)
    made = house.run("slimmemeter", "backup").stdout.split()[0]
    house.run("rm", DATABASE)
    assert "No reading yet" in overview(house)
    assert json.loads(get(house, "/healthz").body)["readings"] == "none yet"
    house.run("slimmemeter", "restore", "--yes", made)
    assert "No reading yet" not in overview(house)
    assert_over(house, kept)


def test_two_pulls_at_once(house: Machine) -> None:
    """Two pulls at once both succeed."""
    kept = readings(house)
    one = PULL_SH
    both = house.shell(f"{one} & first=$!; {one}; wait $first", user=USER)
    assert both.stdout + both.stderr == ""
    assert_over(house, kept)


def test_server_killed_during_a_picture(house: Machine) -> None:
    """A server that is killed during a picture is back soon, and draws."""
    kept = readings(house)
    url = "http://localhost:8765/years/electricity.png?scale=2"
    ask = f"python3 -c 'import urllib.request as u; u.urlopen(\"{url}\")' 2>/dev/null"
    house.run("systemctl", "restart", UNIT)
    wait_for_pages(house)
    house.shell(f"{ask} & sleep 0.3; systemctl kill --signal=KILL {UNIT}; wait || true")
    wait_for_pages(house)
    assert get(house, "/years/electricity.png?scale=2").body.startswith(b"\x89PNG")
    assert_over(house, kept)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"_version": "x"}'])
def test_corrupt_cache_file(house: Machine, content: str) -> None:
    """A corrupt font cache is made again."""
    kept = readings(house)
    house.shell(
        f"for each in /var/cache/slimmemeter/font*; do printf '%s' '{content}' >$each; done"
    )
    house.run("systemctl", "restart", UNIT)
    wait_for_pages(house)
    assert get(house, "/years/electricity.png").body.startswith(b"\x89PNG")
    assert_over(house, kept)


def test_full_tmp(house: Machine) -> None:
    """Pulls, backups, pages and pictures work with a full /tmp."""
    kept = readings(house)
    house.shell("mount -t tmpfs -o size=64k,mode=1777 tiny /tmp")
    house.run("systemctl", "restart", UNIT)
    house.shell("cat /dev/zero >/tmp/filler 2>/dev/null || true")
    wait_for_pages(house)
    house.shell(
        "cat /dev/zero >/tmp/systemd-private-*-appWebserver*/tmp/filler 2>/dev/null || true"
    )
    for path in ("/", "/years/electricity.png", "/years/electricity.csv"):
        assert get(house, path).status == 200, path
    house.run("slimmemeter", "backup")
    assert_over(house, kept)
    house.run("systemctl", "stop", UNIT)
    house.shell("umount /tmp")
    house.run("systemctl", "start", UNIT)


@pytest.mark.parametrize("states", ["@1970-01-01 00:02:00", "-1h", "+1h"])
def test_clock_that_was_not_set_after_a_power_cut(house: Machine, states: str) -> None:
    """With a wrong system clock readings get the meter's time, and the pages warn."""
    if clock.is_synchronised():
        pytest.skip("this computer's clock is set by another, which a Pi's isn't then")
    kept = readings(house)
    let_the_pages_believe(house, states)
    if states != "+1h":  # else nobody can know before the meter tells
        assert WRONG_CLOCK in overview(house)
    pull_it = ["faketime", "-f", states, PULL_SH]
    for _ in range(2):
        done = house.run(*pull_it, user=USER)
        assert done.stdout + done.stderr == ""
    (newest,) = {int(row.split("|")[0]) & INSTANT_MASK for row in readings(house)[-1:]}
    assert abs(newest - time.time()) < 60
    assert WRONG_CLOCK in overview(house)
    assert get(house, "/healthz?readings").status == 503
    assert json.loads(get(house, "/healthz").body)["readings"] == "this computer's clock is wrong"
    let_the_pages_believe(house, "+0")
    assert WRONG_CLOCK not in overview(house)
    assert_over(house, kept)


def let_the_pages_believe(machine: Machine, states: str) -> None:
    """Serve them from a computer whose clock says another time."""
    folder = f"/run/systemd/system/{UNIT}.d"
    machine.shell(
        f"mkdir -p {folder}; library=$(echo /usr/lib/*/faketime/libfaketime.so.1)"
        f"; printf '[Service]\\nEnvironment=LD_PRELOAD=%s \"FAKETIME=%s\"\\n'"
        f" $library '{states}' >{folder}/clock.conf"
        f"; systemctl daemon-reload; systemctl restart {UNIT}"
    )
    wait_for_pages(machine)


def test_time_zone_changed(house: Machine) -> None:
    """Another time zone changes what pages show, and no reading."""
    kept = readings(house)
    file = "/etc/default/slimmemeter"
    house.shell(f"cp -p {file} /srv/kept; echo SLIMMEMETER_TZ=Europe/Helsinki >>{file}")
    house.run("systemctl", "restart", UNIT)
    wait_for_pages(house)
    assert b"+0" in get(house, "/now.json").body
    assert set(kept) <= set(readings(house))
    house.shell(f"cp -p /srv/kept {file}; systemctl restart {UNIT}")
    wait_for_pages(house)
    assert_over(house, kept)
