"""Capability sets and the two messages that carry them, [MS-RDPEFS] 2.2.1.2 and 2.2.2.7 to 2.2.2.8."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.rdpdr.header import PacketId, RdpdrPdu
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CAPABILITY_SET_LIMIT",
    "CapabilitySet",
    "CapabilityType",
    "CoreCapabilityRequest",
    "CoreCapabilityResponse",
    "DriveCapabilitySet",
    "ExtendedPdu",
    "ExtraFlags1",
    "GeneralCapabilitySet",
    "IoCode1",
    "PortCapabilitySet",
    "PrinterCapabilitySet",
    "SmartCardCapabilitySet",
    "UnknownCapabilitySet",
    "decode_capability_set",
]

CAPABILITY_SET_LIMIT = 64
"""The most sets of one message; the document knows five."""

_HEADER = struct.Struct("<HHI")
_GENERAL = struct.Struct("<IIHHIIIII")
_COUNT = struct.Struct("<H2x")


class CapabilityType(OpenEnum):
    """What a set describes (CAP_*_TYPE)."""

    GENERAL = 1
    PRINTER = 2
    PORT = 3
    DRIVE = 4
    SMART_CARD = 5


class IoCode1(Flags):
    """Requests that a side takes (RDPDR_IRP_MJ_*); all but the last two are always set."""

    CREATE = Flag(0x00000001)
    CLEANUP = Flag(0x00000002)
    CLOSE = Flag(0x00000004)
    READ = Flag(0x00000008)
    WRITE = Flag(0x00000010)
    FLUSH_BUFFERS = Flag(0x00000020)
    SHUTDOWN = Flag(0x00000040)
    DEVICE_CONTROL = Flag(0x00000080)
    QUERY_VOLUME_INFORMATION = Flag(0x00000100)
    SET_VOLUME_INFORMATION = Flag(0x00000200)
    QUERY_INFORMATION = Flag(0x00000400)
    SET_INFORMATION = Flag(0x00000800)
    DIRECTORY_CONTROL = Flag(0x00001000)
    LOCK_CONTROL = Flag(0x00002000)
    QUERY_SECURITY = Flag(0x00004000)
    SET_SECURITY = Flag(0x00008000)


class ExtendedPdu(Flags):
    """Messages that a side takes."""

    DEVICE_REMOVE = Flag(0x00000001)
    CLIENT_DISPLAY_NAME = Flag(0x00000002)
    USER_LOGGED_ON = Flag(0x00000004)


class ExtraFlags1(Flags):
    """Extended flags of the client."""

    ENABLE_ASYNCIO = Flag(0x00000001)


class CapabilitySet(Pdu):
    """The base of the sets that are known, each with its header (CAPABILITY_HEADER), [MS-RDPEFS] 2.2.1.2."""

    __slots__ = ()

    capability_type: ClassVar[CapabilityType]


@pdu
class _VersionOnly(CapabilitySet):
    """Sets that are nothing but a header."""

    version: int = 1

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        version, _ = _decode_header(cls, src)
        return cls(version=version)

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.capability_type, _HEADER.size, self.version)


@pdu
class GeneralCapabilitySet(CapabilitySet):
    """General Capability Set (GENERAL_CAPS_SET), [MS-RDPEFS] 2.2.2.7.1; version 1 has no last field."""

    capability_type: ClassVar[CapabilityType] = CapabilityType.GENERAL

    version: int = 2
    os_type: int = 0
    os_version: int = 0
    protocol_major_version: int = 1
    protocol_minor_version: int
    io_code1: IoCode1 = IoCode1(0xFFFF)
    io_code2: int = 0
    extended_pdu: ExtendedPdu
    extra_flags1: ExtraFlags1 = ExtraFlags1(0)
    extra_flags2: int = 0
    special_type_device_cap: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        version, body = _decode_header(cls, src)
        (
            os_type,
            os_version,
            major,
            minor,
            io_code1,
            io_code2,
            extended_pdu,
            extra_flags1,
            extra_flags2,
        ) = _GENERAL.unpack(body.take(_GENERAL.size))
        return cls(
            version=version,
            os_type=os_type,
            os_version=os_version,
            protocol_major_version=major,
            protocol_minor_version=minor,
            io_code1=IoCode1(io_code1),
            io_code2=io_code2,
            extended_pdu=ExtendedPdu(extended_pdu),
            extra_flags1=ExtraFlags1(extra_flags1),
            extra_flags2=extra_flags2,
            special_type_device_cap=0 if version == 1 else body.u32(),
        )

    def encode_into(self, dst: bytearray) -> None:
        if self.version == 1 and self.special_type_device_cap:
            raise EncodeError("version 1 of the general capability set has no special_type_device_cap")
        size = _HEADER.size + _GENERAL.size + (0 if self.version == 1 else 4)
        dst += _HEADER.pack(self.capability_type, size, self.version)
        dst += _GENERAL.pack(
            self.os_type,
            self.os_version,
            self.protocol_major_version,
            self.protocol_minor_version,
            self.io_code1,
            self.io_code2,
            self.extended_pdu,
            self.extra_flags1,
            self.extra_flags2,
        )
        if self.version != 1:
            dst += struct.pack("<I", self.special_type_device_cap)


@pdu
class PrinterCapabilitySet(_VersionOnly):
    """Printer Capability Set (PRINTER_CAPS_SET), [MS-RDPEFS] 2.2.2.7.2."""

    capability_type: ClassVar[CapabilityType] = CapabilityType.PRINTER


@pdu
class PortCapabilitySet(_VersionOnly):
    """Port Capability Set (PORT_CAPS_SET), [MS-RDPEFS] 2.2.2.7.3."""

    capability_type: ClassVar[CapabilityType] = CapabilityType.PORT


@pdu
class DriveCapabilitySet(_VersionOnly):
    """Drive Capability Set (DRIVE_CAPS_SET), [MS-RDPEFS] 2.2.2.7.4; version 2 names drives in full when announced."""

    capability_type: ClassVar[CapabilityType] = CapabilityType.DRIVE

    version: int = 2


@pdu
class SmartCardCapabilitySet(_VersionOnly):
    """Smart Card Capability Set (SMARTCARD_CAPS_SET), [MS-RDPEFS] 2.2.2.7.5."""

    capability_type: ClassVar[CapabilityType] = CapabilityType.SMART_CARD


@pdu
class UnknownCapabilitySet(Pdu):
    """A set of a type that is not known here, kept as it came."""

    capability_type: CapabilityType
    version: int
    capability_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        kind, version, body = _decode_any_header(src)
        return cls(capability_type=CapabilityType(kind), version=version, capability_data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.capability_type, _HEADER.size + len(self.capability_data), self.version)
        dst += self.capability_data


_SETS: dict[int, type[CapabilitySet]] = {
    cls.capability_type: cls
    for cls in (
        GeneralCapabilitySet,
        PrinterCapabilitySet,
        PortCapabilitySet,
        DriveCapabilitySet,
        SmartCardCapabilitySet,
    )
}


@pdu
class _Capabilities(RdpdrPdu):
    """The common layout of both messages."""

    capability_message: list[CapabilitySet | UnknownCapabilitySet]

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        (count,) = _COUNT.unpack(src.take(_COUNT.size))
        if count > CAPABILITY_SET_LIMIT:
            raise InvalidField(f"{count} capability sets exceed {CAPABILITY_SET_LIMIT}", pdu=cls.__name__)
        return cls(capability_message=[decode_capability_set(src) for _ in range(count)])

    def _encode_body(self, dst: bytearray) -> None:
        if len(self.capability_message) > CAPABILITY_SET_LIMIT:
            raise EncodeError(f"{len(self.capability_message)} capability sets exceed {CAPABILITY_SET_LIMIT}")
        dst += _COUNT.pack(len(self.capability_message))
        for item in self.capability_message:
            item.encode_into(dst)


@pdu
class CoreCapabilityRequest(_Capabilities):
    """Server Core Capability Request (DR_CORE_CAPABILITY_REQ), [MS-RDPEFS] 2.2.2.7."""

    packet_id: ClassVar[PacketId] = PacketId.SERVER_CAPABILITY


@pdu
class CoreCapabilityResponse(_Capabilities):
    """Client Core Capability Response (DR_CORE_CAPABILITY_RSP), [MS-RDPEFS] 2.2.2.8."""

    packet_id: ClassVar[PacketId] = PacketId.CLIENT_CAPABILITY


def decode_capability_set(src: Cursor) -> CapabilitySet | UnknownCapabilitySet:
    """Decode the next set; raises `DecodeError`, but keeps a set of an unknown type."""
    start = src.pos
    unknown = UnknownCapabilitySet.decode_from(src)
    known = _SETS.get(unknown.capability_type)
    return unknown if known is None else known.decode_from(Cursor(src.buf, start, src.pos))


def _decode_any_header(src: Cursor) -> tuple[int, int, Cursor]:
    start = src.pos
    kind, size, version = _HEADER.unpack(src.take(_HEADER.size))
    if size < _HEADER.size:
        raise InvalidField(f"a capability set of {size} bytes", field="capability_length", offset=start)
    return kind, version, src.sub(size - _HEADER.size)


def _decode_header(cls: type[CapabilitySet], src: Cursor) -> tuple[int, Cursor]:
    kind, version, body = _decode_any_header(src)
    if kind != cls.capability_type:
        raise InvalidField(f"capability type {kind:#x}", pdu=cls.__name__)
    return version, body
