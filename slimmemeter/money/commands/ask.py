"""`slimmemeter contract`: asks what stands on a bill, shows the bill that it would have given, and
writes the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from slimmemeter import clock, process, zones
from slimmemeter.errors import StoreError, UsageError
from slimmemeter.money.billing import bill
from slimmemeter.money.commands.questions import (
    CONTRACT,
    ELECTRICITY,
    GAS,
    HOME,
    ONLY_ASKED,
    QUESTIONS,
    YES,
    Answers,
    Key,
    Question,
    has,
    is_kind,
)
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.contract.contracts import Contracts
from slimmemeter.money.output import printed
from slimmemeter.money.usage.days import local_day, midnight
from slimmemeter.money.what_if import as_if
from slimmemeter.settings import Settings
from slimmemeter.store import files
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot

CANCELLED = "cancelled: nothing was written"
INTRODUCTION = (
    "What stands on your contract or last bill; an empty answer takes what is in brackets, or"
    " leaves it out."
)


def run(settings: Settings) -> Iterator[str]:
    """Ask on the terminal, and write the file if a person agrees.

    :raises UsageError: the file has a mistake, nobody answers or agrees, or the contract can't be.
    :raises StoreError: the file can't be written.
    """
    path = settings.contracts_path
    settings.make_own_folder()
    before = _text_of(path)
    known = contracts_file.parse(before, path)
    yield f"{INTRODUCTION}\n"
    answers = _ask(known)
    text = before + ("\n" if before else "") + toml(answers, with_home=not before)
    made = contracts_file.parse(text, path)
    yield f"\n{text[len(before) :].lstrip()}\n"
    yield from _bill_of_last_year(settings, made, answers[CONTRACT, "from"])
    if _answer(f"Write this to {path}? [Y/n] ").lower() not in ("", *YES):
        raise UsageError(CANCELLED)
    _write(path, text, settings.database)
    yield f"{path} is written; `slimmemeter contract check` shows how it is understood\n"


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        contracts_file.read(path)  # which says what is wrong
        raise


def _known_home(known: Contracts) -> dict[Key, str]:
    """What the file says of the home already."""
    found = {(HOME, "country"): f'"{known.home.country}"'}
    if known.home.region is not None:
        found[HOME, "region"] = f'"{known.home.region}"'
    return found


def _ask(known: Contracts) -> dict[Key, str]:
    """The answers by section and key, as TOML. :param known: what is in the file already."""
    answers = _known_home(known) if known.contracts else {}
    taken = [f"{each.first_day}" for each in known.contracts]
    for question in QUESTIONS:
        is_known = bool(known.contracts) and question.key[0] == HOME
        if not is_known and question.asked(answers):
            answer = _answer_of(question, answers)
            while question.key == (CONTRACT, "from") and answer in taken:
                process.print_line(f"  a contract from {answer} is in the file already")
                answer = _answer_of(question, answers)
            if answer:
                answers[question.key] = answer
    if is_kind("dynamic")(answers) and has((ELECTRICITY, "exports"))(answers):
        answers[ELECTRICITY, "feed_in"] = '"spot"'
    return answers


def _answer_of(question: Question, answers: Answers) -> str:
    """An answer that is understood; it is asked again until one is."""
    shown = f" [{question.default}]" if question.default else ""
    words = question.words if isinstance(question.words, str) else question.words(answers)
    while True:
        answer = _answer(f"{words}{shown}: ") or question.default
        if answer == "":
            return ""
        try:
            if answer is None:
                raise ValueError("this one is needed")
            return question.read(answer, answers)
        except ValueError as error:
            process.print_line(f"  {error}")


def _answer(words: str) -> str:
    """A line of standard input. :raises UsageError: there is none."""
    process.write(words.encode())
    sys.stdout.flush()
    line = sys.stdin.buffer.readline()
    if not line:
        process.print_line("")
        raise UsageError(CANCELLED)
    return line.decode(errors="replace").strip()


def toml(answers: Answers, with_home: bool) -> str:
    """The answers as a contract of the file."""
    headers = {
        HOME: "[home]",
        CONTRACT: "[[contract]]",
        ELECTRICITY: "[contract.electricity]",
        GAS: "[contract.gas]",
    }
    text = ""
    for section, header in headers.items():
        lines = [
            f"{key} = {value}\n"
            for (name, key), value in answers.items()
            if name == section and (name, key) not in ONLY_ASKED
        ]
        if lines and (with_home or section != HOME):
            text += "\n" * bool(text) + f"{header}\n" + "".join(lines)
    return text


def _bill_of_last_year(settings: Settings, made: Contracts, first_day: str) -> Iterator[str]:
    """What the contract would have cost in the last 365 days, if there are readings."""
    (contract,) = (each for each in made.contracts if f"{each.first_day}" == first_day)
    zone, now = zones.of(settings.zone), clock.now()
    with suppress(StoreError), Reader(settings.database) as reader:
        books = bill.books_of(Snapshot(reader), made, zone, now)
        begin, end = as_if.last_year(books.now, books)
        known = books.source.known()
        if known and known[0][0] < end:
            today, first = local_day(books.now, zone), local_day(known[0][0], zone)
            begin = max(begin, midnight(first, zone))
            found = as_if.bill_of(books, contract, today, begin, end)
            days = f"{local_day(begin, zone)} to {local_day(end, zone) - timedelta(days=1)}"
            yield printed.text(found, f"What it would have cost, {days}, by today's rates") + "\n"


def _write(path: str, text: str, database: str) -> None:
    try:
        process.replace_file(path, text)
        files.own_as(path, database)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}; nothing was written") from None
