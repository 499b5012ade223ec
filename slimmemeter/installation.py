"""The steps of the package's scripts (debian/) that need the program, by name."""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime

from slimmemeter import __version__, clock, listen, process, settings_file, zones
from slimmemeter.doctor import service
from slimmemeter.doctor.pages_check import check_pages
from slimmemeter.errors import SlimmemeterError, StoreError, UsageError
from slimmemeter.settings import DEFAULTS_FILE, Settings, url_of
from slimmemeter.settings_table import NAMES, SYSTEM_FOLDER
from slimmemeter.status import PULL_EVERY_S
from slimmemeter.store import backup
from slimmemeter.store.backup_folder import BEFORE_UPGRADES
from slimmemeter.store.connection import Database, NewerError
from slimmemeter.store.reader import Reader
from slimmemeter.store.schema import VERSION
from slimmemeter.store.writer import Writer
from slimmemeter.web import network

UP_WITHIN_S = 60  # a Pi needs some seconds
LOADED_WITHIN_S = 30
DRAWN_FROM = 2  # readings: consumption is a difference
KEPT_SETTINGS = f"{SYSTEM_FOLDER}/settings"  # by the uninstallation of version 1.0
LARGEST_SETTINGS = 1 << 16  # bytes


def settings() -> str:
    """As root: make the settings file, unless there is one."""
    if not os.path.exists(DEFAULTS_FILE):
        settings_file.write(_kept_settings() or settings_file.first_text())
    return ""


def _kept_settings() -> str:
    """What root had kept; nothing if anybody else may have put it there."""
    try:
        descriptor = os.open(KEPT_SETTINGS, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with open(descriptor, encoding="utf-8", errors="surrogateescape") as file:
        about = os.fstat(descriptor)
        is_root_s = stat.S_ISREG(about.st_mode) and about.st_uid == 0 and about.st_nlink == 1
        return file.read(LARGEST_SETTINGS) if is_root_s else ""


def move_listen() -> str:
    """As root: let systemd listen where the settings have it, unless a person has chosen a place.

    Up to version 1.0 the service itself listened there.
    """
    set_to = Settings({}).listen
    if set_to == NAMES["SLIMMEMETER_LISTEN"].default or os.path.exists(listen.DROP_IN):
        return ""
    try:
        listen.write(listen.addresses_of(set_to))
    except UsageError as error:  # a name, such as localhost
        return f"{DEFAULTS_FILE}: SLIMMEMETER_LISTEN isn't used any more: {error}"
    return f"the pages stay at {set_to}: `slimmemeter listen` moves them"


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
    """Upgrade the database to this version's schema; says so, or that a newer program has made it.

    :raises StoreError: it stays as it was.
    """
    settings = Settings({})
    if not os.path.exists(settings.database):
        return ""
    try:
        with Database(settings.database, "rw", settings.timeout_s, any_version=True) as database:
            before = database.schema_version()
        if before < VERSION:
            Writer(settings.database, settings.timeout_s).close()
            return f"the database has schema {VERSION} now"
    except NewerError as error:
        return f"{error}, or go back to a backup: slimmemeter restore"
    return ""


def load() -> str:
    """Let the running pages load what they need, before the program's files are replaced."""
    url = f"{url_of(service.where(Settings({}))[0])}/healthz?pictures"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(url, timeout=LOADED_WITHIN_S).close()
    except (OSError, urllib.error.URLError, ValueError):
        pass  # they don't run
    return ""


def ask() -> str:
    """Wait until the pages answer. :raises StoreError: not in time, or of another version."""
    settings = Settings({})
    deadline = time.monotonic() + UP_WITHIN_S
    while (found := check_pages(settings))[1] is None:
        if time.monotonic() > deadline:
            raise StoreError(found[0].sentence)
        time.sleep(0.1)
    finding, version = found
    if version != __version__:
        raise StoreError(f"{finding.sentence}, and not {__version__}")
    return finding.sentence


def addresses() -> str:
    """The addresses of the pages, and when the first picture is there."""
    settings = Settings({})
    urls = list(_urls(service.where(settings))) or [url_of(service.where(settings)[0])]
    shown = "\n".join(f"    {url}" for url in urls)
    return f"open one of these in a browser in the house:\n{shown}\n{_first_picture(settings)}"


def _urls(listening: list[str]) -> Iterator[str]:
    """How others in the house reach what listens there."""
    for each in listening:
        host, _, port = each.rpartition(":")
        rest = "" if port == "80" else f":{port}"
        hosts = {"0.0.0.0": _everywhere(4), "[::]": _everywhere(6)}.get(host, [host])
        yield from (f"http://{name}{rest}" for name in hosts)


def _everywhere(version: int) -> list[str]:
    """This computer's name, if the house knows it, and its addresses of an IP version."""
    name = f"{socket.gethostname().partition('.')[0]}.local"
    own = [each.ip for each in network.interfaces() if each.version == version]
    reachable = [str(ip) for ip in own if not ip.is_link_local and not ip.is_loopback]
    shown = [f"[{ip}]" if version == 6 else ip for ip in reachable]
    return [name, *shown] if version == 4 and _resolves(name) else shown


def _resolves(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False


def _first_picture(settings: Settings) -> str:
    try:
        count = _reading_count(settings.database)
    except StoreError as error:
        return f"there are no pictures: {error}"
    if count >= DRAWN_FROM:
        return "the pictures are there now"
    if not count:
        return "the first picture is there five minutes after the first reading"
    now = clock.now()
    at = datetime.fromtimestamp(
        now - now % PULL_EVERY_S + PULL_EVERY_S + 60, zones.of(settings.zone)
    )
    return f"the first picture is there at {at:%H:%M}"


def _reading_count(path: str) -> int:
    if not os.path.exists(path):
        return 0
    with Reader(path) as reader:
        return reader.extent()[0]


STEPS = {
    "settings": settings,
    "listen": move_listen,
    "backup": back_up,
    "migrate": migrate,
    "load": load,
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
