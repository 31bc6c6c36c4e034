"""The blocks of a RemoteFX Progressive stream, [MS-RDPEGFX] 2.2.4.2.

`trio_rdp.codecs.progressive` decodes and encodes pictures and reads tiles in its kernel; the classes here say the same
of single blocks, to build and to look at streams.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U8, U16, U32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "FULL_QUALITY",
    "MAX_BLOCKS",
    "BlockType",
    "ComponentCodecQuant",
    "Context",
    "ContextFlags",
    "FrameBegin",
    "FrameEnd",
    "ProgressiveBitmapStream",
    "ProgressiveCodecQuant",
    "Rectangle",
    "Region",
    "RegionFlags",
    "RegionHead",
    "Sync",
    "Tile",
    "TileFirst",
    "TileFlags",
    "TileSimple",
    "TileUpgrade",
    "UnknownBlock",
    "linear_bands",
    "next_block",
    "put_block",
]

FULL_QUALITY: Final = 0xFF
"""The `progressive_quality` that names no table: nothing is left out."""

MAX_BLOCKS: Final = 65_536
"""The most blocks in one stream, tiles aside.  Windows, FreeRDP and GNOME send three to five."""

TILE_SIZE: Final = 64

Rectangle: TypeAlias = tuple[int, int, int, int]
"""x, y, width and height (TS_RFX_RECT, [MS-RDPRFX] 2.2.2.1.6)."""

_HEADER = struct.Struct("<HI")
_REGION = struct.Struct("<BHBBBHI")
_RECT = struct.Struct("<HHHH")
_SIMPLE = struct.Struct("<BBBHHBHHHH")
_FIRST = struct.Struct("<BBBHHBBHHHH")
_UPGRADE = struct.Struct("<BBBHHBHHHHHH")


class BlockType(OpenEnum):
    """What a block is (WBT_*)."""

    SYNC = 0xCCC0
    FRAME_BEGIN = 0xCCC1
    FRAME_END = 0xCCC2
    CONTEXT = 0xCCC3
    REGION = 0xCCC4
    TILE_SIMPLE = 0xCCC5
    TILE_PROGRESSIVE_FIRST = 0xCCC6
    TILE_PROGRESSIVE_UPGRADE = 0xCCC7


class ContextFlags(Flags):
    """What the encoder may do (flags of RFX_PROGRESSIVE_CONTEXT)."""

    SUBBAND_DIFFING = Flag(0x01)


class RegionFlags(Flags):
    """Which transform a region's tiles went through (flags of RFX_PROGRESSIVE_REGION)."""

    DWT_REDUCE_EXTRAPOLATE = Flag(0x01)


class TileFlags(Flags):
    """Whether a tile is told as a difference to what was there."""

    DIFFERENCE = Flag(0x01)


def next_block(src: Cursor) -> tuple[BlockType, Cursor]:
    """Move over one RFX_PROGRESSIVE_DATABLOCK, and give its type and a cursor over its data."""
    offset = src.pos
    block_type, length = src.u16(), src.u32()
    if length < _HEADER.size:
        raise InvalidField(f"a block of {length} bytes", field="block_len", offset=offset)
    return BlockType(block_type), src.sub(length - _HEADER.size)


def put_block(dst: bytearray, block_type: int, data: bytes | bytearray) -> None:
    """Append one RFX_PROGRESSIVE_DATABLOCK."""
    dst += _HEADER.pack(block_type, _HEADER.size + len(data))
    dst += data


@pdu
class Sync(Pdu):
    """RFX_PROGRESSIVE_SYNC, [MS-RDPEGFX] 2.2.4.2.1.1.  Decoders ignore both values."""

    magic: U32 = 0xCACCACCA
    version: U16 = 0x0100


@pdu
class FrameBegin(Pdu):
    """RFX_PROGRESSIVE_FRAME_BEGIN, [MS-RDPEGFX] 2.2.4.2.1.2; its regions are the blocks behind it.

    "If the number of elements specified by the regionCount field is larger than the actual number of elements in the
    regions field, the decoder SHOULD ignore this inconsistency": so the count is a value of its own.
    """

    frame_index: U32
    region_count: U16


@pdu
class FrameEnd(Pdu):
    """RFX_PROGRESSIVE_FRAME_END, [MS-RDPEGFX] 2.2.4.2.1.3."""


