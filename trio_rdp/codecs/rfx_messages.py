"""The messages of a RemoteFX stream, [MS-RDPRFX] 2.2.2.

Each stands behind a TS_RFX_BLOCKT, its type and its length, which `read_block` takes off and `append_block` puts on.
Constants that a decoder should ignore, such as the identifiers of the one codec, channel and context, are kept.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import I16, U8, U16, U32, Counted, u8, u16
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_RECTS",
    "MAX_TILE_SETS",
    "BlockType",
    "Entropy",
    "OperatingMode",
    "RfxChannel",
    "RfxChannels",
    "RfxCodecQuant",
    "RfxCodecVersion",
    "RfxCodecVersions",
    "RfxContext",
    "RfxFrameBegin",
    "RfxFrameEnd",
    "RfxRect",
    "RfxRegion",
    "RfxSync",
    "RfxTile",
    "RfxTileSet",
    "append_block",
    "read_block",
]

MAX_RECTS: Final = 4096
"""The most rectangles in one region.  Windows, FreeRDP, xrdp and weston send from one to some hundreds."""

MAX_TILE_SETS: Final = 1024
"""The most tile sets in what one surface command carries; everybody sends one."""

_BLOCK = struct.Struct("<HI")
_CONTEXT = struct.Struct("<BBBHH")
_TILE_SET = struct.Struct("<BBHHHBBHI")
_TILE = struct.Struct("<3B5H")
_TILE_SET_TYPE = 0xCAC2


class BlockType(OpenEnum):
    """What a block is (WBT_*, and CBT_TILE)."""

    TILE = 0xCAC3
    SYNC = 0xCCC0
    CODEC_VERSIONS = 0xCCC1
    CHANNELS = 0xCCC2
    CONTEXT = 0xCCC3
    FRAME_BEGIN = 0xCCC4
    FRAME_END = 0xCCC5
    REGION = 0xCCC6
    EXTENSION = 0xCCC7


class Entropy(OpenEnum):
    """The entropy coder (CLW_ENTROPY_*)."""

    RLGR1 = 0x1
    RLGR3 = 0x4


class OperatingMode(Flags):
    """How headers are sent: before every frame in image mode, at least once without."""

    CODEC_MODE = Flag(0x2)


def read_block(src: Cursor) -> tuple[BlockType, Cursor]:
    """Read a TS_RFX_BLOCKT: what the block is, and its bytes behind that; `src` is left behind the block."""
    start = src.pos
    kind, size = _BLOCK.unpack(src.take(_BLOCK.size))
    if size < _BLOCK.size:
        raise InvalidField(f"a block of {size} bytes", pdu="TS_RFX_BLOCKT", field="blockLen", offset=start)
    return BlockType(kind), src.sub(size - _BLOCK.size)


def append_block(dst: bytearray, kind: BlockType, content: Pdu) -> None:
    """Append a message with its TS_RFX_BLOCKT."""
    data = content.encode()
    dst += _BLOCK.pack(kind, _BLOCK.size + len(data))
    dst += data


@pdu
class RfxSync(Pdu):
    """TS_RFX_SYNC, [MS-RDPRFX] 2.2.2.2.1."""

    magic: U32 = 0xCACCACCA
    version: U16 = 0x0100


@pdu
class RfxCodecVersion(Pdu):
    """TS_RFX_CODEC_VERSIONT, [MS-RDPRFX] 2.2.2.1.4."""

    codec_id: U8 = 1
    version: U16 = 0x0100


@pdu
class RfxCodecVersions(Pdu):
    """TS_RFX_CODEC_VERSIONS, [MS-RDPRFX] 2.2.2.2.2."""

    codecs: Annotated[list[RfxCodecVersion], Counted(u8)]


@pdu
class RfxChannel(Pdu):
    """TS_RFX_CHANNELT, [MS-RDPRFX] 2.2.2.1.3: the size of a frame."""

    channel_id: U8 = 0
    width: I16
    height: I16


@pdu
class RfxChannels(Pdu):
    """TS_RFX_CHANNELS, [MS-RDPRFX] 2.2.2.2.3."""

    channels: Annotated[list[RfxChannel], Counted(u8)]


@pdu
class RfxContext(Pdu):
    """TS_RFX_CONTEXT, [MS-RDPRFX] 2.2.2.2.4, with the parts of its `properties`."""

    codec_id: int = 1
    channel_id: int = 0xFF
    ctx_id: int = 0
    tile_size: int = 64
    flags: OperatingMode = OperatingMode(0)
    cct: int = 1
    xft: int = 1
    et: Entropy
    qt: int = 1

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        codec_id, channel_id, ctx_id, tile_size, properties = _CONTEXT.unpack(src.take(_CONTEXT.size))
        return cls(
            codec_id=codec_id,
            channel_id=channel_id,
            ctx_id=ctx_id,
            tile_size=tile_size,
            **_read_properties(properties),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _CONTEXT.pack(self.codec_id, self.channel_id, self.ctx_id, self.tile_size, _write_properties(self))


def _read_properties(bits: int) -> dict[str, Any]:
    """Take apart what a context and a tile set say of their encoding; a tile set says it one bit higher."""
    return {
        "flags": OperatingMode(bits & 7),
        "cct": bits >> 3 & 3,
        "xft": bits >> 5 & 15,
        "et": Entropy(bits >> 9 & 15),
        "qt": bits >> 13 & 3,
    }


def _write_properties(source: RfxContext | RfxTileSet) -> int:
    fields = ((source.flags, 0, 7), (source.cct, 3, 3), (source.xft, 5, 15), (source.et, 9, 15), (source.qt, 13, 3))
    if any(not 0 <= value <= mask for value, _, mask in fields):
        raise EncodeError(f"{type(source).__name__}: a property does not fit its bits")
    return sum(value << shift for value, shift, _ in fields)


@pdu
class RfxFrameBegin(Pdu):
    """TS_RFX_FRAME_BEGIN, [MS-RDPRFX] 2.2.2.3.1."""

    codec_id: U8 = 1
    channel_id: U8 = 0
    frame_idx: U32 = 0
    num_regions: I16 = 1


@pdu
class RfxFrameEnd(Pdu):
    """TS_RFX_FRAME_END, [MS-RDPRFX] 2.2.2.3.2."""

    codec_id: U8 = 1
    channel_id: U8 = 0


@pdu
class RfxRect(Pdu):
    """TS_RFX_RECT, [MS-RDPRFX] 2.2.2.1.6."""

    x: U16
    y: U16
    width: U16
    height: U16


@pdu
class RfxRegion(Pdu):
    """TS_RFX_REGION, [MS-RDPRFX] 2.2.2.3.3; no `rects` stand for the whole frame."""

    codec_id: U8 = 1
    channel_id: U8 = 0
    region_flags: U8 = 1
    rects: Annotated[list[RfxRect], Counted(u16, limit=MAX_RECTS)]
    region_type: U16 = 0xCAC1
    num_tilesets: U16 = 1


@pdu
class RfxCodecQuant(Pdu):
    """TS_RFX_CODEC_QUANT, [MS-RDPRFX] 2.2.2.1.5: ten factors, which should be 6 to 15."""

    ll3: int
    lh3: int
    hl3: int
    hh3: int
    lh2: int
    hl2: int
    hh2: int
    lh1: int
    hl1: int
    hh1: int

    @property
    def factors(self) -> bytes:
        """The ten factors in this order."""
        return bytes(getattr(self, name) for name in self.__dataclass_fields__)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        # Each byte holds two, the first in its lower half.
        halves = (half for value in src.take(5) for half in (value & 15, value >> 4))
        return cls(**dict(zip(cls.__dataclass_fields__, halves, strict=True)))

    def encode_into(self, dst: bytearray) -> None:
        values = [getattr(self, name) for name in self.__dataclass_fields__]
        if any(not 0 <= value <= 15 for value in values):
            raise EncodeError("RfxCodecQuant: a factor does not fit four bits")
        dst += bytes(low | high << 4 for low, high in zip(values[0::2], values[1::2], strict=True))


@pdu
class RfxTile(Pdu):
    """TS_RFX_TILE, [MS-RDPRFX] 2.2.2.3.4.1, behind its block header."""

    quant_idx_y: int = 0
    quant_idx_cb: int = 0
    quant_idx_cr: int = 0
    x_idx: int
    y_idx: int
    y_data: bytes
    cb_data: bytes
    cr_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        y, cb, cr, x_idx, y_idx, *sizes = _TILE.unpack(src.take(_TILE.size))
        y_data, cb_data, cr_data = [src.take(size) for size in sizes]
        return cls(
            quant_idx_y=y,
            quant_idx_cb=cb,
            quant_idx_cr=cr,
            x_idx=x_idx,
            y_idx=y_idx,
            y_data=y_data,
            cb_data=cb_data,
            cr_data=cr_data,
        )

    def encode_into(self, dst: bytearray) -> None:
        planes = (self.y_data, self.cb_data, self.cr_data)
        quants = (self.quant_idx_y, self.quant_idx_cb, self.quant_idx_cr)
        dst += _TILE.pack(*quants, self.x_idx, self.y_idx, *map(len, planes))
        dst += b"".join(planes)


@pdu
class RfxTileSet(Pdu):
    """TS_RFX_TILESET, [MS-RDPRFX] 2.2.2.3.4, with the parts of its `properties`.

    `tiles` stays as it was sent: `num_tiles` blocks, which `read_tiles` decodes and the codec's kernel reads by itself.
    """

    codec_id: int = 1
    channel_id: int = 0
    idx: int = 0
    is_last: bool = True
    flags: OperatingMode = OperatingMode(0)
    cct: int = 1
    xft: int = 1
    et: Entropy
    qt: int = 1
    tile_size: int = 64
    quant_vals: list[RfxCodecQuant]
    num_tiles: int
    tiles: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        codec_id, channel_id, subtype, idx, properties, num_quant, tile_size, num_tiles, size = _TILE_SET.unpack(
            src.take(_TILE_SET.size)
        )
        if subtype != _TILE_SET_TYPE:
            raise InvalidField(f"an extension {subtype:#x}", pdu=cls.__name__, field="subtype", offset=start)
        return cls(
            codec_id=codec_id,
            channel_id=channel_id,
            idx=idx,
            is_last=bool(properties & 1),
            **_read_properties(properties >> 1),
            tile_size=tile_size,
            quant_vals=[RfxCodecQuant.decode_from(src) for _ in range(num_quant)],
            num_tiles=num_tiles,
            tiles=src.take(size),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _TILE_SET.pack(
            self.codec_id,
            self.channel_id,
            _TILE_SET_TYPE,
            self.idx,
            self.is_last | _write_properties(self) << 1,
            len(self.quant_vals),
            self.tile_size,
            self.num_tiles,
            len(self.tiles),
        )
        for quant in self.quant_vals:
            quant.encode_into(dst)
        dst += self.tiles

    def read_tiles(self) -> Iterator[RfxTile]:
        """Decode the tiles, one after another."""
        src = Cursor(self.tiles)
        for _ in range(self.num_tiles):
            kind, content = read_block(src)
            if kind != BlockType.TILE:
                raise InvalidField(f"{kind!r} among tiles", pdu="TS_RFX_TILESET", field="tiles")
            yield RfxTile.decode_from(content)
