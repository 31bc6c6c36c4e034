"""Each set is the one of the documents' own examples, [MS-RDPBCGR] 4.1.12 and 4.1.13, without type and length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu import capabilities_basic as sets
from trio_rdp.pdu.capabilities_base import CapabilitySet
from trio_rdp.wire.errors import EncodeError

CLASSES = [
    value
    for value in vars(sets).values()
    if isinstance(value, type) and issubclass(value, CapabilitySet) and value is not CapabilitySet
]


def test_general() -> None:
    raw = bytes.fromhex(
        "0100"  # osMajorType = OSMAJORTYPE_WINDOWS
        "0300"  # osMinorType = OSMINORTYPE_WINDOWS_NT
        "0002"  # protocolVersion = TS_CAPS_PROTOCOLVERSION
        "0000"  # pad2octetsA
        "0000"  # compressionTypes
        "1d04"  # extraFlags = 0x041d
        "0000"  # updateCapabilityFlag
        "0000"  # remoteUnshareFlag
        "0000"  # compressionLevel
        "01"  # refreshRectSupport = TRUE
        "01"  # suppressOutputSupport = TRUE
    )
    general = sets.GeneralCapabilitySet(
        os_major_type=sets.OsMajorType.WINDOWS,
        os_minor_type=sets.OsMinorType.WINDOWS_NT,
        extra_flags=sets.ExtraFlags.FASTPATH_OUTPUT_SUPPORTED
        | sets.ExtraFlags.LONG_CREDENTIALS_SUPPORTED
        | sets.ExtraFlags.AUTORECONNECT_SUPPORTED
        | sets.ExtraFlags.ENC_SALTED_CHECKSUM
        | sets.ExtraFlags.NO_BITMAP_COMPRESSION_HDR,
        refresh_rect_support=True,
        suppress_output_support=True,
    )
    same(raw, general)
    every_truncation_raises(sets.GeneralCapabilitySet, raw)


def test_bitmap() -> None:
    raw = bytes.fromhex(
        "1800"  # preferredBitsPerPixel = 24 bpp
        "0100"  # receive1BitPerPixel = TRUE
        "0100"  # receive4BitsPerPixel = TRUE
        "0100"  # receive8BitsPerPixel = TRUE
        "0005"  # desktopWidth = 1280 pixels
        "0004"  # desktopHeight = 1024 pixels
        "0000"  # pad2octets
        "0100"  # desktopResizeFlag = TRUE
        "0100"  # bitmapCompressionFlag = TRUE
        "00"  # highColorFlags
        "00"  # drawingFlags
        "0100"  # multipleRectangleSupport = TRUE
        "0000"  # pad2octetsB
    )
    same(raw, sets.BitmapCapabilitySet(preferred_bits_per_pixel=24, desktop_width=1280, desktop_height=1024))
    every_truncation_raises(sets.BitmapCapabilitySet, raw)


def test_order() -> None:
    raw = bytes.fromhex(
        "00000000000000000000000000000000"  # terminalDescriptor
        "00000000"  # pad4octetsA
        "0100"  # desktopSaveXGranularity = 1
        "1400"  # desktopSaveYGranularity = 20
        "0000"  # pad2octetsA
        "0100"  # maximumOrderLevel = ORD_LEVEL_1_ORDERS
        "0000"  # numberFonts
        "2a00"  # orderFlags = NEGOTIATEORDERSUPPORT | ZEROBOUNDSDELTASSUPPORT | COLORINDEXSUPPORT
        "0101010101000001010100010000000101010101010101000101010000000000"  # orderSupport
        "a106"  # textFlags = 0x06a1
        "0000"  # orderSupportExFlags
        "00000000"  # pad4octetsB
        "00840300"  # desktopSaveSize = 230400
        "0000"  # pad2octetsC
        "0000"  # pad2octetsD
        "e404"  # textANSICodePage = 1252
        "0000"  # pad2octetsE
    )
    index = sets.NegotiationIndex
    support = bytearray(32)
    for supported in set(index) - {index.GLYPH_INDEX}:
        support[supported] = 1
    order = sets.OrderCapabilitySet(
        order_flags=sets.OrderFlags.NEGOTIATE_ORDER_SUPPORT
        | sets.OrderFlags.ZERO_BOUNDS_DELTAS_SUPPORT
        | sets.OrderFlags.COLOR_INDEX_SUPPORT,
        order_support=bytes(support),
        text_flags=0x06A1,
        desktop_save_size=230400,
        text_ansi_code_page=1252,
    )
    same(raw, order)
    every_truncation_raises(sets.OrderCapabilitySet, raw)


def test_pointer_with_and_without_the_cache_of_any_depth() -> None:
    raw = bytes.fromhex(
        "0100"  # colorPointerFlag = TRUE
        "1400"  # colorPointerCacheSize = 20
        "1500"  # pointerCacheSize = 21
    )
    same(raw, sets.PointerCapabilitySet(color_pointer_cache_size=20, pointer_cache_size=21))
    same(raw[:4], sets.PointerCapabilitySet(color_pointer_cache_size=20))
    every_truncation_raises(sets.PointerCapabilitySet, raw[:4])


def test_input() -> None:
    raw = bytes.fromhex(
        "1500"  # inputFlags = INPUT_FLAG_SCANCODES | INPUT_FLAG_MOUSEX | INPUT_FLAG_UNICODE
        "0000"  # pad2octetsA (0x0020 in the example)
        "09040000"  # keyboardLayout = 0x00000409
        "04000000"  # keyboardType = 4
        "00000000"  # keyboardSubType
        "0c000000"  # keyboardFunctionKey = 12
    ) + bytes(64)  # imeFileName
    flags = sets.InputFlags
    same(
        raw,
        sets.InputCapabilitySet(
            input_flags=flags.SCANCODES | flags.MOUSEX | flags.UNICODE,
            keyboard_layout=0x409,
            keyboard_type=4,
            keyboard_function_key=12,
        ),
    )
    every_truncation_raises(sets.InputCapabilitySet, raw)
    with pytest.raises(EncodeError):
        sets.InputCapabilitySet(ime_file_name="i" * 32).encode()


def test_brush() -> None:
    raw = bytes.fromhex("01000000")  # brushSupportLevel = BRUSH_COLOR_8x8
    same(raw, sets.BrushCapabilitySet(brush_support_level=sets.BrushSupportLevel.COLOR_8X8))
    every_truncation_raises(sets.BrushCapabilitySet, raw)


def test_virtual_channel() -> None:
    raw = bytes.fromhex("02000000 40060000")  # flags = VCCAPS_COMPR_CS_8K, VCChunkSize = 1600
    flags = sets.VirtualChannelFlags.COMPRESSION_CS_8K
    same(raw, sets.VirtualChannelCapabilitySet(flags=flags, vc_chunk_size=1600))
    same(raw[:4], sets.VirtualChannelCapabilitySet(flags=flags))
    every_truncation_raises(sets.VirtualChannelCapabilitySet, raw[:4])


def test_sound() -> None:
    same(bytes.fromhex("01000000"), sets.SoundCapabilitySet(sound_flags=sets.SoundFlags.BEEPS))
    every_truncation_raises(sets.SoundCapabilitySet, bytes(4))


def test_control() -> None:
    # controlFlags, remoteDetachFlag, and both interests = CONTROLPRIORITY_NEVER
    same(bytes.fromhex("0000 0000 0200 0200"), sets.ControlCapabilitySet())
    every_truncation_raises(sets.ControlCapabilitySet, bytes(8))


def test_window_activation() -> None:
    same(bytes(8), sets.WindowActivationCapabilitySet())
    every_truncation_raises(sets.WindowActivationCapabilitySet, bytes(8))


def test_share() -> None:
    same(bytes.fromhex("ea03 0000"), sets.ShareCapabilitySet(node_id=1002))
    every_truncation_raises(sets.ShareCapabilitySet, bytes(4))


def test_font_with_and_without_its_data() -> None:
    same(bytes.fromhex("0100 0000"), sets.FontCapabilitySet(font_support_flags=sets.FontSupportFlags.FONT_LIST))
    same(b"", sets.FontCapabilitySet(font_support_flags=None))
    every_truncation_raises(sets.FontCapabilitySet, bytes(4), start=1)


@given(st.sampled_from(CLASSES), st.binary(max_size=100))
def test_any_bytes(cls: type[CapabilitySet], raw: bytes) -> None:
    value_or_error(cls, raw)
