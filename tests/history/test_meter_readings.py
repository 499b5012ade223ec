"""What the registers said at any moment, and what the pages say of borders, gaps and new meters."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from slimmemeter import clock
from slimmemeter.history import consumption
from slimmemeter.history.table import Table
from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.store.writer import Writer
from support.database import rows, validated
from support.pages import client_of, plain
from support.programs import SLIMMEMETER, Pull
from support.readings import MONDAY, counted, store
from support.telegrams import simple

MIDNIGHT = MONDAY + 86400


def reading(
    wh: int, meter: str = "E0031000000000001", gas: tuple[int, int] | None = None
) -> Reading:
    """A reading of one register, and of a gas meter's (stamp, dm3)."""
    mbus = [MbusReading(1, 3, "G0031000000000002", *gas, "dm3")] if gas else []
    values = {"import_t1_wh": wh}
    return Reading(meter, None, values, header="TST5", version="50", devices=mbus, has_clock=False)


def house(database: Path, *readings: tuple[int, Reading]) -> FlaskClient:
    """The pages of a database with these readings."""
    store(database, *readings)
    return client_of(database)


@pytest.fixture
def night(database: Path) -> FlaskClient:
    """Readings around midnight: at 23:55:03, at 00:00:04, and at 00:35:00."""
    return house(
        database,
        (MIDNIGHT - 297, reading(1000, gas=(MIDNIGHT - 600, 50))),
        (MIDNIGHT + 4, reading(1301, gas=(MIDNIGHT - 300, 60))),
        (MIDNIGHT + 2100, reading(1401, gas=(MIDNIGHT + 1800, 130))),
    )


def test_register_read_at_that_moment(night: FlaskClient) -> None:
    """A moment has the interpolated register and the readings on both sides."""
    found = night.get("/meter.json?at=2026-10-27T00:00").json
    assert found is not None
    assert found["at"] == "2026-10-27T00:00:00+01:00"
    assert found["registers"] == {"import_t1_kwh": 1.297}
    electricity, gas = found["known"]
    assert electricity["how"] == "between"
    assert [each["import_t1_kwh"] for each in electricity["readings"]] == [1.0, 1.301]
    assert found["mbus"][0] | {"type": "gas", "counter": 70} == found["mbus"][0]
    assert [each["at"][11:19] for each in gas["readings"]] == ["23:55:00", "00:30:00"]
    page = plain(night.get("/meter?at=2026-10-27T00:00").text)
    assert "1.297 kWh read at 00:00:04: 1.301" in page
    assert "0.070 m³ between 26 Oct 2026 23:55:00 and 00:30:00" in page


def test_register_exactly_at_a_reading(night: FlaskClient) -> None:
    """At a reading, the register is the one that was read."""
    found = night.get("/meter.json?at=2026-10-27T00:00:04").json
    assert found is not None
    assert (found["registers"], found["known"][0]["how"]) == ({"import_t1_kwh": 1.301}, "read")
    assert len(found["known"][0]["readings"]) == 1
    page = plain(night.get("/meter?at=2026-10-27T00:00:04").text)
    assert "1.301 kWh read at 00:00:04" in page


@pytest.mark.parametrize(
    ("at", "how", "output"),
    [
        ("2026-10-26", "before", "first read at 23:55:03: 1.000"),
        ("2026-10-28", "after", "last read at 27 Oct 2026 00:35:00: 1.401"),
    ],
)
def test_register_before_the_first_and_after_the_last_reading(
    night: FlaskClient, at: str, how: str, output: str
) -> None:
    """Outside the readings the register is unknown, and the nearest reading is shown."""
    found = night.get(f"/meter.json?at={at}").json
    assert found is not None
    assert (found["registers"], found["known"][0]["how"]) == ({"import_t1_kwh": None}, how)
    assert output in plain(night.get(f"/meter?at={at}").text)


