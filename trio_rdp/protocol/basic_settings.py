"""Basic settings exchange, [MS-RDPBCGR] 1.3.1.1: MCS Connect Initial and Connect Response with their GCC blocks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from trio_rdp.pdu import mcs
from trio_rdp.pdu.gcc import ConferenceCreateRequest, ConferenceCreateResponse
from trio_rdp.pdu.gcc_client import (
    ClientCoreData,
    ClientEarlyCapabilityFlags,
    ClientGccBlocks,
    ClientMessageChannelData,
    ClientMonitorData,
    ClientMonitorExtendedData,
    ClientNetworkData,
    ColorDepth,
    HighColorDepth,
    MonitorAttributes,
    MonitorDefinition,
    MonitorFlags,
    Orientation,
    RdpVersion,
    SupportedColorDepths,
)
from trio_rdp.pdu.gcc_server import (
    EncryptionLevel,
    ServerCoreData,
    ServerEarlyCapabilityFlags,
    ServerGccBlocks,
    ServerMessageChannelData,
    ServerNetworkData,
)
from trio_rdp.pdu.tpkt import HEADER_SIZE
from trio_rdp.pdu.x224 import NegotiationResponseFlags, unwrap_data, wrap_data
from trio_rdp.protocol.config import ClientConfig, Monitor, ServerConfig
from trio_rdp.protocol.framing import X224_HINT
from trio_rdp.protocol.handshake import Handshake, Receive, Send
from trio_rdp.protocol.negotiation import Negotiated, check_claimed_protocol, check_echoed_request
from trio_rdp.protocol.states import ClientConnectorState, ServerAcceptorState
from trio_rdp.protocol.static_channels import channel_definitions
from trio_rdp.wire.errors import NegotiationFailed, RemoteProtocolError

__all__ = [
    "BasicSettings",
    "accept_basic_settings",
    "client_blocks",
    "exchange_basic_settings",
    "monitors_of",
]

_log = logging.getLogger(__name__)

_FIRST_CHANNEL_ID = 1003
_EARLY_CAPABILITIES = (
    ClientEarlyCapabilityFlags.SUPPORT_ERRINFO_PDU
    | ClientEarlyCapabilityFlags.SUPPORT_STATUSINFO_PDU
    | ClientEarlyCapabilityFlags.STRONG_ASYMMETRIC_KEYS
    | ClientEarlyCapabilityFlags.RELATIVE_MOUSE_INPUT
    | ClientEarlyCapabilityFlags.VALID_CONNECTION_TYPE
    | ClientEarlyCapabilityFlags.SUPPORT_MONITOR_LAYOUT_PDU
    | ClientEarlyCapabilityFlags.SUPPORT_NETCHAR_AUTODETECT
    | ClientEarlyCapabilityFlags.SUPPORT_DYNAMIC_TIME_ZONE
    | ClientEarlyCapabilityFlags.SUPPORT_HEARTBEAT_PDU
    | ClientEarlyCapabilityFlags.SUPPORT_SKIP_CHANNELJOIN
)
_POST_BETA2_DEPTHS = {8: ColorDepth.BPP_8, 15: ColorDepth.BPP_16_555, 16: ColorDepth.BPP_16_565}
_HIGH_DEPTHS = {8: HighColorDepth.BPP_8, 15: HighColorDepth.BPP_15, 16: HighColorDepth.BPP_16}


@dataclass(frozen=True, slots=True)
class BasicSettings:
    """What both sides know of each other after the exchange."""

    client: ClientGccBlocks
    server: ServerGccBlocks
    io_channel_id: int
    message_channel_id: int | None
    static_channels: Mapping[str, int]
    """Channel ids by name."""

    @property
    def client_flags(self) -> ClientEarlyCapabilityFlags:
        """The client's early capabilities."""
        return self.client.core.early_capability_flags or ClientEarlyCapabilityFlags(0)

    @property
    def skips_channel_join(self) -> bool:
        """Whether both sides can do without channel joins."""
        flags = self.server.core.early_capability_flags or ServerEarlyCapabilityFlags(0)
        return (
            ServerEarlyCapabilityFlags.SKIP_CHANNELJOIN_SUPPORTED in flags
            and ClientEarlyCapabilityFlags.SUPPORT_SKIP_CHANNELJOIN in self.client_flags
        )

    @property
    def channel_ids(self) -> tuple[int, ...]:
        """Every channel that a client joins beside its user's own."""
        message = () if self.message_channel_id is None else (self.message_channel_id,)
        return (self.io_channel_id, *message, *self.static_channels.values())


