"""The paste sequence, [MS-RDPECLIP] 2.2.5: requests for data and for ranges of files, and their answers."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.cliprdr.header import ClipboardPdu, MessageFlags, MessageType, decode_header, encode_message
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import pdu

__all__ = [
    "FileContentsFlags",
    "FileContentsRequest",
    "FileContentsResponse",
    "FormatDataRequest",
    "FormatDataResponse",
]

_REQUEST = struct.Struct("<IiIQI")
_SIZE = struct.Struct("<Q")


class FileContentsFlags(Flags):
    """What is asked of a file: one of the two (FILECONTENTS_*)."""

    SIZE = Flag(0x00000001)
    RANGE = Flag(0x00000002)


@pdu
class FormatDataRequest(ClipboardPdu):
    """Format Data Request PDU (CLIPRDR_FORMAT_DATA_REQUEST), [MS-RDPECLIP] 2.2.5.1."""

    msg_type: ClassVar[MessageType] = MessageType.FORMAT_DATA_REQUEST

    requested_format_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, data = decode_header(cls, src)
        return cls(requested_format_id=data.u32())

    def encode_into(self, dst: bytearray) -> None:
        encode_message(dst, self.msg_type, struct.pack("<I", self.requested_format_id))


@pdu
class FormatDataResponse(ClipboardPdu):
    """Format Data Response PDU (CLIPRDR_FORMAT_DATA_RESPONSE), [MS-RDPECLIP] 2.2.5.2.

    What the data are, only the request says.
    """

    msg_type: ClassVar[MessageType] = MessageType.FORMAT_DATA_RESPONSE

    msg_flags: MessageFlags = MessageFlags.RESPONSE_OK
    requested_format_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        msg_flags, data = decode_header(cls, src)
        return cls(msg_flags=msg_flags, requested_format_data=data.rest())

    def encode_into(self, dst: bytearray) -> None:
        encode_message(dst, self.msg_type, self.requested_format_data, self.msg_flags)


@pdu
class FileContentsRequest(ClipboardPdu):
    """File Contents Request PDU (CLIPRDR_FILECONTENTS_REQUEST), [MS-RDPECLIP] 2.2.5.3.

    `position` is nPositionLow and nPositionHigh together.  Nothing is refused here that is only forbidden, such as both
    flags at once: who answers says that it failed.
    """

    msg_type: ClassVar[MessageType] = MessageType.FILECONTENTS_REQUEST

    stream_id: int
    lindex: int
    dw_flags: FileContentsFlags
    position: int = 0
    cb_requested: int = 8  # as a request for the size has it
    clip_data_id: int | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, data = decode_header(cls, src)
        stream_id, lindex, dw_flags, position, cb_requested = _REQUEST.unpack(data.take(_REQUEST.size))
        return cls(
            stream_id=stream_id,
            lindex=lindex,
            dw_flags=FileContentsFlags(dw_flags),
            position=position,
            cb_requested=cb_requested,
            clip_data_id=data.u32() if data.remaining else None,
        )

    def encode_into(self, dst: bytearray) -> None:
        data = _REQUEST.pack(self.stream_id, self.lindex, self.dw_flags, self.position, self.cb_requested)
        if self.clip_data_id is not None:
            data += struct.pack("<I", self.clip_data_id)
        encode_message(dst, self.msg_type, data)


@pdu
class FileContentsResponse(ClipboardPdu):
    """File Contents Response PDU (CLIPRDR_FILECONTENTS_RESPONSE), [MS-RDPECLIP] 2.2.5.4.

    Whether the data are a size or a part of the file, only the request says.
    """

    msg_type: ClassVar[MessageType] = MessageType.FILECONTENTS_RESPONSE

    msg_flags: MessageFlags = MessageFlags.RESPONSE_OK
    stream_id: int
    requested_file_contents_data: bytes = b""

    @classmethod
    def of_size(cls, stream_id: int, size: int) -> Self:
        """Answer a request for a size in bytes; raises `EncodeError` when 64 bits do not hold it."""
        try:
            return cls(stream_id=stream_id, requested_file_contents_data=_SIZE.pack(size))
        except struct.error as exc:
            raise EncodeError(f"FileContentsResponse: {exc}") from None

    def size(self) -> int:
        """Read the data as the answer to a request for a size; raises `InvalidField` when they are none."""
        data = self.requested_file_contents_data
        if len(data) != _SIZE.size:
            raise InvalidField(f"a file size of {len(data)} bytes", pdu="FileContentsResponse")
        value: int = _SIZE.unpack(data)[0]
        return value

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        msg_flags, data = decode_header(cls, src)
        return cls(msg_flags=msg_flags, stream_id=data.u32(), requested_file_contents_data=data.rest())

    def encode_into(self, dst: bytearray) -> None:
        data = struct.pack("<I", self.stream_id) + self.requested_file_contents_data
        encode_message(dst, self.msg_type, data, self.msg_flags)
