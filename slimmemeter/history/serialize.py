"""A table for programs: CSV (RFC 4180) and JSON, with every decimal that the meter gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from slimmemeter.history.consumption import Change, Table
from slimmemeter.history.meter_readings import Life, Mark
from slimmemeter.p1.anonymize import masked


def iso(at: int, zone: ZoneInfo) -> str:
    """An instant as local time with its offset, so that no hour is ambiguous."""
    return datetime.fromtimestamp(at, zone).isoformat()


def field(at: int, zone: ZoneInfo) -> str:
    """An instant as a form's field has it: 2027-01-01T00:00:04, which knows no offset."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None).isoformat()


def exact(value: int | None, scale: int) -> str:
    """A value in the column's unit with all its decimals; nothing where nothing is known."""
    if value is None:
        return ""
    if scale == 1:
        return str(value)
    whole, rest = divmod(abs(value), scale)
    return f"{'-' * (value < 0)}{whole}.{rest:0{len(str(scale)) - 1}d}"


def as_csv(table: Table, zone: ZoneInfo, decimal_comma: bool = False) -> str:
    """One header, then a row a bucket: begin, end, the columns, and whether only a part of it is
    known (`partial`) or a gap reaches into it (`gap`).

    :param decimal_comma: as Dutch spreadsheets want it, with `;` between the columns.
    """
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";" if decimal_comma else ",")
    writer.writerow(["begin", "end", *(column.name for column in table.columns), "note"])
    flags = {"partial": set(table.partial), "gap": set(table.in_gaps())}
    for place, begin in enumerate(table.borders[:-1]):
        values = [exact(column.values[place], column.scale) for column in table.columns]
        if decimal_comma:
            values = [value.replace(".", ",") for value in values]
        note = " ".join(flag for flag, places in flags.items() if place in places)
        writer.writerow([iso(begin, zone), iso(table.borders[place + 1], zone), *values, note])
    return file.getvalue()


def mark(life: Life, mark: Mark, zone: ZoneInfo) -> dict[str, Any]:
    """A meter's registers at a moment for programs, with the readings on both sides of it.

    `how` is `read` (a reading of that very second), `between`, `before` (the first reading), or
    `after` (the last one); `registers` has null where there isn't a reading on both sides.
    """
    before, counters_before, after, counters_after = mark.around
    names = [name for _, name in life.columns]
    how = "before" if before is None else "after" if after is None else "between"
    return {
        "meter": masked(life.row["equipment"]),
        "registers": _named(names, mark.counters or [None] * len(names)),
        "how": "read" if mark.at in (before, after) else how,
        "readings": [
            {"at": iso(at, zone), **_named(names, counted)}
            for at, counted in {before: counters_before, after: counters_after}.items()
            if at is not None
        ],
    }


def _named(names: Sequence[str], counted: Sequence[int | None]) -> dict[str, float | None]:
    """Registers in thousands of what is stored."""
    pairs = zip(names, counted, strict=True)
    return {name: None if value is None else value / 1000 for name, value in pairs}


def as_json(table: Table, period: str, zone: ZoneInfo) -> dict[str, object]:
    """The same as an object; a float of three decimals prints as exactly those."""

    def shown(value: int | None, scale: int) -> float | int | None:
        return value if value is None or scale == 1 else value / scale

    return {
        "table": table.name,
        "period": period,
        "borders": [iso(at, zone) for at in table.borders],
        "columns": {
            column.name: [shown(value, column.scale) for value in column.values]
            for column in table.columns
        },
        "totals": {column.name: shown(column.total, column.scale) for column in table.columns},
        "gaps": [[iso(begin, zone), iso(end, zone)] for begin, end in table.gaps],
        "partial": table.partial,
        "changes": [change(each, zone) for each in table.changes],
    }


def change(change: Change, zone: ZoneInfo) -> dict[str, str]:
    """Between which readings another meter took over, and why."""
    begin, end = change.times
    return {"from": iso(begin, zone), "until": iso(end, zone), "why": change.why}
