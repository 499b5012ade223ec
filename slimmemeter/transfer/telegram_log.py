"""Logs of telegrams as a source: as captured, with a logger's prefix, or in base64."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from slimmemeter.clock import AGREEMENT_S
from slimmemeter.errors import TelegramError, UsageError
from slimmemeter.p1.framing import Framer
from slimmemeter.p1.telegram import ID_CODES, Telegram
from slimmemeter.p1.timestamps import parse_timestamp
from slimmemeter.transfer.entry import Entry, of_telegram
from slimmemeter.transfer.order import in_order

PIECE = 1 << 16
# A line of DSMR-reader's log with a telegram (github.com/dsmrreader/dsmr-reader, until version 3:
# dsmr_datalogger/services/datalogger.py; newer versions log telegrams as they are).
MARK = b"(base64 encoded): b'"
LOGGED = re.compile(rb"(?m)^.*" + re.escape(MARK) + rb"([A-Za-z0-9+/=]*)'.*$")
HEADER = re.compile(rb"(?m)^([^\r\n/]*)/[A-Za-z]{3}[0-9]")
LONGEST_STAMP = 25
STAMP = re.compile(rb"0-0:1\.0\.0\(([0-9]{12}[SW]?)\)")
IDS = re.compile(rb"0-0:(?:" + b"|".join(re.escape(code[4:]) for code in ID_CODES) + rb")[^)]*")


def entries(file: BinaryIO, path: str, winter_offset_s: int) -> Iterator[Entry]:
    """Every telegram, whatever stands in between.

    :param file: is read twice or more, and so must be seekable.
    :raises UsageError: there is none.
    """
    read = partial(_telegrams, file, path, winter_offset_s)
    yield from in_order(read) if _may_fall(file, winter_offset_s) else read()


def _may_fall(file: BinaryIO, winter_offset_s: int) -> bool:
    """Whether the time falls somewhere, or can't be seen at once."""
    last, rest, piece = 0, b"", b""
    while piece := file.read(PIECE):
        piece = rest + piece
        for stamp in STAMP.findall(piece):
            at = parse_timestamp(stamp, winter_offset_s)
            if at is None or at < last - AGREEMENT_S:
                return True
            last = at
        rest = piece[-LONGEST_STAMP:]
    return not last


def _telegrams(file: BinaryIO, path: str, winter_offset_s: int) -> Iterator[Entry]:
    file.seek(0)
    number = 0
    for number, frame in enumerate(_frames(file), 1):
        yield _of_frame(frame, f"telegram {number}", winter_offset_s)
    if not number:
        raise UsageError(
            f"{path} is of no known kind: it is neither a log of telegrams nor a CSV of meter"
            " readings, and no database or backup of a known program"
        )


def meters(file: BinaryIO, winter_offset_s: int) -> Iterator[str]:
    """The id of each meter with a valid telegram; most telegrams are only looked at."""
    seen: set[tuple[bytes, ...]] = set()
    for frame in _frames(file):
        ids = (frame[: frame.find(b"\n")], *IDS.findall(frame))  # its header may be its id
        if ids not in seen:
            reading = _of_frame(frame, "", winter_offset_s).reading
            if reading is not None:
                seen.add(ids)
                yield reading.equipment_id or ""


def _frames(file: BinaryIO) -> Iterator[bytes]:
    framer = Framer()
    for piece in _unprefixed(file):
        yield from framer.feed(piece)


def _unprefixed(file: BinaryIO) -> Iterator[bytes]:
    """The log in whole lines, without a logger's prefixes; at the end an empty piece."""
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
    """Telegrams in place of those in base64."""

    def telegram(logged: re.Match[bytes]) -> bytes:
        try:
            return base64.b64decode(logged[1])
        except binascii.Error:
            return b""

    return LOGGED.sub(telegram, piece) if MARK in piece else piece


def _prefix(piece: bytes) -> re.Pattern[bytes] | None:
    """What stands before the first header, with any number in place of a number (a time), and so
    before every line; None if the header begins its line, or isn't there yet."""
    header = HEADER.search(piece)
    if header is None or not header[1]:
        return None
    return re.compile(rb"(?m)^" + re.sub(rb"[0-9]+", rb"[0-9]+", re.escape(header[1])))


def _of_frame(frame: bytes, place: str, winter_offset_s: int) -> Entry:
    try:
        return of_telegram(Telegram(frame).reading(winter_offset_s), place)
    except TelegramError as error:
        return Entry(place, error=str(error))
