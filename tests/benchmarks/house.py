"""Simulated houses: one whose meter speaks now, and the demo's, with a year of readings."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

from slimmemeter.demo import household, run
from slimmemeter.demo.meter import telegram
from slimmemeter.p1.reading import Reading
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.writer import Writer
from support.house import house_of
from support.readings import EVERY_S

DAYS = 40


class House:
    """A meter, and the database of the forty days until the pull before the next one, or one that
    holds more."""

    def __init__(self, database: str) -> None:
        self.database = database
        now = int(time.time())
        if os.path.exists(database):
            _forget_since(database, now - 2 * EVERY_S)
            self._house = _house_of(database)
        else:
            begin = now - now % EVERY_S - DAYS * 86400
            self._house = house_of(begin)
            with Writer(database) as writer:
                writer.add_many(self._history(now - EVERY_S), run.SIMULATED)
        with closing(sqlite3.connect(self.database)) as database:
            self._newest = {
                table: database.execute(f"SELECT max(id) FROM {table}").fetchone()
                for table in ("readings", "mbus_readings")
            }

    def _history(self, until: int) -> Iterator[tuple[Reading, int]]:
        for at in range(self._house.at + EVERY_S, until, EVERY_S):
            self._house.advance(at)
            yield self._house.reading(), at

    def telegram(self) -> bytes:
        """What the meter says now."""
        self._house.advance(int(time.time()))
        return telegram(self._house.reading())

    def forget(self) -> None:
        """Take out what one pull stored, so that the next one finds what this one found.

        :raises RuntimeError: it isn't one reading, and one of the gas meter.
        """
        with closing(sqlite3.connect(self.database, isolation_level=None)) as database:
            for table, newest in self._newest.items():
                stored = database.execute(f"DELETE FROM {table} WHERE id > ?", newest).rowcount
                if stored != 1:
                    raise RuntimeError(f"a pull stored {stored} rows in {table}")


def _forget_since(path: str, at: int) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for table in ("readings", "mbus_readings"):
            database.execute(f"DELETE FROM {table} WHERE taken_at > ?", (at,))


def _house_of(path: str) -> household.House:
    """The house as the newest reading of a database has it."""
    with Reader(path) as reader:
        house = Snapshot(reader)
        newest, (gas,) = house.newest, house.device_series
        ((counter, _),) = reader.neighbours(gas, [gas.last])
    assert newest is not None
    registers = {name: newest.values[name] for name in household.START_WH}
    assert counter is not None
    return household.House(newest.taken_at, registers, counter.values[gas.register])


class Demo:
    """The demo's database."""

    def __init__(self, folder: str) -> None:
        self.database = f"{folder}/demo.sqlite3"
        run.fill(self.database, int(time.time()), lambda answer: None)
