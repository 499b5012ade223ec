"""`p1-pull` as cron and people run it: a real process, a pseudo-terminal, a SQLite file."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import sqlite3
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slimmemeter.errors import EXIT_CODES
from support.database import rows
from support.house import telegram_now
from support.meter import Meters
from support.paths import EXAMPLE
from support.processes import has_open
from support.programs import PULL, Pull
from support.readings import reading, store
from support.telegrams import E350, simple
from support.waiting import until


def test_pull_stores_one_row_and_says_nothing(meter: Meters, pull: Pull, database: Path) -> None:
    """A telegram on a serial port becomes a row, and nothing is printed."""
    done = pull("--port", meter(telegram_now()).port)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = rows(database, "SELECT import_t1_wh, export_t2_wh, source FROM readings")
    assert found == [(4711302, 2810450, None)]
    assert rows(database, "SELECT counter FROM mbus_readings") == [(6012345,)]
    assert len(rows(database, "SELECT * FROM power_failures")) == 2


def test_pull_needs_no_flag(meter: Meters, pull: Pull, database: Path) -> None:
    """A pull without arguments takes everything from the settings."""
    assert pull(SLIMMEMETER_PORT=meter(telegram_now()).port).returncode == 0
    assert rows(database, "SELECT count(*) FROM readings") == [(1,)]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([E350[400:], E350], id="a start in the middle"),
        pytest.param([b"\xff\0noise/", E350], id="noise"),
        pytest.param([E350[:300] + E350], id="half a telegram glued to a whole one"),
        pytest.param([E350 + E350], id="two telegrams in one read"),
        pytest.param([bytes([byte]) for byte in E350], id="single bytes"),
        pytest.param([E350.replace(b"494", b"495"), E350], id="a bad CRC, then a good telegram"),
        pytest.param([E350.rstrip(), b""], id="no line end after the CRC"),
    ],
)
def test_pull_finds_a_whole_telegram(meter: Meters, pull: Pull, pieces: list[bytes]) -> None:
    """A whole telegram is found in whatever the line brings."""
    done = pull("--port", meter(*pieces).port, "--json", "--dry-run", "--timeout", 20)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["meter_id"] == "E0031003001699515"


def test_pull_waits_for_a_slow_meter(meter: Meters, pull: Pull) -> None:
    """A meter that begins to speak after three seconds is heard."""
    assert pull("--port", meter(telegram_now(), pause_s=3).port).returncode == 0


def test_same_telegram_twice_is_one_row(pull: Pull, database: Path) -> None:
    """The same telegram again is no failure, and stores nothing."""
    assert pull(EXAMPLE).returncode == 0
    again = pull(EXAMPLE, "-v")
    assert (again.returncode, again.stderr) == (0, "")
    assert "was stored before" in again.stdout
    assert rows(database, "SELECT taken_at, import_t1_wh FROM readings") == [(1483888267, 2074842)]


def test_same_stamp_with_other_counters_is_never_dropped_in_silence(
    pull: Pull, database: Path
) -> None:
    """A file with other counters at a known time is refused."""
    pull("-", stdin=simple("1-0:1.8.1(000001.000*kWh)").decode())
    other = pull("-", stdin=simple("1-0:1.8.1(000002.000*kWh)").decode())
    assert other.returncode == 4
    assert "with other counters" in other.stderr
    assert rows(database, "SELECT import_t1_wh FROM readings") == [(1000,)]


def test_counter_that_goes_back_is_set_aside(pull: Pull, database: Path) -> None:
    """A reading whose counter went back is stored and noted as an event."""
    for minute, wh in enumerate((5000, 5010, 2000)):
        stamp = f"2611231200{minute:02}W"
        pull("-", stdin=simple(f"1-0:1.8.1({wh / 1000:010.3f}*kWh)", stamp=stamp).decode())
    assert len(rows(database, "SELECT import_t1_wh FROM readings")) == 3
    sql = "SELECT readings, detail FROM events WHERE kind = 'set aside'"
    assert rows(database, sql) == [(1, "2000 5010")]


def test_another_meter_in_a_file_is_refused(pull: Pull, database: Path) -> None:
    """A file of an unknown meter is refused without --new-meter."""
    pull(EXAMPLE)
    refused = pull("-", stdin=simple(meter="4242").decode())
    assert refused.returncode == 2
    assert "--new-meter" in refused.stderr
    assert pull("-", "--new-meter", stdin=simple(meter="4242").decode()).returncode == 0
    assert rows(database, "SELECT count(*) FROM meters") == [(2,)]


def ahead(by_s: int) -> str:
    """A telegram that is dated so many seconds ahead of now, in winter time."""
    at = datetime.fromtimestamp(time.time() + 3600 + by_s, UTC)
    return simple(stamp=f"{at:%y%m%d%H%M%S}W").decode()


def test_file_of_the_future_is_refused(pull: Pull, database: Path) -> None:
    """A file that is dated more than a day ahead is refused with exit code 4."""
    for by_s in (90_000, 400 * 86_400):
        refused = pull("-", stdin=ahead(by_s))
        assert code_of(refused) == 4
        assert "more than a day ahead of this computer's clock" in refused.stderr
    assert not database.exists()
    assert pull("-", stdin=ahead(80_000)).returncode == 0
    assert code_of(pull("-", stdin=ahead(160_000))) == 4
    assert rows(database, "SELECT count(*) FROM readings") == [(1,)]


def test_file_that_is_later_than_a_clock_that_is_behind(pull: Pull, database: Path) -> None:
    """If readings are stored of after now, this computer's clock is behind, and proves nothing."""
    store(database, (int(time.time()) + 400 * 86_400, reading({"import_t1_wh": 0}, "1")))
    assert pull("-", stdin=ahead(401 * 86_400)).returncode == 0
    assert rows(database, "SELECT count(*) FROM readings") == [(2,)]


