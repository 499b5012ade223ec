"""Far ends that see the line: RTS, speed, data bits, parity and stop bits."""

from __future__ import annotations

import os
import pty
import re
import select
import socket
import subprocess
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial.rfc2217

from support.debian import needs
from support.devices import run_with_adapters
from support.far_end import FarEnd, answering
from support.meter import Meters
from support.programs import PULL, Pull, free_port
from support.telegrams import E350, simple
from support.waiting import until


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    """One that speaks 115200 8N1."""
    made = FarEnd()
    yield made
    made.close()


def test_line_is_115200_8n1_with_rts(far_end: FarEnd, pull: Pull) -> None:
    """The line is 115200 8N1 with RTS high while it is open, and low at the end."""
    assert pull("--port", far_end.url, "--dry-run").returncode == 0
    assert set(far_end.seen) == {"115200-8N1"}
    until(lambda: far_end.rts and not far_end.rts[-1])
    assert True in far_end.rts


@pytest.mark.parametrize("line", ["9600-7E1", "9600-7N1"])
def test_line_can_be_that_of_an_old_meter(line: str, pull: Pull) -> None:
    """The flag --line sets 9600 baud and 7 bits, with even parity or none."""
    old = FarEnd(line)
    done = pull("--port", old.url, "--dry-run", "--line", line)
    old.close()
    assert done.returncode == 0
    assert set(old.seen) == {line}


@pytest.mark.parametrize("line", ["9600-7E1", "9600-7N1"])
def test_pseudo_terminal_is_read_at_any_line_setting(line: str, meter: Meters, pull: Pull) -> None:
    """A pseudo-terminal, as of socat, has no bits and no parity: it is read again and again."""
    port = meter(E350, pause_s=0.1).port
    for _ in range(3):
        done = pull("--port", port, "--dry-run", "--line", line)
        assert done.returncode == 0, done.stderr


def test_line_auto_goes_on_with_the_old_one_after_garbage(pull: Pull) -> None:
    """With --line auto, garbage at 115200 8N1 leads to 9600 7E1."""
    old = FarEnd("9600-7E1")
    done = pull("--port", old.url, "--dry-run", "--line", "auto")
    old.close()
    assert done.returncode == 0, done.stderr
    assert old.seen[0] == "115200-8N1"
    assert old.seen[-1] == "9600-7E1"


def test_meter_that_speaks_once_for_each_rise_of_rts_is_asked_again(pull: Pull) -> None:
    """After a damaged telegram and 11 s of silence, RTS falls for a second and rises again."""
    shy = FarEnd("115200-8N1", E350.replace(b"494", b"495"), E350, once=True)
    done = pull("--port", shy.url, "--dry-run", "--line", "auto")
    shy.close()
    assert done.returncode == 0, done.stderr
    until(lambda: not shy.rts[-1])
    assert shy.rts[-4:] == [True, False, True, False]


def test_meter_is_asked_again_at_most_once(pull: Pull) -> None:
    """A meter that sends only damaged telegrams is asked again once, and no more."""
    shy = FarEnd("115200-8N1", E350.replace(b"494", b"495"), once=True)
    done = pull("--port", shy.url, "--dry-run", "--timeout", 26)
    shy.close()
    assert done.returncode == 4
    assert "is damaged" in done.stderr
    until(lambda: not shy.rts[-1])
    assert shy.rts[-4:] == [True, False, True, False]
    assert shy.rts.count(True) == 2


@pytest.mark.parametrize("every_s", [1, 10])
def test_meter_is_heard_however_seldom_it_speaks(every_s: float, meter: Meters, pull: Pull) -> None:
    """A meter that speaks every second, or every ten, is heard within the timeout."""
    assert pull("--port", meter(E350, pause_s=every_s).port, "--dry-run").returncode == 0


def test_meter_that_speaks_once_is_heard(pull: Pull) -> None:
    """The only telegram of a meter that speaks when RTS rises is received."""
    shy = FarEnd(once=True)
    done = pull("--port", shy.url, "--dry-run")
    shy.close()
    assert done.returncode == 0, done.stderr
    assert len(shy.seen) == 1


