"""The pages: routes that join history and charts. Nothing here writes, reckons or draws.

matplotlib is imported with the first picture, so that a page without one costs nothing of it.
"""

from __future__ import annotations

import os
import pwd
import zlib

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    g,
    jsonify,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale, gettext
from werkzeug.exceptions import HTTPException

from slimmemeter import (
    __version__,
    clock,
    history,
    obis,
    outcome,
    pages,
    periods,
    registers,
    tabular,
    words,
)
from slimmemeter.archive import Reader
from slimmemeter.database import HotJournalError, change_counter
from slimmemeter.errors import StoreError
from slimmemeter.periods import Period
from slimmemeter.registers import Life, Mark
from slimmemeter.settings import LANGUAGES, Settings
from slimmemeter.site import NoReadingError, Site, site

# What an address may ask for; the first is what holds where it doesn't.
CHOICES = {
    "theme": ("light", "dark"),
    "shape": ("wide", "narrow"),
    "scale": ("1", "2"),
    "lang": LANGUAGES,
}
STALE_S = 900
# What these say depends on the time, not only on the readings.
CHANGES_BY_THE_MINUTE = ("/", "/now.json", "/meter")
routes = Blueprint("routes", __name__)


def create_app(settings: Settings) -> Flask:
    """The web app over the settings' database, which it never writes."""
    app = Flask(__name__)
    app.extensions["slimmemeter"] = Site(settings)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=_language)
    app.register_blueprint(routes)
    app.register_error_handler(HTTPException, _told)
    app.register_error_handler(NoReadingError, _no_reading)
    app.register_error_handler(StoreError, _no_store)
    return app


def _language() -> str:
    asked = request.args.get("lang") or site().language
    return (
        asked
        if asked in LANGUAGES
        else request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
    )


@routes.before_app_request
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
        time = clock.now() // 60 if request.path in CHANGES_BY_THE_MINUTE else _today()
        g.etag = f"{__version__}-{change_counter(site().database)}-{get_locale()}-{time}"
        # Only who was given it for this very address can know it.
        g.etag += f"-{zlib.crc32(request.full_path.encode()):08x}"
        if request.if_none_match.contains(g.etag) and not request.if_none_match.star_tag:
            return _headers(Response(status=304))
    return None


def _today() -> str:
    return f"{periods.today('day', clock.now(), site().zone).name}-{site().zone}"


@routes.after_app_request
def _headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Cookie"
    if "etag" in g and response.status_code in (200, 304):
        response.set_etag(g.etag)
    return response


@routes.get("/")
def overview() -> str:
    """Is it working, what flows now, what was it today and this month."""
    with site().reader() as reader:
        newest = pages.newest(reader)
        today, month = (periods.today(kind, clock.now(), site().zone) for kind in ("day", "month"))
        age_s = max(0, clock.now() - pages.received_at(newest))
        return render_template(
            "overview.html",
            newest=newest,
            age=words.age(age_s),
            stale=age_s > STALE_S,
            outcome=outcome.last(site().database),
            backup=outcome.last_backup(site().database),
            now_at=clock.now(),
            only_one=pages.is_only_one(reader),
            next_at=pages.next_at(newest),
            today=pages.shown(reader, today, ("power", *pages.media(reader))),
            today_totals=pages.totals(reader, today),
            month=pages.shown(reader, month, ("electricity",)),
            month_totals=pages.totals(reader, month),
            **pages.frame(reader),
        )


@routes.get("/<any(day, week, month, year):kind>/<text>")
def period_page(kind: str, text: str) -> str:
    """A day, a week, a month or a year."""
    with site().reader() as reader:
        return render_template("period.html", **pages.of_period(reader, _period(kind, text)))


@routes.get("/years")
def years_page() -> str:
    """All years."""
    with site().reader() as reader:
        return render_template("period.html", **pages.of_period(reader, pages.years(reader)))


@routes.get("/<any(day, week, month, year):kind>/<text>/<name>.<any(png, csv, json):form>")
def period_table(kind: str, text: str, name: str, form: str) -> Response:
    """One table of a period, as a picture or as numbers."""
    with site().reader() as reader:
        return _table_as(reader, _period(kind, text), name, form)


@routes.get("/years/<name>.<any(png, csv, json):form>")
def years_table(name: str, form: str) -> Response:
    """One table of all years."""
    with site().reader() as reader:
        return _table_as(reader, pages.years(reader), name, form)


