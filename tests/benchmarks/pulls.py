"""Whole pulls as processes, from a pseudo-terminal to a committed row, in CPU time."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing

from house import House
from line import Line
from measure import cpu_s

HERE = os.path.dirname(os.path.abspath(__file__))
PULL = "from slimmemeter.pull import main; main()"  # as scripts/pull.sh has it
CRON = {"HOME": os.path.expanduser("~"), "PATH": os.defpath, "SHELL": "/bin/sh"}


def imports() -> float:
    """A program that imports three modules of those that a pull could use, and does nothing."""
    return cpu_s([sys.executable, "-c", "import serial, sqlite3, argparse"], CRON)


class Ours:
    """The pull as scripts/pull.sh starts it: settings in the environment, no flags."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __call__(self) -> float:
        """Pull once. :raises RuntimeError: it didn't store one reading with its gas."""
        with Line(self._house.telegram) as line:
            places = {"SLIMMEMETER_PORT": line.port, "SLIMMEMETER_DB": self._house.database}
            cost_s = cpu_s([sys.executable, "-I", "-c", PULL], CRON | places)
        self._house.forget()
        return cost_s


class Theirs:
    """A pull of a few lines on another library, into a table of its own."""

    def __init__(self, script: str, house: House, folder: str) -> None:
        self._script = f"{HERE}/{script}"
        self._house = house
        self._database = f"{folder}/{script}.sqlite3"
        with closing(sqlite3.connect(self._database)) as database:
            columns = "taken_at INTEGER PRIMARY KEY, low, normal, low_back, normal_back, now, gas"
            database.execute(f"CREATE TABLE readings ({columns})")

    def __call__(self) -> float:
        """Pull once. :raises RuntimeError: it didn't store one row."""
        with Line(self._house.telegram) as line:
            cost_s = cpu_s([sys.executable, "-I", self._script, line.port, self._database], CRON)
        with closing(sqlite3.connect(self._database, isolation_level=None)) as database:
            stored = database.execute("DELETE FROM readings").rowcount
        if stored != 1:
            raise RuntimeError(f"{self._script} stored {stored} rows")
        return cost_s
