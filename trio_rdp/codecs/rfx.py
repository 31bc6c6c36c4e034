"""RemoteFX, [MS-RDPRFX]: a stream of tiles of 64 x 64 pixels, each a wavelet of its own.

decoder = Decoder()
picture = decoder.read(data)                    # what one surface command carries; nothing is decoded yet
picture.draw(view)                              # or parts of it in threads, by `picture.ranges(threads)`

encoder = Encoder(width, height)
data = encoder.encode(view, [(0, 0, width, height)])
"""

from __future__ import annotations

import bisect
import functools
import itertools
import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from trio_rdp.codecs.bitmap_codec import Quality
from trio_rdp.codecs.kernels import rfx as kernel
from trio_rdp.codecs.rfx_messages import (
    MAX_RECTS,
    MAX_TILE_SETS,
    BlockType,
    Entropy,
    OperatingMode,
    RfxChannel,
    RfxChannels,
    RfxCodecQuant,
    RfxCodecVersion,
    RfxCodecVersions,
    RfxContext,
    RfxFrameBegin,
    RfxFrameEnd,
    RfxRect,
    RfxRegion,
    RfxSync,
    RfxTileSet,
    append_block,
    read_block,
)
from trio_rdp.codecs.status import check
from trio_rdp.codecs.view import View
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["QUANTIZATION", "TILE", "Decoder", "Encoder", "Entropy", "Picture", "Quality", "Rect", "Tile"]

TILE: Final = 64
"""The side of a tile in pixels."""

Rect: TypeAlias = tuple[int, int, int, int]
"""x, y, width, height."""

Tile: TypeAlias = tuple[int, int]
"""Column and row of a tile."""

QUANTIZATION: Final[dict[Quality, tuple[int, ...]]] = {
    Quality.LOW: (7, 7, 7, 8, 8, 8, 9, 9, 9, 10),
    # What FreeRDP, weston, xrdp and the document's example have.
    Quality.MEDIUM: (6, 6, 6, 6, 7, 7, 8, 8, 8, 9),
    Quality.HIGH: (6, 6, 6, 6, 6, 6, 7, 7, 7, 8),
    Quality.BEST: (6, 6, 6, 6, 6, 6, 6, 6, 6, 6),
}
"""Factors of LL3, LH3, HL3, HH3, LH2, HL2, HH2, LH1, HL1 and HH1, each 6 to 15; one more is half as precise."""

_PDU = "TS_RFX_TILESET"
_SYNC = RfxSync()
_MAX_TILES = 0xFFFF
_END = 0x8000  # beyond every frame


class _Part(NamedTuple):
    """One tile set, ready for the kernel."""

    data: bytes
    tiles: bytes
    factors: bytes
    entropy: int
    rects: bytes

    @property
    def tile_count(self) -> int:
        return len(self.tiles) // 8


