"""How both sides begin, [MS-RDPEFS] 2.2.2.2 to 2.2.2.6."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.rdpdr.header import PacketId, RdpdrPdu
from trio_rdp.channels.rdpdr.text import NAME_LIMIT, encode_latin1, encode_utf16, take_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import pdu

__all__ = [
    "VERSION_MAJOR",
    "VERSION_MINOR",
    "ClientAnnounceReply",
    "ClientName",
    "ServerAnnounce",
    "ServerClientIdConfirm",
    "UserLoggedOn",
]

VERSION_MAJOR = 1
VERSION_MINOR = 0x000D
"""The newest version, which Windows has since 10 v1607: an offset of all ones in a write request appends."""

_ANNOUNCE = struct.Struct("<HHI")
_NAME = struct.Struct("<III")
_UNICODE = 0x00000001


@pdu
class _Announce(RdpdrPdu):
    """The common layout of three messages."""

    version_major: int = VERSION_MAJOR
    version_minor: int
    client_id: int

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        version_major, version_minor, client_id = _ANNOUNCE.unpack(src.take(_ANNOUNCE.size))
        return cls(version_major=version_major, version_minor=version_minor, client_id=client_id)

    def _encode_body(self, dst: bytearray) -> None:
        dst += _ANNOUNCE.pack(self.version_major, self.version_minor, self.client_id)


@pdu
class ServerAnnounce(_Announce):
    """Server Announce Request (DR_CORE_SERVER_ANNOUNCE_REQ), [MS-RDPEFS] 2.2.2.2."""

    packet_id: ClassVar[PacketId] = PacketId.SERVER_ANNOUNCE


@pdu
class ClientAnnounceReply(_Announce):
    """Client Announce Reply (DR_CORE_CLIENT_ANNOUNCE_RSP), [MS-RDPEFS] 2.2.2.3."""

    packet_id: ClassVar[PacketId] = PacketId.CLIENT_ID_CONFIRM


@pdu
class ServerClientIdConfirm(_Announce):
    """Server Client ID Confirm (DR_CORE_SERVER_CLIENTID_CONFIRM), [MS-RDPEFS] 2.2.2.6."""

    packet_id: ClassVar[PacketId] = PacketId.CLIENT_ID_CONFIRM


@pdu
class ClientName(RdpdrPdu):
    """Client Name Request (DR_CORE_CLIENT_NAME_REQ), [MS-RDPEFS] 2.2.2.4."""

    packet_id: ClassVar[PacketId] = PacketId.CLIENT_NAME

    unicode_flag: bool = True
    computer_name: str

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        flags, _, size = _NAME.unpack(src.take(_NAME.size))
        if flags & _UNICODE:
            return cls(unicode_flag=True, computer_name=take_utf16(src, size))
        if size > NAME_LIMIT:
            raise InvalidField(f"a name of {size} bytes exceeds {NAME_LIMIT}", pdu=cls.__name__, offset=src.pos)
        return cls(unicode_flag=False, computer_name=src.take(size).partition(b"\0")[0].decode("latin-1"))

    def _encode_body(self, dst: bytearray) -> None:
        if self.unicode_flag:
            raw = encode_utf16(self.computer_name, terminated=True) or b"\0\0"
        else:
            raw = encode_latin1(self.computer_name) + b"\0"
            if len(raw) > NAME_LIMIT:
                raise EncodeError(f"a name of {len(raw)} bytes exceeds {NAME_LIMIT}")
        dst += _NAME.pack(_UNICODE if self.unicode_flag else 0, 0, len(raw))
        dst += raw


@pdu
class UserLoggedOn(RdpdrPdu):
    """Server User Logged On (DR_CORE_USER_LOGGEDON), [MS-RDPEFS] 2.2.2.5."""

    packet_id: ClassVar[PacketId] = PacketId.USER_LOGGED_ON

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        src.skip(src.remaining)  # newer peers append fields
        return cls()

    def _encode_body(self, dst: bytearray) -> None:
        pass
