"""What is heard on a line: bytes, telegrams right and wrong, and for how long to listen."""

from __future__ import annotations

import time

from slimmemeter.errors import TelegramError
from slimmemeter.p1.framing import Foreign, Framer
from slimmemeter.p1.telegram import Telegram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slimmemeter.line.port import Port

SILENCE_S = 11  # a meter of P1 2 to 4 speaks every 10 s
BEGINNING = 4096  # bytes that are kept of what was heard


class Heard:
    """What came of listening; the telegram is the first right one, else the last damaged one."""

    def __init__(self) -> None:
        self.bytes = 0
        self.beginning = b""
        self.right = 0
        self.wrong = 0
        self.telegram: Telegram | None = None
        self.error: TelegramError | None = None  # what is wrong with it
        self.wrong_because = ""  # of the last damaged one
        self.foreign = Foreign()

    @property
    def is_enough(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.right > 0 or self.foreign.said is not None

    def take(self, piece: bytes) -> None:
        """Look at the bytes that came, as such."""
        self.bytes += len(piece)
        if len(self.beginning) < BEGINNING:
            self.beginning += piece
        self.foreign.feed(piece)

    def judge(self, frame: bytes) -> None:
        """Look at a frame that was found in them."""
        telegram = Telegram(frame)
        if not telegram.looks_like_one:
            return
        try:
            telegram.verify()
            if telegram.crc == "absent":  # then only its values tell whether it is whole
                telegram.reading()
        except TelegramError as error:
            self.wrong += 1
            self.wrong_because = str(error)
            if not self.right:
                self.telegram, self.error = telegram, error
        else:
            self.right += 1
            if self.right == 1:
                self.telegram, self.error = telegram, None


def receive(pieces: Iterable[bytes], heard: Heard | None = None) -> Heard:
    """Listen until a telegram is right, or the pieces end; an empty piece is a silence.

    :param heard: what came before, on another line; it is gone on with.
    """
    heard = heard or Heard()
    framer = Framer()
    for piece in pieces:
        for frame in framer.feed(piece) if piece else framer.pause():
            heard.judge(frame)
        heard.take(piece)
        if heard.is_enough:
            break
    return heard


def patient(opened: Port, heard: Heard, is_last: bool) -> Iterator[bytes]:
    """The port's pieces; where another line is left to try, until they look like garbage, or 11 s
    of silence. A meter of which something bad was heard is asked once more after such a silence."""
    spoke_at_s = time.monotonic()
    total = odd = 0
    asked = False
    for piece in opened.chunks():
        total += len(piece)
        odd += len(piece) - printable_count(piece)
        if piece:
            spoke_at_s = time.monotonic()
        silent = time.monotonic() - spoke_at_s > SILENCE_S
        garbled = odd > 64 and odd * 4 > total
        if not is_last and (garbled or (silent and heard.telegram is None)):
            return
        if silent and heard.bytes and not asked:
            opened.ask_again()
            asked = True
            spoke_at_s = time.monotonic()
        yield piece


def printable_count(content: bytes) -> int:
    """How many of these bytes a telegram may hold: printable ASCII and line ends."""
    return sum(byte in b"\r\n" or 32 <= byte < 127 for byte in content)
