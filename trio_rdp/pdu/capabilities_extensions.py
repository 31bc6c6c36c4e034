"""The capability sets of extensions: [MS-RDPBCGR] 2.2.7.2.6 to 2.2.7.2.9, [MS-RDPERP] 2.2.1.1, [MS-RDPRFX] 2.2.1.3."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from trio_rdp.pdu.capabilities_base import CapabilitySet, CapabilitySetType
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U32, Pad, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "CommandFlags",
    "CompDeskSupportLevel",
    "DesktopCompositionCapabilitySet",
    "FrameAcknowledgeCapabilitySet",
    "LargePointerCapabilitySet",
    "LargePointerSupportFlags",
    "MultifragmentUpdateCapabilitySet",
    "RailSupportLevel",
    "RemoteProgramsCapabilitySet",
    "SurfaceCommandsCapabilitySet",
    "WindowListCapabilitySet",
    "WindowSupportLevel",
]


@pdu
class MultifragmentUpdateCapabilitySet(CapabilitySet):
    """Multifragment Update Capability Set (TS_MULTIFRAGMENTUPDATE_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.6.

    `max_request_size` is the most bytes that the sender will put together of one update.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.MULTIFRAGMENT_UPDATE

    max_request_size: U32


class LargePointerSupportFlags(Flags):
    """How large a pointer may be, in pixels."""

    UP_TO_96X96 = Flag(0x0001)
    UP_TO_384X384 = Flag(0x0002)


@pdu
class LargePointerCapabilitySet(CapabilitySet):
    """Large Pointer Capability Set (TS_LARGE_POINTER_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.7."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.LARGE_POINTER

    large_pointer_support_flags: Annotated[LargePointerSupportFlags, u16] = LargePointerSupportFlags(0)


class CompDeskSupportLevel(OpenEnum):
    """Whether desktop composition is supported."""

    NOT_SUPPORTED = 0x0000
    SUPPORTED = 0x0001


@pdu
class DesktopCompositionCapabilitySet(CapabilitySet):
    """Desktop Composition Capability Set (TS_COMPDESK_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.8."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.DESKTOP_COMPOSITION

    comp_desk_support_level: Annotated[CompDeskSupportLevel, u16] = CompDeskSupportLevel.NOT_SUPPORTED


class CommandFlags(Flags):
    """Which surface commands are supported."""

    SET_SURFACE_BITS = Flag(0x00000002)
    FRAME_MARKER = Flag(0x00000010)
    STREAM_SURFACE_BITS = Flag(0x00000040)


@pdu
class SurfaceCommandsCapabilitySet(CapabilitySet):
    """Surface Commands Capability Set (TS_SURFCMDS_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.9."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.SURFACE_COMMANDS

    cmd_flags: Annotated[CommandFlags, u32, Pad(4)] = CommandFlags(0)


@pdu
class FrameAcknowledgeCapabilitySet(CapabilitySet):
    """Frame Acknowledge Capability Set (TS_FRAME_ACKNOWLEDGE_CAPABILITYSET), [MS-RDPRFX] 2.2.1.3.

    The client says how many frames may be on their way to it unacknowledged; the server may say 0.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.FRAME_ACKNOWLEDGE

    max_unacknowledged_frame_count: U32 = 0


class RailSupportLevel(Flags):
    """What is supported of remote programs."""

    SUPPORTED = Flag(0x00000001)
    DOCKED_LANGBAR_SUPPORTED = Flag(0x00000002)
    SHELL_INTEGRATION_SUPPORTED = Flag(0x00000004)
    LANGUAGE_IME_SYNC_SUPPORTED = Flag(0x00000008)
    SERVER_TO_CLIENT_IME_SYNC_SUPPORTED = Flag(0x00000010)
    HIDE_MINIMIZED_APPS_SUPPORTED = Flag(0x00000020)
    WINDOW_CLOAKING_SUPPORTED = Flag(0x00000040)
    HANDSHAKE_EX_SUPPORTED = Flag(0x00000080)


@pdu
class RemoteProgramsCapabilitySet(CapabilitySet):
    """Remote Programs Capability Set (TS_RAIL_CAPABILITYSET), [MS-RDPERP] 2.2.1.1.1."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.RAIL

    rail_support_level: RailSupportLevel = RailSupportLevel(0)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        level = RailSupportLevel(src.u32())
        # "MUST be set to 0 if TS_RAIL_LEVEL_SUPPORTED is 0" is said of each of the known bits.
        if RailSupportLevel.SUPPORTED not in level and level & 0xFE:
            raise InvalidField(f"{level!r} without SUPPORTED", pdu=cls.__name__, offset=src.pos - 4)
        _expect_end(cls.__name__, src)
        return cls(rail_support_level=level)

    def encode_into(self, dst: bytearray) -> None:
        dst += u32.struct.pack(self.rail_support_level)


class WindowSupportLevel(OpenEnum):
    """Which windowing orders are supported."""

    NOT_SUPPORTED = 0x00000000
    SUPPORTED = 0x00000001
    SUPPORTED_EX = 0x00000002


@pdu
class WindowListCapabilitySet(CapabilitySet):
    """Window List Capability Set (TS_WINDOW_CAPABILITYSET), [MS-RDPERP] 2.2.1.1.2."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.WINDOW

    wnd_support_level: WindowSupportLevel = WindowSupportLevel.NOT_SUPPORTED
    num_icon_caches: int = 0
    num_icon_cache_entries: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        level = WindowSupportLevel(src.u32())
        if not level.is_known:
            raise InvalidField(f"windowing support level {level:#x}", pdu=cls.__name__, offset=src.pos - 4)
        self = cls(wnd_support_level=level, num_icon_caches=src.u8(), num_icon_cache_entries=src.u16())
        _expect_end(cls.__name__, src)
        return self

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.num_icon_caches <= 0xFF or not 0 <= self.num_icon_cache_entries <= 0xFFFF:
            raise EncodeError(f"{self.num_icon_caches} icon caches of {self.num_icon_cache_entries} entries do not fit")
        dst += u32.struct.pack(self.wnd_support_level)
        dst.append(self.num_icon_caches)
        dst += self.num_icon_cache_entries.to_bytes(2, "little")


def _expect_end(name: str, src: Cursor) -> None:
    # [MS-RDPERP] fixes the length of both of its sets; others may have grown behind what is known of them.
    if src.remaining:
        raise InvalidField(f"{src.remaining} bytes too many", pdu=name, field="length_capability", offset=src.pos)
