"""The other meters in a telegram, which reach it over the M-Bus: gas, water, heat, submeters."""

from __future__ import annotations

from slimmemeter.p1 import obis
from slimmemeter.p1.event_logs import groups, stamp_first
from slimmemeter.p1.framing import HEX
from slimmemeter.p1.quantities import NumberParser, split
from slimmemeter.p1.reading import MbusReading
from slimmemeter.p1.text import text_value
from slimmemeter.p1.timestamps import parse_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_COUNTERS = frozenset(
    printed.encode()
    for code, (name, *_) in obis.TABLE.items()
    if name == "mbus_reading"
    for printed in obis.printed_codes(code)
)
_PARSERS = {
    unit.encode(): (stored, NumberParser({"": power}))
    for unit, (stored, power) in obis.MBUS_UNITS.items()
}
GAS = 3  # EN 13757-3


def mbus_type(content: bytes) -> int | None:
    """EN 13757-3's number of a medium: decimal (P1 5.0.2, 6.12) or, with a letter, hexadecimal."""
    if content.isdigit() and len(content) < 4:
        return int(content)
    return int(content, 16) if 0 < len(content) < 4 and not content.strip(HEX) else None


def devices(
    others: Mapping[bytes, bytes], winter_offset_s: int, received_at: int | None, now: int | None
) -> list[MbusReading]:
    """Every device with a valid timestamp and a counter with a unit; others are left out.

    :param others: what follows the first bracket, by code.
    :param now: the instant of counters without a timestamp of their own (Iskra in Iceland).
    """
    found: list[MbusReading] = []
    for code in sorted([code for code in others if code in _COUNTERS]):
        channel = int(code[2:3])
        if found and found[-1].channel == channel:
            continue  # the first valid counter of a channel counts
        at, content = _stamped(groups(others[code]), winter_offset_s, received_at, now)
        counter = _counter(content)
        if at is not None and counter is not None:
            device = code[:4]
            device_type = mbus_type(others.get(device + b"24.1.0", b")")[:-1])
            name = others.get(device + b"96.1.0") or others.get(device + b"96.1.1") or b")"
            found.append(MbusReading(channel, device_type, text_value(name[:-1]), at, *counter))
    return found


def _stamped(
    parts: Sequence[bytes], winter_offset_s: int, received_at: int | None, now: int | None
) -> tuple[int | None, bytes]:
    """The instant and the number of a counter's groups; no instant if they have another form."""
    if len(parts) == 1:
        return now, parts[0]
    if len(parts) == 7:  # P1 3.0, 5.10
        parts = [parts[0], parts[6] + b"*" + parts[5]]
    stamp, content = stamp_first(parts[0], parts[1])
    at = parse_timestamp(stamp, winter_offset_s, received_at) if len(parts) == 2 else None
    return at, content


def _counter(content: bytes) -> tuple[int, str] | None:
    """A counter in our unit, and that unit."""
    number, unit = split(content)
    known = _PARSERS.get(unit)
    counter = None if known is None else known[1].integer(number + b")")
    return None if known is None or counter is None else (counter, known[0])


def hours_of_gas(
    lines: Iterable[bytes], equipment_id: str, winter_offset_s: int, received_at: int | None
) -> list[MbusReading]:
    """P1 2.1's gas: a line for each of the last 24 hours, (counter)(timestamp)."""
    found = []
    for line in lines:
        if line.startswith(b"7-0:23.1.0("):
            value, _, stamp = line[11:-1].partition(b")(")
            at, counter = parse_timestamp(stamp, winter_offset_s, received_at), _counter(value)
            if at is not None and counter is not None:
                found.append(MbusReading(0, GAS, equipment_id, at, *counter))
    return found
