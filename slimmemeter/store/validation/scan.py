"""Finds among many stored readings those that don't simply go on from the one before."""

from __future__ import annotations

from slimmemeter.store import schema
from slimmemeter.store.validation.rule import SLACK_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from slimmemeter.store.validation.points import Points, Tables


class Scan:
    """So many readings of an owner after an instant."""

    def __init__(self, db: Connection, tables: Tables, points: Points) -> None:
        self._db = db
        self._tables = tables
        self._points = points

    def last_at(self, after: int, limit: int) -> tuple[int | None, bool]:
        """The instant of the last of the readings, and whether none is after it."""
        first = self._points.ids[0] << schema.INSTANT_BITS
        count, last = self._db.execute(
            f"SELECT count(*), max(id) & ? FROM (SELECT id FROM {self._tables.readings}"
            " WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)",
            (schema.INSTANT_MASK, first + after + 1, first + schema.INSTANT_MASK, limit),
        ).fetchone()
        return last, count < limit

    def odd_rows(self, after: int, until: int, most_per_hour: int) -> list[tuple[int | None, int]]:
        """The readings after one instant up to another that don't simply go on in every register,
        come after a gap or have a wrong clock: the instant of the one before, and its own."""
        points = self._points
        names = [*points.registers, *([schema.METER_CLOCK] if points.has_clock else [])]
        before = points.neighbour(after + 1, after=False)
        first = points.ids[0] << schema.INSTANT_BITS
        columns = ", ".join(f"{name}, lag({name}) OVER w AS before_{name}" for name in names)
        odd = [f"at - before_at > {self._tables.gap_s}", "before_at IS NULL"]
        odd += [
            f"({name} IS NULL) <> (before_{name} IS NULL) OR {name} < before_{name} OR"
            f" {name} - before_{name} > (at - before_at + {SLACK_S}) * {most_per_hour} / 3600"
            for name in points.registers
        ]
        if points.has_clock:
            odd.append(f"coalesce({schema.METER_CLOCK}, before_{schema.METER_CLOCK}) NOT NULL")
        rows = self._db.execute(
            f"SELECT before_at, at FROM (SELECT id & {schema.INSTANT_MASK} AS at,"
            f" lag(id & {schema.INSTANT_MASK}) OVER w AS before_at, {columns}"
            f" FROM {self._tables.readings} WHERE id BETWEEN ? AND ?"
            f" WINDOW w AS (ORDER BY id)) WHERE at > ? AND ({' OR '.join(odd)})",
            (first + (before.at if before else 0), first + until, after),
        )
        return rows.fetchall()
