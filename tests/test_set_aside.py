"""`slimmemeter set-aside`: what a person doesn't believe doesn't count, and can count again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slimmemeter.store.overriding import OverridingWriter
from slimmemeter.store.reader import Reader
from support.database import rows, validated
from support.pages import client_of, text_of
from support.programs import Run
from support.readings import EVERY_S, MONDAY, counted, reading, store

FIRST = 10_000_000
DAY = "2026-10-26"


@pytest.fixture
def house(database: Path) -> Path:
    """An hour with 0.6 kWh and 1.2 m3 of gas, of meters with ids as real ones have them."""
    for place in range(13):
        at = MONDAY + EVERY_S * place
        each = reading({"import_t1_wh": FIRST + 50 * place}, "E0031003001699515", (at, 100 * place))
        each.devices[0].equipment_id = "G0025003407529514"
        store(database, (at, each))
    return database


def counted_kwh(house: Path, name: str = "electricity", column: str = "import_t1_kwh") -> object:
    """What the page of the day says in all."""
    answer = client_of(house).get(f"/day/{DAY}/{name}.json").json
    assert answer is not None
    return answer["totals"].get(column)


@pytest.mark.parametrize(
    ("time", "count", "kwh"),
    [
        pytest.param(["T00:30"], 1, 0.6, id="in the middle"),
        pytest.param(["T00:30:00"], 1, 0.6, id="a second"),
        pytest.param(["T00:00"], 1, 0.55, id="the first one"),
        pytest.param(["T01:00"], 1, 0.55, id="the last one"),
        pytest.param(["T00:40", "--until", f"{DAY}T00:50"], 3, 0.6, id="three"),
        pytest.param(["T00:53", "--until", DAY], 2, 0.5, id="the last two"),
        pytest.param([""], 13, None, id="the whole day"),
    ],
)
def test_what_is_set_aside_does_not_count(
    run: Run, house: Path, time: list[str], count: int, kwh: float | None
) -> None:
    """The line goes straight on over it, and the command tells how many and what changed."""
    before = validated(house)
    arguments = [f"{DAY}{time[0]}", *time[1:]]
    done = run("set-aside", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    words = "1 reading of meter E0031003001699515 is" if count == 1 else f"{count} readings of"
    assert done.stdout.startswith(words)
    total = f"import_t1_kwh counts {kwh or 0:.3f} in all, 0.600 before"
    assert (total if kwh != 0.6 else "no total changed") in done.stdout
    assert counted_kwh(house) == kwh
    assert counted_kwh(house, "gas", "gas_m3") == 1.2
    noticed = f"{count} reading{'s were' if count > 1 else ' was'} set aside by hand"
    page = text_of(client_of(house), "/meter")
    assert page.count(noticed) == 1
    assert "did not send" not in page
    shown = validated(house)
    assert run("doctor", "--rebuild").returncode == 0
    assert validated(house) == shown
    assert run("set-aside", *arguments, "--undo").returncode == 0
    assert validated(house) == before


def test_pages_stand_when_everything_is_set_aside(run: Run, house: Path) -> None:
    """No page, picture or table breaks when no reading counts."""
    for meter in ("E0031003001699515", "G0025003407529514"):
        assert run("set-aside", DAY, "--meter", meter).returncode == 0
    client = client_of(house)
    for url in ("/", f"/day/{DAY}", f"/day/{DAY}/gas.csv", "/years", "/meter", "/now.json"):
        assert client.get(url).status_code in (200, 404), url
    assert run("doctor", "--port", "/dev/ttyNO", "--listen", "localhost:1").returncode == 6


def test_undo_of_a_part(run: Run, house: Path) -> None:
    """What is taken back counts again, and the rest stays set aside."""
    run("set-aside", f"{DAY}T00:00", "--until", f"{DAY}T00:10")
    done = run("set-aside", "--undo", f"{DAY}T00:05", "--until", f"{DAY}T00:10")
    assert "2 readings of meter E0031003001699515 are no longer set aside by hand" in done.stdout
    assert "import_t1_kwh counts 0.550 in all, 0.450 before" in done.stdout
    assert rows(house, "SELECT at, until FROM overrides") == [(MONDAY, MONDAY + 299)]


def test_times_side_by_side_are_one(run: Run, house: Path) -> None:
    """Overlapping times, and those between which there is no reading, are stored as one."""
    for at in ("T00:05", "T00:15", "T00:10", "T00:05"):
        assert run("set-aside", f"{DAY}{at}").returncode == 0
    at, until = MONDAY + EVERY_S, MONDAY + 3 * EVERY_S + 59
    assert rows(house, "SELECT at, until FROM overrides") == [(at, until)]


@pytest.mark.parametrize("name", ["G0025003407529514", "G0025…9514"])
def test_device(name: str, run: Run, house: Path) -> None:
    """A gas meter is named by its id, or as the pages show it."""
    done = run("set-aside", f"{DAY}T01:00", "--meter", name)
    assert done.stdout == (
        "1 reading of device G0025003407529514 is set aside now\n"
        "    gas_m3 counts 1.100 in all, 1.200 before\n"
    )
    assert counted_kwh(house, "gas", "gas_m3") == 1.1
    assert "gas: 1 reading was set aside by hand" in text_of(client_of(house), "/meter")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["2025-01-01T00:00"], "there is no reading of meter E0031003001699515 from 2025-01-01"),
        ([f"{DAY}T00:05:01"], "there is no reading of meter E0031003001699515 at 2026-10-26 00:05"),
        ([DAY, "--undo"], "no reading of meter E0031003001699515 from 2026-10-26 00:00:00 to"),
        (["yesterday"], "'yesterday' is not a time: write it as"),
        ([DAY, "--until", "2026-10-25"], "--until 2026-10-25 is before 2026-10-26"),
        ([DAY, "--meter", "x"], "no meter is called x; there are: E0031003001699515, G0025"),
    ],
)
def test_what_cannot_be_set_aside(
    arguments: list[str], sentence: str, run: Run, house: Path
) -> None:
    """The reason is one sentence, and nothing is stored."""
    content = house.read_bytes()
    done = run("set-aside", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"slimmemeter: {sentence}")
    assert done.stderr.count("\n") == 1
    assert house.read_bytes() == content


def test_without_a_database(run: Run) -> None:
    """Nothing is made where no database is."""
    done = run("set-aside", DAY)
    assert done.returncode == 5
    assert "there is no database" in done.stderr


def test_what_the_program_set_aside_is_not_taken_back(run: Run, database: Path) -> None:
    """Only what a person has set aside can count again."""
    store(database, *counted(1000, 1010, 0, 1020, 1030))
    done = run("set-aside", f"{DAY}T00:10", "--undo")
    assert done.returncode == 2
    assert "was set aside by a person" in done.stderr


def test_a_verdict_is_overruled(run: Run, database: Path) -> None:
    """A counter that stayed at a wrong level for so long that it looks like a restart."""
    store(database, *counted(*range(1000, 1800, 100), *range(5, 25)))
    assert "the counter restarted" in text_of(client_of(database), "/meter")
    run("set-aside", f"{DAY}T00:40", "--until", DAY)
    assert counted_kwh(database) == 0.7
    assert "restarted" not in text_of(client_of(database), "/meter")


def test_voltage_of_what_is_set_aside_is_not_shown(run: Run, database: Path) -> None:
    """A reading that doesn't count has no part in the samples either."""
    for place, voltage_dv in enumerate((2300, 9999, 2310)):
        values = {"import_t1_wh": FIRST + place, "voltage_l1_dv": voltage_dv}
        store(database, (MONDAY + EVERY_S * place, reading(values)))
    for highest in (999.9, 231.0):
        table = client_of(database).get(f"/day/{DAY}/voltage.json").json
        assert table is not None
        assert max(filter(None, table["columns"]["voltage_l1_v"])) == highest
        run("set-aside", f"{DAY}T00:05")


