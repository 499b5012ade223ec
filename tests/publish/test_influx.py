"""Readings as lines, in a real VictoriaMetrics and a real InfluxDB."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.database import rows
from support.house import fill
from support.line_recorder import Recorder
from support.line_servers import PASSWORD, InfluxDB, LineServer, VictoriaMetrics
from support.programs import SLIMMEMETER, Run, free_port
from support.readings import DAY, EVERY_S, MONDAY, counted, reading, store

FIRST = 10_000_000
ALL = ["--since", "2020-01-01"]
OURS = "SELECT taken_at, {} FROM readings ORDER BY taken_at"


@pytest.fixture(params=[VictoriaMetrics, InfluxDB])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LineServer]:
    """Each of the two."""
    with request.param(tmp_path) as made:
        if isinstance(made, InfluxDB):
            made.make_database()
        yield made


@pytest.mark.servers
def test_each_reading_is_a_point_of_integers(run: Run, server: LineServer, database: Path) -> None:
    """Every register of every reading, and the gas, to the Wh and the dm3; twice is once."""
    fill(database, MONDAY, MONDAY + DAY)
    for _ in range(2):
        done = run("publish", *ALL, SLIMMEMETER_PUBLISH=server.url)
        assert (done.returncode, done.stderr) == (0, "")
        assert PASSWORD not in done.stdout
    for column in ("import_t1_wh", "export_t2_wh", "power_import_w", "tariff"):
        assert server.points(column, "home") == dict(rows(database, OURS.format(column)))
    gas = rows(database, "SELECT taken_at, counter FROM mbus_readings")
    assert server.points("counter_dm3", "home") == dict(gas)


@pytest.mark.servers
def test_meter_with_an_odd_id_is_a_tag(run: Run, server: LineServer, database: Path) -> None:
    """Blanks, commas and equals signs in an id are part of it; without one the header names it."""
    store(database, (MONDAY, reading({"import_t1_wh": FIRST}, "a b,c=d\\e")))
    store(database, (MONDAY + EVERY_S, reading({"import_t1_wh": 7}, "")))
    assert run("publish", *ALL, SLIMMEMETER_PUBLISH=server.url).returncode == 0
    assert server.points("import_t1_wh", "home") == {MONDAY: FIRST, MONDAY + EVERY_S: 7}


@pytest.mark.servers
def test_stops_lose_nothing(run: Run, server: LineServer, database: Path, tmp_path: Path) -> None:
    """The server goes away in the middle of a catch-up, InfluxDB by a kill, as it syncs what it
    confirms; so does the publisher; and in the end every point is there."""
    fill(database, MONDAY - 60 * DAY, MONDAY)
    chance = random.Random(5)
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    environ |= {"SLIMMEMETER_DB": str(database), "SLIMMEMETER_PUBLISH": server.url}
    for number in range(6):
        process = subprocess.Popen(
            [*SLIMMEMETER, "publish", *ALL * (number == 0)], env=environ, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=chance.uniform(0.4, 0.9))
        except subprocess.TimeoutExpired:
            pass
        if number % 2:
            process.kill()
        elif isinstance(server, InfluxDB):
            server.kill()
        else:
            server.stop()
        process.wait(timeout=60)
        if not number % 2:
            server.start()
    assert run("publish", **environ).returncode == 0
    stored = dict(rows(database, OURS.format("import_t1_wh")))
    assert server.points("import_t1_wh", "home") == stored


@pytest.mark.servers
def test_wrong_password_is_told(run: Run, database: Path, tmp_path: Path) -> None:
    """With what the server says, and without the password."""
    store(database, *counted(FIRST))
    with InfluxDB(tmp_path) as server:
        server.make_database()
        url = server.url.replace(PASSWORD, "wr0ng")
        done = run("publish", SLIMMEMETER_PUBLISH=url)
    assert done.returncode == 8
    assert "refuses the readings: 401 Unauthorized" in done.stderr
    assert "wr0ng" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_address_of_influxdb_2(run: Run, database: Path, tmp_path: Path) -> None:
    """Its path, organisation and bucket are passed on, its token comes from a file. Debian has no
    InfluxDB 2, so a server of the test looks at the request (InfluxDB's documentation, "Write data
    with the InfluxDB API")."""
    store(database, *counted(FIRST))
    token = tmp_path / "token"
    token.write_text("t0ken==\n")
    with Recorder() as server:
        url = f"{server.url}/api/v2/write?org=us&bucket=power&house=h1&token_file={token}"
        assert run("publish", SLIMMEMETER_PUBLISH=url).returncode == 0
    ((path, authorization, content),) = server.requests
    assert path == "/api/v2/write?org=us&bucket=power"
    assert authorization == "Token t0ken=="
    tags, fields, at = content.removesuffix("\n").split(" ")
    assert tags == "slimmemeter,house=h1,meter=one"
    assert fields == f"tariff=1i,import_t1_wh={FIRST}i"
    assert at == f"{MONDAY}000000000"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_refusals_are_told_and_nothing_is_lost(run: Run, database: Path, status: int) -> None:
    """Whatever isn't a success: the readings wait. Nothing follows a redirection elsewhere."""
    store(database, *counted(FIRST))
    with Recorder(status) as server:
        for _ in range(2):
            done = run("publish", SLIMMEMETER_PUBLISH=server.url)
            assert (done.returncode, f"{status}" in done.stderr) == (8, True)
    assert len(server.requests) == 2


def test_server_that_is_away_is_told(run: Run, database: Path) -> None:
    """In one sentence; a parameter that would change the times is refused."""
    store(database, *counted(FIRST))
    done = run("publish", SLIMMEMETER_PUBLISH=f"influx+http://127.0.0.1:{free_port()}")
    assert (done.returncode, "can't be reached" in done.stderr) == (8, True)
    done = run("publish", SLIMMEMETER_PUBLISH="influx+http://127.0.0.1:1?precision=s")
    assert (done.returncode, "precision" in done.stderr) == (2, True)
