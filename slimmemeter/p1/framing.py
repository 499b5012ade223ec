"""Frames in a stream of bytes: from a `/` to the CRC after a `!`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 65536  # bytes of a telegram or a line; the standards allow at most 11.5 kB
HEX = b"0123456789ABCDEFabcdef"


class Framer:
    """Finds telegrams in a stream that may start anywhere and contain noise."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield each frame that the received bytes complete, from its `/` to its CRC.

        :param chunk: an empty one stands for a pause on the line or the end of the stream, which
            ends a frame whose last line has no line end (P1 4.2.2, section 5.12).
        """
        # NULs stand between telegrams and, after some bridges, in them: no meter sends any.
        self._buffer += chunk.replace(b"\0", b"")
        while (end := self._end(is_pause=not chunk)) is not None:
            frame = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._searched = 0
            yield frame

    def _end(self, is_pause: bool) -> int | None:
        """The end of the first frame; drops everything before it, and whatever is too long."""
        buffer = self._buffer
        if not buffer.startswith(b"/"):
            start = buffer.find(b"/")
            del buffer[: len(buffer) if start < 0 else start]
            self._searched = 0
        mark = self._closing_mark()
        if mark is None:
            if len(buffer) > LONGEST:
                del buffer[: max(buffer.rfind(b"/"), 1)]
                self._searched = 0
                return self._end(is_pause)
            return None
        end = mark + 1
        while end < min(len(buffer), mark + 5) and buffer[end] in HEX:
            end += 1
        is_whole = end == mark + 5 or end < len(buffer) or is_pause
        return end if is_whole else None

    def _closing_mark(self) -> int | None:
        """The place of the first `!` that starts a line or follows a value, or None."""
        while (mark := self._buffer.find(b"!", self._searched)) >= 0:
            if bytes(self._buffer[mark - 1 : mark]) in (b"\n", b"\r", b")"):
                return mark
            self._searched = mark + 1
        self._searched = len(self._buffer)
        return None


def last_header(body: bytes) -> int:
    """The place of the last `/` that three letters follow; a `/` within a header has none."""
    start = body.rfind(b"/")
    while start > 0 and not body[start + 1 : start + 4].isalpha():
        start = body.rfind(b"/", 0, start)
    return max(start, 0)
