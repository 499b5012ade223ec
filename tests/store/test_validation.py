"""Which readings count, which are set aside, and why: whatever order they come in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.store.overriding import OverridingWriter
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Owner, Series
from slimmemeter.store.revalidation import RevalidatingWriter
from slimmemeter.store.writer import Writer
from support.database import rows, validated
from support.readings import EVERY_S, MONDAY, counted, reading, store


def series_of(database: Path, *readings: tuple[int, Reading]) -> list[Series]:
    """The series of readings, stored in this order."""
    store(database, *readings)
    with Reader(str(database)) as reader:
        return reader.series(reader.meters())


def places(instants: Iterable[int]) -> list[int]:
    """Instants as numbers of pulls."""
    return [(at - MONDAY) // EVERY_S for at in instants]


GOOD = [100, 110, 120, 130, 140, 150]
HIGH = [10**7 + each for each in GOOD]


@pytest.mark.parametrize(
    ("counters", "series", "skips"),
    [
        pytest.param([100, 110, 120], [(0, 2)], [], id="rising"),
        pytest.param([100, 100, 100], [(0, 2)], [], id="standing still"),
        pytest.param([*GOOD, 50], [(0, 5)], [], id="below, and nothing after it"),
        pytest.param([100, 110, 50, 120], [(0, 3)], [(1, 3)], id="below, then back"),
        pytest.param([9999, 0, 0, 10074], [(0, 3)], [(0, 3)], id="zeros between single readings"),
        pytest.param([*GOOD, *[0] * 40, 160], [(0, 46)], [(5, 46)], id="zeros for hours"),
        pytest.param([*GOOD, 0, 1, 2, 3], [(0, 5)], [], id="four of a new series wait"),
        pytest.param([*GOOD, 0, 1, 2, 3, 4], [(0, 5), (6, 10)], [], id="five begin it"),
        pytest.param([*GOOD, *[99999] * 9, 160], [(0, 15)], [(5, 15)], id="a spike that stays"),
        pytest.param([100, 110, 9999999, 120, 130], [(0, 4)], [(1, 3)], id="wild upwards"),
        pytest.param([100, 110, 9999, 120, 130], [(0, 4)], [(1, 3)], id="a little too high"),
        pytest.param([100, 110, 105, 120], [(0, 3)], [(0, 2)], id="a little above, then back"),
        pytest.param([100, 110, 50, 40, 120], [(0, 4)], [(1, 4)], id="below twice, then back"),
        pytest.param([9 * 10**8, 5, 15, 25], [(1, 3)], [], id="only the very first is wild"),
        pytest.param(
            [*HIGH, 0, 0, 77777, 0, 0, 0, 0, 0, 0, 888, 5, 5, *range(HIGH[-1], HIGH[-1] + 6)],
            [(0, 23)], [(5, 18)], id="zeros, other wrong values, zeros",
        ),
        pytest.param([*HIGH, HIGH[-1] + 33_000], [(0, 6)], [], id="as much as 100 kW can carry"),
        pytest.param([*HIGH, HIGH[-1] + 34_000], [(0, 5)], [], id="more than 100 kW can carry"),
        pytest.param(
            [*range(10**7, 10**7 + 9), *range(30), *[10**7 + 9] * 3, *range(30, 60)],
            [(0, 8), (9, 71)], [(38, 42)], id="a new series is hit by the old one's counter",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_set_aside_or_begins_a_series(
    database: Path,
    counters: list[int],
    series: list[tuple[int, int]],
    skips: list[tuple[int, int]],
) -> None:
    """Later readings decide whether one is set aside or begins a new series."""
    found = series_of(database, *counted(*counters))
    assert [tuple(places((each.first, each.last))) for each in found] == series
    assert [tuple(places(skip)) for each in found for skip in each.skips] == skips


def test_why_readings_are_set_aside_is_noted(database: Path) -> None:
    """An event has the register, how many readings, the first of them and the one before it."""
    store(database, *counted(*GOOD, 50, 60, 160))
    at = [MONDAY + EVERY_S * place for place in (5, 8)]
    sql = "SELECT register, at, until, readings, detail FROM events WHERE kind = 'set aside'"
    assert rows(database, sql) == [("import_t1_wh", *at, 2, "50 150")]


def test_registers_live_apart(database: Path) -> None:
    """A register that comes, pauses and goes costs no other one anything."""
    without = {"import_t1_wh": 5}
    values = [without, without | {"export_t1_wh": 7}, without, without | {"export_t1_wh": 9}]
    values += [without, without]
    readings = [(MONDAY + EVERY_S * place, reading(each)) for place, each in enumerate(values)]
    imported, exported = series_of(database, *readings)
    assert (imported.register, imported.first, imported.last, imported.skips) == (
        "import_t1_wh", MONDAY, MONDAY + 5 * EVERY_S, (),
    )  # fmt: skip
    assert (exported.register, *places((exported.first, exported.last))) == ("export_t1_wh", 1, 3)
    assert [tuple(places(skip)) for skip in exported.skips] == [(1, 3)]


def test_a_register_that_went_back_for_good_costs_no_other_one_anything(database: Path) -> None:
    """One register restarts, and the others go on."""
    values = [
        {"import_t1_wh": 1000 + 10 * place - 3 * (place > 9), "import_t2_wh": 10 * place}
        for place in range(20)
    ]
    readings = [(MONDAY + EVERY_S * place, reading(each)) for place, each in enumerate(values)]
    first, second = series_of(database, *readings)
    assert places((second.first, second.last)) == [0, 19]
    assert places((first.first, first.last)) == [0, 19]
    assert [tuple(places(skip)) for skip in first.skips] == []


def test_clock_is_noted_when_it_goes_wrong_and_when_it_is_right(database: Path) -> None:
    """A wrong clock has one event at its start and one at its end."""
    readings = counted(1, 2, 3, 4, 5)
    for at, each in readings[1:3]:
        each.timestamp = at - 3600
    store(database, *readings)
    assert rows(
        database, "SELECT kind, at, detail FROM events WHERE register IS NULL ORDER BY at"
    ) == [
        ("clock off", MONDAY + EVERY_S, "-3600"),
        ("clock right", MONDAY + 3 * EVERY_S, None),
    ]


def test_a_gas_meter_is_validated_as_an_electricity_meter_is(database: Path) -> None:
    """Zeros of a gas meter are set aside, and a gas meter that restarts begins a series."""
    steps = [*HIGH, 0, 0, *(each + 200 for each in HIGH), 3, 4, 5, 6, 7, 8]
    for place, dm3 in enumerate(steps):
        at = MONDAY + 300 * place
        store(database, (at, reading({"import_t1_wh": place}, gas=(at, dm3))))
    with Reader(str(database)) as reader:
        found = reader.series(reader.devices())
    assert [tuple(places((each.first, each.last))) for each in found] == [(0, 13), (14, 19)]
    assert [tuple(places(skip)) for each in found for skip in each.skips] == [(5, 8)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_values_of_an_instant_the_one_that_fits_counts(
    database: Path, order: tuple[int, int]
) -> None:
    """Whichever came first; both are kept."""
    at = MONDAY + 3600
    values = [(at, 5020), (at, 777_000_000)]
    gas = [(MONDAY, 5000), *(values[place] for place in order), (MONDAY + 7200, 5040)]
    for place, each in enumerate(gas):
        now = MONDAY + 300 * place
        store(database, (now, reading({"import_t1_wh": place}, gas=each)))
    sql = "SELECT counter FROM mbus_readings JOIN mbus_devices AS d ON d.id = device WHERE"
    assert rows(database, f"{sql} NOT other ORDER BY taken_at") == [(5000,), (5020,), (5040,)]
    assert rows(database, f"{sql} other") == [(777_000_000,)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 60, 300, 300, 300, 5000, 200_000]),  # seconds since the one before
        # Wh since the one before, or a counter that has nothing to do with it
        st.sampled_from([0, 5, 5, 5, 40, -3, -30, -500, 900, 10**8, "zero", "back"]),
        st.sampled_from(["t1", "t1", "t1", "t1", "t1 t2", "total"]),  # registers
        st.sampled_from([None, None, None, 3600, "unset"]),  # how far the clock is off
    ),
    min_size=1,
    max_size=14,
)


def history(steps: list[tuple[int, object, str, object]]) -> list[tuple[int, Reading]]:
    """Readings of one meter that falls back, jumps, changes its registers and its clock."""
    at, counter, good, made = MONDAY, 1000, 1000, []
    for seconds, wh, layout, off_s in steps:
        at += seconds
        counter = good if wh == "back" else max(0, counter + wh) if isinstance(wh, int) else 0
        good = max(good, counter) if counter < 10**6 else good
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


@settings(max_examples=settings.default.max_examples // 3)
@given(data=st.data(), steps=STEPS)
def test_verdicts_do_not_depend_on_the_order(
    data: st.DataObject,
    steps: list[tuple[int, object, str, object]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Breaks and events are the same in whatever order the readings come."""
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
    for path in (in_order, shuffled):
        muddle(path)
        writer = RevalidatingWriter(str(path))
        writer.revalidate()
        writer.close()
        assert validated(path) == expected


