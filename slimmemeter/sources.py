"""What readings are brought from: telegram logs, our own CSV, another database of ours.

Each is known by its content, read only, and told piece by piece, however long it is.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter import schema, sheet
from slimmemeter.archive import Reader
from slimmemeter.errors import TelegramError, UsageError
from slimmemeter.frames import Framer
from slimmemeter.judgement import CLOCK_NOT_SET
from slimmemeter.telegram import MbusReading, Reading, Telegram

PIECE = 1 << 16
GZIP, SQLITE = b"\x1f\x8b", b"SQLite format 3\0"
MOST_TIMES = 200  # as much comes out of a gzip file as goes in, from a megabyte on
HEADER = re.compile(rb"(?m)^([^\r\n/]*)/[A-Za-z]{3}[0-9]")


class Item(NamedTuple):
    """A reading of the meter, or those of devices, at an instant; or why there is none."""

    place: str  # in the source
    at: int | None = None
    reading: Reading | None = None
    devices: tuple[MbusReading, ...] = ()
    wrong: str = ""


class Source(NamedTuple):
    """What kind it is, its items, how long it is, and how much of it was read."""

    kind: str
    items: Iterator[Item]
    length: int
    position: Callable[[], int]


@contextmanager
def opened(path: str, zone: ZoneInfo, winter_offset_s: int, own: sheet.Names) -> Iterator[Source]:
    """What a file is, by its content. :raises UsageError: none that is known, or unreadable."""
    try:
        file = open(0 if path == "-" else path, "rb", closefd=path != "-")  # noqa: SIM115 - below
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    with file:
        try:
            yield _known(file, path, zone, winter_offset_s, own)
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _known(
    file: io.BufferedReader, path: str, zone: ZoneInfo, winter_offset_s: int, own: sheet.Names
) -> Source:
    about = os.fstat(file.fileno())
    length = about.st_size if stat.S_ISREG(about.st_mode) else 0

    def position() -> int:
        return file.tell() if length else 0

    beginning = file.peek(100)
    if beginning.startswith(SQLITE):
        return Source("database", _of_database(path), 0, lambda: 0)
    content = file
    if beginning.startswith(GZIP):
        content = io.BufferedReader(_Unpacked(file, path, length))
    if sheet.is_sheet(content.peek(4096)[:4096].decode("utf-8", "replace")):
        text = io.TextIOWrapper(content, "utf-8", "replace", newline="")
        return Source("CSV", _of_sheet(text, zone, own), length, position)
    return Source("telegrams", _of_log(content, path, winter_offset_s), length, position)


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
            f"{path} is neither a log of telegrams, nor our CSV, nor a database of ours"
        )


def _unprefixed(file: BinaryIO) -> Iterator[bytes]:
    """The log in whole lines, without what a logger put before each; an empty piece at the end."""
    prefix: re.Pattern[bytes] | None = None
    rest, piece = b"", b""
    while piece := file.read(PIECE):
        piece = rest + piece
        end = piece.rfind(b"\n") + 1 or len(piece)
        piece, rest = piece[:end], piece[end:]
        prefix = prefix or _prefix(piece)
        yield prefix.sub(b"", piece) if prefix else piece
    if rest:
        yield prefix.sub(b"", rest) if prefix else rest
    yield b""


def _prefix(piece: bytes) -> re.Pattern[bytes] | None:
    """What a logger puts before each line, as it stands before the first header, with any number
    for a number: a time. None where the header begins its line, or there is none yet."""
    header = HEADER.search(piece)
    if header is None or not header[1]:
        return None
    return re.compile(rb"(?m)^" + re.sub(rb"[0-9]+", rb"[0-9]+", re.escape(header[1])))


def _of_frame(frame: bytes, place: str, winter_offset_s: int) -> Item:
    try:
        reading = Telegram(frame).reading(winter_offset_s)
    except TelegramError as error:
        return Item(place, wrong=str(error))
    if reading.stamp is None:
        return Item(place, wrong="it doesn't say when it was made")
    return Item(place, reading.stamp, reading)


def _of_sheet(text: io.TextIOWrapper, zone: ZoneInfo, own: sheet.Names) -> Iterator[Item]:
    try:
        for number, told in sheet.rows(text, zone, own):
            if isinstance(told, str):
                yield Item(f"line {number}", wrong=told)
            else:
                at, reading, devices = told
                yield Item(f"line {number}", at, reading, tuple(devices))
    finally:
        text.detach()  # the file is another's to close


def _of_database(path: str) -> Iterator[Item]:
    """Every reading of another database of ours, by life.

    :raises SlimmemeterError: it isn't one, or can't be read.
    """
    with closing(Reader(path)) as reader:
        columns = [
            name for name in reader.columns("readings") if name not in schema.ABOUT_A_READING
        ]
        for life in reader.series(aside=True):
            for row in reader.readings("readings", life["id"], ("taken_at", *columns)):
                values = {name: row[name] for name in columns if row[name] is not None}
                yield Item(path, row["taken_at"], _of_row(life, row["taken_at"], values))
        for life in reader.devices(aside=True):
            key = (life["channel"], life["type"], life["equipment"])
            for row in reader.readings("mbus_readings", life["id"], ("taken_at", "counter")):
                device = MbusReading(*key, row["taken_at"], row["counter"], life["unit"])
                yield Item(path, row["taken_at"], None, (device,))


def _of_row(life: object, at: int, values: dict[str, int]) -> Reading:
    clock = values.pop(schema.METER_CLOCK, at)
    others = {b"0-0:1.0.0": b"told)"} if clock != at else {}
    stamp = None if clock == CLOCK_NOT_SET else clock
    tariff = values.pop("tariff", None)
    header, version, meter = (life[name] for name in ("header", "version", "equipment"))  # type: ignore[index]
    return Reading(header, version, meter, stamp, tariff, values, [], others, 3600)
