"""What a client can do, as capability sets ([MS-RDPBCGR] 2.2.7): only what the library really draws is advertised."""

from __future__ import annotations

from trio_rdp.pdu.capabilities import AnyCapabilitySet
from trio_rdp.pdu.capabilities_basic import (
    BitmapCapabilitySet,
    BrushCapabilitySet,
    ControlCapabilitySet,
    DrawingFlags,
    ExtraFlags,
    FontCapabilitySet,
    GeneralCapabilitySet,
    InputCapabilitySet,
    InputFlags,
    OrderCapabilitySet,
    PointerCapabilitySet,
    ShareCapabilitySet,
    SoundCapabilitySet,
    VirtualChannelCapabilitySet,
    WindowActivationCapabilitySet,
)
from trio_rdp.pdu.capabilities_caches import (
    BitmapCacheCapabilitySet,
    CacheDefinition,
    GlyphCacheCapabilitySet,
    OffscreenCapabilitySet,
)
from trio_rdp.pdu.capabilities_extensions import (
    CommandFlags,
    FrameAcknowledgeCapabilitySet,
    LargePointerCapabilitySet,
    LargePointerSupportFlags,
    MultifragmentUpdateCapabilitySet,
    SurfaceCommandsCapabilitySet,
)
from trio_rdp.protocol.config import ClientConfig, DesktopSize

__all__ = ["client_capability_sets"]

_UNACKNOWLEDGED_FRAMES = 2


def client_capability_sets(config: ClientConfig, desktop_size: DesktopSize) -> list[AnyCapabilitySet]:
    """The capability sets of a client whose desktop has this size."""
    return [
        _general(config),
        BitmapCapabilitySet(
            preferred_bits_per_pixel=config.color_depth,
            desktop_width=desktop_size.width,
            desktop_height=desktop_size.height,
            # Not the lossy drawing flags: what a server shows is what a client gets.
            drawing_flags=DrawingFlags(DrawingFlags.ALLOW_SKIP_ALPHA),
        ),
        OrderCapabilitySet(),
        BitmapCacheCapabilitySet(),
        PointerCapabilitySet(
            color_pointer_cache_size=config.pointer_cache_size, pointer_cache_size=config.pointer_cache_size
        ),
        _input(config),
        BrushCapabilitySet(),
        GlyphCacheCapabilitySet(
            glyph_cache=[CacheDefinition(cache_entries=0, cache_maximum_cell_size=0) for _ in range(10)],
            frag_cache=CacheDefinition(cache_entries=0, cache_maximum_cell_size=0),
        ),
        OffscreenCapabilitySet(),
        VirtualChannelCapabilitySet(),
        SoundCapabilitySet(),
        ControlCapabilitySet(),
        WindowActivationCapabilitySet(),
        ShareCapabilitySet(),
        FontCapabilitySet(),
        MultifragmentUpdateCapabilitySet(max_request_size=config.limits.update_size),
        LargePointerCapabilitySet(
            large_pointer_support_flags=LargePointerSupportFlags.UP_TO_96X96 | LargePointerSupportFlags.UP_TO_384X384
        ),
        SurfaceCommandsCapabilitySet(
            cmd_flags=CommandFlags.SET_SURFACE_BITS | CommandFlags.STREAM_SURFACE_BITS | CommandFlags.FRAME_MARKER
        ),
        FrameAcknowledgeCapabilitySet(max_unacknowledged_frame_count=_UNACKNOWLEDGED_FRAMES),
    ]


def _general(config: ClientConfig) -> GeneralCapabilitySet:
    return GeneralCapabilitySet(
        os_major_type=config.platform,
        os_minor_type=config.platform_minor,
        extra_flags=ExtraFlags.FASTPATH_OUTPUT_SUPPORTED
        | ExtraFlags.LONG_CREDENTIALS_SUPPORTED
        | ExtraFlags.NO_BITMAP_COMPRESSION_HDR,
        # These two say that the client may send them ([MS-RDPBCGR] 2.2.7.1.1 gives them to the server, who sets both).
        refresh_rect_support=True,
        suppress_output_support=True,
    )


def _input(config: ClientConfig) -> InputCapabilitySet:
    return InputCapabilitySet(
        input_flags=InputFlags.SCANCODES
        | InputFlags.MOUSEX
        | InputFlags.FASTPATH_INPUT
        | InputFlags.FASTPATH_INPUT2
        | InputFlags.UNICODE
        | InputFlags.MOUSE_RELATIVE
        | InputFlags.MOUSE_HWHEEL,
        keyboard_layout=config.keyboard_layout,
        keyboard_type=int(config.keyboard_type),
        keyboard_sub_type=config.keyboard_subtype,
        keyboard_function_key=config.keyboard_functional_keys_count,
        ime_file_name=config.ime_file_name,
    )
