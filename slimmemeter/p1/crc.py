"""The CRC that ends a telegram (P1 5.0.2, section 6.2)."""

from __future__ import annotations

from slimmemeter.p1.framing import last_header

X25_HEADER = b"/HLY"


def crc16(data: bytes) -> int:
    """CRC-16/ARC: x^16 + x^15 + x^2 + 1, reflected, starting from 0.

    The polynomial is (x + 1)(x^15 + x + 1). Squaring the second factor again and again gives
    x^(15w) = x^w + 1 for each power of two w, so that the message, taken as one integer whose
    lowest bit is the highest power, folds by 14w bits with two shifts. The factor x + 1 adds the
    parity. A loop over bytes takes a hundred times as long.
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


# (29w, w, 14w, a mask of 14w bits), for w up to half a common telegram.
_FOLDS = [(29 << n, 1 << n, 14 << n, (1 << (14 << n)) - 1) for n in range(8, -1, -1)]


def crc_x25(data: bytes) -> int:
    """CRC-16/X-25, which a Holley DTSD545 prints in place of CRC-16/ARC (reports of its owners).

    It is the CCITT's CRC over the bits of each byte in reverse order.
    """
    import binascii

    mirrored = data.translate(bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256)))
    return int(f"{binascii.crc_hqx(mirrored, 0xFFFF):016b}"[::-1], 2) ^ 0xFFFF


def intact_body(body: bytes, printed_crc: int) -> bytes | None:
    """The part of a frame's body that fits its CRC; None if none does.

    That is the body as received, or with the CRs that a capture lost, or from the last header or
    the last slash in it on (half a telegram, followed by a whole one).
    """
    if crc16(body) == printed_crc:
        return body
    if b"\r" not in body:
        body = body.replace(b"\n", b"\r\n")
        if crc16(body) == printed_crc:
            return body
    if body.startswith(X25_HEADER) and crc_x25(body) == printed_crc:
        return body
    for start in {last_header(body), body.rfind(b"/")} - {0}:
        if crc16(body[start:]) == printed_crc:
            return body[start:]
    return None
