"""What readings are brought from: logs of telegrams, our own CSV, and files of other programs.

Each is known by its content, read only, and told piece by piece, however long it is.
"""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import io
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

from slimmemeter.errors import TelegramError, UsageError
from slimmemeter.p1.framing import Framer
from slimmemeter.p1.telegram import Telegram
from slimmemeter.transfer import csv_file, dsmr_reader, own_database, slimmemeter_rpi
from slimmemeter.transfer.record import Home, Item, of_telegram

PIECE = 1 << 16
LONGEST = 1 << 16  # of a line
GZIP, ZIP, SQLITE = b"\x1f\x8b", b"PK\x03\x04", b"SQLite format 3\0"
# A line of DSMR-reader's log with a telegram (github.com/dsmrreader/dsmr-reader, until version 3:
# dsmr_datalogger/services/datalogger.py; its newer versions log telegrams as they are).
MARK = b"(base64 encoded): b'"
LOGGED = re.compile(rb"(?m)^.*" + re.escape(MARK) + rb"([A-Za-z0-9+/=]*)'.*$")
MOST_TIMES = 200  # as much comes out of a gzip file as goes in, from a megabyte on
HEADER = re.compile(rb"(?m)^([^\r\n/]*)/[A-Za-z]{3}[0-9]")


class Source(NamedTuple):
    """What kind it is, its items, how long it is, how much of it was read, and in what unit."""

    kind: str
    items: Iterator[Item]
    length: int
    position: Callable[[], int]
    unit: str = "B"


@contextmanager
def opened(path: str, home: Home) -> Iterator[Source]:
    """What a file is, by its content. :raises UsageError: none that is known, or unreadable."""
    try:
        file = open(0 if path == "-" else path, "rb", closefd=path != "-")  # noqa: SIM115 - below
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    with file, ExitStack() as stack:
        try:
            yield _known(file, path, home, stack)
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _known(file: io.BufferedReader, path: str, home: Home, stack: ExitStack) -> Source:
    """:param stack: what is closed at the end."""
    about = os.fstat(file.fileno())
    length = about.st_size if stat.S_ISREG(about.st_mode) else 0

    def position() -> int:
        return file.tell() if length else 0

    content, begin = file, file.peek(100)
    if begin.startswith(ZIP):
        raise UsageError(f"{path} is a ZIP file: unpack it, and import what is in it")
    if begin.startswith(GZIP):
        content = io.BufferedReader(_Unpacked(file, path, length))
    if content.peek(100).startswith(SQLITE):
        if content is not file or path == "-":
            path = _copied(content, stack.enter_context(TemporaryDirectory()))
        return _of_database(path, home)
    kind, items = _of_content(content, path, home)
    return Source(kind, items, length, position)


def _copied(content: BinaryIO, folder: str) -> str:
    """A database as a file that SQLite can open."""
    with open(f"{folder}/copy.sqlite3", "wb") as copy:
        shutil.copyfileobj(content, copy, PIECE)
        return copy.name


def _of_database(path: str, home: Home) -> Source:
    """slimmemeter-rpi's or ours. :raises SlimmemeterError: it can't be read, or is neither."""
    if codes := slimmemeter_rpi.columns(path):
        items = _Counted(slimmemeter_rpi.items(path, codes, home))
        return Source(
            "slimmemeter-rpi", items, slimmemeter_rpi.length(path), items.position, " rows"
        )
    items = _Counted(own_database.items(path))
    return Source("database", items, own_database.length(path), items.position, " rows")


def _of_content(content: io.BufferedReader, path: str, home: Home) -> tuple[str, Iterator[Item]]:
    """Of what kind a text is, and its items."""
    begin = content.peek(4096)[:4096]
    head = begin.decode("utf-8", "replace").removeprefix("\ufeff")
    if dsmr_reader.DUMP in begin:
        return "DSMR-reader", dsmr_reader.of_dump(content, path, home)
    if dsmr_reader.is_export(head):
        export = partial(dsmr_reader.of_export, path, home)
        return "DSMR-reader", _of_text(content, path, export)
    if csv_file.is_sheet(head):
        return "CSV", _of_text(content, path, partial(csv_file.items, home))
    return "telegrams", _of_log(content, path, home.winter_offset_s)


