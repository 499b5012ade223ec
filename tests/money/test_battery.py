"""What a battery would have done, step by step, and what it saves."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimmemeter.money.billing import bill
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.output import records
from slimmemeter.money.output.printed import decimal
from slimmemeter.money.usage.quantities import House
from slimmemeter.money.what_if import battery
from slimmemeter.money.what_if.battery import BY_PRICE, GREEDY, Battery, Steps
from slimmemeter.money.what_if.with_battery import WithBattery, results
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.counter_curves import at, fill, lately, market_price
from support.golden import LATER, Case, case
from support.programs import Run

BEGIN, END = at("2026-01-01T00:00:00+01:00"), at("2027-01-01T00:00:00+01:00")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MARKUP_AND_TAX = 1029587  # of which 10,000 make one € a MWh
SAYS = (
    *("charged", "charged_grid", "discharged", "imported", "exported"),
    *("imported_after", "exported_after", "idle", "full_steps", "left_mwh"),
)
CONTRACT = """
[home]
grid = "none"
[[contract]]
from = 2026-01-01
vat = false
[contract.electricity]
price = 0.1214
feed_in = 0.0244
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case("30-battery", tmp_path_factory.mktemp("battery"))


@pytest.fixture(scope="module")
def steps(found: Case) -> Steps:
    return battery.steps_of(House(found.house), BEGIN, END, found.zone)


def test_batteries_do_what_the_case_says(found: Case, steps: Steps) -> None:
    """Of four sizes and both policies: each watt-hour."""
    prices = [market_price(n) * 100 + MARKUP_AND_TAX for n in range(BEGIN // 900, END // 900)]
    for expected in found.json("expected.json"):
        one = Battery(Fraction(expected["kwh"]))
        run = battery.run(one, steps, prices if expected["policy"] == BY_PRICE else None)
        made = {
            "charged": sum(run.taken) - run.bought,
            "charged_grid": run.bought,
            "discharged": sum(run.given),
            "imported": sum(steps.imported),
            "exported": sum(steps.exported),
            "imported_after": sum(steps.imported) + run.bought - sum(run.given),
            "exported_after": sum(steps.exported) - sum(run.taken) + run.bought,
            "idle": run.idle,
            "full_steps": run.full_steps,
            "left_mwh": run.left_mwh,
        }
        assert made == {key: expected[key] for key in SAYS}, expected


def test_savings_are_those_of_two_bills(found: Case) -> None:
    """What the case says, as the bill of 2027 of the house with and without it."""
    contracts = contracts_file.parse(CONTRACT, "contracts.toml")
    books = bill.books_of(found.house, contracts, found.zone, LATER)
    (own,) = contracts.contracts
    sizes = [Battery(Fraction(kwh)) for kwh in (2, 15)]
    made = [records.battery(each) for each in results(books, own, BEGIN, END, own.first_day, sizes)]
    expected = {
        each["kwh"]: each for each in found.json("expected.json") if each["policy"] == GREEDY
    }
    for each in made:
        assert each["saves_fixed_2027_eur"] == expected[each["kwh"]]["saves_fixed_2027_eur"]
        assert each["saves_now_eur"] < 0  # while netting lasts, it only loses


def one_day(nets: list[int]) -> Steps:
    """Steps of one day with these nets."""
    imported, exported = [max(net, 0) for net in nets], [max(-net, 0) for net in nets]
    registers = {("import", 1): imported, ("export", 1): exported}
    gaps = [False] * len(nets)
    return Steps(BEGIN, registers, imported, exported, gaps, [range(len(nets))])


@given(st.lists(st.integers(-900, 900), min_size=1, max_size=200), st.integers(1, 20))
def test_no_energy_comes_from_nowhere(nets: list[int], kwh: int) -> None:
    """What is given was taken, less the loss; nothing goes to the grid that didn't before."""
    one = Battery(Fraction(kwh))
    run = battery.run(one, one_day(nets))
    assert sum(run.taken) * one.efficiency == sum(run.given) * 1000 + run.left_mwh
    assert 0 <= run.left_mwh <= one.full_mwh - one.empty_mwh
    for net, taken, given_wh in zip(nets, run.taken, run.given, strict=True):
        assert taken <= max(-net, 0)
        assert given_wh <= max(net, 0)


def test_gap_is_idle(found: Case) -> None:
    """Nothing is known of what happened in it."""
    steps = one_day([-600] * 6 + [600] * 6)
    gap = [True] * 6 + [False] * 6
    run = battery.run(Battery(Fraction(5)), Steps(
        steps.begin, steps.registers, steps.imported, steps.exported, gap, steps.days
    ))  # fmt: skip
    assert (run.idle, sum(run.taken), sum(run.given)) == (6, 0, 0)


def test_counters_with_a_battery_keep_their_registers(found: Case, steps: Steps) -> None:
    """The sum of all registers is what the run says, whatever the borders are."""
    run = battery.run(Battery(Fraction(5)), steps)
    source = WithBattery(House(found.house), steps, run)
    for instants in ([BEGIN, END], [*range(BEGIN, END, 86400 * 5), END]):
        counted = source.counted("electricity", instants)
        assert sum(counted.of("import")) == sum(steps.imported) - sum(run.given)
        assert sum(counted.of("export")) == sum(steps.exported) - sum(run.taken)


def test_command_prints_and_keeps_the_result(run: Run, database: Path, tmp_path: Path) -> None:
    """A table for a person, JSON for the pages; silent for cron. From the first whole day on."""
    spec = lately(4)
    fill(database, spec, 300)
    contracts = tmp_path / "contracts.toml"
    contracts.write_text(CONTRACT)
    done = run("battery", "--kwh", "5")
    assert (done.returncode, done.stderr) == (0, "")
    source = House(Snapshot(Reader(str(database))))
    steps = battery.steps_of(source, at(spec["begin"]), at(spec["end"]), AMSTERDAM)
    made = battery.run(Battery(Fraction(5)), steps)
    after_wh = sum(steps.imported) - sum(made.given)
    kept = Path(f"{database}.battery.json")
    (result,) = json.loads(kept.read_text())["results"]
    assert (result["kwh"], result["imported_after"]) == (5, after_wh)
    assert f"5 stores surplus {decimal(Fraction(after_wh, 1000), 0)} kWh" in " ".join(
        done.stdout.split()
    )
    kept.unlink()
    assert run("battery", "--if-due", "--kwh", "5").stdout == ""
    assert kept.exists()
    contracts.unlink()
    assert run("battery", "--if-due").returncode == 0
    assert "there is no contract of electricity today" in run("battery").stderr


@pytest.mark.parametrize("flags", [("--kwh", "five"), ("--kw", "0"), ("--reserve", "100")])
def test_a_wrong_flag_is_a_sentence(run: Run, flags: tuple[str, str]) -> None:
    """With what it must be."""
    done = run("battery", *flags)
    assert done.returncode == 2
    assert done.stderr.startswith(f"slimmemeter: {flags[0]} is ")
