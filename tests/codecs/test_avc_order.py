from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.test_avc_units import IDR, PPS, Writer, joined
from trio_rdp.codecs.avc import Decoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc420Metablock, Avc420QuantQuality
from trio_rdp.codecs.avc_order import in_order
from trio_rdp.codecs.avc_units import BitReader, escaped, read_sequence, split_units
from trio_rdp.codecs.view import View

SIZE = 64, 48
# bitstream_restriction_flag, motion_vectors_over_pic_boundaries_flag; max_bytes_per_pic_denom to
# log2_max_mv_length_vertical, max_num_reorder_frames, max_dec_frame_buffering
RESTRICTED = Writer().take(1, 1).take(1, 1).numbers(2, 1, 16, 16, 0).bits


def sequence(references: int = 1, profile: int = 66) -> Writer:
    """A sequence parameter set up to vui_parameters_present_flag."""
    writer = Writer().take(profile, 8).take(0, 8).take(30, 8).numbers(0, 0, 2, references)
    return writer.take(0, 1).numbers(3, 2).take(1, 1).take(1, 1).take(0, 1)


def usability(writer: Writer) -> Writer:
    """All of vui_parameters before the restrictions."""
    writer.take(1, 1)
    writer.take(1, 1).take(255, 8).take(0x00010001, 32)  # the aspect ratio of samples
    writer.take(1, 1).take(0, 1)  # overscan
    writer.take(1, 1).take(5, 3).take(1, 1).take(1, 1).take(0x010101, 24)  # full range, BT.709
    writer.take(1, 1).numbers(0, 0)  # where chroma is sampled
    writer.take(1, 1).take(1, 32).take(60, 32).take(1, 1)  # time
    for _ in range(2):  # rates, of NAL units and of the picture's
        writer.take(1, 1).numbers(1).take(0, 8)
        writer.numbers(999, 999).take(1, 1).numbers(99, 99).take(0, 1).take(0, 20)
    return writer.take(0, 1).take(1, 1)  # low_delay_hrd_flag, pic_struct_present_flag


def unit(writer: Writer, header: int = 0x67) -> bytes:
    """A NAL unit, as it is in a stream."""
    whole = writer.unit(header)
    return whole[:1] + escaped(whole[1:])


def test_what_is_not_said_is_said() -> None:
    told = unit(sequence(3).take(0, 1))
    wanted = sequence(3).take(1, 1).take(0, 8)
    wanted.bits += RESTRICTED
    assert in_order(joined(told, PPS, IDR)) == joined(unit(wanted.numbers(3)), PPS, IDR)


def test_what_is_said_otherwise_is_said_anew() -> None:
    told = unit(usability(sequence(1)).take(1, 1).take(0, 1).numbers(0, 0, 9, 8, 2, 4), 0x27)
    wanted = usability(sequence(1))
    wanted.bits += RESTRICTED
    assert in_order(joined(told, IDR)) == joined(unit(wanted.numbers(4), 0x27), IDR)
    told = unit(usability(sequence(2)).take(0, 1), 0x27)
    wanted = usability(sequence(2))
    wanted.bits += RESTRICTED
    assert in_order(joined(told, IDR)) == joined(unit(wanted.numbers(2), 0x27), IDR)


def test_most_pictures_have_no_parameters() -> None:
    data = joined(IDR)
    assert in_order(data) is data


def test_what_cannot_be_read_stays() -> None:
    # 4:4:4, and one that is cut off
    for told in (unit(sequence(profile=244)), bytes.fromhex("6742")):
        data = joined(told, PPS, IDR) + b"\0\0"
        assert in_order(data) is data


def test_rates_of_too_many_buffers() -> None:
    data = joined(unit(sequence().take(1, 1).take(0, 5).take(1, 1).numbers(32)))
    assert in_order(data) == data


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    in_order(b"\0\0\1\x67" + data)


class Pictures:
    """What libx264 makes of some pictures whose upper left corner is darker each time."""

    def __init__(self, parameters: str) -> None:
        av: Any = pytest.importorskip("av")
        context = av.CodecContext.create("libx264", "w")
        (context.width, context.height), context.pix_fmt = SIZE, "yuv420p"
        context.time_base = Fraction(1, 30)
        context.options = {"preset": "superfast", "x264-params": "annexb=1:repeat-headers=1:threads=1:" + parameters}
        self.units: list[bytes] = []
        for number in range(9):
            pixels = np.full((SIZE[1], SIZE[0], 3), 240 - 20 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            frame.pts = number
            self.units += map(bytes, context.encode(frame))
        self.units += map(bytes, context.encode(None))

    def decoded(self) -> list[int]:
        decoder, surface = Decoder(), np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
        found = []
        block = Avc420Metablock(region_rects=[(0, 0, *SIZE)], quant_quality_vals=[Avc420QuantQuality(qp=22)])
        for data in self.units:
            stream = Avc420BitmapStream(avc420_meta_data=block, avc420_encoded_bitstream=data)
            decoder.decode_into(stream.encode(), View.of(surface))
            found.append(int(surface[5, 5, 1]))
        return found


@pytest.mark.parametrize("is_said", [True, False])
def test_pictures_that_were_left_out_hold_no_others_back(is_said: bool) -> None:
    # Of B pictures nothing depends: without them the numbers of the others leap.
    pictures = Pictures("bframes=2:b-adapt=0:b-pyramid=none:keyint=infinite:scenecut=0")
    pictures.units = [one for one in pictures.units if all(part[0] & 0x60 for part in split_units(one) if part[0] & 1)]
    if not is_said:
        pictures.units = [joined(*map(_without_usability, split_units(one))) for one in pictures.units]
    found = pictures.decoded()
    assert len(found) == 4
    assert np.abs(np.array(found) - (240, 180, 120, 80)).max() < 25


def _without_usability(told: bytes) -> bytes:
    if told[0] & 31 != 7:
        return told
    bits, writer = BitReader(told), Writer()
    read_sequence(bits)
    writer.bits = bits.behind() + "0"
    return unit(writer, told[0])
