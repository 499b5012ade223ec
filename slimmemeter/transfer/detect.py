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
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

from slimmemeter.errors import UsageError
from slimmemeter.store import backup
from slimmemeter.transfer import csv_file, dsmr_reader, own_database, slimmemeter_rpi, telegram_log
from slimmemeter.transfer.entry import Entry, Home

PIECE = 1 << 16
LONGEST = 1 << 16  # of a line
# How such files begin.
ZIP = b"PK\x03\x04"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_TIMES = 200  # of a gzip file's length, at least a megabyte's, may come out of it


class Source(NamedTuple):
    """Its kind and entries; its length, how much of it has been read, and the unit of both."""

    kind: str
    entries: Iterator[Entry]
    length: int
    position: Callable[[], int]
    unit: str = "B"


@contextmanager
def opened(path: str, home: Home) -> Iterator[Source]:
    """Open a file as what it is. :raises UsageError: it is of no known kind, or unreadable."""
    try:
        file = open(0 if path == "-" else path, "rb", closefd=path != "-")  # noqa: SIM115 - below
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    with file, ExitStack() as stack:
        try:
            yield _source(file, path, home, stack)
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
    kind, entries = _of_content(content, path, home)
    return Source(kind, entries, length, position)


def _copied(content: BinaryIO, folder: str) -> str:
    """A database as a file that SQLite can open."""
    with open(f"{folder}/copy.sqlite3", "wb") as copy:
        shutil.copyfileobj(content, copy, PIECE)
        return copy.name


def _of_database(path: str, home: Home) -> Source:
    """slimmemeter-rpi's or ours. :raises SlimmemeterError: it is neither, or unreadable."""
    if codes := slimmemeter_rpi.columns(path):
        rows = _Counted(slimmemeter_rpi.entries(path, codes, home))
        return Source("slimmemeter-rpi", rows, slimmemeter_rpi.length(path), rows.position, " rows")
    rows = _Counted(own_database.entries(path))
    return Source("database", rows, own_database.length(path), rows.position, " rows")


def _of_content(content: io.BufferedReader, path: str, home: Home) -> tuple[str, Iterator[Entry]]:
    """The kind of a text, and its entries. :raises UsageError: it is in UTF-16."""
    begin = content.peek(4096)[:4096]
    if begin.startswith(UTF_16):
        raise UsageError(f"{path} is a text in UTF-16: save it in UTF-8, and import that")
    head = begin.decode("utf-8", "replace").removeprefix("\ufeff")
    if dsmr_reader.DUMP in begin:
        return "DSMR-reader", dsmr_reader.of_dump(content, path, home)
    if dsmr_reader.is_export(head):
        export = partial(dsmr_reader.of_export, path, home)
        return "DSMR-reader", _of_text(content, path, export)
    if csv_file.is_csv(head):
        return "CSV", _of_text(content, path, partial(csv_file.entries, home))
    return "telegrams", telegram_log.entries(content, path, home.winter_offset_s)


def _of_text(
    content: io.BufferedReader, path: str, entries: Callable[[Iterator[str]], Iterator[Entry]]
) -> Iterator[Entry]:
    """The entries of lines of text, however long one is; the caller closes the file."""
    text = io.TextIOWrapper(content, "utf-8-sig", "replace", newline="")
    try:
        yield from entries(iter(partial(text.readline, LONGEST), ""))
    except csv.Error as error:
        raise UsageError(f"{path} is no CSV: {error}") from None
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
        self._left = max(length, 1 << 20) * MOST_TIMES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._content.read(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{self._path} is damaged: {error}") from None
        self._left -= len(piece)
        if self._left < 0:
            raise UsageError(f"{self._path} is {MOST_TIMES} times as long as it looks: no log is")
        buffer[: len(piece)] = piece
        return len(piece)
