"""The history for Home Assistant's statistics: files of hours whose differences are the pages'."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from support.database import rows
from support.house import fill
from support.pages import client_of
from support.programs import Run
from support.readings import DAY, EVERY_S, HOUR, MONDAY, reading, store


def points(path: Path) -> list[tuple[int, int]]:
    """The lines of a file, in Wh or dm3."""
    pairs = [line.split(",") for line in path.read_text().splitlines()]
    return [(int(at), int(value.replace(".", ""))) for at, value in pairs]


def test_hours_are_those_of_the_pages(run: Run, database: Path, tmp_path: Path) -> None:
    """Each full hour of each counter; the hours of a day are what the page of the day shows."""
    fill(database, MONDAY - DAY, MONDAY + DAY)
    folder = tmp_path / "for it"
    done = run("export", "--for", "home-assistant", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in folder.iterdir()} == {
        *(
            f"elec_feed_{way}_tariff_{n}_high_resolution.csv"
            for way in ("in", "out")
            for n in (1, 2)
        ),
        "gas_high_resolution.csv",
    }
    answer = client_of(database).get("/day/2026-10-26/electricity.json").json
    assert answer is not None
    for way, name in (("in", "import"), ("out", "export")):
        for tariff in (1, 2):
            found = points(folder / f"elec_feed_{way}_tariff_{tariff}_high_resolution.csv")
            counters = dict(found)
            hours = [counters[MONDAY + HOUR * hour] for hour in range(24)]
            shown = answer["columns"][f"{name}_t{tariff}_kwh"][:23]
            assert [b - a for a, b in pairwise(hours)] == [round(1000 * each) for each in shown]
            column = f"{name}_t{tariff}_wh"
            ends = rows(database, f"SELECT min({column}), max({column}) FROM readings")
            assert [(found[0][1], found[-1][1])] == ends


def test_replaced_meter_goes_on_from_the_old_one(run: Run, database: Path, tmp_path: Path) -> None:
    """The counter never falls, and what the new meter showed when it came isn't counted."""
    for place in range(12):
        store(database, (MONDAY + EVERY_S * place, reading({"import_t1_wh": 5000 + place})))
    for place in range(20, 32):
        values = {"import_t1_wh": 70 + place}
        store(database, (MONDAY + EVERY_S * place, reading(values, "another")))
    assert run("export", "--for", "home-assistant", tmp_path).returncode == 0
    found = points(tmp_path / "elec_feed_in_tariff_1_high_resolution.csv")
    assert [value for _, value in found] == sorted(value for _, value in found)
    assert (found[0][1], found[-1][1]) == (5000, 5000 + 11 + 11)


def test_what_is_wrong_is_told(run: Run, database: Path) -> None:
    """Another program, no folder, and a folder that can't be made."""
    store(database, (MONDAY, reading({"import_t1_wh": 1})))
    store(database, (MONDAY + HOUR, reading({"import_t1_wh": 2})))
    assert run("export", "--for", "hal", "/tmp").returncode == 2
    assert run("export", "--for", "home-assistant").returncode == 2
    done = run("export", "--for", "home-assistant", f"{database}/folder")
    assert (done.returncode, "cannot write" in done.stderr) == (2, True)
