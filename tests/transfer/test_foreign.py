"""What no meter can have sent is left out or refused, in words, whatever file it is in."""

from __future__ import annotations

import gzip
import random
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from support.database import counters, measured, rows, validated
from support.pages import client_of
from support.programs import PULL, Pull, Run
from support.readings import DAY, HOUR, MONDAY, counted, reading, store
from support.telegrams import Captured, simple, telegram

NOW = int(time.time())
PAGES = (
    "/",
    "/now.json",
    "/years",
    "/years/gas.csv",
    "/month/2026-10",
    "/day/2026-10-26",
    "/meter",
)


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


MAKERS = (of_log, of_notebook, of_ancestor, of_dsmr_reader, of_own)


@pytest.mark.parametrize("make", MAKERS)
def test_reading_of_a_time_to_come_is_left_out(
    run: Run, database: Path, tmp_path: Path, make: Callable[..., None]
) -> None:
    """A reading of more than a day ahead is left out, and reported, in each kind of file."""
    source = tmp_path / "source"
    make(source, NOW - HOUR, NOW + DAY - HOUR, NOW + DAY + HOUR, NOW + 400 * DAY)
    done = run("import", source)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 2 new readings" in done.stdout
    assert "; 2 invalid" in done.stdout
    assert done.stdout.count("is more than a day ahead of this computer's clock") == 2
    assert rows(database, "SELECT count(*), max(taken_at) FROM readings") == [(2, NOW + DAY - HOUR)]


def test_device_of_a_time_to_come_is_left_out(run: Run, database: Path, tmp_path: Path) -> None:
    """A telegram's device with a stamp of more than a day ahead is left out, and reported."""
    log = tmp_path / "p1.log"
    lines = ["1-0:1.8.1(000001.000*kWh)"]
    for channel, at in ((1, NOW - HOUR), (2, NOW + 400 * DAY)):
        lines += [f"0-{channel}:24.1.0(003)", f"0-{channel}:96.1.0(G{channel})"]
        lines += [f"0-{channel}:24.2.1({stamp(at)})(00001.000*m3)"]
    log.write_bytes(simple(*lines, stamp=stamp(NOW)))
    done = run("import", log)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 1 new reading" in done.stdout
    assert "; 1 invalid" in done.stdout
    assert "left out: telegram 1: device G2: " in done.stdout
    assert rows(database, "SELECT equipment FROM mbus_devices") == [("G1",)]


@pytest.fixture
def check_after(pull: Pull, captured: Captured, database: Path) -> Callable[[], None]:
    """Checks that pulls and pages go on after an import."""

    def check() -> None:
        if database.exists():
            done = pull(captured("dsmr-5.0-iskra"), "--new-meter")
            assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
            client = client_of(database)
            assert {page: client.get(page).status_code for page in PAGES} == dict.fromkeys(
                PAGES, 200
            )

    return check


