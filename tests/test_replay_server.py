"""Recorded conversations of real clients with our server, played again to both of our roles, byte by byte the same.

The client's side goes through `ServerAcceptor` and `ServerStage`, the server's through `ClientConnector`, `ActiveStage`
and `DecodedImage`.  `python -m tests.captures.record_server` makes them anew.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.captures.scenes import ENTERED, SCENES, Scene, draw
from tests.interop.serving import as_shown
from tests.protocol import replay
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.pdu.share import PduType, ShareControlHeader, decode_shares
from trio_rdp.protocol.config import DesktopSize, Security, ServerConfig
from trio_rdp.protocol.envelopes import open_frame
from trio_rdp.protocol.framing import TS_REQUEST_HINT, Action, FrameBuffer
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    KeyReleased,
    MouseButton,
    MousePressed,
    MouseReleased,
    WheelTurned,
)
from trio_rdp.protocol.keys import Key
from trio_rdp.protocol.server_acceptor import AcceptedConnection, ServerAcceptor
from trio_rdp.protocol.server_events import InputReceived, Reactivated, ServerStageOutput, Terminate
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.wire.errors import AuthenticationFailed

FOLDER = Path(__file__).parent / "captures"
LET_IN = [scene for scene in SCENES if scene.is_let_in]
CONFIG = ServerConfig(security=Security.AUTO | Security.NONE)


def name_of(scene: Scene) -> str:
    return scene.name


def said(scene: Scene, side: str) -> bytes:
    return (FOLDER / f"{scene.name}.{side}").read_bytes()


def accept(scene: Scene, buffer: FrameBuffer) -> AcceptedConnection:
    """Play the client's part of the connection sequence."""
    acceptor = ServerAcceptor(CONFIG)
    now = 100.0
    while not acceptor.state.is_terminal:
        now += 0.001
        hint = acceptor.next_pdu_hint
        if acceptor.should_perform_security_upgrade:
            acceptor.mark_security_upgrade_as_done()
        elif acceptor.should_perform_credssp:
            while buffer.peek().startswith(b"\x30"):
                buffer.next_by_hint(TS_REQUEST_HINT)
            acceptor.mark_credssp_as_done()
        elif acceptor.should_check_login:
            assert acceptor.client_info.user_name == "alice"
            if scene.is_let_in:
                acceptor.accept_login()
            else:
                acceptor.refuse_login()
        elif hint is None:
            acceptor.step(now=now)
        else:
            frame = buffer.next_by_hint(hint)
            assert frame is not None
            acceptor.step(frame, now=now)
    return acceptor.result


def is_confirm(action: Action, frame: bytes, channel_id: int) -> bool:
    """Whether a message answers a reactivation."""
    if action is not Action.X224:
        return False
    pdu = open_frame(frame)
    if getattr(pdu, "channel_id", None) != channel_id:
        return False
    first = next(iter(decode_shares(pdu.user_data)))  # type: ignore[union-attr]
    return isinstance(first, ShareControlHeader) and first.pdu_type == PduType.CONFIRM_ACTIVE


def play(scene: Scene) -> tuple[ServerStage, list[ServerStageOutput]]:
    """Play all of the client's part; the server resizes where it did so when that was recorded."""
    buffer = FrameBuffer(said(scene, "c2s"))
    stage = ServerStage(accept(scene, buffer))
    outputs = stage.start()
    sizes = iter(scene.sizes[1:])
    while not (outputs and isinstance(outputs[-1], Terminate)) and (found := buffer.next_pdu()):
        if is_confirm(*found, stage.accepted.io_channel_id):
            assert stage.is_active
            stage.deactivate(DesktopSize(*next(sizes)))
        outputs += stage.process(*found, now=200.0)
    assert next(sizes, None) is None
    return stage, outputs


@pytest.mark.parametrize("scene", LET_IN, ids=name_of)
def test_the_clients_part_through_our_server(scene: Scene) -> None:
    stage, outputs = play(scene)
    accepted = stage.accepted
    assert accepted.color_depth == scene.depth
    assert accepted.capabilities.fast_path_output == ("-fast-path" not in scene.flags)
    assert (accepted.desktop_size.width, accepted.desktop_size.height) == scene.sizes[0]
    assert accepted.negotiated.needs_tls == (scene.security != "rdp")
    assert accepted.negotiated.needs_credssp == (scene.security == "nla")
    reached = [output.desktop_size for output in outputs if isinstance(output, Reactivated)]
    assert reached == [DesktopSize(*size) for size in scene.sizes[1:]]
    # The round trips that were measured meanwhile are nothing that this stage has asked for.
    assert set(stage.ignored) <= {"auto-detect response"}
    assert stage.is_active
    # rdesktop says goodbye; xfreerdp 2.11 just closes.
    ends = [output.is_clean for output in outputs if isinstance(output, Terminate)]
    assert ends == ([True] if scene.client == "rdesktop" else [])


@pytest.mark.parametrize("scene", LET_IN, ids=name_of)
def test_what_its_user_did(scene: Scene) -> None:
    outputs = play(scene)[1]
    events = [event for output in outputs if isinstance(output, InputReceived) for event in output.events]
    notch = 128 if scene.client == "rdesktop" else 120
    wanted: list[InputEvent] = [
        MousePressed(MouseButton.LEFT, *ENTERED),
        MouseReleased(MouseButton.LEFT, *ENTERED),
        WheelTurned(notch, *ENTERED),
    ]
    assert [event for event in events if isinstance(event, MousePressed | MouseReleased | WheelTurned)] == wanted
    keys = [event for event in events if isinstance(event, KeyPressed)]
    assert keys == [KeyPressed(key, key.scancode) for key in (Key.H, Key.I)]
    # Keys that clients let go of when they get the focus were pressed somewhere else.
    let_go = [event for event in events if isinstance(event, KeyReleased) and event.key in (Key.H, Key.I)]
    assert let_go == [KeyReleased(key, key.scancode) for key in (Key.H, Key.I)]


@pytest.mark.parametrize("scene", [scene for scene in SCENES if not scene.is_let_in], ids=name_of)
def test_who_is_refused(scene: Scene) -> None:
    with pytest.raises(AuthenticationFailed):
        accept(scene, FrameBuffer(said(scene, "c2s")))


@pytest.mark.parametrize("scene", LET_IN, ids=name_of)
def test_our_part_shows_the_picture(scene: Scene) -> None:
    stage, outputs = replay.play(replay.cut(said(scene, "c2s"), said(scene, "s2c")))
    image = replay.picture(stage, outputs)
    shown = image.snapshot(PixelFormat.RGB24)
    assert np.array_equal(shown, as_shown(draw(*scene.sizes[-1]), scene.depth))
    assert not stage.ignored
