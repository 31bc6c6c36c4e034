"""How a client steers the server's output, and how the server tells its monitors, [MS-RDPBCGR] 2.2.11 and 2.2.12."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.pdu.gcc_client import MonitorDefinition
from trio_rdp.pdu.share import PduType2
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U16, Counted, u32
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_MONITORS",
    "InclusiveRectangle",
    "MonitorLayout",
    "RefreshRect",
    "SuppressOutput",
]

# [MS-RDPBCGR] 2.2.1.3.6 and 2.2.1.3.10 let a client have 16; this is room for a server of the future.
MAX_MONITORS = 64


@pdu
class InclusiveRectangle(Pdu):
    """Inclusive Rectangle (TS_RECTANGLE16), [MS-RDPBCGR] 2.2.11.1: right and bottom are inside."""

    left: U16
    top: U16
    right: U16
    bottom: U16


@pdu
class RefreshRect(Pdu):
    """Refresh Rect (TS_REFRESH_RECT_PDU), [MS-RDPBCGR] 2.2.11.2.1: the client wants these areas painted again."""

    pdu_type2: ClassVar[PduType2] = PduType2.REFRESH_RECT

    areas_to_refresh: list[InclusiveRectangle]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count = src.u8()
        src.skip(3)
        return cls(areas_to_refresh=[InclusiveRectangle.decode_from(src) for _ in range(count)])

    def encode_into(self, dst: bytearray) -> None:
        if len(self.areas_to_refresh) > 0xFF:
            raise EncodeError(f"{len(self.areas_to_refresh)} areas do not fit a byte")
        dst += struct.pack("<B3x", len(self.areas_to_refresh))
        for area in self.areas_to_refresh:
            area.encode_into(dst)


@pdu
class SuppressOutput(Pdu):
    """Suppress Output (TS_SUPPRESS_OUTPUT_PDU), [MS-RDPBCGR] 2.2.11.3.1: the client wants no output, or some again.

    Without a rectangle there are no display updates; with one it is the desktop to update.
    """

    pdu_type2: ClassVar[PduType2] = PduType2.SUPPRESS_OUTPUT

    desktop_rect: InclusiveRectangle | None = None

    @property
    def allow_display_updates(self) -> bool:
        """Whether the client wants display updates."""
        return self.desktop_rect is not None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        allow_display_updates = src.u8()
        src.skip(3)
        return cls(desktop_rect=InclusiveRectangle.decode_from(src) if allow_display_updates else None)

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<B3x", self.allow_display_updates)
        if self.desktop_rect is not None:
            self.desktop_rect.encode_into(dst)


@pdu
class MonitorLayout(Pdu):
    """Monitor Layout, [MS-RDPBCGR] 2.2.12.1: the monitors of the server's session."""

    pdu_type2: ClassVar[PduType2] = PduType2.MONITOR_LAYOUT

    monitor_def_array: Annotated[list[MonitorDefinition], Counted(u32, limit=MAX_MONITORS)]
