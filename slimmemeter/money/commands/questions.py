"""What `slimmemeter contract` asks: what stands on a bill, in its order and words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from slimmemeter.money.contract import bands, checks, tables
from slimmemeter.money.contract.contracts import (
    BELGIUM,
    BRUSSELS,
    FLANDERS,
    NETHERLANDS,
    NETTING,
    NO_GRID,
    WALLONIA,
    Home,
)

Key = tuple[str, str]  # section and key of contracts.toml
Answers = Mapping[Key, str]  # as TOML
Read = Callable[[str, Answers], str]  # an answer as TOML; ValueError says what is expected
ONE, REGISTERS, CLOCK, DYNAMIC = "one price", "two registers", "by the clock", "dynamic"
NAME = "[A-Za-z0-9_-]{1,40}"  # of a band
YES, NO = ("y", "yes", "j", "ja"), ("n", "no", "nee")
HOME, CONTRACT, ELECTRICITY, GAS = "home", "contract", "electricity", "gas"


@dataclass(frozen=True)
class Question:
    """A question, how its answer is read, and when it is asked."""

    key: Key
    words: str | Callable[[Answers], str]
    read: Read
    asked: Callable[[Answers], bool] = lambda _: True
    default: str | None = ""  # what an empty answer stands for; empty: left out; None: none


def number(check: checks.Check[Decimal]) -> Read:
    """Numbers that a check accepts, with a comma or a point."""

    def read(answer: str, _: Answers) -> str:
        try:
            value = Decimal(answer.replace(",", ".").replace("€", "").strip())
        except InvalidOperation:
            raise ValueError("a number is expected, such as 0.1694") from None
        return f"{check(value):f}"

    return read


def by_month(answer: str, answers: Answers) -> str:
    """An amount a month."""
    return f"{{ month = {number(checks.AMOUNT)(answer, answers)} }}"


def words(answer: str, _: Answers) -> str:
    return json.dumps(answer, ensure_ascii=False)


def yes_or_no(answer: str, _: Answers) -> str:
    if answer.lower() in YES:
        return "true"
    if answer.lower() in NO:
        return "false"
    raise ValueError("yes or no")


def day(answer: str, _: Answers) -> str:
    """A date as 2026-03-01, or as 1-3-2026 on Dutch papers."""
    dutch = re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})", answer)
    text = f"{dutch[3]}-{int(dutch[2]):02}-{int(dutch[1]):02}" if dutch else answer
    try:
        return f"{checks.day(date.fromisoformat(text))}"
    except ValueError:
        raise ValueError("a date is expected, such as 2026-03-01") from None


def choice(of: Callable[[Answers], Sequence[str]]) -> Read:
    """One of some words, or its number in their list."""

    def read(answer: str, answers: Answers) -> str:
        known = of(answers)
        if answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(known):
            return json.dumps(known[int(answer) - 1])
        near = [each for each in known if each.lower() == answer.lower()]
        if not near:
            raise ValueError(f"one of {', '.join(known)}")
        return json.dumps(near[0])

    return read


def _home(answers: Answers) -> Home:
    country, region = (
        json.loads(answers.get((HOME, key), "null")) for key in ("country", "region")
    )
    return Home(country or NETHERLANDS, region)


def operators(answers: Answers) -> list[str]:
    """Those of our table, and none."""
    return [*tables.operators(_home(answers)), NO_GRID]


def grid_words(answers: Answers) -> str:
    """The question for the owner of the cable, with the names to choose from."""
    names = ", ".join(f"{name} ({n})" for n, name in enumerate(operators(answers), 1))
    what = "your area" if _home(answers).is_flemish else "operator of the grid (netbeheerder)"
    return f"{what}: {names}"


def country(answer: str, _: Answers) -> str:
    if not re.fullmatch("[A-Za-z]{2}", answer):
        raise ValueError("two letters are expected: NL, BE, DE")
    return json.dumps(answer.upper())


def kind_of(answers: Answers) -> str:
    """Which kind of price electricity has; empty if there is none."""
    return str(json.loads(answers.get((ELECTRICITY, "kind"), '""')))


def kinds(_: Answers) -> list[str]:
    return [ONE, REGISTERS, CLOCK, DYNAMIC]


def is_kind(*wanted: str) -> Callable[[Answers], bool]:
    return lambda answers: kind_of(answers) in wanted


def is_of(*countries: str) -> Callable[[Answers], bool]:
    return lambda answers: _home(answers).country in countries


def both(*conditions: Callable[[Answers], bool]) -> Callable[[Answers], bool]:
    return lambda answers: all(each(answers) for each in conditions)


def has(key: Key, value: str = "true") -> Callable[[Answers], bool]:
    return lambda answers: answers.get(key) == value


def has_electricity(answers: Answers) -> bool:
    return bool(kind_of(answers))


def registers(answer: str, answers: Answers) -> str:
    """Two prices, of the registers of the country."""
    parts = re.findall(r"-?[0-9]+(?:[.,][0-9]+)?", answer)
    if len(parts) != 2:
        raise ValueError("two numbers are expected, such as 0.1598 0.1431")
    names = ("day", "night") if _home(answers).country == BELGIUM else ("normal", "low")
    first, second = (number(checks.PER_KWH)(part, answers) for part in parts)
    return f"{{ {names[0]} = {first}, {names[1]} = {second} }}"


def prices_by_the_clock(answer: str, answers: Answers) -> str:
    """`noon 0.21; normal 0.28`."""
    pairs = [part.split() for part in answer.split(";")]
    if not all(len(pair) == 2 and re.fullmatch(NAME, pair[0]) for pair in pairs):
        raise ValueError("names and prices are expected, such as noon 0.2109; normal 0.2851")
    read = number(checks.PER_KWH)
    return f"{{ {', '.join(f'{name} = {read(price, answers)}' for name, price in pairs)} }}"


def times(answer: str, _: Answers) -> str:
    """`noon 12-16; normal rest`."""
    pairs = [part.strip().partition(" ") for part in answer.split(";")]
    found = {name: text.strip() for name, _, text in pairs}
    if not all(re.fullmatch(NAME, name) for name in found):
        raise ValueError("names and times are expected, such as noon 12-16; normal rest")
    bands.parse(found)
    inner = ", ".join(f"{name} = {json.dumps(text)}" for name, text in found.items())
    return f"{{ {inner} }}"


OF_EXPORT = both(has_electricity, has((ELECTRICITY, "exports")))
QUESTIONS = (
    Question((HOME, "country"), "country: NL, BE or another", country, default="NL"),
    Question(
        (HOME, "region"),
        f"region: {FLANDERS}, {WALLONIA}, {BRUSSELS}",
        choice(lambda _: [FLANDERS, WALLONIA, BRUSSELS]),
        is_of(BELGIUM),
        None,
    ),
    Question(
        (HOME, "grid"),
        grid_words,
        choice(operators),
        lambda answers: len(operators(answers)) > 1,
        NO_GRID,
    ),
    Question((HOME, "vat_percent"), "VAT in percent", number(checks.PERCENT),
             lambda answers: not is_of(NETHERLANDS, BELGIUM)(answers)),
    Question((CONTRACT, "name"), "name of the contract", words, default="my contract"),
    Question((CONTRACT, "from"), "first day of delivery", day, default=None),
    Question((CONTRACT, "vat"), "do the prices on your paper include VAT (btw)?", yes_or_no,
             default=None),
    Question((CONTRACT, "tax"), "do they include energy tax, too (all-in)?", yes_or_no,
             is_of(NETHERLANDS), "no"),
    Question((ELECTRICITY, "kind"),
             f"price of electricity: {ONE} (1), {REGISTERS} (2), {CLOCK} (3), {DYNAMIC} (4);"
             " empty without electricity", choice(kinds)),
    Question((ELECTRICITY, "price"), "€ a kWh (leveringstarief)", number(checks.PER_KWH),
             is_kind(ONE), None),
    Question((ELECTRICITY, "price"), "€ a kWh: normal and low, in Belgium day and night",
             registers, is_kind(REGISTERS), None),
    Question((ELECTRICITY, "price"), "names and € a kWh, such as noon 0.2109; normal 0.2851",
             prices_by_the_clock, is_kind(CLOCK), None),
    Question((ELECTRICITY, "bands"), "their times, such as noon 12-16; normal rest", times,
             is_kind(CLOCK), None),
    Question((ELECTRICITY, "dynamic"), "settled by the hour or the quarter",
             choice(lambda _: ["hour", "quarter"]), is_kind(DYNAMIC), "hour"),
    Question((ELECTRICITY, "markup"), "€ a kWh on top of the market's price (inkoopvergoeding)",
             number(checks.SIGNED_PER_KWH), is_kind(DYNAMIC)),
    Question((ELECTRICITY, "exports"), "are there solar panels?", yes_or_no, has_electricity, "no"),
    Question((ELECTRICITY, "feed_in"), "€ a kWh for export (terugleververgoeding)",
             number(checks.SIGNED_PER_KWH), both(OF_EXPORT, is_kind(ONE, REGISTERS, CLOCK))),
    Question((ELECTRICITY, "feed_in_markup"),
             "€ a kWh added to the market's price of export, such as -0.018",
             number(checks.SIGNED_PER_KWH), both(OF_EXPORT, is_kind(DYNAMIC)), "0"),
    Question((ELECTRICITY, "netting"), f"way of netting: {', '.join(NETTING)}",
             choice(lambda _: NETTING), both(OF_EXPORT, is_of(NETHERLANDS), is_kind(REGISTERS)),
             NETTING[0]),
    Question((ELECTRICITY, "feed_in_cost"), "€ a kWh that export costs (terugleverkosten)",
             number(checks.PER_KWH), OF_EXPORT),
    Question((ELECTRICITY, "standing"), "€ a month, standing charge (vaste leveringskosten)",
             by_month, has_electricity),
    Question((ELECTRICITY, "green"), "€ a kWh, green power and CHP (GSC en WKK)",
             number(checks.PER_KWH), both(has_electricity, is_of(BELGIUM))),
    Question((GAS, "price"), "€ a m3 of gas; empty without gas", number(checks.PER_M3)),
    Question((GAS, "standing"), "€ a month, standing charge of gas", by_month,
             lambda answers: (GAS, "price") in answers),
    Question((GAS, "correction"), "correction factor of gas on the last bill (correctiefactor)",
             number(checks.CORRECTION), lambda answers: (GAS, "price") in answers),
    Question((CONTRACT, "advance"), "€ a month that you pay in advance (termijnbedrag)",
             number(checks.AMOUNT)),
)  # fmt: skip
ONLY_ASKED = {(ELECTRICITY, "kind"), (ELECTRICITY, "exports")}  # what is no key of the file
