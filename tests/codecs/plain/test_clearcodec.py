"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import random
import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.twins import pair

LONGEST = 40


def run_length(source: random.Random, length: int) -> bytes:
    form = source.random()
    if form < 0.03:
        return b"\xff\xff\xff" + struct.pack("<I", length)
    return b"\xff" + struct.pack("<H", length) if length > 254 or form < 0.08 else bytes((length,))


def residual(source: random.Random, total: int) -> bytes:
    out, left = b"", total
    while left and source.random() < 0.95:
        length = min(left, source.choice((0, 1, 2, 3, 7, 8, 9, 50, 300, left)))
        out += source.randbytes(3) + run_length(source, length)
        left -= length
    return out


def band(source: random.Random, width: int, height: int) -> bytes:
    left, top = source.randrange(width), source.randrange(height)
    right = source.randrange(left, width + 3)
    bottom = min(top + source.randrange(52), height + source.choice((-1, -1, 4)))
    bottom = max(bottom, top)
    out = struct.pack("<HHHH", left, right, top, bottom) + source.randbytes(3)
    for _ in range(right - left + 1):
        kind = source.random()
        if kind < 0.3:
            out += struct.pack("<H", 0x8000 | source.randrange(12))
        elif kind < 0.6:
            out += struct.pack("<HB", 0x4000 | source.randrange(8), source.randrange(bottom - top + 3))
        else:
            on = source.randrange(min(52, bottom - top + 2))
            off = source.randrange(on, 53)
            out += bytes((on, off)) + source.randbytes(3 * (off - on))
    return out


def subcodec(source: random.Random, width: int, height: int) -> bytes:
    columns, rows = source.randint(0, width), source.randint(0, height)
    total = columns * rows
    kind = source.choice((0, 1, 2, 2, 2))
    if kind == 0:
        data = source.randbytes(3 * total)
    elif kind == 1:
        data = struct.pack("<4I2B2x", total, total, total, 0, source.randint(1, 7), 0) + source.randbytes(3 * total)
    else:
        count = source.choice((1, 2, 3, 5, 17, 64, 127))
        bits, left = max(1, (count - 1).bit_length()), total
        data = bytes((count,)) + source.randbytes(3 * count)
        while left > 0 and source.random() < 0.97:
            stop = source.randrange(count)
            depth = source.randint(0, min(stop, (1 << (8 - bits)) - 1, left - 1))
            length = min(source.choice((0, 0, 1, 3, 50, left)), left - depth - 1)
            data += bytes((depth << bits | stop,)) + run_length(source, length)
            left -= length + depth + 1
    x, y = source.randint(0, width - columns), source.randint(0, height - rows)
    return struct.pack("<HHHHIB", x, y, columns, rows, len(data), kind) + data


def message(source: random.Random, width: int, height: int, number: int) -> bytes:
    """A valid message, as far as what is stored allows it."""
    flags = source.choice((0, 0, 0, 1, 3, 4) if width * height <= 1024 else (0, 4))
    out = bytes((flags, number))
    if flags & 1:
        out += struct.pack("<H", source.randrange(3))
    if flags & 2:
        return out
    layers = (
        residual(source, width * height) if source.random() < 0.7 else b"",
        b"".join(band(source, width, height) for _ in range(source.randrange(3))),
        b"".join(subcodec(source, width, height) for _ in range(source.randrange(3))),
    )
    return out + struct.pack("<III", *map(len, layers)) + b"".join(layers)


@given(st.integers(0, 1 << 32))
def test_decoding_agrees(seed: int) -> None:
    source = random.Random(seed)
    decoders = [kernel.Decoder() for kernel in pair("clearcodec")]
    for number in range(source.randint(1, 5)):
        width, height = source.randint(1, LONGEST), source.randint(1, 25)
        data = bytearray(message(source, width, height, number))
        if source.random() < 0.4:
            for _ in range(source.randint(1, 3)):
                place = source.randrange(len(data))
                data[place] = source.choice((0, 1, 255, data[place] ^ 1, source.randrange(256)))
        if source.random() < 0.1:
            del data[source.randrange(len(data)) :]
        shown = (width, height) if source.random() < 0.7 else (source.randint(0, width + 1), source.randint(0, height))
        background = source.randbytes((width + 5) * 4 * (height + 3))
        surfaces = [bytearray(background) for _ in decoders]
        one, two = (
            decoder.decode_into(bytes(data), surface, (width + 5) * 4, 2, 1, *shown, width, height)
            for decoder, surface in zip(decoders, surfaces, strict=True)
        )
        assert one == two
        assert surfaces[0] == surfaces[1]


@given(st.lists(st.binary(max_size=60), max_size=3), st.integers(1, 9), st.integers(1, 9))
def test_noise_agrees(messages: list[bytes], width: int, height: int) -> None:
    decoders = [kernel.Decoder() for kernel in pair("clearcodec")]
    for number, data in enumerate(messages):
        surfaces = [bytearray(10 * 10 * 4) for _ in decoders]
        one, two = (
            decoder.decode_into(
                bytes((data[0] & 7, number)) + data if data else b"", surface, 40, 0, 0, 9, 9, width, height
            )
            for decoder, surface in zip(decoders, surfaces, strict=True)
        )
        assert one == two
        assert surfaces[0] == surfaces[1]
