"""Nothing that was stored may be lost: copies that are verified, and files that are kept."""

from __future__ import annotations

import contextlib
import gzip
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import pytest

from slimmemeter import clock, status
from slimmemeter.errors import StoreError
from slimmemeter.store import backup
from slimmemeter.store.writer import Writer
from support.database import counters, kill_in_a_transaction, rows
from support.pages import client_of, text_of
from support.paths import EXAMPLE
from support.programs import OWN_MOUNTS, SLIMMEMETER, Pull, Run
from support.readings import MONDAY, counted, store
from support.telegrams import simple


@pytest.fixture
def filled(database: Path) -> Path:
    """A database of a thousand readings."""
    writer = Writer(str(database))
    writer.add_many(((each, at) for at, each in counted(*range(1000))), None)
    writer.close()
    return database


def only(folder: Path) -> Path:
    """The one backup in a folder, in which there is nothing else."""
    (found,) = folder.iterdir()
    return found


def test_backup_is_a_whole_database(run: Run, filled: Path, tmp_path: Path) -> None:
    """A backup is a gzipped copy with every reading, for the owner's group alone."""
    done = run("backup")
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        "1000 readings from 2026-10-26 00:00:00 to 2026-10-29 11:15:00, and was verified"
        in done.stdout
    )
    made = only(tmp_path / "backups")
    plain = tmp_path / "plain"
    plain.write_bytes(gzip.decompress(made.read_bytes()))
    assert counters(plain) == counters(filled)
    assert (tmp_path / "backups").stat().st_mode & 0o777 == 0o750


