"""What can't be as a meter tells it is left out or refused, in words, whatever file it is in."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from support.database import rows
from support.programs import Run
from support.readings import DAY, HOUR, reading, store
from support.telegrams import simple

NOW = int(time.time())


def stamp(at: int) -> str:
    """A meter's timestamp in winter."""
    return f"{time.strftime('%y%m%d%H%M%S', time.gmtime(at + 3600))}W"


def of_log(path: Path, *instants: int) -> None:
    """A log of telegrams."""
    path.write_bytes(b"".join(simple(stamp=stamp(at)) for at in instants))


def of_notebook(path: Path, *instants: int) -> None:
    """A CSV."""
    lines = (time.strftime("%Y-%m-%dT%H:%M:%S+00:00,1.000\n", time.gmtime(at)) for at in instants)
    path.write_text("time,import_t1_kwh\n" + "".join(lines))


def of_ancestor(path: Path, *instants: int) -> None:
    """A database of slimmemeter-rpi."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            'CREATE TABLE telegrams (id INTEGER PRIMARY KEY, "0-0:1.0.0" TEXT, "1-0:1.8.1" TEXT)'
        )
        for at in instants:
            db.execute("INSERT INTO telegrams VALUES (NULL, ?, '000001.000*kWh')", (stamp(at),))


def of_dsmr_reader(path: Path, *instants: int) -> None:
    """A backup of DSMR-reader."""
    times = (time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime(at)) for at in instants)
    path.write_text(
        "-- PostgreSQL database dump\n\nCOPY public.dsmr_datalogger_dsmrreading"
        ' (id, "timestamp", electricity_delivered_1) FROM stdin;\n'
        + "".join(f"{number}\t{at}\t1.000\n" for number, at in enumerate(times))
        + "\\.\n"
    )


def of_own(path: Path, *instants: int) -> None:
    """Another database of this program."""
    store(path, *((at, reading({"import_t1_wh": 1000})) for at in instants))


@pytest.mark.parametrize("make", [of_log, of_notebook, of_ancestor, of_dsmr_reader, of_own])
def test_reading_of_a_time_to_come_is_left_out(
    run: Run, database: Path, tmp_path: Path, make: Callable[..., None]
) -> None:
    """A reading of more than a day ahead is left out, and told, in each kind of file."""
    source = tmp_path / "source"
    make(source, NOW - HOUR, NOW + DAY - HOUR, NOW + DAY + HOUR, NOW + 400 * DAY)
    done = run("import", source)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 2 new readings" in done.stdout
    assert "; 2 invalid" in done.stdout
    assert done.stdout.count("is more than a day ahead of this computer's clock") == 2
    assert rows(database, "SELECT count(*), max(taken_at) FROM readings") == [(2, NOW + DAY - HOUR)]


def test_device_of_a_time_to_come_is_left_out(run: Run, database: Path, tmp_path: Path) -> None:
    """A telegram's device with a stamp of more than a day ahead is left out, and told."""
    log = tmp_path / "p1.log"
    lines = ["1-0:1.8.1(000001.000*kWh)"]
    for channel, at in ((1, NOW - HOUR), (2, NOW + 400 * DAY)):
        lines += [f"0-{channel}:24.1.0(003)", f"0-{channel}:96.1.0(G{channel})"]
        lines += [f"0-{channel}:24.2.1({stamp(at)})(00001.000*m3)"]
    log.write_bytes(simple(*lines, stamp=stamp(NOW)))
    done = run("import", log)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 1 new readings" in done.stdout
    assert "; 1 invalid" in done.stdout
    assert "left out: telegram 1: device G2: " in done.stdout
    assert rows(database, "SELECT equipment FROM mbus_devices") == [("G1",)]
