"""Surface commands, [MS-RDPBCGR] 2.2.9.2, and the client's acknowledgement of their frames, [MS-RDPRFX] 2.2.3.1."""

from __future__ import annotations

import struct
from typing import Annotated, Any, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U16, U32, U64, Rest, u16
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "ALL_FRAMES",
    "MAX_COMMANDS",
    "ExtendedBitmapData",
    "ExtendedCompressedBitmapHeader",
    "FrameAcknowledge",
    "FrameAction",
    "FrameMarkerCommand",
    "SetSurfaceBitsCommand",
    "StreamSurfaceBitsCommand",
    "SurfaceCommand",
    "SurfaceCommandType",
    "SurfaceCommands",
    "UnknownSurfaceCommand",
]

MAX_COMMANDS = 16_384
"""The most commands in one update.  FreeRDP, weston and xrdp put one to a few hundred into each."""

ALL_FRAMES = 0xFFFFFFFF
"""The `frame_id` that acknowledges every frame in flight, [MS-RDPRFX] 2.2.3.1."""

_HEADER_PRESENT = 0x01
_BITMAP = struct.Struct("<BBxBHHI")


class SurfaceCommandType(OpenEnum):
    """What a surface command does (CMDTYPE_*)."""

    SET_SURFACE_BITS = 0x0001
    FRAME_MARKER = 0x0004
    STREAM_SURFACE_BITS = 0x0006


class FrameAction(OpenEnum):
    """Which end of a frame a marker marks (SURFACECMD_FRAMEACTION_*)."""

    BEGIN = 0x0000
    END = 0x0001


@pdu
class ExtendedCompressedBitmapHeader(Pdu):
    """Extended Compressed Bitmap Header (TS_COMPRESSED_BITMAP_HEADER_EX), [MS-RDPBCGR] 2.2.9.2.1.1.1."""

    high_unique_id: U32
    low_unique_id: U32
    tm_milliseconds: U64
    tm_seconds: U64


@pdu
class ExtendedBitmapData(Pdu):
    """Extended Bitmap Data (TS_BITMAP_DATA_EX), [MS-RDPBCGR] 2.2.9.2.1.1.

    `codec_id` is the client's number for the codec; 0 means pixels as they are.  `flags` has no attribute: its one bit
    says whether `ex_bitmap_data_header` is there.
    """

    bpp: int
    codec_id: int = 0
    width: int
    height: int
    ex_bitmap_data_header: ExtendedCompressedBitmapHeader | None = None
    bitmap_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        pos = src.pos
        src.skip(_BITMAP.size)
        bpp, flags, codec_id, width, height, size = _BITMAP.unpack_from(src.buf, pos)
        header = ExtendedCompressedBitmapHeader.decode_from(src) if flags & _HEADER_PRESENT else None
        return cls(
            bpp=bpp,
            codec_id=codec_id,
            width=width,
            height=height,
            ex_bitmap_data_header=header,
            bitmap_data=src.take(size),
        )

    def encode_into(self, dst: bytearray) -> None:
        header = self.ex_bitmap_data_header
        flags = 0 if header is None else _HEADER_PRESENT
        dst += _BITMAP.pack(self.bpp, flags, self.codec_id, self.width, self.height, len(self.bitmap_data))
        if header is not None:
            header.encode_into(dst)
        dst += self.bitmap_data


@pdu
class SetSurfaceBitsCommand(Pdu):
    """Set Surface Bits Command (TS_SURFCMD_SET_SURF_BITS), [MS-RDPBCGR] 2.2.9.2.1, behind its type.

    The right and bottom bounds are exclusive, and SHOULD be ignored: the bitmap has its own size.
    """

    dest_left: U16
    dest_top: U16
    dest_right: U16
    dest_bottom: U16
    bitmap_data: ExtendedBitmapData


@pdu
class StreamSurfaceBitsCommand(Pdu):
    """Stream Surface Bits Command (TS_SURFCMD_STREAM_SURF_BITS), [MS-RDPBCGR] 2.2.9.2.2, behind its type.

    The right and bottom bounds are exclusive.
    """

    dest_left: U16
    dest_top: U16
    dest_right: U16
    dest_bottom: U16
    bitmap_data: ExtendedBitmapData


@pdu
class FrameMarkerCommand(Pdu):
    """Frame Marker Command (TS_FRAME_MARKER), [MS-RDPBCGR] 2.2.9.2.3, behind its type."""

    frame_action: FrameAction
    frame_id: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        frame_action = FrameAction(src.u16())
        # Some servers end the update without the id; FreeRDP 3 logs them as faulty and goes on with 0.
        return cls(frame_action=frame_action, frame_id=src.u32() if src.remaining else 0)

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<HI", self.frame_action, self.frame_id)


@pdu
class UnknownSurfaceCommand(Pdu):
    """A surface command of a type that the document does not name, and all behind it: its length is unknown."""

    cmd_type: Annotated[SurfaceCommandType, u16]
    cmd_data: Annotated[bytes, Rest()] = b""


SurfaceCommand: TypeAlias = (
    SetSurfaceBitsCommand | StreamSurfaceBitsCommand | FrameMarkerCommand | UnknownSurfaceCommand
)

_CLASSES: dict[int, Any] = {
    SurfaceCommandType.SET_SURFACE_BITS: SetSurfaceBitsCommand,
    SurfaceCommandType.FRAME_MARKER: FrameMarkerCommand,
    SurfaceCommandType.STREAM_SURFACE_BITS: StreamSurfaceBitsCommand,
}
_TYPES: dict[type, bytes] = {cls: int(code).to_bytes(2, "little") for code, cls in _CLASSES.items()}


@pdu
class SurfaceCommands(Pdu):
    """Fast-Path Surface Commands Update (TS_FP_SURFCMDS), [MS-RDPBCGR] 2.2.9.1.2.1.10, its data."""

    surface_commands: list[SurfaceCommand]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        commands: list[SurfaceCommand] = []
        while src.remaining:
            if len(commands) == MAX_COMMANDS:
                raise InvalidField(f"more than {MAX_COMMANDS} commands", offset=src.pos)
            cmd_type = src.u16()
            kind = _CLASSES.get(cmd_type)
            if kind is None:
                unknown = UnknownSurfaceCommand(cmd_type=SurfaceCommandType(cmd_type), cmd_data=src.rest())
                commands.append(unknown)
            else:
                commands.append(kind.decode_from(src))
        return cls(surface_commands=commands)

    def encode_into(self, dst: bytearray) -> None:
        if len(self.surface_commands) > MAX_COMMANDS:
            raise EncodeError(f"{len(self.surface_commands)} commands exceed {MAX_COMMANDS}")
        for command in self.surface_commands:
            dst += _TYPES.get(type(command), b"")  # an unknown command brings its own type
            command.encode_into(dst)


@pdu
class FrameAcknowledge(Pdu):
    """Frame acknowledgement (TS_FRAME_ACKNOWLEDGE_PDU), [MS-RDPRFX] 2.2.3.1, behind its share data header."""

    frame_id: U32
