"""What the tests of the pages share."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from slimmemeter import clock
from support.pages import client_of
from support.readings import DAY, MONDAY


@pytest.fixture
def client(house_database: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A visitor of the simulated house, on the Thursday on which its readings end."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 3 * DAY)
    return client_of(house_database)
