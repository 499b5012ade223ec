"""The database of slimmemeter-rpi as a source: a row a telegram, a column an OBIS code.

Its table `telegrams` has a column for each line that its meter sends, named by the code, all TEXT,
after `id` and before `timestamp`, the computer's time (github.com/gejanssen/slimmemeter-rpi,
P1uitlezer-DSMR42-py3.py and P1uitlezer-DSMR50-py3.py). A cell is what stands behind the code:
with both brackets (the first versions), or without the outer ones; of the power-failure log the
version for DSMR 5 leaves out the number of failures, too.

So a row becomes a telegram again, of which all is read that is read of others. The stamp is the
meter's. Its CRC isn't kept, nor is its header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

from slimmemeter.errors import TelegramError
from slimmemeter.p1.framing import crc16
from slimmemeter.p1.telegram import Telegram
from slimmemeter.store.connection import Stranger
from slimmemeter.transfer.record import Home, Item, of_telegram

TABLE = "telegrams"
CODE = re.compile(r"\d+-\d+:\d+\.\d+\.\d+")
FAILURES = "1-0:99.97.0"


def columns(path: str) -> list[str]:
    """The codes that its rows have; none where it is no such database.

    :raises StoreError: it can't be read.
    """
    with closing(Stranger(path)) as database:
        return [name for name in database.columns(TABLE) if CODE.fullmatch(name)]


def length(path: str) -> int:
    """How many telegrams it has. :raises StoreError: it can't be read."""
    with closing(Stranger(path)) as database:
        return database.count(TABLE)


def items(path: str, codes: list[str], home: Home) -> Iterator[Item]:
    """Every telegram. :raises StoreError: it can't be read."""
    with closing(Stranger(path)) as database:
        for number, *cells in database.rows(TABLE, codes):
            lines = [_line(code, cell) for code, cell in zip(codes, cells, strict=True) if cell]
            body = b"\r\n".join([b"/", *lines, b"!"])
            try:
                reading = Telegram(body + b"%04X" % crc16(body)).reading(home.winter_offset_s)
            except TelegramError as error:
                yield Item(f"row {number}", wrong=str(error))
            else:
                yield of_telegram(reading, f"row {number}")


def _line(code: str, cell: bytes) -> bytes:
    content = cell.strip().removeprefix(b"(").removesuffix(b")")
    if code == FAILURES and content.startswith(b"0-0:"):
        content = b"0)(" + content  # how many there are isn't looked at
    return b"%s(%s)" % (code.encode(), content)
