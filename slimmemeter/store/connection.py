"""The database file: made whole, opened with care, and failing in words.

One file is one connection to the grid. The writer uses the rollback journal and syncs everything
(`synchronous=EXTRA`); readers open the file `mode=ro`.
"""

from __future__ import annotations

import _sqlite3 as sqlite3  # all that `sqlite3` is but datetime, which costs a tenth of a pull
import os
import time

from slimmemeter.errors import StoreError
from slimmemeter.store import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any, Self

    Values = Sequence[object] | Mapping[str, object]

NamedRow = sqlite3.Row  # its columns are those that a method's docstring names
Connection = sqlite3.Connection
Row = tuple[int | None, ...]

MOST_ROWS = 5000  # that are asked for at once
STEP_PAGES = 500  # of a copy: what a pull may have to wait for
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


class Database:
    """A connection whose failures are told in words; use it in a `with` block."""

    def __init__(self, path: str, mode: str, timeout_s: float, any_version: bool = False) -> None:
        """:param any_version: whether one of an older program will do.
        :raises StoreError: the file isn't there, or isn't a database of this program.
        """
        self.path = path
        self._timeout_s = timeout_s
        with self:
            self._db = _connected(path, mode, timeout_s)
            version = self._check()
        if version < schema.VERSION and not any_version:
            self._upgrade(version)

    def _upgrade(self, version: int) -> None:
        """What is done about a file of an older program: only who writes can do something."""
        raise StoreError(
            f"{self.path} has schema {version}, and this program needs {schema.VERSION}:"
            " the next pull makes it, after a backup"
        )

    def hold(self) -> None:
        """Keep others from writing until this is closed."""
        with self:
            self._take_turn(time.monotonic() + self._timeout_s)

    def _take_turn(self, deadline_s: float) -> None:
        """Begin a transaction as soon as no other program has one. SQLite's own waiting looks ever
        more seldom, and would miss the pauses that an import makes for pulls."""
        self._db.execute("PRAGMA busy_timeout = 0")
        while not self._begun(is_last=time.monotonic() > deadline_s):
            time.sleep(LOOK_AGAIN_S)
        self._wait_at_most(deadline_s - time.monotonic())

    def _begun(self, is_last: bool) -> bool:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_last or not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            return False
        return True

    def _wait_at_most(self, left_s: float) -> None:
        """How long a statement may wait for others' locks."""
        self._db.execute(f"PRAGMA busy_timeout = {max(int(left_s * 1000), 50)}")

    def _check(self) -> int:
        application_id = self._one("PRAGMA application_id")[0]
        version = self._one("PRAGMA user_version")[0] or 0
        if application_id != schema.APPLICATION_ID:
            raise StoreError(f"{self.path} isn't a database of slimmemeter; it is left as it is")
        if version > schema.VERSION:
            raise StoreError(
                f"{self.path} has schema {version}, and this program knows up to"
                f" {schema.VERSION}: upgrade slimmemeter"
            )
        return version

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise in_words(self.path, error) from None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def copy_to(self, path: str) -> None:
        """Copy the whole database, in steps between which a pull may write.

        :raises StoreError: the copy's disk is full or fails, or the database can't be read.
        """
        try:
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                copy.execute("PRAGMA synchronous = OFF")  # it is synced before it counts
                self._db.backup(copy, pages=STEP_PAGES, sleep=STEP_S)
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise in_words(path, error) from None

    def _one(self, sql: str, values: Values = ()) -> Row:
        rows: list[Row] = self._db.execute(sql, values).fetchmany(1)
        return rows[0] if rows else (None,)


class Stranger:
    """The database of another program: it is read, and never written."""

    def __init__(self, path: str) -> None:
        """:raises StoreError: there is none, as for every method."""
        self._path = path
        try:
            self._db = _connected(path, "ro", 5)
        except sqlite3.Error as error:
            raise in_words(path, error) from None

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none if there is no such table."""
        return [str(name) for _, name, *_ in self._rows(f"PRAGMA table_info({table})")]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        ((count,),) = self._rows(f"SELECT count(*) FROM {table}")
        return int(count)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Each row's number and the bytes of its columns; some thousands at a time, so that its
        own program can write meanwhile."""
        names = ", ".join(f'CAST("{name}" AS BLOB)' for name in columns)
        rows: list[tuple[Any, ...]] = [(-1,)]
        while rows:
            after = rows[-1][0]
            rows = self._rows(
                f"SELECT rowid, {names} FROM {table} WHERE rowid > {after} ORDER BY rowid"
                f" LIMIT {MOST_ROWS}"
            )
            yield from rows

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql).fetchall()
        except sqlite3.Error as error:
            raise in_words(self._path, error) from None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _connected(path: str, mode: str, timeout_s: float) -> Connection:
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(
        f"file:{quoted}?mode={mode}",
        uri=True,
        timeout=max(timeout_s, 0.1),
        isolation_level=None,
        check_same_thread=False,
    )


def in_words(path: str, error: sqlite3.Error) -> Exception:
    """A `StoreError` for what a user can mend; the error itself for a bug of ours."""
    name = getattr(error, "sqlite_errorname", "")
    if name in ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY"):
        return HotJournalError(str(HotJournalError.__doc__))
    remedy = REMEDIES.get("_".join(name.split("_")[:2]))
    if name == "SQLITE_ERROR" and str(error).startswith("no such"):
        remedy = "a part of it is missing; move it aside and restore a backup"
    if remedy is None:
        return error
    return StoreError(f"the database {path}: {remedy} ({error})")


def create(path: str) -> None:
    """Make an empty database, whole or not at all; one that is there already stays.

    :raises StoreError: the folder is missing, full or may not be written.
    """
    made = f"{path}.new-{os.getpid()}"
    try:
        _clear_away(f"{path}.new-")
        fill(made)
        os.link(made, path)  # unlike a rename it never replaces what another pull just made
        sync_folder(os.path.dirname(path))
    except FileExistsError:
        pass
    except sqlite3.Error as error:
        raise in_words(path, error) from None
    except OSError as error:
        raise StoreError(f"the database {path} can't be made: {error.strerror}") from None
    finally:
        if os.path.exists(made):
            os.unlink(made)


def _clear_away(beginning: str) -> None:
    """Take out what pulls left that were killed while they made the database."""
    folder, name = os.path.split(beginning)
    for left in os.listdir(folder or "."):
        number = left.removeprefix(name).removesuffix("-journal")
        if left.startswith(name) and not os.path.exists(f"/proc/{number}"):
            os.unlink(os.path.join(folder, left))


def fill(made: str) -> None:
    """Make a database of a file that is empty, or none yet."""
    db = sqlite3.connect(made, isolation_level=None)
    try:
        db.executescript("PRAGMA synchronous = EXTRA; BEGIN;" + schema.TABLES + "COMMIT;")
    finally:
        db.close()


def sync_folder(folder: str) -> None:
    """Let what was made or renamed in a folder survive a power cut."""
    number = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def change_counter(path: str) -> str:
    """A text that is another one after every transaction, and if the file is another.

    SQLite's file format, section 1.3.8: four bytes at offset 24.

    :raises StoreError: the file can't be read.
    """
    try:
        with open(path, "rb") as file:
            file.seek(24)
            about = os.fstat(file.fileno())
            return f"{about.st_ino:x}-{about.st_mtime_ns:x}-{file.read(4).hex()}"
    except OSError as error:
        raise StoreError(f"the database {path} can't be read: {error.strerror}") from None
