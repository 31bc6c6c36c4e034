"""Parts of a picture in surface bits come out at a client as they went in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.display_link import noise
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import jobs_from_surface_commands
from trio_rdp.graphics.surface_encoder import MIN_UPDATE_SIZE, SurfaceCodec, SurfaceEncoder, surface_bits
from trio_rdp.pdu.bitmap_codecs import CodecId
from trio_rdp.pdu.surface import SetSurfaceBitsCommand, StreamSurfaceBitsCommand, SurfaceCommands

CODECS = {
    BitmapCodec.NSCODEC: SurfaceCodec(codec_id=CodecId.NSCODEC, color_loss_level=7, subsampling=True),
    BitmapCodec.QOI: SurfaceCodec(codec_id=CodecId.QOI),
    BitmapCodec.QOIZ: SurfaceCodec(codec_id=CodecId.QOIZ),
}
RECTS = [Rect(3, 5, 150, 70), Rect(160, 0, 37, 129), Rect(0, 100, 1, 1)]


def picture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    pixels = noise(199, 131)
    pixels[20:70, 10:120] = (200, 100, 50, 255)
    pixels[..., 3] = 255
    return pixels


def shown(updates: list[SurfaceCommands], image: DecodedImage | None = None) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Send the updates through their bytes to a client."""
    image = DecodedImage(199, 131) if image is None else image
    for update in updates:
        for job in jobs_from_surface_commands(SurfaceCommands.decode(update.encode())):
            image.apply(job)
    return image.pixels


def inside() -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.zeros((131, 199), np.bool_)
    for rect in RECTS:
        mask[rect.top : rect.bottom, rect.left : rect.right] = True
    return mask


@pytest.mark.parametrize("codec", [BitmapCodec.QOI, BitmapCodec.QOIZ])
def test_lossless(codec: BitmapCodec) -> None:
    pixels = picture()
    found = shown(SurfaceEncoder(CODECS).encode(codec, pixels, RECTS))
    assert (found[inside()] == pixels[inside()]).all()
    assert not found[~inside()][..., :3].any()


@pytest.mark.parametrize(("quality", "most"), [(Quality.BEST, 2), (Quality.HIGH, 4)])
def test_nscodec(quality: Quality, most: int) -> None:
    pixels = picture()
    found = shown(SurfaceEncoder(CODECS, quality=quality).encode(BitmapCodec.NSCODEC, pixels, RECTS))
    assert abs(found[inside()].astype(int) - pixels[inside()]).max() <= most


def test_nscodec_loses_no_more_than_the_client_allows() -> None:
    strict = {BitmapCodec.NSCODEC: SurfaceCodec(codec_id=1, color_loss_level=1)}
    pixels = picture()
    found = shown(SurfaceEncoder(strict, quality=Quality.LOW).encode(BitmapCodec.NSCODEC, pixels, RECTS))
    assert abs(found[inside()].astype(int) - pixels[inside()]).max() <= 2


def test_less_quality_is_smaller() -> None:
    encoder = SurfaceEncoder(CODECS, quality=Quality.BEST)
    pixels = picture()
    sizes = []
    for quality in reversed(Quality):
        encoder.quality = quality
        updates = encoder.encode(BitmapCodec.NSCODEC, pixels, RECTS)
        sizes.append(sum(len(update.encode()) for update in updates))
    assert min(sizes[:2]) > 1.5 * max(sizes[2:])  # where chroma is halved, too


def test_qoiz_remembers() -> None:
    encoder = SurfaceEncoder(CODECS)
    pixels, image = picture(), DecodedImage(199, 131)
    first = encoder.encode(BitmapCodec.QOIZ, pixels, RECTS)
    again = encoder.encode(BitmapCodec.QOIZ, pixels, RECTS)
    assert sum(len(one.encode()) for one in again) < sum(len(one.encode()) for one in first) / 10
    shown(first, image)
    assert (shown(again, image)[inside()] == pixels[inside()]).all()


@pytest.mark.parametrize("codec", list(CODECS))
@pytest.mark.parametrize("limit", [MIN_UPDATE_SIZE, 20_000, 0x10000])
def test_updates_are_no_larger_than_the_limit(codec: BitmapCodec, limit: int) -> None:
    pixels = noise(199, 131)
    updates = SurfaceEncoder(CODECS, max_update_size=limit).encode(codec, pixels, [Rect(0, 0, 199, 131)])
    assert max(len(update.encode()) for update in updates) <= limit
    assert shown(updates)[..., :3].any()


def test_the_command() -> None:
    rect = Rect(7, 9, 20, 10)
    (command,) = surface_bits(rect, 10, b"data").surface_commands
    assert isinstance(command, SetSurfaceBitsCommand)
    # "destRight (2 bytes)" is exclusive.
    assert (command.dest_left, command.dest_top, command.dest_right, command.dest_bottom) == (7, 9, 27, 19)
    assert (command.bitmap_data.width, command.bitmap_data.height, command.bitmap_data.codec_id) == (20, 10, 10)
    (command,) = surface_bits(rect, 10, b"data", streams=True).surface_commands
    assert isinstance(command, StreamSurfaceBitsCommand)


def test_a_limit_that_is_too_low() -> None:
    with pytest.raises(ValueError, match="less than"):
        SurfaceEncoder(CODECS, max_update_size=MIN_UPDATE_SIZE - 1)
