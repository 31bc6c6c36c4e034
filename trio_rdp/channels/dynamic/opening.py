"""How dynamic channels open and close, [MS-RDPEDYC] 2.2.2 and 2.2.4."""

from __future__ import annotations

from typing import ClassVar, Self

from trio_rdp.channels.dynamic.header import (
    Command,
    DynamicPdu,
    decode_header,
    decode_number,
    encode_header,
    encode_number,
    width_of,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.fields import i32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = ["MAX_NAME_SIZE", "CreationStatus", "DvcClose", "DvcCreateRequest", "DvcCreateResponse"]

MAX_NAME_SIZE = 1024
"""The longest name of a channel, in bytes; the longest of Microsoft's own has about 60."""


class CreationStatus(OpenEnum):
    """How the client answers a create request, as a signed number: an HRESULT, says the document.

    Peers send NTSTATUS codes, [MS-ERREF] 2.3.1: where nobody listens FreeRDP 2 answers UNSUCCESSFUL, later
    ones NOT_FOUND.
    """

    OK = 0
    UNSUCCESSFUL = 0xC0000001 - (1 << 32)
    NO_MEMORY = 0xC0000017 - (1 << 32)
    NOT_FOUND = 0xC0000225 - (1 << 32)

    @property
    def is_success(self) -> bool:
        """Whether the channel is open: "a zero or positive value indicates success" (2.2.2.2)."""
        return self >= 0


@pdu
class DvcCreateRequest(DynamicPdu):
    """DVC Create Request (DYNVC_CREATE_REQ), [MS-RDPEDYC] 2.2.2.1.

    `pri` is the priority class, 0 to 3; version 1 has none.  The name is ANSI, without saying which: each byte is one
    character.
    """

    command: ClassVar[Command] = Command.CREATE

    channel_id: int
    channel_name: str
    pri: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        cb_id, pri = decode_header(src, cls.command)
        return cls(channel_id=decode_number(src, cb_id, "channel_id"), channel_name=_decode_name(src), pri=pri)

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.command, width_of(self.channel_id), self.pri)
        encode_number(dst, self.channel_id)
        dst += _encode_name(self.channel_name)


@pdu
class DvcCreateResponse(DynamicPdu):
    """DVC Create Response (DYNVC_CREATE_RSP), [MS-RDPEDYC] 2.2.2.2."""

    command: ClassVar[Command] = Command.CREATE

    channel_id: int
    creation_status: CreationStatus = CreationStatus.OK

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        cb_id, _ = decode_header(src, cls.command)
        channel_id = decode_number(src, cb_id, "channel_id")
        return cls(channel_id=channel_id, creation_status=CreationStatus(i32.decode_from(src)))

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.command, width_of(self.channel_id))
        encode_number(dst, self.channel_id)
        i32.encode_into(dst, self.creation_status)


@pdu
class DvcClose(DynamicPdu):
    """DVC Close (DYNVC_CLOSE), [MS-RDPEDYC] 2.2.4: a request, and a client's response to the server's."""

    command: ClassVar[Command] = Command.CLOSE

    channel_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        cb_id, _ = decode_header(src, cls.command)
        return cls(channel_id=decode_number(src, cb_id, "channel_id"))

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.command, width_of(self.channel_id))
        encode_number(dst, self.channel_id)


def _decode_name(src: Cursor) -> str:
    end = src.buf.find(b"\0", src.pos, min(src.end, src.pos + MAX_NAME_SIZE + 1))
    if end < 0:
        if src.remaining > MAX_NAME_SIZE:
            raise InvalidField(f"a name of more than {MAX_NAME_SIZE} bytes", field="channel_name", offset=src.pos)
        raise Truncated("a name without its terminator", field="channel_name", offset=src.end)
    name = src.take(end - src.pos)
    src.skip(1)
    return name.decode("latin-1")


def _encode_name(name: str) -> bytes:
    try:
        raw = name.encode("latin-1")
    except UnicodeEncodeError:
        raise EncodeError(f"the channel name {name!r} is not ANSI") from None
    if b"\0" in raw or len(raw) > MAX_NAME_SIZE:
        raise EncodeError(f"the channel name {name!r} holds a null character or exceeds {MAX_NAME_SIZE} bytes")
    return raw + b"\0"
