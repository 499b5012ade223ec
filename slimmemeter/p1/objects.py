"""Every object of a telegram, decoded for `p1-pull --dry-run` and `--json`.

Numbers stay the decimals that the meter printed; times are UTC seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from slimmemeter.p1 import event_logs, obis
from slimmemeter.p1.framing import HEX
from slimmemeter.p1.mbus import mbus_type
from slimmemeter.p1.printed import Cell, PrintedPeak, ProfileValue, Record
from slimmemeter.p1.quantities import MOST_DIGITS, split
from slimmemeter.p1.reading import PowerFailure
from slimmemeter.p1.telegram import Telegram
from slimmemeter.p1.text import printable, text_value, version_text
from slimmemeter.p1.timestamps import parse_timestamp


class Definition(NamedTuple):
    """One row of the OBIS table."""

    name: str  # the key in `p1-pull --json`
    label: str
    kind: str
    column: str | None  # of readings or counters; None if the object isn't stored


def _by_printed_code(table: dict[str, obis.Row]) -> dict[str, Definition]:
    return {
        printed: Definition(*row)
        for code, row in table.items()
        for printed in obis.printed_codes(code)
    }


DEFINITIONS = _by_printed_code(obis.TABLE)
_ALTERNATIVES = _by_printed_code(obis.ALTERNATIVES)


Entry = PowerFailure | PrintedPeak | ProfileValue | Record
Value = str | int | Decimal | Sequence[Entry] | None


class Object(NamedTuple):
    """One object of a telegram; `value` is None for `()`."""

    code: str
    definition: Definition
    value: Value
    unit: str | None = None
    at: int | None = None

    @property
    def name(self) -> str:
        """Its key in JSON."""
        return self.definition.name

    @property
    def channel(self) -> int | None:
        """The M-Bus channel; None for the meter's own objects."""
        number = int(self.code[2]) if self.code[2:3].isdigit() else 0
        return number if self.name.startswith("mbus_") else None


def decode(telegram: Telegram, winter_offset_s: int) -> tuple[list[Object], list[str]]:
    """The known objects in the telegram's order, and all other lines as printed.

    Of a repeated code the first counts. The others are among the other lines, and so is a known
    object in an unexpected form.
    """
    known: dict[bytes, Object] = {}
    unknown = []
    for line in filter(None, telegram.lines[1:]):
        code, _, rest = line.partition(b"(")
        is_new = rest[-1:] == b")" and code not in known
        content = rest[:-1]
        for definition, decoder in (_FORMS.get(code) or _forms_of_bare(code)) if is_new else ():
            found = decoder(content, winter_offset_s) if content else _NOTHING
            if found is not None:
                value, unit, at = found
                known[code] = Object(code.decode(), definition, value, unit, at)
                break
        else:
            unknown.append(printable(line))
    return list(known.values()), unknown


Found = tuple[Value, str | None, int | None]  # value, unit, instant
Decoder = Callable[[bytes, int], Found | None]
_NOTHING: Found = (None, None, None)


def _number(content: bytes, offset_s: int = 0) -> tuple[Decimal, str | None, None] | None:
    """The number as printed, without its leading zeros, and its unit."""
    number, unit = split(content)
    if not number.isdigit():
        digits = number.removeprefix(b"-").replace(b".", b"", 1)
        if not digits.isdigit():
            return None
    if len(number) > 2 * MOST_DIGITS:
        return None
    if not unit:
        return Decimal(number.decode()), None, None
    return (Decimal(number.decode()), unit.decode(), None) if unit.isalnum() else None


def _count(content: bytes, offset_s: int) -> Found | None:
    whole = content.isdigit() and len(content) <= MOST_DIGITS
    return (int(content), None, None) if whole else None


def _tariff(content: bytes, offset_s: int) -> Found:
    """Its number; Hungary prints `TARIFF 2`."""
    return _count(content.lstrip(obis.LETTERS), offset_s) or _plain(content, offset_s)


def _amperes(content: bytes, offset_s: int) -> Found | None:
    found = _number(content)
    return found if found and found[1] == "A" else None


def _mbus_type(content: bytes, offset_s: int) -> Found | None:
    kind = mbus_type(content)
    return None if kind is None else (kind, None, None)


def _state(content: bytes, offset_s: int) -> Found:
    return _count(content, offset_s) or _plain(content, offset_s)


def _id(content: bytes, offset_s: int) -> Found:
    return text_value(content), None, None


def _message(content: bytes, offset_s: int) -> Found:
    """The text, in ASCII or UTF-8; some meters fill an empty one with FF bytes."""
    if not content.strip(b"\xff") or not content.strip(b"Ff"):
        return _NOTHING
    if len(content) % 2 == 0 and not content.strip(HEX):
        decoded = bytes.fromhex(content.decode("ascii")).decode("utf-8", "replace")
        if decoded.isprintable() and "\ufffd" not in decoded:
            return decoded, None, None
    return printable(content), None, None


def _plain(content: bytes, offset_s: int) -> Found:
    return printable(content), None, None


