"""What a server can do, as capability sets ([MS-RDPBCGR] 2.2.7), what it makes of the client's, and the choice of size
and depth that both depend on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.surface_encoder import SurfaceCodec
from trio_rdp.pdu.bitmap_codecs import BitmapCodecsCapabilitySet
from trio_rdp.pdu.capabilities import AnyCapabilitySet
from trio_rdp.pdu.capabilities_basic import (
    BitmapCapabilitySet,
    DrawingFlags,
    ExtraFlags,
    FontCapabilitySet,
    GeneralCapabilitySet,
    InputCapabilitySet,
    InputFlags,
    OrderCapabilitySet,
    PointerCapabilitySet,
    ShareCapabilitySet,
    VirtualChannelCapabilitySet,
    VirtualChannelFlags,
)
from trio_rdp.pdu.capabilities_extensions import (
    CommandFlags,
    FrameAcknowledgeCapabilitySet,
    LargePointerCapabilitySet,
    LargePointerSupportFlags,
    MultifragmentUpdateCapabilitySet,
    SurfaceCommandsCapabilitySet,
)
from trio_rdp.pdu.channel import CHANNEL_CHUNK_LENGTH
from trio_rdp.pdu.gcc_client import (
    ClientCoreData,
    ClientEarlyCapabilityFlags,
    ColorDepth,
    SupportedColorDepths,
)
from trio_rdp.protocol.activation import find_capability
from trio_rdp.protocol.config import DesktopSize, ServerConfig
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID
from trio_rdp.protocol.remote_programs import RemotePrograms, agreed_remote_programs, remote_programs_sets
from trio_rdp.protocol.server_codecs import advertised_codecs, read_codecs

__all__ = [
    "ClientCapabilities",
    "allowed_desktop_size",
    "server_capability_sets",
    "session_color_depth",
    "session_desktop_size",
]

_DEPTHS = {
    ColorDepth.BPP_4: 8,
    ColorDepth.BPP_8: 8,
    ColorDepth.BPP_16_555: 15,
    ColorDepth.BPP_16_565: 16,
    ColorDepth.BPP_24: 24,
}
_HIGH_DEPTHS = {4: 8, 8: 8, 15: 15, 16: 16, 24: 24, 32: 32}

# What must fit into an update for large pointers, [MS-RDPBCGR] 2.2.7.2.7.
_POINTER_OF_96, _POINTER_OF_384 = 38_055, 608_299

_INPUT_FLAGS = (
    InputFlags.SCANCODES
    | InputFlags.MOUSEX
    | InputFlags.FASTPATH_INPUT
    | InputFlags.FASTPATH_INPUT2
    | InputFlags.UNICODE
    | InputFlags.MOUSE_RELATIVE
    | InputFlags.MOUSE_HWHEEL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCapabilities:
    """What matters to a server of a client's capability sets; the defaults are what a missing set means."""

    fast_path_output: bool = False
    no_bitmap_compression_header: bool = False
    """Whether compressed bitmaps go without their header (TS_CD_HEADER)."""
    long_credentials: bool = False
    """Whether logon notifications may be of the second version."""
    drawing_flags: DrawingFlags = DrawingFlags(0)
    desktop_resize: bool = False
    """Whether the desktop may change its size in a reactivation."""
    color_pointer_cache_size: int = 0
    pointer_cache_size: int = 0
    """Zero for a client that knows only 24-bit pointers."""
    large_pointer_flags: LargePointerSupportFlags = LargePointerSupportFlags(0)
    max_request_size: int = 0
    """Bytes of the largest update that the client puts together of fragments; 0 where it does not do that."""
    surface_command_flags: CommandFlags = CommandFlags(0)
    max_unacknowledged_frame_count: int = 0
    """How many frames may be on their way; 0 where the client does not acknowledge any."""
    codecs: Mapping[BitmapCodec, SurfaceCodec] = field(default_factory=dict)
    """The codecs that surface bits may have, with the client's numbers for them."""
    channel_chunk_size: int = CHANNEL_CHUNK_LENGTH
    """Bytes of the largest chunk on a static channel, in both directions."""
    takes_compressed_channels: bool = False
    """Whether chunks on static channels may be compressed."""
    input_flags: InputFlags = InputFlags.SCANCODES
    remote_programs: RemotePrograms | None = None
    """What can be done with single programs; None for a client that shows a desktop."""
    capability_sets: tuple[AnyCapabilitySet, ...] = field(default=(), repr=False)

    @property
    def skip_alpha(self) -> bool:
        """Whether bitmaps of 32 bits per pixel may go without their alpha plane."""
        return DrawingFlags.ALLOW_SKIP_ALPHA in self.drawing_flags

    @property
    def takes_surface_bits(self) -> bool:
        """Whether bitmaps may come in surface commands, which there are on the fast path only."""
        flags = self.surface_command_flags
        either = CommandFlags.SET_SURFACE_BITS in flags or CommandFlags.STREAM_SURFACE_BITS in flags
        return self.fast_path_output and either

    @property
    def acknowledges_frames(self) -> bool:
        """Whether frames that are marked are also acknowledged."""
        return self.max_unacknowledged_frame_count > 0 and CommandFlags.FRAME_MARKER in self.surface_command_flags

    @classmethod
    def read(cls, capability_sets: Iterable[AnyCapabilitySet]) -> Self:
        """Read the sets of a Confirm Active PDU; any of them may be missing."""
        sets = tuple(capability_sets)
        general = find_capability(sets, GeneralCapabilitySet) or GeneralCapabilitySet()
        bitmap = find_capability(sets, BitmapCapabilitySet)
        pointer = find_capability(sets, PointerCapabilitySet) or PointerCapabilitySet(color_pointer_cache_size=0)
        large = find_capability(sets, LargePointerCapabilitySet) or LargePointerCapabilitySet()
        fragments = find_capability(sets, MultifragmentUpdateCapabilitySet)
        surface = find_capability(sets, SurfaceCommandsCapabilitySet) or SurfaceCommandsCapabilitySet()
        frames = find_capability(sets, FrameAcknowledgeCapabilitySet) or FrameAcknowledgeCapabilitySet()
        channels = find_capability(sets, VirtualChannelCapabilitySet) or VirtualChannelCapabilitySet()
        entry = find_capability(sets, InputCapabilitySet) or InputCapabilitySet()
        return cls(
            fast_path_output=ExtraFlags.FASTPATH_OUTPUT_SUPPORTED in general.extra_flags,
            long_credentials=ExtraFlags.LONG_CREDENTIALS_SUPPORTED in general.extra_flags,
            no_bitmap_compression_header=ExtraFlags.NO_BITMAP_COMPRESSION_HDR in general.extra_flags,
            drawing_flags=DrawingFlags(0) if bitmap is None else bitmap.drawing_flags,
            desktop_resize=bitmap is not None and bitmap.desktop_resize_flag,
            color_pointer_cache_size=pointer.color_pointer_cache_size,
            pointer_cache_size=pointer.pointer_cache_size or 0,
            large_pointer_flags=large.large_pointer_support_flags,
            max_request_size=0 if fragments is None else fragments.max_request_size,
            surface_command_flags=surface.cmd_flags,
            max_unacknowledged_frame_count=frames.max_unacknowledged_frame_count,
            codecs=read_codecs(find_capability(sets, BitmapCodecsCapabilitySet)),
            # rdesktop 1.9 says so and inflates none; those who know surface commands mean it.
            takes_compressed_channels=VirtualChannelFlags.COMPRESSION_SC in channels.flags and bool(surface.cmd_flags),
            input_flags=entry.input_flags,
            remote_programs=agreed_remote_programs(sets),
            capability_sets=sets,
        )


