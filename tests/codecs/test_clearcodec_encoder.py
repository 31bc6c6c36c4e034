from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs.pictures import BGRX, gradient, noise, psnr, solid, text
from tests.codecs.twins import twins
from trio_rdp.codecs import clearcodec, clearcodec_encoder
from trio_rdp.codecs.clearcodec import Decoder, Encoder
from trio_rdp.codecs.clearcodec_messages import (
    BitmapStream,
    CompositePayload,
    Rlex,
    SubcodecId,
    VbarCacheHit,
)
from trio_rdp.codecs.view import View


@pytest.fixture(params=twins("clearcodec_encoder"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(clearcodec_encoder, "kernel", module)
    return module


def payload(data: bytes) -> CompositePayload:
    found = BitmapStream.decode(data).composite_payload
    assert found is not None
    return found


def shown(decoder: Decoder, data: bytes, width: int, height: int) -> BGRX:
    out = np.zeros((height, width, 4), np.uint8)
    decoder.decode_into(data, View.of(out), width, height)
    return out


def mixed(width: int, height: int, colours: int) -> BGRX:
    """Pixels of so many colours in no order."""
    index = np.random.default_rng(colours).integers(0, colours, (height, width))
    return np.stack([index, 255 - index, index * 3 % 256, np.full_like(index, 255)], axis=-1).astype(np.uint8)


def test_one_colour_is_one_run() -> None:
    layers = payload(Encoder().encode(View.of(solid(200, 100))))
    assert [(run.blue_value, run.green_value, run.red_value, run.run_length) for run in layers.residual_data] == [
        (90, 120, 30, 20000)
    ]
    assert not layers.bands_data
    assert not layers.subcodec_data


def test_few_colours_are_a_palette() -> None:
    layers = payload(Encoder().encode(View.of(mixed(40, 30, 5))))
    assert [one.sub_codec_id for one in layers.subcodec_data] == [SubcodecId.RLEX]
    assert len(Rlex.decode(layers.subcodec_data[0].bitmap_data).palette_entries) == 5


def test_many_colours_are_sent_as_they_are_or_with_nscodec() -> None:
    picture = noise(64, 48)
    layers = payload(Encoder().encode(View.of(picture)))
    assert {one.sub_codec_id for one in layers.subcodec_data} == {SubcodecId.RAW}
    data = Encoder(color_loss_level=3).encode(View.of(picture))
    assert {one.sub_codec_id for one in payload(data).subcodec_data} == {SubcodecId.NSCODEC}
    assert len(data) < 64 * 48 * 1.6
    smooth = gradient(64, 48)
    data = Encoder(color_loss_level=1, subsampling=False).encode(View.of(smooth))
    assert psnr(shown(Decoder(), data, 64, 48), smooth) > 50


def test_a_palette_has_two_colours_at_least() -> None:
    # For one colour [MS-RDPEGFX] 2.2.4.1.1.3.1.1 does not say how many bits an index has.
    picture = np.zeros((64, 128, 4), np.uint8)
    picture[:, 64:] = (9, 8, 7, 0)
    picture[:, :, 3] = 255
    (cell,) = payload(Encoder().encode(View.of(picture))).subcodec_data
    assert (cell.x_start, cell.width, cell.sub_codec_id) == (64, 64, SubcodecId.RLEX)
    rlex = Rlex.decode(cell.bitmap_data)
    assert rlex.palette_entries == [(9, 8, 7), (9, 8, 7)]
    assert [segment.stop_index for segment in rlex.segments] == [0]


def test_a_cell_is_cut_where_its_palette_is_full() -> None:
    picture = np.concatenate((mixed(64, 30, 100), mixed(64, 34, 101)[..., ::-1]))
    layers = payload(Encoder().encode(View.of(np.ascontiguousarray(picture))))
    assert [one.sub_codec_id for one in layers.subcodec_data] == [SubcodecId.RLEX] * 2
    assert sum(one.height for one in layers.subcodec_data) == 64


def test_text_that_comes_again_is_named() -> None:
    encoder, decoder = Encoder(), Decoder()
    picture = text(256, 128)
    sizes = []
    for _ in range(4):
        data = encoder.encode(View.of(picture))
        sizes.append(len(data))
        assert np.array_equal(shown(decoder, data, 256, 128), picture)
    # The first time in palettes, the second in columns, then in their names.
    assert sizes[-1] * 2 < sizes[0]
    bands = payload(data).bands_data
    columns = [vbar for band in bands for vbar in band.vbars]
    assert sum(isinstance(vbar, VbarCacheHit) for vbar in columns) > len(columns) * 0.95
    # Moved by some pixels it is still the same text.
    moved = np.roll(picture, (3, 5), (0, 1))
    data = encoder.encode(View.of(moved))
    assert np.array_equal(shown(decoder, data, 256, 128), moved)
    assert len(data) * 1.3 < sizes[0]


@pytest.mark.parametrize("make", [noise, gradient, text, solid])
@pytest.mark.parametrize("size", [(1, 1), (9, 3), (200, 1), (64, 64), (70, 3), (300, 290), (1000, 66)])
def test_in_a_hurry_there_are_runs_or_pixels(make: Callable[[int, int], BGRX], size: tuple[int, int]) -> None:
    width, height = size
    surface = make(width + 5, height + 2)
    encoder, decoder = Encoder(quick=True), Decoder()
    for number in range(2):
        data = encoder.encode(View.of(surface, 3, 1, width, height))
        message = BitmapStream.decode(data)
        layers = payload(data)
        assert message.seq_number == number
        assert message.glyph_index is None
        assert not layers.bands_data
        assert bool(layers.residual_data) is not bool(layers.subcodec_data)
        assert {one.sub_codec_id for one in layers.subcodec_data} <= {SubcodecId.RAW}
        assert len(data) <= 14 + 13 + 3 * width * height
        assert np.array_equal(shown(decoder, data, width, height)[..., :3], surface[1 : 1 + height, 3 : 3 + width, :3])


def test_runs_of_any_length_in_a_hurry() -> None:
    for length in (254, 255, 256, 65534, 65535, 65536):
        picture = np.zeros((1, 66000, 4), np.uint8)
        picture[0, length:, 1] = 7
        picture[..., 3] = np.arange(66000, dtype=np.uint8)  # is not looked at
        if length > 65000:
            picture = np.ascontiguousarray(picture.reshape(66, 1000, 4))
        else:
            picture = np.ascontiguousarray(picture[:, :60000])
        height, width = picture.shape[:2]
        layers = payload(Encoder(quick=True).encode(View.of(picture)))
        assert [run.run_length for run in layers.residual_data] == [length, height * width - length]


def test_small_bitmaps_become_glyphs() -> None:
    encoder, decoder = Encoder(), Decoder()
    pictures = [noise(16, 16), text(32, 32), noise(1, 1)]
    first = [encoder.encode(View.of(picture)) for picture in pictures]
    again = [encoder.encode(View.of(picture)) for picture in pictures]
    assert [BitmapStream.decode(data).glyph_index for data in first] == [0, 1, 2]
    assert [data.hex() for data in again] == ["03030000", "03040100", "03050200"]
    for picture, data in zip(pictures * 2, first + again, strict=True):
        height, width = picture.shape[:2]
        assert np.array_equal(shown(decoder, data, width, height)[..., :3], picture[..., :3])
    # The same pixels as another rectangle are the same glyph; one that is lossy would not be what was asked for.
    assert encoder.encode(View.of(pictures[0].reshape(8, 32, 4))).hex() == "03060000"
    assert {one.sub_codec_id for one in payload(first[0]).subcodec_data} == {SubcodecId.RAW}


def test_glyphs_are_replaced_in_turn() -> None:
    encoder, decoder = Encoder(), Decoder()
    pixels = np.arange(4002, dtype=np.uint32).view(np.uint8).reshape(-1, 1, 1, 4)
    for picture in pixels:
        shown(decoder, encoder.encode(View.of(picture)), 1, 1)
    assert BitmapStream.decode(encoder.encode(View.of(pixels[4001]))).glyph_index == 1
    assert BitmapStream.decode(encoder.encode(View.of(pixels[5]))).glyph_index == 5
    assert BitmapStream.decode(encoder.encode(View.of(pixels[0]))).composite_payload is not None


def test_numbers_follow_and_a_reset_begins_anew() -> None:
    encoder = Encoder()
    picture = solid(3, 3)
    assert [encoder.encode(View.of(picture))[1] for _ in range(258)] == [*range(256), 0, 1]
    encoder.reset()
    data = encoder.encode(View.of(picture))
    assert data[:4].hex() == "01000000"


def test_the_fourth_byte_is_not_looked_at() -> None:
    picture = text(80, 60)
    other = picture.copy()
    other[..., 3] = noise(80, 60)[..., 3]
    assert Encoder().encode(View.of(picture)) == Encoder().encode(View.of(other))


@pytest.mark.parametrize("make", [noise, gradient, text, solid])
@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (31, 33), (64, 64), (200, 130)])
def test_sizes_are_bounded(make: Callable[[int, int], BGRX], size: tuple[int, int]) -> None:
    data = Encoder().encode(View.of(make(*size)))
    # What does without a palette is cut once more.
    cells = -(-size[0] // 64) * -(-size[1] // 64) * 2
    assert len(data) <= 16 + size[0] * size[1] * 3 + 13 * cells


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 200),
            st.integers(1, 120),
            st.sampled_from((text, gradient, noise, solid)),
            st.integers(0, 9),
            st.integers(0, 9),
        ),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
