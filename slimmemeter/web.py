"""The pages: routes that join history and charts. Nothing here writes, reckons or draws.

matplotlib is imported with the first picture, so that a page without one costs nothing of it.
"""

from __future__ import annotations

import os
import pwd
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale, gettext
from werkzeug.exceptions import HTTPException

from slimmemeter import __version__, clock, history, obis, outcome, periods, tabular, words
from slimmemeter.errors import StoreError
from slimmemeter.periods import Period
from slimmemeter.settings import LANGUAGES, Settings
from slimmemeter.store import HotJournalError, NamedRow, Reader, change_counter

# What an address may ask for; the first is what holds where it doesn't.
CHOICES = {
    "theme": ("light", "dark"),
    "shape": ("wide", "narrow"),
    "scale": ("1", "2"),
    "lang": LANGUAGES,
}
STALE_S = 900
PULL_EVERY_S = 300
PICTURES_BYTES = 4_000_000
TABLES = {
    "day": ("power", "electricity"),
    "month": ("electricity", "power"),
    "year": ("electricity",),
    "years": ("electricity",),
}
# What these say depends on the time, not only on the readings.
CHANGES_BY_THE_MINUTE = ("/", "/now.json", "/meter")
pages = Blueprint("pages", __name__)


class NoReadingError(Exception):
    """There is no database, or nothing in it yet."""


class Site:
    """What the routes share: the settings, and the pictures that were drawn."""

    def __init__(self, settings: Settings) -> None:
        self.database = settings.database
        self.language = settings.language
        self.zone = settings.zone_info()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._drawing = threading.Lock()

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A reader for one request; the file may have been replaced since the last one.

        :raises NoReadingError: there is no database yet.
        """
        if not os.path.exists(self.database):
            raise NoReadingError
        reader = Reader(self.database)
        try:
            yield reader
        finally:
            reader.close()

    def picture(self, key: str, draw: Callable[[], bytes]) -> bytes:
        """The picture of that key, drawn once while the readings stay as they are."""
        with self._drawing:  # matplotlib draws for one thread at a time
            if key not in self._pictures:
                self._pictures[key] = draw()
                self._bytes += len(self._pictures[key])
                while self._bytes > PICTURES_BYTES:
                    self._bytes -= len(self._pictures.popitem(last=False)[1])
            return self._pictures[key]


def create_app(settings: Settings) -> Flask:
    """The web app over the settings' database, which it never writes."""
    app = Flask(__name__)
    app.extensions["slimmemeter"] = Site(settings)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=_language)
    app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _told)
    app.register_error_handler(NoReadingError, _no_reading)
    app.register_error_handler(StoreError, _no_store)
    return app


def site() -> Site:
    """The site of the current request."""
    found: Site = current_app.extensions["slimmemeter"]
    return found


def _language() -> str:
    asked = request.args.get("lang") or site().language
    return (
        asked
        if asked in LANGUAGES
        else request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
    )


@pages.before_app_request
def _unchanged() -> ResponseReturnValue | None:
    """Refuse what isn't a question; answer 304 where the reader has the newest answer."""
    if request.method not in ("GET", "HEAD"):
        abort(405)
    for name, allowed in CHOICES.items():
        if request.args.get(name, allowed[0]) not in allowed:
            abort(
                400,
                gettext("%(name)s must be one of %(those)s", name=name, those=", ".join(allowed)),
            )
    if request.blueprint and request.path != "/healthz" and os.path.exists(site().database):
        minute = clock.now() // 60 if request.path in CHANGES_BY_THE_MINUTE else ""
        g.etag = f"{__version__}-{change_counter(site().database)}-{get_locale()}-{minute}"
        if request.if_none_match.contains(g.etag):
            return _headers(Response(status=304))
    return None


@pages.after_app_request
def _headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Cookie"
    if "etag" in g and response.status_code in (200, 304):
        response.set_etag(g.etag)
    return response


@pages.get("/")
def overview() -> str:
    """Is it working, what flows now, what was it today and this month."""
    with site().reader() as reader:
        newest = _newest(reader)
        today, month = (periods.today(kind, clock.now(), site().zone) for kind in ("day", "month"))
        age_s = max(0, clock.now() - _received_at(newest))
        return render_template(
            "overview.html",
            newest=newest,
            age=words.age(age_s),
            stale=age_s > STALE_S,
            outcome=outcome.last(site().database),
            first_picture_at=_first_picture_at(reader),
            today=_shown(reader, today, ("power", *_media(reader))),
            today_totals=_totals(reader, today),
            month=_shown(reader, month, ("electricity",)),
            month_totals=_totals(reader, month),
            **_common(reader),
        )


