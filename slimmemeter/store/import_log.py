"""Imports: each has a number, which its readings keep, so that it can be undone."""

from __future__ import annotations

import time

from slimmemeter.store import rewritten, schema
from slimmemeter.store.connection import MOST_ROWS
from slimmemeter.store.overriding import OverridingWriter
from slimmemeter.store.prices import PriceTables, SpotPrice
from slimmemeter.store.validation.points import DEVICES, METERS, Tables


class ImportWriter(OverridingWriter):
    """Stores imported readings, and removes them again."""

    def __init__(self, path: str, timeout_s: float = 5) -> None:
        """As `Writer`."""
        super().__init__(path, timeout_s)
        self._prices: dict[tuple[str, str], PriceTables] = {}

    def next_import(self) -> int:
        """The number of an import that begins."""
        return (self._one("SELECT max(id) FROM imports")[0] or 0) + 1

    def record_import(self, number: int, kind: str, name: str) -> None:
        """Record once what an import's number stands for."""
        if self._one("SELECT 1 FROM imports WHERE id = ?", (number,))[0] is None:
            self._insert("imports", number, int(time.time()), kind, name)

    def put_price(self, energy: str, price: SpotPrice, source: str, licence: str = "") -> bool:
        """Store a price of the market; returns whether it is new, or other than before.

        An import of prices isn't undone: another price of a slot takes the place of the old one.
        """
        key = source, licence
        if key not in self._prices:
            self._prices[key] = PriceTables(self._db, source, licence)
        return self._prices[key].put(energy, price)

    def imports(self) -> dict[int, str]:
        """Each import's number and name."""
        with self._explained:
            return dict(self._db.execute("SELECT id, name FROM imports ORDER BY id").fetchall())

    def undo_import(self, number: int) -> int:
        """Remove what one import stored, in many small transactions, between which pulls go on.

        If it is interrupted, it can be repeated.

        :returns: the number of readings.
        """
        with self._explained:
            self._look_at_columns()
            count = self._remove(METERS, number)
            if self._has_sources:
                count += self._remove(DEVICES, number)
            self.begin()
            self._db.execute("DELETE FROM overrides WHERE source = ?", (number,))
            self.commit()
            self.revalidate()
            self.begin()
            for table in schema.LOG_TABLES:
                self._db.execute(f"DELETE FROM {table} WHERE source = ?", (number,))
            self._drop_empty_series()
            used = (f"SELECT meter FROM {table}" for table in ("series", *schema.LOG_TABLES))
            self._db.execute(f"DELETE FROM meters WHERE id NOT IN ({' UNION '.join(used)})")
            self._db.execute("DELETE FROM imports WHERE id = ?", (number,))
            self._db.execute("COMMIT")
        return count

    def _drop_empty_series(self) -> None:
        for tables in (METERS, DEVICES):
            empty = (
                f"SELECT id FROM {tables.series} AS s WHERE NOT EXISTS"
                f" (SELECT 1 FROM {tables.readings} AS r WHERE r.id"
                f" BETWEEN s.id << {schema.INSTANT_BITS}"
                f" AND (s.id << {schema.INSTANT_BITS}) + {schema.INSTANT_MASK})"
            )
            for table in ("events", "breaks", "overrides"):
                self._db.execute(f"DELETE FROM {table} WHERE {tables.event} IN ({empty})")
            self._db.execute(f"DELETE FROM {tables.series} WHERE id IN ({empty})")
            self._drop_empty_overrides(tables)

    def _drop_empty_overrides(self, tables: Tables) -> None:
        """Forget the times that a person set aside of which no reading is left."""
        first = f"(o.{tables.event} << {schema.INSTANT_BITS})"
        self._db.execute(
            f"DELETE FROM overrides AS o WHERE o.{tables.event} NOT NULL AND NOT EXISTS"
            f" (SELECT 1 FROM {tables.readings} AS r"
            f" WHERE r.id BETWEEN {first} + o.at AND {first} + o.until)"
        )

    def _remove(self, tables: Tables, number: int) -> int:
        table, count, after = tables.readings, 0, -1
        self._note_removal(tables, number)
        until = f"SELECT max(id) FROM (SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT ?)"
        while (last := self._one(until, (after, MOST_ROWS))[0]) is not None:
            self.begin()
            count += self._db.execute(
                f"DELETE FROM {table} WHERE id > ? AND id <= ? AND source = ?",
                (after, last, number),
            ).rowcount
            self.commit()
            after = last
        return count

    def _note_removal(self, tables: Tables, number: int) -> None:
        """Note that there will be others than the readings of an import, and than whatever comes
        after the one before them."""
        sql = f"SELECT min(id & {schema.INSTANT_MASK}) FROM {tables.readings} WHERE source = ?"
        first = self._one(sql, (number,))[0]
        if first is None:
            return
        self.begin()
        owners = f"SELECT id FROM {tables.series} WHERE NOT other"
        for (owner,) in self._db.execute(owners).fetchall():
            key = owner << schema.INSTANT_BITS
            before = self._one(
                f"SELECT max(id) FROM {tables.readings} WHERE id >= ? AND id < ?",
                (key, key + first),
            )[0]
            at = 0 if before is None else before - key + 1
            rewritten.note(self._db, tables.event, owner, at, schema.INSTANT_MASK)
        self.commit()
