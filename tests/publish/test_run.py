"""`slimmemeter publish` as cron and people run it: its trouble, and where that is seen."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from slimmemeter import clock
from support.database import rows
from support.house import fill
from support.line_recorder import Recorder
from support.pages import client_of, words
from support.programs import Run, free_port
from support.readings import DAY, EVERY_S, HOUR, MONDAY, counted, store

COMMAND = 'echo "$SLIMMEMETER_EXIT_CODE $(cat)" >>"$HOME/notified"'


@pytest.fixture
def away() -> str:
    """A target that nobody is at."""
    return f"postgresql://127.0.0.1:{free_port()}/power"


def test_nothing_to_publish_to_is_told(run: Run, database: Path, away: str) -> None:
    """Without the setting, and without a database; cron's run is silent then."""
    done = run("publish")
    assert done.returncode == 2
    assert "SLIMMEMETER_PUBLISH is empty" in done.stderr
    assert run("publish", SLIMMEMETER_PUBLISH=away).returncode == 5
    for environ in ({}, {"SLIMMEMETER_PUBLISH": away}):
        done = run("publish", "--if-due", **environ)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not database.exists()


def test_dry_run_counts_and_changes_nothing(run: Run, database: Path, away: str) -> None:
    """It needs no target, and the file stays as it is."""
    fill(database, MONDAY, MONDAY + HOUR)
    before = database.read_bytes()
    done = run("publish", "--dry-run", SLIMMEMETER_PUBLISH=away)
    assert done.stdout == f"{away}?house=home: 2 readings are to be sent; none was\n"
    done = run("publish", "--dry-run", "--since", "2026-10-26", SLIMMEMETER_PUBLISH=away)
    count = rows(database, "SELECT count(*) FROM readings")[0][0]
    assert int(done.stdout.split()[1]) > int(str(count))
    assert database.read_bytes() == before
    done = run("publish", "--dry-run", "--since", "yesterday", SLIMMEMETER_PUBLISH=away)
    assert (done.returncode, "is not a time since 2001" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("broker.local", "is none"),
        ("gopher://host", "gopher://; it may have"),
        ("postgresql:///power", "names no host"),
        ("postgresql://host?house=a%2Fb", "use letters, digits"),
        ("postgresql://host:port", "can't be understood"),
        ("postgresql://host?house=a&password_file=/nowhere", "the file /nowhere"),
    ],
)
def test_url_that_is_wrong_is_told(run: Run, database: Path, url: str, words: str) -> None:
    """In one sentence."""
    fill(database, MONDAY, MONDAY + HOUR)
    done = run("publish", SLIMMEMETER_PUBLISH=url)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_trouble_is_told_where_a_pull_s_is(
    run: Run, database: Path, away: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By /healthz, small on the overview, by the doctor, and from the third time on by the
    household's command."""
    fill(database, MONDAY, MONDAY + DAY)
    environ = {"SLIMMEMETER_PUBLISH": away, "SLIMMEMETER_ON_TROUBLE": COMMAND}
    for number in range(4):
        assert run("publish", "--if-due", **environ).returncode == 8
        assert (tmp_path / "notified").exists() == (number >= 2)
    notified = (tmp_path / "notified").read_text()
    assert notified.count("\n") == 1
    assert notified.startswith("8 slimmemeter publish: postgresql://127.0.0.1")
    said = run("doctor", SLIMMEMETER_PUBLISH=away).stdout
    assert "WRONG  the last publishing ended on" in said
    monkeypatch.setattr(clock, "now", lambda: MONDAY + DAY)
    client = client_of(database, SLIMMEMETER_PUBLISH=away)
    assert "Other programs lack readings: slimmemeter publish:" in words(client.get("/"))
    health = client.get("/healthz").json
    assert health is not None
    assert health["last_publish"]["exit_code"] == 8
    assert health["status"] == "ok"
    assert "Other programs" not in words(client_of(database).get("/"))


def test_one_run_at_a_time(run: Run, database: Path, away: str) -> None:
    """Cron's run leaves it to the other one; a person's says so."""
    fill(database, MONDAY, MONDAY + HOUR)
    lock = os.open(f"{database}.publishing", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    done = run("publish", "--if-due", SLIMMEMETER_PUBLISH=away)
    assert (done.returncode, done.stderr) == (0, "")
    done = run("publish", SLIMMEMETER_PUBLISH=away)
    assert (done.returncode, "another run is publishing" in done.stderr) == (5, True)
    os.close(lock)
    assert run("publish", SLIMMEMETER_PUBLISH=away).returncode == 8


FIRST = 10_000_000
ALL = ["--since", "2020-01-01"]
CURSORS = "SELECT series, device, at FROM cursors"


def test_database_gets_the_cursors_once_an_hour(run: Run, database: Path) -> None:
    """Between, they are in the file beside it, and no reading is sent twice; without that file
    some are, and none is left out."""
    with Recorder() as target:
        store(database, *counted(*range(FIRST, FIRST + 3)))
        run("publish", SLIMMEMETER_PUBLISH=target.url)
        before = rows(database, CURSORS)
        for place in range(3, 7):
            store(database, *counted(*range(FIRST, FIRST + place + 1))[-1:])
            file = database.read_bytes()
            assert run("publish", "--if-due", SLIMMEMETER_PUBLISH=target.url).returncode == 0
            assert database.read_bytes() == file
        sent = [FIRST + place for place in range(2, 7)]
        assert [value for _, value in target.counters("import_t1_wh")] == sent
        Path(f"{database}.published").unlink()
        assert run("publish", SLIMMEMETER_PUBLISH=target.url).returncode == 0
        again = [value for _, value in target.counters("import_t1_wh")]
        assert again == [*sent, *sent[1:]]
        assert rows(database, CURSORS) != before


def test_restored_database_has_its_own_cursors(run: Run, database: Path, tmp_path: Path) -> None:
    """What comes after a restore is sent, though the file that was there had later readings."""
    with Recorder() as target:
        store(database, *counted(*range(FIRST, FIRST + 3)))
        run("publish", *ALL, SLIMMEMETER_PUBLISH=target.url)
        backup = run("backup", tmp_path).stdout.split(" has ")[0]
        store(database, *counted(*range(FIRST, FIRST + 9))[3:])
        run("publish", SLIMMEMETER_PUBLISH=target.url)
        assert run("restore", "--yes", backup).returncode == 0
        store(database, (MONDAY + EVERY_S * 4 + 1, counted(FIRST + 4)[0][1]))
        assert run("publish", SLIMMEMETER_PUBLISH=target.url).returncode == 0
        assert target.counters("import_t1_wh")[-1] == (MONDAY + EVERY_S * 4 + 1, FIRST + 4)


def test_one_target_that_is_away_keeps_no_other_from_its_readings(
    run: Run, database: Path, away: str
) -> None:
    """Each has its own cursors; a target that is taken out of the settings is forgotten."""
    store(database, *counted(*range(FIRST, FIRST + 3)))
    with Recorder() as target:
        both = f"{away} {target.url}"
        done = run("publish", *ALL, SLIMMEMETER_PUBLISH=both)
        assert (done.returncode, away in done.stderr) == (8, True)
        assert target.url in done.stdout
        assert len(target.counters("import_t1_wh")) == 3
        assert "3 readings" in run("publish", "--dry-run", *ALL, SLIMMEMETER_PUBLISH=away).stdout
        assert run("publish", SLIMMEMETER_PUBLISH=target.url).returncode == 0
    assert rows(database, "SELECT name FROM targets") == [(f"{target.url}?house=home",)]
    for table in ("cursors", "changes"):
        assert (
            rows(database, f"SELECT * FROM {table} WHERE target <> (SELECT id FROM targets)") == []
        )


def test_new_device_is_sent_from_its_first_reading_on(
    run: Run, database: Path, tmp_path: Path
) -> None:
    """A target that is known gets the whole history of a meter that an import brings; one of
    another database with targets of its own can be imported."""
    with Recorder() as target:
        store(database, *counted(*range(FIRST, FIRST + 3)))
        run("publish", SLIMMEMETER_PUBLISH=target.url)
        other = tmp_path / "other.sqlite3"
        fill(other, MONDAY - DAY, MONDAY - DAY + HOUR)
        run("publish", SLIMMEMETER_PUBLISH=target.url, SLIMMEMETER_DB=str(other))
        target.requests.clear()
        assert run("import", "--new-meter", other).returncode == 0
        assert run("publish", SLIMMEMETER_PUBLISH=target.url).returncode == 0
        wanted = rows(other, "SELECT taken_at, import_t1_wh FROM readings ORDER BY taken_at")
        assert target.counters("import_t1_wh") == wanted


def test_register_that_a_meter_gets_later_is_sent(run: Run, database: Path) -> None:
    """Solar panels come: the new register is in the readings from then on, and old ones stay."""
    with Recorder() as target:
        readings = counted(*range(FIRST, FIRST + 6))
        for place, (at, each) in enumerate(readings):
            if place > 2:
                each.values["export_t1_wh"] = place
            store(database, (at, each))
            run("publish", *ALL * (place == 0), SLIMMEMETER_PUBLISH=target.url)
        assert (
            target.counters("export_t1_wh") == [(at, n) for n, (at, _) in enumerate(readings)][3:]
        )
        assert len(target.counters("import_t1_wh")) == 6
