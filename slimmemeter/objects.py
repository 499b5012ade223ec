"""Every object of a telegram, decoded for who asks: `p1-pull --dry-run` and `--json`.

Numbers stay the decimals that the meter printed; times are UTC seconds.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from slimmemeter import obis
from slimmemeter.telegram import Telegram, failures, groups, printable, stamp_utc, text_value


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
    for line in telegram.lines[1:]:
        if not line:
            continue
        code = printable(line).partition("(")[0]
        row = obis.find(code)
        found = None
        if row is not None and code not in known and line.endswith(b")"):
            found = _object(code, row, line.partition(b"(")[2], winter_offset_s)
        if found is None:
            unknown.append(printable(line))
        else:
            known[code] = found
    return list(known.values()), unknown


def _object(code: str, row: obis.Row, rest: bytes, winter_offset_s: int) -> Object | None:
    kind = row[2]
    if rest == b")":
        return Object(code, row, None)
    if kind in (obis.TEXT, obis.PLAIN):
        content = rest[:-1]
        text = text_value(content) if kind == obis.TEXT else printable(content)
        return Object(code, row, text)
    if kind == obis.TARIFF:
        number = rest[:-1].rpartition(b" ")[2]
        return Object(code, row, int(number)) if _is_number(number) and len(number) < 5 else None
    if kind == obis.STAMP:
        return Object(code, row, None, at=stamp_utc(rest[:-1], winter_offset_s))
    parts = groups(rest)
    if kind == obis.FAILURE_LOG:
        log = [Failure(*entry) for entry in failures(rest, winter_offset_s)]
        return Object(code, row, log)
    if kind == obis.PEAKS:
        return _peaks(code, row, parts, winter_offset_s)
    at = None
    if kind == obis.OLD_GAS and len(parts) == 7:
        parts = [parts[0], parts[6] + b"*" + parts[5]]
    if kind in (obis.STAMPED, obis.OLD_GAS):
        at = stamp_utc(parts.pop(0), winter_offset_s)
    measured = _measured(parts[0]) if len(parts) == 1 else None
    if measured is None:
        return None
    if kind == obis.COUNT:
        return Object(code, row, int(measured[0])) if measured[0] == int(measured[0]) else None
    return Object(code, row, *measured, at)


def _peaks(code: str, row: obis.Row, parts: list[bytes], winter_offset_s: int) -> Object | None:
    """(count)(id)(id), then triples of month, instant and power (e-MUCS P1 1.7.1, table 5)."""
    if not parts[0].isdigit() or len(parts) != 3 + 3 * int(parts[0][:4]):
        return None  # Hungary's profile of the month has the same code
    peaks = []
    triples = iter(parts[3:])
    for month, at, power in zip(triples, triples, triples, strict=False):
        measured = _measured(power)
        if measured is None or measured[1] is None:
            return None
        ended_at = stamp_utc(month, winter_offset_s)
        peaks.append(Peak(ended_at, stamp_utc(at, winter_offset_s), measured[0], measured[1]))
    return Object(code, row, peaks)


def _measured(content: bytes) -> tuple[Decimal, str | None] | None:
    """The number as printed, without its leading zeros, and its unit or None."""
    number, _, unit = content.partition(b"*")
    digits = number.removeprefix(b"-").replace(b".", b"", 1)
    if not _is_number(digits) or (not unit.strip().isalnum() and unit):
        return None
    return Decimal(number.decode("ascii")), unit.decode("ascii").strip() or None


def _is_number(digits: bytes) -> bool:
    return digits.isdigit() and len(digits) <= 20
