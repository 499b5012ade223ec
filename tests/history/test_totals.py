"""The promise: hours make the day, days the month, months the year, and all of it the meter.

Histories of a house are made up with all that happens to one, stored in whatever order, and asked
for through the pages' JSON. What it must say is reckoned here from the history alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from slimmemeter.store.writer import Writer
from support.histories import House, Life, houses, spread
from support.pages import client_of


def instants(shown: dict[str, Any]) -> list[int]:
    """The borders of a table in UTC seconds."""
    return [int(datetime.fromisoformat(border).timestamp()) for border in shown["borders"]]


def exact(value: float | None) -> int | None:
    """Thousandths as the integer that they are."""
    return None if value is None else round(value * 1000)


def check(shown: dict[str, Any], lives: list[Life], zone: ZoneInfo) -> dict[str, list[int | None]]:
    """Hold a table against the history; returns its columns in integers."""
    borders = instants(shown)
    begin, end = borders[0], borders[-1]
    inside = [life for life in lives if life.first < end and life.last > begin]
    pairs = list(zip(borders, borders[1:], strict=False))
    columns = {name: [exact(v) for v in values] for name, values in shown["columns"].items()}
    assert set(columns) == {
        column
        for life in inside
        for column in life.columns
        if any(min(b, life.last) > max(a, life.first) for a, b in pairs)
    }
    for name, values in columns.items():
        own = [(life, life.columns.index(name)) for life in inside if name in life.columns]
        for (a, b), value in zip(pairs, values, strict=True):
            there = [(it, p) for it, p in own if min(b, it.last) > max(a, it.first)]
            counted = [
                it.counter(min(b, it.last), p) - it.counter(max(a, it.first), p) for it, p in there
            ]
            assert value == (sum(counted) if there else None), (name, a, b)
        known = [value for value in values if value is not None]
        assert exact(shown["totals"][name]) == (sum(known) if known else None)
    known_s = [sum(min(b, t1) - max(a, t0) for t0, t1 in known_times(inside) if t0 < b and t1 > a)
               for a, b in pairs]  # fmt: skip
    lengths = [b - a for a, b in pairs]
    assert shown["partial"] == [
        place
        for place, (s, whole) in enumerate(zip(known_s, lengths, strict=True))
        if 0 < s < whole
    ]
    gaps = [[int(datetime.fromisoformat(x).timestamp()) for x in gap] for gap in shown["gaps"]]
    limit_s = 1800 if shown["table"] == "electricity" else 7200
    assert gaps == sorted(
        [at, until] for at, until in unsure_times(lives, limit_s) if at < end and until > begin
    )
    return columns


def known_times(lives: list[Life]) -> list[tuple[int, int]]:
    """From when until when something is known; of lives side by side once."""
    times: list[tuple[int, int]] = []
    for first, last in sorted((life.first, life.last) for life in lives):
        if times and first <= times[-1][1]:
            first, last = times[-1][0], max(last, times.pop()[1])
        times.append((first, last))
    return times


def unsure_times(lives: list[Life], limit_s: int) -> Iterator[tuple[int, int]]:
    """Gaps: long ones, those with something set aside in them, and those between lives."""
    for life in lives:
        for (a, _), (b, _) in zip(life.good, life.good[1:], strict=False):
            if b - a > limit_s or any(a < at < b for at, _ in life.aside):
                yield a, b
    times = known_times(lives)
    for (_, last), (first, _) in zip(times, times[1:], strict=False):
        yield last, first


def check_calendar(shown: dict[str, Any], zone: ZoneInfo) -> None:
    """The borders are the local calendar's: each the first instant of its day, month or year."""
    kind, _, _ = shown["period"].partition("/")
    borders = [datetime.fromtimestamp(at, zone) for at in instants(shown)]
    if kind == "day":
        ends = instants(shown)
        assert {b - a for a, b in zip(ends, ends[1:], strict=False)} <= {3600, 1800}
        return
    digits = {"week": 10, "month": 10, "year": 7, "years": 4}[kind]
    for border in borders:
        before = datetime.fromtimestamp(border.timestamp() - 1, zone)
        assert before.isoformat()[:digits] < border.isoformat()[:digits]


def ask(client: FlaskClient, url: str) -> dict[str, Any]:
    """The JSON of an address."""
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.text)
    found: dict[str, Any] = answer.json
    return found


BELOW = {"years": ("year", 4), "year": ("month", 7), "month": ("day", 10)}


def descend(client: FlaskClient, period: str, name: str, lives: list[Life], zone: ZoneInfo) -> None:
    """Check a period's table, and those of the smaller periods in it that have data."""
    shown = ask(client, f"/{period}/{name}.json")
    check_calendar(shown, zone)
    columns = check(shown, lives, zone)
    below = BELOW.get(period.partition("/")[0])
    if below is None:
        return
    kind, digits = below
    known = [
        n
        for n in range(len(shown["borders"]) - 1)
        if any(c[n] is not None for c in columns.values())
    ]
    for place in known[:2] + known[2:][-2:]:
        smaller = f"{kind}/{shown['borders'][place][:digits]}"
        totals = ask(client, f"/{smaller}/{name}.json")["totals"]
        assert {k: exact(v) for k, v in totals.items() if v is not None} == {
            column: values[place] for column, values in columns.items() if values[place] is not None
        }
        descend(client, smaller, name, lives, zone)
        if kind == "day":
            year, week, _ = date.fromisoformat(shown["borders"][place][:10]).isocalendar()
            descend(client, f"week/{year}-W{week:02d}", name, lives, zone)


@settings(max_examples=settings.default.max_examples // 10)
@given(data=st.data(), house=houses())
def test_everything_adds_up_to_the_meter(
    data: st.DataObject, house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hours add up to days, days to months, months to years, and all to the meter."""
    path = tmp_path_factory.mktemp("totals") / "house"
    writer = Writer(str(path))
    writer.add_many(spread(data.draw, house), None)
    writer.close()
    client = client_of(path, SLIMMEMETER_TZ=house.zone)
    for name, lives in house.tables().items():
        descend(client, "years", name, lives, ZoneInfo(house.zone))
        totals = ask(client, f"/years/{name}.json")["totals"]
        counted: dict[str, int] = {}
        for life in lives:
            for place, column in enumerate(life.columns):
                used = life.good[-1][1][place] - life.good[0][1][place]
                counted[column] = counted.get(column, 0) + used
        assert {column: exact(value) for column, value in totals.items()} == counted
