"""Channel connection, [MS-RDPBCGR] 1.3.1.1: the client becomes an MCS user and joins its channels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trio_rdp.pdu import mcs
from trio_rdp.pdu.x224 import wrap_data
from trio_rdp.protocol.envelopes import open_frame
from trio_rdp.protocol.framing import X224_HINT
from trio_rdp.protocol.handshake import Handshake, Receive, Send
from trio_rdp.protocol.states import ClientConnectorState, ServerAcceptorState
from trio_rdp.wire.errors import RemoteProtocolError, SessionClosed

__all__ = ["accept_channel_joins", "join_channels"]

_CLIENT = ClientConnectorState.CHANNEL_CONNECTION
_SERVER = ServerAcceptorState.CHANNEL_CONNECTION


def join_channels(channel_ids: Iterable[int], *, skip: bool) -> Handshake[int]:
    """Attach as a user and join the user's own channel and `channel_ids`; returns the user's channel id.

    `skip` says that both sides can do without the joins (RNS_UD_SC_SKIP_CHANNELJOIN_SUPPORTED).  Joins go one at a
    time, as every client sends them; the answers of a server that counts on that would be lost otherwise.
    """
    attach = wrap_data(mcs.ErectDomainRequest().encode()) + wrap_data(mcs.AttachUserRequest().encode())
    yield Send(_CLIENT, attach)
    confirm = open_frame((yield Receive(_CLIENT, X224_HINT)))
    if not isinstance(confirm, mcs.AttachUserConfirm):
        raise _unexpected(confirm, "an Attach User Confirm")
    if confirm.result != mcs.Result.SUCCESSFUL or confirm.initiator is None:
        raise RemoteProtocolError(f"the server let no user attach: {confirm.result.name}")
    user_channel_id = confirm.initiator
    if skip:
        return user_channel_id
    for channel_id in (user_channel_id, *channel_ids):
        request = mcs.ChannelJoinRequest(initiator=user_channel_id, channel_id=channel_id)
        yield Send(_CLIENT, wrap_data(request.encode()))
        joined = open_frame((yield Receive(_CLIENT, X224_HINT)))
        if not isinstance(joined, mcs.ChannelJoinConfirm):
            raise _unexpected(joined, "a Channel Join Confirm")
        if joined.result != mcs.Result.SUCCESSFUL:
            raise RemoteProtocolError(f"the server refused channel {channel_id}: {joined.result.name}")
    return user_channel_id


def accept_channel_joins(user_channel_id: int, channel_ids: Sequence[int]) -> Handshake[bytes]:
    """Let the client attach, and join what it likes of `channel_ids`.

    Returns the first frame that belongs to the next phase: only the client knows how many channels it joins.
    """
    known = {user_channel_id, *channel_ids}
    for _ in range(2 * len(known) + 8):
        frame = yield Receive(_SERVER, X224_HINT)
        pdu = open_frame(frame)
        match pdu:
            case mcs.ErectDomainRequest():
                pass  # says something about throughput that no server reads
            case mcs.AttachUserRequest():
                confirm = mcs.AttachUserConfirm(initiator=user_channel_id)
                yield Send(_SERVER, wrap_data(confirm.encode()))
            case mcs.ChannelJoinRequest(channel_id=channel_id):
                is_known = channel_id in known
                answer = mcs.ChannelJoinConfirm(
                    result=mcs.Result.SUCCESSFUL if is_known else mcs.Result.NO_SUCH_CHANNEL,
                    initiator=user_channel_id,
                    requested=channel_id,
                    channel_id=channel_id if is_known else None,
                )
                yield Send(_SERVER, wrap_data(answer.encode()))
            case mcs.SendDataRequest():
                return frame
            case _:
                raise _unexpected(pdu, "channel joins")
    raise RemoteProtocolError("the client joins channels without end")


def _unexpected(pdu: mcs.DomainPdu, wanted: str) -> Exception:
    if isinstance(pdu, mcs.DisconnectProviderUltimatum):
        return SessionClosed(f"the peer disconnected while connecting ({pdu.reason.name})")
    return RemoteProtocolError(f"{type(pdu).__name__} came instead of {wanted}")
