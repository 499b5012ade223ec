"""A household's contract, and its house."""

from __future__ import annotations

import shutil
from pathlib import Path

CONTRACT = """
[home]
country = "NL"
grid = "none"
[[contract]]
name = "Fixed"
from = 2026-03-01
vat = true
advance = 50
[contract.electricity]
price = 0.25
standing = { month = 6.20 }
feed_in = 0.05
[contract.gas]
price = 0.80
standing = { month = 6.20 }
"""


DYNAMIC = CONTRACT.replace("price = 0.25", 'dynamic = "hour"\nmarkup = 0.02').replace(
    "feed_in = 0.05", 'feed_in = "spot"'
)

FLEMISH = """
[home]
country = "BE"
region = "Flanders"
grid = "Imewo"
[[contract]]
name = "Fixed"
from = 2026-01-01
vat = true
advance = 95
[contract.electricity]
price = { day = 0.1325, night = 0.1166 }
green = 0.01582
standing = { year = 65.00 }
feed_in = 0.0432
[contract.gas]
price = 0.06
standing = { year = 50 }
"""


def with_contract(house: Path, folder: Path, text: str = CONTRACT) -> Path:
    """A copy of a database in a folder, with a contract beside it."""
    (folder / "contracts.toml").write_text(text)
    return Path(shutil.copy(house, folder / "house.sqlite3"))
