from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rail.base import Rectangle
from trio_rdp.channels.rail.system_parameters import (
    ACCENT_PALETTE_LIMIT,
    COLOR_SCHEME_LIMIT,
    AccentColor,
    AccentColorFlags,
    FilterKeys,
    FilterKeysFlags,
    HighContrast,
    HighContrastFlags,
    StickyKeys,
    StickyKeysFlags,
    SystemParameter,
    SystemParameterBody,
    SystemParametersUpdate,
    ToggleKeys,
    ToggleKeysFlags,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

AREA = Rectangle(left=0, top=0, right=1920, bottom=1040)
ACCENT_PALETTE = bytes(range(32))

# SystemParam and Body
BODIES: list[tuple[str, SystemParameterBody]] = [
    ("11000000 01", True),  # SPI_SETSCREENSAVEACTIVE
    ("77000000 00", False),  # SPI_SETSCREENSAVESECURE
    ("21000000 01", True),  # SPI_SETMOUSEBUTTONSWAP
    ("25000000 00", False),  # SPI_SETDRAGFULLWINDOWS
    ("45000000 01", True),  # SPI_SETKEYBOARDPREF
    ("0b100000 01", True),  # SPI_SETKEYBOARDCUES
    ("2f000000 0000 0000 8007 1004", AREA),  # SPI_SETWORKAREA
    ("01f00000 0000 0000 8007 1004", AREA),  # RAIL_SPI_DISPLAYCHANGE
    ("00f00000 0000 0000 8007 1004", AREA),  # RAIL_SPI_TASKBARPOS
    ("43000000 7e000000 02000000 0000", HighContrast(flags=HighContrastFlags(0x7E))),  # [MS-RDPERP] 4.4.1
    (
        "43000000 03000000 08000000 0600 41004200 0000",  # Flags, ColorSchemeLength, CbString, String
        HighContrast(flags=HighContrastFlags.HIGHCONTRASTON | HighContrastFlags.AVAILABLE, color_scheme="AB"),
    ),
    (
        "33000000 41000000 e8030000 f4010000 32000000 00000000",  # Flags, WaitTime, DelayTime, RepeatTime, BounceTime
        FilterKeys(
            flags=FilterKeysFlags.FILTERKEYSON | FilterKeysFlags.CLICKON,
            wait_time=1000,
            delay_time=500,
            repeat_time=50,
            bounce_time=0,
        ),
    ),
    ("35000000 12000000", ToggleKeys(flags=ToggleKeysFlags.AVAILABLE | ToggleKeysFlags.HOTKEYSOUND)),
    ("3b000000 01010080", StickyKeys(flags=StickyKeysFlags.STICKYKEYSON | StickyKeysFlags(0x80000100))),
    ("07200000 02000000", 2),  # SPI_SETCARETWIDTH
    ("02f00000 01", True),  # RAIL_SPI_DISPLAY_ANIMATIONS_ENABLED
    ("03f00000 01", True),  # RAIL_SPI_DISPLAY_ADVANCED_EFFECTS_ENABLED
    ("04f00000 00", False),  # RAIL_SPI_DISPLAY_AUTO_HIDE_SCROLLBARS
    ("05f00000 05000000", 5),  # RAIL_SPI_DISPLAY_MESSAGE_DURATION
    ("06f00000 01", 1),  # RAIL_SPI_CLOSED_CAPTION_FONT_COLOR
    ("07f00000 02", 2),  # RAIL_SPI_CLOSED_CAPTION_FONT_OPACITY
    ("08f00000 03", 3),  # RAIL_SPI_CLOSED_CAPTION_FONT_SIZE
    ("09f00000 04", 4),  # RAIL_SPI_CLOSED_CAPTION_FONT_STYLE
    ("0af00000 05", 5),  # RAIL_SPI_CLOSED_CAPTION_FONT_EDGE_EFFECT
    ("0bf00000 06", 6),  # RAIL_SPI_CLOSED_CAPTION_BACKGROUND_COLOR
    ("0cf00000 07", 7),  # RAIL_SPI_CLOSED_CAPTION_BACKGROUND_OPACITY
    ("0df00000 08", 8),  # RAIL_SPI_CLOSED_CAPTION_REGION_COLOR
    ("0ef00000 ff", 255),  # RAIL_SPI_CLOSED_CAPTION_REGION_OPACITY
    (
        "0ff00000"  # RAIL_SPI_ACCENT_COLOR
        "ff0b0000"  # FieldsValidFlags: all
        "01000000"  # AccentColor
        "02000000"  # ColorizationColor
        "03000000"  # ColorizationColorBalance
        "04000000"  # ColorizationAfterglow
        "05000000"  # ColorizationAfterglowBalance
        "06000000"  # ColorizationBlurBalance
        "07000000"  # ColorizationGlassAttribute
        "08000000"  # ColorPrevalence
        "09000000"  # EnableWindowColorization
        "0a000000"  # AccentColorMenu
        "0b000000"  # StartColorMenu
        "20000000" + ACCENT_PALETTE.hex(),  # AccentPaletteLength  # AccentPalette
        AccentColor(
            fields_valid_flags=AccentColorFlags(0xBFF),
            accent_color=1,
            colorization_color=2,
            colorization_color_balance=3,
            colorization_afterglow=4,
            colorization_afterglow_balance=5,
            colorization_blur_balance=6,
            colorization_glass_attribute=7,
            color_prevalence=8,
            enable_window_colorization=9,
            accent_color_menu=10,
            start_color_menu=11,
            accent_palette=ACCENT_PALETTE,
        ),
    ),
    ("10f00000 01000000", True),  # RAIL_SPI_SYSTEM_USES_LIGHT_THEME
    ("11f00000 00000000", False),  # RAIL_SPI_APPS_USE_LIGHT_THEME
]


def message(raw: str) -> bytes:
    body = bytes.fromhex(raw)
    return b"\x03\0" + (4 + len(body)).to_bytes(2, "little") + body


@pytest.mark.parametrize(("raw", "body"), BODIES)
def test_parameters(raw: str, body: SystemParameterBody) -> None:
    update = SystemParametersUpdate.decode(message(raw))
    same(message(raw), SystemParametersUpdate(system_param=update.system_param, body=body))
    assert update.system_param == int.from_bytes(bytes.fromhex(raw)[:4], "little")
    assert type(update.body) is type(body)
    every_truncation_raises(SystemParametersUpdate, message(raw))
    for size in range(len(bytes.fromhex(raw))):
        with pytest.raises(Truncated):
            SystemParametersUpdate.decode(message(bytes.fromhex(raw)[:size].hex()))


def test_every_parameter_is_tested() -> None:
    assert {int.from_bytes(bytes.fromhex(raw)[:4], "little") for raw, _ in BODIES} == set(SystemParameter)


def test_parameters_without_a_name_are_kept() -> None:
    update = SystemParametersUpdate.decode(message("12f00000 aabbcc"))
    assert (update.system_param.is_known, update.body) == (False, b"\xaa\xbb\xcc")
    assert update.encode() == message("12f00000 aabbcc")


def test_any_number_but_zero_is_true() -> None:
    assert SystemParametersUpdate.decode(message("25000000 02")).body is True
    assert SystemParametersUpdate.decode(message("10f00000 00000080")).body is True


@pytest.mark.parametrize(
    ("system_param", "body"),
    [
        (SystemParameter.SETDRAGFULLWINDOWS, 1),
        (SystemParameter.SETCARETWIDTH, True),
        (SystemParameter.SETWORKAREA, b"\0" * 8),
        (SystemParameter.SETTOGGLEKEYS, StickyKeys(flags=StickyKeysFlags(0))),
        (SystemParameter(0xF012), AREA),
        (SystemParameter.CLOSED_CAPTION_FONT_SIZE, 256),
        (SystemParameter.SETCARETWIDTH, -1),
    ],
)
def test_what_does_not_fit(system_param: SystemParameter, body: SystemParameterBody) -> None:
    with pytest.raises(EncodeError):
        SystemParametersUpdate(system_param=system_param, body=body).encode()


def test_high_contrast_without_any_string() -> None:
    assert HighContrast.decode(bytes.fromhex("01000000 00000000")).color_scheme == ""
    # A terminator is read whether or not it is there.
    assert HighContrast.decode(bytes.fromhex("01000000 04000000 0200 4100")).color_scheme == "A"


def test_high_contrast_whose_string_is_longer_than_its_length() -> None:
    with pytest.raises(Truncated):
        HighContrast.decode(bytes.fromhex("01000000 04000000 0400 4100 0000"))


def test_limits() -> None:
    longest = HighContrast(flags=HighContrastFlags(0), color_scheme="a" * (COLOR_SCHEME_LIMIT // 2 - 1))
    assert HighContrast.decode(longest.encode()) == longest
    with pytest.raises(EncodeError, match="length 522 exceeds 520"):
        HighContrast(flags=HighContrastFlags(0), color_scheme="a" * (COLOR_SCHEME_LIMIT // 2)).encode()
    with pytest.raises(InvalidField, match="a color scheme of 524 bytes"):
        HighContrast.decode(bytes.fromhex("00000000 0c020000") + bytes(524))
    palette = AccentColor(
        fields_valid_flags=AccentColorFlags.ACCENT_PALETTE, accent_palette=bytes(ACCENT_PALETTE_LIMIT)
    )
    assert AccentColor.decode(palette.encode()) == palette
    with pytest.raises(InvalidField, match="length 4097 exceeds 4096"):
        AccentColor.decode(palette.encode()[:48] + bytes.fromhex("01100000") + bytes(4097))


@given(st.sampled_from(SystemParameter), st.binary(max_size=80))
def test_any_bytes(system_param: SystemParameter, body: bytes) -> None:
    value_or_error(SystemParametersUpdate, message(system_param.to_bytes(4, "little").hex() + body.hex()))
