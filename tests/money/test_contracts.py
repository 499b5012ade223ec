"""contracts.toml: what is understood, and the sentence for each mistake."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimmemeter.errors import UsageError
from slimmemeter.money.contract import bands, contracts_file
from slimmemeter.money.contract.contracts import Contracts, Spot
from support.paths import DOCS

HOME = '[home]\ncountry = "NL"\ngrid = "Liander"\n'
CONTRACT = "[[contract]]\nfrom = 2026-03-01\nvat = true\n"
DUTCH = HOME + CONTRACT
EXAMPLES = re.findall(r"```toml\n(.*?)```", (DOCS / "money.md").read_text(), re.DOTALL)
FLEMISH = '[home]\ncountry = "BE"\nregion = "Flanders"\n'
POWER = "[contract.electricity]\n"


def parse(text: str) -> Contracts:
    return contracts_file.parse(text, "contracts.toml")


def test_no_file_is_no_contract(tmp_path: Path) -> None:
    """Without a file, or with an empty one, there is no contract and no error."""
    assert not contracts_file.read(str(tmp_path / "contracts.toml")).contracts
    (tmp_path / "contracts.toml").write_text("")
    assert not contracts_file.read(str(tmp_path / "contracts.toml")).contracts


def test_a_change_goes_on_from_what_was_there() -> None:
    """A change has only what changes; everything else goes on."""
    text = f"{DUTCH}advance = 90\n{POWER}price = 0.17\nfeed_in = 0.05\n[[contract.change]]\n"
    text += "from = 2026-07-01\nelectricity.price = 0.18\n[[contract.change]]\n"
    text += "from = 2026-05-01\nadvance = 95\n"
    first, second, third = parse(text).contracts[0].terms
    assert [each.first_day.month for each in (first, second, third)] == [3, 5, 7]
    assert [each.advance for each in (first, second, third)] == [90, 95, 95]
    for each, price in ((first, "0.17"), (second, "0.17"), (third, "0.18")):
        assert each.electricity is not None
        assert each.electricity.price == {"single": Decimal(price)}
        assert each.electricity.feed_in == {"single": Decimal("0.05")}
    assert third.electricity is not None
    assert third.electricity.price_day == date(2026, 7, 1)


def test_a_change_to_dynamic_takes_the_place_of_the_price() -> None:
    """Nobody has to take out what no longer counts."""
    text = f"{DUTCH}{POWER}price = 0.17\n[[contract.change]]\nfrom = 2026-07-01\n"
    text += '[contract.change.electricity]\ndynamic = "hour"\nmarkup = 0.02\n'
    about = parse(text).contracts[0].terms[1].electricity
    assert about is not None
    assert not about.price
    assert about.dynamic == Spot("hour", Decimal("0.02"))


def test_a_markup_of_export_alone_stands_for_the_market() -> None:
    """With a dynamic contract; with a fixed price it needs its word."""
    text = f'{DUTCH}{POWER}dynamic = "hour"\nfeed_in_markup = -0.02\n'
    about = parse(text).contracts[0].terms[0].electricity
    assert about is not None
    assert about.feed_in == Spot("hour", Decimal("-0.02"))
    about = parse(f"{text}feed_in = 0.05\n").contracts[0].terms[0].electricity
    assert about is not None
    assert about.feed_in == {"single": Decimal("0.05")}  # once netting has ended
    assert about.credit == Spot("hour", Decimal("-0.02"))
    with pytest.raises(UsageError, match='feed_in_markup without feed_in = "spot"'):
        parse(f"{DUTCH}{POWER}price = 0.2\nfeed_in_markup = -0.02\n")


def test_contracts_come_in_order_of_time() -> None:
    """Whatever their order in the file is."""
    later = CONTRACT.replace("2026", "2027")
    assert [each.first_day.year for each in parse(HOME + later + CONTRACT).contracts] == [
        2026,
        2027,
    ]


MISTAKES = {
    HOME + CONTRACT.replace("vat = true\n", ""): "line 4: vat is missing: do the prices of this"
    " contract include VAT? vat = true or vat = false",
    f"{DUTCH}{POWER}price = 24.2\n": "line 8: price = 24.2: € per kWh is expected;"
    " did you mean 0.242?",
    f'{DUTCH}{POWER}price = "0,242"\n': 'line 8: price = "0,242": a number with a point,'
    " without quotes",
    f"{DUTCH}{POWER}price = -0.1\n": "line 8: price = -0.1: € per kWh is expected, not below zero",
    f"{DUTCH}tax = true\n{POWER}price = 0.09\n": "line 9: tax = true, but 0.09 with VAT is less"
    " than the tax in it (0.1108)",
    f"{DUTCH}{POWER}price = {{ low = 0.1 }}\n": "line 8: low is given, normal is missing",
    f"{DUTCH}{POWER}price = {{ day = 0.1, night = 0.1 }}\n": "line 8: day/night is Belgian; in the"
    " Netherlands: normal, low",
    f'{DUTCH}{POWER}price = {{ a = 0.1 }}\nbands = {{ a = "mon 1-0, tue-sun 0-24" }}\n': "line 9:"
    " bands: nothing at Mon 00:00",
    f'{DUTCH}{POWER}price = {{ dal = 0.1, normal = 0.1 }}\nbands = {{ dal = "10-14",'
    ' normal = "12-10" }\n': 'line 9: bands: "dal" and "normal" both at Mon 12:00',
    f'{DUTCH}{POWER}price = {{ dal = 0.1 }}\nbands = {{ dal = "10-14", night = "rest" }}\n': "line"
    ' 8: bands and price have different names: "night" has no price',
    f'{DUTCH}{POWER}price = 0.2\ndynamic = "hour"\n': "line 9: price and dynamic: only one",
    f"{DUTCH}{POWER}price = 0.2\nmarkup = 0.1\n": "line 9: markup without dynamic",
    f'{DUTCH}{POWER}dynamic = "hour"\nformula = "spot"\n': 'line 9: formula = "spot": a × spot + b'
    ' is expected, e.g. "0.1039 x spot + 0.8702"',
    DUTCH.replace("2026-03-01", '"1-3-2026"'): 'line 5: from = "1-3-2026": a date is written'
    " 2026-03-01, without quotes",
    DUTCH + CONTRACT: "line 8: two contracts from 2026-03-01",
    f"{DUTCH}last_day = 2025-01-01\n": "line 7: last_day is before from",
    f"{DUTCH}{POWER}price = 0.2\n[[contract.change]]\nfrom = 2025-01-01\n": "line 10: change from"
    " 2025-01-01 is before its contract",
    DUTCH.replace("Liander", "Liandr"): 'line 3: grid = "Liandr": not in our table; did you mean'
    ' "Liander"? Known: Coteq, Enexis, Liander, Rendo, Stedin, Westland, none',
    f'{FLEMISH}grid = "Liander"\n': 'line 4: grid = "Liander": not in our table; known: Antwerpen,'
    " Halle-Vilvoorde, Imewo, Kempen, Limburg, Midden-Vlaanderen, West, Zenne-Dijle, none",
    f'{FLEMISH}grid = "imewo"\n': 'line 4: grid = "imewo": not in our table; did you mean "Imewo"?'
    " Known: Antwerpen, Halle-Vilvoorde, Imewo, Kempen, Limburg, Midden-Vlaanderen, West,"
    " Zenne-Dijle, none",
    f"{DUTCH}until = 2027-01-01\n": "line 7: until: not known; did you mean last_day?",
    f'{DUTCH}{POWER}price = 0.2\nnetting = "A"\n': 'line 9: netting = "A": one of'
    " register-then-rest, register-only, normal-first",
    f"{DUTCH}{POWER}price = 0.2\nfeed_in_cost = 0.1\nfeed_in_cost_bands = [[0, 0]]\n": "line 10:"
    " feed_in_cost and feed_in_cost_bands: only one",
    f"{DUTCH}{POWER}price = 0.2\nfeed_in_cost_bands = [[1, 0]]\n": "line 9: feed_in_cost_bands:"
    " bands of cost must rise and begin with 0, e.g. [[0, 0], [500, 5.05]]",
    f"{DUTCH}[contract.gas]\nprice = 0.6\ncorrection = 10238\n": "line 9: correction = 10238:"
    " about 0.9 to 1.1",
    f"{DUTCH}{POWER}pricee = 0.2\n": "line 8: pricee: not known; did you mean price?",
    f"{DUTCH}{POWER}standing = {{ month = 5 }}\n": "line 7: price is missing: € per unit, or"
    ' dynamic = "quarter"',
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.items(), ids=MISTAKES.values())
def test_a_mistake_is_named_with_its_line(text: str, sentence: str) -> None:
    """File, line, what is there and what is expected."""
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert str(refused.value) == f"contracts.toml, {sentence}"
    assert refused.value.exit_code == 2


def test_what_is_no_toml_is_named_with_its_line() -> None:
    """Also a decimal comma, which makes it no TOML at all."""
    with pytest.raises(UsageError, match=r"line 8.*write numbers as 0"):
        parse(f"{DUTCH}{POWER}price = 0,242\n")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """A picture, a folder."""
    (tmp_path / "contracts.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="UTF-8"):
        contracts_file.read(str(tmp_path / "contracts.toml"))
    with pytest.raises(UsageError, match="cannot read"):
        contracts_file.read(str(tmp_path))


def test_small_letters_are_a_country() -> None:
    """`nl` is the Netherlands."""
    assert parse(DUTCH.replace('"NL"', '"nl"')).home.country == "NL"


def test_missing_grid_costs_are_warned_of() -> None:
    """Where the tables have them."""
    without = parse(DUTCH.replace('grid = "Liander"\n', ""))
    first = "contracts.toml, line 1: no grid: grid costs count only where they are typed"
    assert without.warnings[0] == first


def test_slips_are_warned_of() -> None:
    """What may be meant is accepted, with a sentence."""
    text = f"{DUTCH}{POWER}price = 0.2\nfeed_in = 0.05\nfeed_in_cost = 0.06\n"
    assert parse(text).warnings == [
        "contracts.toml, line 4: no advance: nothing is said about paying back",
        "contracts.toml, line 9: feed_in 0.05 is less than half of the bare price (law from 2027)",
        "contracts.toml, line 10: feed_in_cost 0.06 is above feed_in 0.05: export costs money from"
        " 2027",
    ]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_documents_are_understood(example: str) -> None:
    """Each of docs/money.md, without a warning of a slip."""
    contracts = parse(example)
    assert contracts.contracts
    assert all("no advance" in each or "2027" in each for each in contracts.warnings)


@pytest.mark.parametrize(
    ("text", "monday_noon", "sunday_midnight"),
    [("mon-fri 7-23", "day", "rest"), ("6-12, 16-1", "rest", "day"), ("sun 0-24", "rest", "day")],
)
def test_bands_are_times_of_the_week(text: str, monday_noon: str, sunday_midnight: str) -> None:
    """Days and times, over midnight too; `rest` is all other."""
    week = bands.parse({"day": text, "rest": "rest"}).week
    assert (week[12 * 4], week[6 * 96]) == (monday_noon, sunday_midnight)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.decimals(),
        st.dates(),
        TEXTS,
    ),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3),
    max_leaves=5,
)


def toml(value: object) -> str:
    """A value in TOML, as far as it has such values."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = "".join(
            f"\\U{ord(each):08X}" for each in value if not 0xD800 <= ord(each) < 0xE000
        )
        return f'"{escaped}"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else "nan"
    return "0" if value is None else str(value)


