"""The header of all messages, [MS-RDPERP] 2.2.2.1, and what several of them are made of."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import U16, Fixed
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["Bool8", "Bool32", "OrderType", "RailOrder", "Rectangle", "UnknownRailPdu"]

_HEADER = struct.Struct("<HH")
_LONGEST = 0xFFFF

Bool8 = Annotated[bool, Fixed("B", decoder=bool, encoder=bool)]
Bool32 = Annotated[bool, Fixed("I", decoder=bool, encoder=bool)]


class OrderType(OpenEnum):
    """What a message is (TS_RAIL_ORDER_*)."""

    EXEC = 0x0001
    ACTIVATE = 0x0002
    SYSPARAM = 0x0003
    SYSCOMMAND = 0x0004
    HANDSHAKE = 0x0005
    NOTIFY_EVENT = 0x0006
    WINDOWMOVE = 0x0008
    LOCALMOVESIZE = 0x0009
    MINMAXINFO = 0x000A
    CLIENTSTATUS = 0x000B
    SYSMENU = 0x000C
    LANGBARINFO = 0x000D
    GET_APPID_REQ = 0x000E
    GET_APPID_RESP = 0x000F
    TASKBARINFO = 0x0010
    LANGUAGEIMEINFO = 0x0011
    COMPARTMENTINFO = 0x0012
    HANDSHAKE_EX = 0x0013
    ZORDER_SYNC = 0x0014
    CLOAK = 0x0015
    POWER_DISPLAY_REQUEST = 0x0016
    SNAP_ARRANGE = 0x0017
    GET_APPID_RESP_EX = 0x0018
    TEXTSCALEINFO = 0x0019
    CARETBLINKINFO = 0x001A
    EXEC_RESULT = 0x0080


class RailOrder(Pdu):
    """The base of all messages: what comes behind the header TS_RAIL_PDU_HEADER, [MS-RDPERP] 2.2.2.1."""

    __slots__ = ()

    order_type: ClassVar[OrderType]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one whole message; bytes behind its length are ignored, as those in the example of 4.3.1."""
        try:
            order_type, body = _read_header(Cursor(data))
            if order_type != cls.order_type:
                message = f"order {order_type:#x} instead of {cls.order_type:#x}"
                raise InvalidField(message, field="order_type", offset=0)
            return cls.decode_from(body)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The whole message, with its header."""
        dst = bytearray(_HEADER.size)
        try:
            self.encode_into(dst)
        except struct.error as exc:
            raise EncodeError(f"{type(self).__name__}: {exc}") from None
        if len(dst) > _LONGEST:
            raise EncodeError(f"{type(self).__name__}: {len(dst)} bytes exceed {_LONGEST}")
        _HEADER.pack_into(dst, 0, self.order_type, len(dst))
        return bytes(dst)


@pdu
class Rectangle(Pdu):
    """Rectangle (TS_RECTANGLE_16), [MS-RDPERP] 2.2.1.2.2; right and bottom are those of its corner."""

    left: U16
    top: U16
    right: U16
    bottom: U16


@pdu
class UnknownRailPdu(Pdu):
    """A message with an order type that is not known here, kept as it came."""

    order_type: int
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        order_type, body = _read_header(src)
        return cls(order_type=order_type, data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.order_type, _HEADER.size + len(self.data))
        dst += self.data


def _read_header(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    order_type, length = _HEADER.unpack(src.take(_HEADER.size))
    if length < _HEADER.size:
        raise InvalidField(f"a message of {length} bytes", field="order_length", offset=start + 2)
    return order_type, src.sub(length - _HEADER.size)