class Picture:
    """What a message changes: rectangles, and the tiles of which they are cut.  Made by `Decoder.read`.

    `rects` are places in the view that is drawn on, which they may exceed.  A message may bring several frames, one
    drawn over the other; nearly all bring one.
    """

    def __init__(self, rects: list[Rect], parts: list[_Part]) -> None:
        self.rects = rects
        self._parts = parts
        self.tile_count: int = sum(part.tile_count for part in parts)

    @property
    def places(self) -> set[int]:
        """Where its tiles are, as numbers: pictures of one stream that share none may be drawn in any order."""
        return {place for part in self._parts for place in _places(part.tiles)}

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Give up to `count` ranges of tiles, about equal, that may be drawn at the same time in any order.

        Where one frame is drawn over another that is a single range.
        """
        pieces = max(min(count, self.tile_count), 1) if len(self._parts) == 1 else 1
        edges = [self.tile_count * number // pieces for number in range(pieces + 1)]
        return list(itertools.pairwise(edges))

    def draw(self, view: View, first: int = 0, last: int | None = None) -> None:
        """Decode the tiles from `first` up to `last` and draw them, with 255 as fourth byte.

        Draws only in the message's rectangles and in the view.  Within a frame no two tiles have one place (the last
        would win), so that threads may draw different ranges at the same time.  Coefficients that are cut off are taken
        for zeros.  Raises `ValueError` when the view does not lie in its surface.  Releases the GIL.
        """
        last = self.tile_count if last is None else last
        if not 0 <= first <= last <= self.tile_count:
            raise ValueError(f"tiles {first} to {last} of {self.tile_count}")
        start = 0
        for part in self._parts:
            begin, end = max(first - start, 0), min(last - start, part.tile_count)
            start += part.tile_count
            if begin < end:
                check(
                    kernel.draw(part.data, part.tiles, begin, end, part.factors, part.entropy, part.rects, *view), _PDU
                )


class Decoder:
    """Reads a stream's messages and remembers its headers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the headers; the next message has to bring them."""
        self._synced = self._has_versions = False
        self._channel: RfxChannel | None = None
        self._context: RfxContext | None = None

    def read(self, data: Readable) -> Picture:
        """Read what one surface command carries, or any sequence of whole messages.

        Everything but the coefficients is checked.  Raises `DecodeError`; headers up to there stay as they were read.
        """
        src = Cursor(data if isinstance(data, bytes) else bytes(data))
        rects: list[Rect] = []
        parts: list[_Part] = []
        while src.remaining:
            start = src.pos
            kind, content = read_block(src)
            if kind == BlockType.FRAME_BEGIN:
                if not (self._synced and self._has_versions and self._channel and self._context):
                    raise _out_of_order(kind, start)
                RfxFrameBegin.decode_from(content)
                self._read_frame(src, self._channel, rects, parts)
            else:
                self._read_header(kind, content, start)
        return Picture(rects, parts)

    def _read_header(self, kind: BlockType, content: Cursor, start: int) -> None:
        if kind == BlockType.SYNC:
            if RfxSync.decode_from(content) != _SYNC:
                raise InvalidField("not version 1.0 of RemoteFX", pdu="TS_RFX_SYNC", field="version", offset=start)
            self.reset()
            self._synced = True
        elif not self._synced:
            raise _out_of_order(kind, start)
        elif kind == BlockType.CODEC_VERSIONS:
            self._has_versions = bool(RfxCodecVersions.decode_from(content).codecs)
        elif kind == BlockType.CHANNELS:
            # "MUST contain a single channel"; Windows' virtualisation host says one for each monitor, the first counts.
            channels = RfxChannels.decode_from(content).channels
            if not channels or channels[0].width < 1 or channels[0].height < 1:
                raise InvalidField("no channel with a size", pdu="TS_RFX_CHANNELS", field="channels", offset=start)
            self._channel = channels[0]
        elif kind == BlockType.CONTEXT:
            context = RfxContext.decode_from(content)
            if context.tile_size != TILE or context.xft != 1:
                raise InvalidField(
                    f"tiles of {context.tile_size}, transformation {context.xft}",
                    pdu="TS_RFX_CONTEXT",
                    field="tileSize",
                    offset=start,
                )
            self._context = context
        else:
            raise _out_of_order(kind, start)

    def _read_frame(self, src: Cursor, channel: RfxChannel, rects: list[Rect], parts: list[_Part]) -> None:
        """Read up to TS_RFX_FRAME_END.  The document knows one region and one tile set in a frame; more do no harm."""
        clip: bytes | None = None
        while True:
            start = src.pos
            kind, content = read_block(src)
            if kind == BlockType.FRAME_END:
                RfxFrameEnd.decode_from(content)
                return
            if kind == BlockType.REGION:
                region = RfxRegion.decode_from(content).rects
                if not region:
                    # "the decoder MUST generate a rectangle with coordinates (0, 0, width, height)"
                    region = [RfxRect(x=0, y=0, width=channel.width, height=channel.height)]
                seen = [(rect.x, rect.y, rect.width, rect.height) for rect in region if rect.width and rect.height]
                rects += seen
                clip = b"".join(struct.pack("<4H", *rect) for rect in seen)
            elif kind == BlockType.EXTENSION and clip is not None and len(parts) < MAX_TILE_SETS:
                tile_set = RfxTileSet.decode_from(content)
                if tile_set.num_tiles:
                    parts.append(_part(tile_set, clip, start))
            else:
                raise _out_of_order(kind, start)


def _out_of_order(kind: BlockType, start: int) -> InvalidField:
    return InvalidField(f"{kind.name} has no place here", pdu="TS_RFX_BLOCKT", field="blockType", offset=start)


def _part(tile_set: RfxTileSet, clip: bytes, start: int) -> _Part:
    """Check a tile set and its tiles."""
    if not tile_set.et.is_known:
        raise InvalidField(f"entropy coder {tile_set.et:#x}", pdu=_PDU, field="et", offset=start)
    factors = b"".join(quant.factors for quant in tile_set.quant_vals)
    # 6 to 15 says the document; but less makes sense too, down to one.
    if 0 in factors:
        raise InvalidField("a quantisation factor of 0", pdu=_PDU, field="quantVals", offset=start)
    tiles = kernel.scan_tiles(tile_set.tiles, tile_set.num_tiles, factors)
    if isinstance(tiles, int):
        check(tiles, _PDU)
        raise AssertionError("a status is negative")
    return _Part(tile_set.tiles, _without_duplicates(tiles), factors, tile_set.et, clip)


