"""What a client hears while it connects: one door for everything that may arrive at any moment of the handshake.

Auto-detect requests are answered, multitransport is declined, error info is remembered, a disconnect ends the
handshake, and what belongs to the session that follows (channel data, early output) is kept for it.
"""

from __future__ import annotations

from trio_rdp.pdu import mcs
from trio_rdp.pdu.autodetect import UnknownAutoDetect, decode_request
from trio_rdp.pdu.error_info import ErrorInfo, SetErrorInfo, describe
from trio_rdp.pdu.heartbeat import Heartbeat
from trio_rdp.pdu.multitransport import HrResponse, InitiateMultitransportRequest, InitiateMultitransportResponse
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import (
    TS_PROTOCOL_VERSION,
    PduType,
    PduType2,
    ShareControlHeader,
    ShareDataHeader,
    decode_shares,
)
from trio_rdp.protocol.basic_settings import BasicSettings
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID, Envelopes, open_frame, split_security_header
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived, MultitransportDeclined
from trio_rdp.protocol.framing import RDP_HINT
from trio_rdp.protocol.handshake import Conversation, Handshake, Receive, State
from trio_rdp.protocol.ignored import Ignored
from trio_rdp.protocol.network_detection import NetworkResponder
from trio_rdp.wire.errors import AuthenticationFailed, RdpError, SessionClosed

__all__ = ["ClientInbox", "disconnect_reason", "redirected"]

# With these a server turns away who logs in over TLS alone.
_LOGIN_REFUSALS = (
    ErrorInfo.SERVER_DENIED_CONNECTION,
    ErrorInfo.SERVER_INSUFFICIENT_PRIVILEGES,
    ErrorInfo.SERVER_FRESH_CREDENTIALS_REQUIRED,
)
_SHARE_TYPES = (PduType.DEMAND_ACTIVE, PduType.DEACTIVATE_ALL, PduType.DATA, PduType.SERVER_REDIRECTION)


def disconnect_reason(reason: mcs.Reason, error_info: ErrorInfo | None) -> SessionClosed:
    """Why a server ended the session, in plain words: its error info if it sent any, else the ultimatum's reason."""
    if error_info:
        error = SessionClosed(describe(error_info), int(error_info))
        if error_info in _LOGIN_REFUSALS:
            error.__cause__ = AuthenticationFailed(describe(error_info))
        return error
    return SessionClosed(f"the server disconnected ({reason.name.lower().replace('_', ' ')})")


def redirected() -> SessionClosed:
    """Why a connection ends, or a session, whose server would have the client go elsewhere."""
    return SessionClosed("the server redirects the connection elsewhere, which is not followed")


def _refusal(reason: mcs.Reason, error_info: ErrorInfo | None) -> RdpError:
    """Why a server ended a connection that does not stand yet: the login, or anything else."""
    if error_info is not None and error_info in _LOGIN_REFUSALS:
        return AuthenticationFailed(describe(error_info))
    return disconnect_reason(reason, error_info)


