"""The demo: a database of a simulated year, a meter that sends, the real pull, and the pages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from slimmemeter.demo.household import METER, SLOT_S, START_GAS_DM3, START_WH, ZONE, House
from slimmemeter.demo.meter import SpeakingMeter
from slimmemeter.errors import StoreError
from slimmemeter.p1.reading import Reading
from slimmemeter.settings import Settings, url_of
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.writer import Writer
from slimmemeter.web.server import make_server

PULL_TAKES_S = 3
PULL_EVERY_S = 5
SIMULATED = -1  # in `source` of readings


def fill(database: str, now: int, report: Callable[[str], None]) -> House:
    """Make the database hold a year of readings until `now`, or go on where it ended.

    :returns: the house as it is now.
    :raises StoreError: the database can't be used.
    """
    with Writer(database) as writer:
        if writer.is_unknown(METER):
            raise StoreError(f"{database} holds readings of a real meter: the demo leaves it alone")
        house = _house_of(database) if writer.newest() else _new_house(now)
        writer.add_many(readings(house, now, report), SIMULATED)
    house.advance(now)
    return house


def _new_house(now: int) -> House:
    """The house on the first day of this month a year ago."""
    today = datetime.fromtimestamp(now, ZONE)
    begin = datetime(today.year - 1, today.month, 1, tzinfo=ZONE)
    return House(int(begin.timestamp()), START_WH, START_GAS_DM3)


def _house_of(database: str) -> House:
    with Reader(database) as reader:
        house = Snapshot(reader)
        newest, gas = house.newest, house.device_series[0]
        counter, _ = reader.neighbours(gas, [gas.last])[0]
    if newest is None or counter is None:
        raise StoreError(f"{database} has no reading from which to go on")
    registers = {name: newest.values[name] for name in START_WH}
    return House(newest.taken_at, registers, counter.values[gas.register])


def readings(
    house: House, until: int, report: Callable[[str], None]
) -> Iterator[tuple[Reading, int]]:
    """The readings of a pull every five minutes."""
    begin, days, report_at = house.at, (until - house.at) // 86400, time.monotonic() + 1
    while (pulled_at := house.at - house.at % SLOT_S + SLOT_S + PULL_TAKES_S) <= until:
        house.advance(pulled_at)
        if not _is_off(pulled_at):
            yield house.reading(), pulled_at
        if time.monotonic() > report_at:
            report(f"simulating the house: day {(pulled_at - begin) // 86400} of {days}")
            report_at = time.monotonic() + 1


def _is_off(at: int) -> bool:
    """Whether the computer in the meter cupboard is off: some hours a season."""
    local = datetime.fromtimestamp(at, ZONE)
    return local.toordinal() % 97 == 60 and 2 <= local.hour < 13


def run(settings: Settings, check: bool) -> int:
    """Fill the demo database, let the meter send, pull from it, serve the pages until Ctrl-C.

    :returns: the exit code: 0, or 1 if `check` found a page that is wrong.
    :raises SlimmemeterError: the database or the address can't be used.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    print(f"the simulated house is in {settings.database}", flush=True)
    os.makedirs(os.path.dirname(settings.database), exist_ok=True)
    try:
        house = fill(settings.database, int(time.time()), lambda text: print(text, flush=True))
        return _live_with(house, settings, check)
    except KeyboardInterrupt:
        return 0


def _live_with(house: House, settings: Settings, check: bool) -> int:
    server = make_server(settings)
    meter = SpeakingMeter(house)
    puller = Puller(meter.port, settings.database)
    meter.start()
    puller.start()
    try:
        if check:
            threading.Thread(target=server.run, daemon=True).start()
            return look(url_of(settings.listen))
        print(f"look at {url_of(settings.listen)} (Ctrl-C ends it)", flush=True)
        server.run()  # returns at Ctrl-C
        return 0
    finally:
        puller.stop()
        meter.stop()


class Puller(threading.Thread):
    """The real `p1-pull`, every few seconds."""

    def __init__(self, port: str, database: str) -> None:
        super().__init__(daemon=True)
        program = [sys.executable, "-I", "-m", "slimmemeter.pull"]
        self._command = [*program, "--port", port, "--db", database, "--timeout", "10"]
        self._over = threading.Event()

    def run(self) -> None:
        """Pull until `stop`."""
        while not self._over.wait(PULL_EVERY_S):
            # in a session of its own, so that Ctrl-C lets the pull under way finish
            subprocess.run(self._command, check=False, start_new_session=True)

    def stop(self) -> None:
        """Pull no more, and wait for the pull under way."""
        self._over.set()
        self.join()


def look(url: str) -> int:
    """Fetch the pages as a visitor would, and print what is there.

    :returns: 0 if everything is there, else 1.
    """
    live = _live(url)
    newest = live.get("at", "none")
    print(f"newest reading: {newest}, from the meter: {'yes' if live else 'no'}")
    month = f"{newest:.7}"
    names = ("", f"day/{newest:.10}", f"month/{month}", f"year/{newest:.4}", "years", "meter")
    pictures = [f"{name}/electricity.png" for name in names[1:5]]
    well = [_fetched(url, name) for name in (*names, *pictures)]
    status, body = _get(f"{url}/month/{month}/electricity.json")
    totals = json.loads(body)["totals"] if status == 200 else {}
    print(f"totals of {month}: {', '.join(f'{name} {value}' for name, value in totals.items())}")
    well += [bool(live), bool(totals)]
    print("all is well" if all(well) else "something is missing")
    return 0 if all(well) else 1


def _live(url: str) -> dict[str, str]:
    """The answer of `/now.json` once a reading came from the meter; empty if none comes."""
    begin = datetime.now(ZONE)
    while datetime.now(ZONE) < begin + timedelta(seconds=20):
        status, body = _get(f"{url}/now.json")
        now: dict[str, str] = json.loads(body) if status == 200 else {}
        if now and datetime.fromisoformat(now["at"]) >= begin - timedelta(seconds=2):
            return now
        time.sleep(0.2)
    return {}


def _fetched(url: str, name: str) -> bool:
    status, body = _get(f"{url}/{name}")
    print(f"/{name}: {status}, {len(body)} bytes")
    return status == 200 and len(body) > 1000


def _get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