@pytest.fixture(scope="module")
def written_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another database of this program, with devices, power failures, peaks and an outlier."""
    path = tmp_path_factory.mktemp("card") / "card.sqlite3"
    for name in ("belgium-1.7-gas-and-water", "dsmr-5.0-iskra"):
        command = [*PULL, "-", "--db", path, "--new-meter"]
        subprocess.run(command, check=True, input=telegram(name))
    gas = [
        (at, reading(each.values, gas=(at - 60, 5000)))
        for at, each in counted(1000, 1001, 1002, 5, 1003, 1004)
    ]
    store(path, *gas)
    return path


@pytest.fixture
def card(written_card: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(written_card, tmp_path))


def change(path: Path, *statements: str) -> None:
    """Change a database as a forger would."""
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE readings SET import_t1_wh = 'abc'", "has 'abc' as import_t1_wh"),
        ("UPDATE readings SET import_t1_wh = -1", "has -1 as import_t1_wh"),
        ("UPDATE readings SET import_t1_wh = 9223372036854775807", "has 9223372036854775807 as"),
        ("UPDATE readings SET import_t1_wh = 1.5", "has 1.5 as import_t1_wh"),
        ("UPDATE readings SET import_t1_wh = 9e999", "has inf as import_t1_wh"),
        ("UPDATE readings SET voltage_l1_dv = x'00ff'", r"has '\x00\xff' as voltage_l1_dv"),
        ("UPDATE readings SET tariff = 10000", "has 10000 as tariff"),
        ("UPDATE readings SET id = -id", "it is of no known meter"),
        ("UPDATE readings SET id = id + 4294967296", "is more than a day ahead"),
        ("UPDATE readings SET id = id & ~8589934591 | 5 WHERE id % 2", "is before 2001"),
        ("UPDATE series SET meter = 'one'", "it is of no known meter"),
        ("DELETE FROM series", "it is of no known meter"),
        ("UPDATE meters SET equipment = 'a' || char(27) || id", "its row of meters has 'a"),
        ("UPDATE meters SET equipment = CAST(x'ff' AS TEXT) || id", r"its row of meters has '\xff"),
        ("UPDATE meters SET header = printf('%300d', 1)", "its row of meters has"),
        ("UPDATE meters SET version = 5.5 || char(0)", "its row of meters has"),
        ("UPDATE mbus_readings SET counter = 'abc'", "has 'abc' as counter"),
        ("UPDATE mbus_devices SET unit = 'm3'", "its row of mbus_devices has 'm3' as unit"),
        ("UPDATE mbus_devices SET channel = 10", "its row of mbus_devices has 10 as channel"),
        ("UPDATE mbus_devices SET type = 'gas'", "its row of mbus_devices has 'gas' as type"),
        ("UPDATE counters SET power_failures = 'many'", "has 'many' as power_failures"),
        ("UPDATE counters SET taken_at = 'now'", "has 'now' as taken_at"),
        ("UPDATE power_failures SET duration_s = x'01'", r"has '\x01' as duration_s"),
        ("UPDATE power_failures SET meter = 99", "it is of no known meter"),
        ("UPDATE power_failures SET ended_at = 8589934591", "is more than a day ahead"),
        ("UPDATE month_peaks SET month_ended_at = ended_at + 9999999", "as month_ended_at"),
        ("UPDATE month_peaks SET power_w = 'abc'", "has 'abc' as power_w"),
        (
            "INSERT INTO overrides (series, device, at, until) VALUES (1, NULL, 'abc', 5)",
            "overrides has 'abc' as at",
        ),
        (
            "INSERT INTO overrides (series, device, at, until) VALUES (NULL, 1, 6, 5)",
            "a row of overrides has 5 as until",
        ),
        (
            "INSERT INTO overrides (series, device, at, until) VALUES ('abc', NULL, 5, 6)",
            "it is of no known meter",
        ),
    ],
)
def test_row_that_no_meter_can_have_told_is_left_out(
    run: Run, card: Path, statement: str, why: str, check_after: Callable[[], None]
) -> None:
    """A damaged or forged row of a database is left out, and reported; pulls and pages go on."""
    change(card, statement)
    done = run("import", card)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"; \d+ invalid", done.stdout)
    assert f"{why}" in done.stdout
    check_after()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("CREATE VIEW taken AS SELECT * FROM readings", "has 'taken' beside the tables"),
        (
            "CREATE TRIGGER taken AFTER INSERT ON readings BEGIN SELECT 1; END",
            "has 'taken' beside the tables",
        ),
        ("CREATE VIRTUAL TABLE taken USING fts5(x)", "has 'taken' beside the tables"),
        ("CREATE TABLE taken (x)", "has 'taken' beside the tables"),
        ("DROP TABLE counters", "has no counters."),
        ("DROP TABLE readings", "has no readings.id"),
        ("ALTER TABLE mbus_readings DROP COLUMN counter", "has no mbus_readings.counter"),
        ("ALTER TABLE readings RENAME COLUMN id TO rowid", "has no readings.id"),
    ],
)
def test_database_of_another_form_is_refused(
    run: Run, card: Path, database: Path, statement: str, why: str
) -> None:
    """A database with more than this program makes, or with less, is refused in one sentence."""
    change(card, statement)
    done = run("import", card)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert why in done.stderr
    assert not database.exists()


def test_name_in_a_database_that_is_no_text(run: Run, card: Path, database: Path) -> None:
    """A database with a damaged name, of which SQLite's own sentence is no text, is refused."""
    content = card.read_bytes().replace(b"indexevents_at", b"indexevents_\xe3t")
    card.write_bytes(content.replace(b"ON events (at)", b"ON events (at("))
    done = run("import", card)
    assert (done.returncode, done.stderr.count("\n")) == (5, 1), done.stderr
    assert not database.exists()


