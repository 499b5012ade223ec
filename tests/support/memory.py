"""How much memory something takes."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes that Python holds for it at any moment."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def resident_kb(pid: int) -> int:
    """How much of a process is in memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])
