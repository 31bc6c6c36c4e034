"""Encoding RemoteFX Progressive, [MS-RDPEGFX] 3.2.8.1: tiles that are whole, or rough and refined later."""

from __future__ import annotations

import enum
import struct
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.kernels import progressive_encode as kernel
from trio_rdp.codecs.progressive_blocks import (
    FULL_QUALITY,
    BlockType,
    ComponentCodecQuant,
    Context,
    ContextFlags,
    FrameBegin,
    FrameEnd,
    ProgressiveCodecQuant,
    Rectangle,
    Region,
    RegionFlags,
    Sync,
    put_block,
)
from trio_rdp.codecs.status import check_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_rdp.codecs.view import View

__all__ = ["MAX_RECTS", "PASSES", "Encoder", "Quality"]

_PDU = "RFX_PROGRESSIVE_BITMAP_STREAM"

MAX_RECTS: Final = 65_535
"""The most rectangles in one region, whose number has 16 bits."""


class Quality(enum.Enum):
    """How coarse the coefficients are: each level has a factor for each band, HL1, LH1, HH1, HL2, ... LL3.

    On the pictures of the tests (text, photographs, user interfaces) `LOW` keeps at least 27 dB, `MEDIUM` 32, `HIGH` 36
    and `BEST` 43; most are some dB better.  FreeRDP and xrdp use the factors of `HIGH`, Windows those of `MEDIUM`.
    """

    LOW = bytes((10, 10, 11, 9, 9, 10, 7, 7, 8, 7))
    MEDIUM = bytes((9, 9, 10, 8, 8, 9, 6, 6, 7, 6))
    HIGH = bytes((8, 8, 9, 7, 7, 8, 6, 6, 6, 6))
    BEST = bytes((6, 6, 6, 6, 6, 6, 6, 6, 6, 6))


# How many low bits of each band the passes before the last leave out, of luma and of both chromas.
_ROUGH: Final = bytes((4, 4, 4, 3, 3, 4, 2, 2, 2, 0)), bytes((5, 5, 5, 4, 4, 4, 2, 2, 3, 0))
_FAIR: Final = bytes((2, 2, 2, 1, 1, 2, 0, 0, 0, 0)), bytes((2, 2, 3, 2, 2, 2, 1, 1, 1, 0))

PASSES: Final = (
    (25, _ROUGH[0] + 2 * _ROUGH[1]),
    (60, _FAIR[0] + 2 * _FAIR[1]),
    (100, bytes(30)),
)
"""The passes of a tile that is sent progressively: a quality in per cent, and the bits left out in 30 bands."""