def test_rare_columns_come_with_the_first_meter_that_has_them(pull: Pull, database: Path) -> None:
    """A rare register gets its column with the first meter that has it."""
    done = pull("-", stdin=simple("1-0:1.8.0(1.000*kWh)", "1-0:1.4.0(02.351*kW)").decode())
    assert done.returncode == 0
    assert rows(database, "SELECT import_wh, running_quarter_w FROM readings") == [(1000, 2351)]


def code_of(done: subprocess.CompletedProcess[str]) -> int:
    """The exit code of a pull that failed with one sentence and no traceback."""
    assert done.stderr.startswith("p1-pull: "), done.stderr
    assert done.stderr.count("\n") == 1
    return done.returncode


def test_exit_2_usage(pull: Pull, tmp_path: Path) -> None:
    """Wrong settings, files and flags give exit code 2."""
    assert code_of(pull(EXAMPLE, SLIMMEMETER_TIMEOUT="soon")) == 2
    assert code_of(pull(EXAMPLE, "--line", "300-7E1")) == 2
    assert code_of(pull(EXAMPLE, SLIMMEMETER_TZ="Europe/Atlantis")) == 2
    assert code_of(pull(tmp_path / "nothing.txt")) == 2
    assert code_of(pull(tmp_path)) == 2
    assert pull("--nonsense").returncode == 2
    assert pull("--raw", "--json", EXAMPLE).returncode == 2


def test_exit_3_port(meter: Meters, pull: Pull, tmp_path: Path) -> None:
    """A missing, wrong, unreachable or silent port gives exit code 3."""
    assert code_of(pull("--port", "/dev/ttyNOTHERE")) == 3
    assert code_of(pull("--port", EXAMPLE)) == 3
    assert code_of(pull("--port", "socket://localhost:1")) == 3
    assert code_of(pull("--port", "nonsense://x")) == 3
    silent = pull("--port", meter(b"").port, "--timeout", 1)
    assert code_of(silent) == 3
    assert "nothing was heard" in silent.stderr
    os.mkfifo(tmp_path / "fifo")
    assert code_of(pull("--port", tmp_path / "fifo")) == 3


