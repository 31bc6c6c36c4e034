"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.twins import pair
from trio_rdp.codecs.plain import ncrush as plain

# Bytes that decode to something else than literals and errors are rare in noise.
PACKETS = st.binary(max_size=60) | st.lists(
    st.sampled_from((0x00, 0x10, 0x18, 0x21, 0x25, 0x65, 0xFF, 0x08, 0x02, 0x81, 0x58)), max_size=60
).map(bytes)
DATA = st.lists(st.sampled_from((b"a", b"ab", b"abc", b"\x00", b"\xff\xfe", b"hello", bytes(9), b"zz" * 30))).map(
    b"".join
)


@given(PACKETS, st.sampled_from((0, 1, 20, 40000, 65500, 65530, 65536)), st.lists(st.integers(0, 65536), min_size=4))
def test_any_packet_gives_the_same(data: bytes, offset: int, recent: list[int]) -> None:
    results = []
    for kernel in pair("ncrush"):
        history, cache = bytearray(index * 31 >> 3 & 0xFF for index in range(65536)), bytearray(16)
        memoryview(cache).cast("I")[:] = memoryview(b"".join(value.to_bytes(4, "little") for value in recent[:4])).cast(
            "I"
        )
        status = kernel.decompress(data, history, offset, cache)
        # After an error nobody looks at the recent offsets any more.
        results.append((status, history, cache if status >= 0 else None))
    assert results[0] == results[1]


def test_long_packets_agree() -> None:
    # Noise, and after it what ends a packet.
    for seed in range(30):
        data = random.Random(seed).randbytes(seed * 20) + b"\xff\x17" * 8
        results = []
        for kernel in pair("ncrush"):
            history, cache = bytearray(65536), bytearray(16)
            results.append((kernel.decompress(data, history, 5, cache), history))
        assert results[0] == results[1]


@given(st.lists(DATA | st.binary(max_size=200), max_size=5), st.integers(0, 200))
def test_any_data_gives_the_same(packets: list[bytes], room: int) -> None:
    results: list[list[bytearray | None]] = []
    for kernel in pair("ncrush"):
        history, places, recent, offset = bytearray(65536), bytearray(kernel.PLACES), bytearray(16), 0
        results.append([])
        for data in packets:
            out = bytearray(room + kernel.SLACK)
            count = kernel.compress(data, history, places, offset, recent, out)
            offset += len(data)
            results[-1].append(out[:count] if count >= 0 else None)
            if count < 0:
                history, places, recent, offset = bytearray(65536), bytearray(kernel.PLACES), bytearray(16), 0
        results[-1] += [history, places, recent]
    assert results[0] == results[1]


@given(st.integers(0, 65535), st.integers(0, 9))
def test_sliding_agrees(shift: int, seed: int) -> None:
    tables = []
    for kernel in pair("ncrush"):
        places = bytearray(random.Random(seed).randbytes(kernel.PLACES))
        kernel.slide(places, shift)
        tables.append(places)
    assert tables[0] == tables[1]


def test_both_say_the_same_sizes() -> None:
    for kernel in pair("ncrush"):
        assert (kernel.HISTORY, kernel.LONGEST, kernel.PLACES, kernel.SLACK) == (65536, 65528, 32768, 8)
    assert len(plain.LENGTHS) == 30
