"""Bytes that are almost right: what a fuzzer makes of bytes that were."""

from __future__ import annotations

import random

__all__ = ["mutate"]

_EDGES = (
    b"\0",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff",
    b"\xff\x7f",
    b"\0\x80",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
)


def mutate(source: random.Random, seed: bytes, other: bytes) -> bytes:
    """Change a seed in one to four places, sometimes with a piece of another."""
    data = bytearray(seed)
    for _ in range(source.randint(1, 4)):
        at = source.randint(0, len(data))
        match source.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << source.randrange(8)
            case 1 if data:
                data[at % len(data)] = source.randrange(256)
            case 2:
                edge = source.choice(_EDGES)
                data[at : at + len(edge)] = edge
            case 3:
                del data[at:]
            case 4:
                del data[at : at + source.randint(1, 8)]
            case 5:
                data[at:at] = source.randbytes(source.randint(1, 16))
            case _:
                data[at:at] = other[source.randint(0, len(other)) :][: source.randint(1, 64)]
    return bytes(data[:65536])