def test_moment_between_two_meters_shows_both(database: Path) -> None:
    """Between two meters, the page shows the last reading of one and the first of the other."""
    client = house(
        database,
        (MONDAY, reading(5000, "old")),
        (MONDAY + 300, reading(5100, "old")),
        (MONDAY + 3600, reading(7, "new")),
        (MONDAY + 3900, reading(17, "new")),
    )
    page = plain(client.get("/meter?at=2026-10-26T00:30").text)
    assert "last read at 00:05:00: 5.100" in page
    assert "first read at 01:00:00: 0.007" in page
    found = client.get("/day/2026-10-26/electricity.json").json
    assert found is not None
    until = ["2026-10-26T00:05:00+01:00", "2026-10-26T01:00:00+01:00"]
    assert found["gaps"] == [until]
    assert found["changes"] == [{"from": until[0], "until": until[1], "why": "another meter"}]
    assert (found["columns"]["import_t1_kwh"][:2], found["partial"]) == ([0.1, 0.01], [0, 1])
    for url in ("/day/2026-10-26", "/meter"):
        text = plain(client.get(url).text)
        assert "26 Oct 2026 00:05:00 – 26 Oct 2026 01:00:00: another meter." in text
        assert (
            "If you have moved, slimmemeter start-over on this computer begins a new file." in text
        )
        assert re.search(
            r"last reading … first reading … From the grid, low T1 kWh 5\.100 *0\.007", text
        )


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "9999-01-01", "2026-10-26T25:00"])
def test_moment_that_is_none(night: FlaskClient, text: str) -> None:
    """An invalid moment gets status 400."""
    assert night.get(f"/meter?at={text}").status_code == 400
    assert night.get(f"/meter.json?at={text}").status_code == 400


def test_hour_that_comes_twice_is_chosen_by_its_offset(database: Path) -> None:
    """02:30 in summer time and in winter time are an hour apart."""
    summer = MONDAY - 22 * 3600 - 1800
    client = house(
        database, (summer - 9000, reading(0)), (summer, reading(10)), (summer + 3600, reading(99))
    )
    for at, wh in (("", 0.01), ("%2B02:00", 0.01), ("%2B01:00", 0.099)):
        found = client.get(f"/meter.json?at=2026-10-25T02:30{at}").json
        assert found is not None
        assert found["registers"] == {"import_t1_kwh": wh}
    page = client.get("/meter?at=2026-10-25T02:30%2B01:00").text
    assert 'value="2026-10-25T02:30:00' in page


def test_period_ends_with_its_registers(night: FlaskClient) -> None:
    """A period shows the registers at both ends, each with a link to that moment."""
    page = night.get("/day/2026-10-27").text
    text = plain(page)
    assert re.search(r"1\.297 read at 00:00:04: 1\.301 *1\.401 read at 00:35:00", text)
    links = re.findall(r'href="(/meter\?at=[^"]*00%3A00)"', page)
    assert len(links) == 2
    assert all(night.get(link).status_code == 200 for link in links)


def agrees(client: FlaskClient, url: str) -> bool:
    """Whether a page confirms that its table agrees with the readings."""
    return "The table matches the meter readings" in client.get(url).text


def test_agrees_stands_only_where_readings_were_compared(database: Path) -> None:
    """A table agrees with the meter only if readings at both ends were compared."""
    times = [*range(MONDAY + 2, MONDAY + 86400, 300), MONDAY + 86403, MONDAY + 180_000]
    client = house(database, *((at, reading(at - MONDAY)) for at in times))
    assert agrees(client, "/day/2026-10-26")
    assert not agrees(client, "/day/2026-10-27")
    assert agrees(client, "/month/2026-10")  # from the first reading to the last


