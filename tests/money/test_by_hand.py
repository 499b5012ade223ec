"""Bills of other kinds than the worked cases, each calculated by hand beside it, in €."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from slimmemeter.money.billing import bill, costs
from slimmemeter.money.billing.bill import Bill
from slimmemeter.money.billing.lines import Line
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.output import printed
from slimmemeter.store.prices import PriceWriter, SpotPrice
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.counter_curves import at, fill
from support.golden import LATER
from support.readings import reading, store

ZONE = ZoneInfo("Europe/Amsterdam")
F = Fraction  # there are many
BARE_HOME = '[home]\ngrid = "none"\nresidence = false\n'
IMEWO = '[home]\ncountry = "BE"\nregion = "Flanders"\ngrid = "Imewo"\n'
MICRO = 10**6
Make = Callable[..., Bill]
Part = dict[str, Any]


def instant(day: str, hour: int = 0) -> str:
    """A local time with its offset."""
    summer = "03-29" <= day[5:] < "10-25"
    return f"{day}T{hour:02}:00:00+0{1 + summer}:00"


def line(*points: tuple[str, dict[str, int]]) -> Part:
    """Counters that rise in straight lines between local midnights."""
    return {"kind": "line", "points": [[instant(day), totals] for day, totals in points]}


def daily(register: str, first: str, end: str, *spans: tuple[str, str, int]) -> Part:
    """So many Wh each day within spans of the clock."""
    about = {"kind": "daily", "register": register, "from": first, "to": end}
    return about | {"spans": [list(span) for span in spans]}


@pytest.fixture
def make(database: Path) -> Make:
    """Makes the bill of [first, end), of counters of that time and a text of contracts."""

    def made(
        first: str, end: str, text: str, *parts: Part, prices: Iterable[SpotPrice] = (),
        energy: str = "electricity", every_s: int = 1800, zone: str = "Europe/Amsterdam",
    ) -> Bill:  # fmt: skip
        spec = {"zone": zone, "begin": instant(first), "end": instant(end), "parts": list(parts)}
        fill(database, spec, every_s)
        with PriceWriter(str(database)) as writer:
            writer.put(energy, list(prices), "made up", "")
        contracts = contracts_file.parse(text, "contracts.toml")
        house = Snapshot(Reader(str(database)))
        ends = at(instant(first)), at(instant(end))
        return bill.of(house, contracts, *ends, ZoneInfo(zone), LATER)

    return made


def found(made: Bill, item: str, part: str = "") -> Line:
    """The one line of an item and a part."""
    (each,) = [each for each in made.lines if (each.key.item, each.part) == (item, part)]
    return each


def hours(first: str, end: str, price: Callable[[int], F | int | None]) -> Iterable[SpotPrice]:
    """Prices in €/MWh of the hours of a time, by their number; None leaves one out."""
    begin = at(instant(first))
    for number in range((at(instant(end)) - begin) // 3600):
        each = price(number)
        if each is not None:
            yield SpotPrice(begin + 3600 * number, 3600, int(each * MICRO))


def test_normal_first(make: Make) -> None:
    """All export lowers normal first, then low.

    normal 1000 in, 200 out; low 2000 in, 900 out: 1100 lower normal by 1000 and low by 100.
    1900 low kWh remain: 1900 x 0.12 = 228; tax 1900 x 0.09161 = 174.059;
    (228 + 174.059) x 1.21 = 486.49139.
    """
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-01-01\nvat = false\n[contract.electricity]\n"
    text += 'price = { low = 0.12, normal = 0.14 }\nnetting = "normal-first"\n'
    totals = {"import_t1": 2000_000, "import_t2": 1000_000, "export_t1": 900_000,
              "export_t2": 200_000}  # fmt: skip
    made = make("2026-01-01", "2027-01-01", text, line(("2026-01-01", {}), ("2027-01-01", totals)))
    assert made.exact == F("486.49139")
    assert found(made, "settle", "normal").quantity == -800
    assert found(made, "settle", "low").quantity == 800


def test_bands_are_netted_like_registers(make: Make) -> None:
    """Export at noon lowers what is drawn in the evening.

    Ten days: 2 kWh a day at 18-20 h, 3 kWh out at 12-15 h. supply 20 x 0.20 = 4, credited 30 x
    0.10 = 3; at the end 30 x 0.10 are taken back, 20 x 0.20 credited, and 10 earn 0.05. Tax: 20 -
    30 + 10 = 0. So 0 x 1.21 - 0.50.
    """
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-05-01\nlast_day = 2026-05-10\nvat = false\n"
    text += "[contract.electricity]\nprice = { normal = 0.20, dal = 0.10 }\nfeed_in = 0.05\n"
    text += 'bands = { dal = "12-16", normal = "rest" }\n'
    first, end = "2026-05-01", "2026-05-11"
    made = make(
        first, end, text,
        daily("import_t2", first, end, ("18:00", "20:00", 2000)),
        daily("export_t2", first, end, ("12:00", "15:00", 3000)),
    )  # fmt: skip
    assert made.exact == F("-0.5")
    assert found(made, "settle", "dal").quantity == 30
    assert found(made, "settle", "normal").quantity == -20
    assert found(made, "feed_in", "surplus").exact == F("-0.5")


def april(price: Callable[[int], F | int | None], make: Make) -> Bill:
    """April with 1 kWh an hour, by a dynamic contract of hours."""
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-04-01\nvat = false\n[contract.electricity]\n"
    text += 'dynamic = "hour"\nmarkup = 0.01\n'
    return make(
        "2026-04-01", "2026-05-01", text,
        line(("2026-04-01", {}), ("2026-05-01", {"import_t1": 720_000})),
        prices=hours("2026-04-01", "2026-05-01", price),
    )  # fmt: skip


def test_an_hour_without_a_price_counts_at_the_mean_of_its_month(make: Make) -> None:
    """And is estimated.

    360 hours at 50, 360 at 150 €/MWh, the third of which isn't known: mean (359 x 50 + 360 x 150)
    / 719 = 71950 / 719. spot 359 x 0.05 + 360 x 0.15 + 71.95 / 719; markup 7.20; tax 65.9592.
    """
    made = april(lambda n: None if n == 2 else 50 if n < 360 else 150, make)
    spot = F("17.95") + 54 + F("71.95") / 719
    assert made.exact == (spot + F("7.2") + F("65.9592")) * F("1.21")
    assert found(made, "supply", "dynamic").estimated == 1


def test_a_month_mostly_without_prices_has_no_total(make: Make) -> None:
    """719 of 720 hours of a month without one: never zero, but not known."""
    made = april(lambda n: 50 if n == 0 else None, make)
    assert (made.total_cents, made.exact) == (None, None)
    (unpriced,) = made.unpriced
    assert (unpriced.month, unpriced.quantity) == (date(2026, 4, 1), 719)
    sentences = list(printed.sentences(made))
    assert "no total: 719.000 kWh of supply, 2026-04, have no price" in sentences
    assert printed.PRICES_ARE_MISSING in sentences
    (supply,) = [row for row in printed.text(made, "").splitlines() if "Supply" in row]
    assert supply.endswith("not known")


def test_days_without_prices_have_no_cost(make: Make, database: Path) -> None:
    """What is taxed by the kWh is known all the same."""
    april(lambda n: 50 if n < 24 else None, make)
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-04-01\nvat = false\n[contract.electricity]\n"
    contracts = contracts_file.parse(f'{text}dynamic = "hour"\nmarkup = 0.01\n', "c.toml")
    books = bill.books_of(Snapshot(Reader(str(database))), contracts, ZONE, LATER)
    days = [at(instant(f"2026-04-0{number}")) for number in (1, 2, 3)]
    found = costs.of(books, days)
    tax = 24 * F("0.09161") * F("1.21")
    assert [found.amount("tax", place) for place in (0, 1)] == [tax, tax]
    assert found.amount("cost", 0) == tax + 24 * F("0.06") * F("1.21")
    assert (found.amount("supply", 1), found.amount("cost", 1)) == (None, None)
    assert (found.total("cost"), found.total("tax")) == (None, 2 * tax)


def test_gas_by_the_day(make: Make) -> None:
    """A gas day is from 6 to 6 o'clock, and the bill's m3 are those of the meter x 1.02.

    1 m3 an hour in November: 6 at 0.20, 15 x 24 = 360 at 0.30, 354 at 0.40: 1.20 + 108 + 141.60 =
    250.80; markup 720 x 0.0605 / 1.21 = 36; tax 720 x 0.60066 = 432.4752; all x 1.02 x 1.21.
    """
    text = '[home]\ngas_grid = "none"\n[[contract]]\nfrom = 2026-11-01\nvat = true\n'
    text += '[contract.gas]\ndynamic = "day"\nmarkup = 0.0605\ncorrection = 1.02\n'
    begin = at(instant("2026-10-31", 6))
    cents = [20, *[30] * 15, *[40] * 15]
    made = make(
        "2026-11-01", "2026-12-01", text,
        line(("2026-11-01", {}), ("2026-12-01", {"gas": 720_000})),
        prices=[SpotPrice(begin + n * 86400, 86400, c * 10**4) for n, c in enumerate(cents)],
        energy="gas",
    )  # fmt: skip
    assert made.exact == (F("250.8") + 36 + F("432.4752")) * F("1.02") * F("1.21")
    assert found(made, "supply", "dynamic").quantity == F("734.4")
    assert "gas is the meter's m3 times 1.02, the correction factor" in made.notes


def test_flanders_by_a_formula_and_by_the_month(make: Make) -> None:
    """April of 0.4 kW: the least peak of 2.5 kW counts.

    288 kWh x (0.1039 x 80 + 0.8702) / 100 = 26.444736, levies 288 x 0.0494061 = 14.2289568, both x
    1.06; green 288 x 0.01582; grid 288 x 0.0554236 and 57.4530 x 2.5 x 30/365; data 18.92 x 30/365;
    standing 100.70 x 30/365. Of 96 kWh out: 0.1 x 80 - 1.3135 = 6.6865 c€ each, without VAT.
    """
    text = f"{IMEWO}[[contract]]\nfrom = 2026-04-01\nvat = true\n[contract.electricity]\n"
    text += 'dynamic = "quarter"\nformula = "0,1039 x spot + 0,8702"\nfeed_in = "spot"\n'
    text += (
        'feed_in_formula = "0,1 x spot - 1,3135"\ngreen = 0.01582\nstanding = { year = 100.7 }\n'
    )
    totals = {"import_t1": 288_000, "export_t1": 96_000}
    made = make(
        "2026-04-01", "2026-05-01", text, line(("2026-04-01", {}), ("2026-05-01", totals)),
        prices=hours("2026-04-01", "2026-05-01", lambda _: 80), every_s=900,
    )  # fmt: skip
    energy = (F("26.444736") + F("14.2289568")) * F("1.06") + 288 * F("0.01582")
    fixed = (F("57.4530") * F("2.5") + F("18.92") + F("100.7")) * F(30, 365)
    fed_in = 96 * F("0.066865")
    assert made.exact == energy + 288 * F("0.0554236") + fixed - fed_in
    assert made.provisional
    (peak,) = made.peaks
    assert peak.months == {date(2026, 4, 1): F("2.5")}


def test_flanders_never_asks_more_than_the_maximum(make: Make) -> None:
    """500 kWh a year, 100 Wh more in the first quarter-hour of each month are 9 kW there.

    Capacity 57.4530 x 9 = 517.077, kWh 500 x 0.0554236 = 27.7118; at most 500 x 0.3472738 =
    173.6369: 371.1519 less.
    """
    text = (
        f"{IMEWO}[[contract]]\nfrom = 2026-01-01\nvat = true\n[contract.electricity]\nprice = 0\n"
    )
    months = [f"2026-{number:02}-10" for number in range(1, 13)]
    spikes = {"kind": "spikes", "register": "import_t1",
              "quarters": [[instant(day, 18), 2250] for day in months]}  # fmt: skip
    rest = line(("2026-12-20", {}), ("2026-12-30", {"import_t1": 473_000}))
    made = make("2026-01-01", "2027-01-01", text, spikes, rest, every_s=900)
    assert found(made, "capacity", "9.000 kW").exact == F("517.077")
    assert found(made, "maximum").exact == F("173.6369") - F("517.077") - F("27.7118")


def test_wallonia_by_impact(make: Make) -> None:
    """June: 3 kWh a day at 18-21 h, 2 at 2-5 h, 1 at 8-10 h.

    grid 90 x 0.1657 + 60 x 0.0509 + 30 x 0.1083 = 21.216 and 180 x 0.0274 = 4.932 with VAT, and no
    fixed term; price 180 x 0.13, levies 180 x 0.0494061, x 1.06.
    """
    text = '[home]\ncountry = "BE"\nregion = "Wallonia"\ngrid = "ORES"\ngrid_tariff = "impact"\n'
    text += "[[contract]]\nfrom = 2026-06-01\nvat = false\n[contract.electricity]\nprice = 0.13\n"
    first, end = "2026-06-01", "2026-07-01"
    spans = ("18:00", "21:00", 3000), ("02:00", "05:00", 2000), ("08:00", "10:00", 1000)
    made = make(first, end, text, daily("import_t1", first, end, *spans))
    assert made.exact == F("21.216") + F("4.932") + 180 * (F("0.13") + F("0.0494061")) * F("1.06")


def test_a_contract_year_over_a_29_february(make: Make) -> None:
    """What is for a year is spread over the days of each calendar year.

    184 days of 2023 and 182 of 2024: 73 x (184/365 + 182/366), the rebate 493.27 x 184/365 +
    521.81 x 182/366; twelve months of 5.
    """
    text = '[home]\ngrid = "none"\n[[contract]]\nfrom = 2023-07-01\nvat = false\n'
    text += "[contract.electricity]\nprice = 0.2\nstanding = { year = 73, month = 5 }\n"
    made = make(
        "2023-07-01", "2024-07-01", text,
        line(("2023-07-01", {}), ("2024-07-01", {"import_t1": 0})),
    )  # fmt: skip
    fixed = 73 * (F(184, 365) + F(182, 366)) + 12 * 5
    rebate = F("493.27") * F(184, 365) + F("521.81") * F(182, 366)
    assert made.exact == (fixed - rebate) * F("1.21")


def test_a_large_use_over_two_years(make: Make) -> None:
    """Each calendar year's part has its share of the 10,000 kWh; no next rate of 2026 is known.

    9000 kWh in the 184 days of 2025: 9000 - 10000 x 184/365 are above, at 0.06937 instead of
    0.10154. 9000 in 181 days of 2026, where the bill says that it can't tell.
    """
    text = f"{BARE_HOME}[[contract]]\nfrom = 2025-07-01\nvat = false\n[contract.electricity]\n"
    text += "price = 0\n"
    points = (("2025-07-01", 0), ("2026-01-01", 9_000_000), ("2026-07-01", 18_000_000))
    lines = [(day, {"import_t1": wh}) for day, wh in points]
    made = make("2025-07-01", "2026-07-01", text, line(*lines))
    above = 9000 - F(10_000 * 184, 365)
    tax = 9000 * (F("0.10154") + F("0.09161")) - above * (F("0.10154") - F("0.06937"))
    assert made.exact == tax * F("1.21")
    assert found(made, "bracket", "2025").end_day == date(2026, 1, 1)
    assert any("2026's isn't in our table" in note for note in made.notes)


def test_all_in_prices_are_taken_apart_once(make: Make) -> None:
    """The bare price stays when the tax changes.

    0.30 with VAT and the tax of 2025: 0.30/1.21 - 0.10154 bare. 61 kWh in 2025, 59 in 2026: 120
    bare, and 61 x 0.10154 + 59 x 0.09161 of tax.
    """
    text = f"{BARE_HOME}[[contract]]\nfrom = 2025-11-01\nvat = true\ntax = true\n"
    text += "[contract.electricity]\nprice = 0.30\n"
    made = make(
        "2025-11-01", "2026-03-01", text,
        line(("2025-11-01", {}), ("2026-03-01", {"import_t1": 120_000})),
    )  # fmt: skip
    bare = F("0.30") / F("1.21") - F("0.10154")
    tax = 61 * F("0.10154") + 59 * F("0.09161")
    assert made.exact == (120 * bare + tax) * F("1.21")


def test_export_of_a_short_year_is_made_a_years(make: Make) -> None:
    """200 kWh in 90 days are 811 a year: the band from 500 kWh, three months of it.

    3 x 9.68 / 1.21 = 24 without VAT. What else there is, is netted to nothing: 200 in, 200 out.
    """
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-01-01\nlast_day = 2026-03-31\nvat = true\n"
    text += "[contract.electricity]\nprice = 0.242\n"
    text += "feed_in_cost_bands = [[0, 0], [500, 9.68], [1000, 20]]\n"
    totals = {"import_t1": 200_000, "export_t1": 200_000}
    made = make("2026-01-01", "2026-04-01", text, line(("2026-01-01", {}), ("2026-04-01", totals)))
    assert made.exact == F("29.04")
    cost = found(made, "feed_in_cost", "from 500 kWh")
    assert cost.key.assumed == "export of 90 days made a year's"


def test_netting_never_reaches_into_the_next_contract(make: Make) -> None:
    """A sunny contract, then a dark one.

    First 100 in, 400 out: 300 earn 0.05. Then 300 in: 300 x (0.2 + 0.09161) x 1.21 = 105.85443.
    """
    terms = "vat = false\n[contract.electricity]\nprice = 0.2\nfeed_in = 0.05\n"
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-05-01\n{terms}[[contract]]\nfrom = 2026-09-01\n"
    text += terms
    sunny = {"import_t1": 100_000, "export_t1": 400_000}
    points = (
        ("2026-05-01", {}),
        ("2026-09-01", sunny),
        ("2026-10-01", sunny | {"import_t1": 400_000}),
    )
    made = make("2026-05-01", "2026-10-01", text, line(*points))
    assert made.exact == F("105.85443") - 15


def test_between_two_meters_nothing_is_counted(database: Path) -> None:
    """An old meter until noon of the 3rd, a new one from noon of the 6th: two whole days between.

    10 + 20 kWh x 0.25; standing 0.30 a day for 10 - 2 days; no tax, as of another country.
    """

    def counted(meter: str, first: str, days: F, wh: int) -> None:
        begin = at(first)
        for number in range(int(days * 48) + 1):
            counter = 1000 + int(wh * number / (days * 48))
            store(database, (begin + 1800 * number, reading({"import_t1_wh": counter}, meter)))

    counted("old", instant("2026-06-01"), F(5, 2), 10_000)
    counted("new", instant("2026-06-06", 12), F(9, 2), 20_000)
    text = '[home]\ncountry = "DE"\n[[contract]]\nfrom = 2026-06-01\nvat = true\n'
    text += "[contract.electricity]\nprice = 0.25\nstanding = { day = 0.30 }\n"
    contracts = contracts_file.parse(text, "contracts.toml")
    ends = at(instant("2026-06-01")), at(instant("2026-06-11"))
    made = bill.of(Snapshot(Reader(str(database))), contracts, *ends, ZONE, LATER)
    assert made.exact == F("7.5") + 8 * F("0.30")
    assert made.partial
    assert "nothing was read from 2026-06-04 to 2026-06-05" in made.notes


def test_prices_of_two_registers_and_a_meter_of_one(database: Path) -> None:
    """What has no price makes no total, and the bill says what helps."""
    begin = at(instant("2026-06-01"))
    for number in range(49):
        store(database, (begin + 1800 * number, reading({"import_wh": 1000 + 10 * number})))
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-06-01\nvat = true\n[contract.electricity]\n"
    contracts = contracts_file.parse(f"{text}price = {{ normal = 0.3, low = 0.2 }}\n", "c.toml")
    ends = begin, at(instant("2026-06-02"))
    made = bill.of(Snapshot(Reader(str(database))), contracts, *ends, ZONE, LATER)
    assert made.total_cents is None
    assert "the meter counts no two registers apart: type one price, or bands" in made.notes


def test_advance_is_due_on_the_day_of_the_contract(make: Make) -> None:
    """From the 31st on: on the last day of shorter months; what it is on its day counts."""
    text = f"{BARE_HOME}[[contract]]\nfrom = 2026-01-31\nvat = true\nadvance = 50\n"
    text += "[contract.electricity]\nprice = 0.2\n[[contract.change]]\nfrom = 2026-04-01\n"
    text += "advance = 60\n"
    made = make(
        "2026-01-31", "2026-05-31", text,
        line(("2026-01-31", {}), ("2026-05-31", {"import_t1": 1000})),
    )  # fmt: skip
    assert made.advance is not None  # 31 January, 28 February, 31 March; 30 April
    assert (made.advance.payments, made.advance.paid) == (4, 3 * 50 + 60)
    assert timedelta(days=120) == made.lines[0].end_day - made.lines[0].first_day
