"""Frames in a stream of bytes, from a `/` to what stands behind a `!`; and their CRC."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 65536  # bytes of a telegram or a line; the longest that a standard allows are 11.5 kB
X25_HEADER = b"/HLY"
HEX = b"0123456789ABCDEFabcdef"


class Framer:
    """Finds telegrams in a stream that may start anywhere and carry noise."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the bytes that came; yield each frame that they complete, from `/` to its CRC."""
        # NULs stand between telegrams (and, behind some bridges, in them): no meter means them.
        self._buffer += chunk.replace(b"\0", b"")
        yield from self._frames(ended=False)

    def pause(self) -> Iterator[bytes]:
        """The line is silent: yield a frame whose last line has no line end (P1 4.2.2, 5.12)."""
        yield from self._frames(ended=True)

    def _frames(self, ended: bool) -> Iterator[bytes]:
        while (end := self._end(ended)) is not None:
            frame = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._searched = 0
            yield frame

    def _end(self, ended: bool) -> int | None:
        """Where the first frame ends; drops what stands before it, and what is too long."""
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
                return self._end(ended)
            return None
        end = mark + 1
        while end < min(len(buffer), mark + 5) and buffer[end] in HEX:
            end += 1
        whole = end == mark + 5 or end < len(buffer) or ended
        return end if whole else None

    def _closing_mark(self) -> int | None:
        """The first `!` that starts a line or follows a value, or None."""
        while (mark := self._buffer.find(b"!", self._searched)) >= 0:
            if bytes(self._buffer[mark - 1 : mark]) in (b"\n", b"\r", b")"):
                return mark
            self._searched = mark + 1
        self._searched = len(self._buffer)
        return None


class Foreign:
    """Notices frames of other protocols in what is heard: each tells of itself within 32 bytes."""

    def __init__(self) -> None:
        self.said: str | None = None  # what they are and what helps, once one was noticed
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """Look at the bytes that came."""
        window = self._tail + piece
        self._tail = window[-32:]
        if b"\xdb\x08" in window and any(map(_is_encrypted, window.split(b"\xdb\x08")[1:])):
            self.said = ENCRYPTED
        elif b"\xe6\xe7\x00" in window and any(map(_is_hdlc, window.split(b"\x7e")[1:])):
            self.said = HDLC


ENCRYPTED = (
    "the meter sends encrypted frames (0xDB), as in Luxembourg and Austria, and no plain telegrams:"
    " ask the grid operator for your key, and put a reader that decrypts between meter and cable"
)
HDLC = (
    "the meter sends binary HDLC frames (0x7E), as in Norway and Austria, and no plain telegrams:"
    " ask the grid operator whether it can send ASCII telegrams (DSMR P1) instead"
)


def _is_encrypted(after: bytes) -> bool:
    """Whether a general-glo-ciphering frame follows: the system title of 8 bytes, which begins
    with the maker's three letters, and a length (DLMS Green Book 8, 9.2.7.2.4)."""
    return after[:3].isalpha() and after[:3].isupper() and after[8:9] in (b"\x81", b"\x82")


def _is_hdlc(after: bytes) -> bool:
    """Whether an HDLC frame of type 3 follows with DLMS in it (IEC 62056-46, 6.4; LLC header)."""
    return bool(after) and after[0] & 0xF0 == 0xA0 and b"\xe6\xe7\x00" in after[:16]


def crc16(data: bytes) -> int:
    """CRC-16/ARC (x^16 + x^15 + x^2 + 1, reflected, from 0), the telegram's check (P1 5.0.2, 6.2).

    The polynomial is (x + 1)(x^15 + x + 1). Squaring the second factor again and again gives
    x^(15w) = x^w + 1 for each power of two w, so that the message, taken as one integer whose
    lowest bit is the highest power, folds by 14w bits with two shifts. What the factor x + 1
    adds is the parity.
    """
    bits = len(data) * 8 + 16  # the message times x^16
    rest = int.from_bytes(data, "little")
    parity = rest.bit_count() & 1
    for enough, width, fold, mask in _FOLDS:
        while bits >= enough:
            high = rest & mask
            rest = (rest >> fold) ^ high ^ (high << width)
            bits -= fold
    fold = bits - 15
    high = rest & ((1 << fold) - 1)
    rest = (rest >> fold) ^ (high << (15 - fold)) ^ (high << (14 - fold))
    crc = rest << 1
    return crc if rest.bit_count() & 1 == parity else crc ^ 0xC001


# Of 29w, w, 14w and a mask of 14w bits: up to half a common telegram. A longer one takes more.
_FOLDS = [(29 << n, 1 << n, 14 << n, (1 << (14 << n)) - 1) for n in range(8, -1, -1)]


def with_right_crc(body: bytes, said: int) -> bytes | None:
    """The body whose CRC is `said`: as it came, with the CRs that a capture lost, or from the
    last header inside (half a telegram glued to a whole one); None if there is none."""
    if crc16(body) == said:
        return body
    if b"\r" not in body:
        body = body.replace(b"\n", b"\r\n")
        if crc16(body) == said:
            return body
    if body.startswith(X25_HEADER) and crc_x25(body) == said:
        return body
    inner = body[inner_start(body) :]
    return inner if len(inner) < len(body) and crc16(inner) == said else None


def crc_x25(data: bytes) -> int:
    """CRC-16/X-25, which a Holley DTSD545 puts where others put CRC-16/ARC (its owner reports).

    It is the CRC of CCITT over the bits of each byte in reverse.
    """
    import binascii

    mirrored = data.translate(bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256)))
    return int(f"{binascii.crc_hqx(mirrored, 0xFFFF):016b}"[::-1], 2) ^ 0xFFFF


def inner_start(body: bytes) -> int:
    """Where the last `/` with three letters behind it stands; a `/` in a header has none."""
    start = body.rfind(b"/")
    while start > 0 and not body[start + 1 : start + 4].isalpha():
        start = body.rfind(b"/", 0, start)
    return max(start, 0)