def test_exit_3_cable_pulled_out(meter: Meters, database: Path) -> None:
    """A cable that is pulled out gives exit code 3 at once."""
    speaking = meter(E350[:100])
    command = [*PULL, "--port", speaking.port, "--db", str(database), "--timeout", "30"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: has_open(process.pid, speaking.port))
        speaking.stop()
        printed = process.communicate(timeout=60)[1]
    assert process.returncode == 3
    assert "was lost while reading" in printed


def test_exit_3_busy_port(meter: Meters, pull: Pull) -> None:
    """A port that stays busy gives exit code 3."""
    silent = meter(b"")
    command = [*PULL, "--port", silent.port, "--dry-run", "--timeout", "5"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as first:
        until(lambda: has_open(first.pid, silent.port))
        second = pull("--port", silent.port, "--timeout", 1)
    assert code_of(second) == 3
    assert "busy" in second.stderr


def test_second_pull_waits_its_turn(meter: Meters, pull: Pull) -> None:
    """Two pulls at once both get their reading."""
    speaking = meter(telegram_now(), pause_s=1)
    command = [*PULL, "--port", speaking.port, "--dry-run"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as first:
        assert pull("--port", speaking.port).returncode == 0
        assert first.wait(timeout=60) == 0


def test_exit_4_telegram(meter: Meters, pull: Pull, database: Path) -> None:
    """No telegram, or a wrong one, gives exit code 4 and no database."""
    assert code_of(pull("-", stdin="no telegram here\n")) == 4
    assert code_of(pull("-", stdin="")) == 4
    assert code_of(pull("--port", meter(b"#" * 50).port, "--timeout", 1)) == 4
    damaged = pull("--port", meter(E350.replace(b"494", b"495")).port, "--timeout", 1)
    assert code_of(damaged) == 4
    assert "CRC" in damaged.stderr
    wrong = pull("-", stdin=simple("1-0:1.8.1(x*kWh)").decode())
    assert code_of(wrong) == 4
    assert "line 6" in wrong.stderr
    assert "character 11" in wrong.stderr
    assert code_of(pull("-", stdin=simple(stamp="000101000000W").decode())) == 4
    assert not database.exists()


ENCRYPTED = b"\xdb\x08SAG\x11\x22\x33\x44\x55\x82\x01\x2c\x30" + bytes(range(120, 250)) * 2
HDLC = b"\x7e\xa2\x43\x41\x08\x83\x13\x85\xeb\xe6\xe7\x00\x0f" + bytes(range(100, 220)) + b"\x7e"


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        pytest.param(ENCRYPTED, "encrypted frames (0xDB)", id="encrypted"),
        pytest.param(b"noise/!\r\n" + ENCRYPTED, "encrypted frames (0xDB)", id="after noise"),
        pytest.param(b"\x7e\xa0\x79\xe6\xe7\x00" + ENCRYPTED, "encrypted", id="inside HDLC"),
        pytest.param(HDLC, "binary HDLC frames (0x7E)", id="hdlc"),
    ],
)
def test_exit_4_frames_of_another_protocol(
    frames: bytes, words: str, meter: Meters, pull: Pull, tmp_path: Path
) -> None:
    """Frames of another protocol give exit code 4 at once, and who can help."""
    (tmp_path / "captured").write_bytes(frames)
    for source in (["--port", meter(frames).port, "--line", "auto"], [tmp_path / "captured"]):
        refused = pull(*source)
        assert code_of(refused) == 4
        assert words in refused.stderr
        assert "ask the grid operator" in refused.stderr


def test_telegram_beside_frames_of_another_protocol_is_read(pull: Pull, tmp_path: Path) -> None:
    """A telegram beside frames of another protocol is read."""
    (tmp_path / "captured").write_bytes(E350 + ENCRYPTED)
    assert pull(tmp_path / "captured", "--dry-run").returncode == 0


