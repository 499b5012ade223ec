"""What stands on the pages and beside the pictures, in the language of the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import get_locale, gettext

from slimmemeter import clock, history, obis, periods, registers, tabular, words
from slimmemeter.archive import Reader
from slimmemeter.database import NamedRow
from slimmemeter.history import Change
from slimmemeter.judgement import ASIDE
from slimmemeter.periods import Period
from slimmemeter.registers import Life, Mark, Span
from slimmemeter.site import NoReadingError, site

PULL_EVERY_S = 300
MOST_LISTED = 20
TABLES = {
    "day": ("power", "electricity"),
    "week": ("electricity", "power"),
    "month": ("electricity", "power"),
    "year": ("electricity",),
    "years": ("electricity",),
}


def newest(reader: Reader) -> NamedRow:
    found = reader.newest()
    if found is None:
        raise NoReadingError
    return found


def received_at(newest: NamedRow) -> int:
    return int(newest["taken_at"] + (newest["delay_s"] or 0))


def registers_now(newest: NamedRow) -> dict[str, int]:
    """The registers of a reading by name, in Wh."""
    return {
        name.removesuffix("_wh"): newest[name]
        for name in newest.keys()  # noqa: SIM118 - a Row iterates over its values
        if name.endswith("_wh") and newest[name] is not None
    }


def is_only_one(reader: Reader) -> bool:
    """Whether there is one reading, of which no picture can be made yet."""
    series = reader.series()
    return len(series) == 1 and bool(series[0]["first"] == series[0]["last"])


def next_at(newest: NamedRow) -> int:
    """When cron makes the reading after this one."""
    return (received_at(newest) // PULL_EVERY_S + 1) * PULL_EVERY_S


def years(reader: Reader) -> Period:
    found = history.years(reader, site().zone)
    if found is None:
        raise NoReadingError
    return found


def media(reader: Reader) -> list[str]:
    """The media that are metered here, each with a picture of its own."""
    there = {(device["type"], device["unit"]) for device in reader.devices()}
    return [
        name
        for name, (types, units) in history.MEDIA.items()
        if any((kind, unit) in there for kind in types for unit in units)
    ]


def picture_words(reader: Reader, period: Period, table: history.Table) -> dict[str, Any]:
    """The texts of a picture, in the language of the request."""
    tariffs = _tariffs(reader)
    return {
        "title": words.period_title(period),
        "totals": _totals_said(reader, period, table),
        "columns": {c.name: words.column_name(c.name, tariffs) for c in table.columns},
        "ticks": words.ticks(period, site().zone),
        "nothing": gettext("nothing is known of this time"),
        "point": words.number(5, 10, 1)[1],
    }


def _alt(reader: Reader, period: Period, name: str) -> str:
    """What a picture shows, for who can't see it."""
    said = _totals_said(reader, period, history.of_period(reader, period, name))
    said = said or gettext("nothing is known of this time")
    return f"{words.table_name(name)}, {words.period_title(period)}: {said}"


def _totals_said(reader: Reader, period: Period, table: history.Table) -> str:
    if table.name == "power":  # its picture tells the energy, as a mean of a day says little
        table = history.electricity(reader, [period.begin_at, period.end_at])
    return words.totals(table)


def _tariffs(reader: Reader) -> dict[int, str]:
    """What the newest meter's tariffs are called."""
    series = reader.series()
    if not series:
        return {}
    return obis.tariff_names(series[-1]["version"], "import_wh" in series[-1]["registers"].split())


def shown(reader: Reader, period: Period, names: tuple[str, ...]) -> list[dict[str, str]]:
    """The pictures of a page: where each is, and what it shows in words."""
    return [
        {
            "url": f"/{period.name}/{name}",
            "name": name,
            "alt": _alt(reader, period, name),
            "href": f"/{period.name}",
        }
        for name in names
    ]


def totals(reader: Reader, period: Period) -> list[dict[str, str]]:
    """The period's totals by direction and medium, each with its unit."""
    ends = [period.begin_at, period.end_at]
    return [
        {"name": words.stem_name(stem), "stem": stem, "amount": amount, "unit": unit}
        for name in ("electricity", *media(reader))
        for stem, amount, unit in words.sums(history.table(reader, name, ends))
    ]


