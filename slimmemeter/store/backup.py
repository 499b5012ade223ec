"""Backups: made while pulls and pages go on, verified, and only then put in place."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slimmemeter import status
from slimmemeter.errors import StoreError
from slimmemeter.settings import Settings
from slimmemeter.store import files, papers
from slimmemeter.store.backup_folder import beside, must_be_usable, name_of, thin_out
from slimmemeter.store.connection import Database, Explained, LockedError, connected
from slimmemeter.store.reader import Reader

LOCK_S = 30  # what a pull or an import may take
PIECE = 1 << 18
GZIP, SQLITE = b"\x1f\x8b", b"SQLite format 3\0"  # how files begin
LEVEL = 6
STANDARD_INPUT = "-"
JOURNALS = ("-journal", "-wal")  # of SQLite, beside a database
FREE_LEFT = 20_000_000  # bytes that stay free for the pulls


@dataclass
class Content:
    """What a verified file contains: its readings, the first and the newest (UTC seconds)."""

    path: str
    readings: int
    first: int | None
    newest: int | None
    mark: str  # of this database among others; empty in those of version 1.0
    contracts_aside: str | None = None  # where another file of contracts is that was there


def make(source: str, folder: str, contracts: str = "") -> Content:
    """Make a verified, gzipped backup of a database in a folder; older ones are thinned out.

    :param contracts: the file of contracts, which becomes a part of it; empty: beside the database.
    :raises StoreError: it can't be made; the backups that are there stay.
    """
    folder = os.path.realpath(folder)
    must_be_usable(folder, os.geteuid())
    files.clear_parts(f"{folder}/slimmemeter-")
    files.clear_parts(os.path.realpath(source))
    unfinished = f"{folder}/slimmemeter-backup"
    with (
        _disk_errors(folder),
        files.part_beside(unfinished, source) as copy,
        files.part_beside(copy, source) as packed,
    ):
        newest = _copy(source, copy)
        papers.put_into(copy, contracts or papers.beside(source))
        content = verify(copy)
        path = f"{folder}/{name_of(content.mark, content.readings)}"
        if (content.newest or 0) < newest:
            raise StoreError(
                f"the copy in {folder} lacks the newest readings: is its disk failing?"
            )
        _pack(copy, packed)
        files.sync(packed)
        os.replace(packed, path)
        files.sync_folder(folder)
    content.path = path
    status.write_backup(source, path)
    thin_out(folder, content.mark)
    return content


def folder_of(settings: Settings) -> str:
    """The folder of backups that the settings name, else the one beside the database."""
    return settings.backup_folder or folder_beside(settings.database)


def folder_beside(path: str) -> str:
    """The folder of backups beside a database; it is made if it is missing."""
    folder = beside(path)
    if not os.path.isdir(folder) and os.path.exists(path):
        with _disk_errors(folder):
            os.mkdir(folder, 0o750)
            files.own_as(folder, path)
            os.chmod(folder, 0o750)  # a folder must be entered too
    return folder


def restore(
    source: str, target: str, confirm: Callable[[Content], bool], contracts: str = ""
) -> tuple[Content, str | None]:
    """Put a backup in the database's place; the database that was there is moved aside.

    :param source: a file, or `-` for standard input.
    :param confirm: called with the backup's content before anything is changed.
    :param contracts: where its file of contracts goes; empty: beside the database.
    :returns: what is there now, and the path of the database that was there before.
    :raises StoreError: it is no backup, is damaged, or wasn't confirmed; nothing is changed.
    """
    target = os.path.realpath(target)
    folder = os.path.dirname(target)
    files.clear_parts(target)
    with _disk_errors(folder), files.part_beside(target, target) as part:
        _unpack(source, part)
        _finish(part)
        content = verify(part)
        content.path = "standard input" if source == STANDARD_INPUT else source
        if not confirm(content):
            raise StoreError("cancelled: nothing was restored")
        text = papers.take_out(part)
        files.sync(part)
        aside = _put_in_place(part, target, "replaced")
        if text is not None:
            path = contracts or papers.beside(target)
            content.contracts_aside = papers.put_back(text, path, target)
        return content, aside


def start_over(target: str) -> str:
    """Move the database aside and begin a new one; returns the path of the old one.

    :raises StoreError: there is no database, or it can't be moved.
    """
    if not os.path.exists(target):
        raise StoreError(f"there is no database {target}")
    target = os.path.realpath(target)
    with _disk_errors(os.path.dirname(target)), files.part_beside(target, target) as part:
        files.fill(part)
        aside = _put_in_place(part, target, "until")
    status.forget_backup(target)
    return str(aside)


def verify(path: str) -> Content:
    """The content of a database that is sound throughout. :raises StoreError: it isn't."""
    with Reader(path, any_version=True) as reader:
        damage = reader.damage(thorough=True)
        if damage:
            raise StoreError(f"{path} is damaged: {damage}")
        return Content(path, *reader.extent(), reader.mark())


