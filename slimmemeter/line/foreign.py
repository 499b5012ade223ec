"""Frames of other protocols, which some meters send in place of telegrams."""

from __future__ import annotations

ENCRYPTED = (
    "the meter sends encrypted frames (0xDB), as in Luxembourg and Austria, and no plain telegrams:"
    " ask the grid operator for your key, and put a reader that decrypts between meter and cable"
)
HDLC = (
    "the meter sends binary HDLC frames (0x7E), as in Norway and Austria, and no plain telegrams:"
    " ask the grid operator whether it can send ASCII telegrams (DSMR P1) instead"
)


class ForeignProtocol:
    """Recognises such a frame in a stream; its first 32 bytes are enough."""

    def __init__(self) -> None:
        self.advice: str | None = None  # what was recognised and what helps
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """Examine the received bytes."""
        window = self._tail + piece
        self._tail = window[-32:]
        if b"\xdb\x08" in window and any(map(_is_encrypted, window.split(b"\xdb\x08")[1:])):
            self.advice = ENCRYPTED
        elif b"\xe6\xe7\x00" in window and any(map(_is_hdlc, window.split(b"\x7e")[1:])):
            self.advice = HDLC


def _is_encrypted(rest: bytes) -> bool:
    """Whether a general-glo-ciphering frame continues so: its system title of 8 bytes begins with
    the maker's three letters, and a length follows (DLMS Green Book 8, 9.2.7.2.4)."""
    return rest[:3].isalpha() and rest[:3].isupper() and rest[8:9] in (b"\x81", b"\x82")


def _is_hdlc(rest: bytes) -> bool:
    """Whether an HDLC frame of type 3 with DLMS continues so (IEC 62056-46, 6.4; LLC header)."""
    return bool(rest) and rest[0] & 0xF0 == 0xA0 and b"\xe6\xe7\x00" in rest[:16]
