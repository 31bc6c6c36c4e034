"""What every clipboard PDU begins with, [MS-RDPECLIP] 2.2.1."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CLIPRDR_CHANNEL_NAME",
    "ClipboardPdu",
    "MessageFlags",
    "MessageType",
    "UnknownClipboardPdu",
    "decode_header",
    "encode_message",
]

CLIPRDR_CHANNEL_NAME = "cliprdr"

_HEADER = struct.Struct("<HHI")


class MessageType(OpenEnum):
    """What a clipboard PDU is (CB_*)."""

    MONITOR_READY = 0x0001
    FORMAT_LIST = 0x0002
    FORMAT_LIST_RESPONSE = 0x0003
    FORMAT_DATA_REQUEST = 0x0004
    FORMAT_DATA_RESPONSE = 0x0005
    TEMP_DIRECTORY = 0x0006
    CLIP_CAPS = 0x0007
    FILECONTENTS_REQUEST = 0x0008
    FILECONTENTS_RESPONSE = 0x0009
    LOCK_CLIPDATA = 0x000A
    UNLOCK_CLIPDATA = 0x000B


class MessageFlags(Flags):
    """Whether a request was processed, and how short format names are written (CB_*)."""

    RESPONSE_OK = Flag(0x0001)
    RESPONSE_FAIL = Flag(0x0002)
    ASCII_NAMES = Flag(0x0004)

    @property
    def is_success(self) -> bool:
        """Whether a response says that the request was processed, and nothing against it."""
        return MessageFlags.RESPONSE_OK in self and MessageFlags.RESPONSE_FAIL not in self


class ClipboardPdu(Pdu):
    """The base of all clipboard PDUs; `msg_type` is that of the class.

    Each begins with a Clipboard PDU Header (CLIPRDR_HEADER), [MS-RDPECLIP] 2.2.1.  What follows the data that it
    declares is ignored: Windows Vista to Server 2012 R2 append four bytes (appendix A, <1>).
    """

    __slots__ = ()

    msg_type: ClassVar[MessageType]


@pdu
class UnknownClipboardPdu(Pdu):
    """A clipboard PDU of a type that is not known here, kept as it came."""

    msg_type: MessageType
    msg_flags: MessageFlags = MessageFlags(0)
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        msg_type, msg_flags, data_len = _HEADER.unpack(src.take(_HEADER.size))
        return cls(msg_type=MessageType(msg_type), msg_flags=MessageFlags(msg_flags), data=src.take(data_len))

    def encode_into(self, dst: bytearray) -> None:
        encode_message(dst, self.msg_type, self.data, self.msg_flags)


def decode_header(cls: type[ClipboardPdu], src: Cursor) -> tuple[MessageFlags, Cursor]:
    """Read the header of a PDU of one class; give its flags, and a cursor that sees the data that it declares."""
    start = src.pos
    msg_type, msg_flags, data_len = _HEADER.unpack(src.take(_HEADER.size))
    if msg_type != cls.msg_type:
        raise InvalidField(f"type {msg_type:#x}", pdu=cls.__name__, field="msg_type", offset=start)
    return MessageFlags(msg_flags), src.sub(data_len)


def encode_message(dst: bytearray, msg_type: int, data: bytes | bytearray = b"", msg_flags: int = 0) -> None:
    """Append a header and the data behind it."""
    dst += _HEADER.pack(msg_type, msg_flags, len(data))
    dst += data
