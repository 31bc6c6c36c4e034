"""How channels move to the tunnels of [MS-RDPEMT] once those stand, [MS-RDPEDYC] 2.2.5."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.channels.dynamic.header import Command, DynamicPdu, decode_header, encode_header
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Counted, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_TUNNELS",
    "SoftSyncChannelList",
    "SoftSyncFlags",
    "SoftSyncRequest",
    "SoftSyncResponse",
    "TunnelType",
]

MAX_TUNNELS = 16
"""The most tunnels in one PDU; the document knows two."""

_REQUEST = struct.Struct("<IHH")
_TUNNELS = Counted(u32, u32, limit=MAX_TUNNELS)


class SoftSyncFlags(Flags):
    """What a request says (SOFT_SYNC_*)."""

    TCP_FLUSHED = Flag(0x01)
    CHANNEL_LIST_PRESENT = Flag(0x02)


class TunnelType(OpenEnum):
    """A tunnel, by its transport (TUNNELTYPE_*)."""

    UDPFECR = 0x00000001
    UDPFECL = 0x00000003


@pdu
class SoftSyncChannelList(Pdu):
    """Soft-Sync Channel List (DYNVC_SOFT_SYNC_CHANNEL_LIST), [MS-RDPEDYC] 2.2.5.1.1."""

    tunnel_type: Annotated[TunnelType, u32]
    list_of_dvc_ids: Annotated[list[int], Counted(u16, u32)]


@pdu
class SoftSyncRequest(DynamicPdu):
    """Soft-Sync Request (DYNVC_SOFT_SYNC_REQUEST), [MS-RDPEDYC] 2.2.5.1.

    There are as many lists as tunnels, whether or not `flags` says so.
    """

    command: ClassVar[Command] = Command.SOFT_SYNC_REQUEST

    flags: SoftSyncFlags = SoftSyncFlags.TCP_FLUSHED | SoftSyncFlags.CHANNEL_LIST_PRESENT
    soft_sync_channel_lists: list[SoftSyncChannelList]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        decode_header(src, cls.command)
        src.skip(1)
        start = src.pos
        length, flags, number_of_tunnels = _REQUEST.unpack(src.take(_REQUEST.size))
        if length < _REQUEST.size:
            raise InvalidField(f"a length of {length} bytes", field="length", offset=start)
        if number_of_tunnels > MAX_TUNNELS:
            raise InvalidField(f"{number_of_tunnels} tunnels exceed {MAX_TUNNELS}", field="number_of_tunnels")
        body = src.sub(length - _REQUEST.size)
        lists = [SoftSyncChannelList.decode_from(body) for _ in range(number_of_tunnels)]
        if body.remaining:
            raise InvalidField(f"{body.remaining} bytes behind the lists", field="length", offset=body.pos)
        return cls(flags=SoftSyncFlags(flags), soft_sync_channel_lists=lists)

    def encode_into(self, dst: bytearray) -> None:
        if len(self.soft_sync_channel_lists) > MAX_TUNNELS:
            raise EncodeError(f"{len(self.soft_sync_channel_lists)} tunnels exceed {MAX_TUNNELS}")
        lists = bytearray()
        for channel_list in self.soft_sync_channel_lists:
            channel_list.encode_into(lists)
        encode_header(dst, self.command)
        dst.append(0)
        dst += _REQUEST.pack(_REQUEST.size + len(lists), self.flags, len(self.soft_sync_channel_lists))
        dst += lists


@pdu
class SoftSyncResponse(DynamicPdu):
    """Soft-Sync Response (DYNVC_SOFT_SYNC_RESPONSE), [MS-RDPEDYC] 2.2.5.2: the tunnels on which a client will write."""

    command: ClassVar[Command] = Command.SOFT_SYNC_RESPONSE

    tunnels_to_switch: list[TunnelType]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        decode_header(src, cls.command)
        src.skip(1)
        return cls(tunnels_to_switch=[TunnelType(number) for number in _TUNNELS.decode_from(src)])

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.command)
        dst.append(0)
        _TUNNELS.encode_into(dst, self.tunnels_to_switch)
