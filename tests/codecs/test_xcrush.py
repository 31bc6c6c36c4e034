from __future__ import annotations

import random
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs.twins import FORMS, use
from trio_rdp.codecs import mppc, xcrush
from trio_rdp.codecs.mppc import AT_FRONT, COMPRESSED, FLUSHED, SHORTEST
from trio_rdp.codecs.plain.xcrush import HISTORY, LONGEST, PLACES, ROOM
from trio_rdp.codecs.xcrush import TYPE, Compressor, Decompressor
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

L1_COMPRESSED, L1_NO_COMPRESSION, L1_AT_FRONT, L1_INNER = 0x01, 0x02, 0x04, 0x10


@pytest.fixture(params=FORMS, autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    use(request.param, monkeypatch, xcrush, mppc)
    face: ModuleType = xcrush
    kernel: ModuleType = face.kernel
    return kernel


def packet(*matches: tuple[int, int, int], literals: bytes = b"", flags: int = L1_COMPRESSED) -> bytes:
    """A packet without a second level; matches are length, output offset, history offset, as in the document."""
    data = bytes((flags, 0)) + len(matches).to_bytes(2, "little")
    for length, output, source in matches:
        data += length.to_bytes(2, "little") + output.to_bytes(2, "little") + source.to_bytes(4, "little")
    return data + literals


def test_the_documents_example() -> None:
    # [MS-RDPEGDI] 4.7.  The second packet is shown as it is behind its level 2, whose flags say it had one.
    decompressor = Decompressor()
    first = bytes.fromhex("16 80 61 62 63 64 65 66 67 68 69 6a")
    assert decompressor.decompress(first, COMPRESSED) == b"abcdefghij"
    second = bytes.fromhex("11 21 02 00 09 00 05 00 03 00 00 00 04 00 0e 00 00 00 00 00 6b 6c 6d 6e 6f 75")
    shown = bytes((second[0] & ~L1_INNER, second[1])) + second[2:]
    assert decompressor.decompress(shown, COMPRESSED) == b"klmnodefghijklabcdu"
    assert decompressor._history[:29] == b"abcdefghijklmnodefghijklabcdu"
    assert packet((9, 5, 3), (4, 14, 0), literals=b"klmnou") == bytes((1, 0)) + second[2:]


def test_a_flush_clears_what_was_written() -> None:
    decompressor = Decompressor()
    long = packet((60_000, 1, 0), literals=b"x")
    assert decompressor.decompress(long, COMPRESSED) == b"x" * 60_001
    # Begun again at the front, what lies behind is still there, and then a flush takes all of it.
    assert decompressor.decompress(bytes((L1_NO_COMPRESSION | L1_AT_FRONT, 0)) + b"abc", COMPRESSED) == b"abc"
    assert decompressor.decompress(packet((3, 0, 50_000)), COMPRESSED) == b"xxx"
    assert decompressor.decompress(packet((3, 0, 50_000)), COMPRESSED | FLUSHED) == bytes(3)
    # Nobody knows how far a packet came that breaks off.
    with pytest.raises(Truncated):
        decompressor.decompress(packet((60_000, 1, 0), (9, 60_009, 0), literals=b"y"), COMPRESSED)
    assert decompressor.decompress(bytes((L1_NO_COMPRESSION, 0)) + b"abc", COMPRESSED | FLUSHED) == b"abc"
    assert decompressor.decompress(packet((3, 0, 40_000)), COMPRESSED) == bytes(3)


def test_a_second_level_is_undone_first() -> None:
    inner = mppc.Compressor(mppc.Kind.RDP5)
    flags, data = inner.compress(packet((9, 5, 3), literals=b"klmno" + b"rest " * 20)[2:])
    decompressor = Decompressor()
    assert decompressor.decompress(b"\x02\x00abcdefghijklmn", COMPRESSED) == b"abcdefghijklmn"
    text = decompressor.decompress(bytes((L1_COMPRESSED | L1_INNER, flags)) + data, COMPRESSED)
    assert text == b"klmnodefghijkl" + b"rest " * 20


def test_matches_may_overlap_what_they_make() -> None:
    assert Decompressor().decompress(packet((9, 2, 0), literals=b"xy!"), COMPRESSED) == b"xyxyxyxyxyx!"
    assert Decompressor().decompress(packet((100, 1, 0), literals=b"xy"), COMPRESSED) == b"x" * 101 + b"y"
    # What lies ahead is from a lap before, or zeros.
    assert Decompressor().decompress(packet((5, 1, 3), literals=b"x"), COMPRESSED) == b"x" + bytes(5)


def test_a_packet_at_the_front_keeps_the_rest_of_the_history() -> None:
    decompressor = Decompressor()
    decompressor.decompress(b"\x02\x00abcdefghij", COMPRESSED)
    assert decompressor.decompress(b"\x06\x00XY", COMPRESSED) == b"XY"
    assert decompressor.decompress(packet((4, 0, 0)), COMPRESSED) == b"XYXY"
    assert decompressor.decompress(packet((4, 0, 6)), COMPRESSED) == b"ghij"
    assert decompressor.decompress(b"raw", FLUSHED) == b"raw"
    assert decompressor.decompress(packet((4, 0, 6)), COMPRESSED) == bytes(4)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Truncated),
        (b"\x02", Truncated),
        (b"\x01\x00", Truncated),
        (b"\x01\x00\x00", Truncated),
        (packet((1, 0, 0))[:-1], Truncated),
        (b"\x10\x00abc", InvalidField),  # neither compressed nor not
        (b"\x04\x00abc", InvalidField),
        (packet((1, 3, 0), literals=b"ab"), Truncated),  # fewer literals than come before the match
        (packet((4, 2, 0), (1, 5, 0), literals=b"abcdef"), InvalidField),  # back over the match before
        (packet((1, 0, HISTORY)), InvalidField),
        (packet((2, 0, HISTORY - 1)), InvalidField),
        (packet((1, 0, 0xFFFFFFFF)), InvalidField),
        (packet(*[(0xFFFF, 0, 0)] + [(0xFFFF, 0xFFFF, 0)] * 40), InvalidField),
        (packet(*[(0xFFFF, 0, 0)] * 2), InvalidField),
        (b"\x12\x21\xff\xff", DecodeError),
    ],
)
def test_bytes_that_do_not_decompress(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        Decompressor().decompress(data, COMPRESSED)


def test_a_packet_ends_with_the_history() -> None:
    decompressor = Decompressor()
    decompressor._offset = HISTORY - 10
    assert decompressor.decompress(b"\x02\x000123456789", COMPRESSED) == b"0123456789"
    for data in (b"\x02\x00x", packet((1, 0, 0)), packet(literals=b"x")):
        decompressor._offset = HISTORY
        with pytest.raises(InvalidField):
            decompressor.decompress(data, COMPRESSED)
    decompressor._offset = HISTORY
    assert decompressor.decompress(packet(), COMPRESSED) == b""


def test_histories_of_another_size_are_refused(kernel: ModuleType) -> None:
    with pytest.raises(ValueError, match="history"):
        kernel.decompress(b"", bytearray(100), 0, True)
    history, places = bytearray(HISTORY), bytearray(PLACES)
    for offset in (-1, HISTORY + 1):
        with pytest.raises(ValueError, match="history"):
            kernel.decompress(b"", history, offset, False)
    with pytest.raises(ValueError, match="history"):
        kernel.compress(b"", bytearray(100), places, 0, bytearray(8))
    with pytest.raises(ValueError, match="history"):
        kernel.compress(b"", history, bytearray(100), 0, bytearray(8))
    for data, offset in ((b"", -1), (b"x", ROOM), (bytes(LONGEST + 1), 0)):
        with pytest.raises(ValueError, match="packet"):
            kernel.compress(data, history, places, offset, bytearray(8))


def test_long_matches_are_taken_out_from_far_away() -> None:
    chance = random.Random(4)
    screens = [bytes(chance.choice(b"etaoin") for _ in range(3000)) for _ in range(30)]
    compressor, decompressor = Compressor(), Decompressor()
    for lap in range(2):
        for screen in screens:
            flags, data = compressor.compress(screen)
            assert flags == COMPRESSED | TYPE
            assert decompressor.decompress(data, flags) == screen
            # 90,000 bytes are more than the second level remembers.
            assert not lap or (data[0] & L1_COMPRESSED and len(data) < 500)


def test_matches_are_said_as_the_document_says(kernel: ModuleType) -> None:
    chance = random.Random(5)
    block = chance.randbytes(2000)
    history, places, out = bytearray(HISTORY), bytearray(PLACES), bytearray(4000)
    assert kernel.compress(block, history, places, 0, out) < 0
    count = kernel.compress(b"before" + block[100:1900] + b"after", history, places, 2000, out)
    # One match, at six bytes of output, and what is left over.
    assert out[:count].hex(" ", -2) == "0100 0807 0600 6400 0000 6265 666f 7265 6166 7465 72"


def test_what_would_grow_leaves_the_histories_alone() -> None:
    chance = random.Random(6)
    compressor, decompressor = Compressor(), Decompressor()
    for data in (b"", b"a" * (SHORTEST - 1), bytes(LONGEST + 1), chance.randbytes(500)):
        assert compressor.compress(data) == (0, data)
    text = b"what comes again " * 5
    flags, data = compressor.compress(text)
    assert flags == COMPRESSED | TYPE
    assert data[0] == L1_NO_COMPRESSION | L1_AT_FRONT | L1_INNER
    assert data[1] == COMPRESSED | AT_FRONT | FLUSHED | 1
    assert decompressor.decompress(data, flags) == text
    assert compressor.compress(chance.randbytes(500))[0] == 0
    flags, data = compressor.compress(text)
    assert data[0] & ~L1_COMPRESSED & ~L1_NO_COMPRESSION == L1_INNER
    assert decompressor.decompress(data, flags) == text


def test_a_packet_that_shrinks_less_than_its_header_leaves_the_histories_alone() -> None:
    compressor, decompressor = Compressor(), Decompressor()
    chance = random.Random(7)
    seen = set()
    for number in range(120):
        data = bytes(chance.randrange(128) for _ in range(60)) + b"abcd" * (number % 3)
        flags, packet = compressor.compress(data)
        seen.add(flags)
        assert len(packet) <= len(data)
        assert (decompressor.decompress(packet, flags) if flags else packet) == data
    assert seen == {0, COMPRESSED | TYPE}


def test_a_reset_flushes_the_next_packet() -> None:
    compressor, decompressor = Compressor(), Decompressor()
    text = b"once upon a time " * 4
    for _ in range(2):
        flags, data = compressor.compress(memoryview(text))
        assert decompressor.decompress(data, flags) == text
    compressor.reset()
    flags, data = compressor.compress(text)
    assert flags == COMPRESSED | FLUSHED | TYPE
    assert data[:2] == bytes((L1_NO_COMPRESSION | L1_AT_FRONT | L1_INNER, COMPRESSED | AT_FRONT | FLUSHED | 1))
    assert decompressor.decompress(data, flags) == text
    assert decompressor.decompress(compressor.compress(text)[1], COMPRESSED) == text


def test_the_history_begins_again_at_its_end() -> None:
    compressor, decompressor = Compressor(), Decompressor()
    flags, data = compressor.compress(b"first " * 20)
    decompressor.decompress(data, flags)
    compressor._offset = decompressor._offset = ROOM - 100
    flags, data = compressor.compress(b"fits " * 20)
    assert not data[0] & L1_AT_FRONT
    assert decompressor.decompress(data, flags) == b"fits " * 20
    flags, data = compressor.compress(b"last " * 20)
    assert data[0] & L1_AT_FRONT
    assert decompressor.decompress(data, flags) == b"last " * 20
    assert compressor._offset == decompressor._offset == 100


PIECES = st.lists(
    st.binary(max_size=30)
    | st.builds(bytes.__mul__, st.binary(min_size=1, max_size=6), st.integers(1, 60))
    | st.builds(lambda seed, size: random.Random(seed).randbytes(size), st.integers(0, 3), st.integers(1, 300))
)


@given(st.lists(PIECES.map(b"".join), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_whatever_is_compressed_comes_back(packets: list[bytes]) -> None:
    compressor, decompressor = Compressor(), Decompressor()
    for data in packets:
        flags, packet = compressor.compress(data)
        assert len(packet) <= len(data)
        assert (decompressor.decompress(packet, flags) if flags else packet) == data
