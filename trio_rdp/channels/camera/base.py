"""The header of all messages, [MS-RDPECAM] 2.2.1, and lists and names that end by themselves."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.fields import Codec, Pad, Rest, u8
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CHANNEL_NAME_LIMIT",
    "DEVICE_NAME_LIMIT",
    "LATEST_VERSION",
    "LIST_LIMIT",
    "STREAMS_LIMIT",
    "CameraMessageId",
    "CameraPdu",
    "Items",
    "TerminatedText",
    "UnknownCamera",
]

LATEST_VERSION = 2
"""The latest version of the protocol; with it came properties."""

STREAMS_LIMIT = 255
"""The most streams of a device ("an array of 1 to 255")."""

LIST_LIMIT = 1024
"""The most media types of a stream, or properties of a device; the document names no limit."""

DEVICE_NAME_LIMIT = 1024
"""The most characters of a device's name; the document names no limit."""

CHANNEL_NAME_LIMIT = 256
"""The most characters of a device's channel's name, [MS-RDPECAM] 2.1."""


class CameraMessageId(OpenEnum):
    """What a message is (MessageId)."""

    SUCCESS_RESPONSE = 0x01
    ERROR_RESPONSE = 0x02
    SELECT_VERSION_REQUEST = 0x03
    SELECT_VERSION_RESPONSE = 0x04
    DEVICE_ADDED_NOTIFICATION = 0x05
    DEVICE_REMOVED_NOTIFICATION = 0x06
    ACTIVATE_DEVICE_REQUEST = 0x07
    DEACTIVATE_DEVICE_REQUEST = 0x08
    STREAM_LIST_REQUEST = 0x09
    STREAM_LIST_RESPONSE = 0x0A
    MEDIA_TYPE_LIST_REQUEST = 0x0B
    MEDIA_TYPE_LIST_RESPONSE = 0x0C
    CURRENT_MEDIA_TYPE_REQUEST = 0x0D
    CURRENT_MEDIA_TYPE_RESPONSE = 0x0E
    START_STREAMS_REQUEST = 0x0F
    STOP_STREAMS_REQUEST = 0x10
    SAMPLE_REQUEST = 0x11
    SAMPLE_RESPONSE = 0x12
    SAMPLE_ERROR_RESPONSE = 0x13
    PROPERTY_LIST_REQUEST = 0x14
    PROPERTY_LIST_RESPONSE = 0x15
    PROPERTY_VALUE_REQUEST = 0x16
    PROPERTY_VALUE_RESPONSE = 0x17
    SET_PROPERTY_VALUE_REQUEST = 0x18


@pdu
class _Header(Pdu):
    """SHARED_MSG_HEADER without the message id, for which it leaves room."""

    version: Annotated[int, u8, Pad(1)] = LATEST_VERSION


class CameraPdu(_Header):
    """The base of all messages; each begins with the header (SHARED_MSG_HEADER), [MS-RDPECAM] 2.2.1.

    `version` is the one that was negotiated; in the negotiation it is all that a message says.
    """

    __slots__ = ()

    message_id: ClassVar[CameraMessageId]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one message; bytes behind it are ignored."""
        if len(data) > 1 and data[1] != cls.message_id:
            reason = f"{CameraMessageId(data[1])!r} is not {cls.message_id!r}"
            raise InvalidField(reason, pdu=cls.__name__, field="message_id", offset=1)
        return super().decode(data)

    def encode(self) -> bytes:
        """The message's bytes, header and all."""
        data = bytearray(super().encode())
        data[1] = self.message_id
        return bytes(data)


@pdu
class UnknownCamera(Pdu):
    """A message of a type that is not known here, kept as it came."""

    version: Annotated[int, u8]
    message_id: Annotated[CameraMessageId, u8]
    data: Annotated[bytes, Rest()] = b""


class Items(Codec):
    """A list of PDUs up to the end of the message, of which a reader accepts at most `limit`."""

    def __init__(self, item: type[Pdu], *, limit: int) -> None:
        self.item = item
        self.limit = limit

    def decode_from(self, src: Cursor) -> list[Any]:
        items: list[Any] = []
        while src.remaining:
            if len(items) == self.limit:
                raise InvalidField(f"more than {self.limit} items", offset=src.pos)
            items.append(self.item.decode_from(src))
        return items

    def encode_into(self, dst: bytearray, value: list[Any]) -> None:
        if len(value) > self.limit:
            raise EncodeError(f"{len(value)} items exceed {self.limit}")
        for item in value:
            item.encode_into(dst)


class TerminatedText(Codec):
    """A null-terminated string of at most `limit` characters, each of `unit` bytes."""

    def __init__(self, encoding: str, unit: int, *, limit: int) -> None:
        self.encoding = encoding
        self.terminator: bytes = bytes(unit)
        self.limit = limit

    def decode_from(self, src: Cursor) -> str:
        unit = len(self.terminator)
        size = min(src.remaining, (self.limit + 1) * unit)
        for at in range(src.pos, src.pos + size - unit + 1, unit):
            if src.buf[at : at + unit] == self.terminator:
                raw = src.take(at - src.pos)
                src.skip(unit)
                return raw.decode(self.encoding, "surrogatepass")
        if size == (self.limit + 1) * unit:
            raise InvalidField(f"a name of more than {self.limit} characters", offset=src.pos)
        raise Truncated("a name without a terminator", offset=src.pos)

    def encode_into(self, dst: bytearray, value: str) -> None:
        try:
            raw = value.encode(self.encoding, "surrogatepass")
        except UnicodeEncodeError as exc:
            raise EncodeError(str(exc)) from None
        if "\0" in value or len(raw) > self.limit * len(self.terminator):
            raise EncodeError(f"a name with a null character, or more than {self.limit} characters")
        dst += raw
        dst += self.terminator