@pdu
class Context(Pdu):
    """RFX_PROGRESSIVE_CONTEXT, [MS-RDPEGFX] 2.2.4.2.1.4."""

    ctx_id: U8 = 0
    tile_size: U16 = TILE_SIZE
    flags: ContextFlags = ContextFlags(0)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        ctx_id, tile_size = src.u8(), src.u16()
        if tile_size != TILE_SIZE:
            raise InvalidField(f"tiles of {tile_size} pixels", pdu=cls.__name__, field="tile_size")
        return cls(ctx_id=ctx_id, tile_size=tile_size, flags=ContextFlags(src.u8()))

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<BHB", self.ctx_id, self.tile_size, self.flags)


@pdu
class ComponentCodecQuant(Pdu):
    """RFX_COMPONENT_CODEC_QUANT, [MS-RDPEGFX] 2.2.4.2.1.5.2: a number of bits for each band, four bits wide.

    The order of the bands is not that of TS_RFX_CODEC_QUANT.
    """

    ll3: int
    hl3: int
    lh3: int
    hh3: int
    hl2: int
    lh2: int
    hh2: int
    hl1: int
    lh1: int
    hh1: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls.of(linear_bands(src.take(5)))

    def encode_into(self, dst: bytearray) -> None:
        order = self.ll3, self.hl3, self.lh3, self.hh3, self.hl2, self.lh2, self.hh2, self.hl1, self.lh1, self.hh1
        if not all(0 <= value <= 15 for value in order):
            raise EncodeError(f"ComponentCodecQuant: {order} do not fit in four bits each")
        dst += bytes(low | high << 4 for low, high in zip(order[0::2], order[1::2], strict=True))

    @classmethod
    def of(cls, bands: bytes) -> Self:
        """Make one of ten values in the order in which a tile's bands lie: HL1, LH1, HH1, HL2, ... LL3."""
        hl1, lh1, hh1, hl2, lh2, hh2, hl3, lh3, hh3, ll3 = bands
        return cls(
            ll3=ll3, hl3=hl3, lh3=lh3, hh3=hh3, hl2=hl2, lh2=lh2, hh2=hh2, hl1=hl1, lh1=lh1, hh1=hh1
        )  # fmt: skip

    def bands(self) -> bytes:
        """The ten values in the order in which a tile's bands lie."""
        return linear_bands(self.encode())


def linear_bands(quants: bytes) -> bytes:
    """Unpack RFX_COMPONENT_CODEC_QUANTs to ten bytes each, in the order in which a tile's bands lie."""
    out = bytearray(2 * len(quants))
    # The first byte holds LL3 and HL3, the second LH3 and HH3, then HL2 and LH2, HH2 and HL1, LH1 and HH1.
    for byte, (low, high) in enumerate(((9, 6), (7, 8), (3, 4), (5, 0), (1, 2))):
        out[low::10] = bytes(value & 15 for value in quants[byte::5])
        out[high::10] = bytes(value >> 4 for value in quants[byte::5])
    return bytes(out)


@pdu
class ProgressiveCodecQuant(Pdu):
    """RFX_PROGRESSIVE_CODEC_QUANT, [MS-RDPEGFX] 2.2.4.2.1.5.1: how many low bits of each band a pass leaves out."""

    quality: U8
    y_quant_values: ComponentCodecQuant
    cb_quant_values: ComponentCodecQuant
    cr_quant_values: ComponentCodecQuant


@pdu
class TileSimple(Pdu):
    """RFX_PROGRESSIVE_TILE_SIMPLE, [MS-RDPEGFX] 2.2.4.2.1.5.3: a whole tile in one piece."""

    quant_idx_y: int = 0
    quant_idx_cb: int = 0
    quant_idx_cr: int = 0
    x_idx: int
    y_idx: int
    flags: TileFlags = TileFlags(0)
    y_data: bytes = b""
    cb_data: bytes = b""
    cr_data: bytes = b""
    tail_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        y, cb, cr, x_idx, y_idx, flags, *lengths = _SIMPLE.unpack(src.take(_SIMPLE.size))
        tile = cls(quant_idx_y=y, quant_idx_cb=cb, quant_idx_cr=cr, x_idx=x_idx, y_idx=y_idx, flags=TileFlags(flags))
        tile.y_data, tile.cb_data, tile.cr_data, tile.tail_data = map(src.take, lengths)
        return tile

    def encode_into(self, dst: bytearray) -> None:
        parts = self.y_data, self.cb_data, self.cr_data, self.tail_data
        dst += _SIMPLE.pack(
            self.quant_idx_y, self.quant_idx_cb, self.quant_idx_cr, self.x_idx, self.y_idx, self.flags, *map(len, parts)
        )
        dst += b"".join(parts)


