"""The size of the desktop and its monitors, [MS-RDPEGFX] 2.2.2.14."""

from __future__ import annotations

import struct
from dataclasses import field
from typing import ClassVar, Final, Self

from trio_rdp.channels.rdpgfx.header import HEADER, GraphicsCommand, GraphicsPdu
from trio_rdp.pdu.gcc_client import MonitorDefinition
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import pdu

__all__ = ["MAX_MONITORS", "ResetGraphicsPdu"]

MAX_MONITORS: Final = 16
"""The most monitors, from [MS-RDPEGFX] 2.2.2.14."""

_FIXED: Final = struct.Struct("<III")
_SIZE: Final = 340 - HEADER.size


@pdu
class ResetGraphicsPdu(GraphicsPdu):
    """RDPGFX_RESET_GRAPHICS_PDU, [MS-RDPEGFX] 2.2.2.14; on the wire it has 340 bytes, padding included."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.RESET_GRAPHICS

    width: int
    height: int
    monitor_def_array: list[MonitorDefinition] = field(default_factory=list)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        width, height, count = _FIXED.unpack(src.take(_FIXED.size))
        if count > MAX_MONITORS:
            raise InvalidField(f"{count} monitors exceed {MAX_MONITORS}", field="monitor_count", offset=src.pos)
        return cls(
            width=width,
            height=height,
            monitor_def_array=[MonitorDefinition.decode_from(src) for _ in range(count)],
        )

    def encode_into(self, dst: bytearray) -> None:
        count = len(self.monitor_def_array)
        if count > MAX_MONITORS:
            raise EncodeError(f"{count} monitors exceed {MAX_MONITORS}")
        end = len(dst) + _SIZE
        dst += _FIXED.pack(self.width, self.height, count)
        for monitor in self.monitor_def_array:
            monitor.encode_into(dst)
        dst += bytes(end - len(dst))
