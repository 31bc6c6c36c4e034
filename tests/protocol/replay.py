"""The server's side of a captured session, played to a client of ours."""

from __future__ import annotations

from dataclasses import dataclass

from tests.shared import capture
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.gcc import ConferenceCreateRequest, ConferenceCreateResponse
from trio_rdp.pdu.gcc_client import ClientGccBlocks
from trio_rdp.pdu.gcc_server import ServerGccBlocks
from trio_rdp.pdu.x224 import ConnectionRequest, SecurityProtocol, unwrap_data, wrap_data
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import ClientConfig, Security
from trio_rdp.protocol.framing import RDP_HINT, TS_REQUEST_HINT, Action, FrameBuffer
from trio_rdp.protocol.negotiation import offered_protocols
from trio_rdp.protocol.session_events import Activated, ActiveStageOutput, GraphicsUpdate
from trio_rdp.protocol.states import ClientConnectorState

__all__ = ["Asked", "Recording", "connect", "cut", "picture", "play", "recording"]

_EARLY_RESULT = 4


@dataclass(frozen=True)
class Asked:
    """What the capture's own client asked for."""

    protocols: SecurityProtocol
    static_channels: tuple[str, ...]


@dataclass(frozen=True)
class Recording:
    """What a server said, message by message: those of the connection sequence, and those of the session."""

    config: ClientConfig
    connecting: tuple[bytes, ...]
    session: tuple[tuple[Action, bytes], ...]


def _asked(c2s: bytes) -> Asked:
    buffer = FrameBuffer(c2s)
    first = buffer.next_by_hint(RDP_HINT)
    assert first is not None
    request = ConnectionRequest.decode(first[tpkt.HEADER_SIZE :]).rdp_neg_req
    while buffer.peek().startswith(b"\x30"):
        buffer.next_by_hint(TS_REQUEST_HINT)
    frame = buffer.next_by_hint(RDP_HINT)
    assert frame is not None
    initial = mcs.ConnectInitial.decode(unwrap_data(frame[tpkt.HEADER_SIZE :]))
    blocks = ClientGccBlocks.decode(ConferenceCreateRequest.decode(initial.user_data).user_data)
    channels = [] if blocks.network is None else blocks.network.channel_def_array
    return Asked(
        SecurityProtocol(0) if request is None else request.requested_protocols,
        tuple(channel.name for channel in channels),
    )


def _echo(frame: bytes, asked: SecurityProtocol, offered: SecurityProtocol) -> bytes:
    """The Connect Response, as if our client's request had been answered: the server repeats what was requested."""
    response = mcs.ConnectResponse.decode(unwrap_data(frame[tpkt.HEADER_SIZE :]))
    conference = ConferenceCreateResponse.decode(response.user_data)
    blocks = ServerGccBlocks.decode(conference.user_data)
    assert blocks.core.client_requested_protocols in (None, asked)
    if blocks.core.client_requested_protocols is None:
        return frame
    blocks.core.client_requested_protocols = offered
    conference.user_data = blocks.encode()
    response.user_data = conference.encode()
    return wrap_data(response.encode())


def recording(name: str) -> Recording:
    """A capture's server side."""
    c2s, s2c, _ = capture(name)
    return cut(c2s, s2c)


def cut(c2s: bytes, s2c: bytes) -> Recording:
    """Cut a server's side into the messages that our connector reads, and what follows."""
    asked = _asked(c2s)
    config = ClientConfig(
        username="ada",
        security=Security.AUTO | Security.NONE,
        static_channels=asked.static_channels,
    )
    connector = ClientConnector(config)
    buffer = FrameBuffer(s2c)
    said = []
    while connector.state is not ClientConnectorState.CONNECTED:
        hint = connector.next_pdu_hint
        if connector.should_perform_security_upgrade:
            connector.mark_security_upgrade_as_done()
        elif connector.should_perform_credssp:
            while buffer.peek().startswith(b"\x30"):
                buffer.next_by_hint(TS_REQUEST_HINT)
            if SecurityProtocol.HYBRID_EX in connector.selected_protocol:
                buffer.take_exact(_EARLY_RESULT)
            connector.mark_credssp_as_done()
        elif hint is None:
            connector.step()
        else:
            frame = buffer.next_by_hint(hint)
            assert frame is not None
            if connector.state is ClientConnectorState.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE:
                frame = _echo(frame, asked.protocols, offered_protocols(config.security))
            said.append(frame)
            connector.step(frame)
    session = []
    while found := buffer.next_pdu():
        session.append(found)
    assert not buffer.peek()
    return Recording(config, tuple(said), tuple(session))


def connect(played: Recording) -> ClientConnector:
    """A client that has heard the connection sequence."""
    connector = ClientConnector(played.config)
    messages = iter(played.connecting)
    while not connector.state.is_terminal:
        if connector.should_perform_security_upgrade:
            connector.mark_security_upgrade_as_done()
        elif connector.should_perform_credssp:
            connector.mark_credssp_as_done()
        elif connector.next_pdu_hint is None:
            connector.step()
        else:
            connector.step(next(messages))
    return connector


def play(played: Recording, *, but: int = 0) -> tuple[ActiveStage, list[ActiveStageOutput]]:
    """All of it `but` the last messages, and what came of it."""
    stage = ActiveStage(connect(played).result)
    outputs = stage.start()
    for action, frame in played.session[: len(played.session) - but]:
        outputs += stage.process(action, frame)
    return stage, outputs


def picture(stage: ActiveStage, outputs: list[ActiveStageOutput]) -> DecodedImage:
    """What a client shows in the end."""
    size = stage.result.desktop_size
    image = DecodedImage(size.width, size.height)
    for output in outputs:
        match output:
            case GraphicsUpdate(job):
                image.apply(job)
            case Activated(activation):
                image.resize(activation.desktop_size.width, activation.desktop_size.height)
    return image
