"""Readings at a real mosquitto: what comes, what stays, and what a broker that is stopped costs."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.contracts import with_contract
from support.database import rows
from support.debian import missing
from support.house import fill
from support.mosquitto import PASSWORD, Listener, Mosquitto
from support.programs import SLIMMEMETER, Run
from support.readings import DAY, EVERY_S, HOUR, MONDAY, counted, reading, store
from support.waiting import until

pytestmark = pytest.mark.servers
FIRST = 10_000_000
READING, STATE = "slimmemeter/home/reading", "slimmemeter/home/state"
CONFIG = "homeassistant/device/slimmemeter_home/config"
ALL = ["--since", "2020-01-01"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """One for each test, as it keeps what it gets."""
    with Mosquitto(tmp_path) as made:
        yield made


def utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_each_reading_comes_and_the_state_stays(
    run: Run, broker: Mosquitto, database: Path
) -> None:
    """In order, with the integers of the file; whoever comes later finds the state alone."""
    fill(database, MONDAY, MONDAY + HOUR)
    with Listener(broker) as early:
        done = run("publish", *ALL, SLIMMEMETER_PUBLISH=broker.url)
        assert (done.returncode, done.stderr) == (0, "")
        assert PASSWORD not in done.stdout
        count = rows(database, "SELECT count(*) FROM readings")[0][0]
        until(lambda: early.of(STATE))
        meter = [each for each in early.of(READING) if "import_t1_wh" in each]
        assert len(meter) == count
        sent = [(each["taken_at"], each["import_t1_wh"], each["power_import_w"]) for each in meter]
        stored = rows(
            database,
            "SELECT taken_at, import_t1_wh, power_import_w FROM readings ORDER BY taken_at",
        )
        assert sent == [(utc(int(str(at))), *values) for at, *values in stored]
        assert not any(each["is_correction"] for each in meter)
    with Listener(broker, "slimmemeter/#") as late:
        (state,) = until(lambda: late.of(STATE))
        assert late.of(READING) == []
    newest = stored[-1]
    assert state["import_t1_kwh"] == int(str(newest[1])) / 1000
    assert state["power_w"] == state["power_import_w"] - state["power_export_w"]
    assert state["gas_m3"] > 0


def test_zeros_never_reach_the_state(run: Run, broker: Mosquitto, database: Path) -> None:
    """While a register waits, its last good value stands, and no reading has another."""
    with Listener(broker) as listener:
        store(database, *counted(*range(FIRST, FIRST + 9)))
        for place in range(9, 12):
            store(database, (MONDAY + EVERY_S * place, reading({"import_t1_wh": 0})))
            done = run("publish", *ALL * (place == 9), SLIMMEMETER_PUBLISH=broker.url)
            assert done.returncode == 0
        store(database, (MONDAY + EVERY_S * 12, reading({"import_t1_wh": FIRST + 12})))
        assert run("publish", SLIMMEMETER_PUBLISH=broker.url).returncode == 0
        until(
            lambda: listener.of(STATE)[-1:] and listener.of(STATE)[-1]["import_t1_kwh"] > 10_000.01
        )
        values = [each["import_t1_kwh"] for each in listener.of(STATE)]
        assert values == sorted(values)
        assert values[0] == (FIRST + 8) / 1000
        sent = [each["import_t1_wh"] for each in listener.of(READING) if "import_t1_wh" in each]
        assert sent == [*range(FIRST, FIRST + 9), FIRST + 12]


def test_correction_says_what_it_replaces(run: Run, broker: Mosquitto, database: Path) -> None:
    """What a person sets aside is replaced by what is left of the time."""
    store(database, *counted(*range(FIRST, FIRST + 13)))
    with Listener(broker) as listener:
        run("publish", *ALL, SLIMMEMETER_PUBLISH=broker.url)
        until(lambda: len(listener.of(READING)) == 14)
        listener.messages.clear()
        run("set-aside", "2026-10-26T00:15", "--until", "2026-10-26T00:20")
        assert run("publish", SLIMMEMETER_PUBLISH=broker.url).returncode == 0
        until(lambda: [each for each in listener.of(READING) if "replaces" in each])
        (correction,) = [each for each in listener.of(READING) if "replaces" in each]
        assert correction["series"] == 1
        begin, end = correction["replaces"]["from"], correction["replaces"]["until"]
        assert begin <= utc(MONDAY + 3 * EVERY_S)
        assert utc(MONDAY + 4 * EVERY_S) <= end < utc(MONDAY + 5 * EVERY_S)
        run("set-aside", "--undo", "2026-10-26")
        assert run("publish", SLIMMEMETER_PUBLISH=broker.url).returncode == 0
        until(
            lambda: len([each for each in listener.of(READING) if each.get("is_correction")]) == 2
        )
        again = [each for each in listener.of(READING) if each.get("is_correction")]
        assert [each["import_t1_wh"] for each in again] == [FIRST + 3, FIRST + 4]


def test_home_assistant_finds_every_sensor(
    run: Run, broker: Mosquitto, house_database: Path, tmp_path: Path
) -> None:
    """One retained message with the fields of its device discovery; each template finds its value
    in the state, and money is there with a contract."""
    database = with_contract(house_database, tmp_path)
    environ = {"SLIMMEMETER_DB": str(database), "SLIMMEMETER_PUBLISH": broker.url}
    assert run("publish", **environ).returncode == 0
    with Listener(broker) as listener:
        (config,) = until(lambda: listener.of(CONFIG))
        (state,) = until(lambda: listener.of(STATE))
    assert config["dev"]["ids"] == ["slimmemeter_home"]
    assert config["o"]["name"] == "slimmemeter"
    assert (config["state_topic"], config["qos"]) == (STATE, 1)
    classes = {}
    for key, each in config["cmps"].items():
        assert each["p"] == "sensor"
        assert each["unique_id"] == f"slimmemeter_home_{key}"
        assert each["value_template"] == f"{{{{ value_json.{key} }}}}"
        assert isinstance(state[key], int | float), key
        assert ("expire_after" in each) == (each.get("state_class") == "measurement")
        assert each.get("expire_after", 900) >= 900
        classes[key] = (
            each.get("device_class"), each.get("state_class"), each["unit_of_measurement"],
        )  # fmt: skip
    assert classes["import_t1_kwh"] == ("energy", "total_increasing", "kWh")
    assert classes["export_t2_kwh"] == ("energy", "total_increasing", "kWh")
    assert classes["gas_m3"] == ("gas", "total_increasing", "m³")
    assert classes["power_w"] == ("power", "measurement", "W")
    assert classes["price_eur_kwh"] == (None, "measurement", "EUR/kWh")
    assert classes["cost_today_eur"] == ("monetary", None, "EUR")


def test_sensor_goes_when_its_meter_does(run: Run, broker: Mosquitto, database: Path) -> None:
    """A register that the new meter doesn't have is named without anything, which removes it."""
    old = {"import_t1_wh": FIRST, "export_t1_wh": 5}
    store(database, (MONDAY, reading(old, gas=(MONDAY, 100))))
    store(database, (MONDAY + EVERY_S, reading(old, gas=(MONDAY + HOUR, 200))))
    run("publish", SLIMMEMETER_PUBLISH=broker.url)
    later = MONDAY + 70 * DAY
    store(database, (later, reading({"import_t1_wh": 10}, "another")))
    assert run("publish", SLIMMEMETER_PUBLISH=broker.url).returncode == 0
    with Listener(broker) as listener:
        (config,) = until(lambda: listener.of(CONFIG))
    assert config["cmps"]["export_t1_kwh"] == {"p": "sensor"}
    assert config["cmps"]["gas_m3"] == {"p": "sensor"}
    assert config["cmps"]["import_t1_kwh"]["name"] == "From the grid, tariff 1"


