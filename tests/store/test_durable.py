"""A reading that was reported stored survives whatever comes."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support.database import rows, validated
from support.debian import needs
from support.programs import PULL, SLIMMEMETER, Run
from support.readings import DAY, EVERY_S, MONDAY
from support.serving import Server
from support.telegrams import numbered

KILLS, MANY_KILLS = 50, 2_000
BEGIN = MONDAY - 365 * DAY  # so that the last of them isn't yet to come
# What another user who may only read sees, again and again: how many readings, or why none.
LOOK = """
import os, sys
from slimmemeter.store.reader import Reader
from slimmemeter.store.connection import HotJournalError
from slimmemeter.web.app import create_app
from slimmemeter.settings import Settings
client = create_app(Settings({"--db": sys.argv[1]})).test_client()
for page in ("/", "/nothing"):  # all that it needs of the disk
    client.get(page)
if os.geteuid() == 0:  # imported as root, who may read everything; from here on as nobody
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
while True:
    try:
        reader = Reader(sys.argv[1], 5)
        print(reader.extent()[0], flush=True)
        reader.close()
    except HotJournalError:
        page = client.get("/day/2026-11-23")
        print("hot", page.status_code, "was interrupted" in page.text, flush=True)
"""


def telegram(number: int) -> bytes:
    """The telegram of a moment of that year."""
    return numbered(number, BEGIN)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class Puller:
    """Starts pulls of telegrams one after another, and kills some."""

    def __init__(self, database: Path, number: int = 0) -> None:
        self._command = [*PULL, "-", "--db", str(database)]
        self._environment = {"HOME": str(database.parent)}
        self.stored: list[int] = []  # numbers of what was reported stored
        self._number = number

    def pull(self, kill_after_s: float | None = None) -> int:
        """Pull the next telegram; returns the exit code, or the signal as a negative number."""
        self._number += 1
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, env=self._environment, stderr=subprocess.PIPE
        )
        if kill_after_s is None:
            process.communicate(telegram(self._number), timeout=60)
        else:
            assert process.stdin is not None
            process.stdin.write(telegram(self._number))
            process.stdin.close()
            time.sleep(kill_after_s)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)
        for stream in (process.stdin, process.stderr):
            assert stream is not None
            stream.close()
        if process.returncode == 0:
            self.stored.append(self._number)
        return process.returncode


def test_readings_survive_kills(open_folder: Path, pytestconfig: pytest.Config) -> None:
    """Pulls that are killed at random lose no stored reading, and the next one works."""
    database = open_folder / "slimmemeter.sqlite3"
    puller = Puller(database)
    begin = time.monotonic()
    assert puller.pull() == 0
    takes_s = time.monotonic() - begin
    looking = subprocess.Popen(
        [sys.executable, "-c", LOOK, str(database)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    kills = MANY_KILLS if pytestconfig.getoption("--long") else KILLS
    chance = random.Random(time.time_ns())
    killed = 0
    for _ in range(kills):
        killed += puller.pull(chance.uniform(0, takes_s * 1.1)) < 0
        assert not [f for f in os.listdir(open_folder) if f.endswith((".gz", "-wal"))]
    assert killed > kills / 4
    assert puller.pull() == 0
    looking.terminate()
    seen, _ = looking.communicate(timeout=120)
    counts = [int(line) for line in seen.splitlines() if line.isdigit()]
    others = {line for line in seen.splitlines() if not line.isdigit()}
    assert len(counts) > 10
    assert counts == sorted(counts)
    # The next pull may have repaired it before the page was asked for.
    assert others <= {"hot 503 True", "hot 200 False"}, others
    check_whole(database, puller.stored)


def program(database: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """`slimmemeter` at work; nobody reads what it writes until it is asked for."""
    command = [*SLIMMEMETER, *map(str, arguments), "--db", str(database)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


@contextmanager
def slowest_client(database: Path) -> Iterator[socket.socket]:
    """The pages are served, and somebody has asked for a large table, of which he takes a byte."""
    with Server(database, database.parent) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.connect(server.address)
        client.sendall(b"GET /month/2025-12/power.csv HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert client.recv(1) == b"H"
        yield client


def test_nobody_makes_a_pull_fail(run: Run, database: Path, tmp_path: Path) -> None:
    """Pulls succeed beside a slow client, an export, an import and a backup."""
    logs = {"before": range(10_000), "more": range(10_000, 20_000)}
    for name, numbers in logs.items():
        (tmp_path / name).write_bytes(b"".join(map(telegram, numbers)))
    assert run("import", tmp_path / "before").returncode == 0
    puller = Puller(database, 100_000)
    with slowest_client(database) as client:
        export, backup = program(database, "export"), program(database, "backup")
        taking = program(database, "import", tmp_path / "more")
        codes = []
        while taking.poll() is None:
            codes.append(puller.pull())
            client.recv(1)
        assert codes == [0] * len(codes)
        assert len(codes) > 2
        assert b": 10000 new readings" in taking.communicate()[0]
        assert b"and was verified" in backup.communicate(timeout=60)[0]
        assert len(export.communicate(timeout=60)[0].splitlines()) > 10_000
        assert [each.returncode for each in (taking, backup, export)] == [0, 0, 0]
        rest = b"".join(iter(lambda: client.recv(4096), b""))
        assert rest.count(b"2025-12-") > 1000
    check_whole(database, [*logs["before"], *logs["more"], *puller.stored])


def test_import_survives_kills(
    run: Run, database: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """An import that is killed and repeated stores each reading exactly once."""
    log, whole = tmp_path / "p1.log", tmp_path / "whole.sqlite3"
    log.write_bytes(b"".join(map(telegram, [*range(2_000, 10_000), *range(2_000)])))
    begin = time.monotonic()
    assert run("import", log, "--db", whole).returncode == 0
    takes_s = time.monotonic() - begin
    chance = random.Random(time.time_ns())
    killed = 0
    for _ in range(100 if pytestconfig.getoption("--long") else 5):
        with program(database, "import", log) as taking:
            time.sleep(chance.uniform(0.2 * takes_s, takes_s))
            taking.kill()
        killed += taking.returncode < 0
        if database.exists():
            with closing(sqlite3.connect(database)) as db:  # as the next one would: it may write
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert killed
    done = run("import", log)
    assert (done.returncode, done.stderr) == (0, "")
    assert "; `slimmemeter import" in done.stdout or "; 10000 stored before" in done.stdout
    check_whole(database, list(range(10_000)))
    assert validated(database) == validated(whole)
    numbers = "SELECT count(*) FROM imports WHERE id NOT IN (SELECT source FROM readings)"
    assert rows(database, numbers) == [(0,)]


def test_undo_survives_kills(run: Run, database: Path, tmp_path: Path) -> None:
    """An undo that is killed and repeated leaves what was there before the import."""
    logs = {"own": range(5_000, 10_000), "other": [*range(5_000), *range(10_000, 15_000)]}
    for name, numbers in logs.items():
        (tmp_path / name).write_bytes(b"".join(map(telegram, numbers)))
    assert run("import", tmp_path / "own").returncode == 0
    before = validated(database)
    assert run("import", tmp_path / "other").returncode == 0
    chance = random.Random(time.time_ns())
    for _ in range(3):
        with program(database, "import", "--undo", "2") as taking:
            time.sleep(chance.uniform(0.2, 0.6))
            taking.kill()
    done = run("import", "--undo", "2")
    assert done.returncode == 0 or "there is no import 2" in done.stderr
    check_whole(database, list(logs["own"]))
    assert validated(database) == before


def test_first_pull_survives_kills(open_folder: Path) -> None:
    """A first pull that is killed leaves a whole database or none."""
    database = open_folder / "slimmemeter.sqlite3"
    puller = Puller(database)
    for step in range(40):
        puller.pull(0.02 + 0.002 * step)
        if database.exists():
            with closing(sqlite3.connect(database)) as db:  # as a pull would: it may write
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            database.unlink()
            puller.stored.clear()
    assert puller.pull() == 0
    assert os.listdir(open_folder) == [database.name]


def check_whole(database: Path, stored: list[int]) -> None:
    """The file is sound; each reading that was reported is there, and none is half there."""
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    readings = rows(database, "SELECT taken_at, import_t1_wh FROM readings ORDER BY id")
    gas = rows(database, "SELECT taken_at, counter FROM mbus_readings ORDER BY id")
    assert readings == gas
    there = {wh: at for at, wh in readings}
    reported = {number * 1000: BEGIN + EVERY_S * number for number in stored}
    assert reported.items() <= there.items()


def traced(*command: object, stdin: bytes = b"") -> list[str]:
    """The calls by which a program makes its changes last, in their order, with paths."""
    calls = "trace=fsync,fdatasync,rename,link,linkat,unlink,exit_group,renameat,renameat2"
    done = subprocess.run(
        [needs("strace", "strace"), "-f", "-y", "-e", calls, "-qq", *map(str, command)],
        capture_output=True,
        check=True,
        env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]},
        input=stdin,
        timeout=120,
    )
    lines = done.stderr.decode().splitlines()
    return [re.sub(r"^\[pid +\d+\] ", "", line) for line in lines if "(" in line]


def place(calls: list[str], *words: str, after: int = 0) -> int:
    """Where the first call from a place on stands that has all of these words."""
    return next(n for n in range(after, len(calls)) if all(word in calls[n] for word in words))


def test_pull_syncs_file_and_folder_before_it_ends_well(database: Path) -> None:
    """A pull ends with 0 only after the row and the folder are on the disk."""
    folder = f"<{database.parent}>"
    for number in (1, 2):
        calls = traced(*PULL, "-", "--db", database, stdin=telegram(number))
        if number == 1:
            made = place(calls, "sync", ".part>")
            named = place(calls, "link", f'"{database}"', after=made)
            place(calls, "sync", folder, after=named)
        synced = place(calls, "sync", f"<{database}>")
        gone = place(calls, "unlink", f"{database}-journal", after=synced)
        ended = place(calls, "sync", folder, after=gone)
        place(calls, "exit_group(0)", after=ended)


def test_backup_and_restore_are_synced_before_they_count(database: Path, tmp_path: Path) -> None:
    """A backup and a restore are on the disk before they get their name."""
    subprocess.run([*PULL, "-", "--db", str(database)], input=telegram(1), check=True)
    folder = tmp_path / "backups"
    calls = traced(*SLIMMEMETER, "backup", "--db", database)
    synced = place(calls, "sync", ".part>")
    named = place(calls, "rename", ".gz", after=synced)
    place(calls, "sync", f"<{folder}>", after=named)
    (made,) = folder.iterdir()
    calls = traced(*SLIMMEMETER, "restore", "--yes", made, "--db", database)
    synced = place(calls, "sync", ".part>")
    named = place(calls, "rename", f'"{database}"', after=synced)
    place(calls, "sync", f"<{tmp_path}>", after=named)


def ruined(database: Path) -> dict[str, Callable[[], None]]:
    """What may happen to a database, by name."""
    whole = database.read_bytes()
    ((number,),) = rows(
        database, "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'meters' AND type = 'index'"
    )
    page = whole[(number - 1) * 4096 : number * 4096]

    def change(sql: str) -> None:
        with closing(sqlite3.connect(database)) as db, db:
            db.execute(sql)

    return {
        "of another program": lambda: change("PRAGMA application_id = 7"),
        "of a newer version": lambda: change("PRAGMA user_version = 99"),
        "truncated": lambda: database.write_bytes(whole[: len(whole) // 2]) and None,
        "a flipped page": lambda: (
            database.write_bytes(whole.replace(page, bytes(byte ^ 0x5A for byte in page))) and None
        ),
        "zero bytes long": lambda: database.write_bytes(b"") and None,
        "text": lambda: database.write_text("dear diary") and None,
    }


@pytest.mark.parametrize(
    "kind",
    [
        *("of another program", "of a newer version", "truncated", "a flipped page"),
        *("zero bytes long", "text"),
    ],
)
def test_database_that_is_not_right_is_left_as_it_is(database: Path, kind: str) -> None:
    """A database that can't be used is explained with exit code 5, and not changed."""
    puller = Puller(database)
    assert puller.pull() == 0
    good = database.read_bytes()
    ruined(database)[kind]()
    before = database.read_bytes()
    done = subprocess.run(
        [*PULL, "-", "--db", str(database)], input=telegram(7), capture_output=True, check=False
    )
    assert done.returncode == 5, done.stderr
    assert done.stderr.count(b"\n") == 1
    assert str(database).encode() in done.stderr
    assert database.read_bytes() == before
    assert os.listdir(database.parent) == [database.name]
    database.write_bytes(good)
    assert puller.pull() == 0