def test_agrees_is_missing_if_a_bucket_lost_something(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that lost energy does not claim to agree with the meter."""
    client = house(database, *((MONDAY + 2 + 300 * n, reading(1000 * n)) for n in range(20)))
    assert agrees(client, "/day/2026-10-26")
    right = consumption.energy

    def lossy(*arguments: object) -> Table:
        table = right(*arguments)  # type: ignore[arg-type]
        for values in table.columns.values():
            values[0] = 0
        return table

    monkeypatch.setattr(consumption, "energy", lossy)
    assert not agrees(client, "/day/2026-10-26")


def test_what_was_set_aside_is_named(database: Path) -> None:
    """A reading that was set aside is shown with both counters, and its time is a gap."""
    store(database, *counted(100_000, 100_100, 99_000, 100_200, 100_300))
    client = client_of(database)
    output = "From the grid, low T1: 1 reading was set aside (99.000 after 100.100)"
    for url in ("/day/2026-10-26", "/meter"):
        assert output in plain(client.get(url).text), url
    found = client.get("/day/2026-10-26/electricity.json").json
    assert found is not None
    assert found["totals"] == {"import_t1_kwh": 0.3}
    assert found["gaps"] == [["2026-10-26T00:05:00+01:00", "2026-10-26T00:15:00+01:00"]]
    note = client.get("/day/2026-10-26/electricity.csv").text.splitlines()[1].split(",")[-3]
    assert note == "partial gap"


def test_pull_says_once_that_something_was_set_aside(pull: Pull, database: Path) -> None:
    """A pull with -v reports what is set aside, once, and when a counter has restarted."""
    for minute, kwh in enumerate((50, 51, 52, 53, 54, 55, 2, 3, 4, 5, 6)):
        done = pull(
            "-",
            "-v",
            stdin=simple(
                f"1-0:1.8.1({kwh:06d}.000*kWh)", stamp=f"2611231200{minute:02d}W"
            ).decode(),
        )
        assert (done.returncode, done.stderr) == (0, "")
        noticed = {
            2: "import T1 shows 2.000 after 55.000: it doesn't count until it is clear why",
            6: "import T1 restarted: it shows 2.000 after 55.000",
        }
        assert noticed.get(kwh, ".sqlite3\n") in done.stdout
    assert len(rows(database, "SELECT 1 FROM readings")) == 11


def test_rebuild_makes_the_events_anew(database: Path) -> None:
    """A rebuild restores all events, and tells which changed."""
    store(database, *counted(100, 110, 50, 120, 9999, 130, 140))
    before = validated(database)
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("DELETE FROM events")
    command = [
        sys.executable,
        "-m",
        "slimmemeter.cli",
        "doctor",
        "--rebuild",
        "--db",
        str(database),
    ]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=30)
    assert done.stdout == ("all readings were validated again; stretches set aside: 2 (0 before)\n")
    assert validated(database) == before
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=30)
    assert done.stdout == "all readings were validated again, and nothing changed\n"


def test_rebuild_without_a_database(tmp_path: Path) -> None:
    """A rebuild without a database makes none."""
    command = [*SLIMMEMETER, "doctor", "--rebuild"]
    done = subprocess.run(
        [*command, "--db", str(tmp_path / "none")], capture_output=True, check=False, text=True
    )
    assert (done.returncode, "there is no database" in done.stderr) == (5, True)
    assert list(tmp_path.iterdir()) == []


def test_meter_that_was_replaced_while_its_clock_was_ahead(database: Path) -> None:
    """Readings of both meters count if the old one's clock was ahead."""
    old = [(MONDAY + 300 * n, reading(1000 + n, "old")) for n in range(5)]
    new = [(MONDAY + 900 + 300 * n, reading(10 * n, "new")) for n in range(5)]
    client = house(database, *old, *new)
    found = client.get("/day/2026-10-26/electricity.json").json
    assert found is not None
    assert found["totals"] == {"import_t1_kwh": 0.044}
    assert found["gaps"] == []
    (change,) = found["changes"]
    assert change["why"] == "another meter"
    assert (change["from"][11:19], change["until"][11:19]) == ("00:15:00", "00:20:00")
    text = plain(client.get("/day/2026-10-26").text)
    assert "another meter." in text
    assert "is not known" not in text


def test_two_meters_side_by_side_show_the_newest(database: Path) -> None:
    """After one reading of a test meter, the house's own meter is shown again."""
    own = [(MONDAY + 300 * n, reading(1000 + n, "own")) for n in range(9)]
    client = house(database, *own[:5], (MONDAY + 1000, reading(9_000_000, "test")), *own[5:])
    for at in ("", "?at=2026-10-26T03:00"):
        found = client.get(f"/meter.json{at}").json
        assert found is not None
        (known,) = found["known"]
        assert [each["import_t1_kwh"] for each in known["readings"]] == [1.008]


def test_agrees_also_when_the_gas_meter_has_gone(database: Path) -> None:
    """A table without data does not keep the others from agreeing."""
    times = range(MONDAY + 2, MONDAY + 2 * 86400 + 600, 300)
    gas = {at: (at - 2, at - MONDAY) for at in times if at < MONDAY + 40_000}
    client = house(database, *((at, reading(at - MONDAY, gas=gas.get(at))) for at in times))
    assert agrees(client, "/day/2026-10-27")


def test_gas_that_was_set_aside_is_called_gas(database: Path) -> None:
    """A gas reading that was set aside is shown as gas."""
    steps = [5000, 5100, 3, 5200, 5300]
    times = [MONDAY + 300 * place for place in range(len(steps))]
    pairs = zip(times, steps, strict=True)
    client = house(database, *((at, reading(at, gas=(at, dm3))) for at, dm3 in pairs))
    assert "gas: 1 reading was set aside (0.003 after 5.100)" in plain(client.get("/meter").text)


def test_other_value_of_a_known_moment_is_shown_in_any_language(database: Path) -> None:
    """Two values of one moment are shown in the reader's language and in m³."""
    client = house(
        database,
        (MONDAY, reading(1, gas=(MONDAY, 5000))),
        (MONDAY + 300, reading(2, gas=(MONDAY, 5100))),
    )
    for language, output in (
        ("en", "gas: a second value of one moment (5.000 / 5.100)"),
        ("nl", "een tweede waarde voor hetzelfde moment (5,000 / 5,100)"),
    ):
        page = client.get("/meter", headers={"Accept-Language": language})
        assert output in plain(page.text)


def test_gas_that_is_new_in_a_known_telegram_is_stored(database: Path) -> None:
    """A newer gas value is stored even if the electricity reading is known."""
    writer = Writer(str(database))
    found = [
        writer.add(reading(1, gas=(MONDAY + hours * 3600, 50 + hours)), MONDAY, 0, None)
        for hours in (0, 1, 1)
    ]
    writer.close()
    assert found == ["stored", "stored", "known"]
    assert rows(database, "SELECT counter FROM mbus_readings") == [(50,), (51,)]


def test_pages_of_a_computer_that_does_not_know_the_time(
    night: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages work on a computer whose clock says 1970."""
    monkeypatch.setattr(clock, "now", lambda: 1000)
    for url in ("/", "/meter", "/years", "/day/2026-10-27", "/day/2026-10-27/gas.png"):
        assert night.get(url).status_code == 200, url


def test_pages_work_after_rows_were_deleted_by_hand(database: Path) -> None:
    """What validation found of them isn't there any more, and no page fails of it."""
    store(database, *counted(*range(1000, 1050), 0, 0, *range(1050, 1100)))
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(f"DELETE FROM readings WHERE taken_at > {MONDAY + 300}")
    client = client_of(database)
    for url in ("/", "/meter", "/day/2026-10-26", "/years/electricity.json", "/now.json"):
        assert client.get(url).status_code == 200, url
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE readings SET id = id - 864000")
    for url in ("/", "/meter", "/day/2026-10-26", "/day/2026-10-16", "/years/electricity.json"):
        assert client.get(url).status_code == 200, url
