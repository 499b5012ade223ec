"""Our own CSV: meter readings in columns, any of them, as `export` writes and people type them.

`time,import_t1_kwh,import_t2_kwh,gas_m3` is enough. A time without offset is in the house's zone; a
row without `meter` is of the one that the house had then. `;` with decimal commas will do as well.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from slimmemeter.errors import UsageError
from slimmemeter.history import periods
from slimmemeter.history.table import MEDIA_UNITS, OTHER_MEDIUM, SHOWN_UNITS, Column, of_register
from slimmemeter.p1 import obis
from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.store import schema
from slimmemeter.transfer.cells import LONGEST_SHOWN, MOST_OF, is_name, of_spreadsheet
from slimmemeter.transfer.entry import SET_ASIDE, YES, Entry, Home


class Counter(NamedTuple):
    """A column of devices: the type (EN 13757-3) unless the row has another, the stored unit."""

    device_type: int | None
    unit: str


def _type_of(medium: str) -> int:
    name = "electricity" if medium == "submeter" else medium
    return next(number for number, known in obis.MBUS_TYPES.items() if known == name)


REGISTERS = {of_register(name).name: name for name in schema.REGISTERS}
COUNTERS = {
    Column(medium, SHOWN_UNITS[unit]).name: Counter(_type_of(medium), unit)
    for medium, units in MEDIA_UNITS.items()
    for unit in units
} | {Column(OTHER_MEDIUM, shown).name: Counter(None, unit) for unit, shown in SHOWN_UNITS.items()}
VALUES = {
    name for name in (*schema.COMMON_COLUMNS, *schema.RARE_COLUMNS) if name not in schema.REGISTERS
}
ABOUT = {"time", "meter", "version", "channel", "type", "tariff", schema.METER_CLOCK, SET_ASIDE}
MOST_DIGITS = 12


class InvalidRowError(Exception):
    """A row without a valid reading; the text states why."""


def is_csv(beginning: str) -> bool:
    """Whether a text begins as such a CSV."""
    head = beginning.splitlines()[0] if beginning else ""
    return "time" in [name.strip(' "\ufeff').lower() for name in head.replace(";", ",").split(",")]


def entries(home: Home, lines: Iterator[str]) -> Iterator[Entry]:
    """Each row's entry. :raises UsageError: the header has an unknown column."""
    names, point = _header(next(lines, ""))
    before: set[str] = set()  # the registers of earlier rows, if all rows are of one meter
    for number, filled in _rows(names, point, lines):
        entry = _entry(f"line {number}", filled, home, point)
        registers = REGISTERS.keys() & filled.keys()
        if entry.reading is None or "meter" in names:
            yield entry
        elif before <= registers:
            before = registers
            yield entry
        else:
            yield from _incomplete(entry, before - registers)


def meters(home: Home, lines: Iterator[str]) -> Iterator[str]:
    """The id of each meter that a valid row names. :raises UsageError: as above."""
    names, point = _header(next(lines, ""))
    seen: set[str] = set()
    for _, filled in _rows(names, point, lines if "meter" in names else iter(())):
        name = of_spreadsheet(filled.get("meter", ""))
        if name and name not in seen and _entry("", filled, home, point).reading is not None:
            seen.add(name)
            yield name


def _header(head: str) -> tuple[list[str], str]:
    """The columns, and the decimal point. :raises UsageError: a column is unknown."""
    semicolons = ";" in head
    names = [name.strip(' "\r\n').lower() for name in head.split(";" if semicolons else ",")]
    known = ABOUT | VALUES | set(REGISTERS) | set(COUNTERS)
    for name in names:
        if name not in known:
            shown = repr(name[:LONGEST_SHOWN])
            raise UsageError(f"the CSV has a column {shown}; there are {', '.join(sorted(known))}")
    return names, "," if semicolons else "."


