from __future__ import annotations

import pytest

from trio_rdp.pdu.activation import ConfirmActive
from trio_rdp.pdu.bitmap_codecs import (
    CODEC_NSCODEC,
    CODEC_QOI,
    CODEC_QOIZ,
    CODEC_REMOTEFX,
    BitmapCodecsCapabilitySet,
    NsCodecCapabilitySet,
    RfxClientCapsContainer,
    RfxCodecFlags,
    RfxEntropyBits,
)
from trio_rdp.pdu.capabilities_basic import (
    BitmapCapabilitySet,
    DrawingFlags,
    ExtraFlags,
    GeneralCapabilitySet,
    InputCapabilitySet,
    InputFlags,
    OrderCapabilitySet,
    OsMajorType,
    OsMinorType,
    PointerCapabilitySet,
    VirtualChannelCapabilitySet,
    VirtualChannelFlags,
)
from trio_rdp.pdu.capabilities_caches import GlyphCacheCapabilitySet
from trio_rdp.pdu.capabilities_extensions import (
    CommandFlags,
    MultifragmentUpdateCapabilitySet,
    SurfaceCommandsCapabilitySet,
)
from trio_rdp.protocol.activation import find_capability
from trio_rdp.protocol.client_capabilities import client_capability_sets, offered_codecs
from trio_rdp.protocol.config import BitmapCodec, ClientConfig, DesktopSize
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.remote_programs import agreed_remote_programs, remote_programs_sets

SIZE = DesktopSize(1600, 900)


def test_what_the_configuration_says_is_advertised() -> None:
    config = ClientConfig(
        color_depth=16,
        pointer_cache_size=25,
        keyboard_layout=0x407,
        keyboard_subtype=3,
        ime_file_name="ime.dll",
        platform=OsMajorType.WINDOWS,
        platform_minor=OsMinorType.WINDOWS_NT,
        limits=Limits(update_size=1 << 20),
    )
    sets = client_capability_sets(config, SIZE)
    bitmap = find_capability(sets, BitmapCapabilitySet)
    assert bitmap is not None
    assert (bitmap.preferred_bits_per_pixel, bitmap.desktop_width, bitmap.desktop_height) == (16, 1600, 900)
    pointer = find_capability(sets, PointerCapabilitySet)
    assert pointer is not None
    assert (pointer.color_pointer_cache_size, pointer.pointer_cache_size) == (25, 25)
    entry = find_capability(sets, InputCapabilitySet)
    assert entry is not None
    assert (entry.keyboard_layout, entry.keyboard_sub_type, entry.ime_file_name) == (0x407, 3, "ime.dll")
    assert InputFlags.UNICODE in entry.input_flags
    general = find_capability(sets, GeneralCapabilitySet)
    assert general is not None
    assert (general.os_major_type, general.os_minor_type) == (OsMajorType.WINDOWS, OsMinorType.WINDOWS_NT)
    assert ExtraFlags.FASTPATH_OUTPUT_SUPPORTED in general.extra_flags
    fragments = find_capability(sets, MultifragmentUpdateCapabilitySet)
    assert fragments is not None
    assert fragments.max_request_size == 1 << 20


def test_nothing_is_advertised_that_is_not_drawn() -> None:
    sets = client_capability_sets(ClientConfig(), SIZE)
    orders = find_capability(sets, OrderCapabilitySet)
    assert orders is not None
    assert not any(orders.order_support)
    glyphs = find_capability(sets, GlyphCacheCapabilitySet)
    assert glyphs is not None
    assert all(cache.cache_entries == 0 for cache in glyphs.glyph_cache)
    bitmap = find_capability(sets, BitmapCapabilitySet)
    assert bitmap is not None
    assert bitmap.drawing_flags == DrawingFlags.ALLOW_SKIP_ALPHA
    surface = find_capability(sets, SurfaceCommandsCapabilitySet)
    assert surface is not None
    assert CommandFlags.SET_SURFACE_BITS in surface.cmd_flags


def test_codecs() -> None:
    sets = client_capability_sets(ClientConfig(), SIZE)
    offered = find_capability(sets, BitmapCodecsCapabilitySet)
    assert offered is not None
    remotefx, nscodec, qoi, qoiz = offered.supported_bitmap_codecs
    assert (remotefx.codec_guid, remotefx.codec_id) == (CODEC_REMOTEFX, 3)
    container = RfxClientCapsContainer.decode(remotefx.codec_properties)
    assert {icap.entropy_bits for icap in container.icaps} == {RfxEntropyBits.RLGR1, RfxEntropyBits.RLGR3}
    assert not any(RfxCodecFlags.CODEC_MODE in icap.flags for icap in container.icaps)  # image mode and video mode
    assert (nscodec.codec_guid, nscodec.codec_id) == (CODEC_NSCODEC, 1)
    assert NsCodecCapabilitySet.decode(nscodec.codec_properties) == NsCodecCapabilitySet(
        allow_dynamic_fidelity=False, allow_subsampling=False, color_loss_level=1
    )
    assert (qoi.codec_guid, qoi.codec_id, qoi.codec_properties) == (CODEC_QOI, 10, b"")
    assert (qoiz.codec_guid, qoiz.codec_id, qoiz.codec_properties) == (CODEC_QOIZ, 11, b"")


def test_codecs_that_may_lose() -> None:
    config = ClientConfig(codecs=(BitmapCodec.NSCODEC,), nscodec_color_loss_level=4, nscodec_subsampling=True)
    offered = find_capability(client_capability_sets(config, SIZE), BitmapCodecsCapabilitySet)
    assert offered is not None
    (nscodec,) = offered.supported_bitmap_codecs
    assert NsCodecCapabilitySet.decode(nscodec.codec_properties) == NsCodecCapabilitySet(
        allow_dynamic_fidelity=True, allow_subsampling=True, color_loss_level=4
    )
    assert offered_codecs(config) == {1: BitmapCodec.NSCODEC}


@pytest.mark.parametrize("config", [ClientConfig(codecs=()), ClientConfig(color_depth=16)], ids=["none", "16"])
def test_no_codecs(config: ClientConfig) -> None:
    assert find_capability(client_capability_sets(config, SIZE), BitmapCodecsCapabilitySet) is None
    assert not offered_codecs(config)


def test_channels_may_be_compressed_where_anything_may() -> None:
    for config, flags in (
        (ClientConfig(), VirtualChannelFlags.COMPRESSION_SC),
        (ClientConfig(compression_type=None), 0),
    ):
        channel = find_capability(client_capability_sets(config, SIZE), VirtualChannelCapabilitySet)
        assert channel is not None
        assert channel.flags == flags


@pytest.mark.parametrize("depth", [8, 15, 16, 24, 32])
def test_they_encode(depth: int) -> None:
    sets = client_capability_sets(ClientConfig(color_depth=depth), SIZE)
    confirm = ConfirmActive(share_id=1, capability_sets=sets)
    assert ConfirmActive.decode(confirm.encode()) == confirm
    kinds = [type(one) for one in sets]
    assert len(set(kinds)) == len(kinds)


def test_remote_programs_where_the_server_has_them() -> None:
    assert agreed_remote_programs(client_capability_sets(ClientConfig(), SIZE)) is None
    server = agreed_remote_programs(remote_programs_sets())
    assert agreed_remote_programs(client_capability_sets(ClientConfig(), SIZE, server)) == server
