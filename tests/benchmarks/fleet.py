"""By hand: many houses, a year each, into one mosquitto and one PostgreSQL that are killed.

`python tests/benchmarks/fleet.py [--houses 100] [--seed 1]` ends with what arrived beside what the
houses have, to the Wh, and with what a reading costs each server. docs/fleet.md has its figures.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

sys.path.append(str(Path(__file__).parents[1]))  # for `support`

from house import Demo

from support.mosquitto import PASSWORD, USER, Mosquitto
from support.postgresql import PostgreSQLServer
from support.programs import SLIMMEMETER

REGISTERS = ("import_t1_wh", "import_t2_wh", "export_t1_wh", "export_t2_wh")
AT_ONCE = 2
PAUSES_S = {"publisher": (5, 15), "postgresql": (15, 45), "mosquitto": (30, 60)}
ROUNDS = 3  # of a new reading of every house, which tell what one costs
STEP_S = 300
TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Sums:
    """What arrived of a house: its readings, and the sum of each register over all of them."""

    seen: set[str] = field(default_factory=set)
    doubled: int = 0
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, message: dict[str, int | str]) -> None:
        """Count a reading once, however often it comes."""
        key = f"{message.get('series', 'gas')} {message['taken_at']}"
        if key in self.seen:
            self.doubled += 1
            return
        self.seen.add(key)
        for name in (*REGISTERS, "counter"):
            self.sums[name] = self.sums.get(name, 0) + int(message.get(name) or 0)


class Fleet:
    """The houses' databases, and the runs that publish them."""

    def __init__(self, folder: Path, count: int, urls: dict[str, str]) -> None:
        self.folder, self.urls = folder, urls
        self.names = [f"h{number:03}" for number in range(count)]
        self.killed = 0
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        year = Demo(str(folder)).database
        for number, name in enumerate(self.names):
            shutil.copy(year, self.database(name))
            with closing(sqlite3.connect(self.database(name))) as db, db:
                _make_different(db, number)

    def database(self, name: str) -> Path:
        """The file of a house."""
        return self.folder / f"{name}.sqlite3"

    def publish(self, name: str, target: str, *arguments: str) -> bool:
        """One run of the program, as cron starts it."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "SLIMMEMETER_DB": str(self.database(name)),
            "SLIMMEMETER_PUBLISH": f"{self.urls[target]}?house={name}",
        }
        command = [*SLIMMEMETER, "publish", *arguments]
        with open(self.folder / f"{target}.log", "ab") as log:
            process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        with self._lock:
            self._running.add(process)
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return code == 0

    def catch_up(self, target: str) -> None:
        """Every house sends all it has, in as many runs as it takes."""

        def all_of(name: str) -> None:
            first = ["--init", "--since", "2015-01-01"]
            while not self.publish(name, target, *first):
                first = [] if self._has_begun(name) else first

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(all_of, self.names))

    def _has_begun(self, name: str) -> bool:
        """Whether a run got as far as storing that everything is to be sent."""
        with closing(sqlite3.connect(self.database(name), timeout=30)) as db:
            has_table = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'cursors'").fetchone()
            sql = "SELECT count(*) FROM cursors WHERE at < 1430000000"
            return bool(has_table) and bool(db.execute(sql).fetchone()[0])

    def kill_one(self) -> None:
        """End a run, as a power cut does."""
        with self._lock:
            for process in list(self._running)[:1]:
                process.kill()
                self.killed += 1

    def add_reading(self) -> None:
        """Every house reads its meter once more."""
        for name in self.names:
            with closing(sqlite3.connect(self.database(name))) as db, db:
                columns = ", ".join(("tariff", "source", *REGISTERS))
                db.execute(
                    f"INSERT INTO readings (id, {columns}) SELECT id + {STEP_S}, {columns}"
                    " FROM readings ORDER BY id DESC LIMIT 1"
                )

    def thin(self) -> None:
        """Leave every house a reading an hour: a broker takes messages one by one."""
        for name in self.names:
            with closing(sqlite3.connect(self.database(name))) as db, db:
                for table in ("readings", "mbus_readings"):
                    newest = f"SELECT max(id) FROM {table}"
                    db.execute(
                        f"DELETE FROM {table} WHERE taken_at % 3600 >= {STEP_S} AND id < ({newest})"
                    )

    def sums(self, name: str) -> tuple[int, ...]:
        """The number of readings of both kinds, and the sum of each register over all of them."""
        each = ", ".join(f"sum({register})" for register in REGISTERS)
        with closing(sqlite3.connect(self.database(name))) as db:
            meter = db.execute(f"SELECT count(*), {each} FROM readings").fetchone()
            gas = db.execute("SELECT count(*), sum(counter) FROM mbus_readings").fetchone()
        return (*meter, *gas)


def _make_different(db: sqlite3.Connection, number: int) -> None:
    """Let a house use so many hundredths more, and have a mark of its own."""
    for table, columns in (("readings", REGISTERS), ("mbus_readings", ("counter",))):
        more = ", ".join(f"{name} = {name} * {100 + number} / 100" for name in columns)
        db.execute(f"UPDATE {table} SET {more}")
    db.execute("UPDATE file SET mark = mark || ?", (f"-{number}",))


def listen(port: int, path: Path) -> None:
    """As a process of its own: sum up the readings of all houses until a file says so."""
    from paho.mqtt import client as paho

    houses: dict[str, Sums] = {}

    def on_message(_: object, __: object, message: paho.MQTTMessage) -> None:
        content = json.loads(message.payload)
        if "taken_at" in content:
            houses.setdefault(content["house"], Sums()).add(content)

    client = paho.Client(paho.CallbackAPIVersion.VERSION2, "fleet", clean_session=False)
    client.username_pw_set(USER, PASSWORD)
    client.reconnect_delay_set(1, 1)
    client.on_message = on_message
    client.on_connect = lambda *_: client.subscribe("slimmemeter/+/reading", 1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    while True:
        time.sleep(1)
        found = {
            name: [len(each.seen), *each.sums.values(), each.doubled]
            for name, each in list(houses.items())
        }
        path.with_suffix(".new").write_text(json.dumps(found))
        path.with_suffix(".new").replace(path)


@contextmanager
def _listener(broker: Mosquitto, path: Path) -> Iterator[None]:
    command = [sys.executable, __file__, "--listen", str(broker.port), str(path)]
    process = subprocess.Popen(command)
    time.sleep(2)  # until it has subscribed; what comes before would not be kept for it
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _trouble(seed: int, troubles: dict[str, Callable[[], None]]) -> Iterator[dict[str, int]]:
    """Let each trouble happen again and again."""
    done, counts = Event(), dict.fromkeys(troubles, 0)

    def repeat(name: str) -> None:
        chance = random.Random(f"{seed} {name}")
        while not done.wait(chance.uniform(*PAUSES_S[name])):
            troubles[name]()
            counts[name] += 1

    threads = [Thread(target=repeat, args=(name,)) for name in troubles]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _restart(stop: Callable[[], None], start: Callable[[], None]) -> Callable[[], None]:
    def restart() -> None:
        stop()
        time.sleep(1)
        start()

    return restart


def _cpu_s(pid: int) -> float:
    """The CPU time of a process and of its children that have ended."""
    text = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, text[11:15])) / TICKS_S


def _pid_on(port: int) -> int:
    """The process that listens on a port."""
    listing = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True)
    return min(int(part.split(",")[0]) for part in listing.stdout.split("pid=")[1:])


def _steady(fleet: Fleet, target: str, port: int) -> str:
    """What the newest reading of a house costs a server."""
    begin_s, before_s = _cpu_s(_pid_on(port)), time.monotonic()
    for _ in range(ROUNDS):
        fleet.add_reading()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            assert all(pool.map(lambda name: fleet.publish(name, target), fleet.names))
    runs = ROUNDS * len(fleet.names)
    cpu_ms = 1000 * (_cpu_s(_pid_on(port)) - begin_s) / runs
    took_ms = 1000 * (time.monotonic() - before_s) / runs
    return f"{cpu_ms:.2f} ms of CPU a reading, connection and all; {took_ms:.0f} ms by the clock"


def _catch_up(fleet: Fleet, target: str, seed: int, troubles: dict[str, Callable[[], None]]) -> str:
    begin_s = time.monotonic()
    with _trouble(seed, troubles | {"publisher": fleet.kill_one}) as counts:
        fleet.catch_up(target)
    took_s = time.monotonic() - begin_s
    readings = sum(fleet.sums(name)[0] + fleet.sums(name)[5] for name in fleet.names)
    return f"{readings} readings in {took_s:.0f} s, {readings / took_s:.0f} a second; {counts}"


def _postgresql(fleet: Fleet, server: PostgreSQLServer, seed: int) -> None:
    trouble = _restart(server.kill, server.start)
    print("postgresql:", _catch_up(fleet, "postgresql", seed, {"postgresql": trouble}), flush=True)
    print("postgresql:", _steady(fleet, "postgresql", server.port), flush=True)
    each = ", ".join(f"sum({register})" for register in REGISTERS)
    meter = dict(_by_house(server, f"SELECT house, count(*), {each} FROM readings"))
    gas = dict(_by_house(server, "SELECT house, count(*), sum(counter) FROM mbus_readings"))
    wrong = [name for name in fleet.names if fleet.sums(name) != (*meter[name], *gas[name])]
    sizes = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relname IN "
    ((size,),) = server.rows(f"{sizes} ('readings', 'mbus_readings')")
    rows = sum(each[0] for each in (*meter.values(), *gas.values()))
    per_row = f"{size / rows:.0f} bytes a row"
    print(f"postgresql: {len(wrong)} houses differ {wrong}; {per_row}", flush=True)


def _by_house(server: PostgreSQLServer, sql: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for house, *values in server.rows(f"{sql} GROUP BY house"):
        yield house, tuple(map(int, values))


def _mqtt(fleet: Fleet, broker: Mosquitto, seed: int, arrived: Path) -> None:
    trouble = _restart(broker.stop, broker.start)
    with _listener(broker, arrived):
        print("mqtt:", _catch_up(fleet, "mqtt", seed, {"mosquitto": trouble}), flush=True)
        print("mqtt:", _steady(fleet, "mqtt", broker.port), flush=True)
        want = {name: _as_heard(fleet.sums(name)) for name in fleet.names}
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            found = json.loads(arrived.read_text())
            wrong = [name for name in fleet.names if found.get(name, [None])[:-1] != want[name]]
            if not wrong:
                break
            time.sleep(5)
    doubled = sum(each[-1] for each in found.values())
    print(f"mqtt: {len(wrong)} houses differ {wrong[:3]}; {doubled} came twice", flush=True)


def _as_heard(sums: tuple[int, ...]) -> list[int]:
    readings, *registers, gas_readings, gas = sums
    return [readings + gas_readings, *registers, gas]


def main() -> None:
    """The whole simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--houses", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--listen", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.listen:
        listen(int(given.listen[0]), Path(given.listen[1]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("p", "m"):
            (folder / each).mkdir()
        with PostgreSQLServer(folder / "p") as server, Mosquitto(folder / "m") as broker:
            urls = {"postgresql": server.url, "mqtt": broker.url}
            fleet = Fleet(folder, given.houses, urls)
            _postgresql(fleet, server, given.seed)
            fleet.thin()
            _mqtt(fleet, broker, given.seed, folder / "arrived.json")
            print("killed while publishing:", fleet.killed)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
