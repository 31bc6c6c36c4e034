"""How a session of remote programs begins, [MS-RDPERP] 2.2.2.2."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.rail.base import OrderType, RailOrder
from trio_rdp.wire.fields import U32, u32
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import pdu

__all__ = ["ClientInformation", "ClientStatusFlags", "Handshake", "HandshakeEx", "HandshakeExFlags"]


class ClientStatusFlags(Flags):
    """What a client can do (TS_RAIL_CLIENTSTATUS_*)."""

    ALLOWLOCALMOVESIZE = Flag(0x00000001)
    AUTORECONNECT = Flag(0x00000002)
    ZORDER_SYNC = Flag(0x00000004)
    WINDOW_RESIZE_MARGIN_SUPPORTED = Flag(0x00000010)
    HIGH_DPI_ICONS_SUPPORTED = Flag(0x00000020)
    APPBAR_REMOTING_SUPPORTED = Flag(0x00000040)
    POWER_DISPLAY_REQUEST_SUPPORTED = Flag(0x00000080)
    BIDIRECTIONAL_CLOAK_SUPPORTED = Flag(0x00000200)
    SUPPRESS_ICON_ORDERS = Flag(0x00000400)


class HandshakeExFlags(Flags):
    """What a server can do (TS_RAIL_ORDER_HANDSHAKE_EX_FLAGS_*)."""

    HIDEF = Flag(0x00000001)
    EXTENDED_SPI_SUPPORTED = Flag(0x00000002)
    SNAP_ARRANGE_SUPPORTED = Flag(0x00000004)
    TEXT_SCALE_SUPPORTED = Flag(0x00000008)
    CARET_BLINK_SUPPORTED = Flag(0x00000010)
    EXTENDED_SPI_2_SUPPORTED = Flag(0x00000020)
    EXTENDED_SPI_3_SUPPORTED = Flag(0x00000040)


@pdu
class Handshake(RailOrder):
    """Handshake (TS_RAIL_ORDER_HANDSHAKE), [MS-RDPERP] 2.2.2.2.1: of a server, and a client's answer to either kind."""

    order_type: ClassVar[OrderType] = OrderType.HANDSHAKE

    build_number: U32


@pdu
class ClientInformation(RailOrder):
    """Client Information (TS_RAIL_ORDER_CLIENTSTATUS), [MS-RDPERP] 2.2.2.2.2."""

    order_type: ClassVar[OrderType] = OrderType.CLIENTSTATUS

    flags: Annotated[ClientStatusFlags, u32] = ClientStatusFlags(0)


@pdu
class HandshakeEx(RailOrder):
    """HandshakeEx (TS_RAIL_ORDER_HANDSHAKE_EX), [MS-RDPERP] 2.2.2.2.3: the server's, where both sides know it."""

    order_type: ClassVar[OrderType] = OrderType.HANDSHAKE_EX

    build_number: U32
    rail_handshake_flags: Annotated[HandshakeExFlags, u32] = HandshakeExFlags(0)
