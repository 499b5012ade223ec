"""The database of slimmemeter-rpi as a source: a row a telegram, a column an OBIS code.

Its table `telegrams` has a column for each line of its meter, named by the code, all TEXT, between
`id` and `timestamp`, the computer's time (github.com/gejanssen/slimmemeter-rpi,
P1uitlezer-DSMR42-py3.py and P1uitlezer-DSMR50-py3.py). A cell is what follows the code: with both
brackets (the first versions) or without the outer ones; the version for DSMR 5 omits the number of
entries in the power-failure log. CRC and header aren't stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from slimmemeter.errors import TelegramError
from slimmemeter.p1.telegram import ID_CODES, Telegram
from slimmemeter.store.foreign import ForeignDatabase
from slimmemeter.transfer.entry import Entry, Home, of_telegram
from slimmemeter.transfer.order import in_order

TABLE = "telegrams"
CODE = re.compile(r"\d+-\d+:\d+\.\d+\.\d+")
FAILURES = "1-0:99.97.0"


def columns(path: str) -> list[str]:
    """The codes of its rows; none if it is no such database.

    :raises StoreError: it can't be read.
    """
    with ForeignDatabase(path) as database:
        return [name for name in database.columns(TABLE) if CODE.fullmatch(name)]


def length(path: str) -> int:
    """The number of its telegrams. :raises StoreError: it can't be read."""
    with ForeignDatabase(path) as database:
        return database.count(TABLE)


def entries(path: str, codes: list[str], home: Home) -> Iterator[Entry]:
    """Every telegram. :raises StoreError: it can't be read."""
    return in_order(partial(_telegrams, path, codes, home))


def _telegrams(path: str, codes: list[str], home: Home) -> Iterator[Entry]:
    with ForeignDatabase(path) as database:
        for number, *cells in database.rows(TABLE, codes):
            yield _entry(f"row {number}", codes, cells, home)


def meters(path: str, codes: list[str], home: Home) -> Iterator[str]:
    """The id of each meter with a valid telegram. :raises StoreError: it can't be read."""
    ids = [code for code in codes if code.encode() in ID_CODES]
    seen: set[tuple[object, ...]] = set()
    with ForeignDatabase(path) as database:
        for number, *cells in database.rows(TABLE, ids):
            if tuple(cells) in seen:
                continue
            for _, *whole in database.rows(TABLE, codes, number, number):
                reading = _entry("", codes, whole, home).reading
                if reading is not None:
                    seen.add(tuple(cells))
                    yield reading.equipment_id or ""


def _entry(
    place: str, codes: list[str], cells: Sequence[bytes | float | None], home: Home
) -> Entry:
    pairs = zip(codes, cells, strict=True)
    lines = [_line(code, cell) for code, cell in pairs if cell is not None and cell != b""]
    try:
        reading = Telegram.of_lines([b"/", *lines]).reading(home.winter_offset_s)
    except TelegramError as error:
        return Entry(place, error=str(error))
    if reading.equipment_id is None and reading.timestamp is not None:
        reading.equipment_id = home.meter(reading.timestamp)
    return of_telegram(reading, place)


def _line(code: str, cell: bytes | float) -> bytes:
    printed = cell if isinstance(cell, bytes) else b"%a" % cell  # a number in a damaged file
    content = printed.strip().removeprefix(b"(").removesuffix(b")")
    if code == FAILURES and content.startswith(b"0-0:"):
        content = b"0)(" + content  # the number of entries isn't used
    return b"%s(%s)" % (code.encode(), content)
