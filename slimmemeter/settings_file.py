"""Writes /etc/default/slimmemeter: a first one, and a single setting of one that is there."""

from __future__ import annotations

import contextlib
import grp
import os
import re
import stat

from slimmemeter.errors import UsageError
from slimmemeter.settings import DEFAULTS_FILE
from slimmemeter.settings_table import SETTINGS

GROUP = "slimmemeter"  # who may read it, besides root
MODE = 0o640


def first_text() -> str:
    """A settings file with every setting as a comment, with its default."""
    text = "# Settings of slimmemeter; docs/settings.md explains each. No comment after a value.\n"
    for setting in SETTINGS:
        text += f"\n# {setting.sentence}\n#{setting.name}={setting.default}\n"
    return text


def with_value(text: str, name: str, value: str | None) -> str:
    """A settings file in which a setting has a value, or, with None, isn't set.

    The line that sets it is replaced, or else the comment that names it; all other lines stay.
    """
    is_set = re.compile(rf"\s*(export\s+)?{name}\s*=")
    lines = text.splitlines()
    old = [number for number, line in enumerate(lines) if is_set.match(line)]
    named = [number for number, line in enumerate(lines) if is_set.match(line.lstrip("#"))]
    if old:
        lines[old[0]] = f"#{name}=" if value is None else f"{name}={value}"
    elif value is not None:
        place = named[0] if named else len(lines)
        lines[place : place + 1] = [f"{name}={value}"]
    return "".join(f"{line}\n" for number, line in enumerate(lines) if number not in old[1:])


def change(name: str, value: str | None) -> None:
    """Change a setting in the file. :raises UsageError: this user may not write it."""
    try:
        with open(DEFAULTS_FILE, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        text = first_text()
    except OSError as error:
        raise UsageError(f"cannot read {DEFAULTS_FILE}: {error.strerror}") from None
    write(with_value(text, name, value))


def write(text: str) -> None:
    """Write the file in one step; a new one is for root and the collecting user's group.

    :raises UsageError: it can't be written; what was there stays.
    """
    part = f"{DEFAULTS_FILE}.new"
    try:
        owner, group, mode = _rights()
        descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            os.fchown(descriptor, owner, group)
            os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
        os.replace(part, DEFAULTS_FILE)
    except OSError as error:
        raise UsageError(f"cannot write {DEFAULTS_FILE}: {error.strerror}; use sudo") from None


def _rights() -> tuple[int, int, int]:
    """Owner, group and mode: those of the file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        about = os.stat(DEFAULTS_FILE)
        return about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)
    with contextlib.suppress(KeyError):
        return 0, grp.getgrnam(GROUP).gr_gid, MODE
    return 0, 0, MODE
