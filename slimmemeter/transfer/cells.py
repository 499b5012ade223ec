"""The cells of a database that anything may be in: believed only if a meter can have sent them."""

from __future__ import annotations

from collections.abc import Mapping

from slimmemeter.p1.event_logs import NO_FAILURE_S
from slimmemeter.p1.text import printable
from slimmemeter.store import schema

Row = Mapping[str, object]  # a cell by its column, as of `ForeignDatabase`
LONGEST_TEXT = 255  # bytes of an id
FORMULA, QUOTE = ("=", "+", "-", "@"), "'"  # how formulas begin in a spreadsheet, and a text
LONGEST_SHOWN = 40  # characters of a cell in an error
# The most that a telegram can have: twelve digits of kWh, and less in these columns.
MOST = 10**15 - 1
MOST_OF = {
    "tariff": 9999,
    "channel": 9,
    "type": 0xFFF,
    "duration_s": NO_FAILURE_S,
    **dict.fromkeys(
        ("taken_at", "ended_at", "month_ended_at", "at", "until", schema.METER_CLOCK),
        schema.INSTANT_MASK,
    ),
}


class InvalidCellError(Exception):
    """A cell that no meter can have sent; the text is what it is, and of which column."""


def integer(row: Row, name: str) -> int:
    """A whole number from 0 on. :raises InvalidCellError: the cell is something else."""
    cell = row[name]
    if type(cell) is not int or not 0 <= cell <= MOST_OF.get(name, MOST):
        raise InvalidCellError(f"{_shown(cell)} as {name}")
    return cell


def integers(row: Row) -> dict[str, int]:
    """All cells that aren't empty. :raises InvalidCellError: one is no such number."""
    return {name: integer(row, name) for name, cell in row.items() if cell is not None}


def text(row: Row, name: str) -> str:
    """A short text. :raises InvalidCellError: it is none, or could harm a terminal or a page."""
    cell = row[name]
    found = cell.decode("utf-8", "surrogateescape") if isinstance(cell, bytes) else "\0"
    if not is_name(found):
        raise InvalidCellError(f"{_shown(cell)} as {name}")
    return found


def for_spreadsheets(text: str) -> str:
    """A text as a CSV cell that no spreadsheet takes for a formula."""
    return f"{QUOTE}{text}" if text.startswith((*FORMULA, QUOTE)) else text


def of_spreadsheet(cell: str) -> str:
    """The text of such a cell."""
    return cell[1:] if cell.startswith(tuple(QUOTE + each for each in (*FORMULA, QUOTE))) else cell


def is_name(text: str) -> bool:
    """Whether a text can be a meter's id."""
    return text.isprintable() and len(text) <= LONGEST_TEXT


def _shown(cell: object) -> str:
    if isinstance(cell, bytes):
        return f"'{printable(cell[:LONGEST_SHOWN])}'"
    return "nothing" if cell is None else str(cell)
