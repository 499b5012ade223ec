"""What stands in the lists of a telegram, as the meter printed it; instants in UTC seconds."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class PrintedPeak(NamedTuple):
    """A month's peak: the month's end, the quarter-hour's end (None if empty), the power."""

    month_ended_at: int | None
    at: int | None
    value: Decimal
    unit: str


class ProfileValue(NamedTuple):
    """One of a profile's registers, as it was when the month began."""

    value: Decimal
    unit: str | None


class Cell(NamedTuple):
    """One value of a record (None for `()`), its code, and its own instant if it has one."""

    code: str
    value: Decimal | str | None
    unit: str | None
    at: int | None


class Record(NamedTuple):
    """An entry of a list: its instant, and its values."""

    at: int | None
    cells: list[Cell]
