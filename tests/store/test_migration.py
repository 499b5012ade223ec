"""A file of an older program becomes one of this, whole or not at all, after a verified backup."""

from __future__ import annotations

import gzip
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from slimmemeter.errors import StoreError
from slimmemeter.store import schema
from slimmemeter.store.writer import Writer
from support.database import rows
from support.pages import client_of, text_of
from support.readings import counted

# A step that no version has: a column, and what it says of each row.
MADE_UP = (
    "ALTER TABLE readings ADD COLUMN made_up INTEGER",
    "UPDATE readings SET made_up = import_t1_wh + 1",
)
UPGRADE = f"""
import sys
from slimmemeter.store import schema
from slimmemeter.store.writer import Writer
schema.VERSION = 2
schema.MIGRATIONS = {{1: {MADE_UP!r}}}
Writer(sys.argv[1]).close()
"""


@pytest.fixture
def old(database: Path) -> Path:
    """A database of this version, which is the older one here."""
    writer = Writer(str(database))
    writer.add_many(((each, at) for at, each in counted(*range(500))), None)
    writer.close()
    return database


@pytest.fixture
def newer(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the next version, for which that file is old."""
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: MADE_UP})


@pytest.mark.usefixtures("newer")
def test_writer_upgrades_after_a_backup(old: Path, tmp_path: Path) -> None:
    """An old file is upgraded once, after a backup of the old version."""
    Writer(str(old)).close()
    assert rows(old, "SELECT count(*), sum(made_up - import_t1_wh) FROM readings") == [(500, 500)]
    (made,) = (tmp_path / "backups").iterdir()
    assert gzip.decompress(made.read_bytes())[60:64] == b"\0\0\0\1"
    Writer(str(old)).close()
    assert len(list((tmp_path / "backups").iterdir())) == 1


@pytest.mark.usefixtures("newer")
def test_pages_say_what_upgrades_it(old: Path) -> None:
    """The pages explain that the next pull upgrades an old file."""
    assert "the next pull upgrades it, after a backup" in text_of(client_of(old), "/", 503)


def test_newer_file_is_left_alone(old: Path, newer: None) -> None:
    """A file of a newer program is explained, and not changed."""
    Writer(str(old)).close()
    before = old.read_bytes()
    schema.VERSION = 1
    assert "upgrade slimmemeter" in text_of(client_of(old), "/", 503)
    with pytest.raises(StoreError, match="upgrade slimmemeter"):
        Writer(str(old))
    assert old.read_bytes() == before


@pytest.mark.usefixtures("newer")
def test_failed_backup_keeps_the_old_version(old: Path, tmp_path: Path) -> None:
    """Without a backup there is no upgrade."""
    (tmp_path / "backups").write_text("no folder")
    before = old.read_bytes()
    with pytest.raises(StoreError, match="backups"):
        Writer(str(old))
    assert old.read_bytes() == before


def test_killed_upgrade_leaves_the_old_or_the_new(old: Path) -> None:
    """A killed upgrade leaves the old or the new version, and can be repeated."""
    for step in range(25):
        process = subprocess.Popen([sys.executable, "-c", UPGRADE, str(old)])
        try:
            process.wait(timeout=0.05 + 0.008 * step)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        with_schema(old)
    subprocess.run([sys.executable, "-c", UPGRADE, str(old)], check=True)
    assert with_schema(old) == 2


def with_schema(path: Path) -> int:
    """The version of a file, which has all that this version has."""
    with closing(sqlite3.connect(path)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        columns = [row[1] for row in db.execute("PRAGMA table_info(readings)")]
        assert ("made_up" in columns) == (version == 2)
        if version == 2:
            missing = "SELECT count(*) FROM readings WHERE made_up IS NULL"
            assert db.execute(missing).fetchone() == (0,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM readings").fetchone() == (500,)
        return int(version)
