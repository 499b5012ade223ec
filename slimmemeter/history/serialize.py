"""Tables and meter readings for programs: CSV (RFC 4180) and JSON, with all their decimals."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from slimmemeter.history.changes import Change
from slimmemeter.history.meter_readings import MeterReading
from slimmemeter.history.table import Table
from slimmemeter.p1.anonymize import masked


def iso(at: int, zone: ZoneInfo) -> str:
    """An instant as local time with its offset, so that no hour is ambiguous."""
    return datetime.fromtimestamp(at, zone).isoformat()


def utc(at: int) -> str:
    """An instant in UTC: 2026-11-22T23:00:00Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spreadsheet_date(at: int, zone: ZoneInfo) -> str:
    """An instant as local time that spreadsheets take for a date: 2026-11-23 00:00."""
    local = datetime.fromtimestamp(at, zone).replace(tzinfo=None)
    return local.isoformat(" ", "seconds" if local.second else "minutes")


def form_field(at: int, zone: ZoneInfo) -> str:
    """An instant in a form's field, which has no offset: 2027-01-01T00:00:04."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None).isoformat()


def decimal(value: int | None, scale: int) -> str:
    """A value in its column's unit with all its decimals; empty if it is unknown."""
    if value is None:
        return ""
    if scale == 1:
        return str(value)
    whole, rest = divmod(abs(value), scale)
    return f"{'-' * (value < 0)}{whole}.{rest:0{len(str(scale)) - 1}d}"


def number(value: int | None, scale: int) -> float | int | None:
    """A value in its column's unit; a float of three decimals prints as exactly those."""
    return value if value is None or scale == 1 else value / scale


def table_csv(table: Table, zone: ZoneInfo, decimal_comma: bool = False) -> str:
    """A header, then a row a bucket: begin, end, the columns, a note, and both ends in UTC.

    In UTC they are distinct also in the hour that comes twice.

    The note is `partial` if only a part of the bucket is known, `gap` if a gap reaches into it, and
    `estimated` if one reaches over its border, so that its own total is a guess.

    :param decimal_comma: as in Dutch spreadsheets, with `;` between the columns.
    """
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";" if decimal_comma else ",")
    names = [column.name for column in table.columns]
    writer.writerow(["begin", "end", *names, "note", "begin_utc", "end_utc"])
    flags = {
        "partial": set(table.partial),
        "gap": set(table.in_gaps()),
        "estimated": set(table.estimated),
    }
    for place, ends in enumerate(pairwise(table.borders)):
        cells = [decimal(values[place], column.scale) for column, values in table.columns.items()]
        if decimal_comma:
            cells = [cell.replace(".", ",") for cell in cells]
        note = " ".join(flag for flag, places in flags.items() if place in places)
        local = [spreadsheet_date(at, zone) for at in ends]
        writer.writerow([*local, *cells, note, *map(utc, ends)])
    return file.getvalue()


def table_json(table: Table, period: str, zone: ZoneInfo) -> dict[str, object]:
    """The same as an object."""
    return {
        "table": table.name,
        "period": period,
        "borders": [iso(at, zone) for at in table.borders],
        "columns": {
            column.name: [number(value, column.scale) for value in values]
            for column, values in table.columns.items()
        },
        "totals": {
            column.name: number(value, column.scale) for column, value in table.totals.items()
        },
        "gaps": [[iso(begin, zone), iso(end, zone)] for begin, end in table.gaps],
        "partial": table.partial,
        "estimated": [*table.estimated, *(["total"] if table.over_ends else [])],
        "changes": [change_json(change, zone) for change in table.changes],
    }


def change_json(change: Change, zone: ZoneInfo) -> dict[str, str]:
    """Between which readings a series takes over, and why."""
    begin, end = change.times
    return {"from": iso(begin, zone), "until": iso(end, zone), "why": change.reason}


def meter_reading_json(reading: MeterReading, zone: ZoneInfo) -> dict[str, object]:
    """A register at a moment, with the readings on both sides of it.

    `how` is `read` (a reading of that very second), `between`, `before` (the first reading) or
    `after` (the last one); without a reading on both sides the register is null.
    """
    sides = {side.taken_at: side for side in (reading.before, reading.after) if side is not None}
    is_read = reading.at in sides
    how = "before" if reading.before is None else "after" if reading.after is None else "between"
    column = reading.column
    return {
        "meter": masked(reading.series.owner.equipment_id),
        "registers": {column.name: number(reading.counter, column.scale)},
        "how": "read" if is_read else how,
        "readings": [
            {"at": iso(at, zone), column.name: number(reading.counter_of(side), column.scale)}
            for at, side in sides.items()
        ],
    }
