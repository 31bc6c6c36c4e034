"""The RDP Preconnection PDU, [MS-RDPEPS] 2.2.1: which source, such as a virtual machine, a connection is for."""

from __future__ import annotations

import struct

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["MAX_SIZE", "Preconnection", "PreconnectionVersion"]

_HEADER = struct.Struct("<I4xII")
_COUNT = struct.Struct("<H")
MAX_UNITS = 0xFFFE
MAX_SIZE = _HEADER.size + _COUNT.size + 2 * (MAX_UNITS + 1)
"""What the count of version 2 can say; a server reads no more before it knows who asks."""


class PreconnectionVersion(OpenEnum):
    """What Version says, which a server should ignore ([MS-RDPEPS] 2.2.1.1)."""

    V1 = 1
    V2 = 2


@pdu
class Preconnection(Pdu):
    """RDP Preconnection PDU (RDP_PRECONNECTION_PDU_V1, RDP_PRECONNECTION_PDU_V2), [MS-RDPEPS] 2.2.1.1 and 2.2.1.2.

    `wsz_pcb` is the string of version 2, without its terminator, and None in version 1.
    """

    version: PreconnectionVersion
    id: int = 0
    wsz_pcb: str | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Preconnection:
        start = src.pos
        size = src.u32()
        # "If the cbSize field is 16 bytes, the server MUST consider the PDU an RDP_PRECONNECTION_PDU_V1", whatever its
        # version; 17 and less than 16 mean nothing (3.2.5.1).
        if size != _HEADER.size and not _HEADER.size + _COUNT.size <= size <= MAX_SIZE:
            raise InvalidField(f"size {size}", pdu=cls.__name__, field="cb_size", offset=start)
        src.pos = start
        body = src.sub(size)
        _, version, identifier = _HEADER.unpack(body.take(_HEADER.size))
        text = None
        if body.remaining:
            units = body.take(2 * body.u16())[: 2 * MAX_UNITS]  # the unit after those is a terminator
            text = units.decode("utf-16-le", "surrogatepass").partition("\0")[0]
        return cls(version=PreconnectionVersion(version), id=identifier, wsz_pcb=text)

    def encode_into(self, dst: bytearray) -> None:
        tail = b""
        if self.wsz_pcb is not None:
            units = (self.wsz_pcb + "\0").encode("utf-16-le", "surrogatepass")
            if len(units) > 2 * (MAX_UNITS + 1):
                raise EncodeError(f"a string of {len(units) // 2} UTF-16 units")
            tail = _COUNT.pack(len(units) // 2) + units
        dst += _HEADER.pack(_HEADER.size + len(tail), self.version, self.id) + tail
