"""Prices of the market: fetched from a server that is good, late, slow, wrong or broken; and from
a CSV."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from slimmemeter.store.reader import Reader
from support.database import rows
from support.price_server import ZONE, PriceServer, Query, days_of, good, send
from support.programs import Run
from support.readings import counted, reading, store

DAYS = 3  # since the first reading
EVERY_S = 300
ALL = "SELECT start, length_s, price_ueur FROM prices WHERE energy = '{}' ORDER BY start"


@pytest.fixture
def house(database: Path) -> Path:
    """A house whose first reading is three days old."""
    first = datetime.now(ZONE).replace(hour=12, minute=0, second=0) - timedelta(days=DAYS)
    store(database, (int(first.timestamp()), reading({"import_t1_wh": 5})))
    return database


def test_missing_days_are_fetched_once(run: Run, house: Path) -> None:
    """From the first reading's day to the last that is published, with source and licence; then
    nobody is asked again."""
    with PriceServer() as server:
        done = run("prices", SLIMMEMETER_PRICES=server.address)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("CC BY 4.0 (made up)\n")
        begin, end = days_of(server.queries[0])
        stored = rows(house, ALL.format("electricity"))
        assert [row[0] for row in stored] == list(range(begin, end, 900))
        assert DAYS <= (end - begin) // 86400 - 1 <= DAYS + 1
        assert run("prices", SLIMMEMETER_PRICES=server.address).stdout == "all prices are there\n"
        assert run("prices", "--if-due", SLIMMEMETER_PRICES=server.address).stdout == ""
        assert len(server.queries) == 1
    ((name, licence),) = rows(house, "SELECT name, licence FROM price_sources")
    assert (name, licence) == (server.address.split("/")[2], "CC BY 4.0 (made up)")


def test_a_long_past_is_fetched_in_pieces(run: Run, database: Path) -> None:
    """The newest first, each of a quarter of a year at most; every day once."""
    first = datetime.now(ZONE).replace(hour=12) - timedelta(days=200)
    store(database, (int(first.timestamp()), reading({"import_t1_wh": 5})))
    with PriceServer() as server:
        assert run("prices", SLIMMEMETER_PRICES=server.address).returncode == 0
        times = [days_of(query) for query in server.queries]
    assert len(times) == 3
    assert [end for _, end in times[1:]] == [begin for begin, _ in times[:-1]]
    assert all(end - begin <= 93 * 86400 for begin, end in times)
    stored = rows(database, ALL.format("electricity"))
    assert [row[0] for row in stored] == list(range(times[-1][0], times[0][1], 900))


def test_prices_that_are_late_come_later(run: Run, house: Path) -> None:
    """404 is no failure: a sentence, and the next try is a later one."""

    def late(handler: BaseHTTPRequestHandler, _: Query) -> None:
        send(handler, b'{"detail": "no data"}', 404)

    with PriceServer(late) as server:
        done = run("prices", "--if-due", SLIMMEMETER_PRICES=server.address)
        assert (done.returncode, done.stderr) == (0, "")
        assert "has no prices of " in done.stdout
        assert not Reader(str(house)).prices("electricity", 0, 1 << 32)
        server.answer = lambda handler, query: send(handler, json.dumps(good(query)).encode())
        run("prices", "--if-due", SLIMMEMETER_PRICES=server.address)
        assert Reader(str(house)).prices("electricity", 0, 1 << 32)


def changed(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda answer: answer | values


STRANGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "its unit isn't EUR / MWh": changed(unit="EUR / kWh"),
    "it has no price for each time": lambda answer: answer | {"price": answer["price"][1:]},
    "its times aren't in order": lambda answer: (
        answer | {"unix_seconds": answer["unix_seconds"][::-1]}
    ),
    "its times aren't quarter-hours": lambda answer: (
        answer | {"unix_seconds": [at + 1 for at in answer["unix_seconds"]]}
    ),
    "its times are no seconds": lambda answer: (
        answer | {"unix_seconds": ["soon"] * len(answer["price"])}
    ),
    "a price is no number": lambda answer: answer | {"price": ["1"] * len(answer["price"])},
    "9000 EUR / MWh is no price of the market": lambda answer: (
        answer | {"price": [9000] * len(answer["price"])}
    ),
    "1E+999999 EUR / MWh is no price of the market": lambda answer: (
        answer | {"price": ["§"] * len(answer["price"])}
    ),
    "it isn't JSON, as if a page stood in between": lambda _: "<html>Log in to this network",
}


@pytest.mark.parametrize(("why", "change"), STRANGE.items(), ids=STRANGE)
def test_a_strange_answer_is_not_stored(
    run: Run, house: Path, why: str, change: Callable[[dict[str, Any]], object]
) -> None:
    """A sentence, exit code 7, and nothing of it is stored."""

    def strange(handler: BaseHTTPRequestHandler, query: Query) -> None:
        answer = change(good(query))
        text = answer if isinstance(answer, str) else json.dumps(answer)
        send(handler, text.replace('"\\u00a7"', "1E999999").encode())

    with PriceServer(strange) as server:
        done = run("prices", SLIMMEMETER_PRICES=server.address)
    assert (done.returncode, done.stdout) == (7, "")
    assert f"gave a strange answer: {why}; nothing of it is stored" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Reader(str(house)).prices("electricity", 0, 1 << 32)


def test_a_slow_answer_is_given_up(run: Run, house: Path) -> None:
    """One byte after the other, for longer than it may take."""
    with PriceServer() as server:

        def slow(handler: BaseHTTPRequestHandler, _: Query) -> None:
            handler.send_response(200)
            handler.end_headers()
            try:
                while not server.closing.wait(0.1):
                    handler.wfile.write(b" ")
            except OSError:  # the program has hung up
                pass

        server.answer = slow
        done = run("prices", SLIMMEMETER_PRICES=server.address, SLIMMEMETER_TIMEOUT="1")
    assert done.returncode == 7
    assert "gave no whole answer within 1 s" in done.stderr


def test_a_broken_answer_is_a_sentence(run: Run, house: Path) -> None:
    """A connection that ends in the middle, an error of the server, and nobody there."""

    def broken(handler: BaseHTTPRequestHandler, _: Query) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.connection.shutdown(socket.SHUT_RDWR)

    def failing(handler: BaseHTTPRequestHandler, _: Query) -> None:
        send(handler, b"", 503)

    with PriceServer(broken) as server:
        done = run("prices", SLIMMEMETER_PRICES=server.address)
        assert (done.returncode, done.stdout) == (7, "")
        assert "broke off in the middle of its answer" in done.stderr
        server.answer = failing
        assert "answers 503" in run("prices", SLIMMEMETER_PRICES=server.address).stderr
    done = run("prices", SLIMMEMETER_PRICES=server.address)
    assert done.returncode == 7
    assert "can't be asked for prices" in done.stderr


def test_hours_and_nulls_are_taken_as_they_are(run: Run, house: Path) -> None:
    """Prices of hours, as there were before October 2025; what isn't known yet stays unknown."""

    def hours(handler: BaseHTTPRequestHandler, query: Query) -> None:
        answer = good(query, 3600)
        answer["price"][-1] = None
        send(handler, json.dumps(answer).encode())

    with PriceServer(hours) as server:
        assert run("prices", SLIMMEMETER_PRICES=server.address).returncode == 0
        begin, end = days_of(server.queries[0])
    stored = rows(house, ALL.format("electricity"))
    assert [row[:2] for row in stored] == [(at, 3600) for at in range(begin, end - 3600, 3600)]