def test_view_in_the_place_of_a_table_is_not_run(run: Run, card: Path, database: Path) -> None:
    """A view that never ends, in the place of a table, is refused at once."""
    endless = "WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM n) SELECT id FROM n"
    change(card, "DROP TABLE readings", f"CREATE VIEW readings AS {endless}")
    assert run("import", card).returncode == 2
    change(
        card,
        "DROP VIEW readings",
        f'CREATE VIEW telegrams AS SELECT id AS "1-0:1.8.1" FROM ({endless})',
    )
    assert run("import", card).returncode == 2
    assert not database.exists()


def test_database_of_a_newer_program_is_refused(run: Run, card: Path) -> None:
    """A database of a newer program is refused with exit code 5."""
    change(card, "PRAGMA user_version = 99")
    done = run("import", card)
    assert (done.returncode, done.stderr.count("\n")) == (5, 1)
    assert "has schema 99, and this program knows up to" in done.stderr


def made_anew(table: str, columns: str) -> tuple[str, ...]:
    """The statements that leave a table only these columns."""
    names = columns.replace(" INTEGER PRIMARY KEY", "")
    return (
        f"CREATE TABLE copy ({columns})",
        f"INSERT INTO copy ({names}) SELECT {names} FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE copy RENAME TO {table}",
    )


def test_database_without_what_follows_from_readings(
    run: Run, card: Path, database: Path, tmp_path: Path
) -> None:
    """What follows from readings needn't be in a database, nor be where it was."""
    assert run("import", card).returncode == 0
    before = validated(database), measured(database)
    change(
        card,
        *(f"DROP TABLE {name}" for name in ("events", "imports", "breaks", "unvalidated")),
        "ALTER TABLE readings DROP COLUMN delay_s",
        "ALTER TABLE readings ADD COLUMN more TEXT DEFAULT 'more'",
        *made_anew("series", "id INTEGER PRIMARY KEY, meter"),
        *made_anew("mbus_devices", "unit, type, channel, id INTEGER PRIMARY KEY, equipment"),
    )
    database.unlink()
    done = run("import", card)
    assert (done.returncode, done.stderr, "invalid" in done.stdout) == (0, "", False)
    assert (validated(database), measured(database)) == before


@pytest.mark.parametrize("make", [of_ancestor, of_own])
def test_database_in_utf_16(
    run: Run, database: Path, tmp_path: Path, make: Callable[..., None]
) -> None:
    """A database whose texts are in UTF-16 is read as one in UTF-8."""
    source, other = tmp_path / "source", tmp_path / "other"
    make(source, MONDAY, MONDAY + HOUR)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(other)) as new:
        new.execute("PRAGMA encoding = 'UTF-16'")
        new.executescript("\n".join(old.iterdump()))
        for name in ("application_id", "user_version"):
            (number,) = old.execute(f"PRAGMA {name}").fetchone()
            new.execute(f"PRAGMA {name} = {number}")
    done = run("import", other)
    assert (done.returncode, done.stderr) == (0, "")
    assert counters(database) == [(MONDAY, 1000), (MONDAY + HOUR, 1000)]
    assert "0 new readings" in run("import", source).stdout


def test_text_in_utf_16_is_refused(run: Run, database: Path, tmp_path: Path) -> None:
    """A notebook that was saved in UTF-16 is refused, with what helps."""
    notebook = tmp_path / "notebook.csv"
    notebook.write_text("time,import_t1_kwh\n2025-01-01,1\n", "utf-16")
    done = run("import", notebook)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "save it in UTF-8" in done.stderr


