"""One telegram parsed, its CRC checked, in this process."""

from __future__ import annotations

from dsmr_parser.parsers import TelegramParser
from dsmr_parser.telegram_specifications import BELGIUM_FLUVIUS, V5
from measure import Work, elapsed_s
from sample import BELGIAN, DUTCH

from slimmemeter.errors import TelegramError
from slimmemeter.p1.crc import crc16
from slimmemeter.p1.framing import LONGEST
from slimmemeter.p1.objects import decode
from slimmemeter.p1.telegram import Telegram

TIMES = 200
SAMPLES = {
    "dutch": (DUTCH, TelegramParser(V5)),
    "belgian": (BELGIAN, TelegramParser(BELGIUM_FLUVIUS)),
}
_LINES = DUTCH.frame[: DUTCH.frame.rindex(b"!")]
_BRACKETS = _LINES + b"(" * (LONGEST - len(_LINES)) + b"\r\n!"
HOSTILE = _BRACKETS + b"%04X" % crc16(_BRACKETS)


def reading(name: str) -> Work:
    """Ours, to what is stored."""
    return elapsed_s(lambda: Telegram(SAMPLES[name][0].frame).reading(), TIMES)


def objects(name: str) -> Work:
    """Ours, to every object that the telegram holds."""
    return elapsed_s(lambda: _objects(SAMPLES[name][0].frame), TIMES)


def theirs(name: str) -> Work:
    """dsmr_parser's, to every object that it knows."""
    sample, parser = SAMPLES[name]
    return elapsed_s(lambda: parser.parse(sample.text), TIMES)


def hostile() -> Work:
    """Ours, to a reading and all objects, of 64 KiB of brackets: seconds a byte."""
    return _by_byte(HOSTILE)


def common() -> Work:
    """The same of a common telegram."""
    return _by_byte(DUTCH.frame)


def _by_byte(frame: bytes) -> Work:
    def both() -> None:
        _objects(frame)
        try:
            Telegram(frame).reading()
        except TelegramError:
            pass  # to refuse it is a fair answer

    work = elapsed_s(both, 5)
    return lambda: work() / len(frame)


def _objects(frame: bytes) -> object:
    telegram = Telegram(frame)
    telegram.verify()
    return decode(telegram, 3600)
