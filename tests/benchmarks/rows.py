"""The rows of the table, by the names that the command line knows."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache, partial
from typing import NamedTuple

import answers
import parsing
import pulls
import safe
import table
from house import Demo, House
from logs import Log
from measure import Costs, Work, compare
from pictures import KINDS, Pictures
from years import Files, bytes_a_reading

from slimmemeter.store.reader import Reader

Cells = tuple[str, str, str]  # ours, theirs, ratio


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
        self.log_of = cache(partial(Log, folder))
        self.pictures = cache(lambda: Pictures(self.demo(), folder))

    def pull(self, script: str = "") -> Cells:
        """Our pull, against another one or what imports alone cost."""
        house = self.house()
        theirs = pulls.Theirs(script, house, self.folder) if script else pulls.imports
        return _part(pulls.Ours(house), theirs)

    def log(self) -> Cells:
        """A telegram of a log stored, against another library that parses it."""
        log = self.log_of(10_000)
        return _faster(compare(log.ours(), log.theirs()))

    def log_memory(self) -> Cells:
        """The most memory that it takes, of a long log and of a short one."""
        long, short = (self.log_of(length).peak_bytes() for length in (100_000, 10_000))
        return f"{long / 1e6:.1f} MB", f"{short / 1e6:.1f} MB", f"{long / short:.2f}"

    def export(self) -> Cells:
        """All readings of ten years, against sqlite3's own CSV."""
        return _part(*safe.export(self.files().ten), decimals=0)

    def backup(self) -> Cells:
        """A backup of ten years, against one by hand."""
        return _part(*safe.backup(self.files().ten, self.folder), decimals=0)

    def waits(self) -> Cells:
        """The longest wait of a pull beside everything at once."""
        house = House(shutil.copy(self.files().ten, f"{self.folder}/crowd.sqlite3"))
        longest_s, alone_s = safe.Crowd(house, self.log_of(30_000).path, self.folder).waits_s()
        return f"{longest_s:.2f} s", f"{alone_s:.2f} s", f"{longest_s - alone_s:.2f} s"

    def picture(self, name: str) -> Cells:
        """Our picture's CPU time, against rrdtool's."""
        return _part(self.pictures().ours(name), self.pictures().theirs(name))

    def size(self, name: str) -> Cells:
        """Bytes of our picture and rrdtool's."""
        ours, theirs = len(self.pictures().png(name)), self.pictures().their_size(name)
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
        with Reader(old.database) as reader:
            reader.extent()
            return _part(pulls.Ours(old), pulls.Ours(self.house()))

    def answer(self, known: bool) -> Cells:
        """A kept picture, or one that the browser has: how many times as quick as a constant."""
        costs = compare(answers.Pages(self.demo().database).answers(known), answers.constant())
        ours, theirs = f"{costs.ours_s * 1e6:.0f} µs", f"{costs.theirs_s * 1e6:.0f} µs"
        return ours, theirs, f"{1 / costs.ratio:.2f} ×"

    def page(self, kind: str) -> Cells:
        """A page, in answers of a constant."""
        costs = compare(answers.Pages(self.demo().database).page(kind), answers.constant())
        ours, theirs = f"{costs.ours_s * 1e3:.1f} ms", f"{costs.theirs_s * 1e6:.0f} µs"
        return ours, theirs, f"{costs.ratio:.0f} ×"

    def first(self, what: str, imported: str) -> Cells:
        """The first page or picture, against what an import takes."""
        pages = answers.Pages(self.demo().database)
        bare = answers.started([*answers.PYTHON, "-c", f"import {imported}"])
        return _part(getattr(pages, what), bare)

    def year_page(self) -> Cells:
        """A year's page and all its pictures, drawn and kept."""
        return _part(*answers.Pages(self.demo().database).year())

    def memory(self) -> Cells:
        """Before the first picture; after a thousand, and after a thousand more."""
        before, after, later = answers.Pages(self.demo().database).memory()
        return f"{before:.0f} MB", f"{after:.0f} MB", f"then {later:.0f} MB"

    def rows(self) -> dict[str, Row]:
        """Every row by the name that the command line knows it by."""
        pull, goal = "pull, pty to committed row", "≤ 12 kB"
        year = date.today().year
        bare = "python -c 'import serial, sqlite3, argparse'"
        smeterd = partial(self.pull, "smeterd_pull.py")
        dsmr_parser = partial(self.pull, "dsmr_parser_pull.py")
        return {
            "imports": Row(pull, bare, "≤ 1.0", self.pull),
            "smeterd": Row(pull, "the same on smeterd", "–", smeterd),
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
                    ("reading", parsing.reading, "≥ 20 ×"),
                    ("objects", parsing.objects, "≥ 10 ×"),
                )
            },
            "import": Row(
                "a log's telegram, stored", "dsmr_parser only parsing", "≥ 10 ×", self.log
            ),
            "import-memory": Row(
                "memory of a log of 100,000", "of 10,000", "≤ 60 MB", self.log_memory
            ),
            "export": Row("ten years as CSV", "sqlite3 -csv", "≤ 2", self.export),
            "backup": Row("backup of ten years", "cp, integrity_check, gzip", "≤ 1.5", self.backup),
            "waits": Row(
                "longest of 60 pulls beside all at once", "alone", "≤ 1 s more", self.waits
            ),
            "hostile": Row("a byte of 64 KiB of brackets", "of a telegram", "≤ 10", _hostile),
            **{
                name: Row(
                    f"a {kind}'s {table}, SQL to PNG",
                    "rrdtool graph",
                    _goal_of_picture(kind, table),
                    partial(self.picture, name),
                )
                for name, (kind, table) in KINDS.items()
            },
            **{
                f"{name}-size": Row(
                    f"PNG of a day's {name}", "rrdtool's PNG", goal, partial(self.size, name)
                )
                for name in ("power", "electricity")
            },
            "first-page": Row(
                "start to first page",
                "import flask",
                "≤ 0.3 s",
                partial(self.first, "first_page", "flask"),
            ),
            "first-picture": Row(
                "first picture",
                "import matplotlib.figure",
                "≤ 1 s",
                partial(self.first, "first_picture", "matplotlib.figure"),
            ),
            "year-page": Row(
                "a year's page, its pictures drawn", "kept", "≤ 0.2 s", self.year_page
            ),
            **{
                f"page-{kind}": Row(
                    f"{words} without its pictures",
                    "Flask's constant",
                    f"≤ {goal_ms} ms, {goal} ×",
                    partial(self.page, kind),
                )
                for kind, words, goal_ms, goal in (
                    ("overview", "the overview", 20, 40),
                    ("day", "a day's page", 25, 50),
                    ("month", "a month's page", 35, 70),
                    ("year", "a year's page", 40, 80),
                )
            },
            "cached": Row(
                "a kept picture", "Flask's constant", "≥ 0.5 ×", partial(self.answer, False)
            ),
            "unchanged": Row("a 304", "Flask's constant", "≥ 0.4 ×", partial(self.answer, True)),
            "memory": Row(
                "memory before a picture", "after 1,000", "≤ 48, ≤ 100, flat", self.memory
            ),
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
                "the same in Belgium, and water", "–", "≤ 100", partial(self.bytes, True)
            ),
        }


