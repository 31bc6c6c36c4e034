"""What a server hears while a client connects: what belongs to the handshake, what is kept, what is counted."""

from __future__ import annotations

import pytest

from tests.protocol.ladder import Phase
from tests.protocol.pairs import connect
from trio_rdp.pdu import input as wire
from trio_rdp.pdu import mcs
from trio_rdp.pdu.autodetect import RttMeasureResponse
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.finalization import FontList, Synchronize
from trio_rdp.pdu.licensing import valid_client
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader
from trio_rdp.pdu.x224 import wrap_data
from trio_rdp.protocol.envelopes import Envelopes, disconnect
from trio_rdp.protocol.handshake import Conversation
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_inbox import ServerInbox, disconnect_reason, is_security_header
from trio_rdp.protocol.states import ServerAcceptorState
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError, SessionClosed

STATE = ServerAcceptorState.CAPABILITIES_WAIT_CONFIRM
INPUT = FastPathInput(fp_input_events=[wire.KeyboardEvent(key_code=30)]).encode()


class Room:
    """An inbox, and the client's envelopes of the same connection."""

    def __init__(self, limits: Limits | None = None) -> None:
        _, accepted = connect(static_channels=("cliprdr",))
        settings = accepted.settings
        assert settings.message_channel_id is not None
        self.io, self.message = settings.io_channel_id, settings.message_channel_id
        self.channel = settings.static_channels["cliprdr"]
        self.conversation = Conversation(limits or Limits())
        self.client = Envelopes(False, accepted.user_channel_id, self.io, self.message)
        self.inbox = ServerInbox(self.conversation, accepted.envelopes, settings, accepted.user_channel_id)

    def share(self) -> Phase:
        return Phase(self.inbox.receive_share(STATE), self.conversation)

    def synchronize(self) -> bytes:
        return self.client.share_data(PduType2.SYNCHRONIZE, Synchronize(target_user=1).encode())


def test_shares_of_the_handshake() -> None:
    room = Room()
    confirm = room.client.share_control(PduType.CONFIRM_ACTIVE, b"body")
    for frame, kind in ((confirm, ShareControlHeader), (room.synchronize(), ShareDataHeader)):
        phase = room.share()
        phase.step(frame)
        assert isinstance(phase.result, kind)
    assert not room.inbox.ignored
    assert not room.conversation.early


def test_several_shares_in_one_message() -> None:
    room = Room()
    one = ShareDataHeader(pdu_type2=PduType2.SYNCHRONIZE, share_id=1, payload=Synchronize(target_user=1).encode())
    two = ShareDataHeader(pdu_type2=PduType2.FONT_LIST, share_id=1, payload=FontList().encode())
    three = ShareDataHeader(pdu_type2=PduType2.INPUT, share_id=1, payload=bytes(4))
    phase = room.share()
    phase.step(room.client.wrap(room.io, one.encode() + two.encode() + three.encode()))
    assert phase.result == one
    assert room.share().result == two  # without another frame
    assert room.inbox.take_shares() == [three]
    assert room.inbox.take_shares() == []


def test_what_belongs_to_the_session_is_kept() -> None:
    room = Room()
    slow_input = room.client.share_data(PduType2.INPUT, bytes(4))
    chunk = room.client.wrap(room.channel, b"chunk")
    phase = room.share()
    for frame in (INPUT, slow_input, chunk):
        assert phase.step(frame) == b""
    assert room.conversation.early == [INPUT, slow_input, chunk]
    phase.step(room.synchronize())
    assert phase.state.is_terminal


def test_what_says_nothing_is_counted() -> None:
    room = Room()
    phase = room.share()
    for frame in (
        room.client.secured(room.io, SecurityFlags.LICENSE_PKT, valid_client().encode()),
        room.client.share_control(PduType.DEMAND_ACTIVE, b""),
        room.client.secured(room.message, SecurityFlags.AUTODETECT_RSP, RttMeasureResponse(sequence_number=1).encode()),
        room.client.secured(room.message, SecurityFlags.TRANSPORT_RSP, b""),
        wrap_data(mcs.AttachUserRequest().encode()),
    ):
        phase.step(frame)
    assert sum(room.inbox.ignored.values()) == 5
    assert room.inbox.ignored["AttachUserRequest"] == 1
    assert room.inbox.ignored["licensing PDU"] == 1
    assert not room.conversation.early


def test_auto_detect_responses() -> None:
    room = Room()
    response = RttMeasureResponse(sequence_number=1).encode()
    phase = Phase(room.inbox.receive_auto_detect(ServerAcceptorState.CONNECT_TIME_AUTO_DETECTION), room.conversation)
    phase.step(room.synchronize())
    phase.step(room.client.secured(room.message, SecurityFlags.TRANSPORT_RSP, b""))
    phase.step(room.client.wrap(room.channel, b"chunk"))
    phase.step(room.client.secured(room.message, SecurityFlags.AUTODETECT_RSP, response))
    assert phase.result == response
    assert sum(room.inbox.ignored.values()) == 2
    assert len(room.conversation.early) == 1


def test_what_is_kept_has_a_limit() -> None:
    room = Room(Limits(early_events=3))
    phase = room.share()
    for _ in range(3):
        phase.step(INPUT)
    with pytest.raises(RemoteProtocolError, match="more than 3 messages"):
        phase.step(INPUT)


def test_a_disconnect_ends_it() -> None:
    phase = Room().share()
    with pytest.raises(SessionClosed, match="the client disconnected \\(user requested\\)"):
        phase.step(disconnect(mcs.Reason.USER_REQUESTED))
    assert disconnect_reason(mcs.Reason.DOMAIN_DISCONNECTED).reason == "the client disconnected (domain disconnected)"


@pytest.mark.parametrize("payload", [b"", b"abc", b"\x08\0\x17\0\0\0"])
def test_what_is_no_share(payload: bytes) -> None:
    room = Room()
    with pytest.raises(DecodeError):
        room.share().step(room.client.wrap(room.io, payload))


def test_a_message_without_its_header() -> None:
    room = Room()
    with pytest.raises(RemoteProtocolError, match="security header"):
        room.share().step(room.client.wrap(room.message, b"abc"))


def test_security_headers_are_told_from_shares() -> None:
    assert is_security_header(b"\x80\0\0\0rest")
    assert not is_security_header(b"\x80\0\0")
    share = ShareDataHeader(pdu_type2=PduType2.INPUT, share_id=1, payload=bytes(4))
    assert not is_security_header(share.encode())
