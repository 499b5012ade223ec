"""`slimmemeter doctor`: looks at all that a reading needs, and says in words what is wrong."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import shutil
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime

from slimmemeter import alarm, clock, process, status
from slimmemeter.doctor import port_check
from slimmemeter.doctor.finding import FINE, NOTE, WRONG, Finding, failure
from slimmemeter.errors import (
    NEEDS_A_HAND,
    PortError,
    SlimmemeterError,
    StoreError,
    TelegramError,
)
from slimmemeter.line import port, port_errors
from slimmemeter.line.receive import Heard
from slimmemeter.p1.anonymize import anonymous
from slimmemeter.settings import LINES, Settings
from slimmemeter.store.connection import HotJournalError
from slimmemeter.store.reader import Reader
from slimmemeter.store.writer import Writer

LATE_S = 900
BACKUP_LATE_S = 8 * 86400  # a week, and a night
PAGES_S = 10
LONGEST_ANSWER = 65536  # bytes
LEAST_FREE = 100_000_000  # bytes: ten years of readings


def run(settings: Settings) -> int:
    """Look, and say what was found.

    :returns: the exit code: 0, or `NEEDS_A_HAND`.
    :raises UsageError: a setting doesn't fit, or standard output takes nothing.
    """
    settings.zone_info()  # before anything, as all that is said of times needs it
    wrong = 0
    for finding in examine(settings):
        wrong += finding.state == WRONG
        process.say(finding.shown())
    process.say("all is well" if not wrong else f"{wrong} of these need a hand")
    return NEEDS_A_HAND if wrong else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Each finding as soon as it is known: the port, its meter, the pulls, the data, the pages."""
    yield from port_check.of_port(settings)
    last = status.last(settings.database)
    yield _of_pull(last, settings)
    yield from _of_database(settings, last is not None and last.code == 0)
    if os.path.exists(settings.database):
        yield _of_backup(settings)
    yield of_pages(settings.listen)


def report(settings: Settings) -> bytes:
    """A telegram from the port, fit to be shown to others.

    :raises SlimmemeterError: no right one came.
    """
    heard = Heard()
    for line in LINES[:2] if settings.line == "auto" else [settings.line]:
        heard, _ = port_check.listen(settings.port or port.find(), line, settings.timeout_s)
        if heard.right and heard.telegram is not None:
            return anonymous(heard.telegram)
    if heard.foreign.said:
        raise TelegramError(heard.foreign.said)
    if not heard.bytes:
        raise PortError("nothing was heard; this looks for the cause", "slimmemeter doctor")
    raise TelegramError("no telegram was right; this looks for the cause", "slimmemeter doctor")


def rebuild(settings: Settings) -> str:
    """Judge the stored readings anew: which count, where series begin, what is to be told of them.

    :returns: what there is now, in words.
    :raises StoreError: there is no database, or it can't be written.
    """
    if not os.path.exists(settings.database):
        raise StoreError(f"there is no database {settings.database}")
    with Writer(settings.database, settings.timeout_s) as writer:
        before = writer.noted()
        writer.judge_again()
        after = writer.noted()
        writer.close()
    return f"all readings were judged anew: {_changed(before, after)}"


def _changed(before: dict[str, int], after: dict[str, int]) -> str:
    told = []
    for kind in sorted({*before, *after}):
        now, was = after.get(kind, 0), before.get(kind, 0)
        told.append(f"{now} {kind}" + f" ({was} before)" * (was != now))
    return ", ".join(told) or "nothing is to be told of them"


def _of_pull(last: status.Outcome | None, settings: Settings) -> Finding:
    if last is None:
        text = "no pull has left word: is the line with scripts/pull.sh there, and does cron run?"
        return Finding(WRONG, text, "cat /etc/cron.d/slimmemeter", "systemctl status cron")
    at = datetime.fromtimestamp(last.at, settings.zone_info())
    ended = f"the last pull ended on {at:%Y-%m-%d at %H:%M:%S}"
    if last.code:
        return Finding(WRONG, f"{ended} with exit code {last.code}: {last.sentence}")
    if clock.now() - last.at > LATE_S:
        text = f"{ended}, and none came since: does cron run?"
        return Finding(WRONG, text, "systemctl status cron")
    return Finding(FINE, f"{ended}, and all was well")


