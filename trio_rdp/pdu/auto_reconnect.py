"""The cookies with which a lost session is taken up again, [MS-RDPBCGR] 2.2.4.

The verifier is computed in `security`; neither secret shows in `repr`.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import ClassVar, Self

from trio_rdp.pdu.share import PduType2
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U32
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["AutoReconnectStatus", "ClientAutoReconnectPacket", "ServerAutoReconnectPacket"]

AUTO_RECONNECT_VERSION_1 = 1
_PACKET_SIZE = 28
_HEADER = struct.Struct("<III")


@pdu
class AutoReconnectStatus(Pdu):
    """Auto-Reconnect Status (TS_AUTORECONNECT_STATUS_PDU), [MS-RDPBCGR] 2.2.4.1.1.

    It tells that the cookie did not hold; the user logs on by hand.
    """

    pdu_type2: ClassVar[PduType2] = PduType2.ARC_STATUS

    arc_status: U32 = 0


@pdu
class ServerAutoReconnectPacket(Pdu):
    """Server Auto-Reconnect Packet (ARC_SC_PRIVATE_PACKET), [MS-RDPBCGR] 2.2.4.2."""

    version: int = AUTO_RECONNECT_VERSION_1
    logon_id: int
    arc_random_bits: bytes = dataclasses.field(repr=False)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        version, logon_id, secret = _decode_packet(src)
        return cls(version=version, logon_id=logon_id, arc_random_bits=secret)

    def encode_into(self, dst: bytearray) -> None:
        _encode_packet(dst, self.version, self.logon_id, self.arc_random_bits)


@pdu
class ClientAutoReconnectPacket(Pdu):
    """Client Auto-Reconnect Packet (ARC_CS_PRIVATE_PACKET), [MS-RDPBCGR] 2.2.4.3."""

    version: int = AUTO_RECONNECT_VERSION_1
    logon_id: int
    security_verifier: bytes = dataclasses.field(repr=False)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        version, logon_id, secret = _decode_packet(src)
        return cls(version=version, logon_id=logon_id, security_verifier=secret)

    def encode_into(self, dst: bytearray) -> None:
        _encode_packet(dst, self.version, self.logon_id, self.security_verifier)


def _decode_packet(src: Cursor) -> tuple[int, int, bytes]:
    start = src.pos
    size = src.u32()
    if size != _PACKET_SIZE:
        raise InvalidField(f"length {size} instead of {_PACKET_SIZE}", field="cb_len", offset=start)
    version = src.u32()
    if version != AUTO_RECONNECT_VERSION_1:
        raise InvalidField(f"version {version}", field="version", offset=start + 4)
    return version, src.u32(), src.take(16)


def _encode_packet(dst: bytearray, version: int, logon_id: int, secret: bytes) -> None:
    if len(secret) != 16:
        raise EncodeError(f"an auto-reconnect packet needs 16 bytes, got {len(secret)}")
    dst += _HEADER.pack(_PACKET_SIZE, version, logon_id)
    dst += secret
