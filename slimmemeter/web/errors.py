"""Pages for what can't be shown; JSON if the request was for JSON."""

from __future__ import annotations

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from slimmemeter import status
from slimmemeter.errors import StoreError
from slimmemeter.i18n.language import gettext
from slimmemeter.store.connection import HotJournalError
from slimmemeter.web.state import NoReadingError, site


def register(app: Flask) -> None:
    """Let an app answer errors so."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(NoReadingError, _no_reading)
    app.register_error_handler(StoreError, _no_store)


def _message(title: str, text: str, code: int, quotation: str = "") -> ResponseReturnValue:
    """:param quotation: a program's own sentence, in English."""
    if request.path.endswith(".json"):
        return jsonify(error=f"{text} {quotation}".strip()), code
    page = render_template("message.html", title=title, text=text, quotation=quotation)
    return page, code


def _http_error(error: HTTPException) -> ResponseReturnValue:
    texts = {
        404: gettext("There is no such page here."),
        405: gettext("These pages can only be looked at."),
        500: gettext("This page failed. It is a bug; the system's log has the details."),
    }
    code, standard = error.code or 500, type(error).description
    own = error.description if code in (400, 404) and error.description != standard else None
    titles = {400: gettext("This address isn't right"), 404: gettext("Page not found")}
    return _message(titles.get(code, f"{code}"), own or texts.get(code, standard or ""), code)


def _no_reading(_: NoReadingError) -> ResponseReturnValue:
    code = 200 if request.path == "/" else 503
    if request.path.endswith(".json"):
        return jsonify(error=gettext("There is no reading yet.")), code
    database = site().database
    last = status.last_pull(database)
    return render_template("first.html", status=last, database=database), code


def _no_store(error: StoreError) -> ResponseReturnValue:
    title, quotation = gettext("The readings can't be shown"), ""
    if isinstance(error, HotJournalError):
        text = gettext("The last pull was interrupted; the next one repairs it.")
    else:
        text, quotation = gettext("The program says:"), str(error)
    return _message(title, text, 503, quotation)
