"""Database files on the disk: made whole or not at all, and recognised when they change."""

from __future__ import annotations

import contextlib
import glob
import os
import sqlite3
import time
from collections.abc import Iterator

from slimmemeter.errors import StoreError
from slimmemeter.store import schema
from slimmemeter.store.connection import Explained

PART = ".part"
STALE_PART_S = 3600  # until then another computer may be at work in the same folder


def create(path: str) -> None:
    """Make an empty database, whole or not at all; an existing one stays.

    :raises StoreError: the folder is missing, full or may not be written.
    """
    try:
        clear_parts(path, older_than_s=0)
        with part_beside(path) as part:
            fill(part)
            os.link(part, path)  # unlike a rename it never replaces what another pull just made
            sync_folder(os.path.dirname(path))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreError(f"the database {path} can't be made: {error.strerror}") from None


def fill(path: str) -> None:
    """Make a database in a file that is empty or doesn't exist. :raises StoreError: it fails."""
    with Explained(path), contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript("PRAGMA synchronous = EXTRA; BEGIN;" + schema.TABLES + "COMMIT;")


@contextlib.contextmanager
def part_beside(path: str, like: str | None = None) -> Iterator[str]:
    """The path of an unfinished file beside another one; it is removed at the end.

    :param like: the file whose owner and mode it gets.
    """
    folder, name = os.path.split(path)
    part = f"{folder}/.{name.lstrip('.')}.{os.getpid()}{PART}"
    try:
        with open(part, "xb"):
            if like is not None:
                own_as(part, like)
        yield part
    finally:
        for left in (part, f"{part}-journal", f"{part}-wal", f"{part}-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(left)


def clear_parts(prefix: str, older_than_s: float = STALE_PART_S) -> None:
    """Remove the unfinished files of this computer's programs that were killed.

    :param prefix: the path, or its beginning, that was given to `part_beside`.
    """
    folder, name = map(glob.escape, os.path.split(prefix))
    for left in glob.glob(f"{folder}/.{name}*{PART}"):
        pid = left.removesuffix(PART).rpartition(".")[2]
        with contextlib.suppress(FileNotFoundError):  # removed together with another, or by one
            is_old = time.time() - os.path.getmtime(left) >= older_than_s
            if is_old and not os.path.exists(f"/proc/{pid}"):
                for path in glob.glob(f"{glob.escape(left)}*"):
                    os.unlink(path)


def own_as(path: str, like: str) -> None:
    """Give a file the mode and, if root made it, the owner of another (or of its folder)."""
    exists = os.path.exists(like)
    about = os.stat(like if exists else os.path.dirname(like))
    os.chmod(path, about.st_mode & 0o777 if exists else 0o640)
    if os.geteuid() == 0:
        os.chown(path, about.st_uid, about.st_gid)


def sync(path: str) -> None:
    """Let a file's content survive a power cut."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: str) -> None:
    """Let what was made or renamed in a folder survive a power cut."""
    number = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def change_counter(path: str) -> str:
    """A text that changes with every transaction, and if another file takes this place.

    SQLite's file format, section 1.3.8: four bytes at offset 24; in WAL mode, into which another
    tool may have put the file, transactions are in a file beside it.

    :raises StoreError: the file can't be read.
    """
    try:
        with open(path, "rb") as file:
            file.seek(24)
            about = os.fstat(file.fileno())
            counter = f"{about.st_ino:x}-{about.st_mtime_ns:x}-{file.read(4).hex()}"
    except OSError as error:
        raise StoreError(f"the database {path} can't be read: {error.strerror}") from None
    with contextlib.suppress(FileNotFoundError):
        wal = os.stat(f"{path}-wal")
        counter += f"-{wal.st_mtime_ns:x}-{wal.st_size:x}"
    return counter
