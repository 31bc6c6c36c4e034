from __future__ import annotations

import pytest

from tests.protocol.ladder import Ladder
from tests.protocol.scripted_server import (
    FIRST,
    IO,
    MESSAGE,
    USER,
    attach_confirm,
    domain,
    frames,
    join_confirm,
    joined_channel,
    ultimatum,
)
from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.x224 import DisconnectRequest, unwrap_data
from trio_rdp.protocol.channel_join import accept_channel_joins, join_channels
from trio_rdp.protocol.states import ClientConnectorState, ServerAcceptorState
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError, SessionClosed

CLIENT, SERVER = ClientConnectorState.CHANNEL_CONNECTION, ServerAcceptorState.CHANNEL_CONNECTION


def pdu_of(frame: bytes) -> mcs.DomainPdu:
    return mcs.decode_domain_pdu(unwrap_data(frame[tpkt.HEADER_SIZE :]))


class TestClient:
    def test_joins_one_at_a_time(self) -> None:
        ladder = Ladder.of(join_channels([IO, MESSAGE, FIRST], skip=False))
        erect, attach = frames(ladder.sends(CLIENT))
        assert isinstance(pdu_of(erect), mcs.ErectDomainRequest)
        assert isinstance(pdu_of(attach), mcs.AttachUserRequest)
        ladder.receives(CLIENT, attach_confirm())
        for channel_id in (USER, IO, MESSAGE, FIRST):
            assert joined_channel(ladder.sends(CLIENT)) == channel_id
            ladder.receives(CLIENT, join_confirm(channel_id))
        assert ladder.ends() == USER

    def test_skips_where_both_can(self) -> None:
        ladder = Ladder.of(join_channels([IO], skip=True))
        ladder.sends(CLIENT)
        ladder.receives(CLIENT, attach_confirm())
        assert ladder.ends() == USER

    @pytest.mark.parametrize(
        "confirm",
        [
            mcs.AttachUserConfirm(result=mcs.Result.TOO_MANY_USERS),
            mcs.AttachUserConfirm(result=mcs.Result.TOO_MANY_USERS, initiator=USER),
            mcs.AttachUserConfirm(result=mcs.Result.SUCCESSFUL),
        ],
    )
    def test_no_user_may_attach(self, confirm: mcs.AttachUserConfirm) -> None:
        ladder = Ladder.of(join_channels([IO], skip=False))
        ladder.sends(CLIENT)
        match = f"let no user attach: {confirm.result.name}"
        ladder.fails(RemoteProtocolError, match, CLIENT, domain(confirm))

    @pytest.mark.parametrize("refused", [0, 1])
    def test_a_channel_is_refused(self, refused: int) -> None:
        ladder = Ladder.of(join_channels([IO], skip=False))
        ladder.sends(CLIENT)
        ladder.receives(CLIENT, attach_confirm())
        for channel_id in (USER, IO)[:refused]:
            ladder.sends(CLIENT)
            ladder.receives(CLIENT, join_confirm(channel_id))
        channel_id = joined_channel(ladder.sends(CLIENT))
        refusal = mcs.ChannelJoinConfirm(result=mcs.Result.NO_SUCH_CHANNEL, initiator=USER, requested=channel_id)
        ladder.fails(RemoteProtocolError, f"refused channel {channel_id}: NO_SUCH_CHANNEL", CLIENT, domain(refusal))

    def test_something_else_comes(self) -> None:
        ladder = Ladder.of(join_channels([IO], skip=False))
        ladder.sends(CLIENT)
        match = "ChannelJoinConfirm came instead of an Attach User Confirm"
        ladder.fails(RemoteProtocolError, match, CLIENT, join_confirm(IO))
        ladder = Ladder.of(join_channels([IO], skip=False))
        ladder.sends(CLIENT)
        ladder.receives(CLIENT, attach_confirm())
        ladder.sends(CLIENT)
        match = "AttachUserConfirm came instead of a Channel Join Confirm"
        ladder.fails(RemoteProtocolError, match, CLIENT, attach_confirm())

    @pytest.mark.parametrize(
        "goodbye", [ultimatum(mcs.Reason.PROVIDER_INITIATED), tpkt.wrap(DisconnectRequest().encode())]
    )
    def test_the_server_disconnects(self, goodbye: bytes) -> None:
        ladder = Ladder.of(join_channels([IO], skip=False))
        ladder.sends(CLIENT)
        ladder.fails(SessionClosed, "the peer disconnected", CLIENT, goodbye)

    def test_bytes_without_meaning(self) -> None:
        ladder = Ladder.of(join_channels([IO], skip=False))
        ladder.sends(CLIENT)
        ladder.fails(DecodeError, None, CLIENT, tpkt.wrap(b"\x02\xf0\x80\xff"))


def joins(channel_id: int) -> bytes:
    return domain(mcs.ChannelJoinRequest(initiator=USER, channel_id=channel_id))


DATA = domain(mcs.SendDataRequest(initiator=USER, channel_id=IO, user_data=b"info"))


class TestServer:
    def test_the_client_joins_what_it_likes(self) -> None:
        ladder = Ladder.of(accept_channel_joins(USER, [IO, FIRST]))
        ladder.receives(SERVER, domain(mcs.ErectDomainRequest()))
        ladder.receives(SERVER, domain(mcs.AttachUserRequest()))
        assert pdu_of(ladder.sends(SERVER)) == mcs.AttachUserConfirm(initiator=USER)
        for channel_id in (USER, IO):
            ladder.receives(SERVER, joins(channel_id))
            answer = pdu_of(ladder.sends(SERVER))
            assert answer == mcs.ChannelJoinConfirm(initiator=USER, requested=channel_id, channel_id=channel_id)
        ladder.receives(SERVER, DATA)
        assert ladder.ends() == DATA

    def test_the_client_skips_the_joins(self) -> None:
        ladder = Ladder.of(accept_channel_joins(USER, [IO]))
        ladder.receives(SERVER, domain(mcs.AttachUserRequest()))
        ladder.sends(SERVER)
        ladder.receives(SERVER, DATA)
        assert ladder.ends() == DATA

    def test_a_channel_that_is_not_there(self) -> None:
        ladder = Ladder.of(accept_channel_joins(USER, [IO]))
        ladder.receives(SERVER, joins(2000))
        assert pdu_of(ladder.sends(SERVER)) == mcs.ChannelJoinConfirm(
            result=mcs.Result.NO_SUCH_CHANNEL, initiator=USER, requested=2000
        )

    def test_something_else_comes(self) -> None:
        ladder = Ladder.of(accept_channel_joins(USER, [IO]))
        match = "AttachUserConfirm came instead of channel joins"
        ladder.fails(RemoteProtocolError, match, SERVER, attach_confirm())

    def test_the_client_disconnects(self) -> None:
        ladder = Ladder.of(accept_channel_joins(USER, [IO]))
        ladder.fails(SessionClosed, "USER_REQUESTED", SERVER, ultimatum())

    def test_joins_have_an_end(self) -> None:
        ladder = Ladder.of(accept_channel_joins(USER, [IO]))
        for _ in range(11):
            ladder.receives(SERVER, joins(IO))
            ladder.sends(SERVER)
        ladder.receives(SERVER, joins(IO))
        ladder.sends(SERVER)
        with pytest.raises(RemoteProtocolError, match="joins channels without end"):
            ladder.machine.step()
        ladder.is_consumed()
