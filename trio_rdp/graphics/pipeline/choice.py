"""Which codec a part of the picture gets: by what the client takes, what it shows, and what the line affords."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.compare import STEP
from trio_rdp.graphics.content import Content, Hint, Hints, find_photos, is_photo
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import tile_span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CODECS", "PHOTO", "SMALL", "TEXT", "Choice", "divide", "see_piece", "see_tiles"]

SMALL: Final = 512
"""Pixels of a picture: fewer are not looked at, and go without loss."""

TEXT: Final = 0
PHOTO: Final = 1
CODECS: Final = 2

_LITTLE: Final = 96
"""Pixels of a tile: fewer cost less without loss, at 3 to 4 bytes each, than a lossy codec needs for the whole tile."""
_LITTLE_REPEATED: Final = 0.25
"""Of a piece of a photograph, at most, in a tile that shows something else; of pieces of text it is 0.3 and more."""
_LOW: Final = 4 * STEP
"""Rows of a piece that is looked at row by row."""
_MOST: Final = 0.75
"""Of a tile: a piece that is smaller may show something else than the tile does."""

_LOSSLESS: Final = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW)
_EXACT: Final = (BitmapCodec.PLANAR, BitmapCodec.CLEARCODEC)
_LOSSY: Final = (BitmapCodec.PROGRESSIVE, BitmapCodec.REMOTEFX)


@dataclass(frozen=True, slots=True)
class Choice:
    """The codecs for text, for photographs to be exact, for those and for video; None where there is none.

    ClearCodec is better than planar for text and interfaces: a full HD screen of text has 79 KB instead of 366 KB after
    ZGFX in about the same time, a typed letter with all that is around it 21 bytes with either.  Photographs without
    loss are 16 % smaller with planar where they are noisy, 28 % in a film, and 55 % where they are smooth.
    """

    lossless: BitmapCodec
    exact: BitmapCodec
    lossy: BitmapCodec | None
    video: BitmapCodec | None

    @classmethod
    def of(cls, usable: Sequence[BitmapCodec], forced: BitmapCodec | None, quality: Quality, percent: int) -> Choice:
        """Choose among the usable codecs."""
        lossless = next((codec for codec in _LOSSLESS if codec in usable), BitmapCodec.RAW)
        lossy = next((codec for codec in _LOSSY if codec in usable), None)
        exact = forced if forced in _LOSSLESS else next((codec for codec in _EXACT if codec in usable), lossless)
        video: BitmapCodec | None = None
        if BitmapCodec.AVC444 in usable and (
            BitmapCodec.AVC420 not in usable or (quality >= Quality.HIGH and percent >= 80)
        ):
            video = BitmapCodec.AVC444
        elif BitmapCodec.AVC420 in usable:
            video = BitmapCodec.AVC420
        if forced is None:
            return cls(lossless, exact, lossy, video)
        if forced.is_h264:
            return cls(lossless, exact, None, forced)
        return cls(lossless, exact, forced, None) if forced in _LOSSY else cls(forced, forced, None, None)


def see_tiles(
    pixels: NDArray[np.uint8], wanted: NDArray[np.bool_], hints: Hints | None, usable: Sequence[BitmapCodec]
) -> NDArray[np.uint8]:
    """Say of the wanted tiles what they show: `TEXT`, `PHOTO`, or `CODECS` and the number of one of the usable codecs.

    What the program has said of a tile outweighs its looks.
    """
    import numpy as np

    marks = bytearray(wanted.tobytes())
    said: list[tuple[int, int]] = []
    index = -1
    while hints and (index := marks.find(1, index + 1)) >= 0:
        hint = hints.get(*divmod(index, wanted.shape[1]))
        kind = _kind(hint, usable)
        if kind is not None:
            marks[index] = 0
            said.append((index, kind))
    kinds = np.frombuffer(find_photos(pixels, marks), np.uint8).copy()
    for index, kind in said:
        kinds[index] = kind
    return kinds.reshape(wanted.shape)


def _kind(hint: Hint, usable: Sequence[BitmapCodec]) -> int | None:
    if hint is Content.TEXT:
        return TEXT
    if hint is Content.PHOTO or (isinstance(hint, BitmapCodec) and hint.is_h264):
        return PHOTO  # a stream of its own is for those that change often, which is seen
    return CODECS + usable.index(hint) if isinstance(hint, BitmapCodec) and hint in usable else None


def see_piece(pixels: NDArray[np.uint8], piece: Rect, kind: int) -> int:
    """Say whether a piece of a tile shows `TEXT` or `PHOTO`; the whole tile, of which `kind` says it, may differ.

    The less there is to look at, the more has to speak for a photograph.
    """
    if piece.height < _LOW:
        repeated, colors, looked = _measure_low(pixels, piece)
    else:
        from trio_rdp.codecs.compare import measure_tiles

        width, looked = pixels.shape[1], piece.height // STEP * piece.width
        start = (piece.top * width + piece.left) * 4
        repeated, colors = measure_tiles(pixels.reshape(-1)[start:], width * 4, piece.width, piece.height, b"\1")
    if kind == PHOTO:
        return PHOTO if is_photo(repeated, colors, looked) else TEXT
    return PHOTO if max(repeated, looked - 3 * colors) < _LITTLE_REPEATED * looked else TEXT


def _measure_low(pixels: NDArray[np.uint8], piece: Rect) -> tuple[int, int, int]:
    """Measure a piece by all of its rows: how many pixels repeat another, how many colours there are, and of how many.

    The first pixel of each row does not count.
    """
    import numpy as np

    part = pixels[piece.top : piece.bottom, piece.left : piece.right].view(np.uint32)[..., 0] & np.uint32(0xFFFFFF)
    repeats = part[:, 1:] == part[:, :-1]
    repeats[1:] |= part[1:, 1:] == part[:-1, 1:]
    repeated = int(repeats.sum())
    # Counting colours costs most, and what repeats so much is no photograph with any number of them.
    colors = len(np.unique(part[:, 1:])) if 2 * repeated < repeats.size else 0
    return repeated, colors, repeats.size


def divide(
    rects: Iterable[Rect], kinds: NDArray[np.uint8], see: Callable[[Rect, int], int] = lambda _, kind: kind
) -> dict[int, list[Rect]]:
    """Divide rectangles by what the tiles show that they lie in; `see` is asked about pieces of tiles."""
    divided: dict[int, list[Rect]] = {}
    for rect in rects:
        rows, columns = tile_span(rect)
        part = kinds[rows, columns]
        first = int(part[0, 0])
        if first >= CODECS and (part == first).all():
            divided.setdefault(first, []).append(rect)
            continue
        for row, numbers in enumerate(part.tolist(), rows.start):
            for kind, piece in _runs(rect, row, columns.start, numbers, see):
                _append(divided.setdefault(kind, []), piece)
    return divided


def _append(pieces: list[Rect], piece: Rect) -> None:
    """Join a piece with one above it, which is as wide."""
    for number in range(len(pieces) - 1, max(len(pieces) - 4, -1), -1):
        above = pieces[number]
        if (above.left, above.right, above.bottom) == (piece.left, piece.right, piece.top):
            pieces[number] = above.union(piece)
            return
    pieces.append(piece)


def _runs(
    rect: Rect, row: int, column: int, kinds: list[int], see: Callable[[Rect, int], int]
) -> Iterator[tuple[int, Rect]]:
    """Cut what a rectangle has of a row of tiles where the kind changes; little of a photograph counts as text."""
    top, bottom = max(rect.top, row * TILE), min(rect.bottom, row * TILE + TILE)
    start, current = rect.left, -1
    for number, wanted in enumerate(kinds, column):
        left, right = max(rect.left, number * TILE), min(rect.right, number * TILE + TILE)
        kind, area = wanted, (right - left) * (bottom - top)
        if wanted < CODECS:
            if area < _LITTLE:
                kind = TEXT
            elif area < _MOST * TILE * TILE:
                kind = see(Rect.from_edges(left, top, right, bottom), wanted)
        if kind != current:
            if current >= 0:
                yield current, Rect.from_edges(start, top, left, bottom)
            start, current = left, kind
    yield current, Rect.from_edges(start, top, rect.right, bottom)
