"""Waiting for what no other program reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found], within_s: float = 120) -> Found:
    """What `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing in {within_s} s"
        time.sleep(0.02)
    return found
