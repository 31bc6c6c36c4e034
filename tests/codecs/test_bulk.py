from __future__ import annotations

import contextlib
import random

import pytest

from trio_rdp.codecs.bulk import BulkCompressor, BulkDecompressor
from trio_rdp.codecs.mppc import Kind
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError


def test_histories_are_made_at_first_use() -> None:
    bulk = BulkDecompressor()
    assert bulk.decompress(0x01, b"plain") == b"plain"
    assert not bulk._decompressors
    assert bulk.decompress(0x61, b"abc") == b"abc"
    assert bulk._decompressors.keys() == {Kind.RDP5}
    assert bulk.decompress(0x60, b"abc") == b"abc"
    assert bulk._decompressors.keys() == {Kind.RDP5, Kind.RDP4}


def test_each_type_has_a_history_of_its_own() -> None:
    bulk = BulkDecompressor()
    bulk.decompress(0x61, b"xyz")
    bulk.decompress(0x60, b"abc")
    # Three back, three long, in each type's own codes.
    assert bulk.decompress(0x21, bytes((0b11111000, 0b01100000))) == b"xyz"
    assert bulk.decompress(0x20, bytes((0b11110000, 0b11000000))) == b"abc"


@pytest.mark.parametrize("kind", range(4))
def test_a_reset_decompressor_has_forgotten(kind: int) -> None:
    compressor, bulk = BulkCompressor(kind), BulkDecompressor()
    text = random.Random(kind).randbytes(400)
    packets = [compressor.compress(text * 2), compressor.compress(text * 2)]
    assert [bulk.decompress(*packet) for packet in packets] == [text * 2] * 2
    # Each by itself and all together: the same bytes a second time, and then nothing to copy from.
    one = bulk._decompressors[kind]
    one.reset()
    assert [one.decompress(data, flags) for flags, data in packets] == [text * 2] * 2
    one.reset()
    flags, data = packets[1]
    with contextlib.suppress(DecodeError):
        assert one.decompress(data, flags) != text * 2
    bulk.reset()
    assert not bulk._decompressors


@pytest.mark.parametrize("kind", [4, 15])
def test_types_that_do_not_exist_are_refused(kind: int) -> None:
    with pytest.raises(RemoteProtocolError, match=f"type {kind}"):
        BulkDecompressor().decompress(0x20 | kind, b"")
    assert BulkDecompressor().decompress(kind, b"as it is") == b"as it is"
    with pytest.raises(ValueError, match=f"type {kind}"):
        BulkCompressor(kind)


def test_any_buffer_will_do() -> None:
    assert BulkDecompressor().decompress(0x61, memoryview(b"abc")) == b"abc"
    assert BulkDecompressor().decompress(0, bytearray(b"abc")) == b"abc"
    for kind in range(4):
        compressor = BulkCompressor(kind)
        for data in (memoryview(b"abc" * 50), bytearray(b"abc" * 50)):
            assert compressor.compress(data)[0] & 0x2F == 0x20 | kind


@pytest.mark.parametrize("kind", range(4))
def test_what_one_compresses_the_other_decompresses(kind: int) -> None:
    chance = random.Random(kind)
    words = [chance.randbytes(chance.randrange(3, 30)) for _ in range(300)]
    compressor, decompressor = BulkCompressor(kind), BulkDecompressor()
    assert compressor.kind == kind
    size = packed = 0
    for number in range(400):
        data = b"".join(chance.choice(words) for _ in range(chance.randrange(150)))
        if number % 40 == 0:
            compressor.reset()
        if number % 13 == 0:
            data = chance.randbytes(chance.randrange(1000))
        flags, packet = compressor.compress(data)
        assert not flags or flags & 0x0F == kind
        assert decompressor.decompress(flags, packet) == data
        size, packed = size + len(data), packed + len(packet)
    assert packed < size * 0.8


@pytest.mark.parametrize("kind", range(4))
def test_a_packet_after_others_that_were_lost_raises_or_gives_bytes(kind: int) -> None:
    chance = random.Random(kind)
    compressor = BulkCompressor(kind)
    packets = [compressor.compress(chance.randbytes(40) * 9 + bytes(60)) for _ in range(60)]
    for start in range(1, 50):
        decompressor = BulkDecompressor()
        for flags, packet in packets[start : start + 5]:
            try:
                assert len(decompressor.decompress(flags, packet)) <= 2_000_000
            except DecodeError:
                break
