"""A telegram that can be shown to others: as printed, but without anything personal.

Only what is known to be harmless stays: numbers with a unit, timestamps, codes and short values.
Ids, messages and everything else become zeros and Xs of the same length.
"""

from __future__ import annotations

from slimmemeter.p1 import obis
from slimmemeter.p1.crc import crc16
from slimmemeter.p1.event_logs import groups
from slimmemeter.p1.framing import HEX
from slimmemeter.p1.objects import DEFINITIONS
from slimmemeter.p1.quantities import DIGITS_TO_0, MOST_DIGITS, split
from slimmemeter.p1.telegram import Telegram
from slimmemeter.p1.text import text_value
from slimmemeter.p1.timestamps import parse_timestamp

MAKER = 5  # characters of a header: the slash, the maker's letters, the baud rate
MOST_RUNS, MOST_IN_ALL = 4, 9  # of digits in a header without serial number
SHORT = 5  # characters; no id is that short
LONGEST_UNIT = 6
LONGEST_WORD = 8  # of a state or tariff
PERSONAL = (obis.ID, obis.MESSAGE)
WORDED = (obis.STATE, obis.TARIFF)


def anonymous(telegram: Telegram) -> bytes:
    """The telegram without serial numbers, ids and messages, and with a fitting CRC if it has one.

    Equal ids get equal replacements.
    """
    replacements: dict[bytes, bytes] = {}
    header, *lines = telegram.printed_lines
    shown = [_without_number(header)]
    kind: str | None = None
    for line in lines:
        code, bracket, rest = line.partition(b"(")
        if code or not bracket:  # else it continues the line before
            kind = _kind(code)
        stays = kind or _is_code(code) or not any(chr(byte).isalnum() for byte in code)
        start = code if stays else _replacement(code, replacements)
        shown.append(start + bracket + _contents(rest, kind, replacements))
    body = b"\r\n".join([*shown, b"!"])
    return body + (b"%04X" % crc16(body) if telegram.printed_crc else b"") + b"\r\n"


def _without_number(header: bytes) -> bytes:
    """The header, its digits replaced by zeros if there are more than a type has."""
    kept = MAKER if header[1:4].isalpha() else 1
    about = header[kept:]
    runs = "".join(chr(byte) if chr(byte).isdigit() else " " for byte in about).split()
    if len(runs) > MOST_RUNS or sum(map(len, runs)) > MOST_IN_ALL:
        about = about.translate(DIGITS_TO_0)
    return header[:kept] + about


def _kind(code: bytes) -> str | None:
    """The kind of an object's value; None if the object is unknown."""
    known = DEFINITIONS.get(obis.without_sixth_group(code.decode("ascii", "replace")))
    return known.kind if known else None


def _is_code(text: bytes) -> bool:
    """Whether it is A-B:C.D.E, of groups of at most three digits (IEC 62056-61)."""
    parts = text.replace(b":", b"-").replace(b"*", b"-").replace(b".", b"-").split(b"-")
    return len(parts) in (5, 6) and all(part.isdigit() and len(part) < 4 for part in parts)


def _contents(rest: bytes, kind: str | None, replacements: dict[bytes, bytes]) -> bytes:
    if not rest:
        return rest
    end = b")" if rest.endswith(b")") else b""
    return b")(".join(_content(content, kind, replacements) for content in groups(rest)) + end


def _content(content: bytes, kind: str | None, replacements: dict[bytes, bytes]) -> bytes:
    """One group's content if it is harmless, else a replacement of the same form."""
    if kind not in PERSONAL and _is_harmless(content, kind):
        return content
    if len(set(content)) < 2:
        return content  # zeros or blanks
    text = text_value(content).encode("latin-1", "replace")
    if content.strip(HEX) or text == content.strip():
        return _replacement(content, replacements)
    return _replacement(text, replacements).hex().upper().encode()


def _is_harmless(content: bytes, kind: str | None) -> bool:
    number, unit = split(content)
    digits = number.removeprefix(b"-").replace(b".", b"", 1)
    is_number = digits.isdigit() and len(digits) <= MOST_DIGITS + 3
    if is_number and unit:
        return len(unit) <= LONGEST_UNIT and unit.isalnum()
    if parse_timestamp(content, 0) is not None and (content[-1:].isalpha() or kind is not None):
        return True
    if kind is None:
        return len(content) < SHORT or _is_code(content)
    unset = content[:-1].isdigit() and content[-1:] in b"WSTws"
    word = kind in WORDED and len(content) <= LONGEST_WORD
    return is_number or unset or word or len(content) <= SHORT or _is_code(content)


def _replacement(text: bytes, replacements: dict[bytes, bytes]) -> bytes:
    """A text of the same form that ends with its own number."""
    if text not in replacements:
        letter = b"X" if text.strip(HEX) else b"A"  # hexadecimal stays hexadecimal
        blank = b"".join(
            b"0" if c.isdigit() else letter if c.isalpha() else c if c in b" .-:*" else b"X"
            for c in (text[place : place + 1] for place in range(len(text)))
        )
        number = b"%d" % (len(replacements) + 1)
        used = blank.rstrip(b" ")
        replacements[text] = used[: -len(number)] + number[-len(used) :] + blank[len(used) :]
    return replacements[text]


def masked(name: str) -> str:
    """An id with only its ends shown: E0031…9515."""
    return f"{name[:5]}…{name[-4:]}" if len(name) > 9 else "…"
