"""Whether the pages answer; if they don't, whether their service is there, runs, and can listen."""

from __future__ import annotations

import errno
import http.client
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from slimmemeter import process
from slimmemeter.doctor.finding import FINE, WRONG, Finding
from slimmemeter.errors import SlimmemeterError
from slimmemeter.settings import Settings

UNIT = "appWebserver"
PAGES_S = 10
LONGEST_ANSWER = 65536  # bytes


def check_pages(settings: Settings) -> tuple[Finding, str | None]:
    """Whether the pages answer at their address, and their version if so."""
    url = settings.pages_url
    try:
        version = _version_of_pages(url)
    except (http.client.HTTPException, ValueError, RecursionError, TimeoutError):
        text = f"another program answers at {url}: choose another SLIMMEMETER_LISTEN"
        return Finding(WRONG, text), None
    except OSError as error:
        cause = getattr(error, "reason", error)
        text = f"the pages don't answer at {url} ({cause})"
        return _why(settings, text), None
    return Finding(FINE, f"the pages answer at {url}, version {version}"), version


def _version_of_pages(url: str) -> str:
    """The version of the pages at an address.

    :raises HTTPException, ValueError, RecursionError, TimeoutError: it is another program.
    :raises OSError: nothing answers.
    """
    late = SlimmemeterError("too slow")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with (
            process.Deadline(time.monotonic() + PAGES_S, late),
            direct.open(f"{url}/healthz", timeout=PAGES_S) as answer,
        ):
            health = json.loads(answer.read(LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        raise ValueError(error.code) from None
    except SlimmemeterError:
        raise TimeoutError from None
    if not isinstance(health, dict) or not {"status", "version", "readings"} <= set(health):
        raise ValueError("not ours")
    return str(health["version"])


def _why(settings: Settings, text: str) -> Finding:
    """Why nothing answers: the settings, or the state of the service."""
    if obstacle := _obstacle(settings.listen):
        return Finding(WRONG, f"{text}: {obstacle}; choose another SLIMMEMETER_LISTEN")
    unit = _unit()
    if unit.get("LoadState") != "loaded":
        text += ": no service is installed; this shows them:"
        return Finding(WRONG, text, "slimmemeter serve")
    if unit.get("ActiveState") == "active":
        text += ": the service began with other settings:"
        return Finding(WRONG, text, f"sudo systemctl restart {UNIT}")
    if unit.get("ActiveState") == "failed" or unit.get("SubState") == "auto-restart":
        text += ": the service fails; this shows why:"
        return Finding(WRONG, text, f"journalctl -u {UNIT}")
    is_enabled = unit.get("UnitFileState") == "enabled"
    text += f": the service is {'not running' if is_enabled else 'switched off'}:"
    command = "start" if is_enabled else "enable --now"
    return Finding(WRONG, text, f"sudo systemctl {command} {UNIT}")


def _obstacle(listen: str) -> str:
    """Why nobody can listen at an address; empty if one can."""
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


def _unit() -> dict[str, str]:
    """What systemd knows of the service; nothing where there is no systemd."""
    if shutil.which("systemctl") is None:
        return {}
    names = "LoadState,ActiveState,SubState,UnitFileState"
    done = subprocess.run(
        ["systemctl", "show", UNIT, "--property", names],
        capture_output=True,
        check=False,
        text=True,
        timeout=PAGES_S,
    )
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}
