"""What a client shows of a picture, in blocks of 16 x 16 pixels: by hashes of what was sent, and how exactly it is.

No second picture is kept.  Tiles of 64 x 64 pixels have keys, made of their blocks' hashes, by which bitmaps that the
client keeps are found again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import BLOCK, block_span, inner_span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FOREIGN", "UNKNOWN", "Look", "Shown", "solid_hash"]

UNKNOWN: Final = 0
"""The hash of a block that was never sent, or forgotten: it is sent whole."""
FOREIGN: Final = 1
"""The hash of a block that shows what is not in the picture; only what is drawn over it is sent."""

_SIDE: Final = TILE // BLOCK  # blocks of a tile's side


@dataclass(slots=True)
class Look:
    """What was seen: the hashes that blocks have now, which of them are new, and the damage that was looked at."""

    hashes: NDArray[np.uint64]
    changed: NDArray[np.bool_]
    damage: list[Rect]


class Shown:
    """What one client shows of a picture of `width` x `height` pixels; at first nothing is known of it."""

    def __init__(self, width: int, height: int) -> None:
        import numpy as np

        self.bounds: Rect = Rect(0, 0, width, height)
        self.rows: int = -(-height // BLOCK)
        self.columns: int = -(-width // BLOCK)
        shape = self.rows, self.columns
        self.hashes: NDArray[np.uint64] = np.zeros(shape, np.uint64)
        """Of each block that was sent, or `UNKNOWN`, or `FOREIGN`."""
        self.lossy: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        """Whether a block may differ from what was to be sent."""
        self.touched: NDArray[np.float64] = np.full(shape, -np.inf)
        """When each block changed last."""

    def look(self, pixels: NDArray[np.uint8], damage: Iterable[Rect]) -> Look:
        """See which blocks that `damage` touches changed; `pixels` is contiguous uint8 (height, width, 4)."""
        import numpy as np

        from trio_rdp.codecs.compare import tile_hashes

        width, height = self.bounds.width, self.bounds.height
        if pixels.shape != (height, width, 4):
            raise ValueError(f"a picture {pixels.shape} where {width}x{height} pixels were sent")
        clipped = [clip for rect in damage if not (clip := rect.intersect(self.bounds)).is_empty]
        fresh = array("Q")
        fresh.frombytes(self.hashes.tobytes())
        if clipped:
            places = [(rect.left, rect.top, rect.width, rect.height) for rect in clipped]
            tile_hashes(pixels.reshape(-1), width * 4, width, height, BLOCK, places, fresh)
        hashes = np.frombuffer(fresh, np.uint64).reshape(self.hashes.shape)
        return Look(hashes, hashes != self.hashes, clipped)

    def commit(self, look: Look, now: float) -> None:
        """Take what was seen for sent."""
        self.hashes = look.hashes
        self.touched[look.changed] = now

    def tighten(self, rects: Iterable[Rect], look: Look) -> list[Rect]:
        """Leave out of rectangles around changed blocks what was not damaged, before the look is committed.

        Blocks that are unknown stay whole.
        """
        out: list[Rect] = []
        for rect in rects:
            span = block_span(rect)
            known = self.hashes[span]
            if (known == UNKNOWN).any():
                out.append(rect)
                continue
            parts = [part for one in look.damage if not (part := one.intersect(rect)).is_empty]
            if (known == FOREIGN).any():
                out += parts  # what lies between them is not in the picture
                continue
            box = Rect(0, 0, 0, 0)
            for part in parts:
                box = box.union(part)
            out.append(box)
        return out

    def forget(self, rects: Iterable[Rect] | None = None) -> None:
        """Take blocks that rectangles touch, by default all, for unknown."""
        for rect in [self.bounds] if rects is None else rects:
            clip = rect.intersect(self.bounds)
            if not clip.is_empty:
                self.hashes[block_span(clip)] = UNKNOWN
                self.lossy[block_span(clip)] = False

    def set_foreign(self, rect: Rect) -> None:
        """Take blocks for something that is not in the picture."""
        clip = rect.intersect(self.bounds)
        if not clip.is_empty:
            self.hashes[block_span(clip)] = FOREIGN
            self.lossy[block_span(clip)] = True

    def set_lossy(self, rects: Iterable[Rect]) -> None:
        """Take blocks that rectangles touch for inexact."""
        for rect in rects:
            self.lossy[block_span(rect)] = True

    def set_exact(self, rects: Iterable[Rect]) -> None:
        """Take blocks that lie in a rectangle for exact."""
        for rect in rects:
            self.lossy[inner_span(rect, self.bounds)] = False

    def tile_keys(self, tiles: tuple[slice, slice], hashes: NDArray[np.uint64] | None = None) -> NDArray[np.uint64]:
        """The keys of tiles, of what was sent or of other hashes of all blocks."""
        import numpy as np

        rows, columns = tiles
        source = self.hashes if hashes is None else hashes
        part = source[
            rows.start * _SIDE : rows.stop * _SIDE,
            columns.start * _SIDE : columns.stop * _SIDE,
        ]
        shape = rows.stop - rows.start, _SIDE, columns.stop - columns.start, _SIDE
        padded = np.zeros((shape[0] * _SIDE, shape[2] * _SIDE), np.uint64)
        padded[: part.shape[0], : part.shape[1]] = part
        keys: NDArray[np.uint64] = (padded.reshape(shape) * _weights()[None, :, None, :]).sum(
            axis=(1, 3), dtype=np.uint64
        )
        keys ^= keys >> np.uint64(29)
        return keys


@cache
def _weights() -> NDArray[np.uint64]:
    """Odd numbers, one for each block of a tile."""
    import numpy as np

    state = 0x9E3779B97F4A7C15
    numbers = []
    for _ in range(_SIDE * _SIDE):
        state = state * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019 & 0xFFFFFFFFFFFFFFFF
        numbers.append((state ^ state >> 31) & 0xFFFFFFFFFFFFFFFF | 1)
    return np.array(numbers, np.uint64).reshape(_SIDE, _SIDE)


@cache
def _solid_hashes() -> dict[bytes, int]:
    return {}


def solid_hash(color: bytes) -> int:
    """The hash of a whole block of one colour, B G R X."""
    from trio_rdp.codecs.compare import tile_hashes

    known = _solid_hashes()
    if color not in known:
        if len(known) >= 4096:
            known.clear()
        known[color] = tile_hashes(color * (BLOCK * BLOCK), BLOCK * 4, BLOCK, BLOCK, BLOCK)[0]
    return known[color]
