"""Two pieces of work against each other, in turn, so that a busy machine slows both alike.

The result is a ratio: that of each pair of costs, and of those the median.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

Work = Callable[[], float]  # does it once and says what it cost, in seconds


class Costs(NamedTuple):
    """Medians: the seconds of both, and ours as a part of theirs."""

    ours_s: float
    theirs_s: float
    ratio: float


def compare(ours: Work, theirs: Work, for_s: float = 10) -> Costs:
    """Do both in turn for so many seconds, at least five times, after once each to warm up."""
    ours()
    theirs()
    pairs: list[tuple[float, float]] = []
    end = time.monotonic() + for_s
    while len(pairs) < 5 or time.monotonic() < end:
        pairs.append((ours(), theirs()))
    ours_s, theirs_s = (median(costs) for costs in zip(*pairs, strict=True))
    return Costs(ours_s, theirs_s, median(one / other for one, other in pairs))


def elapsed_s(work: Callable[[], object], times: int, pieces: int = 1) -> Work:
    """What a call costs by the clock: the mean of so many, as one is too short to tell.

    :param pieces: of which one call does so many; then it is what one costs.
    """
    work_s = _timed(work, times, time.perf_counter)
    return lambda: work_s() / pieces


def busy_s(work: Callable[[], object]) -> Work:
    """What a call costs in CPU time, so that it compares with `cpu_s` of a program."""
    return _timed(work, 1, time.process_time)


def _timed(work: Callable[[], object], times: int, clock: Callable[[], float]) -> Work:
    def once() -> float:
        begin = clock()
        for _ in range(times):
            work()
        return (clock() - begin) / times

    return once


def cpu_s(command: Sequence[str], environ: Mapping[str, str] = os.environ) -> float:
    """The CPU time, its own and the kernel's, of a program from its start to its end.

    :raises RuntimeError: it failed.
    """
    output = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawnp(command[0], command, environ, file_actions=output)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status:#x}")
    return usage.ru_utime + usage.ru_stime