def test_off_is_said_to_a_person_only(run: Run, house: Path) -> None:
    """Cron is silent while prices aren't wanted; and a setting that is none is refused."""
    assert run("prices", "--if-due").stdout == ""
    assert "SLIMMEMETER_PRICES is empty" in run("prices").stderr
    assert run("prices", SLIMMEMETER_PRICES="FR").returncode == 2


def micros(n: int) -> int:
    """Of -50.25 to 49.25, as the number before the point goes."""
    return (n - 50) * 10**6 + (250_000 if n >= 50 else -250_000)


def csv_of(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def test_prices_come_from_a_csv(run: Run, database: Path, tmp_path: Path) -> None:
    """Quarter-hours on the day on which summer time ends, and of gas a day that is longer."""
    store(database, *counted(0, 5))
    begin = int(datetime(2026, 10, 25, tzinfo=ZONE).timestamp())
    stamps = [datetime.fromtimestamp(begin + 900 * n, ZONE).isoformat() for n in range(100)]
    power = tmp_path / "power.csv"
    power.write_text(
        csv_of("start,eur_per_mwh", *(f"{at},{n - 50}.25" for n, at in enumerate(stamps)))
    )
    gas = tmp_path / "gas.csv"
    gas.write_text(csv_of("start;eur_per_m3", "2026-10-24T04:00:00Z;0,3125"))
    done = run("import", power, gas)
    assert f"{power} (prices): 100 new prices" in done.stdout
    assert f"{gas} (prices): 1 new price" in done.stdout
    stored = rows(database, ALL.format("electricity"))
    assert stored == [(begin + 900 * n, 900, micros(n)) for n in range(100)]
    assert rows(database, ALL.format("gas")) == [(begin - 18 * 3600, 25 * 3600, 312_500)]
    assert f"{power} (prices): 0 new prices" in run("import", power).stdout


def test_an_hour_stands_back_for_its_quarters(run: Run, database: Path, tmp_path: Path) -> None:
    """Whichever comes first; a missing quarter of hours of quarters isn't filled by an hour."""
    store(database, *counted(0, 5))
    hour, quarters = tmp_path / "hour.csv", tmp_path / "quarters.csv"
    hour.write_text(csv_of("start,eur_per_mwh", "2026-01-01T00:00Z,50", "2026-01-01T01:00Z,60"))
    times = ("00:00", "00:15", "00:30", "00:45", "01:00")
    quarters.write_text(
        csv_of("start,eur_per_mwh", *(f"2026-01-01T{at}Z,{n}" for n, at in enumerate(times)))
    )
    for files in ((hour, quarters), (quarters, hour)):
        run("import", *files)
        stored = rows(database, ALL.format("electricity"))
        assert [row[1] for row in stored] == [900] * 5
        assert [row[2] for row in stored[:4]] == [n * 10**6 for n in range(4)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-01-01T00:00,50", "start has no Z and no offset"),
        ("2026-01-01T00:07Z,50", "start isn't the begin of a quarter-hour"),
        ("soon,50", "start is no time"),
        ("2026-01-01T00:00Z,dear", "eur_per_mwh is no number"),
        ("2026-01-01T00:00Z,99999", "eur_per_mwh isn't a price of the market"),
        ("2026-01-01T00:00Z,NaN", "eur_per_mwh isn't a price of the market"),
        ("2026-01-01T00:00Z,1.00000001", "eur_per_mwh has more than 6 decimals"),
    ],
)
def test_a_wrong_row_is_left_out(
    run: Run, database: Path, tmp_path: Path, line: str, why: str
) -> None:
    """And reported, with its place."""
    store(database, *counted(0, 5))
    file = tmp_path / "prices.csv"
    file.write_text(csv_of("start,eur_per_mwh", line, "2026-01-02T00:00Z,1"))
    done = run("import", file)
    assert "1 new price" in done.stdout
    assert f"left out: row 2: {why}" in done.stdout
    assert done.returncode == 0


