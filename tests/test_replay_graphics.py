"""Captured sessions whose servers drew by the graphics pipeline, played again to a whole session of our client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
import trio
import trio.testing
from PIL import Image

from tests.interop.pictures import Picture, psnr
from tests.interop.sessions import shown
from tests.protocol import replay
from tests.shared import ROOT, capture_names
from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion
from trio_rdp.client import Session
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.framed import Framed

GOOD = 45  # dB: what rounding colours differently makes of what the real client showed
CAPTURES = {
    "grd-nla-gfx-progressive": {BitmapCodec.PROGRESSIVE},
    "shadow-nla-gfx-avc444": {BitmapCodec.AVC444},
    "shadow-rdp-gfx-avc420": {BitmapCodec.AVC420},
    "shadow-rdp-gfx-avc444": {BitmapCodec.AVC444},
}


def parameters() -> list[object]:
    found: list[object] = []
    for name, codecs in CAPTURES.items():
        marks = [pytest.mark.shared]
        if name not in capture_names():
            marks.append(pytest.mark.skip(reason="captures are not here; set TRIO_RDP_SHARED"))
        elif codecs != {BitmapCodec.PROGRESSIVE} and not avc.is_available():
            marks.append(pytest.mark.skip(reason="PyAV is not installed"))
        found.append(pytest.param(name, id=name, marks=marks))
    return found


@contextlib.asynccontextmanager
async def replayed(name: str, *, piece: int = 1 << 20) -> AsyncIterator[Session]:
    """A session that has heard a capture's connection sequence, and hears the rest."""
    played = replay.recording(name)
    connector = replay.connect(played)
    ours, theirs = trio.testing.memory_stream_pair()
    session = Session(Framed(ours), connector.result, None)
    said = b"".join(frame for _, frame in played.session)

    async def play() -> None:
        for at in range(0, len(said), piece):
            await theirs.send_all(said[at : at + piece])

    async def hear() -> None:
        while await theirs.receive_some():
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        nursery.start_soon(hear)
        async with session._running():
            yield session
        nursery.cancel_scope.cancel()


def displayed(name: str) -> Picture:
    """What the real client showed."""
    return np.asarray(Image.open(ROOT / "captures" / f"{name}.png").convert("RGB"))


@pytest.mark.parametrize("name", parameters())
async def test_the_picture(name: str) -> None:
    async with replayed(name) as session:
        with trio.fail_after(20):
            await session.graphics.wait_ready()
            await session.screen.wait_settled(0.3)
        picture = shown(session)
        wanted = displayed(name)[: picture.shape[0], : picture.shape[1]]
        assert psnr(picture, wanted) > GOOD
        statistics = session.statistics()
        assert set(statistics.codecs) >= CAPTURES[name]
        graphics = statistics.graphics
        assert graphics.version is not None
        assert graphics.version >= CapabilityVersion.VERSION_8
        assert graphics.frames == graphics.shown == graphics.acknowledged > 0
        assert graphics.queue_depth == 0
        assert not graphics.ignored


@pytest.mark.parametrize("name", parameters())
async def test_in_small_pieces(name: str) -> None:
    async with replayed(name, piece=97) as session:
        with trio.fail_after(30):
            await session.screen.wait_settled(0.5)
        picture = shown(session)
        assert psnr(picture, displayed(name)[: picture.shape[0], : picture.shape[1]]) > GOOD
