"""Other programs' files, each as that program makes it, come in as what their meter sent."""

from __future__ import annotations

import base64
import csv
import gzip
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from slimmemeter.settings import Settings
from slimmemeter.store import schema
from slimmemeter.transfer import importer
from support.database import measured, rows, validated
from support.house import telegrams
from support.programs import SLIMMEMETER, Pull, Run
from support.readings import EVERY_S, MONDAY, counted, store
from support.telegrams import Captured

DUMP = Path(__file__).parent / "sources" / "dsmr-reader.sql"  # pg_dump 15 wrote it


def brought(path: Path, database: Path) -> importer.Tally:
    """Import a file."""
    (tally,) = importer.run(Settings({"--db": str(database)}), [str(path)], dry_run=False)
    return tally


def everything(database: Path) -> tuple[object, ...]:
    """All that was measured, all that was validated, and what is kept beside."""
    seldom = [
        rows(database, f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}")
        for table, columns in (
            ("counters", ("taken_at", *schema.COUNTERS)),
            ("power_failures", ("ended_at", "duration_s")),
            ("month_peaks", ("month_ended_at", "ended_at", "power_w")),
        )
    ]
    return validated(database), measured(database), seldom


# How slimmemeter-rpi makes a cell of what stands behind a code's bracket, by version:
# P1uitlezer-DSMR42-py3.py as it was first, as it is now, and P1uitlezer-DSMR50-py3.py.
CELLS: dict[str, Callable[[str, str], str]] = {
    "with brackets": lambda code, rest: "(" + rest,
    "without": lambda code, rest: rest.strip(")"),
    "of DSMR 5": lambda code, rest: rest[3:] if code == "1-0:99.97.0" else rest.strip(")"),
}


def ancestors(path: Path, output: list[bytes], cell: Callable[[str, str], str]) -> None:
    """A database of slimmemeter-rpi with these telegrams."""
    with closing(sqlite3.connect(path)) as db, db:
        for telegram in output:
            lines = [line.split("(", 1) for line in telegram.decode().splitlines() if "(" in line]
            columns = ", ".join(f'"{code}" TEXT' for code, _ in lines)
            db.execute(
                "CREATE TABLE IF NOT EXISTS telegrams"
                f" (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns}, timestamp TEXT)"
            )
            row = [None, *(cell(*line) for line in lines), "2026-10-26T00:05:03.123456+01:00"]
            db.execute(f"INSERT INTO telegrams VALUES ({', '.join('?' * len(row))})", row)


@pytest.mark.parametrize("version", CELLS)
def test_database_of_the_ancestor(run: Run, database: Path, tmp_path: Path, version: str) -> None:
    """A database of slimmemeter-rpi gives the same readings as its telegrams."""
    source, log, other = (tmp_path / name for name in ("dsmr50.sqlite", "p1.log", "other.sqlite3"))
    ancestors(source, telegrams(20), CELLS[version])
    log.write_bytes(b"".join(telegrams(20)))
    before = source.read_bytes()
    done = run("import", "--dry-run", source)
    assert "(slimmemeter-rpi): 20 new readings; the file is from 2026-10-26 00:05" in done.stdout
    assert not database.exists()
    assert run("import", source).returncode == 0
    brought(log, other)
    assert rows(other, "SELECT count(*) FROM power_failures") == [(2,)]
    expected = everything(other)
    assert everything(database) == expected
    assert source.read_bytes() == before
    assert "20 stored before" in run("import", source).stdout


@pytest.mark.parametrize("packed", [False, True])
def test_database_from_standard_input(database: Path, tmp_path: Path, packed: bool) -> None:
    """A database from standard input is imported, and leaves no temporary file."""
    source = tmp_path / "dsmr42.sqlite"
    ancestors(source, telegrams(3), CELLS["without"])
    content = source.read_bytes()
    command = [*SLIMMEMETER, "import", "-", "--db", str(database)]
    done = subprocess.run(
        command,
        capture_output=True,
        check=True,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        input=gzip.compress(content) if packed else content,
    )
    assert b"- (slimmemeter-rpi): 3 new readings" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {source.name, database.name}


