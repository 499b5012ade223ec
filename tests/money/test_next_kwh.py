"""What the next kWh costs and brings, as of `/now.json`, by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from slimmemeter.money.billing import bill, next_kwh
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.contract import contracts_file
from slimmemeter.store.prices import PriceWriter, SpotPrice
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.counter_curves import at
from support.readings import reading, store

NOON = at("2026-06-01T12:00:00+02:00")
HOME = '[home]\ngrid = "Liander"\n[[contract]]\nfrom = 2026-01-01\nvat = false\n'
POWER = f"{HOME}[contract.electricity]\n"
TAX_2026, TAX_2027 = Fraction("0.09161"), Fraction("0.0880")
VAT = Fraction("1.21")


@pytest.fixture
def house(database: Path) -> Path:
    """Half a day of 1 kWh an hour."""
    begin = at("2026-06-01T00:00:00+02:00")
    for number in range(145):
        wh = 1000 + 1000 * number // 12
        store(database, (begin + 300 * number, reading({"import_t1_wh": wh, "import_t2_wh": 5})))
    with PriceWriter(str(database)) as writer:
        writer.put("electricity", [SpotPrice(NOON, 3600, 80 * 10**6)], "made up", "")
    return database


def books(house: Path, text: str) -> Books:
    contracts = contracts_file.parse(text, "contracts.toml")
    zone = ZoneInfo("Europe/Amsterdam")
    return bill.books_of(Snapshot(Reader(str(house))), contracts, zone, NOON)


def test_kwh_of_a_register(house: Path) -> None:
    """By the tariff of now: (0.2 + 0.09161) x 1.21, and the same for export while netting lasts,
    less what the supplier asks for it."""
    about = books(house, f"{POWER}price = {{ normal = 0.2, low = 0.1 }}\nfeed_in_cost = 0.04\n")
    found = next_kwh.of(about, NOON, 2)
    assert found.price == (Fraction("0.2") + TAX_2026) * VAT
    assert found.feed_in == (Fraction("0.2") + TAX_2026 - Fraction("0.04")) * VAT
    assert next_kwh.of(about, NOON, 1).price == (Fraction("0.1") + TAX_2026) * VAT


def test_kwh_after_netting(house: Path) -> None:
    """Export brings the pay, which has no VAT."""
    about = books(house, f"{POWER}price = 0.2\nfeed_in = 0.07\n")
    later = at("2027-06-01T12:00:00+02:00")
    found = next_kwh.of(about, later, 1)
    assert (found.price, found.feed_in) == ((Fraction("0.2") + TAX_2027) * VAT, Fraction("0.07"))


def test_kwh_of_the_market(house: Path) -> None:
    """By the price of this hour; of the next one none is known."""
    about = books(house, f'{POWER}dynamic = "hour"\nmarkup = 0.01\nfeed_in = "spot"\n')
    found = next_kwh.of(about, NOON + 60, 1)
    assert found.price == (Fraction("0.09") + TAX_2026) * VAT
    assert found.feed_in == (Fraction("0.08") + TAX_2026) * VAT
    assert next_kwh.of(about, NOON + 3600, 1).price is None


def test_cost_of_today_is_what_the_day_has_cost_so_far(house: Path) -> None:
    """12 kWh, and half a day of the grid and the rebate."""
    about = books(house, f"{POWER}price = 0.2\n")
    use = 12 * (Fraction("0.2") + TAX_2026) * VAT
    fixed = (Fraction("478.04") - Fraction("519.80") * VAT) / 365 / 2
    assert next_kwh.cost_of_today(about) == use + fixed


def test_without_a_contract_there_is_no_price(house: Path) -> None:
    """Of electricity, on this day."""
    about = books(house, f"{HOME}[contract.gas]\nprice = 0.6\n")
    assert next_kwh.of(about, NOON, 1) == next_kwh.NextKwh(None, None)
    none = books(house, "")
    assert next_kwh.cost_of_today(replace(none, now=NOON)) is None
