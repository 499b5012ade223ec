"""The settings table: flag > environment > /etc/default/slimmemeter > default.

Every program reads the same file, so that cron, the service and a person mean the same database.
"""

from __future__ import annotations

import os

from slimmemeter.errors import StoreError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
        return "--" + self.name.removeprefix("SLIMMEMETER_").lower()


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


def _switch(text: str) -> bool:
    if text not in ("", "0", "1"):
        raise ValueError("1 or 0")
    return text == "1"


SETTINGS = (
    Setting("SLIMMEMETER_PORT", "port", "", str, "the serial port or URL; empty finds it"),
    Setting("SLIMMEMETER_LINE", "line", LINES[0], _line, f"{', '.join(LINES[:-1])} or {LINES[-1]}"),
    Setting(
        "SLIMMEMETER_DB",
        "database",
        "",
        _database,
        f"the database file; empty: in {SYSTEM_FOLDER}, else in ~/.local/share/slimmemeter",
    ),
    Setting("SLIMMEMETER_TIMEOUT", "timeout_s", "30", _timeout_s, "seconds that a pull may take"),
    Setting("SLIMMEMETER_LISTEN", "listen", "*:8765", _listen, "the address and port of the pages"),
    Setting("SLIMMEMETER_TZ", "zone", "Europe/Amsterdam", str, "the time zone of the house"),
    Setting(
        "SLIMMEMETER_BACKUP_DIR",
        "backup_folder",
        "",
        _path,
        "where backups are kept; empty: in backups, beside the database",
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
    Setting("SLIMMEMETER_PROXY", "proxy", "", _proxy, "the address of a reverse proxy to trust"),
    Setting(
        "SLIMMEMETER_EMBED",
        "may_embed",
        "0",
        _switch,
        "1 lets other sites of the house frame pages",
    ),
)


class Settings:
    """The settings of a run. `port` and `language` are empty unless set."""

    port: str
    line: str
    database: str
    timeout_s: float
    listen: str
    zone: str
    language: str
    backup_folder: str
    on_trouble: str
    password: str
    hosts: tuple[str, ...]
    proxy: str
    may_embed: bool

    def __init__(
        self,
        flags: Mapping[str, str | None],
        environ: Mapping[str, str] = os.environ,
        file: str = DEFAULTS_FILE,
    ) -> None:
        """Flags by name, None if not given; an empty variable counts as unset.

        :raises UsageError: a value is invalid, or the file can't be read.
        """
        in_file = _read(file)
        for setting in SETTINGS:
            value = _resolved(setting, flags, environ, {file: in_file})
            setattr(self, setting.attribute, value)

    @property
    def pages_port(self) -> str:
        """The port of the pages."""
        return self.listen.rpartition(":")[2]

    @property
    def pages_url(self) -> str:
        """The address of the pages for programs on this computer."""
        host = self.listen.rpartition(":")[0]
        here = {"*": "localhost", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
        return f"http://{here.get(host, host)}:{self.pages_port}"

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


def single_setting(name: str, flags: Mapping[str, str | None]) -> object:
    """One setting's value, even if others are invalid or the file can't be read.

    :raises UsageError: it is invalid.
    """
    setting = next(setting for setting in SETTINGS if setting.name == name)
    try:
        in_file = _read(DEFAULTS_FILE)
    except UsageError:
        in_file = {}
    return _resolved(setting, flags, os.environ, {DEFAULTS_FILE: in_file})


def _resolved(
    setting: Setting,
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    files: Mapping[str, Mapping[str, str]],
) -> object:
    """The value of the first of flag, environment, file and default that is set."""
    candidates = [
        (setting.flag, flags.get(setting.flag)),
        (setting.name, environ.get(setting.name) or None),
        *(
            (f"{setting.name} in {file}", has.get(setting.name) or None)
            for file, has in files.items()
        ),
        (setting.name, setting.default),
    ]
    where, text = next((where, text) for where, text in candidates if text is not None)
    try:
        return setting.convert(text)
    except ValueError as error:
        raise UsageError(f"{where} is {text[:60]!r}: it must be {error}") from None


def _read(file: str) -> dict[str, str]:
    """The NAME=value lines of a shell fragment; none if there is no file."""
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            pairs = [line.strip().partition("=") for line in lines if not line.startswith("#")]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    found = {name: _unquoted(value) for name, equals, value in pairs if equals}
    return {name: value for name, value in found.items() if value}


def _unquoted(value: str) -> str:
    """Without the quotes around the whole value; those around a part, as in a command, stay."""
    inner = value[1:-1]
    is_quoted = value in (f"'{inner}'", f'"{inner}"') and value[0] not in inner
    return inner if is_quoted else value


def as_file(values: Mapping[str, str]) -> str:
    """The text of a settings file with these values, and all other settings as comments."""
    text = "# Settings of slimmemeter; docs/settings.md explains each. No comment after a value.\n"
    for setting in SETTINGS:
        line = f"{setting.name}={values.get(setting.name) or setting.default}\n"
        text += f"\n# {setting.sentence}\n" + "#" * (not values.get(setting.name)) + line
    return text
