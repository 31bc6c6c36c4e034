"""Cut what both sides said on the graphics pipeline out of captures: `python -m tests.captures.record_pipeline`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.captures.messages import save
from tests.protocol.replay import cut, play
from tests.shared import capture
from trio_rdp.channels.dynamic.data import DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.messages import DRDYNVC_CHANNEL_NAME, decode_client_pdu, decode_server_pdu
from trio_rdp.channels.dynamic.opening import DvcCreateRequest
from trio_rdp.channels.rdpgfx import CHANNEL_NAME
from trio_rdp.channels.static import Dechunker
from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.x224 import unwrap_data
from trio_rdp.protocol.framing import RDP_HINT, TS_REQUEST_HINT, Action, FrameBuffer
from trio_rdp.protocol.session_events import ChannelData

__all__ = ["KEPT", "pipeline_messages"]

KEPT = {
    "gfx-xfreerdp-grd-progressive": ("grd-nla-gfx-progressive", 100),
    "gfx-xfreerdp-shadow-avc420": ("shadow-rdp-gfx-avc420", 6),
    "gfx-xfreerdp-shadow-avc444": ("shadow-rdp-gfx-avc444", 5),
}
"""Our files, the captures that they are of, and how many messages of the server they have at most."""


def pipeline_messages(c2s: bytes, s2c: bytes) -> tuple[list[bytes], list[bytes]]:
    """What the client and the server of a recorded session said on the channel, message by message."""
    connection, outputs = play(cut(c2s, s2c))
    said = [
        decode_server_pdu(one.message)
        for one in outputs
        if isinstance(one, ChannelData) and one.name == DRDYNVC_CHANNEL_NAME
    ]
    (channel_id,) = (
        one.channel_id for one in said if isinstance(one, DvcCreateRequest) and one.channel_name == CHANNEL_NAME
    )
    static_id = connection.result.static_channels[DRDYNVC_CHANNEL_NAME]
    answered = (decode_client_pdu(one) for one in _client_messages(c2s, static_id))
    return list(_joined(answered, channel_id)), list(_joined(said, channel_id))


def _client_messages(stream: bytes, static_id: int) -> Iterator[bytes]:
    """What a client said in a static channel."""
    buffer = FrameBuffer(stream)
    buffer.next_by_hint(RDP_HINT)
    while buffer.peek().startswith(b"\x30"):
        buffer.next_by_hint(TS_REQUEST_HINT)
    dechunker = Dechunker()
    while (found := buffer.next_pdu()) is not None:
        action, frame = found
        if action is not Action.X224 or not frame[tpkt.HEADER_SIZE :].startswith(b"\x02\xf0\x80\x64"):
            continue
        request = mcs.SendDataRequest.decode(unwrap_data(frame[tpkt.HEADER_SIZE :]))
        if request.channel_id == static_id:
            message = dechunker.feed(request.user_data)
            if message is not None:
                yield message


def _joined(pdus: Iterable[object], channel_id: int) -> Iterator[bytes]:
    """The messages of one dynamic channel."""
    begun, length = b"", 0
    for pdu in pdus:
        match pdu:
            case DvcDataFirst(channel_id=found, length=length, data=begun) if found == channel_id:
                continue
            case DvcData(channel_id=found, data=data) if found == channel_id:
                begun += data
                if len(begun) >= length:
                    yield begun
                    begun, length = b"", 0


def main() -> None:
    """Write the files."""
    for ours, (name, number) in KEPT.items():
        from_client, from_server = pipeline_messages(*capture(name)[:2])
        save(f"{ours}.c2s", from_client)
        save(f"{ours}.s2c", from_server[:number])


if __name__ == "__main__":
    main()
