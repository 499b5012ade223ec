"""A TOML file's sections: a value is taken with a check, and a mistake names file, line and key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeVar

from slimmemeter.errors import UsageError

Path = tuple[str | int, ...]  # of keys and of numbers in arrays: ("contract", 0, "gas", "price")
Value = TypeVar("Value")
OTHER_NAMES = {"until": "last_day", "to": "last_day", "end": "last_day", "begin": "from"}
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_\"'.\- ]+?)\s*=")


class ContractsError(UsageError):
    """contracts.toml has a mistake"""


class Lines:
    """Where the keys of a TOML text are; tomllib doesn't tell."""

    def __init__(self, text: str) -> None:
        self._numbers: dict[Path, int] = {}
        counts: dict[Path, int] = {}
        path: Path = ()
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.fullmatch(line):
                path = self._section(_parts(header[2]), header[1] == "[[", counts)
                self._numbers.setdefault(path, number)
            elif key := _KEY.match(line):
                self._numbers.setdefault((*path, *_parts(key[1])), number)

    def _section(self, names: list[str], is_array: bool, counts: dict[Path, int]) -> Path:
        """The path of a header, with the number of each array's newest element."""
        path: Path = ()
        for place, name in enumerate(names, 1):
            path = (*path, name)
            if is_array and place == len(names):
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = (*path, counts[path])
        return path

    def number(self, path: Path) -> int:
        """The line of a key, or of what it is in."""
        while path and path not in self._numbers:
            path = path[:-1]
        return self._numbers.get(path, 1)


def _parts(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in key.split(".")]


class Section:
    """A table of the file."""

    def __init__(self, raw: Mapping[str, object], path: Path, file: str, lines: Lines) -> None:
        self.raw = raw
        self._path = path
        self._file = file
        self._lines = lines

    def __contains__(self, key: str) -> bool:
        return key in self.raw

    def take(self, key: str, check: Callable[[object], Value], default: Value) -> Value:
        """The value of a key as `check` understands it; without it the default.

        :param check: raises ValueError with what is expected.
        :raises ContractsError: the check doesn't accept it.
        """
        if key not in self.raw:
            return default
        value = self.raw[key]
        try:
            return check(value)
        except ValueError as error:
            is_table = isinstance(value, dict | list)
            about = key if is_table else f"{key} = {shown(value)}"
            raise self.wrong(f"{about}: {error}", key) from None

    def part(self, key: str) -> Section:
        """A table within it; empty if there is none."""
        value = self.raw.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{key} = {shown(value)}: a table is expected, as [{key}]", key)
        return Section(value, (*self._path, key), self._file, self._lines)

    def parts(self, key: str) -> list[Section]:
        """The tables of an array; empty if there is none."""
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.wrong(f"{key} = {shown(value)}: tables are expected, as [[{key}]]", key)
        return [
            Section(each, (*self._path, key, number), self._file, self._lines)
            for number, each in enumerate(value)
        ]

    def changed(self, raw: Mapping[str, object], path: Path) -> Section:
        """A section of other values, whose mistakes are in the lines of a path."""
        return Section(raw, path, self._file, self._lines)

    @property
    def path(self) -> Path:
        """Where it is in the file."""
        return self._path

    def only(self, known: Iterable[str]) -> None:
        """:raises ContractsError: it has another key than these."""
        known = list(known)
        for key in self.raw:
            if key not in known:
                near = [OTHER_NAMES[key]] if OTHER_NAMES.get(key) in known else []
                near = near or get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                raise self.wrong(f"{key}: not known; {hint}", key)

    def wrong(self, sentence: str, *keys: str) -> ContractsError:
        """The error of a key, or of the section."""
        return ContractsError(f"{self.place(*keys)}: {sentence}")

    def place(self, *keys: str) -> str:
        """The file and the line of a key in words."""
        return f"{self._file}, line {self._lines.number((*self._path, *keys))}"


def shown(value: object) -> str:
    """A value as it stands in the file, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:60]}"'
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {shown(each)}" for key, each in value.items())
        return f"{{ {inner[:60]} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))[:60]}]"
    if isinstance(value, Decimal | int | date):
        return str(value)[:60]
    return type(value).__name__
