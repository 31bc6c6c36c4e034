"""The parameters of one side that the other is to take over, [MS-RDPERP] 2.2.2.4 and 2.2.2.5."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, TypeAlias

from trio_rdp.channels.rail.base import OrderType, RailOrder, Rectangle
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U32, Fixed, Prefixed, Utf16Prefixed, u8, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "ACCENT_PALETTE_LIMIT",
    "COLOR_SCHEME_LIMIT",
    "AccentColor",
    "AccentColorFlags",
    "FilterKeys",
    "FilterKeysFlags",
    "HighContrast",
    "HighContrastFlags",
    "StickyKeys",
    "StickyKeysFlags",
    "SystemParameter",
    "SystemParameterBody",
    "SystemParametersUpdate",
    "ToggleKeys",
    "ToggleKeysFlags",
]

COLOR_SCHEME_LIMIT = 520
"""The most bytes of a color scheme's name with its terminator, as of the other names of this document."""

ACCENT_PALETTE_LIMIT = 4096
"""The most bytes of an accent palette, of which the document says nothing."""


class SystemParameter(OpenEnum):
    """Which parameter (SPI_*, RAIL_SPI_*); the first two are a server's, the others a client's."""

    SETSCREENSAVEACTIVE = 0x00000011
    SETSCREENSAVESECURE = 0x00000077
    SETMOUSEBUTTONSWAP = 0x00000021
    SETDRAGFULLWINDOWS = 0x00000025
    SETWORKAREA = 0x0000002F
    SETFILTERKEYS = 0x00000033
    SETTOGGLEKEYS = 0x00000035
    SETSTICKYKEYS = 0x0000003B
    SETHIGHCONTRAST = 0x00000043
    SETKEYBOARDPREF = 0x00000045
    SETKEYBOARDCUES = 0x0000100B
    SETCARETWIDTH = 0x00002007
    TASKBARPOS = 0x0000F000
    DISPLAYCHANGE = 0x0000F001
    DISPLAY_ANIMATIONS_ENABLED = 0x0000F002
    DISPLAY_ADVANCED_EFFECTS_ENABLED = 0x0000F003
    DISPLAY_AUTO_HIDE_SCROLLBARS = 0x0000F004
    DISPLAY_MESSAGE_DURATION = 0x0000F005
    CLOSED_CAPTION_FONT_COLOR = 0x0000F006
    CLOSED_CAPTION_FONT_OPACITY = 0x0000F007
    CLOSED_CAPTION_FONT_SIZE = 0x0000F008
    CLOSED_CAPTION_FONT_STYLE = 0x0000F009
    CLOSED_CAPTION_FONT_EDGE_EFFECT = 0x0000F00A
    CLOSED_CAPTION_BACKGROUND_COLOR = 0x0000F00B
    CLOSED_CAPTION_BACKGROUND_OPACITY = 0x0000F00C
    CLOSED_CAPTION_REGION_COLOR = 0x0000F00D
    CLOSED_CAPTION_REGION_OPACITY = 0x0000F00E
    ACCENT_COLOR = 0x0000F00F
    SYSTEM_USES_LIGHT_THEME = 0x0000F010
    APPS_USE_LIGHT_THEME = 0x0000F011


class HighContrastFlags(Flags):
    """How high contrast is set (HCF_*)."""

    HIGHCONTRASTON = Flag(0x00000001)
    AVAILABLE = Flag(0x00000002)
    HOTKEYACTIVE = Flag(0x00000004)
    CONFIRMHOTKEY = Flag(0x00000008)
    HOTKEYSOUND = Flag(0x00000010)


class FilterKeysFlags(Flags):
    """How filter keys are set (FKF_*)."""

    FILTERKEYSON = Flag(0x00000001)
    AVAILABLE = Flag(0x00000002)
    HOTKEYACTIVE = Flag(0x00000004)
    CONFIRMHOTKEY = Flag(0x00000008)
    HOTKEYSOUND = Flag(0x00000010)
    INDICATOR = Flag(0x00000020)
    CLICKON = Flag(0x00000040)


class ToggleKeysFlags(Flags):
    """How toggle keys are set (TKF_*)."""

    TOGGLEKEYSON = Flag(0x00000001)
    AVAILABLE = Flag(0x00000002)
    HOTKEYACTIVE = Flag(0x00000004)
    CONFIRMHOTKEY = Flag(0x00000008)
    HOTKEYSOUND = Flag(0x00000010)