def _rows(
    names: list[str], point: str, lines: Iterator[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of each line that isn't empty, and its cells that aren't."""
    rows = csv.reader(lines, delimiter=";" if point == "," else ",")
    for number, cells in enumerate(rows, 2):
        filled = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell}
        if filled:
            yield number, filled


def _incomplete(entry: Entry, missing: set[str]) -> Iterator[Entry]:
    """An error in place of the reading, which would begin another series, and the rest."""
    names = " and no ".join(sorted(missing))
    error = f"it has no {names}, which the lines before have: fill it in, or leave the others empty"
    yield Entry(entry.place, error=error)
    if entry.devices:
        yield entry._replace(reading=None)


def _entry(place: str, cells: dict[str, str], home: Home, point: str) -> Entry:
    try:
        entry = _valid_entry(place, cells, home, point)
        return entry._replace(is_set_aside=_is_set_aside(cells))
    except InvalidRowError as error:
        return Entry(place, error=str(error))


def _valid_entry(place: str, cells: dict[str, str], home: Home, point: str) -> Entry:
    """:raises InvalidRowError: it has no valid reading."""
    at = periods.moment(cells.get("time", ""), home.zone)
    if at is None:
        raise InvalidRowError(f"{cells.get('time', '')[:LONGEST_SHOWN]!r} is not a time")
    values = {REGISTERS[name]: integer(cells[name], point) for name in REGISTERS if name in cells}
    devices = []
    for name in COUNTERS:
        if name in cells:
            device = own_device(name, home, at, integer(cells[name], point))
            if not values and "meter" in cells:  # the row is the device's alone
                device.equipment_id, device.device_type = _text(cells, "meter"), None
            if "type" in cells:
                device.device_type = _whole(cells, "type")
            if "channel" in cells:
                device.channel = _whole(cells, "channel")
            devices.append(device)
    if values:
        return Entry(place, at, _reading(cells, values, at, home), tuple(devices))
    if devices:
        return Entry(place, at, devices=tuple(devices))
    raise InvalidRowError("it has no counter")


def _is_set_aside(cells: dict[str, str]) -> bool:
    """:raises InvalidRowError: it is neither `yes` nor `no`."""
    cell = cells.get(SET_ASIDE, "no").lower()
    if cell not in (YES, "no"):
        raise InvalidRowError(f"{cell[:LONGEST_SHOWN]!r} as {SET_ASIDE} is neither yes nor no")
    return cell == YES


def _reading(cells: dict[str, str], values: dict[str, int], at: int, home: Home) -> Reading:
    values |= {name: integer(cells[name], ".", 0) for name in VALUES if name in cells}
    clock = _whole(cells, schema.METER_CLOCK) if schema.METER_CLOCK in cells else at
    meter = _text(cells, "meter") if "meter" in cells else home.meter(at)
    return Reading(
        meter,
        None if clock == schema.CLOCK_NOT_SET else clock,
        values,
        header=meter,
        version=_text(cells, "version") if "version" in cells else None,
        tariff=_whole(cells, "tariff") if "tariff" in cells else None,
    )


def _whole(cells: dict[str, str], name: str) -> int:
    """A number about a meter. :raises InvalidRowError: no telegram can have it."""
    number = integer(cells[name], ".", 0)
    if number > MOST_OF[name]:
        raise InvalidRowError(f"{cells[name]!r} is not a {name}")
    return number


def _text(cells: dict[str, str], name: str) -> str:
    """A text about a meter. :raises InvalidRowError: it is none."""
    text = of_spreadsheet(cells[name])
    if not is_name(text):
        raise InvalidRowError(f"{text[:LONGEST_SHOWN]!r} is not a {name}")
    return text


def own_device(column: str, home: Home, at: int, counter: int) -> MbusReading:
    """A reading of the house's own device of a column."""
    device_type, unit = COUNTERS[column]
    equipment_id, channel = home.there(column, at, 1)
    return MbusReading(channel, device_type, equipment_id, at, counter, unit)


def integer(text: str, point: str, decimals: int = 3) -> int:
    """A number in thousandths, or with fewer decimals; finer ones are dropped.

    :raises InvalidRowError: it is invalid; marks between thousands are, too.
    """
    whole, mark, fraction = text.partition(point)
    digits = whole + fraction
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
    if not is_number or (mark and not decimals):
        raise InvalidRowError(f"{text[:LONGEST_SHOWN]!r} is not a number")
    return int((whole or "0") + (fraction + "000")[:decimals])
