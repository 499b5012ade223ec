"""A table for programs: CSV (RFC 4180) and JSON, with every decimal that the meter gives."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

from slimmemeter.history import Table


def iso(at: int, zone: ZoneInfo) -> str:
    """An instant as local time with its offset, so that no hour is ambiguous."""
    return datetime.fromtimestamp(at, zone).isoformat()


def exact(value: int | None, scale: int) -> str:
    """A value in the column's unit with all its decimals; nothing where nothing is known."""
    if value is None:
        return ""
    if scale == 1:
        return str(value)
    whole, rest = divmod(abs(value), scale)
    return f"{'-' * (value < 0)}{whole}.{rest:0{len(str(scale)) - 1}d}"


def as_csv(table: Table, zone: ZoneInfo) -> str:
    """One header, then a row a bucket: begin, end, and the columns."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["begin", "end", *(column.name for column in table.columns)])
    for place, begin in enumerate(table.borders[:-1]):
        values = [exact(column.values[place], column.scale) for column in table.columns]
        writer.writerow([iso(begin, zone), iso(table.borders[place + 1], zone), *values])
    return file.getvalue()


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
    }