class ClientInbox:
    """Receives for the phases between channel connection and the session."""

    def __init__(self, conversation: Conversation, envelopes: Envelopes, settings: BasicSettings) -> None:
        self.error_info: ErrorInfo | None = None
        self.network: NetworkResponder = NetworkResponder()
        self.ignored: Ignored = Ignored()
        """What was ignored, by its name: for `statistics()` and the log."""
        self._conversation = conversation
        self._envelopes = envelopes
        self._settings = settings
        self._server = Envelopes(True, SERVER_CHANNEL_ID, envelopes.io_channel_id)
        self._shares: list[ShareControlHeader | ShareDataHeader] = []

    def receive(self, state: State) -> Handshake[bytes]:
        """The next message on the I/O channel, from behind the MCS header."""
        while True:
            frame = yield Receive(state, RDP_HINT)
            if frame[0] & 3 == 0:
                self._conversation.keep(frame)  # output that does not wait for the Font Map
                continue
            pdu = open_frame(frame)
            if isinstance(pdu, mcs.DisconnectProviderUltimatum):
                raise _refusal(pdu.reason, self.error_info)
            if not isinstance(pdu, mcs.SendDataIndication):
                self.ignored.note(type(pdu).__name__)
            elif pdu.channel_id == self._settings.io_channel_id:
                return pdu.user_data
            elif pdu.channel_id == self._settings.message_channel_id:
                self.handle_message(pdu.user_data)
            else:
                self._conversation.keep(frame)

    def receive_share(self, state: State) -> Handshake[ShareControlHeader | ShareDataHeader]:
        """The next share PDU that belongs to the handshake."""
        while True:
            while self._shares:
                share = self._shares.pop(0)
                if self._is_of_handshake(share):
                    return share
            self._shares += decode_shares((yield from self.receive(state)))

    def give_back(self, share: ShareControlHeader | ShareDataHeader) -> None:
        """Put a share PDU back, to be received next."""
        self._shares.insert(0, share)

    def keep_rest(self) -> None:
        """Keep what came in one message with the end of the handshake, behind it."""
        shares, self._shares = self._shares, []
        for share in shares:
            self._conversation.keep(self._server.wrap(self._settings.io_channel_id, share.encode()))

    def receive_licensing(self, state: State) -> Handshake[bytes | None]:
        """The next Licensing PDU, or None when the server opens the share without (more) licensing."""
        while True:
            payload = yield from self.receive(state)
            if _is_share(payload):
                shares = decode_shares(payload)
                # A server that lets nobody in says why before there is a share ([MS-RDPBCGR] 3.3.5.7.1.1).
                kept = [share for share in shares if self._is_of_handshake(share)]
                if any(isinstance(one, ShareControlHeader) and one.pdu_type == PduType.DEMAND_ACTIVE for one in kept):
                    self._shares += kept
                    return None
                continue
            flags, body = split_security_header(payload)
            if SecurityFlags.LICENSE_PKT in flags:
                return body
            if SecurityFlags.REDIRECTION_PKT in flags:
                raise redirected()
            self.ignored.note("I/O channel message of an unknown kind")

    def handle_message(self, payload: bytes) -> None:
        """Handle a PDU of the message channel ([MS-RDPBCGR] 2.2.1.4.5): answer what is owed an answer."""
        flags, body = split_security_header(payload)
        if SecurityFlags.AUTODETECT_REQ in flags:
            request = decode_request(body)
            if isinstance(request, UnknownAutoDetect):
                self.ignored.note("auto-detect request")
            answer = self.network.answer(request, self._conversation.now)
            if answer is not None:
                self._answer(SecurityFlags.AUTODETECT_RSP, answer.encode())
        elif SecurityFlags.HEARTBEAT in flags:
            beat = Heartbeat.decode(body)
            self._conversation.note(HeartbeatReceived(beat.period, beat.count1, beat.count2))
        elif SecurityFlags.TRANSPORT_REQ in flags:
            asked = InitiateMultitransportRequest.decode(body)
            declined = InitiateMultitransportResponse(request_id=asked.request_id, hr_response=HrResponse.E_ABORT)
            self._answer(SecurityFlags.TRANSPORT_RSP, declined.encode())
            self._conversation.note(MultitransportDeclined(asked.request_id))
        else:
            self.ignored.note("message channel PDU of an unknown kind")

    def _answer(self, flags: int, body: bytes) -> None:
        channel_id = self._settings.message_channel_id or self._settings.io_channel_id
        self._conversation.answers += self._envelopes.secured(channel_id, flags, body)

    def _is_of_handshake(self, share: ShareControlHeader | ShareDataHeader) -> bool:
        """Whether a share PDU belongs to activation and finalization; others are remembered or kept."""
        if isinstance(share, ShareControlHeader):
            if share.pdu_type == PduType.SERVER_REDIRECTION:
                raise redirected()
            if share.pdu_type in (PduType.DEMAND_ACTIVE, PduType.DEACTIVATE_ALL):
                return True
            self.ignored.note(f"share PDU {share.pdu_type.name}")
            return False
        if share.pdu_type2 in (PduType2.SYNCHRONIZE, PduType2.CONTROL, PduType2.FONT_MAP):
            return True
        if share.pdu_type2 == PduType2.SET_ERROR_INFO:
            self.error_info = SetErrorInfo.decode(share.payload).error_info
            self._conversation.note(ErrorInfoReceived(self.error_info))
            return False
        self._conversation.keep(self._server.wrap(self._settings.io_channel_id, share.encode()))
        return False


def _is_share(payload: bytes) -> bool:
    """Whether share PDUs stand where a security header might: a length where the flags would be, a type behind it."""
    if len(payload) < 4 or int.from_bytes(payload[:2], "little") > len(payload):
        return False
    # The half of the flags that means nothing is zero in what servers send, and the version here is not.
    return payload[2] & 0xF in _SHARE_TYPES and payload[2] >> 4 == TS_PROTOCOL_VERSION and not payload[3]
