"""Whole conversations to spoil: what each side says, from a pair of our own machines and from captures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.fuzz.machines import LIMITS
from tests.protocol.pairs import CLIENT, SERVER, Pair, Wire
from tests.shared import ROOT, capture, capture_names
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pointer import PointerState
from trio_rdp.pdu.bitmap import BitmapData, BitmapUpdate
from trio_rdp.pdu.input import KeyboardEvent, KeyboardFlags, UnicodeKeyboardEvent
from trio_rdp.pdu.pointer import Point, PointerPositionUpdate
from trio_rdp.pdu.surface import FrameAction, FrameMarkerCommand, SurfaceCommands
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.server_acceptor import ServerAcceptor
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.protocol.session_events import GraphicsUpdate, PointerUpdate, ResponseFrame
from trio_rdp.wire.errors import DecodeError, RdpError

__all__ = ["Script", "hear_as_client", "hear_as_server", "own_scripts", "session_streams"]

CHANNELS = ("cliprdr", "echo")
OUR_CLIENT = replace(CLIENT, static_channels=CHANNELS, limits=LIMITS, desktop_size=DesktopSize(320, 240))
OUR_SERVER = replace(SERVER, static_channels=CHANNELS, limits=LIMITS, detect_network=True)


@dataclass(frozen=True)
class Script:
    """What one side says: the messages of the connection, and those of the session."""

    security: Security
    connecting: tuple[bytes, ...]
    session: tuple[bytes, ...]


class _Recorded(Wire):
    """A wire that keeps what is written to it, message by message."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[bytes] = []

    def write(self, data: bytes) -> None:
        super().write(data)
        self.messages += frames(data)


def frames(data: bytes) -> list[bytes]:
    """Cut bytes into their PDUs; whatever is left over is one more."""
    buffer = FrameBuffer(data)
    found = []
    try:
        while (pdu := buffer.next_pdu()) is not None:
            found.append(pdu[1])
    except DecodeError:
        pass
    return [*found, rest] if (rest := buffer.peek()) else found


def own_scripts() -> tuple[list[Script], list[Script]]:
    """What our client and our server say to each other; without TLS, which is the driver's, and with."""
    clients, servers = [], []
    for security in (Security.NONE, Security.TLS, Security.NLA):
        pair = Pair(replace(OUR_CLIENT, security=security), replace(OUR_SERVER, security=security))
        up, down = _Recorded(), _Recorded()
        pair.upstream, pair.downstream = up, down
        result, accepted = pair.connect()
        stage, server = ActiveStage(result), ServerStage(accepted)
        clients.append(Script(security, tuple(up.messages), tuple(_client_says(stage))))
        servers.append(Script(security, tuple(down.messages), tuple(_server_says(server, stage))))
    return clients, servers


def _client_says(stage: ActiveStage) -> Iterable[bytes]:
    release = KeyboardEvent(keyboard_flags=KeyboardFlags(KeyboardFlags.RELEASE), key_code=30)
    yield from stage.encode_input([KeyboardEvent(key_code=30), release])
    yield from stage.encode_input([UnicodeKeyboardEvent(unicode_code=0x20AC)] * 20)
    yield from stage.encode_channel("echo", bytes(range(256)) * 20)
    yield stage.refresh_rect([Rect(0, 0, 100, 100)])
    yield stage.suppress_output(True)
    yield stage.suppress_output(False)
    yield stage.acknowledge_frame(7)
    yield stage.request_shutdown()
    yield stage.disconnect()


def _server_says(stage: ServerStage, client: ActiveStage) -> Iterable[bytes]:
    yield from stage.encode_update(SurfaceCommands(surface_commands=[_mark(FrameAction.BEGIN)]))
    tile = BitmapData(
        dest_left=0,
        dest_top=0,
        dest_right=15,
        dest_bottom=15,
        width=16,
        height=16,
        bits_per_pixel=32,
        bitmap_data_stream=bytes(range(256)) * 4,
    )
    yield from stage.encode_update(BitmapUpdate(rectangles=[tile, tile]))
    yield from stage.encode_update(SurfaceCommands(surface_commands=[_mark(FrameAction.END)]))
    yield from stage.encode_update(PointerPositionUpdate(position=Point(x_pos=5, y_pos=6)))
    yield from stage.encode_channel("cliprdr", bytes(5000))
    yield stage.save_session_info()
    if stage.can_heartbeat:
        yield stage.heartbeat(30)
        yield stage.measure_rtt(1.0)
    yield stage.deactivate(DesktopSize(400, 300))
    yield stage.disconnect()


def _mark(action: FrameAction) -> FrameMarkerCommand:
    return FrameMarkerCommand(frame_action=action, frame_id=7)


def session_streams(*, of_client: bool) -> list[bytes]:
    """Pieces of captured sessions, where they are at hand."""
    found: list[bytes] = []
    for name in capture_names() if ROOT.exists() else []:
        upstream, downstream, _ = capture(name)
        found += frames((upstream if of_client else downstream)[:200_000])[-200:]
    return found


def hear_as_client(script: Script, *, config: ClientConfig = OUR_CLIENT) -> int:
    """Be a client that hears this; gives how much happened in the session, and raises what the client raises."""
    connector = ClientConnector(replace(config, security=script.security), random=bytes)
    _connect(connector, script.connecting)
    if connector.state.name != "CONNECTED":
        return 0
    result = connector.result
    stage = ActiveStage(result)
    size = result.desktop_size
    image = DecodedImage(size.width, size.height)
    pointer = PointerState(100)
    buffer = FrameBuffer()
    happened = 0
    for message in script.session:
        buffer.receive_data(message)
        while (pdu := buffer.next_pdu()) is not None:
            for output in stage.process(*pdu, now=1.0):
                happened += 1
                if isinstance(output, GraphicsUpdate):
                    image.apply(output.job)
                elif isinstance(output, PointerUpdate):
                    _apply(pointer, output)
                elif isinstance(output, ResponseFrame):
                    assert output.data
    return happened


def _apply(pointer: PointerState, output: PointerUpdate) -> None:
    try:
        pointer.apply(output.update)
    except DecodeError:
        return  # a pointer that cannot be shown harms nobody


def hear_as_server(script: Script, *, config: ServerConfig = OUR_SERVER) -> int:
    """Be a server that hears this; gives how much happened in the session, and raises what the server raises."""
    acceptor = ServerAcceptor(replace(config, security=script.security))
    _connect(acceptor, script.connecting)
    if acceptor.state.name != "ACCEPTED":
        return 0
    stage = ServerStage(acceptor.result)
    buffer = FrameBuffer()
    happened = 0
    for message in script.session:
        buffer.receive_data(message)
        while (pdu := buffer.next_pdu()) is not None:
            happened += len(stage.process(*pdu, now=1.0))
    return happened


def _connect(machine: ClientConnector | ServerAcceptor, messages: Iterable[bytes]) -> None:
    waiting = iter(messages)
    now = 0.0
    while not machine.state.is_terminal:
        now += 0.001
        if machine.should_perform_security_upgrade:
            machine.mark_security_upgrade_as_done()
        elif machine.should_perform_credssp:
            machine.mark_credssp_as_done()
        elif isinstance(machine, ServerAcceptor) and machine.should_check_login:
            machine.accept_login()
        elif machine.next_pdu_hint is None:
            machine.step(now=now)
        else:
            message = next(waiting, None)
            if message is None:
                return
            if message:
                machine.step(message, now=now)
    # What is over stays over.
    if machine.state.name == "CONSUMED":
        raise RdpError("consumed")