@pages.get("/<any(day, month, year):kind>/<text>")
def period_page(kind: str, text: str) -> str:
    """A day, a month or a year."""
    with site().reader() as reader:
        return _period_page(reader, _period(kind, text))


@pages.get("/years")
def years_page() -> str:
    """All years."""
    with site().reader() as reader:
        return _period_page(reader, _years(reader))


@pages.get("/<any(day, month, year):kind>/<text>/<name>.<any(png, csv, json):form>")
def period_table(kind: str, text: str, name: str, form: str) -> Response:
    """One table of a period, as a picture or as numbers."""
    with site().reader() as reader:
        return _table_as(reader, _period(kind, text), name, form)


@pages.get("/years/<name>.<any(png, csv, json):form>")
def years_table(name: str, form: str) -> Response:
    """One table of all years."""
    with site().reader() as reader:
        return _table_as(reader, _years(reader), name, form)


@pages.get("/meter")
def meter_page() -> str:
    """The meter, its registers now, and what happened to it."""
    with site().reader() as reader:
        newest = _newest(reader)
        return render_template(
            "meter.html",
            newest=newest,
            series=reader.series(),
            devices=reader.newest_mbus(),
            failures=reader.power_failures(),
            counters=reader.counters(),
            events=reader.events(0, clock.now() + 1),
            media={row["id"]: obis.MBUS_TYPES.get(row["type"]) for row in reader.devices()},
            registers=_registers(newest),
            **_common(reader),
        )


@pages.get("/meter.json")
def meter_json() -> Response:
    """The meter page's registers for programs; ids are masked."""
    with site().reader() as reader:
        newest = _newest(reader)
        return jsonify(
            meters=[words.masked(row["equipment"]) for row in reader.series()],
            at=tabular.iso(newest["taken_at"], site().zone),
            registers={f"{name}_kwh": value / 1000 for name, value in _registers(newest).items()},
            mbus=[
                {
                    "type": obis.MBUS_TYPES.get(row["type"], row["type"]),
                    "channel": row["channel"],
                    "at": tabular.iso(row["taken_at"], site().zone),
                    "counter": row["counter"],
                    "unit": row["unit"],
                }
                for row in reader.newest_mbus()
            ],
        )


@pages.get("/now.json")
def now_json() -> Response:
    """Registers, power and their age: one flat object."""
    with site().reader() as reader:
        newest = _newest(reader)
        flat: dict[str, object] = {
            "at": tabular.iso(newest["taken_at"], site().zone),
            "age_s": clock.now() - newest["taken_at"],
            "power_import_w": newest["power_import_w"],
            "power_export_w": newest["power_export_w"],
            "tariff": newest["tariff"],
        }
        flat |= {f"{name}_kwh": value / 1000 for name, value in _registers(newest).items()}
        told: set[str] = set()
        for row in reader.newest_mbus():  # of two of a kind the newest stamp is "now"
            for name, (types, unit, column) in history.MEDIA.items():
                if row["type"] in types and row["unit"] == unit and name not in told:
                    told.add(name)
                    flat[column] = row["counter"] / 1000
                    flat[f"{name}_at"] = tabular.iso(row["taken_at"], site().zone)
        return jsonify(flat)