def test_readings_that_come_later_do_not_change_it(run: Run, house: Path) -> None:
    """The next pull goes on from the last reading that counts, and over what is set aside."""
    run("set-aside", f"{DAY}T01:00")
    at = MONDAY + EVERY_S * 13
    store(house, (at, reading({"import_t1_wh": FIRST + 650}, "E0031003001699515")))
    assert counted_kwh(house) == 0.65
    assert text_of(client_of(house), "/meter").count("set aside by hand") == 1


@pytest.mark.parametrize("form", ["database", "csv"])
def test_it_is_kept_elsewhere(run: Run, house: Path, tmp_path: Path, form: str) -> None:
    """An export and the database itself take it along into another database."""
    run("set-aside", f"{DAY}T00:50", "--until", f"{DAY}T01:00")
    run("set-aside", f"{DAY}T00:30", "--meter", "G0025003407529514")
    source, other = house, tmp_path / "other.sqlite3"
    if form == "csv":
        source = tmp_path / "all.csv"
        source.write_text(run("export").stdout)
        assert source.read_text().splitlines()[0].endswith(",set_aside")
        assert source.read_text().count(",yes\n") == 4
    assert run("import", source, "--db", other).returncode == 0
    assert validated(other) == validated(house)
    assert counted_kwh(other) == 0.45
    done = run("import", source, "--db", other)
    assert "0 new readings" in done.stdout
    assert validated(other) == validated(house)
    run("import", "--undo", "1", "--db", other)
    assert rows(other, "SELECT * FROM overrides") == []


