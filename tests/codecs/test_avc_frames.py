from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.codecs.avc_frames import (
    MAX_REGION_RECTS,
    Avc420BitmapStream,
    Avc420Metablock,
    Avc420QuantQuality,
    Avc444BitmapStream,
    Subframes,
    with_length,
)
from trio_rdp.wire.errors import EncodeError, InvalidField

BLOCK = bytes.fromhex(
    "02000000"  # numRegionRects
    "0100 0200 0300 0400"  # left, top, right, bottom
    "0000 0000 4000 2000"
    "92 64"  # progressive, qp 18; quality 100
    "27 10"  # qp 39; quality 16
)
METABLOCK = Avc420Metablock(
    region_rects=[(1, 2, 3, 4), (0, 0, 64, 32)],
    quant_quality_vals=[Avc420QuantQuality(qp=18, p=True, quality_val=100), Avc420QuantQuality(qp=39, quality_val=16)],
)
STREAM = Avc420BitmapStream(avc420_meta_data=METABLOCK, avc420_encoded_bitstream=b"\0\0\1\x65")


def test_metablock() -> None:
    same(BLOCK, METABLOCK)
    every_truncation_raises(Avc420Metablock, BLOCK)


def test_the_reserved_bit_means_nothing() -> None:
    assert Avc420QuantQuality.decode(b"\x52\x01") == Avc420QuantQuality(qp=18, quality_val=1)


def test_bitmap_stream() -> None:
    same(BLOCK + b"\0\0\1\x65", STREAM)
    every_truncation_raises(Avc420BitmapStream, BLOCK)


def test_two_views() -> None:
    both = Avc444BitmapStream(
        lc=Subframes.LUMA_AND_CHROMA, avc420_encoded_bitstream1=STREAM, avc420_encoded_bitstream2=STREAM
    )
    raw = BLOCK + b"\0\0\1\x65"
    same(len(raw).to_bytes(4, "little") + raw + raw, both)
    every_truncation_raises(Avc444BitmapStream, len(raw).to_bytes(4, "little") + raw + BLOCK)


@pytest.mark.parametrize(("lc", "info"), [(Subframes.LUMA, "1c000040"), (Subframes.CHROMA, "00000080")])
def test_one_view(lc: Subframes, info: str) -> None:
    raw = BLOCK + b"\0\0\1\x65"
    assert len(raw) == 28
    same(bytes.fromhex(info) + raw, Avc444BitmapStream(lc=lc, avc420_encoded_bitstream1=STREAM))


def test_what_cannot_be() -> None:
    with pytest.raises(InvalidField, match="LC"):
        Avc444BitmapStream.decode(b"\0\0\0\xc0" + BLOCK)
    with pytest.raises(InvalidField, match="rectangles"):
        Avc420Metablock.decode(b"\1\x80\0\0" + bytes(10 * (MAX_REGION_RECTS + 1)))
    for data in (BLOCK, bytes(60), b"\xff" * 60, BLOCK * 3):
        value_or_error(Avc444BitmapStream, data)
        value_or_error(Avc420BitmapStream, data)


def test_what_does_not_fit_is_not_encoded() -> None:
    quality = Avc420QuantQuality(qp=1)
    rect = (0, 0, 1, 1)
    for wrong in (
        Avc420QuantQuality(qp=64),
        Avc420QuantQuality(qp=1, quality_val=256),
        Avc420Metablock(region_rects=[rect], quant_quality_vals=[]),
        Avc420Metablock(region_rects=[(0, 0, 65536, 1)], quant_quality_vals=[quality]),
        Avc420Metablock(
            region_rects=[rect] * (MAX_REGION_RECTS + 1), quant_quality_vals=[quality] * (MAX_REGION_RECTS + 1)
        ),
        Avc444BitmapStream(lc=Subframes.LUMA_AND_CHROMA, avc420_encoded_bitstream1=STREAM),
        Avc444BitmapStream(lc=Subframes.CHROMA, avc420_encoded_bitstream1=STREAM, avc420_encoded_bitstream2=STREAM),
    ):
        with pytest.raises(EncodeError):
            wrong.encode()


@pytest.mark.parametrize(("size", "length"), [(1, 512), (400, 512), (510, 512), (511, 513), (70_000, 70_002)])
def test_a_stream_with_its_length(size: int, length: int) -> None:
    """No start code comes before the first unit, whatever the length is."""
    units = (b"\0\0\0\1\x67" + b"x" * size)[:size]
    plain = Avc420BitmapStream(avc420_meta_data=METABLOCK, avc420_encoded_bitstream=units)
    found = Avc420BitmapStream.decode(with_length(plain.encode()))
    assert found.avc420_meta_data == METABLOCK
    data = found.avc420_encoded_bitstream
    assert data[:6] == length.to_bytes(4, "big") + b"\x09\xf0"
    assert len(data) == 4 + length
    assert data[6:].rstrip(b"\0") == units.rstrip(b"\0")
    assert b"\0\0\1" not in data[:6]
