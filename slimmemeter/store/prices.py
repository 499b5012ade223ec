"""Stores prices of the day-ahead market, in two tables that a file gets with its first price."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from slimmemeter.store.connection import Database

if TYPE_CHECKING:
    from sqlite3 import Connection

HOUR_S, QUARTER_S = 3600, 900
LONGEST_PRICE_S = 25 * HOUR_S  # a gas day when summer time ends
# Millionths of a euro per MWh or m3: the limits of the day-ahead auction (harmonised maximum and
# minimum clearing prices of SDAC, -500 and 4,000 to 5,000 EUR/MWh), and what gas can't exceed.
LIMITS_UEUR = {"electricity": (-500 * 10**6, 5000 * 10**6), "gas": (-1 * 10**6, 10 * 10**6)}
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


class MarketPrice(NamedTuple):
    """The price of a slot of electricity or gas."""

    energy: str
    price: SpotPrice


class PriceTables:
    """The tables of prices within a connection and its transaction."""

    def __init__(self, db: Connection, source: str, licence: str) -> None:
        """:param source: an address or a file's name. :param licence: as it states it."""
        self._db = db
        for statement in TABLES:
            db.execute(statement)
        db.execute(
            "INSERT OR IGNORE INTO price_sources (name, licence) VALUES (?, ?)", (source, licence)
        )
        self._source = db.execute(
            "SELECT id FROM price_sources WHERE name = ? AND licence = ?", (source, licence)
        ).fetchone()[0]

    def put(self, energy: str, price: SpotPrice) -> bool:
        """Store a price; returns whether it is new, or other than before."""
        values = {"energy": energy, "source": self._source, **price._asdict()}
        return self._db.execute(_PUT, values).rowcount > 0


class PriceWriter(Database):
    """Stores prices; leaving its `with` block closes it."""

    def __init__(self, path: str, timeout_s: float = 5) -> None:
        """Open the database; make it if there is none. :raises StoreError: as `Database`."""
        if not os.path.exists(path):
            from slimmemeter.store import files

            files.create(path)
        super().__init__(path, "rw", timeout_s)
        with self._explained:
            self._db.execute("PRAGMA synchronous = EXTRA")

    def put(self, energy: str, prices: Sequence[SpotPrice], source: str, licence: str) -> int:
        """Store prices in one transaction; returns how many are new or other than before."""
        self.hold()
        with self._explained:
            tables = PriceTables(self._db, source, licence)
            new = sum(tables.put(energy, price) for price in prices)
            self._db.execute("COMMIT")
        return new
