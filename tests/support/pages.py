"""The pages as Flask answers, and as people read them."""

from __future__ import annotations

import re
from pathlib import Path

from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.test import TestResponse

from slimmemeter.settings import Settings
from slimmemeter.web.app import create_app


class _Compiled(BytecodeCache):
    """What Jinja made of the templates, so that a process of tests compiles each of them once."""

    def __init__(self) -> None:
        self._made: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._made:
            bucket.bytecode_from_string(self._made[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._made[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def client_of(database: Path, **environ: str) -> FlaskClient:
    """A visitor of the pages over a database."""
    settings = Settings({"--db": str(database)}, environ, "/nonexistent")
    app = create_app(settings)
    app.jinja_env.bytecode_cache = _COMPILED
    return app.test_client()


def plain(page: str) -> str:
    """A page's text with single blanks."""
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def text_of(client: FlaskClient, url: str, status: int = 200) -> str:
    """The words of a page, without its tags."""
    answer = client.get(url)
    assert answer.status_code == status, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def words(answer: TestResponse) -> str:
    """A page as people read it."""
    assert answer.status_code == 200, answer.text
    return plain(answer.text).replace("\N{NO-BREAK SPACE}", " ")
