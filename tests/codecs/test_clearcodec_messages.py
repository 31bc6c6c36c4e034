from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.codecs.clearcodec_messages import (
    Band,
    BitmapStream,
    BitmapStreamFlags,
    CompositePayload,
    RgbRunSegment,
    Rlex,
    RlexRgbTriplet,
    RlexSegment,
    ShortVbarCacheHit,
    ShortVbarCacheMiss,
    Subcodec,
    SubcodecId,
    VbarCacheHit,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu


def test_a_glyph_that_the_client_has() -> None:
    # [MS-RDPEGFX] 4.1.1.1.
    raw = bytes.fromhex(
        "03"  # flags: an index, a hit
        "c3"  # seqNumber = 195
        "1100"  # glyphIndex = 17
    )
    flags = BitmapStreamFlags.GLYPH_INDEX | BitmapStreamFlags.GLYPH_HIT
    same(raw, BitmapStream(flags=flags, seq_number=195, glyph_index=17))
    every_truncation_raises(BitmapStream, raw)


def test_a_palette() -> None:
    # The beginning of [MS-RDPEGFX] 4.1.1.2, and its last segment.
    raw = bytes.fromhex(
        "0e"  # paletteCount = 14, so that an index takes four bits
        "ffffff 000000 dbffff 003a90 ffb666 66b6ff b66600 90dbff 00003a db903a 3a90db 660000 ffffb6 646464"
        "11 04"  # stopIndex 1, suiteDepth 1, runLengthFactor1 4
        "11 4c"
        "29 00"  # stopIndex 9, suiteDepth 2
    )
    value = Rlex.decode(raw)
    assert value.index_bits == 4
    assert value.palette_entries[3] == RlexRgbTriplet(blue=0x00, green=0x3A, red=0x90)
    assert value.segments == [RlexSegment(1, 1, 4), RlexSegment(1, 1, 76), RlexSegment(9, 2, 0)]
    same(raw, value)


def test_a_band_of_every_kind_of_column() -> None:
    band = bytes.fromhex(
        "0100 0500 0300 0b00"  # xStart, xEnd, yStart, yEnd
        "fefdfc"  # background
        "c5d0"  # VBAR_CACHE_HIT, vBarIndex = 0x50c5
        "4c47 0d"  # SHORT_VBAR_CACHE_HIT, shortVBarIndex = 0x074c, shortVBarYOn = 13
        "0204 010203 040506"  # SHORT_VBAR_CACHE_MISS, from 2 to 4
        "0000"  # one without pixels
        "0303"
    )
    value = Band(
        x_start=1,
        x_end=5,
        y_start=3,
        y_end=11,
        blue_bkg=0xFE,
        green_bkg=0xFD,
        red_bkg=0xFC,
        vbars=[
            VbarCacheHit(0x50C5),
            ShortVbarCacheHit(0x074C, 13),
            ShortVbarCacheMiss(2, bytes(range(1, 7))),
            ShortVbarCacheMiss(0, b""),
            ShortVbarCacheMiss(3, b""),
        ],
    )
    same(band, value)
    every_truncation_raises(Band, band)
    payload = CompositePayload(residual_data=[], bands_data=[value], subcodec_data=[])
    size = len(band).to_bytes(4, "little")  # bandsByteCount
    same(bytes(6) + size + bytes(4) + band, BitmapStream(seq_number=0, composite_payload=payload))


@pytest.mark.parametrize(
    ("run", "raw"),
    [(1, "01"), (254, "fe"), (255, "ff ff00"), (65534, "ff feff"), (65535, "ff ffff ffff0000"), (1408, "ff 8005")],
)
def test_run_lengths(run: int, raw: str) -> None:
    value = RgbRunSegment(blue_value=1, green_value=2, red_value=3, run_length=run)
    same(bytes.fromhex("010203" + raw), value)
    every_truncation_raises(RgbRunSegment, value.encode())


def test_all_layers() -> None:
    raw = bytes.fromhex(
        "04 07"  # flags: a reset; seqNumber
        "04000000 00000000 10000000"
        "112233 05"  # residualData
        "0100 0200 0300 0400 03000000 02"  # a subcodec: place, size, bitmapDataByteCount, subCodecId
        "aabbcc"
    )
    subcodec = Subcodec(
        x_start=1, y_start=2, width=3, height=4, sub_codec_id=SubcodecId.RLEX, bitmap_data=b"\xaa\xbb\xcc"
    )
    segment = RgbRunSegment(blue_value=0x11, green_value=0x22, red_value=0x33, run_length=5)
    payload = CompositePayload(residual_data=[segment], bands_data=[], subcodec_data=[subcodec])
    same(raw, BitmapStream(flags=BitmapStreamFlags.CACHE_RESET, seq_number=7, composite_payload=payload))
    # A message of two bytes has no payload.
    every_truncation_raises(BitmapStream, raw, 3)
    assert BitmapStream.decode(raw[:2]).composite_payload is None


@pytest.mark.parametrize(
    ("cls", "raw"),
    [
        (BitmapStream, "02 00"),  # a hit without an index
        (Rlex, "00"),
        (Rlex, "80" + "00" * 384),
        (Band, "0200 0100 0000 0000 000000"),
        (Band, "0000 0000 0100 0000 000000"),
        (Band, "0000 0000 0000 0000 000000 0302"),  # a column that ends before it begins
    ],
)
def test_what_cannot_be(cls: type[Pdu], raw: str) -> None:
    with pytest.raises(InvalidField):
        cls.decode(bytes.fromhex(raw))


def test_lists_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_rdp.codecs.clearcodec_messages.MAX_ITEMS", 2)
    assert len(Rlex.decode(bytes.fromhex("01 000000 0000 0000")).segments) == 2
    with pytest.raises(DecodeError, match="more than 2"):
        Rlex.decode(bytes.fromhex("01 000000 0000 0000 0000"))


@pytest.mark.parametrize(
    "value",
    [
        BitmapStream(seq_number=0, glyph_index=1),
        Rlex(palette_entries=[], segments=[]),
        Rlex(palette_entries=[RlexRgbTriplet()] * 3, segments=[RlexSegment(4, 0, 0)]),
        Rlex(palette_entries=[RlexRgbTriplet()] * 3, segments=[RlexSegment(0, 64, 0)]),
        Band(x_start=0, x_end=1, y_start=0, y_end=0, blue_bkg=0, green_bkg=0, red_bkg=0, vbars=[]),
        Band(x_start=0, x_end=0, y_start=0, y_end=0, blue_bkg=0, green_bkg=0, red_bkg=0, vbars=[VbarCacheHit(32768)]),
        Band(
            x_start=0,
            x_end=0,
            y_start=0,
            y_end=0,
            blue_bkg=0,
            green_bkg=0,
            red_bkg=0,
            vbars=[ShortVbarCacheMiss(0, bytes(64 * 3))],
        ),
        RgbRunSegment(blue_value=0, green_value=256, red_value=0, run_length=1),
    ],
)
def test_what_does_not_fit(value: Pdu) -> None:
    with pytest.raises(EncodeError):
        value.encode()
