"""What a server can do, what it makes of the client's sets, and its choice of size and depth."""

from __future__ import annotations

import pytest

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.surface_encoder import SurfaceCodec
from trio_rdp.pdu.activation import ConfirmActive
from trio_rdp.pdu.capabilities import CapabilitySetType
from trio_rdp.pdu.capabilities_basic import (
    BitmapCapabilitySet,
    DrawingFlags,
    GeneralCapabilitySet,
    InputFlags,
    OrderCapabilitySet,
    PointerCapabilitySet,
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
from trio_rdp.pdu.gcc_client import (
    ClientCoreData,
    ClientEarlyCapabilityFlags,
    ColorDepth,
    HighColorDepth,
    SupportedColorDepths,
)
from trio_rdp.protocol.activation import find_capability
from trio_rdp.protocol.client_capabilities import client_capability_sets
from trio_rdp.protocol.config import ClientConfig, DesktopSize, ServerConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.remote_programs import agreed_remote_programs, remote_programs_sets
from trio_rdp.protocol.server_capabilities import (
    ClientCapabilities,
    server_capability_sets,
    session_color_depth,
    session_desktop_size,
)

SIZE = DesktopSize(1280, 800)


class TestReading:
    def test_our_own_client(self) -> None:
        config = ClientConfig(pointer_cache_size=40, limits=Limits(update_size=123_456), codecs=(BitmapCodec.QOI,))
        sets = client_capability_sets(config, SIZE)
        confirm = ConfirmActive.decode(ConfirmActive(share_id=1, capability_sets=sets).encode())
        found = ClientCapabilities.read(confirm.capability_sets)
        assert found == ClientCapabilities(
            fast_path_output=True,
            long_credentials=True,
            no_bitmap_compression_header=True,
            drawing_flags=DrawingFlags.ALLOW_SKIP_ALPHA,
            desktop_resize=True,
            color_pointer_cache_size=40,
            pointer_cache_size=40,
            large_pointer_flags=LargePointerSupportFlags.UP_TO_96X96 | LargePointerSupportFlags.UP_TO_384X384,
            max_request_size=123_456,
            surface_command_flags=CommandFlags.SET_SURFACE_BITS
            | CommandFlags.STREAM_SURFACE_BITS
            | CommandFlags.FRAME_MARKER,
            max_unacknowledged_frame_count=2,
            codecs={BitmapCodec.QOI: SurfaceCodec(codec_id=10)},
            takes_compressed_channels=True,
            input_flags=found.input_flags,
            capability_sets=tuple(sets),
        )
        assert InputFlags.FASTPATH_INPUT2 in found.input_flags
        assert found.skip_alpha
        assert found.acknowledges_frames

    def test_nothing_at_all(self) -> None:
        found = ClientCapabilities.read([])
        assert found == ClientCapabilities()
        assert not found.skip_alpha
        assert not found.acknowledges_frames
        assert found.channel_chunk_size == 1600

    def test_a_client_of_old_pointers(self) -> None:
        found = ClientCapabilities.read([PointerCapabilitySet(color_pointer_cache_size=25)])
        assert (found.color_pointer_cache_size, found.pointer_cache_size) == (25, 0)

    @pytest.mark.parametrize(
        ("frames", "flags", "acknowledges"),
        [(2, CommandFlags.FRAME_MARKER, True), (0, CommandFlags.FRAME_MARKER, False), (2, CommandFlags(0), False)],
    )
    def test_frames_are_acknowledged_where_they_are_marked(
        self, frames: int, flags: CommandFlags, acknowledges: bool
    ) -> None:
        found = ClientCapabilities.read(
            [
                FrameAcknowledgeCapabilitySet(max_unacknowledged_frame_count=frames),
                SurfaceCommandsCapabilitySet(cmd_flags=flags),
            ]
        )
        assert found.acknowledges_frames is acknowledges

    @pytest.mark.parametrize(
        ("channels", "commands", "takes"),
        [
            (VirtualChannelFlags.COMPRESSION_SC, CommandFlags.FRAME_MARKER, True),
            (VirtualChannelFlags.COMPRESSION_SC, CommandFlags(0), False),  # as rdesktop, which inflates none
            (VirtualChannelFlags.COMPRESSION_CS_8K, CommandFlags.FRAME_MARKER, False),
        ],
    )
    def test_compressed_channels(self, channels: VirtualChannelFlags, commands: CommandFlags, takes: bool) -> None:
        sets = [VirtualChannelCapabilitySet(flags=channels), SurfaceCommandsCapabilitySet(cmd_flags=commands)]
        assert ClientCapabilities.read(sets).takes_compressed_channels is takes

    @pytest.mark.parametrize(
        ("fast", "commands", "takes"),
        [
            (True, CommandFlags.SET_SURFACE_BITS, True),
            (True, CommandFlags.STREAM_SURFACE_BITS, True),
            (True, CommandFlags.FRAME_MARKER, False),
            (False, CommandFlags.SET_SURFACE_BITS, False),
        ],
    )
    def test_surface_bits(self, fast: bool, commands: CommandFlags, takes: bool) -> None:
        found = ClientCapabilities(fast_path_output=fast, surface_command_flags=commands)
        assert found.takes_surface_bits is takes


def _core(width: int = 800, height: int = 600) -> ClientCoreData:
    return ClientCoreData(desktop_width=width, desktop_height=height)


class TestDepth:
    @pytest.mark.parametrize(
        ("fields", "depth"),
        [
            ({}, 8),
            ({"color_depth": ColorDepth.BPP_4}, 8),
            ({"color_depth": ColorDepth.BPP_16_565}, 16),
            ({"post_beta2_color_depth": ColorDepth.BPP_16_555}, 15),
            ({"post_beta2_color_depth": ColorDepth.BPP_24}, 24),
            ({"post_beta2_color_depth": ColorDepth(0x1234)}, 8),
            ({"post_beta2_color_depth": ColorDepth.BPP_8, "high_color_depth": HighColorDepth.BPP_15}, 15),
            ({"post_beta2_color_depth": ColorDepth.BPP_24, "high_color_depth": HighColorDepth.BPP_4}, 8),
            ({"high_color_depth": HighColorDepth.BPP_24}, 24),
            ({"high_color_depth": HighColorDepth(32)}, 32),
            ({"high_color_depth": HighColorDepth(0), "post_beta2_color_depth": ColorDepth.BPP_16_565}, 16),
        ],
    )
    def test_later_fields_take_the_place_of_earlier_ones(self, fields: dict[str, object], depth: int) -> None:
        core = _core()
        for name, value in fields.items():
            setattr(core, name, value)
        assert session_color_depth(core) == depth

    @pytest.mark.parametrize(
        ("supported", "depth"), [(None, 32), (SupportedColorDepths(0xF), 32), (SupportedColorDepths(0x7), 24)]
    )
    def test_32_bits(self, supported: SupportedColorDepths | None, depth: int) -> None:
        core = _core()
        core.high_color_depth = HighColorDepth.BPP_24
        core.supported_color_depths = supported
        core.early_capability_flags = ClientEarlyCapabilityFlags.WANT_32BPP_SESSION
        assert session_color_depth(core) == depth


class TestSize:
    @pytest.mark.parametrize(
        ("asked", "given"),
        [
            ((1023, 767), (1023, 767)),
            ((0, 0), (200, 200)),
            ((65_535, 100), (8192, 200)),
            ((8192, 8192), (8192, 4320)),
        ],
    )
    def test_the_clients_own_as_far_as_it_may(self, asked: tuple[int, int], given: tuple[int, int]) -> None:
        assert session_desktop_size(ServerConfig(), _core(*asked)) == DesktopSize(*given)

    def test_limits_bind(self) -> None:
        config = ServerConfig(limits=Limits(desktop_side=500, desktop_pixels=100_000))
        assert session_desktop_size(config, _core(1000, 1000)) == DesktopSize(500, 200)

    def test_a_server_of_one_size(self) -> None:
        assert session_desktop_size(ServerConfig(desktop_size=SIZE), _core(1, 1)) == SIZE


class TestServerSets:
    def test_nothing_but_what_is_done(self) -> None:
        sets = server_capability_sets(ServerConfig(), SIZE, 24)
        kinds = [one.kind for one in sets]
        assert len(set(kinds)) == len(kinds)
        assert not {CapabilitySetType.BITMAP_CACHE, CapabilitySetType.BITMAP_CODECS, CapabilitySetType.RAIL} & {*kinds}
        bitmap = find_capability(sets, BitmapCapabilitySet)
        assert bitmap is not None
        assert (bitmap.desktop_width, bitmap.desktop_height, bitmap.preferred_bits_per_pixel) == (1280, 800, 24)
        order = find_capability(sets, OrderCapabilitySet)
        assert order is not None
        assert not any(order.order_support)
        general = find_capability(sets, GeneralCapabilitySet)
        assert general is not None
        assert general.refresh_rect_support
        assert general.suppress_output_support

    @pytest.mark.parametrize(
        ("size", "flags"),
        [
            (8 << 20, LargePointerSupportFlags.UP_TO_96X96 | LargePointerSupportFlags.UP_TO_384X384),
            (608_298, LargePointerSupportFlags.UP_TO_96X96),
            (38_054, LargePointerSupportFlags(0)),
        ],
    )
    def test_large_pointers_need_large_updates(self, size: int, flags: LargePointerSupportFlags) -> None:
        sets = server_capability_sets(ServerConfig(max_request_size=size), SIZE, 24)
        large = find_capability(sets, LargePointerCapabilitySet)
        fragments = find_capability(sets, MultifragmentUpdateCapabilitySet)
        assert large is not None
        assert fragments is not None
        assert large.large_pointer_support_flags == flags
        assert fragments.max_request_size == size


def test_remote_programs() -> None:
    sets = server_capability_sets(ServerConfig(), DesktopSize(800, 600), 32, remote_programs=True)
    offered = agreed_remote_programs(sets)
    assert offered is not None
    assert agreed_remote_programs(server_capability_sets(ServerConfig(), DesktopSize(800, 600), 32)) is None
    assert ClientCapabilities.read(remote_programs_sets(offered)).remote_programs == offered
    assert ClientCapabilities.read([]).remote_programs is None