def test_far_end_that_never_answers_is_given_up_in_time(pull: Pull) -> None:
    """A far end that never negotiates is given up at the pull's timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rfc2217://127.0.0.1:{silent.getsockname()[1]}"
        done = pull("--port", url, "--timeout", 1)
    assert done.returncode == 3
    assert done.stderr == f"p1-pull: {url} didn't answer in time\n"


def test_far_end_that_speaks_and_closes_at_once_is_read(pull: Pull) -> None:
    """A telegram is read even if the far end closes the connection right after it."""
    assert pull("--port", f"socket://{answering(E350)}", "--dry-run").returncode == 0


def test_far_end_that_closes_is_blamed(pull: Pull) -> None:
    """A connection that the far end closes is not blamed on the cable."""
    done = pull("--port", f"socket://{answering(E350[:200])}", "--dry-run")
    assert done.returncode == 3
    assert "the far end closed the connection" in done.stderr


@pytest.mark.parametrize("output", [b"", bytes(range(256)) * 8, b"\xff\xfd\x2c\xff\xfa\x2c"])
def test_far_end_that_speaks_no_rfc2217(output: bytes, pull: Pull) -> None:
    """A far end that does not speak RFC 2217 gets one sentence."""
    done = pull("--port", f"rfc2217://{answering(output)}", "--dry-run", "--timeout", 6)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("url", ["spy:///dev/null", "loop://"])
def test_other_urls_of_pyserial_are_refused(url: str, pull: Pull) -> None:
    """URLs that pyserial has for tests are refused."""
    done = pull("--port", url, "--dry-run", "--timeout", 2)
    assert (done.returncode, done.stdout) == (3, "")
    assert "it must be socket://HOST:PORT" in done.stderr


class Pty:
    """A pseudo-terminal whose settings can be looked at, for ser2net to open."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        self.name = os.ttyname(self.theirs)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def _speak(self) -> None:
        while not self._over.wait(0.3):
            if select.select([], [self.ours], [], 0)[1]:
                os.write(self.ours, simple())

    def speed(self) -> int:
        """What the line is set to, as a constant of termios."""
        speed: int = termios.tcgetattr(self.theirs)[5]
        return speed

    def close(self) -> None:
        """Let go of both ends."""
        self._over.set()
        self._thread.join()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def ser2net(tmp_path: Path) -> Iterator[tuple[Pty, int, int]]:
    """Debian's ser2net over a pseudo-terminal: the line, an RFC 2217 port and a plain TCP port."""
    program = needs("ser2net", "ser2net")
    line = Pty()
    ports = [free_port(), free_port()]
    config = tmp_path / "ser2net.yaml"
    config.write_text(
        "%YAML 1.1\n---\n"
        f"connection: &one\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{ports[0]}\n"
        f"  connector: serialdev,{line.name},9600n81,local\n"
        f"connection: &two\n  accepter: tcp,127.0.0.1,{ports[1]}\n"
        f"  connector: serialdev,{line.name},115200n81,local\n"
        "  options:\n    max-connections: 2\n"
    )
    command = [program, "-n", "-c", str(config), "-P", str(tmp_path / "pid")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: all(map(_listens, ports)))
        yield line, ports[0], ports[1]
        process.terminate()
    line.close()


def _listens(number: int) -> bool:
    listening = f":{number:04X} 00000000:0000 0A"
    return listening in Path("/proc/net/tcp").read_text()


def test_ser2net_by_rfc2217_sets_the_line(ser2net: tuple[Pty, int, int], pull: Pull) -> None:
    """Through a real ser2net, the speed of --line reaches the device."""
    line, number, _ = ser2net
    seen: set[int] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.add(line.speed())

    watching = threading.Thread(target=watch)
    watching.start()
    # A pseudo-terminal has no RTS, so ser2net never confirms it: pyserial must not wait for that.
    done = pull("--port", f"rfc2217://127.0.0.1:{number}?ign_set_control", "--dry-run")
    over.set()
    watching.join()
    assert done.returncode == 0, done.stderr
    assert termios.B115200 in seen


