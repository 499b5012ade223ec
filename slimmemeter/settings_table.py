"""The settings: the name, the default and the meaning of each, and how its text becomes a value."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Network, IPv6Network

PREFIX = "SLIMMEMETER_"
SYSTEM_FOLDER = "/var/lib/slimmemeter"
LINES = ("115200-8N1", "9600-7E1", "9600-7N1", "auto")
LONGEST_TIMEOUT_S = 240
OWN_LANGUAGE = "en"  # of the texts in the program; also for browsers with an unknown language


class Setting:
    """One row of the table: name, default, how its text becomes a value, what it means."""

    __slots__ = ("attribute", "convert", "default", "name", "sentence")

    def __init__(
        self,
        name: str,
        attribute: str,
        default: str,
        convert: Callable[[str], object],
        sentence: str,
    ) -> None:
        self.name = name
        self.attribute = attribute
        self.default = default
        self.convert = convert
        self.sentence = sentence

    @property
    def flag(self) -> str:
        """The flag that overrides it, in the commands that have it."""
        return "--" + self.name.removeprefix(PREFIX).lower()


def _line(text: str) -> str:
    if text not in LINES:
        raise ValueError(f"one of {', '.join(LINES)}")
    return text


def languages() -> tuple[str, ...]:
    """The languages of pages and pictures: English, and each folder of translations."""
    folders = os.listdir(f"{os.path.dirname(os.path.abspath(__file__))}/i18n/translations")
    return (OWN_LANGUAGE, *sorted(name for name in folders if name.isalpha()))


def _language(text: str) -> str:
    if text and text not in languages():
        raise ValueError(f"one of {', '.join(languages())}")
    return text


def _timeout_s(text: str) -> float:
    whole = text.isascii() and text.isdigit() and len(text) < 4
    if not whole or not 1 <= int(text) <= LONGEST_TIMEOUT_S:
        raise ValueError(f"a whole number of seconds from 1 to {LONGEST_TIMEOUT_S}")
    return float(text)


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host.replace(":", " ")
    fits = bare.isascii() and bare.isprintable() and not set(bare) & set(" []/@?#")
    is_number = port.isascii() and port.isdigit() and len(port) < 6
    if not (bare and fits and is_number and int(port) < 65536):
        raise ValueError("HOST:PORT, such as *:8765 or [::1]:8765")
    return text


def own_folder() -> str:
    """Where the database of a user is who installed nothing for all."""
    data_home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return f"{data_home}/slimmemeter"


def _path(text: str) -> str:
    if "\0" in text:
        raise ValueError("a path without NUL bytes")
    return os.path.abspath(os.path.expanduser(text)) if text else ""


def _database(text: str) -> str:
    if path := _path(text):  # two slashes at the start would be an authority in SQLite's URI
        return "/" + path.lstrip("/")
    folder = SYSTEM_FOLDER if os.path.isdir(SYSTEM_FOLDER) else own_folder()
    return f"{folder}/slimmemeter.sqlite3"


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(text.lower().replace(",", " ").split())


def _proxy(text: str) -> str:
    if text:
        from ipaddress import ip_address

        try:
            return str(ip_address(text))
        except ValueError:
            raise ValueError("one IP address") from None
    return text


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    if not text:
        return ()
    from ipaddress import ip_network

    try:
        return tuple(ip_network(each) for each in text.replace(",", " ").split())
    except ValueError:
        raise ValueError("networks, such as 2001:db8:1:2::/64") from None


def _prices(text: str) -> str:
    host = text.partition("://")[2].partition("/")[0]
    is_address = text.startswith(("http://", "https://")) and bool(host)
    if text and text not in ("NL", "BE") and not (is_address and text.isprintable()):
        raise ValueError("NL, BE or an address, such as https://example.org/price?bzn=NL")
    return text


def _publish(text: str) -> tuple[str, ...]:
    return tuple(text.split())  # `publish` judges them: what it can't use must not stop a pull


def _switch(text: str) -> bool:
    if text not in ("", "0", "1"):
        raise ValueError("1 or 0")
    return text == "1"


SETTINGS = (
    Setting(
        "SLIMMEMETER_PORT", "port", "", str, "the serial port or URL; if empty, it is looked for"
    ),
    Setting("SLIMMEMETER_LINE", "line", LINES[0], _line, f"{', '.join(LINES[:-1])} or {LINES[-1]}"),
    Setting(
        "SLIMMEMETER_DB",
        "database",
        "",
        _database,
        f"the database file; empty: in {SYSTEM_FOLDER}, else in ~/.local/share/slimmemeter",
    ),
    Setting(
        "SLIMMEMETER_TIMEOUT", "timeout_s", "30", _timeout_s, "how many seconds a pull may take"
    ),
    Setting("SLIMMEMETER_LISTEN", "listen", "*:8765", _listen, "the address and port of the pages"),
    Setting("SLIMMEMETER_TZ", "zone", "Europe/Amsterdam", str, "the time zone of the house"),
    Setting(
        "SLIMMEMETER_BACKUP_DIR",
        "backup_folder",
        "",
        _path,
        "where backups are kept; empty: in backups, beside the database",
    ),
    Setting(
        "SLIMMEMETER_CONTRACTS",
        "contracts",
        "",
        _path,
        "the file with energy contracts; empty: contracts.toml, beside the database",
    ),
    Setting(
        "SLIMMEMETER_PRICES",
        "prices",
        "",
        _prices,
        "NL, BE or an address: where prices of the market are fetched; empty: nowhere",
    ),
    Setting(
        "SLIMMEMETER_PUBLISH",
        "publish",
        "",
        _publish,
        "URLs of programs that get every reading, such as mqtt://broker.local; empty: none",
    ),
    Setting("SLIMMEMETER_LANG", "language", "", _language, "nl or en; empty: the browser's"),
    Setting(
        "SLIMMEMETER_ON_TROUBLE",
        "on_trouble",
        "",
        str,
        "a command to run after three failed pulls, and when they work again",
    ),
    Setting("SLIMMEMETER_PASSWORD", "password", "", str, "the password of the pages"),
    Setting(
        "SLIMMEMETER_HOSTS", "hosts", "", _hosts, "more host names of this computer for the pages"
    ),
    Setting(
        "SLIMMEMETER_NETWORKS", "networks", "", _networks, "more networks that may see the pages"
    ),
    Setting("SLIMMEMETER_PROXY", "proxy", "", _proxy, "the address of a reverse proxy to trust"),
    Setting(
        "SLIMMEMETER_EMBED",
        "may_embed",
        "0",
        _switch,
        "1 lets other sites of the house frame pages",
    ),
)

NAMES = {setting.name: setting for setting in SETTINGS}
