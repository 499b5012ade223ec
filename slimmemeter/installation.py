"""What `scripts/install.sh` asks of the version that it installs, one word each time."""

from __future__ import annotations

import os
import socket
import sys
import time
from datetime import datetime

from slimmemeter import __version__, clock, process
from slimmemeter.doctor import checks
from slimmemeter.doctor.finding import FINE
from slimmemeter.errors import SlimmemeterError, StoreError, UsageError
from slimmemeter.settings import Settings, as_file
from slimmemeter.store import backup
from slimmemeter.store.reader import Reader
from slimmemeter.store.writer import Writer
from slimmemeter.web import access

UP_WITHIN_S = 20
EVERY_S = 300  # cron's pull
BEFORE_UPGRADES = "before-upgrades"  # a folder beside the database
DRAWN_FROM = 2  # readings: what was used is a difference


def settings_file() -> str:
    """The first settings file, with the password that stands on standard input, if one does."""
    password = sys.stdin.readline().rstrip("\n")
    return as_file({"SLIMMEMETER_PASSWORD": access.hashed(password)} if password else {})


def hashed() -> str:
    """A password of standard input as SLIMMEMETER_PASSWORD may hold it."""
    return access.hashed(sys.stdin.readline().rstrip("\n"))


def back_up() -> str:
    """Where a proved copy of the readings is now; nothing where there are none.

    It isn't among the nightly ones, of which the next would take its place.

    :raises StoreError: it can't be made.
    """
    database = Settings({}).database
    if not os.path.exists(database):
        return ""
    folder = f"{os.path.dirname(database)}/{BEFORE_UPGRADES}"
    os.makedirs(folder, 0o750, exist_ok=True)
    return backup.make(database, folder).path


def migrate() -> str:
    """Bring the database to this version's schema. :raises StoreError: it stays as it was."""
    settings = Settings({})
    if os.path.exists(settings.database):
        Writer(settings.database, settings.timeout_s).close()
    return ""


def ask() -> str:
    """The pages answer. :raises StoreError: not in time, or of another version."""
    listen = Settings({}).listen
    deadline_s = time.monotonic() + UP_WITHIN_S
    while (found := checks.of_pages(listen)).state != FINE:
        if time.monotonic() > deadline_s:
            raise StoreError(found.sentence)
        time.sleep(0.1)
    if not found.sentence.endswith(f" {__version__}"):
        raise StoreError(f"{found.sentence}, and not {__version__}")
    return found.sentence


def addresses() -> str:
    """What to open in a browser, and when there is a picture."""
    settings = Settings({})
    port = settings.listen.rpartition(":")[2]
    hosts = [f"{socket.gethostname().partition('.')[0]}.local", *_numeric()]
    shown = "\n".join(f"    http://{host}:{port}" for host in hosts)
    return f"open one of these in a browser in the house:\n{shown}\n{_first_picture(settings)}"


def _numeric() -> list[str]:
    found = [each.ip for each in access.interfaces() if not each.ip.is_link_local]
    return [
        f"[{ip}]" if ip.version == 6 else str(ip)
        for ip in sorted(found, key=lambda ip: ip.version)
        if not ip.is_loopback
    ]


def _first_picture(settings: Settings) -> str:
    if _readings(settings.database) >= DRAWN_FROM:
        return "the pictures are there now"
    now = clock.now()
    missing = DRAWN_FROM - _readings(settings.database)
    at = datetime.fromtimestamp(now - now % EVERY_S + missing * EVERY_S + 60, settings.zone_info())
    return f"the first picture is there at {at:%H:%M}"


def _readings(path: str) -> int:
    if not os.path.exists(path):
        return 0
    reader = Reader(path)
    try:
        return reader.extent()[0]
    finally:
        reader.close()


QUESTIONS = {
    "settings": settings_file,
    "hash": hashed,
    "backup": back_up,
    "migrate": migrate,
    "ask": ask,
    "addresses": addresses,
}


def main() -> None:
    """Answer, and end with the exit code of what was wrong."""
    try:
        if len(sys.argv) != 2 or sys.argv[1] not in QUESTIONS:
            raise UsageError(f"one of {', '.join(QUESTIONS)}")
        if said := QUESTIONS[sys.argv[1]]():
            process.say(said)
    except SlimmemeterError as error:
        print(f"slimmemeter: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