class Encoder:
    """Encodes pictures for one codec context, which belongs to a surface of `width` x `height` pixels.

    With `reduce_extrapolate` the edges of whole tiles do not show, for 3 to 6 % more bytes on text and up to 30 % on
    noisy photographs; tiles that come in passes always use it, for FreeRDP (2.11.7) upgrades no others.

    With `differences` a tile is sent as the difference to what the decoder has of it where that has more zeros, unless
    its transform or quality changes, which keeps 48 KiB a tile; without, only tiles that wait for upgrades keep 24 KiB.

    Decoders depend on every message in order: what was encoded must be sent, or the encoder be `reset`.
    """

    def __init__(self, width: int, height: int, *, reduce_extrapolate: bool = False, differences: bool = False) -> None:
        check_size(width, height, _PDU)
        self.width = width
        self.height = height
        self.reduce_extrapolate = reduce_extrapolate
        self.differences = differences
        self._sent = kernel.Sent(width, height)
        self._columns = (width + 63) // 64
        # Of each tile that waits for an upgrade, the number of its next pass and its factors.
        self._waiting: dict[int, tuple[int, bytes]] = {}
        self._frame = 0

    def reset(self) -> None:
        """Forget what was sent, as when the codec context is deleted."""
        self._sent.clear()
        self._waiting.clear()
        self._frame = 0

    @property
    def waiting(self) -> int:
        """How many tiles could be better."""
        return len(self._waiting)

    def encode(
        self,
        view: View,
        rects: Iterable[Rectangle],
        *,
        quality: Quality = Quality.HIGH,
        progressive: bool = False,
    ) -> bytes:
        """Encode the tiles that rectangles (x, y, width, height) touch; empty when there are none.

        `view` is the whole surface; the rectangles, which must not lie upon each other, are clipped to it, and the
        decoder draws nothing outside of them.  With `progressive` this is the first and rough pass, which `upgrade`
        refines.
        Raises `ValueError` when the view does not lie in its surface or has another size.  Releases the GIL.
        """
        clipped = [rect for rect in map(self._clip, rects) if rect]
        tiles = sorted({tile for rect in clipped for tile in self._touched(rect)})
        if not tiles:
            return b""
        factors, wide = quality.value, self.reduce_extrapolate or progressive
        percent, bits = PASSES[0] if progressive else (100, b"")
        packed = struct.pack(f"={len(tiles)}i", *tiles)
        for tile in tiles:
            self._waiting.pop(tile, None)
        if not progressive and not self.differences:
            self._sent.forget(packed)
        if (view.width, view.height) != (self.width, self.height):
            raise ValueError("the view has another size than the surface")
        data = kernel.encode(
            *view,
            packed,
            factors * 3,
            bytes(3),
            bits,
            0,
            wide,
            self._sent,
            progressive,
            self.differences,
        )
        if progressive:
            self._waiting.update((tile, (1, factors)) for tile in tiles)
        passes = [(percent, bits)] if progressive else []
        return self._message([self._region(clipped, factors, passes, len(tiles), data, wide)])

    def upgrade(self, rects: Iterable[Rectangle] | None = None, *, limit: int | None = None) -> bytes:
        """Encode the next pass of the tiles that wait for one: those that touch `rects`, or all, up to `limit` tiles.

        Tiles that are furthest behind come first.  Empty when nothing waits.
        """
        chosen = sorted(self._waiting, key=lambda tile: (self._waiting[tile][0], tile))
        if rects is not None:
            inside = {tile for rect in map(self._clip, rects) if rect for tile in self._touched(rect)}
            chosen = [tile for tile in chosen if tile in inside]
        groups: dict[tuple[int, bytes], list[int]] = {}
        for tile in chosen[:limit]:
            groups.setdefault(self._waiting[tile], []).append(tile)
        regions = []
        for (number, factors), tiles in groups.items():
            percent, bits = PASSES[number]
            last = number == len(PASSES) - 1
            packed = struct.pack(f"={len(tiles)}i", *tiles)
            quality = FULL_QUALITY if last else 0
            data = kernel.upgrade(packed, bytes(3), bits, quality, self._sent, self.differences)
            assert isinstance(data, bytes)  # no pass of ours has so many bits that a part would not fit its length
            for tile in tiles:
                if last:
                    del self._waiting[tile]
                else:
                    self._waiting[tile] = (number + 1, factors)
            covered = self._covered(tiles)
            regions.append(self._region(covered, factors, [] if last else [(percent, bits)], len(tiles), data, True))
        return self._message(regions) if regions else b""

    def _clip(self, rect: Rectangle) -> Rectangle | None:
        x, y, width, height = rect
        right, bottom = min(x + width, self.width), min(y + height, self.height)
        x, y = max(x, 0), max(y, 0)
        return (x, y, right - x, bottom - y) if x < right and y < bottom else None

    def _touched(self, rect: Rectangle) -> Iterable[int]:
        x, y, width, height = rect
        for row in range(y // 64, (y + height - 1) // 64 + 1):
            start = row * self._columns
            yield from range(start + x // 64, start + (x + width - 1) // 64 + 1)

    def _covered(self, tiles: list[int]) -> list[Rectangle]:
        """Rectangles around runs of tiles, each in one row."""
        rects: list[Rectangle] = []
        for tile in sorted(tiles):
            x, y = tile % self._columns * 64, tile // self._columns * 64
            width, height = min(64, self.width - x), min(64, self.height - y)
            if rects and rects[-1][1] == y and rects[-1][0] + rects[-1][2] == x:
                left, _, had, _ = rects[-1]
                rects[-1] = (left, y, had + width, height)
            else:
                rects.append((x, y, width, height))
        return rects

    def _region(
        self,
        rects: list[Rectangle],
        factors: bytes,
        passes: list[tuple[int, bytes]],
        count: int,
        tiles: bytes,
        wide: bool,
    ) -> bytes:
        """A region's data."""
        if len(rects) > MAX_RECTS:
            raise ValueError(f"more than {MAX_RECTS} rectangles")
        region = Region(
            flags=RegionFlags.DWT_REDUCE_EXTRAPOLATE if wide else RegionFlags(0),
            rects=rects,
            quant_vals=[ComponentCodecQuant.of(factors)],
            quant_prog_vals=[
                ProgressiveCodecQuant(
                    quality=percent,
                    y_quant_values=ComponentCodecQuant.of(bits[:10]),
                    cb_quant_values=ComponentCodecQuant.of(bits[10:20]),
                    cr_quant_values=ComponentCodecQuant.of(bits[20:]),
                )
                for percent, bits in passes
            ],
            tiles=[],
        )
        out = bytearray()
        region.encode_head(out, count, len(tiles))
        return bytes(out) + tiles

    def _message(self, regions: list[bytes]) -> bytes:
        """Put a frame around regions; the first one of all says what stream this is."""
        out = bytearray()
        if self._frame == 0:
            put_block(out, BlockType.SYNC, Sync().encode())
            # IronRDP's client (2026) takes the flag for that of regions, which it does not look at: both are 1.
            flags = ContextFlags.SUBBAND_DIFFING if self.differences or self.reduce_extrapolate else ContextFlags(0)
            put_block(out, BlockType.CONTEXT, Context(flags=flags).encode())
        begin = FrameBegin(frame_index=self._frame, region_count=len(regions))
        put_block(out, BlockType.FRAME_BEGIN, begin.encode())
        for region in regions:
            put_block(out, BlockType.REGION, region)
        put_block(out, BlockType.FRAME_END, FrameEnd().encode())
        self._frame = self._frame + 1 & 0xFFFFFFFF or 1
        return bytes(out)
