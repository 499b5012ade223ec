"""What systemd knows of the service of the pages, and where it listens."""

from __future__ import annotations

import errno
import re
import shutil
import socket
import subprocess

from slimmemeter.settings import Settings

UNIT = "appWebserver"
SOCKET = f"{UNIT}.socket"
ANSWER_S = 10
LISTENING = re.compile(r"^Listen=(\S+) \(Stream\)$", re.MULTILINE)


def state(unit: str) -> dict[str, str]:
    """What systemd says of a unit; nothing where there is no systemd."""
    names = "LoadState,ActiveState,SubState,UnitFileState,NRestarts"
    pairs = (line.partition("=") for line in _shown(unit, names).splitlines())
    return {name: value for name, _, value in pairs}


def spelled_out(listen: str) -> list[str]:
    """HOST:PORT as systemd has it, where `*` is two addresses."""
    host, _, port = listen.rpartition(":")
    return [f"0.0.0.0:{port}", f"[::]:{port}"] if host == "*" else [listen]


def addresses() -> list[str]:
    """Each HOST:PORT at which systemd lets visitors in; none if it doesn't know the service."""
    return LISTENING.findall(_shown(SOCKET, "Listen"))


def where(settings: Settings) -> list[str]:
    """Where the pages are: where systemd listens, unless a flag says something else."""
    if "--listen" in settings.given:
        return [settings.listen]
    return addresses() or [settings.listen]


def _shown(unit: str, names: str) -> str:
    if shutil.which("systemctl") is None:
        return ""
    return subprocess.run(
        ["systemctl", "show", unit, "--property", names],
        capture_output=True,
        check=False,
        text=True,
        timeout=ANSWER_S,
    ).stdout


def obstacle(listen: str) -> str:
    """Why this user can't listen at HOST:PORT; empty if it is possible."""
    host, _, port = listen.rpartition(":")
    name = host.strip("[]")
    wanted = {"*": None}.get(name, name)
    try:
        for family, kind, number, _, address in socket.getaddrinfo(
            wanted, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, number) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(address)
    except socket.gaierror:
        return f"there is no computer {name}"
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return f"this computer doesn't have the address {name}"
        if error.errno in (errno.EACCES, errno.EPERM):
            return f"only root may use port {port}"
        if error.errno == errno.EADDRINUSE:
            return f"another program has port {port}"
    return ""
