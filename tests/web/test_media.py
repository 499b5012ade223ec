"""Every medium that a device on the M-Bus can measure has its name, page, picture and numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimmemeter.history.table import MEDIA_UNITS, SHOWN_UNITS, medium_of
from slimmemeter.p1.obis import MBUS_TYPES
from support.pages import client_of, words
from support.paths import ROOT
from support.programs import Pull
from support.telegrams import simple

PAGE = "/day/2026-11-23"


@pytest.mark.parametrize(
    ("medium", "unit"), [(medium, unit) for medium, units in MEDIA_UNITS.items() for unit in units]
)
def test_medium_is_complete(medium: str, unit: str, pull: Pull, database: Path) -> None:
    """A device that counts for an hour is on the day's page, in both languages and all forms."""
    types = [number for number in MBUS_TYPES if medium_of(number, unit) == medium]
    assert types, f"no type of MBUS_TYPES is {medium}"
    shown = SHOWN_UNITS[unit]
    for stamp, counter in (("261123120000W", "00321.654"), ("261123130000W", "00321.754")):
        device = (f"0-1:24.1.0({types[0]:03d})", f"0-1:24.2.1({stamp})({counter}*{shown})")
        done = pull("-", stdin=simple("1-0:1.8.1(1.0*kWh)", *device, stamp=stamp).decode())
        assert (done.returncode, done.stderr) == (0, "")
    client = client_of(database)
    for language, amount, unnamed in (
        ("en", "0.10", "another meter"),
        ("nl", "0,10", "een andere"),
    ):
        page = client.get(f"{PAGE}?lang={language}")
        assert f"{amount} {shown.replace('3', '³')}" in words(page)
        assert f'class="{medium}"' in page.text
        assert unnamed not in words(client.get(f"/meter?lang={language}"))
    for theme in ("light", "dark"):
        assert client.get(f"{PAGE}/{medium}.png?theme={theme}").status_code == 200
    answer = client.get(f"{PAGE}/{medium}.json").json
    assert answer is not None
    assert answer["totals"] == {f"{medium}_{shown.lower()}": 0.1}
    style = (ROOT / "slimmemeter/web/static/style.css").read_text()
    assert f".{medium} .amount" in style, f"style.css gives {medium} no colour"
