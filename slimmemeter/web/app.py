"""The web app: routes, templates, and what holds for every answer."""

from __future__ import annotations

import os
import socket
import zlib
from datetime import datetime
from urllib.parse import urlencode

from flask import Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from slimmemeter import __version__, clock
from slimmemeter.charts.spec import SIZES, WIDEST_SCREENS
from slimmemeter.history import periods
from slimmemeter.i18n import dates, labels, language, numbers
from slimmemeter.i18n.language import LANGUAGES
from slimmemeter.p1.anonymize import masked
from slimmemeter.settings import Settings
from slimmemeter.store.files import change_counter
from slimmemeter.web import access, errors, money, query
from slimmemeter.web.api import api
from slimmemeter.web.freshness import refresh_s
from slimmemeter.web.meter_page import MOST_LISTED
from slimmemeter.web.metrics import metrics
from slimmemeter.web.state import Site, site
from slimmemeter.web.views import address, views
from slimmemeter.web.what_if import euros

CHOICE_KEPT_S = 2 * 366 * 86400
# Addresses whose answers change with the time, and not only with the readings.
REFRESHING = ("/", "/kiosk")
CHANGING = (*REFRESHING, "/now.json", "/meter", "/metrics")


def create_app(settings: Settings, asked: socket.socket | None = None) -> Flask:
    """The web app over the settings' database, which it never writes.

    :param asked: as of `access.guard`.
    """
    app = Flask(__name__)
    app.extensions["slimmemeter"] = Site(settings)
    app.before_request(lambda: language.use(query.language()))
    access.guard(app, settings, asked)
    if settings.proxy:  # `access` refuses this header from anybody else
        proxied = ProxyFix(app.wsgi_app, x_for=0, x_proto=0, x_host=0, x_prefix=1)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    app.before_request(_answer_at_once)
    app.after_request(_add_headers)
    _prepare_templates(app)
    app.register_blueprint(views)
    app.register_blueprint(api)
    app.register_blueprint(metrics)
    errors.register(app)
    return app


def _prepare_templates(app: Flask) -> None:
    language.translate(app.jinja_env)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["masked"] = masked
    app.jinja_env.globals |= {
        "SIZES": SIZES,
        "WIDEST_SCREENS": WIDEST_SCREENS,
        "address": address,
        "here": _here,
        "MOST_LISTED": MOST_LISTED,
        "dates": dates,
        "labels": labels,
        "numbers": numbers,
        "euros": euros,
        "local": periods.local,
    }
    app.context_processor(_frame)


def _here(path: str) -> str:
    """The `aria-current` of a link: to this very page, or to another of its kind; else empty."""
    own, kind = request.path.lstrip("/"), path.partition("/")[0]
    if own == path:
        return "page"
    return "true" if kind and own.partition("/")[0] == kind else ""


def _frame() -> dict[str, object]:
    """What every template knows: the zone, the language and the others, the current periods."""
    zone, now = site().zone, query.now()
    return {
        "zone": zone,
        "language": language.current(),
        "languages": _other_languages(),
        "now": {kind: periods.today(kind, now, zone).name for kind in periods.CALENDAR},
    }


def _other_languages() -> list[tuple[str, str, str]]:
    """Each other language: its code, its own name, and the address of this page in it."""
    return [
        (code, name, "?" + urlencode({**request.args, "lang": code}))
        for code, name in LANGUAGES.items()
        if code != language.current()
    ]


def _answer_at_once() -> ResponseReturnValue | None:
    """Refuse all methods but GET and HEAD; answer 304 if the browser has the newest answer."""
    if request.method not in ("GET", "HEAD"):
        abort(405)
    if request.args:
        query.check_parameters()
    g.etag = ""
    has_etag = request.blueprint and request.path != "/healthz"
    if not has_etag or not os.path.exists(site().database):
        return None
    is_changing = request.path in CHANGING or request.path.startswith("/between/")
    time = clock.now() // 60 if is_changing else _today()
    counter = change_counter(site().database)
    belongs_to = f"{zlib.crc32(address(request.full_path).encode()):08x}"
    costs = money.version() if query.wants_money() else "no"
    g.etag = f"{__version__}-{counter}-{language.current()}-{time}-{costs}-{belongs_to}"
    if request.if_none_match.contains_weak(g.etag) and not request.if_none_match.star_tag:
        return Response(status=304)
    return None


def _today() -> str:
    """The day of the house, on which links to the future depend."""
    zone = site().zone
    return f"{datetime.fromtimestamp(clock.now(), zone).toordinal()}-{zone}"


def _add_headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Cookie"
    if g.get("etag") and response.status_code in (200, 304):
        response.set_etag(g.etag)
    for name, values in (("lang", LANGUAGES), ("money", query.PARAMETERS["money"])):
        chosen = request.args.get(name, "")
        if chosen in values and response.mimetype == "text/html":
            response.set_cookie(name, chosen, CHOICE_KEPT_S, httponly=True, samesite="Lax")
    if request.path in REFRESHING and request.args.get("refresh") != "no":
        response.headers["Refresh"] = str(refresh_s(clock.now()))
    return response
