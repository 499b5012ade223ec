"""A log of telegrams in which a clock was wrong for a while loses those telegrams, and no other."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.database import counters, rows
from support.programs import SLIMMEMETER, Run
from support.readings import DAY, EVERY_S, HOUR, MONDAY
from support.telegrams import simple

YEAR = 365 * DAY
BEGIN = MONDAY - 2 * YEAR


def telegram(number: int, off_s: int = 0, every_s: int = EVERY_S, meter: str = "31") -> bytes:
    """The telegram of a moment, by a clock that is off."""
    local = datetime.fromtimestamp(BEGIN + every_s * number + off_s + HOUR, UTC)
    counter = f"1-0:1.8.1({number:010.3f}*kWh)"
    return simple(counter, meter=meter, stamp=f"{local:%y%m%d%H%M%S}W")


def imported(run: Run, path: Path, telegrams: Sequence[bytes]) -> list[str]:
    """Import a log; what was left out, in sentences."""
    path.write_bytes(b"".join(telegrams))
    done = run("import", path)
    assert (done.returncode, done.stderr) == (0, "")
    return re.findall("left out: (.*)", done.stdout)


@pytest.mark.parametrize("off_s", [-YEAR, -DAY, -3 * HOUR, 3 * HOUR, DAY, YEAR])
@pytest.mark.parametrize("wrong", [range(1, 2), range(50, 53), range(100, 500)])
@pytest.mark.parametrize("every_s", [10, EVERY_S])
def test_clock_that_was_wrong_for_a_while(
    run: Run, database: Path, tmp_path: Path, off_s: int, wrong: range, every_s: int
) -> None:
    """The telegrams of a clock that was set wrong and right again are left out, and reported."""
    telegrams = [
        telegram(number, off_s if number in wrong else 0, every_s) for number in range(1000)
    ]
    left_out = imported(run, tmp_path / "p1.log", telegrams)
    assert counters(database) == [
        (BEGIN + every_s * number, 1000 * number) for number in range(1000) if number not in wrong
    ]
    assert left_out[0].startswith(f"telegram {wrong[0] + 1}: ")
    assert left_out[0].endswith(" is out of the order of the telegrams around it")
    assert rows(database, "SELECT 1 FROM events WHERE kind = 'set aside'") == []


@pytest.mark.parametrize("off_s", [-2 * HOUR, 2 * HOUR])
@pytest.mark.parametrize("silent", [range(20, 56), range(70, 106)])
def test_clock_that_was_wrong_near_a_silence(
    run: Run, database: Path, tmp_path: Path, off_s: int, silent: range
) -> None:
    """A silence before or after, longer than the clock was off, makes no others misdated."""
    numbers = [number for number in range(150) if number not in silent]
    wrong = (60, 61, 62)
    log = [telegram(number, off_s if number in wrong else 0) for number in numbers]
    assert len(imported(run, tmp_path / "p1.log", log)) == 2
    assert [wh for _, wh in counters(database)] == [
        1000 * number for number in numbers if number not in wrong
    ]


@pytest.mark.parametrize("off_s", [-30 * DAY, -DAY, -6 * HOUR, 6 * HOUR, DAY, 30 * DAY])
def test_clock_that_was_wrong_for_a_day(
    run: Run, database: Path, tmp_path: Path, off_s: int
) -> None:
    """However many telegrams a clock misdates, also where others have these instants."""
    wrong = range(2880, 4320)
    log = [telegram(number, off_s if number in wrong else 0, 60) for number in range(7200)]
    assert len(imported(run, tmp_path / "p1.log", log)) == 2
    assert [wh for _, wh in counters(database)] == [
        1000 * number for number in range(7200) if number not in wrong
    ]


def test_clock_that_was_set_back_for_good(run: Run, database: Path, tmp_path: Path) -> None:
    """Of a clock that was an hour ahead until it was set, only what comes twice is left out."""
    log = [telegram(number, HOUR if number < 500 else 0) for number in range(1000)]
    assert len(imported(run, tmp_path / "p1.log", log)) == 2
    kept = [number for number in range(1000) if not 500 <= number < 512]
    assert [wh for _, wh in counters(database)] == [1000 * number for number in kept]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("through", ["a file", "a pipe"])
def test_wrong_clock_in_whatever_is_read(
    database: Path, tmp_path: Path, packed: bool, through: str
) -> None:
    """A log is read twice, also a packed one, and one that comes through a pipe."""
    log = b"".join(telegram(number, YEAR if number == 50 else 0) for number in range(100))
    path = tmp_path / "p1.log"
    content = gzip.compress(log) if packed else log
    path.write_bytes(content)
    source, piped = ("-", content) if through == "a pipe" else (str(path), b"")
    subprocess.run(
        [*SLIMMEMETER, "import", source, "--db", str(database)],
        capture_output=True,
        check=True,
        input=piped,
        timeout=60,
    )
    assert rows(database, "SELECT count(*) FROM readings") == [(99,)]


@pytest.mark.parametrize("wrong", [range(5), range(95, 100)])
def test_clock_that_was_wrong_at_an_end(
    run: Run, database: Path, tmp_path: Path, wrong: range
) -> None:
    """A log that begins with a clock that is ahead, or ends with one that is behind."""
    off_s = YEAR if wrong[0] == 0 else -YEAR
    telegrams = [telegram(number, off_s if number in wrong else 0) for number in range(100)]
    assert len(imported(run, tmp_path / "p1.log", telegrams)) == 2
    assert [wh for _, wh in counters(database)] == [
        1000 * number for number in range(100) if number not in wrong
    ]


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([range(50, 100), range(50)], id="newer first"),
        pytest.param([range(2000, 4000), range(2000)], id="long logs"),
        pytest.param([range(50, 100), range(50), range(100, 150)], id="three logs"),
        pytest.param([range(50), range(40, 90)], id="they overlap"),
        pytest.param([range(10), range(5000, 5050), range(90_000, 90_050)], id="gaps"),
        pytest.param([range(99, -1, -1)], id="newest first"),
    ],
)
def test_logs_in_another_order(
    run: Run, database: Path, tmp_path: Path, order: Sequence[range]
) -> None:
    """Logs that were put together in another order lose nothing, nor do those with gaps."""
    telegrams = [telegram(number) for part in order for number in part]
    assert imported(run, tmp_path / "p1.log", telegrams) == []
    expected = sorted({number for part in order for number in part})
    assert [wh for _, wh in counters(database)] == [1000 * number for number in expected]


def test_two_meters_in_turn(run: Run, database: Path, tmp_path: Path) -> None:
    """Each meter's telegrams have an order of their own."""
    telegrams = []
    for number in range(100):
        telegrams.append(telegram(number, meter="41"))
        telegrams.append(telegram(number, 30 * DAY if number in (50, 51) else -DAY, meter="42"))
    left_out = imported(run, tmp_path / "p1.log", telegrams)
    assert [each.split(":")[0] for each in left_out] == ["telegram 102", "telegram 104"]
    assert rows(database, "SELECT count(*) FROM readings") == [(198,)]
