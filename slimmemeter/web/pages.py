"""What stands on the pages and beside the pictures, in the language of the request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any

from slimmemeter import clock
from slimmemeter.history import (
    catalogue,
    comparison,
    consumption,
    meter_readings,
    periods,
    statistics,
)
from slimmemeter.history.consumption import Change, Table
from slimmemeter.history.meter_readings import Life, Mark, Span
from slimmemeter.history.periods import Period
from slimmemeter.i18n import labels
from slimmemeter.store.connection import NamedRow
from slimmemeter.store.reader import Reader
from slimmemeter.store.validation import ASIDE, GAP
from slimmemeter.web import figures
from slimmemeter.web.figures import Picture, Told, below, most_said
from slimmemeter.web.state import NoReadingError, site

PULL_EVERY_S, STALE_S = 300, 900
FRESH, WRONG_CLOCK = "ok", "this computer's clock is wrong"
MOST_LISTED = 20
STANDBY_DAYS = 30


def newest(reader: Reader) -> NamedRow:
    found = reader.newest()
    if found is None:
        raise NoReadingError
    return found


def freshness(newest: NamedRow, now: int) -> tuple[str, int]:
    """The state of the readings in a word, and how old the newest one is, in seconds.

    Where this computer's clock was off when it came, the meter's tells; it is off still if by it
    the reading came just now.
    """
    delay_s = newest["delay_s"] or 0
    was_off = abs(delay_s) > clock.AGREEMENT_S
    age_s = int(now - newest["taken_at"] - (0 if was_off else delay_s))
    is_off_still = was_off and 0 <= age_s - delay_s <= STALE_S
    if age_s < -clock.AGREEMENT_S or is_off_still:
        return WRONG_CLOCK, age_s
    return (FRESH if age_s <= STALE_S else "old"), age_s


def time_of(reader: Reader) -> int:
    """The time that pages go by: this computer's, or the newest reading's where that is wrong."""
    now, found = clock.now(), reader.newest()
    is_wrong = found is not None and freshness(found, now)[0] == WRONG_CLOCK
    return int(found["taken_at"]) if found is not None and is_wrong else now


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


def next_at(now: int) -> int:
    """When cron pulls next."""
    return (now // PULL_EVERY_S + 1) * PULL_EVERY_S


def refresh_s(now: int) -> int:
    """In how many seconds a newer reading can be there; never less than a minute."""
    since_pull_s = now % PULL_EVERY_S
    return 60 if since_pull_s < 10 else max(PULL_EVERY_S - since_pull_s + 10, 60)


def media(reader: Reader) -> list[str]:
    """The media that are metered here, each with a picture of its own."""
    there = {(device["type"], device["unit"]) for device in reader.devices()}
    return [
        name
        for name, (types, units) in consumption.MEDIA.items()
        if any((kind, unit) in there for kind in types for unit in units)
    ]


def names(reader: Reader) -> labels.Names:
    """What things are called where the newest meter stands."""
    series = reader.series()
    if not series:
        return labels.Names()
    return labels.Names(series[-1]["version"], "import_wh" in series[-1]["registers"].split())


def summary(reader: Reader, period: Period, known: labels.Names) -> list[dict[str, Any]]:
    """The period's totals by direction and medium, each beside those of the period before and of a
    year ago, to the same moment."""
    before = {each.name: each for each in (period.beside(-1), period.year_ago()) if each}
    found = []
    for name in ("electricity", *media(reader)):
        table = consumption.energy(reader, name, [period.begin_at, period.end_at])
        until = min(period.end_at, consumption.last_known(reader, name) or period.begin_at)
        beside = [
            comparison.to_the_same_moment(reader, name, period, other, until)
            for other in before.values()
        ]
        found += [
            {
                "stem": labels.stem(column.name),
                "name": known.stem(labels.stem(column.name)),
                "amount": labels.amount(column.total, column.scale, column.name),
                "beside": [_beside(period, each, column) for each in beside if each],
            }
            for column in table.together()
            if column.total is not None
        ]
    return found


def _beside(
    period: Period, other: comparison.Compared, column: consumption.Column
) -> dict[str, str]:
    """What another period had then, and how much more or less it is now."""
    then = next((each for each in other.table.together() if each.name == column.name), None)
    value = then.total if then else None
    return {
        "title": labels.short_title(other.period, period),
        "until": "" if other.until == other.period.end_at else labels.until(other.until, period),
        "href": f"/{other.period.name}",
        "amount": labels.amount(value, column.scale, column.name),
        "change": labels.more_or_less(column.total or 0, value or 0),
    }


def standby(reader: Reader, until: int) -> statistics.Standby | None:
    """What came from the grid when the house slept, in the 30 days until then."""
    days = periods.last(STANDBY_DAYS, until, site().zone)
    return statistics.standby(catalogue.of_period(reader, days, "hours"))


def peaks(reader: Reader, begin: int, end: int) -> dict[str, Any] | None:
    """Belgium's month peaks in a time, newest first, and the mean of twelve; None without any."""
    every = statistics.month_peaks(reader)
    inside = [row for row in every if begin < row["month_ended_at"] and row["ended_at"] < end]
    until = [row for row in every if row["ended_at"] < end]
    if not inside:
        return None
    mean_w = statistics.mean_peak_w(until)
    return {"rows": inside, "mean": labels.number(mean_w, 1000, 3), "months": min(len(until), 12)}


