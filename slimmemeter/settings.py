"""The settings table: flag > environment > /etc/default/slimmemeter > default.

Every program reads the same file, so that cron, the service and a person mean the same database.
"""

from __future__ import annotations

import os

from slimmemeter.errors import FlagError, StoreError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from ipaddress import IPv4Network, IPv6Network

PREFIX = "SLIMMEMETER_"
DEFAULTS_FILE = "/etc/default/slimmemeter"
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


def _own_folder() -> str:
    data_home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return f"{data_home}/slimmemeter"


def _path(text: str) -> str:
    if "\0" in text:
        raise ValueError("a path without NUL bytes")
    return os.path.abspath(os.path.expanduser(text)) if text else ""


def _database(text: str) -> str:
    if path := _path(text):  # two slashes at the start would be an authority in SQLite's URI
        return "/" + path.lstrip("/")
    folder = SYSTEM_FOLDER if os.path.isdir(SYSTEM_FOLDER) else _own_folder()
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
GIVEN = ("SLIMMEMETER_EXIT_CODE",)  # by this program, to the command of SLIMMEMETER_ON_TROUBLE


class Settings:
    """The settings of a run. `port` and `language` are empty unless set; `given` has the flags."""

    port: str
    line: str
    database: str
    timeout_s: float
    listen: str
    zone: str
    language: str
    backup_folder: str
    contracts: str
    prices: str
    publish: tuple[str, ...]
    on_trouble: str
    password: str
    hosts: tuple[str, ...]
    networks: tuple[IPv4Network | IPv6Network, ...]
    proxy: str
    may_embed: bool

    def __init__(
        self,
        flags: Mapping[str, str | None],
        environ: Mapping[str, str] = os.environ,
        file: str = DEFAULTS_FILE,
        may_lack_file: bool = False,
    ) -> None:
        """Flags by name, None if not given; an empty variable counts as unset.

        :param may_lack_file: use the defaults if this user may not read the file; `lacks_file` is
            the sentence about it then.
        :raises UsageError: a value or a name is invalid, or the file can't be read.
        """
        in_file = File(file)
        self.lacks_file = in_file.not_permitted
        self.given = frozenset(flag for flag, value in flags.items() if value is not None)
        if in_file.not_permitted and not may_lack_file:
            raise UsageError(in_file.not_permitted)
        if wrong := in_file.wrong or _unknown(environ):
            raise UsageError(wrong)
        for setting in SETTINGS:
            setattr(self, setting.attribute, _resolved(setting, flags, environ, in_file))

    @property
    def contracts_path(self) -> str:
        """Where the contracts are, if there are any."""
        return self.contracts or f"{os.path.dirname(self.database)}/contracts.toml"

    @property
    def is_in_own_folder(self) -> bool:
        """Whether the database is the default one in a user's home."""
        return self.database == f"{_own_folder()}/slimmemeter.sqlite3"

    def make_own_folder(self) -> None:
        """Make the folder of the default database in a home.

        A folder that a setting names isn't made: if it is missing, a disk may not be mounted.

        :raises StoreError: it can't be made.
        """
        folder = _own_folder()
        if self.is_in_own_folder:
            try:
                os.makedirs(folder, exist_ok=True)
            except OSError as error:
                raise StoreError(f"cannot make the folder {folder}: {error.strerror}") from None


def url_of(listen: str) -> str:
    """The address, for programs on this computer, of what listens at HOST:PORT."""
    host, _, port = listen.rpartition(":")
    here = {"*": "localhost", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
    return f"http://{here.get(host, host)}:{port}"


def single_setting(name: str, flags: Mapping[str, str | None]) -> object:
    """One setting's value, even if others are invalid or the file can't be read.

    :raises UsageError: it is invalid.
    """
    return _resolved(NAMES[name], flags, os.environ, File(DEFAULTS_FILE))


def _resolved(
    setting: Setting,
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    file: File,
) -> object:
    """The value of the first of flag, environment, file and default that is set."""
    candidates = [
        (setting.flag, flags.get(setting.flag)),
        (setting.name, environ.get(setting.name) or None),
        (f"{setting.name} in {file.path}", file.values.get(setting.name) or None),
        (setting.name, setting.default),
    ]
    where, text = next((where, text) for where, text in candidates if text is not None)
    try:
        return setting.convert(text)
    except ValueError as error:
        kind = FlagError if where == setting.flag else UsageError
        raise kind(f"{where} is {text[:60]!r}: it must be {error}") from None


class File:
    """The NAME=value lines of a shell fragment; none if there is no file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.values: dict[str, str] = {}
        self.wrong = ""  # a sentence about the first line that is wrong, or about the file
        self.not_permitted = ""  # a sentence, if this user may not read it
        try:
            with open(path, encoding="utf-8-sig", errors="replace") as lines:
                self._take(lines)
        except FileNotFoundError:
            pass
        except PermissionError:
            self.not_permitted = f"cannot read {path}: {_who_may(path)}"
        except OSError as error:
            self.wrong = f"cannot read {path}: {error.strerror}"

    def _take(self, lines: Iterable[str]) -> None:
        """Blanks and `export` don't matter; a line that sets nothing must not pass for one."""
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            left, equals, value = text.partition("=")
            name = " ".join(left.split()).removeprefix("export ")
            if equals and name in NAMES:
                self.values[name] = _unquoted(value.strip())
            elif not self.wrong:
                what = f"sets {name}, which is no setting{_meant(name)}" if equals else "has no ="
                self.wrong = f"line {number} of {self.path} {what}"


def _unknown(environ: Mapping[str, str]) -> str:
    """A sentence about a variable that looks like a setting and is none."""
    for name in environ:
        if name.upper().startswith(PREFIX) and name not in NAMES and name not in GIVEN:
            return f"the environment has {name}, which is no setting{_meant(name)}"
    return ""


def _meant(name: str) -> str:
    """Which setting was most likely meant, as the end of a sentence."""
    from difflib import get_close_matches

    near = get_close_matches(name.upper(), NAMES, 1)
    return f": is it {near[0]}?" if near else ""


def _who_may(path: str) -> str:
    """Who may read a file that this user may not, and how to become one."""
    import grp

    about = os.stat(path)
    if not about.st_mode & 0o040:
        return "only its owner may; use sudo"
    try:
        group = grp.getgrgid(about.st_gid).gr_name
    except KeyError:
        group = str(about.st_gid)
    return (
        f"root and the group {group} may; use sudo, or join that group and log in again:"
        f" sudo usermod -aG {group} $USER"
    )


def _unquoted(value: str) -> str:
    """Without the quotes around the whole value; those around a part, as in a command, stay."""
    inner = value[1:-1]
    is_quoted = value in (f"'{inner}'", f'"{inner}"') and value[0] not in inner
    return inner if is_quoted else value
