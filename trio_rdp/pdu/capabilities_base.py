"""What every capability set is, [MS-RDPBCGR] 2.2.1.13.1.1.1: a type, a length, and data."""

from __future__ import annotations

from typing import ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import Fixed
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["CapabilitySet", "CapabilitySetType", "UnknownCapabilitySet", "bool8", "bool16", "bool32"]

# TRUE and FALSE in three widths; whatever is not zero is true.
bool8: Fixed = Fixed("B", decoder=bool)
bool16: Fixed = Fixed("H", decoder=bool)
bool32: Fixed = Fixed("I", decoder=bool)


class CapabilitySetType(OpenEnum):
    """The types of capability sets (CAPSTYPE_*, CAPSETTYPE_*)."""

    GENERAL = 0x0001
    BITMAP = 0x0002
    ORDER = 0x0003
    BITMAP_CACHE = 0x0004
    CONTROL = 0x0005
    BITMAP_CACHE_V3_CODEC_ID = 0x0006  # not in the document; FreeRDP's name
    ACTIVATION = 0x0007
    POINTER = 0x0008
    SHARE = 0x0009
    COLOR_CACHE = 0x000A
    SOUND = 0x000C
    INPUT = 0x000D
    FONT = 0x000E
    BRUSH = 0x000F
    GLYPH_CACHE = 0x0010
    OFFSCREEN_CACHE = 0x0011
    BITMAP_CACHE_HOST_SUPPORT = 0x0012
    BITMAP_CACHE_REV2 = 0x0013
    VIRTUAL_CHANNEL = 0x0014
    DRAW_NINEGRID_CACHE = 0x0015
    DRAW_GDIPLUS = 0x0016
    RAIL = 0x0017
    WINDOW = 0x0018
    DESKTOP_COMPOSITION = 0x0019
    MULTIFRAGMENT_UPDATE = 0x001A
    LARGE_POINTER = 0x001B
    SURFACE_COMMANDS = 0x001C
    BITMAP_CODECS = 0x001D
    FRAME_ACKNOWLEDGE = 0x001E


class CapabilitySet(Pdu):
    """The base of all capability sets: the data behind type and length, and as `kind` the type."""

    __slots__ = ()

    kind: ClassVar[CapabilitySetType]


@pdu
class UnknownCapabilitySet(Pdu):
    """A capability set of a type that is not known here, kept as it came."""

    kind: CapabilitySetType
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(kind=CapabilitySetType(src.u16()), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += self.kind.to_bytes(2, "little") + self.data
