"""The serial port: opened with RTS asserted, read until a deadline, closed with RTS dropped.

A meter sends while its request line is high (P1 5.0.2, 5.7.1); in a P1 cable that line is RTS.
"""

from __future__ import annotations

import errno
import os
import termios
import time

import serial

from slimmemeter import process
from slimmemeter.errors import PortError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

BY_ID = "/dev/serial/by-id"
FALLBACK = "/dev/ttyUSB0"
CHUNK = 4096
TICK_S = 0.1  # how long one read waits
SILENCE_S = 1.0
CLOSING_S = 1.0
DROPPED_S = 1.0
GATHER_S = 0.02  # how long bytes may gather: one read of many is cheaper than many of one


def adapters() -> list[str]:
    """The serial adapters that are plugged in, by names that don't change."""
    try:
        return sorted(f"{BY_ID}/{name}" for name in os.listdir(BY_ID))
    except OSError:
        return []


def find() -> str:
    """The only serial adapter, or where one appears once it is plugged in.

    :raises PortError: there are several.
    """
    found = adapters()
    if len(found) > 1:
        raise PortError(
            f"{len(found)} serial adapters are plugged in; choose one with --port: "
            + ", ".join(found)
        )
    return found[0] if found else FALLBACK


class Port:
    """An open port; use it in a `with` block."""

    def __init__(self, name: str, line: str, deadline_s: float) -> None:
        """Open it exclusively with RTS asserted; wait until the deadline while another pull reads.

        :param line: speed, data bits, parity, stop bits: `115200-8N1`.
        :param deadline_s: a time of `time.monotonic`.
        :raises PortError: it can't be opened.
        """
        self.name = name
        self.deadline_s = deadline_s
        self._is_url = "://" in name
        while True:
            try:
                self._serial = self._open(line)
                return
            except (serial.SerialException, OSError, ValueError) as error:
                # Only the lock that another pull holds is worth waiting for.
                is_locked = getattr(error, "errno", None) == errno.EAGAIN
                if not is_locked or time.monotonic() + 0.2 > deadline_s:
                    from slimmemeter.line import port_errors

                    raise port_errors.opening_failed(name, error, adapters()) from None
                time.sleep(0.1)

    def _open(self, line: str) -> serial.Serial:
        """A far end may take until the deadline, in place of pyserial's own 3 to 5 s."""
        if not self._is_url:
            return _opened(self.name, line)
        import threading

        from slimmemeter.line.port_errors import URLS

        if not self.name.startswith(URLS):
            raise ValueError(self.name)
        # The thread of pyserial prints a traceback if the far end doesn't speak RFC 2217; the pull
        # reports that in a sentence.
        threading.excepthook = lambda _: None
        late = PortError(f"{self.name} didn't answer in time")
        with process.Deadline(self.deadline_s, late):
            return _opened(self.name, line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop RTS, so that the meter stops sending, and release the port."""
        self._set_rts(False)
        self._serial.close()

    def ask_again(self) -> None:
        """Drop RTS for a second and raise it: some meters send only when it rises."""
        self._set_rts(False)
        time.sleep(DROPPED_S)
        self._set_rts(True)

    def _set_rts(self, is_high: bool) -> None:
        try:
            if self._is_url:  # a far end may take seconds to agree
                with process.Deadline(time.monotonic() + CLOSING_S, PortError("no answer")):
                    self._serial.rts = is_high
            else:
                self._serial.rts = is_high
        except (serial.SerialException, OSError, PortError):
            pass  # a pseudo-terminal has no RTS, and neither has a cable that was pulled out

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they arrive, until the deadline; an empty piece after a second of silence.

        :raises PortError: the port is lost.
        """
        active_at_s = now_s = time.monotonic()
        while now_s < self.deadline_s:
            try:
                piece = self._read()
            except (serial.SerialException, OSError) as error:
                from slimmemeter.line import port_errors

                raise port_errors.reading_failed(self.name, error) from None
            now_s = time.monotonic()
            if piece:
                active_at_s = now_s
            if piece or now_s - active_at_s > SILENCE_S:
                yield piece

    def _read(self) -> bytes:
        first: bytes = self._serial.read(1)
        if not first:
            return b""
        time.sleep(GATHER_S)
        if not self.name.startswith("socket:"):
            waiting: int = self._serial.in_waiting
            return first + bytes(self._serial.read(min(waiting, CHUNK)))
        self._serial.timeout = 0  # a socket doesn't know how much waits
        rest = bytes(self._serial.read(CHUNK))
        self._serial.timeout = TICK_S
        return first + rest


def _opened(name: str, line: str) -> serial.Serial:
    speed, _, frame = line.partition("-")
    port = serial.serial_for_url(name, do_not_open=True, exclusive=True)
    port.baudrate = int(speed)
    port.bytesize, port.parity, port.stopbits = int(frame[0]), frame[1], int(frame[2])
    port.timeout = TICK_S
    is_rfc2217 = name.startswith("rfc2217:")
    port.rts = not is_rfc2217  # before open(), so that it never rises late
    try:
        port.open()
    except termios.error:  # a pseudo-terminal has 8 bits, and refuses others when asked again
        port.bytesize, port.parity = serial.EIGHTBITS, serial.PARITY_NONE
        port.open()
    if is_rfc2217:  # pyserial discards what comes during the negotiation
        port.rts = True
    return port
