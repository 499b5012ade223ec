"""A server of InfluxDB's line protocol as a target: InfluxDB, VictoriaMetrics, Telegraf.

A point is `slimmemeter,house=…,meter=… import_t1_wh=1234567i,… NANOSECONDS` (InfluxDB's
documentation, "Line protocol"). Written twice it is one point. Nothing can be deleted.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from slimmemeter import __version__
from slimmemeter.errors import PublishError, UsageError
from slimmemeter.history.table import of_device
from slimmemeter.publish import address as addresses
from slimmemeter.publish.address import Address
from slimmemeter.publish.outbox import Batch
from slimmemeter.settings import Settings
from slimmemeter.store.records import Device, Owner
from slimmemeter.store.snapshot import Snapshot

MEASUREMENT = "slimmemeter"
WRITE = "/write"  # unless the URL has another path
OWN_OPTIONS = ("ca", "token_file")  # the others are the server's: db, org, bucket
NANOSECONDS = 1_000_000_000
ANSWER_S = 30
LONGEST_SHOWN = 200  # characters of a refusal


class Influx:
    """A server that takes lines; each batch is one request."""

    most_rows = 5000

    def __init__(self, address: Address, settings: Settings, mark: str) -> None:
        """Options: `ca`, `token_file`, and whatever the server's own address has."""
        if "precision" in address.options:
            raise UsageError(f"{address.name} sets precision, which is always nanoseconds")
        self._address = address
        own = {name: text for name, text in address.options.items() if name not in OWN_OPTIONS}
        query = f"?{urlencode(own)}" if own else ""
        scheme = address.scheme.removeprefix("influx+")
        self._url = f"{scheme}://{address.authority}{address.path.rstrip('/') or WRITE}{query}"
        self._headers = {"User-Agent": f"slimmemeter/{__version__}"} | _authorization(address)
        self._opener = _opener(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        pass

    def prepare(self) -> str:
        """A server of lines makes its tables itself."""
        return "it needs no tables"

    def send(self, batch: Batch) -> None:
        """Write points; those that don't count any more stay."""
        lines = [
            _line(self._address.house, owner, values, at) for at, owner, values in batch.in_order()
        ]
        if lines:
            self._post("".join(lines).encode())

    def show(self, house: Snapshot) -> None:
        """There is nothing else to tell."""

    def _post(self, content: bytes) -> None:
        request = urllib.request.Request(self._url, content, self._headers, method="POST")
        try:
            with self._opener.open(request, timeout=ANSWER_S):
                pass
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(LONGEST_SHOWN).decode(errors="replace")
            cause = " ".join(f"{error.code} {error.reason} {text}".split())
            raise PublishError(f"{self._address.name} refuses the readings: {cause}") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise PublishError(
                f"{self._address.name} can't be reached: {reason}; see whether the server runs"
            ) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is written goes nowhere else than the settings say."""

    def redirect_request(self, *_: object) -> None:
        return None


def _opener(address: Address) -> urllib.request.OpenerDirector:
    """:raises UsageError: the file of the CA can't be read."""
    if address.scheme == "influx+http":
        return urllib.request.build_opener(_NoRedirects)
    ca = address.option("ca")
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise UsageError(
            f"{address.name} names the CA {ca}, which can't be read: {error}"
        ) from None
    return urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=context))


def _authorization(address: Address) -> dict[str, str]:
    """By a token as of InfluxDB 2, or by name and password."""
    if path := address.option("token_file"):
        return {"Authorization": f"Token {addresses.secret(path)}"}
    if not address.user:
        return {}
    pair = f"{address.user}:{address.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _line(house: str, owner: Owner, values: Mapping[str, int], at: int) -> str:
    about = owner.about
    tags = {"house": house}
    if isinstance(about, Device):
        medium = of_device(about.type, about.unit).quantity
        tags |= {"device": about.equipment_id or f"channel {about.channel}", "medium": medium}
        values = {f"counter_{about.unit.lower()}": values["counter"]}
    else:
        tags["meter"] = about.equipment_id or about.header
    named = "".join(f",{name}={_escaped(text)}" for name, text in tags.items() if text)
    fields = ",".join(f"{name}={value}i" for name, value in values.items())
    return f"{MEASUREMENT}{named} {fields} {at * NANOSECONDS}\n"


def _escaped(text: str) -> str:
    """A tag's value."""
    for character in r"\,= ":
        text = text.replace(character, f"\\{character}")
    return text
