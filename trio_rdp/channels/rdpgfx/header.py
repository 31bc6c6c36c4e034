"""The header of all messages, [MS-RDPEGFX] 2.2.1.5, and what several of them are made of."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar, Final, Self, TypeAlias

from trio_rdp.graphics.pipeline.packed import MANY, Packed, PackedEdges, PackedPoints
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "HEADER",
    "POINT",
    "RECTANGLE",
    "GraphicsCommand",
    "GraphicsPdu",
    "PixelLayout",
    "Point",
    "Rectangle",
    "UnknownGraphicsPdu",
]

HEADER: Final = struct.Struct("<HHI")

POINT: Final = PackedPoints.item
Point: TypeAlias = tuple[int, int]
"""RDPGFX_POINT16, [MS-RDPEGFX] 2.2.1.1: x and y, which may be negative."""

RECTANGLE: Final = PackedEdges.item
Rectangle: TypeAlias = tuple[int, int, int, int]
"""RDPGFX_RECT16, [MS-RDPEGFX] 2.2.1.2: left, top, right and bottom, the latter two exclusive."""


class GraphicsCommand(OpenEnum):
    """What a message is (RDPGFX_CMDID_*)."""

    WIRE_TO_SURFACE_1 = 0x0001
    WIRE_TO_SURFACE_2 = 0x0002
    DELETE_ENCODING_CONTEXT = 0x0003
    SOLID_FILL = 0x0004
    SURFACE_TO_SURFACE = 0x0005
    SURFACE_TO_CACHE = 0x0006
    CACHE_TO_SURFACE = 0x0007
    EVICT_CACHE_ENTRY = 0x0008
    CREATE_SURFACE = 0x0009
    DELETE_SURFACE = 0x000A
    START_FRAME = 0x000B
    END_FRAME = 0x000C
    FRAME_ACKNOWLEDGE = 0x000D
    RESET_GRAPHICS = 0x000E
    MAP_SURFACE_TO_OUTPUT = 0x000F
    CACHE_IMPORT_OFFER = 0x0010
    CACHE_IMPORT_REPLY = 0x0011
    CAPS_ADVERTISE = 0x0012
    CAPS_CONFIRM = 0x0013
    MAP_SURFACE_TO_WINDOW = 0x0015
    QOE_FRAME_ACKNOWLEDGE = 0x0016
    MAP_SURFACE_TO_SCALED_OUTPUT = 0x0017
    MAP_SURFACE_TO_SCALED_WINDOW = 0x0018


class PixelLayout(OpenEnum):
    """What the four bytes of a pixel are (RDPGFX_PIXELFORMAT), [MS-RDPEGFX] 2.2.1.4: B, G, R, opacity or nothing."""

    XRGB_8888 = 0x20
    ARGB_8888 = 0x21


class GraphicsPdu(Pdu):
    """The base of all messages: what comes behind the header RDPGFX_HEADER, [MS-RDPEGFX] 2.2.1.5.

    `decode` and `encode` are of whole messages, `decode_from` and `encode_into` of what follows the header.
    """

    __slots__ = ()

    cmd_id: ClassVar[GraphicsCommand]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one whole message; bytes behind its length are ignored."""
        try:
            src = Cursor(data)
            cmd_id, body = read_header(src)
            if cmd_id != cls.cmd_id:
                raise InvalidField(f"command {cmd_id:#x} instead of {int(cls.cmd_id):#x}", field="cmd_id", offset=0)
            return cls.decode_from(body)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The whole message, with its header."""
        dst = bytearray()
        self.append_to(dst)
        return bytes(dst)

    def append_to(self, dst: bytearray) -> None:
        """Append the whole message; raises `EncodeError`, and `dst` is as before then."""
        start = len(dst)
        dst += bytes(HEADER.size)
        try:
            self.encode_into(dst)
            HEADER.pack_into(dst, start, self.cmd_id, 0, len(dst) - start)
        except (struct.error, TypeError) as exc:
            del dst[start:]
            raise EncodeError(f"{type(self).__name__}: {exc}") from None
        except EncodeError:
            del dst[start:]
            raise


@pdu
class UnknownGraphicsPdu(Pdu):
    """A message with a command that is not known here, kept as it came."""

    cmd_id: int
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        cmd_id, body = read_header(src)
        return cls(cmd_id=cmd_id, data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        self.append_to(dst)

    def append_to(self, dst: bytearray) -> None:
        """Append the whole message."""
        dst += HEADER.pack(self.cmd_id, 0, HEADER.size + len(self.data))
        dst += self.data


def read_header(src: Cursor) -> tuple[int, Cursor]:
    """Read a message's header: its command, and a cursor that sees only what follows.  The flags MUST be zero.

    They are not looked at, as in FreeRDP 2.11.
    """
    start = src.pos
    cmd_id, _, length = HEADER.unpack(src.take(HEADER.size))
    if length < HEADER.size:
        raise InvalidField(f"a message of {length} bytes", field="pdu_length", offset=start + 4)
    return cmd_id, src.sub(length - HEADER.size)


def read_points(src: Cursor) -> Sequence[Point]:
    """Read an array of points behind its count; of many, none is looked at."""
    count = src.u16()
    data = src.take(count * POINT.size)
    return PackedPoints(data) if count > MANY else list(POINT.iter_unpack(data))


def read_rectangles(src: Cursor) -> Sequence[Rectangle]:
    """Read an array of rectangles behind its count; of many, none is looked at."""
    count = src.u16()
    data = src.take(count * RECTANGLE.size)
    return PackedEdges(data) if count > MANY else list(RECTANGLE.iter_unpack(data))


def write_array(dst: bytearray, item: struct.Struct, values: Sequence[Point] | Sequence[Rectangle]) -> None:
    """Append an array of points or rectangles behind its count."""
    if len(values) > 0xFFFF:
        raise EncodeError(f"{len(values)} entries exceed 65535")
    dst += len(values).to_bytes(2, "little")
    if isinstance(values, Packed):
        dst += values.data
        return
    for value in values:
        dst += item.pack(*value)
