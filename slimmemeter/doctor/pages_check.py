"""Whether the pages answer; if they don't, whether their service is there, runs, and can listen."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from slimmemeter import process
from slimmemeter.doctor import service
from slimmemeter.doctor.finding import FINE, NOTE, WRONG, Finding
from slimmemeter.doctor.service import SOCKET, UNIT
from slimmemeter.errors import SlimmemeterError
from slimmemeter.settings import Settings, url_of
from slimmemeter.settings_table import NAMES

PAGES_S = 10
LONGEST_ANSWER = 65536  # bytes


def check_pages(settings: Settings) -> tuple[Finding, str | None]:
    """Whether the pages answer at their address, and their version if so."""
    listen = service.where(settings)[0]
    url = url_of(listen)
    try:
        version = _version_of_pages(url)
    except TimeoutError:  # systemd lets visitors in before the service is there
        return _why(settings, listen, f"the pages don't answer at {url}"), None
    except (http.client.HTTPException, ValueError, RecursionError):
        return Finding(WRONG, f"another program answers at {url}"), None
    except OSError as error:
        cause = getattr(error, "reason", error)
        text = f"the pages don't answer at {url} ({cause})"
        return _why(settings, listen, text), None
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


def _why(settings: Settings, listen: str, text: str) -> Finding:
    """Why nothing answers: an address that can't be used, or the state of the service."""
    is_installed = service.state(UNIT).get("LoadState") == "loaded"
    if "--listen" in settings.given or not is_installed:
        return _why_not_by_hand(listen, text)
    if service.state(SOCKET).get("ActiveState") == "failed":
        text += ": systemd can't listen there; this shows why:"
        return Finding(WRONG, text, f"journalctl -u {SOCKET}")
    unit = service.state(UNIT)
    is_restarting = unit.get("SubState", "").startswith("auto-restart")
    if unit.get("ActiveState") == "failed" or is_restarting or unit.get("NRestarts", "0") != "0":
        text += ": the service fails; this shows why:"
        return Finding(WRONG, text, f"journalctl -u {UNIT}")
    if unit.get("ActiveState") == "active":
        text += ": the service hangs; this restarts it:"
        return Finding(WRONG, text, f"sudo systemctl restart {UNIT}")
    is_enabled = unit.get("UnitFileState") == "enabled"
    text += f": the service is {'not running' if is_enabled else 'switched off'}:"
    command = "restart" if is_enabled else "enable --now"
    return Finding(WRONG, text, f"sudo systemctl {command} {SOCKET} {UNIT}")


def _why_not_by_hand(listen: str, text: str) -> Finding:
    if found := service.obstacle(listen):
        return Finding(WRONG, f"{text}: {found}; choose another SLIMMEMETER_LISTEN")
    return Finding(WRONG, f"{text}: no service is installed; this shows them:", "slimmemeter serve")


def check_listen(settings: Settings) -> Iterator[Finding]:
    """Whether the settings name an address that systemd doesn't use."""
    found = service.addresses()
    is_default = settings.listen == NAMES["SLIMMEMETER_LISTEN"].default
    if found and not is_default and found != service.spelled_out(settings.listen):
        text = (
            f"SLIMMEMETER_LISTEN is {settings.listen}, which only `slimmemeter serve` by hand uses;"
            " this puts the service there:"
        )
        yield Finding(NOTE, text, f"sudo slimmemeter listen {settings.listen}")
