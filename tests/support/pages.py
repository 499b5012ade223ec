"""The pages as Flask answers, and as people read them."""

from __future__ import annotations

import re
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from slimmemeter.settings import Settings
from slimmemeter.web.app import create_app


def client_of(database: Path, **environ: str) -> FlaskClient:
    """A visitor of the pages over a database."""
    settings = Settings({"--db": str(database)}, environ, "/nonexistent")
    return create_app(settings).test_client()


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
