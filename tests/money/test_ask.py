"""`slimmemeter contract` with a bill in hand: questions, answers, and the file that they make."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slimmemeter.money.contract import contracts_file
from slimmemeter.money.contract.contracts import Contracts, Spot
from support.counter_curves import fill, lately
from support.programs import SLIMMEMETER, Done

Ask = Callable[..., Done]
DUTCH = ("NL", "Stedin", "Vast", "1-3-2026", "y", "", "1", "0,1694", "y", "0,07", "", "7,26",
         "0.605", "7.26", "1,0238", "165")  # fmt: skip
FLEMISH = ("BE", "Flanders", "Imewo", "Vast", "2026-01-01", "y", "2", "0.1325 0.1166", "y",
           "0.0432", "", "5.42", "0.01582", "", "95")  # fmt: skip
DYNAMIC = ("nl", "liander", "Dyn", "2025-11-01", "yes", "no", "4", "quarter", "0.018", "yes",
           "-0.018", "", "6.99", "", "")  # fmt: skip
CLOCK = ("NL", "none", "Klok", "2026-02-01", "y", "y", "3", "noon 0.2109; other 0.2851",
         "noon 12-16; other rest", "n", "7.50", "", "")  # fmt: skip


@pytest.fixture
def ask(database: Path, tmp_path: Path) -> Ask:
    """Answers the questions, one after the other."""

    def asked(*answers: str, agreed: str = "y") -> Done:
        return subprocess.run(
            [*SLIMMEMETER, "contract"],
            capture_output=True,
            check=False,
            env={"HOME": str(tmp_path), "SLIMMEMETER_DB": str(database)},
            input="".join(f"{answer}\n" for answer in (*answers, agreed)),
            text=True,
            timeout=60,
        )

    return asked


def written(tmp_path: Path) -> Contracts:
    return contracts_file.read(str(tmp_path / "contracts.toml"))


def test_a_dutch_bill_in_hand(ask: Ask, tmp_path: Path) -> None:
    """One price, gas, panels; numbers and dates as they stand on Dutch papers."""
    done = ask(*DUTCH)
    assert (done.returncode, done.stderr) == (0, "")
    contracts = written(tmp_path)
    (contract,) = contracts.contracts
    (terms,) = contract.terms
    assert (contract.name, f"{contract.first_day}") == ("Vast", "2026-03-01")
    assert terms.electricity is not None
    assert terms.gas is not None
    assert f"{terms.electricity.price['single']}" == "0.1694"
    assert (f"{terms.gas.correction}", f"{terms.advance}") == ("1.0238", "165")
    assert (contracts.home.grid, terms.vat, terms.tax) == ("Stedin", True, False)


def test_a_flemish_card(ask: Ask, tmp_path: Path) -> None:
    """Day and night, green certificates, the area of the grid."""
    assert ask(*FLEMISH).returncode == 0
    contracts = written(tmp_path)
    about = contracts.contracts[0].terms[0].electricity
    assert about is not None
    assert {name: f"{each}" for name, each in about.price.items()} == {
        "day": "0.1325", "night": "0.1166",
    }  # fmt: skip
    assert (f"{about.green}", contracts.home.grid) == ("0.01582", "Imewo")


def test_a_dynamic_contract(ask: Ask, tmp_path: Path) -> None:
    """Its markups; export earns the market's price."""
    assert ask(*DYNAMIC).returncode == 0
    about = written(tmp_path).contracts[0].terms[0].electricity
    assert about is not None
    assert about.dynamic is not None
    assert isinstance(about.feed_in, Spot)
    assert (about.dynamic.slot, f"{about.dynamic.markup}", f"{about.feed_in.markup}") == (
        "quarter", "0.018", "-0.018",
    )  # fmt: skip


def test_prices_by_the_clock(ask: Ask, tmp_path: Path) -> None:
    """Names of one's own, and their times."""
    assert ask(*CLOCK).returncode == 0
    about = written(tmp_path).contracts[0].terms[0].electricity
    assert about is not None
    assert about.bands is not None
    assert about.bands.names == {"noon", "other"}


def test_a_wrong_answer_is_asked_again(ask: Ask, tmp_path: Path) -> None:
    """With what is expected."""
    answers = list(DUTCH)
    answers[7:7] = ["24,2", "dear", ""]
    answers[3:3] = ["soon"]
    done = ask(*answers)
    assert done.returncode == 0
    for sentence in (
        "a date is expected, such as 2026-03-01",
        "€ per kWh is expected; did you mean 0.242?",
        "a number is expected, such as 0.1694",
        "this one is needed",
    ):
        assert f"  {sentence}\n" in done.stdout
    assert len(written(tmp_path).contracts) == 1


@pytest.mark.parametrize("typed", ["0,1325 / 0,1166", "0.1325; 0.1166", "€ 0,1325 en € 0,1166"])
def test_two_prices_are_separated_by_anything(ask: Ask, tmp_path: Path, typed: str) -> None:
    """As people write them."""
    assert ask(*(typed if each == "0.1325 0.1166" else each for each in FLEMISH)).returncode == 0
    about = written(tmp_path).contracts[0].terms[0].electricity
    assert about is not None
    assert [f"{each}" for each in about.price.values()] == ["0.1325", "0.1166"]


def test_price_below_zero_is_asked_again(ask: Ask) -> None:
    """Whatever separates the two."""
    at = FLEMISH.index("0.1325 0.1166")
    done = ask(*FLEMISH[:at], "-0.1325 0.1166", *FLEMISH[at:])
    assert done.returncode == 0
    assert "  € per kWh is expected, not below zero\n" in done.stdout


def test_owners_of_the_cable_are_listed(ask: Ask, tmp_path: Path) -> None:
    """By name or by number."""
    done = ask("NL", "5", *DUTCH[2:])
    assert "operator of the grid (netbeheerder): Coteq (1), Enexis (2), Liander (3)" in done.stdout
    assert written(tmp_path).home.grid == "Stedin"


def test_the_bill_of_last_year_is_shown(ask: Ask, database: Path) -> None:
    """By the contract that was typed, if there are readings."""
    fill(database, lately(3), 1800)
    done = ask(*DUTCH)
    assert "What it would have cost, " in done.stdout
    assert "Supply  " in done.stdout


def test_another_contract_is_added_to_the_file(ask: Ask, tmp_path: Path) -> None:
    """What was there stays as it is, comments too; the home isn't asked again."""
    file = tmp_path / "contracts.toml"
    ask(*DUTCH)
    before = f"# mine\n{file.read_text()}"
    file.write_text(before)
    done = ask("Next", "2026-03-01", "2027-03-01", *DUTCH[4:])
    assert "  a contract from 2026-03-01 is in the file already\n" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_text().startswith(before)
    assert [each.name for each in written(tmp_path).contracts] == ["Vast", "Next"]


def test_nothing_is_written_unless_a_person_agrees(ask: Ask, tmp_path: Path) -> None:
    """Nor when the answers end too early, or a mistake is in the file."""
    assert ask(*DUTCH, agreed="n").returncode == 2
    done = ask(*DUTCH[:5], agreed="")
    assert (done.returncode, "cancelled: nothing was written" in done.stderr) == (2, True)
    assert not (tmp_path / "contracts.toml").exists()
    (tmp_path / "contracts.toml").write_text("[[contract]]\n")
    assert "from is missing" in ask(*DUTCH).stderr
    assert (tmp_path / "contracts.toml").read_text() == "[[contract]]\n"
