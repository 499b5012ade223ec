"""The pages with money: what a household with a contract sees, and what one without."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from slimmemeter import clock
from support.contracts import CONTRACT, DYNAMIC, with_contract
from support.pages import client_of, words
from support.programs import Run
from support.readings import DAY, HOUR, MONDAY


@pytest.fixture
def database(house_database: Path, tmp_path: Path) -> Path:
    """A house with a contract."""
    return with_contract(house_database, tmp_path)


@pytest.fixture
def priced(database: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The pages of that house."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 2 * DAY + 12 * HOUR)
    return client_of(database)


def test_pages_have_the_cost_beside_the_energy(priced: FlaskClient) -> None:
    """Overview and periods have a cost; the table has a column, and its sum is the bill's."""
    assert re.search(r"Cost € \d+\.\d\d provisional", words(priced.get("/")))
    page = words(priced.get("/day/2026-10-26"))
    (total,) = re.findall(r"Cost € (\d+\.\d\d) provisional", page)
    bill = words(priced.get("/day/2026-10-26/bill"))
    assert re.search(rf"Total of which VAT: € \d+\.\d\d ?€ {total}", bill)
    assert "Cost €" in page.partition("Total")[0]
    assert 'href="/day/2026-10-26/bill"' in priced.get("/day/2026-10-26").text
    costs = priced.get("/day/2026-10-26/costs.json").json
    assert costs is not None
    assert f"{costs['totals']['cost_eur']:.2f}" == total
    assert f"{costs['bill']['total']:.2f}" == total
    assert sum(costs["columns"]["cost_eur"]) == pytest.approx(costs["bill"]["exact"], abs=1e-4)


def test_costs_are_a_table_in_three_forms(priced: FlaskClient) -> None:
    """JSON, CSV and picture; the parts add up to the cost."""
    costs = priced.get("/month/2026-10/costs.json").json
    assert costs is not None
    lines = list(csv.reader(io.StringIO(priced.get("/month/2026-10/costs.csv").text)))
    assert set(lines[0][2:9]) == set(costs["columns"])
    for place, line in enumerate(lines[1:]):
        parts = [float(cell or 0) for cell in line[2:8]]
        assert sum(parts) == pytest.approx(float(line[8] or 0), abs=1e-5), place
    picture = priced.get("/month/2026-10/costs.png?scale=2&title=no")
    assert Image.open(io.BytesIO(picture.data)).size == (2200, 720)


@pytest.mark.parametrize("table", ["month/2026-10/costs", "day/2026-10-26/electricity"])
def test_export_has_the_costs_of_the_pages(
    priced: FlaskClient, database: Path, run: Run, table: str
) -> None:
    """`slimmemeter export` of the table itself, and of energy with its cost."""
    made = run("export", table, SLIMMEMETER_DB=str(database))
    head, first = (made.stdout.splitlines()[place] for place in (0, 1))
    page = priced.get(f"/{table}.csv").text.splitlines()
    assert (head, first) == (page[0], page[1])
    assert "cost_eur" in head
    assert run("export", "--json", table, SLIMMEMETER_DB=str(database)).returncode == 0


def test_cost_tells_since_when_there_is_a_contract(database: Path) -> None:
    """A cost that is known for a part of a period only says which part."""
    file = database.parent / "contracts.toml"
    file.write_text(CONTRACT.replace("from = 2026-03-01", "from = 2026-10-24"))
    page = words(client_of(database).get("/month/2026-10"))
    assert "provisional, since 24 Oct 2026" in page


