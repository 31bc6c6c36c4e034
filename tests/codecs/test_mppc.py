from __future__ import annotations

import random
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs.twins import twins
from trio_rdp.codecs import mppc
from trio_rdp.codecs.mppc import AT_FRONT, COMPRESSED, FLUSHED, SHORTEST, Compressor, Decompressor, Kind
from trio_rdp.wire.errors import InvalidField, Truncated


@pytest.fixture(params=twins("mppc"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(mppc, "kernel", module)
    return module


def bits(*parts: str) -> bytes:
    text = "".join(parts).replace(" ", "")
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def literals(text: str) -> str:
    return "".join(f"{value:08b}" if value < 0x80 else f"10{value & 0x7F:07b}" for value in text.encode("latin-1"))


def inflate(kind: Kind, data: bytes, flags: int = COMPRESSED | AT_FRONT) -> bytes:
    return Decompressor(kind).decompress(data, flags)


def test_the_documents_example() -> None:
    # [MS-RDPBCGR] 3.1.8.2: for.whom.the.bell.tolls,<16,15>.<40,4><19,3>e!
    data = bits(
        literals("for.whom.the.bell.tolls,"),
        "1111 010000 110 111",  # 16 back, 15 long
        literals("."),
        "1111 101000 10 00",  # 40 back, 4 long
        "1111 010011 0",  # 19 back, 3 long
        literals("e!"),
    )
    assert inflate(Kind.RDP4, data) == b"for.whom.the.bell.tolls,.the.bell.tolls.for.thee!"


def test_a_copy_replicates_itself() -> None:
    data = bits(literals("Xcd"), "11111 000010 10 00", literals("YZ"))
    assert inflate(Kind.RDP5, data) == b"XcdcdcdYZ"
    assert inflate(Kind.RDP5, bits(literals("a"), "11111 000001 111110 111111")) == b"a" * 128


@pytest.mark.parametrize(
    ("kind", "code", "distance"),
    [
        (Kind.RDP4, "1111 111111", 63),
        (Kind.RDP4, "1110 00000000", 64),
        (Kind.RDP4, "1110 11111111", 319),
        (Kind.RDP4, "110 0000000000000", 320),
        (Kind.RDP4, "110 1000000000000", 4416),
        (Kind.RDP5, "11111 111111", 63),
        (Kind.RDP5, "11110 00000000", 64),
        (Kind.RDP5, "11110 11111111", 319),
        (Kind.RDP5, "1110 00000000000", 320),
        (Kind.RDP5, "1110 11111111111", 2367),
        (Kind.RDP5, "110 0000000000000000", 2368),
        (Kind.RDP5, "110 0000001111111111", 3391),
    ],
)
def test_every_offset_code(kind: Kind, code: str, distance: int) -> None:
    text = "abc" + "".join(chr(0x20 + i % 90) for i in range(distance - 3))
    assert inflate(kind, bits(literals(text), code, "0"))[-3:] == b"abc"


@pytest.mark.parametrize("ones", range(1, 15))
def test_every_length_code(ones: int) -> None:
    kind = Kind.RDP4 if ones < 12 else Kind.RDP5
    offset = "1111 000001" if kind is Kind.RDP4 else "11111 000001"
    for extra in ("0" * (ones + 1), "1" * (ones - 1) + "00"):
        length = (2 << ones) + int(extra, 2)
        assert inflate(kind, bits(literals("z"), offset, "1" * ones, "0", extra)) == b"z" * (1 + length)


def test_literals_of_both_halves() -> None:
    text = "".join(map(chr, range(256)))
    assert inflate(Kind.RDP4, bits(literals(text))) == bytes(range(256))


def test_looking_back_over_the_front_finds_the_end_of_the_history() -> None:
    decompressor = Decompressor(Kind.RDP4)
    filler = bits(literals("x" * 8189 + "END"))
    assert len(decompressor.decompress(filler, COMPRESSED | AT_FRONT)) == 8192
    assert decompressor.decompress(bits("1111 000011 0"), COMPRESSED | AT_FRONT) == b"END"


def test_history_goes_on_from_packet_to_packet_until_it_is_flushed() -> None:
    decompressor = Decompressor(Kind.RDP5)
    assert decompressor.decompress(bits(literals("hello")), COMPRESSED | AT_FRONT) == b"hello"
    assert decompressor.decompress(b"raw", 0) == b"raw"
    back = bits("11111 000101 10 01")
    assert decompressor.decompress(back, COMPRESSED) == b"hello"
    assert decompressor.decompress(back, COMPRESSED | FLUSHED) == bytes(5)
    assert decompressor.decompress(b"raw", FLUSHED) == b"raw"


@pytest.mark.parametrize(
    ("kind", "data", "error"),
    [
        (Kind.RDP4, bits("1111 0000"), Truncated),
        (Kind.RDP4, bits("110 10000"), Truncated),
        (Kind.RDP5, bits("10 111111"), Truncated),
        (Kind.RDP4, bits("1111 000001", "1" * 12, "0" * 20), InvalidField),  # no such length
        (Kind.RDP5, bits("11111 000001", "1" * 15, "0" * 20), InvalidField),
        (Kind.RDP4, bits(literals("a"), "1111 000001", "1" * 11, "0", "1" * 12, literals("ab")), InvalidField),
        (Kind.RDP5, bits(literals("a" * 5), "11111 000001", "1" * 14, "0", "1" * 15), InvalidField),
        (Kind.RDP4, b"a" * 8193, InvalidField),
    ],
)
def test_bytes_that_do_not_decompress(kind: Kind, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        inflate(kind, data)


def test_no_bytes_are_no_bytes() -> None:
    assert inflate(Kind.RDP5, b"") == b""


def test_a_history_of_another_size_is_refused(kernel: ModuleType) -> None:
    with pytest.raises(ValueError, match="history"):
        kernel.decompress(b"", bytearray(100), 0)
    with pytest.raises(ValueError, match="history"):
        kernel.decompress(b"", bytearray(8192), 8193)
    with pytest.raises(ValueError, match="history"):
        kernel.compress(b"", bytearray(100), bytearray(kernel.PLACES), 0, bytearray(8))
    with pytest.raises(ValueError, match="history"):
        kernel.compress(b"", bytearray(8192), bytearray(100), 0, bytearray(8))
    with pytest.raises(ValueError, match="history"):
        kernel.compress(b"", bytearray(8192), bytearray(kernel.PLACES), 0, bytearray(7))
    with pytest.raises(ValueError, match="packet"):
        kernel.compress(bytes(100), bytearray(8192), bytearray(kernel.PLACES), 8189 - 100, bytearray(100))
    with pytest.raises(ValueError, match="packet"):
        kernel.compress(b"", bytearray(8192), bytearray(kernel.PLACES), -1, bytearray(100))


EXAMPLE = b"for.whom.the.bell.tolls,.the.bell.tolls.for.thee!"


def test_the_documents_example_backwards(kernel: ModuleType) -> None:
    out = bytearray(len(EXAMPLE))
    count = kernel.compress(EXAMPLE, bytearray(8192), bytearray(kernel.PLACES), 0, out)
    assert out[:count] == bits(
        literals("for.whom.the.bell.tolls,"),
        "1111 010000 110 111",
        literals("."),
        "1111 101000 10 00",
        "1111 010011 0",
        literals("e!"),
    )


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("distance", [3, 63, 64, 319, 320, 2367, 2368, 8000])
@pytest.mark.parametrize("length", [3, 4, 7, 8, 15, 16, 100])
def test_every_offset_and_length_comes_back(kernel: ModuleType, kind: Kind, distance: int, length: int) -> None:
    before = bytes(index * 7 % 251 if index < length else index % 3 for index in range(distance))
    data = before + (before * 40)[:length]
    out = bytearray(len(data) * 2 + kernel.SLACK)
    count = kernel.compress(data, bytearray(65536 if kind else 8192), bytearray(kernel.PLACES), 0, out)
    assert inflate(kind, bytes(out[:count])) == data


RUNS = (128, 255, 256, 1023, 1024, 4095, 4096, 8188, 16383, 16384, 32768, 65532)


@pytest.mark.parametrize(("kind", "length"), [(kind, length) for kind in Kind for length in RUNS[: 12 if kind else 8]])
def test_runs_of_every_length(kind: Kind, length: int) -> None:
    flags, packet = Compressor(kind).compress(b"r" * length)
    assert flags == COMPRESSED | AT_FRONT | kind
    assert len(packet) <= 7
    assert Decompressor(kind).decompress(packet, flags) == b"r" * length


def test_what_is_too_short_or_too_long_leaves_the_history_alone() -> None:
    for kind, longest in ((Kind.RDP4, 8188), (Kind.RDP5, 65532)):
        compressor = Compressor(kind)
        assert compressor.compress(b"") == (0, b"")
        assert compressor.compress(b"a" * (SHORTEST - 1)) == (0, b"a" * (SHORTEST - 1))
        assert compressor.compress(bytes(longest + 1)) == (0, bytes(longest + 1))
        assert not compressor._history
        assert compressor.compress(b"a" * SHORTEST)[0] == COMPRESSED | AT_FRONT | kind
        assert compressor.compress(bytes(longest + 1))[0] == 0
        assert compressor.compress(b"a" * SHORTEST)[0] == COMPRESSED | kind


@pytest.mark.parametrize("kind", Kind)
def test_what_would_grow_flushes_the_history(kind: Kind) -> None:
    compressor, decompressor = Compressor(kind), Decompressor(kind)
    noise = bytes(0x80 | index * 37 & 0x7F for index in range(60))
    for data, expected in [
        (b"again and " * 9, COMPRESSED | AT_FRONT),
        (noise, FLUSHED),
        (noise, FLUSHED),
        (b"again and " * 9, COMPRESSED | AT_FRONT | FLUSHED),
        (b"again and " * 9, COMPRESSED),
    ]:
        flags, packet = compressor.compress(data)
        assert flags == expected | kind
        assert decompressor.decompress(packet, flags) == data
        assert packet == data if not flags & COMPRESSED else len(packet) < len(data)


def test_a_reset_flushes_the_next_packet() -> None:
    compressor = Compressor(Kind.RDP5)
    first = compressor.compress(EXAMPLE * 2)
    assert len(compressor.compress(EXAMPLE * 2)[1]) < 10
    compressor.reset()
    assert compressor.compress(memoryview(EXAMPLE * 2)) == (first[0] | FLUSHED, first[1])


@pytest.mark.parametrize("kind", Kind)
def test_histories_go_round(kernel: ModuleType, kind: Kind) -> None:
    rounds, size = (60, 900) if kind is Kind.RDP4 else (100, 5000)
    if kernel.__name__.startswith("trio_rdp.codecs.plain"):
        size //= 3
        rounds //= 2
    chance = random.Random(kind)
    text = b"".join(b"%d %x\n" % (number, number * number) for number in range(1500))
    compressor, decompressor = Compressor(kind), Decompressor(kind)
    seen = set()
    for _ in range(rounds):
        start = chance.randrange(len(text) // 2)
        data = text[start : start + chance.randrange(SHORTEST, size)]
        flags, packet = compressor.compress(data)
        seen.add(flags & ~kind)
        assert decompressor.decompress(packet, flags) == data
        assert decompressor._history == compressor._history[: len(decompressor._history)]
    assert COMPRESSED in seen
    assert kind or AT_FRONT | COMPRESSED in seen


PIECES = st.lists(
    st.binary(max_size=30) | st.builds(bytes.__mul__, st.binary(min_size=1, max_size=6), st.integers(1, 60))
)


@given(st.sampled_from(Kind), st.lists(PIECES.map(b"".join), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_whatever_is_compressed_comes_back(kind: Kind, packets: list[bytes]) -> None:
    compressor, decompressor = Compressor(kind), Decompressor(kind)
    for data in packets:
        flags, packet = compressor.compress(data)
        assert len(packet) <= len(data)
        assert decompressor.decompress(packet, flags) == data
