"""Orders updates, [MS-RDPEGDI] 2.2.2.1 and 2.2.2.2: counted here, their drawing orders left as bytes."""

from __future__ import annotations

from typing import Annotated

from trio_rdp.wire.fields import U16, Rest
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["OrdersUpdate"]


@pdu
class OrdersUpdate(Pdu):
    """Fast-Path Orders Update (TS_FP_UPDATE_ORDERS), [MS-RDPEGDI] 2.2.2.2.

    The slow path's TS_UPDATE_ORDERS_PDU_DATA (2.2.2.1) has the same fields between pads, which `GraphicsUpdate` knows.
    """

    number_orders: U16
    order_data: Annotated[bytes, Rest()] = b""