@pdu
class TileFirst(Pdu):
    """RFX_PROGRESSIVE_TILE_FIRST, [MS-RDPEGFX] 2.2.4.2.1.5.4: a tile's first pass."""

    quant_idx_y: int = 0
    quant_idx_cb: int = 0
    quant_idx_cr: int = 0
    x_idx: int
    y_idx: int
    flags: TileFlags = TileFlags(0)
    progressive_quality: int = FULL_QUALITY
    y_data: bytes = b""
    cb_data: bytes = b""
    cr_data: bytes = b""
    tail_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        y, cb, cr, x_idx, y_idx, flags, quality, *lengths = _FIRST.unpack(src.take(_FIRST.size))
        tile = cls(quant_idx_y=y, quant_idx_cb=cb, quant_idx_cr=cr, x_idx=x_idx, y_idx=y_idx, flags=TileFlags(flags))
        tile.progressive_quality = quality
        tile.y_data, tile.cb_data, tile.cr_data, tile.tail_data = map(src.take, lengths)
        return tile

    def encode_into(self, dst: bytearray) -> None:
        parts = self.y_data, self.cb_data, self.cr_data, self.tail_data
        dst += _FIRST.pack(
            self.quant_idx_y,
            self.quant_idx_cb,
            self.quant_idx_cr,
            self.x_idx,
            self.y_idx,
            self.flags,
            self.progressive_quality,
            *map(len, parts),
        )
        dst += b"".join(parts)


@pdu
class TileUpgrade(Pdu):
    """RFX_PROGRESSIVE_TILE_UPGRADE, [MS-RDPEGFX] 2.2.4.2.1.5.5: more bits of a tile."""

    quant_idx_y: int = 0
    quant_idx_cb: int = 0
    quant_idx_cr: int = 0
    x_idx: int
    y_idx: int
    progressive_quality: int = FULL_QUALITY
    y_srl_data: bytes = b""
    y_raw_data: bytes = b""
    cb_srl_data: bytes = b""
    cb_raw_data: bytes = b""
    cr_srl_data: bytes = b""
    cr_raw_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        y, cb, cr, x_idx, y_idx, quality, *lengths = _UPGRADE.unpack(src.take(_UPGRADE.size))
        tile = cls(quant_idx_y=y, quant_idx_cb=cb, quant_idx_cr=cr, x_idx=x_idx, y_idx=y_idx)
        tile.progressive_quality = quality
        tile.y_srl_data, tile.y_raw_data = src.take(lengths[0]), src.take(lengths[1])
        tile.cb_srl_data, tile.cb_raw_data = src.take(lengths[2]), src.take(lengths[3])
        tile.cr_srl_data, tile.cr_raw_data = src.take(lengths[4]), src.take(lengths[5])
        return tile

    def encode_into(self, dst: bytearray) -> None:
        parts = self.y_srl_data, self.y_raw_data, self.cb_srl_data, self.cb_raw_data, self.cr_srl_data, self.cr_raw_data
        dst += _UPGRADE.pack(
            self.quant_idx_y,
            self.quant_idx_cb,
            self.quant_idx_cr,
            self.x_idx,
            self.y_idx,
            self.progressive_quality,
            *map(len, parts),
        )
        dst += b"".join(parts)


