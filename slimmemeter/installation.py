"""The steps of `scripts/install.sh` that need the program that it installs, by name."""

from __future__ import annotations

import os
import socket
import sys
import time
from datetime import datetime

from slimmemeter import __version__, clock, process, zones
from slimmemeter.doctor.pages_check import check_pages
from slimmemeter.errors import SlimmemeterError, StoreError, UsageError
from slimmemeter.settings import Settings, as_file
from slimmemeter.status import PULL_EVERY_S
from slimmemeter.store import backup
from slimmemeter.store.backup_folder import BEFORE_UPGRADES
from slimmemeter.store.reader import Reader
from slimmemeter.store.writer import Writer
from slimmemeter.web import network
from slimmemeter.web.password import hashed as hashed_password

UP_WITHIN_S = 20
DRAWN_FROM = 2  # readings: consumption is a difference


def settings_file() -> str:
    """The first settings file, with the password from standard input unless that is empty."""
    password = sys.stdin.readline().rstrip("\n")
    return as_file({"SLIMMEMETER_PASSWORD": hashed_password(password)} if password else {})


def hashed() -> str:
    """A password from standard input, hashed for SLIMMEMETER_PASSWORD."""
    return hashed_password(sys.stdin.readline().rstrip("\n"))


def back_up() -> str:
    """The path of a new verified backup; empty if there is no database.

    It isn't among the nightly ones, the next of which would replace it.

    :raises StoreError: it can't be made.
    """
    settings = Settings({})
    database = settings.database
    if not os.path.exists(database):
        return ""
    folder = f"{os.path.dirname(database)}/{BEFORE_UPGRADES}"
    os.makedirs(folder, 0o750, exist_ok=True)
    return backup.make(database, folder, settings.contracts_path).path


def migrate() -> str:
    """Upgrade the database to this version's schema. :raises StoreError: it stays as it was."""
    settings = Settings({})
    if os.path.exists(settings.database):
        Writer(settings.database, settings.timeout_s).close()
    return ""


def ask() -> str:
    """Wait until the pages answer. :raises StoreError: not in time, or of another version."""
    settings = Settings({})
    deadline_s = time.monotonic() + UP_WITHIN_S
    while (found := check_pages(settings))[1] is None:
        if time.monotonic() > deadline_s:
            raise StoreError(found[0].sentence)
        time.sleep(0.1)
    finding, version = found
    if version != __version__:
        raise StoreError(f"{finding.sentence}, and not {__version__}")
    return finding.sentence


def addresses() -> str:
    """The addresses of the pages, and when the first picture is there."""
    settings = Settings({})
    hosts = [f"{socket.gethostname().partition('.')[0]}.local", *_numeric()]
    shown = "\n".join(f"    http://{host}:{settings.pages_port}" for host in hosts)
    return f"open one of these in a browser in the house:\n{shown}\n{_first_picture(settings)}"


def _numeric() -> list[str]:
    found = [each.ip for each in network.interfaces() if not each.ip.is_link_local]
    return [
        f"[{ip}]" if ip.version == 6 else str(ip)
        for ip in sorted(found, key=lambda ip: ip.version)
        if not ip.is_loopback
    ]


def _first_picture(settings: Settings) -> str:
    if _reading_count(settings.database) >= DRAWN_FROM:
        return "the pictures are there now"
    now = clock.now()
    missing = DRAWN_FROM - _reading_count(settings.database)
    at = datetime.fromtimestamp(
        now - now % PULL_EVERY_S + missing * PULL_EVERY_S + 60, zones.of(settings.zone)
    )
    return f"the first picture is there at {at:%H:%M}"


def _reading_count(path: str) -> int:
    if not os.path.exists(path):
        return 0
    with Reader(path) as reader:
        return reader.extent()[0]


STEPS = {
    "settings": settings_file,
    "hash": hashed,
    "backup": back_up,
    "migrate": migrate,
    "ask": ask,
    "addresses": addresses,
}


def main() -> None:
    """Run the step that is named, and exit with the exit code of an error."""
    try:
        if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
            raise UsageError(f"one of {', '.join(STEPS)}")
        if text := STEPS[sys.argv[1]]():
            process.print_line(text)
    except SlimmemeterError as error:
        print(f"slimmemeter: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
