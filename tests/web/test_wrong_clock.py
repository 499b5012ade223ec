"""The pages of a computer whose clock is wrong."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from slimmemeter import clock
from support.pages import client_of
from support.readings import MONDAY

NEWEST = MONDAY + 3 * 86400  # of the simulated house
PAGES = ("/", "/day/2026-10-26", "/week/2026-W44", "/years", "/meter", "/now.json", "/healthz")


@pytest.mark.parametrize("now", [0, 120, NEWEST - 3600, NEWEST + 3600, NEWEST + 40 * 365 * 86400])
def test_pages_answer_whatever_the_computer_s_clock_says(
    house_database: Path, monkeypatch: pytest.MonkeyPatch, now: int
) -> None:
    """Whatever the system clock says, all pages work, and the first warns if it is wrong."""
    client = client_of(house_database)
    monkeypatch.setattr(clock, "now", lambda: NEWEST)
    day = client.get("/day/2026-10-26/electricity.json").json
    monkeypatch.setattr(clock, "now", lambda: now)
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == 200, (page, answer.text)
    assert client.get("/day/2026-10-26/electricity.json").json == day
    is_wrong, is_old = now < NEWEST - clock.AGREEMENT_S, now > NEWEST + 900
    first = unescape(client.get("/").text)
    assert ("This computer's clock is wrong" in first) == is_wrong
    for page in ("/", "/meter", "/last/30", "/month/2026-10") if is_wrong else ():
        assert '<a href="/day/2026-10-28">Day</a>' in client.get(page).text, page
    assert "no readings were received" in client.get("/meter").text
    health = client.get("/healthz?readings")
    assert health.status_code == (503 if is_wrong or is_old else 200)
    assert health.json is not None
    state = "this computer's clock is wrong" if is_wrong else "old" if is_old else "ok"
    assert health.json["readings"] == state
