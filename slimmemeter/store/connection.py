"""A connection to the database file, whose failures become sentences.

One file is one connection to the grid. The writer uses the rollback journal and syncs everything
(`synchronous=EXTRA`); readers open the file `mode=ro`.
"""

from __future__ import annotations

import os
import sqlite3
import time

from slimmemeter.errors import StoreError
from slimmemeter.store import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    Values = Sequence[object] | Mapping[str, object]

Row = tuple[int | None, ...]

MOST_ROWS = 5000  # that one statement fetches
STEP_PAGES = 500  # of a copy: a pull may have to wait for one step
STEP_S = 0.01
LOOK_AGAIN_S = 0.003  # while another program writes

REMEDIES = {
    "SQLITE_BUSY": "another program holds it locked for too long; close that program",
    "SQLITE_FULL": "the disk is full; make room and the next pull works",
    "SQLITE_READONLY": "it may not be written by this user; see its owner and permissions",
    "SQLITE_CANTOPEN": "it can't be opened; see whether its folder exists and who may use it",
    "SQLITE_NOTADB": "it is no SQLite database; move it aside",
    "SQLITE_CORRUPT": "it is damaged; move it aside and restore a backup",
    "SQLITE_IOERR": "the disk fails to read or write it; look at the system's log",
    "SQLITE_PERM": "it may not be used by this user; see its owner and permissions",
}


class HotJournalError(StoreError):
    """the last pull was interrupted; the next one repairs it"""


class NewerError(StoreError):
    """a newer program has made the database"""


class LockedError(StoreError):
    """another program holds the database locked for too long"""


class Explained:
    """A `with` block in which SQLite's errors become sentences about a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise explanation(self._path, error) from None


class Database:
    """A connection; leaving its `with` block closes it."""

    def __init__(self, path: str, mode: str, timeout_s: float, any_version: bool = False) -> None:
        """:param any_version: accept a file of an older program.
        :raises StoreError: there is no such file, or it is no database of this program.
        """
        self.path = path
        self._timeout_s = timeout_s
        self._explained = Explained(path)
        with self._explained:
            self._db = connected(path, mode, timeout_s)
        try:
            with self._explained:
                version = self._check()
            if version < schema.VERSION and not any_version:
                self._upgrade(version)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):
            raise explanation(self.path, error) from None

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _upgrade(self, version: int) -> None:
        """Handle a file of an older program: only a writer can upgrade it."""
        raise StoreError(
            f"{self.path} has schema {version}, and this program needs {schema.VERSION}:"
            " the next pull upgrades it, after a backup"
        )

    def schema_version(self) -> int:
        """The version of the schema of the file."""
        return self._check()

    def hold(self) -> None:
        """Keep others from writing until this is closed. :raises LockedError: one goes on."""
        with self._explained:
            self._take_turn(time.monotonic() + self._timeout_s)

    def _take_turn(self, deadline_s: float) -> None:
        """Begin a transaction as soon as no other program has one.

        SQLite's own waiting looks less and less often, and would miss the pauses that an import
        makes for pulls.
        """
        self._db.execute("PRAGMA busy_timeout = 0")
        while not self._begin(is_last=time.monotonic() > deadline_s):
            time.sleep(LOOK_AGAIN_S)
        self._limit_waiting(deadline_s - time.monotonic())

    def _begin(self, is_last: bool) -> bool:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_last or not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            return False
        return True

    def _limit_waiting(self, left_s: float) -> None:
        """Let a statement wait no longer than this for others' locks."""
        self._db.execute(f"PRAGMA busy_timeout = {max(int(left_s * 1000), 50)}")

    def _check(self) -> int:
        application_id = self._one("PRAGMA application_id")[0]
        version = self._one("PRAGMA user_version")[0] or 0
        check_version(self.path, application_id, version)
        return version

    def copy_to(self, path: str) -> None:
        """Copy the whole database, in steps between which a pull may write.

        :raises StoreError: the copy's disk is full or fails, or the database can't be read.
        """
        with Explained(path):
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                copy.execute("PRAGMA synchronous = OFF")  # the finished copy is synced as a whole
                self._db.backup(copy, pages=STEP_PAGES, sleep=STEP_S)
            finally:
                copy.close()

    def _one(self, sql: str, values: Values = ()) -> Row:
        rows: list[Row] = self._db.execute(sql, values).fetchmany(1)
        return rows[0] if rows else (None,)


def check_version(path: str, application_id: int | None, version: int) -> None:
    """:raises StoreError: it is no database of this program, or (`NewerError`) of a newer one."""
    if application_id != schema.APPLICATION_ID:
        raise StoreError(f"{path} isn't a database of slimmemeter; it is left as it is")
    if version > schema.VERSION:
        raise NewerError(
            f"{path} has schema {version}, and this program knows up to {schema.VERSION}:"
            " upgrade slimmemeter"
        )


def connected(path: str, mode: str, timeout_s: float) -> sqlite3.Connection:
    """A connection to a file, which is opened `ro` or `rw`."""
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(
        f"file:{quoted}?mode={mode}",
        uri=True,
        timeout=max(timeout_s, 0.1),
        isolation_level=None,
        check_same_thread=False,
    )


def explanation(path: str, error: sqlite3.Error) -> Exception:
    """A `StoreError` for what a user can repair; the error itself for a bug of ours."""
    name = getattr(error, "sqlite_errorname", "")
    if name in ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY"):
        return HotJournalError(str(HotJournalError.__doc__))
    kind = "_".join(name.split("_")[:2])
    remedy = REMEDIES.get(kind)
    if name == "SQLITE_ERROR" and str(error).startswith("no such"):  # SQLite has no code for it
        remedy = "a part of it is missing; move it aside and restore a backup"
    if remedy is None:
        return error
    sentence = f"the database {path}: {remedy} ({error})"
    return LockedError(sentence) if kind == "SQLITE_BUSY" else StoreError(sentence)


def inode(path: str) -> int | None:
    """The file that has this name now; None if there is none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return None