def test_ser2net_by_plain_tcp(ser2net: tuple[Pty, int, int], pull: Pull) -> None:
    """Through a real ser2net, `socket://` reads a telegram."""
    done = pull("--port", f"socket://127.0.0.1:{ser2net[2]}", "--dry-run")
    assert done.returncode == 0, done.stderr


def test_ser2net_shared_with_another_reader(ser2net: tuple[Pty, int, int], pull: Pull) -> None:
    """Two readers of one ser2net port both receive each telegram."""
    address = ("127.0.0.1", ser2net[2])
    with socket.create_connection(address) as other:
        done = pull("--port", "socket://{}:{}".format(*address), "--dry-run")
        other.settimeout(20)
        received = b""
        while b"!" not in received:
            received += other.recv(4096)
    assert done.returncode == 0, done.stderr
    assert b"/TST5" in received


@pytest.mark.parametrize(
    ("url", "output"),
    [
        ("socket://localhost", "it must be socket://HOST:PORT"),
        ("socket://:2000", "it must be socket://HOST:PORT"),
        ("rfc2217://localhost:http", "it must be socket://HOST:PORT"),
        ("gopher://localhost:70", "it must be socket://HOST:PORT"),
        ("socket://localhost:1", "nothing listens there"),
        ("socket://nowhere.invalid:2000", "no computer is called nowhere.invalid"),
        ("socket://x[Errno --2]:1", "does not appear to be an IPv4 or IPv6 address"),
        ("socket://x[Errno ²]:1", "does not appear to be an IPv4 or IPv6 address"),
    ],
)
def test_url_that_leads_nowhere_is_explained(url: str, output: str, pull: Pull) -> None:
    """Each URL that leads nowhere gets its own explanation."""
    done = pull("--port", url, "--dry-run")
    assert done.returncode == 3
    assert output in done.stderr


def test_port_that_is_held_names_its_holder(meter: Meters, pull: Pull) -> None:
    """The program that holds the port exclusively is named."""
    name = meter(E350).port
    with serial.Serial(name, exclusive=True):
        done = pull("--port", name, "--dry-run", "--timeout", 1)
    assert done.returncode == 3
    comm = Path("/proc/self/comm").read_text().strip()
    assert f"is busy: {comm} (process {os.getpid()}) has it open" in done.stderr


def test_adapter_under_another_name_is_found(tmp_path: Path) -> None:
    """For a device that is gone, the error names the adapter that is there."""
    command = [*PULL, "--dry-run", "--port", "/dev/ttyUSB3"]
    done = run_with_adapters({"usb-FTDI_P1-if00-port0": "/dev/ttyUSB1"}, command, tmp_path)
    assert done.returncode == 3
    there = "there is /dev/serial/by-id/usb-FTDI_P1-if00-port0"
    assert done.stderr.startswith(f"p1-pull: there is no /dev/ttyUSB3: {there}")


def test_port_is_the_only_adapter_there_is(tmp_path: Path, meter: Meters) -> None:
    """One adapter is used, several are listed, and without any it is the first USB port."""
    command = [*PULL, "--dry-run"]
    adapters = {"usb-FTDI_P1-if00-port0": meter(E350).port}
    assert run_with_adapters(adapters, command, tmp_path).returncode == 0
    several = run_with_adapters(adapters | {"usb-Other-if00": "/dev/pts/9"}, command, tmp_path)
    assert several.returncode == 3
    assert re.search(r"2 serial adapters .*usb-FTDI_P1.*usb-Other", several.stderr)
    none = run_with_adapters({}, command, tmp_path)
    assert none.returncode == 3
    assert "there is no /dev/ttyUSB0: is the cable plugged in?" in none.stderr
