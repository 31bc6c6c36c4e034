"""MD4 (RFC 1320), for the NT hash of a password: OpenSSL 3 no longer offers it by default."""

from __future__ import annotations

import struct

__all__ = ["md4"]

_MASK = 0xFFFFFFFF
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
# RFC 1320 3.4: per round the added constant, the four shifts, and the order in which the words of a block are taken.
_ROUNDS = (
    (0, (3, 7, 11, 19), (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)),
    (0x5A827999, (3, 5, 9, 13), (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)


def md4(data: bytes) -> bytes:
    """The 16-byte MD4 digest of `data`."""
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    state = _START
    for block in struct.iter_unpack("<16I", padded):
        state = _compress(state, block)
    return struct.pack("<4I", *state)


def _compress(state: tuple[int, int, int, int], block: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for number, (constant, shifts, order) in enumerate(_ROUNDS):
        for step, word in enumerate(order):
            if number == 0:
                mixed = (b & c) | (~b & d)
            elif number == 1:
                mixed = (b & c) | (b & d) | (c & d)
            else:
                mixed = b ^ c ^ d
            total = (a + mixed + block[word] + constant) & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & _MASK, b, c
    return (
        (state[0] + a) & _MASK,
        (state[1] + b) & _MASK,
        (state[2] + c) & _MASK,
        (state[3] + d) & _MASK,
    )