def test_backup_and_restore(run: Run, filled: Path, tmp_path: Path) -> None:
    """A restore brings back the backup, and keeps the replaced file."""
    run("backup")
    writer = Writer(str(filled))
    writer.add_many(((each, at + 9 * 86400) for at, each in counted(2000, 2001)), None)
    writer.close()
    before = counters(filled)
    filled.chmod(0o644)
    done = run("restore", only(tmp_path / "backups"), "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "now has 1000 readings from 2026-10-26 00:00:00 to 2026-10-29 11:15:00" in done.stdout
    assert counters(filled) == before[:1000]
    assert filled.stat().st_mode & 0o777 == 0o644
    (aside,) = tmp_path.glob("slimmemeter-replaced-*.sqlite3")
    assert str(aside) in done.stdout
    assert counters(aside) == before


def test_restore_where_nothing_is(run: Run, filled: Path, tmp_path: Path) -> None:
    """A backup, gzipped or not, is restored where there is no database."""
    run("backup")
    plain = tmp_path / "plain.sqlite3"
    shutil.move(filled, plain)
    for source in (only(tmp_path / "backups"), plain):
        filled.unlink(missing_ok=True)
        assert run("restore", source, "--yes").returncode == 0
        assert counters(filled) == counters(plain)


def test_restore_needs_a_confirmation(run: Run, filled: Path, tmp_path: Path) -> None:
    """Without a terminal and without --yes nothing is restored."""
    run("backup")
    before = filled.read_bytes()
    done = run("restore", only(tmp_path / "backups"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--yes" in done.stderr
    assert filled.read_bytes() == before


def damaged(made: bytes) -> dict[str, bytes]:
    """What may be taken for a backup, by what is wrong with it."""
    plain = gzip.decompress(made)
    middle = len(plain) // 2
    bomb = plain[:100] + bytes(50_000_000)
    other = sqlite3.connect(":memory:")
    other.execute("CREATE TABLE t (x)")
    return {
        "no gzip inside": b"\x1f\x8b" + b"nonsense" * 100,
        "cut off": made[: len(made) // 2],
        "a flipped byte in gzip": made[:-2000] + b"\xff" + made[-1999:],
        "no such block in gzip": made[:3] + bytes(7) + b"\xff" * 100,
        "text": b"dear diary, " * 100,
        "empty": b"",
        "half of the pages": gzip.compress(plain[:middle]),
        "a ruined page": gzip.compress(plain[:middle] + b"\x37" * 4096 + plain[middle + 4096 :]),
        "longer than it says": gzip.compress(bomb),
        "of another program": other.serialize(),
        "of a newer version": gzip.compress(plain[:60] + b"\0\0\0\x63" + plain[64:]),
    }


WRONG = list(damaged(gzip.compress(bytes(200))))


@pytest.mark.parametrize("kind", WRONG)
def test_restore_refuses_what_is_no_backup(
    run: Run, filled: Path, tmp_path: Path, kind: str
) -> None:
    """A file that is not a backup is refused with exit code 5, and nothing changes."""
    run("backup")
    wrong = tmp_path / "wrong"
    wrong.write_bytes(damaged(only(tmp_path / "backups").read_bytes())[kind])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = run("restore", wrong, "--yes")
    assert done.returncode == 5, done.stderr
    assert done.stderr.startswith("slimmemeter: ")
    assert done.stderr.count("\n") == 1
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before


def test_restore_over_what_is_no_database(run: Run, filled: Path, tmp_path: Path) -> None:
    """A ruined database is kept aside, and its journal is not applied to the new one."""
    run("backup")
    good = counters(filled)
    filled.write_bytes(b"ruined" * 1000)
    Path(f"{filled}-journal").write_bytes(b"of the ruined one")
    assert run("restore", only(tmp_path / "backups"), "--yes").returncode == 0
    assert not Path(f"{filled}-journal").exists()
    assert counters(filled) == good
    (aside,) = tmp_path.glob("slimmemeter-replaced-*.sqlite3")
    assert aside.read_bytes() == b"ruined" * 1000


def test_restore_after_a_killed_pull(run: Run, filled: Path, tmp_path: Path) -> None:
    """The journal of a killed pull is applied to the old file, which is kept."""
    run("backup")
    good = counters(filled)
    kill_in_a_transaction(filled)
    assert run("restore", only(tmp_path / "backups"), "--yes").returncode == 0
    assert not Path(f"{filled}-journal").exists()
    assert rows(filled, "PRAGMA integrity_check") == [("ok",)]
    (aside,) = tmp_path.glob("slimmemeter-replaced-*.sqlite3")
    assert counters(aside) == counters(filled) == good


def test_restore_waits_for_who_writes_and_gives_up(run: Run, filled: Path, tmp_path: Path) -> None:
    """A restore beside a long import gives up after half a minute, and nothing is lost."""
    run("backup")
    with closing(Writer(str(filled))) as writer:
        writer.begin()
        ((at, each),) = counted(7000)
        writer.put(each, at + 10**6, None, None)
        done = run("restore", only(tmp_path / "backups"), "--yes")
        assert done.returncode == 5
        assert "locked for too long" in done.stderr
        writer.commit()
    assert counters(filled)[-1] == (at + 10**6, 7000)
    assert not list(tmp_path.glob("*replaced*"))


def test_backup_touches_only_its_own_files(run: Run, filled: Path, tmp_path: Path) -> None:
    """A backup leaves unfinished files of other programs alone."""
    stick = tmp_path / "stick"
    (stick / ".sync.part").mkdir(parents=True)
    (stick / ".holiday.mp4.part").touch()
    for path in stick.iterdir():
        os.utime(path, (0, 0))
    assert run("backup", stick).returncode == 0
    assert len(list(stick.iterdir())) == 3


def test_pull_that_waited_for_a_restore_loses_nothing(
    run: Run, filled: Path, tmp_path: Path
) -> None:
    """A pull that had the replaced file open fails, and the next one stores."""
    run("backup")
    writer = Writer(str(filled))
    assert run("restore", only(tmp_path / "backups"), "--yes").returncode == 0
    ((at, each),) = counted(5000)
    with pytest.raises(StoreError, match="was replaced meanwhile"):
        writer.add(each, at + 10**6, 0, None)
    writer.close()
    writer = Writer(str(filled))
    assert writer.add(each, at + 10**6, 0, None) == "stored"
    writer.close()


def test_older_backups_are_thinned_out(run: Run, filled: Path, tmp_path: Path) -> None:
    """The newest backup of each of seven days and twelve months is kept."""
    folder = tmp_path / "backups"
    folder.mkdir()
    days = [f"2026-{month:02d}-{day:02d}" for month in range(1, 11) for day in range(1, 29)]
    days += [f"2025-{month:02d}-15" for month in range(1, 13)]
    ((mark,),) = rows(filled, "SELECT mark FROM file")
    others = ("slimmemeter-0123abcd-2026-10-28T010000Z-7", "slimmemeter-2026-10-28T010000Z")
    for name in others:
        (folder / f"{name}.sqlite3.gz").touch()
    for day in days:
        for hour in ("01", "13"):
            (folder / f"slimmemeter-{mark}-{day}T{hour}0000Z-99.sqlite3.gz").touch()
    (folder / "holiday.jpg").touch()
    (folder / "slimmemeter-2020.sqlite3.gz").touch()
    run("backup")
    assert all((folder / f"{name}.sqlite3.gz").exists() for name in others)
    left = sorted(path.name[21:34] for path in folder.glob(f"slimmemeter-{mark}-*"))
    *old, newest = left
    assert old == [
        *("2025-12-15T13", "2026-01-28T13", "2026-02-28T13", "2026-03-28T13", "2026-04-28T13"),
        *("2026-05-28T13", "2026-06-28T13", "2026-07-28T13", "2026-08-28T13", "2026-09-28T13"),
        *(f"2026-10-{day}T13" for day in range(23, 29)),
    ]
    assert newest > "2026-11"
    assert (folder / "holiday.jpg").exists()
    assert (folder / "slimmemeter-2020.sqlite3.gz").exists()


def test_backup_to_a_folder_that_is_not_there(run: Run, filled: Path, tmp_path: Path) -> None:
    """A backup into a missing folder fails, and makes no folder."""
    for done in (
        run("backup", tmp_path / "stick"),
        run("backup", SLIMMEMETER_BACKUP_DIR=str(tmp_path / "stick")),
    ):
        assert done.returncode == 5
        assert "is its disk there?" in done.stderr
    assert not (tmp_path / "stick").exists()


@pytest.mark.parametrize("name", ["stick", "my stick"])
def test_backup_to_a_disk_that_is_not_mounted(filled: Path, tmp_path: Path, name: str) -> None:
    """A folder on a disk of /etc/fstab that is not mounted gets no backup."""
    stick = tmp_path / name
    (stick / "p1").mkdir(parents=True)
    table = tmp_path / "fstab"
    where = str(stick).replace(" ", r"\040")
    table.write_text(f"# disks\n/dev/sda1 / ext4\nUUID=1 {where}/ vfat nofail 0 0\n")
    script = 'mount --bind "$1" /etc/fstab; shift; exec "$@"'
    for folder in (stick / "p1", f"{name}/p1", f"{stick}/../{name}"):
        command = [*SLIMMEMETER, "backup", folder, "--db", filled]
        done = subprocess.run(
            [*OWN_MOUNTS, script, "sh", table, *command],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            text=True,
            timeout=30,
        )
        assert done.returncode == 5
        assert "isn't mounted" in done.stderr
    assert list((stick / "p1").iterdir()) == []


@pytest.mark.parametrize("kind", ["read-only", "another's"])
def test_backup_to_a_folder_that_may_not_be_written(
    filled: Path, tmp_path: Path, kind: str
) -> None:
    """The user and the remedy are named; chown is none where there are no owners."""
    stick = tmp_path / "stick"
    stick.mkdir()
    option = "ro" if kind == "read-only" else "mode=0555"
    script = f"""
        mount -t tmpfs -o {option} tmpfs "$0"
        exec setpriv --bounding-set=-all --inh-caps=-all "$@\""""
    command = [*SLIMMEMETER, "backup", stick, "--db", filled]
    done = subprocess.run(
        [*OWN_MOUNTS, script, stick, *command],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 5
    words = "is read-only" if kind == "read-only" else f"can't write to {stick}: `sudo chown "
    assert words in done.stderr


def test_backup_to_a_full_disk_leaves_the_good_ones(run: Run, filled: Path, tmp_path: Path) -> None:
    """On a full disk a backup fails with exit code 5, and older backups stay."""
    stick = tmp_path / "stick"
    stick.mkdir()
    script = """
        mount -t tmpfs -o size=40k tmpfs "$1"
        echo old >"$1/slimmemeter-2026-01-01T000000Z.sqlite3.gz"
        shift; code=0; "$@" || code=$?
        ls -A "$0"; exit $code"""
    command = [*SLIMMEMETER, "backup", stick, "--db", filled]
    done = subprocess.run(
        [*OWN_MOUNTS, script, stick, stick, *command],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 5, done.stderr
    assert "the disk is full" in done.stderr
    assert done.stdout == "slimmemeter-2026-01-01T000000Z.sqlite3.gz\n"


def test_backups_are_listed(run: Run, filled: Path, tmp_path: Path) -> None:
    """With when they were made, how many readings they have, and where they are."""
    assert run("backup", "--list").stdout == "there is no backup that this user can see\n"
    run("backup")
    made = only(tmp_path / "backups")
    local = datetime.now(ZoneInfo("Europe/Amsterdam"))
    for arguments in ((), (made.parent,)):
        listed = run("backup", "--list", *arguments).stdout
        assert listed.split() == [f"{local:%Y-%m-%d}", ANY, "1000", "readings", str(made)]


def at_a_terminal(command: Sequence[object], answers: str, **more: Any) -> tuple[int, str]:
    """The exit code of a program whose terminal answers so, and what it printed there."""
    pid, terminal = pty.fork()
    if not pid:
        if "stdin" in more:
            os.dup2(os.open(more["stdin"], os.O_RDONLY), 0)
        os.execv(str(command[0]), [str(each) for each in command])
    os.write(terminal, answers.encode())
    shown = b""
    with contextlib.suppress(OSError):  # it has gone
        while piece := os.read(terminal, 4096):
            shown += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_restore_alone_asks_which(run: Run, filled: Path, tmp_path: Path) -> None:
    """It lists what it finds, the newest first, and restores what is chosen."""
    run("backup")
    made = only(tmp_path / "backups")
    made.rename(made.with_name(re.sub(r"-2026-\d\d-\d\dT", "-2026-11-01T", made.name)))
    store(filled, *counted(*range(1010))[1000:])
    run("backup")
    filled.unlink()
    command = [*SLIMMEMETER, "restore", "--db", filled]
    code, shown = at_a_terminal(command, "3\n")
    assert (code, "cancelled: nothing was restored" in shown) == (2, True)
    code, shown = at_a_terminal(command, "2\ny\n")
    assert code == 0, shown
    assert shown.index("1010 readings") < shown.index("1000 readings")
    assert len(counters(filled)) == 1000
    done = run("restore")
    assert done.returncode == 2
    assert "there is no terminal to answer on; name one" in done.stderr


@pytest.mark.parametrize("packed", [True, False])
def test_restore_from_standard_input(run: Run, filled: Path, tmp_path: Path, packed: bool) -> None:
    """What comes through a pipe is restored, and the question is asked at the terminal."""
    run("backup")
    source = only(tmp_path / "backups") if packed else tmp_path / "plain"
    source.exists() or source.write_bytes(filled.read_bytes())
    store(filled, *counted(*range(1010))[1000:])
    command = [*SLIMMEMETER, "restore", "-", "--db", filled]
    assert at_a_terminal(command, "n\n", stdin=source)[0] == 5
    assert len(counters(filled)) == 1010
    code, shown = at_a_terminal(command, "y\n", stdin=source)
    assert code == 0, shown
    assert "standard input has 1000 readings" in shown
    assert len(counters(filled)) == 1000


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_restore_of_a_card_s_file_with_its_journal(
    run: Run, filled: Path, tmp_path: Path, suffix: str
) -> None:
    """What the last pull of a dead card had written is taken over, or rolled back, as it was."""
    card = tmp_path / "card.sqlite3"
    mode = "wal" if suffix == "-wal" else "delete"
    script = f"""
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = {mode}")
db.execute("PRAGMA cache_spill = 1")
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN")
db.execute("UPDATE readings SET import_t1_wh = import_t1_wh + 7")
if {mode == "wal"}: db.execute("COMMIT")
os._exit(0)
"""
    before = counters(filled)
    card.write_bytes(filled.read_bytes())
    subprocess.run([sys.executable, "-c", script, card], check=True)
    assert Path(f"{card}{suffix}").stat().st_size > 0
    done = run("restore", card, "--yes")
    assert done.returncode == 0, done.stderr
    rise = 7 if suffix == "-wal" else 0
    assert counters(filled) == [(at, wh + rise) for at, wh in before]
    assert rows(filled, "PRAGMA journal_mode") == [("delete",)]
    assert not list(tmp_path.glob(".*part*"))


def test_wal_is_left_at_the_next_pull(pull: Pull, filled: Path) -> None:
    """A file that another tool put into WAL mode is put back by the next pull."""
    with closing(sqlite3.connect(filled)) as other:
        other.execute("PRAGMA journal_mode = wal")
    assert rows(filled, "PRAGMA journal_mode") == [("wal",)]
    assert pull(EXAMPLE, "--new-meter").returncode == 0
    assert rows(filled, "PRAGMA journal_mode") == [("delete",)]


def test_backup_of_a_damaged_database(run: Run, filled: Path, tmp_path: Path) -> None:
    """A damaged database gets no backup, and older backups stay."""
    run("backup")
    made = only(tmp_path / "backups")
    whole = filled.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    filled.write_bytes(whole[:middle] + b"\x37" * 4096 + whole[middle + 4096 :])
    done = run("backup")
    assert done.returncode == 5
    assert "damaged" in done.stderr
    assert only(tmp_path / "backups") == made


def test_killed_backup_leaves_nothing_that_looks_like_one(filled: Path, tmp_path: Path) -> None:
    """A killed backup leaves no file with a backup's name."""
    folder = tmp_path / "stick"
    folder.mkdir()
    command = [*SLIMMEMETER, "backup", str(folder), "--db", str(filled)]
    for tenth in range(1, 9):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=tenth * 0.03)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        for made in folder.glob("slimmemeter-*.gz"):
            assert len(gzip.decompress(made.read_bytes())) == filled.stat().st_size
    unfinished = folder / ".slimmemeter-2026-11-25T170602Z.sqlite3.gz.99999999.part"
    for name in ("", ".99999999.part"):  # of one a part is unfinished, too
        Path(f"{unfinished}{name}").touch()
    for part in folder.glob(".*"):
        os.utime(part, (0, 0))
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert not list(folder.glob(".*"))


def test_killed_restore_leaves_nothing_for_long(run: Run, filled: Path, tmp_path: Path) -> None:
    """The next backup removes what a killed restore has left."""
    left = tmp_path / f".{filled.name}.99999999.part"
    ours, new = tmp_path / f".{filled.name}.{os.getpid()}.part", tmp_path / ".new.99999999.part"
    for path in (left, ours, new):
        path.touch()
        os.utime(path, (0, 0))
    assert run("backup").returncode == 0
    assert [path.exists() for path in (left, ours, new)] == [False, True, True]


def test_start_overs_in_one_second_are_kept_apart(filled: Path, tmp_path: Path) -> None:
    """Files that are set aside in one second have different names."""
    for _ in range(3):
        backup.start_over(str(filled))
    assert len(list(tmp_path.glob("slimmemeter-until-*.sqlite3"))) == 3


def test_start_over(run: Run, filled: Path, tmp_path: Path, pull: Pull) -> None:
    """After a start-over the old file is kept, and the next pull begins a new one."""
    before = counters(filled)
    assert run("start-over").returncode == 2
    assert counters(filled) == before
    done = run("start-over", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    (aside,) = tmp_path.glob("slimmemeter-until-*.sqlite3")
    assert str(aside) in done.stdout
    assert counters(aside) == before
    assert counters(filled) == []
    assert pull("-", stdin=simple(meter="another").decode()).returncode == 0
    assert status.last_backup(str(filled)) is None


def test_pages_and_doctor_show_how_old_the_last_backup_is(
    run: Run, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages show the age of the last backup, and the doctor warns after a week."""
    client = client_of(filled)
    assert "No backup was made yet" in text_of(client, "/")
    run("backup")
    last = status.last_backup(str(filled))
    assert last is not None
    monkeypatch.setattr(clock, "now", lambda: last.at + 3 * 86400)
    assert "The last verified backup was made 3 days ago" in text_of(client, "/")
    assert "ok     the last backup was made" in run("doctor", "--timeout", "1").stdout
    Path(f"{filled}.last-backup").write_text(f"{MONDAY} 0 /old\n")
    answer = run("doctor", "--timeout", "1").stdout
    assert "WRONG  the last backup was made on 2026-10-26" in answer
