"""A file of an older program becomes one of this, whole or not at all, after a verified backup."""

from __future__ import annotations

import gzip
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from slimmemeter.errors import StoreError
from slimmemeter.store import schema, upgrade
from slimmemeter.store.revalidation import RevalidatingWriter
from slimmemeter.store.writer import Writer
from support.database import rows, validated
from support.pages import client_of, text_of
from support.programs import Pull
from support.readings import EVERY_S, MONDAY, counted
from support.telegrams import simple

# A step that no version has: a column, and what it says of each row.
MADE_UP = (
    "ALTER TABLE readings ADD COLUMN made_up INTEGER",
    "UPDATE readings SET made_up = import_t1_wh + 1",
)
NEXT = schema.VERSION + 1
UPGRADE = f"""
import sys
from slimmemeter.store import schema, upgrade
from slimmemeter.store.writer import Writer
schema.VERSION = {NEXT}
upgrade.MIGRATIONS = {{{NEXT - 1}: {MADE_UP!r}}}
Writer(sys.argv[1]).close()
"""


@pytest.fixture
def old(database: Path) -> Path:
    """A database of this version, which is the older one here."""
    writer = Writer(str(database))
    writer.add_many(((each, at) for at, each in counted(*range(500))), None)
    writer.close()
    return database


