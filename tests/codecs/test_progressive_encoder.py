from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.twins import FORMS, use
from trio_rdp.codecs import progressive, progressive_encoder
from trio_rdp.codecs.kernels import Form
from trio_rdp.codecs.progressive_blocks import (
    Context,
    ContextFlags,
    FrameBegin,
    ProgressiveBitmapStream,
    Region,
    Sync,
    TileFirst,
    TileFlags,
    TileSimple,
    TileUpgrade,
)
from trio_rdp.codecs.progressive_encoder import PASSES, Encoder, Quality
from trio_rdp.codecs.view import View

Picture: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"

# What each level of quality keeps at least, in dB: of text and edges, of a photograph.
BOUNDS = {Quality.LOW: (27, 32), Quality.MEDIUM: (32, 36), Quality.HIGH: (36, 39), Quality.BEST: (43, 43)}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Form:
    chosen: Form = request.param
    use(chosen, monkeypatch, progressive, progressive_encoder)
    return chosen


def picture(kind: str, width: int, height: int) -> Picture:
    random = np.random.RandomState(9)
    rows, columns = np.indices((height, width))
    out = np.full((height, width, 4), 255, np.uint8)
    if kind == "noise":
        out[:, :, :3] = random.randint(0, 256, (height, width, 3))
    elif kind == "text":
        # Strokes of two pixels, dark on light, in runs.
        strokes = np.kron(random.rand(height // 2 + 1, width // 2 + 1) < 0.3, np.ones((2, 2)))[:height, :width] > 0
        strokes &= (rows // 12 % 2 == 0) & (columns // 40 % 3 > 0)
        out[:, :, :3] = np.where(strokes[:, :, None], (60, 30, 20), (250, 248, 245))
    elif kind == "photo":
        waves = np.sin(rows / 17.0) * 60 + np.cos(columns / 23.0) * 50 + 128
        for channel in range(3):
            grain = random.normal(0, 1.5, (height, width))
            out[:, :, channel] = np.clip(waves + 20 * np.sin((rows + columns) / (9.0 + channel)) + grain, 0, 255)
    else:
        out[:, :, :3] = (200, 100, 50)
    return out


def psnr(one: Picture, two: Picture) -> float:
    error = float(((one[:, :, :3].astype(float) - two[:, :, :3]) ** 2).mean())
    return 99.0 if error == 0 else 10 * float(np.log10(255 * 255 / error))


def blocks(data: bytes) -> list[object]:
    return list(ProgressiveBitmapStream.decode(data).progressive_data_blocks)


@pytest.mark.parametrize("reduce_extrapolate", [False, True])
@pytest.mark.parametrize("quality", Quality)
def test_levels_of_quality(form: Form, quality: Quality, reduce_extrapolate: bool) -> None:
    width, height = (70, 66) if form == "plain" else (320, 200)
    sizes = []
    for kind, bound in zip(("text", "photo", "flat"), (*BOUNDS[quality], 43), strict=True):
        source, shown = picture(kind, width, height), np.zeros((height, width, 4), np.uint8)
        encoder = Encoder(width, height, reduce_extrapolate=reduce_extrapolate)
        data = encoder.encode(View.of(source), [(0, 0, width, height)], quality=quality)
        assert progressive.Decoder(width, height).decode_into(data, View.of(shown)) == [(0, 0, width, height)]
        assert psnr(source, shown) >= bound
        assert encoder.waiting == 0
        sizes.append(len(data))
    assert sizes[2] < sizes[0]


def test_better_is_larger() -> None:
    source = picture("photo", 130, 130)
    sizes = [len(Encoder(130, 130).encode(View.of(source), [(0, 0, 130, 130)], quality=quality)) for quality in Quality]
    assert sizes == sorted(sizes)


def test_passes_end_where_whole_tiles_do(form: Form) -> None:
    width, height = (70, 40) if form == "plain" else (200, 130)
    source, rects = picture("text", width, height), [(0, 0, width, height)]
    whole, shown = (np.zeros((height, width, 4), np.uint8) for _ in range(2))
    once = Encoder(width, height, reduce_extrapolate=True).encode(View.of(source), rects)
    progressive.Decoder(width, height).decode_into(once, View.of(whole))

    encoder, decoder = Encoder(width, height), progressive.Decoder(width, height)
    data, quality, sizes = encoder.encode(View.of(source), rects, progressive=True), 0.0, []
    while data:
        decoder.decode_into(data, View.of(shown))
        assert psnr(source, shown) > quality
        quality = psnr(source, shown)
        sizes.append(len(data))
        data = encoder.upgrade()
    assert len(sizes) == len(PASSES)
    assert sizes[0] < len(once) * 0.7
    assert encoder.waiting == 0
    assert (shown == whole).all()


def test_what_is_in_the_messages() -> None:
    source = picture("photo", 200, 130)
    encoder = Encoder(200, 130, reduce_extrapolate=True, differences=True)
    sync, context, begin, region, _ = blocks(encoder.encode(View.of(source), [(60, 0, 8, 10)], progressive=True))
    assert isinstance(sync, Sync)
    assert context == Context(flags=ContextFlags.SUBBAND_DIFFING)
    assert begin == FrameBegin(frame_index=0, region_count=1)
    assert isinstance(region, Region)
    assert region.rects == [(60, 0, 8, 10)]
    assert [(type(tile), tile.x_idx, tile.y_idx) for tile in region.tiles] == [(TileFirst, 0, 0), (TileFirst, 1, 0)]
    assert [values.quality for values in region.quant_prog_vals] == [25]

    # Only the first message says what stream this is.
    begin, region, _ = blocks(encoder.upgrade())
    assert begin == FrameBegin(frame_index=1, region_count=1)
    assert isinstance(region, Region)
    assert region.rects == [(0, 0, 128, 64)]
    assert [type(tile) for tile in region.tiles] == [TileUpgrade, TileUpgrade]
    begin, region, _ = blocks(encoder.upgrade())
    assert isinstance(region, Region)
    assert region.quant_prog_vals == []
    assert encoder.upgrade() == b""
    begin, region, _ = blocks(encoder.encode(View.of(source), [(128, 128, 500, 500)]))
    assert isinstance(region, Region)
    assert region.rects == [(128, 128, 72, 2)]
    assert [type(tile) for tile in region.tiles] == [TileSimple, TileSimple]
    encoder.reset()
    assert isinstance(blocks(encoder.encode(View.of(source), [(0, 0, 1, 1)]))[0], Sync)


def test_upgrades_of_a_part_come_first_for_those_that_are_behind() -> None:
    source = picture("photo", 256, 64)
    encoder, decoder = Encoder(256, 64), progressive.Decoder(256, 64)
    shown = np.zeros((64, 256, 4), np.uint8)

    def decode(data: bytes) -> list[tuple[int, int, int, int]]:
        return decoder.decode_into(data, View.of(shown))

    decode(encoder.encode(View.of(source), [(0, 0, 256, 64)], progressive=True))
    assert decode(encoder.upgrade([(70, 5, 1, 1)])) == [(64, 0, 64, 64)]
    assert decode(encoder.upgrade(limit=2)) == [(0, 0, 64, 64), (128, 0, 64, 64)]
    # The last one is at its second pass, the others at their third: two regions.
    assert decode(encoder.upgrade()) == [(192, 0, 64, 64), (0, 0, 192, 64)]
    assert encoder.waiting == 1
    # A tile that changes begins anew; whole, it does not wait.
    decode(encoder.encode(View.of(source), [(192, 0, 1, 1)]))
    assert encoder.waiting == 0
    assert encoder.upgrade() == b""
    assert encoder.upgrade([(0, 0, 256, 64)]) == b""
    assert psnr(source, shown) > 39


@pytest.mark.parametrize("progressively", [False, True])
def test_differences_are_smaller_and_lose_nothing(form: Form, progressively: bool) -> None:
    width, height = (64, 64) if form == "plain" else (190, 120)
    source = picture("photo", width, height)
    encoder, decoder = Encoder(width, height, differences=True), progressive.Decoder(width, height)
    fresh = Encoder(width, height, reduce_extrapolate=progressively)
    shown, expected = (np.zeros((height, width, 4), np.uint8) for _ in range(2))
    sizes = []
    for number in range(4):
        # Something small moves; at the end everything is another picture.
        source[10 * number : 10 * number + 6, 5:25, :3] ^= 0x3F
        if number == 3:
            source = picture("noise", width, height)
        rects = [(0, 0, width, height)]
        data = encoder.encode(View.of(source), rects, progressive=progressively)
        sizes.append(len(data))
        decoder.decode_into(data, View.of(shown))
        if number == 1:
            # Left unfinished: the next difference builds upon what the decoder has.
            continue
        while data := encoder.upgrade():
            decoder.decode_into(data, View.of(shown))
        progressive.Decoder(width, height).decode_into(fresh.encode(View.of(source), rects), View.of(expected))
        assert (shown == expected).all()
    assert sizes[1] < sizes[0] * 0.7
    kinds = {
        tile.flags for tile in _tiles(encoder.encode(View.of(source), [(0, 0, 64, 64)], progressive=progressively))
    }
    assert kinds == {TileFlags.DIFFERENCE}


def _tiles(data: bytes) -> list[TileSimple | TileFirst]:
    regions = [block for block in blocks(data) if isinstance(block, Region)]
    return [tile for region in regions for tile in region.tiles if not isinstance(tile, TileUpgrade)]


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    st.sampled_from(("noise", "text", "photo", "flat")),
    st.booleans(),
    st.booleans(),
)
def test_pictures_of_any_size_anywhere(
    size: tuple[int, int], place: tuple[int, int, int], kind: str, wide: bool, passes: bool
) -> None:
    (width, height), (x, y, more) = size, place
    surface = np.zeros((height + y + 3, width + x + more, 4), np.uint8)
    surface[y : y + height, x : x + width] = source = picture(kind, width, height)
    encoder, decoder = Encoder(width, height, reduce_extrapolate=wide), progressive.Decoder(width, height)
    shown = np.zeros_like(surface)
    data = encoder.encode(View.of(surface, x, y, width, height), [(0, 0, width, height)], progressive=passes)
    while data:
        decoder.decode_into(data, View.of(shown, x, y, width, height))
        data = encoder.upgrade()
    assert psnr(source, shown[y : y + height, x : x + width]) >= (25 if kind == "noise" else 34)
    shown[y : y + height, x : x + width] = 0
    assert not shown.any()


def test_what_cannot_be_encoded() -> None:
    encoder = Encoder(100, 50)
    source = np.zeros((50, 100, 4), np.uint8)
    assert encoder.encode(View.of(source), []) == b""
    assert encoder.encode(View.of(source), [(100, 0, 5, 5), (0, 0, 0, 5), (-9, 0, 9, 5)]) == b""
    with pytest.raises(ValueError, match="size"):
        encoder.encode(View.of(source, 0, 0, 90), [(0, 0, 5, 5)])
    with pytest.raises(ValueError, match="surface"):
        encoder.encode(View(bytes(10), 400, 0, 0, 100, 50), [(0, 0, 5, 5)])
    with pytest.raises(ValueError, match="rectangles"):
        encoder.encode(View.of(source), [(0, 0, 1, 1)] * 65_536)


def test_where_all_tiles_have_the_other_transform_the_context_says_so_too() -> None:
    """IronRDP's client takes its flag for the regions'."""
    source, rects = picture("text", 130, 70), [(0, 0, 130, 70)]
    for is_wide in (True, False):
        found = blocks(Encoder(130, 70, reduce_extrapolate=is_wide).encode(View.of(source), rects))
        assert [int(one.flags) for one in found if isinstance(one, Context | Region)] == [is_wide, is_wide]