def test_row_of_the_ancestor_that_is_none(run: Run, database: Path, tmp_path: Path) -> None:
    """Rows that are no telegram are counted and explained."""
    source = tmp_path / "dsmr42.sqlite"
    ancestors(source, telegrams(3), CELLS["without"])
    with closing(sqlite3.connect(source)) as db, db:
        db.execute("""UPDATE telegrams SET "1-0:1.8.1" = '003*A' WHERE id = 2""")
        db.execute("""UPDATE telegrams SET "0-0:1.0.0" = NULL WHERE id = 3""")
    done = run("import", source)
    assert "1 new reading" in done.stdout
    assert "; 2 invalid" in done.stdout
    assert re.search(r"left out: row 2: line \d+ of the telegram, 1-0:1.8.1\(003\*A\)", done.stdout)
    assert "left out: row 3: it has no valid time" in done.stdout


def logged(telegram: bytes, number: int) -> bytes:
    """DSMR-reader's log until version 3."""
    packed = base64.b64encode(telegram)
    return (
        b"[2019-08-18 09:57:%02d,473] INFO     @ services | Received telegram"
        b" (base64 encoded): %r\n"
        b"[2019-08-18 09:57:%02d,946] ERROR    @ apps | could not extend file base/16385\n"
    ) % (number % 60, packed, number % 60)


def logged_plainly(telegram: bytes, number: int) -> bytes:
    """DSMR-reader's log since version 3, at the level DEBUG."""
    return (
        b"2023-08-18 09:57:%02d,473 DEBUG    datalogger   telegram_to_reading            98 |"
        b" Received telegram:\n%b\n"
    ) % (number % 60, telegram.rstrip(b"\r\n"))


@pytest.mark.parametrize("form", [logged, logged_plainly])
def test_telegrams_in_a_log_of_dsmr_reader(
    database: Path, tmp_path: Path, form: Callable[[bytes, int], bytes]
) -> None:
    """Telegrams in DSMR-reader's log are imported, in base64 or plain."""
    log = tmp_path / "dsmrreader.log"
    lines = b"".join(form(output, number) for number, output in enumerate(telegrams(200)))
    for content in (lines, gzip.compress(lines)):
        log.write_bytes(content)
        database.unlink(missing_ok=True)
        assert (brought(log, database).new, brought(log, database).new) == (200, 0)
    readings = [at for (at,) in rows(database, "SELECT taken_at FROM readings ORDER BY id")]
    assert readings == [MONDAY + EVERY_S * number for number in range(1, 201)]


def test_backup_of_dsmr_reader(run: Run, database: Path, tmp_path: Path) -> None:
    """A backup of DSMR-reader is imported once, and can be undone."""
    packed = tmp_path / "dsmrreader-postgresql-backup-Monday.sql.gz"
    packed.write_bytes(gzip.compress(DUMP.read_bytes()))
    store(database, *counted(9_000_000))
    before = validated(database)
    for source in (packed, DUMP):
        done = run("import", source)
        assert done.returncode == 0, done.stderr
    assert "(DSMR-reader): 0 new readings" in done.stdout
    assert "; 7 stored before" in done.stdout
    columns = "import_t1_wh, export_t2_wh, power_import_w, voltage_l1_dv, current_l1_ma"
    times = "strftime('%Y-%m-%dT%H:%M:%S', taken_at, 'unixepoch')"
    assert rows(database, f"SELECT {times}, {columns} FROM readings ORDER BY taken_at")[:3] == [
        ("2025-10-24T22:00:03", 2711302, 810450, None, None, None),
        ("2026-10-25T22:00:04", 4711302, 2810450, 195, 2301, 1000),
        ("2026-10-25T22:59:54", 4711500, 2810450, 1950, None, None),
    ]
    assert rows(database, f"SELECT {times}, counter FROM mbus_readings ORDER BY taken_at") == [
        ("2025-10-24T22:00:00", 4012345),
        ("2026-10-25T22:00:00", 6012345),
        ("2026-10-25T23:00:00", 6012900),
    ]
    assert len(rows(database, "SELECT * FROM meters")) == 1
    assert "removed: 6 readings of import 1" in run("import", "--undo", "1").stdout
    assert validated(database) == before


