from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs import avc_units
from trio_rdp.codecs.avc import Decoder, Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.avc_units import UnitStream, inspect
from trio_rdp.codecs.view import View

# A picture parameter set, and slices of two pictures.
PPS = bytes.fromhex("68ce3880")
IDR = bytes.fromhex("65888040")
NEXT = bytes.fromhex("419a2040")


class Writer:
    """Bits, as [ITU-H.264] 7.2 writes them."""

    def __init__(self) -> None:
        self.bits = ""

    def take(self, value: int, count: int) -> Writer:
        self.bits += f"{value:0{count}b}"
        return self

    def numbers(self, *values: int) -> Writer:
        for value in values:
            digits = f"{value + 1:b}"
            self.bits += "0" * (len(digits) - 1) + digits
        return self

    def unit(self, header: int) -> bytes:
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        return bytes([header]) + int(bits, 2).to_bytes(len(bits) // 8)


def sequence(width: int = 4, height: int = 3, crop: tuple[int, ...] = (0, 1, 0, 2)) -> bytes:
    """A sequence parameter set of Baseline, in macroblocks."""
    # profile_idc, constraints, level_idc; seq_parameter_set_id, log2_max_frame_num_minus4, pic_order_cnt_type,
    # max_num_ref_frames
    writer = Writer().take(66, 8).take(0, 8).take(30, 8).numbers(0, 0, 2, 1)
    # gaps_in_frame_num_value_allowed_flag; sizes; frame_mbs_only_flag, direct_8x8_inference_flag, frame_cropping_flag
    writer.take(0, 1).numbers(width - 1, height - 1).take(1, 1).take(1, 1).take(1, 1)
    return writer.numbers(*crop).take(0, 1).unit(0x67)


def joined(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def prefixed(*units: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in units)


def test_a_key_picture() -> None:
    unit = inspect(joined(sequence(), PPS, IDR))
    assert unit.key
    assert unit.complete
    assert unit.size == (64, 48)
    assert unit.visible == (0, 0, 62, 44)
    assert unit.data == joined(sequence(), PPS, IDR)


def test_a_later_picture() -> None:
    unit = inspect(b"\0\0\1" + NEXT + b"\0\0")
    assert unit == avc_units.AccessUnit(joined(NEXT), key=False, complete=False, size=None, visible=None)


def test_lengths_become_start_codes() -> None:
    long = IDR + bytes([7]) * 300  # whose length, 0x130, begins like a start code: 0, 0, 1
    for units in ([sequence(), PPS, IDR], [sequence(), PPS, long], [long], [NEXT]):
        assert inspect(prefixed(*units)).data == joined(*units)
    assert inspect(joined(long)).data == joined(long)


def test_filler_is_left_out() -> None:
    assert inspect(joined(NEXT, b"\x0c\xff\xff\xff\x80")).data == joined(NEXT)


def test_parameters_come_from_elsewhere() -> None:
    parameters = prefixed(sequence(), PPS)
    assert inspect(joined(IDR), parameters).data == joined(sequence(), PPS, IDR)
    assert inspect(joined(NEXT), parameters).data == joined(NEXT)
    assert inspect(joined(sequence(), PPS, IDR), parameters).data == joined(sequence(), PPS, IDR)


def high(chroma: int = 1, depth: int = 0, order: int = 0, fields: bool = False) -> bytes:
    """A sequence parameter set of High with all that may be in it."""
    writer = Writer().take(100, 8).take(0, 8).take(41, 8).numbers(0, chroma, depth, 0).take(0, 1).take(1, 1)
    # Scaling lists: the first ends at once, the second after a step; the others are not there.
    writer.take(1, 1).numbers(16).take(1, 1).numbers(1, 18).take(0, 6)
    writer.numbers(0, order)
    if order == 0:
        writer.numbers(0)
    elif order == 1:
        writer.take(0, 1).numbers(1, 2, 2, 3, 4)
    writer.numbers(4).take(0, 1).numbers(119, 33 if fields else 67).take(0 if fields else 1, 1)
    if fields:
        writer.take(0, 1)
    writer.take(1, 1).take(1, 1)
    return writer.numbers(0, 0, 0, 2 if fields else 4).unit(0x67)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("fields", [False, True])
def test_high_profile(order: int, fields: bool) -> None:
    unit = inspect(joined(high(order=order, fields=fields), PPS, IDR))
    assert (unit.size, unit.visible) == ((1920, 1088), (0, 0, 1920, 1080))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "neither"),
        (b"hello world", "neither"),
        (joined(b""), "none"),
        (joined(b"\xe5\x88"), "none"),
        (joined(sequence(), PPS), "without a picture"),
        (joined(b"\x65\x08\x80"), "first slice"),
        (joined(b"\x65"), "first slice"),
        (joined(IDR, NEXT), "2 pictures"),
        (joined(b"\x42\x88", NEXT), "partitions"),
        (joined(sequence()[:6], IDR), "cut off"),
        (joined(sequence(crop=(0, 32, 0, 0)), IDR), "nothing"),
        (joined(sequence(width=2000), IDR), "exceeds"),
        (joined(b"\x67\x42\0\x1e\0\0\3\0\0\3\0\0\3\0\1", IDR), "without an end"),
        (joined(high(chroma=3), IDR), "chroma format 3"),
        (joined(high(depth=2), IDR), "8 bits"),
        (joined(*[NEXT] * (avc_units.MAX_UNITS + 1)), "more than"),
        (prefixed(*[NEXT] * (avc_units.MAX_UNITS + 9)), "more than"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        inspect(data)


def test_a_unit_may_not_be_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avc_units, "MAX_UNIT", 10)
    with pytest.raises(ValueError, match="exceeds 10"):
        inspect(bytes(11))


@given(st.binary(max_size=60), st.sampled_from([b"", b"\0\0\1", joined(b"\x67\x64"), prefixed(sequence(), IDR)]))
def test_any_bytes_are_a_unit_or_a_value_error(data: bytes, before: bytes) -> None:
    try:
        unit = inspect(before + data)
    except ValueError:
        return
    assert inspect(unit.data) == unit


def test_a_stream() -> None:
    stream = UnitStream()
    assert stream.size is None
    for early in (joined(NEXT), joined(IDR), joined(sequence(), NEXT)):
        with pytest.raises(ValueError, match="begins with"):
            stream.wrap(early)
    frame = Avc420BitmapStream.decode(stream.wrap(joined(sequence(), PPS, IDR), qp=30, quality=60))
    assert stream.size == (64, 48)
    block = frame.avc420_meta_data
    assert block.region_rects == [(0, 0, 62, 44)]
    assert [(value.qp, value.quality_val) for value in block.quant_quality_vals] == [(30, 60)]
    frame = Avc420BitmapStream.decode(stream.wrap(joined(NEXT), [(0, 0, 64, 48), (1, 2, 3, 4)]))
    assert frame.avc420_meta_data.region_rects == [(0, 0, 64, 48), (1, 2, 3, 4)]
    assert frame.avc420_encoded_bitstream == joined(NEXT)
    assert Avc420BitmapStream.decode(stream.wrap(joined(NEXT))).avc420_meta_data.region_rects == [(0, 0, 62, 44)]
    with pytest.raises(ValueError, match="another size"):
        stream.wrap(joined(sequence(8, 8), PPS, NEXT))
    assert stream.size == (64, 48)
    stream.wrap(joined(sequence(8, 8), PPS, IDR))
    assert stream.size == (128, 128)
    stream.reset()
    with pytest.raises(ValueError, match="begins with"):
        stream.wrap(joined(NEXT))


def test_a_stream_with_parameters_of_its_own() -> None:
    stream = UnitStream(joined(sequence(), PPS))
    frame = Avc420BitmapStream.decode(stream.wrap(prefixed(IDR)))
    assert frame.avc420_encoded_bitstream == joined(sequence(), PPS, IDR)


@pytest.mark.parametrize("rect", [(-1, 0, 2, 2), (0, 0, 65, 48), (3, 0, 3, 9), (0, 9, 5, 8)])
def test_rectangles_lie_in_the_picture(rect: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="rectangle"):
        UnitStream().wrap(joined(sequence(), PPS, IDR), [rect])


def test_what_is_told_must_make_sense() -> None:
    for qp, quality in ((52, 1), (-1, 1), (0, 101)):
        with pytest.raises(ValueError, match="quality"):
            UnitStream().wrap(joined(sequence(), PPS, IDR), qp=qp, quality=quality)
    with pytest.raises(ValueError, match="exceed"):
        UnitStream().wrap(joined(sequence(), PPS, IDR), [(0, 0, 1, 1)] * 40_000)


@pytest.mark.parametrize("lengths", [False, True])
def test_pictures_of_libx264(lengths: bool) -> None:
    av = pytest.importorskip("av")
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 70, 50, "yuv420p", Fraction(1, 30)
    context.options = {"tune": "zerolatency", "x264-params": "annexb=0" if lengths else "annexb=1:slices=3"}
    stream, decoder, surface = UnitStream(), Decoder(), np.zeros((50, 70, 4), np.uint8)
    for number in range(3):
        frame = av.VideoFrame(70, 50, "yuv420p")
        for plane, value in zip(frame.planes, (145, 54, 34), strict=True):  # green
            np.frombuffer(plane, np.uint8)[:] = value
        frame.pts = number
        data = b"".join(bytes(packet) for packet in context.encode(frame))
        assert inspect(data).key == (number == 0)
        assert decoder.decode_into(stream.wrap(data), View.of(surface)) == [(0, 0, 70, 50)]
    assert stream.size == (80, 64)
    assert surface[..., 1].min() > 200


def test_pictures_of_ours() -> None:
    pytest.importorskip("av")
    encoder = Encoder(100, 36)
    for number in range(2):
        stream = Avc420BitmapStream.decode(encoder.encode(View.whole(bytes(100 * 36 * 4), 100, 36)))
        unit = inspect(stream.avc420_encoded_bitstream)
        assert unit.key == unit.complete == (number == 0)
        assert unit.size == (None if number else (112, 48))