def test_energies_have_their_own_cost_beside_them(priced: FlaskClient) -> None:
    """Electricity and gas each have a cost in CSV and JSON; together they are the house's."""
    month = "/month/2026-10"
    costs = priced.get(f"{month}/costs.json").json
    assert costs is not None
    tables = [priced.get(f"{month}/{energy}.json").json for energy in ("electricity", "gas")]
    assert [table["table"] for table in tables if table] == ["electricity", "gas"]
    parts = [table["totals"]["cost_eur"] for table in tables if table]
    assert all(parts)
    assert sum(parts) == pytest.approx(costs["totals"]["cost_eur"], abs=2e-6)
    by_day = zip(*(table["columns"]["cost_eur"] for table in tables if table), strict=True)
    for each, whole in zip(by_day, costs["columns"]["cost_eur"], strict=True):
        assert sum(part or 0 for part in each) == pytest.approx(whole or 0, abs=2e-6)
    (head, *_) = csv.reader(io.StringIO(priced.get(f"{month}/gas.csv?by=hour").text))
    assert head[2:4] == ["gas_m3", "cost_eur"]
    head = priced.get(f"{month}/gas.csv?money=no").text.partition("\n")[0]
    assert "cost" not in head


def test_contract_year_has_its_bill_open(priced: FlaskClient) -> None:
    """Any day of it leads there; the bill has every line, what was paid, and what isn't settled."""
    answer = priced.get("/contract/2026-10-26")
    page = words(answer)
    assert "Contract year 1 Mar 2026 – 28 Feb 2027" in page
    for line in ("Supply", "Energy tax", "Rebate on energy tax", "Paid in advance (8 ×)"):
        assert line in page
    assert "Provisional: the contract year is settled on 1 January 2027" in page
    assert "So far: this time is not over." in page
    bill = priced.get("/contract/2026-10-26/costs.json").json
    assert bill is not None
    assert bill["period"] == "contract/2026-03-01"
    assert priced.get("/contract/2020-01-01").status_code == 404
    assert priced.get("/contract/tomorrow").status_code == 404


def test_guests_see_no_money(priced: FlaskClient) -> None:
    """`?money=no` hides every amount, and is remembered until `?money=yes`."""
    assert "€" not in priced.get("/?money=no").text
    page = priced.get("/month/2026-10").text
    assert "€" not in page
    assert "costs.png" not in page
    assert priced.get("/month/2026-10/costs.json").status_code == 404
    assert "€" in priced.get("/month/2026-10?money=yes").text


