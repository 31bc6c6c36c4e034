"""Recorded conversations of our client with real servers, played again without them, to the same pictures.

The server's side goes through `ClientConnector`, `ActiveStage` and `DecodedImage`; the client's is taken apart to what
its user did.  `python -m tests.captures.record_client` makes them anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

import numpy as np
import pytest
from PIL import Image

from tests.captures.client_scenes import CLICKED, CLIENT_SCENES, ClientScene
from tests.captures.scenes import draw
from tests.interop.pictures import psnr
from tests.interop.sessions import filled_up, truncated
from tests.protocol import replay
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.graphics.jobs import DrawBitmaps, DrawSurfaceBits, PaintJob
from trio_rdp.pdu import mcs
from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.input import (
    InputEvent,
    InputEventData,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    PointerFlags,
    UnicodeKeyboardEvent,
)
from trio_rdp.pdu.share import PduType2, ShareDataHeader, decode_shares
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.config import BitmapCodec
from trio_rdp.protocol.envelopes import open_frame
from trio_rdp.protocol.framing import RDP_HINT, TS_REQUEST_HINT, Action, FrameBuffer
from trio_rdp.protocol.keys import Key
from trio_rdp.protocol.session_events import Activated, ChannelData, GraphicsUpdate, PointerUpdate, Terminate
from trio_rdp.wire.errors import DecodeError

FOLDER = Path(__file__).parent / "captures"
WITHOUT_UNICODE = ("shadow", "weston")
PROTOCOLS = {"nla": SecurityProtocol.HYBRID, "tls": SecurityProtocol.SSL, "none": SecurityProtocol.RDP}


def name_of(scene: ClientScene) -> str:
    return scene.name


def said(scene: ClientScene, side: str) -> bytes:
    return (FOLDER / f"{scene.name}.{side}").read_bytes()


def recording(scene: ClientScene) -> replay.Recording:
    return replay.cut(said(scene, "c2s"), said(scene, "s2c"))


@pytest.mark.parametrize("scene", CLIENT_SCENES, ids=name_of)
def test_the_picture(scene: ClientScene) -> None:
    stage, outputs = replay.play(recording(scene))
    image = replay.picture(stage, outputs)
    shown = image.snapshot(PixelFormat.RGB24)
    assert np.array_equal(shown, np.asarray(Image.open(FOLDER / f"{scene.name}.png").convert("RGB")))
    assert set(stage.ignored) <= ({"OrdersUpdate"} if scene.depth == 8 else set())
    if scene.server == "weston" or len(scene.sizes) > 1:
        return  # a pointer is in the picture, or another one was painted
    if scene.codecs:
        assert psnr(shown, draw(*scene.sizes[0])) > 35
    else:
        rounded = truncated if scene.server == "shadow" else filled_up
        assert np.array_equal(shown, rounded(draw(*scene.sizes[0]), scene.depth))


@pytest.mark.parametrize("scene", CLIENT_SCENES, ids=name_of)
def test_codecs_and_compression(scene: ClientScene) -> None:
    stage, outputs = replay.play(recording(scene))
    codecs = {output.job.codec for output in outputs if isinstance(output, GraphicsUpdate) and drawn(output.job)}
    if scene.codecs:
        assert codecs == set(scene.codecs)
    else:
        assert codecs <= {BitmapCodec.RAW, BitmapCodec.PLANAR, BitmapCodec.INTERLEAVED}
        assert set(stage.inflated) == {scene.compression}


def drawn(job: PaintJob) -> TypeGuard[DrawBitmaps | DrawSurfaceBits]:
    return isinstance(job, DrawBitmaps | DrawSurfaceBits)


@pytest.mark.parametrize("scene", CLIENT_SCENES, ids=name_of)
def test_the_connection(scene: ClientScene) -> None:
    played = recording(scene)
    result = replay.connect(played).result
    assert result.selected_protocol == PROTOCOLS[scene.security]
    assert (result.desktop_size.width, result.desktop_size.height) == scene.sizes[0]
    assert result.activation.color_depth == scene.depth
    assert tuple(result.static_channels) == scene.channels
    assert bool(result.activation.input_flags & InputFlags.UNICODE) == (scene.server not in WITHOUT_UNICODE)
    assert any(action is Action.FAST_PATH for action, _ in played.session) == ("slowpath" not in scene.name)


@pytest.mark.parametrize("scene", CLIENT_SCENES, ids=name_of)
def test_what_happened(scene: ClientScene) -> None:
    stage, outputs = replay.play(recording(scene))
    sizes = [output.activation.desktop_size for output in outputs if isinstance(output, Activated)]
    assert [(size.width, size.height) for size in sizes] == list(scene.sizes[1:])
    assert (stage.activation.desktop_size.width, stage.activation.desktop_size.height) == scene.sizes[-1]
    # xrdp answers a goodbye with one; libfreerdp's servers just close.
    ends = [output.is_clean for output in outputs if isinstance(output, Terminate)]
    assert ends == ([True] if scene.server.endswith("xrdp") else [])
    assert {output.name for output in outputs if isinstance(output, ChannelData)} == set(scene.channels)
    # freerdp-shadow tells a pointer when it changes, and it did not.
    assert any(isinstance(output, PointerUpdate) for output in outputs) == (scene.server != "shadow")


def heard(scene: ClientScene) -> tuple[list[InputEvent], bytes]:
    """What the client's user did, and the client's last message."""
    buffer = FrameBuffer(said(scene, "c2s"))
    assert buffer.next_by_hint(RDP_HINT)
    while buffer.peek().startswith(b"\x30"):
        buffer.next_by_hint(TS_REQUEST_HINT)
    assert buffer.next_by_hint(RDP_HINT)  # Connect Initial, the only message of that kind
    events: list[InputEvent] = []
    last = b""
    while found := buffer.next_pdu():
        action, last = found
        if action is Action.FAST_PATH:
            events += FastPathInput.decode(last).fp_input_events
        else:
            events += slow_events(last)
    assert not buffer.peek()
    return events, last


def slow_events(frame: bytes) -> list[InputEvent]:
    pdu = open_frame(frame)
    if not isinstance(pdu, mcs.SendDataRequest):
        return []
    try:
        shares = list(decode_shares(pdu.user_data))
    except DecodeError:  # Client Info has another header
        return []
    return [
        event.event
        for share in shares
        if isinstance(share, ShareDataHeader) and share.pdu_type2 == PduType2.INPUT
        for event in InputEventData.decode(share.payload).slow_path_input_events
    ]


@pytest.mark.parametrize("scene", CLIENT_SCENES, ids=name_of)
def test_what_its_user_did(scene: ClientScene) -> None:
    events, last = heard(scene)
    x, y = CLICKED
    button = PointerFlags.BUTTON1
    wanted: list[InputEvent] = [
        MouseEvent(pointer_flags=flags, x_pos=x, y_pos=y)
        for flags in (PointerFlags.MOVE, button | PointerFlags.DOWN, button, PointerFlags.wheel(-120))
    ]
    for key, letter in ((Key.H, "h"), (Key.I, "i")):
        for flags in (KeyboardFlags(0), KeyboardFlags(KeyboardFlags.RELEASE)):
            if scene.server in WITHOUT_UNICODE:
                wanted.append(KeyboardEvent(keyboard_flags=flags, key_code=key.scancode))
            else:
                wanted.append(UnicodeKeyboardEvent(keyboard_flags=flags, unicode_code=ord(letter)))
    assert events == wanted
    assert isinstance(open_frame(last), mcs.DisconnectProviderUltimatum)
