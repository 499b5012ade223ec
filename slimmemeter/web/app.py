"""The pages: routes that join history and charts. Nothing here writes, reckons or draws.

matplotlib is imported with the first picture, so that a page without one costs nothing of it.
"""

from __future__ import annotations

import os
import pwd
import zlib
from datetime import datetime
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    g,
    jsonify,
    redirect,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from slimmemeter import __version__, clock, status
from slimmemeter.charts import spec
from slimmemeter.errors import StoreError, UsageError
from slimmemeter.history import catalogue, consumption, meter_readings, periods, serialize
from slimmemeter.history.meter_readings import Life, Mark
from slimmemeter.history.periods import Period
from slimmemeter.i18n import labels, language
from slimmemeter.i18n.language import LANGUAGES, gettext
from slimmemeter.p1 import obis
from slimmemeter.p1.anonymize import masked
from slimmemeter.settings import OWN_LANGUAGE, Settings
from slimmemeter.store.connection import HotJournalError, change_counter
from slimmemeter.store.reader import Reader
from slimmemeter.web import access, pages
from slimmemeter.web.replay import Replay
from slimmemeter.web.state import NoReadingError, Site, site

# What an address may ask for; the first is what holds where it doesn't.
CHOICES = {
    "theme": ("light", "dark"),
    "shape": ("wide", "narrow"),
    "scale": ("1", "2"),
    "decimal": ("point", "comma"),
    "refresh": ("yes", "no"),
    "lang": tuple(LANGUAGES),
}
LANGUAGE_KEPT_S = 2 * 366 * 86400
PERIODS = (
    f"/<any({', '.join(periods.CALENDAR)}, last):kind>/<text>",
    "/<any(between):kind>/<text>/<end>",
    "/<any(years):kind>",
)
# What these say depends on the time, not only on the readings.
CHANGES_BY_THE_MINUTE = ("/", "/now.json", "/meter")
routes = Blueprint("routes", __name__)


def create_app(settings: Settings) -> Flask:
    """The web app over the settings' database, which it never writes."""
    app = Flask(__name__)
    app.extensions["slimmemeter"] = Site(settings)
    app.before_request(lambda: language.use(_language()))
    access.guard(app, settings)
    language.translate(app.jinja_env)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_frame)
    app.add_template_filter(masked)
    app.wsgi_app = Replay(app.wsgi_app, lambda: _state_of(settings.database))  # type: ignore[assignment]
    app.register_blueprint(routes)
    app.register_error_handler(HTTPException, _told)
    app.register_error_handler(NoReadingError, _no_reading)
    app.register_error_handler(StoreError, _no_store)
    return app


def _state_of(database: str) -> str:
    """What is another text whenever an answer may be another; empty where nobody can tell."""
    try:
        return f"{change_counter(database)} {clock.now() // 60}"
    except StoreError:
        return ""


def _language() -> str:
    """What the address asks for, what was chosen before, what is set, what the browser likes."""
    for asked in (request.args.get("lang"), request.cookies.get("lang"), site().language):
        if asked in LANGUAGES:
            return asked
    return request.accept_languages.best_match(LANGUAGES, OWN_LANGUAGE)


def _frame() -> dict[str, object]:
    """What stands around every page: the language, the others, the periods of now."""
    now = g.get("time", clock.now())
    return {
        "language": language.current(),
        "languages": _other_languages(),
        "now": {kind: periods.today(kind, now, site().zone).name for kind in periods.CALENDAR},
    }


def _time(reader: Reader) -> int:
    """The time that this page goes by."""
    if "time" not in g:
        g.time = pages.time_of(reader)
    return int(g.time)


def _other_languages() -> list[tuple[str, str, str]]:
    """Each other language: its code, its own name, and the address of this page in it."""
    return [
        (code, name, "?" + urlencode({**request.args, "lang": code}))
        for code, name in LANGUAGES.items()
        if code != language.current()
    ]


@routes.before_app_request
def _at_once() -> ResponseReturnValue | None:
    """Refuse what isn't a question; answer 304 where the reader has the newest answer."""
    if request.method not in ("GET", "HEAD"):
        abort(405)
    if request.args:
        _check_choices()
    if not request.blueprint or request.path == "/healthz" or not os.path.exists(site().database):
        return None
    is_of_now = request.path in CHANGES_BY_THE_MINUTE or request.path.startswith("/between/")
    time = clock.now() // 60 if is_of_now else _today()
    g.etag = f"{__version__}-{change_counter(site().database)}-{language.current()}-{time}"
    # Only who was given it for this very address can know it.
    g.etag += f"-{zlib.crc32(request.full_path.encode()):08x}"
    if request.if_none_match.contains_weak(g.etag) and not request.if_none_match.star_tag:
        return Response(status=304)
    return None


