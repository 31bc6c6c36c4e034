"""Devices come and go, [MS-RDPEFS] 2.2.1.3, 2.2.2.1, 2.2.2.9 and 2.2.3.2."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.channels.rdpdr.header import NtStatus, PacketId, RdpdrPdu
from trio_rdp.channels.rdpdr.text import DosName, decode_utf16, encode_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import U32, Counted, Prefixed, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "DEVICE_DATA_LIMIT",
    "DEVICE_LIMIT",
    "DeviceAnnounce",
    "DeviceAnnounceResponse",
    "DeviceListAnnounce",
    "DeviceListRemove",
    "DeviceType",
    "drive_data",
    "drive_name",
]

DEVICE_LIMIT = 1024
"""The most devices of one message."""

DEVICE_DATA_LIMIT = 1024 * 1024
"""The most bytes that describe one device; the cached configuration of a printer in [MS-RDPEPC] 4.1.4 has 16 KiB."""

_RESPONSE = struct.Struct("<II")
_DEVICES = Counted(u32, limit=DEVICE_LIMIT)
_DEVICE_IDS = Counted(u32, u32, limit=DEVICE_LIMIT)


class DeviceType(OpenEnum):
    """What a device is (RDPDR_DTYP_*)."""

    SERIAL = 0x00000001
    PARALLEL = 0x00000002
    PRINT = 0x00000004
    FILE_SYSTEM = 0x00000008
    SMART_CARD = 0x00000020


@pdu
class DeviceAnnounce(Pdu):
    """Device Announce Header (DEVICE_ANNOUNCE), [MS-RDPEFS] 2.2.1.3."""

    device_type: Annotated[DeviceType, u32]
    device_id: U32
    preferred_dos_name: Annotated[str, DosName()]
    device_data: Annotated[bytes, Prefixed(u32, limit=DEVICE_DATA_LIMIT)] = b""


@pdu
class DeviceListAnnounce(RdpdrPdu):
    """Client Device List Announce (DR_CORE_DEVICELIST_ANNOUNCE_REQ), [MS-RDPEFS] 2.2.2.9 and 2.2.3.1."""

    packet_id: ClassVar[PacketId] = PacketId.DEVICE_LIST_ANNOUNCE

    device_list: list[DeviceAnnounce]

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        return cls(device_list=_DEVICES.of(DeviceAnnounce).decode_from(src))

    def _encode_body(self, dst: bytearray) -> None:
        _DEVICES.encode_into(dst, self.device_list)


@pdu
class DeviceListRemove(RdpdrPdu):
    """Client Drive Device List Remove (DR_DEVICELIST_REMOVE), [MS-RDPEFS] 2.2.3.2."""

    packet_id: ClassVar[PacketId] = PacketId.DEVICE_LIST_REMOVE

    device_ids: list[int]

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        return cls(device_ids=_DEVICE_IDS.decode_from(src))

    def _encode_body(self, dst: bytearray) -> None:
        _DEVICE_IDS.encode_into(dst, self.device_ids)


@pdu
class DeviceAnnounceResponse(RdpdrPdu):
    """Server Device Announce Response (DR_CORE_DEVICE_ANNOUNCE_RSP), [MS-RDPEFS] 2.2.2.1; one for each device."""

    packet_id: ClassVar[PacketId] = PacketId.DEVICE_REPLY

    device_id: int
    result_code: NtStatus = NtStatus.SUCCESS

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        device_id, result_code = _RESPONSE.unpack(src.take(_RESPONSE.size))
        return cls(device_id=device_id, result_code=NtStatus(result_code))

    def _encode_body(self, dst: bytearray) -> None:
        dst += _RESPONSE.pack(self.device_id, self.result_code)


def drive_name(device: DeviceAnnounce) -> str:
    """The name of an announced drive: the full one of its data, else the short one; raises `DecodeError`.

    The data MUST be Unicode ([MS-RDPEFS] 2.2.3.1), but rdesktop 1.9.0 and xfreerdp 2.11.7 send bytes, UTF-8 as a rule:
    a string that does not end like a Unicode one is taken for such.
    """
    data = device.device_data
    if not data:
        return device.preferred_dos_name
    if len(data) % 2 or not data.endswith(b"\0\0"):
        name = data.partition(b"\0")[0]
        try:
            return name.decode()
        except UnicodeDecodeError:
            return name.decode("latin-1")
    return decode_utf16(data)


def drive_data(name: str) -> bytes:
    """The data that announces a drive by its full name, for a server whose drive capability set has version 2."""
    return encode_utf16(name, terminated=True)
