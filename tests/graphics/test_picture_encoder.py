"""Each part of a picture in the codec that suits it, and all of it at the client."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.graphics.test_content import photograph, text
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.bitmap_encoder import BitmapEncoder
from trio_rdp.graphics.content import Content, Hints
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import jobs_from_bitmap_update, jobs_from_surface_commands
from trio_rdp.graphics.picture_encoder import PictureEncoder
from trio_rdp.graphics.surface_encoder import SurfaceCodec
from trio_rdp.pdu.bitmap import BitmapUpdate
from trio_rdp.pdu.bitmap_codecs import CodecId
from trio_rdp.pdu.surface import SetSurfaceBitsCommand, StreamSurfaceBitsCommand, SurfaceCommands
from trio_rdp.pdu.update import Update
from trio_rdp.protocol.config import ServerConfig

C = BitmapCodec
Pixels = np.ndarray[Any, np.dtype[np.uint8]]
EVERY = ServerConfig().codecs
WHOLE = Rect(0, 0, 192, 128)
TAKEN = {
    C.REMOTEFX: SurfaceCodec(codec_id=CodecId.REMOTEFX),
    C.NSCODEC: SurfaceCodec(codec_id=CodecId.NSCODEC),
    C.QOI: SurfaceCodec(codec_id=CodecId.QOI),
    C.QOIZ: SurfaceCodec(codec_id=CodecId.QOIZ),
}


def picture() -> Pixels:
    """Text, and in the two tiles at the lower right a photograph."""
    pixels = text()
    pixels[64:, 64:] = photograph()[64:, 64:]
    pixels[..., 3] = 255
    return pixels


PHOTO, TEXTS = Rect(64, 64, 128, 64), [Rect(0, 0, 192, 64), Rect(0, 64, 64, 64)]


def encoder(*taken: BitmapCodec, codecs: tuple[BitmapCodec, ...] = EVERY, depth: int = 32, **options: Any) -> Any:
    surface = {codec: TAKEN[codec] for codec in taken}
    return PictureEncoder(192, 128, codecs, BitmapEncoder(depth, max_update_size=20_000), surface, **options)


def encode(
    one: PictureEncoder, pixels: Pixels, rects: list[Rect], hints: Hints | None = None
) -> dict[BitmapCodec, list[Update]]:
    updates: dict[BitmapCodec, list[Update]] = {}
    for codec, areas in one.choose(pixels, rects, hints).items():
        for part in one.prepare(codec, pixels, areas):
            updates.setdefault(part.codec, []).extend(one.finish(part, pixels))
    return updates


def shown(updates: dict[BitmapCodec, list[Update]]) -> Pixels:
    image = DecodedImage(192, 128)
    for update in (one for some in updates.values() for one in some):
        if isinstance(update, BitmapUpdate):
            jobs = jobs_from_bitmap_update(BitmapUpdate.decode(update.encode()))
        else:
            assert isinstance(update, SurfaceCommands)
            jobs = jobs_from_surface_commands(SurfaceCommands.decode(update.encode()))
        for job in jobs:
            image.apply(job)
    return image.pixels


@pytest.mark.parametrize(
    ("taken", "lossless", "lossy"),
    [
        ((), C.PLANAR, None),
        ((C.REMOTEFX,), C.PLANAR, C.REMOTEFX),
        ((C.NSCODEC,), C.PLANAR, C.NSCODEC),
        ((C.NSCODEC, C.REMOTEFX), C.PLANAR, C.REMOTEFX),
        ((C.QOI,), C.QOI, None),
        ((C.QOI, C.QOIZ, C.REMOTEFX), C.QOIZ, C.REMOTEFX),
    ],
)
def test_the_best_that_the_client_takes(
    taken: tuple[BitmapCodec, ...], lossless: BitmapCodec, lossy: BitmapCodec | None
) -> None:
    one, pixels = encoder(*taken), picture()
    assert (one.lossless, one.lossy) == (lossless, lossy)
    if lossy is None:
        assert one.choose(pixels, [WHOLE]) == {lossless: [WHOLE]}
    else:
        assert one.choose(pixels, [WHOLE]) == {lossless: TEXTS, lossy: [PHOTO]}
    found = shown(encode(one, pixels, [WHOLE]))
    for rect in TEXTS:
        part = (slice(rect.top, rect.bottom), slice(rect.left, rect.right))
        assert np.array_equal(found[part], pixels[part])
    assert abs(found[64:, 64:].astype(int) - pixels[64:, 64:]).mean() < (5 if lossy else 1e-9)


@pytest.mark.parametrize(
    ("codecs", "depth", "usable"),
    [
        ((C.PLANAR, C.REMOTEFX), 32, (C.PLANAR, C.REMOTEFX)),
        ((C.QOI, C.RAW), 32, (C.RAW,)),
        ((C.PLANAR,), 16, (C.RAW,)),
        (EVERY, 16, (C.REMOTEFX, C.INTERLEAVED, C.RAW)),
        ((C.REMOTEFX,), 32, (C.REMOTEFX,)),
    ],
)
def test_what_both_sides_take(codecs: tuple[BitmapCodec, ...], depth: int, usable: tuple[BitmapCodec, ...]) -> None:
    assert encoder(C.REMOTEFX, codecs=codecs, depth=depth).usable == usable


def test_the_servers_order_counts() -> None:
    one = encoder(*TAKEN, codecs=(C.NSCODEC, C.RAW, C.QOI, C.REMOTEFX))
    assert (one.lossless, one.lossy) == (C.RAW, C.NSCODEC)
    (raw,) = [update for update in encode(one, text(), [Rect(0, 0, 60, 60)])[C.RAW] if isinstance(update, BitmapUpdate)]
    assert not any(bitmap.flags for bitmap in raw.rectangles)


def test_nothing_but_lossy() -> None:
    one, pixels = encoder(C.REMOTEFX, codecs=(C.REMOTEFX,)), picture()
    assert one.choose(pixels, [WHOLE]) == {C.REMOTEFX: [WHOLE]}
    assert abs(shown(encode(one, pixels, [WHOLE]))[..., :3].astype(int) - pixels[..., :3]).mean() < 8


def test_a_little_of_a_photograph_goes_without_loss() -> None:
    one, pixels = encoder(C.REMOTEFX), picture()
    assert one.choose(pixels, [Rect(70, 70, 20, 20)]) == {C.PLANAR: [Rect(70, 70, 20, 20)]}
    assert one.choose(pixels, [Rect(70, 70, 40, 20)]) == {C.REMOTEFX: [Rect(70, 70, 40, 20)]}


def test_one_codec_for_everything() -> None:
    one, pixels = encoder(*TAKEN), picture()
    for codec in one.usable:
        one.codec = codec
        assert one.choose(pixels, [WHOLE, Rect(0, 0, 3, 3)]) == {codec: [WHOLE, Rect(0, 0, 3, 3)]}
        assert list(encode(one, pixels, [WHOLE])) == [codec]


def test_hints() -> None:
    one, pixels = encoder(C.REMOTEFX, C.QOI), picture()
    hints = Hints(192, 128)
    hints.set(Rect(128, 64, 64, 64), Content.TEXT)
    hints.set(Rect(0, 64, 64, 64), Content.PHOTO)
    hints.set(Rect(0, 0, 64, 64), C.PLANAR)
    hints.set(Rect(64, 0, 64, 64), C.NSCODEC)  # not with this client
    tile = [Rect(64 * column, 64 * row, 64, 64) for row in range(2) for column in range(3)]
    assert one.choose(pixels, [WHOLE], hints) == {
        C.PLANAR: [tile[0]],
        C.QOI: [Rect(64, 0, 128, 64), tile[5]],
        C.REMOTEFX: [Rect(0, 64, 128, 64)],
    }
    one.codec = C.RAW
    assert one.choose(pixels, [WHOLE], hints) == {
        C.PLANAR: [tile[0]],
        C.RAW: [Rect(64, 0, 128, 64), Rect(0, 64, 192, 64)],
    }


def test_hints_where_there_is_no_choice() -> None:
    one, pixels = encoder(), picture()
    hints = Hints(192, 128)
    hints.set(WHOLE, Content.PHOTO)
    assert list(one.choose(pixels, [WHOLE], hints)) == [C.PLANAR]
    one = encoder(C.REMOTEFX, codecs=(C.REMOTEFX,))
    hints.set(WHOLE, Content.TEXT)
    assert list(one.choose(pixels, [WHOLE], hints)) == [C.REMOTEFX]


def test_what_is_encoded_in_order() -> None:
    one, pixels = encoder(*TAKEN), picture()
    for codec in one.usable:
        (part,) = one.prepare(codec, pixels, [WHOLE])
        assert part.tiles == 6
        assert part.is_open == (codec is C.QOIZ)
        assert one.finish(part, pixels)
        assert not part.is_open
    assert one.prepare(C.PLANAR, pixels, []) == []


def test_noise_that_fits_no_update() -> None:
    one = encoder(C.REMOTEFX, quality=Quality.BEST, max_update_size=8_192)
    pixels = np.random.default_rng(1).integers(0, 256, (128, 192, 4), np.uint8)
    (part,) = one.prepare(C.REMOTEFX, pixels, [WHOLE])
    assert all(isinstance(update, BitmapUpdate) for update in one.finish(part, pixels))


@pytest.mark.parametrize(("takes_set", "takes_stream"), [(True, True), (True, False), (False, True)])
def test_the_commands_that_the_client_takes(takes_set: bool, takes_stream: bool) -> None:
    one = encoder(C.REMOTEFX, C.QOI, takes_set=takes_set, takes_stream=takes_stream)
    updates = encode(one, picture(), [WHOLE])
    kinds = {
        codec: {
            type(command)
            for update in some
            if isinstance(update, SurfaceCommands)
            for command in update.surface_commands
        }
        for codec, some in updates.items()
    }
    # [MS-RDPRFX] 1.5 asks for Stream Surface Bits, the other codecs' documents for Set Surface Bits.
    assert kinds[C.REMOTEFX] == {StreamSurfaceBitsCommand if takes_stream else SetSurfaceBitsCommand}
    assert kinds[C.QOI] == {SetSurfaceBitsCommand if takes_set else StreamSurfaceBitsCommand}


def test_quality_can_change() -> None:
    one, pixels = encoder(C.REMOTEFX, quality=Quality.LOW), picture()
    sizes = []
    for quality in Quality:
        one.quality = quality
        assert one.quality is quality
        sizes.append(sum(len(update.encode()) for update in encode(one, pixels, [PHOTO])[C.REMOTEFX]))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 2


def test_the_palette_is_that_of_the_bitmaps() -> None:
    assert encoder(depth=8).palette is not None
    assert encoder().palette is None
