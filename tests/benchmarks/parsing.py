"""One telegram parsed, its CRC checked, in this process."""

from __future__ import annotations

from dsmr_parser.parsers import TelegramParser
from dsmr_parser.telegram_specifications import V5
from measure import Work, elapsed_s
from sample import FRAME, TEXT

from slimmemeter.objects import decode
from slimmemeter.telegram import Telegram

TIMES = 200
_PARSER = TelegramParser(V5)


def reading() -> Work:
    """Ours, to what is stored."""
    return elapsed_s(lambda: Telegram(FRAME).reading(), TIMES)


def objects() -> Work:
    """Ours, to every object that the telegram holds."""

    def verified() -> object:
        telegram = Telegram(FRAME)
        telegram.verify()
        return decode(telegram, 3600)

    return elapsed_s(verified, TIMES)


def theirs() -> Work:
    """dsmr_parser's, to every object that it knows."""
    return elapsed_s(lambda: _PARSER.parse(TEXT), TIMES)