def records(told: Told, period: Period, known: labels.Names) -> list[dict[str, str]]:
    """When most came from the grid, and went to it: the days of a long period, the hours of all."""
    names = [("hours", None)] if catalogue.is_told("hours", period) else []
    days = [("electricity", "day")] if 1 < period.days <= catalogue.MOST_BUCKETS else []
    return [
        {
            "text": most_said(each, period, known),
            "href": f"/{periods.today('day', each.begin, period.zone).name}",
        }
        for name, by in (*days, *names)
        for each in statistics.most(told(name, by))
    ]


def _rows(period: Period, energy: Sequence[Table]) -> Iterator[tuple[str, str | None]]:
    """The name of each bucket, and the page that shows it in detail, where something is known."""
    borders = energy[0].borders
    columns = [column for table in energy for column in table.columns]
    for place, (begin, end) in enumerate(zip(borders, borders[1:], strict=False)):
        is_known = any(column.values[place] is not None for column in columns)
        # An hour has its link over the picture: a page of many is heavy enough.
        link = below(period, begin, end) if is_known and period.bucket != "hour" else None
        yield labels.bucket_title(begin, end, period.bucket, site().zone), link


def _before(reader: Reader, period: Period) -> Period | None:
    """The period before, unless all readings came later."""
    before = period.beside(-1)
    first = min((row["first"] for row in (*reader.series(), *reader.devices())), default=0)
    return before if before and before.end_at > first else None


def frame(reader: Reader) -> dict[str, object]:
    """What every page's filters need."""
    zone = site().zone
    return {
        "names": names(reader),
        "zone": zone,
        "local": lambda at: periods.local(at, zone),
        "MOST_LISTED": MOST_LISTED,
        "words": labels,
    }


def overview(reader: Reader, newest: NamedRow, now: int) -> dict[str, object]:
    """What the overview shows at a time, beside how old the newest reading is."""
    zone, known = site().zone, names(reader)
    day, month = (periods.today(kind, now, zone) for kind in ("day", "month"))
    year = periods.last(365, now, zone)
    told: Told = partial(catalogue.of_period, reader, day)
    return {
        "newest": newest,
        "now_at": now,
        "only_one": is_only_one(reader),
        "next_at": next_at(now),
        "today": Picture(reader, told, day, "power", known),
        "totals": {each.kind: summary(reader, each, known) for each in (day, month, year)},
        "month": month,
        "year": year,
        "standby": standby(reader, now),
        "quarter_w": _of(newest, "running_quarter_w"),
        "peaks": peaks(reader, month.begin_at, month.end_at),
        "incident": _incident(reader),
        **frame(reader),
    }


