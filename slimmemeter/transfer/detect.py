"""Detects by its content what an imported file is, and opens it as a source of entries.

A source is only read, and in pieces, however long it is.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import shutil
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from tempfile import TemporaryDirectory, TemporaryFile
from typing import BinaryIO, NamedTuple, TypeVar

from slimmemeter.errors import UsageError
from slimmemeter.store import backup
from slimmemeter.transfer import (
    csv_file,
    dsmr_reader,
    own_database,
    price_csv,
    slimmemeter_rpi,
    telegram_log,
)
from slimmemeter.transfer.entry import Entry, Home

Read = TypeVar("Read")

PIECE = 1 << 16
PRICES = "prices"  # a kind of file that has no readings
LONGEST = 1 << 16  # of a line
# How such files begin.
ZIP = b"PK\x03\x04"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_TIMES = 200  # of a gzip file's length, at least a megabyte's, may come out of it


class Source(NamedTuple):
    """Its kind; its entries, or the ids of the meters that it names, of which one can be read; its
    length, how much of it has been read, and the unit of both."""

    kind: str
    entries: Iterator[Entry]
    meters: Iterator[str]
    length: int
    position: Callable[[], int]
    unit: str = "B"


@contextmanager
def opened(path: str, home: Home, spool: BinaryIO | None = None) -> Iterator[Source]:
    """Open a file as what it is.

    :param spool: what came from it, as of `spooled`; None for a file that can be read again.
    :raises UsageError: it is of no known kind, or unreadable.
    """
    with _explained(path), _file(path, spool) as file, ExitStack() as stack:
        yield _source(file, path, home, stack)


def spooled(path: str, folder: str) -> BinaryIO | None:
    """What comes from standard input or a pipe, in a temporary file that has no name; None for a
    file, which can be read again. :raises UsageError: it is unreadable."""
    with _explained(path), _file(path, None) as file:
        if path != "-" and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        spool = TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
        shutil.copyfileobj(file, spool, PIECE)
        return spool


def _file(path: str, spool: BinaryIO | None) -> io.BufferedReader:
    if spool is None:
        return open(0 if path == "-" else path, "rb", closefd=path != "-")
    spool.seek(0)
    return open(spool.fileno(), "rb", closefd=False)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _source(file: io.BufferedReader, path: str, home: Home, stack: ExitStack) -> Source:
    """:param stack: closes temporary files at the end."""
    about = os.fstat(file.fileno())
    length = about.st_size if stat.S_ISREG(about.st_mode) else 0

    def position() -> int:
        return file.tell() if length else 0

    content, begin = file, file.peek(100)
    if begin.startswith(ZIP):
        raise UsageError(f"{path} is a ZIP file: unpack it, and import what is in it")
    if begin.startswith(backup.GZIP):
        content = io.BufferedReader(_Unpacked(file, path, length))
    if content.peek(100).startswith(backup.SQLITE):
        if content is not file or path == "-":
            path = _copied(content, stack.enter_context(TemporaryDirectory()))
        return _of_database(path, home)
    return Source(*_of_content(content, path, home), length, position)


def _copied(content: BinaryIO, folder: str) -> str:
    """A database as a file that SQLite can open."""
    with open(f"{folder}/copy.sqlite3", "wb") as copy:
        shutil.copyfileobj(content, copy, PIECE)
        return copy.name


def _of_database(path: str, home: Home) -> Source:
    """slimmemeter-rpi's or ours. :raises SlimmemeterError: it is neither, or unreadable."""
    if codes := slimmemeter_rpi.columns(path):
        rows = _Counted(slimmemeter_rpi.entries(path, codes, home))
        meters, length = slimmemeter_rpi.meters(path, codes, home), slimmemeter_rpi.length(path)
        return Source("slimmemeter-rpi", rows, meters, length, rows.position, " rows")
    rows = _Counted(own_database.entries(path))
    meters, length = own_database.meters(path), own_database.length(path)
    return Source("database", rows, meters, length, rows.position, " rows")


def _of_content(
    content: io.BufferedReader, path: str, home: Home
) -> tuple[str, Iterator[Entry], Iterator[str]]:
    """The kind of a text, its entries and its meters. :raises UsageError: it is in UTF-16."""
    begin = content.peek(4096)[:4096]
    if begin.startswith(UTF_16):
        raise UsageError(f"{path} is a text in UTF-16: save it in UTF-8, and import that")
    head = begin.decode("utf-8", "replace").removeprefix("\ufeff")
    if dsmr_reader.DUMP in begin:
        return "DSMR-reader", dsmr_reader.of_dump(content, path, home), iter(())
    if dsmr_reader.is_export(head):
        export = partial(dsmr_reader.of_export, path, home)
        return "DSMR-reader", _of_text(content, path, export), iter(())
    if price_csv.is_prices(head):
        prices = _of_text(content, path, partial(price_csv.entries, home))
        return PRICES, prices, iter(())
    if csv_file.is_csv(head):
        rows = _of_text(content, path, partial(csv_file.entries, home))
        return "CSV", rows, _of_text(content, path, partial(csv_file.meters, home))
    telegrams = telegram_log.entries(content, path, home.winter_offset_s)
    return "telegrams", telegrams, telegram_log.meters(content, home.winter_offset_s)


def _of_text(
    content: io.BufferedReader, path: str, read: Callable[[Iterator[str]], Iterator[Read]]
) -> Iterator[Read]:
    """What is read from lines of text, however long one is; the caller closes the file."""
    text = io.TextIOWrapper(content, "utf-8-sig", "replace", newline="")
    try:
        yield from read(iter(partial(text.readline, LONGEST), ""))
    except csv.Error as error:
        raise UsageError(f"{path} is not a CSV: {error}") from None
    finally:
        text.detach()


class _Counted(Iterator[Entry]):
    """Entries, and how many of them were readings."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self._number = 0

    def __next__(self) -> Entry:
        entry = next(self._entries)
        self._number += entry.log is None
        return entry

    def position(self) -> int:
        """The number of readings."""
        return self._number


class _Unpacked(io.RawIOBase):
    """A gzip file's content, unless it was made to fill a disk."""

    def __init__(self, file: BinaryIO, path: str, length: int) -> None:
        self._content = gzip.GzipFile(fileobj=file)
        self._path = path
        self._most = self._left = max(length, 1 << 20) * MOST_TIMES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Begin again. :raises UnsupportedOperation: another place is asked for."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation
        self._left = self._most
        return self._content.seek(0)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._content.read(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{self._path} is damaged: {error}") from None
        self._left -= len(piece)
        if self._left < 0:
            raise UsageError(f"{self._path} unpacks to {MOST_TIMES} times its size, as no log does")
        buffer[: len(piece)] = piece
        return len(piece)
