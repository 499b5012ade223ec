"""A log of telegrams brought in, beside another library that only parses them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial

from dsmr_parser.parsers import TelegramParser
from dsmr_parser.telegram_specifications import V5
from measure import Work, elapsed_s

from slimmemeter.demo import household
from slimmemeter.demo.meter import telegram
from slimmemeter.settings import Settings
from slimmemeter.transfer import importer

BEGIN, EVERY_S = 1_780_000_000, 10
# The program; at its end it tells its peak, as getrusage would tell that of its parent as well.
PEAK = """
import atexit, re, sys
from slimmemeter.cli import main
status = lambda: open("/proc/self/status").read()
atexit.register(lambda: sys.stderr.write(re.search(r"VmHWM:\\s+(\\d+)", status())[1]))
main()
"""
WHOLE = re.compile(r"/.*?![0-9A-F]{4}\r\n", re.DOTALL)


class Log:
    """So many telegrams of a simulated meter, as a logger keeps them."""

    def __init__(self, folder: str, length: int) -> None:
        self.path, self._database = f"{folder}/{length}.log", f"{folder}/{length}.sqlite3"
        self._length = length
        house = household.House(BEGIN, household.START_WH, household.START_GAS_DM3)
        with open(self.path, "wb") as file:
            for number in range(length):
                house.advance(BEGIN + EVERY_S * number)
                file.write(telegram(house.reading()))

    def ours(self) -> Work:
        """Seconds until all are stored, a telegram."""
        return elapsed_s(self._bring_in, 1, self._length)

    def _bring_in(self) -> None:
        self._forget()
        (tally,) = importer.run(Settings({"--db": self._database}), [self.path], dry_run=False)
        if tally.new < self._length:
            raise RuntimeError(f"of {self._length} telegrams {tally.counts} came in")

    def theirs(self) -> Work:
        """Seconds to parse all, cut apart beforehand, a telegram."""
        with open(self.path, newline="") as file:
            texts = WHOLE.findall(file.read())
        return elapsed_s(partial(_parse_all, TelegramParser(V5), texts), 1, self._length)

    def peak_bytes(self) -> int:
        """The most memory that the import of it takes, as a program."""
        self._forget()
        command = [sys.executable, "-c", PEAK, "import", self.path, "--db", self._database]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        return int(done.stderr) * 1024

    def _forget(self) -> None:
        if os.path.exists(self._database):
            os.unlink(self._database)


def _parse_all(parser: TelegramParser, texts: list[str]) -> None:
    for text in texts:
        parser.parse(text)
