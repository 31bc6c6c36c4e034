"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.twins import pair
from trio_rdp.codecs.plain.zgfx import DISTANCES, LITERALS

CODES = [f"{code:0{size}b}" for code, size in LITERALS.values()] + [f"{row[0]:0{row[1]}b}" for row in DISTANCES[:6]]
STREAMS = st.binary(max_size=60) | st.lists(
    st.sampled_from(CODES)
    | st.integers(0, 511).map(lambda v: f"{v:09b}")
    | st.sampled_from(("1000100001", "10001000110", "100010001110", "1000100000000000000000011", "110101", "00000000")),
    max_size=40,
).map(lambda codes: _packed("".join(codes)))
HEADS = st.sampled_from((0x24, 0x24, 0x24, 0x04, 0x26, 0xE4))


def _packed(bits: str) -> bytes:
    unused = -len(bits) % 8
    return int(bits + "0" * unused or "0", 2).to_bytes((len(bits) + unused) // 8, "big") + bytes((unused,))


@given(st.lists(st.tuples(HEADS, STREAMS), min_size=1, max_size=4), st.integers(0, 3), st.integers(10, 400))
@settings(deadline=None)
def test_single_structures_agree(segments: list[tuple[int, bytes]], cut: int, limit: int) -> None:
    plain, compiled = (module.Decompressor(2_500_000, 65_535, 4) for module in pair("zgfx"))
    for head, stream in segments:
        data = bytes((0xE0, head)) + stream
        data = data[: len(data) - cut]
        result = plain.decompress(data, limit)
        assert compiled.decompress(data, limit) == result
        if isinstance(result, int):
            return


@given(
    st.lists(st.tuples(HEADS, STREAMS), max_size=4),
    st.integers(0, 3),
    st.sampled_from((0, 0, 0, 1, -1)),
    st.sampled_from((0, 0, 0, 1)),
)
@settings(deadline=None)
def test_multipart_structures_agree(segments: list[tuple[int, bytes]], cut: int, size: int, count: int) -> None:
    pieces = [bytes((head,)) + stream for head, stream in segments]
    # What they give when they are decoded one by one, so that most structures are right.
    alone = pair("zgfx")[1].Decompressor(100, 64, 4)
    results = [alone.decompress(b"\xe0" + piece, 64) for piece in pieces]
    total = sum(len(result) for result in results if isinstance(result, bytes))
    data = b"\xe1" + struct.pack("<HI", len(pieces) + count, max(total + size, 0))
    data += b"".join(struct.pack("<I", len(piece)) + piece for piece in pieces)
    plain, compiled = (module.Decompressor(100, 64, 4) for module in pair("zgfx"))
    data = data[: len(data) - cut]
    assert compiled.decompress(data, 1000) == plain.decompress(data, 1000)


def test_long_sequences_agree_when_windows_move() -> None:
    source = random.Random(3)
    plain, compiled = (module.Decompressor(300, 100, 4) for module in pair("zgfx"))
    one, two = (module.Compressor(300, 100, 4) for module in pair("zgfx"))
    words = [source.randbytes(source.randrange(1, 20)) for _ in range(30)]
    for _ in range(150):
        data = b"".join(source.choices(words, k=source.randrange(9)))[:150]
        stream = one.compress(data, False)
        assert two.compress(data, False) == stream
        assert plain.decompress(stream, 1000) == compiled.decompress(stream, 1000) == data


PIECES = st.one_of(
    st.binary(max_size=60),
    st.tuples(st.binary(min_size=1, max_size=5), st.integers(1, 100)).map(lambda v: v[0] * v[1]),
    st.tuples(st.integers(0, 255), st.integers(1, 1000)).map(lambda v: bytes((v[0],)) * v[1]),
    st.sampled_from((bytes(range(256)), random.Random(1).randbytes(5000), bytes(40))),
)


@given(st.lists(st.tuples(st.lists(PIECES, max_size=8).map(b"".join), st.booleans()), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_encoding_agrees(messages: list[tuple[bytes, bool]]) -> None:
    plain, compiled = (module.Compressor(2_500_000, 65_535, 4) for module in pair("zgfx"))
    for data, store in messages:
        assert compiled.compress(data, store) == plain.compress(data, store)
