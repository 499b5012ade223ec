"""The serial line: opened with RTS asserted, read until a deadline, closed with RTS dropped.

A meter speaks while its request line is high (P1 5.0.2, 5.7.1); in a P1 cable that line is RTS.
"""

from __future__ import annotations

import os
import time

import serial

from slimmemeter.errors import PortError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

BY_ID = "/dev/serial/by-id"
FALLBACK = "/dev/ttyUSB0"
CHUNK = 4096
TICK_S = 0.1  # how long one read waits
SILENCE_S = 1.0
CLOSING_S = 1.0
DROPPED_S = 1.0
GATHER_S = 0.02  # how long to let bytes gather: one read of many is cheaper than many of one


def adapters() -> list[str]:
    """The serial adapters that are plugged in, by the names that they keep."""
    try:
        return sorted(f"{BY_ID}/{name}" for name in os.listdir(BY_ID))
    except OSError:
        return []


def find() -> str:
    """The only adapter there is.

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
        """Open with RTS asserted, alone; wait until the deadline while another pull reads.

        :param line: speed, data bits, parity, stop bits: `115200-8N1`.
        :param deadline_s: on the clock of `time.monotonic`.
        :raises PortError: it can't be opened.
        """
        self.name = name
        self.deadline_s = deadline_s
        self._is_url = "://" in name
        while True:
            try:
                self._serial = self._opened(line)
                return
            except (serial.SerialException, OSError, ValueError) as error:
                # Only the lock that a pull before this one holds is worth waiting for.
                locked = getattr(error, "errno", None) == 11
                if not locked or time.monotonic() + 0.2 > deadline_s:
                    from slimmemeter.line import port_errors

                    raise port_errors.why(name, error, adapters()) from None
                time.sleep(0.1)

    def _opened(self, line: str) -> serial.Serial:
        """Open it; a far end has the time until the deadline, not pyserial's own 3 to 5 s."""
        if not self._is_url:
            return _open(self.name, line)
        import threading

        from slimmemeter import alarm
        from slimmemeter.line import port_errors

        if not self.name.startswith(port_errors.FAR):
            raise ValueError(self.name)
        # pyserial's reader fails loudly at what isn't RFC 2217; the pull notices and tells
        threading.excepthook = lambda _: None
        alarm.ring_at(self.deadline_s, PortError(f"{self.name} didn't answer in time"))
        try:
            return _open(self.name, line)
        finally:
            alarm.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop RTS, so that the meter falls silent, and let go of the port."""
        self._request(False)
        self._serial.close()

    def ask_again(self) -> None:
        """Drop RTS for a second and raise it: some meters speak only when it rises."""
        self._request(False)
        time.sleep(DROPPED_S)
        self._request(True)

    def _request(self, high: bool) -> None:
        if self._is_url:  # to agree on RTS with a far end may take seconds
            from slimmemeter import alarm

            alarm.ring_at(time.monotonic() + CLOSING_S, PortError("it didn't agree"))
        try:
            self._serial.rts = high
        except (serial.SerialException, OSError, PortError):
            pass  # a pseudo-terminal has no RTS, and a cable that was pulled out has none any more
        if self._is_url:  # at once: what was heard must not be lost to a late alarm
            alarm.stop()

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come, in pieces; an empty piece tells of `SILENCE_S` without any.

        Ends at the deadline.

        :raises PortError: the port is lost.
        """
        heard_at = now = time.monotonic()
        while now < self.deadline_s:
            try:
                piece = self._read()
            except (serial.SerialException, OSError) as error:
                from slimmemeter.line import port_errors

                raise port_errors.why_lost(self.name, error) from None
            now = time.monotonic()
            if piece:
                heard_at = now
            if piece or now - heard_at > SILENCE_S:
                yield piece

    def _read(self) -> bytes:
        first: bytes = self._serial.read(1)
        if not first:
            return b""
        time.sleep(GATHER_S)
        if not self.name.startswith("socket:"):
            waiting: int = self._serial.in_waiting
            return first + bytes(self._serial.read(min(waiting, CHUNK)))
        self._serial.timeout = 0  # a socket can't tell how much waits
        rest = bytes(self._serial.read(CHUNK))
        self._serial.timeout = TICK_S
        return first + rest


def _open(name: str, line: str) -> serial.Serial:
    speed, _, frame = line.partition("-")
    port = serial.serial_for_url(name, do_not_open=True, exclusive=True)
    port.baudrate = int(speed)
    port.bytesize, port.parity, port.stopbits = int(frame[0]), frame[1], int(frame[2])
    port.timeout = TICK_S
    far = name.startswith("rfc2217:")
    port.rts = not far  # before open(), so that it never rises late
    port.open()
    if far:  # pyserial throws away what came while it agreed on the line
        port.rts = True
    return port
