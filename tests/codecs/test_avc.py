from __future__ import annotations

import ctypes
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trio_rdp.codecs import avc
from trio_rdp.codecs.avc import Decoder, Encoder, Mode
from trio_rdp.codecs.avc_frames import (
    Avc420BitmapStream,
    Avc420Metablock,
    Avc420QuantQuality,
    Avc444BitmapStream,
    Rectangle,
    Subframes,
)
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField

av = pytest.importorskip("av")

WIDTH, HEIGHT = 70, 50


def picture(step: int = 0, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A gradient with a coloured square on it that moves."""
    y, x = np.mgrid[:height, :width]
    out = np.full((height, width, 4), 255, np.uint8)
    out[..., 0], out[..., 1], out[..., 2] = x * 3 % 256, y * 4 % 256, (x + y) % 256
    out[10 + step : 26 + step, 8 + step : 24 + step, :3] = 20, 40, 220
    return out


def psnr(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    error = float(((one[..., :3].astype(int) - two[..., :3]) ** 2).mean())
    return 99.0 if error == 0 else float(10 * np.log10(255 * 255 / error))


def blank() -> NDArray[np.uint8]:
    return np.zeros((HEIGHT, WIDTH, 4), np.uint8)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("quality", "least"), [(25, 21), (75, 31), (100, 33)])
def test_pictures_come_back(mode: Mode, quality: int, least: float) -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, mode, quality=quality), Decoder()
    surface = blank()
    for step in range(4):
        source = picture(2 * step)
        data = encoder.encode(View.of(source))
        assert decoder.decode_into(data, View.of(surface), mode) == [(0, 0, WIDTH, HEIGHT)]
        assert psnr(source, surface) > least
        assert (surface[..., 3] == 255).all()


def test_full_chroma_is_what_444_is_for() -> None:
    # Red letters on blue, a pixel wide: with chroma for every four they are grey.
    source = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    source[:] = (255, 0, 0, 255)
    source[:, ::3] = (0, 0, 255, 255)
    found = {}
    for mode in Mode:
        surface = blank()
        Decoder().decode_into(Encoder(WIDTH, HEIGHT, mode, quality=100).encode(View.of(source)), View.of(surface), mode)
        found[mode] = psnr(source, surface)
    assert found[Mode.AVC420] < 15
    assert found[Mode.AVC444] > 30
    assert found[Mode.AVC444V2] > 30


def test_only_region_rectangles_are_drawn_and_clipped() -> None:
    source = picture()
    data = Encoder(WIDTH, HEIGHT).encode(View.of(source), [(5, 3, 20, 9), (60, 40, 70, 50), (4, 4, 4, 4)])
    surface = np.zeros((44, 80, 4), np.uint8)
    drawn = Decoder().decode_into(data, View.of(surface, 2, 1, 65, 43))
    assert drawn == [(5, 3, 20, 9), (60, 40, 65, 43)]
    marks = np.zeros((44, 80), bool)
    marks[4:10, 7:22] = marks[41:44, 62:67] = True
    assert np.array_equal(surface[..., 3] == 255, marks)


@pytest.mark.parametrize("mode", [Mode.AVC444, Mode.AVC444V2])
def test_chroma_may_come_later(mode: Mode) -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, mode, quality=100), Decoder()
    source = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    source[:] = (255, 0, 0, 255)
    source[:, ::3] = (0, 0, 255, 255)
    surface = blank()
    luma = encoder.encode(View.of(source), subframes=Subframes.LUMA)
    assert decoder.decode_into(luma, View.of(surface), mode) == [(0, 0, WIDTH, HEIGHT)]
    assert psnr(source, surface) < 15
    chroma = encoder.encode(View.of(source), [(0, 0, WIDTH, 21)], Subframes.CHROMA)
    assert decoder.decode_into(chroma, View.of(surface), mode) == [(0, 0, WIDTH, 21)]
    assert psnr(source[:21], surface[:21]) > 30
    assert psnr(source[21:], surface[21:]) < 15


def test_views_with_regions_of_their_own() -> None:
    # The luma of everything, the chroma of a part.
    source = picture()
    encoder, decoder = Encoder(WIDTH, HEIGHT, Mode.AVC444), Decoder()
    frame = Avc444BitmapStream.decode(encoder.encode(View.of(source)))
    assert frame.avc420_encoded_bitstream2 is not None
    frame.avc420_encoded_bitstream2.avc420_meta_data.region_rects = [(0, 0, 16, 16)]
    surface = blank()
    drawn = decoder.decode_into(frame.encode(), View.of(surface), Mode.AVC444)
    assert drawn == [(0, 0, WIDTH, HEIGHT), (0, 0, 16, 16)]
    assert psnr(source, surface) > 25


def test_a_reset_encoder_begins_anew() -> None:
    encoder = Encoder(WIDTH, HEIGHT)
    first, second = (encoder.encode(View.of(picture(step))) for step in range(2))
    assert len(second) < len(first)
    fresh = Decoder()
    encoder.reset()
    third = encoder.encode(View.of(picture(2)))
    surface = blank()
    fresh.decode_into(third, View.of(surface))
    assert psnr(picture(2), surface) > 30


def test_a_reset_decoder_has_forgotten() -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, Mode.AVC444), Decoder()
    surface = blank()
    decoder.decode_into(encoder.encode(View.of(picture())), View.of(surface), Mode.AVC444)
    decoder.reset()
    encoder.reset()
    chroma = encoder.encode(View.of(picture()), subframes=Subframes.CHROMA)
    with pytest.raises(InvalidField, match="without a luma"):
        decoder.decode_into(chroma, View.of(surface), Mode.AVC444)


def test_slices_in_threads() -> None:
    source = picture(width=256, height=256)
    data = Encoder(256, 256, threads=2).encode(View.of(source))
    surface = np.zeros_like(source)
    Decoder(threads=2).decode_into(data, View.of(surface))
    assert psnr(source, surface) > 30


@st.composite
def films(draw: st.DrawFn) -> list[tuple[NDArray[np.uint8], list[Rectangle] | None, Subframes]]:
    """Pictures of one size, what changed from each to the next, and which views are sent."""
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 60))
    y, x = np.mgrid[:height, :width]
    picture = np.full((height, width, 4), 255, np.uint8)
    for channel in range(3):
        across, down = draw(st.integers(-1, 1)), draw(st.integers(-1, 1))
        picture[..., channel] = 128 + (x - width // 2) * across // 2 + (y - height // 2) * down // 2
    film: list[tuple[NDArray[np.uint8], list[Rectangle] | None, Subframes]] = []
    film.append((picture, None, Subframes.LUMA_AND_CHROMA))
    for _ in range(draw(st.integers(0, 3))):
        picture, rects = picture.copy(), []
        for _ in range(draw(st.integers(1, 2))):
            left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
            right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
            picture[top:bottom, left:right, :3] = draw(st.integers(60, 200))
            rects.append((left, top, right, bottom))
        if draw(st.booleans()):
            film += [(picture, rects, Subframes.LUMA), (picture, rects, Subframes.CHROMA)]
        else:
            film.append((picture, rects, Subframes.LUMA_AND_CHROMA))
    return film


@settings(deadline=None, max_examples=25)
@given(films(), st.sampled_from(list(Mode)), st.sampled_from(((50, 24.0), (75, 30.0), (100, 33.0))))
def test_any_film_comes_back(
    film: list[tuple[NDArray[np.uint8], list[Rectangle] | None, Subframes]], mode: Mode, bound: tuple[int, float]
) -> None:
    quality, least = bound
    height, width = film[0][0].shape[:2]
    encoder, decoder = Encoder(width, height, mode, quality=quality), Decoder()
    surface = np.zeros((height + 2, width + 3, 4), np.uint8)
    for source, rects, subframes in film:
        data = encoder.encode(View.of(source), rects, subframes)
        drawn = decoder.decode_into(data, View.of(surface, 2, 1, width, height), mode)
        assert drawn == list(dict.fromkeys(rects or [(0, 0, width, height)]))
        assert psnr(source, surface[1:-1, 2:-1]) > least
        frame = Avc420BitmapStream.decode(data) if mode is Mode.AVC420 else Avc444BitmapStream.decode(data)
        assert frame.encode() == data
    for edge in (surface[0], surface[-1], surface[:, :2], surface[:, -1]):
        assert not edge.any()


def test_missing_pictures_do_no_harm() -> None:
    # What a lost picture changed is missing, until one comes that stands alone.
    for mode in Mode:
        encoder, decoder = Encoder(WIDTH, HEIGHT, mode, quality=90), Decoder()
        surface = blank()
        encoder.encode(View.of(picture()))
        data = encoder.encode(View.of(picture(1)))
        with pytest.raises(DecodeError):
            decoder.decode_into(data, View.of(surface), mode)
        assert not surface.any()
        encoder.reset()
        for step in range(12):
            data = encoder.encode(View.of(picture(2 * step)))
            if step % 3 != 1:
                decoder.decode_into(data, View.of(surface), mode)
        encoder.reset()
        decoder.decode_into(encoder.encode(View.of(picture())), View.of(surface), mode)
        assert psnr(picture(), surface) > 30


def test_a_size_that_changes_within_a_stream() -> None:
    decoder = Decoder()
    surface = np.zeros((96, 128, 4), np.uint8)
    for width, height in ((128, 96), (64, 48), (128, 96)):
        encoder = Encoder(width, height, Mode.AVC444)
        for step in range(2):
            source = picture(step, width, height)
            data = encoder.encode(View.of(source))
            assert decoder.decode_into(data, View.of(surface), Mode.AVC444) == [(0, 0, width, height)]
            assert psnr(source, surface[:height, :width]) > 30
    # A picture larger than the surface is clipped; chroma of another size than its luma is refused.
    data = encoder.encode(View.of(source))
    assert decoder.decode_into(data, View.of(surface, 0, 0, 50, 40), Mode.AVC444) == [(0, 0, 50, 40)]
    small = Encoder(64, 48, Mode.AVC444)
    chroma = small.encode(View.of(picture(0, 64, 48)), subframes=Subframes.CHROMA)
    with pytest.raises(InvalidField, match="its size"):
        decoder.decode_into(chroma, View.of(surface), Mode.AVC444)


def test_every_picture_comes_at_once() -> None:
    # Whatever a stream says of the order of its pictures: without delay, as it is H.264 without B slices.
    for profile, more in (("baseline", ""), ("main", ""), ("high", ":ref=3:slices=4")):
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt, context.time_base = 64, 64, "yuv420p", Fraction(1, 30)
        context.options = {"profile": profile, "tune": "zerolatency", "x264-params": "annexb=1:keyint=5" + more}
        decoder, surface = Decoder(), np.zeros((64, 64, 4), np.uint8)
        for number in range(12):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane, value in zip(frame.planes, (20 * number, 128, 128), strict=True):
                np.frombuffer(plane, np.uint8)[:] = value
            frame.pts = number
            for packet in context.encode(frame):
                assert decoder.decode_into(wrap(bytes(packet)), View.of(surface)) == [(0, 0, 16, 16)]
            assert abs(int(surface[0, 0, 0]) - 20 * number) < 6


def wrap(data: bytes) -> bytes:
    block = Avc420Metablock(region_rects=[(0, 0, 16, 16)], quant_quality_vals=[Avc420QuantQuality(qp=20)])
    return Avc420BitmapStream(avc420_meta_data=block, avc420_encoded_bitstream=data).encode()


def test_bytes_that_are_no_picture() -> None:
    surface = blank()
    decoder = Decoder()
    assert decoder.decode_into(wrap(b""), View.of(surface)) == []
    for data in (b"\0", b"\0\0\1\x65" + bytes(40), b"\0\0\1\x09\x10", b"\0\0\0\1\x67\x42\0\x1e"):
        with pytest.raises(DecodeError):
            decoder.decode_into(wrap(data), View.of(surface))
    assert not surface.any()
    # And a good one after them.
    decoder.decode_into(Encoder(WIDTH, HEIGHT).encode(View.of(picture())), View.of(surface))
    assert psnr(picture(), surface) > 30


def test_changed_bytes_give_a_picture_or_an_error() -> None:
    source = np.random.default_rng(5)
    encoder, decoder = Encoder(WIDTH, HEIGHT, Mode.AVC444V2), Decoder()
    surface = np.zeros((HEIGHT + 2, WIDTH + 2, 4), np.uint8)
    for step in range(60):
        data = bytearray(encoder.encode(View.of(picture(step % 10))))
        for _ in range(3):
            data[source.integers(len(data))] = source.integers(256)
        try:
            decoder.decode_into(bytes(data), View.of(surface, 1, 1, WIDTH, HEIGHT), Mode.AVC444V2)
        except DecodeError:
            decoder.reset()
            encoder.reset()
    assert not surface[[0, -1]].any()
    assert not surface[:, [0, -1]].any()


@pytest.mark.parametrize("mode", Mode)
def test_packets_have_zeros_behind_them(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    # AV_INPUT_BUFFER_PADDING_SIZE: libavcodec reads that far, whatever lies there, mapped or not.
    packets = []
    packet_type = av.Packet

    def packet(given: object) -> object:
        packets.append(packet_type(given))
        return packets[-1]

    monkeypatch.setattr(av, "Packet", packet)
    encoder, decoder = Encoder(WIDTH, HEIGHT, mode), Decoder()
    for step in range(3):
        decoder.decode_into(encoder.encode(View.of(picture(step))), View.of(blank()), mode)
    assert len(packets) == (3 if mode is Mode.AVC420 else 6)
    for one in packets:
        assert ctypes.string_at(one.buffer_ptr + one.size, 64) == bytes(64)


def test_a_stream_may_not_announce_too_much() -> None:
    data = Encoder(WIDTH, HEIGHT).encode(View.of(picture()))
    with pytest.raises(DecodeError):
        Decoder(max_pixels=32 * 32).decode_into(data, View.of(blank()))


def test_streams_with_chroma_in_h264_itself_are_refused() -> None:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 32, 32, "yuv444p", Fraction(1, 30)
    context.options = {"tune": "zerolatency"}
    frame = av.VideoFrame(32, 32, "yuv444p")
    data = b"".join(bytes(packet) for packet in context.encode(frame))
    with pytest.raises(InvalidField, match="yuv444p"):
        Decoder().decode_into(wrap(data), View.of(blank()))


def test_rectangles_that_lie_upon_each_other_are_limited() -> None:
    source = picture()
    height, width = source.shape[:2]
    stream = Avc420BitmapStream.decode(Encoder(width, height).encode(View.of(source)))
    block = stream.avc420_meta_data
    for count, fits in ((4, True), (5, False)):
        block.region_rects, block.quant_quality_vals = (
            [(0, 0, width, height)] * count,
            [Avc420QuantQuality(qp=20)] * count,
        )
        if fits:
            Decoder().decode_into(stream.encode(), View.of(np.zeros_like(source)))
        else:
            with pytest.raises(InvalidField, match="upon"):
                Decoder().decode_into(stream.encode(), View.of(np.zeros_like(source)))


def test_sizes_that_change() -> None:
    decoder = Decoder()
    for width, height in ((70, 50), (33, 20), (64, 64)):
        source = picture(width=width, height=height)
        for mode in Mode:
            surface = np.zeros_like(source)
            data = Encoder(width, height, mode, quality=90).encode(View.of(source))
            decoder.decode_into(data, View.of(surface), mode)
            assert psnr(source, surface) > 28


def test_arguments_that_cannot_be() -> None:
    for size in ((0, 1), (1, 70000), (60000, 60000)):
        with pytest.raises(ValueError, match="pixels"):
            Encoder(*size)
    with pytest.raises(ValueError, match="quality"):
        Encoder(1, 1, quality=0)
    with pytest.raises(ValueError, match="view"):
        Encoder(2, 2).encode(View(bytes(4), 4, 0, 0, 1, 1))


def test_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    assert avc.is_available()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ModuleNotFoundError, match=r"trio-rdp\[h264\]"):
        Decoder().decode_into(wrap(b"\0"), View.of(blank()))
    with pytest.raises(ModuleNotFoundError, match=r"trio-rdp\[h264\]"):
        Encoder(WIDTH, HEIGHT).encode(View.of(picture()))
