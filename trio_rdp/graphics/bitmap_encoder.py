"""A server's picture as bitmap updates, [MS-RDPBCGR] 2.2.9.1.1.3.1.2, as the client takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.view import View
from trio_rdp.graphics.depths import fixed_palette, to_indices
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.bitmap import BitmapData, BitmapFlags, BitmapUpdate, CompressedDataHeader
from trio_rdp.pdu.palette import PaletteUpdate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MIN_UPDATE_SIZE", "TILE", "BitmapEncoder"]

TILE = 64
"""The longest side of one bitmap, in pixels: Windows sends no larger ones, and 64 x 64 x 4 bytes fit 16-bit lengths."""

MIN_UPDATE_SIZE = 1_024
"""The least limit, in bytes, of an update: one row of a tile and the headers."""

_UPDATE_HEADER, _BITMAP_HEADER, _COMPRESSED_HEADER = 4, 18, 8
_DEPTHS = (8, 15, 16, 24, 32)


class BitmapEncoder:
    """Encodes parts of a picture for clients of one depth.

    `bits_per_pixel` is 8, 15, 16, 24 or 32; below 24, colours lose low bits, and at 8 they are those of the `palette`,
    which must be sent first.  `compression_header` says whether compressed bitmaps carry a TS_CD_HEADER: they do unless
    both sides have set NO_BITMAP_COMPRESSION_HDR.  `skip_alpha` says that the client takes planar bitmaps without alpha
    (DRAW_ALLOW_SKIP_ALPHA); rdesktop 1.9 takes none without.  No update is larger than `max_update_size` bytes,
    by default what one fast-path PDU holds without fragments.  An encoder has no state: calls may run in many threads.
    """

    def __init__(
        self,
        bits_per_pixel: int,
        *,
        compression_header: bool = False,
        compress: bool = True,
        skip_alpha: bool = False,
        max_update_size: int = 0x7F00,
    ) -> None:
        if bits_per_pixel not in _DEPTHS:
            raise ValueError(f"bitmaps have no {bits_per_pixel} bits per pixel")
        if max_update_size < MIN_UPDATE_SIZE:
            raise ValueError(f"updates of {max_update_size} bytes, less than {MIN_UPDATE_SIZE}")
        self.bits_per_pixel = bits_per_pixel
        self.compression_header = compression_header
        self.compress = compress
        self.skip_alpha = skip_alpha
        self.max_update_size = max_update_size
        self._pixel_size = (bits_per_pixel + 7) // 8
        room = max_update_size - _UPDATE_HEADER - _BITMAP_HEADER
        self._rows = min(TILE, room // (TILE * self._pixel_size))

    @property
    def palette(self) -> PaletteUpdate | None:
        """What a client of 8 bits per pixel needs before the first bitmap; None at other depths."""
        return PaletteUpdate(palette_entries=fixed_palette()) if self.bits_per_pixel == 8 else None

    @property
    def compressing(self) -> BitmapCodec:
        """The codec of bitmaps that are compressed; RAW where none is."""
        if not self.compress:
            return BitmapCodec.RAW
        return BitmapCodec.PLANAR if self.bits_per_pixel == 32 else BitmapCodec.INTERLEAVED

    def encode(self, pixels: NDArray[np.uint8], rects: Iterable[Rect], *, compress: bool = True) -> list[BitmapUpdate]:
        """Give the updates that show `rects` of a picture, contiguous uint8 (height, width, 4) B G R X."""
        return self.group(self.encode_tiles(pixels, [*self.tiles(pixels, rects)], compress=compress))

    def tiles(self, pixels: NDArray[np.uint8], rects: Iterable[Rect]) -> Iterator[Rect]:
        """Cut rectangles into tiles, each of which is one bitmap; they may reach out a little beyond `rects`."""
        height, width = pixels.shape[:2]
        bounds = Rect(0, 0, width, height)
        for rect in rects:
            clip = rect.intersect(bounds)
            if not clip.is_empty:
                # The width "MUST be divisible by 4" (2.2.9.1.1.3.1.2.3): better by neighbours than by padding.
                left, right = clip.left & ~3, min((clip.right + 3) & ~3, width)
                for tile in Rect.from_edges(left, clip.top, right, clip.bottom).split(TILE, self._rows):
                    # At the right edge too: IronRDP (web client 0.7 of 2026) panics where a bitmap is padded.
                    begin = tile.right - _padded_width(tile)
                    yield tile if begin < 0 else Rect.from_edges(begin, tile.top, tile.right, tile.bottom)

    def encode_tiles(
        self, pixels: NDArray[np.uint8], tiles: Sequence[Rect], *, compress: bool = True
    ) -> list[BitmapData]:
        """Give the bitmaps of tiles (see `tiles`), in their order: compressed where that makes them smaller."""
        whole = View.of(pixels)
        # Tiles of a picture of a few columns are padded, which needs a copy; palette indices are one.
        plain = [tile for tile in tiles if self.bits_per_pixel != 8 and tile.left + _padded_width(tile) <= whole.width]
        coded = dict(zip(plain, self._encode(whole, plain, compress), strict=True))
        found: list[BitmapData] = []
        for tile in tiles:
            one = coded.get(tile)
            if one is None:
                source = _padded(pixels, tile)
                if self.bits_per_pixel == 8:
                    source = to_indices(source)
                height, width = source.shape[:2]
                view = View(source.reshape(-1), source.strides[0], 0, 0, width, height)
                (one,) = self._encode(view, [Rect(0, 0, width, height)], compress)
            found.append(self._bitmap(tile, *one))
        return found

    def _encode(self, view: View, tiles: Sequence[Rect], compress: bool) -> list[tuple[bytes, bool]]:
        """Of each tile of a view the data, and whether they are compressed."""
        rects = [(tile.left, tile.top, _padded_width(tile), tile.height) for tile in tiles]
        if not (self.compress and compress):
            return [(data, False) for data in self._raw(view, rects)]
        header = _COMPRESSED_HEADER if self.compression_header else 0
        coded = self._compressed(view, rects)
        larger = [
            number
            for number, (data, (_, _, width, height)) in enumerate(zip(coded, rects, strict=True))
            if len(data) + header >= width * self._pixel_size * height
        ]
        found = [(data, True) for data in coded]
        for number, data in zip(larger, self._raw(view, [rects[number] for number in larger]), strict=True):
            found[number] = data, False
        return found

    def _bitmap(self, tile: Rect, data: bytes, is_compressed: bool) -> BitmapData:
        width = _padded_width(tile)
        header = None
        flags = BitmapFlags(0)
        if is_compressed and self.compression_header:
            size = width * self._pixel_size * tile.height
            flags = BitmapFlags.BITMAP_COMPRESSION
            header = CompressedDataHeader(
                cb_comp_main_body_size=len(data), cb_scan_width=width, cb_uncompressed_size=size
            )
        elif is_compressed:
            flags = BitmapFlags.BITMAP_COMPRESSION | BitmapFlags.NO_BITMAP_COMPRESSION_HDR
        return BitmapData(
            dest_left=tile.left,
            dest_top=tile.top,
            dest_right=tile.right - 1,
            dest_bottom=tile.bottom - 1,
            width=width,
            height=tile.height,
            bits_per_pixel=self.bits_per_pixel,
            flags=flags,
            bitmap_compr_hdr=header,
            bitmap_data_stream=data,
        )

    def _compressed(self, view: View, rects: Sequence[tuple[int, int, int, int]]) -> list[bytes]:
        from trio_rdp.codecs import interleaved_rle, planar

        if self.bits_per_pixel == 32:
            return planar.compress_all(view, rects, alpha=not self.skip_alpha)
        return interleaved_rle.compress_all(view, rects, self.bits_per_pixel)

    def _raw(self, view: View, rects: Sequence[tuple[int, int, int, int]]) -> list[bytes]:
        from trio_rdp.codecs.pixels import encode_raw_all

        if self.bits_per_pixel == 8:
            import numpy as np

            # The view is one tile, its width a multiple of four, which needs no padding; rows go bottom-up.
            indices = np.frombuffer(view.surface, np.uint8).reshape(-1, view.stride)
            return [indices[::-1].tobytes() for _ in rects]
        return encode_raw_all(view, rects, self.bits_per_pixel)

    def group(self, bitmaps: Iterable[BitmapData]) -> list[BitmapUpdate]:
        """Put bitmaps into as few updates as the limit allows, in their order."""
        updates: list[BitmapUpdate] = []
        room = 0
        for bitmap in bitmaps:
            size = _BITMAP_HEADER + len(bitmap.bitmap_data_stream)
            if bitmap.bitmap_compr_hdr is not None:
                size += _COMPRESSED_HEADER
            if not updates or size > room:
                updates.append(BitmapUpdate(rectangles=[]))
                room = self.max_update_size - _UPDATE_HEADER
            updates[-1].rectangles.append(bitmap)
            room -= size
        return updates


def _padded_width(tile: Rect) -> int:
    return (tile.width + 3) & ~3


def _padded(pixels: NDArray[np.uint8], tile: Rect) -> NDArray[np.uint8]:
    """A copy of a tile, its last column repeated up to the padded width."""
    import numpy as np

    part = pixels[tile.top : tile.bottom, tile.left : tile.right]
    return np.pad(part, ((0, 0), (0, _padded_width(tile) - tile.width), (0, 0)), mode="edge")