def test_topics_of_dsmr_reader(run: Run, broker: Mosquitto, database: Path) -> None:
    """Only where asked for: readings, gas and the quarter peak by its names, in its units."""
    fill(database, MONDAY, MONDAY + 2 * HOUR)
    run("publish", SLIMMEMETER_PUBLISH=broker.url)
    url = f"{broker.url}?topics=dsmr-reader&discovery="
    with Listener(broker, "dsmr/#") as listener:
        assert listener.messages == []
        run("import", "-", SLIMMEMETER_DB=str(database))
        assert run("publish", *ALL, SLIMMEMETER_PUBLISH=url).returncode == 0
        until(lambda: dict(listener.messages).get("dsmr/consumption/gas/delivered"))
        found = dict(listener.messages)
    wh, w = rows(
        database,
        "SELECT import_t1_wh, power_import_w FROM readings ORDER BY taken_at DESC LIMIT 1",
    )[0]
    assert found["dsmr/reading/electricity_delivered_1"] == f"{int(str(wh)) / 1000:.3f}"
    assert found["dsmr/reading/electricity_currently_delivered"] == f"{int(str(w)) / 1000:.3f}"
    assert found["dsmr/reading/timestamp"].startswith("2026-10-26T01:5")
    gas = rows(database, "SELECT max(counter) FROM mbus_readings")[0][0]
    assert found["dsmr/reading/extra_device_delivered"] == f"{int(str(gas)) / 1000:.3f}"
    assert found["dsmr/consumption/gas/delivered"] == f"{int(str(gas)) / 1000:.3f}"
    peak = "dsmr/consumption/quarter-hour-peak-electricity"
    assert found[f"{peak}/read_at_start"] < found[f"{peak}/read_at_end"]
    assert float(found[f"{peak}/average_delivered"]) >= 0


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_tls_and_both_versions(run: Run, database: Path, tmp_path: Path, version: str) -> None:
    """With the broker's CA it connects; without it, or with a wrong password, it is refused."""
    store(database, *counted(FIRST, FIRST + 1))
    with Mosquitto(tmp_path, has_tls=True) as broker, Listener(broker) as listener:
        url = f"{broker.url}?version={version}"
        done = run("publish", SLIMMEMETER_PUBLISH=url)
        assert done.returncode == 8
        assert "certificate" in done.stderr
        wrong = url.replace(PASSWORD, "wrong") + f"&ca={broker.ca}"
        done = run("publish", SLIMMEMETER_PUBLISH=wrong)
        assert done.returncode == 8
        assert "uthori" in done.stderr
        assert run("publish", SLIMMEMETER_PUBLISH=f"{url}&ca={broker.ca}").returncode == 0
        (sent,) = until(lambda: listener.of(READING))
        assert sent["import_t1_wh"] == FIRST + 1


