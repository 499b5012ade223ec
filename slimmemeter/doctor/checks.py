"""`slimmemeter doctor`: checks everything that a reading needs, from the cable to the pages."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from collections.abc import Iterator

from slimmemeter import clock, process, status, zones
from slimmemeter.doctor import port_check
from slimmemeter.doctor.finding import FINE, NOTE, WRONG, Finding, failure
from slimmemeter.doctor.pages_check import check_listen, check_pages
from slimmemeter.doctor.readings_check import check_readings
from slimmemeter.errors import (
    NEEDS_A_HAND,
    PortError,
    StoreError,
    TelegramError,
)
from slimmemeter.line import port, port_errors
from slimmemeter.line.receive import Reception
from slimmemeter.p1.anonymize import anonymous
from slimmemeter.settings import Settings
from slimmemeter.settings_table import LINES
from slimmemeter.status import STALE_S, Status
from slimmemeter.store import backup_folder
from slimmemeter.store.connection import HotJournalError
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot

CRON_LINES = "/etc/cron.d/slimmemeter"
SYSTEMD = "/run/systemd/system"
BACKUP_LATE_S = 8 * 86400  # a week, and a night
LEAST_FREE = 100_000_000  # bytes: ten years of readings


def run(settings: Settings) -> int:
    """Print each finding. :returns: the exit code: 0, or `NEEDS_A_HAND`.

    :raises UsageError: a setting is invalid, or standard output can't be written to.
    """
    zones.of(settings.zone)  # before anything else, as every time needs it
    wrong = 0
    for finding in findings(settings):
        wrong += finding.state == WRONG
        process.print_line(finding.shown())
    verb = "needs" if wrong == 1 else "need"
    process.print_line(f"{wrong} of these {verb} a hand" if wrong else "all is well")
    return NEEDS_A_HAND if wrong else 0


def findings(settings: Settings) -> Iterator[Finding]:
    """Each finding as soon as it is known: the port, its meter, the pulls, the data, the pages."""
    if settings.lacks_file:
        yield Finding(NOTE, f"{settings.lacks_file}; what follows is by the defaults")
    yield from port_check.check_port(settings)
    last = status.last_pull(settings.database)
    yield _check_pull(last, settings)
    if settings.publish:
        yield _check_publish(status.last_publish(settings.database), settings)
    yield from _check_database(settings, last is not None and last.exit_code == 0)
    if os.path.exists(settings.database):
        yield _check_backup(settings)
    yield check_pages(settings)[0]
    yield from check_listen(settings)


def report(settings: Settings) -> bytes:
    """A telegram from the port, without anything personal.

    :raises SlimmemeterError: no valid one came.
    """
    reception = Reception()
    for line in LINES[:2] if settings.line == "auto" else [settings.line]:
        reception, _ = port_check.listen(settings.port or port.find(), line, settings)
        if reception.valid_count and reception.telegram is not None:
            return anonymous(reception.telegram)
    if reception.foreign.advice:
        raise TelegramError(reception.foreign.advice)
    if not reception.byte_count:
        raise PortError("nothing was heard; this looks for the cause", "slimmemeter doctor")
    raise TelegramError("no telegram was valid; this looks for the cause", "slimmemeter doctor")


def _check_pull(last: Status | None, settings: Settings) -> Finding:
    if last is None:
        text = "nothing has been read yet: is the line with scripts/pull.sh there, does cron run?"
        shows_line = f"cat {CRON_LINES}" if os.path.exists(CRON_LINES) else "crontab -l"
        return Finding(WRONG, text, shows_line, *_cron_state())
    ended = f"the last pull ended on {zones.shown(last.at, settings.zone)}"
    if last.exit_code:
        return Finding(WRONG, f"{ended} with exit code {last.exit_code}: {last.sentence}")
    if clock.now() - last.at > STALE_S:
        text = f"{ended}, and none has run since: does cron run?"
        return Finding(WRONG, text, *_cron_state())
    return Finding(FINE, f"{ended}, and all was well")


def _check_publish(last: Status | None, settings: Settings) -> Finding:
    """How cron's publishing ended; the last pull's finding tells whether cron runs at all."""
    if last is None:
        return Finding(NOTE, "nothing was published yet; this does it:", "slimmemeter publish")
    ended = f"the last publishing ended on {zones.shown(last.at, settings.zone)}"
    if last.exit_code:
        return Finding(WRONG, f"{ended} with exit code {last.exit_code}: {last.sentence}")
    if clock.now() - last.at > STALE_S:
        text = f"{ended}, and none has run since: does cron run scripts/pull.sh?"
        return Finding(WRONG, text, *_cron_state())
    return Finding(FINE, f"{ended}, and every target had all readings")


def _cron_state() -> list[str]:
    """The command that shows whether cron runs, where systemd runs it."""
    return ["systemctl status cron"] if os.path.isdir(SYSTEMD) else []


def _check_backup(settings: Settings) -> Finding:
    """Whether backups can be made, and when the last one was."""
    owner = _owner(settings.database)
    command = "slimmemeter backup"
    if owner != os.geteuid():
        command = f"sudo -u {port_errors.user_name(owner)} {command}"
    folder = settings.backup_folder or backup_folder.beside(settings.database)
    if settings.backup_folder or os.path.isdir(folder):  # the first backup makes that one
        try:
            backup_folder.must_be_usable(os.path.realpath(folder), owner)
        except StoreError as error:
            return failure(error)
    last = status.last_backup(settings.database)
    if last is None:
        return Finding(NOTE, "no backup was made yet:", command)
    made = f"the last backup was made on {zones.shown(last.at, settings.zone)}"
    if clock.now() - last.at > BACKUP_LATE_S:
        return Finding(WRONG, f"{made}; is its line in cron?", command)
    return Finding(FINE, f"{made}: {last.sentence}")


def _check_database(settings: Settings, is_written: bool) -> Iterator[Finding]:
    path = settings.database
    try:
        about = os.stat(path)
    except FileNotFoundError:
        yield _check_missing(settings)
        return
    except OSError as error:
        yield _as_owner(WRONG, f"{path} can't be looked at ({error.strerror})", path)
        return
    if not stat.S_ISREG(about.st_mode):
        yield Finding(WRONG, f"{path} is not a file: choose another SLIMMEMETER_DB")
        return
    try:
        yield from _check_content(settings, about.st_size)
    except HotJournalError as error:
        yield Finding(NOTE, f"{path}: {error}")
    except StoreError as error:
        yield failure(error)
    folder = os.path.dirname(path)
    for each in (path, folder):  # SQLite's journal stands beside the file
        if not os.access(each, os.W_OK):
            text = f"this user may not write {each}; only who pulls must"
            yield _as_owner(NOTE if is_written else WRONG, text, path)
            break
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        text = f"its disk has only {free // 1_000_000} MB left:"
        yield Finding(WRONG, text, f"df -h {shlex.quote(folder)}")


def _check_missing(settings: Settings) -> Finding:
    """Whether a pull can make a missing database."""
    path = settings.database
    folder = os.path.dirname(path)
    if not os.path.isdir(folder) and not settings.is_in_own_folder:
        return Finding(WRONG, f"there is no folder {folder} for the database")
    if os.path.isdir(folder) and not os.access(folder, os.W_OK):
        return _as_owner(WRONG, f"this user may not make the database in {folder}", folder)
    return Finding(NOTE, f"there is no database {path} yet; the first pull makes it")


def _check_content(settings: Settings, size: int) -> Iterator[Finding]:
    """Whether the file is sound, and its readings. :raises StoreError: it can't be read."""
    path, zone = settings.database, zones.of(settings.zone)
    with Reader(path) as reader:
        if damage := reader.damage():
            text = f"{path} is damaged: {damage}; move it aside and restore a backup"
            yield Finding(WRONG, text)
            return
        house = Snapshot(reader)
        if house.newest is None:
            yield Finding(NOTE, f"{path} is sound, and has no reading yet")
            return
        newest_is = f"the newest reading is of {zones.shown(house.newest.taken_at, zone.key)}"
        yield Finding(FINE, f"{path} is sound: {size / 1e6:.1f} MB, {newest_is}")
        yield from check_readings(house, zone)


def _as_owner(state: str, sentence: str, path: str) -> Finding:
    """What only the owner may do, and how to run the checks as that user."""
    owner = port_errors.user_name(_owner(path))
    return Finding(state, f"{sentence}; look as its owner:", f"sudo -u {owner} slimmemeter doctor")


def _owner(path: str) -> int:
    """The owner of the nearest part of a path that can be seen."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.stat(path).st_uid
