"""All readings as text: nothing is left out, and every decimal is the meter's."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from slimmemeter.p1.reading import MbusReading, Reading
from support.database import rows
from support.debian import needs
from support.pages import client_of
from support.programs import SLIMMEMETER, Run
from support.readings import MONDAY, counted, reading, store


@pytest.fixture
def house(database: Path) -> Path:
    """Two meters one after the other, gas, and a reading that was set aside."""
    readings = counted(1000, 1100, 20, 1234)
    for at, each in readings:
        each.devices.append(MbusReading(1, 3, 'G"1,2', at - 17, 5000 + at - MONDAY, "dm3"))
        each.values |= {"power_import_w": 321, "voltage_l1_dv": 2314}
    values = {"import_wh": 7, "export_wh": 0}
    readings.append((MONDAY + 9000, Reading("two", None, values, header="TST5", has_clock=False)))
    store(database, *readings)
    return database


def lines(text: str) -> list[dict[str, str]]:
    """The rows of a CSV, without empty cells."""
    found = csv.DictReader(io.StringIO(text, newline=""))
    return [{name: cell for name, cell in row.items() if cell} for row in found]


def test_export_has_every_reading_in_the_order_of_time(run: Run, house: Path) -> None:
    """An export has every reading in order of time, with all decimals."""
    done = run("export")
    assert (done.returncode, done.stderr) == (0, "")
    found = lines(done.stdout)
    assert [row["time"] for row in found] == sorted(row["time"] for row in found)
    assert len(found) == 5 + 4
    assert found[0] == {
        "time": "2026-10-25T22:59:43Z",
        "meter": 'G"1,2',
        "channel": "1",
        "type": "3",
        "gas_m3": "5.000",
    }
    assert found[1] == {
        "time": "2026-10-25T23:00:00Z",
        "meter": "one",
        "version": "50",
        "tariff": "1",
        "import_t1_kwh": "1.000",
        "power_import_w": "321",
        "voltage_l1_dv": "2314",
    }
    assert [row["import_t1_kwh"] for row in found[1:8:2]] == ["1.000", "1.100", "0.020", "1.234"]
    assert found[-1] == {
        "time": "2026-10-26T01:30:00Z",
        "meter": "two",
        "import_kwh": "0.007",
        "export_kwh": "0.000",
    }


def test_export_as_json_is_the_same(run: Run, house: Path) -> None:
    """An export as JSON has the same values as one as CSV."""
    texts = [
        json.loads(line, parse_float=str) for line in run("export", "--json").stdout.splitlines()
    ]
    as_csv = lines(run("export").stdout)
    assert len(texts) == len(as_csv)
    for answer, row in zip(texts, as_csv, strict=True):
        assert set(answer) == set(row)
        for name, value in answer.items():
            if name.endswith(("kwh", "m3")):
                assert Decimal(value) == Decimal(row[name])
            else:
                assert str(value) == row[name]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_export_without_ids(run: Run, house: Path, form: tuple[str, ...]) -> None:
    """An export without ids numbers meters and devices instead."""
    text = run("export", "--without-ids", *form).stdout
    assert "one" not in text
    assert "two" not in text
    assert 'G"' not in text
    assert {name for name in ("meter 1", "meter 2", "device 3") if name in text} == {
        *("meter 1", "meter 2", "device 3")
    }


@pytest.mark.parametrize(
    "table", ["day/2026-10-26/electricity", "week/2026-W44/power", "years/gas", "year/2026/gas"]
)
def test_export_of_a_table_is_the_pages_one(run: Run, house: Path, table: str) -> None:
    """An exported table is the one of the pages."""
    client = client_of(house)
    assert run("export", table).stdout.replace("\n", "") == (
        client.get(f"/{table}.csv").text.replace("\r\n", "").replace("\n", "")
    )
    assert json.loads(run("export", "--json", table).stdout) == client.get(f"/{table}.json").json


@pytest.mark.parametrize(
    "what", ["electricity", "day/2026-02-30/gas", "years/nonsense", "", "a/b/c/d"]
)
def test_export_of_what_there_is_not(run: Run, house: Path, what: str) -> None:
    """A wrong table gets one sentence with an example."""
    done = run("export", what)
    assert (done.returncode, done.stdout) == (2, "")
    assert "such as day/2026-11-23/electricity" in done.stderr


def test_export_without_a_database(run: Run) -> None:
    """An export without a database fails with exit code 5."""
    assert run("export").returncode == 5


def test_export_of_many_days(run: Run, database: Path) -> None:
    """An export of many days with a gap of months is complete."""
    readings = counted(*range(2000))
    readings += [(at + 200 * 86400, each) for at, each in counted(*range(2000, 2500))]
    store(database, *readings)
    found = lines(run("export").stdout)
    assert [int(Decimal(row["import_t1_kwh"]) * 1000) for row in found] == list(range(2500))
    assert len(rows(database, "SELECT 1 FROM readings")) == 2500


def test_export_into_head_ends_quietly(house: Path) -> None:
    """An export into `head` ends without an error."""
    command = f"{' '.join(SLIMMEMETER)} export --db {house} | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True)
    assert done.stdout.startswith("time,meter,")
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["=1+1", "+31", "-31", "@SUM(A1)", "'quoted", "'=1+1"])
def test_no_cell_is_a_formula(run: Run, database: Path, tmp_path: Path, name: str) -> None:
    """An id that begins as a formula does is a text in a spreadsheet, and comes back as it was."""
    about = reading({"import_t1_wh": 5}, name)
    about.devices = [MbusReading(1, 3, f"{name} gas", MONDAY, 5000, "dm3")]
    store(database, (MONDAY, about))
    text = run("export").stdout
    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")] == []
    copy = tmp_path / "all.csv"
    copy.write_text(text)
    other = tmp_path / "other.sqlite3"
    assert run("import", copy, "--db", other).returncode == 0
    assert rows(other, "SELECT equipment FROM meters") == [(name,)]
    assert rows(other, "SELECT equipment FROM mbus_devices") == [(f"{name} gas",)]
    known = run("import", copy, "--db", database)
    assert "2 stored before" in known.stdout


def test_names_of_files_do_not_control_a_terminal(run: Run, database: Path, tmp_path: Path) -> None:
    """What is printed of a name from outside has no control characters."""
    for content in ("time,import_t1_kwh\n2026-01-01,1\n2026-01-02,x\n", "nothing\n"):
        book = tmp_path / "a\x1b[31m\u202eb.csv"
        book.write_text(content)
        done = run("import", book)
        assert r"a\x1b[31m\u202eb.csv" in done.stdout + done.stderr
        assert not {"\x1b", "\u202e"} & set(done.stdout + done.stderr)


@pytest.mark.servers
@pytest.mark.parametrize(("query", "options"), [("", "44,34,76"), ("?decimal=comma", "59,34,76")])
def test_spreadsheet_takes_borders_for_dates(
    house_database: Path, tmp_path: Path, query: str, options: str
) -> None:
    """LibreOffice has dates and numbers in the columns, of the repeated hour too."""
    table = client_of(house_database).get(f"/day/2026-10-25/electricity.csv{query}")
    (tmp_path / "day.csv").write_bytes(table.data)
    language = "1043" if query else "2057"  # Dutch, British
    subprocess.run(
        [
            *(needs("soffice", "libreoffice-calc-nogui"), "--headless", "--convert-to", "fods"),
            *(f"--infilter=CSV:{options},1,,{language}", "--outdir", tmp_path),
            tmp_path / "day.csv",
        ],
        capture_output=True,
        check=True,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        timeout=300,
    )
    sheet = (tmp_path / "day.fods").read_text()
    hours = [f"2026-10-25T{hour:02}:00:00" for hour in (1, 2, 2, *range(3, 24))]
    dates = typed_cells(sheet, "date")
    assert dates[::2] == ["2026-10-25", *hours]
    assert dates[1::2] == [*hours, "2026-10-26"]
    assert len(typed_cells(sheet, "float")) == 4 * 25


def typed_cells(sheet: str, kind: str) -> list[str]:
    """The values of the cells that a spreadsheet takes for dates or numbers."""
    value = "date-value" if kind == "date" else "value"
    cells = re.findall(rf'<table:table-cell [^>]*office:value-type="{kind}"[^>]*>', sheet)
    found = []
    for cell in cells:
        times = re.search(r'number-columns-repeated="(\d+)"', cell)
        shown = re.search(rf'office:{value}="([^"]+)"', cell)
        assert shown is not None
        found += [shown[1]] * (int(times[1]) if times else 1)
    return found
