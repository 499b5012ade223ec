"""How far something has come, shown on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int], object]  # takes how much is done by now


@contextmanager
def shown(name: str, total: Callable[[], int | None], unit: str) -> Iterator[Show]:
    """A bar with an estimate; nothing where nobody looks.

    :param total: how much there is to do, None if that isn't known; asked for a bar only.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from tqdm import tqdm  # it takes a third of the start of a command

    with tqdm(total=total(), desc=name, unit=unit, unit_scale=True) as bar:
        yield lambda done: bar.update(done - bar.n)
