"""What is in a database, as a person with `sqlite3` sees it; and what a killed pull leaves."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

Rows = list[tuple[object, ...]]
Validated = dict[str, Rows]

KILLED = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN")
db.execute("CREATE TABLE t (x)")
for _ in range(50):
    db.execute("INSERT INTO t VALUES (zeroblob(9000))")
os.kill(os.getpid(), 9)
"""


def rows(database: Path, sql: str) -> Rows:
    """The rows of a query; the file is only read."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def counters(database: Path) -> Rows:
    """Every reading as its instant and its register of tariff 1, one of each instant."""
    sql = "SELECT taken_at, import_t1_wh FROM readings JOIN series ON series.id = series"
    return rows(database, f"{sql} WHERE NOT other ORDER BY taken_at")


def validated(database: Path) -> Validated:
    """All events and breaks of the file, and which value of an instant counts, whatever their
    numbers are."""
    columns = {str(row[1]) for row in rows(database, "PRAGMA table_info(readings)")}
    counted = ", ".join(sorted(each for each in columns if each.endswith(("_wh", "_clock"))))
    queries = {
        "events": "SELECT register, kind, at, until, readings, detail, device IS NULL FROM events",
        "breaks": "SELECT register, kind, at, counter_before, until, counter_after,"
        " device IS NULL FROM breaks",
        "readings": f"SELECT taken_at, {counted} FROM readings JOIN series ON series.id = series"
        " WHERE NOT other",
        "counters": "SELECT taken_at, counter, equipment FROM mbus_readings"
        " JOIN mbus_devices AS d ON d.id = device WHERE NOT other",
    }
    found = {name: rows(database, sql) for name, sql in queries.items()}
    return {name: sorted(each, key=repr) for name, each in found.items()}


def measured(database: Path) -> Rows:
    """What was measured: every column but the keys and where it came from."""
    columns = {str(row[1]) for row in rows(database, "PRAGMA table_info(readings)")}
    kept = sorted(columns - {"id", "source", "delay_s"})
    queries = (
        f"SELECT taken_at, {', '.join(kept)} FROM readings",
        "SELECT equipment, channel, type, unit, taken_at, counter FROM mbus_readings"
        " JOIN mbus_devices AS d ON d.id = device",
        "SELECT equipment, version FROM meters",
    )
    return sorted((row for sql in queries for row in rows(database, sql)), key=repr)


def kill_in_a_transaction(database: Path) -> None:
    """Leave what a pull leaves that is killed while it writes."""
    subprocess.run([sys.executable, "-c", KILLED, str(database)], check=False)
    assert Path(f"{database}-journal").stat().st_size > 0
