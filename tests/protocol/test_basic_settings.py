from __future__ import annotations

from dataclasses import replace

import pytest

from tests.protocol.ladder import Ladder
from tests.protocol.scripted_server import EXTENDED, FIRST, IO, MESSAGE, connect_response, domain, ultimatum
from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.gcc import ConferenceCreateRequest, ConferenceCreateResponse
from trio_rdp.pdu.gcc_client import (
    ChannelDefinition,
    ClientCoreData,
    ClientEarlyCapabilityFlags,
    ClientGccBlocks,
    ClientMessageChannelData,
    ClientMonitorData,
    ClientNetworkData,
    ColorDepth,
    EncryptionMethod,
    HighColorDepth,
    MonitorDefinition,
    RdpVersion,
)
from trio_rdp.pdu.gcc_server import (
    EncryptionLevel,
    ServerEarlyCapabilityFlags,
    ServerGccBlocks,
    ServerSecurityData,
)
from trio_rdp.pdu.x224 import NegotiationResponseFlags, SecurityProtocol, unwrap_data, wrap_data
from trio_rdp.protocol.basic_settings import (
    BasicSettings,
    accept_basic_settings,
    client_blocks,
    exchange_basic_settings,
    monitors_of,
)
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Monitor, ServerConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.negotiation import Negotiated
from trio_rdp.protocol.states import ClientConnectorState as C
from trio_rdp.protocol.states import ServerAcceptorState as S
from trio_rdp.wire.errors import DecodeError, EncodeError, NegotiationFailed, RemoteProtocolError

SSL = SecurityProtocol(SecurityProtocol.SSL)
NEGOTIATED = Negotiated(SSL, SSL, EXTENDED)
SEND, WAIT = C.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL, C.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE
SKIP = ServerEarlyCapabilityFlags.SKIP_CHANNELJOIN_SUPPORTED
TWO_MONITORS = (
    Monitor(width=1920, height=1080, is_primary=True, physical_width=500, physical_height=300),
    Monitor(left=1920, top=-200, width=1080, height=1920, orientation=90, desktop_scale_factor=150),
)


def blocks_of(frame: bytes) -> ClientGccBlocks:
    initial = mcs.ConnectInitial.decode(unwrap_data(frame[tpkt.HEADER_SIZE :]))
    return ClientGccBlocks.decode(ConferenceCreateRequest.decode(initial.user_data).user_data)


