"""Stores the events of a meter or of a device."""

from __future__ import annotations

from slimmemeter.store.validation.rule import (
    CLOCK_OFF,
    CLOCK_RIGHT,
    GAP,
    OTHER_VALUE,
    VALIDATED_AGAIN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection

# kind, at, until, number of readings set aside, detail
Found = tuple[str, "int | None", "int | None", "int | None", "str | None"]


class Events:
    """The events of one owner."""

    def __init__(self, db: Connection, column: str, owner: int) -> None:
        """:param column: of the owner in `events`: series or device."""
        self._db = db
        self._owned = f"{column} = {owner}"
        self._columns = f"kind, at, until, readings, detail, register, {column}"
        self._owner = owner
        self._is_device = column == "device"

    def of(self, register: str) -> set[Found]:
        """The events of a register, which make its series."""
        rows = self._db.execute(
            f"SELECT kind, at, until, readings, detail FROM events WHERE {self._owned}"
            " AND register = ?",
            (register,),
        )
        return set(rows.fetchall())

    def forget(self, after: int, until: int) -> None:
        """Delete the events between neighbouring readings, of which the later one is after an
        instant and not after another.

        A device's clock that was off stays known: what it stamped wrongly was never stored.
        """
        kinds = (GAP,) if self._is_device else (GAP, CLOCK_OFF, CLOCK_RIGHT)
        self._db.execute(
            f"DELETE FROM events WHERE {self._owned} AND kind IN ({', '.join('?' * len(kinds))})"
            " AND coalesce(until, at) > ? AND coalesce(until, at) <= ?",
            (*kinds, after, until),
        )

    def replace(self, old: set[Found], new: set[Found], register: str | None = None) -> None:
        """Store what is new, and delete what is no longer true."""
        marks = "WHERE kind = ? AND at IS ? AND until IS ? AND readings IS ? AND detail IS ?"
        for event in old - new:
            self._db.execute(
                f"DELETE FROM events {marks} AND register IS ? AND {self._owned}",
                (*event, register),
            )
        for event in new - old:
            self.put(event, register)

    def put(self, event: Found, register: str | None = None) -> None:
        """Store an event."""
        self._db.execute(
            f"INSERT INTO events ({self._columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*event, register, self._owner),
        )

    def forget_kind(self, kind: str) -> None:
        """Delete the events of a kind that are of no register."""
        sql = f"DELETE FROM events WHERE {self._owned} AND kind = ? AND register IS NULL"
        self._db.execute(sql, (kind,))

    def complete_validated_again(self, counted: Mapping[str, int]) -> None:
        """Add to what registers had counted before an upgrade what they count now; forget those
        that count the same."""
        rows = self._db.execute(
            f"SELECT id, detail FROM events WHERE {self._owned} AND kind = ?", (VALIDATED_AGAIN,)
        )
        for number, detail in rows.fetchall():
            register, *_, before = detail.split()
            now = counted.get(register, 0)
            if now == int(before):
                self._db.execute("DELETE FROM events WHERE id = ?", (number,))
            else:
                sql = "UPDATE events SET detail = ? WHERE id = ?"
                self._db.execute(sql, (f"{register} {now} {before}", number))

    def put_other_value(self, at: int, values: str) -> None:
        """Record, once for each instant, that there is more than one reading of it."""
        self._db.execute(
            f"DELETE FROM events WHERE {self._owned} AND kind = ? AND at = ?", (OTHER_VALUE, at)
        )
        self.put((OTHER_VALUE, at, None, None, values))
