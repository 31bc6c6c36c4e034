"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

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