def test_exit_5_store(pull: Pull, database: Path, tmp_path: Path) -> None:
    """A missing folder and a wrong, newer or locked database give exit code 5."""
    assert code_of(pull(EXAMPLE, "--db", tmp_path / "missing" / "x.sqlite3")) == 5
    database.write_text("dear diary, " * 100)
    before = database.read_bytes()
    assert code_of(pull(EXAMPLE)) == 5
    assert database.read_bytes() == before
    database.unlink()
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE diary (line)")
    other.close()
    assert "isn't a database of slimmemeter" in pull(EXAMPLE).stderr
    database.unlink()
    assert pull(EXAMPLE).returncode == 0
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    locked = pull("-", "--timeout", 1, stdin=simple(meter="45").decode())
    assert code_of(locked) == 5
    assert "locked" in locked.stderr
    holder.execute("ROLLBACK")
    holder.execute("PRAGMA user_version = 99")
    holder.close()
    assert "upgrade slimmemeter" in pull(EXAMPLE).stderr


def test_first_pull_leaves_only_the_database(pull: Pull, tmp_path: Path) -> None:
    """A first pull leaves the database and no other file."""
    pull(EXAMPLE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["slimmemeter.sqlite3"]


def test_default_database_is_in_the_home_of_who_runs_it(tmp_path: Path, pull: Pull) -> None:
    """Without a setting the database is in the user's home."""
    if Path("/var/lib/slimmemeter").is_dir():
        pytest.skip("this machine has slimmemeter installed")
    assert pull(EXAMPLE, SLIMMEMETER_DB="").returncode == 0
    assert (tmp_path / ".local/share/slimmemeter/slimmemeter.sqlite3").exists()


def test_pull_leaves_word_for_the_pages(meter: Meters, pull: Pull, database: Path) -> None:
    """A pull from the port leaves its outcome for the pages; one from a file doesn't."""
    word = Path(f"{database}.last-pull")
    pull(EXAMPLE)
    assert not word.exists()
    pull("--port", "/dev/ttyNOTHERE")
    at, code, printed = word.read_text().split(" ", 2)
    assert abs(int(at) - time.time()) < 60
    assert (code, printed[:37]) == ("3", "p1-pull: there is no /dev/ttyNOTHERE:")
    pull("--port", meter(telegram_now()).port)
    assert word.read_text().split()[1:] == ["0"]


def test_dry_run_touches_no_database(pull: Pull, database: Path) -> None:
    """A dry run shows every object, and makes no database."""
    done = pull("--dry-run", EXAMPLE)
    assert done.returncode == 0
    assert not database.exists()
    lines = done.stdout.splitlines()
    assert lines[0] == "Telegram of /XMX5LGBBFG1012345678"
    assert lines[-1] == "CRC ok. Nothing was stored."
    assert any(
        line.startswith("Import, tariff 1 (low)") and "2074.842 kWh" in line for line in lines
    )
    assert "    ended 2016-03-15 18:42:19 CET, lasted 5 min 10 s" in lines
    assert any("at 2017-01-08 16:00:00 CET" in line and "1234.000 m3" in line for line in lines)


def test_dry_run_shows_what_it_does_not_understand(pull: Pull) -> None:
    """A dry run shows unknown lines, with control characters escaped."""
    printed = simple("1-0:1.8.1(000001.000*kWh)", "1-0:77.7.7(1)", "0-0:96.13.0(\x1b[2J)")
    done = pull("--dry-run", "-", stdin=printed.decode())
    assert "    1-0:77.7.7(1)" in done.stdout
    assert "\x1b" not in done.stdout


def test_dry_run_lets_nothing_into_the_terminal(pull: Pull) -> None:
    """A dry run prints no escape sequence of a value or a code."""
    printed = simple("1-0:1.8.1(000001.000*kWh)", "0-0:96.13.0*\x1b]0;owned\x07()")
    done = pull("--dry-run", "-", stdin=printed.decode())
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_dry_run_shows_a_damaged_telegram_too(pull: Pull) -> None:
    """A dry run shows a damaged telegram with a warning and exit code 4."""
    done = pull("--dry-run", "-", stdin=E350.decode().replace("494", "495"))
    assert done.returncode == 4
    assert done.stdout.startswith("CRC WRONG: do not trust")
    assert "2074.842" in done.stdout


def test_dry_run_into_head_ends_quietly(tmp_path: Path) -> None:
    """A dry run into `head` ends without an error."""
    command = f"{' '.join(PULL)} --dry-run {EXAMPLE} | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True)
    assert (done.stdout, done.stderr) == ("Telegram of /XMX5LGBBFG1012345678\n", "")


def test_closed_pipe_keeps_nothing_from_being_stored(database: Path) -> None:
    """A reading is stored even if nobody reads what is printed."""
    command = f"{' '.join(PULL)} --json --db {database} {EXAMPLE}; echo $? >&2"
    done = subprocess.run(
        ["sh", "-c", f"( {command} ) | true"], capture_output=True, check=True, text=True
    )
    assert done.stderr == "0\n"
    assert rows(database, "SELECT count(*) FROM readings") == [(1,)]


def test_full_or_closed_output_is_no_traceback(database: Path) -> None:
    """A full or closed standard output causes no traceback."""
    for output, code in ((">/dev/full", 2), (">&-", 0)):
        command = f"{' '.join(PULL)} -v --db {database} {EXAMPLE} {output}"
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, text=True)
        assert done.returncode == code
        assert "Traceback" not in done.stderr