def _of_text(
    content: io.BufferedReader, path: str, items: Callable[[Iterator[str]], Iterator[Item]]
) -> Iterator[Item]:
    """Items of lines of text, however long one is; the file is another's to close."""
    text = io.TextIOWrapper(content, "utf-8-sig", "replace", newline="")
    try:
        yield from items(iter(partial(text.readline, LONGEST), ""))
    except csv.Error as error:
        raise UsageError(f"{path} is no CSV: {error}") from None
    finally:
        text.detach()


class _Counted(Iterator[Item]):
    """Items, and how many readings were told."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._number = 0

    def __next__(self) -> Item:
        item = next(self._items)
        self._number += item.seldom is None
        return item

    def position(self) -> int:
        """How many."""
        return self._number


class _Unpacked(io.RawIOBase):
    """A gzip file's content, unless it is one that is made to fill a disk."""

    def __init__(self, file: BinaryIO, path: str, length: int) -> None:
        self._content = gzip.GzipFile(fileobj=file)
        self._path = path
        self._left = max(length, 1 << 20) * MOST_TIMES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._content.read(len(buffer))
        except (OSError, EOFError) as error:
            raise UsageError(f"{self._path} is damaged: {error}") from None
        self._left -= len(piece)
        if self._left < 0:
            raise UsageError(f"{self._path} is {MOST_TIMES} times as long as it looks: no log is")
        buffer[: len(piece)] = piece
        return len(piece)


def _of_log(file: BinaryIO, path: str, winter_offset_s: int) -> Iterator[Item]:
    """Every telegram of a log, whatever stands between them. :raises UsageError: there is none."""
    framer = Framer()
    number = 0
    for piece in _unprefixed(file):
        for frame in framer.feed(piece) if piece else framer.pause():
            number += 1
            yield _of_frame(frame, f"telegram {number}", winter_offset_s)
    if not number:
        raise UsageError(
            f"{path} is neither a log of telegrams, nor our CSV, nor a database or backup that is"
            " known here"
        )


def _unprefixed(file: BinaryIO) -> Iterator[bytes]:
    """The log in whole lines, without what a logger put before each; an empty piece at the end."""
    prefix: re.Pattern[bytes] | None = None
    rest, piece = b"", b""
    while piece := file.read(PIECE):
        piece = rest + piece
        end = piece.rfind(b"\n") + 1 or len(piece)
        piece, rest = _decoded(piece[:end]), piece[end:]
        prefix = prefix or _prefix(piece)
        yield prefix.sub(b"", piece) if prefix else piece
    if rest := _decoded(rest):
        yield prefix.sub(b"", rest) if prefix else rest
    yield b""


def _decoded(piece: bytes) -> bytes:
    """With telegrams in the place of those in base64."""

    def telegram(logged: re.Match[bytes]) -> bytes:
        try:
            return base64.b64decode(logged[1])
        except binascii.Error:
            return b""

    return LOGGED.sub(telegram, piece) if MARK in piece else piece


def _prefix(piece: bytes) -> re.Pattern[bytes] | None:
    """What a logger puts before each line, as it stands before the first header, with any number
    for a number: a time. None where the header begins its line, or there is none yet."""
    header = HEADER.search(piece)
    if header is None or not header[1]:
        return None
    return re.compile(rb"(?m)^" + re.sub(rb"[0-9]+", rb"[0-9]+", re.escape(header[1])))


def _of_frame(frame: bytes, place: str, winter_offset_s: int) -> Item:
    try:
        return of_telegram(Telegram(frame).reading(winter_offset_s), place)
    except TelegramError as error:
        return Item(place, wrong=str(error))
