"""The newest result of `slimmemeter battery`: a JSON file beside the database."""

from __future__ import annotations

import json
from typing import Any

from slimmemeter import process
from slimmemeter.errors import StoreError


def file_of(database: str) -> str:
    """Where the newest result is kept."""
    return f"{database}.battery.json"


def stored(database: str) -> dict[str, Any] | None:
    """The newest result; None if there is none that can be read."""
    try:
        with open(file_of(database), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep(database: str, result: dict[str, Any]) -> None:
    """Write a result in the former one's place. :raises StoreError: it can't be written."""
    path = file_of(database)
    try:
        process.replace_file(path, json.dumps(result) + "\n")
    except OSError as error:
        raise StoreError(f"the result can't be kept in {path}: {error.strerror}") from None
