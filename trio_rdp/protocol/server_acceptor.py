"""`ServerAcceptor`: a server's side of the connection sequence as an explicit state machine, [MS-RDPBCGR] 1.3.1.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trio_rdp.pdu import mcs
from trio_rdp.pdu.autodetect import AutoDetectRequest
from trio_rdp.pdu.client_info import ClientInfo, InfoFlags
from trio_rdp.pdu.error_info import ErrorInfo, SetErrorInfo, describe
from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags
from trio_rdp.pdu.licensing import valid_client
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.session_info import (
    ErrorNotificationData,
    ErrorNotificationType,
    LogonErrorsInfo,
    LogonInfoExtended,
    SaveSessionInfo,
)
from trio_rdp.pdu.share import PduType2
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.basic_settings import BasicSettings, accept_basic_settings
from trio_rdp.protocol.channel_join import accept_channel_joins
from trio_rdp.protocol.config import DesktopSize, ServerConfig
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID, Envelopes, disconnect
from trio_rdp.protocol.handshake import Conversation, Handshake, Send, State, Stop
from trio_rdp.protocol.ignored import Ignored
from trio_rdp.protocol.negotiation import Negotiated, accept_negotiation
from trio_rdp.protocol.network_detection import NetworkCharacteristics, detect_network
from trio_rdp.protocol.remote_programs import wants_remote_programs
from trio_rdp.protocol.secure_settings import read_client_info
from trio_rdp.protocol.securing import SecuredMachine
from trio_rdp.protocol.server_activation import ServerActivation, ShareOffer, accept_activation
from trio_rdp.protocol.server_capabilities import ClientCapabilities, session_color_depth, session_desktop_size
from trio_rdp.protocol.server_inbox import ServerInbox
from trio_rdp.protocol.states import ServerAcceptorState
from trio_rdp.protocol.static_channels import is_wanted
from trio_rdp.wire.errors import AuthenticationFailed, LocalProtocolError

__all__ = ["AcceptedConnection", "ServerAcceptor"]

_S = ServerAcceptorState


@dataclass(frozen=True, slots=True)
class AcceptedConnection:
    """What a finished connection sequence hands to the session."""

    config: ServerConfig = field(repr=False)
    negotiated: Negotiated
    settings: BasicSettings = field(repr=False)
    client_info: ClientInfo = field(repr=False)
    activation: ServerActivation
    network: NetworkCharacteristics
    envelopes: Envelopes = field(repr=False)
    inbox: ServerInbox = field(repr=False)
    conversation: Conversation = field(repr=False)
    user_channel_id: int
    static_channels: Mapping[str, int]
    """Ids by name of those of the client's static channels that the configuration names."""

    @property
    def selected_protocol(self) -> SecurityProtocol:
        """How the connection is protected."""
        return self.negotiated.protocol

    @property
    def desktop_size(self) -> DesktopSize:
        """The desktop's size."""
        return self.activation.desktop_size

    @property
    def color_depth(self) -> int:
        """Bits per pixel: 8, 15, 16, 24 or 32."""
        return self.activation.color_depth

    @property
    def capabilities(self) -> ClientCapabilities:
        """What the client can do."""
        return self.activation.capabilities

    @property
    def io_channel_id(self) -> int:
        """The channel of input and output."""
        return self.settings.io_channel_id

    @property
    def message_channel_id(self) -> int | None:
        """The channel of network measurements and heartbeats, where the client has one."""
        return self.settings.message_channel_id

    @property
    def ignored(self) -> Ignored:
        """What was ignored so far, by its name."""
        return self.inbox.ignored