@pages.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Whether the program works; with ?readings, whether readings arrive."""
    state, age_s = _state()
    last = outcome.last(site().database)
    told = {
        "status": "ok",
        "version": __version__,
        "readings": state,
        "age_s": age_s,
        "last_pull": last and {"at": tabular.iso(last.at, site().zone), "exit_code": last.code,
                               "said": last.sentence},
    }  # fmt: skip
    return jsonify(told), 503 if "readings" in request.args and state != "ok" else 200


def _state() -> tuple[str, int | None]:
    """The state of the readings in words, and the age of the newest in seconds."""
    try:
        with site().reader() as reader:
            age_s = clock.now() - _received_at(_newest(reader))
    except NoReadingError:
        return "none yet", None
    except StoreError as error:
        return str(error), None
    return ("ok" if age_s <= STALE_S else "old"), age_s


def _newest(reader: Reader) -> NamedRow:
    newest = reader.newest()
    if newest is None:
        raise NoReadingError
    return newest


def _received_at(newest: NamedRow) -> int:
    return int(newest["taken_at"] + (newest["delay_s"] or 0))


def _registers(newest: NamedRow) -> dict[str, int]:
    """The registers of a reading by name, in Wh."""
    return {
        name.removesuffix("_wh"): newest[name]
        for name in newest.keys()  # noqa: SIM118 - a Row iterates over its values
        if name.endswith("_wh") and newest[name] is not None
    }


def _first_picture_at(reader: Reader) -> str | None:
    """When the second reading is due, while there is only one."""
    series = reader.series()
    if len(series) > 1 or series[0]["first"] != series[0]["last"]:
        return None
    return words.clock((series[0]["last"] // PULL_EVERY_S + 1) * PULL_EVERY_S, site().zone)


def _period(kind: str, text: str) -> Period:
    period = periods.parse(kind, text, site().zone)
    if period is None:
        abort(404, gettext("%(text)s isn't in the calendar.", text=text))
    return period


def _years(reader: Reader) -> Period:
    series = reader.series()
    if not series:
        raise NoReadingError
    return periods.years(series[0]["first"], max(row["last"] for row in series), site().zone)


def _media(reader: Reader) -> list[str]:
    """The media that are metered here, each with a picture of its own."""
    there = {(device["type"], device["unit"]) for device in reader.devices()}
    return [
        name
        for name, (types, unit, _) in history.MEDIA.items()
        if any((kind, unit) in there for kind in types)
    ]


def _borders(period: Period, name: str) -> tuple[str, list[int]]:
    bucket = (periods.POWER_BUCKETS if name == "power" else periods.BUCKETS)[period.kind]
    return bucket, period.borders(bucket)


def _table(reader: Reader, period: Period, name: str) -> history.Table:
    if name not in ("electricity", "power", *history.MEDIA):
        abort(404, gettext("There is no table %(name)s", name=name))
    return history.table(reader, name, _borders(period, name)[1])


def _table_as(reader: Reader, period: Period, name: str, form: str) -> Response:
    table = _table(reader, period, name)
    if form == "json":
        return jsonify(tabular.as_json(table, period.name, site().zone))
    if form == "csv":
        return Response(tabular.as_csv(table, site().zone), mimetype="text/csv")
    theme, shape, scale = (
        request.args.get(name, CHOICES[name][0]) for name in ("theme", "shape", "scale")
    )
    key = f"{g.get('etag')} {period.name} {name} {theme} {shape} {scale}"

    def draw() -> bytes:
        from slimmemeter import charts

        texts = charts.Words(**_picture_words(reader, period, table))
        return charts.png(table, texts, theme, shape, int(scale))

    return Response(site().picture(key, draw), mimetype="image/png")


def _picture_words(reader: Reader, period: Period, table: history.Table) -> dict[str, Any]:
    """The texts of a picture, in the language of the request."""
    version = _version(reader)
    return {
        "title": words.period_title(period),
        "totals": _totals_said(reader, period, table),
        "columns": {c.name: words.column_name(c.name, version) for c in table.columns},
        "ticks": words.ticks(period, site().zone),
        "nothing": gettext("nothing is known of this time"),
        "point": words.number(5, 10, 1)[1],
    }


def _totals_said(reader: Reader, period: Period, table: history.Table) -> str:
    if table.name == "power":  # its picture tells the energy, as a mean of a day says little
        table = history.electricity(reader, [period.begin_at, period.end_at])
    return words.totals(table)


def _version(reader: Reader) -> str | None:
    series = reader.series()
    return series[-1]["version"] if series else None


def _shown(reader: Reader, period: Period, names: tuple[str, ...]) -> list[dict[str, str]]:
    """The pictures of a page: where each is, and what it shows in words."""
    title = words.period_title(period)
    return [
        {
            "url": f"/{period.name}/{name}",
            "name": name,
            "alt": f"{title} · {_totals_said(reader, period, _table(reader, period, name))}",
            "href": f"/{period.name}",
        }
        for name in names
    ]


def _totals(reader: Reader, period: Period) -> list[dict[str, str]]:
    """The period's totals by direction and medium, each with its unit."""
    ends = [period.begin_at, period.end_at]
    shown = []
    for name in ("electricity", *_media(reader)):
        table = history.table(reader, name, ends)
        stems = dict.fromkeys(c.name.rpartition("_")[0].partition("_t")[0] for c in table.columns)
        for stem in stems:
            columns = [c for c in table.columns if c.name.startswith(stem)]
            total = sum(c.total or 0 for c in columns)
            shown.append(
                {
                    "name": words.stem_name(stem),
                    "stem": stem,
                    "amount": words.number(total, columns[0].scale, 1),
                    "unit": words.unit(columns[0].name),
                }
            )
    return shown


