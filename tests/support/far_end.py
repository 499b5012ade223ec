"""Far ends of a line on the network: a meter behind RFC 2217, and servers that only speak."""

from __future__ import annotations

import socket
import threading
import time

import serial.rfc2217

from support.telegrams import E350


class FarEnd(threading.Thread):
    """A meter behind RFC 2217 (pyserial's own server side), which speaks only while RTS is high.

    It garbles what it says unless the line's settings are those that it was made for. `telegrams`
    are sent one after another, the last again and again; `once` is one each time that RTS rises.
    """

    def __init__(
        self, line: str = "115200-8N1", *telegrams: bytes, every_s: float = 0.5, once: bool = False
    ) -> None:
        super().__init__(daemon=True)
        self.line = line
        self._telegrams = list(telegrams or (E350,))
        self._every_s = float("inf") if once else every_s
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
        next_at = 0.0
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
                next_at = 0.0
            if loop.rts and time.monotonic() > next_at:
                next_at = time.monotonic() + self._every_s
                self._say(loop, manager, connection)

    def _say(
        self,
        loop: serial.SerialBase,
        manager: serial.rfc2217.PortManager,
        connection: socket.socket,
    ) -> None:
        line = f"{loop.baudrate}-{loop.bytesize}{loop.parity}{loop.stopbits:.0f}"
        self.seen.append(line)
        output = self._telegrams.pop(0) if len(self._telegrams) > 1 else self._telegrams[0]
        if line != self.line:
            output = bytes(byte | 0x80 for byte in output)
        connection.sendall(b"".join(manager.escape(output)))

    def close(self) -> None:
        """Nobody can connect any more."""
        self._server.close()


class _Writer:
    """What pyserial's PortManager writes its negotiation to."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def _gone() -> bytes:
    raise ConnectionError


def answering(*pieces: bytes, after_s: float = 0.3) -> str:
    """The address of a TCP server that sends this to each visitor, and closes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = server.accept()
            with connection:
                time.sleep(after_s)
                connection.sendall(b"".join(pieces))

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"
