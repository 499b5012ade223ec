"""The stored readings as text, a line each: CSV for spreadsheets, JSON for programs.

A line is a reading of the meter or of a device on its M-Bus, in the order of time. SQLite makes the
text, and is asked for a few thousand rows at a time, so that it costs little and no pull waits.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from operator import itemgetter

from slimmemeter import clock
from slimmemeter.errors import UsageError
from slimmemeter.history import catalogue, consumption, serialize
from slimmemeter.settings import Settings
from slimmemeter.store import schema
from slimmemeter.store.connection import NamedRow
from slimmemeter.store.reader import Reader
from slimmemeter.store.validation import SET_ASIDE

STRETCH_S = 4 * 86400  # asked for at once: 1,152 readings, or 5,760 of a pull each minute
# What tells whose reading it is; the other columns are counters, in the unit that the name ends
# with, and what else the meter told.
ABOUT = ("time", "meter", "version", "channel", "type")
Line = tuple[int, str]
Lines = Callable[["Life"], str]  # the SQL of a line


class Life:
    """A life of a meter or device: where its rows are, what is the same in each of them, and its
    columns as (shown, stored)."""

    def __init__(self, row: NamedRow, name: str, there: list[str]) -> None:
        self.id = int(row["id"])
        self.first, self.last = int(row["first"]), int(row["last"])
        self.about: dict[str, object] = {"meter": name}
        if "registers" in row.keys():  # noqa: SIM118 - a Row iterates over its values
            self.table = "readings"
            self.about["version"] = row["version"]
            self.counters = set(row["registers"].split())
            every = row["opened_by"] == SET_ASIDE  # what such a reading has isn't written down
            self.columns = {
                _shown(name): name
                for name in there
                if every or name in self.counters or not name.endswith("_wh")
            }
        else:
            self.table = "mbus_readings"
            self.about |= {"channel": row["channel"], "type": row["type"]}
            self.counters = {"counter"}
            self.columns = {consumption.column_of(row): "counter"}


def csv_lines(database: str, without_ids: bool) -> Iterator[str]:
    """One header, then a line a reading (RFC 4180). :raises StoreError: it can't be read."""
    with closing(Reader(database)) as reader:
        lives, columns = _lives(reader, without_ids)
        yield f"{','.join((*ABOUT, *columns))}\r\n"

        def sql(life: Life) -> str:
            about = [_quoted(life.about.get(name)).replace("%", "%%") for name in ABOUT[1:]]
            cells = [_cell(life, name) for name in columns]
            form = ",".join(["%s", *about, *(form for form, _ in cells)])
            values = ", ".join([_TIME, *(value for _, value in cells if value)])
            return f"printf({_text(form)}, {values}) || char(13, 10)"

        yield from _merged(reader, lives, sql)


def json_lines(database: str, without_ids: bool) -> Iterator[str]:
    """An object a reading, without what it doesn't have. :raises StoreError: as above."""
    with closing(Reader(database)) as reader:
        lives, _ = _lives(reader, without_ids)

        def sql(life: Life) -> str:
            pairs = [f"'time', {_TIME}"]
            pairs += [f"'{name}', {_text(value)}" for name, value in life.about.items()]
            pairs += [
                f"'{shown}', {stored}{' / 1000.0' * _is_counter(shown)}"
                for shown, stored in life.columns.items()
            ]
            return f"json_patch('{{}}', json_object({', '.join(pairs)})) || char(10)"

        yield from _merged(reader, lives, sql)


_TIME = "strftime('%Y-%m-%dT%H:%M:%SZ', taken_at, 'unixepoch')"


def table(settings: Settings, what: str, form: str) -> str:
    """A table of a period as the pages have it: `years/gas`, `day/2026-11-23/electricity`.

    :raises UsageError: there is no such period or table. :raises StoreError: it can't be read.
    """
    *path, name = what.split("/")
    zone = settings.zone_info()
    with closing(Reader(settings.database)) as reader:
        known = 0 < len(path) < 4
        period = catalogue.period_of(reader, clock.now(), zone, *path) if known else None
        if period is None or not catalogue.is_told(name, period):
            raise UsageError(f"there is no {what}: a table is such as day/2026-11-23/electricity")
        found = catalogue.of_period(reader, period, name)
    if form == "csv":
        return serialize.as_csv(found, zone)
    return json.dumps(serialize.as_json(found, period.name, zone)) + "\n"


def _lives(reader: Reader, without_ids: bool) -> tuple[list[Life], list[str]]:
    """Every life, also those of what is set aside, and all columns that any of them has."""
    there = [name for name in reader.columns("readings") if name not in schema.ABOUT_A_READING]
    names: dict[str, str] = {}
    lives = []
    for row in (*reader.series(aside=True), *reader.devices(aside=True)):
        name = row["equipment"]
        if without_ids:
            kind = "meter" if "registers" in row.keys() else "device"  # noqa: SIM118
            name = names.setdefault(name, f"{kind} {len(names) + 1}")
        lives.append(Life(row, name, there))
    return lives, list(dict.fromkeys(name for life in lives for name in life.columns))


def _merged(reader: Reader, lives: list[Life], sql: Lines) -> Iterator[str]:
    """The lines of all lives in the order of time, some days in one text."""
    queries = [(life, sql(life)) for life in lives]
    begin = min((life.first for life in lives), default=0)
    end = max((life.last for life in lives), default=0) + 1
    for at in range(begin, end, STRETCH_S):
        rows: list[Line] = []
        for life, line in queries:
            if life.first < at + STRETCH_S and life.last >= at:
                rows += reader.lines(life.table, life.id, line, at, at + STRETCH_S)
        rows.sort(key=_INSTANT)  # two rows in order each: it merges them
        yield "".join(map(_LINE, rows))


_INSTANT, _LINE = itemgetter(0), itemgetter(1)


def _shown(stored: str) -> str:
    return consumption.shown(stored) if stored.endswith("_wh") else stored


def _is_counter(shown: str) -> bool:
    return shown.endswith(("_kwh", "_m3", "_gj"))


def _cell(life: Life, shown: str) -> tuple[str, str]:
    """How printf writes a column, and its arguments: a counter with all three decimals."""
    if shown not in life.columns:
        return "", ""
    stored = life.columns[shown]
    if not _is_counter(shown):
        return "%s", stored
    if stored in life.counters:
        return "%d.%03d", f"{stored} / 1000, {stored} % 1000"
    return "%s", f"CASE WHEN {stored} NOT NULL THEN printf('%.3f', {stored} / 1000.0) END"


def _quoted(value: object) -> str:
    """A CSV cell."""
    file = io.StringIO()
    csv.writer(file, lineterminator="").writerow([value, ""])
    return file.getvalue()[:-1]


def _text(value: object) -> str:
    """An SQL literal."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + str(value).replace("'", "''") + "'"