def _rows(period: Period, table: history.Table) -> Iterator[tuple[str, str | None]]:
    """The name of each bucket, and the page that shows it in detail."""
    bucket = periods.BUCKETS[period.kind]
    for begin in table.borders[:-1]:
        name = words.bucket_title(begin, bucket, site().zone)
        below = None if bucket == "hour" else periods.of(bucket, begin, site().zone)
        yield name, f"/{below.name}" if below else None


def frame(reader: Reader) -> dict[str, object]:
    """What every page's frame and filters need."""
    now, zone = clock.now(), site().zone
    tariffs = _tariffs(reader)
    return {
        "now": {kind: periods.today(kind, now, zone).name for kind in ("day", "month", "year")},
        "column_name": lambda column: words.column_name(column, tariffs),
        "tariff": tariffs,
        "zone": zone,
        "local": lambda at: tabular.local(at, zone),
        "MOST_LISTED": MOST_LISTED,
        "words": words,
        "language": str(get_locale()),
    }


def of_period(reader: Reader, period: Period) -> dict[str, object]:
    """What the page of a period shows."""
    there = media(reader)
    tables = [history.of_period(reader, period, name) for name in ("electricity", *there)]
    spans = registers.spans(reader, period.begin_at, period.end_at)
    electricity = tables[0]
    return {
        "period": period,
        "title": words.period_title(period),
        "before": period.beside(-1),
        "after": period.beside(1) if period.end_at <= clock.now() else None,
        "pictures": shown(reader, period, (*TABLES[period.kind], *there)),
        "totals": totals(reader, period),
        "columns": [column for each in tables for column in each.columns],
        "rows": list(_rows(period, electricity)),
        "partial": {place for each in tables for place in each.partial},
        "unsure": {place for each in tables for place in each.in_gaps()},
        "gaps": sorted({gap for each in tables for gap in each.gaps if each.is_exact(gap)}),
        "changes": [
            shown_change(reader, each) for table in tables for each in table.changes[:MOST_LISTED]
        ],
        "asides": [
            event
            for event in reader.events(period.begin_at, period.end_at)
            if event["kind"] == ASIDE
        ],
        "borders": list(_borders(spans[:MOST_LISTED])),
        "agrees": bool(spans) and all(registers.agrees(each, spans) for each in tables),
        **frame(reader),
    }


def _borders(spans: list[Span]) -> Iterator[dict[str, Any]]:
    """What each register said at both borders of a period, and how that is known."""
    for span in spans:
        for place, (_, column) in enumerate(span.life.columns):
            yield {
                "column": column,
                "equipment": span.life.row["equipment"],
                "sides": [_said(mark, place) for mark in (span.begin, span.end)],
            }


def _said(mark: Mark, place: int) -> dict[str, Any]:
    """A register at a moment: its value, and how it is known."""
    return {
        "at": mark.at,
        "value": words.number(mark.counter(place), history.THOUSAND, 3),
        "how": words.how(mark, place, site().zone),
    }


def readings(marks: list[tuple[Life, Mark]]) -> list[dict[str, Any]]:
    """Registers at a moment, a row each."""
    return [
        {"life": life.row, "column": column, **_said(mark, place)}
        for life, mark in marks
        for place, (_, column) in enumerate(life.columns)
    ]


def shown_change(reader: Reader, change: Change) -> dict[str, Any]:
    """Where another meter goes on: when and why, the old one's last registers and the new one's
    first."""
    told: dict[str, Any] = {"why": change.why, "is_gap": change.is_gap}
    by_column: dict[str, dict[str, str]] = {}
    for side, row, at in (
        ("old", change.old, change.old["last"]),
        ("new", change.new, change.new["first"]),
    ):
        life = registers.life_of(row)
        told[side] = {"at": at, "equipment": row["equipment"]}
        for each in readings([(life, life.mark(reader, at))]):
            by_column.setdefault(each["column"], {})[side] = each["value"]
    return told | {"rows": [{"column": name, **said} for name, said in by_column.items()]}


def all_changes(reader: Reader) -> list[Change]:
    """The changes of meters and devices, newest first."""
    groups = [reader.series(), *(history.devices_of(reader, name) for name in history.MEDIA)]
    found = [each for lives in groups for each in history.changes(lives)]
    return sorted(found, key=lambda change: change.times, reverse=True)[:MOST_LISTED]
