"""The desktop's windows as a whole, [MS-RDPERP] 2.2.1.3.3: their order, and whether they are described at all."""

from __future__ import annotations

from typing import Self

from trio_rdp.pdu.window_order_base import TYPE_DESKTOP, open_order, write_order
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import Counted, u8, u32
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["ActivelyMonitoredDesktop", "DesktopFlags", "NonMonitoredDesktop"]

_DESKTOP_NONE, _DESKTOP_ZORDER, _DESKTOP_ACTIVEWND = 0x01, 0x10, 0x20


class DesktopFlags(Flags):
    """What a server does with its desktop (WINDOW_ORDER_FIELD_DESKTOP_*)."""

    HOOKED = Flag(0x00000002)
    ARC_COMPLETED = Flag(0x00000004)
    ARC_BEGAN = Flag(0x00000008)


@pdu
class ActivelyMonitoredDesktop(Pdu):
    """Actively Monitored Desktop, [MS-RDPERP] 2.2.1.3.3.2.1; at most 255 windows, from the top."""

    flags: DesktopFlags = DesktopFlags(0)
    active_window_id: int | None = None
    window_ids: list[int] | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = open_order(src, TYPE_DESKTOP, 0, _DESKTOP_NONE)
        return cls(
            flags=DesktopFlags(flags & _DESKTOP_FLAGS),
            active_window_id=body.u32() if flags & _DESKTOP_ACTIVEWND else None,
            window_ids=_window_ids.decode_from(body) if flags & _DESKTOP_ZORDER else None,
        )

    def encode_into(self, dst: bytearray) -> None:
        flags, body = TYPE_DESKTOP | self.flags & _DESKTOP_FLAGS, bytearray()
        if self.active_window_id is not None:
            flags |= _DESKTOP_ACTIVEWND
            u32.encode_into(body, self.active_window_id)
        if self.window_ids is not None:
            flags |= _DESKTOP_ZORDER
            _window_ids.encode_into(body, self.window_ids)
        write_order(dst, flags, body)


_DESKTOP_FLAGS = int(DesktopFlags.HOOKED | DesktopFlags.ARC_COMPLETED | DesktopFlags.ARC_BEGAN)
_window_ids = Counted(u8, u32)


@pdu
class NonMonitoredDesktop(Pdu):
    """Non-Monitored Desktop, [MS-RDPERP] 2.2.1.3.3.2.2."""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        open_order(src, TYPE_DESKTOP, _DESKTOP_NONE, _DESKTOP_NONE)
        return cls()

    def encode_into(self, dst: bytearray) -> None:
        write_order(dst, TYPE_DESKTOP | _DESKTOP_NONE, b"")
