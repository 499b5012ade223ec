"""Our own CSV: meter readings in columns, any of them, as `export` writes and people type them.

`time,import_t1_kwh,import_t2_kwh,gas_m3` is enough. Of a time without an offset the house's zone is
meant. Where no `meter` is named it is the house's own. `;` with decimal commas will do as well.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from slimmemeter import history, periods, schema
from slimmemeter.errors import UsageError
from slimmemeter.telegram import MbusReading, Reading

REGISTERS = {history.shown(name): name for name in schema.REGISTERS}
# By column: the type (EN 13757-3) where no other is given, and the unit that is stored.
MEDIA = {
    column: (types[0], unit)
    for types, columns in history.MEDIA.values()
    for unit, column in columns.items()
} | {f"other_{name}": (None, unit) for name, unit in (("m3", "dm3"), ("gj", "MJ"), ("kwh", "Wh"))}
OTHERS = {
    name
    for name in (*schema.COMMON_COLUMNS, *schema.RARE_COLUMNS, schema.METER_CLOCK)
    if name not in schema.REGISTERS
}
ABOUT = {"time", "meter", "version", "channel", "type", "tariff"}
MOST_DIGITS = 12

Names = Mapping[str, str]  # the house's own meter by column: `meter`, `gas_m3`
Row = tuple[int, Reading | None, list[MbusReading]]


class WrongRowError(Exception):
    """A row that tells no reading, and why."""


def is_sheet(beginning: str) -> bool:
    """Whether a text begins as such a CSV does."""
    head = beginning.splitlines()[0] if beginning else ""
    return "time" in [name.strip(' "\ufeff').lower() for name in head.replace(";", ",").split(",")]


def rows(lines: Iterable[str], zone: ZoneInfo, own: Names) -> Iterator[tuple[int, Row | str]]:
    """Each row's number, and what it tells, or why it tells nothing.

    :raises UsageError: the header has a column that none is.
    """
    text = iter(lines)
    head = next(text, "").lstrip("\ufeff")
    semicolons = ";" in head
    names = [name.strip(' "\r\n').lower() for name in head.split(";" if semicolons else ",")]
    known = ABOUT | OTHERS | set(REGISTERS) | set(MEDIA)
    for name in names:
        if name not in known:
            raise UsageError(f"the CSV has a column {name!r}; there are {', '.join(sorted(known))}")
    for number, cells in enumerate(csv.reader(text, delimiter=";" if semicolons else ","), 2):
        filled = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell}
        if not filled:
            continue
        try:
            yield number, _row(filled, zone, own, "," if semicolons else ".")
        except WrongRowError as error:
            yield number, str(error)


def _row(cells: dict[str, str], zone: ZoneInfo, own: Names, point: str) -> Row:
    at = periods.moment(cells.get("time", ""), zone)
    if at is None:
        raise WrongRowError(f"{cells.get('time', '')!r} is no time")

    def whole(name: str) -> int | None:
        return _integer(cells[name], ".", 1) if name in cells else None

    values = {REGISTERS[name]: _integer(cells[name], point) for name in REGISTERS if name in cells}
    devices = []
    for name in MEDIA:
        if name in cells:
            usual, unit = MEDIA[name]
            kind, channel = whole("type"), whole("channel")
            is_device = not values and "meter" in cells
            equipment = cells["meter"] if is_device else own.get(name, "")
            if channel is None:
                channel = int(own.get(f"{name} channel", 1))
            kind = usual if kind is None and not is_device else kind
            counter = _integer(cells[name], point)
            devices.append(MbusReading(channel, kind, equipment, at, counter, unit))
    if not values:
        if not devices:
            raise WrongRowError("it has no counter")
        return at, None, devices
    values |= {name: _integer(cells[name], ".", 1) for name in OTHERS if name in cells}
    clock = values.pop(schema.METER_CLOCK, at)
    meter = cells.get("meter", own.get("meter", ""))
    others = {b"0-0:1.0.0": b"told)"} if clock != at else {}
    reading = Reading(
        meter, cells.get("version"), meter, clock or None, whole("tariff"), values, [], others, 3600
    )
    return at, reading, devices


def _integer(text: str, point: str, scale: int = 1000) -> int:
    """A number in thousandths; what is finer is left out. Thousands may have no mark."""
    before, mark, after = text.partition(point)
    digits = before + after
    wrong = not (digits.isascii() and digits.isdigit()) or len(digits) > MOST_DIGITS
    if wrong or (mark and scale == 1):
        raise WrongRowError(f"{text!r} is no number")
    return int(before or 0) if scale == 1 else int(before or 0) * scale + int((after + "000")[:3])