@settings(max_examples=settings.default.max_examples // 10)
@given(data=st.data(), steps=STEPS)
def test_what_a_person_sets_aside_never_came(
    data: st.DataObject,
    steps: list[tuple[int, object, str, object]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whenever a time is set aside, what counts is the same; and taken back, it never was so."""
    folder = tmp_path_factory.mktemp("aside")
    readings = [(each, at) for at, each in history(steps)]
    at, until = sorted(data.draw(st.sampled_from(readings))[1] for _ in range(2))
    inside = [pair for pair in readings if at <= pair[1] <= until]
    outside = data.draw(st.permutations([pair for pair in readings if pair not in inside]))
    late, early, without = folder / "late", folder / "early", folder / "without"
    for path, first, rest in ((late, readings, []), (early, inside, outside)):
        with OverridingWriter(str(path)) as writer:
            writer.add_many(first, None)
            for owner in owners(path):
                writer.set_aside(owner, at, until)
            writer.add_many(rest, None)
    expected = validated(late)
    assert validated(early) == expected
    with OverridingWriter(str(early)) as writer:
        writer.revalidate()
        assert validated(early) == expected
        for owner in owners(early):
            writer.take_back(owner, at, until)
    with OverridingWriter(str(late)) as writer:
        for owner in owners(late):
            writer.take_back(owner, at, until)
    writer = Writer(str(without))
    writer.add_many(readings, None)
    writer.close()
    assert validated(early) == validated(late) == validated(without)


def owners(database: Path) -> list[Owner]:
    """The meters and devices of a database."""
    with Reader(str(database)) as reader:
        return [*reader.meters(), *reader.devices()]


def muddle(database: Path) -> None:
    """Forget all that validation found."""
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("DELETE FROM breaks")
        db.execute("DELETE FROM events WHERE kind <> 'other value'")


def gas_of(database: Path, *readings: tuple[int, int, str, int]) -> list[tuple[str, int]]:
    """The gas meters after readings of an instant, a channel, an id and a counter, each in a
    telegram of its own: their ids, and what each counted."""
    for at, channel, equipment, dm3 in readings:
        each = reading({"import_t1_wh": at - MONDAY})
        each.devices = [MbusReading(channel, 3, equipment, at, dm3, "dm3")]
        store(database, (at, each))
    with Reader(str(database)) as found:
        series = found.series(found.devices())
        ends = ([each.first, each.last] for each in series)
        counted = [found.neighbours(each, end) for each, end in zip(series, ends, strict=True)]
    return [
        (each.owner.equipment_id, last.values["counter"] - first.values["counter"])
        for each, ((first, _), (last, _)) in zip(series, counted, strict=True)
        if first is not None and last is not None
    ]


def test_device_goes_on_on_another_channel_and_when_its_id_comes_later(database: Path) -> None:
    """It is one device, and nothing that it counted is lost."""
    at = [MONDAY + 3600 * place for place in range(6)]
    steps = [(1, "", 5000), (1, "", 5010), (1, "G", 5020), (2, "G", 5030), (1, "G", 5040)]
    readings = [(at[n], *step) for n, step in enumerate(steps)]
    assert gas_of(database, *readings) == [("G", 40)]
    assert gas_of(database, (at[5], 1, "", 5050)) == [("G", 50)]


def test_another_device_on_a_channel_is_another(database: Path) -> None:
    """A counter that doesn't go on is another device's, whether it has an id or not."""
    readings = [(MONDAY, 1, "", 5_000_000), (MONDAY + 3600, 1, "", 5_000_010)]
    readings += [(MONDAY + 7200, 1, "G", 3), (MONDAY + 10800, 1, "G", 5)]
    assert gas_of(database, *readings) == [("", 10), ("G", 2)]


def test_one_id_on_two_channels_at_once_is_two_devices(database: Path) -> None:
    """Anonymised telegrams have that: each counts for itself."""
    for place in range(3):
        at = MONDAY + 3600 * place
        each = reading({"import_t1_wh": place})
        counters = (1000 + place, 70_000 + 5 * place)
        each.devices = [
            MbusReading(channel, 3, "G", at, dm3, "dm3") for channel, dm3 in enumerate(counters, 1)
        ]
        store(database, (at, each))
    assert gas_of(database) == [("G", 2), ("G", 10)]
