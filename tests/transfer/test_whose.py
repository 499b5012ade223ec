"""Whose readings an import brings: another house is refused, a notebook finds its meter."""

from __future__ import annotations

import gzip
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slimmemeter.p1.reading import MbusReading
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.validation.rule import OVERLAP
from support.database import counters, rows
from support.programs import SLIMMEMETER, Run
from support.readings import DAY, EVERY_S, MONDAY, reading, store
from support.telegrams import numbered, simple


def put(database: Path, meter: str, at: int, *counters: int) -> None:
    """Store a reading a day of a meter."""
    for day, counter in enumerate(counters):
        store(database, (at + DAY * day, reading({"import_t1_wh": counter}, meter)))


def as_log(path: Path) -> None:
    """Telegrams of meters 1 and BB (31 and 4242); one is damaged, so that its meter isn't one."""
    telegrams = [simple(), simple(meter="4242", stamp="261123130000W")]
    path.write_bytes(b"".join(telegrams) + simple(meter="99").replace(b"001.000", b"001.001"))


def as_packed_log(path: Path) -> None:
    """The same, gzipped."""
    as_log(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def as_csv(path: Path) -> None:
    """Our CSV with ids of meters; a line without counter names no meter."""
    head = "time,meter,import_t1_kwh\n"
    path.write_text(f"{head}2025-01-01,1,1\n2025-01-02,BB,2\n2025-01-03,99,x\n")


def as_database(path: Path) -> None:
    """Another database of ours."""
    put(path, "1", MONDAY, 1000)
    put(path, "BB", MONDAY + DAY, 2000)


def as_backup(path: Path) -> None:
    """The same as a backup."""
    as_database(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def as_ancestor(path: Path) -> None:
    """A database of slimmemeter-rpi."""
    codes = ("0-0:1.0.0", "0-0:96.1.1", "1-0:1.8.1")
    with closing(sqlite3.connect(path)) as db, db:
        columns = ", ".join(f'"{code}" TEXT' for code in codes)
        db.execute(f"CREATE TABLE telegrams (id INTEGER PRIMARY KEY, {columns}, timestamp TEXT)")
        for row in (
            ("261123120000W", "31", "000001.000*kWh"),
            ("261123130000W", "31", "000001.000*kWh"),
            ("261123140000W", "4242", "000001.000*kWh"),
            ("261123150000W", "99", "x"),
        ):
            db.execute("INSERT INTO telegrams VALUES (NULL, ?, ?, ?, '')", row)


KINDS = (as_log, as_packed_log, as_csv, as_database, as_backup, as_ancestor)


@pytest.mark.parametrize("make", KINDS)
def test_another_house_is_refused(
    run: Run, database: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """A file with a meter that the database doesn't know is refused, and nothing is stored."""
    put(database, "1", MONDAY - 90 * DAY, 500)
    before = database.read_bytes()
    source = tmp_path / "source"
    make(source)
    for flags in ((), ("--dry-run",)):
        done = run("import", *flags, source)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert f"{source} has readings of meter BB, which this database" in done.stderr
        assert "--new-meter" in done.stderr
        assert database.read_bytes() == before
    assert run("import", "--new-meter", source).returncode == 0
    found = {str(name) for (name,) in rows(database, "SELECT equipment FROM meters")}
    assert found == {"1", "BB"}
    assert run("import", source).returncode == 0  # now it is known


@pytest.mark.parametrize("make", KINDS)
def test_empty_database_takes_any_meter(
    run: Run, database: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """Without readings, those of all meters come in."""
    source = tmp_path / "source"
    make(source)
    done = run("import", source)
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(database, "SELECT count(*) FROM meters") == [(2,)]


def test_all_files_are_decided_together(run: Run, database: Path, tmp_path: Path) -> None:
    """If the last of several files has an unknown meter, the first one isn't stored either."""
    put(database, "1", MONDAY, 500)
    own, other = tmp_path / "own.log", tmp_path / "other.log"
    own.write_bytes(simple())
    other.write_bytes(b"".join(simple(meter=str(number)) for number in range(41, 46)))
    done = run("import", own, other)
    assert done.returncode == 2
    assert f"{other} has readings of meter A, B, C and 2 others," in done.stderr
    assert rows(database, "SELECT count(*) FROM readings") == [(1,)]
    assert run("import", own).returncode == 0
    assert rows(database, "SELECT count(*) FROM readings") == [(2,)]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("through", ["pipe", "file"])
def test_standard_input_is_decided_too(
    database: Path, tmp_path: Path, make: Callable[[Path], None], through: str
) -> None:
    """What comes from standard input is decided before anything of it is stored."""
    put(database, "1", MONDAY - 90 * DAY, 500)
    source = tmp_path / "source"
    make(source)
    pipe = f"cat {source} |" if through == "pipe" else f"<{source}"
    for flag, code, meters in (("", 2, 1), ("--new-meter", 0, 2), ("", 0, 2)):
        command = f"{pipe} {' '.join(SLIMMEMETER)} import {flag} --db {database} -"
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
        assert done.returncode == code, done.stderr
        assert rows(database, "SELECT count(*) FROM meters") == [(meters,)]
    assert rows(database, "SELECT count(*) FROM readings") != [(1,)]


def test_named_pipe_is_read_once(database: Path, tmp_path: Path) -> None:
    """A file that can be read once, as a shell's `<(…)`, is imported."""
    put(database, "1", MONDAY - 90 * DAY, 0)
    command = f"{' '.join(SLIMMEMETER)} import --db {database} <(cat {tmp_path}/log)"
    (tmp_path / "log").write_bytes(simple())
    subprocess.run([shutil.which("bash") or "", "-c", command], check=True, capture_output=True)
    assert rows(database, "SELECT count(*) FROM readings") == [(2,)]


def test_backup_of_the_same_house_comes_in(run: Run, database: Path, tmp_path: Path) -> None:
    """A backup of the house's own meters is imported without a word more."""
    put(database, "1", MONDAY, 500, 600)
    put(database, "32", MONDAY + 2 * DAY, 0, 100)
    card = tmp_path / "card.sqlite3"
    shutil.copy(database, card)
    put(database, "32", MONDAY + 4 * DAY, 200)
    put(card, "1", MONDAY - DAY, 400)
    assert run("import", card).returncode == 0
    assert [wh for _, wh in counters(database)] == [400, 500, 600, 0, 100, 200]


def test_log_of_the_own_meter_is_not_read_as_another(run: Run, database: Path) -> None:
    """A log after the first pull, as the documents advise, comes in."""
    put(database, "1", MONDAY, 0)
    log = database.with_name("p1.log")
    log.write_bytes(b"".join(map(numbered, range(1, 4))))
    assert run("import", log).returncode == 0
    assert counters(database)[-1] == (MONDAY + 3 * EVERY_S, 3000)


WINTER, SUMMER = MONDAY - 300 * DAY, MONDAY - 100 * DAY


def replaced(database: Path) -> None:
    """A house whose meters were replaced: days of the old ones in winter, of the new in summer."""
    for meter, begin, counter in (("old", WINTER, 5_000_000), ("new", SUMMER, 0)):
        for day in range(20):
            at, wh = begin + DAY * day, counter + 10_000 * day
            each = reading({"import_t1_wh": wh}, meter)
            each.devices = [MbusReading(1, 3, f"{meter} gas", at, wh // 10, "dm3")]
            store(database, (at, each))


def there(database: Path, day: int) -> list[tuple[object, ...]]:
    """Whose readings there are of a day in UTC, with their counters."""
    begin = day // DAY * DAY
    return rows(
        database,
        "SELECT equipment, import_t1_wh FROM readings JOIN series AS s ON s.id = series"
        f" JOIN meters AS m ON m.id = meter WHERE taken_at BETWEEN {begin} AND {begin + DAY - 1}"
        " AND source > 0 UNION ALL SELECT equipment, counter FROM mbus_readings JOIN mbus_devices"
        f" AS d ON d.id = device WHERE taken_at BETWEEN {begin} AND {begin + DAY - 1}"
        " AND source > 0",
    )


def iso(at: int) -> str:
    """An instant's day, at noon in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}T12:00:00+00:00"


def notebook(lines: dict[int, int]) -> str:
    """A notebook of electricity (Wh) and gas (a tenth of it, dm3)."""
    head = "time,import_t1_kwh,gas_m3\n"
    return head + "".join(f"{iso(at)},{wh / 1000},{wh / 10000:.3f}\n" for at, wh in lines.items())


def days_of_dsmr_reader(lines: dict[int, int]) -> str:
    """The same as DSMR-reader exports days."""
    head = "Date,Electricity 1" + "," * 10 + "Electricity Reading Timestamp" + "," * 6
    rows = [
        ["", *[""] * 10, iso(at), wh / 1000, "", "", "", iso(at), f"{wh / 10000:.3f}"]
        for at, wh in lines.items()
    ]
    return "\n".join([head, *(",".join(map(str, cells)) for cells in rows)]) + "\n"


@pytest.mark.parametrize("written", [notebook, days_of_dsmr_reader])
def test_notebook_is_of_the_meters_that_were_there(
    run: Run, database: Path, tmp_path: Path, written: Callable[[dict[int, int]], str]
) -> None:
    """What names no meter is of the one around it; else of the one before it, or of the first."""
    replaced(database)
    lines = {
        WINTER - 50 * DAY: 4_000_000,
        WINTER + 5 * DAY: 5_045_000,
        WINTER + 40 * DAY: 5_500_000,
        SUMMER + 5 * DAY: 45_000,
        SUMMER + 40 * DAY: 400_000,
    }
    source = tmp_path / "notebook"
    source.write_text(written(lines))
    done = run("import", source)
    assert (done.returncode, done.stderr) == (0, "")
    assert "left out" not in done.stdout
    for at, wh in lines.items():
        name = "old" if at < SUMMER else "new"
        assert there(database, at) == [(name, wh), (f"{name} gas", wh // 10)]
    assert rows(database, "SELECT 1 FROM events WHERE kind = 'set aside'") == []


def test_ancestor_without_ids_is_of_the_meters_that_were_there(
    run: Run, database: Path, tmp_path: Path
) -> None:
    """Telegrams without an id or a header are of the meter that was there at their time."""
    replaced(database)
    source = tmp_path / "dsmr42.sqlite"
    with closing(sqlite3.connect(source)) as db, db:
        db.execute(
            'CREATE TABLE telegrams (id INTEGER PRIMARY KEY, "0-0:1.0.0", "1-0:1.8.1", timestamp)'
        )
        for at, kwh in ((WINTER + 5 * DAY, 5045), (SUMMER + 5 * DAY, 45)):
            stamp = f"{datetime.fromtimestamp(at, UTC):%y%m%d}130000W"
            db.execute("INSERT INTO telegrams VALUES (NULL, ?, ?, '')", (stamp, f"{kwh}.000*kWh"))
    assert run("import", source).returncode == 0
    assert rows(
        database,
        "SELECT equipment, import_t1_wh FROM readings JOIN series AS s ON s.id = series"
        " JOIN meters AS m ON m.id = meter WHERE source = 1",
    ) == [("old", 5_045_000), ("new", 45_000)]


def overlapping(database: Path) -> list[tuple[object, ...]]:
    """The overlaps that are listed, as days after Monday and ids."""
    with Reader(str(database)) as reader:
        events = Snapshot(reader).events(0, MONDAY + 999 * DAY)
    return [
        ((each.at - MONDAY) / DAY, ((each.until or 0) - MONDAY) / DAY, each.detail)
        for each in events
        if each.kind == OVERLAP
    ]


@pytest.mark.parametrize(
    ("days", "overlap"),
    [
        pytest.param(range(10, 15), [], id="one after the other"),
        pytest.param(range(8, 15), [(8, 9, "A, B")], id="both for a day"),
        pytest.param(range(4, 5), [(4, 4, "A, B")], id="once in between"),
        pytest.param(range(4, 7), [(4, 6, "A, B")], id="in between"),
        pytest.param(range(-3, 20), [(0, 9, "B, A")], id="around"),
    ],
)
def test_meters_of_one_time_are_told(
    run: Run, database: Path, tmp_path: Path, days: range, overlap: list[tuple[object, ...]]
) -> None:
    """Two meters at a time are reported by the import and listed, until it is undone."""
    put(database, "A", MONDAY, *range(10))
    card = tmp_path / "card.sqlite3"
    put(card, "B", MONDAY + days.start * DAY, *range(len(days)))
    for flags in (("--new-meter", "--dry-run"), ("--new-meter",)):
        done = run("import", *flags, card)
        told = re.findall(r"overlap: the meters (.*) both have readings from", done.stdout)
        assert told == [names for *_, names in overlap]
    assert overlapping(database) == overlap
    assert "overlap:" not in run("import", card).stdout  # it is known
    assert run("doctor", "--rebuild").returncode == 0
    assert overlapping(database) == overlap
    assert run("import", "--undo", "1").returncode == 0
    assert overlapping(database) == []


def test_meter_of_heat_alone_overlaps_none(database: Path) -> None:
    """A heat meter with a port of its own may have readings of the same time."""
    put(database, "A", MONDAY, *range(10))
    for day in range(5):
        store(database, (MONDAY + DAY * day, reading({}, "heat")))
    assert overlapping(database) == []
