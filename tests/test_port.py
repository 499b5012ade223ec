"""Far ends that see the line: RTS, speed, data bits, parity and stop bits."""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial.rfc2217
from conftest import EXAMPLE, Pull, needs, simple, until

from slimmemeter import port
from slimmemeter.errors import PortError

E350 = EXAMPLE.read_bytes()


class FarEnd(threading.Thread):
    """A meter behind RFC 2217 (pyserial's own server side), which speaks only while RTS is high.

    It garbles what it says unless the line's settings are those that it was made for.
    """

    def __init__(self, line: str = "115200-8N1") -> None:
        super().__init__(daemon=True)
        self.line = line
        self.seen: list[str] = []
        self.rts: list[bool] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        loop = serial.serial_for_url("loop://", timeout=0)
        loop.rts = False  # until the near end raises it
        manager = serial.rfc2217.PortManager(loop, _Writer(connection))
        connection.settimeout(0.05)
        said_at = 0.0
        while True:
            try:
                for _ in manager.filter(connection.recv(1024) or _gone()):
                    pass
            except TimeoutError:
                pass
            except OSError:
                return
            if not self.rts or self.rts[-1] != loop.rts:
                self.rts.append(loop.rts)
            if loop.rts and time.monotonic() > said_at + 0.5:
                said_at = time.monotonic()
                self._say(loop, manager, connection)

    def _say(
        self,
        loop: serial.SerialBase,
        manager: serial.rfc2217.PortManager,
        connection: socket.socket,
    ) -> None:
        line = f"{loop.baudrate}-{loop.bytesize}{loop.parity}{loop.stopbits:.0f}"
        self.seen.append(line)
        said = E350 if line == self.line else bytes(byte | 0x80 for byte in E350)
        connection.sendall(b"".join(manager.escape(said)))

    def close(self) -> None:
        """Nobody can connect any more."""
        self._server.close()


class _Writer:
    """What pyserial's PortManager writes its negotiation to."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def _gone() -> bytes:
    raise ConnectionError


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    """One that speaks 115200 8N1."""
    made = FarEnd()
    yield made
    made.close()


def test_line_is_115200_8n1_with_rts(far_end: FarEnd, pull: Pull) -> None:
    """The far end sees the line's settings, RTS high from the start, and low at the end."""
    assert pull("--port", far_end.url, "--dry-run").returncode == 0
    assert set(far_end.seen) == {"115200-8N1"}
    until(lambda: far_end.rts and not far_end.rts[-1])
    assert True in far_end.rts


def test_line_can_be_9600_7e1(pull: Pull) -> None:
    """An old meter's line, chosen by flag."""
    old = FarEnd("9600-7E1")
    done = pull("--port", old.url, "--dry-run", "--line", "9600-7E1")
    old.close()
    assert done.returncode == 0
    assert set(old.seen) == {"9600-7E1"}


def test_line_auto_goes_on_with_the_old_one_after_garbage(pull: Pull) -> None:
    """At 115200 8N1 it is garbled; `auto` notices and tries 9600 7E1."""
    old = FarEnd("9600-7E1")
    done = pull("--port", old.url, "--dry-run", "--line", "auto")
    old.close()
    assert done.returncode == 0, done.stderr
    assert old.seen[0] == "115200-8N1"
    assert old.seen[-1] == "9600-7E1"


def test_far_end_that_never_answers_is_given_up_in_time(pull: Pull) -> None:
    """A connection on which nobody negotiates ends with the timeout of the pull."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rfc2217://127.0.0.1:{silent.getsockname()[1]}"
        done = pull("--port", url, "--timeout", 1)
    assert done.returncode == 3
    assert done.stderr == f"p1-pull: {url} didn't answer in time\n"


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
    ports = [_free_port(), _free_port()]
    config = tmp_path / "ser2net.yaml"
    config.write_text(
        "%YAML 1.1\n---\n"
        f"connection: &one\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{ports[0]}\n"
        f"  connector: serialdev,{line.name},9600n81,local\n"
        f"connection: &two\n  accepter: tcp,127.0.0.1,{ports[1]}\n"
        f"  connector: serialdev,{line.name},115200n81,local\n"
    )
    command = [program, "-n", "-c", str(config), "-P", str(tmp_path / "pid")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: all(map(_listens, ports)))
        yield line, ports[0], ports[1]
        process.terminate()
    line.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        return number


def _listens(number: int) -> bool:
    listening = f":{number:04X} 00000000:0000 0A"
    return listening in Path("/proc/net/tcp").read_text()


def test_ser2net_by_rfc2217_sets_the_line(ser2net: tuple[Pty, int, int], pull: Pull) -> None:
    """The speed that p1-pull asks for reaches the device behind a real ser2net.

    A pseudo-terminal has no RTS, which ser2net leaves unanswered: pyserial is told not to wait.
    """
    line, number, _ = ser2net
    seen: set[int] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.add(line.speed())

    watching = threading.Thread(target=watch)
    watching.start()
    done = pull("--port", f"rfc2217://127.0.0.1:{number}?ign_set_control", "--dry-run")
    over.set()
    watching.join()
    assert done.returncode == 0, done.stderr
    assert termios.B115200 in seen


def test_ser2net_by_plain_tcp(ser2net: tuple[Pty, int, int], pull: Pull) -> None:
    """`socket://` reads the same line."""
    done = pull("--port", f"socket://127.0.0.1:{ser2net[2]}", "--dry-run")
    assert done.returncode == 0, done.stderr


def test_port_is_the_only_adapter_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One adapter is taken, several are listed, and without any it is the first USB port."""
    monkeypatch.setattr(port, "BY_ID", str(tmp_path))
    assert port.find() == "/dev/ttyUSB0"
    (tmp_path / "usb-FTDI_P1-if00-port0").touch()
    assert port.find() == f"{tmp_path}/usb-FTDI_P1-if00-port0"
    (tmp_path / "usb-Other-if00").touch()
    with pytest.raises(PortError, match=r"2 serial adapters .*usb-FTDI_P1.*usb-Other"):
        port.find()