def _of_backup(settings: Settings) -> Finding:
    owner = port_errors.user_name(_owner(settings.database))
    command = f"sudo -u {owner} slimmemeter backup"
    last = status.last_backup(settings.database)
    if last is None:
        return Finding(NOTE, "no backup was made yet:", command)
    at = datetime.fromtimestamp(last.at, settings.zone_info())
    made = f"the last backup was made on {at:%Y-%m-%d at %H:%M:%S}"
    if clock.now() - last.at > BACKUP_LATE_S:
        return Finding(WRONG, f"{made}; is its line in cron, and its disk there?", command)
    return Finding(FINE, f"{made}: {last.sentence}")


def _of_database(settings: Settings, is_written: bool) -> Iterator[Finding]:
    path = settings.database
    try:
        about = os.stat(path)
    except FileNotFoundError:
        yield _of_no_database(settings)
        return
    except OSError as error:
        yield _as_owner(WRONG, f"{path} can't be looked at ({error.strerror})", path)
        return
    if not stat.S_ISREG(about.st_mode):
        yield Finding(WRONG, f"{path} is no file: choose another SLIMMEMETER_DB")
        return
    try:
        yield _of_content(settings, about.st_size)
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


def _of_no_database(settings: Settings) -> Finding:
    """Where none is yet: whether a pull can make it."""
    path = settings.database
    folder = os.path.dirname(path)
    if not os.path.isdir(folder) and not settings.is_in_own_folder:
        return Finding(WRONG, f"there is no folder {folder} for the database")
    if os.path.isdir(folder) and not os.access(folder, os.W_OK):
        return _as_owner(WRONG, f"this user may not make the database in {folder}", folder)
    return Finding(NOTE, f"there is no database {path} yet; the first pull makes it")


def _of_content(settings: Settings, size: int) -> Finding:
    """Whether the file is sound, and what is in it. :raises StoreError: it can't be read."""
    path = settings.database
    reader = Reader(path)
    try:
        damage, newest = reader.damage(), reader.newest()
    finally:
        reader.close()
    if damage:
        return Finding(WRONG, f"{path} is damaged: {damage}; move it aside and restore a backup")
    if newest is None:
        return Finding(NOTE, f"{path} is sound, and has no reading yet")
    at = datetime.fromtimestamp(newest["taken_at"], settings.zone_info())
    newest_is = f"the newest reading is of {at:%Y-%m-%d %H:%M:%S}"
    return Finding(FINE, f"{path} is sound: {size / 1e6:.1f} MB, {newest_is}")


def _as_owner(state: str, sentence: str, path: str) -> Finding:
    """What only the owner may; and how to look with that user's eyes."""
    owner = port_errors.user_name(_owner(path))
    return Finding(state, f"{sentence}; look as its owner:", f"sudo -u {owner} slimmemeter doctor")


def _owner(path: str) -> int:
    """The user whose is the nearest part of a path that can be seen."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.stat(path).st_uid


def of_pages(listen: str) -> Finding:
    """Whether the pages answer at an address as SLIMMEMETER_LISTEN has it; FINE, with their
    version at the end of the sentence, if they do."""
    host, _, number = listen.rpartition(":")
    here = {"*": "localhost", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
    url = f"http://{here.get(host, host)}:{number}"
    try:
        version = _version_of_pages(url)
    except (http.client.HTTPException, ValueError, RecursionError, TimeoutError):
        text = f"another program answers at {url}: choose another SLIMMEMETER_LISTEN"
        return Finding(WRONG, text)
    except OSError as error:
        why = getattr(error, "reason", error)
        text = f"the pages don't answer at {url} ({why}):"
        return Finding(WRONG, text, "sudo systemctl enable --now appWebserver")
    return Finding(FINE, f"the pages answer at {url}, of version {version}")


def _version_of_pages(url: str) -> str:
    """Who answers: it is our pages if it says what they say.

    :raises HTTPException, ValueError, RecursionError, TimeoutError: it is something else.
    :raises OSError: nobody answers.
    """
    late = SlimmemeterError("too slow")
    alarm.ring_at(time.monotonic() + PAGES_S, late)
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{url}/healthz", timeout=PAGES_S) as answer:
            told = json.loads(answer.read(LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        raise ValueError(error.code) from None
    except SlimmemeterError:
        raise TimeoutError from None
    finally:
        alarm.stop()
    if not isinstance(told, dict) or not {"status", "version", "readings"} <= set(told):
        raise ValueError("not ours")
    return str(told["version"])
