"""The address of a target: a URL of SLIMMEMETER_PUBLISH, and what its parts mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from slimmemeter.errors import UsageError

HOUSE = "home"  # unless `house=` says otherwise
HOUSE_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
PLACES = ("db", "org", "bucket")  # options that make another target of a server
PASSWORD_FILE = "password_file"
LONGEST_SECRET = 4096  # bytes
IN = "a URL of SLIMMEMETER_PUBLISH"


@dataclass(frozen=True)
class Address:
    """Where a target is, and as which house it gets the readings."""

    scheme: str
    host: str
    port: int | None
    path: str
    user: str
    house: str
    password: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False)

    @property
    def authority(self) -> str:
        """The host, and the port if there is one."""
        return _bracketed(self.host) + (f":{self.port}" if self.port else "")

    @property
    def name(self) -> str:
        """It without anything secret: what identifies the target."""
        places = "".join(f"&{each}={self.option(each)}" for each in PLACES if self.option(each))
        return f"{self.scheme}://{self.authority}{self.path}?house={self.house}{places}"

    def option(self, name: str) -> str:
        """The value of an option; empty if it isn't given."""
        return self.options.get(name, "")

    def allow(self, *names: str) -> None:
        """:raises UsageError: another option than these is given."""
        for name in self.options:
            if name not in names:
                known = ", ".join(("house", PASSWORD_FILE, *names))
                raise UsageError(f"{self.name} has the option {name}; it may have {known}")


def parse(url: str) -> Address:
    """The parts of a URL.

    :raises UsageError: it is none, or the file of its password can't be read.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise UsageError(f"{IN} can't be understood: {error}") from None
    if not (parts.scheme and url.isprintable()):
        raise UsageError(f"{IN} is none: write such as mqtt://broker.local")
    if not parts.hostname:
        raise UsageError(f"{IN} names no host: write {parts.scheme}://HOST")
    options = dict(given)
    house = options.pop("house", HOUSE)
    if not HOUSE_NAME.fullmatch(house):
        raise UsageError(f"{IN} has the house {house[:40]!r}: use letters, digits, - and _")
    return Address(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        path=parts.path,
        user=unquote(parts.username or ""),
        house=house,
        password=_password(parts, options),
        options=options,
    )


def _password(parts: SplitResult, options: dict[str, str]) -> str:
    """The password that stands in the URL, or in the file that it names."""
    path = options.pop(PASSWORD_FILE, "")
    return secret(path) if path else unquote(parts.password or "")


def secret(path: str) -> str:
    """The first line of a file. :raises UsageError: it can't be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(LONGEST_SECRET).partition("\n")[0]
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{IN} names the file {path}, which can't be read: {cause}") from None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
