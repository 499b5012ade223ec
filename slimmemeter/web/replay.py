"""The very same question again, while nothing has changed: the very same answer, at once.

A page's pictures are asked for again and again by the same browser. Here the answer is found before
Flask looks at who asks, in which language, and for what: all of that stands in the question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    Answer = tuple[str, list[tuple[str, str]], bytes]

MOST = 100  # answers: what a family looks at between two readings
ASKED = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "SERVER_PROTOCOL")


class Replay:
    """A web app before which pictures, and answers that nothing has changed, are kept."""

    def __init__(self, app: WSGIApplication, state: Callable[[], str]) -> None:
        """:param state: what is another text whenever an answer may be another; an empty one lets
        the app answer."""
        self._app = app
        self._state = state
        self._seen = ""
        self._answers: dict[object, Answer] = {}

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as before, or ask the app."""
        state = self._state()
        if not state:
            return self._app(environ, start)
        if state != self._seen or len(self._answers) >= MOST:
            self._seen, self._answers = state, {}
        question = _question(environ)
        known = self._answers.get(question)
        if known is not None:
            status, headers, body = known
            start(status, list(headers))
            return [body]
        return self._asked(environ, start, self._answers, question)

    def _asked(
        self,
        environ: WSGIEnvironment,
        start: StartResponse,
        answers: dict[object, Answer],
        question: object,
    ) -> Iterable[bytes]:
        told: list[Any] = []

        def started(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            told[:] = [status, headers]
            return start(status, headers, *error)

        pieces = self._app(environ, started)
        status, headers = told
        if not (status.startswith("304") or ("Content-Type", "image/png") in headers):
            return pieces
        body = b"".join(pieces)
        if hasattr(pieces, "close"):
            pieces.close()
        if status[:3] in ("200", "304"):
            answers[question] = status, list(headers), body
        return [body]


def _question(environ: WSGIEnvironment) -> object:
    """Who asks, for what, and every header: passwords, languages, what the browser has."""
    headers = sorted(item for item in environ.items() if item[0].startswith("HTTP_"))
    return (*map(environ.get, ASKED), *headers)