def _places(tiles: bytes) -> list[int]:
    return memoryview(tiles).cast("I").tolist()[1::2]


def _without_duplicates(tiles: bytes) -> bytes:
    """Keep the last of the tiles that have one place; nobody sends two."""
    places = _places(tiles)
    if len(set(places)) == len(places):
        return tiles
    last = {place: number for number, place in enumerate(places)}
    return b"".join(tiles[8 * number : 8 * number + 8] for number in sorted(last.values()))


# ---------------------------------------------------------------------------------------------------------- encoding


class Encoder:
    """Writes the messages of one stream, for a frame of `width` x `height` pixels.

    `quantization` is a quality or ten factors as in `QUANTIZATION`.  `entropy` and `image_mode` are what the client has
    chosen: in image mode headers stand before every frame, else before the first.  Every message has to be sent.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        entropy: Entropy = Entropy.RLGR3,
        quantization: Quality | Sequence[int] = Quality.MEDIUM,
        image_mode: bool = False,
    ) -> None:
        if not (0 < width < 0x8000 and 0 < height < 0x8000):
            raise ValueError(f"a frame of {width} x {height} pixels")
        factors = bytes(QUANTIZATION[quantization] if isinstance(quantization, Quality) else quantization)
        if len(factors) != 10 or not all(6 <= factor <= 15 for factor in factors):
            raise ValueError("quantisation factors are 10, from 6 to 15")
        if not entropy.is_known:
            raise ValueError(f"entropy coder {entropy:#x}")
        self.width: int = width
        self.height: int = height
        self._entropy = Entropy(entropy)
        self._factors = factors
        self._quant = RfxCodecQuant(**dict(zip(RfxCodecQuant.__dataclass_fields__, factors, strict=True)))
        self._mode = OperatingMode.CODEC_MODE if image_mode else OperatingMode(0)
        self.reset()

    def reset(self) -> None:
        """Begin a new stream: the next message has headers."""
        self._has_headers = False
        self._frame_idx = 0

    def tiles(self, rects: Iterable[Rect]) -> list[Tile]:
        """List the tiles of which rectangles of the frame are cut, row by row."""
        found: set[int] = set()
        for x, y, width, height in map(self._clip, rects):
            for row in range(y // TILE, -(-(y + height) // TILE)):
                found.update(range(row << 16 | x // TILE, row << 16 | -(-(x + width) // TILE)))
        return [(place & 0xFFFF, place >> 16) for place in sorted(found)]

    def _clip(self, rect: Rect) -> Rect:
        x, y, width, height = rect
        left, top = min(max(x, 0), self.width), min(max(y, 0), self.height)
        right, bottom = min(x + width, self.width), min(y + height, self.height)
        return (left, top, right - left, bottom - top) if left < right and top < bottom else (0, 0, 0, 0)

    def encode(self, view: View, rects: Iterable[Rect]) -> bytes:
        """Encode rectangles of a frame as one message; nothing when they are empty.

        `view` is the frame, from its top left; tiles that exceed it repeat its last pixels.  Releases the GIL.
        """
        rects = list(rects)
        tiles = self.tiles(rects)
        return self.message(rects, [self.encode_tiles(view, tiles)]) if tiles else b""

    def encode_tiles(self, view: View, tiles: Sequence[Tile], first: int = 0, last: int | None = None) -> bytes:
        """Encode some of the tiles, for `message`; threads may encode different ones at the same time.

        Raises `ValueError` for a tile that begins outside the view, and for a view that does not lie in its surface.
        Releases the GIL.
        """
        numbers = list(itertools.chain.from_iterable(tiles[first:last]))
        places = struct.pack(f"<{len(numbers)}H", *numbers)
        return kernel.encode_tiles(*view, places, self._factors, self._entropy)

    def message(self, rects: Iterable[Rect], parts: Iterable[bytes]) -> bytes:
        """Put encoded tiles into one message that changes `rects`.

        Raises `ValueError` when they are empty, and `EncodeError` for more rectangles or tiles than a message can have.
        """
        seen = [rect for rect in map(self._clip, rects) if rect[2]]
        data = b"".join(parts)
        return self._message(seen, data, len(_table(data)[0]))

    def messages(self, rects: Iterable[Rect], parts: Iterable[bytes], limit: int) -> list[bytes]:
        """Put encoded tiles into few messages, of at most `limit` bytes each.

        The tiles are those of `rects`, in the order of `tiles`.  Each message changes only what its tiles show.  Raises
        `EncodeError` when a tile and its headers have more; then the stream is as it was.
        """
        seen = [rect for rect in map(self._clip, rects) if rect[2]]
        data = b"".join(parts)
        starts, places = _table(data)
        if self._overhead(len(seen)) + len(data) <= limit and len(seen) <= MAX_RECTS:
            return [self._message(seen, data, len(starts))]
        if any(one >= other for one, other in itertools.pairwise(places)):
            raise ValueError("tiles in another order than that of `tiles`")
        ends = [*starts[1:], len(data)]
        cuts: list[tuple[int, int, list[Rect]]] = []
        fixed, first = self._overhead(0), 0
        while first < len(starts):
            room = limit - fixed
            # Where the rectangles leave room for fewer tiles than this, their number is found by halves.
            low, last = first, bisect.bisect_right(ends, starts[first] + room, first)
            shown: list[Rect] = []
            high = last
            while last > low:
                found = _between(seen, places[first], places[last - 1])
                if len(found) <= MAX_RECTS and ends[last - 1] - starts[first] + 8 * len(found) <= room:
                    low, shown = last, found
                else:
                    high = last - 1
                last = (low + high + 1) // 2
            if low == first:
                raise EncodeError(f"a tile of {ends[first] - starts[first]} bytes does not fit {limit}")
            cuts.append((first, low, shown))
            fixed, first = self._overhead(0, is_first=False), low
        return [self._message(shown, data[starts[first] : ends[last - 1]], last - first) for first, last, shown in cuts]

    def _overhead(self, rects: int, *, is_first: bool = True) -> int:
        """Count the bytes around the tiles: of the next message, or of one that is not the first."""
        has_headers = self._has_headers if is_first else not self._mode
        return (0 if has_headers else len(self.headers)) + _FRAME + 8 * rects

    @functools.cached_property
    def headers(self) -> bytes:
        """The messages that begin the stream, and in image mode every frame."""
        out = bytearray()
        append_block(out, BlockType.SYNC, RfxSync())
        append_block(out, BlockType.CODEC_VERSIONS, RfxCodecVersions(codecs=[RfxCodecVersion()]))
        channel = RfxChannel(width=self.width, height=self.height)
        append_block(out, BlockType.CHANNELS, RfxChannels(channels=[channel]))
        append_block(out, BlockType.CONTEXT, RfxContext(flags=self._mode, et=self._entropy))
        return bytes(out)

    def _message(self, rects: list[Rect], tiles: bytes, count: int) -> bytes:
        if not rects or not tiles:
            raise ValueError("a message without rectangles or tiles")
        if count > _MAX_TILES:
            raise EncodeError(f"{count} tiles in one message")
        out = bytearray(b"" if self._has_headers else self.headers)
        append_block(out, BlockType.FRAME_BEGIN, RfxFrameBegin(frame_idx=self._frame_idx))
        region = RfxRegion(rects=[RfxRect(x=x, y=y, width=width, height=height) for x, y, width, height in rects])
        append_block(out, BlockType.REGION, region)
        tile_set = RfxTileSet(
            flags=self._mode, et=self._entropy, quant_vals=[self._quant], num_tiles=count, tiles=tiles
        )
        append_block(out, BlockType.EXTENSION, tile_set)
        append_block(out, BlockType.FRAME_END, RfxFrameEnd())
        self._has_headers = not self._mode
        self._frame_idx = (self._frame_idx + 1) & 0xFFFFFFFF
        return bytes(out)


# Of a message: TS_RFX_FRAME_BEGIN, TS_RFX_REGION without rectangles, TS_RFX_TILESET without tiles, TS_RFX_FRAME_END.
_FRAME: Final = 14 + 15 + 27 + 8


def _table(tiles: bytes) -> tuple[list[int], list[int]]:
    """Of each encoded tile where it begins, and its place: the row in the upper half, the column in the lower."""
    table = kernel.scan_tiles(tiles, -1, bytes(10))
    if isinstance(table, int):
        raise ValueError("not what encode_tiles gave")
    numbers = memoryview(table).cast("I").tolist()
    return numbers[0::2], numbers[1::2]


def _between(rects: Iterable[Rect], one: int, other: int) -> list[Rect]:
    """Cut rectangles to the tiles from one place up to another, row by row."""
    top, bottom = (one >> 16) * TILE, (other >> 16) * TILE
    left, right = (one & 0xFFFF) * TILE, (other & 0xFFFF) * TILE + TILE
    if top == bottom:
        strips = [(left, top, right, top + TILE)]
    else:
        strips = [(left, top, _END, top + TILE), (0, top + TILE, _END, bottom), (0, bottom, right, bottom + TILE)]
    return [
        (max(x, left), max(y, top), min(x + width, right) - max(x, left), min(y + height, bottom) - max(y, top))
        for left, top, right, bottom in strips
        for x, y, width, height in rects
        if max(x, left) < min(x + width, right) and max(y, top) < min(y + height, bottom)
    ]