def _put_in_place(part: str, target: str, reason: str) -> str | None:
    """Let a verified file take the database's place in one step, so that there always is one.

    The old one is finished first (a killed pull's journal belongs to it alone) and locked: waiting
    pulls find the new one when they look again.
    """
    if not os.path.exists(target):
        os.link(part, target)  # which fails if a pull has just made one
        files.sync_folder(os.path.dirname(target))
        return None
    aside = _unused_name(target, reason)
    with _locked(target):
        os.link(target, aside)
        if os.path.exists(f"{target}-journal"):  # of a file that can't be opened any more
            os.rename(f"{target}-journal", f"{aside}-journal")
        os.replace(part, target)
        files.sync_folder(os.path.dirname(target))
    return aside


def _unused_name(target: str, reason: str) -> str:
    """A name beside the database that no file has."""
    stem, extension = os.path.splitext(target)
    stem = f"{stem}-{reason}-{time.strftime('%Y-%m-%dT%H%M%S')}"
    names = (f"{stem}{f'-{number}' if number else ''}{extension}" for number in itertools.count())
    return next(name for name in names if not os.path.lexists(name))


@contextlib.contextmanager
def _locked(target: str) -> Iterator[None]:
    """Hold the write lock of a database, if it can be opened as one."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(Database(target, "rw", LOCK_S, any_version=True)).hold()
        except LockedError:
            raise
        except StoreError:
            pass  # a file that is damaged, or no database
        yield


@contextlib.contextmanager
def _disk_errors(folder: str) -> Iterator[None]:
    """A disk's refusal as a sentence."""
    try:
        yield
    except OSError as error:
        text = f"{error.filename or folder}: {error.strerror}; nothing was changed"
        raise StoreError(text) from None


def _copy(source: str, target: str) -> int:
    """Copy a database; returns the instant of the newest reading that must be in the copy."""
    with Reader(source, any_version=True) as reader:
        _, _, newest = reader.extent()
        reader.copy_to(target)
        return newest or 0


def _pack(source: str, target: str) -> None:
    with open(source, "rb") as plain, gzip.open(target, "wb", LEVEL) as packed:
        shutil.copyfileobj(plain, packed, PIECE)
    with open(source, "rb") as plain, gzip.open(target, "rb") as packed:
        if not all(packed.read(PIECE) == piece for piece in iter(lambda: plain.read(PIECE), b"")):
            raise StoreError(f"{target} isn't what was written: is its disk failing?")


def _unpack(source: str, target: str) -> None:
    """Write a plain or gzipped database, of the length that its own header states.

    SQLite's file format, section 1.3: page size at 16, number of pages at 28.

    :raises StoreError: it is no database, or is longer or shorter, or there is no room for it.
    """
    if journals := [each for each in JOURNALS if os.path.exists(source + each)]:
        for suffix in ("", *journals):  # of a card whose last pull was interrupted
            shutil.copyfile(source + suffix, target + suffix)
        return
    is_input = source == STANDARD_INPUT
    try:
        with (
            open(0 if is_input else source, "rb", closefd=not is_input) as file,
            gzip.open(file) if file.peek(2)[:2] == GZIP else file as content,
        ):
            header = content.read(100)
            if not header.startswith(SQLITE) or len(header) < 100:
                raise StoreError(f"{source} is not a backup: there is no SQLite database in it")
            page = int.from_bytes(header[16:18]) or 65536
            length = (65536 if page == 1 else page) * int.from_bytes(header[28:32])
            free = shutil.disk_usage(os.path.dirname(target)).free
            if length + FREE_LEFT > free:
                raise StoreError(f"{source} needs {length} bytes, and only {free} are free")
            _write_exactly(header, content.read, length, source, target)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise StoreError(f"{source} is damaged: {error}") from None


def _finish(path: str) -> None:
    """Roll back or take over what a journal beside it has, and leave none there."""
    with Explained(path), contextlib.closing(connected(path, "rw", LOCK_S)) as db:
        db.execute("PRAGMA journal_mode = DELETE").fetchall()


def _write_exactly(
    header: bytes, read: Callable[[int], bytes], length: int, source: str, target: str
) -> None:
    with open(target, "wb") as file:
        left = length - file.write(header)
        while left > 0 and (piece := read(min(PIECE, left))):
            left -= file.write(piece)
    if left or read(1):
        raise StoreError(f"{source} is not complete: its header states {length} bytes")
