"""Which of two clocks gives a reading its instant: whole pulls, with clocks that can be set."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slimmemeter import clock, pull, request
from slimmemeter.clock import AGREEMENT_S
from slimmemeter.errors import TelegramError
from slimmemeter.store.revalidation import RevalidatingWriter
from support.database import rows
from support.meter import Meters
from support.pages import client_of
from support.programs import Pull
from support.telegrams import simple

NOW = 1_795_431_600  # 2026-11-23 12:00:00 in Amsterdam
HOUR, MONTH = 3600, 30 * 86400
UNSET = None
Stored = list[tuple[object, ...]]
Pulled = Callable[..., Stored]


def telegram(stamp: int | None, wh: int) -> bytes:
    """A telegram with this timestamp, in winter time, and this register."""
    local = datetime.fromtimestamp(stamp or 0, UTC) + timedelta(hours=1)
    text = "000101000000W" if stamp is None else f"{local:%y%m%d%H%M%S}W"
    return simple(f"1-0:1.8.1({wh / 1000:010.3f}*kWh)", stamp=text)


@pytest.fixture
def pulled(meter: Meters, database: Path, monkeypatch: pytest.MonkeyPatch) -> Pulled:
    """Pulls once, by these clocks; the instants and registers that are stored then."""
    monkeypatch.setenv("SLIMMEMETER_DB", str(database))

    def once(
        stamp: int | None, system: int, synchronised: bool, wh: int, said: bytes = b""
    ) -> list[tuple[object, ...]]:
        monkeypatch.setattr(clock, "now", lambda: system)
        monkeypatch.setattr(clock, "is_synchronised", lambda: synchronised)
        speaking = meter(said or telegram(stamp, wh))
        try:
            pull.pull(request.parse(["--port", speaking.port, "--timeout", "20"]))
        finally:
            speaking.stop()
        return rows(database, "SELECT taken_at, delay_s, import_t1_wh FROM readings ORDER BY id")

    return once


@pytest.mark.parametrize("off_s", [0, -AGREEMENT_S, AGREEMENT_S, 17])
@pytest.mark.parametrize("synchronised", [True, False])
def test_stamp_that_agrees_is_the_instant(pulled: Pulled, off_s: int, synchronised: bool) -> None:
    """A meter's timestamp within ten minutes of the system clock counts."""
    assert pulled(NOW + off_s, NOW, synchronised, 1000) == [(NOW + off_s, -off_s, 1000)]


@pytest.mark.parametrize(
    "stamp",
    [
        pytest.param(UNSET, id="unset"),
        pytest.param(NOW - HOUR, id="an hour behind"),
        pytest.param(NOW + HOUR, id="an hour ahead"),
        pytest.param(NOW - AGREEMENT_S - 1, id="just too far"),
        pytest.param(NOW - 5 * MONTH, id="months behind"),
    ],
)
def test_computer_whose_clock_is_set_corrects_the_meter(
    pulled: Pulled, database: Path, stamp: int | None
) -> None:
    """With a right system clock, a wrong meter clock is noted and not used."""
    assert pulled(stamp, NOW, True, 1000) == [(NOW, 0, 1000)]
    off_s = None if stamp is None else str(stamp - NOW)
    answer = rows(database, "SELECT kind, at, detail FROM events WHERE register IS NULL")
    assert answer == [("clock off", NOW, off_s)]
    assert rows(database, "SELECT meter_clock FROM readings") == [(stamp or 0,)]


def test_clock_that_stands_still(pulled: Pulled) -> None:
    """If the meter's clock stands still, readings get the time of reception."""
    pulled(NOW, NOW, True, 1000)
    assert pulled(NOW, NOW + 300, True, 1010)[1:] == [(NOW + 300, 0, 1010)]
    assert pulled(NOW, NOW + 900, True, 1030)[2:] == [(NOW + 900, 0, 1030)]


def test_clock_that_was_set_back(pulled: Pulled) -> None:
    """If the meter's clock was set back, readings get the time of reception."""
    pulled(NOW, NOW, True, 1000)
    assert pulled(NOW - HOUR, NOW + 300, True, 1010)[1:] == [(NOW + 300, 0, 1010)]


def test_computer_of_last_month_without_network(pulled: Pulled) -> None:
    """A computer that woke in the past uses the meter's time."""
    pulled(NOW, NOW, True, 1000)
    late = pulled(NOW + 300, NOW + 300 - MONTH, False, 1010)
    assert late[1:] == [(NOW + 300, -MONTH, 1010)]


