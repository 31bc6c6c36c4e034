"""To which application a window belongs, [MS-RDPERP] 2.2.2.8."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from trio_rdp.channels.rail.base import OrderType, RailOrder
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import U32, Utf16, u32
from trio_rdp.wire.pdu import pdu

__all__ = ["GetApplicationIdExtendedResponse", "GetApplicationIdResponse"]

_text = Utf16(520)
_shorter_text = Utf16(512)


@pdu
class GetApplicationIdResponse(RailOrder):
    """Server Get Application ID Response (TS_RAIL_ORDER_GET_APPID_RESP), [MS-RDPERP] 2.2.2.8.1.

    The capture in 4.5.7 has 512 bytes where the table has 520: both are read, the latter written.
    """

    order_type: ClassVar[OrderType] = OrderType.GET_APPID_RESP

    window_id: int
    application_id: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        window_id = src.u32()
        text = _text if src.remaining >= _text.size else _shorter_text
        return cls(window_id=window_id, application_id=text.decode_from(src))

    def encode_into(self, dst: bytearray) -> None:
        u32.encode_into(dst, self.window_id)
        _text.encode_into(dst, self.application_id)


@pdu
class GetApplicationIdExtendedResponse(RailOrder):
    """Server Get Application ID Extended Response (TS_RAIL_ORDER_GET_APPID_RESP_EX), [MS-RDPERP] 2.2.2.8.2."""

    order_type: ClassVar[OrderType] = OrderType.GET_APPID_RESP_EX

    window_id: U32
    application_id: Annotated[str, _text]
    process_id: U32
    process_image_name: Annotated[str, _text]
