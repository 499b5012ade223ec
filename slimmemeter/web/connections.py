"""Connections of visitors, of whom some are slow, greedy or many: what each may cost the others.

waitress alone lets a visitor who reads nothing keep as many answers as were asked for, for ever.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import WSGITask

from slimmemeter.web.access import REACHED

STALLED_S = 20  # an answer of which nothing was taken for so long is given up
ENDING_S = 0.6  # before the server ends, a visitor who has just come may still ask
# Of each of the two addresses at which the pages listen, IPv4 and IPv6:
MOST_OF_ADDRESS, MOST = 100, 180  # connections
MOST_UNSENT = 16_000_000  # bytes of all answers that wait to be taken
# Answers that are made at once: each takes some megabytes. Pictures wait long for each other, and
# must leave threads for the pages.
PICTURES_AT_ONCE, OTHERS_AT_ONCE, AT_ONCE_OF_ADDRESS = 6, 6, 4
Counted = tuple[str, bool]  # a request's address, and whether it is for a picture
HEAD_END = b"\r\n\r\n"


class WritingSocket(socket.socket):
    """A socket that sends by write(2): the service may not call anything that names a receiver."""

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
        """Send to the visitor who has connected."""
        return os.write(self.fileno(), data)


class Task(WSGITask):
    """A request, which also states which address of this computer it reached."""

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment."""
        environment: dict[str, Any] = super().get_environment()
        connection = self.channel.socket
        environment[REACHED] = connection.getsockname()[0] if connection else None  # it is closed
        return environment


class Channel(HTTPChannel):
    """A connection: one request at a time, and the next one when its answer was taken.

    Neither blank lines nor a request byte by byte count as activity.
    """

    task_class = Task
    _began: float | None = None
    _active: float | None = None
    _rest = b""  # what was sent before its turn
    is_dropped = False
    counted_as: Counted

    def __init__(
        self, server: BaseWSGIServer, sock: socket.socket, *others: Any, **more: Any
    ) -> None:
        """As waitress does, on a socket of our own; others may have to go for it."""
        super().__init__(server, WritingSocket(fileno=sock.detach()), *others, **more)
        others_open = self._others()
        of_address = [each for each in others_open if each.addr[0] == self.addr[0]]
        if len(of_address) >= MOST_OF_ADDRESS:
            _stalest(of_address).drop()
        elif len(others_open) >= MOST:
            _stalest(others_open).drop()

    def _others(self) -> list[Channel]:
        """The other connections, without those that are dropped."""
        channels: dict[int, Channel] = self.server.active_channels  # type: ignore[assignment]
        every = list(channels.values())
        return [each for each in every if each is not self and not each.is_dropped]

    def drop(self) -> None:
        """Close it soon, whatever it waits for, where waitress closes connections safely."""
        self.is_dropped = True
        self.server.trigger.pull_trigger(self.handle_close)  # type: ignore[attr-defined]

    def received(self, data: bytes) -> bool:
        """Take the next bytes, up to the end of a request.

        The time counts from the first byte of an unfinished request; before one, from the end of
        the request before.
        """
        taken, self._rest = self._rest_after_a_request(data)
        self._began = None if self.request is None else self._began or time.time()
        if data.strip():
            self._active = self._began or self.last_activity
        self.last_activity = self._active or self.creation_time
        return taken

    def _rest_after_a_request(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes until a request is complete; whether any were, and those that were not."""
        taken = False
        while data and not self._is_busy():
            end = data.find(HEAD_END) + len(HEAD_END)
            piece, data = (data[:end], data[end:]) if end >= len(HEAD_END) else (data, b"")
            taken = super().received(piece)
        return taken, data

    def _is_busy(self) -> bool:
        return bool(self.requests or self.total_outbufs_len)

    def is_waited_for(self) -> bool:
        """Whether the server must not end yet: a visitor is being answered, or has just come."""
        is_new = time.time() - self.last_activity < ENDING_S
        return not self.is_dropped and bool(self.connected and (self._is_busy() or is_new))

    def readable(self) -> bool:
        """Whether it is time for the next request; begins with what came before its turn."""
        if self._rest and not self._is_busy():
            self.received(self._rest)
        is_readable: bool = super().readable()
        return is_readable

    def writable(self) -> bool:
        """Whether something is to be sent; the main loop asks at least every few seconds."""
        is_stalled = self.total_outbufs_len and time.time() - self.last_activity > STALLED_S
        if is_stalled and not self.is_dropped:
            self.drop()
        return bool(super().writable())

    def service(self) -> None:
        """Answer a request, in a thread; greedy ones must make room for it."""
        unsent = [each for each in self._others() if each.total_outbufs_len]
        if sum(each.total_outbufs_len for each in unsent) > MOST_UNSENT:
            _stalest(unsent).drop()
        if not self.server.accepting:  # it ends: the next request is for the next process
            self.requests[0].headers["CONNECTION"] = "close"  # type: ignore[index]
        counted_as = self.counted_as  # the next one may come before this is finished
        try:
            super().service()
        finally:
            self.server.task_dispatcher.queue.finished(counted_as)  # type: ignore[attr-defined]

    @property
    def is_for_picture(self) -> bool:
        """Whether its first request is for a picture."""
        return str(getattr(self.requests[0], "path", "")).endswith(".png")


def _stalest(channels: Iterable[Channel]) -> Channel:
    """The one that has waited longest; of those for which no thread works, if there are any."""
    return min(channels, key=lambda each: (bool(each.requests), each.last_activity))


class Turns:
    """The requests that wait for a thread: each address in turn, not too many of a kind at once.

    waitress uses it as its queue, under the lock of a condition.
    """

    def __init__(self, condition: threading.Condition) -> None:
        self._condition = condition
        self._lines: OrderedDict[str, deque[Channel]] = OrderedDict()  # by address
        self._running: Counter[object] = Counter()  # by address, and by whether it is a picture

    def append(self, channel: Channel) -> None:
        """Let a request wait."""
        self._lines.setdefault(channel.addr[0], deque()).append(channel)

    def popleft(self) -> Channel:
        """The next request."""
        address = self._next()
        assert address is not None
        line = self._lines[address]
        channel = line.popleft()
        channel.counted_as = address, channel.is_for_picture
        self._running.update(channel.counted_as)
        self._lines.move_to_end(address)
        if not line:
            del self._lines[address]
        return channel

    def _next(self) -> str | None:
        """The next address of which a request can be answered now."""
        is_allowed = {
            is_picture: self._running[is_picture] < most
            for is_picture, most in ((True, PICTURES_AT_ONCE), (False, OTHERS_AT_ONCE))
        }
        for address, line in self._lines.items():
            if self._running[address] < AT_ONCE_OF_ADDRESS and is_allowed[line[0].is_for_picture]:
                return address
        return None

    def finished(self, counted_as: Counted) -> None:
        """A request was answered: there is room for others."""
        with self._condition:
            self._running.subtract(counted_as)
            self._running += Counter()  # without the addresses that have none
            self._condition.notify_all()

    def __bool__(self) -> bool:
        return self._next() is not None

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))


BaseWSGIServer.channel_class = Channel
