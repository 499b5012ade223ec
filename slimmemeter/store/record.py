"""What is kept of a meter beside its readings."""

from __future__ import annotations

from typing import Any, NamedTuple


class Seldom(NamedTuple):
    """What is kept of a meter beside its readings."""

    equipment: str
    counters: list[tuple[Any, ...]]  # instant, and each of `schema.COUNTERS`
    failures: list[tuple[Any, ...]]  # end, None where unknown, and duration in s
    peaks: list[tuple[Any, ...]]  # the month's end, the quarter-hour's, W