@routes.get("/meter")
def meter_page() -> str:
    """The meter, its registers now or at any moment, and what happened to it."""
    with site().reader() as reader:
        newest = pages.newest(reader)
        asked = _asked_moment()
        return render_template(
            "meter.html",
            newest=newest,
            asked=asked,
            asked_as=tabular.field(newest["taken_at"] if asked is None else asked, site().zone),
            readings=pages.readings(_marks(reader, asked)),
            series=reader.series()[-pages.MOST_LISTED :],
            changes=[pages.shown_change(reader, each) for each in pages.all_changes(reader)],
            failures=reader.power_failures(),
            peaks=reader.month_peaks(),
            counters=reader.counters(),
            events=reader.events(0, clock.now() + 1),
            media={
                row["id"]: obis.MBUS_TYPES.get(row["type"]) for row in reader.devices(aside=True)
            },
            **pages.frame(reader),
        )


@routes.get("/meter.json")
def meter_json() -> Response:
    """The meter page's registers for programs, now or at any moment; ids are masked."""
    with site().reader() as reader:
        newest, asked = pages.newest(reader), _asked_moment()
        at = newest["taken_at"] if asked is None else asked
        marks = _marks(reader, asked)
        told = [tabular.mark(*each, site().zone) for each in marks]
        return jsonify(
            meters=[words.masked(row["equipment"]) for row in reader.series()],
            at=tabular.iso(at, site().zone),
            registers={
                name: value
                for (life, _), each in zip(marks, told, strict=True)
                if life.source == "readings"
                for name, value in each["registers"].items()
            },
            mbus=[
                {
                    "type": obis.MBUS_TYPES.get(life.row["type"], life.row["type"]),
                    "channel": life.row["channel"],
                    "at": tabular.iso(mark.at, site().zone),
                    "counter": mark.counter(0),
                    "unit": life.row["unit"],
                }
                for life, mark in marks
                if life.source != "readings"
            ],
            known=told,
            changes=[tabular.change(each, site().zone) for each in pages.all_changes(reader)],
        )


def _asked_moment() -> int | None:
    """The instant that `?at=` names, None without one."""
    text = request.args.get("at")
    if not text:
        return None
    asked = periods.moment(text, site().zone)
    if asked is None:
        abort(400, gettext("at must be a moment such as 2027-01-01T00:00"))
    return asked


def _marks(reader: Reader, asked: int | None) -> list[tuple[Life, Mark]]:
    return registers.newest(reader) if asked is None else registers.at(reader, asked)


@routes.get("/now.json")
def now_json() -> Response:
    """Registers, power and their age: one flat object."""
    with site().reader() as reader:
        newest = pages.newest(reader)
        flat: dict[str, object] = {
            "at": tabular.iso(newest["taken_at"], site().zone),
            "age_s": clock.now() - newest["taken_at"],
            "power_import_w": newest["power_import_w"],
            "power_export_w": newest["power_export_w"],
            "tariff": newest["tariff"],
        }
        flat |= {f"{name}_kwh": value / 1000 for name, value in pages.registers_now(newest).items()}
        told: set[str] = set()
        for row in reader.newest_mbus():  # of two of a kind the newest stamp is "now"
            for name, (types, columns) in history.MEDIA.items():
                column = columns.get(row["unit"])
                if row["type"] in types and column and name not in told:
                    told.add(name)
                    flat[column] = row["counter"] / 1000
                    flat[f"{name}_at"] = tabular.iso(row["taken_at"], site().zone)
        return jsonify(flat)


@routes.get("/healthz")
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
            age_s = clock.now() - pages.received_at(pages.newest(reader))
    except NoReadingError:
        return "none yet", None
    except StoreError as error:
        return str(error), None
    return ("ok" if age_s <= STALE_S else "old"), age_s


def _period(kind: str, text: str) -> Period:
    period = periods.parse(kind, text, site().zone)
    if period is None:
        abort(404, gettext("%(text)s isn't in the calendar.", text=text))
    return period


def _table_as(reader: Reader, period: Period, name: str, form: str) -> Response:
    if name not in history.TABLES:
        abort(404, gettext("There is no table %(name)s", name=name))
    table = history.of_period(reader, period, name)
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

        texts = charts.Words(**pages.picture_words(reader, period, table))
        return charts.png(table, texts, theme, shape, int(scale))

    return Response(site().picture(key, draw), mimetype="image/png")


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
