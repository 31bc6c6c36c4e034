"""Geometry tracking, [MS-RDPEGT] 2.2: where on the desktop a video plays, and which parts of it can be seen."""

from __future__ import annotations

import struct
from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import I32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CHANNEL_NAME",
    "GEOMETRY_BUFFER_LIMIT",
    "GeometryRectangle",
    "GeometryType",
    "GeometryUpdateType",
    "MappedGeometry",
    "RegionData",
    "decode_geometry",
]

CHANNEL_NAME = "Microsoft::Windows::RDS::Geometry::v08.01"
"""The dynamic channel's name."""

GEOMETRY_BUFFER_LIMIT = 65_536
"""The most bytes of a region, which is 4,094 rectangles; the document names no limit."""

_START = struct.Struct("<IIQII")
_PLACE = struct.Struct("<Q8iII")
_REGION = struct.Struct("<IIII")
_RDH_RECTANGLES = 1
_REGION_HEADER_SIZE = 32
_RECTANGLE_SIZE = 16


class GeometryUpdateType(OpenEnum):
    """What becomes of a mapping (GEOMETRY_*)."""

    UPDATE = 0x01
    CLEAR = 0x02


class GeometryType(OpenEnum):
    """What a geometry buffer holds (GEOMETRY_TYPE_*); nothing where a mapping is cleared."""

    NONE = 0x00
    REGION = 0x02


@pdu
class GeometryRectangle(Pdu):
    """RECT of a region: `right` and `bottom` are outside."""

    left: I32
    top: I32
    right: I32
    bottom: I32


@pdu
class RegionData(Pdu):
    """RGNDATA, [MS-RDPEGT] 2.2.1.1: the visible parts of the tracked rectangle, relative to it.

    It MUST be ignored where it has no rectangles, or where none meets `bound`.
    """

    bound: GeometryRectangle
    rectangles: list[GeometryRectangle]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        size, kind, count, _ = _REGION.unpack(src.take(_REGION.size))
        if size != _REGION_HEADER_SIZE or kind != _RDH_RECTANGLES:
            raise InvalidField(f"a region of type {kind} behind a header of {size} bytes", field="rdh", offset=start)
        bound = GeometryRectangle.decode_from(src)
        body = src.sub(count * _RECTANGLE_SIZE)
        return cls(bound=bound, rectangles=[GeometryRectangle.decode_from(body) for _ in range(count)])

    def encode_into(self, dst: bytearray) -> None:
        # The size of the rectangles is 0 in the document's example: the field is GDI's, and nobody needs it.
        dst += _REGION.pack(_REGION_HEADER_SIZE, _RDH_RECTANGLES, len(self.rectangles), 0)
        self.bound.encode_into(dst)
        for rectangle in self.rectangles:
            rectangle.encode_into(dst)


@pdu
class MappedGeometry(Pdu):
    """MAPPED_GEOMETRY_PACKET, [MS-RDPEGT] 2.2.1.1: the only message; of one that clears, `mapping_id` is all.

    The tracked rectangle is relative to the top level one, and that is in coordinates of the desktop.
    """

    version: int = 1
    mapping_id: int
    update_type: GeometryUpdateType = GeometryUpdateType.UPDATE
    flags: int = 0
    top_level_id: int = 0
    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0
    top_level_left: int = 0
    top_level_top: int = 0
    top_level_right: int = 0
    top_level_bottom: int = 0
    geometry_type: GeometryType = GeometryType.NONE
    geometry_buffer: bytes = b""

    def region(self) -> RegionData | None:
        """The region in the buffer, or None where there is nothing that can be read as one; raises `DecodeError`."""
        if self.geometry_type != GeometryType.REGION or not self.geometry_buffer:
            return None
        return RegionData.decode(self.geometry_buffer)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        length, version, mapping_id, update_type, flags = _START.unpack(src.take(_START.size))
        if length < _START.size:
            raise InvalidField(f"a length of {length} bytes", field="geometry_data_length", offset=start)
        body = src.sub(length - _START.size)
        # The length does not count the reserved byte, in the document's examples.
        src.skip(min(1, src.remaining))
        packet = cls(version=version, mapping_id=mapping_id, update_type=GeometryUpdateType(update_type), flags=flags)
        if body.remaining or update_type != GeometryUpdateType.CLEAR:
            packet._decode_place(body)
        return packet

    def _decode_place(self, body: Cursor) -> None:
        self.top_level_id, *edges, kind, size = _PLACE.unpack(body.take(_PLACE.size))
        self.left, self.top, self.right, self.bottom = edges[:4]
        self.top_level_left, self.top_level_top, self.top_level_right, self.top_level_bottom = edges[4:]
        self.geometry_type = GeometryType(kind)
        if size > GEOMETRY_BUFFER_LIMIT:
            reason = f"{size} bytes exceed {GEOMETRY_BUFFER_LIMIT}"
            raise InvalidField(reason, field="geometry_buffer", offset=body.pos)
        self.geometry_buffer = body.take(size)

    def encode_into(self, dst: bytearray) -> None:
        size = len(self.geometry_buffer)
        if size > GEOMETRY_BUFFER_LIMIT:
            raise EncodeError(f"{size} bytes exceed {GEOMETRY_BUFFER_LIMIT}")
        length = _START.size + _PLACE.size + size
        dst += _START.pack(length, self.version, self.mapping_id, self.update_type, self.flags)
        edges = (self.left, self.top, self.right, self.bottom)
        top_level = (self.top_level_left, self.top_level_top, self.top_level_right, self.top_level_bottom)
        dst += _PLACE.pack(self.top_level_id, *edges, *top_level, self.geometry_type, size)
        dst += self.geometry_buffer
        dst += b"\0"


def decode_geometry(data: bytes) -> MappedGeometry:
    """Decode what a server sent; raises `DecodeError`.  Clients send nothing."""
    return MappedGeometry.decode(data)
