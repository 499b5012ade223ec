"""Readings in a real server of PostgreSQL: the same as in the file, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from support.database import rows
from support.house import fill
from support.postgresql import PASSWORD, PgBouncer, PostgreSQLServer
from support.programs import SLIMMEMETER, Done, Run
from support.readings import DAY, EVERY_S, HOUR, MONDAY, counted, reading, store

pytestmark = pytest.mark.servers
FIRST = 10_000_000
OURS = "SELECT taken_at, import_t1_wh, export_t2_wh, power_import_w FROM readings ORDER BY taken_at"
THEIRS = (
    "SELECT extract(epoch FROM taken_at)::bigint, import_t1_wh, export_t2_wh, power_import_w"
    " FROM readings WHERE house = '{}' ORDER BY taken_at"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQLServer]:
    """One server for all tests; each has a house of its own."""
    with PostgreSQLServer(tmp_path_factory.mktemp("server")) as made:
        yield made


class Publisher:
    """The real `slimmemeter publish` for a house of the server."""

    def __init__(self, run: Run, url: str, house: str) -> None:
        self._run = run
        self.url = f"{url}?house={house}"

    def __call__(self, *arguments: str, code: int = 0) -> Done:
        done = self._run("publish", *arguments, SLIMMEMETER_PUBLISH=self.url)
        assert done.returncode == code, done.stderr
        return done


@pytest.fixture
def house(request: pytest.FixtureRequest) -> str:
    """Its name."""
    name: str = request.node.originalname
    return name[:40]


@pytest.fixture
def publish(run: Run, server: PostgreSQLServer, house: str) -> Publisher:
    """Publishes the test's database."""
    return Publisher(run, server.url, house)


def test_history_comes_if_it_is_asked_for(
    publish: Publisher, server: PostgreSQLServer, database: Path, house: str
) -> None:
    """A new target gets the newest readings, with --since all; the Wh are those of the file."""
    fill(database, MONDAY, MONDAY + DAY)
    done = publish("--init")
    assert "its tables are there" in done.stdout
    assert server.rows(THEIRS.format(house)) == rows(database, OURS)[-1:]
    done = publish("--since", "2026-10-01")
    assert server.rows(THEIRS.format(house)) == rows(database, OURS)
    gas = f"SELECT counter FROM mbus_readings WHERE house = '{house}' ORDER BY taken_at"
    assert server.rows(gas) == rows(database, "SELECT counter FROM mbus_readings ORDER BY taken_at")
    meters = f"SELECT equipment, version FROM meters WHERE house = '{house}'"
    assert server.rows(meters) == rows(database, "SELECT equipment, version FROM meters")
    assert publish().stdout.endswith(": 0 readings\n")


def test_many_houses_may_share_connections(
    run: Run, server: PostgreSQLServer, database: Path, tmp_path: Path, house: str
) -> None:
    """Through a PgBouncer that gives each transaction whichever connection is free."""
    fill(database, MONDAY - 110 * DAY, MONDAY)
    with PgBouncer(tmp_path, server) as bouncer:
        publish = Publisher(run, bouncer.url, house)
        for _ in range(2):
            publish("--init", "--since", "2026-01-01")
    assert server.rows(THEIRS.format(house)) == rows(database, OURS)


def test_tables_that_are_missing_are_told(run: Run, database: Path, tmp_path: Path) -> None:
    """Without --init the sentence names it, and a server that is away its address, no password."""
    fill(database, MONDAY, MONDAY + HOUR)
    with PostgreSQLServer(tmp_path) as server:
        done = run("publish", SLIMMEMETER_PUBLISH=server.url)
        assert done.returncode == 8
        assert "tables are missing; this makes them: `slimmemeter publish --init`" in done.stderr
    done = run("publish", SLIMMEMETER_PUBLISH=server.url)
    assert done.returncode == 8
    assert f"127.0.0.1:{server.port}/postgres?house=home can't be used: " in done.stderr
    assert PASSWORD not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_password_may_stand_in_a_file(
    run: Run, server: PostgreSQLServer, database: Path, tmp_path: Path, house: str
) -> None:
    """The URL names the file; a wrong password is refused in a sentence."""
    fill(database, MONDAY, MONDAY + HOUR)
    file = tmp_path / "password"
    bare = server.url.replace(f":{PASSWORD}", "")
    url = f"{bare}?house={house}&password_file={file}"
    assert run("publish", SLIMMEMETER_PUBLISH=url).returncode == 2
    file.write_text("wrong\n")
    done = run("publish", SLIMMEMETER_PUBLISH=url)
    assert (done.returncode, "password authentication failed" in done.stderr) == (8, True)
    file.write_text(f"{PASSWORD}\n")
    assert run("publish", "--init", SLIMMEMETER_PUBLISH=url).returncode == 0