@pytest.mark.parametrize(
    "cell",
    [
        "1e309",
        "nan",
        "inf",
        "-1",
        "+1",
        "1_0",
        "9" * 13,
        "9223372036854775808",
        "٣",
        "²",
        "１",
        "0x1",
    ],
)
def test_cell_of_a_csv_that_is_no_number(
    run: Run, database: Path, tmp_path: Path, cell: str
) -> None:
    """A cell that isn't digits, or has too many, is reported with its line, which is left out."""
    notebook = tmp_path / "notebook.csv"
    lines = ("time,import_t1_kwh", "2025-01-01,1", f"2025-02-01,{cell}", "2025-03-01,2")
    notebook.write_text("\n".join(lines))
    done = run("import", notebook)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        ": 2 new readings; the file is from 2025-01-01 00:00:00 to 2025-03-01 00:00:00; 1 invalid"
        in (done.stdout)
    )
    assert f"left out: line 3: '{cell}' is not a number" in done.stdout


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("type", "4096"), ("channel", "10"), ("tariff", "10000"), ("meter_clock", "8589934592")),
        *(("meter", "a\x1b[2J"), ("meter", "a" * 300), ("version", "\u202e50")),
    ],
)
def test_cell_of_a_csv_that_no_meter_tells(
    run: Run, database: Path, tmp_path: Path, column: str, cell: str
) -> None:
    """What no meter can have sent about itself is reported with its line, which is left out."""
    notebook = tmp_path / "notebook.csv"
    notebook.write_text(f"time,import_t1_kwh,gas_m3,{column}\n2025-01-01,1,1,{cell}\n")
    done = run("import", notebook)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 0 new readings; 1 invalid" in done.stdout
    assert f"left out: line 2: {cell[:40]!r} is not a {column}" in done.stdout


def test_backup_of_dsmr_reader_in_another_encoding(
    run: Run, database: Path, tmp_path: Path
) -> None:
    """A backup of DSMR-reader with bytes that aren't UTF-8 brings what can be read of it."""
    dump = tmp_path / "backup.sql"
    of_dsmr_reader(dump, MONDAY, MONDAY + HOUR)
    content = dump.read_bytes().replace(b"1.000\n", b"NaN\n", 1)
    dump.write_bytes(
        b"-- caf\xe9\nCOPY public.dsmr_datalogger_dsmrreading (\xe9) FROM stdin;\n\xe9\n\\.\n"
        + content
    )
    done = run("import", dump)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 1 new reading" in done.stdout
    assert "'NaN' is not a number" in done.stdout


def flipped(content: bytes, chance: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 5, 50])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    """The end is missing."""
    return content[: chance.randrange(len(content))]


def doubled(content: bytes, chance: random.Random) -> bytes:
    """A part comes twice."""
    begin, end = sorted(chance.randrange(len(content)) for _ in range(2))
    return content[:end] + content[begin:]


def strewn(content: bytes, chance: random.Random) -> bytes:
    """Something else stands in the place of some bytes."""
    odd = (b"nan", b"-1", b"\xff", b"\0", b"9" * 30, b"\t", b",", b"\n", b'"', b"(", "²".encode())
    begin = chance.randrange(len(content))
    return content[:begin] + chance.choice(odd) + content[begin + chance.randrange(9) :]


@pytest.mark.parametrize("make", [*MAKERS, None])
@pytest.mark.parametrize("damage", [flipped, cut, doubled, strewn])
def test_damaged_file(
    run: Run,
    card: Path,
    database: Path,
    tmp_path: Path,
    make: Callable[..., None] | None,
    damage: Callable[..., bytes],
    check_after: Callable[[], None],
    pytestconfig: pytest.Config,
) -> None:
    """However a file is damaged, an import ends with a documented exit code, and all goes on."""
    source, seed = tmp_path / "source", time.time_ns()
    chance = random.Random(seed)
    if make is None:
        source = card
    else:
        make(source, *range(MONDAY, MONDAY + DAY, 900))
    whole = source.read_bytes()
    for number in range(100 if pytestconfig.getoption("--long") else 2):
        content = damage(gzip.compress(whole), chance) if number % 4 == 1 else damage(whole, chance)
        source.write_bytes(content)
        done = run("import", source)
        assert done.returncode in (0, 2, 5), (seed, number, done.stderr)
        assert done.stderr.count("\n") == (done.returncode > 0), (seed, number, done.stderr)
        check_after()
        database.unlink(missing_ok=True)