def _check_choices() -> None:
    for name, allowed in CHOICES.items():
        if request.args.get(name, allowed[0]) not in allowed:
            abort(
                400,
                gettext("%(name)s must be one of %(those)s", name=name, those=", ".join(allowed)),
            )


def _picture_key() -> str:
    return f"{g.get('etag')} {request.full_path}"


def _today() -> str:
    """The day of the house, on which depends what is to come."""
    zone = site().zone
    return f"{datetime.fromtimestamp(clock.now(), zone).toordinal()}-{zone}"


@routes.after_app_request
def _headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Cookie"
    if "etag" in g and response.status_code in (200, 304):
        response.set_etag(g.etag)
    chosen = request.args.get("lang")
    if chosen in LANGUAGES and response.mimetype == "text/html":
        response.set_cookie("lang", chosen, LANGUAGE_KEPT_S, httponly=True, samesite="Lax")
    if request.path == "/" and request.args.get("refresh") != "no":
        response.headers["Refresh"] = str(pages.refresh_s(clock.now()))
    return response


@routes.get("/")
def overview() -> str:
    """Is it working, what flows now, what was it today, this month and in a year."""
    with site().reader() as reader:
        newest = pages.newest(reader)
        says = clock.now()
        state, age_s = pages.freshness(newest, says)
        return render_template(
            "overview.html",
            age=labels.age(max(0, age_s)),
            stale=state != pages.FRESH,
            clock_says=says if state == pages.WRONG_CLOCK else None,
            outcome=status.last(site().database),
            backup=status.last_backup(site().database),
            refreshes=request.args.get("refresh") != "no",
            **pages.overview(reader, newest, _time(reader)),
        )


def period_page(kind: str, text: str = "", end: str = "") -> str:
    """A day, a week, a month, a year, all years, the last days, or between two moments."""
    with site().reader() as reader:
        period = _period(reader, kind, text, end)
        ends = [serialize.field(at, site().zone) for at in (period.begin_at, period.end_at)]
        shown = pages.of_period(reader, period, _time(reader))
        return render_template("period.html", ends=ends, **shown)


def period_table(name: str, form: str, kind: str, text: str = "", end: str = "") -> Response:
    """One table of a period, as a picture or as numbers."""
    with site().reader() as reader:
        return _table_as(reader, _period(reader, kind, text, end), name, form)


for rule in PERIODS:
    routes.add_url_rule(rule, view_func=period_page)
    routes.add_url_rule(f"{rule}/<name>.<any(png, csv, json):form>", view_func=period_table)


@routes.get("/between")
def between_form() -> ResponseReturnValue:
    """What the form sends: the page between two moments."""
    asked = [_moment(request.args.get(name, ""), name) for name in ("from", "to")]
    period = periods.between(asked[0], asked[1], site().zone)
    if period is None:
        abort(400, gettext("The first moment must be before the second."))
    return redirect(f"/{period.name}", 303)


@routes.get("/meter")
def meter_page() -> str:
    """The meter, its registers now or at any moment, and what happened to it."""
    with site().reader() as reader:
        newest = pages.newest(reader)
        asked, now = _asked_moment(), _time(reader)
        return render_template(
            "meter.html",
            newest=newest,
            asked=asked,
            asked_as=serialize.field(newest["taken_at"] if asked is None else asked, site().zone),
            readings=pages.readings(_marks(reader, asked)),
            series=reader.series()[-pages.MOST_LISTED :],
            changes=[pages.shown_change(reader, each) for each in pages.all_changes(reader)],
            failures=reader.power_failures(),
            peaks=pages.peaks(reader, 0, now),
            counters=reader.counters(),
            events=reader.events(0, now + 1),
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
        told = [serialize.mark(*each, site().zone) for each in marks]
        return jsonify(
            meters=[masked(row["equipment"]) for row in reader.series()],
            at=serialize.iso(at, site().zone),
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
                    "at": serialize.iso(mark.at, site().zone),
                    "counter": mark.counter(0),
                    "unit": life.row["unit"],
                }
                for life, mark in marks
                if life.source != "readings"
            ],
            known=told,
            changes=[serialize.change(each, site().zone) for each in pages.all_changes(reader)],
        )


def _asked_moment() -> int | None:
    """The instant that `?at=` names, None without one."""
    text = request.args.get("at")
    return _moment(text, "at") if text else None


def _moment(text: str, name: str) -> int:
    asked = periods.moment(text, site().zone)
    if asked is None:
        abort(400, gettext("%(name)s must be a moment such as 2027-01-01T00:00", name=name))
    return asked


def _marks(reader: Reader, asked: int | None) -> list[tuple[Life, Mark]]:
    return meter_readings.newest(reader) if asked is None else meter_readings.at(reader, asked)


