"""The initialization sequence, [MS-RDPECLIP] 2.2.2: capabilities, readiness, and the client's temporary directory."""

from __future__ import annotations

import struct
from dataclasses import field
from typing import ClassVar, Self

from trio_rdp.channels.cliprdr.header import ClipboardPdu, MessageType, decode_header, encode_message
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Utf16
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CAPABILITY_SETS_LIMIT",
    "Capabilities",
    "CapabilityVersion",
    "GeneralCapability",
    "GeneralFlags",
    "MonitorReady",
    "TemporaryDirectory",
    "UnknownCapabilitySet",
]

CAPABILITY_SETS_LIMIT = 16
"""The most capability sets that a PDU brings; the document knows one."""

CB_CAPSTYPE_GENERAL = 0x0001

_SET_HEADER = struct.Struct("<HH")
_GENERAL = struct.Struct("<HHII")
_TEMP_DIR = Utf16(520)


class CapabilityVersion(OpenEnum):
    """The version of the protocol, "for informational purposes" (CB_CAPS_VERSION_*)."""

    VERSION_1 = 0x00000001
    VERSION_2 = 0x00000002


class GeneralFlags(Flags):
    """What an endpoint supports (CB_*)."""

    USE_LONG_FORMAT_NAMES = Flag(0x00000002)
    STREAM_FILECLIP_ENABLED = Flag(0x00000004)
    FILECLIP_NO_FILE_PATHS = Flag(0x00000008)
    CAN_LOCK_CLIPDATA = Flag(0x00000010)
    HUGE_FILE_SUPPORT_ENABLED = Flag(0x00000020)


@pdu
class GeneralCapability(Pdu):
    """General Capability Set (CLIPRDR_GENERAL_CAPABILITY), [MS-RDPECLIP] 2.2.2.1.1.1."""

    version: CapabilityVersion = CapabilityVersion.VERSION_2
    general_flags: GeneralFlags = GeneralFlags(0)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        kind, data = _decode_set(src)
        if kind != CB_CAPSTYPE_GENERAL:
            raise InvalidField(f"type {kind:#x}", field="capability_set_type", offset=start)
        return cls(version=CapabilityVersion(data.u32()), general_flags=GeneralFlags(data.u32()))

    def encode_into(self, dst: bytearray) -> None:
        dst += _GENERAL.pack(CB_CAPSTYPE_GENERAL, _GENERAL.size, self.version, self.general_flags)


@pdu
class UnknownCapabilitySet(Pdu):
    """Capability Set (CLIPRDR_CAPS_SET), [MS-RDPECLIP] 2.2.2.1.1, of a type that is not known here."""

    capability_set_type: int
    capability_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        kind, data = _decode_set(src)
        return cls(capability_set_type=kind, capability_data=data.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _SET_HEADER.pack(self.capability_set_type, _SET_HEADER.size + len(self.capability_data))
        dst += self.capability_data


@pdu
class Capabilities(ClipboardPdu):
    """Clipboard Capabilities PDU (CLIPRDR_CAPS), [MS-RDPECLIP] 2.2.2.1."""

    msg_type: ClassVar[MessageType] = MessageType.CLIP_CAPS

    capability_sets: list[GeneralCapability | UnknownCapabilitySet] = field(default_factory=list)

    @property
    def general_flags(self) -> GeneralFlags:
        """The flags of the first general capability set, or the defaults, none, "if not present"."""
        sets = [item.general_flags for item in self.capability_sets if isinstance(item, GeneralCapability)]
        return sets[0] if sets else GeneralFlags(0)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, data = decode_header(cls, src)
        count = data.u16()
        if count > CAPABILITY_SETS_LIMIT:
            raise InvalidField(f"{count} capability sets exceed {CAPABILITY_SETS_LIMIT}", offset=data.pos)
        data.skip(2)
        sets: list[GeneralCapability | UnknownCapabilitySet] = []
        for _ in range(count):
            kind = Cursor(data.buf, data.pos, data.end).u16()
            known = kind == CB_CAPSTYPE_GENERAL
            sets.append(GeneralCapability.decode_from(data) if known else UnknownCapabilitySet.decode_from(data))
        return cls(capability_sets=sets)

    def encode_into(self, dst: bytearray) -> None:
        if len(self.capability_sets) > CAPABILITY_SETS_LIMIT:
            raise EncodeError(f"{len(self.capability_sets)} capability sets exceed {CAPABILITY_SETS_LIMIT}")
        data = bytearray(struct.pack("<HH", len(self.capability_sets), 0))
        for item in self.capability_sets:
            item.encode_into(data)
        encode_message(dst, self.msg_type, data)


@pdu
class MonitorReady(ClipboardPdu):
    """Server Monitor Ready PDU (CLIPRDR_MONITOR_READY), [MS-RDPECLIP] 2.2.2.2."""

    msg_type: ClassVar[MessageType] = MessageType.MONITOR_READY

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        decode_header(cls, src)
        return cls()

    def encode_into(self, dst: bytearray) -> None:
        encode_message(dst, self.msg_type)


@pdu
class TemporaryDirectory(ClipboardPdu):
    """Client Temporary Directory PDU (CLIPRDR_TEMP_DIRECTORY), [MS-RDPECLIP] 2.2.2.3."""

    msg_type: ClassVar[MessageType] = MessageType.TEMP_DIRECTORY

    wsz_temp_dir: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, data = decode_header(cls, src)
        return cls(wsz_temp_dir=_TEMP_DIR.decode_from(data))

    def encode_into(self, dst: bytearray) -> None:
        if "\0" in self.wsz_temp_dir:
            raise EncodeError("a null character inside a null-terminated string")
        data = bytearray()
        _TEMP_DIR.encode_into(data, self.wsz_temp_dir)
        data.extend(bytes(_TEMP_DIR.size - len(data)))
        encode_message(dst, self.msg_type, data)


def _decode_set(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    kind, length = _SET_HEADER.unpack(src.take(_SET_HEADER.size))
    if length < _SET_HEADER.size:
        raise InvalidField(f"a capability set of {length} bytes", field="length_capability", offset=start)
    return kind, src.sub(length - _SET_HEADER.size)
