"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.twins import pair

BYTES = st.integers(0, 255) | st.sampled_from((0xFF, 0xFE, 0xF8, 0xF0, 0xC0, 0x80, 0x41))
PACKETS = st.binary(max_size=100) | st.lists(BYTES, max_size=100).map(bytes)


@given(PACKETS, st.sampled_from((8192, 65536)), st.integers(0, 65536))
def test_any_packet_gives_the_same(data: bytes, size: int, offset: int) -> None:
    plain, compiled = pair("mppc")
    offset %= size + 1
    one = bytearray(index * 31 >> 3 & 0xFF for index in range(size))
    two = bytearray(one)
    assert plain.decompress(data, one, offset) == compiled.decompress(data, two, offset)
    assert one == two


def test_long_packets_agree() -> None:
    plain, compiled = pair("mppc")
    data = bytes(index * index >> 4 & 0x7F for index in range(7000)) + b"\xf8\x60" * 40
    one, two = bytearray(65536), bytearray(65536)
    assert plain.decompress(data, one, 10) == compiled.decompress(data, two, 10)
    assert one == two


DATA = st.lists(st.sampled_from((b"a", b"ab", b"abc", b"\x00", b"\xff\xfe", b"hello", bytes(9), b"zz" * 30))).map(
    b"".join
)


@given(st.lists(DATA | st.binary(max_size=200), max_size=5), st.sampled_from((8192, 65536)), st.integers(0, 200))
def test_any_data_gives_the_same(packets: list[bytes], size: int, room: int) -> None:
    results: list[list[bytearray | None]] = []
    for kernel in pair("mppc"):
        history, places, offset = bytearray(size), bytearray(kernel.PLACES), 0
        results.append([])
        for data in packets:
            out = bytearray(room + kernel.SLACK)
            count = kernel.compress(data, history, places, offset, out)
            offset = 0 if offset > size // 2 else offset + len(data)
            results[-1].append(out[:count] if count >= 0 else None)
            if count < 0:
                history, places, offset = bytearray(size), bytearray(kernel.PLACES), 0
        results[-1] += [history, places]
    assert results[0] == results[1]


def test_laps_agree() -> None:
    chance = random.Random(1)
    text = b"".join(b"%d %x\n" % (number, number * number) for number in range(900))
    packets = [text[start : start + 700] for start in (chance.randrange(5000) for _ in range(40))]
    results: list[tuple[int, bytearray]] = []
    for kernel in pair("mppc"):
        history, places, offset = bytearray(8192), bytearray(kernel.PLACES), 0
        for data in packets:
            offset = 0 if offset + len(data) > kernel.LONGEST[0] else offset
            out = bytearray(1000)
            results.append((kernel.compress(data, history, places, offset, out), out))
            offset += len(data)
    assert results[:40] == results[40:]
