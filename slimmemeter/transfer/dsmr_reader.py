"""DSMR-reader's files as sources: its backup, and the days that it exports as CSV.

From its repository, github.com/dsmrreader/dsmr-reader:

- a backup is what `pg_dump` writes, gzipped (src/dsmr_backup/services/backup.py): each table after
  a line `COPY table (columns) FROM stdin;`, in PostgreSQL's text format, up to a line `\\.`;
- the columns are the fields of src/dsmr_datalogger/models/reading.py and
  src/dsmr_stats/models/statistics.py: kWh, kW, V, A and m3. It keeps the first and the last reading
  of each hour for ever, and the first of each day apart;
- an export has the fields in the order of src/dsmr_frontend/views/export.py, under headings in
  English or Dutch (src/dsmrreader/locales/nl/LC_MESSAGES/django.po), and instants in ISO 8601
  (src/dsmrreader/formats/nl/formats.py).

It doesn't store the meters' ids: the readings count as those of the meters that the house had then.
Its exports of hours, and those of days in older versions, are amounts and no meter readings.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from functools import partial

from slimmemeter.errors import UsageError
from slimmemeter.history import periods
from slimmemeter.p1.reading import Reading
from slimmemeter.transfer.cells import LONGEST_SHOWN
from slimmemeter.transfer.csv_file import InvalidRowError, integer, own_device
from slimmemeter.transfer.entry import Entry, Home

DUMP = b"PostgreSQL database dump"
LONGEST = 1 << 16  # of a line
COPY = re.compile(rb"COPY (?:\w+\.)?(\w+) \(([^)]*)\) FROM stdin;")
_PHASES = {
    f"phase_{theirs}_l{phase}": ours.format(f"l{phase}")
    for phase in (1, 2, 3)
    for theirs, ours in (
        ("currently_delivered", "power_import_{}_w"),
        ("currently_returned", "power_export_{}_w"),
        ("voltage", "voltage_{}_dv"),
        ("power_current", "current_{}_ma"),
    )
}
TENTHS = {name for name in _PHASES.values() if name.startswith("voltage")}
# By table, the columns of instants, and the readings of each.
TABLES: dict[str, dict[str, dict[str, str]]] = {
    "dsmr_datalogger_dsmrreading": {
        "timestamp": {
            "electricity_delivered_1": "import_t1_wh",
            "electricity_delivered_2": "import_t2_wh",
            "electricity_returned_1": "export_t1_wh",
            "electricity_returned_2": "export_t2_wh",
            "electricity_currently_delivered": "power_import_w",
            "electricity_currently_returned": "power_export_w",
            **_PHASES,
        },
        "extra_device_timestamp": {"extra_device_delivered": "gas_m3"},
    },
    "dsmr_stats_daystatistics": {
        "electricity_reading_timestamp": {
            "electricity1_reading": "import_t1_wh",
            "electricity2_reading": "import_t2_wh",
            "electricity1_returned_reading": "export_t1_wh",
            "electricity2_returned_reading": "export_t2_wh",
        },
        "gas_reading_timestamp": {"gas_reading": "gas_m3"},
    },
}
DAYS = TABLES["dsmr_stats_daystatistics"]
EXPORTED = (
    *("day", "electricity1", "electricity2", "electricity1_returned", "electricity2_returned"),
    *("gas", "electricity1_cost", "electricity2_cost", "gas_cost", "fixed_cost", "total_cost"),
    *(name for at, read in DAYS.items() for name in (at, *read)),
)
HEADINGS = {"electricity reading timestamp", "tijdstip elektriciteitsmeterstand"}
FIRST_HEADINGS = {"date", "datum", "hour start", "begintijd uur"}


def is_export(beginning: str) -> bool:
    """Whether a text begins as a CSV of hours or days."""
    first, second, *_ = [*beginning.lower().split(",", 2), ""]
    return first in FIRST_HEADINGS and second.startswith(("electricity", "elektriciteit"))


def of_dump(file: io.BufferedIOBase, path: str, home: Home) -> Iterator[Entry]:
    """Every reading of a backup. :raises UsageError: it has no table of readings."""
    names: list[str] = []
    moments: dict[str, dict[str, str]] = {}
    has_readings = False
    for number, line in enumerate(iter(partial(file.readline, LONGEST), b""), 1):
        if line.startswith(b"COPY "):
            names, moments = _columns(line)
            has_readings |= bool(moments)
        elif line.startswith(b"\\."):
            moments = {}
        elif moments:
            cells = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
            row = {name: cell for name, cell in zip(names, cells, strict=False) if cell != "\\N"}
            yield from _entries(f"line {number}", row, moments, home)
    if not has_readings:
        raise UsageError(f"{path} is a backup of PostgreSQL without DSMR-reader's readings")


def _columns(line: bytes) -> tuple[list[str], dict[str, dict[str, str]]]:
    """The columns of a block, and those that are read: none unless it has readings."""
    block = COPY.match(line)
    if block is None:
        return [], {}
    names = [name.strip(' "') for name in block[2].decode("utf-8", "replace").split(",")]
    return names, TABLES.get(block[1].decode(), {})


def of_export(path: str, home: Home, lines: Iterator[str]) -> Iterator[Entry]:
    """The meter readings at the start of each day. :raises UsageError: it has none."""
    rows = csv.reader(lines)
    head = [name.lower() for name in next(rows)]
    if len(head) != len(EXPORTED) or not HEADINGS & set(head):
        raise UsageError(
            f"{path} is an export of DSMR-reader with amounts, and without meter readings and their"
            " times: export the days with its newest version, or import its backup"
        )
    for number, cells in enumerate(rows, 2):
        row = {name: cell for name, cell in zip(EXPORTED, cells, strict=False) if cell}
        yield from _entries(f"line {number}", row, DAYS, home)


def _entries(
    place: str,
    row: Mapping[str, str],
    moments: Mapping[str, Mapping[str, str]],
    home: Home,
) -> Iterator[Entry]:
    for when, read in moments.items():
        if when in row:
            values = {column: row[name] for name, column in read.items() if name in row}
            try:
                yield _entry(place, row[when], values, home)
            except InvalidRowError as error:
                yield Entry(place, error=str(error))


def _entry(place: str, when: str, cells: Mapping[str, str], home: Home) -> Entry:
    at = periods.moment(when, home.zone)
    if at is None:
        raise InvalidRowError(f"{when[:LONGEST_SHOWN]!r} is not a time")
    values = {
        column: integer(cell, ".", 1 if column in TENTHS else 3) for column, cell in cells.items()
    }
    if not values:
        raise InvalidRowError("it has no counter")
    if "gas_m3" in values:
        return Entry(place, at, devices=(own_device("gas_m3", home, at, values["gas_m3"]),))
    meter = home.meter(at)
    return Entry(place, at, Reading(meter, at, values, header=meter))