def test_nothing_is_lost(pictures: list[tuple[int, int, Callable[[int, int], BGRX], int, int]], quick: bool) -> None:
    encoder, decoder = Encoder(quick=quick), clearcodec.Decoder()
    for width, height, make, x, y in pictures:
        surface = make(width + x + 2, height + y + 1)
        data = encoder.encode(View.of(surface, x, y, width, height))
        out = np.zeros_like(surface)
        decoder.decode_into(data, View.of(out, x, y, width, height), width, height)
        assert np.array_equal(out[y : y + height, x : x + width, :3], surface[y : y + height, x : x + width, :3])


def test_what_cannot_be_asked_for() -> None:
    for level in (0, 8):
        with pytest.raises(ValueError, match="level"):
            Encoder(color_loss_level=level)
    with pytest.raises(ValueError, match="quick"):
        Encoder(quick=True, color_loss_level=3)
    with pytest.raises(ValueError, match="surface"):
        Encoder().encode(View(bytes(16), 8, 1, 1, 2, 2))
    with pytest.raises(ValueError, match="65535"):
        Encoder().encode(View.whole(bytes(65536 * 4), 65536, 1))
    with pytest.raises(ValueError, match="pixels"):
        Encoder().encode(View.whole(b"", 0, 1))


def test_one_thread_at_a_time(kernel: ModuleType) -> None:
    if kernel.__name__.startswith("trio_rdp.codecs.plain"):
        pytest.skip("holds the GIL")
    encoder = Encoder()
    view = View.of(noise(1000, 500))
    refused: list[RuntimeError] = []

    def encode() -> None:
        for _ in range(5):
            try:
                encoder.encode(view)
            except RuntimeError as exc:
                refused.append(exc)

    threads = [threading.Thread(target=encode) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("two threads" in str(exc) for exc in refused)
