from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.bitmap import BitmapData, BitmapFlags, BitmapUpdate, CompressedDataHeader, Rdp6BitmapStream
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

FIELDS = (
    "0a00"  # destLeft = 10
    "1400"  # destTop = 20
    "0d00"  # destRight = 13, inclusive
    "1400"  # destBottom = 20
    "0400"  # width = 4
    "0100"  # height = 1
    "1000"  # bitsPerPixel = 16
)


def _data(flags: int, stream: bytes, header: CompressedDataHeader | None = None) -> BitmapData:
    return BitmapData(
        dest_left=10,
        dest_top=20,
        dest_right=13,
        dest_bottom=20,
        width=4,
        height=1,
        bits_per_pixel=16,
        flags=BitmapFlags(flags),
        bitmap_compr_hdr=header,
        bitmap_data_stream=stream,
    )


HEADER = CompressedDataHeader(cb_comp_main_body_size=2, cb_scan_width=4, cb_uncompressed_size=8)
EVERY_FORM = [
    ("0000 0800 1122334455667788", _data(0, bytes.fromhex("1122334455667788"))),
    ("0104 0200 abcd", _data(0x0401, b"\xab\xcd")),
    (
        "0100 0a00 0000 0200 0400 0800 abcd",  # flags, a length of 10, TS_CD_HEADER, the stream
        _data(0x0001, b"\xab\xcd", HEADER),
    ),
    ("0084 0100 55", _data(0x8400, b"\x55")),  # unknown flags are kept; a header is absent without compression
]


@pytest.mark.parametrize(("tail", "data"), EVERY_FORM, ids=["raw", "no header", "header", "unknown flag"])
def test_bitmap_data(tail: str, data: BitmapData) -> None:
    raw = bytes.fromhex(FIELDS + tail)
    same(raw, data)
    every_truncation_raises(BitmapData, raw)


def test_a_bitmap_update_counts_its_rectangles() -> None:
    raw = bytes.fromhex("0100 0400" + "".join(FIELDS + tail for tail, _ in EVERY_FORM))
    same(raw, BitmapUpdate(rectangles=[data for _, data in EVERY_FORM]))
    every_truncation_raises(BitmapUpdate, raw)


def test_a_count_that_the_bytes_could_not_hold_is_refused_before_a_list_is_built() -> None:
    with pytest.raises(Truncated, match="65535 rectangles need 1179630 bytes, 4 left"):
        BitmapUpdate.decode(bytes.fromhex("0100 ffff 00000000"))


def test_a_length_that_does_not_hold_the_header() -> None:
    with pytest.raises(InvalidField, match="7 bytes do not hold the header"):
        BitmapData.decode(bytes.fromhex(FIELDS + "0100 0700") + bytes(8))


@pytest.mark.parametrize(("flags", "header"), [(0x0001, None), (0x0000, HEADER), (0x0401, HEADER)])
def test_flags_and_header_must_agree(flags: int, header: CompressedDataHeader | None) -> None:
    with pytest.raises(EncodeError, match="compressed data header"):
        _data(flags, b"", header).encode()


def test_a_stream_beyond_64_kib_does_not_fit() -> None:
    with pytest.raises(EncodeError):
        _data(0, bytes(0x10000)).encode()


def test_rdp6_streams() -> None:
    same(
        bytes.fromhex("3f 01020304"),  # no alpha, run-length encoded, subsampled, colour loss level 7
        Rdp6BitmapStream(
            color_loss_level=7, chroma_subsampling=True, rle=True, no_alpha=True, color_planes=b"\1\2\3\4"
        ),
    )
    same(bytes.fromhex("20 010203 00"), Rdp6BitmapStream(no_alpha=True, color_planes=b"\1\2\3"))
    same(bytes.fromhex("10"), Rdp6BitmapStream(rle=True, color_planes=b""))
    for raw in (b"", b"\x20"):
        with pytest.raises(Truncated):
            Rdp6BitmapStream.decode(raw)
    with pytest.raises(EncodeError):
        Rdp6BitmapStream(color_loss_level=8, color_planes=b"").encode()


@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    for cls in (BitmapUpdate, BitmapData, CompressedDataHeader, Rdp6BitmapStream):
        value_or_error(cls, raw)
