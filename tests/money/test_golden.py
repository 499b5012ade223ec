"""The worked cases: each bill to the cent, each line to eight places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slimmemeter.money.billing import bill
from slimmemeter.money.output import as_json
from support.counter_curves import at
from support.golden import FOLDER, LATER, Case, case

BILLS = sorted(
    path.parent.name for path in FOLDER.glob("*/expected.json") if '"bills"' in path.read_text()
)


def bill_of(found: Case, begin: str, end: str, now: int = LATER) -> dict[str, Any]:
    """The bill of a period of a case, as JSON."""
    about = (found.house, found.contracts, at(begin), at(end), found.zone, now)
    return as_json.bill_json(bill.of(*about), "", found.zone)


@pytest.mark.parametrize("name", BILLS)
def test_bill_is_that_of_the_case(name: str, tmp_path: Path) -> None:
    """All that the case says of its bills; what it leaves out isn't asked."""
    found = case(name, tmp_path)
    for expected in found.json("expected.json")["bills"]:
        made = bill_of(found, expected["from"], expected["to"])
        assert made["lines"] == expected["lines"]
        assert {key: made[key] for key in expected} == expected
