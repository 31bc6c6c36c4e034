"""The capability sets of input, output and sharing, [MS-RDPBCGR] 2.2.7.1 and 2.2.7.2, without those of caches."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.pdu.capabilities_base import CapabilitySet, CapabilitySetType, bool8, bool16
from trio_rdp.wire.fields import U16, U32, Pad, Raw, Utf16, u8, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "BitmapCapabilitySet",
    "BrushCapabilitySet",
    "BrushSupportLevel",
    "ControlCapabilitySet",
    "DrawingFlags",
    "ExtraFlags",
    "FontCapabilitySet",
    "FontSupportFlags",
    "GeneralCapabilitySet",
    "InputCapabilitySet",
    "InputFlags",
    "NegotiationIndex",
    "OrderCapabilitySet",
    "OrderFlags",
    "OrderSupportExFlags",
    "OsMajorType",
    "OsMinorType",
    "PointerCapabilitySet",
    "ShareCapabilitySet",
    "SoundCapabilitySet",
    "SoundFlags",
    "VirtualChannelCapabilitySet",
    "VirtualChannelFlags",
    "WindowActivationCapabilitySet",
]


class OsMajorType(OpenEnum):
    """The platform of the sender."""

    UNSPECIFIED = 0x0000
    WINDOWS = 0x0001
    OS2 = 0x0002
    MACINTOSH = 0x0003
    UNIX = 0x0004
    IOS = 0x0005
    OSX = 0x0006
    ANDROID = 0x0007
    CHROME_OS = 0x0008


class OsMinorType(OpenEnum):
    """The version of the platform of the sender."""

    UNSPECIFIED = 0x0000
    WINDOWS_31X = 0x0001
    WINDOWS_95 = 0x0002
    WINDOWS_NT = 0x0003
    OS2_V21 = 0x0004
    POWER_PC = 0x0005
    MACINTOSH = 0x0006
    NATIVE_XSERVER = 0x0007
    PSEUDO_XSERVER = 0x0008
    WINDOWS_RT = 0x0009


class ExtraFlags(Flags):
    """General capabilities."""

    FASTPATH_OUTPUT_SUPPORTED = Flag(0x0001)
    LONG_CREDENTIALS_SUPPORTED = Flag(0x0004)
    AUTORECONNECT_SUPPORTED = Flag(0x0008)
    ENC_SALTED_CHECKSUM = Flag(0x0010)
    NO_BITMAP_COMPRESSION_HDR = Flag(0x0400)


@pdu
class GeneralCapabilitySet(CapabilitySet):
    """General Capability Set (TS_GENERAL_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.1."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.GENERAL

    os_major_type: Annotated[OsMajorType, u16] = OsMajorType.UNSPECIFIED
    os_minor_type: Annotated[OsMinorType, u16] = OsMinorType.UNSPECIFIED
    protocol_version: Annotated[int, u16, Pad(2)] = 0x0200
    compression_types: U16 = 0
    extra_flags: Annotated[ExtraFlags, u16] = ExtraFlags(0)
    update_capability_flag: U16 = 0
    remote_unshare_flag: U16 = 0
    compression_level: U16 = 0
    refresh_rect_support: Annotated[bool, bool8] = False
    suppress_output_support: Annotated[bool, bool8] = False


class DrawingFlags(Flags):
    """What may be done to compress bitmaps of 32 bits per pixel."""

    ALLOW_DYNAMIC_COLOR_FIDELITY = Flag(0x02)
    ALLOW_COLOR_SUBSAMPLING = Flag(0x04)
    ALLOW_SKIP_ALPHA = Flag(0x08)
    UNUSED_FLAG = Flag(0x10)


@pdu
class BitmapCapabilitySet(CapabilitySet):
    """Bitmap Capability Set (TS_BITMAP_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.2."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.BITMAP

    preferred_bits_per_pixel: U16
    receive1_bit_per_pixel: Annotated[bool, bool16] = True
    receive4_bits_per_pixel: Annotated[bool, bool16] = True
    receive8_bits_per_pixel: Annotated[bool, bool16] = True
    desktop_width: U16
    desktop_height: Annotated[int, u16, Pad(2)]
    desktop_resize_flag: Annotated[bool, bool16] = True
    bitmap_compression_flag: Annotated[bool, bool16] = True
    high_color_flags: Annotated[int, u8] = 0
    drawing_flags: Annotated[DrawingFlags, u8] = DrawingFlags(0)
    multiple_rectangle_support: Annotated[bool, bool16, Pad(2)] = True


class OrderFlags(Flags):
    """Options of drawing orders."""

    NEGOTIATE_ORDER_SUPPORT = Flag(0x0002)
    ZERO_BOUNDS_DELTAS_SUPPORT = Flag(0x0008)
    COLOR_INDEX_SUPPORT = Flag(0x0020)
    SOLID_PATTERN_BRUSH_ONLY = Flag(0x0040)
    EXTRA_FLAGS = Flag(0x0080)


class OrderSupportExFlags(Flags):
    """Which of the later drawing orders are supported."""

    CACHE_BITMAP_REV3_SUPPORT = Flag(0x0002)
    ALTSEC_FRAME_MARKER_SUPPORT = Flag(0x0004)


class NegotiationIndex(OpenEnum):
    """Where in `order_support` stands whether a primary drawing order is supported (TS_NEG_*_INDEX)."""

    DSTBLT = 0x00
    PATBLT = 0x01
    SCRBLT = 0x02
    MEMBLT = 0x03
    MEM3BLT = 0x04
    DRAW_NINEGRID = 0x07
    LINE_TO = 0x08
    MULTI_DRAW_NINEGRID = 0x09
    SAVE_BITMAP = 0x0B
    MULTI_DSTBLT = 0x0F
    MULTI_PATBLT = 0x10
    MULTI_SCRBLT = 0x11
    MULTI_OPAQUE_RECT = 0x12
    FAST_INDEX = 0x13
    POLYGON_SC = 0x14
    POLYGON_CB = 0x15
    POLYLINE = 0x16
    FAST_GLYPH = 0x18
    ELLIPSE_SC = 0x19
    ELLIPSE_CB = 0x1A
    GLYPH_INDEX = 0x1B


@pdu
class OrderCapabilitySet(CapabilitySet):
    """Order Capability Set (TS_ORDER_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.3.

    `order_support` holds a byte for each `NegotiationIndex`, 1 where the order is supported.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.ORDER

    terminal_descriptor: Annotated[bytes, Raw(16), Pad(4)] = bytes(16)
    desktop_save_x_granularity: U16 = 1
    desktop_save_y_granularity: Annotated[int, u16, Pad(2)] = 20
    maximum_order_level: U16 = 1
    number_fonts: U16 = 0
    order_flags: Annotated[OrderFlags, u16] = OrderFlags(0x000A)
    order_support: Annotated[bytes, Raw(32)] = bytes(32)
    text_flags: U16 = 0
    order_support_ex_flags: Annotated[OrderSupportExFlags, u16, Pad(4)] = OrderSupportExFlags(0)
    desktop_save_size: Annotated[int, u32, Pad(4)] = 480 * 480
    text_ansi_code_page: Annotated[int, u16, Pad(2)] = 0


@pdu
class PointerCapabilitySet(CapabilitySet):
    """Pointer Capability Set (TS_POINTER_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.5.

    Without `pointer_cache_size`, or with one of zero, the client takes no New Pointer Updates.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.POINTER

    color_pointer_flag: Annotated[bool, bool16] = True
    color_pointer_cache_size: U16
    pointer_cache_size: Annotated[int | None, u16] = None


class InputFlags(Flags):
    """Which kinds of input are supported."""

    SCANCODES = Flag(0x0001)
    MOUSEX = Flag(0x0004)
    FASTPATH_INPUT = Flag(0x0008)
    UNICODE = Flag(0x0010)
    FASTPATH_INPUT2 = Flag(0x0020)
    UNUSED1 = Flag(0x0040)
    MOUSE_RELATIVE = Flag(0x0080)
    MOUSE_HWHEEL = Flag(0x0100)
    QOE_TIMESTAMPS = Flag(0x0200)


@pdu
class InputCapabilitySet(CapabilitySet):
    """Input Capability Set (TS_INPUT_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.6.

    The keyboard is the client's; servers leave its fields zero, or (Windows) uninitialized.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.INPUT

    input_flags: Annotated[InputFlags, u16, Pad(2)] = InputFlags.SCANCODES
    keyboard_layout: U32 = 0
    keyboard_type: U32 = 0
    keyboard_sub_type: U32 = 0
    keyboard_function_key: U32 = 0
    ime_file_name: Annotated[str, Utf16(64)] = ""


class BrushSupportLevel(OpenEnum):
    """The largest brushes that the client can draw with."""

    DEFAULT = 0x00000000
    COLOR_8X8 = 0x00000001
    COLOR_FULL = 0x00000002


@pdu
class BrushCapabilitySet(CapabilitySet):
    """Brush Capability Set (TS_BRUSH_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.7."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.BRUSH

    brush_support_level: Annotated[BrushSupportLevel, u32] = BrushSupportLevel.DEFAULT


class VirtualChannelFlags(Flags):
    """In which direction static virtual channels may be compressed."""

    COMPRESSION_SC = Flag(0x00000001)
    COMPRESSION_CS_8K = Flag(0x00000002)


@pdu
class VirtualChannelCapabilitySet(CapabilitySet):
    """Virtual Channel Capability Set (TS_VIRTUALCHANNEL_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.10.

    `vc_chunk_size` is the server's word only, in bytes, at most 16,256.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.VIRTUAL_CHANNEL

    flags: Annotated[VirtualChannelFlags, u32] = VirtualChannelFlags(0)
    vc_chunk_size: Annotated[int | None, u32] = None


class SoundFlags(Flags):
    """What sounds the client can make by itself."""

    BEEPS = Flag(0x0001)


@pdu
class SoundCapabilitySet(CapabilitySet):
    """Sound Capability Set (TS_SOUND_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.11."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.SOUND

    sound_flags: Annotated[SoundFlags, u16, Pad(2)] = SoundFlags(0)


@pdu
class ControlCapabilitySet(CapabilitySet):
    """Control Capability Set (TS_CONTROL_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.2."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.CONTROL

    control_flags: U16 = 0
    remote_detach_flag: U16 = 0
    control_interest: U16 = 0x0002
    detach_interest: U16 = 0x0002


@pdu
class WindowActivationCapabilitySet(CapabilitySet):
    """Window Activation Capability Set (TS_WINDOWACTIVATION_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.3."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.ACTIVATION

    help_key_flag: U16 = 0
    help_key_index_flag: U16 = 0
    help_extended_key_flag: U16 = 0
    window_manager_key_flag: U16 = 0


@pdu
class ShareCapabilitySet(CapabilitySet):
    """Share Capability Set (TS_SHARE_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.4."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.SHARE

    node_id: Annotated[int, u16, Pad(2)] = 0


class FontSupportFlags(Flags):
    """What is supported of fonts."""

    FONT_LIST = Flag(0x0001)


@pdu
class FontCapabilitySet(CapabilitySet):
    """Font Capability Set (TS_FONT_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.5."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.FONT

    # Windows (4.1.12) and xrdp send the set without its data.
    font_support_flags: Annotated[FontSupportFlags | None, u16, Pad(2)] = FontSupportFlags.FONT_LIST
