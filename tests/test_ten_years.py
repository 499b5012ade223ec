"""Years of a house, pull by pull: whatever happens to meters, clocks and the computer, each year's
totals are what the meters counted, to the Wh.

Everything is real but the wire and the clocks: `p1-pull` itself stores what a simulated meter says,
each time in a transaction of its own, and the real server shows it. Four months with a pull every
100 minutes are in each run; `--years 10` makes it ten years, with a pull every five.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Self

import pytest

from slimmemeter import clock, pull, request
from slimmemeter.demo import household
from slimmemeter.demo.household import ZONE, House
from slimmemeter.demo.meter import telegram
from slimmemeter.line import port
from slimmemeter.store import backup
from support.database import rows
from support.house import house_of
from support.memory import resident_kb
from support.serving import Server
from support.telegrams import with_crc

HOUR, DAY = 3600, 86400
MONTHS_5 = 150 * DAY


class Life:
    """A house whose meters are replaced, and that gets its solar panels after some years."""

    def __init__(self, at: int) -> None:
        self.house = house_of(at)
        self.meter, self.gas_meter = household.METER, household.GAS_METER

    @property
    def at(self) -> int:
        """The instant that it has come to."""
        return self.house.at

    def replace_meter(self) -> None:
        """A new one, that begins to count."""
        gas_dm3 = self.registers()["gas_m3"]
        self.meter = "E0052000000009999"
        self.house = House(self.at, dict.fromkeys(household.START_WH, 0), gas_dm3)

    def replace_gas_meter(self) -> None:
        """A new one, of another id."""
        values = self.house.reading().values
        self.gas_meter = "G0052000000009999"
        self.house = House(self.at, {name: values[name] for name in household.START_WH}, 0)

    def registers(self) -> dict[str, int]:
        """The displays of both meters, as columns of the tables, in Wh and dm3."""
        reading = self.house.reading()
        shown = {name.replace("_wh", "_kwh"): reading.values[name] for name in household.START_WH}
        return shown | {"gas_m3": reading.devices[0].counter}

    def telegram(self, stamp_off_s: int) -> bytes:
        """A telegram of these meters, by a clock that is off."""
        text = telegram(self.house.reading()).decode()
        for old, new in ((household.METER, self.meter), (household.GAS_METER, self.gas_meter)):
            text = text.replace(old.encode().hex().upper(), new.encode().hex().upper())
        clock_says = datetime.fromtimestamp(self.at + stamp_off_s, ZONE)
        stamp = f"{clock_says:%y%m%d%H%M%S}{'S' if clock_says.dst() else 'W'}"
        text = re.sub(r"0-0:1.0.0\(\w+\)", f"0-0:1.0.0({stamp})", text)
        return with_crc(*text.split("\r\n")[:-2])


class Wire:
    """In the place of a serial port: whoever opens it hears the meter at once."""

    def __init__(self, speak: Callable[[], bytes]) -> None:
        self._speak = speak

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def pieces(self) -> Iterator[bytes]:
        """One telegram."""
        yield self._speak()


class World:
    """Time, and what happens in it."""

    def __init__(self, begin: datetime, end: datetime, every_s: int, database: Path) -> None:
        self.begin, self.end = int(begin.timestamp()), int(end.timestamp())
        self.every_s, self.database = every_s, database
        self.house = Life(self.begin)
        self.clock_off_s = self.stamp_off_s = 0
        self.is_synchronised = True
        self.counted: dict[int, dict[str, int]] = {}  # by year
        self._since = self.house.registers()
        self._planned = sorted(self._plan(), key=lambda each: each[0])
        self._off_until = 0

    def _plan(self) -> Iterator[tuple[int, Callable[[], None]]]:
        """What happens when, by the part of all years that has passed; never at New Year."""
        length, copy = self.end - self.begin, self.database.with_name("backups")

        def at(part: float) -> int:
            moment = self.begin + int(length * part)
            return moment - moment % DAY + 10 * DAY * (moment % (365 * DAY) < 20 * DAY) + 9 * HOUR

        yield at(0.05), lambda: self._be_off(2 * DAY)
        yield at(0.12), lambda: self._set(clock_off_s=-at(0.12), is_synchronised=False)
        yield at(0.12) + HOUR, lambda: self._set(clock_off_s=0, is_synchronised=True)
        yield at(0.20), lambda: self._set(stamp_off_s=-MONTHS_5)
        yield at(0.20) + 7 * DAY, lambda: self._set(stamp_off_s=0)
        yield at(0.33), self._replace_meter
        yield at(0.60), self._replace_gas_meter
        yield at(0.75), lambda: self._back_up(copy)
        yield at(0.75) + 6 * HOUR, lambda: self._restore(copy)

    def _set(self, **values: object) -> None:
        vars(self).update(values)

    def _be_off(self, seconds: int) -> None:
        self._off_until = self.house.at + seconds

    def _replace_meter(self) -> None:
        self._count()
        self.house.replace_meter()
        self._replaced()

    def _replace_gas_meter(self) -> None:
        self._count()
        self.house.replace_gas_meter()
        self._replaced()

    def _replaced(self) -> None:
        """What is used until the new meter is read first, nobody can know."""
        self.pull()
        self._since = self.house.registers()

    def _back_up(self, folder: Path) -> None:
        folder.mkdir()
        backup.make(str(self.database), str(folder))

    def _restore(self, folder: Path) -> None:
        (made,) = folder.iterdir()
        backup.restore(str(made), str(self.database), lambda content: True)

    def _count(self) -> None:
        """Add what the registers rose since they were looked at last to what this year counted."""
        year = self.counted.setdefault(datetime.fromtimestamp(self.house.at - 1, ZONE).year, {})
        now = self.house.registers()
        for name, value in now.items():
            year[name] = year.get(name, 0) + value - self._since[name]
        self._since = now

    def pull(self) -> None:
        """The real pull, of the meter's telegram now."""
        pull.pull(request.Request())

    def live(self) -> Iterator[int]:
        """Let the years pass; yields each that has ended."""
        borders = [
            int(datetime(year, 1, 1, tzinfo=ZONE).timestamp())
            for year in range(2016, datetime.fromtimestamp(self.end, ZONE).year + 1)
        ]
        moments = sorted({*range(self.begin, self.end + 1, self.every_s), *borders})
        for moment in moments:
            while self._planned and self._planned[0][0] <= moment:
                self._planned.pop(0)[1]()
            self.house.house.advance(moment)
            if moment >= self._off_until:
                self.pull()
            if moment in borders:
                self._count()
                yield datetime.fromtimestamp(moment - 1, ZONE).year


