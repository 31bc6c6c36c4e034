"""What both sides can do, [MS-RDPEGFX] 2.2.1.6, 2.2.2.18, 2.2.2.19 and 2.2.3."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Self

from trio_rdp.channels.rdpgfx.header import GraphicsCommand, GraphicsPdu
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import Counted, Prefixed, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_CAPABILITY_SETS",
    "CapabilityFlags",
    "CapabilitySet",
    "CapabilityVersion",
    "CapsAdvertisePdu",
    "CapsConfirmPdu",
]

MAX_CAPABILITY_SETS: Final = 64
"""The most sets of one message; the document has ten, and "each capability set type MUST NOT appear more than once"."""

_MAX_DATA: Final = 1024
_RESERVED: Final = bytes(16)


class CapabilityVersion(OpenEnum):
    """The version of a capability set (RDPGFX_CAPVERSION_*); a later one is a larger number."""

    VERSION_8 = 0x00080004
    VERSION_81 = 0x00080105
    VERSION_10 = 0x000A0002
    VERSION_101 = 0x000A0100
    VERSION_102 = 0x000A0200
    VERSION_103 = 0x000A0301
    VERSION_104 = 0x000A0400
    VERSION_105 = 0x000A0502
    VERSION_106 = 0x000A0600
    VERSION_107 = 0x000A0701

    def __str__(self) -> str:
        """The version as the document writes it, such as 8.1 or 10.7."""
        if not self.is_known:
            return self.name
        number = self.name.removeprefix("VERSION_")
        major = 2 if self >= type(self).VERSION_10 else 1
        return ".".join(filter(None, (number[:major], number[major:])))

    def __format__(self, spec: str) -> str:
        # As `str` gives it, in any width, but a number where one is asked for, such as `x`.
        is_number = spec[-1:].isalpha() and not spec.endswith("s")
        return format(int(self) if is_number else str(self), spec)


class CapabilityFlags(Flags):
    """What a capability set says (RDPGFX_CAPS_FLAG_*)."""

    THINCLIENT = Flag(0x00000001)
    SMALL_CACHE = Flag(0x00000002)
    AVC420_ENABLED = Flag(0x00000010)
    AVC_DISABLED = Flag(0x00000020)
    AVC_THINCLIENT = Flag(0x00000040)
    SCALEDMAP_DISABLE = Flag(0x00000080)


@pdu
class CapabilitySet(Pdu):
    """RDPGFX_CAPSET, [MS-RDPEGFX] 2.2.1.6, of any version, whether it is known here or not.

    The data is the flags in all versions that the document names (RDPGFX_CAPSET_VERSION8 to RDPGFX_CAPSET_VERSION107,
    2.2.3) but 10.1, where it is 16 reserved bytes.
    """

    version: Annotated[CapabilityVersion, u32]
    caps_data: Annotated[bytes, Prefixed(u32, limit=_MAX_DATA)]

    @classmethod
    def of(cls, version: CapabilityVersion, flags: int = 0) -> Self:
        """Make the set of a version; raises `EncodeError` for flags where it has none."""
        if version == CapabilityVersion.VERSION_101:
            if flags:
                raise EncodeError(f"version 10.1 has no flags, not even {flags:#x}")
            return cls(version=version, caps_data=_RESERVED)
        return cls(version=version, caps_data=flags.to_bytes(4, "little"))

    @property
    def flags(self) -> CapabilityFlags:
        """The flags; none where the version has none."""
        if self.version == CapabilityVersion.VERSION_101:
            return CapabilityFlags(0)
        return CapabilityFlags(int.from_bytes(self.caps_data[:4], "little"))

    @property
    def is_known(self) -> bool:
        """Whether the document names the version, and the data is as long as that version's."""
        size = 16 if self.version == CapabilityVersion.VERSION_101 else 4
        return self.version.is_known and len(self.caps_data) >= size


@pdu
class CapsAdvertisePdu(GraphicsPdu):
    """RDPGFX_CAPS_ADVERTISE_PDU, [MS-RDPEGFX] 2.2.2.18."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.CAPS_ADVERTISE

    caps_sets: Annotated[list[CapabilitySet], Counted(u16, limit=MAX_CAPABILITY_SETS)]


@pdu
class CapsConfirmPdu(GraphicsPdu):
    """RDPGFX_CAPS_CONFIRM_PDU, [MS-RDPEGFX] 2.2.2.19."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.CAPS_CONFIRM

    caps_set: CapabilitySet

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(caps_set=CapabilitySet.decode_from(src))

    def encode_into(self, dst: bytearray) -> None:
        self.caps_set.encode_into(dst)