def _of(row: NamedRow, column: str) -> int | None:
    """A column that few meters have."""
    return row[column] if column in row.keys() else None  # noqa: SIM118


def _incident(reader: Reader) -> dict[str, Any] | None:
    """The newest of what happened: a gap, a power failure, another meter, something set aside."""
    found: list[tuple[int, dict[str, Any]]] = [
        (event["at"], {"event": event}) for event in reader.newest_events(GAP, ASIDE)
    ]
    found += [
        (row["ended_at"], {"failure": row})
        for row in reader.power_failures()[:1]
        if row["ended_at"] is not None
    ]
    found += [(each.new["first"], {"change": each}) for each in _changes(reader)[:1]]
    at, told = max(found, key=lambda each: each[0], default=(0, None))
    if told is None:
        return None
    return {"at": at, "day": periods.today("day", at, site().zone).name} | told


def of_period(reader: Reader, period: Period, now: int) -> dict[str, object]:
    """What the page of a period shows at a time."""
    there, known = media(reader), names(reader)
    told: Told = cache(partial(catalogue.of_period, reader, period))  # several parts show the same
    energy = [told(name) for name in ("electricity", *there)]
    spans = meter_readings.spans(reader, period.begin_at, period.end_at)
    return {
        "period": period,
        "title": labels.period_title(period),
        "week": periods.of("week", period.begin_at, period.zone) if period.kind == "day" else None,
        "before": _before(reader, period),
        "after": period.beside(1) if period.end_at <= now else None,
        "pictures": [
            Picture(reader, told, period, name, known)
            for name in figures.names_of(period, there, newest(reader))
        ],
        "totals": summary(reader, period, known),
        "is_running": period.end_at > now,
        "records": records(told, period, known),
        "standby": standby(reader, min(period.end_at - 1, now)),
        "peaks": peaks(reader, period.begin_at, period.end_at),
        "columns": [column for each in energy for column in each.columns],
        "rows": list(_rows(period, energy)),
        "partial": {place for each in energy for place in each.partial},
        "unsure": {place for each in energy for place in each.in_gaps()},
        "gaps": _joined(gap for each in energy for gap in each.gaps if each.is_exact(gap)),
        "changes": [
            shown_change(reader, each) for table in energy for each in table.changes[:MOST_LISTED]
        ],
        "asides": [
            event
            for event in reader.events(period.begin_at, period.end_at)
            if event["kind"] == ASIDE
        ],
        "borders": list(_borders(spans[:MOST_LISTED])),
        "agrees": bool(spans) and all(meter_readings.agrees(each, spans) for each in energy),
        **frame(reader),
    }


def _joined(gaps: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Gaps of several meters as stretches of time, those that touch as one."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(gaps):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


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
        "value": labels.number(mark.counter(place), consumption.THOUSAND, 3),
        "how": labels.how(mark, place, site().zone),
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
        life = meter_readings.life_of(row)
        told[side] = {"at": at, "equipment": row["equipment"]}
        for each in readings([(life, life.mark(reader, at))]):
            by_column.setdefault(each["column"], {})[side] = each["value"]
    return told | {"rows": [{"column": name, **said} for name, said in by_column.items()]}


def _changes(reader: Reader) -> list[Change]:
    """The changes of meters and devices, newest first."""
    groups = [
        reader.series(),
        *(consumption.devices_of(reader, name) for name in consumption.MEDIA),
    ]
    found = [each for lives in groups for each in consumption.changes(lives)]
    return sorted(found, key=lambda change: change.times, reverse=True)


def all_changes(reader: Reader) -> list[Change]:
    """The newest changes."""
    return _changes(reader)[:MOST_LISTED]
