"""`slimmemeter publish`: every target gets what it doesn't have yet, from cron within a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from slimmemeter import clock, notify, status, zones
from slimmemeter.errors import PublishError, SlimmemeterError, StoreError, UsageError
from slimmemeter.history import periods
from slimmemeter.publish import address, target
from slimmemeter.publish.outbox import Outbox
from slimmemeter.publish.positions import Positions
from slimmemeter.publish.publisher import Publisher
from slimmemeter.publish.target import Target
from slimmemeter.settings import Settings
from slimmemeter.store.outbox import Key, OutboxReader, OutboxWriter, key_of
from slimmemeter.store.snapshot import Snapshot

OFF = "nothing is published: SLIMMEMETER_PUBLISH is empty; docs/joining.md explains it"
LOCK_FILE = "publishing"
CRON_S = 80  # for all targets together; the next run goes on
LONGEST_SHOWN = 40  # characters of what is no time


@dataclass(frozen=True)
class Task:
    """What a person, or cron, wants of a run."""

    since: str | None = None
    is_dry: bool = False
    is_init: bool = False
    is_cron: bool = False


def run(settings: Settings, task: Task) -> Iterator[str]:
    """Publish to every target; one that fails doesn't keep the others from it.

    :returns: what was done, line by line; nothing for cron.
    :raises UsageError: a setting is invalid, or there is no target.
    :raises PublishError: a target can't be reached, or refuses. :raises StoreError: the database
        can't be used, or another run goes on.
    """
    if task.is_cron:
        _run_for_cron(settings, task)
    elif not settings.publish:
        raise UsageError(OFF)
    elif not os.path.exists(settings.database):
        raise StoreError(f"there is no database {settings.database}")
    elif task.is_dry:
        yield from _pending(settings, task)
    else:
        with _alone(settings.database) as is_alone:
            if not is_alone:
                raise StoreError("another run is publishing; try again when it is done")
            yield from _publish_all(settings, task)


def _run_for_cron(settings: Settings, task: Task) -> None:
    """Silent; it leaves it to another run that goes on."""
    if not settings.publish or not os.path.exists(settings.database):
        return
    with _alone(settings.database) as is_alone:
        if is_alone:
            _recorded(settings, task)


def _recorded(settings: Settings, task: Task) -> None:
    """Leave the status to the pages, and failures or recovery to `notify`."""
    database = settings.database
    try:
        for _ in _publish_all(settings, task):
            pass
    except SlimmemeterError as error:
        sentence = f"slimmemeter publish: {error}"
        status.write_publish(database, error.exit_code, sentence)
        notify.failed(database, settings.on_trouble, error.exit_code, sentence, notify.PUBLISH)
        raise
    status.write_publish(database, 0, "")
    if notify.is_failing(database, notify.PUBLISH):
        notify.recovered(database, settings.on_trouble, notify.PUBLISH)


def _publish_all(settings: Settings, task: Task) -> Iterator[str]:
    since = _since(settings, task)
    positions = Positions(settings.database)
    with OutboxReader(settings.database, settings.timeout_s) as reader:
        targets = _targets(settings, reader)
        outboxes = _outboxes(settings, reader, positions, targets, since)
        failures = []
        until_s = time.monotonic() + CRON_S if task.is_cron else None
        for number, (name, to) in enumerate(targets.items()):
            publisher = Publisher(settings, positions, name, outboxes[name])
            share_s = None if until_s is None else _share_s(until_s, len(targets) - number)
            try:
                for line in publisher.publish(to, share_s, task.is_init):
                    yield f"{name}: {line}"
            except PublishError as error:
                failures.append(error)
    if failures:
        raise PublishError("; ".join(map(str, failures)))


def _share_s(until_s: float, target_count: int) -> float:
    """How long the next of so many targets may take."""
    return max(until_s - time.monotonic(), 1) / target_count


def _targets(settings: Settings, reader: OutboxReader) -> dict[str, Target]:
    """By its name each target that the settings have. :raises UsageError: a URL is invalid."""
    addresses = [address.parse(each) for each in settings.publish]
    return {each.name: target.of(each, settings, reader.mark()) for each in addresses}


def _outboxes(
    settings: Settings,
    reader: OutboxReader,
    positions: Positions,
    targets: Mapping[str, Target],
    since: int | None,
) -> dict[str, Outbox]:
    """What each target gets. A new one is stored with its cursors, so that changes are noted for
    it from now on."""
    house = Snapshot(reader)
    cursors = {name: positions.of(name, reader) for name in targets}
    new = {name: _just_before_the_newest(house) for name in targets if cursors[name] is None}
    if reader.targets() != sorted(targets):
        with OutboxWriter(settings.database, settings.timeout_s) as writer:
            writer.keep_targets(list(targets))
            for name, newest in new.items():
                writer.save(name, newest, {})
    found = {
        name: Outbox(
            house,
            reader,
            dict(cursors[name] or new.get(name, {})),
            reader.changes(name),
            to.most_rows,
        )
        for name, to in targets.items()
    }
    if since is not None:
        _rewind(settings, positions, found, since)
    return found


def _rewind(
    settings: Settings, positions: Positions, outboxes: Mapping[str, Outbox], since: int
) -> None:
    """Send everything from an instant on again, also after an interruption."""
    with OutboxWriter(settings.database, settings.timeout_s) as writer:
        for name, outbox in outboxes.items():
            outbox.rewind(since)
            writer.save(name, outbox.cursors, {})
            positions.keep(name, outbox.cursors)


def _just_before_the_newest(house: Snapshot) -> dict[Key, int]:
    """A new target gets the newest readings, and older ones only if that is asked for."""
    return {key_of(each): each.last - 1 for each in (*house.meters, *house.devices)}


def _pending(settings: Settings, task: Task) -> Iterator[str]:
    """For each target what it would get."""
    since = _since(settings, task)
    positions = Positions(settings.database)
    with OutboxReader(settings.database, settings.timeout_s) as reader:
        house = Snapshot(reader)
        for name in _targets(settings, reader):
            cursors = positions.of(name, reader)
            if cursors is None:
                cursors = _just_before_the_newest(house)
            outbox = Outbox(house, reader, cursors, reader.changes(name))
            if since is not None:
                outbox.rewind(since)
            yield f"{name}: {outbox.count} readings are to be sent; none was"


def _since(settings: Settings, task: Task) -> int | None:
    """The begin of a day, or a moment, of the house's clock; None without --since."""
    text = task.since
    if text is None:
        return None
    zone = zones.of(settings.zone)
    day = periods.parse("day", text, zone)
    at = day.begin_at if day else periods.moment(text, zone)
    if at is None:
        form = "2026-11-23, or 2026-11-23T14:05"
        time_of = f"a time since {periods.FIRST_YEAR}"
        raise UsageError(f"--since {text[:LONGEST_SHOWN]!r} is not {time_of}: write it as {form}")
    return min(at, clock.now())


@contextmanager
def _alone(database: str) -> Iterator[bool]:
    """Whether no other run goes on. :raises StoreError: another user's may."""
    try:
        lock = status.open_lock(database, LOCK_FILE)
    except PermissionError:
        owner = f"publish as the owner of {database}"
        raise StoreError(f"another user publishes the readings; {owner}") from None
    if lock is None:  # as on a full disk: a target gets some readings twice at worst
        yield True
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)
