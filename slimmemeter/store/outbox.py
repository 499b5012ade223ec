"""What is still to be published, in tables that a file gets with its first target.

Of each target there is a cursor for each meter and device: the instant up to which it has their
readings. What changes behind it is a row of `changes` until the target has that too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from slimmemeter.store import schema
from slimmemeter.store.connection import MOST_ROWS, Database
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Meter, Owner

Key = tuple[str, int]  # `series` or `device`, and the number of the owner there
TABLES = (
    """CREATE TABLE IF NOT EXISTS targets (  -- to which readings are published
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE  -- its address, without secrets
)""",
    """CREATE TABLE IF NOT EXISTS cursors (  -- up to where a target has the readings of an owner
    target INTEGER NOT NULL REFERENCES targets,
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    at INTEGER NOT NULL
)""",
    """CREATE TABLE IF NOT EXISTS changes (  -- of which a target gets the readings again
    target INTEGER NOT NULL REFERENCES targets,
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL
)""",
)
_OWNED = ("changes", "cursors")
_OF_TARGET = "WHERE target = (SELECT id FROM targets WHERE name = :name)"


class Change(NamedTuple):
    """A time of which a target gets the readings of a meter or device again."""

    key: Key
    at: int
    until: int


def key_of(owner: Owner) -> Key:
    """What a cursor and a change name a meter or device by."""
    return "series" if isinstance(owner.about, Meter) else "device", owner.id


class OutboxReader(Reader):
    """Reads what is to be published, too."""

    def targets(self) -> list[str]:
        """The names of the targets, in order."""
        if not self._has_targets():
            return []
        return [name for (name,) in self._rows("SELECT name FROM targets ORDER BY name")]

    def cursors(self, name: str) -> dict[Key, int] | None:
        """The cursors of a target by its name; None if there is no such target."""
        if not self._has_targets():
            return None
        if not self._rows("SELECT 1 FROM targets WHERE name = ?", (name,)):
            return None
        rows = self._rows(f"SELECT series, device, at FROM cursors {_OF_TARGET}", {"name": name})
        return {_key(series, device): at for series, device, at in rows}

    def changes(self, name: str) -> list[Change]:
        """What a target gets again, the oldest first."""
        if not self._has_targets():
            return []
        sql = f"SELECT series, device, at, until FROM changes {_OF_TARGET} ORDER BY at"
        rows = self._rows(sql, {"name": name})
        return [Change(_key(series, device), at, until) for series, device, at, until in rows]

    def _has_targets(self) -> bool:
        return bool(self._rows("SELECT 1 FROM sqlite_schema WHERE name = 'targets'"))

    def page(
        self, owner: Owner, columns: Sequence[str], after: int, until: int, most: int = MOST_ROWS
    ) -> list[tuple[Any, ...]]:
        """The next readings of an owner after an instant: their instants, and these columns."""
        first = owner.id << schema.INSTANT_BITS
        return self._rows(
            f"SELECT {', '.join((f'id & {schema.INSTANT_MASK}', *columns))} FROM {owner.table}"
            " WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
            (first + after, first + until, most),
        )

    def count_after(self, owner: Owner, after: int, until: int) -> int:
        """The number of readings of an owner after one instant and up to another."""
        first = owner.id << schema.INSTANT_BITS
        sql = f"SELECT count(*) FROM {owner.table} WHERE id > ? AND id <= ?"
        return int(self._rows(sql, (first + after, first + until))[0][0])


class OutboxWriter(Database):
    """Stores what targets have; leaving its `with` block closes it."""

    def __init__(self, path: str, timeout_s: float = 5) -> None:
        """:raises StoreError: as `Database`."""
        super().__init__(path, "rw", timeout_s)

    def keep_targets(self, names: Collection[str]) -> None:
        """Add the targets that are new, and forget those that are none any more."""
        self.hold()
        with self._explained:
            for statement in TABLES:
                self._db.execute(statement)
            self._db.executemany(
                "INSERT OR IGNORE INTO targets (name) VALUES (?)", [(name,) for name in names]
            )
            marks = ", ".join("?" * len(names))
            self._db.execute(f"DELETE FROM targets WHERE name NOT IN ({marks})", tuple(names))
            for table in _OWNED:
                self._db.execute(
                    f"DELETE FROM {table} WHERE target NOT IN (SELECT id FROM targets)"
                )
            self._db.execute("COMMIT")

    def save(
        self, name: str, cursors: Mapping[Key, int], left: Mapping[Change, Change | None]
    ) -> None:
        """Save the cursors of a target, and of each change that it got what is left of it.

        A change that has grown meanwhile stays as it is.
        """
        self.hold()
        with self._explained:
            self._db.execute(f"DELETE FROM cursors {_OF_TARGET}", {"name": name})
            for (column, owner), at in cursors.items():
                self._db.execute(
                    f"INSERT INTO cursors (target, {column}, at)"
                    " SELECT id, ?, ? FROM targets WHERE name = ?",
                    (owner, at, name),
                )
            for change, rest in left.items():
                self._replace(name, change, rest)
            self._db.execute("COMMIT")

    def _replace(self, name: str, change: Change, rest: Change | None) -> None:
        column, owner = change.key
        same = f"{_OF_TARGET} AND {column} = :owner AND at = :at AND until = :until"
        values = {"name": name, "owner": owner, "at": change.at, "until": change.until}
        if rest is None:
            self._db.execute(f"DELETE FROM changes {same}", values)
        else:
            self._db.execute(f"UPDATE changes SET at = :rest {same}", values | {"rest": rest.at})


def _key(series: int | None, device: int | None) -> Key:
    return ("series", series) if series is not None else ("device", device or 0)
