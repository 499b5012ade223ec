"""Answers for programs: tables as CSV, JSON and PNG, the meter, the newest reading, the health."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, g, jsonify, request
from flask.typing import ResponseReturnValue

from slimmemeter import __version__, clock, status
from slimmemeter.charts.spec import (
    Spec,
    make_comparison,
    make_cost_spec,
    make_price_spec,
    make_spec,
)
from slimmemeter.errors import StoreError, UsageError
from slimmemeter.history import catalogue, periods, serialize
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.meter_readings import MeterReading
from slimmemeter.history.now import counter, now_json
from slimmemeter.history.periods import Period
from slimmemeter.history.serialize import iso
from slimmemeter.history.silence import SilentDevice, silent_devices
from slimmemeter.history.table import Table
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext
from slimmemeter.money.billing import cost_tables
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.output import as_json, records
from slimmemeter.p1 import obis
from slimmemeter.p1.anonymize import masked
from slimmemeter.status import Status
from slimmemeter.store.records import Device, Meter
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web import meter_page, money, prices_page, query, what_if
from slimmemeter.web.freshness import FRESH, freshness
from slimmemeter.web.state import NoReadingError, newest_of, site
from slimmemeter.web.views import COMPARISON, PERIODS

api = Blueprint("api", __name__)


def table(name: str, form: str, kind: str, text: str = "", end: str = "") -> Response:
    """One table of a period, as a picture or as numbers."""
    if form == "png" and (kept := site().kept_picture(_picture_key())):
        return Response(kept, mimetype="image/png")
    with site().house() as house:
        period = query.period(house, kind, text, end)
        if name == prices_page.PRICES and kind == "day":
            return _prices(house, period, form)
        if name == cost_tables.COSTS:
            return _costs(money.needed(house)[1], period, form, house)
        if not catalogue.has_table(name, period):
            abort(404, gettext("There is no table %(name)s", name=name))
        try:
            return _answer(Catalogue(house, period), name, form)
        except UsageError:
            buckets, most = ", ".join(periods.LENGTHS_S), catalogue.MOST_BUCKETS
            abort(
                400,
                gettext(
                    "by must be one of %(buckets)s, and make no more than %(most)s rows.",
                    buckets=buckets,
                    most=most,
                ),
            )


for rule in PERIODS:
    api.add_url_rule(f"{rule}/<name>.<any(png, csv, json):form>", view_func=table)


@api.get("/contract/<day>/costs.<any(png, csv, json):form>")
def contract_costs(day: str, form: str) -> Response:
    """What the contract year with a day costs."""
    with site().house() as house:
        return _costs(*money.contract_year(house, day), form, house)


def _prices(house: Snapshot, day: Period, form: str) -> Response:
    """What a kWh costs over a day, of a dynamic contract."""
    _, books = money.needed(house)
    if not prices_page.is_dynamic(money.money(house), day.begin_at):
        abort(404, gettext("No dynamic contract has this day."))
    table = prices_page.table(house, books, day)
    if form == "png":
        return _picture(lambda: make_price_spec(day, table, Labels.of(house)))
    if form == "csv":
        return _csv(table)
    return jsonify(serialize.table_json(table, day.name, site().zone))


def _costs(books: Books, period: Period, form: str, house: Snapshot) -> Response:
    table = cost_tables.of(books, period.borders(period.bucket))
    if form == "png":
        return _picture(lambda: make_cost_spec(period, table, Labels.of(house)))
    if form == "csv":
        return _csv(table)
    return jsonify(records.costs(books, period, table))


@api.get("/2027.json")
def end_of_netting() -> Response:
    """What the end of netting costs this house, and the cheapest offer."""
    with site().house() as house:
        asked = what_if.question(house)
        found, registers = what_if.end_of_netting(asked), what_if.registers_wh(house, asked)
        compared = what_if.offers(asked)
        return jsonify(records.end_of_netting(found, compared, registers, site().zone))


@api.get("/offers.json")
def offers() -> Response:
    """What the offers would have cost, the cheapest first."""
    with site().house() as house:
        compared = what_if.offers(what_if.question(house))
        return jsonify(offers=[records.offer(each) for each in compared])


@api.get("/battery.json")
def battery() -> Response:
    """What `slimmemeter battery` found last; 404 before."""
    with site().house() as house:
        what_if.question(house)
        stored = what_if.stored_battery()
        if stored is None:
            abort(404, gettext("No battery has been calculated yet."))
        return jsonify(stored)


@api.get(f"{COMPARISON}/<name>.png")
def comparison(kind: str, text: str, other_kind: str, other: str, name: str) -> Response:
    """The picture of a table of energy of two periods."""
    if kept := site().kept_picture(_picture_key()):
        return Response(kept, mimetype="image/png")
    with site().house() as house:
        one, another = query.periods_of_a_kind(house, kind, text, other_kind, other)
        if name not in catalogue.ENERGY:
            abort(404, gettext("There is no table %(name)s", name=name))
        tables, others = Catalogue(house, one), Catalogue(house, another)
        return _picture(lambda: make_comparison(tables, others, name, Labels.of(house)))


def _answer(tables: Catalogue, name: str, form: str) -> Response:
    """:raises UsageError: there are no such buckets, or too many."""
    by = request.args.get("by")
    if form == "png":
        has_tariffs = query.parameter("tariffs") == "yes"
        return _picture(lambda: make_spec(tables, name, Labels.of(tables.house), by, has_tariffs))
    found = cost_tables.with_cost(money.books_of(tables.house), tables.table(name, by))
    if form == "json":
        return jsonify(serialize.table_json(found, tables.period.name, site().zone))
    return _csv(found)


def _csv(table: Table) -> Response:
    decimal_comma = query.parameter("decimal") == "comma"
    return Response(serialize.table_csv(table, site().zone, decimal_comma), mimetype="text/csv")


def _picture(spec: Callable[[], Spec]) -> Response:
    theme, shape, scale = (query.parameter(each) for each in ("theme", "shape", "scale"))

    def draw() -> bytes:
        from slimmemeter.charts import draw  # matplotlib, with the first picture

        return draw.png(spec(), theme, shape, int(scale), query.parameter("title") == "yes")

    return Response(site().picture(_picture_key(), draw), mimetype="image/png")


def _picture_key() -> str:
    """It changes with the readings, the language and the address."""
    return f"{g.etag} {request.full_path}"


@api.get("/meter.json")
def meter() -> Response:
    """The registers of the meter page, now or at any moment; ids are masked."""
    zone = site().zone
    with site().house() as house:
        newest, at = newest_of(house), query.moment_at()
        readings = meter_page.readings(house, at)
        changes = meter_page.newest_changes(house)
        known = [serialize.meter_reading_json(reading, zone) for reading in readings]
        return jsonify(
            meters=[
                masked(each.about.equipment_id)
                for each in house.meters
                if isinstance(each.about, Meter)
            ],
            at=iso(newest.taken_at if at is None else at, zone),
            registers={
                reading.column.name: counter(reading)
                for reading in readings
                if isinstance(reading.series.owner, Meter)
            },
            mbus=[
                _device(reading, reading.series.owner)
                for reading in readings
                if isinstance(reading.series.owner, Device)
            ],
            known=known,
            changes=[serialize.change_json(change, zone) for change in changes],
        )


def _device(reading: MeterReading, device: Device) -> dict[str, object]:
    return {
        "type": obis.MBUS_TYPES.get(device.type or 0, device.type),
        "channel": device.channel,
        "at": iso(reading.at, site().zone),
        "counter": reading.counter,
        "unit": device.unit,
    }


@api.get("/now.json")
def now() -> Response:
    """Registers, power and their age: one flat object."""
    with site().house() as house:
        newest = newest_of(house)
        flat = now_json(house, newest, site().zone)
        flat["age_s"] = freshness(newest, clock.now()).age_s
        if books := money.books_of(house):
            flat |= as_json.now_json(books, newest.taken_at, newest.tariff)
        return jsonify(flat)


@api.get("/healthz")
def health() -> ResponseReturnValue:
    """Whether the program works; with ?readings, whether readings arrive.

    With ?pictures all that draws them is loaded, as before the program's files are replaced.
    """
    if "pictures" in request.args:
        from slimmemeter.charts import draw  # noqa: F401
    state, age_s, silent = _readings()
    published = status.last_publish(site().database) if site().publishes else None
    answer = {
        "status": "ok",
        "version": __version__,
        "readings": state,
        "age_s": age_s,
        "silent": silent,
        "last_pull": _ended(status.last_pull(site().database)),
        "last_publish": _ended(published),
    }
    return jsonify(answer), 503 if "readings" in request.args and state != FRESH else 200


def _ended(last: Status | None) -> dict[str, object] | None:
    """How a program of cron's ended; None if it has never run."""
    return (
        last
        if last is None
        else {
            "at": iso(last.at, site().zone),
            "exit_code": last.exit_code,
            "said": last.sentence,
        }
    )


def _readings() -> tuple[str, int | None, list[dict[str, object]]]:
    """The state of the readings, the age of the newest in seconds, and the devices that lack."""
    try:
        with site().house() as house:
            now = clock.now()
            silent = [_silent(each) for each in silent_devices(house, now)]
            return *freshness(newest_of(house), now), silent
    except NoReadingError:
        return "none yet", None, []
    except StoreError as error:
        return str(error), None, []


def _silent(silent: SilentDevice) -> dict[str, object]:
    return {
        "medium": silent.medium,
        "channel": silent.device.channel,
        "since": iso(silent.since, site().zone),
    }