class StickyKeysFlags(Flags):
    """How sticky keys are set (SKF_*)."""

    STICKYKEYSON = Flag(0x00000001)
    AVAILABLE = Flag(0x00000002)
    HOTKEYACTIVE = Flag(0x00000004)
    CONFIRMHOTKEY = Flag(0x00000008)
    HOTKEYSOUND = Flag(0x00000010)
    INDICATOR = Flag(0x00000020)
    AUDIBLEFEEDBACK = Flag(0x00000040)
    TRISTATE = Flag(0x00000080)
    TWOKEYSOFF = Flag(0x00000100)
    LSHIFTLOCKED = Flag(0x00010000)
    RSHIFTLOCKED = Flag(0x00020000)
    LCTLLOCKED = Flag(0x00040000)
    RCTLLOCKED = Flag(0x00080000)
    LALTLOCKED = Flag(0x00100000)
    RALTLOCKED = Flag(0x00200000)
    LWINLOCKED = Flag(0x00400000)
    RWINLOCKED = Flag(0x00800000)
    LSHIFTLATCHED = Flag(0x01000000)
    RSHIFTLATCHED = Flag(0x02000000)
    LCTLLATCHED = Flag(0x04000000)
    RCTLLATCHED = Flag(0x08000000)
    LALTLATCHED = Flag(0x10000000)
    RALTLATCHED = Flag(0x20000000)
    LWINLATCHED = Flag(0x40000000)
    RWINLATCHED = Flag(0x80000000)


class AccentColorFlags(Flags):
    """Which fields of an accent color mean something (RACF_*)."""

    ACCENT_COLOR = Flag(0x00000001)
    COLORIZATION_COLOR = Flag(0x00000002)
    COLORIZATION_COLOR_BALANCE = Flag(0x00000004)
    COLORIZATION_AFTERGLOW = Flag(0x00000008)
    COLORIZATION_AFTERGLOW_BALANCE = Flag(0x00000010)
    COLORIZATION_BLUR_BALANCE = Flag(0x00000020)
    COLORIZATION_GLASS_ATTRIBUTE = Flag(0x00000040)
    COLOR_PREVALENCE = Flag(0x00000080)
    ENABLE_WINDOW_COLORIZATION = Flag(0x00000100)
    ACCENT_COLOR_MENU = Flag(0x00000200)
    ACCENT_PALETTE = Flag(0x00000800)


_color_scheme = Utf16Prefixed(u16, limit=COLOR_SCHEME_LIMIT)


@pdu
class HighContrast(Pdu):
    """High Contrast System Information Structure (TS_HIGHCONTRAST), [MS-RDPERP] 2.2.2.4.2."""

    flags: HighContrastFlags
    color_scheme: str = ""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags = HighContrastFlags(src.u32())
        size = src.u32()
        if size > COLOR_SCHEME_LIMIT + 2:
            raise InvalidField(f"a color scheme of {size} bytes", field="color_scheme", offset=src.pos)
        color_scheme = src.sub(size)  # a counted string, whose count is among the bytes counted
        return cls(flags=flags, color_scheme=_color_scheme.decode_from(color_scheme) if size else "")

    def encode_into(self, dst: bytearray) -> None:
        color_scheme = bytearray()
        if self.color_scheme:
            _color_scheme.encode_into(color_scheme, self.color_scheme)
        else:
            color_scheme += b"\0\0"  # as Windows writes it in 4.4.1, without a terminator
        u32.encode_into(dst, self.flags)
        u32.encode_into(dst, len(color_scheme))
        dst += color_scheme


@pdu
class FilterKeys(Pdu):
    """Filter Keys System Information Structure (TS_FILTERKEYS), [MS-RDPERP] 2.2.2.4.3; times are in milliseconds."""

    flags: Annotated[FilterKeysFlags, u32]
    wait_time: U32
    delay_time: U32
    repeat_time: U32
    bounce_time: U32


@pdu
class ToggleKeys(Pdu):
    """Toggle Keys System Information Structure (TS_TOGGLEKEYS), [MS-RDPERP] 2.2.2.4.4."""

    flags: Annotated[ToggleKeysFlags, u32]


@pdu
class StickyKeys(Pdu):
    """Sticky Keys System Information Structure (TS_STICKYKEYS), [MS-RDPERP] 2.2.2.4.5."""

    flags: Annotated[StickyKeysFlags, u32]


@pdu
class AccentColor(Pdu):
    """Accent Color System Information Structure (TS_ACCENTCOLOR), [MS-RDPERP] 2.2.2.4.6.

    Every field is there, whether or not `fields_valid_flags` says that it means something.
    """

    fields_valid_flags: Annotated[AccentColorFlags, u32]
    accent_color: U32 = 0
    colorization_color: U32 = 0
    colorization_color_balance: U32 = 0
    colorization_afterglow: U32 = 0
    colorization_afterglow_balance: U32 = 0
    colorization_blur_balance: U32 = 0
    colorization_glass_attribute: U32 = 0
    color_prevalence: U32 = 0
    enable_window_colorization: U32 = 0
    accent_color_menu: U32 = 0
    start_color_menu: U32 = 0
    accent_palette: Annotated[bytes, Prefixed(u32, limit=ACCENT_PALETTE_LIMIT)] = b""


