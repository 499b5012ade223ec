"""Up to where each target has the readings: in memory after each batch, in the database seldom.

The card is spared that way: the database gets the cursors once an hour. What stands in memory
belongs to one file, so that after a restore the restored database's own cursors count. If both are
lost, a target gets some readings twice, and misses none.
"""

from __future__ import annotations

import json

from slimmemeter import clock, process, status
from slimmemeter.store.connection import inode
from slimmemeter.store.outbox import Key, OutboxReader

FILE = "published"
SAVE_EVERY_S = 3600


class Positions:
    """The cursors of all targets of a database."""

    def __init__(self, database: str) -> None:
        self._path = status.path_of(database, FILE)
        self._inode = inode(database)
        self._saved_at: dict[str, int] = {}  # when the database got those of a target
        self._targets: dict[str, dict[str, int]] = {}
        self._read()

    def _read(self) -> None:
        try:
            with open(self._path, encoding="utf-8") as file:
                found = json.load(file)
            if found["inode"] == self._inode:
                self._saved_at, self._targets = dict(found["saved_at"]), dict(found["targets"])
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def of(self, name: str, reader: OutboxReader) -> dict[Key, int] | None:
        """The cursors of a target; None if it is new."""
        stored = reader.cursors(name)
        if stored is None:
            return None
        newer = {_key(text): at for text, at in self._targets.get(name, {}).items()}
        return stored | newer

    def keep(self, name: str, cursors: dict[Key, int]) -> None:
        """Keep the cursors of a target in memory. If that fails, it gets more readings twice."""
        kept = {f"{column} {owner}": at for (column, owner), at in cursors.items()}
        if kept == self._targets.get(name):
            return
        self._targets[name] = kept
        self._write()

    def _write(self) -> None:
        content = {"inode": self._inode, "saved_at": self._saved_at, "targets": self._targets}
        try:
            process.replace_file(self._path, json.dumps(content))
        except OSError:
            pass

    def is_due(self, name: str) -> bool:
        """Whether the database should get those of a target."""
        return not 0 <= clock.now() - self._saved_at.get(name, 0) < SAVE_EVERY_S

    def saved(self, name: str) -> None:
        """The database has got those of a target."""
        self._saved_at[name] = clock.now()
        self._write()


def _key(text: str) -> Key:
    column, owner = text.split(" ")
    return column, int(owner)
