"""Decoding RemoteFX Progressive, [MS-RDPEGFX] 2.2.4.2 and 3.3.8.2: tiles that come whole or in passes.

`trio_rdp.codecs.progressive_encoder` is the other direction.
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.kernels import progressive as kernel
from trio_rdp.codecs.progressive_blocks import (
    MAX_BLOCKS,
    BlockType,
    Context,
    Rectangle,
    RegionFlags,
    RegionHead,
    linear_bands,
    next_block,
)
from trio_rdp.codecs.status import check, check_size
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable
    from trio_rdp.codecs.view import View

__all__ = ["MAX_OVERDRAW", "Decoder", "Picture"]

MAX_OVERDRAW: Final = 4
"""How many times its surface the rectangles of one message may cover in all.

They "MUST be distinct", and FreeRDP's, GNOME's and Windows's are; without a limit half a megabyte of rectangles would
have a whole screen drawn 65,535 times.
"""

_PDU = "RFX_PROGRESSIVE_BITMAP_STREAM"


class Decoder:
    """Decodes the messages of one codec context, which belongs to a surface of `width` x `height` pixels.

    What tiles keep for upgrades and differences is allocated when they first come: about the size of their streams, and
    for those that were upgraded 24 KiB a tile (at most 48 KiB, so 25 MB for a full HD screen).  Raises `DecodeError`
    for a surface without pixels or with more than `status.MAX_PIXELS`.
    """

    def __init__(self, width: int, height: int) -> None:
        check_size(width, height, _PDU)
        self.width = width
        self.height = height
        self._tiles = kernel.Tiles(width, height)

    def reset(self) -> None:
        """Forget all tiles, as when the codec context is deleted.  Raises `RuntimeError` while a thread draws."""
        self._tiles.clear()

    def begin_frame(self) -> None:
        """Say that a frame of the graphics pipeline begins (RDPGFX_START_FRAME_PDU).

        Rectangles may show tiles "that were specified in RFX_PROGRESSIVE_REGION entries that previously appeared within
        the current frame" ([MS-RDPEGFX] 2.2.4.2.1.5), also in earlier messages.  Without any call of this, they show
        only tiles of their own message.
        """
        self._tiles.begin_frame()

    def read(self, data: Readable) -> Picture:
        """Check a message; the `Picture` that comes of it is to be drawn, all of it and before the next one's.

        Regions that do not stand between the beginning and the end of a frame are ignored, as [MS-RDPEGFX] 2.2.4.2.1.5
        demands, and so are blocks that the document does not know.  Raises `DecodeError`; then the decoder is as it
        was: no tile has changed, or may be upgraded that could not be before.
        """
        source = data if isinstance(data, bytes) else bytes(data)
        plan, rects, area = kernel.Plan(source, self._tiles), list[Rectangle](), 0
        cursor, inside = Cursor(source), False
        for number in range(MAX_BLOCKS + 1):
            if not cursor.remaining:
                break
            if number == MAX_BLOCKS:
                raise InvalidField(f"more than {MAX_BLOCKS} blocks", pdu=_PDU)
            block_type, block = next_block(cursor)
            if block_type == BlockType.FRAME_BEGIN:
                inside = True
            elif block_type == BlockType.FRAME_END:
                inside = False
            elif block_type == BlockType.CONTEXT:
                Context.decode_from(block)
            elif block_type == BlockType.REGION and inside:
                head = RegionHead.decode_from(block)
                self._add(plan, head)
                for rect in head.rects:
                    area += self._clip(rect, rects)
                if area > MAX_OVERDRAW * self.width * self.height:
                    raise InvalidField("the rectangles of a region lie upon each other", pdu=_PDU, field="rects")
        return Picture(plan, rects)

    def decode_into(self, data: Readable, view: View) -> list[Rectangle]:
        """Decode a message and draw it; the rectangles (x, y, width, height) in which the surface has changed.

        `view` is the whole surface.  Raises `DecodeError`; then nothing was drawn.  Releases the GIL.
        """
        picture = self.read(data)
        picture.draw(view)
        return picture.rects

    def _add(self, plan: kernel.Plan, head: RegionHead) -> None:
        tables = b"".join(
            head.progressive_quants[at + 1 : at + 16] for at in range(0, len(head.progressive_quants), 16)
        )
        wide = RegionFlags.DWT_REDUCE_EXTRAPOLATE in head.flags
        check(
            plan.add(head.start, head.end, head.tile_count, linear_bands(head.quants), linear_bands(tables), wide), _PDU
        )

    def _clip(self, rect: Rectangle, rects: list[Rectangle]) -> int:
        """Append what of a rectangle lies in the surface; its area."""
        x, y, width, height = rect
        width, height = min(width, self.width - x), min(height, self.height - y)
        if width <= 0 or height <= 0:
            return 0
        rects.append((x, y, width, height))
        return width * height


class Picture:
    """A message that was checked: `tile_count` tiles, and the rectangles (x, y, width, height) that they will change.

    Parts of it may be drawn at the same time in several threads, each tile once; one that is left out is missing to
    what builds upon it later.
    """

    def __init__(self, plan: kernel.Plan, rects: list[Rectangle]) -> None:
        self._plan = plan
        self.rects = rects
        self.tile_count: int = check(
            plan.finish(struct.pack(f"={4 * len(rects)}i", *(n for rect in rects for n in rect))), _PDU
        )

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Give up to `count` ranges of tiles, about equal, that may be drawn at the same time in any order."""
        pieces = max(min(count, self.tile_count), 1)
        edges = [self.tile_count * number // pieces for number in range(pieces + 1)]
        return list(itertools.pairwise(edges))

    def draw(self, view: View, first: int = 0, last: int | None = None) -> None:
        """Draw the tiles from `first` up to `last`, by default all, inside the rectangles and clipped to `view`.

        `view` is the whole surface.  Raises `ValueError` when it does not lie in its buffer.  Releases the GIL.
        """
        check(self._plan.draw(*view, first, self.tile_count if last is None else last), _PDU)
