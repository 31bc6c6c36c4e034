"""Bitmaps in every codec of the graphics pipeline, as jobs."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trio_rdp.codecs import alpha, avc, clearcodec, pixels, planar, progressive_encoder, rfx
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import DrawProgressive, DrawSurface, PipelineCodec

Picture: TypeAlias = NDArray[np.uint8]

AVC_MODES = {
    PipelineCodec.AVC420: avc.Mode.AVC420,
    PipelineCodec.AVC444: avc.Mode.AVC444,
    PipelineCodec.AVC444V2: avc.Mode.AVC444V2,
}
LOSSLESS = (PipelineCodec.UNCOMPRESSED, PipelineCodec.PLANAR, PipelineCodec.CLEARCODEC)
LOSSY = (PipelineCodec.REMOTEFX, *AVC_MODES)


def gradient(width: int, height: int, shift: int = 0) -> Picture:
    """Colours that change slowly, opaque."""
    y, x = np.mgrid[:height, :width]
    channels = [(x * 2 + shift) % 200, (y * 2 + 3 * shift) % 200, (x + y) % 200, np.full_like(x, 255)]
    return np.ascontiguousarray(np.stack(channels, axis=-1).astype(np.uint8))


def blocks(width: int, height: int, seed: int = 0) -> Picture:
    """Squares of few colours, opaque."""
    colors = np.random.default_rng(seed).integers(0, 256, (8, 4), np.uint8)
    colors[:, 3] = 255
    y, x = np.mgrid[:height, :width]
    return np.ascontiguousarray(colors[(x // 5 + y // 3 * 2 + seed) % 8])


def draw(
    codec: PipelineCodec, picture: Picture, left: int = 0, top: int = 0, *, surface_id: int = 1, has_alpha: bool = False
) -> DrawSurface:
    """Draw a picture, by an encoder of its own; those of H.264 are as large as their surfaces."""
    height, width = picture.shape[:2]
    view = View.of(picture)
    match codec:
        case PipelineCodec.UNCOMPRESSED:
            data = pixels.encode_raw(view, 32, top_down=True)
        case PipelineCodec.PLANAR:
            data = planar.compress(view, top_down=True)
        case PipelineCodec.CLEARCODEC:
            data = clearcodec.Encoder().encode(view)
        case PipelineCodec.ALPHA:
            data = alpha.compress(view)
        case PipelineCodec.REMOTEFX:
            encoder = rfx.Encoder(width, height, quantization=rfx.Quality.BEST)
            data = encoder.encode(view, [(0, 0, width, height)])
        case _:
            data = avc.Encoder(width, height, AVC_MODES[codec], quality=100).encode(view)
    return DrawSurface(surface_id, codec, Rect(left, top, width, height), data, has_alpha)


def draw_progressive(picture: Picture, *, surface_id: int = 1, context_id: int = 1) -> DrawProgressive:
    """Draw a whole surface in RemoteFX Progressive, without passes."""
    height, width = picture.shape[:2]
    encoder = progressive_encoder.Encoder(width, height)
    data = encoder.encode(View.of(picture), [(0, 0, width, height)])
    return DrawProgressive(surface_id, context_id, data)


def similarity(one: Picture, other: Picture) -> float:
    """The PSNR of colours, in dB."""
    error = float(np.square(one[..., :3].astype(float) - other[..., :3]).mean())
    return 99.0 if not error else 10 * float(np.log10(255**2 / error))
