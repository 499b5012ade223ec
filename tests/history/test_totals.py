"""The promise: hours make the day, days the month, months the year, and all of it the meter.

Histories of a house are made up with all that happens to one, stored in whatever order, and asked
for through the pages' JSON. What it must say is calculated here from the history alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from slimmemeter.clock import AGREEMENT_S
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.transfer import importer
from support.histories import Counted, House, Life, houses, log_of, pull_all, pulls
from support.pages import client_of


def instants(shown: dict[str, Any]) -> list[int]:
    """The borders of a table in UTC seconds."""
    return [int(datetime.fromisoformat(border).timestamp()) for border in shown["borders"]]


def exact(value: float | None) -> int | None:
    """Thousandths as the integer that they are."""
    return None if value is None else round(value * 1000)


def check(
    shown: dict[str, Any], owners: list[Counted], zone: ZoneInfo
) -> dict[str, list[int | None]]:
    """Hold a table against the history; returns its columns in integers."""
    borders = instants(shown)
    begin, end = borders[0], borders[-1]
    inside = [
        life
        for owner in owners
        for life in owner.lives
        if life.first < end and life.last > begin and life.first < life.last
    ]
    pairs = list(pairwise(borders))
    columns = {name: [exact(v) for v in values] for name, values in shown["columns"].items()}
    assert set(columns) == {life.column for life in inside}
    for name, values in columns.items():
        own = [life for life in inside if life.column == name]
        for (a, b), value in zip(pairs, values, strict=True):
            there = [it for it in own if min(b, it.last) > max(a, it.first)]
            counted = [it.counter(min(b, it.last)) - it.counter(max(a, it.first)) for it in there]
            assert value == (sum(counted) if there else None), (name, a, b)
        known = [value for value in values if value is not None]
        assert exact(shown["totals"][name]) == (sum(known) if known else None)
    limit_s = 1800 if shown["table"] == "electricity" else 7200
    check_what_is_unsure(shown, owners, inside, limit_s)
    return columns


def check_what_is_unsure(
    shown: dict[str, Any], owners: list[Counted], inside: list[Life], limit_s: int
) -> None:
    """Hold against the history what is known in part, what is a gap, and what is a guess."""
    borders = instants(shown)
    begin, end, pairs = borders[0], borders[-1], list(pairwise(borders))
    known_s = [sum(min(b, t1) - max(a, t0) for t0, t1 in known_times(inside) if t0 < b and t1 > a)
               for a, b in pairs]  # fmt: skip
    unknown = list(unknown_times(owners, shown["table"]))
    assert shown["partial"] == [
        place
        for place, (s, (a, b)) in enumerate(zip(known_s, pairs, strict=True))
        if s and (s < b - a or any(t0 < b and t1 > a for t0, t1 in unknown))
    ]
    sure = {gap for owner in owners for gap in gaps_of(owner, limit_s)}
    silent = set(restarted_or_replaced(owners))
    gaps = [[int(datetime.fromisoformat(x).timestamp()) for x in gap] for gap in shown["gaps"]]
    sure, silent = (
        {gap for gap in each if gap[0] < end and gap[1] > begin} for each in (sure, silent)
    )
    assert {tuple(gap) for gap in gaps} == outermost(sure) | silent
    guessed = {
        place
        for owner in owners
        for life in owner.lives
        for t0, t1 in gaps_of(owner, limit_s)
        if t0 < life.last and t1 > life.first
        if life.counter(min(t1, life.last)) > life.counter(max(t0, life.first))
        for place, (a, b) in enumerate(pairs)
        if any(max(t0, life.first) < border < min(t1, life.last) for border in (a, b))
    }
    assert [place for place in shown["estimated"] if place != "total"] == sorted(guessed)


def known_times(lives: Iterable[Life | Counted]) -> list[tuple[int, int]]:
    """From when until when something is known; of lives side by side once."""
    times: list[tuple[int, int]] = []
    for first, last in sorted((life.first, life.last) for life in lives):
        if times and first <= times[-1][1]:
            first, last = times[-1][0], max(last, times.pop()[1])
        times.append((first, last))
    return times


def gaps_of(owner: Counted, limit_s: int) -> Iterator[tuple[int, int]]:
    """The gaps of a meter: long ones, and those with a reading that doesn't count in them."""
    rows = sorted(owner.rows)
    yield from ((a, b) for a, b in pairwise(rows) if b - a > limit_s)
    for life in owner.lives:
        for (a, _), (b, _) in pairwise(life.good):
            if any(a < at < b for at in rows):
                yield a, b


