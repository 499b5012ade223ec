"""DSMR-reader's files as sources: its backup, and the days that it exports as CSV.

Of its repository, github.com/dsmrreader/dsmr-reader, these are the facts:

- a backup is what `pg_dump` writes, gzipped (src/dsmr_backup/services/backup.py): each table after
  a line `COPY table (columns) FROM stdin;`, in PostgreSQL's text format, up to a line `\\.`;
- the columns are the fields of src/dsmr_datalogger/models/reading.py and
  src/dsmr_stats/models/statistics.py: kWh, kW, V, A and m3. It keeps the first and the last reading
  of each hour for ever, and the first of each day apart;
- an export has the fields in the order of src/dsmr_frontend/views/export.py, under headings in
  English or Dutch (src/dsmrreader/locales/nl/LC_MESSAGES/django.po), and instants in ISO 8601
  (src/dsmrreader/formats/nl/formats.py).

It doesn't keep whose readings they are: they are of the house's newest meters. What it exports of
hours, and what its older versions do of days, are amounts, and no meter readings.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from functools import partial

from slimmemeter.errors import UsageError
from slimmemeter.history import periods
from slimmemeter.p1.telegram import Reading
from slimmemeter.transfer import csv_file
from slimmemeter.transfer.record import Home, Item

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
# By table: where the instant is, and what was read then.
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
    """Whether a text begins as a CSV of hours or days does."""
    first, second, *_ = [*beginning.lower().split(",", 2), ""]
    return first in FIRST_HEADINGS and second.startswith(("electricity", "elektriciteit"))


def of_dump(file: io.BufferedIOBase, path: str, home: Home) -> Iterator[Item]:
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
            told = {name: cell for name, cell in zip(names, cells, strict=False) if cell != "\\N"}
            yield from _items(f"line {number}", told, moments, home)
    if not has_readings:
        raise UsageError(f"{path} is a backup of PostgreSQL without DSMR-reader's readings")


def _columns(line: bytes) -> tuple[list[str], dict[str, dict[str, str]]]:
    """The columns of a block, and what of them is read: nothing where it has no readings."""
    block = COPY.match(line)
    if block is None:
        return [], {}
    names = [name.strip(' "') for name in block[2].decode().split(",")]
    return names, TABLES.get(block[1].decode(), {})


def of_export(path: str, home: Home, lines: Iterator[str]) -> Iterator[Item]:
    """The meter readings with which each day begins. :raises UsageError: it has none."""
    rows = csv.reader(lines)
    head = [name.lower() for name in next(rows)]
    if len(head) != len(EXPORTED) or not HEADINGS & set(head):
        raise UsageError(
            f"{path} is an export of DSMR-reader that tells amounts, and no meter readings with"
            " their times: export the days with its newest version, or bring its backup"
        )
    for number, cells in enumerate(rows, 2):
        told = {name: cell for name, cell in zip(EXPORTED, cells, strict=False) if cell}
        yield from _items(f"line {number}", told, DAYS, home)


def _items(
    place: str,
    told: Mapping[str, str],
    moments: Mapping[str, Mapping[str, str]],
    home: Home,
) -> Iterator[Item]:
    for when, read in moments.items():
        if when in told:
            values = {column: told[name] for name, column in read.items() if name in told}
            try:
                yield _item(place, told[when], values, home)
            except csv_file.WrongRowError as error:
                yield Item(place, wrong=str(error))


def _item(place: str, when: str, cells: Mapping[str, str], home: Home) -> Item:
    at = periods.moment(when, home.zone)
    if at is None:
        raise csv_file.WrongRowError(f"{when!r} is no time")
    values = {
        column: csv_file.integer(cell, ".", 1 if column.endswith("_dv") else 3)
        for column, cell in cells.items()
    }
    if not values:
        raise csv_file.WrongRowError("it has no counter")
    if "gas_m3" in values:
        return Item(place, at, devices=(csv_file.device("gas_m3", home, at, values["gas_m3"]),))
    meter = home.own.get("meter", "")
    return Item(place, at, Reading(meter, None, meter, at, None, values, [], {}, 3600))
