"""Notification icons, [MS-RDPERP] 2.2.1.3.2.

Which fields are present follows from those that are not None.
"""

from __future__ import annotations

import struct
from typing import Annotated, Self

from trio_rdp.pdu.window_icons import CachedIconInfo, IconInfo
from trio_rdp.pdu.window_order_base import (
    CACHED_ICON,
    DELETED,
    ICON,
    NEW,
    TYPE_NOTIFY,
    Field,
    open_order,
    read_fields,
    text,
    write_order,
    written_fields,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import U32, Codec, u32
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["DeletedNotificationIcon", "NotificationIcon", "NotifyIconInfoTip"]


@pdu
class NotifyIconInfoTip(Pdu):
    """Notification Icon Balloon Tooltip (TS_NOTIFY_ICON_INFOTIP), [MS-RDPERP] 2.2.1.3.2.2.3; in milliseconds."""

    timeout: U32
    info_flags: U32
    info_tip_text: Annotated[str, text]
    title: Annotated[str, text]


class _Nested(Codec):
    """A structure inside an order."""

    def __init__(self, cls: type[Pdu]) -> None:
        self.cls = cls

    def decode_from(self, src: Cursor) -> Pdu:
        return self.cls.decode_from(src)

    def encode_into(self, dst: bytearray, value: Pdu) -> None:
        value.encode_into(dst)


_NOTIFY_FIELDS: list[Field] = [
    (0x00000008, "version", u32),
    (0x00000001, "tool_tip", text),
    (0x00000002, "info_tip", _Nested(NotifyIconInfoTip)),
    (0x00000004, "state", u32),
    (ICON, "icon", _Nested(IconInfo)),
    (CACHED_ICON, "cached_icon", _Nested(CachedIconInfo)),
]


@pdu
class NotificationIcon(Pdu):
    """New or Existing Notification Icons, [MS-RDPERP] 2.2.1.3.2.2.1; `state` is 1 for one that is hidden."""

    window_id: int
    notify_icon_id: int
    is_new: bool = False
    version: int | None = None
    tool_tip: str | None = None
    info_tip: NotifyIconInfoTip | None = None
    state: int | None = None
    icon: IconInfo | None = None
    cached_icon: CachedIconInfo | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = open_order(src, TYPE_NOTIFY, 0, DELETED)
        return cls(
            window_id=body.u32(),
            notify_icon_id=body.u32(),
            is_new=bool(flags & NEW),
            **read_fields(body, flags, _NOTIFY_FIELDS),
        )

    def encode_into(self, dst: bytearray) -> None:
        flags, fields = written_fields(self, _NOTIFY_FIELDS)
        body = struct.pack("<II", self.window_id, self.notify_icon_id) + fields
        write_order(dst, flags | TYPE_NOTIFY | NEW * self.is_new, body)


@pdu
class DeletedNotificationIcon(Pdu):
    """Deleted Notification Icons, [MS-RDPERP] 2.2.1.3.2.2.2."""

    window_id: int
    notify_icon_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, body = open_order(src, TYPE_NOTIFY, DELETED, DELETED)
        return cls(window_id=body.u32(), notify_icon_id=body.u32())

    def encode_into(self, dst: bytearray) -> None:
        write_order(dst, TYPE_NOTIFY | DELETED, struct.pack("<II", self.window_id, self.notify_icon_id))
