"""`ClientConnector`: a client's connection sequence as an explicit state machine, [MS-RDPBCGR] 1.3.1.1."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.activation import Activation, activate
from trio_rdp.protocol.basic_settings import BasicSettings, exchange_basic_settings, monitors_of
from trio_rdp.protocol.channel_join import join_channels
from trio_rdp.protocol.config import ClientConfig, CompressionType, DesktopSize, Monitor
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.protocol.handshake import Conversation, Handshake, Send, State
from trio_rdp.protocol.inbox import ClientInbox
from trio_rdp.protocol.licensing import LicensingClient, hardware_id_of, obtain_license
from trio_rdp.protocol.negotiation import negotiate
from trio_rdp.protocol.secure_settings import client_info, wrap_client_info
from trio_rdp.protocol.securing import SecuredMachine
from trio_rdp.protocol.states import ClientConnectorState, ConnectionActivationState
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["ClientConnector", "ConnectionResult"]

_S = ClientConnectorState


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What a finished connection sequence hands to the session."""

    config: ClientConfig = field(repr=False)
    activation: Activation
    envelopes: Envelopes = field(repr=False)
    inbox: ClientInbox = field(repr=False)
    conversation: Conversation = field(repr=False)
    selected_protocol: SecurityProtocol
    io_channel_id: int
    user_channel_id: int
    message_channel_id: int | None
    static_channels: Mapping[str, int]
    """Ids of the joined static channels, by name."""
    monitor_layout: tuple[Monitor, ...]
    """The monitors that the server was told; none where it takes no extended client data."""

    @property
    def share_id(self) -> int:
        """The share's id."""
        return self.activation.share_id

    @property
    def desktop_size(self) -> DesktopSize:
        """The desktop's size, which is the server's choice."""
        return self.activation.desktop_size

    @property
    def input_flags(self) -> InputFlags:
        """Which input the server takes."""
        return self.activation.input_flags

    @property
    def refresh_rect_support(self) -> bool:
        """Whether the server repaints on request."""
        return self.activation.refresh_rect_support

    @property
    def suppress_output_support(self) -> bool:
        """Whether the server stops painting on request."""
        return self.activation.suppress_output_support

    @property
    def enable_server_pointer(self) -> bool:
        """Whether pointer shapes are wanted."""
        return self.config.enable_server_pointer

    @property
    def compression_type(self) -> CompressionType | None:
        """The bulk compressor that the server was allowed."""
        return self.config.compression_type


class ClientConnector(SecuredMachine[ClientConnectorState, ConnectionResult]):
    """Connects, step by step, and without any I/O: `next_pdu_hint` says what to read, `step` what to write.

    It stops in ENHANCED_SECURITY_UPGRADE for the driver to do TLS, and in CREDSSP for it to run `security.credssp`;
    the driver says when each is done.  `server_name` is the name under which licences are cached, and `random` gives
    the bytes that licensing needs.  Raises `RdpError` of every kind.
    """

    _consumed = ClientConnectorState.CONSUMED
    _done = ClientConnectorState.CONNECTED
    _upgrade = _S.ENHANCED_SECURITY_UPGRADE
    _credssp = _S.CREDSSP

    def __init__(
        self,
        config: ClientConfig,
        *,
        server_name: str = "",
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.config = config
        self._server_name = server_name
        self._random = random
        super().__init__(self._connect(), Conversation(config.limits))

    def with_static_channel(self, name: str) -> ClientConnector:
        """A connector that also asks for this channel; only before the first step."""
        if self.state is not ClientConnectorState.CONNECTION_INITIATION_SEND_REQUEST:
            raise LocalProtocolError(f"no channel can be added in state {self.state.name}")
        config = replace(self.config, static_channels=(*self.config.static_channels, name))
        return ClientConnector(config, server_name=self._server_name, random=self._random)

    def _connect(self) -> Handshake[ConnectionResult]:
        """The connection sequence, [MS-RDPBCGR] 1.3.1.1, from the client's side."""
        config = self.config
        negotiated = yield from self._secure(negotiate(config))
        settings = yield from exchange_basic_settings(config, negotiated)
        user_channel_id = yield from join_channels(settings.channel_ids, skip=settings.skips_channel_join)
        envelopes = Envelopes(False, user_channel_id, settings.io_channel_id, settings.message_channel_id)
        yield Send(_S.SECURE_SETTINGS_EXCHANGE, wrap_client_info(envelopes, client_info(config)))
        inbox = ClientInbox(self._conversation, envelopes, settings)
        # These two are the server's to use or not: what comes in them is answered whenever it comes.
        yield Send(_S.CONNECT_TIME_AUTO_DETECTION, b"")
        yield from self._license(inbox, envelopes, settings)
        yield Send(_S.MULTITRANSPORT_BOOTSTRAPPING, b"")
        activation = yield from activate(config, inbox, envelopes, _activation_state)
        inbox.keep_rest()
        return ConnectionResult(
            config=config,
            activation=activation,
            envelopes=envelopes,
            inbox=inbox,
            conversation=self._conversation,
            selected_protocol=negotiated.protocol,
            io_channel_id=settings.io_channel_id,
            user_channel_id=user_channel_id,
            message_channel_id=settings.message_channel_id,
            static_channels=settings.static_channels,
            monitor_layout=monitors_of(settings.client),
        )

    def _license(self, inbox: ClientInbox, envelopes: Envelopes, settings: BasicSettings) -> Handshake[None]:
        config = self.config
        client = LicensingClient(
            username=config.username,
            machine_name=config.client_name,
            hardware_id=config.hardware_id or hardware_id_of(config.client_name),
            server_name=self._server_name,
            cache=config.license_cache,
        )

        def wrap(message: bytes) -> bytes:
            return envelopes.secured(envelopes.io_channel_id, SecurityFlags.LICENSE_PKT, message)

        certificate = settings.server.security.server_certificate
        yield from obtain_license(
            client, self._random, inbox.receive_licensing, wrap, lambda _: _S.LICENSING_EXCHANGE, certificate
        )


def _activation_state(state: ConnectionActivationState) -> State:
    if state is ConnectionActivationState.CAPABILITIES_EXCHANGE:
        return _S.CAPABILITIES_EXCHANGE
    return _S.CONNECTION_FINALIZATION
