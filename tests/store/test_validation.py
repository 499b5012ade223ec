"""Which readings count, which are set aside, and why: whatever order they come in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimmemeter.p1.reading import Reading
from slimmemeter.store.revalidation import RevalidatingWriter
from slimmemeter.store.writer import Writer
from support.database import Validated, validated
from support.readings import EVERY_S, MONDAY, counted, reading, store


def validated_of(database: Path, readings: list[tuple[int, Reading]]) -> Validated:
    """What validation made of these readings, stored in this order."""
    store(database, *readings)
    return validated(database)


def of(found: Validated, opened_by: str) -> list[list[int]]:
    """The places of the readings of each series that was opened so."""
    return [
        [(int(at) - MONDAY) // EVERY_S for at in str(instants).split()]
        for why, instants in found["series"]
        if why == opened_by
    ]


@pytest.mark.parametrize(
    ("counters", "first", "restarted", "aside"),
    [
        pytest.param([100, 110, 120], [0, 1, 2], [], [], id="rising"),
        pytest.param([100, 100, 100], [0, 1, 2], [], [], id="standing still"),
        pytest.param([100, 110, 50], [0, 1], [], [2], id="below, and nothing after it"),
        pytest.param([100, 110, 50, 120], [0, 1, 3], [], [2], id="below, then back"),
        pytest.param([100, 110, 5, 15, 20], [0, 1], [2, 3, 4], [], id="restarted"),
        pytest.param([100, 110, 9999, 120, 130], [0, 1, 3, 4], [], [2], id="wild upwards"),
        pytest.param([100, 110, 105, 120], [0, 1, 3], [], [2], id="a little below, then back"),
        pytest.param([100, 110, 50, 40, 120], [0, 1, 4], [], [2, 3], id="below twice, then back"),
        pytest.param([100, 110, 9999, 800, 120, 130], [0, 1, 4, 5], [], [2, 3], id="wild, falling"),
        pytest.param([9000, 5, 15], [0], [1, 2], [], id="restarted after the very first"),
    ],
)
def test_what_does_not_fit_is_set_aside_or_begins_anew(
    database: Path, counters: list[int], first: list[int], restarted: list[int], aside: list[int]
) -> None:
    """Later readings decide whether one is set aside or begins a new series."""
    found = validated_of(database, counted(*counters))
    assert of(found, "first reading") == [first]
    assert of(found, "restarted counter") == [restarted] * bool(restarted)
    assert of(found, "set aside") == [aside] * bool(aside)


def test_why_a_reading_is_aside_is_noted(database: Path) -> None:
    """An event has the register and both values, and the time around it is a gap."""
    found = validated_of(database, counted(100, 110, 50, 120, 9999, 130, 140))
    at = [MONDAY + EVERY_S * place for place in range(6)]
    assert [event[:4] for event in found["events"]] == [
        ("gap", at[1], at[3], None),
        ("gap", at[3], at[5], None),
        ("set aside", at[2], None, "below import_t1_wh 50 110"),
        ("set aside", at[4], None, "above import_t1_wh 9999 130"),
    ]


def test_other_registers_begin_a_series(database: Path) -> None:
    """A change of registers begins a new series."""
    layouts = [{"import_t1_wh": 5}, {"import_t1_wh": 6, "import_t2_wh": 0}, {"import_wh": 7}]
    readings = [(MONDAY + 300 * place, reading(each)) for place, each in enumerate(layouts)]
    found = validated_of(database, readings)
    assert [why for why, _ in found["series"]] == ["first reading", *["other registers"] * 2]


def test_clock_is_noted_when_it_goes_wrong_and_when_it_is_right(database: Path) -> None:
    """A wrong clock has one event at its start and one at its end."""
    readings = counted(1, 2, 3, 4, 5)
    for at, each in readings[1:3]:
        each.timestamp = at - 3600
    found = validated_of(database, readings)
    assert [event[:4] for event in found["events"]] == [
        ("clock off", MONDAY + EVERY_S, None, "-3600"),
        ("clock right", MONDAY + 3 * EVERY_S, None, None),
    ]


def test_gas_meter_that_restarts_goes_on_as_another_life(database: Path) -> None:
    """A gas meter's counter is validated as an electricity meter's is."""
    steps = [5000, 5100, 3, 4, 2, 6]
    readings = [
        (MONDAY + 300 * place, reading({"import_t1_wh": place}, gas=(MONDAY + 300 * place, dm3)))
        for place, dm3 in enumerate(steps)
    ]
    found = validated_of(database, readings)["mbus_devices"]
    lengths = [(why, len(str(instants).split())) for why, instants in found]
    assert lengths == [("first reading", 2), ("restarted counter", 3), ("set aside", 1)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 60, 300, 300, 300, 5000, 200_000]),  # seconds since the one before
        st.sampled_from([0, 5, 5, 5, 40, -3, -30, -500, 900]),  # Wh since the one before
        st.sampled_from(["t1", "t1", "t1", "t1", "t1 t2", "total"]),  # registers
        st.sampled_from([None, None, None, 3600, "unset"]),  # how far the clock is off
    ),
    min_size=1,
    max_size=14,
)


def history(steps: list[tuple[int, int, str, object]]) -> list[tuple[int, Reading]]:
    """Readings of one meter that falls back, jumps, changes its registers and its clock."""
    at, counter, made = MONDAY, 1000, []
    for seconds, wh, layout, off_s in steps:
        at, counter = at + seconds, max(0, counter + wh)
        names = {"t1": ["import_t1_wh"], "t1 t2": ["import_t1_wh", "import_t2_wh"]}
        each = reading(
            dict.fromkeys(names.get(layout, ["import_wh"]), counter), gas=(at, counter * 2)
        )
        each.timestamp = at - off_s if isinstance(off_s, int) else at if off_s is None else None
        made.append((at, each))
    return made


def orders(count: int) -> st.SearchStrategy[list[int]]:
    """In which readings may come: any, or an older log after newer ones, or one between others."""
    places = list(range(count))
    return st.one_of(
        st.permutations(places),
        st.integers(0, count).map(lambda older: places[older:] + places[:older]),
        st.integers(2, 5).map(lambda every: sorted(places, key=lambda place: place % every > 0)),
    )


@given(data=st.data(), steps=STEPS)
def test_verdicts_do_not_depend_on_the_order(
    data: st.DataObject,
    steps: list[tuple[int, int, str, object]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Series and events are the same in whatever order the readings come."""
    folder = tmp_path_factory.mktemp("order")
    readings = history(steps)
    order = data.draw(orders(len(readings)))
    in_order, shuffled = folder / "in order", folder / "shuffled"
    for path, places in ((in_order, range(len(readings))), (shuffled, order)):
        writer = Writer(str(path))
        writer.add_many(((readings[n][1], readings[n][0]) for n in places), None)
        writer.close()
    expected = validated(in_order)
    assert validated(shuffled) == expected
    assert expected["empty"] == [(0,)]
    for path in (in_order, shuffled):
        muddle(path)
        writer = RevalidatingWriter(str(path))
        writer.revalidate()
        writer.close()
        assert validated(path) | {"empty": [(0,)]} == expected


def muddle(database: Path) -> None:
    """Put all readings into one series, and forget the events."""
    with closing(sqlite3.connect(database)) as db, db:
        for table, lives in (("readings", "series"), ("mbus_readings", "mbus_devices")):
            one = f"(SELECT min(id) << 33 FROM {lives})"
            db.execute(f"UPDATE {table} SET id = {one} + taken_at")
        db.execute("DELETE FROM events WHERE kind <> 'other value'")