def _json(period: str) -> Callable[[Files, str], Work]:
    return lambda files, path: files.json(path, f"{period}/electricity.json")


def _goal_of_picture(kind: str, table: str) -> str:
    if kind == "day":
        return "≤ 0.6"
    return "≤ 1.5" if (kind, table) == ("year", "hours") else "≤ 1.0"


def _part(ours: Work, theirs: Work, decimals: int = 1) -> Cells:
    costs = compare(ours, theirs)
    ours_ms, theirs_ms = (f"{s * 1e3:.{decimals}f} ms" for s in (costs.ours_s, costs.theirs_s))
    return ours_ms, theirs_ms, f"{costs.ratio:.3f}"


def _times(ours: Callable[[str], Work], whose: str) -> Cells:
    return _faster(compare(ours(whose), parsing.theirs(whose), 6))


def _faster(costs: Costs) -> Cells:
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
    parser = argparse.ArgumentParser(description="Measure what this program costs beside others.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="what to measure; without it, all")
    parser.add_argument(
        "--write", action="store_true", help="write each result into docs/benchmarks.md, too"
    )
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = Bench(folder).rows()
        if unknown := set(wanted.rows) - set(rows):
            parser.error(f"no row {', '.join(sorted(unknown))}: there are {', '.join(rows)}")
        print(table.HEAD, end="")
        for name in wanted.rows or rows:
            row = rows[name]
            ours, theirs, ratio = row.cells()
            cells = (row.work, ours, f"{row.against} {theirs}".strip(), ratio, row.goal)
            measured = table.line(name, cells, date.today())
            print(measured, end="", flush=True)
            if wanted.write:
                table.write(measured, rows)