def session_color_depth(core: ClientCoreData) -> int:
    """The depth that a client asks for, in bits per pixel: 8, 15, 16, 24 or 32 ([MS-RDPBCGR] 2.2.1.3.2)."""
    flags = core.early_capability_flags or ClientEarlyCapabilityFlags(0)
    supported = core.supported_color_depths
    if ClientEarlyCapabilityFlags.WANT_32BPP_SESSION in flags and (
        supported is None or SupportedColorDepths.BPP_32 in supported
    ):
        return 32
    # Each field that is there takes the place of the one before it.
    if core.high_color_depth is not None and core.high_color_depth in _HIGH_DEPTHS:
        return _HIGH_DEPTHS[core.high_color_depth]
    depth = core.color_depth if core.post_beta2_color_depth is None else core.post_beta2_color_depth
    return _DEPTHS.get(depth, 8)


def session_desktop_size(config: ServerConfig, core: ClientCoreData) -> DesktopSize:
    """The size of a session's desktop: the configured one, else the client's, as far as it is allowed."""
    if config.desktop_size is not None:
        return config.desktop_size
    return allowed_desktop_size(config, core.desktop_width, core.desktop_height)


def allowed_desktop_size(config: ServerConfig, width: int, height: int) -> DesktopSize:
    """The size nearest to what a client wants that the configuration allows."""
    least, most, limits = config.minimum_size, config.maximum_size, config.limits
    width = min(max(width, least.width), most.width, limits.desktop_side)
    height = min(max(height, least.height), most.height, limits.desktop_side)
    return DesktopSize(width, min(height, max(limits.desktop_pixels // width, 1)))


def server_capability_sets(
    config: ServerConfig, desktop_size: DesktopSize, color_depth: int, *, remote_programs: bool = False
) -> list[AnyCapabilitySet]:
    """The capability sets of a server: only what it really does, which is no drawing orders and no caches.

    Those of remote programs are for clients that ask for them.
    """
    return [
        ShareCapabilitySet(node_id=SERVER_CHANNEL_ID),
        GeneralCapabilitySet(
            extra_flags=ExtraFlags.FASTPATH_OUTPUT_SUPPORTED
            | ExtraFlags.LONG_CREDENTIALS_SUPPORTED
            | ExtraFlags.NO_BITMAP_COMPRESSION_HDR,
            refresh_rect_support=True,
            suppress_output_support=True,
        ),
        BitmapCapabilitySet(
            preferred_bits_per_pixel=color_depth,
            desktop_width=desktop_size.width,
            desktop_height=desktop_size.height,
            drawing_flags=DrawingFlags(DrawingFlags.ALLOW_SKIP_ALPHA),
        ),
        OrderCapabilitySet(),
        PointerCapabilitySet(
            color_pointer_cache_size=config.pointer_cache_size, pointer_cache_size=config.pointer_cache_size
        ),
        InputCapabilitySet(input_flags=_INPUT_FLAGS),
        VirtualChannelCapabilitySet(vc_chunk_size=CHANNEL_CHUNK_LENGTH),
        FontCapabilitySet(),
        MultifragmentUpdateCapabilitySet(max_request_size=config.max_request_size),
        LargePointerCapabilitySet(large_pointer_support_flags=_large_pointers(config.max_request_size)),
        SurfaceCommandsCapabilitySet(
            cmd_flags=CommandFlags.SET_SURFACE_BITS | CommandFlags.FRAME_MARKER | CommandFlags.STREAM_SURFACE_BITS
        ),
        # "It MAY be set to 0, in which case it simply advertises the server's ability", [MS-RDPRFX] 2.2.1.3.
        FrameAcknowledgeCapabilitySet(max_unacknowledged_frame_count=0),
        # "used when the RDP session color depth is 32 bpp" ([MS-RDPNSC] 3.1.8); RemoteFX demands the same (1.5).
        *(advertised_codecs(config.codecs) if color_depth == 32 else []),
        *(remote_programs_sets() if remote_programs else []),
    ]


def _large_pointers(max_request_size: int) -> LargePointerSupportFlags:
    flags = LargePointerSupportFlags(0)
    if max_request_size >= _POINTER_OF_96:
        flags |= LargePointerSupportFlags.UP_TO_96X96
    if max_request_size >= _POINTER_OF_384:
        flags |= LargePointerSupportFlags.UP_TO_384X384
    return flags
