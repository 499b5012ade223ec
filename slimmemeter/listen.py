"""`slimmemeter listen`: where systemd lets visitors of the pages in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address

from slimmemeter.doctor import service
from slimmemeter.doctor.service import SOCKET, UNIT
from slimmemeter.errors import UsageError
from slimmemeter.settings_table import NAMES

DROP_IN = f"/etc/systemd/system/{SOCKET}.d/listen.conf"  # systemd.unit(5)
SETTING = NAMES["SLIMMEMETER_LISTEN"]


def run(wanted: str | None) -> Iterator[str]:
    """Say where the pages are, or move them. :returns: what is so then, line by line.

    :raises UsageError: it is no address, it can't be used, or there is no service here.
    """
    found = service.addresses()
    if not found:
        raise UsageError("no service is installed here", "slimmemeter serve --listen HOST:PORT")
    if wanted is not None and (new := addresses_of(wanted)) != found:
        _move(found, new)
        found = new
    yield from (f"the pages are at {each}" for each in found)


def addresses_of(text: str) -> list[str]:
    """What `:80`, `*:80`, `127.0.0.1:80` or `[::1]:80` means to systemd.

    :raises UsageError: it is something else.
    """
    listen = f"*{text}" if text.startswith(":") else text
    try:
        host = str(SETTING.convert(listen)).rpartition(":")[0]
        if host != "*":
            ip_address(host.strip("[]"))
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is no address to listen on, such as :80 or 192.168.1.5:8765"
        ) from None
    return service.spelled_out(listen)


def write(addresses: list[str]) -> None:
    """Let systemd listen there from its next start of the socket on. :raises OSError: it can't."""
    os.makedirs(os.path.dirname(DROP_IN), exist_ok=True)
    lines = ["# Written by `slimmemeter listen`.", "[Socket]", "ListenStream="]
    lines += [f"ListenStream={each}" for each in addresses]
    with open(DROP_IN, "w", encoding="ascii") as file:
        file.write("".join(f"{line}\n" for line in lines))


def _move(old: list[str], new: list[str]) -> None:
    """Listen at other addresses. :raises UsageError: it can't be; then it is where it was."""
    try:
        write(new)
    except OSError as error:
        raise UsageError(f"cannot write {DROP_IN}: {error.strerror}; use sudo") from None
    _systemctl("stop", UNIT, SOCKET)
    obstacles = [found for each in new if (found := service.obstacle(each))]
    if obstacles or not _start():
        write(old)
        _start()
        why = obstacles[0] if obstacles else f"see journalctl -u {SOCKET}"
        raise UsageError(f"systemd can't listen on {' and '.join(new)}: {why}; nothing was changed")


def _start() -> bool:
    _systemctl("daemon-reload")
    return _systemctl("start", SOCKET) and _systemctl("start", UNIT)


def _systemctl(*arguments: str) -> bool:
    return not subprocess.run(["systemctl", "--quiet", *arguments], check=False).returncode
