from __future__ import annotations

import random
import struct
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs.twins import twins
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

FOX = b"The quick brown fox jumps over the lazy dog"


@pytest.fixture(params=twins("zgfx"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(zgfx, "kernel", module)
    return module


def decompress(data: str) -> bytes:
    return zgfx.Decompressor().decompress(bytes.fromhex(data))


def bits(*tokens: str, kind: int = 4) -> bytes:
    """One segment of tokens written as zeros and ones, as a whole structure."""
    stream = "".join(tokens).replace(" ", "")
    unused = -len(stream) % 8
    body = int(stream + "0" * unused or "0", 2).to_bytes((len(stream) + unused) // 8, "big")
    return bytes((0xE0, 0x20 | kind)) + body + bytes((unused,))


def test_the_documents_literals_and_a_run() -> None:
    # [MS-RDPEGFX] 4.2.1.1.1: short literals, a long one, a match of distance 1.
    assert decompress("e0 24 ce 9b 19 62 18 00") == bytes.fromhex("01 02 ff 65 65 65 65 65")


def test_the_documents_unencoded_segment() -> None:
    # [MS-RDPEGFX] 4.2.1.1.2: no PACKET_COMPRESSED.
    assert zgfx.Decompressor().decompress(b"\xe0\x04" + FOX) == FOX


def test_the_documents_overlapping_match() -> None:
    # [MS-RDPEGFX] 4.2.1.1.3: ABC, then 57 bytes of distance 3.
    assert decompress("e0 24 20 90 88 71 1f b2 01") == b"ABC" * 20


def test_the_documents_multipart_structure() -> None:
    # [MS-RDPEGFX] 4.2.1.1.4.
    stream = bytes.fromhex(
        "e1"  # MULTIPART
        "03 00"  # segmentCount
        "2b 00 00 00"  # uncompressedSize
        "11 00 00 00 04 54 68 65 20 71 75 69 63 6b 20 62 72 6f 77 6e 20"  # 17 bytes, not compressed
        "0e 00 00 00 04 66 6f 78 20 6a 75 6d 70 73 20 6f 76 65"  # 14 bytes, not compressed
        "10 00 00 00 24 39 08 0e 91 f8 d8 61 3d 1e 44 06 43 79 9c 02"  # 16 bytes, two bits unused
    )
    assert zgfx.Decompressor().decompress(stream) == FOX
    for size in range(len(stream)):
        with pytest.raises(Truncated):
            zgfx.Decompressor().decompress(stream[:size])


def test_the_documents_unencoded_run() -> None:
    # [MS-RDPEGFX] 4.2.1.1.5: distance 0, then a count in 15 bits and the bytes from the next whole byte on.
    data = (FOX + bytes.fromhex("ba ad c0 de f1") + random.Random(5).randbytes(954))[:1000]
    assert zgfx.Decompressor().decompress(bytes.fromhex("e0 24 88 01 f4 00") + data + b"\0") == data


def test_the_documents_tokens() -> None:
    # [MS-RDPEGFX] 3.1.9.1.2.5: nine times 0x49 after the first.
    assert zgfx.Decompressor().decompress(bits("0 01001001", "10001 00001", "110 001")) == b"\x49" * 10
    # Distance 32 + 12, length 8 + 5, after 44 bytes.
    decompressor = zgfx.Decompressor()
    data = bytes(range(100, 144))
    assert decompressor.decompress(b"\xe0\x04" + data) == data
    assert decompressor.decompress(bits("10010 0001100", "110 101")) == data[:13]


def test_every_literal() -> None:
    short = {0x00: "11000", 0x01: "11001", 0x02: "110100", 0x03: "110101", 0xFF: "110110"}
    short |= {value: f"{0x6E + n:07b}" for n, value in enumerate((*range(4, 12), *range(0x3A, 0x41), 0x80))}
    short |= {0x0C: "11111100", 0x38: "11111101", 0x39: "11111110", 0x66: "11111111"}
    codes = [short.get(value, f"0{value:08b}") for value in range(256)]
    assert zgfx.Decompressor().decompress(bits(*codes)) == bytes(range(256))


@pytest.mark.parametrize(
    ("prefix", "extra", "base"),
    [
        ("10001", 5, 0),
        ("10010", 7, 32),
        ("10011", 9, 160),
        ("10100", 10, 672),
        ("10101", 12, 1696),
        ("101100", 14, 5792),
        ("101101", 15, 22176),
        ("1011100", 18, 54944),
        ("1011101", 20, 317088),
        ("10111100", 20, 1365664),
    ],
)
def test_every_distance(prefix: str, extra: int, base: int) -> None:
    decompressor = zgfx.Decompressor()
    noise = random.Random(2).randbytes(65535)
    total = 0
    while total <= base + 100:
        decompressor.decompress(b"\xe0\x04" + noise)
        total += 65535
    for distance in (max(base, 4), base + 99 if extra > 6 else base + 31):
        # The noise repeats, so what lies so far back is known; the match itself moves the end by four bytes.
        expected = bytes(noise[(total - distance + i) % 65535] for i in range(4))
        fresh = zgfx.Decompressor()
        for _ in range(total // 65535):
            fresh.decompress(b"\xe0\x04" + noise)
        value = f"{distance - base:0{extra}b}"
        assert fresh.decompress(bits(prefix, value, "10 00")) == expected


@pytest.mark.parametrize("length", [3, 4, 7, 8, 15, 16, 31, 64, 255, 256, 1000, 4096, 32767, 32768, 65504])
@pytest.mark.parametrize("distance", [1, 2, 3, 7, 15, 16, 17, 31])
def test_every_length(length: int, distance: int) -> None:
    start = bytes(range(0x50, 0x50 + distance))
    power = length.bit_length() - 1
    code = "0" if length == 3 else "1" * (power - 1) + "0" + f"{length - (1 << power):0{power}b}"
    out = zgfx.Decompressor().decompress(bits(*(f"0{v:08b}" for v in start), f"10001{distance:05b}", code))
    assert out == (start * (length // distance + 2))[: distance + length]


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        ("", Truncated),
        ("e0", Truncated),
        ("e0 24", Truncated),
        ("e2 04 00", InvalidField),  # neither SINGLE nor MULTIPART
        ("e0 05 00", InvalidField),  # a compression type of somebody else
        ("e0 24 07", InvalidField),  # seven unused bits of none
        ("e0 24 20 00", Truncated),  # eight bits of a literal of nine
        ("e0 24 88 48 01", InvalidField),  # distance 2 of nothing
        ("e0 24 80 00", InvalidField),  # 1000.... is no token
        ("e0 24 be 00", InvalidField),
        ("e0 24 88 00 28 00 41 00", Truncated),  # five unencoded bytes, of which there are two
        ("e0 24 c4 43 ff ff 80 00", InvalidField),  # a length of too many ones
        ("e1", Truncated),
        ("e1 01 00 05 00 00 00", Truncated),
        ("e1 01 00 05 00 00 00 06 00 00 00 04 31 32 33 34", Truncated),
        ("e1 01 00 05 00 00 00 05 00 00 00 04 31 32 33 34", InvalidField),  # four bytes, not five
        ("e1 01 00 03 00 00 00 05 00 00 00 04 31 32 33 34", InvalidField),  # four bytes, not three
        ("e1 01 00 00 00 01 00 05 00 00 00 04 31 32 33 34", InvalidField),  # more than a segment has
        ("e1 ff ff ff ff ff ff 05 00 00 00 04 31 32 33 34", InvalidField),  # 4 GiB
        ("e1 ff ff 00 00 01 00 05 00 00 00 04 31 32 33 34", Truncated),
    ],
)
def test_streams_that_cannot_be(stream: str, error: type[DecodeError]) -> None:
    with pytest.raises(error):
        decompress(stream)


def test_segments_end_at_their_limit() -> None:
    with pytest.raises(InvalidField, match="more data"):
        zgfx.Decompressor().decompress(b"\xe0\x04" + bytes(65536))
    run = bits("0 01000001", "10001 00001", "1" * 14, "0", "1" * 15)
    with pytest.raises(InvalidField, match="more data"):
        zgfx.Decompressor().decompress(run)  # 65,536 bytes
    with pytest.raises(InvalidField, match="1000 bytes"):
        zgfx.Decompressor(limit=1000).decompress(b"\xe0\x04" + bytes(1001))
    declared = b"\xe1" + struct.pack("<HI", 1, 1001) + struct.pack("<I", 1002) + b"\x04" + bytes(1001)
    with pytest.raises(InvalidField, match="1000 bytes"):
        zgfx.Decompressor(limit=1000).decompress(declared)


def test_reset_forgets_the_history() -> None:
    decompressor = zgfx.Decompressor()
    decompressor.decompress(b"\xe0\x04ABC")
    assert decompressor.decompress(bits("10001 00011 0")) == b"ABC"
    decompressor.reset()
    with pytest.raises(DecodeError):
        decompressor.decompress(bits("10001 00011 0"))


def test_the_lite_kind_has_a_small_history() -> None:
    decompressor = zgfx.Decompressor(zgfx.Kind.RDP8_LITE)
    data = random.Random(1).randbytes(8192)
    assert decompressor.decompress(b"\xe0\x06" + data) == data
    # Distance 8192 = 5792 + 2400.
    assert decompressor.decompress(bits("101100", f"{2400:014b}", "0", kind=6)) == data[:3]
    with pytest.raises(DecodeError):
        decompressor.decompress(bits("101100", f"{2401:014b}", "0", kind=6))
    with pytest.raises(DecodeError):
        zgfx.Decompressor(zgfx.Kind.RDP8_LITE).decompress(b"\xe0\x06" + bytes(8193))
    with pytest.raises(DecodeError):
        zgfx.Decompressor(zgfx.Kind.RDP8_LITE).decompress(b"\xe0\x04" + bytes(3))


def round_trip(*messages: bytes, kind: zgfx.Kind = zgfx.Kind.RDP8) -> list[bytes]:
    compressor, decompressor = zgfx.Compressor(kind), zgfx.Decompressor(kind)
    out = [compressor.compress(message) for message in messages]
    assert [decompressor.decompress(data) for data in out] == list(messages)
    return out


def test_the_documents_inputs_become_no_longer_than_there() -> None:
    assert round_trip(b"") == [bytes.fromhex("e0 04")]
    assert len(round_trip(bytes.fromhex("01 02 ff 65 65 65 65 65"))[0]) <= 10
    assert round_trip(FOX) == [b"\xe0\x04" + FOX]
    # "ABC" and one match of distance 3, bit by bit as in 4.2.1.1.3.
    assert round_trip(b"ABC" * 20) == [bytes.fromhex("e0 24 20 90 88 71 1f b2 01")]


def test_matches_are_found_in_messages_before() -> None:
    message = random.Random(4).randbytes(3000)
    first, again, moved = round_trip(message, message, b"!" + message[5:] + b"?")
    assert len(first) == 3002
    assert len(again) < 12
    assert len(moved) < 16


def test_long_literals_are_sent_as_they_are() -> None:
    message = random.Random(4).randbytes(3000)
    out = round_trip(message + bytes(1000))[0]
    assert len(out) < 3000 + 30
    assert message[8:] in out


def test_many_segments() -> None:
    message = b"".join(struct.pack("<I", value // 3) for value in range(50_000))
    out = round_trip(message)[0]
    assert out[0] == 0xE1
    assert struct.unpack_from("<HI", out, 1) == (4, 200_000)
    assert len(out) < 100_000


@pytest.mark.parametrize("kind", zgfx.Kind)
def test_what_is_stored_at_first_is_remembered(kind: zgfx.Kind) -> None:
    compressor, decompressor = zgfx.Compressor(kind), zgfx.Decompressor(kind)
    words = [b"stored at first, and seen again", b"", b"and more of it, stored too"]
    for word in words:
        assert compressor.compress(word, store=True) == bytes((0xE0, kind)) + word
    once = zgfx.Compressor(kind).compress(words[0] * 2, store=False)
    again = compressor.compress(words[0] * 2)
    assert len(again) < len(once)
    compressor.reset()
    assert compressor.compress(words[0] * 2) == once
    for word in words:
        assert decompressor.decompress(bytes((0xE0, kind)) + word) == word
    assert decompressor.decompress(again) == words[0] * 2


def test_what_is_compressed_already_is_stored() -> None:
    source = random.Random(6)
    messages = [source.randbytes(size) for size in (65535, 65536, 4096, 5000)]
    out = round_trip(*messages)
    assert [len(data) - len(message) for data, message in zip(out, messages, strict=True)] == [2, 17, 2, 2]
    # And yet it is remembered, if not all of it.
    compressor, decompressor = zgfx.Compressor(), zgfx.Decompressor()
    for again in (False, True):
        data = compressor.compress(messages[0])
        assert (len(data) < 200) == again
        assert decompressor.decompress(data) == messages[0]


def test_storing_is_remembered_by_the_peer() -> None:
    compressor, decompressor = zgfx.Compressor(), zgfx.Decompressor()
    zeros = bytes(3000)
    for store in (True, False, True, False):
        data = compressor.compress(zeros, store=store)
        assert (len(data) == 3002) == store
        assert decompressor.decompress(data) == zeros
    compressor.reset()
    assert zgfx.Decompressor().decompress(compressor.compress(zeros)) == zeros


def test_the_lite_kind_moves_its_window() -> None:
    source = random.Random(8)
    words = [source.randbytes(source.randrange(2, 30)) for _ in range(100)]
    messages = [b"".join(source.choices(words, k=90)) for _ in range(60)]
    out = round_trip(*messages, kind=zgfx.Kind.RDP8_LITE)
    assert sum(map(len, messages)) > 8192 + 2 * 32768
    assert sum(map(len, out)) < sum(map(len, messages)) / 3
    assert {data[1] for data in out} == {0x26}


PIECES = st.one_of(
    st.binary(max_size=40),
    st.tuples(st.binary(min_size=1, max_size=5), st.integers(1, 200)).map(lambda v: v[0] * v[1]),
    st.tuples(st.integers(0, 255), st.integers(1, 4000)).map(lambda v: bytes((v[0],)) * v[1]),
    st.sampled_from((FOX, bytes(range(256)), random.Random(1).randbytes(300))),
)


@given(st.lists(st.lists(PIECES, max_size=12).map(b"".join), min_size=1, max_size=5), st.sampled_from(zgfx.Kind))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_nothing_is_lost(messages: list[bytes], kind: zgfx.Kind) -> None:
    for data, message in zip(round_trip(*messages, kind=kind), messages, strict=True):
        assert len(data) <= len(message) + 2 or kind == zgfx.Kind.RDP8_LITE
