"""The file of contracts within a backup: a table of the copy has its text, so that a backup stays
one file and both come back together."""

from __future__ import annotations

import contextlib
import os
import time

from slimmemeter.errors import StoreError
from slimmemeter.process import replace_file
from slimmemeter.store import files
from slimmemeter.store.connection import Explained, connected

LONGEST = 1 << 20  # bytes; a file of contracts has some thousand
LOCK_S = 30
FILE = "contracts.toml"


def beside(database: str) -> str:
    """Where the contracts are unless a setting names another file."""
    return f"{os.path.dirname(database)}/{FILE}"


def put_into(copy: str, path: str) -> None:
    """Put the text of a file of contracts into the copy of a database, if there is such a file.

    :raises StoreError: it can't be read, so that a backup would lack it.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(LONGEST + 1)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}; no backup was made") from None
    if len(text) > LONGEST:
        raise StoreError(f"{path} is longer than {LONGEST} bytes, as no file of contracts is")
    with Explained(copy), contextlib.closing(connected(copy, "rw", LOCK_S)) as db:
        db.execute("DROP TABLE IF EXISTS contracts")
        db.execute("CREATE TABLE contracts (text BLOB NOT NULL)  -- contracts.toml, in a backup")
        db.execute("INSERT INTO contracts VALUES (?)", (text,))


def take_out(part: str) -> bytes | None:
    """The text that a copy has, which lacks it from then on; None if it has none."""
    with Explained(part), contextlib.closing(connected(part, "rw", LOCK_S)) as db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'contracts'").fetchone():
            return None
        row = db.execute("SELECT text FROM contracts").fetchone()
        db.execute("DROP TABLE contracts")
    return row[0] if row and isinstance(row[0], bytes) else None


def put_back(text: bytes, path: str, like: str) -> str | None:
    """Make a file of contracts with this text; returns where another one that was there is now.

    :param like: the file whose owner it gets. :raises OSError: it can't be written.
    """
    aside = None
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read(LONGEST + 1) == text:
                return None
        stem, extension = os.path.splitext(path)
        aside = f"{stem}-replaced-{time.strftime('%Y-%m-%dT%H%M%S')}{extension}"
        os.link(path, aside)
    replace_file(path, text.decode("utf-8", "replace"))
    files.own_as(path, like)
    return aside