@pytest.fixture
def world(pytestconfig: pytest.Config, database: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A house before its first reading."""
    years = pytestconfig.getoption("--years")
    begin, end = datetime(2015, 1 if years else 9, 1), datetime(2015 + (years or 1), 1, 1)
    made = World(
        begin.replace(tzinfo=ZONE), end.replace(tzinfo=ZONE), 300 if years else 6000, database
    )
    panels_at = made.begin + (made.end - made.begin) // 4

    class Day(household.Day):
        def rates(self, at: int) -> tuple[int, int, int]:
            use_w, sun_w, gas_dm3_h = super().rates(at)
            return use_w, sun_w if at >= panels_at else 0, gas_dm3_h

    monkeypatch.setattr(household, "Day", Day)
    monkeypatch.setenv("SLIMMEMETER_DB", str(database))
    monkeypatch.setattr(clock, "now", lambda: made.house.at + made.clock_off_s)
    monkeypatch.setattr(clock, "is_synchronised", lambda: made.is_synchronised)
    monkeypatch.setenv("SLIMMEMETER_PORT", "/dev/wire")
    speak = lambda: made.house.telegram(made.stamp_off_s)  # noqa: E731
    monkeypatch.setattr(port, "Port", lambda *_: Wire(speak))
    return made


def test_every_year_adds_up_whatever_happened(
    world: World, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever happens to meters and clocks, each year's total is what the meters counted."""
    server: Server | None = None
    memory_kb, files = [], []
    for year in world.live():
        server = server or Server(database, tmp_path)
        for page in (f"year/{year}", f"year/{year}/hours.png", "years", "meter", ""):
            urllib.request.urlopen(f"{server.url}/{page}").read()
        counted: dict[str, float] = {}
        for name in ("electricity", "gas"):
            with urllib.request.urlopen(f"{server.url}/year/{year}/{name}.json") as answer:
                counted |= json.loads(answer.read())["totals"]
        result = {name: round(value * 1000) for name, value in counted.items()}
        assert result == world.counted[year], year
        memory_kb.append(resident_kb(server.process.pid))
        files.append(len(os.listdir(f"/proc/{server.process.pid}/fd")))
    assert server is not None
    server.stop()
    assert files[-1] <= files[0]
    assert memory_kb[-1] <= max(memory_kb[0] * 1.2, 100_000)
    readings = rows(database, "SELECT count(*) FROM readings")[0][0]
    assert database.stat().st_size <= 82 * int(readings) + 200_000  # type: ignore[call-overload]
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    kinds = {kind for (kind,) in rows(database, "SELECT DISTINCT kind FROM events")}
    assert {"gap", "clock off", "clock right"} <= kinds
    with capsys.disabled():
        print(
            f" {readings} readings, {database.stat().st_size / 1e6:.1f} MB, {memory_kb} kB", end=""
        )
