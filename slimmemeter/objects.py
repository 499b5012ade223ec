"""Every object of a telegram, decoded for who asks: `p1-pull --dry-run` and `--json`.

Numbers stay the decimals that the meter printed; times are UTC seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from slimmemeter import obis
from slimmemeter.stamps import stamp_utc
from slimmemeter.telegram import MOST_DIGITS, Telegram, failures, printable, text_value


class Failure(NamedTuple):
    """A long power failure: its end (None where the clock wasn't set) and its seconds."""

    ended_at: int | None
    duration_s: int


class Peak(NamedTuple):
    """A month's peak: the month's end, the quarter-hour's end (None where empty), the power."""

    month_ended_at: int | None
    at: int | None
    value: Decimal
    unit: str


Value = str | int | Decimal | list[Failure] | list[Peak] | None


class Object(NamedTuple):
    """One line of the table as one telegram has it; `value` is None for `()`."""

    code: str
    row: obis.Row
    value: Value
    unit: str | None = None
    at: int | None = None

    @property
    def name(self) -> str:
        """What JSON calls it."""
        return self.row[0]

    @property
    def channel(self) -> int | None:
        """The M-Bus channel, None for the meter's own objects."""
        number = int(self.code[2]) if self.code[2:3].isdigit() else 0
        return number if self.row[0].startswith("mbus_") else None


def decode(telegram: Telegram, winter_offset_s: int) -> tuple[list[Object], list[str]]:
    """The known objects in the telegram's order, and the lines that aren't understood, raw.

    Of a repeated code the first counts, the others are among the raw lines; so is a known object
    in a form that isn't its own.
    """
    known: dict[str, Object] = {}
    unknown = []
    for line in filter(None, telegram.lines[1:]):
        before, _, rest = line.partition(b"(")
        if rest and not before:
            telegram.rejoin()
            return decode(telegram, winter_offset_s)
        code = before.decode("ascii", "replace")
        row = obis.find(code)
        found = None
        if row is not None and code not in known and rest[-1:] == b")":
            content = rest[:-1]
            found = _DECODERS[row[2]](content, winter_offset_s) if content else _NOTHING
        if row is None or found is None:
            unknown.append(printable(line))
        else:
            known[code] = Object(code, row, *found)
    return list(known.values()), unknown


Found = tuple[Value, str | None, int | None]  # value, unit, instant
_NOTHING: Found = (None, None, None)


def _number(content: bytes, offset_s: int = 0) -> Found | None:
    """The number as printed, without its leading zeros, and its unit."""
    number, _, unit = content.partition(b"*")
    digits = number.removeprefix(b"-").replace(b".", b"", 1)
    if not digits.isdigit() or len(digits) > MOST_DIGITS:
        return None
    named = unit.decode("ascii", "replace").rstrip(" ")
    if named and not named.isalnum():
        return None
    return Decimal(number.decode("ascii")), named or None, None


def _count(content: bytes, offset_s: int) -> Found | None:
    whole = content.isdigit() and len(content) <= MOST_DIGITS
    return (int(content), None, None) if whole else None


def _tariff(content: bytes, offset_s: int) -> Found | None:
    return _count(content.rpartition(b" ")[2], offset_s)  # Hungary prints `TARIFF 2`


def _text(content: bytes, offset_s: int) -> Found:
    return text_value(content), None, None


def _plain(content: bytes, offset_s: int) -> Found:
    return printable(content), None, None


def _stamp(content: bytes, offset_s: int) -> Found:
    return None, None, stamp_utc(content, offset_s)


def _stamped(content: bytes, offset_s: int) -> Found | None:
    """(stamp)(number), or P1 3.0's seven groups of which the last is the number (5.10)."""
    parts = content.split(b")(")
    if len(parts) == 7:
        parts = [parts[0], parts[6] + b"*" + parts[5]]
    found = _number(parts[1]) if len(parts) == 2 else None
    return None if found is None else (found[0], found[1], stamp_utc(parts[0], offset_s))


def _log(content: bytes, offset_s: int) -> Found:
    return [Failure(*entry) for entry in failures(content + b")", offset_s)], None, None


def _peaks(content: bytes, offset_s: int) -> Found | None:
    """(count)(id)(id), then triples of month, instant and power (e-MUCS P1 1.7.1, table 5)."""
    parts = content.split(b")(")
    if not parts[0].isdigit() or len(parts) != 3 + 3 * int(parts[0][:4]):
        return None  # Hungary's profile of the month has the same code
    peaks = []
    triples = iter(parts[3:])
    for month, at, power in zip(triples, triples, triples, strict=False):
        found = _number(power)
        if found is None or not isinstance(found[0], Decimal) or found[1] is None:
            return None
        instants = stamp_utc(month, offset_s), stamp_utc(at, offset_s)
        peaks.append(Peak(*instants, found[0], found[1]))
    return peaks, None, None


_DECODERS: dict[str, Callable[[bytes, int], Found | None]] = {
    **dict.fromkeys((obis.ENERGY, obis.POWER, obis.VOLTAGE, obis.CURRENT, obis.NUMBER), _number),
    obis.COUNT: _count,
    obis.TARIFF: _tariff,
    obis.TEXT: _text,
    obis.PLAIN: _plain,
    obis.STAMP: _stamp,
    obis.STAMPED: _stamped,
    obis.OLD_GAS: _stamped,
    obis.FAILURE_LOG: _log,
    obis.PEAKS: _peaks,
}
