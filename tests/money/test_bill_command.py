"""`slimmemeter bill` and `slimmemeter contract check`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.golden import FOLDER, case
from support.programs import Run


@pytest.fixture
def house(tmp_path: Path, database: Path) -> Path:
    """A whole bill's house: the file of contracts is beside the database."""
    made = case("16-whole-bill-bands-advance", tmp_path)
    made.database.rename(database)
    contracts = tmp_path / "contracts.toml"
    contracts.write_text((made.folder / "contracts.toml").read_text())
    return contracts


def test_bill_is_printed_as_a_supplier_prints_it(run: Run, house: Path) -> None:
    """Line by line, with the total, what was paid, and what is left."""
    lines = run("bill", "month/2026-02").stdout.splitlines()
    table = {" ".join(line.split()[:-1]): line.split()[-1] for line in lines if line}
    assert table["Total"] == "146.03"
    assert table["Paid in advance, × 1"] == "-140.00"
    assert table["To pay"] == "6.03"
    standing = "Standing charge 2026-02-01 2026-02-28 28.000 days 8.000000 €/month 21 %"
    assert table[standing.replace("28.000", "28")] == "9.68"
    assert any(line.startswith("provisional: the contract year is settled on") for line in lines)


def test_bill_of_a_contract_year_has_a_name(run: Run, house: Path) -> None:
    """Whichever of its days is named."""
    bill = json.loads(run("bill", "contract/2026-07-15", "--json").stdout)
    assert (bill["period"], bill["total"]) == ("contract/2026-01-01", 1868.56)
    expected = json.loads((FOLDER / "16-whole-bill-bands-advance/expected.json").read_text())
    assert bill["lines"] == expected["bills"][0]["lines"]
    assert bill["advance"] == {"payments": 12, "paid": 1680.0, "to_pay": 188.56}


@pytest.mark.parametrize("period", ["month/2026-13", "contract/x", "contract/3020-01-01", "week"])
def test_period_that_there_is_not_is_refused(run: Run, house: Path, period: str) -> None:
    """With what a period looks like."""
    done = run("bill", period)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"slimmemeter: there is no {period}: a period is such as")


def test_day_before_the_first_contract_is_refused(run: Run, house: Path) -> None:
    """With the day on which that begins."""
    done = run("bill", "contract/2020-01-01")
    assert (done.returncode, done.stdout) == (2, "")
    sentence = "slimmemeter: no contract has that day: the first one begins on 2026-01-01\n"
    assert done.stderr == sentence


def test_time_without_contract_has_no_lines(run: Run, house: Path) -> None:
    """A sentence, and no table."""
    done = run("bill", "month/2025-06")
    assert done.returncode == 0
    assert "excl. VAT" not in done.stdout
    assert "no contract from 2025-06-01 to 2025-06-30" in done.stdout


def test_check_without_a_file_says_how_to_write_one(run: Run, house: Path) -> None:
    """It isn't called well."""
    house.unlink()
    done = run("contract", "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no contract in" in done.stderr


def test_without_contract_a_bill_says_how_to_write_one(run: Run, house: Path) -> None:
    """Also with an empty file."""
    house.write_text("")
    done = run("bill", "year/2026")
    assert done.returncode == 2
    assert "there is no contract in" in done.stderr
    assert "`slimmemeter contract`" in done.stderr


def test_a_mistake_is_a_sentence(run: Run, house: Path) -> None:
    """Both commands name the file and the line."""
    house.write_text("[[contract]]\nfrom = 2026-01-01\n")
    for command in (("bill", "year/2026"), ("contract", "check")):
        done = run(*command)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"slimmemeter: {house}, line 1: vat is missing")


def test_check_tells_what_was_understood(run: Run, house: Path) -> None:
    """The typed price, the bare one, and the one with everything."""
    printed = run("contract", "check").stdout
    assert "€ 0.242 a kWh: bare € 0.200000, with tax and VAT € 0.352848" in printed
    assert "Contract one year fixed, with gas\n" in printed
    assert "warning: " in printed


def test_another_file_of_contracts(run: Run, house: Path, tmp_path: Path) -> None:
    """A setting names it."""
    house.rename(tmp_path / "mine.toml")
    assert run("bill", "year/2026").returncode == 2
    done = run("bill", "month/2026-02", SLIMMEMETER_CONTRACTS=str(tmp_path / "mine.toml"))
    assert done.returncode == 0
