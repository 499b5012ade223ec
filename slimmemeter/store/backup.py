"""Safe copies: made while pulls and pages go on, proved, and only then put in place."""

from __future__ import annotations

import contextlib
import glob
import gzip
import itertools
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slimmemeter import status
from slimmemeter.errors import StoreError
from slimmemeter.settings import Settings
from slimmemeter.store import connection
from slimmemeter.store.reader import Reader

DAILY, MONTHLY = 7, 12
NAME = re.compile(r"slimmemeter-(\d{4}-\d\d)-(\d\d)T\d{6}Z\.sqlite3\.gz")
PART = ".part"
LOCK_S = 30  # what a pull or an import may take
FSTAB = "/etc/fstab"
STALE_PART_S = 3600  # another computer may be at work in the same folder
PIECE = 1 << 18
GZIP = b"\x1f\x8b"
LEVEL = 6
FREE_LEFT = 20_000_000  # bytes that stay free for the pulls


@dataclass
class Content:
    """What is in a file that was proved: how many readings, of from when to when (UTC seconds)."""

    path: str
    readings: int
    first: int | None
    newest: int | None


def make(source: str, folder: str) -> Content:
    """A copy of a database in a folder, proved and gzipped; older ones are thinned out.

    :raises StoreError: it can't be made; the copies that are there stay.
    """
    folder = os.path.realpath(folder)
    _must_be_there(folder)
    _clear_away(f"{folder}/slimmemeter-")
    _clear_away(os.path.realpath(source))
    name = time.strftime("slimmemeter-%Y-%m-%dT%H%M%SZ.sqlite3.gz", time.gmtime())
    with _told(folder), _part(f"{folder}/{name}", source) as copy, _part(copy, source) as packed:
        newest = _copy(source, copy)
        content = prove(copy)
        if (content.newest or 0) < newest:
            raise StoreError(f"the copy in {folder} ends at {content.newest}, and not at {newest}")
        _pack(copy, packed)
        _sync(packed)
        content.path = f"{folder}/{name}"
        os.replace(packed, content.path)
        connection.sync_folder(folder)
    status.leave_backup(source, content.path)
    _thin_out(folder)
    return content


def folder_of(settings: Settings) -> str:
    """Where backups go where nobody says otherwise."""
    return settings.backup_folder or beside(settings.database)


def beside(path: str) -> str:
    """The folder of backups beside a database; it is made where there is none."""
    folder = f"{os.path.dirname(path)}/backups"
    if not os.path.isdir(folder) and os.path.exists(path):
        with _told(folder):
            os.mkdir(folder, 0o750)
            own_as(folder, path)
            os.chmod(folder, 0o750)  # a folder must be entered too
    return folder


def restore(
    source: str, target: str, is_meant: Callable[[Content], bool]
) -> tuple[Content, str | None]:
    """Put a copy in the database's place; what was there is moved aside.

    :param is_meant: asked, with what is in the copy, before anything is changed.
    :returns: what is there now, and where the database is that was there before.
    :raises StoreError: the copy isn't one, or is damaged; then nothing is changed.
    """
    target = os.path.realpath(target)
    folder = os.path.dirname(target)
    _clear_away(target)
    with _told(folder), _part(target, target) as part:
        _unpack(source, part)
        content = prove(part)
        content.path = source
        if not is_meant(content):
            raise StoreError("nothing was restored, as that wasn't meant")
        _sync(part)
        return content, put_in_place(part, target, "replaced")


def start_over(target: str) -> str:
    """Set the database aside and begin a new one. :returns: where it is now.

    :raises StoreError: there is none, or it can't be moved.
    """
    if not os.path.exists(target):
        raise StoreError(f"there is no database {target}")
    target = os.path.realpath(target)
    with _told(os.path.dirname(target)), _part(target, target) as part:
        connection.fill(part)
        aside = put_in_place(part, target, "until")
    status.forget_backup(target)
    return str(aside)


def prove(path: str) -> Content:
    """What is in a database that is sound throughout. :raises StoreError: it isn't."""
    with contextlib.closing(Reader(path, any_version=True)) as reader:
        damage = reader.damage(thorough=True)
        if damage:
            raise StoreError(f"{path} is damaged: {damage}")
        return Content(path, *reader.extent())


def put_in_place(part: str, target: str, why: str) -> str | None:
    """Let a proved file take the database's place in one step, so that there always is one.

    The old one is finished first (a killed pull's journal is of it alone) and kept from pulls,
    which find the new one when they look again.
    """
    if not os.path.exists(target):
        os.link(part, target)  # which fails where a pull made one meanwhile
        connection.sync_folder(os.path.dirname(target))
        return None
    aside = _aside(target, why)
    with _kept_from_pulls(target):
        os.link(target, aside)
        if os.path.exists(f"{target}-journal"):  # of a file that nobody can finish
            os.rename(f"{target}-journal", f"{aside}-journal")
        os.replace(part, target)
        connection.sync_folder(os.path.dirname(target))
    return aside


def _aside(target: str, why: str) -> str:
    """A name beside the database that no file has."""
    stem, extension = os.path.splitext(target)
    stem = f"{stem}-{why}-{time.strftime('%Y-%m-%dT%H%M%S')}"
    names = (f"{stem}{f'-{number}' if number else ''}{extension}" for number in itertools.count())
    return next(name for name in names if not os.path.lexists(name))


