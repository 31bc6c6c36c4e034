"""Captured sessions whose servers drew by the graphics pipeline, played again to a whole session of our client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from random import Random

import numpy as np
import pytest
import trio
import trio.lowlevel
import trio.testing
from PIL import Image

from tests.captures.messages import HERE, load
from tests.captures.scenes import draw
from tests.interop.pictures import Picture, psnr
from tests.interop.sessions import shown
from tests.protocol import replay
from tests.shared import ROOT, capture_names
from trio_rdp.channels.rdpgfx import CHANNEL_NAME
from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion
from trio_rdp.channels.rdpgfx.client import GraphicsClient
from trio_rdp.client import Session
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.faces.graphics.pipeline import GraphicsPipeline, GraphicsStatistics
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.framed import Framed
from trio_rdp.level import Ending
from trio_rdp.painting import Painter
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.screen import Screen
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed

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


async def wait_drawn(session: Session, name: str) -> None:
    """Wait until a capture has been heard to its end, and everything is drawn."""
    frames = len(replay.recording(name).session)
    with trio.fail_after(60):
        await session.graphics.wait_ready()
        while True:
            found = session.statistics()
            graphics = found.graphics
            if found.frames_received >= frames and not found.painter.pending_bytes and not graphics.queue_depth:
                break
            await trio.sleep(0.01)
        await session.screen.wait_settled(0.1)


def displayed(name: str) -> Picture:
    """What the real client showed."""
    return np.asarray(Image.open(ROOT / "captures" / f"{name}.png").convert("RGB"))


@pytest.mark.parametrize("name", parameters())
async def test_the_picture(name: str) -> None:
    async with replayed(name) as session:
        await wait_drawn(session, name)
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
        await wait_drawn(session, name)
        picture = shown(session)
        assert psnr(picture, displayed(name)[: picture.shape[0], : picture.shape[1]]) > GOOD


async def messages_drawn(name: str, frames: int) -> tuple[Picture, GraphicsStatistics]:
    """What a screen shows after the messages of a file, which draw so many frames."""
    screen = Screen(640, 480, Ending())
    painter = Painter(screen, EncodeScheduler(2), 1 << 22, lambda _: None)
    face = GraphicsPipeline(ClientConfig(), painter, painter.flush, painter._scheduler.run, lambda: None)
    ours, theirs = channel_pair(CHANNEL_NAME, messages=256)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(painter.run)
        nursery.start_soon(face.run, ours)
        for message in load(f"{name}.s2c"):
            await theirs.send(message)
        with trio.fail_after(20):
            while face.statistics().shown < frames:  # noqa: ASYNC110
                await trio.sleep(0.01)
        statistics = face.statistics()
        picture = np.ascontiguousarray(screen.snapshot()[:, :, 2::-1])
        nursery.cancel_scope.cancel()
    return picture, statistics


async def test_what_xrdp_sent() -> None:
    name = "gfx-xfreerdp-xrdp-progressive"
    picture, _ = await messages_drawn(name, 5)
    assert psnr(picture, np.asarray(Image.open(HERE / f"{name}.png").convert("RGB"))) > 40  # a picture with noise


async def test_what_gnome_sent() -> None:
    """gnome-remote-desktop 48.1: a picture, then a second monitor, with a surface of its own."""
    name = "gfx-client-gnome-48"
    picture, statistics = await messages_drawn(name, 7)
    assert statistics.surfaces == 2
    assert not statistics.ignored
    assert np.array_equal(picture, np.asarray(Image.open(HERE / f"{name}.png").convert("RGB")))
    assert psnr(picture[150:, :320], draw(320, 240)[150:]) > 30  # the pointer is above that
    assert not picture[200:, 320:].any()  # where no monitor is
    assert picture[:200, 320:].any(axis=2).all()


async def messages_of(name: str) -> list[bytes]:
    """What came on the pipeline's channel in a capture."""
    found: list[bytes] = []
    async with replayed(name) as session:
        take = session.graphics._take

        async def noting(channel: MessageChannel, machine: GraphicsClient, data: bytes) -> None:
            found.append(data)
            await take(channel, machine, data)

        session.graphics._take = noting  # type: ignore[method-assign]
        await wait_drawn(session, name)
    return found


@pytest.mark.parametrize("name", parameters())
async def test_captures_that_were_tampered_with(name: str) -> None:
    """Whatever becomes of the messages: the channel goes on, or is closed with a reason, and nothing else breaks."""
    messages = await messages_of(name)
    assert len(messages) > 2
    random = Random(name)
    ends = set()
    for _ in range(25):
        async with trio.open_nursery() as nursery:
            screen = Screen(64, 48, Ending())
            painter = Painter(screen, EncodeScheduler(2), 1 << 22, lambda _: None)
            face = GraphicsPipeline(ClientConfig(), painter, painter.flush, painter._scheduler.run, lambda: None)
            ours, theirs = channel_pair(CHANNEL_NAME, messages=256)
            nursery.start_soon(painter.run)
            nursery.start_soon(face.run, ours)
            for message in tampered(messages, random):
                await theirs.send(message)
                await trio.lowlevel.checkpoint()
                if not face.is_open:
                    break
            await theirs.aclose()
            while face.is_open:  # noqa: ASYNC110
                await trio.sleep(0.001)
            with pytest.raises(ChannelClosed) as caught:
                await face.wait_open()
            ends.add(caught.value.reason)
            with trio.fail_after(20):
                await painter.wait_idle()  # what came before the end is drawn
            assert face.statistics().surfaces == 0
            nursery.cancel_scope.cancel()
    assert len(ends) > 3


def tampered(messages: list[bytes], random: Random) -> list[bytes]:
    """Messages of which some are cut, changed, doubled, left out or in another place; the first one stays."""
    found = list(messages)
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(1, len(found))
        data = bytearray(found[at])
        match random.randrange(5):
            case 0:
                found[at] = bytes(data[: random.randrange(len(data) + 1)])
            case 1:
                for _ in range(random.randrange(1, 9)):
                    if data:
                        # What stands at the beginning says what the rest means.
                        place = random.randrange(min(len(data), random.choice((80, len(data)))))
                        data[place] = random.randrange(256)
                found[at] = bytes(data)
            case 2:
                found.insert(at, found[at])
            case 3:
                if len(found) > 2:
                    del found[at]
            case _:
                other = random.randrange(1, len(found))
                found[at], found[other] = found[other], found[at]
    return found
