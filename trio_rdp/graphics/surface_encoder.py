"""A server's picture as surface bits, [MS-RDPBCGR] 2.2.9.2, in the codecs that a client has offered for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.bitmap_codecs import RfxEntropyBits
from trio_rdp.pdu.surface import (
    ExtendedBitmapData,
    SetSurfaceBitsCommand,
    StreamSurfaceBitsCommand,
    SurfaceCommand,
    SurfaceCommands,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.codecs import qoiz

__all__ = ["HEADER", "MIN_UPDATE_SIZE", "SurfaceCodec", "SurfaceEncoder", "surface_bits"]

MIN_UPDATE_SIZE = 8_192
"""The least limit, in bytes, of an update: some rows of a bitmap."""

_WIDTHS, _HEIGHT = (512, 256, 128), 64
"""Of the largest bitmaps: the widest of which each fits an update, whatever the pixels."""
_TOGETHER = 0x3F00
"""Bytes of smaller bitmaps that are one update, without fragments."""
HEADER = 2 + 8 + 12
"""Bytes of a command before its data: its type, its place, and what the bitmap is."""

_OVERHEAD = HEADER + 22  # and what codecs add at most: QOI has a header and an end marker
_COLOR_LOSS = {Quality.LOW: 4, Quality.MEDIUM: 3, Quality.HIGH: 2, Quality.BEST: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceCodec:
    """What a client has said of a codec: the number by which it comes back, and the codec's properties."""

    codec_id: int
    entropy: RfxEntropyBits = RfxEntropyBits.RLGR3
    is_image_mode: bool = False
    """Whether RemoteFX must be in image mode."""
    color_loss_level: int = 1
    """The most that NSCodec may lose, 1 to 7."""
    subsampling: bool = False
    """Whether NSCodec may halve the resolution of chroma."""


class SurfaceEncoder:
    """Encodes parts of a picture in QOI, QOIZ or NSCodec, those of them that are in `codecs`.

    `streams` says that commands are Stream Surface Bits; a client may take those only.  No update is larger than
    `max_update_size` bytes.  What QOIZ gives must be sent, in the order of the calls; it remembers what was.
    """

    def __init__(
        self,
        codecs: Mapping[BitmapCodec, SurfaceCodec],
        *,
        quality: Quality = Quality.MEDIUM,
        max_update_size: int = 0x10000,
        streams: bool = False,
    ) -> None:
        if max_update_size < MIN_UPDATE_SIZE:
            raise ValueError(f"updates of {max_update_size} bytes, less than {MIN_UPDATE_SIZE}")
        self.codecs: dict[BitmapCodec, SurfaceCodec] = dict(codecs)
        self.quality = quality
        room = max_update_size - _OVERHEAD
        self._width = next((width for width in _WIDTHS if 4 * width * _HEIGHT <= room), _WIDTHS[-1])
        self._rows = min(_HEIGHT, room // (4 * self._width))
        self._together = min(_TOGETHER, max_update_size)
        self._streams = streams
        self._qoiz: qoiz.Encoder | None = None

    def encode(self, codec: BitmapCodec, pixels: NDArray[np.uint8], rects: Iterable[Rect]) -> list[SurfaceCommands]:
        """Give the updates that show `rects`, which lie in the picture.

        Calls may run in many threads, but those for QOIZ.
        """
        taken = self.codecs[codec]
        pieces = [piece for rect in rects for piece in rect.split(self._width, self._rows)]
        updates: list[SurfaceCommands] = []
        room = 0
        for piece, data in zip(pieces, self._compress(codec, taken, View.of(pixels), pieces), strict=True):
            command = _command(piece, taken.codec_id, data, streams=self._streams)
            size = HEADER + len(data)
            if size > room:
                updates.append(SurfaceCommands(surface_commands=[]))
                room = self._together
            updates[-1].surface_commands.append(command)
            room -= size
        return updates

    def _compress(self, codec: BitmapCodec, taken: SurfaceCodec, view: View, pieces: Iterable[Rect]) -> list[bytes]:
        rects = [(piece.left, piece.top, piece.width, piece.height) for piece in pieces]
        if codec is BitmapCodec.QOI:
            from trio_rdp.codecs import qoi

            return qoi.compress_all(view, rects)
        if codec is BitmapCodec.QOIZ:
            from trio_rdp.codecs import qoiz

            if self._qoiz is None:
                self._qoiz = qoiz.Encoder()
            return self._qoiz.encode_all(view, rects)
        from trio_rdp.codecs import nscodec

        level = min(taken.color_loss_level, _COLOR_LOSS[self.quality])
        subsampling = taken.subsampling and self.quality < Quality.HIGH
        return nscodec.compress_all(view, rects, color_loss_level=level, subsampling=subsampling)


def surface_bits(rect: Rect, codec_id: int, data: bytes, *, streams: bool = False) -> SurfaceCommands:
    """Give the update of one command, which draws a bitmap of the size of `rect` there."""
    return SurfaceCommands(surface_commands=[_command(rect, codec_id, data, streams=streams)])


def _command(rect: Rect, codec_id: int, data: bytes, *, streams: bool) -> SurfaceCommand:
    kind = StreamSurfaceBitsCommand if streams else SetSurfaceBitsCommand
    return kind(
        dest_left=rect.left,
        dest_top=rect.top,
        dest_right=rect.right,
        dest_bottom=rect.bottom,
        bitmap_data=ExtendedBitmapData(
            bpp=32, codec_id=codec_id, width=rect.width, height=rect.height, bitmap_data=data
        ),
    )
