"""What a target gets: all that counts, in order, and again what changed of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slimmemeter.publish.outbox import Batch, Outbox
from slimmemeter.store.import_log import ImportWriter
from slimmemeter.store.outbox import Change, OutboxReader, OutboxWriter, key_of
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.readings import EVERY_S, MONDAY, counted, reading, store

TARGET = "somewhere"
FIRST = 10_000_000
Sent = dict[tuple[str, int], dict[int, dict[str, int]]]  # by owner and instant, the values


class Target:
    """Keeps what it gets, as a table would; it can fail before or after it has kept a batch."""

    def __init__(self, database: Path, most_rows: int = 3) -> None:
        self.has: Sent = {}
        self.batches: list[Batch] = []
        self._database = str(database)
        self._most_rows = most_rows
        with OutboxWriter(self._database) as writer:
            writer.keep_targets([TARGET])

    def forget(self) -> None:
        """Take it out of the settings, so that no change is noted for it, and in again."""
        with OutboxWriter(self._database) as writer:
            writer.keep_targets([])
            writer.keep_targets([TARGET])

    def publish(
        self, fails_before: int = -1, fails_after: int = -1, since: int | None = None
    ) -> None:
        """What a run of the publisher does with it."""
        with OutboxReader(self._database) as reader:
            changes = reader.changes(TARGET)
            cursors = reader.cursors(TARGET) or {}
            outbox = Outbox(Snapshot(reader), reader, cursors, changes, self._most_rows)
            if since is not None:
                outbox.rewind(since)
            for number, batch in enumerate(outbox.batches()):
                if number == fails_before:
                    break
                self._take(batch)
                if number == fails_after:
                    break
        with OutboxWriter(self._database) as writer:
            writer.save(TARGET, outbox.cursors, outbox.left)

    def _take(self, batch: Batch) -> None:
        self.batches.append(batch)
        if batch.replaced is not None:
            key, at, until = batch.replaced
            rows = self.has.get(key, {})
            self.has[key] = {each: rows[each] for each in rows if not at <= each <= until}
        for at, owner, values in batch.in_order():
            self.has.setdefault(key_of(owner), {})[at] = values


def counting(database: Path) -> Sent:
    """The readings that count, with the counters that do."""
    found: Sent = {}
    with Reader(str(database)) as reader:
        house = Snapshot(reader)
        for series in (*house.meter_series, *house.device_series):
            owners = house.meters if series.table == "readings" else house.devices
            (owner,) = (each for each in owners if each.id == series.owner_id)
            for at, text in reader.lines(owner, series.register, series.first, series.last + 1):
                if text is not None and series.skip(at) is None:
                    rows = found.setdefault(key_of(owner), {})
                    rows.setdefault(at, {})[series.register] = int(text)
    return found


def counters(sent: Sent) -> Sent:
    """Without the values that are no counters, and owners without any."""
    found = {
        key: {
            at: {name: value for name, value in values.items() if name != "tariff"}
            for at, values in rows.items()
        }
        for key, rows in sent.items()
    }
    return {key: rows for key, rows in found.items() if rows}


def instants(batches: Iterable[Batch]) -> list[int]:
    """The instants of the readings, in the order in which they were sent."""
    return [at for batch in batches for at, _, _ in batch.in_order()]


def at(place: int) -> int:
    return MONDAY + EVERY_S * place


def test_everything_is_sent_in_order_and_once(database: Path) -> None:
    """Readings of two owners come in batches, the oldest first; then nothing is left."""
    for place in range(10):
        gas = (at(place) - 7, 5 * place) if place % 4 == 0 else None
        store(database, (at(place), reading({"import_t1_wh": FIRST + place}, gas=gas)))
    target = Target(database)
    target.publish()
    sent = instants(target.batches)
    assert sent == sorted(sent)
    assert len(sent) == len(set(sent)) == 13
    assert counters(target.has) == counting(database)
    target.publish()
    assert instants(target.batches) == sent


def test_register_that_waits_is_not_sent_until_it_counts(database: Path) -> None:
    """Zeros after a power cut never reach a target; a restart does, once it is one."""
    store(database, *counted(*range(FIRST, FIRST + 9)))
    target = Target(database)
    target.publish()
    before = instants(target.batches)
    for place in range(9, 13):
        store(database, (at(place), reading({"import_t1_wh": place})))
        target.publish()
        assert instants(target.batches) == before
    store(database, (at(13), reading({"import_t1_wh": 13})))
    target.publish()
    assert counters(target.has) == counting(database)
    assert instants(target.batches) == [at(place) for place in range(14)]


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_what_failed_is_sent_again(database: Path, fails: int) -> None:
    """A batch that wasn't confirmed comes again, and nothing is left out."""
    store(database, *counted(*range(FIRST, FIRST + 8)))
    target = Target(database)
    target.publish(fails_before=fails)
    target.publish(fails_after=fails)
    target.publish()
    assert counters(target.has) == counting(database)


