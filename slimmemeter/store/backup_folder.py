"""The folder of backups: whether it can be used, what is in it, and what of it may go."""

from __future__ import annotations

import os
import pwd
import re
import time
from calendar import timegm
from dataclasses import dataclass
from glob import glob

from slimmemeter.errors import StoreError

DAILY, MONTHLY = 7, 12  # backups that are kept
# The mark of the database, when it was made, and how many readings are in it; of version 1.0 only
# when it was made.
NAME = re.compile(
    r"slimmemeter-(?:(?P<mark>[0-9a-f]{8})-)?(?P<made_at>\d{4}-\d\d-\d\dT\d{6}Z)"
    r"(?:-(?P<readings>\d{1,12}))?\.sqlite3\.gz",
    re.ASCII,
)
MADE_AT = "%Y-%m-%dT%H%M%SZ"
FSTAB = "/etc/fstab"
MOUNTS = "/proc/self/mounts"
ESCAPE = re.compile(r"\\([0-7]{3})")  # of a blank in both: fstab(5)
WITHOUT_OWNERS = ("vfat", "exfat", "ntfs", "ntfs3", "fuseblk")  # kinds of file systems
BEFORE_UPGRADES = "before-upgrades"  # a folder beside the database
STICKS = ("/media/*", "/media/*/*", "/run/media/*/*", "/mnt", "/mnt/*")


@dataclass
class Backup:
    """A backup by its name."""

    path: str
    made_at: int  # UTC seconds
    mark: str  # empty in those of version 1.0
    readings: int | None  # None in those of version 1.0


def name_of(mark: str, readings: int) -> str:
    """The name of a backup that is made now."""
    made_at = time.strftime(MADE_AT, time.gmtime())
    return f"slimmemeter-{f'{mark}-' if mark else ''}{made_at}-{readings}.sqlite3.gz"


def beside(database: str) -> str:
    """The folder of backups beside a database, unless the settings name another."""
    return f"{os.path.dirname(database)}/backups"


def of_folder(folder: str) -> list[Backup]:
    """The backups in a folder, the newest first; none if it can't be looked at."""
    try:
        names = filter(None, map(NAME.fullmatch, os.listdir(folder)))
    except OSError:
        return []
    found = (_backup(folder, name) for name in names)
    return sorted((each for each in found if each), key=lambda each: each.made_at, reverse=True)


def _backup(folder: str, name: re.Match[str]) -> Backup | None:
    try:
        made_at = timegm(time.strptime(name["made_at"], MADE_AT))
    except ValueError:
        return None
    readings = int(name["readings"]) if name["readings"] else None
    return Backup(f"{folder}/{name[0]}", made_at, name["mark"] or "", readings)


def found(folder: str, database: str) -> list[Backup]:
    """The backups of this computer and its sticks that this user can see, the newest first.

    :param folder: that the settings name; may be empty.
    """
    sticks = [each for pattern in STICKS for each in glob(pattern)]
    upgrades = f"{os.path.dirname(database)}/{BEFORE_UPGRADES}"
    folders = (folder, beside(database), upgrades, *sticks)
    places = [*filter(None, folders), *(f"{each}/*" for each in sticks)]
    unique = dict.fromkeys(os.path.realpath(each) for each in places)
    every = (backup for each in unique for backup in of_folder(each))
    return sorted(every, key=lambda each: each.made_at, reverse=True)


def thin_out(folder: str, mark: str) -> None:
    """Keep the newest of each of the last days, and of each of the last months, that have one.

    Those of other databases stay, and those of which it isn't known.
    """
    own = [each for each in of_folder(folder) if mark and each.mark == mark]
    days: dict[tuple[int, ...], str] = {}
    months: dict[tuple[int, ...], str] = {}
    for each in own:
        date = time.gmtime(each.made_at)[:3]
        days.setdefault(date, each.path)
        months.setdefault(date[:2], each.path)
    kept = {*list(days.values())[:DAILY], *list(months.values())[:MONTHLY]}
    for path in {each.path for each in own} - kept:
        os.unlink(path)


def must_be_usable(folder: str, user: int) -> None:
    """:raises StoreError: there is no such folder, its disk isn't mounted, or a user, by number,
    can't write to it.
    """
    for place in _mount_points():
        if f"{folder}/".startswith(f"{place}/") and not os.path.ismount(place):
            raise StoreError(f"{place} isn't mounted: put the disk in, or: `sudo mount '{place}'`")
    if not os.path.isdir(folder):
        raise StoreError(f"there is no folder {folder} for backups: is its disk there?")
    if not _may_write(folder, user):
        raise StoreError(_not_writable(folder, pwd.getpwuid(user).pw_name))


def _may_write(folder: str, user: int) -> bool:
    if user == os.geteuid():
        return os.access(folder, os.W_OK | os.X_OK)
    about, known = os.stat(folder), pwd.getpwuid(user)
    groups = os.getgrouplist(known.pw_name, known.pw_gid)
    place = 6 if about.st_uid == user else 3 if about.st_gid in groups else 0
    is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    return about.st_mode >> place & 0o3 == 0o3 and not is_read_only


def _not_writable(folder: str, user: str) -> str:
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return f"the disk of {folder} is read-only"
    if _file_system(folder) in WITHOUT_OWNERS:  # chown can't help
        return (
            f"the user {user} can't write to {folder}: mount its disk with the option uid={user},"
            f" in its line of {FSTAB}"
        )
    return f"the user {user} can't write to {folder}: `sudo chown {user} '{folder}'`"


def _file_system(folder: str) -> str:
    """The kind of the file system that a folder is on; empty if it isn't known."""
    folder = os.path.realpath(folder)
    on = [row for row in _rows(MOUNTS) if f"{folder}/".startswith(f"{row[1].rstrip('/')}/")]
    return max(on, key=lambda row: len(row[1]))[2] if on else ""


def _mount_points() -> list[str]:
    """Where the system mounts disks, except the root."""
    return [row[1].rstrip("/") for row in _rows(FSTAB) if len(row[1]) > 1]


def _rows(path: str) -> list[list[str]]:
    """The rows of fstab(5), or of what is mounted: what, where, as which kind, …"""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            rows = [line.split() for line in file if not line.lstrip().startswith("#")]
    except OSError:
        return []
    return [[_unescaped(cell) for cell in row] for row in rows if len(row) > 2]


def _unescaped(cell: str) -> str:
    return ESCAPE.sub(lambda escaped: chr(int(escaped[1], 8)), cell)
