"""Databases that anything may be in: another program's, and those that only claim to be ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from slimmemeter.errors import StoreError
from slimmemeter.store.connection import REMEDIES, Explained, check_version, connected

if TYPE_CHECKING:
    from slimmemeter.store.connection import Values

# By SQLite's code, what helps; `DAMAGED` for all others.
_REMEDIES = {
    "SQLITE_READONLY": "its program was interrupted while it wrote; let that run once more",
    **{
        kind: REMEDIES[kind]
        for kind in ("SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM")
    },
}
DAMAGED = "it is damaged, or made as no program makes it; take another copy or a backup of it"
TABLE, INDEXES = "CREATE TABLE ", ("CREATE INDEX ", "CREATE UNIQUE INDEX ")
LONGEST = 1 << 16  # bytes of a foreign row
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1  # numbers of rows
MOST_ROWS = 1000  # at once: there may be hundreds of series, whose rows are merged


class _Explained(Explained):
    """As it is, of a file whose every fault is its own."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, UnicodeDecodeError):  # Python's, of SQLite's own sentence
            raise StoreError(f"the database {self._path}: {DAMAGED}") from None
        if isinstance(error, sqlite3.Error):
            kind = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
            remedy = _REMEDIES.get(kind, DAMAGED)
            raise StoreError(f"the database {self._path}: {remedy} ({error})") from None


class ForeignDatabase:
    """A database that anything may be in, read only; leaving its `with` block closes it.

    A cell is an int, a float, None, or bytes: a text is in UTF-8, whatever the file's encoding.
    Each method raises `StoreError` if the file can't be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._explained = _Explained(path)
        with self._explained:
            self._db = connected(path, "ro", 5)
            self._db.text_factory = bytes
            self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
            self._db.execute("PRAGMA trusted_schema = OFF")
            self._db.execute("PRAGMA cell_size_check = ON")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def check(self) -> None:
        """:raises StoreError: it is no database of this program, or one of a newer program."""
        ((application_id,),) = self._rows("PRAGMA application_id")
        ((version,),) = self._rows("PRAGMA user_version")
        check_version(self.path, application_id, version)

    def tables(self) -> set[str]:
        """The names of its tables, without SQLite's own."""
        names = {name for sql, name in self._objects() if sql.startswith(TABLE)}
        return {name for name in names if not name.startswith("sqlite_")}

    def oddities(self) -> list[str]:
        """The names of its views, virtual tables and triggers."""
        return [name for sql, name in self._objects() if not sql.startswith((TABLE, *INDEXES))]

    def _objects(self) -> list[tuple[str, str]]:
        """The statement that made each thing, as SQLite writes it, and its name."""
        rows = self._rows("SELECT sql, name FROM sqlite_master WHERE sql NOT NULL")
        return [(_text(sql), _text(name)) for sql, name in rows]

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none if there is no such table."""
        if table not in self.tables():
            return []
        return [_text(name) for _, name, *_ in self._rows(f"PRAGMA table_info({table})")]

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        ((count,),) = self._rows(f"SELECT count(*) FROM {table}")
        return int(count)

    def rows(
        self, table: str, columns: Sequence[str], low: int = LOWEST, high: int = HIGHEST
    ) -> Iterator[tuple[Any, ...]]:
        """Each row's number, from `low` to `high` in order, and its cells.

        They are fetched in parts, so that its own program can write in between.
        """
        while low <= high and (rows := self._part(table, columns, low, high, MOST_ROWS)):
            yield from rows
            low = rows[-1][0] + 1

    def next_number(self, table: str, low: int) -> int | None:
        """The first row's number from `low` on; None if there is none."""
        rows = self._part(table, (), low, HIGHEST, 1) if low <= HIGHEST else []
        return int(rows[0][0]) if rows else None

    def cells(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The cells of each row, of a table whose rows may have no numbers."""
        with self._explained:
            yield from self._db.execute(f"SELECT {', '.join(map(_quoted, columns))} FROM {table}")

    def _part(
        self, table: str, columns: Sequence[str], low: int, high: int, most: int
    ) -> list[tuple[Any, ...]]:
        # A column of text may have the name `rowid`.
        names = ", ".join(["CAST(rowid AS INTEGER)", *map(_quoted, columns)])
        rows = self._rows(
            f"SELECT {names} FROM {table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?",
            (low, high, most),
        )
        if rows and not low <= rows[-1][0] <= high:
            raise StoreError(f"the database {self.path}: {DAMAGED} (rows are out of order)")
        return rows

    def _rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        with self._explained:
            return self._db.execute(sql, values).fetchall()


def _quoted(name: str) -> str:
    return f'"{name}"'


def _text(cell: object) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