def test_pipe_that_gives_nothing_is_given_up(tmp_path: Path, pull: Pull) -> None:
    """A pipe that gives nothing is given up at the timeout."""
    os.mkfifo(tmp_path / "fifo")
    assert code_of(pull("--dry-run", "--timeout", 1, tmp_path / "fifo")) == 4


def test_port_that_is_a_fifo_ends_in_time(tmp_path: Path, database: Path) -> None:
    """A pull from a FIFO ends within its timeout and five seconds."""
    fifo = tmp_path / "ttyFIFO"
    os.mkfifo(fifo)
    command = [*PULL, "--port", str(fifo), "--db", str(database), "--timeout", "2"]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 3
    assert str(fifo) in done.stderr
    assert time.monotonic() - began < 20
    assert not database.exists()


@pytest.mark.parametrize("flag", [("--timeout", "500"), ("--line", "9600")])
def test_wrong_flag_leaves_no_word(pull: Pull, database: Path, flag: tuple[str, str]) -> None:
    """A slip of somebody who tries a pull by hand isn't taken for cron's."""
    assert pull(*flag).returncode == 2
    assert list(database.parent.glob(f"{database.name}.*")) == []


def test_failure_at_a_terminal_leaves_no_word(database: Path, tmp_path: Path) -> None:
    """Nor is what a person sees fail on a terminal; a reading by hand is one as any other."""
    terminal, program = pty.openpty()
    command = [*PULL, "--port", "/dev/ttyNOTHERE", "--db", str(database)]
    done = subprocess.run(command, check=False, stderr=program, timeout=60)
    os.close(program)
    assert done.returncode == 3
    assert b"there is no /dev/ttyNOTHERE" in os.read(terminal, 4096)
    os.close(terminal)
    assert not Path(f"{database}.last-pull").exists()


def test_pulls_take_turns(pull: Pull, database: Path, meter: Meters, tmp_path: Path) -> None:
    """The lock is the collecting user's alone, and whoever doesn't get it leaves word."""
    assert pull("--port", meter(telegram_now()).port).returncode == 0
    lock = Path(f"{database}.lock")
    assert lock.stat().st_mode & 0o777 == 0o600
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        word = "echo late >>" + str(tmp_path / "notified")
        Path(f"{database}.failures").write_text("2 0\n")
        done = pull("--port", "/dev/ttyNOTHERE", SLIMMEMETER_ON_TROUBLE=word)
    assert done.returncode == 3
    assert done.stderr == "p1-pull: the pull before this one is still running\n"
    assert " 3 p1-pull: the pull before" in Path(f"{database}.last-pull").read_text()
    assert (tmp_path / "notified").read_text() == "late\n"