class TestClient:
    def exchange(self, config: ClientConfig, answer: bytes, negotiated: Negotiated = NEGOTIATED) -> BasicSettings:
        ladder = Ladder.of(exchange_basic_settings(config, negotiated))
        ladder.sends(SEND)
        ladder.receives(WAIT, answer)
        found: BasicSettings = ladder.ends()
        return found

    def refused(self, error: type[NegotiationFailed | RemoteProtocolError], match: str | None, answer: bytes) -> None:
        ladder = Ladder.of(exchange_basic_settings(ClientConfig(), NEGOTIATED))
        ladder.sends(SEND)
        ladder.fails(error, match, WAIT, answer)

    def test_the_client_describes_itself(self) -> None:
        config = ClientConfig(
            desktop_size=DesktopSize(1600, 900),
            client_name="a-name-of-more-than-15",
            client_build=7601,
            dig_product_id="69712-783-0357974-42714",
            keyboard_layout=0x407,
            keyboard_functional_keys_count=24,
            desktop_scale_factor=150,
            static_channels=("cliprdr", "rdpsnd"),
        )
        ladder = Ladder.of(exchange_basic_settings(config, NEGOTIATED))
        blocks = blocks_of(ladder.sends(SEND))
        core = blocks.core
        assert core.version == RdpVersion.RDP_10_7
        assert (core.desktop_width, core.desktop_height) == (1600, 900)
        assert (core.client_name, core.client_build) == ("a-name-of-more-", 7601)
        assert core.client_dig_product_id == "69712-783-0357974-42714"
        assert (core.keyboard_layout, core.keyboard_function_key) == (0x407, 24)
        assert (core.desktop_scale_factor, core.device_scale_factor) == (150, 100)
        assert core.server_selected_protocol == SSL
        assert blocks.network is not None
        assert [channel.name for channel in blocks.channels] == ["cliprdr", "rdpsnd", "drdynvc"]
        assert blocks.message_channel is not None
        assert blocks.monitor is None

    @pytest.mark.parametrize(
        ("depth", "post_beta2", "high", "wants_32"),
        [
            (8, ColorDepth.BPP_8, HighColorDepth.BPP_8, False),
            (15, ColorDepth.BPP_16_555, HighColorDepth.BPP_15, False),
            (16, ColorDepth.BPP_16_565, HighColorDepth.BPP_16, False),
            (24, ColorDepth.BPP_8, HighColorDepth.BPP_24, False),
            (32, ColorDepth.BPP_8, HighColorDepth.BPP_24, True),
        ],
    )
    def test_color_depths(self, depth: int, post_beta2: ColorDepth, high: HighColorDepth, wants_32: bool) -> None:
        core = client_blocks(ClientConfig(color_depth=depth), NEGOTIATED).core
        assert (core.post_beta2_color_depth, core.high_color_depth) == (post_beta2, high)
        flags = core.early_capability_flags
        assert flags is not None
        assert (ClientEarlyCapabilityFlags.WANT_32BPP_SESSION in flags) == wants_32
        assert (ClientEarlyCapabilityFlags.SUPPORT_DYNVC_GFX_PROTOCOL in flags) == wants_32

    @pytest.mark.parametrize("name", ["enable_graphics_pipeline", "enable_dynamic_channels"])
    def test_the_graphics_pipeline_can_be_left_out(self, name: str) -> None:
        core = client_blocks(ClientConfig(**{name: False}), NEGOTIATED).core  # type: ignore[arg-type]
        assert core.early_capability_flags is not None
        assert ClientEarlyCapabilityFlags.SUPPORT_DYNVC_GFX_PROTOCOL not in core.early_capability_flags

    def test_monitors_need_the_extended_blocks(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG", "trio_rdp")
        config = ClientConfig(monitors=TWO_MONITORS, desktop_size=DesktopSize(3000, 1920))
        blocks = client_blocks(config, NEGOTIATED)
        assert blocks.monitor is not None
        assert monitors_of(ClientGccBlocks.decode(blocks.encode())) == TWO_MONITORS
        assert not caplog.records
        blocks = client_blocks(config, replace(NEGOTIATED, flags=NegotiationResponseFlags(0)))
        assert (blocks.monitor, blocks.monitor_extended, blocks.message_channel) == (None, None, None)
        assert monitors_of(blocks) == ()
        assert "2 monitors are one desktop" in caplog.text

    def test_what_does_not_fit_is_said(self) -> None:
        with pytest.raises(EncodeError):
            Ladder.of(exchange_basic_settings(ClientConfig(desktop_size=DesktopSize(70_000, 1)), NEGOTIATED))

    def test_the_server_answers(self) -> None:
        config = ClientConfig(static_channels=("cliprdr", "rdpsnd", "rdpdr"))
        settings = self.exchange(config, connect_response(requested=SSL, channels=(FIRST, 0), flags=SKIP))
        assert settings.io_channel_id == IO
        assert settings.message_channel_id == MESSAGE
        assert settings.static_channels == {"cliprdr": FIRST}  # the second was refused, the third not mentioned
        assert settings.channel_ids == (IO, MESSAGE, FIRST)
        assert settings.skips_channel_join

    def test_a_plain_server(self) -> None:
        settings = self.exchange(ClientConfig(), connect_response(message_channel=None))
        assert settings.channel_ids == (IO,)
        assert not settings.skips_channel_join
        assert ClientEarlyCapabilityFlags.SUPPORT_SKIP_CHANNELJOIN in settings.client_flags

    def test_the_server_refuses(self) -> None:
        answer = connect_response(result=mcs.Result.USER_REJECTED)
        self.refused(RemoteProtocolError, "refused the MCS connection: USER_REJECTED", answer)

    def test_a_refusal_needs_no_more_than_its_reason(self) -> None:
        answer = mcs.ConnectResponse(result=mcs.Result.NOT_ADMITTED, user_data=b"")
        self.refused(RemoteProtocolError, "NOT_ADMITTED", wrap_data(answer.encode()))

    def test_the_server_saw_another_request(self) -> None:
        self.refused(NegotiationFailed, "a downgrade", connect_response(requested=SecurityProtocol(3)))

    @pytest.mark.parametrize(
        "security",
        [
            ServerSecurityData(
                encryption_method=EncryptionMethod(2),
                encryption_level=EncryptionLevel.HIGH,
                server_random=bytes(32),
                server_certificate=bytes(64),
            ),
            ServerSecurityData(encryption_method=EncryptionMethod(0x10), encryption_level=EncryptionLevel.FIPS),
            ServerSecurityData(encryption_level=EncryptionLevel.LOW),
        ],
    )
    def test_the_server_wants_to_encrypt(self, security: ServerSecurityData) -> None:
        match = f"at level {security.encryption_level.name}, which this library does not speak"
        self.refused(NegotiationFailed, match, connect_response(security=security))

    @pytest.mark.parametrize("answer", [ultimatum(), domain(mcs.AttachUserConfirm())])
    def test_something_else_comes(self, answer: bytes) -> None:
        self.refused(DecodeError, None, answer)


def core_data(flags: int | None = None, claimed: SecurityProtocol | None = SSL) -> ClientCoreData:
    core = client_blocks(ClientConfig(), NEGOTIATED).core
    core.early_capability_flags = ClientEarlyCapabilityFlags(flags or 0)
    core.server_selected_protocol = claimed
    if claimed is None:
        core.desktop_physical_width = core.desktop_physical_height = core.desktop_orientation = None
        core.desktop_scale_factor = core.device_scale_factor = None
    return core


def initial(blocks: ClientGccBlocks) -> bytes:
    conference = ConferenceCreateRequest(user_data=blocks.encode())
    return wrap_data(mcs.ConnectInitial(user_data=conference.encode()).encode())


def channels(*names: str) -> ClientNetworkData:
    return ClientNetworkData(channel_def_array=[ChannelDefinition(name=name) for name in names])


class TestServer:
    def exchange(self, blocks: ClientGccBlocks, config: ServerConfig | None = None) -> BasicSettings:
        ladder = Ladder.of(accept_basic_settings(config or ServerConfig(), NEGOTIATED))
        ladder.receives(S.BASIC_SETTINGS_WAIT_INITIAL, initial(blocks))
        answer = ladder.sends(S.BASIC_SETTINGS_SEND_RESPONSE)
        response = mcs.ConnectResponse.decode(unwrap_data(answer[tpkt.HEADER_SIZE :]))
        server = ServerGccBlocks.decode(ConferenceCreateResponse.decode(response.user_data).user_data)
        settings: BasicSettings = ladder.ends()
        assert server == settings.server
        return settings

    def test_every_channel_gets_an_id(self) -> None:
        blocks = ClientGccBlocks(
            core=core_data(ClientEarlyCapabilityFlags.SUPPORT_SKIP_CHANNELJOIN),
            network=channels("cliprdr", "rdpsnd"),
            message_channel=ClientMessageChannelData(),
        )
        settings = self.exchange(blocks)
        assert settings.static_channels == {"cliprdr": 1004, "rdpsnd": 1005}
        assert settings.channel_ids == (1003, 1006, 1004, 1005)
        assert settings.server.core.client_requested_protocols == SSL
        assert settings.skips_channel_join

    def test_a_client_without_extensions(self) -> None:
        settings = self.exchange(ClientGccBlocks(core=core_data(claimed=None)))
        assert settings.channel_ids == (1003,)
        assert not settings.skips_channel_join

    def test_a_downgrade_is_refused(self) -> None:
        ladder = Ladder.of(accept_basic_settings(ServerConfig(), NEGOTIATED))
        blocks = ClientGccBlocks(core=core_data(claimed=SecurityProtocol(SecurityProtocol.HYBRID)))
        ladder.fails(RemoteProtocolError, "a downgrade", S.BASIC_SETTINGS_WAIT_INITIAL, initial(blocks))

    def test_static_channels_are_limited(self) -> None:
        limits = Limits(static_channels=2)
        blocks = ClientGccBlocks(core=core_data(), network=channels("a", "b", "c"))
        ladder = Ladder.of(accept_basic_settings(ServerConfig(limits=limits), NEGOTIATED))
        ladder.fails(RemoteProtocolError, "asks for 3 static channels", S.BASIC_SETTINGS_WAIT_INITIAL, initial(blocks))

    def test_monitors_without_attributes(self) -> None:
        definition = MonitorDefinition(left=-10, top=0, right=89, bottom=49)
        blocks = ClientGccBlocks(core=core_data(), monitor=ClientMonitorData(monitor_def_array=[definition]))
        assert monitors_of(self.exchange(blocks).client) == (Monitor(left=-10, width=100, height=50),)
