"""Every codec's parts, carried out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.codecs.pictures import psnr, text
from tests.graphics.pipeline.model_client import ModelClient, photo
from trio_rdp.codecs import avc, clearcodec_encoder
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.progressive_blocks import ProgressiveBitmapStream, Region
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import CreateSurface, DrawProgressive, MapSurface, ResetGraphics
from trio_rdp.graphics.pipeline.parts import PartMaker
from trio_rdp.graphics.pipeline.plan import Part
from trio_rdp.graphics.pipeline.video import VideoArea

BOUNDS = Rect(0, 0, 300, 200)
RECTS = [Rect(10, 10, 100, 50), Rect(128, 64, 172, 136)]


def made() -> tuple[PartMaker, ModelClient]:
    client = ModelClient()
    client.apply([ResetGraphics(300, 200), CreateSurface(1, 300, 200), MapSurface(1, 0, 0)])
    return PartMaker(1, BOUNDS, clearcodec_encoder.Encoder(), lambda: 0.0), client


def carry_out(client: ModelClient, parts: list[Part]) -> None:
    for part in parts:
        part.encode()
        client.apply(part.jobs)


@pytest.mark.parametrize("codec", [BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW])
def test_nothing_is_lost(codec: BitmapCodec) -> None:
    maker, client = made()
    pixels = text(300, 200)
    parts = maker.lossless(codec, pixels, RECTS)
    assert {part.order for part in parts} == {"clearcodec" if codec is BitmapCodec.CLEARCODEC else None}
    assert sum(part.pixels for part in parts) == sum(rect.area for rect in RECTS)
    carry_out(client, parts)
    expected = np.zeros((200, 300, 3), np.uint8)
    for rect in RECTS:
        expected[rect.top : rect.bottom, rect.left : rect.right] = pixels[
            rect.top : rect.bottom, rect.left : rect.right, :3
        ]
    assert np.array_equal(client.picture, expected)


@pytest.mark.parametrize("codec", [BitmapCodec.PROGRESSIVE, BitmapCodec.REMOTEFX])
def test_loss_follows_the_quality_and_what_the_line_affords(codec: BitmapCodec) -> None:
    pixels, sizes = photo(300, 200), []
    for quality, percent in ((Quality.BEST, 100), (Quality.MEDIUM, 100), (Quality.MEDIUM, 60), (Quality.LOW, 60)):
        maker, client = made()
        parts = maker.lossy(codec, pixels, [BOUNDS], quality, percent)
        carry_out(client, parts)
        sizes.append(sum(len(getattr(job, "data", b"")) for part in parts for job in part.jobs))
        assert psnr(client.picture, pixels[..., :3]) > 33
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize("one_transform", [False, True])
def test_no_tile_comes_twice_in_a_frame(one_transform: bool) -> None:
    # Around what was copied: more than one part, whose rectangles meet within tiles.
    bounds = Rect(0, 0, 1400, 800)
    maker = PartMaker(1, bounds, clearcodec_encoder.Encoder(), lambda: 0.0, one_transform=one_transform)
    rects = [Rect(0, 0, 1400, 87), Rect(0, 87, 100, 400), Rect(600, 87, 800, 400), Rect(0, 487, 1400, 300)]
    rects += [Rect(x, 788, 20, 12) for x in range(0, 1400, 32)]
    parts = maker.lossy(BitmapCodec.PROGRESSIVE, photo(1400, 800), rects, Quality.LOW, 100)
    assert len(parts) > 1
    tiles = []
    for part in parts:
        part.encode()
        for job in part.jobs:
            assert isinstance(job, DrawProgressive)
            for block in ProgressiveBitmapStream.decode(job.data).progressive_data_blocks:
                tiles += [(tile.x_idx, tile.y_idx) for tile in block.tiles] if isinstance(block, Region) else []
    assert len(tiles) == len(set(tiles)) > 22 * 10


def test_a_change_of_quality_goes_on_with_the_same_surface() -> None:
    maker, client = made()
    for number, quality in enumerate((Quality.LOW, Quality.BEST, Quality.MEDIUM)):
        for codec in (BitmapCodec.PROGRESSIVE, BitmapCodec.REMOTEFX):
            pixels = photo(300, 200, number)
            carry_out(client, maker.lossy(codec, pixels, [BOUNDS], quality, 100))
            assert psnr(client.picture, pixels[..., :3]) > 33


def test_tiles_are_upgraded() -> None:
    maker, client = made()
    pixels = text(300, 200)
    assert maker.in_passes(20)
    assert not maker.in_passes(100)
    carry_out(client, [maker.upgrade([BOUNDS])])
    carry_out(client, maker.lossy(BitmapCodec.PROGRESSIVE, pixels, [BOUNDS], Quality.BEST, 20))
    rough = psnr(client.picture, pixels[..., :3])
    part = maker.upgrade([BOUNDS])
    carry_out(client, [part])
    assert [type(job) for job in part.jobs] == [DrawProgressive]
    assert psnr(client.picture, pixels[..., :3]) > rough + 3


@pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")
def test_video_has_a_surface_of_its_own() -> None:
    maker, client = made()
    area = VideoArea(7, Rect(64, 32, 160, 96), is_main=False, last=0.0, checked=0.0, surface_id=9)
    client.apply([CreateSurface(9, 160, 96)])
    for number, codec in enumerate((BitmapCodec.AVC420, BitmapCodec.AVC420, BitmapCodec.AVC444)):
        pixels = photo(300, 200, number)
        part = maker.video(area, codec, pixels, [area.rect], Quality.BEST, 100, 50_000)
        assert part.order == "video 7"
        carry_out(client, [part])
        assert psnr(client.surfaces[9][..., :3], pixels[32:128, 64:224, :3]) > 33


def test_only_what_was_asked_for_is_drawn_and_what_passes_is_smaller() -> None:
    pixels, sizes = photo(300, 200), []
    wanted = [Rect(10, 10, 20, 180), Rect(64, 64, 70, 64), Rect(290, 190, 10, 10)]
    for passing in (False, True):
        maker, client = made()
        parts = maker.lossy(BitmapCodec.PROGRESSIVE, pixels, wanted, Quality.MEDIUM, 100, passing=passing)
        carry_out(client, parts)
        maker.release()
        carry_out(client, maker.lossy(BitmapCodec.PROGRESSIVE, pixels, wanted[:1], Quality.MEDIUM, 100))
        seen = np.zeros((200, 300), np.bool_)
        for rect in wanted:
            place = slice(rect.top, rect.bottom), slice(rect.left, rect.right)
            seen[place] = True
            assert psnr(client.picture[place], pixels[place][..., :3]) > 33
        assert not client.picture[~seen].any()
        sizes.append(sum(len(getattr(job, "data", b"")) for part in parts for job in part.jobs))
    assert sizes[1] < 0.8 * sizes[0]