def _version(content: bytes, offset_s: int) -> Found:
    return version_text(content), None, None


def _date(content: bytes, offset_s: int) -> Found | None:
    """YYMMDD."""
    digits = content.translate(None, b"-")
    is_date = digits.isdigit() and len(digits) == 6
    return (f"20{_pairs(digits, '-')}", None, None) if is_date else None


def _time(content: bytes, offset_s: int) -> Found | None:
    """hhmmss."""
    digits = content.translate(None, b":")
    is_time = digits[:6].isdigit() and len(digits) in (6, 7)  # there may be a letter
    return (_pairs(digits[:6], ":"), None, None) if is_time else None


def _pairs(digits: bytes, between: str) -> str:
    return between.join(digits[place : place + 2].decode() for place in (0, 2, 4))


def _stamp(content: bytes, offset_s: int) -> Found:
    return None, None, parse_timestamp(content, offset_s)


def _stamped(content: bytes, offset_s: int) -> Found | None:
    """(timestamp)(number), or P1 3.0's seven groups of which the last is the number (5.10)."""
    parts = event_logs.groups(content)
    if len(parts) == 7:
        parts = [parts[0], parts[6] + b"*" + parts[5]]
    if len(parts) != 2:
        return None
    stamp, value = event_logs.stamp_first(*parts)
    found = _number(value)
    return None if found is None else (found[0], found[1], parse_timestamp(stamp, offset_s))


def _hour(content: bytes, offset_s: int) -> Found | None:
    """(number)(timestamp)."""
    value, _, stamp = content.partition(b")(")
    found = _number(value)
    return None if found is None else (found[0], found[1], parse_timestamp(stamp, offset_s))


def _log(content: bytes, offset_s: int) -> Found:
    return event_logs.power_failures(content, offset_s), None, None


def _peaks(content: bytes, offset_s: int) -> Found | None:
    """Belgium's history of month peaks; Landis+Gyr's E660 has those of both directions."""
    found = _records(content, offset_s)
    if found is None:
        return None
    peaks = []
    for month_ended_at, cells in found[0]:
        first = cells[0]
        is_peak = len(cells) == 1 and first.code.encode() in event_logs.PEAKS
        if not (is_peak and isinstance(first.value, Decimal) and first.unit):
            return found
        peaks.append(PrintedPeak(month_ended_at, first.at, first.value, first.unit))
    return peaks, None, None


def _records(content: bytes, offset_s: int) -> tuple[list[Record], None, None] | None:
    entries = event_logs.records(content)
    if entries is None:
        return None
    records = []
    for stamp, contents in entries:
        cells = [_cell(*cell, offset_s) for cell in event_logs.cells(contents)]
        records.append(Record(parse_timestamp(stamp, offset_s), cells))
    return records, None, None


def _cell(code: bytes, stamp: bytes, content: bytes, offset_s: int) -> Cell:
    """A number, unless the code's value is plain text or no number came."""
    known = DEFINITIONS.get(printable(code))
    number = None if known and known.kind == obis.PLAIN else _number(content)
    value, unit, _ = number or (printable(content) or None, None, None)
    return Cell(printable(code), value, unit, parse_timestamp(stamp, offset_s))


def _profile(content: bytes, offset_s: int) -> Found | None:
    """Hungary's profile: (timestamp), then the registers at that instant without their codes."""
    stamp, *values = event_logs.groups(content)
    registers = [ProfileValue(*found[:2]) for found in map(_number, values) if found]
    at = parse_timestamp(stamp, offset_s)
    return (registers, None, at) if at and registers and len(registers) == len(values) else None


_DECODERS: dict[str, Decoder] = {
    **dict.fromkeys((*obis.UNITS, obis.NUMBER), _number),
    obis.AMPERES: _amperes,
    obis.COUNT: _count,
    obis.TARIFF: _tariff,
    obis.MBUS_TYPE: _mbus_type,
    obis.ID: _id,
    obis.MESSAGE: _message,
    obis.STATE: _state,
    obis.PLAIN: _plain,
    obis.VERSION: _version,
    obis.DATE: _date,
    obis.TIME: _time,
    obis.STAMP: _stamp,
    obis.STAMPED: _stamped,
    obis.OLD_STAMPED: _stamped,
    obis.HOUR: _hour,
    obis.FAILURE_LOG: _log,
    obis.PEAKS: _peaks,
    obis.RECORDS: _records,
    obis.PROFILE: _profile,
}
# By printed code, its definitions, the usual one first.
_FORMS: dict[bytes, list[tuple[Definition, Decoder]]] = {
    code.encode(): [
        (each, _DECODERS[each.kind]) for each in (definition, _ALTERNATIVES.get(code)) if each
    ]
    for code, definition in DEFINITIONS.items()
}


def _forms_of_bare(code: bytes) -> list[tuple[Definition, Decoder]]:
    bare = obis.without_sixth_group(code.decode("ascii", "replace"))
    return _FORMS.get(bare.encode("ascii", "replace"), [])
