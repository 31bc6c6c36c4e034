"""A server's picture as RemoteFX in surface bits: one stream of tiles, cut into updates of limited size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trio_rdp.codecs.bitmap_codec import Quality
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.surface_encoder import HEADER, MIN_UPDATE_SIZE, SurfaceCodec, surface_bits
from trio_rdp.pdu.surface import SurfaceCommands
from trio_rdp.wire.errors import EncodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.codecs import rfx

__all__ = ["PreparedTiles", "RemoteFxEncoder"]


@dataclass(frozen=True, slots=True)
class PreparedTiles:
    """Tiles that are encoded, and have no place in the stream yet."""

    rects: list[Rect]
    count: int
    data: bytes
    encoder: rfx.Encoder


class RemoteFxEncoder:
    """Encodes parts of a picture of `width` x `height` pixels; `quality` may be set at any time.

    `streams` says that commands are Stream Surface Bits, which [MS-RDPRFX] 1.5 asks clients to take.  No update is
    larger than `max_update_size` bytes.
    """

    def __init__(
        self,
        width: int,
        height: int,
        taken: SurfaceCodec,
        *,
        quality: Quality = Quality.MEDIUM,
        max_update_size: int = 0x10000,
        streams: bool = True,
    ) -> None:
        if max_update_size < MIN_UPDATE_SIZE:
            raise ValueError(f"updates of {max_update_size} bytes, less than {MIN_UPDATE_SIZE}")
        self._bounds = Rect(0, 0, width, height)
        self._taken = taken
        self._limit = max_update_size - HEADER
        self._streams = streams
        self.quality = quality

    @property
    def quality(self) -> Quality:
        """How much may be lost."""
        return self._quality

    @quality.setter
    def quality(self, quality: Quality) -> None:
        from trio_rdp.codecs import rfx

        self._quality = quality
        # A stream of its own: it begins with headers, and those make a decoder forget the one before.
        self._encoder = rfx.Encoder(
            self._bounds.width,
            self._bounds.height,
            entropy=rfx.Entropy(int(self._taken.entropy)),
            quantization=quality,
            image_mode=self._taken.is_image_mode,
        )

    def prepare(self, pixels: NDArray[np.uint8], rects: Iterable[Rect]) -> PreparedTiles:
        """Encode the tiles of which rectangles of the picture are cut; any number of threads may."""
        encoder, wanted = self._encoder, list(rects)
        tiles = encoder.tiles(map(_plain, wanted))
        return PreparedTiles(wanted, len(tiles), encoder.encode_tiles(View.of(pixels), tiles), encoder)

    def finish(self, prepared: PreparedTiles) -> list[SurfaceCommands] | None:
        """Give the updates, which must be sent in the order of these calls; None where a tile fits no update."""
        rects = map(_plain, prepared.rects)
        try:
            messages = prepared.encoder.messages(rects, [prepared.data], self._limit)
        except EncodeError:
            prepared.encoder.reset()  # headers may have been in what is not sent now
            return None
        return [surface_bits(self._bounds, self._taken.codec_id, data, streams=self._streams) for data in messages]


def _plain(rect: Rect) -> tuple[int, int, int, int]:
    return rect.left, rect.top, rect.width, rect.height