def test_change_that_grows_while_it_is_sent_stays(database: Path) -> None:
    """What is noted during a run isn't forgotten at its end."""
    store(database, *counted(*range(FIRST, FIRST + 8)))
    target = Target(database)
    target.publish()
    change = Change(("series", 1), at(2), at(2))
    store(database, (at(2) + 9, reading({"import_t1_wh": FIRST + 2})))
    with OutboxWriter(str(database)) as writer:
        writer.save(TARGET, {("series", 1): at(7)}, {change: None})
    target.publish()
    assert counters(target.has) == counting(database)
    with OutboxReader(str(database)) as reader:
        assert reader.changes(TARGET) == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pull"), st.sampled_from([0, 1, 2, 3, -FIRST, 10**9]), st.booleans()),
        st.tuples(st.just("import"), st.integers(-12, 20), st.integers(-2, 3)),
        st.tuples(st.just("aside"), st.integers(0, 12), st.integers(0, 4)),
        st.tuples(st.just("back"), st.integers(0, 12), st.integers(0, 4)),
        st.tuples(st.just("undo"), st.just(0), st.just(0)),
        st.tuples(st.just("rebuild"), st.just(0), st.just(0)),
        st.tuples(st.just("forget"), st.just(0), st.just(0)),
        st.tuples(st.just("publish"), st.integers(-1, 2), st.integers(-1, 2)),
    ),
    max_size=25,
)


class House:
    """A house to which everything happens that changes what counts."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._place = 3
        store(database, *((at(place), self._reading(place, 0)) for place in range(3)))

    def _reading(self, place: int, jump: int, has_export: bool = False) -> object:
        values = {"import_t1_wh": max(FIRST + 7 * place + jump, 0)}
        if has_export:
            values["export_t1_wh"] = 100 + place
        return reading(values, gas=(at(place) - 60, max(1000 + 3 * place + jump, 0)))

    def pull(self, jump: int, has_export: bool) -> None:
        store(self._database, (at(self._place), self._reading(self._place, jump, has_export)))
        self._place += 1

    def act(self, kind: str, one: int, other: int) -> None:
        with ImportWriter(str(self._database)) as writer:
            if kind == "import":
                number = writer.next_import()
                writer.begin()
                late = at(one) + 100
                writer.put(self._reading(one, other), late, None, number)
                writer.record_import(number, "CSV", "made up")
                writer.commit()
            elif kind == "undo":
                for number in list(writer.imports())[-1:]:
                    writer.undo_import(number)
            elif kind == "rebuild":
                writer.revalidate()
            else:
                change = writer.set_aside if kind == "aside" else writer.take_back
                with Reader(str(self._database)) as reader:
                    owners = [*reader.meters(), *reader.devices()]
                change(owners[one % len(owners)], at(one) - 100, at(one + other))


@settings(max_examples=settings.default.max_examples // 25)
@given(steps=STEPS)
@example(steps=[("import", 3, 0), ("publish", -1, -1), ("undo", 0, 0), ("pull", 0, 0)])
@example(steps=[("import", 2, 0), ("publish", -1, 1), ("undo", 0, 0)])
def test_target_has_what_counts_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    """After pulls, imports, their undoing, set-asides, rebuilds and failures a target that replaces
    what it is sent has exactly the counters that count, and no other."""
    database = tmp_path_factory.mktemp("house") / "slimmemeter.sqlite3"
    house = House(database)
    target = Target(database)
    was_forgotten = False
    for kind, one, other in steps:
        if kind == "pull":
            house.pull(one, bool(other))
        elif kind == "publish":
            target.publish(one, other)
        elif kind == "forget":
            target.forget()
            was_forgotten = True
        else:
            house.act(kind, one, other)
    target.publish(since=0 if was_forgotten else None)
    assert counters(target.has) == counting(database)
