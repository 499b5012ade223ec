"""The cases of `tests/money/golden`: counters, contracts and prices, and what is to come of them.

They were calculated in another way than the program does it.
"""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from slimmemeter.money.contract import contracts_file
from slimmemeter.money.contract.contracts import Contracts
from slimmemeter.store.prices import PriceWriter, SpotPrice
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.counter_curves import at, fill
from support.paths import ROOT

FOLDER = ROOT / "tests/money/golden"
LATER = at("2030-01-01T00:00:00+01:00")  # than all of them
_FILLED = TemporaryDirectory()
QUARTER_S, LONGEST_S = 900, 1800  # between readings without a gap


@dataclass(frozen=True)
class Case:
    """A case, with its database."""

    folder: Path
    database: Path

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.json("curve.json")["zone"])

    @property
    def contracts(self) -> Contracts:
        return contracts_file.read(str(self.folder / "contracts.toml"))

    @property
    def house(self) -> Snapshot:
        return Snapshot(Reader(str(self.database)))

    def json(self, name: str) -> Any:
        """A file of it."""
        return json.loads((self.folder / name).read_text())


def case(name: str, folder: Path) -> Case:
    """A case in a database of its own.

    :param folder: for the database.
    """
    found = Case(FOLDER / name, folder / f"{name}.sqlite3")
    shutil.copy(_filled(name).database, found.database)
    return found


@cache
def _filled(name: str) -> Case:
    """A case, whose counters are filled in once for all tests of a process."""
    found = Case(FOLDER / name, Path(_FILLED.name, f"{name}.sqlite3"))
    spec = found.json("curve.json")
    kinds = {part["kind"] for part in spec["parts"]}
    every_s = 300 if "house" in kinds else QUARTER_S if "spikes" in kinds else LONGEST_S
    fill(found.database, spec, every_s)
    prices = found.folder / "prices.csv"
    if prices.exists():
        with PriceWriter(str(found.database)) as writer, prices.open() as file:
            rows = [_price(row) for row in csv.DictReader(file)]
            writer.put("electricity", rows, prices.name, "")
    return found


def _price(row: dict[str, str]) -> SpotPrice:
    return SpotPrice(at(row["start"]), QUARTER_S, int(Decimal(row["eur_per_mwh"]) * 10**6))
