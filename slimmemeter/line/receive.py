"""Receives from a line: bytes, valid and damaged telegrams, and when to stop listening."""

from __future__ import annotations

import time

from slimmemeter import clock
from slimmemeter.errors import TelegramError
from slimmemeter.line.foreign import ForeignProtocol
from slimmemeter.p1.framing import Framer
from slimmemeter.p1.telegram import Telegram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slimmemeter.line.port import Port
    from slimmemeter.p1.reading import Reading

SILENCE_S = 11  # a meter of P1 2 to 4 sends every 10 s
BEGINNING = 4096  # bytes that are kept of a reception's start


class Reception:
    """What was received: its telegram is the first valid one, else the last damaged one."""

    def __init__(self, winter_offset_s: int = 3600, is_live: bool = True) -> None:
        """:param is_live: whether it comes from a meter now; a file's telegrams are older."""
        self._winter_offset_s = winter_offset_s
        self._is_live = is_live
        self._framer = Framer()
        self.foreign = ForeignProtocol()
        self.byte_count = 0
        self.beginning = b""
        self.valid_count = 0
        self.damaged_count = 0
        self.last_damage = ""  # why the last damaged telegram is damaged
        self.telegram: Telegram | None = None
        self.received_at: int | None = None  # UTC seconds; None if it isn't live
        self.reading: Reading | None = None  # None if the telegram is damaged or refused
        self.error: TelegramError | None = None  # why there is no reading

    @property
    def is_complete(self) -> bool:
        """Whether nothing more needs to come."""
        return self.valid_count > 0 or self.foreign.advice is not None

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; an empty piece stands for a pause."""
        for frame in self._framer.feed(piece):
            self._examine(Telegram(frame))
        self.byte_count += len(piece)
        if len(self.beginning) < BEGINNING:
            self.beginning += piece
        self.foreign.feed(piece)

    def end_line(self) -> None:
        """Forget an unfinished frame, before another setting of the line is tried."""
        self._framer = Framer()

    def _examine(self, telegram: Telegram) -> None:
        if telegram.is_noise:
            return
        received_at = clock.now() if self._is_live else None
        try:
            reading, error = telegram.reading(self._winter_offset_s, received_at), None
        except TelegramError as refused:
            reading, error = None, refused
        # Without a CRC only the values show whether a telegram is whole.
        is_valid = telegram.crc == "ok" or reading is not None
        if not is_valid:
            self.damaged_count += 1
            self.last_damage = str(error)
        if not self.valid_count:
            self.telegram, self.received_at = telegram, received_at
            self.reading, self.error = reading, error
        self.valid_count += is_valid


def receive(pieces: Iterable[bytes], reception: Reception) -> Reception:
    """Feed a reception until a telegram is valid, or the pieces end."""
    for piece in pieces:
        reception.feed(piece)
        if reception.is_complete:
            break
    reception.end_line()
    return reception


def patient_pieces(port: Port, reception: Reception, is_last: bool) -> Iterator[bytes]:
    """The port's pieces, until its deadline.

    If a meter sent something bad and then falls silent for 11 s, RTS is dropped and raised once.

    :param is_last: whether no other setting of the line is left to try; if one is, the pieces end
        when they look like garbage, or after 11 s of silence.
    """
    active_at_s = time.monotonic()
    total = unprintable = 0
    is_asked_again = False
    for piece in port.pieces():
        if piece:
            active_at_s = time.monotonic()
        is_silent = time.monotonic() - active_at_s > SILENCE_S
        if not is_last:
            total += len(piece)
            unprintable += len(piece) - printable_count(piece)
            is_garbled = unprintable > 64 and unprintable * 4 > total
            if is_garbled or (is_silent and reception.telegram is None):
                return
        if is_silent and reception.byte_count and not is_asked_again:
            port.ask_again()
            is_asked_again = True
            active_at_s = time.monotonic()
        yield piece


def printable_count(content: bytes) -> int:
    """How many of these bytes a telegram may contain: printable ASCII and line ends."""
    return sum(byte in b"\r\n" or 32 <= byte < 127 for byte in content)