@pytest.fixture
def newer(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the next version, for which that file is old."""
    monkeypatch.setattr(schema, "VERSION", NEXT)
    monkeypatch.setattr(upgrade, "MIGRATIONS", {NEXT - 1: MADE_UP})


@pytest.mark.usefixtures("newer")
def test_writer_upgrades_after_a_backup(old: Path, tmp_path: Path) -> None:
    """An old file is upgraded once, after a backup of the old version."""
    Writer(str(old)).close()
    assert rows(old, "SELECT count(*), sum(made_up - import_t1_wh) FROM readings") == [(500, 500)]
    (made,) = (tmp_path / "backups").iterdir()
    assert gzip.decompress(made.read_bytes())[60:64] == (NEXT - 1).to_bytes(4)
    Writer(str(old)).close()
    assert len(list((tmp_path / "backups").iterdir())) == 1


@pytest.mark.usefixtures("newer")
def test_pages_say_what_upgrades_it(old: Path) -> None:
    """The pages explain that the next pull upgrades an old file."""
    assert "the next pull upgrades it, after a backup" in text_of(client_of(old), "/", 503)


def test_newer_file_is_left_alone(old: Path, newer: None) -> None:
    """A file of a newer program is explained, and not changed."""
    Writer(str(old)).close()
    before = old.read_bytes()
    schema.VERSION = NEXT - 1
    assert "upgrade slimmemeter" in text_of(client_of(old), "/", 503)
    with pytest.raises(StoreError, match="upgrade slimmemeter"):
        Writer(str(old))
    assert old.read_bytes() == before


@pytest.mark.usefixtures("newer")
def test_failed_backup_keeps_the_old_version(old: Path, tmp_path: Path) -> None:
    """Without a backup there is no upgrade."""
    (tmp_path / "backups").write_text("no folder")
    before = old.read_bytes()
    with pytest.raises(StoreError, match="backups"):
        Writer(str(old))
    assert old.read_bytes() == before


def test_killed_upgrade_leaves_the_old_or_the_new(old: Path) -> None:
    """A killed upgrade leaves the old or the new version, and can be repeated."""
    for step in range(25):
        process = subprocess.Popen([sys.executable, "-c", UPGRADE, str(old)])
        try:
            process.wait(timeout=0.05 + 0.008 * step)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        with_schema(old)
    subprocess.run([sys.executable, "-c", UPGRADE, str(old)], check=True)
    assert with_schema(old) == NEXT


def with_schema(path: Path) -> int:
    """The version of a file, which has all that this version has."""
    with closing(sqlite3.connect(path)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        columns = [row[1] for row in db.execute("PRAGMA table_info(readings)")]
        assert ("made_up" in columns) == (version == NEXT)
        if version == NEXT:
            missing = "SELECT count(*) FROM readings WHERE made_up IS NULL"
            assert db.execute(missing).fetchone() == (0,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM readings").fetchone() == (500,)
        return int(version)


# The tables of version 1, and a house in it: what it counted of zeros and of wrong stamps.
VERSION_1 = """
CREATE TABLE meters (
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL UNIQUE,  -- empty if the meter sends none
    header TEXT NOT NULL,
    version TEXT
);
CREATE TABLE series (  -- a stretch in which the counters of one meter only rise
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL REFERENCES meters,
    registers TEXT NOT NULL,  -- the columns of readings that count, separated by spaces
    opened_by TEXT NOT NULL  -- first reading, other registers, restarted counter; set aside: none
);
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,  -- series << 33 | taken_at
    series INTEGER AS (id >> 33) VIRTUAL,
    taken_at INTEGER AS (id & 8589934591) VIRTUAL,
    delay_s INTEGER,  -- from taken_at until it was received; NULL from a file
    source INTEGER,  -- NULL: the port, 0: a file, -1: simulated, else the number of an import
    tariff INTEGER,
    import_t1_wh INTEGER, import_t2_wh INTEGER, export_t1_wh INTEGER, export_t2_wh INTEGER,
    power_import_w INTEGER, power_export_w INTEGER, voltage_l1_dv INTEGER, current_l1_ma
    INTEGER, power_import_l1_w INTEGER, power_export_l1_w INTEGER, voltage_l2_dv INTEGER,
    current_l2_ma INTEGER, power_import_l2_w INTEGER, power_export_l2_w INTEGER, voltage_l3_dv
    INTEGER, current_l3_ma INTEGER, power_import_l3_w INTEGER, power_export_l3_w INTEGER
    -- and once they are needed: other registers, running_quarter_w, and meter_clock, which is the
    -- time of the meter's clock unless that is taken_at (0: not set)
);
CREATE TABLE mbus_devices (  -- a stretch in which the counter of one device only rises
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL,
    channel INTEGER NOT NULL,
    type INTEGER,  -- 3 gas, 4 heat, 6 warm water, 7 water: EN 13757-3
    unit TEXT NOT NULL,  -- dm3, MJ or Wh
    opened_by TEXT NOT NULL  -- first reading, restarted counter; set aside: none
);
CREATE TABLE mbus_readings (
    id INTEGER PRIMARY KEY,  -- device << 33 | taken_at
    device INTEGER AS (id >> 33) VIRTUAL,
    taken_at INTEGER AS (id & 8589934591) VIRTUAL,
    counter INTEGER NOT NULL
    -- and source, from the first import on
);
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,  -- telegrams, CSV, database, slimmemeter-rpi, DSMR-reader
    name TEXT NOT NULL
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,  -- gap, set aside, clock off, clock right, other value
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    at INTEGER NOT NULL,
    until INTEGER,
    detail TEXT
);
CREATE INDEX events_at ON events (at);
CREATE TABLE counters (
    meter INTEGER NOT NULL REFERENCES meters,
    taken_at INTEGER NOT NULL,
    power_failures INTEGER, long_power_failures INTEGER, voltage_sags_l1 INTEGER,
    voltage_sags_l2 INTEGER, voltage_sags_l3 INTEGER, voltage_swells_l1 INTEGER,
    voltage_swells_l2 INTEGER, voltage_swells_l3 INTEGER,
    source INTEGER,
    PRIMARY KEY (meter, taken_at)
) WITHOUT ROWID;
CREATE TABLE power_failures (
    meter INTEGER NOT NULL REFERENCES meters,
    ended_at INTEGER,  -- NULL if the meter's clock wasn't set
    duration_s INTEGER NOT NULL,
    source INTEGER
);
CREATE TABLE month_peaks (  -- Belgium: the quarter-hour of each month with the highest import
    meter INTEGER NOT NULL REFERENCES meters,
    month_ended_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,  -- the quarter-hour
    power_w INTEGER NOT NULL,
    source INTEGER,
    PRIMARY KEY (meter, month_ended_at)
) WITHOUT ROWID;
PRAGMA application_id = 1936485741;
PRAGMA user_version = 1;
INSERT INTO meters VALUES (1, 'one', 'TST5', '50');
INSERT INTO series VALUES (1, 1, 'import_t1_wh', 'first reading'),
    (2, 1, 'import_t1_wh', 'restarted counter'), (3, 1, '', 'set aside');