class ServerAcceptor(SecuredMachine[ServerAcceptorState, AcceptedConnection]):
    """Accepts a connection, step by step, and without any I/O: `next_pdu_hint` says what to read, `step` what to write.

    It stops in SECURITY_UPGRADE for the driver to do TLS, in CREDSSP for it to run `security.credssp`, and always in
    LOGIN, where the driver looks at `client_info` and accepts or refuses.  Raises `RdpError` of every kind.
    """

    _consumed = ServerAcceptorState.CONSUMED
    _done = ServerAcceptorState.ACCEPTED
    _upgrade = _S.SECURITY_UPGRADE
    _credssp = _S.CREDSSP

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self._client_info: ClientInfo | None = None
        self._refusal: ErrorInfo | None = None
        super().__init__(self._accept(), Conversation(config.limits))

    @property
    def client_info(self) -> ClientInfo:
        """Who the client says it is; raises `LocalProtocolError` before it has."""
        if self._client_info is None:
            raise LocalProtocolError(f"the client has not said who it is in state {self.state.name}")
        return self._client_info

    @property
    def should_check_login(self) -> bool:
        """Whether it is the driver's turn to look at `client_info`; after CredSSP there is nothing left to check."""
        return self.state is _S.LOGIN and self._refusal is None

    def accept_login(self) -> None:
        """Let the client in."""
        self._pass(_S.LOGIN)

    def refuse_login(self, code: ErrorInfo = ErrorInfo.SERVER_DENIED_CONNECTION) -> None:
        """Turn the client away, and say why: at once, or, to one that shows logon errors, when the connection stands.

        The `step` that says so disconnects, and the one after raises `AuthenticationFailed`; there is no result.

        [MS-RDPBCGR] 3.3.5.7.1.1 wants SERVER_INSUFFICIENT_PRIVILEGES for a user who is known and may not log on.
        """
        if not self.should_check_login:
            raise LocalProtocolError(f"there is no login to refuse in state {self.state.name}")
        self._refusal = code
        self._pass(_S.LOGIN)

    def _accept(self) -> Handshake[AcceptedConnection]:
        """The connection sequence, [MS-RDPBCGR] 1.3.1.1, from the server's side."""
        config = self.config
        negotiated = yield from self._secure(accept_negotiation(config))
        settings = yield from accept_basic_settings(config, negotiated)
        user_channel_id = max(settings.channel_ids) + 1
        frame = yield from accept_channel_joins(user_channel_id, settings.channel_ids)
        # The keys of standard RDP security would be made here; what is not encrypted needs none.
        yield Send(_S.RDP_SECURITY_COMMENCEMENT, b"")
        info = self._client_info = read_client_info(frame)
        yield Send(_S.SECURE_SETTINGS_EXCHANGE, b"")
        envelopes = Envelopes(True, SERVER_CHANNEL_ID, settings.io_channel_id, settings.message_channel_id)
        is_welcome = yield from self._check_login(settings, envelopes, info)
        inbox = ServerInbox(self._conversation, envelopes, settings, user_channel_id)
        network = yield from self._detect_network(settings, envelopes, inbox)
        yield Send(_S.LICENSING_EXCHANGE, _grant_license(envelopes))
        core = settings.client.core
        offer = ShareOffer(
            settings,
            user_channel_id,
            session_desktop_size(config, core),
            session_color_depth(core),
            remote_programs=wants_remote_programs(config, info, settings.static_channels),
        )
        activation = yield from accept_activation(config, offer, inbox, envelopes, _same)
        if not is_welcome and self._refusal is not None:
            words = _logon_failure(envelopes) + self._last_words(self._refusal, settings, envelopes)
            yield Send(_S.CONNECTION_FINALIZATION, words)
            raise _refused(self._refusal)
        return AcceptedConnection(
            config=config,
            negotiated=negotiated,
            settings=settings,
            client_info=info,
            activation=activation,
            network=network,
            envelopes=envelopes,
            inbox=inbox,
            conversation=self._conversation,
            user_channel_id=user_channel_id,
            static_channels={
                name: given for name, given in settings.static_channels.items() if is_wanted(config, name)
            },
        )

    def _check_login(self, settings: BasicSettings, envelopes: Envelopes, info: ClientInfo) -> Handshake[bool]:
        """Stop for the login; False when it is refused, and the client is to be told at the end of the sequence."""
        yield Stop(_S.LOGIN)
        if self._refusal is None:
            return True
        if InfoFlags.LOGONERRORS in info.flags:
            # xfreerdp 2.11 reports a logon failure, with its exit code for it, only from a connection that stands.
            return False
        yield Send(_S.LOGIN, self._last_words(self._refusal, settings, envelopes))
        raise _refused(self._refusal)

    def _last_words(self, code: ErrorInfo, settings: BasicSettings, envelopes: Envelopes) -> bytes:
        words = disconnect(mcs.Reason.PROVIDER_INITIATED)
        if ClientEarlyCapabilityFlags.SUPPORT_ERRINFO_PDU in settings.client_flags:
            words = envelopes.share_data(PduType2.SET_ERROR_INFO, SetErrorInfo(error_info=code).encode()) + words
        return words

    def _detect_network(
        self, settings: BasicSettings, envelopes: Envelopes, inbox: ServerInbox
    ) -> Handshake[NetworkCharacteristics]:
        channel_id = settings.message_channel_id
        can_detect = ClientEarlyCapabilityFlags.SUPPORT_NETCHAR_AUTODETECT in settings.client_flags
        if channel_id is None or not can_detect or not self.config.detect_network:
            yield Send(_S.CONNECT_TIME_AUTO_DETECTION, b"")
            return NetworkCharacteristics()

        def wrap(request: AutoDetectRequest) -> bytes:
            return envelopes.secured(channel_id, SecurityFlags.AUTODETECT_REQ, request.encode())

        return (yield from detect_network(self._conversation, wrap, inbox.receive_auto_detect))


def _refused(code: ErrorInfo) -> AuthenticationFailed:
    return AuthenticationFailed(f"the login was refused: {describe(code)}")


def _logon_failure(envelopes: Envelopes) -> bytes:
    """Say that the user name or the password is wrong ([MS-RDPBCGR] 2.2.10.1.1.4.1)."""
    errors = LogonErrorsInfo(
        error_notification_type=ErrorNotificationType.ACCESS_DENIED,
        error_notification_data=ErrorNotificationData.FAILED_BAD_PASSWORD,
    )
    info = SaveSessionInfo(info_data=LogonInfoExtended(logon_errors=errors))
    return envelopes.share_data(PduType2.SAVE_SESSION_INFO, info.encode())


def _grant_license(envelopes: Envelopes) -> bytes:
    """End licensing before it begins: this server issues no licences ([MS-RDPBCGR] 2.2.1.12)."""
    return envelopes.secured(envelopes.io_channel_id, SecurityFlags.LICENSE_PKT, valid_client().encode())


def _same(state: ServerAcceptorState) -> State:
    return state
