"""What a user does to the local windows and icons, [MS-RDPERP] 2.2.2.6."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.rail.base import Bool8, OrderType, RailOrder
from trio_rdp.wire.fields import I16, U32, u16, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = ["Activate", "Command", "GetApplicationId", "NotifyEvent", "NotifyMessage", "SystemCommand", "SystemMenu"]


class Command(OpenEnum):
    """What a window is to do (SC_*)."""

    SIZE = 0xF000
    MOVE = 0xF010
    MINIMIZE = 0xF020
    MAXIMIZE = 0xF030
    CLOSE = 0xF060
    KEYMENU = 0xF100
    RESTORE = 0xF120
    DEFAULT = 0xF160


class NotifyMessage(OpenEnum):
    """What happened to a notification icon (WM_*, NIN_*)."""

    WM_CONTEXTMENU = 0x0000007B
    WM_LBUTTONDOWN = 0x00000201
    WM_LBUTTONUP = 0x00000202
    WM_LBUTTONDBLCLK = 0x00000203
    WM_RBUTTONDOWN = 0x00000204
    WM_RBUTTONUP = 0x00000205
    WM_RBUTTONDBLCLK = 0x00000206
    NIN_SELECT = 0x00000400
    NIN_KEYSELECT = 0x00000401
    NIN_BALLOONSHOW = 0x00000402
    NIN_BALLOONHIDE = 0x00000403
    NIN_BALLOONTIMEOUT = 0x00000404
    NIN_BALLOONUSERCLICK = 0x00000405


@pdu
class Activate(RailOrder):
    """Client Activate (TS_RAIL_ORDER_ACTIVATE), [MS-RDPERP] 2.2.2.6.1."""

    order_type: ClassVar[OrderType] = OrderType.ACTIVATE

    window_id: U32
    enabled: Bool8


@pdu
class SystemMenu(RailOrder):
    """Client System Menu (TS_RAIL_ORDER_SYSMENU), [MS-RDPERP] 2.2.2.6.2; where to show it, in screen coordinates."""

    order_type: ClassVar[OrderType] = OrderType.SYSMENU

    window_id: U32
    left: I16
    top: I16


@pdu
class SystemCommand(RailOrder):
    """Client System Command (TS_RAIL_ORDER_SYSCOMMAND), [MS-RDPERP] 2.2.2.6.3."""

    order_type: ClassVar[OrderType] = OrderType.SYSCOMMAND

    window_id: U32
    command: Annotated[Command, u16]


@pdu
class NotifyEvent(RailOrder):
    """Client Notify Event (TS_RAIL_ORDER_NOTIFY_EVENT), [MS-RDPERP] 2.2.2.6.4."""

    order_type: ClassVar[OrderType] = OrderType.NOTIFY_EVENT

    window_id: U32
    notify_icon_id: U32
    message: Annotated[NotifyMessage, u32]


@pdu
class GetApplicationId(RailOrder):
    """Client Get Application ID (TS_RAIL_ORDER_GET_APPID_REQ), [MS-RDPERP] 2.2.2.6.5."""

    order_type: ClassVar[OrderType] = OrderType.GET_APPID_REQ

    window_id: U32
