"""Bytes of a meter as text."""

from __future__ import annotations

from functools import lru_cache  # sqlite3 imports it too

from slimmemeter.p1.framing import HEX


@lru_cache(64)
def printable(text: bytes) -> str:
    """Bytes as text that can't harm a terminal or a page: all but printable ASCII is escaped."""
    if text.isascii():
        plain = text.decode("ascii")
        if plain.isprintable():
            return plain
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in text)


@lru_cache(64)  # ids are the same in every telegram of a log
def text_value(content: bytes) -> str:
    """The text of a value: decoded if it is pairs of hexadecimal digits that spell one."""
    if len(content) % 2 == 0 and not content.strip(HEX):
        decoded = bytes.fromhex(content.decode("ascii"))
        if decoded.isascii() and decoded.decode("ascii").isprintable():
            return decoded.decode("ascii").strip()
    return printable(content).strip()


def version_text(content: bytes) -> str:
    """A version as printed, or the digits that pairs of hexadecimal digits spell.

    Iskra's meters in Wallonia print 21110 as 3231313130. A version of two digits is no such pair.
    """
    text = text_value(content) if len(content) > 2 else ""
    return text if text.isdigit() else printable(content)