SMALL_DISK = """
mount -t tmpfs -o size=160k tmpfs "$1"; cd "$1"; shift
"$@" <telegrams/1 || exit 90
dd if=/dev/zero of=ballast bs=1k count=999 2>/dev/null
sha256sum <slimmemeter.sqlite3
"$@" <telegrams/2; echo $?
sha256sum <slimmemeter.sqlite3
rm ballast
"$@" <telegrams/3; echo $?
sqlite3 slimmemeter.sqlite3 'SELECT import_t1_wh FROM readings; PRAGMA integrity_check'
"""


def test_full_disk_loses_nothing_and_the_next_pull_works(tmp_path: Path) -> None:
    """A full disk changes nothing, and with room again the next pull works."""
    needs("sqlite3", "sqlite3")
    for number in (1, 2, 3):
        (tmp_path / f"telegram-{number}").write_bytes(telegram(number))
    disk = tmp_path / "disk"
    disk.mkdir()
    script = SMALL_DISK.replace("telegrams/", f"{tmp_path}/telegram-")
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run(
        [*command, disk, *PULL, "-", "--db", "slimmemeter.sqlite3"],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    before, code, after, next_code, *there = done.stdout.split("\n")
    assert (code, next_code) == ("5", "0"), done.stderr
    assert before == after
    assert done.stderr.count("the disk is full") == 1
    assert there == ["1000", "3000", "ok", ""]


PULL_AS_NOBODY = """
import os, sys
import argparse, gettext, locale, re, shutil, textwrap
import signal
from slimmemeter import clock, process, pull, status, notify
from slimmemeter.line import receive
from slimmemeter.store import writer
from slimmemeter.settings import Settings
Settings({})
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
sys.argv[1:] = ["-", "--db", sys.argv[1]]
pull.main()
"""


def test_permission_that_was_lost_is_explained(open_folder: Path) -> None:
    """A database that may not be written is explained, and not changed."""
    database = open_folder / "slimmemeter.sqlite3"
    puller = Puller(database)
    assert puller.pull() == 0
    before = database.read_bytes()
    for path, mode in ((database, 0o444), (open_folder, 0o555)):
        path.chmod(mode)
    done = subprocess.run(
        [sys.executable, "-c", PULL_AS_NOBODY, str(database)],
        input=telegram(5),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert b"it may not be written by this user; see its owner" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert database.read_bytes() == before
    for path, mode in ((database, 0o644), (open_folder, 0o755)):
        path.chmod(mode)
    assert puller.pull() == 0


def test_folder_that_is_gone_is_explained(database: Path) -> None:
    """A pull into a missing folder fails, and makes no folder."""
    folder = database.parent / "disk"
    done = subprocess.run(
        [*PULL, "-", "--db", str(folder / database.name)],
        input=telegram(5),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (5, 1)
    assert str(folder).encode() in done.stderr
    assert not folder.exists()


def test_read_only_file_system_is_explained(database: Path) -> None:
    """A read-only file system gives exit code 5 and a sentence."""
    puller = Puller(database)
    assert puller.pull() == 0
    script = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run(
        [*command, database.parent, *PULL, "-", "--db", str(database)],
        input=telegram(5),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 5
    assert b"it may not be written by this user" in done.stderr
    assert puller.pull() == 0


def test_long_lock_is_explained_and_the_next_pull_works(database: Path) -> None:
    """A database that is locked for long gives exit code 5, and nothing is lost."""
    puller = Puller(database)
    assert puller.pull() == 0
    with closing(sqlite3.connect(database, isolation_level=None)) as person:
        person.execute("BEGIN IMMEDIATE")
        done = subprocess.run(
            [*PULL, "-", "--db", str(database), "--timeout", "1"],
            input=telegram(9),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 5
        assert b"locked for too long" in done.stderr
    assert puller.pull() == 0
    check_whole(database, puller.stored)
