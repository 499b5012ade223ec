"""A telegram that can be shown to others: as it came, but for what tells whose it is."""

from __future__ import annotations

from slimmemeter import obis
from slimmemeter.frames import HEX, crc16
from slimmemeter.logs import groups
from slimmemeter.stamps import stamp_utc
from slimmemeter.telegram import Telegram, text_value

LONGEST_TYPE = 5  # digits in a header that may be the meter's type; more are its number
SHORTEST_ID = 6


def anonymous(telegram: Telegram) -> bytes:
    """The telegram with other serial numbers, ids and messages of the same length and form, and a
    CRC that fits (where it has one). The same id is replaced by the same one."""
    names: dict[str, str] = {}
    header, *lines = telegram.came
    changed = [_without_number(header)]
    kind: str | None = None
    for line in lines:
        code, bracket, rest = line.partition(b"(")
        if code or not bracket:  # else it goes on with the line before
            kind = _kind(code)
        changed.append(code + bracket + _content(rest, kind, names))
    body = b"\r\n".join([*changed, b"!"])
    return body + (b"%04X" % crc16(body) if telegram.said else b"") + b"\r\n"


def _without_number(header: bytes) -> bytes:
    """The header with its longer runs of digits made zeros."""
    text = header.decode("latin-1")
    runs = "".join(char if char.isdigit() else " " for char in text).split()
    for run in sorted(runs, key=len, reverse=True):
        if len(run) > LONGEST_TYPE:
            text = text.replace(run, "0" * len(run))
    return text.encode("latin-1")


def _kind(code: bytes) -> str | None:
    """The kind of an object's value, None if it isn't known."""
    row = obis.AS_PRINTED.get(obis.without_sixth_group(code.decode("ascii", "replace")))
    return row[2] if row else None


def _content(rest: bytes, kind: str | None, names: dict[str, str]) -> bytes:
    if kind not in (None, obis.ID, obis.MESSAGE) or rest[-1:] != b")":
        return rest
    return b")(".join(_group(content, kind is not None, names) for content in groups(rest)) + b")"


def _group(content: bytes, is_known: bool, names: dict[str, str]) -> bytes:
    """A group's content without what it says of a person; of an object that isn't known, numbers
    with a unit, stamps and what is short stay."""
    harmless = b"*" in content or len(content) < SHORTEST_ID or stamp_utc(content, 0) is not None
    if (harmless and not is_known) or not content.strip(b"\xff"):
        return content
    text = text_value(content)
    written_in_hex = text.encode("latin-1", "replace") != content and not content.strip(HEX)
    other = _other(text, names)
    return (other.encode().hex().upper() if written_in_hex else other.ljust(len(content))).encode()


def _other(text: str, names: dict[str, str]) -> str:
    """Another name of the same form: zeros and Xs, and at the end which one it is."""
    if not text.strip("0-F"):
        return text  # it says nothing
    if text not in names:
        blank = "".join("0" if c.isdigit() else "X" if c.isalpha() else c for c in text)
        number = str(len(names) + 1)
        names[text] = blank[: -len(number)] + number
    return names[text]
