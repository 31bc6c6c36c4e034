"""Order, cloaking, power, task bar and accessibility, [MS-RDPERP] 2.2.2.11 to 2.2.2.15."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.rail.base import Bool8, Bool32, OrderType, RailOrder
from trio_rdp.wire.fields import U32, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "NO_CARET_BLINK",
    "CaretBlinkInformation",
    "PowerDisplayRequest",
    "TaskbarMessage",
    "TaskbarTabInfo",
    "TextScaleInformation",
    "WindowCloakStateChange",
    "ZOrderSyncInformation",
]

NO_CARET_BLINK = 0xFFFFFFFF
"""The `caret_blink_rate` of a caret that does not blink."""


class TaskbarMessage(OpenEnum):
    """What happened to a tab (RAIL_TASKBAR_MSG_*)."""

    TAB_REGISTER = 0x00000001
    TAB_UNREGISTER = 0x00000002
    TAB_ORDER = 0x00000003
    TAB_ACTIVE = 0x00000004
    TAB_PROPERTIES = 0x00000005


@pdu
class ZOrderSyncInformation(RailOrder):
    """Server Z-Order Sync Information (TS_RAIL_ORDER_ZORDER_SYNC), [MS-RDPERP] 2.2.2.11.1."""

    order_type: ClassVar[OrderType] = OrderType.ZORDER_SYNC

    window_id_marker: U32


@pdu
class WindowCloakStateChange(RailOrder):
    """Window Cloak State Change (TS_RAIL_ORDER_CLOAK), [MS-RDPERP] 2.2.2.12.1."""

    order_type: ClassVar[OrderType] = OrderType.CLOAK

    window_id: U32
    cloaked: Bool8


@pdu
class PowerDisplayRequest(RailOrder):
    """Power Display Request (TS_RAIL_ORDER_POWER_DISPLAY_REQUEST), [MS-RDPERP] 2.2.2.13.1: keep the display on."""

    order_type: ClassVar[OrderType] = OrderType.POWER_DISPLAY_REQUEST

    active: Bool32


@pdu
class TaskbarTabInfo(RailOrder):
    """Taskbar Tab Info (TS_RAIL_ORDER_TASKBARINFO), [MS-RDPERP] 2.2.2.14.1.

    `body` is the id of another window, 0 for none, or, for `TaskbarMessage.TAB_PROPERTIES`, STPFLAG.
    """

    order_type: ClassVar[OrderType] = OrderType.TASKBARINFO

    taskbar_message: Annotated[TaskbarMessage, u32]
    window_id_tab: U32
    body: U32 = 0


@pdu
class TextScaleInformation(RailOrder):
    """Text Scale Information (TS_RAIL_ORDER_TEXTSCALEINFO), [MS-RDPERP] 2.2.2.15.1; in per cent, 100 to 225."""

    order_type: ClassVar[OrderType] = OrderType.TEXTSCALEINFO

    text_scale_factor: U32


@pdu
class CaretBlinkInformation(RailOrder):
    """Caret Blink Information (TS_RAIL_ORDER_CARETBLINKINFO), [MS-RDPERP] 2.2.2.15.2; in milliseconds."""

    order_type: ClassVar[OrderType] = OrderType.CARETBLINKINFO

    caret_blink_rate: U32
