"""`slimmemeter publish`: every target gets what it doesn't have yet, from cron within a time."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Never

from tqdm import tqdm

from slimmemeter import clock, notify, process, status, zones
from slimmemeter.errors import PublishError, SlimmemeterError, StoreError, UsageError
from slimmemeter.history import periods
from slimmemeter.publish import address, target
from slimmemeter.publish.outbox import Outbox
from slimmemeter.publish.positions import Positions
from slimmemeter.publish.target import Target
from slimmemeter.settings import Settings
from slimmemeter.store.outbox import Key, OutboxReader, OutboxWriter, key_of
from slimmemeter.store.snapshot import Snapshot

if TYPE_CHECKING:
    Bar = tqdm[Never]

OFF = "nothing is published: SLIMMEMETER_PUBLISH is empty; docs/joining.md explains it"
LOCK_FILE = "publishing"
CRON_S = 60  # of all targets together; the next run goes on
MORE_S = 15  # for the batch that is on its way then


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
    """Silent, and its end is recorded for the pages and for the household's command."""
    if not settings.publish or not os.path.exists(settings.database):
        return
    with _alone(settings.database) as is_alone:
        if is_alone:
            _recorded(settings, task)


def _recorded(settings: Settings, task: Task) -> None:
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


def _targets(settings: Settings) -> dict[str, Target]:
    """By its name each target that the settings have. :raises UsageError: a URL is invalid."""
    with OutboxReader(settings.database, settings.timeout_s) as reader:
        mark = reader.mark()
    addresses = [address.parse(each) for each in settings.publish]
    return {each.name: target.of(each, settings, mark) for each in addresses}


def _publish_all(settings: Settings, task: Task) -> Iterator[str]:
    since = _since(settings, task)
    targets = _targets(settings)
    begun = _begun(settings, list(targets))
    until_s = time.monotonic() + CRON_S if task.is_cron else None
    failures = []
    for number, (name, to) in enumerate(targets.items()):
        share_s = None
        if until_s is not None:
            now_s = time.monotonic()
            share_s = now_s + max(until_s - now_s, 1) / (len(targets) - number)
        publisher = Publisher(settings, begun, name, share_s)
        try:
            with to:
                if task.is_init:
                    yield f"{name}: {to.prepare()}"
                count = publisher.publish(to, since)
            yield f"{name}: {count} readings"
        except (PublishError, UsageError) as error:
            failures.append(error)
    if failures:
        raise PublishError("; ".join(f"{each}" for each in failures))


class Begun:
    """The cursors with which a run begins."""

    def __init__(self, database: str, names: Sequence[str]) -> None:
        self.positions = Positions(database)
        with OutboxReader(database) as reader:
            known = {name: self.positions.of(name, reader) for name in names}
            newest = _just_before_the_newest(Snapshot(reader))
        self.is_new = {name: cursors is None for name, cursors in known.items()}
        self.cursors = {
            name: newest if cursors is None else cursors for name, cursors in known.items()
        }


def _begun(settings: Settings, names: Sequence[str]) -> Begun:
    """The cursors; a new target is stored with its own, so that changes are noted for it."""
    begun = Begun(settings.database, names)
    with OutboxReader(settings.database) as reader:
        is_same = reader.targets() == sorted(names)
    if not is_same:
        with OutboxWriter(settings.database, settings.timeout_s) as writer:
            writer.keep_targets(names)
            for name, is_new in begun.is_new.items():
                if is_new:
                    writer.save(name, begun.cursors[name], {})
    return begun


def _just_before_the_newest(house: Snapshot) -> dict[Key, int]:
    """A new target gets the newest readings, and older ones only if that is asked for."""
    return {key_of(each): each.last - 1 for each in (*house.meters, *house.devices)}


class Publisher:
    """One run for one target."""

    def __init__(self, settings: Settings, begun: Begun, name: str, until_s: float | None) -> None:
        """:param until_s: when to stop, as a time of `time.monotonic`; None: when all is sent."""
        self._settings = settings
        self._positions = begun.positions
        self._cursors = begun.cursors[name]
        self._name = name
        self._until_s = until_s

    def publish(self, to: Target, since: int | None) -> int:
        """Send what the target lacks. :returns: the number of readings. :raises PublishError: it
        can't be reached, or refuses; what it has by then is kept."""
        with OutboxReader(self._settings.database, self._settings.timeout_s) as reader:
            changes = reader.changes(self._name)
            outbox = Outbox(reader, dict(self._cursors), changes, to.most_rows)
            if since is not None:
                outbox.rewind(since)
            count, batches = 0, 0
            try:
                with self._limited(), _progress(outbox, self._name) as bar:
                    for batch in outbox.batches():  # it is here when the one before has arrived
                        self._positions.keep(self._name, outbox.cursors)
                        if self._is_late():
                            break
                        to.send(batch)
                        count, batches = count + batch.count, batches + 1
                        bar.update(batch.count)
                    else:
                        to.show(outbox.house)
            finally:
                self._save(outbox, is_catching_up=batches > 1 or since is not None)
        return count

    def _is_late(self) -> bool:
        return self._until_s is not None and time.monotonic() > self._until_s

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """Break off what hangs in a library, from cron only."""
        if self._until_s is None:
            yield
            return
        late = PublishError(f"{self._name} doesn't take readings in time; the next run goes on")
        with process.Deadline(self._until_s + MORE_S, late):
            yield

    def _save(self, outbox: Outbox, is_catching_up: bool) -> None:
        self._positions.keep(self._name, outbox.cursors)
        if outbox.left or is_catching_up or self._positions.is_due(self._name):
            with OutboxWriter(self._settings.database, self._settings.timeout_s) as writer:
                writer.save(self._name, outbox.cursors, outbox.left)
            self._positions.saved(self._name)


@contextmanager
def _progress(outbox: Outbox, name: str) -> Iterator[Bar]:
    """A bar with an estimate, on a terminal only."""
    is_shown = sys.stderr.isatty()
    total = outbox.count if is_shown else None
    with tqdm(total=total, desc=name, unit=" readings", disable=not is_shown) as bar:
        yield bar


def _pending(settings: Settings, task: Task) -> Iterator[str]:
    """For each target what it would get."""
    since = _since(settings, task)
    begun = Begun(settings.database, list(_targets(settings)))
    with OutboxReader(settings.database) as reader:
        for name, cursors in begun.cursors.items():
            outbox = Outbox(reader, cursors, reader.changes(name))
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
        raise UsageError(f"--since {text[:40]!r} is not a time: write it as {form}")
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