def restarts_of(owner: Counted) -> Iterator[tuple[int, int]]:
    """Between the lives of one register nothing is known of it."""
    for column in {life.column for life in owner.lives}:
        own = [life for life in owner.lives if life.column == column]
        yield from ((old.last, new.first) for old, new in pairwise(own))


def restarted_or_replaced(owners: list[Counted]) -> Iterator[tuple[int, int]]:
    """What is unknown as another life takes over."""
    times = known_times(owners)
    yield from ((last, first) for (_, last), (first, _) in pairwise(times))
    for owner in owners:
        yield from restarts_of(owner)


def unknown_times(owners: list[Counted], table: str) -> Iterator[tuple[int, int]]:
    """When a part of it isn't known, though others are."""
    yield from restarted_or_replaced(owners)
    if table == "electricity":
        return
    first, last = min(each.first for each in owners), max(each.last for each in owners)
    for owner in owners:
        others = [each for each in owners if each is not owner]
        if owner.last < last and not any(each.first > owner.last for each in others):
            yield owner.last, last if last - owner.last <= 2 * 86400 else owner.last + 1
        if owner.first > first and not any(each.last < owner.first for each in others):
            yield owner.first - 1, owner.first


def outermost(gaps: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Without those that lie within another one."""
    return {
        (a, b) for a, b in gaps if not any(c <= a and b <= d and (a, b) != (c, d) for c, d in gaps)
    }


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


def descend(
    client: FlaskClient, period: str, name: str, lives: list[Counted], zone: ZoneInfo
) -> None:
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


def import_log(path: Path, log: bytes, zone: str) -> None:
    """Store a log of telegrams."""
    file = path.with_suffix(".log")
    file.write_bytes(log)
    chosen = Settings({"--db": str(path), "--tz": zone})
    list(importer.run(chosen, [str(file)], dry_run=False))


@settings(max_examples=settings.default.max_examples // 10)
@given(data=st.data(), house=houses())
def test_everything_adds_up_to_the_meter(
    data: st.DataObject, house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hours add up to days, days to months, months to years, and all to the meter."""
    path = tmp_path_factory.mktemp("totals") / "house"
    if data.draw(st.booleans()):
        pull_all(path, pulls(data.draw, house))
    else:
        import_log(path, log_of(data.draw, house), house.zone)
    check_all(path, house)


def check_all(path: Path, house: House) -> None:
    """Check every table of a house, and which meters are reported to overlap."""
    client = client_of(path, SLIMMEMETER_TZ=house.zone)
    for name, lives in house.tables().items():
        descend(client, "years", name, lives, ZoneInfo(house.zone))
        totals = ask(client, f"/years/{name}.json")["totals"]
        counted: dict[str, int] = {}
        for life in (life for owner in lives for life in owner.lives):
            used = life.good[-1][1] - life.good[0][1]
            if life.first < life.last:
                counted[life.column] = counted.get(life.column, 0) + used
        assert {column: exact(value) for column, value in totals.items()} == counted
    with Reader(str(path)) as reader:
        found = {event.detail for event in reader.overlaps()}
    meters = sorted(house.grid, key=lambda meter: meter[1].first)
    assert found == {
        f"{one}, {other}"
        for (one, first), (other, second) in combinations(meters, 2)
        if second.first < min(first.last, second.last) - AGREEMENT_S or second.last < first.last
        if second.first <= first.last
    }