@routes.get("/now.json")
def now_json() -> Response:
    """Registers, power and their age: one flat object."""
    with site().reader() as reader:
        newest = pages.newest(reader)
        flat: dict[str, object] = {
            "at": serialize.iso(newest["taken_at"], site().zone),
            "age_s": pages.freshness(newest, clock.now())[1],
            "power_import_w": newest["power_import_w"],
            "power_export_w": newest["power_export_w"],
            "tariff": newest["tariff"],
        }
        flat |= {f"{name}_kwh": value / 1000 for name, value in pages.registers_now(newest).items()}
        told: set[str] = set()
        for row in reader.newest_mbus():  # of two of a kind the newest stamp is "now"
            for name, (types, columns) in consumption.MEDIA.items():
                column = columns.get(row["unit"])
                if row["type"] in types and column and name not in told:
                    told.add(name)
                    flat[column] = row["counter"] / 1000
                    flat[f"{name}_at"] = serialize.iso(row["taken_at"], site().zone)
        return jsonify(flat)


@routes.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Whether the program works; with ?readings, whether readings arrive."""
    state, age_s = _state()
    last = status.last(site().database)
    told = {
        "status": "ok",
        "version": __version__,
        "readings": state,
        "age_s": age_s,
        "last_pull": last and {"at": serialize.iso(last.at, site().zone), "exit_code": last.code,
                               "said": last.sentence},
    }  # fmt: skip
    return jsonify(told), 503 if "readings" in request.args and state != pages.FRESH else 200


def _state() -> tuple[str, int | None]:
    """The state of the readings in words, and the age of the newest in seconds."""
    try:
        with site().reader() as reader:
            return pages.freshness(pages.newest(reader), clock.now())
    except NoReadingError:
        return "none yet", None
    except StoreError as error:
        return str(error), None


def _period(reader: Reader, kind: str, text: str, end: str) -> Period:
    period = catalogue.period_of(reader, _time(reader), site().zone, kind, text, end)
    if period is None and kind == "years":
        raise NoReadingError
    if period is None:
        there = f"{text} – {end}" if end else text
        abort(404, gettext("%(text)s isn't in the calendar.", text=there))
    return period


def _table_as(reader: Reader, period: Period, name: str, form: str) -> Response:
    if not catalogue.is_told(name, period):
        abort(404, gettext("There is no table %(name)s", name=name))
    by = request.args.get("by")
    try:
        if form == "png":
            return Response(_picture(reader, period, name, by), mimetype="image/png")
        table = catalogue.of_period(reader, period, name, by)
    except UsageError:
        those, most = ", ".join(periods.LENGTHS_S), catalogue.MOST_BUCKETS
        abort(
            400,
            gettext(
                "by must be one of %(those)s, and make no more than %(most)s rows.",
                those=those,
                most=most,
            ),
        )
    if form == "json":
        return jsonify(serialize.as_json(table, period.name, site().zone))
    decimal_comma = request.args.get("decimal") == "comma"
    return Response(serialize.as_csv(table, site().zone, decimal_comma), mimetype="text/csv")


def _picture(reader: Reader, period: Period, name: str, by: str | None) -> bytes:
    theme, shape, scale = (
        request.args.get(name, CHOICES[name][0]) for name in ("theme", "shape", "scale")
    )

    def draw() -> bytes:
        shown = spec.of(reader, period, name, pages.names(reader), by)
        from slimmemeter.charts import draw

        return draw.png(shown, theme, shape, int(scale))

    return site().picture(_picture_key(), draw)


def _message(title: str, text: str, status: int, said: str = "") -> ResponseReturnValue:
    """A small page of ours, or a small JSON where JSON was asked for.

    :param said: what a program says, in its own language.
    """
    if request.path.endswith(".json"):
        return jsonify(error=f"{text} {said}".strip()), status
    return render_template("message.html", title=title, text=text, said=said), status


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
    titles = {400: gettext("That can't be asked"), 404: gettext("Not here")}
    return _message(titles.get(code, f"{code}"), text, code)


def _no_reading(_: NoReadingError) -> ResponseReturnValue:
    code = 200 if request.path == "/" else 503
    if request.path.endswith(".json"):
        return jsonify(error=gettext("There is no reading yet.")), code
    last = status.last(site().database)
    page = render_template(
        "first.html", outcome=last, database=site().database,
        as_owner=_as_owner(os.path.dirname(site().database)),
        words=labels, zone=site().zone,
    )  # fmt: skip
    return page, code


def _as_owner(folder: str) -> str:
    """What a person puts before a command whose user must be the folder's owner; nothing if the
    pages are served by that user."""
    try:
        owner = os.stat(folder).st_uid
        return "" if owner == os.geteuid() else f"sudo -u {pwd.getpwuid(owner).pw_name} "
    except (OSError, KeyError):
        return ""


def _no_store(error: StoreError) -> ResponseReturnValue:
    title, said = gettext("The readings can't be shown"), ""
    if isinstance(error, HotJournalError):
        text = gettext("The last pull was interrupted; the next one repairs it.")
    else:
        text, said = gettext("The program says:"), str(error)
    return _message(title, text, 503, said)
