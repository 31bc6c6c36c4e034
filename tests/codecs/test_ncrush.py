from __future__ import annotations

import random
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs.twins import twins
from trio_rdp.codecs import ncrush
from trio_rdp.codecs.mppc import AT_FRONT, COMPRESSED, FLUSHED, SHORTEST
from trio_rdp.codecs.ncrush import TYPE, Compressor, Decompressor
from trio_rdp.codecs.plain.ncrush import LENGTHS, OFFSETS, WIDTHS, WIDTHS_OF_LENGTHS, canonical
from trio_rdp.wire.errors import InvalidField, Truncated

CODES = canonical(WIDTHS)
CODES_OF_LENGTHS = canonical(WIDTHS_OF_LENGTHS)
EOS = 256


@pytest.fixture(params=twins("ncrush"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(ncrush, "kernel", module)
    return module


class Bits:
    """A stream made by hand: each number's lowest bit goes first, from each byte's low end."""

    def __init__(self) -> None:
        self.number = self.width = 0

    def put(self, number: int, width: int) -> Bits:
        self.number |= number << self.width
        self.width += width
        return self

    def symbols(self, *symbols: int) -> Bits:
        for symbol in symbols:
            self.put(CODES[symbol], WIDTHS[symbol])
        return self

    def offset(self, offset: int) -> Bits:
        index = max(index for index, (_, base) in enumerate(OFFSETS) if base <= offset)
        extra, base = OFFSETS[index]
        return self.symbols(257 + index).put(offset - base, extra)

    def length(self, index: int, number: int = 0) -> Bits:
        return self.put(CODES_OF_LENGTHS[index], WIDTHS_OF_LENGTHS[index]).put(number, LENGTHS[index][0])

    def cut(self) -> bytes:
        return self.number.to_bytes((self.width + 7) // 8, "little")

    def end(self) -> bytes:
        return self.symbols(EOS).cut()


def inflate(data: bytes, flags: int = COMPRESSED) -> bytes:
    return Decompressor().decompress(data, flags)


def test_the_documents_codes() -> None:
    # [MS-RDPEGDI] 3.1.8.1.4.1 and 3.1.8.1.4.2, tables 1, 2, 4 and 5: those the text speaks of, and corners.
    assert [(CODES[index], WIDTHS[index]) for index in (0, 131, 171, 256, 257, 263, 288, 289, 292)] == [
        (0x0004, 6),
        (0x02A7, 10),
        (0x07FF, 13),
        (0x17FF, 13),
        (0x0FFF, 13),
        (0x0034, 6),
        (0x00ED, 8),
        (0x0018, 5),
        (0x0065, 7),
    ]
    assert [(CODES_OF_LENGTHS[index], WIDTHS_OF_LENGTHS[index]) for index in (0, 21, 23, 31)] == [
        (0x0001, 4),
        (0x009F, 8),
        (0x01DF, 9),
        (0x01FF, 9),
    ]
    assert len(WIDTHS) == 293
    # Table 3 says one more than the offset: 9, 16385 and 49153.
    assert [OFFSETS[index] for index in (0, 1, 3, 4, 6, 28, 31)] == [
        (0, 0),
        (0, 1),
        (0, 3),
        (1, 4),
        (2, 8),
        (13, 16384),
        (14, 49152),
    ]


def test_the_documents_copy_offsets() -> None:
    # 3.1.8.1.4.4.1.1: the code 0x34 in six bits, then 0 or 3 in two, is 8 or 11 back.
    text = bytes(range(0x41, 0x41 + 11))
    for extra, offset in ((0, 8), (3, 11)):
        data = Bits().symbols(*text).put(0x34, 6).put(extra, 2).length(0).end()
        assert inflate(data) == text + text[-offset:][:2]


def test_the_documents_lengths_of_match() -> None:
    # 3.1.8.1.4.4.2.1: the code 1 in four bits is 2 long; 0x1DF in nine bits, then 3 in four, is 117 long.
    assert inflate(Bits().symbols(0x61).offset(1).put(0x0001, 4).end()) == b"a" * 3
    assert inflate(Bits().symbols(0x61).offset(1).put(0x01DF, 9).put(3, 4).end()) == b"a" * 118


def test_every_literal() -> None:
    assert inflate(Bits().symbols(*range(256)).end()) == bytes(range(256))


@pytest.mark.parametrize("index", range(30))
def test_every_length_code(index: int) -> None:
    extra, base = LENGTHS[index]
    for number in {0, (1 << extra) - 1}:
        data = Bits().symbols(0x7A).offset(1).length(index, number).end()
        assert inflate(data) == b"z" * (1 + base + number)


@pytest.mark.parametrize("index", range(1, 32))
def test_every_offset_code(kernel: ModuleType, index: int) -> None:
    extra, base = OFFSETS[index]
    for number in {0, (1 << extra) - 1}:
        history = bytearray(random.Random(index).randbytes(65536))
        before = bytes(history)
        at = 65530
        data = Bits().symbols(257 + index).put(number, extra).length(2).end()
        assert kernel.decompress(data, history, at, bytearray(16)) == at + 4
        distance = base + number
        assert history[:at] == before[:at]
        assert history[at + 4 :] == before[at + 4 :]
        if distance <= at:
            assert history[at : at + 4] == (before[at - distance : at] * 4)[:4]
        else:
            # What lies before the beginning is the end of the ring.
            start = at - distance + 65536
            assert history[at : at + 4] == (before[start:] + history)[:4]


def test_recent_offsets_change_places() -> None:
    text = bytes(range(0x30, 0x50))
    stream = Bits().symbols(*text)
    for offset in (5, 6, 7, 8):
        stream.offset(offset).length(0)
    decompressor = Decompressor()
    decompressor.decompress(stream.end(), COMPRESSED)
    assert list(memoryview(decompressor._recent).cast("I")) == [8, 7, 6, 5]
    decompressor.decompress(Bits().symbols(289 + 2).length(0).end(), COMPRESSED)
    assert list(memoryview(decompressor._recent).cast("I")) == [6, 7, 8, 5]
    decompressor.decompress(Bits().offset(9).length(0).end(), COMPRESSED)
    assert list(memoryview(decompressor._recent).cast("I")) == [9, 6, 7, 8]
    decompressor.decompress(Bits().end(), COMPRESSED | FLUSHED)
    assert not any(decompressor._recent)


def test_a_history_slides_back_by_half() -> None:
    decompressor = Decompressor()
    run = Bits().symbols(*b"ab").offset(2).length(28, 16383)
    assert decompressor.decompress(run.end(), COMPRESSED) == b"ab" * 8193 + b"a"
    with pytest.raises(InvalidField, match="slide"):
        decompressor.decompress(b"", AT_FRONT)
    again = Bits().offset(16386).length(28, 16383).symbols(289).length(28, 16383).symbols(*b"!").end()
    assert len(decompressor.decompress(again, COMPRESSED)) == 2 * 16385 + 1
    assert decompressor._offset > 32768
    # What was sent last can be copied still, from the middle of the history.
    back = Bits().offset(3).length(1).end()
    assert decompressor.decompress(back, COMPRESSED | AT_FRONT)[-1:] == b"!"
    assert decompressor._offset == 32768 + 3
    assert decompressor.decompress(b"raw", FLUSHED) == b"raw"
    assert decompressor._offset == 0


def test_looking_back_over_the_front_finds_the_end_of_the_history() -> None:
    assert inflate(Bits().offset(100).length(3).end()) == bytes(5)
    assert inflate(Bits().symbols(*b"abc").offset(5).length(5).end()) == b"abc" + bytes(2) + b"abc" + bytes(2)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Truncated),
        (Bits().symbols(0x61).cut(), Truncated),
        (Bits().symbols(0x61).offset(1).length(28, 40).cut()[:-2], Truncated),
        (Bits().symbols(*b"abc").put(CODES[289 - 1] & 0xF, 4).cut(), Truncated),
        (b"\xff\xff\xff\xff", InvalidField),  # no such code
        (Bits().symbols(0x61).offset(1).put(0xFF, 9).put(0, 30).end(), InvalidField),  # no such length
        (Bits().symbols(0x61).symbols(257).length(3).end(), InvalidField),  # nothing back
        (Bits().symbols(0x61).symbols(290).length(3).put(0, 30).end(), InvalidField),  # no recent offset
        (Bits().symbols(0x61).symbols(289).length(0).put(0, 30).end(), InvalidField),
    ],
)
def test_bytes_that_do_not_decompress(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        inflate(data)


def test_a_packet_ends_with_the_history() -> None:
    full = Bits().symbols(0x61).offset(1).length(28, 16383)
    for _ in range(2):
        full.symbols(289).length(28, 16383)
    decompressor = Decompressor()
    # 65,535 bytes and one more fit; another does not, as a literal or in a copy.
    decompressor.decompress(full.symbols(289).length(28, 16379 - 2 - 1).symbols(0x61).end(), COMPRESSED)
    left = 65536 - decompressor._offset
    assert len(decompressor.decompress(Bits().symbols(*[0x62] * left).end(), COMPRESSED)) == left
    for more in (Bits().symbols(0x62), Bits().symbols(0x62).put(0, 60), Bits().offset(1).length(0).put(0, 60)):
        with pytest.raises(InvalidField):
            decompressor.decompress(more.end(), COMPRESSED)
        decompressor._offset = 65536


def test_histories_of_another_size_are_refused(kernel: ModuleType) -> None:
    for history, recent, offset in ((100, 16, 0), (65536, 8, 0), (65536, 16, 65537), (65536, 16, -1)):
        with pytest.raises(ValueError, match="history"):
            kernel.decompress(b"", bytearray(history), offset, bytearray(recent))
    places = bytearray(kernel.PLACES)
    for history, table, recent, out in ((100, places, 16, 8), (65536, b"", 16, 8), (65536, places, 8, 8)):
        with pytest.raises(ValueError, match="history"):
            kernel.compress(b"", bytearray(history), bytearray(table), 0, bytearray(recent), bytearray(out))
    with pytest.raises(ValueError, match="history"):
        kernel.compress(b"", bytearray(65536), places, 0, bytearray(16), bytearray(7))
    for offset in (-1, 65530):
        with pytest.raises(ValueError, match="packet"):
            kernel.compress(b"", bytearray(65536), places, offset, bytearray(16), bytearray(8))


def test_what_is_too_short_or_too_long_leaves_the_history_alone() -> None:
    compressor = Compressor()
    for data in (b"", b"a" * (SHORTEST - 1), bytes(65529)):
        assert compressor.compress(data) == (0, data)
    assert not compressor._history
    assert compressor.compress(b"a" * SHORTEST)[0] == COMPRESSED | TYPE


def test_what_would_grow_flushes_the_history() -> None:
    compressor, decompressor = Compressor(), Decompressor()
    noise = random.Random(1).randbytes(200)
    for data, expected in [
        (b"again and " * 9, COMPRESSED),
        (noise, FLUSHED),
        (noise, FLUSHED),
        (b"again and " * 9, COMPRESSED | FLUSHED),
        (b"again and " * 9, COMPRESSED),
    ]:
        flags, packet = compressor.compress(data)
        assert flags == expected | TYPE
        assert decompressor.decompress(packet, flags) == data
        assert packet == data if not flags & COMPRESSED else len(packet) < len(data)


def test_a_reset_flushes_the_next_packet() -> None:
    compressor = Compressor()
    first = compressor.compress(b"once upon a time " * 4)
    compressor.compress(b"once upon a time " * 4)
    compressor.reset()
    assert compressor.compress(memoryview(b"once upon a time " * 4)) == (first[0] | FLUSHED, first[1])


@pytest.mark.parametrize("length", [51, 769, 770, 16385, 16386, 16387, 16388, 40000, 65528])
def test_runs_of_every_length(length: int) -> None:
    flags, packet = Compressor().compress(b"r" * length)
    assert len(packet) <= 25
    assert inflate(packet, flags) == b"r" * length


def test_large_packets_and_slides() -> None:
    compressor, decompressor = Compressor(), Decompressor()
    seen = set()
    for length in (30000, 30000, 30000, 65528, 1000, 40000, 20000, 20000, 33000):
        data = (b"%d slides " % length * length)[:length]
        flags, packet = compressor.compress(data)
        seen.add(flags)
        assert decompressor.decompress(packet, flags) == data
    assert seen == {COMPRESSED | TYPE, COMPRESSED | AT_FRONT | TYPE, COMPRESSED | FLUSHED | TYPE}


def test_histories_slide_and_slide(kernel: ModuleType) -> None:
    rounds, size = (40, 6000) if "plain" not in kernel.__name__ else (25, 3000)
    chance = random.Random(3)
    text = b"".join(b"%d %x\n" % (number, number * number) for number in range(1500))
    compressor, decompressor = Compressor(), Decompressor()
    flagged = 0
    for _ in range(rounds):
        start = chance.randrange(len(text) // 2)
        data = text[start : start + chance.randrange(size - 500, size)]
        flags, packet = compressor.compress(data)
        flagged |= flags
        assert decompressor.decompress(packet, flags) == data
        assert decompressor._history == compressor._history
        assert decompressor._recent == compressor._recent
    assert flagged == COMPRESSED | AT_FRONT | TYPE


PIECES = st.lists(
    st.binary(max_size=30) | st.builds(bytes.__mul__, st.binary(min_size=1, max_size=6), st.integers(1, 60))
)


@given(st.lists(PIECES.map(b"".join), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_whatever_is_compressed_comes_back(packets: list[bytes]) -> None:
    compressor, decompressor = Compressor(), Decompressor()
    for data in packets:
        flags, packet = compressor.compress(data)
        assert len(packet) <= len(data)
        assert decompressor.decompress(packet, flags) == data
