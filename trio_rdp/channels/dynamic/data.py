"""The PDUs that carry data, [MS-RDPEDYC] 2.2.3: whole messages, and the blocks of longer ones."""

from __future__ import annotations

from typing import ClassVar, Self, TypeAlias

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
from trio_rdp.wire.pdu import pdu

__all__ = ["DataPdu", "DvcData", "DvcDataCompressed", "DvcDataFirst", "DvcDataFirstCompressed"]


@pdu
class _FirstBlock(DynamicPdu):
    """The layout of both PDUs that begin a message of several blocks."""

    channel_id: int
    length: int
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        cb_id, width = decode_header(src, cls.command)
        channel_id = decode_number(src, cb_id, "channel_id")
        return cls(channel_id=channel_id, length=decode_number(src, width, "length"), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.command, width_of(self.channel_id), width_of(self.length))
        encode_number(dst, self.channel_id)
        encode_number(dst, self.length)
        dst += self.data


@pdu
class _Block(DynamicPdu):
    """The layout of both PDUs that carry a whole message, or one more block of a message."""

    channel_id: int
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        cb_id, _ = decode_header(src, cls.command)
        return cls(channel_id=decode_number(src, cb_id, "channel_id"), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.command, width_of(self.channel_id))
        encode_number(dst, self.channel_id)
        dst += self.data


@pdu
class DvcDataFirst(_FirstBlock):
    """DVC Data First (DYNVC_DATA_FIRST), [MS-RDPEDYC] 2.2.3.1; `length` is that of the whole message."""

    command: ClassVar[Command] = Command.DATA_FIRST


@pdu
class DvcData(_Block):
    """DVC Data (DYNVC_DATA), [MS-RDPEDYC] 2.2.3.2."""

    command: ClassVar[Command] = Command.DATA


@pdu
class DvcDataFirstCompressed(_FirstBlock):
    """DVC Data First Compressed (DYNVC_DATA_FIRST_COMPRESSED), [MS-RDPEDYC] 2.2.3.3; needs version 3.

    `length` is that of the whole message, uncompressed; `data` is one RDP_SEGMENTED_DATA of RDP 8.0 Lite.
    """

    command: ClassVar[Command] = Command.DATA_FIRST_COMPRESSED


@pdu
class DvcDataCompressed(_Block):
    """DVC Data Compressed (DYNVC_DATA_COMPRESSED), [MS-RDPEDYC] 2.2.3.4; needs version 3.

    `data` is one RDP_SEGMENTED_DATA of RDP 8.0 Lite.
    """

    command: ClassVar[Command] = Command.DATA_COMPRESSED


DataPdu: TypeAlias = DvcDataFirst | DvcData | DvcDataFirstCompressed | DvcDataCompressed