def test_without_a_contract_one_line_tells_how_to_enter_one(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else pages are as before."""
    (database.parent / "contracts.toml").unlink()
    client = client_of(database)
    assert "slimmemeter contract" in words(client.get("/"))
    page = client.get("/month/2026-10").text
    assert "€" not in page
    assert client.get("/month/2026-10/costs.json").status_code == 404
    assert client.get("/contract/2026-10-26").status_code == 404


def test_mistake_in_the_file_is_named_and_nothing_else_fails(database: Path) -> None:
    """The overview has its sentence; the pages show energy alone, until it is mended."""
    file = database.parent / "contracts.toml"
    file.write_text(CONTRACT.replace("price = 0.25", "pricee = 0.25"))
    client = client_of(database)
    page = client.get("/")
    assert "pricee" in page.text
    assert "did you mean price?" in page.text
    assert client.get("/month/2026-10").status_code == 200
    for path in (
        "month/2026-10/bill",
        "contract/2026-10-26",
        "2027",
        "offers",
        "battery",
        "prices",
    ):
        answer = client.get(f"/{path}")
        assert (answer.status_code, "did you mean price?" in answer.text) == (404, True), path
    file.write_text(CONTRACT)
    again = client.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 200
    assert "pricee" not in again.text


def test_next_kwh_and_today_are_in_now_json(priced: FlaskClient) -> None:
    """What the next kWh costs is price, tax and VAT; while it is netted, it brings the same."""
    now = priced.get("/now.json").json
    assert now is not None
    assert now["price_eur_kwh"] == pytest.approx(0.25 + 0.09161 * 1.21, abs=1e-6)
    assert now["feed_in_eur_kwh"] == now["price_eur_kwh"]
    day = priced.get("/day/2026-10-28/costs.json").json
    assert day is not None
    assert now["cost_today_eur"] == pytest.approx(day["totals"]["cost_eur"], abs=0.006)


def test_end_of_netting(priced: FlaskClient) -> None:
    """Both totals and their difference, as in the JSON; the registers come with the new year."""
    found = priced.get("/2027.json").json
    assert found is not None
    page = words(priced.get("/2027"))
    for name in ("with_netting_2026", "without_rules_of_2027"):
        assert f"€ {found[name]:.2f}" in page
    assert found["difference"] == pytest.approx(
        found["without_rules_of_2027"] - found["with_netting_2026"], abs=0.011
    )
    assert "Until then nothing needs to be written down" in page
    assert found["registers_at_2027_01_01_wh"] == {}


def test_offers_are_from_the_cheapest_to_the_dearest(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract that there is stands among them; without offers a sentence tells how."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 2 * DAY + 12 * HOUR)
    client = client_of(database)
    assert "There is no offer in contracts.toml yet" in words(client.get("/offers"))
    offers = [
        f'[[offer]]\nname = "{name}"\nvat = true\n[offer.electricity]\nprice = {price}\n'
        "feed_in = 0.05\n[offer.gas]\nprice = 0.80\n"
        for name, price in (("dear", 0.9), ("cheap", 0.05))
    ]
    (database.parent / "contracts.toml").write_text(CONTRACT + "".join(offers))
    found = client.get("/offers.json").json
    assert found is not None
    assert [each["name"] for each in found["offers"]] == ["cheap", "Fixed", "dear"]
    page = words(client.get("/offers"))
    assert page.index("cheap") < page.index("Fixed (yours)") < page.index("dear")


def test_battery_is_as_the_command_found_it(
    database: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it ran, the page tells how; then it has a row for each size."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 2 * DAY + 12 * HOUR)
    client = client_of(database)
    assert "slimmemeter battery" in words(client.get("/battery"))
    assert client.get("/battery.json").status_code == 404
    (database.parent / "contracts.toml").write_text(CONTRACT)
    assert run("battery", SLIMMEMETER_DB=str(database)).returncode == 0
    page = words(client.get("/battery"))
    found = client.get("/battery.json").json
    assert found is not None
    for each in found["results"]:
        assert f"{each['kwh']} kWh" in page
        assert f"€ {each['saves_fixed_2027_eur']:.2f}" in page


def test_prices_of_a_dynamic_contract(
    database: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today's all in, with VAT and tax, and the mean that was paid; tomorrow's when known."""
    day = MONDAY + 2 * DAY
    monkeypatch.setattr(clock, "now", lambda: day + 24 * HOUR - 300)
    client = client_of(database)
    assert client.get("/prices").status_code == 404
    (database.parent / "contracts.toml").write_text(DYNAMIC)
    hours = [datetime.fromtimestamp(day + n * HOUR, UTC) for n in range(24)]
    rows = [f"{hour:%Y-%m-%dT%H:%MZ},{100 + n}" for n, hour in enumerate(hours)]
    file = database.with_name("prices.csv")
    file.write_text("\n".join(["start,eur_per_mwh", *rows]))
    assert run("import", file, SLIMMEMETER_DB=str(database)).returncode == 0
    page = words(client.get("/prices"))
    assert "Not known: no prices of the market are fetched." in page
    fetching = client_of(database, SLIMMEMETER_PRICES="NL")
    page_of_fetching = words(fetching.get("/prices"))
    assert "Not known yet: the prices of tomorrow come in the afternoon." in page_of_fetching
    found = client.get("/day/2026-10-28/prices.json").json
    assert found is not None
    prices, used = (found["columns"][name] for name in ("price_eur", "import_kwh"))
    assert prices[4] == pytest.approx(0.02 + (0.101 + 0.09161) * 1.21, abs=1e-6)
    assert f"On average € {sum(prices) / len(prices):.3f} per kWh" in page
    pairs = [(price, kwh) for price, kwh in zip(prices, used, strict=True) if kwh]
    paid = sum(price * kwh for price, kwh in pairs) / sum(kwh for _, kwh in pairs)
    assert f"Paid: € {paid:.3f} per kWh on average." in page
    assert client.get("/day/2026-10-28/prices.png?scale=2").mimetype == "image/png"
    assert client.get("/day/2026-10-29/prices.csv").status_code == 200
    assert client.get("/day/2020-10-27/prices.json").status_code == 404
