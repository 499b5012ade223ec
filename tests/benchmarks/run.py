"""Measures what a pull, a parse and a picture cost beside other programs; prints a table.

`python tests/benchmarks/run.py [ROW...]`; without rows, all of them. It needs the extra
`benchmark` and Debian's rrdtool. Nothing passes or fails here: machines differ, and ratios tell.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import date
from functools import cache, partial
from typing import NamedTuple

import parsing
import pulls
from house import Demo, House
from measure import Work, compare
from pictures import Day
from years import Files, bytes_a_reading

from slimmemeter.archive import Reader

Cells = tuple[str, str, str]  # ours, theirs, ratio
HEAD = "| row | work | ours | theirs | ratio | goal |\n|---|---|---|---|---|---|"


class Row(NamedTuple):
    """What is measured, against what, and the three cells that come of it."""

    work: str
    against: str
    goal: str
    cells: Callable[[], Cells]


class Bench:
    """What rows share; each is made when the first row asks for it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.house = cache(partial(House, f"{folder}/house.sqlite3"))
        self.demo = cache(partial(Demo, folder))
        self.files = cache(lambda: Files(self.demo(), folder))
        self.day = cache(lambda: Day(self.demo(), folder))

    def pull(self, script: str = "") -> Cells:
        """Our pull, against another one or what imports alone cost."""
        house = self.house()
        theirs = pulls.Theirs(script, house, self.folder) if script else pulls.imports
        return _part(pulls.Ours(house), theirs)

    def picture(self, name: str) -> Cells:
        """Our picture's CPU time, against rrdtool's."""
        return _part(self.day().ours(name), self.day().theirs)

    def size(self, name: str) -> Cells:
        """Bytes of our picture and rrdtool's."""
        ours, theirs = len(self.day().png(name)), self.day().their_size()
        return f"{ours / 1000:.1f} kB", f"{theirs / 1000:.1f} kB", f"{ours / theirs:.2f}"

    def bytes(self, belgian: bool) -> Cells:
        """Bytes a reading."""
        return f"{bytes_a_reading(self.folder, belgian):.1f}", "", ""

    def years(self, work: Callable[[Files, str], Work]) -> Cells:
        """The same work on a file of ten years and on one of a year."""
        files = self.files()
        return _part(work(files, files.ten), work(files, files.one))

    def pull_beside_years(self) -> Cells:
        """A pull into a file of ten years that a reader has open, against one into a small file."""
        old = House(shutil.copy(self.files().ten, f"{self.folder}/old.sqlite3"))
        with closing(Reader(old.database)) as reader:
            reader.newest()
            return _part(pulls.Ours(old), pulls.Ours(self.house()))

    def rows(self) -> dict[str, Row]:
        """Every row by the name that the command line knows it by."""
        pull, goal = "pull, pty to committed row", "≤ 12 kB"
        year = date.today().year
        bare = "python -c 'import serial, sqlite3, argparse'"
        smeterd = partial(self.pull, "smeterd_pull.py")
        dsmr_parser = partial(self.pull, "dsmr_parser_pull.py")
        return {
            "imports": Row(pull, bare, "≤ 1.0", self.pull),
            "smeterd": Row(pull, "the same on smeterd", "≤ 0.4", smeterd),
            "dsmr_parser": Row(pull, "the same on dsmr_parser", "≤ 0.12", dsmr_parser),
            **{
                f"{what}-{whose}": Row(
                    f"{whose.capitalize()} telegram to {what}",
                    "dsmr_parser",
                    goal,
                    partial(_times, work, whose),
                )
                for whose in parsing.SAMPLES
                for what, work, goal in (
                    ("reading", parsing.reading, "≥ 25 ×"),
                    ("objects", parsing.objects, "≥ 10 ×"),
                )
            },
            "hostile": Row("a byte of 64 KiB of brackets", "of a telegram", "≤ 10", _hostile),
            **{
                name: Row(f"day's {name}, SQL to PNG", "rrdtool graph", "≤ 1.0", work)
                for name, work in _each(self.picture)
            },
            **{
                f"{name}-size": Row(f"PNG of the day's {name}", "rrdtool's PNG", goal, work)
                for name, work in _each(self.size)
            },
            **{
                name: Row(f"{what} of ten years", "of one", goal, partial(self.years, work))
                for name, what, goal, work in (
                    ("borders", "registers at 366 borders", "≤ 1.1", Files.borders),
                    ("year", "a year as JSON", "≤ 1.2", _json(f"/year/{year}")),
                    ("years", "years as JSON", "≤ 2", _json("/years")),
                )
            },
            "old": Row("pull into ten years", "into forty days", "–", self.pull_beside_years),
            "bytes-dutch": Row(
                "bytes a reading, three phases, gas", "–", "≤ 80", partial(self.bytes, False)
            ),
            "bytes-belgian": Row(
                "the same in Belgium, and water", "–", "≤ 110", partial(self.bytes, True)
            ),
        }


def _each(work: Callable[[str], Cells]) -> list[tuple[str, Callable[[], Cells]]]:
    return [(name, partial(work, name)) for name in ("power", "electricity")]


def _json(period: str) -> Callable[[Files, str], Work]:
    return lambda files, path: files.json(path, f"{period}/electricity.json")


def _part(ours: Work, theirs: Work) -> Cells:
    costs = compare(ours, theirs)
    return f"{costs.ours_s * 1e3:.1f} ms", f"{costs.theirs_s * 1e3:.1f} ms", f"{costs.ratio:.3f}"


def _times(ours: Callable[[str], Work], whose: str) -> Cells:
    costs = compare(ours(whose), parsing.theirs(whose), 6)
    return (
        f"{costs.ours_s * 1e6:.1f} µs",
        f"{costs.theirs_s * 1e6:.0f} µs",
        f"{1 / costs.ratio:.1f} ×",
    )


def _hostile() -> Cells:
    costs = compare(parsing.hostile(), parsing.common(), 3)
    return f"{costs.ours_s * 1e9:.0f} ns", f"{costs.theirs_s * 1e9:.0f} ns", f"{costs.ratio:.2f}"


def main() -> None:
    """Measure the rows that the command line names, or all."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Bench(folder).rows()
        asked = sys.argv[1:] or list(rows)
        if unknown := set(asked) - set(rows):
            sys.exit(f"no row {', '.join(unknown)}: there are {', '.join(rows)}")
        print(HEAD)
        for name in asked:
            row = rows[name]
            ours, theirs, ratio = row.cells()
            cells = (row.work, ours, f"{row.against} {theirs}".strip(), ratio, row.goal)
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
