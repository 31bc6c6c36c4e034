"""What real clients said to real servers, said to ours: every captured session, from the client's side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.shared import capture, captures
from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.activation import DemandActive
from trio_rdp.pdu.capabilities_basic import BitmapCapabilitySet
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.gcc import ConferenceCreateResponse
from trio_rdp.pdu.gcc_server import ServerGccBlocks
from trio_rdp.pdu.input import InputEventData
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader, decode_shares
from trio_rdp.pdu.x224 import (
    ConnectionConfirm,
    ConnectionRequest,
    NegotiationResponse,
    SecurityProtocol,
    unwrap_data,
    wrap_data,
)
from trio_rdp.protocol.activation import find_capability
from trio_rdp.protocol.config import DesktopSize, Security, ServerConfig
from trio_rdp.protocol.envelopes import open_frame
from trio_rdp.protocol.framing import TS_REQUEST_HINT, Action, FrameBuffer
from trio_rdp.protocol.input_events import InputEvent
from trio_rdp.protocol.input_reader import InputReader
from trio_rdp.protocol.server_acceptor import AcceptedConnection, ServerAcceptor
from trio_rdp.protocol.server_events import (
    ChannelData,
    ChannelFailed,
    FrameAcknowledged,
    InputReceived,
    OutputSuppressed,
    ResponseFrame,
    Terminate,
)
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.protocol.states import ServerAcceptorState

CHANNELS = ("cliprdr", "rdpsnd", "rdpdr", "drdynvc", "rail", "snddbg", "encomsp", "remdesk", "tsmf")
# What a server may leave unread: xrdp began a licensing exchange, all gave shares other ids than we do, and GNOME
# measured round trips.
HARMLESS = {"licensing PDU", "share id of Confirm Active", "auto-detect response"}


@dataclass
class Original:
    """What the captured server chose."""

    protocol: SecurityProtocol = SecurityProtocol.RDP
    io_channel_id: int = 0
    channel_ids: list[int] = field(default_factory=list)
    message_channel_id: int | None = None
    user_channel_id: int = 0
    desktop_size: DesktopSize = DesktopSize(0, 0)
    color_depth: int = 0

    @classmethod
    def read(cls, stream: bytes) -> Original:
        self, buffer = cls(), FrameBuffer(stream)
        confirm = ConnectionConfirm.decode(_next(buffer)[1][tpkt.HEADER_SIZE :])
        if isinstance(confirm.rdp_neg_data, NegotiationResponse):
            self.protocol = confirm.rdp_neg_data.selected_protocol
        response = mcs.ConnectResponse.decode(unwrap_data(_next(buffer)[1][tpkt.HEADER_SIZE :]))
        blocks = ServerGccBlocks.decode(ConferenceCreateResponse.decode(response.user_data).user_data)
        self.io_channel_id = blocks.network.mcs_channel_id
        self.channel_ids = blocks.network.channel_id_array
        self.message_channel_id = blocks.message_channel.mcs_channel_id if blocks.message_channel else None
        while not self.color_depth:
            pdu = open_frame(_next(buffer)[1])
            if isinstance(pdu, mcs.AttachUserConfirm):
                self.user_channel_id = pdu.initiator or 0
            elif isinstance(pdu, mcs.SendDataIndication) and pdu.user_data[2] & 0xF == PduType.DEMAND_ACTIVE:
                (share,) = decode_shares(pdu.user_data)
                assert isinstance(share, ShareControlHeader)
                bitmap = find_capability(DemandActive.decode(share.payload).capability_sets, BitmapCapabilitySet)
                assert bitmap is not None
                self.desktop_size = DesktopSize(bitmap.desktop_width, bitmap.desktop_height)
                self.color_depth = bitmap.preferred_bits_per_pixel
        return self


def _next(buffer: FrameBuffer) -> tuple[Action, bytes]:
    """The next PDU, without the CredSSP exchange before MCS."""
    while buffer.peek()[:1] == b"\x30":
        assert buffer.next_by_hint(TS_REQUEST_HINT) is not None
    while True:
        # The server may end CredSSP with four bytes that are no PDU (Early User Authorization Result).
        if buffer.peek()[:4] == bytes(4):
            buffer.take_exact(4)
        pdu = buffer.next_pdu()
        assert pdu is not None
        return pdu


def _renumbered(frame: bytes, numbers: dict[int, int]) -> bytes:
    """The same PDU, to the channels of another connection."""
    pdu = open_frame(frame)
    if isinstance(pdu, mcs.SendDataRequest | mcs.ChannelJoinRequest):
        pdu.initiator = numbers[pdu.initiator]
        pdu.channel_id = numbers[pdu.channel_id]
        return wrap_data(pdu.encode())
    return frame


class Replay:
    """A captured client at our server."""

    def __init__(self, name: str) -> None:
        upstream, downstream, _ = capture(name)
        self.original = original = Original.read(downstream)
        nla = SecurityProtocol.HYBRID | SecurityProtocol.HYBRID_EX
        security = {0: Security.NONE, 1: Security.TLS}.get(int(original.protocol), Security.NLA)
        self.acceptor = ServerAcceptor(ServerConfig(security=security, static_channels=CHANNELS, detect_network=False))
        self.buffer = FrameBuffer(upstream)
        self.numbers: dict[int, int] = {}
        self.is_negotiated = False
        self.has_nla = bool(original.protocol & nla)

    def connect(self) -> AcceptedConnection:
        acceptor = self.acceptor
        while not acceptor.state.is_terminal:
            if acceptor.should_perform_security_upgrade:
                acceptor.mark_security_upgrade_as_done()
            elif acceptor.should_perform_credssp:
                acceptor.mark_credssp_as_done()
            elif acceptor.should_check_login:
                acceptor.accept_login()
            elif acceptor.next_pdu_hint is None:
                self._learn_numbers(acceptor.step())
            else:
                acceptor.step(self._next_frame()[1])
        return acceptor.result

    def rest(self) -> list[tuple[Action, bytes]]:
        frames = []
        while len(self.buffer):
            frames.append(self._next_frame())
        return frames

    def _next_frame(self) -> tuple[Action, bytes]:
        if not self.is_negotiated:
            self.is_negotiated = True
            action, frame = _next(self.buffer)
            request = ConnectionRequest.decode(frame[tpkt.HEADER_SIZE :])
            if self.has_nla and request.rdp_neg_req is not None:
                # Ours is to choose as the captured server did, for the client repeats the choice.
                request.rdp_neg_req.requested_protocols = self.original.protocol
            return action, tpkt.wrap(request.encode())
        if self.acceptor.state is ServerAcceptorState.BASIC_SETTINGS_WAIT_INITIAL:
            return _next(self.buffer)
        pdu = self.buffer.next_pdu()
        assert pdu is not None
        action, frame = pdu
        return (action, _renumbered(frame, self.numbers)) if action is Action.X224 else pdu

    def _learn_numbers(self, answer: bytes) -> None:
        """Our ids for the captured ones, as soon as they are given."""
        if not answer or answer[tpkt.HEADER_SIZE + 1] != 0xF0:
            return
        data = unwrap_data(answer[tpkt.HEADER_SIZE :])
        if data[:1] == b"\x7f":
            response = mcs.ConnectResponse.decode(data)
            blocks = ServerGccBlocks.decode(ConferenceCreateResponse.decode(response.user_data).user_data)
            ours = blocks.network.channel_id_array
            self.numbers = dict(zip(self.original.channel_ids, ours, strict=True))
            self.numbers[self.original.io_channel_id] = blocks.network.mcs_channel_id
            if self.original.message_channel_id is not None and blocks.message_channel is not None:
                self.numbers[self.original.message_channel_id] = blocks.message_channel.mcs_channel_id
        elif isinstance(pdu := open_frame(answer), mcs.AttachUserConfirm):
            assert pdu.initiator is not None
            self.numbers[self.original.user_channel_id] = pdu.initiator


def _said(frames: list[tuple[Action, bytes]], accepted: AcceptedConnection) -> tuple[Counter[str], list[InputEvent]]:
    """What is in frames, read without the session that is tested."""
    said: Counter[str] = Counter()
    reader, events = InputReader(), list[InputEvent]()
    names = {channel_id: name for name, channel_id in accepted.static_channels.items()}
    for action, frame in frames:
        if action is Action.FAST_PATH:
            events += reader.read(FastPathInput.decode(frame).fp_input_events)
            continue
        pdu = open_frame(frame)
        if not isinstance(pdu, mcs.SendDataRequest):
            said[type(pdu).__name__] += 1
        elif pdu.channel_id in names:
            if int.from_bytes(pdu.user_data[4:8], "little") & ChannelFlags.LAST:
                said[names[pdu.channel_id]] += 1
        elif pdu.channel_id == accepted.io_channel_id:
            for share in decode_shares(pdu.user_data):
                assert isinstance(share, ShareDataHeader)
                if share.pdu_type2 == PduType2.INPUT:
                    data = InputEventData.decode(share.payload)
                    events += reader.read(one.event for one in data.slow_path_input_events)
                else:
                    said[share.pdu_type2.name] += 1
    return said, events


@pytest.mark.parametrize("name", captures())
def test_captured_clients_at_our_server(name: str) -> None:
    replay = Replay(name)
    accepted = replay.connect()
    original = replay.original
    assert accepted.desktop_size == original.desktop_size
    assert accepted.color_depth == original.color_depth
    assert accepted.selected_protocol == original.protocol
    assert set(accepted.ignored) <= HARMLESS

    frames = replay.rest()
    early = [(Action.X224 if frame[0] & 3 == 3 else Action.FAST_PATH, frame) for frame in accepted.conversation.early]
    expected, expected_events = _said(early + frames, accepted)
    stage = ServerStage(accepted)
    outputs: list[Any] = stage.start()
    for action, frame in frames:
        outputs += stage.process(action, frame)
    assert set(stage.ignored) <= HARMLESS
    assert not [one for one in outputs if isinstance(one, ResponseFrame | ChannelFailed)]
    heard: Counter[str] = Counter()
    heard_events: list[InputEvent] = []
    for one in outputs:
        match one:
            case ChannelData(name=channel):
                heard[channel] += 1
            case FrameAcknowledged():
                heard[PduType2.FRAME_ACKNOWLEDGE.name] += 1
            case OutputSuppressed():
                heard[PduType2.SUPPRESS_OUTPUT.name] += 1
            case Terminate():
                heard["DisconnectProviderUltimatum"] += 1
            case InputReceived(events=events):
                heard_events += events
    assert heard == expected
    assert heard_events == expected_events
    assert heard_events