def client_blocks(config: ClientConfig, negotiated: Negotiated) -> ClientGccBlocks:
    """The GCC blocks in which a client describes itself."""
    blocks = ClientGccBlocks(core=_core_data(config, negotiated))
    if definitions := channel_definitions(config):
        blocks.network = ClientNetworkData(channel_def_array=definitions)
    if NegotiationResponseFlags.EXTENDED_CLIENT_DATA_SUPPORTED not in negotiated.flags:
        if config.monitors:
            _log.debug("the server takes no extended client data: %d monitors are one desktop", len(config.monitors))
    else:
        blocks.message_channel = ClientMessageChannelData()
        if config.monitors:
            blocks.monitor = ClientMonitorData(monitor_def_array=[_definition(one) for one in config.monitors])
            attributes = [_attributes(one) for one in config.monitors]
            blocks.monitor_extended = ClientMonitorExtendedData(monitor_attributes_array=attributes)
    return blocks


def _core_data(config: ClientConfig, negotiated: Negotiated) -> ClientCoreData:
    flags = _EARLY_CAPABILITIES
    if config.color_depth == 32:
        flags |= ClientEarlyCapabilityFlags.WANT_32BPP_SESSION
    if config.offers_graphics_pipeline:
        flags |= ClientEarlyCapabilityFlags.SUPPORT_DYNVC_GFX_PROTOCOL
    return ClientCoreData(
        version=RdpVersion.RDP_10_7,
        desktop_width=config.desktop_size.width,
        desktop_height=config.desktop_size.height,
        keyboard_layout=config.keyboard_layout,
        client_build=config.client_build,
        client_name=config.client_name[:15],
        keyboard_type=config.keyboard_type,
        keyboard_sub_type=config.keyboard_subtype,
        keyboard_function_key=config.keyboard_functional_keys_count,
        ime_file_name=config.ime_file_name,
        post_beta2_color_depth=_POST_BETA2_DEPTHS.get(config.color_depth, ColorDepth.BPP_8),
        client_product_id=1,
        serial_number=0,
        high_color_depth=_HIGH_DEPTHS.get(config.color_depth, HighColorDepth.BPP_24),
        supported_color_depths=SupportedColorDepths(0xF),
        early_capability_flags=flags,
        client_dig_product_id=config.dig_product_id,
        connection_type=config.connection_type,
        server_selected_protocol=negotiated.protocol,
        desktop_physical_width=0,
        desktop_physical_height=0,
        desktop_orientation=Orientation.LANDSCAPE,
        desktop_scale_factor=config.desktop_scale_factor,
        device_scale_factor=config.device_scale_factor,
    )


def _definition(monitor: Monitor) -> MonitorDefinition:
    return MonitorDefinition(
        left=monitor.left,
        top=monitor.top,
        right=monitor.left + monitor.width - 1,
        bottom=monitor.top + monitor.height - 1,
        flags=MonitorFlags(MonitorFlags.PRIMARY if monitor.is_primary else 0),
    )


def _attributes(monitor: Monitor) -> MonitorAttributes:
    return MonitorAttributes(
        physical_width=monitor.physical_width,
        physical_height=monitor.physical_height,
        orientation=Orientation(monitor.orientation),
        desktop_scale_factor=monitor.desktop_scale_factor,
        device_scale_factor=monitor.device_scale_factor,
    )


def monitors_of(client: ClientGccBlocks) -> tuple[Monitor, ...]:
    """The monitors that a client described; none where it has just one."""
    if client.monitor is None:
        return ()
    extended = [] if client.monitor_extended is None else client.monitor_extended.monitor_attributes_array
    monitors = []
    for at, definition in enumerate(client.monitor.monitor_def_array):
        attributes = extended[at] if at < len(extended) else MonitorAttributes(physical_width=0, physical_height=0)
        monitors.append(
            Monitor(
                left=definition.left,
                top=definition.top,
                width=definition.right - definition.left + 1,
                height=definition.bottom - definition.top + 1,
                is_primary=MonitorFlags.PRIMARY in definition.flags,
                physical_width=attributes.physical_width,
                physical_height=attributes.physical_height,
                orientation=int(attributes.orientation),
                desktop_scale_factor=attributes.desktop_scale_factor,
                device_scale_factor=attributes.device_scale_factor,
            )
        )
    return tuple(monitors)