def test_open_that_blocks_for_ever_is_ended(tmp_path: Path, database: Path) -> None:
    """A pull from a file that nobody writes ends in time."""
    fifo = tmp_path / "telegram"
    os.mkfifo(fifo)
    command = [*PULL, "--db", str(database), "--timeout", "2", str(fifo)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 4
    assert "in time" in done.stderr


def test_wrong_setting_leaves_word_too(pull: Pull, database: Path) -> None:
    """A wrong setting leaves its sentence for the pages."""
    pull(SLIMMEMETER_TIMEOUT="soon")
    assert " 2 p1-pull: SLIMMEMETER_TIMEOUT" in Path(f"{database}.last-pull").read_text()


def test_odd_paths_do_no_harm(pull: Pull, tmp_path: Path) -> None:
    """Paths with two slashes, or that are not UTF-8, do no harm."""
    assert pull("--db", f"/{tmp_path}/two.sqlite3", EXAMPLE).returncode == 0
    assert code_of(pull("--port", b"/dev/c\xff".decode("utf-8", "surrogateescape"))) == 3


def test_full_disk_is_explained(pull: Pull, tmp_path: Path) -> None:
    """A full disk gives exit code 5, and the next pull works."""
    database = tmp_path / "small.sqlite3"
    pull("--db", database, EXAMPLE)
    limit = f"ulimit -f 8; {' '.join(PULL)} --new-meter --db {database} -"
    telegram = simple()
    done = subprocess.run(["sh", "-c", limit], capture_output=True, check=False, input=telegram)
    assert (done.returncode, done.stderr.count(b"\n")) == (5, 1)
    assert pull("--new-meter", "--db", database, "-", stdin=telegram.decode()).returncode == 0


def test_json_is_the_documented_form(pull: Pull) -> None:
    """JSON has the meter's own digits, UTC times, and the M-Bus devices."""
    text = pull("--dry-run", "--json", EXAMPLE).stdout
    facts = json.loads(text)
    assert (facts["header"], facts["version"], facts["tariff"]) == (
        "XMX5LGBBFG1012345678",
        "42",
        1,
    )
    assert (facts["taken_at"], facts["crc"]) == ("2017-01-08T15:11:07Z", "ok")
    objects = facts["objects"]
    assert objects["1-0:1.8.1"] == {"name": "import_t1", "value": 2074.842, "unit": "kWh"}
    assert '"value": 1234.000' in text
    assert objects["0-1:24.2.1"] == {
        "name": "mbus_reading",
        "channel": 1,
        "value": 1234.0,
        "unit": "m3",
        "at": "2017-01-08T15:00:00Z",
    }
    assert objects["1-0:99.97.0"]["value"][0] == {
        "ended_at": "2016-03-15T17:42:19Z",
        "duration_s": 310,
    }
    assert objects["0-0:96.13.0"] == {"name": "text_message", "value": None}
    assert facts["mbus"][0]["type"] == "gas"
    assert facts["mbus"][0]["device_id"] == "G0024001610084515"
    assert facts["unknown"] == []


def test_json_without_dry_run_stores_too(pull: Pull, database: Path) -> None:
    """With --json alone the reading is stored too."""
    assert json.loads(pull("--json", EXAMPLE).stdout)["crc"] == "ok"
    assert rows(database, "SELECT count(*) FROM readings") == [(1,)]


def test_raw_writes_the_bytes_as_they_came(tmp_path: Path) -> None:
    """With --raw the bytes are printed unchanged, right or wrong."""
    for content, code in ((E350, 0), (b"\xff\x00rubbish", 4)):
        command = [*PULL, "--raw", "--dry-run", "-"]
        done = subprocess.run(command, capture_output=True, check=False, input=content)
        assert (done.returncode, done.stdout) == (code, content)


def test_endless_file_is_given_up(pull: Pull) -> None:
    """A file without an end is given up with exit code 4."""
    assert code_of(pull("/dev/zero")) == 4


def test_help_lists_each_exit_code(pull: Pull) -> None:
    """The help lists each exit code with its meaning."""
    printed = pull("--help").stdout
    for code, meaning in EXIT_CODES.items():
        assert f"  {code}  {meaning}" in printed
    assert pull("--version").stdout.startswith("slimmemeter ")