def test_undo_of_an_import_takes_its_marks_back(run: Run, house: Path, tmp_path: Path) -> None:
    """Also of readings that were stored before; what a person set aside here stays so."""
    everything = tmp_path / "all.csv"
    run("set-aside", f"{DAY}T00:10")
    run("set-aside", f"{DAY}T00:50", "--until", f"{DAY}T01:00")
    everything.write_text(run("export").stdout)
    run("set-aside", f"{DAY}T00:50", "--until", f"{DAY}T01:00", "--undo")
    before = validated(house)
    done = run("import", everything)
    assert "`slimmemeter import --undo 1` removes them again" in done.stdout
    assert counted_kwh(house) == 0.45
    assert run("import", "--undo", "1").returncode == 0
    assert validated(house) == before
    assert counted_kwh(house) == 0.6
    run("import", everything)
    run("set-aside", f"{DAY}T00:55")  # by hand too, and so for good
    run("import", "--undo", "1")
    assert counted_kwh(house) == 0.6
    local = "SELECT strftime('%H:%M', at, 'unixepoch', '+1 hour') FROM overrides ORDER BY at"
    assert rows(house, local) == [("00:10",), ("00:55",)]


def test_export_has_the_column_only_if_needed(run: Run, house: Path) -> None:
    """JSON marks the same lines; without any, exports are as they were."""
    assert "set_aside" not in run("export").stdout + run("export", "--json").stdout
    run("set-aside", f"{DAY}T00:50")
    lines = [json.loads(line) for line in run("export", "--json").stdout.splitlines()]
    assert [line["time"] for line in lines if line.get("set_aside") == "yes"] == [
        "2026-10-25T23:50:00Z"
    ]


def test_notebook_marks_a_line(run: Run, database: Path, tmp_path: Path) -> None:
    """A column `set_aside` of a CSV that people type; anything but yes and no is an error."""
    book = tmp_path / "book.csv"
    book.write_text(
        "time,import_kwh,set_aside\n2026-01-01,1000,yes\n2026-01-02,1001,\n"
        "2026-01-03,1002,no\n2026-01-04,1003,maybe\n"
    )
    done = run("import", book)
    assert "3 new readings" in done.stdout
    assert "line 5: 'maybe' as set_aside is neither yes nor no" in done.stdout
    assert run("set-aside", "--undo", "2026-01-01").returncode == 0


def test_so_many_that_a_pull_would_wait(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many readings are validated in small steps, to the same result."""
    with Reader(str(house)) as reader:
        (meter,) = reader.meters()
    before = validated(house)
    found = []
    for most in (5000, 3):
        monkeypatch.setattr("slimmemeter.store.overriding.MOST_AT_ONCE", most)
        monkeypatch.setattr("slimmemeter.store.revalidation.MOST_ROWS", most)
        with OverridingWriter(str(house)) as writer:
            done = writer.set_aside(meter, MONDAY + 1, MONDAY + 7 * EVERY_S)
            found.append((done, validated(house)))
            writer.take_back(meter, MONDAY, MONDAY + 9 * EVERY_S)
        assert validated(house) == before
    assert found[0] == found[1]


def test_help_is_one_screen(run: Run) -> None:
    """The help of `slimmemeter set-aside` has at most 24 lines."""
    shown = run("set-aside", "--help", COLUMNS="80")
    assert shown.returncode == 0
    assert 10 < len(shown.stdout.splitlines()) <= 24