def test_what_a_broker_refuses_is_not_lost(run: Run, database: Path, tmp_path: Path) -> None:
    """With MQTT 5 a broker says that a user may not write, and the readings wait."""
    store(database, *counted(FIRST, FIRST + 1))
    with Mosquitto(tmp_path, has_acl=True) as broker:
        url = f"{broker.url}?version=5"
        for _ in range(2):
            done = run("publish", SLIMMEMETER_PUBLISH=url)
            assert (done.returncode, "Not authorized" in done.stderr) == (8, True)
        assert (
            "1 readings are to be sent"
            in run("publish", "--dry-run", SLIMMEMETER_PUBLISH=url).stdout
        )


def test_unknown_options_are_told(run: Run, database: Path) -> None:
    """In one sentence, before anything is sent."""
    store(database, *counted(FIRST))
    for query, words in (
        ("colour=red", "has the option colour; it may have house, password_file, ca"),
        ("version=4", "it may be 3.1.1 or 5"),
        ("topics=other", "they may be dsmr-reader"),
    ):
        done = run("publish", SLIMMEMETER_PUBLISH=f"mqtt://127.0.0.1:1?{query}")
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_stops_and_kills_lose_nothing(run: Run, broker: Mosquitto, database: Path) -> None:
    """The broker is stopped and the publisher killed in the middle of a catch-up, again and again;
    in the end every reading has come, and those that came twice are the same."""
    fill(database, MONDAY - 14 * DAY, MONDAY)
    chance = random.Random(11)
    environ = {"HOME": str(database.parent), "PATH": os.environ["PATH"]}
    environ |= {"SLIMMEMETER_DB": str(database), "SLIMMEMETER_PUBLISH": broker.url}
    stored = rows(database, "SELECT taken_at, import_t1_wh FROM readings ORDER BY taken_at")
    with Listener(broker) as listener:
        arguments = ALL
        for number in range(6):
            command = [*SLIMMEMETER, "publish", *arguments]
            before = len(listener.messages)
            process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
            more = before + chance.randrange(100, 1500)
            wait_for_more(listener, more, process)
            if number % 2:
                broker.stop()
                broker.start()
                assert process.wait(timeout=120) == 0
            else:
                process.send_signal(signal.SIGKILL)
                process.wait(timeout=60)
            arguments = ALL if number < 4 else []
        assert run("publish", **environ).returncode == 0
        wanted = {(utc(int(str(at))), wh) for at, wh in stored}
        until(lambda: set(listener.counters(READING, "import_t1_wh")) == wanted)