def test_two_databases_are_not_mixed_as_one_house(
    publish: Publisher, server: PostgreSQLServer, database: Path, house: str
) -> None:
    """Another database that publishes as a house that is there is refused."""
    fill(database, MONDAY, MONDAY + HOUR)
    publish("--init")
    before = server.rows(THEIRS.format(house))
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    store(database, *counted(5, 6, 7))
    done = publish("--since", "2020-01-01", code=8)
    assert "readings of another database as this house" in done.stderr
    assert server.rows(THEIRS.format(house)) == before


def test_what_is_set_aside_or_undone_goes_there_too(
    publish: Publisher, run: Run, server: PostgreSQLServer, database: Path, tmp_path: Path,
    house: str,
) -> None:  # fmt: skip
    """Rows that don't count any more are deleted, those that count again come back."""
    store(database, *counted(*range(FIRST, FIRST + 13)))
    sql = (
        "SELECT extract(epoch FROM taken_at)::bigint, import_t1_wh FROM readings"
        f" WHERE house = '{house}' ORDER BY taken_at"
    )
    every = [(MONDAY + EVERY_S * place, FIRST + place) for place in range(13)]
    publish("--init", "--since", "2020-01-01")
    assert server.rows(sql) == every
    assert run("set-aside", "2026-10-26T00:15", "--until", "2026-10-26T00:20").returncode == 0
    publish()
    assert server.rows(sql) == every[:3] + every[5:]
    assert run("set-aside", "--undo", "2026-10-26").returncode == 0
    publish()
    assert server.rows(sql) == every
    notebook = tmp_path / "notebook.csv"
    notebook.write_text("time,import_t1_kwh\n2026-10-25,9990.000\n2026-10-26T00:02,10000.000\n")
    assert run("import", notebook).returncode == 0
    publish()
    assert len(server.rows(sql)) == 15
    assert run("import", "--undo", "1").returncode == 0
    publish()
    assert server.rows(sql) == every


def test_zeros_never_arrive(
    publish: Publisher, server: PostgreSQLServer, database: Path, house: str
) -> None:
    """A register that waits to be understood is left out; the other one goes on."""
    pairs = [(FIRST + place, 5 * place) for place in range(8)] + [(0, 40), (FIRST + 9, 45)]
    sql = (
        f"SELECT import_t1_wh, import_t2_wh FROM readings WHERE house = '{house}' ORDER BY taken_at"
    )
    publish_arguments = ["--init", "--since", "2020-01-01"]
    for place, (one, two) in enumerate(pairs):
        values = {"import_t1_wh": one, "import_t2_wh": two}
        store(database, (MONDAY + EVERY_S * place, reading(values)))
        publish(*publish_arguments)
        publish_arguments = []
    expected: list[tuple[int | None, int]] = list(pairs)
    expected[8] = (None, 40)
    assert server.rows(sql) == expected


def test_kills_lose_and_double_nothing(run: Run, database: Path, tmp_path: Path) -> None:
    """The server and the publisher are killed again and again in the middle of a long catch-up; in
    the end every Wh is there once."""
    fill(database, MONDAY - 40 * DAY, MONDAY)
    random = Random(7)
    with PostgreSQLServer(tmp_path) as server:
        environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        environ |= {"SLIMMEMETER_DB": str(database), "SLIMMEMETER_PUBLISH": server.url}
        assert run("publish", "--init", SLIMMEMETER_PUBLISH=server.url).returncode == 0
        command = [*SLIMMEMETER, "publish", "--since", "2020-01-01"]
        for number in range(6):
            process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=random.uniform(0.3, 0.8))
            except subprocess.TimeoutExpired:
                pass
            if number % 2:
                server.kill()
                process.wait(timeout=60)
                server.start()
            else:
                process.send_signal(signal.SIGKILL)
                process.wait(timeout=60)
        assert run("publish", "--since", "2020-01-01", **environ).returncode == 0
        assert server.rows(THEIRS.format("home")) == rows(database, OURS)
        with psycopg.connect(server.url) as db:
            (twice,) = db.execute(
                "SELECT count(*) - count(DISTINCT (house, series, taken_at)) FROM readings"
            ).fetchone() or (None,)
    assert twice == 0
