"""What servers ask of smart cards, [MS-RDPESC] 3.1.4, and the envelope of what they say, [MS-RPCE] 2.2.6.

Calls are control requests, and their returns the responses to them.
"""

from __future__ import annotations

import struct
from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["SmartCardControlCode", "TypeSerialization"]

_HEADERS = struct.Struct("<BBHIII")
_VERSION = 1
_LITTLE_ENDIAN = 0x10
_COMMON_HEADER_LENGTH = 8
_FILLER = 0xCCCCCCCC
_ALIGNMENT = 8


class SmartCardControlCode(OpenEnum):
    """The calls (SCARD_IOCTL_*); RELEASETARTEDEVENT is not used, and spelled so."""

    ESTABLISHCONTEXT = 0x00090014
    RELEASECONTEXT = 0x00090018
    ISVALIDCONTEXT = 0x0009001C
    LISTREADERGROUPSA = 0x00090020
    LISTREADERGROUPSW = 0x00090024
    LISTREADERSA = 0x00090028
    LISTREADERSW = 0x0009002C
    INTRODUCEREADERGROUPA = 0x00090050
    INTRODUCEREADERGROUPW = 0x00090054
    FORGETREADERGROUPA = 0x00090058
    FORGETREADERGROUPW = 0x0009005C
    INTRODUCEREADERA = 0x00090060
    INTRODUCEREADERW = 0x00090064
    FORGETREADERA = 0x00090068
    FORGETREADERW = 0x0009006C
    ADDREADERTOGROUPA = 0x00090070
    ADDREADERTOGROUPW = 0x00090074
    REMOVEREADERFROMGROUPA = 0x00090078
    REMOVEREADERFROMGROUPW = 0x0009007C
    LOCATECARDSA = 0x00090098
    LOCATECARDSW = 0x0009009C
    GETSTATUSCHANGEA = 0x000900A0
    GETSTATUSCHANGEW = 0x000900A4
    CANCEL = 0x000900A8
    CONNECTA = 0x000900AC
    CONNECTW = 0x000900B0
    RECONNECT = 0x000900B4
    DISCONNECT = 0x000900B8
    BEGINTRANSACTION = 0x000900BC
    ENDTRANSACTION = 0x000900C0
    STATE = 0x000900C4
    STATUSA = 0x000900C8
    STATUSW = 0x000900CC
    TRANSMIT = 0x000900D0
    CONTROL = 0x000900D4
    GETATTRIB = 0x000900D8
    SETATTRIB = 0x000900DC
    ACCESSSTARTEDEVENT = 0x000900E0
    RELEASETARTEDEVENT = 0x000900E4
    LOCATECARDSBYATRA = 0x000900E8
    LOCATECARDSBYATRW = 0x000900EC
    READCACHEA = 0x000900F0
    READCACHEW = 0x000900F4
    WRITECACHEA = 0x000900F8
    WRITECACHEW = 0x000900FC
    GETTRANSMITCOUNT = 0x00090100
    GETREADERICON = 0x00090104
    GETDEVICETYPEID = 0x00090108


@pdu
class TypeSerialization(Pdu):
    """The envelope of a call or a return: Common Type Header and Private Header, [MS-RPCE] 2.2.6.1 and 2.2.6.2.

    `data` is one structure in NDR, with the zeros that make its length a multiple of eight.  ACCESSSTARTEDEVENT is the
    only call without an envelope: four bytes that mean nothing.
    """

    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        version, endianness, length, _, size, _ = _HEADERS.unpack(src.take(_HEADERS.size))
        if (version, endianness, length) != (_VERSION, _LITTLE_ENDIAN, _COMMON_HEADER_LENGTH):
            raise InvalidField(
                f"serialization {version}, {endianness:#x}, a header of {length} bytes", pdu=cls.__name__, offset=start
            )
        return cls(data=_padded(src.take(size)))

    def encode_into(self, dst: bytearray) -> None:
        data = _padded(self.data)
        dst += _HEADERS.pack(_VERSION, _LITTLE_ENDIAN, _COMMON_HEADER_LENGTH, _FILLER, len(data), 0)
        dst += data


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
