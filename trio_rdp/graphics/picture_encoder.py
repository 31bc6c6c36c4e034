"""A server's picture as updates, each part in the codec that suits it, of those that the client takes.

Text and flat areas go without loss, photographs with what loss the quality allows.  Rectangles are divided among the
codecs by `choose`; what each gets goes through `prepare`, in any thread, and then `finish`, in the order of sending.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.bitmap_encoder import BitmapEncoder
from trio_rdp.graphics.content import Content, Hint, Hints, find_photos
from trio_rdp.graphics.differences import TILE, count_tiles
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.remotefx_encoder import PreparedTiles, RemoteFxEncoder
from trio_rdp.graphics.surface_encoder import SurfaceCodec, SurfaceEncoder
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.pdu.update import Update

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EncodedPart", "PictureEncoder"]

_BITMAPS = (BitmapCodec.RAW, BitmapCodec.INTERLEAVED, BitmapCodec.PLANAR)
_SMALL = 512  # pixels of a tile: fewer cost less without loss than RemoteFX needs for the whole tile


@dataclass(slots=True)
class EncodedPart:
    """What one codec made of some tiles: `updates`, or what `PictureEncoder.finish` makes them of."""

    codec: BitmapCodec
    tiles: int
    updates: list[Update] = field(default_factory=list)
    rects: list[Rect] = field(default_factory=list)
    """Still to be encoded."""
    prepared: PreparedTiles | None = None

    @property
    def is_open(self) -> bool:
        """Whether `finish` has something to encode, which takes its time, and has to be sent once it is encoded."""
        return bool(self.rects)


class PictureEncoder:
    """Encodes a picture of `width` x `height` pixels for one client.

    `codecs` are those that may be used, the best one first; `bitmaps` encodes what goes in bitmap updates, and
    `surface` says what else the client takes: Set Surface Bits, which is preferred but for RemoteFX, or Stream Surface
    Bits.  `codec` may be set to one of `usable` to force it for everything.
    """

    def __init__(
        self,
        width: int,
        height: int,
        codecs: Iterable[BitmapCodec],
        bitmaps: BitmapEncoder,
        surface: Mapping[BitmapCodec, SurfaceCodec],
        *,
        quality: Quality = Quality.MEDIUM,
        max_update_size: int = 0x10000,
        takes_set: bool = True,
        takes_stream: bool = True,
    ) -> None:
        self._bitmaps = bitmaps
        self._surface = SurfaceEncoder(surface, quality=quality, max_update_size=max_update_size, streams=not takes_set)
        self._remotefx: RemoteFxEncoder | None = None
        if BitmapCodec.REMOTEFX in surface:
            self._remotefx = RemoteFxEncoder(
                width,
                height,
                surface[BitmapCodec.REMOTEFX],
                quality=quality,
                max_update_size=max_update_size,
                streams=takes_stream,
            )
        compressed = bitmaps.compressing
        usable = [codec for codec in codecs if codec in surface or codec in (BitmapCodec.RAW, compressed)]
        self.usable: tuple[BitmapCodec, ...] = tuple(usable) or (BitmapCodec.RAW,)
        """The codecs that both sides take, the best one first."""
        self.lossless: BitmapCodec | None = next((codec for codec in self.usable if codec.is_lossless), None)
        """The codec of text; none where all that both sides take is lossy."""
        self.lossy: BitmapCodec | None = next((codec for codec in self.usable if not codec.is_lossless), None)
        """The codec of photographs, if there is one."""
        self.codec: BitmapCodec | None = None

    @property
    def quality(self) -> Quality:
        """How much the lossy codecs may lose, from now on."""
        return self._surface.quality

    @quality.setter
    def quality(self, quality: Quality) -> None:
        self._surface.quality = quality
        if self._remotefx is not None:
            self._remotefx.quality = quality

    @property
    def palette(self) -> PaletteUpdate | None:
        """What a client of 8 bits per pixel needs before the first bitmap; None at other depths."""
        return self._bitmaps.palette

    def choose(
        self, pixels: NDArray[np.uint8], rects: Iterable[Rect], hints: Hints | None = None
    ) -> dict[BitmapCodec, list[Rect]]:
        """Divide rectangles, which lie in the picture and do not overlap, among the codecs."""
        plain = self.codec or self.lossless or self.usable[0]
        areas = list(rects)
        if (self.codec is not None or self.lossy is None or self.lossless is None) and not hints:
            return {plain: areas}
        columns = -(-pixels.shape[1] // TILE)
        codecs = self._tile_codecs(pixels, areas, columns, hints, self.usable.index(plain))
        chosen: list[list[Rect]] = [[] for _ in self.usable]
        for rect in areas:
            for number, part in self._runs(rect, codecs, columns):
                chosen[number].append(part)
        return {codec: parts for codec, parts in zip(self.usable, chosen, strict=True) if parts}

    def _tile_codecs(
        self, pixels: NDArray[np.uint8], areas: list[Rect], columns: int, hints: Hints | None, plain: int
    ) -> bytearray:
        """For each tile of the grid, as far as `areas` touch it, the number of its codec in `usable`."""
        marks = bytearray(columns * -(-pixels.shape[0] // TILE))
        for rect in areas:
            first, last = rect.left // TILE, (rect.right - 1) // TILE + 1
            for row in range(rect.top // TILE, (rect.bottom - 1) // TILE + 1):
                marks[row * columns + first : row * columns + last] = b"\1" * (last - first)
        codecs = bytearray([plain]) * len(marks)
        if hints:
            index = -1
            while (index := marks.find(1, index + 1)) >= 0:
                wanted = self._wanted(hints.get(*divmod(index, columns)))
                if wanted is not None:
                    marks[index], codecs[index] = 0, self.usable.index(wanted)
        if self.lossy is not None:
            lossy = self.usable.index(self.lossy)
            for index, is_photo in enumerate(find_photos(pixels, marks)):
                if is_photo:
                    codecs[index] = lossy
        return codecs

    def _runs(self, rect: Rect, codecs: bytearray, columns: int) -> Iterator[tuple[int, Rect]]:
        """Cut a rectangle into rows of tiles, and those where the codec changes: its number, and the part."""
        remotefx = self.usable.index(BitmapCodec.REMOTEFX) if BitmapCodec.REMOTEFX in self.usable else -1
        spare = remotefx if self.lossless is None or self.codec is not None else self.usable.index(self.lossless)
        for row in range(rect.top // TILE, (rect.bottom - 1) // TILE + 1):
            top, bottom = max(rect.top, row * TILE), min(rect.bottom, row * TILE + TILE)
            start, current = rect.left, -1
            for column in range(rect.left // TILE, (rect.right - 1) // TILE + 1):
                left, right = max(rect.left, column * TILE), min(rect.right, column * TILE + TILE)
                number = codecs[row * columns + column]
                if number == remotefx and (right - left) * (bottom - top) < _SMALL:
                    number = spare
                if number != current:
                    if current >= 0:
                        yield current, Rect.from_edges(start, top, left, bottom)
                    start, current = left, number
            yield current, Rect.from_edges(start, top, rect.right, bottom)

    def _wanted(self, hint: Hint) -> BitmapCodec | None:
        """The codec for a hint; None where the tile is to be looked at."""
        if isinstance(hint, BitmapCodec) and hint in self.usable:
            return hint
        if self.codec is not None:
            return self.codec
        if hint is Content.TEXT:
            return self.lossless or self.usable[0]
        if hint is Content.PHOTO:
            return self.lossy or self.usable[0]
        return None if self.lossless is not None and self.lossy is not None else self.usable[0]

    def prepare(self, codec: BitmapCodec, pixels: NDArray[np.uint8], rects: list[Rect]) -> list[EncodedPart]:
        """Encode what `choose` gave to a codec, as far as that needs no order; may run in many threads at once.

        `pixels` is contiguous uint8 (height, width, 4) B G R X.
        """
        if not rects:
            return []
        part = EncodedPart(codec, count_tiles(rects))
        if codec is BitmapCodec.QOIZ:
            part.rects = rects
        elif codec is BitmapCodec.REMOTEFX and self._remotefx is not None:
            part.prepared = self._remotefx.prepare(pixels, rects)
        elif codec in _BITMAPS:
            part.updates = [*self._bitmaps.encode(pixels, rects, compress=codec is not BitmapCodec.RAW)]
        else:
            part.updates = [*self._surface.encode(codec, pixels, rects)]
        return [part]

    def finish(self, part: EncodedPart, pixels: NDArray[np.uint8]) -> list[Update]:
        """Give the updates of a part; all of them must be sent, in the order of these calls.

        May run in any thread, but only one at a time.
        """
        if part.prepared is not None and self._remotefx is not None:
            updates = self._remotefx.finish(part.prepared)
            # Tiles that no update can hold are noise for a client that puts no fragments together.
            part.updates = [*(self._bitmaps.encode(pixels, part.prepared.rects) if updates is None else updates)]
            part.prepared = None
        elif part.rects:
            part.updates = [*self._surface.encode(part.codec, pixels, part.rects)]
            part.rects = []
        return part.updates
