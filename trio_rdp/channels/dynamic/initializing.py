"""The negotiation of the version, [MS-RDPEDYC] 2.2.1: the first message of each side."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.dynamic.header import Command, DynamicPdu, decode_header, encode_header
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.pdu import pdu

__all__ = ["DvcCapabilitiesRequest", "DvcCapabilitiesResponse"]

_VERSION = struct.Struct("<xH")
_CHARGES = struct.Struct("<4H")


@pdu
class DvcCapabilitiesRequest(DynamicPdu):
    """DVC Capabilities Request (DYNVC_CAPS_VERSION1, _VERSION2, _VERSION3), [MS-RDPEDYC] 2.2.1.1.

    `version` is the server's highest.  The charges say how the bandwidth is divided among the four priority classes, in
    inverse proportion; what costs 0 is sent at once.  Version 1 has none.
    """

    command: ClassVar[Command] = Command.CAPABILITIES

    version: int
    priority_charge0: int = 0
    priority_charge1: int = 0
    priority_charge2: int = 0
    priority_charge3: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        decode_header(src, cls.command)
        (version,) = _VERSION.unpack(src.take(_VERSION.size))
        if version < 2:
            return cls(version=version)
        # A version that the document does not name is taken to begin like version 3, as that does like version 2.
        charges = _CHARGES.unpack(src.take(_CHARGES.size))
        return cls(
            version=version,
            priority_charge0=charges[0],
            priority_charge1=charges[1],
            priority_charge2=charges[2],
            priority_charge3=charges[3],
        )

    def encode_into(self, dst: bytearray) -> None:
        charges = (self.priority_charge0, self.priority_charge1, self.priority_charge2, self.priority_charge3)
        encode_header(dst, self.command)
        dst += _VERSION.pack(self.version)
        if self.version >= 2:
            dst += _CHARGES.pack(*charges)
        elif any(charges):
            raise EncodeError(f"version {self.version} has no priority charges")


@pdu
class DvcCapabilitiesResponse(DynamicPdu):
    """DVC Capabilities Response (DYNVC_CAPS_RSP), [MS-RDPEDYC] 2.2.1.2: the version that both sides will speak."""

    command: ClassVar[Command] = Command.CAPABILITIES

    version: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        decode_header(src, cls.command)
        (version,) = _VERSION.unpack(src.take(_VERSION.size))
        return cls(version=version)

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.command)
        dst += _VERSION.pack(self.version)
