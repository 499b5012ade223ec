"""`slimmemeter password`: sets, changes or removes the password of the pages."""

from __future__ import annotations

import getpass
import subprocess
import sys

from slimmemeter import settings_file
from slimmemeter.doctor import service
from slimmemeter.errors import UsageError
from slimmemeter.web.password import hashed

SETTING = "SLIMMEMETER_PASSWORD"


def run(is_removal: bool) -> str:
    """Change the settings file, and let the pages restart with it. :returns: what is so then.

    :raises UsageError: no password was given, or the file can't be written.
    """
    settings_file.change(SETTING, None if is_removal else hashed(_asked()))
    if service.state(service.UNIT).get("ActiveState") == "active":
        subprocess.run(["systemctl", "restart", service.UNIT], check=False)
    return "the pages need no password" if is_removal else "the pages need this password now"


def _asked() -> str:
    """A password from a person who types it twice, or the first line of standard input."""
    if sys.stdin.isatty():
        password = getpass.getpass("A password for the pages: ")
        if password != getpass.getpass("Once more: "):
            raise UsageError("the two are not the same; nothing was changed")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if not password:
        raise UsageError("no password was given", "slimmemeter password --remove")
    return password
