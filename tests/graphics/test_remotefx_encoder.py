"""RemoteFX in surface bits: what a client shows is close to the picture, where it was sent, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.display_link import noise
from trio_rdp.codecs.bitmap_codec import Quality
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import jobs_from_surface_commands
from trio_rdp.graphics.remotefx_encoder import RemoteFxEncoder
from trio_rdp.graphics.surface_encoder import MIN_UPDATE_SIZE, SurfaceCodec
from trio_rdp.pdu.bitmap_codecs import CodecId, RfxEntropyBits
from trio_rdp.pdu.surface import SetSurfaceBitsCommand, StreamSurfaceBitsCommand, SurfaceCommands

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
TAKEN = SurfaceCodec(codec_id=CodecId.REMOTEFX)
WIDTH, HEIGHT = 150, 100


def picture() -> Pixels:
    rows, columns = np.indices((HEIGHT, WIDTH))
    waves = np.stack([128 + 100 * np.sin((rows * a + columns) / 30) for a in (1, 2, 3)], axis=2)
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[..., :3] = waves
    return pixels


class Shown:
    def __init__(self) -> None:
        self.image = DecodedImage(WIDTH, HEIGHT)

    def draw(self, updates: list[SurfaceCommands] | None) -> Pixels:
        assert updates is not None
        for update in updates:
            for job in jobs_from_surface_commands(SurfaceCommands.decode(update.encode())):
                self.image.apply(job)
        return self.image.pixels


def error(found: Pixels, wanted: Pixels, rect: Rect) -> float:
    part = (slice(rect.top, rect.bottom), slice(rect.left, rect.right), slice(3))
    return float(abs(found[part].astype(int) - wanted[part]).mean())


@pytest.mark.parametrize("entropy", [RfxEntropyBits.RLGR1, RfxEntropyBits.RLGR3])
@pytest.mark.parametrize("is_image_mode", [False, True])
def test_a_stream(entropy: RfxEntropyBits, is_image_mode: bool) -> None:
    encoder = RemoteFxEncoder(
        WIDTH, HEIGHT, SurfaceCodec(codec_id=3, entropy=entropy, is_image_mode=is_image_mode), quality=Quality.HIGH
    )
    pixels, shown = picture(), Shown()
    part = Rect(10, 20, 70, 33)
    first = encoder.prepare(pixels, [part])
    second = encoder.prepare(pixels, [Rect(80, 0, 70, 100), Rect(0, 90, 5, 5)])
    assert (first.count, second.count) == (2, 5)
    found = shown.draw(encoder.finish(first)).copy()
    assert error(found, pixels, part) < 2
    outside = np.ones((HEIGHT, WIDTH), np.bool_)
    outside[20:53, 10:80] = False
    assert not found[outside][..., :3].any()
    found = shown.draw(encoder.finish(second))
    assert error(found, pixels, Rect(80, 0, 70, 100)) < 2
    assert error(found, pixels, Rect(0, 90, 5, 5)) < 2


def test_quality_changes_in_the_middle() -> None:
    encoder = RemoteFxEncoder(WIDTH, HEIGHT, TAKEN, quality=Quality.LOW)
    pixels, shown, whole = noise(WIDTH, HEIGHT), Shown(), Rect(0, 0, WIDTH, HEIGHT)
    errors, sizes = [], []
    late = encoder.prepare(pixels, [whole])
    for quality in Quality:
        encoder.quality = quality
        prepared = encoder.prepare(pixels, [whole])
        errors.append(error(shown.draw(encoder.finish(prepared)), pixels, whole))
        sizes.append(len(prepared.data))
    assert errors == sorted(errors, reverse=True)
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(Quality)
    # What was prepared before has its place behind it all the same.
    assert error(shown.draw(encoder.finish(late)), pixels, whole) == errors[0]


def test_updates_are_no_larger_than_the_limit() -> None:
    encoder = RemoteFxEncoder(WIDTH, HEIGHT, TAKEN, quality=Quality.BEST, max_update_size=40_000)
    pixels, whole = noise(WIDTH, HEIGHT), Rect(0, 0, WIDTH, HEIGHT)
    updates = encoder.finish(encoder.prepare(pixels, [whole]))
    assert updates is not None
    assert len(updates) > 1
    assert max(len(update.encode()) for update in updates) <= 40_000
    assert error(Shown().draw(updates), pixels, whole) < 12


def test_a_tile_that_fits_no_update() -> None:
    encoder = RemoteFxEncoder(WIDTH, HEIGHT, TAKEN, quality=Quality.BEST, max_update_size=MIN_UPDATE_SIZE)
    assert encoder.finish(encoder.prepare(noise(WIDTH, HEIGHT), [Rect(0, 0, WIDTH, HEIGHT)])) is None
    # The stream goes on.
    pixels = picture()
    found = Shown().draw(encoder.finish(encoder.prepare(pixels, [Rect(0, 0, 64, 64)])))
    assert error(found, pixels, Rect(0, 0, 64, 64)) < 2


def test_the_command() -> None:
    for streams, kind in ((True, StreamSurfaceBitsCommand), (False, SetSurfaceBitsCommand)):
        encoder = RemoteFxEncoder(WIDTH, HEIGHT, TAKEN, streams=streams)
        updates = encoder.finish(encoder.prepare(picture(), [Rect(70, 70, 9, 9)]))
        assert updates is not None
        (command,) = updates[0].surface_commands
        assert isinstance(command, kind)
        # Tiles count from the picture's corner, whatever of them is shown.
        assert (command.dest_left, command.dest_top, command.bitmap_data.width) == (0, 0, WIDTH)
        assert command.bitmap_data.codec_id == CodecId.REMOTEFX


def test_a_limit_that_is_too_low() -> None:
    with pytest.raises(ValueError, match="less than"):
        RemoteFxEncoder(WIDTH, HEIGHT, TAKEN, max_update_size=MIN_UPDATE_SIZE - 1)
