"""`slimmemeter battery`: what batteries would have done in the last year; the result is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from slimmemeter import clock, zones
from slimmemeter.errors import FlagError, UsageError
from slimmemeter.history.serialize import iso
from slimmemeter.money.billing import bill
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.contract.contracts import Contract
from slimmemeter.money.output import printed, records
from slimmemeter.money.output.as_json import Json
from slimmemeter.money.output.printed import aligned, decimal
from slimmemeter.money.usage.days import day_after, local_day, midnight
from slimmemeter.money.what_if import as_if, kept
from slimmemeter.money.what_if.battery import GREEDY, SIZES_KWH, Battery
from slimmemeter.money.what_if.with_battery import Result, results
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot

MOST_SIZES, MOST_KWH, MOST_KW = 10, 1000, 100
CANNOT_SEE = (
    "it can't see what rises and falls within five minutes, the phases, what the battery uses"
    " itself, wear, cold, or a peak of the month that buying makes"
)
NETTED = "while netting lasts, a battery only loses what charging costs"


def run(settings: Settings, flags: Mapping[str, str | None], only_if_due: bool) -> Iterator[str]:
    """Simulate, keep the result, and print it.

    :param only_if_due: for cron: silent, and nothing without a contract.
    :raises UsageError: a flag is wrong, or there is no contract. :raises StoreError: the database
        can't be read, or the result not be kept.
    """
    batteries = _batteries(flags)
    contracts = contracts_file.read(settings.contracts_path)
    zone, now = zones.of(settings.zone), clock.now()
    with Reader(settings.database) as reader:
        books = bill.books_of(Snapshot(reader), contracts, zone, now)
        contract = bill.contract_of(contracts, local_day(books.now, zone), zone)
        if contract is None or contract.terms[-1].electricity is None:
            if only_if_due:
                return
            raise UsageError(
                "there is no contract of electricity today; write one", "slimmemeter contract"
            )
        begin, end = _year(books)
        today = local_day(books.now, zone)
        found = list(results(books, contract, begin, end, today, batteries))
    kept.keep(settings.database, _record(found, books, contract, begin, end))
    if not only_if_due:
        yield from _printed(found, books, contract, begin, end)


def _year(books: Books) -> tuple[int, int]:
    """The last 365 days, or the whole days since the first reading.

    :raises UsageError: there is no whole day.
    """
    begin, end = as_if.last_year(books.now, books)
    known = books.source.known()
    if known:
        begin = max(begin, midnight(day_after(known[0][0], books.zone), books.zone))
    if not known or begin >= end:
        raise UsageError("there are no readings of a whole day yet; come back tomorrow")
    return begin, end


def _batteries(flags: Mapping[str, str | None]) -> Sequence[Battery]:
    sizes = (flags.get("--kwh") or ",".join(map(str, SIZES_KWH))).split(",")
    if len(sizes) > MOST_SIZES:
        raise FlagError(f"--kwh has {len(sizes)} sizes: {MOST_SIZES} are the most")
    kw = _number("--kw", flags.get("--kw") or "3", MOST_KW)
    efficiency = _number("--efficiency", flags.get("--efficiency") or "90", 100)
    reserve = _number("--reserve", flags.get("--reserve") or "10", 100, is_zero_allowed=True)
    if reserve == 100:
        raise FlagError("--reserve is 100: nothing would be left to use")
    return [
        Battery(_number("--kwh", size, MOST_KWH), kw, kw, int(efficiency * 10), int(reserve * 10))
        for size in sizes
    ]


def _number(flag: str, text: str, most: int, is_zero_allowed: bool = False) -> Fraction:
    least = 0 if is_zero_allowed else Fraction(1, 10)
    if re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text.strip()):
        found = Fraction(text.strip())
        if least <= found <= most:
            return found
    raise FlagError(f"{flag} is {text[:20]!r}: it must be a number up to {most}")


def _record(
    found: Sequence[Result], books: Books, contract: Contract, begin: int, end: int
) -> Json:
    one = found[0].done.battery
    return {
        "made_at": iso(books.now, books.zone),
        "from": iso(begin, books.zone),
        "to": iso(end, books.zone),
        "contract": contract.name,
        "charge_kw": float(one.charge_kw),
        "discharge_kw": float(one.discharge_kw),
        "efficiency_percent": one.efficiency / 10,
        "reserve_percent": one.reserve / 10,
        "results": [records.battery(each) for each in found],
    }


def _printed(
    found: Sequence[Result], books: Books, contract: Contract, begin: int, end: int
) -> Iterator[str]:
    days = f"{local_day(begin, books.zone)} to {day_after(end, books.zone) - printed.ONE_DAY}"
    yield f"Batteries from {days}, by {contract.name}\n\n"
    rows = [("kWh", "policy", "from the grid", "to the grid", "saves now", "by the rules of 2027")]
    rows += [
        (
            f"{float(each.done.battery.kwh):g}",
            "stores surplus" if each.done.policy == GREEDY else "also buys by price",
            f"{decimal(Fraction(each.imported_after_wh, 1000), 0)} kWh",
            f"{decimal(Fraction(each.exported_after_wh, 1000), 0)} kWh",
            _euros(each.saves_now),
            _euros(each.saves_2027),
        )
        for each in found
    ]
    yield "\n".join(aligned(rows, (1,))) + "\n\n"
    before = found[0]
    if not any((each.saves_now or 0) > 0 for each in found):
        yield f"{NETTED}\n"
    yield (
        f"without: {decimal(Fraction(before.imported_wh, 1000), 0)} kWh from the grid,"
        f" {decimal(Fraction(before.exported_wh, 1000), 0)} kWh to it\n{CANNOT_SEE}\n"
    )


def _euros(value: Fraction | None) -> str:
    return "not known" if value is None else f"€ {decimal(value, 2)}"
