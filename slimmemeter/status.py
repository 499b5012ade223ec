"""How the last pull, publishing and backup of a database ended: one line each, written by them,
shown by the pages.

The line is `UTC-SECONDS EXIT-CODE SENTENCE`. Losing it loses no reading.
"""

from __future__ import annotations

import os

from slimmemeter import clock, process

RUN_FOLDER = "/run/slimmemeter"
PULL_FILE = "last-pull"
PUBLISH_FILE = "last-publish"
BACKUP_FILE = "last-backup"  # only on the disk, so that it survives a restart
PULL_EVERY_S = 300  # cron's interval
STALE_S = 900  # the newest reading is older: three pulls have failed


class Status:
    """How a program ended: when (UTC seconds), its exit code, its sentence ('' if all is well)."""

    __slots__ = ("at", "exit_code", "sentence")

    def __init__(self, at: int, exit_code: int, sentence: str) -> None:
        self.at = at
        self.exit_code = exit_code
        self.sentence = sentence


def paths(database: str, name: str) -> tuple[str, str]:
    """Where a file about a database may be: in memory, where the system has room for it, and on the
    disk beside it."""
    in_memory = database.strip("/").replace("/", "-")
    return f"{RUN_FOLDER}/{in_memory}.{name}", f"{database}.{name}"


def path_of(database: str, name: str) -> str:
    """Where this user can write a file about a database."""
    memory, disk = paths(database, name)
    return memory if os.access(RUN_FOLDER, os.W_OK) else disk


def open_lock(database: str, name: str) -> int | None:
    """Open the file of a lock, which nobody but the collecting user can open.

    :returns: None if there can't be one, as on a full disk.
    :raises PermissionError: it belongs to another user.
    """
    path = path_of(database, name)
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:  # by hand; cron's runs must be able to open it too
            about = os.stat(os.path.dirname(path))
            os.fchown(lock, about.st_uid, about.st_gid)
    except PermissionError:
        if os.path.exists(path):
            raise
        return None
    except OSError:
        return None
    return lock


def write_pull(database: str, exit_code: int, sentence: str) -> None:
    """Record how a pull ended.

    If it can't be written, nothing is lost: the pull's exit code and its stderr have it too.
    """
    _write(path_of(database, PULL_FILE), exit_code, sentence)


def last_pull(database: str) -> Status | None:
    """The newest status of a pull into this database; None if there is none."""
    return _newest(database, PULL_FILE)


def write_publish(database: str, exit_code: int, sentence: str) -> None:
    """Record how cron's publishing of this database's readings ended."""
    _write(path_of(database, PUBLISH_FILE), exit_code, sentence)


def last_publish(database: str) -> Status | None:
    """The newest status of cron's publishing; None if there is none."""
    return _newest(database, PUBLISH_FILE)


def _newest(database: str, name: str) -> Status | None:
    found = map(_read, paths(database, name))
    known = [status for status in found if status is not None]
    return max(known, key=lambda status: status.at, default=None)


def write_backup(database: str, path: str) -> None:
    """Record that a verified backup of the database was made."""
    _write(_of_backup(database), 0, path)


def last_backup(database: str) -> Status | None:
    """When the last verified backup was made, and its path as the sentence; None if never."""
    return _read(_of_backup(database))


def forget_backup(database: str) -> None:
    """Another database is in this place now, of which there is no backup yet."""
    if os.path.exists(_of_backup(database)):
        os.unlink(_of_backup(database))


def _of_backup(database: str) -> str:
    return paths(database, BACKUP_FILE)[1]


def _write(path: str, exit_code: int, sentence: str) -> None:
    try:
        process.replace_file(path, f"{clock.now()} {exit_code} {' '.join(sentence.split())}\n")
    except OSError:
        pass


def _read(path: str) -> Status | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            at, exit_code, sentence = file.readline().rstrip("\n").split(" ", 2)
            return Status(int(at) % (1 << 33), int(exit_code), sentence)
    except (OSError, ValueError):
        return None