def _period_page(reader: Reader, period: Period) -> str:
    media = _media(reader)
    names = (*TABLES[period.kind], *media)
    electricity = _table(reader, period, "electricity")
    columns = electricity.columns + [
        c for name in media for c in _table(reader, period, name).columns
    ]
    return render_template(
        "period.html",
        period=period,
        title=words.period_title(period),
        before=period.beside(-1),
        after=period.beside(1) if period.end_at <= clock.now() else None,
        pictures=_shown(reader, period, names),
        totals=_totals(reader, period),
        columns=columns,
        rows=list(_rows(period, electricity)),
        partial=set(electricity.partial),
        gaps=electricity.gaps,
        **_common(reader),
    )


def _rows(period: Period, table: history.Table) -> Iterator[tuple[str, str | None]]:
    """The name of each bucket, and the page that shows it in detail."""
    bucket = periods.BUCKETS[period.kind]
    for begin, end in zip(table.borders, table.borders[1:], strict=False):
        name = words.bucket_title(begin, end, bucket, site().zone)
        below = periods.today(bucket, begin, site().zone).name if bucket != "hour" else None
        yield name, below and f"/{below}"


def _common(reader: Reader) -> dict[str, object]:
    """What every page's frame and filters need."""
    now, zone = clock.now(), site().zone
    version = _version(reader)
    return {
        "now": {kind: periods.today(kind, now, zone).name for kind in ("day", "month", "year")},
        "column_name": lambda column: words.column_name(column, version),
        "tariff": obis.tariff_names(version),
        "mbus_types": obis.MBUS_TYPES,
        "zone": zone,
        "words": words,
        "language": str(get_locale()),
    }


def _message(title: str, text: str, status: int) -> ResponseReturnValue:
    """A small page of ours, or a small JSON where JSON was asked for."""
    if request.path.endswith(".json"):
        return jsonify(error=text), status
    page = render_template("message.html", title=title, text=text, language=str(get_locale()))
    return page, status


def _told(error: HTTPException) -> ResponseReturnValue:
    texts = {
        404: gettext("There is no such page here."),
        405: gettext("These pages can only be looked at."),
        500: gettext("This page failed. It is a bug; the system's log has the details."),
    }
    code = error.code or 500
    said = error.description if code in (400, 404) and error.description else None
    standard = type(error).description
    text = said if said and said != standard else texts.get(code, standard or "")
    return _message(f"{code}", text, code)


def _no_reading(_: NoReadingError) -> ResponseReturnValue:
    status = 200 if request.path == "/" else 503
    if request.path.endswith(".json"):
        return jsonify(error=gettext("There is no reading yet.")), status
    last = outcome.last(site().database)
    page = render_template(
        "first.html", language=str(get_locale()), outcome=last, database=site().database,
        as_owner=_as_owner(os.path.dirname(site().database)),
        words=words, zone=site().zone,
    )  # fmt: skip
    return page, status


def _as_owner(folder: str) -> str:
    """What a person puts before a command whose user must be the folder's owner; nothing if the
    pages are served by that user."""
    try:
        owner = os.stat(folder).st_uid
        return "" if owner == os.geteuid() else f"sudo -u {pwd.getpwuid(owner).pw_name} "
    except (OSError, KeyError):
        return ""


def _no_store(error: StoreError) -> ResponseReturnValue:
    if isinstance(error, HotJournalError):
        text = gettext("The last pull was interrupted; the next one repairs it.")
    else:
        text = str(error)
    return _message(gettext("The readings can't be shown"), text, 503)
