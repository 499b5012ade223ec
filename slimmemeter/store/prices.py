"""Stores prices of the day-ahead market, in two tables that a file gets with its first price."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from slimmemeter.store import files
from slimmemeter.store.connection import Database

HOUR_S = 3600
TABLES = (
    """CREATE TABLE IF NOT EXISTS price_sources (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,  -- an address, or a file's name
    licence TEXT NOT NULL,  -- as it states it; may be empty
    UNIQUE (name, licence)
)""",
    """CREATE TABLE IF NOT EXISTS prices (
    energy TEXT NOT NULL,  -- electricity or gas
    start INTEGER NOT NULL,
    length_s INTEGER NOT NULL,  -- a quarter-hour or an hour; of gas a day from 6 to 6 o'clock
    price_ueur INTEGER NOT NULL,  -- millionths of a euro per MWh or m3, without VAT
    source INTEGER NOT NULL REFERENCES price_sources,
    PRIMARY KEY (energy, start)
) WITHOUT ROWID""",
)
# A quarter-hour's price takes the place of its hour's, and never the other way round.
_PUT = (
    "INSERT INTO prices SELECT :energy, :start, :length_s, :price_ueur, :source"
    " WHERE NOT EXISTS (SELECT 1 FROM prices WHERE energy = :energy AND length_s < :length_s"
    " AND start >= :start AND start < :start + :length_s)"
    " ON CONFLICT DO UPDATE SET length_s = excluded.length_s, price_ueur = excluded.price_ueur,"
    " source = excluded.source WHERE price_ueur <> excluded.price_ueur"
    " OR length_s > excluded.length_s"
)


class SpotPrice(NamedTuple):
    """The price of a slot."""

    start: int  # UTC seconds
    length_s: int
    price_ueur: int


class PriceWriter(Database):
    """Stores prices; leaving its `with` block closes it."""

    def __init__(self, path: str, timeout_s: float = 5) -> None:
        """Open the database; make it if there is none. :raises StoreError: as `Database`."""
        if not os.path.exists(path):
            files.create(path)
        super().__init__(path, "rw", timeout_s)
        with self._explained:
            self._db.execute("PRAGMA synchronous = EXTRA")

    def put(self, energy: str, prices: Sequence[SpotPrice], source: str, licence: str) -> int:
        """Store prices in one transaction; returns how many are new or other than before."""
        self.hold()
        with self._explained:
            for statement in TABLES:
                self._db.execute(statement)
            self._db.execute(
                "INSERT OR IGNORE INTO price_sources (name, licence) VALUES (?, ?)",
                (source, licence),
            )
            number = self._one(
                "SELECT id FROM price_sources WHERE name = ? AND licence = ?", (source, licence)
            )[0]
            about = {"energy": energy, "source": number}
            new = sum(self._db.execute(_PUT, about | each._asdict()).rowcount for each in prices)
            self._db.execute("COMMIT")
        return new
