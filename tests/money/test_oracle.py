"""Dutch bills of any year against a slow calculation of days, which was written apart from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slimmemeter.money.billing import bill
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.usage.quantities import House
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.counter_curves import fill
from support.golden import LATER

ZONE = ZoneInfo("Europe/Amsterdam")
FIRST, DAYS = date(2023, 12, 1), 700  # over a 29 February and two changes of tax
VAT = Fraction(121, 100)
RATES = {  # energy tax and its rebate
    2023: ("0.12599", "493.27"), 2024: ("0.10880", "521.81"), 2025: ("0.10154", "524.95"),
}  # fmt: skip
ORDER = ("normal", "low")
TARIFFS = {"low": 1, "normal": 2}
WAYS = ("register-then-rest", "register-only", "normal-first")
Kwh = dict[str, Fraction]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A house with as much sun as it uses."""
    path = tmp_path_factory.mktemp("oracle") / "slimmemeter.sqlite3"
    begin = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=ZONE)
    parts = [{"kind": "house", "solar": 150, "scale": 140}]
    end = begin + timedelta(days=DAYS)
    spec = {"zone": "Europe/Amsterdam", "begin": begin.isoformat(), "end": end.isoformat()}
    fill(path, spec | {"parts": parts}, 1800)
    return Snapshot(Reader(str(path)))


@dataclass
class Terms:
    """A contract of low and normal, of which prices change once."""

    first: date
    length: int  # days
    change: int
    has_vat: bool
    way: str
    prices: tuple[dict[str, int], dict[str, int]]  # in thousandths of a €
    feed_in: int
    feed_in_cost: int
    standing: int  # in cents a month

    def text(self) -> str:
        """As it stands in contracts.toml."""
        last = self.first + timedelta(days=self.length - 1)
        changed = self.first + timedelta(days=self.change)
        prices = [
            ", ".join(f"{name} = {each / 1000:.3f}" for name, each in price.items())
            for price in self.prices
        ]
        return (
            f'[home]\ngrid = "none"\n[[contract]]\nfrom = {self.first}\nlast_day = {last}\n'
            f"vat = {str(self.has_vat).lower()}\n[contract.electricity]\n"
            f"price = {{ {prices[0]} }}\nfeed_in = {self.feed_in / 1000:.3f}\n"
            f'feed_in_cost = {self.feed_in_cost / 1000:.3f}\nnetting = "{self.way}"\n'
            f"standing = {{ month = {self.standing / 100:.2f} }}\n"
            f"[[contract.change]]\nfrom = {changed}\nelectricity.price = {{ {prices[1]} }}\n"
        )


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def netted(imported: Kwh, exported: Kwh, way: str) -> Kwh:
    """What export lowers each register by."""
    if way == "normal-first":
        left = sum(exported.values())
        found: Kwh = {}
        for name in ORDER:
            found[name] = min(imported[name], left)
            left -= found[name]
        return found
    found = {name: min(imported[name], exported[name]) for name in ORDER}
    if way == "register-then-rest":
        one, other = ORDER
        for name, rest in ((one, other), (other, one)):
            over = exported[rest] - found[rest]
            found[name] += min(imported[name] - found[name], over)
    return found


def calculated(house: Snapshot, terms: Terms) -> Fraction:
    """Day by day, and the year's settlement at the end."""
    days = [terms.first + timedelta(days=number) for number in range(terms.length + 1)]
    counted = House(house).counted("electricity", list(map(midnight, days))).rises
    sums: dict[str, Kwh] = {
        what: dict.fromkeys(ORDER, Fraction()) for what in ("in", "out", "cost", "credit")
    }
    total = taxed = Fraction()
    included = VAT if terms.has_vat else Fraction(1)
    for number, (day, _) in enumerate(pairwise(days)):
        tax, rebate = map(Fraction, RATES[day.year])
        month = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - day.replace(day=1)
        year = 366 if day.year == 2024 else 365
        standing = Fraction(terms.standing, 100) / included / month.days
        total += (standing - rebate / year) * VAT
        for name in ORDER:
            price = Fraction(terms.prices[number >= terms.change][name], 1000) / included
            kwh_in, kwh_out = (
                Fraction(counted[direction, TARIFFS[name]][number]) / 1000
                for direction in ("import", "export")
            )
            for what, more in zip(
                sums, (kwh_in, kwh_out, kwh_in * price, kwh_out * price), strict=True
            ):
                sums[what][name] += more
            asked = kwh_out * Fraction(terms.feed_in_cost, 1000) / included
            total += ((kwh_in - kwh_out) * (price + tax) + asked) * VAT
            taxed += kwh_out * tax
    lowered = netted(sums["in"], sums["out"], terms.way)
    for name in ORDER:
        back = sums["out"][name] - lowered[name]
        kwh, amount = ("out", "credit") if back > 0 else ("in", "cost")
        if back:
            total += back * sums[kwh][name] ** -1 * sums[amount][name] * VAT
    imported, exported = sum(sums["in"].values()), sum(sums["out"].values())
    total -= (exported - sum(lowered.values())) * Fraction(terms.feed_in, 1000)
    if exported > imported:
        total += (exported - imported) * taxed / exported * VAT
    return total


def prices() -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({"normal": st.integers(1, 400), "low": st.integers(1, 400)})


@st.composite
def contracts(draw: st.DrawFn) -> Terms:
    """Any, of a year at most."""
    length = draw(st.integers(2, 366))
    first = FIRST + timedelta(days=draw(st.integers(0, DAYS - length)))
    latest = min(length, 366 if (first.year, first.month) < (2024, 3) else 365)
    return Terms(
        first, latest, draw(st.integers(1, latest - 1)), draw(st.booleans()),
        draw(st.sampled_from(WAYS)), (draw(prices()), draw(prices())),
        draw(st.integers(0, 300)), draw(st.integers(0, 200)), draw(st.integers(0, 2000)),
    )  # fmt: skip


@settings(
    max_examples=settings.default.max_examples // 20, suppress_health_check=[HealthCheck.too_slow]
)
@given(contracts())
def test_bill_is_what_a_slow_calculation_makes(house: Snapshot, terms: Terms) -> None:
    """To the last fraction."""
    last = midnight(terms.first + timedelta(days=terms.length))
    read = contracts_file.parse(terms.text(), "contracts.toml")
    made = bill.of(house, read, midnight(terms.first), last, ZONE, LATER)
    assert made.exact == calculated(house, terms)
