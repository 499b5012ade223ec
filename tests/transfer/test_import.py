"""Readings from elsewhere: each once, whatever came before; and out again as a whole."""

from __future__ import annotations

import gzip
import os
import pty
import re
import subprocess
import termios
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimmemeter.settings import Settings
from slimmemeter.store.overriding import OverridingWriter
from slimmemeter.store.reader import Reader
from slimmemeter.transfer import exporter, importer
from support.database import counters, measured, rows, validated
from support.histories import House, houses, pull_all, pulls
from support.pages import client_of
from support.programs import SLIMMEMETER, Run
from support.readings import EVERY_S, MONDAY, counted, store
from support.telegrams import numbered, with_crc


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Fifty telegrams of a meter with gas."""
    path = tmp_path / "p1.log"
    path.write_bytes(b"".join(map(numbered, range(50))))
    return path


EXPECTED = [(MONDAY + EVERY_S * number, 1000 * number) for number in range(50)]


def test_log_of_telegrams(run: Run, log: Path, database: Path) -> None:
    """A log of telegrams is stored by their own times, once."""
    done = run("import", log)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        "(telegrams): 50 new readings; the file is from 2026-10-26 00:00:00 to 2026-10-26 04:05:00"
        in (done.stdout)
    )
    assert counters(database) == EXPECTED
    assert rows(database, "SELECT count(*), max(counter) FROM mbus_readings") == [(50, 49_000)]
    again = run("import", log)
    assert "0 new readings" in again.stdout
    assert "50 stored before" in again.stdout
    assert counters(database) == EXPECTED
    assert rows(database, "SELECT name FROM imports") == [(str(log),)]


def prefixed(content: bytes) -> bytes:
    """What a logger makes of it that puts the time before each line."""
    lines = content.replace(b"\r\n", b"\n").splitlines(keepends=True)
    return b"".join(b"2026-10-26 01:02:03.456 INFO p1: " + line for line in lines)


def broken(content: bytes) -> bytes:
    """Rubbish before, between and after, and two telegrams of which one byte is another."""
    damaged = [content.replace(b"0-1:24.1.0(003)", b"0-1:24.1.0(013)", 1)[: len(numbered(0))]] * 2
    return b"rubbish\xff\0" + damaged[0] + content + b"\r\n!!//" + damaged[1] + numbered(3)[:77]


@pytest.mark.parametrize("change", [prefixed, gzip.compress, broken])
def test_log_in_other_forms(run: Run, log: Path, database: Path, change: object) -> None:
    """A log with prefixes, gzipped, or with broken telegrams is imported."""
    log.write_bytes(change(log.read_bytes()))  # type: ignore[operator]
    done = run("import", log)
    assert (done.returncode, done.stderr) == (0, "")
    assert counters(database) == EXPECTED, done.stdout
    if change is broken:
        assert "; 2 invalid" in done.stdout
        assert re.search(r"left out: telegram 1: .* damaged", done.stdout)
        assert re.search(r"left out: telegram 52: .* damaged", done.stdout)


def test_import_from_standard_input(log: Path, database: Path) -> None:
    """`-` imports from standard input."""
    command = [*SLIMMEMETER, "import", "-", "--db", str(database)]
    with log.open("rb") as file:
        subprocess.run(command, stdin=file, check=True, capture_output=True)
    assert counters(database) == EXPECTED


def test_progress_is_shown_on_a_terminal(run: Run, log: Path, tmp_path: Path) -> None:
    """On a terminal an import shows a bar with pace and remaining time."""
    first, second = tmp_path / "first.sqlite3", tmp_path / "second.sqlite3"
    for source, database, unit in ((log, first, "B/s"), (first, second, "rows/s")):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(ours, (24, 100))
        command = [*SLIMMEMETER, "import", source, "--db", database]
        subprocess.run(command, check=True, stderr=theirs, stdout=subprocess.DEVNULL)
        os.close(theirs)
        shown = os.read(ours, 10_000).decode()
        os.close(ours)
        assert re.search(r"first.sqlite3|p1.log", shown)
        assert "100%" in shown
        assert re.search(rf"\[\d\d:\d\d<\d\d:\d\d, .*{unit}\]", shown), shown
    assert run("import", log).stderr == ""


def test_dry_run_stores_nothing(run: Run, log: Path, database: Path) -> None:
    """A dry run prints the same result, and stores nothing."""
    assert "50 new readings" in run("import", "--dry-run", log).stdout
    assert not database.exists()
    run("import", log)
    before = database.read_bytes()
    done = run("import", "--dry-run", log)
    assert "50 stored before; nothing was stored" in done.stdout
    assert database.read_bytes() == before


def test_gas_that_is_later_than_its_telegram_is_left_out(
    run: Run, database: Path, tmp_path: Path
) -> None:
    """A gas meter whose clock was ahead for a while loses those readings, and no telegram."""
    log = tmp_path / "p1.log"
    telegrams = [numbered(number) for number in range(50)]
    for number in (20, 21):
        later = re.search(rb"0-1:24.2.1.(.{13})", telegrams[number + 20])
        assert later is not None
        body = re.sub(rb"(0-1:24.2.1.).{13}", rb"\g<1>" + later[1], telegrams[number])
        telegrams[number] = with_crc(*body.decode().split("\r\n")[:-2])
    log.write_bytes(b"".join(telegrams))
    done = run("import", log)
    assert "; 2 invalid" in done.stdout
    for number in (21, 22):
        assert f"left out: telegram {number}: device G1: 2026-10-26 " in done.stdout
    assert "is later than its telegram" in done.stdout
    assert counters(database) == EXPECTED
    assert rows(database, "SELECT count(*), count(DISTINCT counter) FROM mbus_readings") == [
        (48, 48)
    ]


def test_undo_takes_out_one_import(run: Run, log: Path, database: Path, tmp_path: Path) -> None:
    """An undo takes out one import, and nothing else."""
    store(database, *counted(*range(5)))
    before = validated(database)
    other = tmp_path / "other.csv"
    other.write_text("time,import_t1_kwh\n2025-01-01,0.000\n")
    run("import", "--new-meter", log, other)
    assert [name for (name,) in rows(database, "SELECT name FROM imports")] == [
        str(log),
        str(other),
    ]
    both = run("import", "--undo", "1", "2")
    assert (both.returncode, both.stdout) == (2, "")
    assert "one import at a time" in both.stderr
    done = run("import", "--undo", "1")
    assert (done.returncode, done.stdout) == (0, "removed: 100 readings of import 1\n")
    assert run("import", "--undo", "2").returncode == 0
    assert validated(database) == before
    gone = run("import", "--undo", "1")
    assert (gone.returncode, "there is no import 1;" in gone.stderr) == (2, True)


@pytest.mark.parametrize("number", ["²", "١", "１", "-1", "01", " 1", "", "1.0", "one", "9" * 5000])
def test_undo_of_what_is_no_import(run: Run, log: Path, database: Path, number: str) -> None:
    """An undo of what is no number of an import lists those that there are, and changes nothing."""
    run("import", log)
    before = database.read_bytes()
    done = run("import", "--undo", number)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"; there are: 1 ({log})" in done.stderr
    assert len(done.stderr) < 300
    assert database.read_bytes() == before


def test_file_whose_name_is_no_text(run: Run, log: Path, database: Path, tmp_path: Path) -> None:
    """A file whose name has bytes that are no text is imported, and its import is undone."""
    odd = tmp_path / os.fsdecode(b"gas\xff.log")
    log.rename(odd)
    done = run("import", odd)
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(database, "SELECT name FROM imports") == [(f"{tmp_path}/gas\\udcff.log",)]
    assert "removed: 100 readings of import 1" in run("import", "--undo", "1").stdout


def test_notebook_that_lacks_a_register_once_loses_nothing(
    run: Run, database: Path, tmp_path: Path
) -> None:
    """A line without one of the registers is reported, and the totals are complete."""
    notebook = tmp_path / "notebook.csv"
    notebook.write_text(
        "time,import_t1_kwh,import_t2_kwh,gas_m3\n2025-01-01,1000,2000,500\n"
        "2025-02-01,1200,,600\n2025-03-01,1300,2300,\n"
    )
    done = run("import", notebook)
    assert "line 2" not in done.stdout
    assert "line 3: it has no import_t2_kwh, which the lines before have" in done.stdout
    assert len(rows(database, "SELECT 1 FROM series")) == 1
    client = client_of(database)
    for table, totals in (
        ("electricity", {"import_t1_kwh": 300, "import_t2_kwh": 300}),
        ("gas", {"gas_m3": 100}),
    ):
        year = client.get(f"/year/2025/{table}.json").json
        assert year is not None
        assert year["totals"] == totals


def test_own_csv_as_people_type_it(run: Run, database: Path, tmp_path: Path) -> None:
    """A CSV with few readings, as a person types it, is imported."""
    store(database, *counted(*range(2_000_000, 2_000_010)))
    notebook = tmp_path / "notebook.csv"
    lines = (
        *("\ufeffTime;import_t1_kwh;Gas_m3", "2025-01-01;100;12,5", "2025-07-01 12:00;600,1234;"),
        *("", "2026-01-01T00:00;1.000,0;3", "some day;1;2", "2026-02-01;1100;"),
        "2026-02-02;;700,001",
    )
    notebook.write_text("\r\n".join(lines))
    done = run("import", notebook)
    assert (done.returncode, done.stderr) == (0, "")
    assert "left out: line 5: '1.000,0' is not a number" in done.stdout
    assert "left out: line 6: 'some day' is not a time" in done.stdout
    assert [wh for _, wh in counters(database)][:3] == [100_000, 600_123, 1_100_000]
    assert rows(database, "SELECT counter FROM mbus_readings") == [(12_500,), (700_001,)]
    assert len(rows(database, "SELECT 1 FROM series")) == 1
    years = client_of(database).get("/years/electricity.json").json
    assert years is not None
    assert sum(years["columns"]["import_t1_kwh"]) == pytest.approx(1900.009)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("time,import_kw\n", "a column 'import_kw'; there are "),
        ("", "is of no known kind"),
        ("hello\nworld\n", "is of no known kind"),
    ],
)
def test_file_that_is_nothing_known(
    run: Run, database: Path, tmp_path: Path, text: str, why: str
) -> None:
    """An unknown file is refused with exit code 2, and no database is made."""
    path = tmp_path / "what.txt"
    path.write_text(text)
    done = run("import", path)
    assert done.returncode == 2, done.stdout
    assert why in done.stderr
    assert not database.exists()


def test_gzip_bomb_is_refused(run: Run, tmp_path: Path) -> None:
    """A gzip file that is far too large inside is refused."""
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(numbered(1) + bytes(300_000_000), 9))
    done = run("import", bomb)
    assert done.returncode == 2
    assert "as no log does" in done.stderr


def test_old_card_from_a_drawer(run: Run, database: Path, tmp_path: Path) -> None:
    """Another database is merged; each reading is stored once, and conflicts are listed."""
    card = tmp_path / "card.sqlite3"
    store(database, *counted(*range(100, 200)))
    old = [(at - EVERY_S * 50, each) for at, each in counted(*range(50, 150))]
    old[60][1].values["import_t1_wh"] += 1
    store(card, *old)
    before = card.read_bytes()
    done = run("import", card)
    assert (done.returncode, done.stderr) == (0, "")
    assert "50 new readings" in done.stdout
    assert "; 49 stored before; 1 other than what is stored" in done.stdout
    assert "left out: meter one: another reading of 2026-10-26 00:50:00 is stored" in done.stdout
    assert counters(database) == [(MONDAY + EVERY_S * (n - 100), n) for n in range(50, 200)]
    assert card.read_bytes() == before


def set_aside_some(database: Path, data: st.DataObject) -> None:
    """What a person may set aside: nothing, or some times of any meter or device."""
    with Reader(str(database)) as reader:
        owners = [*reader.meters(), *reader.devices()]
    with OverridingWriter(str(database)) as writer:
        for owner in data.draw(st.lists(st.sampled_from(owners), max_size=3)):
            at, until = sorted(data.draw(st.integers(owner.first, owner.last)) for _ in range(2))
            writer.set_aside(owner, at, until)


@settings(max_examples=settings.default.max_examples // 25)
@given(data=st.data(), house=houses())
def test_export_and_import_make_the_same_tables(
    data: st.DataObject, house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An export that is imported elsewhere gives the same readings and events."""
    folder = tmp_path_factory.mktemp("round")
    first, text = folder / "first.sqlite3", folder / "all.csv"
    pull_all(first, pulls(data.draw, house))
    set_aside_some(first, data)
    with text.open("w", newline="") as file:
        file.writelines(exporter.csv_lines(str(first), without_ids=False))
    for source in (text, first):
        second = folder / f"from {source.name}"
        chosen = Settings({"--db": str(second)})
        (tally,) = importer.run(chosen, [str(source)], dry_run=False)
        assert all("another reading of" in each for each in tally.left_out)
        assert validated(second) == validated(first)
        assert measured(second) == measured(first)


def test_help_of_import_is_one_screen(run: Run) -> None:
    """The help of `slimmemeter import` has at most 24 lines."""
    shown = run("import", "--help", COLUMNS="80")
    assert shown.returncode == 0
    assert 10 < len(shown.stdout.splitlines()) <= 24