def test_first_reading_of_a_computer_without_network(pulled: Pulled) -> None:
    """Without any reading and network, the meter's time is used."""
    assert pulled(NOW, 0, False, 1000) == [(NOW, -NOW, 1000)]


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        pytest.param(UNSET, "not set", id="unset"),
        pytest.param(NOW, "behind the newest reading", id="stuck"),
        pytest.param(NOW - HOUR, "behind the newest reading", id="set back"),
    ],
)
def test_two_wrong_clocks_make_no_reading(
    pulled: Pulled, database: Path, stamp: int | None, why: str
) -> None:
    """With both clocks wrong, nothing is stored and the sentence explains both."""
    before = pulled(NOW, NOW, True, 1000)
    with pytest.raises(TelegramError, match="neither the meter nor this computer knows") as caught:
        pulled(stamp, NOW - MONTH, False, 1010)
    assert f"the meter's clock is {why}" in str(caught.value)
    assert rows(database, "SELECT taken_at, delay_s, import_t1_wh FROM readings") == before


def with_gas(stamp: int | None, gas: int, number: int = 1) -> bytes:
    """A telegram with this timestamp and a gas meter's, in winter time."""
    texts = [
        "000101000000W" if at is None else f"{datetime.fromtimestamp(at + HOUR, UTC):%y%m%d%H%M%S}W"
        for at in (stamp, gas)
    ]
    lines = ("0-1:24.1.0(003)", "0-1:96.1.0(4731)", f"0-1:24.2.1({texts[1]})(00{number}.000*m3)")
    return simple(f"1-0:1.8.1(00000{number}.000*kWh)", *lines, stamp=texts[0])


GAS = "SELECT taken_at, counter FROM mbus_readings ORDER BY taken_at"
OFF = "SELECT at, detail FROM events WHERE kind = 'clock off' AND device NOT NULL"


@pytest.mark.parametrize(
    ("stamp", "gas", "stored"),
    [
        pytest.param(NOW, NOW - HOUR, NOW - HOUR, id="right"),
        pytest.param(NOW, NOW + AGREEMENT_S, NOW + AGREEMENT_S, id="a little later"),
        pytest.param(NOW - HOUR, NOW - 2 * HOUR, NOW - HOUR, id="an hour behind"),
        pytest.param(NOW + MONTH, NOW + MONTH - HOUR, NOW - HOUR, id="a month ahead"),
        pytest.param(NOW - 50 * MONTH, NOW - 50 * MONTH, NOW, id="years behind"),
        pytest.param(UNSET, NOW - 300, NOW - 300, id="unset"),
        pytest.param(NOW, NOW + AGREEMENT_S + 1, None, id="later than its telegram"),
        pytest.param(NOW - HOUR, NOW, None, id="later than its telegram, behind too"),
        pytest.param(UNSET, NOW + MONTH, None, id="later than now"),
    ],
)
def test_devices_stamp_is_off_as_the_meters_clock(
    pulled: Pulled, database: Path, stamp: int | None, gas: int, stored: int | None
) -> None:
    """What a meter's clock is off is taken off its devices' stamps; none is later than that."""
    telegram = with_gas(stamp, gas)
    assert len(pulled(stamp, NOW, True, 1000, telegram)) == 1
    assert rows(database, GAS) == ([] if stored is None else [(stored, 1000)])
    assert len(rows(database, OFF)) == (stored is None)
    assert client_of(database).get("/meter").status_code == 200


def test_clock_of_a_device_is_told_once(
    pulled: Pulled, database: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """While a device's clock is ahead, the rest is stored; it is reported each time that begins."""
    ahead = [False, True, True, False, True, True, False]
    told = []
    for number, is_ahead in enumerate(ahead, 1):
        at = NOW + 300 * number
        gas = at + MONTH if is_ahead else at
        assert len(pulled(at, at, True, 0, with_gas(at, gas, number))) == number
        told.append("device G1 is left out, as its clock is" in capfd.readouterr().err)
    assert told == [False, True, False, False, True, False, False]
    right = [number for number, is_ahead in enumerate(ahead, 1) if not is_ahead]
    assert rows(database, GAS) == [(NOW + 300 * each, 1000 * each) for each in right]
    off = [(NOW + 300 * each, str(MONTH)) for each in (2, 5)]
    assert rows(database, OFF) == off
    with RevalidatingWriter(str(database)) as writer:
        writer.revalidate()
    assert rows(database, OFF) == off


def test_json_shows_what_the_telegram_says(pull: Pull, database: Path) -> None:
    """A telegram from a file loses what is later than itself, and is printed as it is."""
    text = with_gas(NOW, NOW + MONTH).decode()
    done = pull("--json", "-v", "-", stdin=text)
    assert done.returncode == 0
    result, printed = done.stdout.split("\n", 1)
    assert "is stored" in result
    assert "device G1 is left out, as its clock is 2592000 s ahead of the telegram" in result
    assert json.loads(printed)["mbus"][0]["at"] == "2026-12-23T11:00:00Z"
    assert rows(database, GAS) == []


def test_kernel_answers() -> None:
    """The kernel can be asked whether its clock is synchronised."""
    assert clock.is_synchronised() in (True, False)
