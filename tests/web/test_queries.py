"""A page is one look at the house, with a budget of questions to SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from support.pages import client_of

MOST = {"/": 20, "/month/2026-10": 25, "/day/2026-10-26": 25, "/year/2026": 25, "/meter": 25}


@pytest.mark.parametrize("url", MOST)
def test_page_asks_few_questions(
    url: str, house_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks SQLite no more than its budget, those of opening the file included."""
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    assert client_of(house_database).get(url).status_code == 200
    assert 5 < len(statements) <= MOST[url], statements
