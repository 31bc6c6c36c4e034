"""The header of all messages, [MS-RDPEUSB] 2.2.1, and the counted strings in some."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import Codec, Fixed, Pad, Rest, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "BUFFER_LIMIT",
    "TEXT_LIMIT",
    "CountedText",
    "InterfaceId",
    "StreamId",
    "UnknownUrbdrc",
    "UnmatchedResponse",
    "UrbdrcRequest",
    "UrbdrcResponse",
    "read_header",
    "u30",
]

BUFFER_LIMIT = 16 * 1024 * 1024
"""The most bytes of one transfer; the document names no limit."""

TEXT_LIMIT = 65_536
"""The most UTF-16 units of a string, or a list of strings; the document names no limit."""

_HEADER = struct.Struct("<II")
_MASK_SHIFT = 30
_LARGEST_ID = (1 << _MASK_SHIFT) - 1
_FUNCTION_AT = 8


class StreamId(OpenEnum):
    """What the mask of a header says (STREAM_ID_*)."""

    NONE = 0x0
    PROXY = 0x1
    STUB = 0x2


class InterfaceId(OpenEnum):
    """The interfaces that need not be asked for; a device has one of its own, and so have its completions.

    2.2.5 names the two notification interfaces the other way round, against 2.2.5.1 and the examples.
    """

    CAPABILITIES = 0
    DEVICE_SINK = 1
    NOTIFICATION_FROM_SERVER = 2
    NOTIFICATION_FROM_CLIENT = 3


def _check_id(value: int) -> int:
    if value > _LARGEST_ID:
        raise EncodeError(f"interface {value:#x} exceeds {_LARGEST_ID:#x}")
    return value


u30: Fixed = Fixed("I", decoder=lambda value: value & _LARGEST_ID, encoder=_check_id)


@pdu
class _RequestHeader(Pdu):
    """SHARED_MSG_HEADER with room for the function."""

    interface_id: Annotated[int, u30]
    message_id: Annotated[int, u32, Pad(4)]


@pdu
class _ResponseHeader(Pdu):
    """SHARED_MSG_HEADER as responses have it."""

    interface_id: Annotated[int, u30]
    message_id: Annotated[int, u32]


class UrbdrcRequest(_RequestHeader):
    """The base of messages that name a function: requests, notifications and completions, [MS-RDPEUSB] 2.2.1."""

    __slots__ = ()

    stream_id: ClassVar[StreamId] = StreamId.PROXY
    function_id: ClassVar[int]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one message; bytes behind it are ignored."""
        try:
            stream_id, function_id = read_header(data)
            if (stream_id, function_id) != (cls.stream_id, cls.function_id):
                reason = f"{stream_id!r} and function {function_id:#x}"
                raise InvalidField(reason, field="function_id", offset=_FUNCTION_AT)
            return cls.decode_from(Cursor(data))
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The message's bytes, header and all."""
        data = bytearray(super().encode())
        data[3] |= self.stream_id << 6
        struct.pack_into("<I", data, _FUNCTION_AT, self.function_id)
        return bytes(data)


class UrbdrcResponse(_ResponseHeader):
    """The base of responses: only the ids of the request tell what they answer, [MS-RDPEUSB] 2.2.1."""

    __slots__ = ()

    stream_id: ClassVar[StreamId] = StreamId.STUB

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one message; bytes behind it are ignored."""
        try:
            stream_id = StreamId(Cursor(data).u32() >> _MASK_SHIFT)
            if stream_id != cls.stream_id:
                raise InvalidField(f"{stream_id!r} is not {cls.stream_id!r}", field="stream_id", offset=0)
            return cls.decode_from(Cursor(data))
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The message's bytes, header and all."""
        data = bytearray(super().encode())
        data[3] |= self.stream_id << 6
        return bytes(data)


@pdu
class UnmatchedResponse(UrbdrcResponse):
    """A response of which only the header was read; `decode_answer` reads the rest, where the request is known."""

    data: Annotated[bytes, Rest()] = b""


@pdu
class UnknownUrbdrc(Pdu):
    """A message of a function that is not known here, kept as it came."""

    interface_id: int
    stream_id: StreamId
    message_id: int
    function_id: int
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        first, message_id = _HEADER.unpack(src.take(_HEADER.size))
        return cls(
            interface_id=first & _LARGEST_ID,
            stream_id=StreamId(first >> _MASK_SHIFT),
            message_id=message_id,
            function_id=src.u32(),
            data=src.rest(),
        )

    def encode_into(self, dst: bytearray) -> None:
        first = _check_id(self.interface_id) | self.stream_id << _MASK_SHIFT
        dst += struct.pack("<III", first, self.message_id, self.function_id)
        dst += self.data


def read_header(data: bytes) -> tuple[StreamId, int]:
    """What a message that names its function is for: its mask, and the function."""
    src = Cursor(data)
    first, _ = _HEADER.unpack(src.take(_HEADER.size))
    return StreamId(first >> _MASK_SHIFT), src.u32()


class CountedText(Codec):
    """A null-terminated UTF-16LE string behind the number of its units, of which the terminator is one."""

    def decode_from(self, src: Cursor) -> str:
        units = src.u32()
        if units > TEXT_LIMIT:
            raise InvalidField(f"{units} units exceed {TEXT_LIMIT}", offset=src.pos)
        return src.take(2 * units).decode("utf-16-le", "surrogatepass").partition("\0")[0]

    def encode_into(self, dst: bytearray, value: str) -> None:
        raw = value.encode("utf-16-le", "surrogatepass") + b"\0\0"
        if "\0" in value or len(raw) > 2 * TEXT_LIMIT:
            raise EncodeError(f"a string with a null character, or of {len(raw) // 2} units (limit {TEXT_LIMIT})")
        dst += struct.pack("<I", len(raw) // 2)
        dst += raw
