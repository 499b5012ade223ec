"""`slimmemeter doctor`: looks at all that a reading needs, and says in words what is wrong."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime

from slimmemeter import clock, diagnosis, outcome, port
from slimmemeter.archive import Reader
from slimmemeter.database import HotJournalError
from slimmemeter.errors import NEEDS_A_HAND, StoreError, TelegramError
from slimmemeter.findings import FINE, NOTE, WRONG, Finding
from slimmemeter.report import anonymous
from slimmemeter.settings import LINES, Settings

LATE_S = 900
LEAST_FREE = 100_000_000  # bytes: ten years of readings


def run(settings: Settings) -> int:
    """Look, and say what was found.

    :returns: the exit code: 0, or `NEEDS_A_HAND`.
    """
    wrong = 0
    for finding in examine(settings):
        wrong += finding.state == WRONG
        print(finding.shown(), flush=True)
    print("all is well" if not wrong else f"{wrong} of these need a hand")
    return NEEDS_A_HAND if wrong else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Each finding as soon as it is known: the port, its meter, the pulls, the data, the pages."""
    yield from diagnosis.of_port(settings)
    last = outcome.last(settings.database)
    yield _of_pull(last, settings)
    yield from _of_database(settings, last is not None and last.code == 0)
    yield _of_pages(settings.listen)


def report(settings: Settings) -> bytes:
    """A telegram from the port, fit to be shown to others.

    :raises SlimmemeterError: no right one came.
    """
    error: TelegramError | None = None
    for line in LINES[:2] if settings.line == "auto" else [settings.line]:
        heard = diagnosis.listen(settings.port or port.find(), line, settings.timeout_s)
        if heard.right and heard.telegram is not None:
            return anonymous(heard.telegram)
        error = heard.error or error
    raise error or TelegramError("no telegram came: `slimmemeter doctor` looks for the cause")


def _of_pull(last: outcome.Outcome | None, settings: Settings) -> Finding:
    if last is None:
        text = "no pull has left word: is the line with scripts/pull.sh in a crontab? `crontab -l`"
        return Finding(WRONG, text)
    at = datetime.fromtimestamp(last.at, settings.zone_info())
    ended = f"the last pull ended on {at:%Y-%m-%d at %H:%M:%S}"
    if last.code:
        return Finding(WRONG, f"{ended} with exit code {last.code}: {last.sentence}")
    if clock.now() - last.at > LATE_S:
        text = f"{ended}, and none came since: does cron run? `systemctl status cron`"
        return Finding(WRONG, text)
    return Finding(FINE, f"{ended}, and all was well")


def _of_database(settings: Settings, is_written: bool) -> Iterator[Finding]:
    path = settings.database
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        yield Finding(NOTE, f"there is no database {path} yet; the first pull makes it")
        return
    except OSError as error:
        yield Finding(WRONG, f"{path} can't be looked at ({error.strerror}): {_as_owner(path)}")
        return
    try:
        yield _of_content(settings, size)
    except HotJournalError as error:
        yield Finding(NOTE, f"{path}: {error}")
    except StoreError as error:
        yield Finding(WRONG, str(error))
    if not os.access(path, os.W_OK):
        text = f"this user may not write {path}: if it isn't who pulls, {_as_owner(path)}"
        yield Finding(NOTE if is_written else WRONG, text)
    free = shutil.disk_usage(os.path.dirname(path)).free
    if free < LEAST_FREE:
        text = f"its disk has only {free // 1_000_000} MB left: `df -h {os.path.dirname(path)}`"
        yield Finding(WRONG, text)


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


def _as_owner(path: str) -> str:
    """How to look with the eyes of the user who has the nearest part of a path that can be seen."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    owner = os.stat(path).st_uid
    try:
        return f"look as its owner: `sudo -u {pwd.getpwuid(owner).pw_name} slimmemeter doctor`"
    except KeyError:
        return f"its owner is user {owner}"


def _of_pages(listen: str) -> Finding:
    host, _, number = listen.rpartition(":")
    url = f"http://{'localhost' if host in ('*', '0.0.0.0', '[::]') else host}:{number}"
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
            version = json.load(answer)["version"]
    except (urllib.error.HTTPError, ValueError, KeyError, TypeError):
        text = f"another program answers at {url}: choose another SLIMMEMETER_LISTEN"
        return Finding(WRONG, text)
    except OSError as error:
        why = getattr(error, "reason", error)
        remedy = "`sudo systemctl enable --now appWebserver`"
        return Finding(WRONG, f"the pages don't answer at {url} ({why}): {remedy}")
    return Finding(FINE, f"the pages answer at {url}, of version {version}")
