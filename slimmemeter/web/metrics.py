"""`/metrics`: what there is now, for Prometheus (its text format, version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from flask import Blueprint, Response

from slimmemeter import clock, status
from slimmemeter.history import consumption, meter_readings
from slimmemeter.history.phases import net_power_by_phase
from slimmemeter.history.serialize import decimal
from slimmemeter.money.billing import next_kwh
from slimmemeter.money.billing.calculation import Books
from slimmemeter.store.records import Meter, StoredReading
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web import money, query
from slimmemeter.web.freshness import freshness
from slimmemeter.web.state import newest_of, site

metrics = Blueprint("metrics", __name__)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, object]


@metrics.get("/metrics")
def show() -> Response:
    """Counters, power, prices, and whether all is well."""
    with site().house() as house:
        query.now(house)
        text = "".join(map(_exposed, _all(house)))
    return Response(text, content_type=CONTENT_TYPE)


class Metric(NamedTuple):
    """A metric, and its samples: labels and a number."""

    name: str
    kind: str  # counter or gauge
    what: str
    samples: list[tuple[Labels, str]]


def _gauge(name: str, what: str, value: str) -> Metric:
    return Metric(name, "gauge", what, [({}, value)])


def _exposed(metric: Metric) -> str:
    """A metric with its description and samples; empty without any."""
    name = f"slimmemeter_{metric.name}"
    lines = [f"# HELP {name} {metric.what}", f"# TYPE {name} {metric.kind}"]
    for labels, value in metric.samples:
        named = ",".join(f'{label}="{text}"' for label, text in labels.items() if text is not None)
        lines.append(f"{name}{f'{{{named}}}' if named else ''} {value}")
    return "\n".join(lines) + "\n" if metric.samples else ""


def _all(house: Snapshot) -> Iterator[Metric]:
    newest, now = newest_of(house), clock.now()
    yield from _counters(house)
    yield from _power(newest)
    age_s = freshness(newest, now).age_s
    yield _gauge("reading_age_seconds", "Since the newest reading.", str(age_s))
    pull, backup = status.last_pull(site().database), status.last_backup(site().database)
    if pull:
        what = "How the last pull ended; 0 is well."
        yield _gauge("last_pull_exit_code", what, str(pull.exit_code))
    if backup:
        what = "Since the last verified backup."
        yield _gauge("backup_age_seconds", what, str(max(0, now - backup.at)))
    if books := money.books_of(house):
        yield from _money(books, newest.taken_at, newest.tariff)


def _counters(house: Snapshot) -> Iterator[Metric]:
    """The registers of the newest meter, and a figure of each medium that only rises."""
    registers = [
        each for each in meter_readings.newest(house) if isinstance(each.series.owner, Meter)
    ]
    for direction in ("import", "export"):
        samples: list[tuple[Labels, str]] = [
            ({"tariff": each.column.tariff}, decimal(each.counter, each.column.scale))
            for each in registers
            if each.column.quantity == direction and each.counter is not None
        ]
        way = "from" if direction == "import" else "to"
        what = f"Energy {way} the grid, in kWh."
        yield Metric(f"{direction}_kwh_total", "counter", what, samples)
    for medium in consumption.media(house):
        column = consumption.column_of(consumption.series_of(house, medium)[0])
        figure = meter_readings.steady(house, medium)
        if figure is not None:
            name = f"{medium}_{column.unit.lower()}_total"
            what = f"{medium.replace('_', ' ').capitalize()}, in {column.unit}."
            yield Metric(name, "counter", what, [({}, decimal(figure, column.scale))])


def _power(newest: StoredReading) -> Iterator[Metric]:
    for direction, way in (("import", "from"), ("export", "to")):
        watts = newest.values.get(f"power_{direction}_w")
        if watts is not None:
            what = f"Power {way} the grid at the newest reading."
            yield _gauge(f"power_{direction}_watts", what, str(watts))
    found = net_power_by_phase(newest.values)
    samples: list[tuple[Labels, str]] = [({"phase": n}, str(w)) for n, w in found.items()]
    yield Metric("phase_power_watts", "gauge", "Power of a phase; below zero to the grid.", samples)


def _money(books: Books, at: int, tariff: int | None) -> Iterator[Metric]:
    one = next_kwh.of(books, at, tariff)
    for name, what, value in (
        ("price_eur_per_kwh", "What the next kWh costs, with VAT and taxes.", one.price),
        ("feed_in_eur_per_kwh", "What the next exported kWh brings.", one.feed_in),
        ("cost_today_eur", "What today has cost so far.", next_kwh.cost_of_today(books)),
    ):
        if isinstance(value, Fraction):
            yield _gauge(name, what, f"{float(value):.6f}")
