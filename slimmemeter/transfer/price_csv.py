"""A CSV of prices of the market: `start,eur_per_mwh` (or `eur_per_kwh`) of electricity,
`start,eur_per_m3` of gas.

`start` is an instant in UTC (`2026-11-23T00:00:00Z`) or with an offset. Prices are without VAT: of
electricity of quarter-hours or hours, of gas of days from 6 to 6 o'clock.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from slimmemeter.history import periods
from slimmemeter.store.prices import HOUR_S, LIMITS_UEUR, QUARTER_S, MarketPrice, SpotPrice
from slimmemeter.transfer.entry import Entry, Home

MWH = "eur_per_mwh"
# By the name of the column the energy, and how many of the stored unit (MWh, m3) its own has.
COLUMNS = {MWH: ("electricity", 1), "eur_per_kwh": ("electricity", 1000), "eur_per_m3": ("gas", 1)}
# Of the market some hours cost less than € 2 a MWh, a whole day of them is a file in € a kWh.
SMALL_UEUR, SMALL_ROWS = 2_000_000, 24
TOO_SMALL = "no price is above € 2 a MWh: if they are € a kWh, name the column eur_per_kwh"
MICRO = 6
# O'clock: the gas day of Regulation (EU) No 312/2014 begins at 5:00 UTC, in summer at 4:00 UTC.
GAS_DAY_BEGINS = 6


class InvalidPriceError(ValueError):
    """A row without a valid price; the text states why."""


def is_prices(beginning: str) -> bool:
    """Whether a text begins as such a CSV."""
    head = beginning.splitlines()[0] if beginning else ""
    return _column(_names(head)) is not None


def entries(home: Home, lines: Iterator[str]) -> Iterator[Entry]:
    """Each row's price, or what is wrong with it."""
    head = next(lines, "")
    delimiter = ";" if ";" in head else ","
    names = _names(head)
    column = _column(names)
    assert column is not None
    energy, _ = COLUMNS[column]
    found: dict[int, tuple[str, int]] = {}  # by start: its place, and millionths of a euro
    for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), 2):
        place = f"row {number}"
        row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        if any(row.values()):
            try:
                start, micros = _start(row, energy, home.zone), _micros(row, column, delimiter)
                if found.setdefault(start, (place, micros))[1] != micros:
                    raise InvalidPriceError(f"{found[start][0]} has another price of that start")
            except InvalidPriceError as error:
                yield Entry(place, error=str(error))
    if column == MWH and _are_small([micros for _, micros in found.values()]):
        yield Entry("row 2", error=TOO_SMALL)
        return
    for start, (place, micros) in sorted(found.items()):
        price = SpotPrice(start, _length_s(start, energy, found, home.zone), micros)
        yield Entry(place, price=MarketPrice(energy, price))


def _are_small(prices: Sequence[int]) -> bool:
    return len(prices) >= SMALL_ROWS and max(map(abs, prices)) < SMALL_UEUR


def _names(head: str) -> list[str]:
    return [name.strip(' "\ufeff').lower() for name in head.strip().replace(";", ",").split(",")]


def _column(names: list[str]) -> str | None:
    known = [name for name in names if name in COLUMNS]
    return known[0] if "start" in names and len(known) == 1 else None


def _start(row: Mapping[str, str], energy: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(row.get("start", ""))
    except ValueError:
        raise InvalidPriceError("start is no time, such as 2026-11-23T00:00:00Z") from None
    if moment.tzinfo is None:
        raise InvalidPriceError("start has no Z and no offset, so that it may mean two hours")
    if not periods.FIRST_YEAR <= moment.year <= periods.LAST_YEAR:
        raise InvalidPriceError("start is of no year that has prices")
    at = int(moment.timestamp())
    if energy == "gas" and moment.astimezone(zone).hour != GAS_DAY_BEGINS:
        raise InvalidPriceError(f"start isn't {GAS_DAY_BEGINS} o'clock, when a gas day begins")
    if at % (HOUR_S if energy == "gas" else QUARTER_S):
        raise InvalidPriceError("start isn't the begin of a quarter-hour")
    return at


def _micros(row: Mapping[str, str], name: str, delimiter: str) -> int:
    text, (energy, units) = row.get(name, ""), COLUMNS[name]
    try:
        price = Decimal(text.replace(",", ".") if delimiter == ";" else text)
        micros = units * price.scaleb(MICRO)
    except (ArithmeticError, ValueError):
        raise InvalidPriceError(f"{name} is no number") from None
    least, most = LIMITS_UEUR[energy]
    if not micros.is_finite() or not least <= micros <= most:
        raise InvalidPriceError(f"{name} isn't a price of the market")
    if micros != int(micros):
        raise InvalidPriceError(f"{name} has more than {MICRO} decimals")
    return int(micros)


def _length_s(start: int, energy: str, starts: Mapping[int, object], zone: ZoneInfo) -> int:
    """How long a price counts: an hour is one of quarters if any of its other quarters has a
    price, or the hour before it is one."""
    if energy == "gas":
        local = datetime.fromtimestamp(start, zone).replace(tzinfo=None) + timedelta(days=1)
        return int(local.replace(tzinfo=zone).timestamp()) - start
    hour = start - start % HOUR_S
    own, before = (
        any(begin + n * QUARTER_S in starts for n in (1, 2, 3)) for begin in (hour, hour - HOUR_S)
    )
    is_alone = start == hour and not own
    return HOUR_S if is_alone and not before else QUARTER_S
