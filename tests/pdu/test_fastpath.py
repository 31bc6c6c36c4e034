from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.fastpath import (
    FRAGMENT_SIZE,
    MAX_PDU_SIZE,
    MAX_SENT_PDU_SIZE,
    FastPathFlags,
    FastPathHeader,
    FastPathOutput,
    FastPathUpdate,
    Fragmentation,
    UpdateCode,
    append_fragments,
    decode_updates,
    frame,
    split,
    unframe,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


@pytest.mark.parametrize(
    ("raw", "header"),
    [
        ("0402", FastPathHeader(number_events=1, length=2)),
        ("3c7f", FastPathHeader(number_events=15, length=127)),
        ("c411", FastPathHeader(flags=FastPathFlags(3), number_events=1, length=17)),
        ("008080", FastPathHeader(length=128, is_long=True)),
        ("808008", FastPathHeader(flags=FastPathFlags.ENCRYPTED, length=8, is_long=True)),
        ("00ffff", FastPathHeader(length=MAX_PDU_SIZE, is_long=True)),
    ],
)
def test_headers(raw: str, header: FastPathHeader) -> None:
    same(bytes.fromhex(raw), header)
    assert header.size == len(raw) // 2
    every_truncation_raises(FastPathHeader, bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("raw", "why"),
    [("0300", "action 3"), ("0105", "action 1"), ("0000", "length 0"), ("0001", "length 1"), ("008002", "length 2")],
)
def test_impossible_headers(raw: str, why: str) -> None:
    for decode in (FastPathHeader.decode, unframe):
        with pytest.raises(InvalidField, match=why):
            decode(bytes.fromhex(raw))


@pytest.mark.parametrize(
    "header",
    [
        FastPathHeader(length=128),
        FastPathHeader(length=1),
        FastPathHeader(length=0x8000, is_long=True),
        FastPathHeader(length=9, number_events=16),
    ],
)
def test_headers_that_do_not_fit(header: FastPathHeader) -> None:
    with pytest.raises(EncodeError):
        header.encode()


def test_unframe_finds_the_payload_anywhere_in_a_buffer() -> None:
    assert unframe(b"??\x0c\x05abc!", 2) == (3, 4, 7)
    assert unframe(b"\x00\x80\x06abc") == (0, 3, 6)
    for raw in (b"", b"\0", b"\0\x80", b"\0\3", b"\0\x80\x04"):
        with pytest.raises(Truncated):
            unframe(raw)
    with pytest.raises(InvalidField, match="encrypted"):
        unframe(b"\x80\x03a")


def test_frame_spends_a_long_length_only_where_it_must() -> None:
    assert frame(bytes(125))[:2] == b"\x00\x7f"
    assert frame(bytes(126))[:3] == b"\x00\x80\x81"
    assert frame(b"x", 15) == b"\x3c\x03x"
    assert len(frame(bytes(MAX_PDU_SIZE - 3))) == MAX_PDU_SIZE
    with pytest.raises(EncodeError, match="32765 bytes do not fit"):
        frame(bytes(MAX_PDU_SIZE - 2))


def test_an_update_and_one_with_compression_flags() -> None:
    plain = bytes.fromhex(
        "02"  # updateHeader: palette, single, no compression
        "0300"  # size
        "aabbcc"
    )
    same(plain, FastPathUpdate(update_code=UpdateCode.PALETTE, update_data=b"\xaa\xbb\xcc"))
    every_truncation_raises(FastPathUpdate, plain)
    compressed = bytes.fromhex(
        "a4"  # updateHeader: surface commands, first, compression used
        "21"  # compressionFlags: PACKET_COMPRESSED, 64K
        "0100"  # size
        "ff"
    )
    same(
        compressed,
        FastPathUpdate(
            update_code=UpdateCode.SURFCMDS,
            fragmentation=Fragmentation.FIRST,
            compression_flags=0x21,
            update_data=b"\xff",
        ),
    )
    every_truncation_raises(FastPathUpdate, compressed)


def test_several_updates_in_one_pdu() -> None:
    raw = bytes.fromhex(
        "000e"  # a PDU of 14 bytes
        "03 0000"  # synchronize
        "85 00 0000"  # hidden pointer, with compression flags of 0, as xrdp 0.9.21 writes them
        "1d 0200 0102"  # code 13, which nobody names, a last fragment
    )
    output = FastPathOutput(
        fp_output_updates=[
            FastPathUpdate(update_code=UpdateCode.SYNCHRONIZE),
            FastPathUpdate(update_code=UpdateCode.PTR_NULL, compression_flags=0),
            FastPathUpdate(update_code=UpdateCode(13), fragmentation=Fragmentation.LAST, update_data=b"\1\2"),
        ]
    )
    same(raw, output)
    assert not output.fp_output_updates[2].update_code.is_known


def test_an_update_that_is_not_whole_is_truncated() -> None:
    payload = bytes.fromhex("03 0000 a4 21 0300 aabbcc")
    assert len(decode_updates(payload)) == 2
    assert decode_updates(b"??" + payload + b"??", 2, 2 + len(payload)) == decode_updates(payload)
    for size in range(len(payload)):
        if size not in (0, 3):
            with pytest.raises(Truncated):
                decode_updates(payload[:size])


def test_a_pdu_that_is_not_whole_is_truncated() -> None:
    every_truncation_raises(
        FastPathOutput, FastPathOutput(fp_output_updates=list(split(UpdateCode(1), b"abc"))).encode()
    )


def test_small_updates_stay_whole() -> None:
    data = bytes(FRAGMENT_SIZE)
    assert list(split(UpdateCode.BITMAP, data)) == [FastPathUpdate(update_code=UpdateCode.BITMAP, update_data=data)]
    assert list(split(UpdateCode.SYNCHRONIZE, b"")) == [FastPathUpdate(update_code=UpdateCode.SYNCHRONIZE)]


def test_large_updates_are_cut() -> None:
    data = bytes(range(7))
    assert [(u.fragmentation, u.update_data) for u in split(UpdateCode.BITMAP, data, 3)] == [
        (Fragmentation.FIRST, data[:3]),
        (Fragmentation.NEXT, data[3:6]),
        (Fragmentation.LAST, data[6:]),
    ]
    assert [u.fragmentation for u in split(UpdateCode.BITMAP, data, 4)] == [Fragmentation.FIRST, Fragmentation.LAST]
    for size in (0, FRAGMENT_SIZE + 1):
        with pytest.raises(EncodeError):
            list(split(UpdateCode.BITMAP, data, size))


def test_every_fragment_fits_a_pdu_that_peers_take_even_with_compression_flags() -> None:
    for update in split(UpdateCode.SURFCMDS, bytes(3 * FRAGMENT_SIZE + 1)):
        update.compression_flags = 0
        assert len(FastPathOutput(fp_output_updates=[update]).encode()) <= MAX_SENT_PDU_SIZE


def test_an_update_of_more_than_64_kib_does_not_fit() -> None:
    with pytest.raises(EncodeError):
        FastPathUpdate(update_code=UpdateCode.BITMAP, update_data=bytes(0x10000)).encode()


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    for cls in (FastPathHeader, FastPathUpdate, FastPathOutput):
        value_or_error(cls, raw)
    value_or_error(FastPathOutput, bytes((0, 0x80, len(raw) + 3)) + raw)


@pytest.mark.parametrize("size", [0, 1, 121, 122, 123, 126, 200, 16_376, 16_377, 40_000])
@pytest.mark.parametrize("fragment", [100, 5_000, FRAGMENT_SIZE])
def test_fragments_are_appended_as_split_gives_them(size: int, fragment: int) -> None:
    data = bytes(range(256)) * 160
    expected = b"".join(
        FastPathOutput(fp_output_updates=[one]).encode() for one in split(UpdateCode.SURFCMDS, data[:size], fragment)
    )
    dst = bytearray(b"before")
    append_fragments(dst, UpdateCode.SURFCMDS, data[:size], fragment)
    assert dst == b"before" + expected

    def deflate(piece: bytes) -> tuple[int, bytes]:
        return (0x21, piece[::2]) if len(piece) > 4_000 else (0, piece)

    compressed = bytearray()
    append_fragments(compressed, UpdateCode.BITMAP, data[:size], fragment, deflate)
    expected = b""
    for one in split(UpdateCode.BITMAP, data[:size], fragment):
        flags, one.update_data = deflate(one.update_data)
        one.compression_flags = flags or None
        expected += FastPathOutput(fp_output_updates=[one]).encode()
    assert compressed == expected


@pytest.mark.parametrize("fragment", [0, FRAGMENT_SIZE + 1])
def test_no_fragments_of_other_sizes_are_appended(fragment: int) -> None:
    with pytest.raises(EncodeError):
        append_fragments(bytearray(), UpdateCode.SURFCMDS, b"data", fragment)