HEADINGS = {
    "English": "Date,Electricity Tariff 1 Diff,Electricity Tariff 2 Diff,Electricity Tariff 1"
    " Returned Diff,Electricity Tariff 2 Returned Diff,Gas Diff,Electricity Tariff 1 Cost,"
    "Electricity Tariff 2 Cost,Gas Cost,Fixed Cost,Total Cost,Electricity Reading Timestamp,"
    "Electricity Tariff 1 Reading,Electricity Tariff 2 Reading,Electricity Tariff 1 Reading,"
    "Electricity Tariff 2 Reading,Gas Reading Timestamp,Gas Reading",
    "Dutch": "Datum,Elektriciteit Tarief 1 Verbruikt,Elektriciteit Tarief 2 Verbruikt,Elektriciteit"
    " Tarief 1 Teruggeleverd,Elektriciteit Tarief 2 Teruggeleverd,Gas Verbruikt,Elektriciteit"
    " Tarief 1 Kosten,Elektriciteit Tarief 2 Kosten,Gaskosten,Vaste Kosten,Totale Kosten,Tijdstip"
    " Elektriciteitsmeterstand,Elektriciteit Tarief 1 Gemeten,Elektriciteit Tarief 2 Gemeten,"
    "Elektriciteit Tarief 1 Gemeten,Elektriciteit Tarief 2 Gemeten,Tijdstip Gasmeterstand,"
    "Gasmeting",
}
DAYS = """
24-10-2026,3.1,2.2,0.0,1.0,2.25,0.5,0.5,0.6,0.6,1.5,2026-10-24T00:00:04+02:00,4711.302,3904.117,\
1204.881,2810.45,2026-10-24T00:00:00+02:00,6012.345
25-10-2026,3.1,2.2,0.0,1.0,2.25,0.5,0.5,0.6,0.6,1.5,,,,,,,
26-10-2026,3.1,2.2,0.0,1.0,,0.5,0.5,,0.6,1.5,2026-10-26T00:00:09+01:00,4714.4,3906.317,1204.881,\
2811.45,,
27-10-2026,3.1,2.2,0.0,1.0,,0.5,0.5,,0.6,1.5,2026-10-27T00:00:09+01:00,4e3,3906.317,1204.881,\
2811.45,,
"""


