"""The settings of a run: flag > environment > /etc/default/slimmemeter > default.

Every program reads the same file, so that cron, the service and a person mean the same database.
"""

from __future__ import annotations

import os

from slimmemeter.errors import FlagError, StoreError, UsageError
from slimmemeter.settings_table import NAMES, PREFIX, SETTINGS, Setting, own_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ipaddress import IPv4Network, IPv6Network

DEFAULTS_FILE = "/etc/default/slimmemeter"
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
        return self.database == f"{own_folder()}/slimmemeter.sqlite3"

    def make_own_folder(self) -> None:
        """Make the folder of the default database in a home.

        A folder that a setting names isn't made: if it is missing, a disk may not be mounted.

        :raises StoreError: it can't be made.
        """
        folder = own_folder()
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
