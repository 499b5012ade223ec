"""Our own CSV: meter readings in columns, any of them, as `export` writes and people type them.

`time,import_t1_kwh,import_t2_kwh,gas_m3` is enough. Of a time without an offset the house's zone is
meant. Where no `meter` is named it is the house's own. `;` with decimal commas will do as well.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from slimmemeter.errors import UsageError
from slimmemeter.history import consumption, periods
from slimmemeter.p1.telegram import MbusReading, Reading
from slimmemeter.store import schema
from slimmemeter.transfer.record import Home, Item

REGISTERS = {consumption.shown(name): name for name in schema.REGISTERS}
# By column: the type (EN 13757-3) where no other is given, and the unit that is stored.
MEDIA = {
    column: (types[0], unit)
    for types, columns in consumption.MEDIA.values()
    for unit, column in columns.items()
} | {f"other_{name}": (None, unit) for name, unit in (("m3", "dm3"), ("gj", "MJ"), ("kwh", "Wh"))}
OTHERS = {
    name
    for name in (*schema.COMMON_COLUMNS, *schema.RARE_COLUMNS, schema.METER_CLOCK)
    if name not in schema.REGISTERS
}
ABOUT = {"time", "meter", "version", "channel", "type", "tariff"}
MOST_DIGITS = 12


class WrongRowError(Exception):
    """A row that tells no reading, and why."""


def is_sheet(beginning: str) -> bool:
    """Whether a text begins as such a CSV does."""
    head = beginning.splitlines()[0] if beginning else ""
    return "time" in [name.strip(' "\ufeff').lower() for name in head.replace(";", ",").split(",")]


def items(home: Home, lines: Iterator[str]) -> Iterator[Item]:
    """Each row's reading, or why it tells nothing.

    :raises UsageError: the header has a column that none is.
    """
    head = next(lines, "")
    semicolons = ";" in head
    names = [name.strip(' "\r\n').lower() for name in head.split(";" if semicolons else ",")]
    known = ABOUT | OTHERS | set(REGISTERS) | set(MEDIA)
    for name in names:
        if name not in known:
            raise UsageError(f"the CSV has a column {name!r}; there are {', '.join(sorted(known))}")
    told: set[str] = set()  # the registers of the row before, where all rows are of one meter
    for number, cells in enumerate(csv.reader(lines, delimiter=";" if semicolons else ","), 2):
        filled = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell}
        if not filled:
            continue
        item = _item(f"line {number}", filled, home, "," if semicolons else ".")
        registers = REGISTERS.keys() & filled.keys()
        if item.reading is None or "meter" in names:
            yield item
        elif told <= registers:
            told = registers
            yield item
        else:
            yield from _incomplete(item, told - registers)


def _incomplete(item: Item, missing: set[str]) -> Iterator[Item]:
    """Why a row's reading isn't taken: without a register it would begin another series; and what
    the row tells beside it."""
    names = " and no ".join(sorted(missing))
    why = f"it has no {names}, which the lines before have: fill it in, or leave the others empty"
    yield Item(item.place, wrong=why)
    if item.devices:
        yield item._replace(reading=None)


def _item(place: str, cells: dict[str, str], home: Home, point: str) -> Item:
    try:
        return _right_item(place, cells, home, point)
    except WrongRowError as error:
        return Item(place, wrong=str(error))


def _right_item(place: str, cells: dict[str, str], home: Home, point: str) -> Item:
    at = periods.moment(cells.get("time", ""), home.zone)
    if at is None:
        raise WrongRowError(f"{cells.get('time', '')!r} is no time")
    values = {REGISTERS[name]: integer(cells[name], point) for name in REGISTERS if name in cells}
    devices = []
    for name in MEDIA:
        if name in cells:
            found = device(name, home, at, integer(cells[name], point))
            if not values and "meter" in cells:  # the line is the device's alone
                found.equipment, found.kind = cells["meter"], None
            if "type" in cells:
                found.kind = integer(cells["type"], ".", 0)
            if "channel" in cells:
                found.channel = integer(cells["channel"], ".", 0)
            devices.append(found)
    if values:
        return Item(place, at, _reading(cells, values, at, home), tuple(devices))
    if devices:
        return Item(place, at, devices=tuple(devices))
    raise WrongRowError("it has no counter")


def _reading(cells: dict[str, str], values: dict[str, int], at: int, home: Home) -> Reading:
    values |= {name: integer(cells[name], ".", 0) for name in OTHERS if name in cells}
    clock = values.pop(schema.METER_CLOCK, at)
    meter = cells.get("meter", home.own.get("meter", ""))
    others = {b"0-0:1.0.0": b"told)"} if clock != at else {}
    tariff = integer(cells["tariff"], ".", 0) if "tariff" in cells else None
    about = (meter, cells.get("version"), meter)
    return Reading(*about, clock or None, tariff, values, [], others, 3600)


def device(name: str, home: Home, at: int, counter: int) -> MbusReading:
    """A reading of the house's own device of a column."""
    kind, unit = MEDIA[name]
    channel = int(home.own.get(f"{name} channel", 1))
    return MbusReading(channel, kind, home.own.get(name, ""), at, counter, unit)


def integer(text: str, point: str, decimals: int = 3) -> int:
    """A number in thousandths, or with fewer decimals; what is finer is left out. Thousands may
    have no mark.

    :raises WrongRowError: it is none.
    """
    before, mark, after = text.partition(point)
    digits = before + after
    wrong = not (digits.isascii() and digits.isdigit()) or len(digits) > MOST_DIGITS
    if wrong or (mark and not decimals):
        raise WrongRowError(f"{text!r} is no number")
    return int((before or "0") + (after + "000")[:decimals])