INSERT INTO mbus_devices VALUES (1, 'gas', 1, 3, 'dm3', 'first reading'),
    (2, 'gas', 2, 3, 'dm3', 'first reading'), (3, 'gas', 1, 3, 'dm3', 'set aside');
"""


def version_1(path: Path) -> None:
    """A house of version 1: two zeros that it counted, a reading that it set aside, a gas meter
    that moved to another channel, and a second gas value of which it kept only an event."""
    steps = [(1, 10**7), (2, 0), (2, 0), *((2, 10**7 + 75 + n) for n in range(6)), (3, 5)]
    steps += [(2, 10**7 + 200)]
    gas = [(1, 5000), (1, 5010), (2, 5020), (2, 5030)]
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
        for place, (series, wh) in enumerate(steps):
            key = series << 33 | MONDAY + EVERY_S * place
            db.execute("INSERT INTO readings (id, import_t1_wh) VALUES (?, ?)", (key, wh))
        for place, (device, dm3) in enumerate(gas):
            key = device << 33 | MONDAY + 3600 * place
            db.execute("INSERT INTO mbus_readings (id, counter) VALUES (?, ?)", (key, dm3))
        db.execute(
            "INSERT INTO events VALUES (1, 'other value', NULL, 2, ?, NULL, '5020 777')",
            (MONDAY + 7200,),
        )
        db.commit()


def test_what_version_1_judged_wrong_is_validated_again(
    database: Path, tmp_path: Path, pull: Pull
) -> None:
    """The next pull upgrades it after a backup, validates all again, and the page shows what
    changed."""
    version_1(database)
    day = client_of(database)
    assert "the next pull upgrades it" in text_of(day, "/", 503)
    stdin = simple(meter="one", stamp="261026005500W").decode()
    assert pull("-", "--new-meter", stdin=stdin).returncode == 0
    assert len(list((tmp_path / "backups").iterdir())) == 1
    assert rows(database, "SELECT count(*) FROM readings WHERE taken_at < 1792972500") == [(11,)]
    electricity = day.get("/day/2026-10-26/electricity.json").json
    gas = day.get("/day/2026-10-26/gas.json").json
    assert electricity is not None
    assert gas is not None
    assert electricity["totals"]["import_t1_kwh"] == 0.2
    assert gas["totals"] == {"gas_m3": 0.03}
    assert rows(database, "SELECT counter FROM mbus_readings ORDER BY 1") == [
        (777,), (5000,), (5010,), (5020,), (5030,),
    ]  # fmt: skip
    page = " ".join(text_of(day, "/meter").split())
    assert "it counts 0.200 in all, and counted 10,000.200 before" in page


def test_validation_after_an_upgrade_goes_on_after_it_was_killed(database: Path) -> None:
    """What is left of it is done by a later writer, and the result is the same."""
    version_1(database)
    Writer(str(database)).close()
    with RevalidatingWriter(str(database)) as writer:
        assert not writer.is_validated()
        writer.validate_the_rest(0)
        assert not writer.is_validated()
        writer.validate_the_rest()
        assert writer.is_validated()
        first = validated(database)
        writer.revalidate()
    assert validated(database) == first
