"""What a client can do, as capability sets ([MS-RDPBCGR] 2.2.7): only what the library really draws is advertised."""

from __future__ import annotations

from trio_rdp.pdu import bitmap_codecs
from trio_rdp.pdu.bitmap_codecs import (
    BitmapCodecsCapabilitySet,
    CodecId,
    NsCodecCapabilitySet,
    RfxCaptureFlags,
    RfxClientCapsContainer,
    RfxEntropyBits,
    RfxIcap,
)
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
    VirtualChannelFlags,
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
from trio_rdp.protocol.config import BitmapCodec, ClientConfig, DesktopSize
from trio_rdp.protocol.remote_programs import RemotePrograms, remote_programs_sets

__all__ = ["client_capability_sets", "offered_codecs"]

_UNACKNOWLEDGED_FRAMES = 2
"""One that is drawn and one on its way: a frame is acknowledged when it is on the screen, so more would only wait."""

_CODEC_DEPTH = 32
_CODECS = {
    BitmapCodec.REMOTEFX: (bitmap_codecs.CODEC_REMOTEFX, CodecId.REMOTEFX),
    BitmapCodec.NSCODEC: (bitmap_codecs.CODEC_NSCODEC, CodecId.NSCODEC),
    BitmapCodec.QOI: (bitmap_codecs.CODEC_QOI, CodecId.QOI),
    BitmapCodec.QOIZ: (bitmap_codecs.CODEC_QOIZ, CodecId.QOIZ),
}


def client_capability_sets(
    config: ClientConfig, desktop_size: DesktopSize, remote_programs: RemotePrograms | None = None
) -> list[AnyCapabilitySet]:
    """The capability sets of a client whose desktop has this size, and whose server can do this with programs."""
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
        _virtual_channel(config),
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
        *_bitmap_codecs(config),
        *([] if remote_programs is None else remote_programs_sets(remote_programs)),
    ]


def offered_codecs(config: ClientConfig) -> dict[int, BitmapCodec]:
    """What a client offers for surface bits, by the number with which it comes back.

    All of them give 24 bits of colour, so a client that asks for less does not offer them.
    """
    if config.color_depth != _CODEC_DEPTH:
        return {}
    return {int(_CODECS[codec][1]): codec for codec in config.codecs}


def _bitmap_codecs(config: ClientConfig) -> list[AnyCapabilitySet]:
    properties = {BitmapCodec.REMOTEFX: _remotefx().encode(), BitmapCodec.NSCODEC: _nscodec(config).encode()}
    codecs = [
        bitmap_codecs.BitmapCodec(
            codec_guid=_CODECS[codec][0], codec_id=codec_id, codec_properties=properties.get(codec, b"")
        )
        for codec_id, codec in offered_codecs(config).items()
    ]
    return [BitmapCodecsCapabilitySet(supported_bitmap_codecs=codecs)] if codecs else []


def _remotefx() -> RfxClientCapsContainer:
    """Both entropy coders, each in both modes: image mode is asked for by a flag that is not set here."""
    icaps = [RfxIcap(entropy_bits=RfxEntropyBits.RLGR1), RfxIcap(entropy_bits=RfxEntropyBits.RLGR3)]
    return RfxClientCapsContainer(capture_flags=RfxCaptureFlags.NON_CAC, icaps=icaps)


def _nscodec(config: ClientConfig) -> NsCodecCapabilitySet:
    level = config.nscodec_color_loss_level
    return NsCodecCapabilitySet(
        allow_dynamic_fidelity=level > 1,
        allow_subsampling=config.nscodec_subsampling,
        color_loss_level=level,
    )


def _virtual_channel(config: ClientConfig) -> VirtualChannelCapabilitySet:
    flags = VirtualChannelFlags(0)
    if config.compression_type is not None:
        flags = VirtualChannelFlags(VirtualChannelFlags.COMPRESSION_SC)
    return VirtualChannelCapabilitySet(flags=flags)


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