KEYS = (
    *("home.country", "home.region", "home.grid", "home.connection", "home.vat_percent"),
    *("contract.from", "contract.vat", "contract.tax", "contract.advance", "contract.name"),
    *("contract.last_day", "contract.year_begins", "contract.electricity.price", "offer"),
    *("contract.electricity.bands", "contract.electricity.feed_in_cost_bands"),
    *("contract.electricity.formula", "contract.electricity.grid", "contract.gas.correction"),
    *("contract.electricity.feed_in", "contract.electricity.standing", "contract.change"),
)


@given(st.sampled_from(KEYS), VALUES)
def test_any_value_is_understood_or_refused(key: str, value: object) -> None:
    """Whatever stands behind a key: contracts, or our own error."""
    section, _, rest = key.partition(".")
    lines = {
        "home": {"country": '"NL"'},
        "contract": {
            "from": "2026-03-01",
            "vat": "true",
            "electricity.price": "0.2",
            "gas.price": "0.6",
        },
    }
    if rest:
        lines[section][rest] = toml(value)
    text = "" if rest else f"{key} = {toml(value)}\n"
    text += "".join(
        f"{head}\n" + "".join(f"{name} = {each}\n" for name, each in lines[name_].items())
        for name_, head in (("home", "[home]"), ("contract", "[[contract]]"))
    )
    try:
        contracts = parse(text)
    except UsageError as error:
        assert "contracts.toml" in str(error)
    else:
        assert len(contracts.contracts) == 1