def wait_for_more(listener: Listener, count: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many messages have come, or the publisher has ended."""
    until(lambda: len(listener.messages) > count or process.poll() is not None)


def test_library_that_is_missing_is_told(database: Path, tmp_path: Path) -> None:
    """With the package that has it; a pull needs none."""
    store(database, *counted(FIRST))
    for scheme, package in (("mqtt", "python3-paho-mqtt"), ("postgresql", "python3-psycopg")):
        code = (
            "import sys; sys.modules['paho'] = sys.modules['psycopg'] = None;"
            "from slimmemeter.cli import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", code, "publish"],
            capture_output=True,
            check=False,
            env={
                "HOME": str(tmp_path),
                "SLIMMEMETER_DB": str(database),
                "SLIMMEMETER_PUBLISH": f"{scheme}://127.0.0.1",
            },
            text=True,
        )
        assert (done.returncode, package in done.stderr) == (2, True), done.stderr
        assert done.stderr.count("\n") == 1


def test_debian_s_library_works_too(
    run: Run, broker: Mosquitto, database: Path, tmp_path: Path
) -> None:
    """Debian 12 has paho-mqtt 1.6, 13 has 2.1: both versions of MQTT, and a wrong password."""
    debian = Path("/usr/lib/python3/dist-packages/paho")
    if not debian.exists():
        missing("python3-paho-mqtt")
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian/paho").symlink_to(debian)
    store(database, *counted(FIRST, FIRST + 1))
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'debian')!r});"
        "import paho; assert 'debian' in paho.__file__;"
        "from slimmemeter.cli import main; main()"
    )
    command = [sys.executable, "-I", "-c", code, "publish"]
    environ = {"HOME": str(tmp_path), "SLIMMEMETER_DB": str(database)}
    with Listener(broker) as listener:
        wrong = broker.url.replace(PASSWORD, "wrong")
        for url, exit_code in (
            (broker.url, 0),
            (f"{broker.url}?version=5&house=five", 0),
            (f"{wrong}?house=wrong", 8),
        ):
            done = subprocess.run(
                command,
                capture_output=True,
                check=False,
                env=environ | {"SLIMMEMETER_PUBLISH": url},
                text=True,
            )
            assert done.returncode == exit_code, done.stderr
        assert "not authorised" in done.stderr or "Not authorized" in done.stderr
        until(lambda: listener.of("slimmemeter/five/reading"))
        assert json.loads(dict(listener.messages)[READING])["import_t1_wh"] == FIRST + 1
