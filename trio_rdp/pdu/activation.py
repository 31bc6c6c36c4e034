"""The PDUs that open and close a share, [MS-RDPBCGR] 2.2.1.13 and 2.2.3: Demand and Confirm Active, Deactivate All."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.pdu.capabilities import AnyCapabilitySet, CapabilitySets
from trio_rdp.pdu.share import PduType
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, Truncated
from trio_rdp.wire.fields import Codec, u32
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["ConfirmActive", "DeactivateAll", "DemandActive"]

SERVER_CHANNEL_ID = 0x03EA

_SETS = CapabilitySets()


class _DescribedSets(Codec):
    """Source descriptor and capability sets behind the lengths of both, as a pair."""

    def decode_from(self, src: Cursor) -> tuple[bytes, list[AnyCapabilitySet]]:
        descriptor_size, sets_size = src.u16(), src.u16()
        descriptor = src.take(descriptor_size)
        if sets_size > src.remaining:
            raise Truncated(f"{sets_size} bytes of capability sets, {src.remaining} left", offset=src.pos)
        # The count of the sets leads, as in FreeRDP: the combined length is redundant.
        return descriptor, _SETS.decode_from(src)

    def encode_into(self, dst: bytearray, value: tuple[bytes, list[AnyCapabilitySet]]) -> None:
        descriptor, capability_sets = value
        encoded = bytearray()
        _SETS.encode_into(encoded, capability_sets)
        if len(descriptor) > 0xFFFF or len(encoded) > 0xFFFF:
            raise EncodeError(f"{len(encoded)} bytes of capability sets do not fit")
        dst += struct.pack("<HH", len(descriptor), len(encoded))
        dst += descriptor
        dst += encoded


_DESCRIBED_SETS = _DescribedSets()


@pdu
class DemandActive(Pdu):
    """Demand Active (TS_DEMAND_ACTIVE_PDU), [MS-RDPBCGR] 2.2.1.13.1.1: the server opens a share."""

    pdu_type: ClassVar[PduType] = PduType.DEMAND_ACTIVE

    share_id: int
    source_descriptor: bytes = b"RDP\0"
    capability_sets: list[AnyCapabilitySet]
    # The client ignores it, and not every server sends it.
    session_id: int | None = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        share_id = src.u32()
        descriptor, capability_sets = _DESCRIBED_SETS.decode_from(src)
        return cls(
            share_id=share_id,
            source_descriptor=descriptor,
            capability_sets=capability_sets,
            session_id=src.u32() if src.remaining else None,
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += u32.struct.pack(self.share_id)
        _DESCRIBED_SETS.encode_into(dst, (self.source_descriptor, self.capability_sets))
        if self.session_id is not None:
            dst += u32.struct.pack(self.session_id)


@pdu
class ConfirmActive(Pdu):
    """Confirm Active (TS_CONFIRM_ACTIVE_PDU), [MS-RDPBCGR] 2.2.1.13.2.1: the client's answer to Demand Active."""

    pdu_type: ClassVar[PduType] = PduType.CONFIRM_ACTIVE

    share_id: int
    originator_id: int = SERVER_CHANNEL_ID
    source_descriptor: bytes = b"MSTSC\0"
    capability_sets: list[AnyCapabilitySet]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        share_id, originator_id = src.u32(), src.u16()
        descriptor, capability_sets = _DESCRIBED_SETS.decode_from(src)
        return cls(
            share_id=share_id,
            originator_id=originator_id,
            source_descriptor=descriptor,
            capability_sets=capability_sets,
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<IH", self.share_id, self.originator_id)
        _DESCRIBED_SETS.encode_into(dst, (self.source_descriptor, self.capability_sets))


@pdu
class DeactivateAll(Pdu):
    """Deactivate All (TS_DEACTIVATE_ALL_PDU), [MS-RDPBCGR] 2.2.3.1.1: the server closes a share."""

    pdu_type: ClassVar[PduType] = PduType.DEACTIVATE_ALL

    share_id: int = 0
    source_descriptor: bytes = b"\0"

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        # Windows XP sends no body, and some servers end behind the share id.
        share_id = src.u32() if src.remaining else 0
        descriptor = src.take(src.u16()) if src.remaining else b""
        return cls(share_id=share_id, source_descriptor=descriptor)

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<IH", self.share_id, len(self.source_descriptor))
        dst += self.source_descriptor