SystemParameterBody: TypeAlias = (
    bool | int | Rectangle | HighContrast | FilterKeys | ToggleKeys | StickyKeys | AccentColor | bytes
)

_bool8 = Fixed("B", decoder=bool, encoder=bool)
_bool32 = Fixed("I", decoder=bool, encoder=bool)

_NUMBERS: dict[int, Fixed] = {
    SystemParameter.SETSCREENSAVEACTIVE: _bool8,
    SystemParameter.SETSCREENSAVESECURE: _bool8,
    SystemParameter.SETMOUSEBUTTONSWAP: _bool8,
    SystemParameter.SETDRAGFULLWINDOWS: _bool8,
    SystemParameter.SETKEYBOARDPREF: _bool8,
    SystemParameter.SETKEYBOARDCUES: _bool8,
    SystemParameter.SETCARETWIDTH: u32,
    SystemParameter.DISPLAY_ANIMATIONS_ENABLED: _bool8,
    SystemParameter.DISPLAY_ADVANCED_EFFECTS_ENABLED: _bool8,
    SystemParameter.DISPLAY_AUTO_HIDE_SCROLLBARS: _bool8,
    SystemParameter.DISPLAY_MESSAGE_DURATION: u32,
    SystemParameter.CLOSED_CAPTION_FONT_COLOR: u8,
    SystemParameter.CLOSED_CAPTION_FONT_OPACITY: u8,
    SystemParameter.CLOSED_CAPTION_FONT_SIZE: u8,
    SystemParameter.CLOSED_CAPTION_FONT_STYLE: u8,
    SystemParameter.CLOSED_CAPTION_FONT_EDGE_EFFECT: u8,
    SystemParameter.CLOSED_CAPTION_BACKGROUND_COLOR: u8,
    SystemParameter.CLOSED_CAPTION_BACKGROUND_OPACITY: u8,
    SystemParameter.CLOSED_CAPTION_REGION_COLOR: u8,
    SystemParameter.CLOSED_CAPTION_REGION_OPACITY: u8,
    SystemParameter.SYSTEM_USES_LIGHT_THEME: _bool32,
    SystemParameter.APPS_USE_LIGHT_THEME: _bool32,
}
_STRUCTURES: dict[int, type[Rectangle | HighContrast | FilterKeys | ToggleKeys | StickyKeys | AccentColor]] = {
    SystemParameter.SETWORKAREA: Rectangle,
    SystemParameter.DISPLAYCHANGE: Rectangle,
    SystemParameter.TASKBARPOS: Rectangle,
    SystemParameter.SETHIGHCONTRAST: HighContrast,
    SystemParameter.SETFILTERKEYS: FilterKeys,
    SystemParameter.SETTOGGLEKEYS: ToggleKeys,
    SystemParameter.SETSTICKYKEYS: StickyKeys,
    SystemParameter.ACCENT_COLOR: AccentColor,
}


@pdu
class SystemParametersUpdate(RailOrder):
    """System Parameters Update (TS_RAIL_ORDER_SYSPARAM), [MS-RDPERP] 2.2.2.4.1 of a client, 2.2.2.5.1 of a server.

    `body` is a bool where the document says TRUE and FALSE, a number or a structure where it says so, and bytes for a
    parameter that is not known here.
    """

    order_type: ClassVar[OrderType] = OrderType.SYSPARAM

    system_param: SystemParameter
    body: SystemParameterBody

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        system_param = SystemParameter(src.u32())
        body: SystemParameterBody
        if (number := _NUMBERS.get(system_param)) is not None:
            body = number.decode_from(src)
        elif (structure := _STRUCTURES.get(system_param)) is not None:
            body = structure.decode_from(src)
        else:
            body = src.rest()
        return cls(system_param=system_param, body=body)

    def encode_into(self, dst: bytearray) -> None:
        u32.encode_into(dst, self.system_param)
        number, kind = _NUMBERS.get(self.system_param), _kind(self.system_param)
        if type(self.body) is not kind:
            raise EncodeError(f"{self.system_param!r} is a {kind.__name__}, not {self.body!r}")
        if number is not None:
            number.encode_into(dst, self.body)
        elif isinstance(self.body, Pdu):
            self.body.encode_into(dst)
        elif isinstance(self.body, bytes):
            dst += self.body


def _kind(system_param: int) -> type:
    number = _NUMBERS.get(system_param)
    if number is not None:
        return int if number.decoder is None else bool
    return _STRUCTURES.get(system_param, bytes)
