"""All capability sets, and the list of them in Demand Active and Confirm Active, [MS-RDPBCGR] 2.2.1.13 and 2.2.7."""

from __future__ import annotations

from trio_rdp.pdu import bitmap_codecs, capabilities_basic, capabilities_caches, capabilities_extensions
from trio_rdp.pdu.capabilities_base import CapabilitySet, CapabilitySetType, UnknownCapabilitySet
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import Codec

__all__ = [
    "CAPABILITY_SETS",
    "MAX_CAPABILITY_SETS",
    "AnyCapabilitySet",
    "CapabilitySet",
    "CapabilitySetType",
    "CapabilitySets",
    "UnknownCapabilitySet",
    "decode_capability_set",
    "encode_capability_set",
]

# The document knows 28 types, and each comes once; FreeRDP and Windows send at most that many.
MAX_CAPABILITY_SETS = 256

AnyCapabilitySet = CapabilitySet | UnknownCapabilitySet

# From a set's type to its class.
CAPABILITY_SETS: dict[int, type[CapabilitySet]] = {
    value.kind: value
    for module in (capabilities_basic, capabilities_caches, capabilities_extensions, bitmap_codecs)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, CapabilitySet) and value is not CapabilitySet
}


def decode_capability_set(src: Cursor) -> AnyCapabilitySet:
    """Decode one capability set with its type and length (TS_CAPS_SET), and leave `src` behind it.

    A type that is not known is kept as bytes; what follows the known fields of a set is not.  Raises `DecodeError`.
    """
    kind, size = src.u16(), src.u16()
    if size < 4:
        raise InvalidField(f"length {size} of capability set {kind:#x}", field="length_capability", offset=src.pos - 2)
    data = src.sub(size - 4)
    known = CAPABILITY_SETS.get(kind)
    if known is None:
        return UnknownCapabilitySet(kind=CapabilitySetType(kind), data=data.rest())
    try:
        return known.decode_from(data)
    except DecodeError as exc:
        exc.pdu = exc.pdu or known.__name__
        raise


def encode_capability_set(dst: bytearray, value: AnyCapabilitySet) -> None:
    """Append one capability set with its type and length; raises `EncodeError`."""
    start = len(dst)
    if isinstance(value, UnknownCapabilitySet):
        dst += bytes(4) + value.data
    else:
        dst += bytes(4)
        value.encode_into(dst)
    size = len(dst) - start
    if size > 0xFFFF:
        raise EncodeError(f"capability set {value.kind!r} of {size} bytes")
    dst[start : start + 4] = value.kind.to_bytes(2, "little") + size.to_bytes(2, "little")


class CapabilitySets(Codec):
    """The number of capability sets, two bytes of padding, and the sets."""

    def decode_from(self, src: Cursor) -> list[AnyCapabilitySet]:
        count = src.u16()
        src.skip(2)
        if count > MAX_CAPABILITY_SETS:
            raise InvalidField(f"{count} capability sets exceed {MAX_CAPABILITY_SETS}", offset=src.pos - 4)
        return [decode_capability_set(src) for _ in range(count)]

    def encode_into(self, dst: bytearray, value: list[AnyCapabilitySet]) -> None:
        if len(value) > MAX_CAPABILITY_SETS:
            raise EncodeError(f"{len(value)} capability sets exceed {MAX_CAPABILITY_SETS}")
        dst += len(value).to_bytes(2, "little") + b"\0\0"
        for item in value:
            encode_capability_set(dst, item)
