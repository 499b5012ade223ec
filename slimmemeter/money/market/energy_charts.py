"""Fetches prices of the day-ahead market from energy-charts.info, or from what answers like it.

`GET /price?bzn=NL&start=2026-11-23&end=2026-11-24` answers `unix_seconds`, `price` (null where
there is none yet), `unit` and `license_info`; 404 before the prices are published
(api.energy-charts.info, "price").
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from slimmemeter import __version__
from slimmemeter.errors import PricesError
from slimmemeter.process import Deadline
from slimmemeter.store.prices import HOUR_S, LIMITS_UEUR, QUARTER_S, SpotPrice

ADDRESS = "https://api.energy-charts.info/price?bzn={}"
ZONES = ("NL", "BE")
UNIT = "EUR / MWh"
LONGEST = 8 << 20  # bytes of an answer
LONGEST_SHOWN = 80
NOT_PUBLISHED = 404


class Answer(NamedTuple):
    """Prices, and the licence under which they may be used."""

    prices: Sequence[SpotPrice]
    licence: str


def address_of(setting: str) -> str:
    """The address that SLIMMEMETER_PRICES stands for: of a bidding zone, or itself."""
    return ADDRESS.format(setting) if setting in ZONES else setting


def fetch(address: str, first: date, last: date, timeout_s: float) -> Answer:
    """The prices of local days from the first to the last; none if they aren't published yet.

    :raises PricesError: there is no answer in time, or a strange one.
    """
    query = urllib.parse.urlencode({"start": f"{first}", "end": f"{last}"})
    url = f"{address}{'&' if '?' in address else '?'}{query}"
    host = urllib.parse.urlsplit(url).netloc
    content = _got(url, host, timeout_s)
    return Answer((), "") if content is None else _understood(content, host)


def _got(url: str, host: str, timeout_s: float) -> bytes | None:
    """What is answered; None if there are no prices yet."""
    request = urllib.request.Request(url, headers={"User-Agent": f"slimmemeter/{__version__}"})
    late = PricesError(f"{host} gave no whole answer within {timeout_s:g} s; try again later")
    try:
        with (
            Deadline(time.monotonic() + timeout_s, late),
            urllib.request.urlopen(request, timeout=timeout_s) as answer,
        ):
            content: bytes = answer.read(LONGEST + 1)
            is_whole = not answer.length
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == NOT_PUBLISHED:
            return None
        raise PricesError(f"{host} answers {error.code} {error.reason}; try again later") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise PricesError(
            f"{host} can't be asked for prices: {reason}; see whether this computer has a network"
        ) from None
    if not is_whole and len(content) <= LONGEST:
        raise PricesError(f"{host} broke off in the middle of its answer; try again later")
    if len(content) > LONGEST:
        raise _strange(host, "it is too long")
    return content


def _understood(content: bytes, host: str) -> Answer:
    try:
        answer = json.loads(content, parse_float=Decimal, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise _strange(host, "it isn't JSON, as if a page stood in between") from None
    if not isinstance(answer, dict) or answer.get("unit") != UNIT:
        raise _strange(host, f"its unit isn't {UNIT}")
    starts, prices = answer.get("unix_seconds"), answer.get("price")
    if not isinstance(starts, list) or not isinstance(prices, list) or len(starts) != len(prices):
        raise _strange(host, "it has no price for each time")
    known = _known(starts, prices, host)
    licence = answer.get("license_info")
    return Answer(known, licence[:200] if isinstance(licence, str) else "")


def _known(starts: list[Any], prices: list[Any], host: str) -> list[SpotPrice]:
    if not all(type(start) is int and start > 0 for start in starts):
        raise _strange(host, "its times are no seconds")
    lengths = [later - start for start, later in pairwise(starts)]
    if not all(length > 0 for length in lengths):
        raise _strange(host, "its times aren't in order")
    if any(start % QUARTER_S for start in starts):
        raise _strange(host, "its times aren't quarter-hours")
    found = []
    for place, (start, price) in enumerate(zip(starts, prices, strict=True)):
        if price is not None:
            length_s = _length_s(place, lengths)
            found.append(SpotPrice(start, length_s, _micros(price, host)))
    return found


def _length_s(place: int, lengths: Sequence[int]) -> int:
    """A quarter-hour or an hour: the shorter of the times to the neighbours."""
    around = [*lengths[max(place - 1, 0) : place], *lengths[place : place + 1]]
    return HOUR_S if around and min(around) >= HOUR_S else QUARTER_S


def _micros(price: object, host: str) -> int:
    if isinstance(price, bool) or not isinstance(price, int | Decimal):
        raise _strange(host, "a price is no number")
    least, most = (Decimal(limit) / 10**6 for limit in LIMITS_UEUR["electricity"])
    if not least <= price <= most:
        raise _strange(host, f"{str(price)[:LONGEST_SHOWN]} {UNIT} is no price of the market")
    return round(price * 10**6)


def _refused(name: str) -> object:
    raise ValueError(name)


def _strange(host: str, why: str) -> PricesError:
    return PricesError(
        f"{host} gave a strange answer: {why}; nothing of it is stored, try again later"
    )