@pytest.mark.parametrize("language", HEADINGS)
def test_days_that_dsmr_reader_exports(
    run: Run, database: Path, tmp_path: Path, language: str
) -> None:
    """DSMR-reader's export of days is imported with its meter readings."""
    export = tmp_path / "dsmrreader-data-export---day__2026-10-24__2026-10-27.csv"
    export.write_text(HEADINGS[language] + DAYS, newline="\r\n")
    done = run("import", export)
    assert (done.returncode, done.stderr) == (0, "")
    assert "(DSMR-reader): 3 new readings" in done.stdout
    assert "left out: line 5: '4e3' is not a number" in done.stdout
    registers = "import_t1_wh, import_t2_wh, export_t1_wh, export_t2_wh"
    assert rows(database, f"SELECT taken_at, {registers} FROM readings ORDER BY taken_at") == [
        (MONDAY - 49 * 3600 + 4, 4711302, 3904117, 1204881, 2810450),
        (MONDAY + 9, 4714400, 3906317, 1204881, 2811450),
    ]
    assert rows(database, "SELECT taken_at, counter FROM mbus_readings") == [
        (MONDAY - 49 * 3600, 6012345)
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "Hour Start,Electricity 1 (Dutch Users: Low Tariff),Electricity 2 (Dutch Users: Normal"
            " Tariff),Electricity 1 Returned (Dutch Users: Low Tariff),Electricity 2 Returned"
            " (Dutch Users: Normal Tariff),Gas\n2026-10-24T00:00:00+02:00,0.1,0.0,0.0,0.0,0.0\n",
            "is an export of DSMR-reader with amounts, and without meter readings",
        ),
        (
            ",".join(HEADINGS["Dutch"].split(",")[:11]) + "\n24-10-2026,3.1\n",
            "is an export of DSMR-reader with amounts, and without meter readings",
        ),
        (
            "--\n-- PostgreSQL database dump\n--\n\nCOPY public.x (a) FROM stdin;\n1\n\\.\n",
            "without",
        ),
        ("PK\x03\x04...", "is a ZIP file: unpack it"),
        ("time,import_t1_kwh\n" + '2026-01-01,"' + "1\n" * 200_000, "is not a CSV"),
    ],
)
def test_what_holds_no_meter_readings_is_refused(
    run: Run, database: Path, tmp_path: Path, text: str, why: str
) -> None:
    """A file without meter readings is refused in one sentence."""
    path = tmp_path / "file"
    path.write_text(text)
    done = run("import", path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert why in done.stderr
    assert not database.exists()


@pytest.mark.parametrize("kind", ["cut off", "ruined", "another program's"])
def test_database_that_cannot_be_read(run: Run, database: Path, tmp_path: Path, kind: str) -> None:
    """A database that can't be read is refused with exit code 5, and not changed."""
    card = tmp_path / "card.sqlite3"
    store(card, *counted(*range(500)))
    whole = card.read_bytes()
    stranger = sqlite3.connect(":memory:")
    stranger.execute("CREATE TABLE telegrams (sender TEXT)")
    content = {
        "cut off": whole[: len(whole) // 2],
        "ruined": whole[:16] + bytes(byte ^ 0x5A for byte in whole[16:]),
        "another program's": stranger.serialize(),
    }[kind]
    card.write_bytes(content)
    done = run("import", card)
    assert (done.returncode, done.stderr.count("\n")) == (5, 1), done.stderr
    assert str(card) in done.stderr
    assert card.read_bytes() == content
    assert not database.exists()


def test_another_database_brings_what_is_kept_beside_readings(
    run: Run, pull: Pull, captured: Captured, database: Path, tmp_path: Path
) -> None:
    """Power failures, peaks and counts of another database are imported once."""
    card = tmp_path / "card.sqlite3"
    for name in ("belgium-1.7-gas-and-water", "dsmr-5.0-iskra"):
        assert pull(captured(name), "--db", card, "--new-meter").returncode == 0
    assert all(rows(card, f"SELECT 1 FROM {table}") for table in schema.LOG_TABLES)
    store(database, *counted(1, 2, 3))
    before, *_ = everything(database)
    done = run("import", "--new-meter", card)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"; \d+ new power failures, peaks and counts", done.stdout)
    *_, kept = everything(database)
    assert kept == everything(card)[-1]
    again = run("import", card)
    assert "0 new readings" in again.stdout
    assert "power failures" not in again.stdout
    assert everything(database)[-1] == kept
    assert run("import", "--undo", "1").returncode == 0
    after, *_, kept = everything(database)
    assert (after, kept) == (before, [[], [], []])
    assert rows(database, "SELECT equipment FROM meters") == [("one",)]


def test_backup_is_a_source_as_it_is(run: Run, database: Path, tmp_path: Path) -> None:
    """A gzipped backup can be imported, and is merged with newer readings."""
    store(database, *counted(*range(100)))
    assert run("backup").returncode == 0
    (backup,) = (tmp_path / "backups").iterdir()
    expected = everything(database)
    database.unlink()
    store(database, *counted(*range(100))[50:])
    done = run("import", backup)
    assert "(database): 50 new readings" in done.stdout
    assert "; 50 stored before" in done.stdout
    assert everything(database) == expected
    assert csv.field_size_limit() == 131072  # what the refusal of a CSV rests on
