"""Captured servers, played to a client of ours: the connection sequence, the session, and the picture in the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.protocol.replay import picture, play, recording
from tests.shared import ROOT, capture_names, captures
from trio_rdp.graphics.jobs import DrawBitmaps, DrawSurfaceBits, EndFrame
from trio_rdp.pdu import mcs
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.config import BitmapCodec, CompressionType, DesktopSize
from trio_rdp.protocol.envelopes import open_frame
from trio_rdp.protocol.session_events import ActiveStageOutput, ChannelFailed, GraphicsUpdate, ResponseFrame

# Messages that came after the picture was taken: xclock's next second.
LATER = {"xrdp-tls-vnc-32": 2}
# What is compressed in another way than with MPPC.
INFLATED = {
    "grd-nla-gfx-progressive": CompressionType.RDP61,
    "shadow-rdp-gfx-avc420": CompressionType.RDP61,
    "weston-tls-raw32": CompressionType.RDP61,
}
CODECS = {
    "shadow-nla-gfx-avc444": BitmapCodec.REMOTEFX,
    "shadow-rdp-gfx-avc444": BitmapCodec.REMOTEFX,
    "shadow-rdp-rfx": BitmapCodec.REMOTEFX,
    "weston-rdp-rfx": BitmapCodec.REMOTEFX,
    "weston-tls-nsc": BitmapCodec.NSCODEC,
    "xrdp-tls-xorg-rfx": BitmapCodec.REMOTEFX,
}
PICTURES = (
    "shadow-rdp-bitmap16",
    "shadow-rdp-bitmap24",
    "shadow-rdp-rfx",
    "weston-rdp-rfx",
    "weston-tls-nsc",
    "weston-tls-raw32",
    "xrdp-tls-xorg-rfx",
    "xfreerdp-xrdp-channels",
    "xrdp-rdpnone-vnc-24",
    "xrdp-tls-loginwindow-16",
    "xrdp-tls-loginwindow-24",
    "xrdp-tls-vnc-16",
    "xrdp-tls-vnc-16-slowpath",
    "xrdp-tls-vnc-24-mppc64k",
    "xrdp-tls-vnc-24-nocompress",
    "xrdp-tls-vnc-32",
    "xrdp-tls-vnc-8",
)
SELECTED = {
    "rdp": SecurityProtocol.RDP,
    "rdpnone": SecurityProtocol.RDP,
    "tls": SecurityProtocol.SSL,
    "nla": SecurityProtocol.HYBRID,
}


def playable(*wanted: str) -> list[Any]:
    """Parameters for the captures that a client of ours can play, or for those of them that are wanted."""
    names = capture_names()
    if not names:
        return captures()
    return [pytest.param(name, marks=pytest.mark.shared) for name in names if not wanted or name in wanted]


def jobs(outputs: list[ActiveStageOutput]) -> list[object]:
    return [output.job for output in outputs if isinstance(output, GraphicsUpdate)]


@pytest.mark.parametrize("name", playable())
def test_the_session_is_understood(name: str) -> None:
    played = recording(name)
    stage, outputs = play(played)
    selected = SELECTED.get(name.split("-")[2 if name.startswith("rdesktop") else 1])
    if selected is not None:
        assert stage.result.selected_protocol == selected
    assert tuple(stage.result.static_channels) == played.config.static_channels
    assert stage.result.desktop_size == DesktopSize(1024, 768)
    assert not [output for output in outputs if isinstance(output, ChannelFailed)]
    # xrdp 0.9.21 sends drawing orders at 8 bpp, and to rdesktop, which asked for them.
    assert set(stage.ignored) <= {"OrdersUpdate"}
    drawn = jobs(outputs)
    ends = [job for job in drawn if isinstance(job, EndFrame)]
    answers = [open_frame(output.data) for output in outputs if isinstance(output, ResponseFrame)]
    # GNOME's server measures the network all the time, and is answered on another channel.
    io_channel_id = stage.result.io_channel_id
    acknowledged = [pdu for pdu in answers if isinstance(pdu, mcs.SendDataRequest) and pdu.channel_id == io_channel_id]
    assert len(acknowledged) == len(ends)


@pytest.mark.parametrize("name", playable(*PICTURES))
def test_the_picture_is_what_the_client_displayed(name: str) -> None:
    """Every pixel is equal, without any pointer (the pictures show none).

    But at 16 bpp: FreeRDP 2 widens six bits of green to (g << 2) + (g >> 3), where we repeat the highest bits.  And
    FreeRDP 2 rounds down where it makes RGB of RemoteFX, we to the nearest.
    """
    from PIL import Image

    stage, outputs = play(recording(name), but=LATER.get(name, 0))
    shown = picture(stage, outputs).pixels[:, :, 2::-1].copy()
    depths = {job.bits_per_pixel for job in jobs(outputs) if isinstance(job, DrawBitmaps)}
    if depths == {16}:
        green = shown[:, :, 1].astype(np.uint16) >> 2
        shown[:, :, 1] = np.minimum((green << 2) + (green >> 3), 255)
    with Image.open(ROOT / "captures" / f"{name}.png") as image:
        displayed = np.asarray(image.convert("RGB"))[:768, :1024]
    most = 1 if CODECS.get(name) is BitmapCodec.REMOTEFX else 0
    different = np.argwhere((np.abs(shown.astype(int) - displayed) > most).any(axis=2))
    assert len(different) == 0, f"{len(different)} pixels differ, from {different.min(0)} to {different.max(0)}"


@pytest.mark.parametrize(("name", "codec"), CODECS.items())
@pytest.mark.skipif(not capture_names(), reason="needs the captures")
def test_codecs(name: str, codec: BitmapCodec) -> None:
    _, outputs = play(recording(name))
    assert {job.codec for job in jobs(outputs) if isinstance(job, DrawSurfaceBits)} == {codec}


@pytest.mark.parametrize(("name", "kind"), INFLATED.items())
@pytest.mark.skipif(not capture_names(), reason="needs the captures")
def test_compression(name: str, kind: CompressionType) -> None:
    stage, _ = play(recording(name))
    assert set(stage.inflated) == {kind}


@pytest.mark.parametrize("name", playable("xrdp-tls-vnc-16", "xrdp-rdpnone-vnc-24"))
def test_playing_twice_is_the_same(name: str) -> None:
    first: tuple[ActiveStage, list[ActiveStageOutput]] = play(recording(name))
    assert play(recording(name))[1] == first[1]