@contextlib.contextmanager
def _kept_from_pulls(target: str) -> Iterator[None]:
    """Hold the write lock, if it is a database at all."""
    try:
        held = connection.Database(target, "rw", LOCK_S, any_version=True)
    except StoreError as error:
        if "locked" in str(error):
            raise
        yield
        return
    try:
        held.hold()
        yield
    finally:
        held.close()


@contextlib.contextmanager
def _told(folder: str) -> Iterator[None]:
    """A disk's refusal in words."""
    try:
        yield
    except OSError as error:
        text = f"{error.filename or folder}: {error.strerror}; what was there stays"
        raise StoreError(text) from None


@contextlib.contextmanager
def _part(beside: str, like: str) -> Iterator[str]:
    """A place for an unfinished file, owned as the database is; it is gone at the end."""
    folder, name = os.path.split(beside)
    made = f"{folder}/.{name.lstrip('.')}.{os.getpid()}{PART}"
    try:
        with open(made, "xb"):
            own_as(made, like)
        yield made
    finally:
        for left in (made, f"{made}-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(left)


def _clear_away(beginning: str) -> None:
    """Take out what a program of this computer left unfinished that was killed long ago."""
    folder, name = map(glob.escape, os.path.split(beginning))
    for left in glob.glob(f"{folder}/.{name}*{PART}"):
        process = left.removesuffix(PART).rpartition(".")[2]
        with contextlib.suppress(FileNotFoundError):  # gone with one before it, or by another
            is_old = time.time() - os.path.getmtime(left) > STALE_PART_S
            if is_old and not os.path.exists(f"/proc/{process}"):
                for path in glob.glob(f"{glob.escape(left)}*"):
                    os.unlink(path)


def own_as(path: str, like: str) -> None:
    """Give a file that root makes to whose the database (or its folder) is."""
    is_there = os.path.exists(like)
    about = os.stat(like if is_there else os.path.dirname(like))
    os.chmod(path, about.st_mode & 0o777 if is_there else 0o640)
    if os.geteuid() == 0:
        os.chown(path, about.st_uid, about.st_gid)


def _copy(source: str, target: str) -> int:
    """Copy a database; returns the instant of the newest reading that must be in the copy."""
    with contextlib.closing(Reader(source, any_version=True)) as reader:
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
    """A plain or gzipped database, of the length that its own header tells.

    SQLite's file format, section 1.3: page size at 16, number of pages at 28.

    :raises StoreError: it isn't one, or is longer, or there is no room for it.
    """
    try:
        with open(source, "rb") as file:
            packed = file.read(2) == GZIP
        with gzip.open(source) if packed else open(source, "rb") as content:
            header = content.read(100)
            if header[:16] != b"SQLite format 3\0" or len(header) < 100:
                raise StoreError(f"{source} is no backup: there is no SQLite database in it")
            page = int.from_bytes(header[16:18]) or 65536
            length = (65536 if page == 1 else page) * int.from_bytes(header[28:32])
            free = shutil.disk_usage(os.path.dirname(target)).free
            if length + FREE_LEFT > free:
                raise StoreError(f"{source} needs {length} bytes, and only {free} are free")
            _write_exactly(header, content.read, length, source, target)
    except (gzip.BadGzipFile, EOFError) as error:
        raise StoreError(f"{source} is damaged: {error}") from None


def _write_exactly(
    header: bytes, read: Callable[[int], bytes], length: int, source: str, target: str
) -> None:
    with open(target, "wb") as file:
        left = length - file.write(header)
        while left > 0 and (piece := read(min(PIECE, left))):
            left -= file.write(piece)
    if left or read(1):
        raise StoreError(f"{source} isn't whole: its header tells of {length} bytes")


def _sync(path: str) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _must_be_there(folder: str) -> None:
    """:raises StoreError: there is no such folder, or its disk isn't mounted."""
    for place in _mount_points():
        if f"{folder}/".startswith(f"{place}/") and not os.path.ismount(place):
            raise StoreError(f"{place} isn't mounted: put the disk in, or: `sudo mount {place}`")
    if not os.path.isdir(folder):
        raise StoreError(f"there is no folder {folder} for backups: is its disk there?")


def _mount_points() -> list[str]:
    """Where the system is told to mount disks, but for the root: fstab(5)."""
    try:
        with open(FSTAB, encoding="utf-8", errors="replace") as file:
            rows = [line.split() for line in file if not line.lstrip().startswith("#")]
    except OSError:
        return []
    return [row[1].rstrip("/") for row in rows if len(row) > 1 and len(row[1]) > 1]


def _thin_out(folder: str) -> None:
    """Keep the newest of each of the last days and months that have one."""
    names = sorted(filter(NAME.fullmatch, os.listdir(folder)), reverse=True)
    days: dict[str, str] = {}
    months: dict[str, str] = {}
    for name in names:
        match = NAME.fullmatch(name)
        assert match is not None
        days.setdefault(f"{match[1]}-{match[2]}", name)
        months.setdefault(match[1], name)
    kept = {*list(days.values())[:DAILY], *list(months.values())[:MONTHLY]}
    for name in set(names) - kept:
        os.unlink(f"{folder}/{name}")