def exchange_basic_settings(config: ClientConfig, negotiated: Negotiated) -> Handshake[BasicSettings]:
    """Describe the client, and read what the server is and which channels it gives."""
    client = client_blocks(config, negotiated)
    conference = ConferenceCreateRequest(user_data=client.encode())
    initial = mcs.ConnectInitial(user_data=conference.encode())
    yield Send(ClientConnectorState.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL, wrap_data(initial.encode()))
    frame = yield Receive(ClientConnectorState.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE, X224_HINT)
    response = mcs.ConnectResponse.decode(unwrap_data(frame[HEADER_SIZE:]))
    if response.result != mcs.Result.SUCCESSFUL:
        raise RemoteProtocolError(f"the server refused the MCS connection: {response.result.name}")
    server = ServerGccBlocks.decode(ConferenceCreateResponse.decode(response.user_data).user_data)
    check_echoed_request(server.core.client_requested_protocols, negotiated)
    _check_encryption(server)
    ids = server.network.channel_id_array
    return BasicSettings(
        client=client,
        server=server,
        io_channel_id=server.network.mcs_channel_id,
        message_channel_id=server.message_channel.mcs_channel_id if server.message_channel else None,
        # A server that gives fewer ids than names were asked for has refused the rest; 0 refuses one.
        static_channels={one.name: given for one, given in zip(client.channels, ids, strict=False) if given},
    )


def _check_encryption(server: ServerGccBlocks) -> None:
    security = server.security
    if security.encryption_method or security.encryption_level != EncryptionLevel.NONE:
        raise NegotiationFailed(
            f"the server wants standard RDP security with {security.encryption_method!r} at level "
            f"{security.encryption_level.name}, which this library does not speak; ask it for TLS or NLA"
        )


def accept_basic_settings(config: ServerConfig, negotiated: Negotiated) -> Handshake[BasicSettings]:
    """Read what the client is, and answer with what the server is and the channels that it gives."""
    frame = yield Receive(ServerAcceptorState.BASIC_SETTINGS_WAIT_INITIAL, X224_HINT)
    initial = mcs.ConnectInitial.decode(unwrap_data(frame[HEADER_SIZE:]))
    client = ClientGccBlocks.decode(ConferenceCreateRequest.decode(initial.user_data).user_data)
    check_claimed_protocol(client.core.server_selected_protocol, negotiated)
    settings = _allot_channels(config, negotiated, client)
    conference = ConferenceCreateResponse(user_data=settings.server.encode())
    response = mcs.ConnectResponse(user_data=conference.encode())
    yield Send(ServerAcceptorState.BASIC_SETTINGS_SEND_RESPONSE, wrap_data(response.encode()))
    return settings


def _allot_channels(config: ServerConfig, negotiated: Negotiated, client: ClientGccBlocks) -> BasicSettings:
    asked = [definition.name for definition in client.channels]
    if len(asked) > config.limits.static_channels:
        raise RemoteProtocolError(f"the client asks for {len(asked)} static channels")
    # Every channel gets an id, also those that nobody here serves: a client takes a missing one as an error.
    ids = [_FIRST_CHANNEL_ID + 1 + at for at in range(len(asked))]
    message_channel_id = None
    if client.message_channel is not None:
        message_channel_id = _FIRST_CHANNEL_ID + 1 + len(asked)
    flags = client.core.early_capability_flags or ClientEarlyCapabilityFlags(0)
    skips = ClientEarlyCapabilityFlags.SUPPORT_SKIP_CHANNELJOIN in flags
    server = ServerGccBlocks(
        core=ServerCoreData(
            version=RdpVersion.RDP_10_7,
            client_requested_protocols=negotiated.requested,
            early_capability_flags=ServerEarlyCapabilityFlags(
                ServerEarlyCapabilityFlags.SKIP_CHANNELJOIN_SUPPORTED if skips else 0
            ),
        ),
        network=ServerNetworkData(mcs_channel_id=_FIRST_CHANNEL_ID, channel_id_array=ids),
    )
    if message_channel_id is not None:
        server.message_channel = ServerMessageChannelData(mcs_channel_id=message_channel_id)
    return BasicSettings(
        client=client,
        server=server,
        io_channel_id=_FIRST_CHANNEL_ID,
        message_channel_id=message_channel_id,
        static_channels=dict(zip(asked, ids, strict=True)),
    )