@pdu
class UnknownBlock(Pdu):
    """A block of a type that the document does not name; decoders step over it."""

    block_type: int
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(block_type=src.u16(), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<H", self.block_type)
        dst += self.data


Tile: TypeAlias = TileSimple | TileFirst | TileUpgrade

_TILES: Final[dict[BlockType, type[TileSimple] | type[TileFirst] | type[TileUpgrade]]] = {
    BlockType.TILE_SIMPLE: TileSimple,
    BlockType.TILE_PROGRESSIVE_FIRST: TileFirst,
    BlockType.TILE_PROGRESSIVE_UPGRADE: TileUpgrade,
}
_TILE_TYPES: Final = {tile: block_type for block_type, tile in _TILES.items()}


class RegionHead(NamedTuple):
    """What stands before a region's tiles, its tables still packed, and where in the buffer the tiles stand."""

    flags: RegionFlags
    rects: list[Rectangle]
    quants: bytes
    progressive_quants: bytes
    tile_count: int
    start: int
    end: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        """Read up to the tiles, and move behind them."""
        tile_size, rects, quants, progressive, flags, tiles, size = _REGION.unpack(src.take(_REGION.size))
        if tile_size != TILE_SIZE:
            raise InvalidField(f"tiles of {tile_size} pixels", pdu="Region", field="tile_size")
        head = cls(
            rects=list(_RECT.iter_unpack(src.take(rects * _RECT.size))),
            quants=src.take(quants * 5),
            progressive_quants=src.take(progressive * 16),
            flags=RegionFlags(flags),
            tile_count=tiles,
            start=src.pos,
            end=src.pos + size,
        )
        src.skip(size)
        return head


@pdu
class Region(Pdu):
    """RFX_PROGRESSIVE_REGION, [MS-RDPEGFX] 2.2.4.2.1.5: tiles, and the rectangles in which they are drawn."""

    tile_size: int = TILE_SIZE
    flags: RegionFlags = RegionFlags(0)
    rects: list[Rectangle]
    quant_vals: list[ComponentCodecQuant]
    quant_prog_vals: list[ProgressiveCodecQuant]
    tiles: list[Tile]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        head = RegionHead.decode_from(src)
        quants, progressive = Cursor(head.quants), Cursor(head.progressive_quants)
        tiles, inside = list[Tile](), Cursor(src.buf, head.start, head.end)
        for _ in range(head.tile_count):
            block_type, block = next_block(inside)
            if block_type not in _TILES:
                raise InvalidField(f"{block_type!r} among the tiles", pdu=cls.__name__, field="tiles")
            tiles.append(_TILES[block_type].decode_from(block))
        return cls(
            flags=head.flags,
            rects=head.rects,
            quant_vals=[ComponentCodecQuant.decode_from(quants) for _ in range(len(head.quants) // 5)],
            quant_prog_vals=[
                ProgressiveCodecQuant.decode_from(progressive) for _ in range(len(head.progressive_quants) // 16)
            ],
            tiles=tiles,
        )

    def encode_into(self, dst: bytearray) -> None:
        tiles = bytearray()
        for tile in self.tiles:
            put_block(tiles, _TILE_TYPES[type(tile)], tile.encode())
        self.encode_head(dst, len(self.tiles), len(tiles))
        dst += tiles

    def encode_head(self, dst: bytearray, tile_count: int, tile_data_size: int) -> None:
        """Append what stands before the tiles."""
        counts = len(self.rects), len(self.quant_vals), len(self.quant_prog_vals)
        dst += _REGION.pack(self.tile_size, *counts, self.flags, tile_count, tile_data_size)
        for rect in self.rects:
            dst += _RECT.pack(*rect)
        for quant in (*self.quant_vals, *self.quant_prog_vals):
            quant.encode_into(dst)


Block: TypeAlias = Sync | FrameBegin | FrameEnd | Context | Region | UnknownBlock

_BLOCKS: Final[dict[BlockType, type[Sync] | type[FrameBegin] | type[FrameEnd] | type[Context] | type[Region]]] = {
    BlockType.SYNC: Sync,
    BlockType.FRAME_BEGIN: FrameBegin,
    BlockType.FRAME_END: FrameEnd,
    BlockType.CONTEXT: Context,
    BlockType.REGION: Region,
}
_BLOCK_TYPES: Final = {block: block_type for block_type, block in _BLOCKS.items()}


@pdu
class ProgressiveBitmapStream(Pdu):
    """RFX_PROGRESSIVE_BITMAP_STREAM, [MS-RDPEGFX] 2.2.4.2."""

    progressive_data_blocks: list[Block]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        blocks = list[Block]()
        while src.remaining:
            if len(blocks) == MAX_BLOCKS:
                raise InvalidField(f"more than {MAX_BLOCKS} blocks", pdu=cls.__name__)
            block_type, block = next_block(src)
            if block_type in _BLOCKS:
                blocks.append(_BLOCKS[block_type].decode_from(block))
            else:
                blocks.append(UnknownBlock(block_type=int(block_type), data=block.rest()))
        return cls(progressive_data_blocks=blocks)

    def encode_into(self, dst: bytearray) -> None:
        for block in self.progressive_data_blocks:
            if isinstance(block, UnknownBlock):
                put_block(dst, block.block_type, block.data)
            else:
                put_block(dst, _BLOCK_TYPES[type(block)], block.encode())