def test_prices_a_kwh_are_those_of_a_mwh(run: Run, database: Path, tmp_path: Path) -> None:
    """In a column of that name; in the other one, a day of such prices is refused."""
    store(database, *counted(0, 5))
    lines = [f"2026-01-01T{n:02}:00Z,0.{10 + n}" for n in range(24)]
    file = tmp_path / "prices.csv"
    file.write_text(csv_of("start,eur_per_kwh", *lines))
    assert "24 new prices" in run("import", file).stdout
    assert [row[2] for row in rows(database, ALL.format("electricity"))][:2] == [
        100 * 10**6, 110 * 10**6,
    ]  # fmt: skip
    file.write_text(csv_of("start,eur_per_mwh", *lines))
    done = run("import", file)
    assert "0 new prices" in done.stdout
    assert "if they are € a kWh, name the column eur_per_kwh" in done.stdout


def test_start_that_comes_twice_has_one_price(run: Run, database: Path, tmp_path: Path) -> None:
    """The same price may come again, another one is left out."""
    store(database, *counted(0, 5))
    file = tmp_path / "prices.csv"
    start = "2026-01-01T00:00Z"
    file.write_text(csv_of("start,eur_per_mwh", f"{start},50", f"{start},50", f"{start},60"))
    done = run("import", file)
    assert "1 new price;" in done.stdout
    assert "left out: row 4: row 2 has another price of that start" in done.stdout
    assert [row[2] for row in rows(database, ALL.format("electricity"))] == [50 * 10**6]


def test_prices_come_along_with_another_database(run: Run, house: Path, tmp_path: Path) -> None:
    """An old card's prices are taken over with its readings."""
    with PriceServer() as server:
        run("prices", SLIMMEMETER_PRICES=server.address)
    known = rows(house, ALL.format("electricity"))
    new = tmp_path / "new.sqlite3"
    assert run("import", "--db", new, house).returncode == 0
    assert rows(new, ALL.format("electricity")) == known
