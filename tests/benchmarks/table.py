"""The measured rows in docs/benchmarks.md, between two markers, so that nobody types a number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs/benchmarks.md"
BEGIN, END = "<!-- written by tests/benchmarks/run.py -->\n\n", "\n<!-- until here -->\n"
HEAD = (
    "| row | work | ours | theirs | ratio | goal | measured on |\n|---|---|---|---|---|---|---|\n"
)


def line(name: str, cells: Iterable[str], day: date) -> str:
    """A row as it stands in the table."""
    return f"| {' | '.join((name, *cells, day.isoformat()))} |\n"


def name_of(row: str) -> str:
    """By which name the command line knows a line of the table."""
    return row.split("|")[1].strip()


def lines(document: str) -> dict[str, str]:
    """The lines of the document's table by their names."""
    measured = document.partition(BEGIN)[2].partition(END)[0].removeprefix(HEAD)
    return {name_of(row): row for row in measured.splitlines(keepends=True)}


def with_line(document: str, measured: str, names: Iterable[str]) -> str:
    """The document with this line in its table.

    :param names: all rows that there are, in their order; a line of another name is left out.
    """
    before, _, rest = document.partition(BEGIN)
    known = {**lines(document), name_of(measured): measured}
    rows = "".join(known[name] for name in names if name in known)
    return f"{before}{BEGIN}{HEAD}{rows}{END}{rest.partition(END)[2]}"


def write(measured: str, names: Iterable[str]) -> None:
    """Put this line into the table in docs/benchmarks.md."""
    DOCUMENT.write_text(with_line(DOCUMENT.read_text(), measured, names))
