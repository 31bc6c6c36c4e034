"""The codecs of surface bits, with what they remember from one bitmap to the next."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import DrawSurfaceBits
from trio_rdp.pdu.bitmap_codecs import CodecId
from trio_rdp.wire.errors import InvalidField

if TYPE_CHECKING:
    from trio_rdp.codecs import qoiz, rfx

__all__ = ["Drawing", "Piece", "SurfaceDecoders", "layers", "shares"]


_MOST_DAMAGE = 32  # rectangles; a message may have 65,535


@dataclass(frozen=True, slots=True)
class Drawing:
    """A job that was begun: what it changes, and the tiles that are left to be drawn."""

    damage: list[Rect] = field(default_factory=list)
    tiles: int = 0
    picture: rfx.Picture | None = None
    view: View | None = None

    @property
    def origin(self) -> tuple[int, int] | None:
        """Where in the surface the first tile has its place."""
        return None if self.view is None else (self.view.x, self.view.y)

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Give up to `count` ranges of tiles for `draw`, which together are all of them; none when nothing is left."""
        return [] if self.picture is None else self.picture.ranges(count)

    def draw(self, first: int, last: int) -> None:
        """Draw some of the tiles; threads may draw different ranges at the same time.

        Until all of them are drawn nothing else may be done with the picture.  Raises `DecodeError`.
        """
        if self.picture is not None:
            assert self.view is not None
            self.picture.draw(self.view, first, last)

    def finish(self) -> list[Rect]:
        """Draw all of the tiles; give the rectangles that the job changed."""
        self.draw(0, self.tiles)
        return self.damage


Piece: TypeAlias = tuple[Drawing, int, int]
"""Some tiles of a drawing: from the first up to the last, exclusive."""

_FINE = 4  # a drawing that is more than this part of a share is cut


def layers(drawings: Iterable[Drawing]) -> list[list[Drawing]]:
    """Group drawings, in their order: the tiles of one group may be drawn in any order, and at the same time.

    Drawings without tiles are left out.
    """
    found: list[list[Drawing]] = []
    taken: set[int] = set()
    for drawing in drawings:
        if drawing.picture is None:
            continue
        places = drawing.picture.places
        # Tiles of pictures with different origins may overlap without having the same place.
        if not found or drawing.origin != found[-1][0].origin or not taken.isdisjoint(places):
            found.append([])
            taken.clear()
        found[-1].append(drawing)
        taken |= places
    return found


def shares(layer: list[Drawing], count: int) -> list[list[Piece]]:
    """Divide the tiles of drawings of one layer into up to `count` about equal shares."""
    total = sum(drawing.tiles for drawing in layer)
    found: dict[int, list[Piece]] = {}
    before = 0
    for drawing in layer:
        for first, last in drawing.ranges(count if drawing.tiles * count * _FINE > total else 1):
            if first < last:
                # To the share in which the middle of the piece lies.
                number = (2 * before + last - first) * count // (2 * total)
                found.setdefault(number, []).append((drawing, first, last))
                before += last - first
    return list(found.values())


class SurfaceDecoders:
    """The decoders of one session, each made when it is first needed."""

    def __init__(self) -> None:
        self._remotefx: rfx.Decoder | None = None
        self._qoiz: qoiz.Decoder | None = None

    def reset(self) -> None:
        """Forget everything, as the peer does."""
        self._remotefx = self._qoiz = None

    def start(self, job: DrawSurfaceBits, view: View) -> Drawing:
        """Draw a bitmap at the top left of `view`, which is as much of the picture as it may change.

        Only RemoteFX leaves tiles to be drawn.  Where nothing of them is seen, bitmaps of codecs with a history are
        decoded all the same, as the next may build on them; those that stand alone are not looked at.  Raises
        `DecodeError`, and `InvalidField` for a number without a codec.
        """
        if job.codec_id == CodecId.REMOTEFX:
            return self._start_remotefx(job, view)
        damage = Rect(view.x, view.y, view.width, view.height)
        if damage.is_empty and job.codec_id in (CodecId.NSCODEC, CodecId.QOI):
            return Drawing()
        if job.codec_id == CodecId.NSCODEC:
            from trio_rdp.codecs import nscodec

            decode: Callable[[bytes, View, int, int], None] = nscodec.decompress_into
        elif job.codec_id == CodecId.QOI:
            from trio_rdp.codecs import qoi

            decode = qoi.decompress_into
        elif job.codec_id == CodecId.QOIZ:
            from trio_rdp.codecs import qoiz

            if self._qoiz is None:
                self._qoiz = qoiz.Decoder()
            decode = self._qoiz.decode_into
        else:
            raise InvalidField(f"no codec has the number {job.codec_id}", field="codecID")
        decode(job.data, view, job.width, job.height)
        return Drawing([] if damage.is_empty else [damage])

    def _start_remotefx(self, job: DrawSurfaceBits, view: View) -> Drawing:
        from trio_rdp.codecs import rfx

        if self._remotefx is None:
            self._remotefx = rfx.Decoder()
        picture = self._remotefx.read(job.data)
        bounds = Rect(view.x, view.y, view.width, view.height)
        rects = [Rect(view.x + x, view.y + y, width, height).intersect(bounds) for x, y, width, height in picture.rects]
        damage = [rect for rect in rects if not rect.is_empty]
        if len(damage) > _MOST_DAMAGE:
            damage = [functools.reduce(Rect.union, damage)]
        return Drawing(damage, picture.tile_count, picture, view)
