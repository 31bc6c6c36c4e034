"""What a server hears while a client connects: one door for everything that may arrive at any moment of the handshake.

A disconnect ends the handshake, what belongs to the session that follows (input, channel data, requests to repaint) is
kept for it, and what says nothing here is counted.
"""

from __future__ import annotations

from trio_rdp.pdu import mcs
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader, decode_shares
from trio_rdp.protocol.basic_settings import BasicSettings
from trio_rdp.protocol.envelopes import Envelopes, open_frame, split_security_header
from trio_rdp.protocol.framing import RDP_HINT
from trio_rdp.protocol.handshake import Conversation, Handshake, Receive, State
from trio_rdp.protocol.ignored import Ignored
from trio_rdp.wire.errors import SessionClosed

__all__ = ["OF_ACTIVATION", "ServerInbox", "disconnect_reason", "is_security_header"]

OF_ACTIVATION = frozenset(
    {PduType2.SYNCHRONIZE, PduType2.CONTROL, PduType2.FONT_LIST, PduType2.BITMAP_CACHE_PERSISTENT_LIST}
)
"""What a client sends to finish a connection, and nothing else ([MS-RDPBCGR] 1.3.1.1)."""


def disconnect_reason(reason: mcs.Reason) -> SessionClosed:
    """Why a client ended the connection, in plain words."""
    return SessionClosed(f"the client disconnected ({reason.name.lower().replace('_', ' ')})")


def is_security_header(payload: bytes) -> bool:
    """Whether a message of the I/O channel stands behind a security header, although it is past Client Info.

    A share PDU has its type where the header's second half, which is empty, would be; no type is zero.
    """
    return len(payload) >= 4 and payload[2:4] == b"\0\0"


class ServerInbox:
    """Receives for the phases between secure settings exchange and the session."""

    def __init__(
        self, conversation: Conversation, envelopes: Envelopes, settings: BasicSettings, user_channel_id: int
    ) -> None:
        self.ignored: Ignored = Ignored()
        """What was ignored, by its name: for `statistics()` and the log."""
        self._conversation = conversation
        self._settings = settings
        self._client = Envelopes(False, user_channel_id, envelopes.io_channel_id)
        self._shares: list[ShareControlHeader | ShareDataHeader] = []

    def receive_auto_detect(self, state: State) -> Handshake[bytes]:
        """The next auto-detect response ([MS-RDPBCGR] 2.2.14.4), from behind its security header."""
        while True:
            pdu = yield from self._receive(state)
            if pdu.channel_id == self._settings.io_channel_id:
                self.ignored.note("I/O channel message before Demand Active")
                continue
            response = self.read_message(pdu.user_data)
            if response is not None:
                return response

    def receive_share(self, state: State) -> Handshake[ShareControlHeader | ShareDataHeader]:
        """The next share PDU that belongs to the handshake."""
        while True:
            while self._shares:
                share = self._shares.pop(0)
                if self._is_of_handshake(share):
                    return share
            pdu = yield from self._receive(state)
            if pdu.channel_id != self._settings.io_channel_id:
                if self.read_message(pdu.user_data) is not None:
                    self.ignored.note("late auto-detect response")
            elif is_security_header(pdu.user_data):
                # A client that was told it needs no licence may have begun to ask for one.
                self.ignored.note("licensing PDU")
            else:
                self._shares += decode_shares(pdu.user_data)

    def take_shares(self) -> list[ShareControlHeader | ShareDataHeader]:
        """What came in one message with the end of the handshake, behind it."""
        shares, self._shares = self._shares, []
        return shares

    def read_message(self, payload: bytes) -> bytes | None:
        """The auto-detect response in a PDU of the message channel; None (and counted) for everything else."""
        flags, body = split_security_header(payload)
        if SecurityFlags.AUTODETECT_RSP in flags:
            return body
        self.ignored.note(f"message channel PDU with {flags!r}")
        return None

    def _receive(self, state: State) -> Handshake[mcs.SendDataRequest]:
        """The next message on the I/O channel or the message channel."""
        settings = self._settings
        while True:
            frame = yield Receive(state, RDP_HINT)
            if frame[0] & 3 == 0:
                self._conversation.keep(frame)  # "once the client has sent the Confirm Active PDU", 1.3.1.1
                continue
            pdu = open_frame(frame)
            if isinstance(pdu, mcs.DisconnectProviderUltimatum):
                raise disconnect_reason(pdu.reason)
            if not isinstance(pdu, mcs.SendDataRequest):
                self.ignored.note(type(pdu).__name__)
            elif pdu.channel_id in (settings.io_channel_id, settings.message_channel_id):
                return pdu
            else:
                self._conversation.keep(frame)

    def _is_of_handshake(self, share: ShareControlHeader | ShareDataHeader) -> bool:
        """Whether a share PDU belongs to activation and finalization; others are kept."""
        if isinstance(share, ShareControlHeader):
            if share.pdu_type == PduType.CONFIRM_ACTIVE:
                return True
            self.ignored.note(f"share PDU {share.pdu_type.name}")
            return False
        if share.pdu_type2 in OF_ACTIVATION:
            return True
        self._conversation.keep(self._client.wrap(self._settings.io_channel_id, share.encode()))
        return False
