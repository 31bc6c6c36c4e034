"""The header of every message, [MS-RDPEFS] 2.2.1.1, and the status codes that answers carry."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["Component", "NtStatus", "PacketId", "RdpdrPdu", "UnknownRdpdr"]

_HEADER = struct.Struct("<HH")


class Component(OpenEnum):
    """Whom a message is for (RDPDR_CTYP_*)."""

    CORE = 0x4472
    PRINTER = 0x5052


class PacketId(OpenEnum):
    """What a message is (PAKID_*); the Client Announce Reply and the Server Client ID Confirm share one."""

    SERVER_ANNOUNCE = 0x496E
    CLIENT_ID_CONFIRM = 0x4343
    CLIENT_NAME = 0x434E
    DEVICE_LIST_ANNOUNCE = 0x4441
    DEVICE_REPLY = 0x6472
    DEVICE_IO_REQUEST = 0x4952
    DEVICE_IO_COMPLETION = 0x4943
    SERVER_CAPABILITY = 0x5350
    CLIENT_CAPABILITY = 0x4350
    DEVICE_LIST_REMOVE = 0x444D
    PRINTER_CACHE_DATA = 0x5043
    USER_LOGGED_ON = 0x554C
    PRINTER_USING_XPS = 0x5543


class NtStatus(OpenEnum):
    """How a request ended: the codes of [MS-ERREF] 2.3 that redirected devices answer with."""

    SUCCESS = 0x00000000
    TIMEOUT = 0x00000102
    PENDING = 0x00000103
    NOTIFY_CLEANUP = 0x0000010B
    NOTIFY_ENUM_DIR = 0x0000010C
    BUFFER_OVERFLOW = 0x80000005
    NO_MORE_FILES = 0x80000006
    NO_MORE_ENTRIES = 0x8000001A
    UNSUCCESSFUL = 0xC0000001
    NOT_IMPLEMENTED = 0xC0000002
    INVALID_HANDLE = 0xC0000008
    INVALID_PARAMETER = 0xC000000D
    NO_SUCH_FILE = 0xC000000F
    INVALID_DEVICE_REQUEST = 0xC0000010
    END_OF_FILE = 0xC0000011
    ACCESS_DENIED = 0xC0000022
    BUFFER_TOO_SMALL = 0xC0000023
    OBJECT_NAME_INVALID = 0xC0000033
    OBJECT_NAME_NOT_FOUND = 0xC0000034
    OBJECT_NAME_COLLISION = 0xC0000035
    OBJECT_PATH_NOT_FOUND = 0xC000003A
    SHARING_VIOLATION = 0xC0000043
    FILE_LOCK_CONFLICT = 0xC0000054
    LOCK_NOT_GRANTED = 0xC0000055
    DELETE_PENDING = 0xC0000056
    RANGE_NOT_LOCKED = 0xC000007E
    DISK_FULL = 0xC000007F
    INSUFFICIENT_RESOURCES = 0xC000009A
    MEDIA_WRITE_PROTECTED = 0xC00000A2
    DEVICE_NOT_READY = 0xC00000A3
    FILE_IS_A_DIRECTORY = 0xC00000BA
    NOT_SUPPORTED = 0xC00000BB
    PRINT_QUEUE_FULL = 0xC00000C6
    NO_SPOOL_SPACE = 0xC00000C7
    PRINT_CANCELLED = 0xC00000C8
    NOT_SAME_DEVICE = 0xC00000D4
    DIRECTORY_NOT_EMPTY = 0xC0000101
    NOT_A_DIRECTORY = 0xC0000103
    TOO_MANY_OPENED_FILES = 0xC000011F
    CANCELLED = 0xC0000120
    CANNOT_DELETE = 0xC0000121
    FILE_CLOSED = 0xC0000128
    DEVICE_REMOVED = 0xC00002B6


class RdpdrPdu(Pdu):
    """The base of all messages that are known: each begins with the header (RDPDR_HEADER), [MS-RDPEFS] 2.2.1.1."""

    __slots__ = ()

    component: ClassVar[Component] = Component.CORE
    packet_id: ClassVar[PacketId]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        header = _HEADER.unpack(src.take(_HEADER.size))
        if header != (cls.component, cls.packet_id):
            raise InvalidField(f"header {header[0]:#x}, {header[1]:#x}", pdu=cls.__name__, offset=start)
        return cls._decode_body(src)

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.component, self.packet_id)
        try:
            self._encode_body(dst)
        except struct.error as exc:
            raise EncodeError(f"{type(self).__name__}: {exc}") from None

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        """What follows the header."""
        raise NotImplementedError

    def _encode_body(self, dst: bytearray) -> None:
        raise NotImplementedError


@pdu
class UnknownRdpdr(Pdu):
    """A message of a kind that is not known here, kept as it came."""

    component: Component
    packet_id: PacketId
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        component, packet_id = _HEADER.unpack(src.take(_HEADER.size))
        return cls(component=Component(component), packet_id=PacketId(packet_id), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.component, self.packet_id)
        dst += self.data
