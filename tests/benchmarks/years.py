"""A file of ten years beside one of a year: registers at borders, tables, a pull, bytes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial

from house import Demo
from measure import Work, busy_s

from slimmemeter.demo import household
from slimmemeter.history import periods
from slimmemeter.history.periods import Period
from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.writer import Writer
from slimmemeter.web.app import create_app
from support.readings import EVERY_S

YEARS = 10
YEAR_S = 365 * 86400
REGISTERS = ("import_t1_wh", "import_t2_wh", "export_t1_wh", "export_t2_wh")
MATURE_WH = 9_000_000  # past where SQLite's integers of three bytes end


class Files:
    """The demo's year, and ten of them one after another that end where it ends."""

    def __init__(self, demo: Demo, folder: str, every_s: int = EVERY_S) -> None:
        self.one, self.ten = demo.database, f"{folder}/ten.sqlite3"
        shutil.copy(self.one, self.ten)
        with closing(sqlite3.connect(self.ten)) as db, db:
            for table, counters in (("readings", REGISTERS), ("mbus_readings", ("counter",))):
                _multiply(db, table, counters)

    def borders(self, path: str) -> Work:
        """The registers at the 366 borders of the last year's days."""
        reader = Reader(path)
        series, *_ = every = reader.series(reader.meters())
        year = _year(series.last)
        days = year.borders("day")
        return busy_s(partial(reader.curves, series, [each.register for each in every], days))

    def json(self, path: str, url: str) -> Work:
        """A table through the web app, as JSON."""
        client = create_app(Settings({"--db": path})).test_client()
        return busy_s(partial(client.get, url))


def _multiply(db: sqlite3.Connection, table: str, counters: tuple[str, ...]) -> None:
    """Move a year's rows nine years back, and put nine like them behind them."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    steps = ", ".join(f"max({name}) - min({name})" for name in ("taken_at", *counters))
    span_s, *used = db.execute(f"SELECT {steps} FROM {table}").fetchone()
    a_year = dict(zip(counters, used, strict=True)) | {"id": span_s + EVERY_S}
    db.execute(f"CREATE TEMP TABLE year AS SELECT {', '.join(columns)} FROM {table}")
    db.execute(f"DELETE FROM {table}")
    for number in range(YEARS):
        more = a_year | {"id": a_year["id"] * (number + 1 - YEARS)}
        moved = [
            f"{name} + {more[name] * (1 if name == 'id' else number)}" if name in more else name
            for name in columns
        ]
        db.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(moved)} FROM year"
        )
    db.execute("DROP TABLE year")


def bytes_a_reading(folder: str, belgian: bool) -> float:
    """The whole file by its readings: three phases, gas every five minutes, mature registers; in
    Belgium water and the running quarter-hour too."""
    path = f"{folder}/{'belgian' if belgian else 'dutch'}.sqlite3"
    with Writer(path) as writer:
        writer.add_many(_months(belgian), None)
    with closing(sqlite3.connect(path)) as db:
        (readings,) = db.execute("SELECT count(*) FROM readings").fetchone()
    return os.path.getsize(path) / int(readings)


def _months(belgian: bool) -> Iterator[tuple[Reading, int]]:
    """What ninety days of pulls store."""
    now = int(time.time())
    begin = now - now % EVERY_S - 90 * 86400
    house = household.House(begin, dict.fromkeys(REGISTERS, MATURE_WH), MATURE_WH)
    for at in range(begin + EVERY_S + 3, now, EVERY_S):
        house.advance(at)
        reading = house.reading()
        if belgian:
            reading.values["running_quarter_w"] = reading.values["power_import_w"]
            water = MbusReading(2, 7, "W0052000000008765", at - 17, 400_000 + at // 4000, "dm3")
            reading.devices.append(water)
        yield reading, at


def _year(last: int) -> Period:
    return periods.today("year", last, household.ZONE)
