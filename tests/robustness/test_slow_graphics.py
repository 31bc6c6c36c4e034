"""A client that reads slowly, or not at all, while a program shows films: what waits for it stays as little."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace

import numpy as np
import pytest
import trio
import trio.testing

from tests.pipeline_pair import CLIENT, SERVER, paint, pipeline
from trio_rdp.codecs import avc, avc_x264
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.content import Content
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.pacing import MOST_FRAMES
from trio_rdp.graphics.pipeline.video import MOST_AREAS
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.protocol.input_events import UnicodePressed
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.testing import FaultyStream, open_session_pair

LIMITS = Limits(graphics_lane=1 << 17, frame_acknowledgement=0.2)
FILMS = [Rect(x, y, 192, 192) for y in (0, 256) for x in (0, 256, 512)]  # two more than are encoded at a time


class Metered(FaultyStream):
    """A stream that gives its reader no more bytes than it was granted, once `meter` was called."""

    def __init__(self, transport_stream: trio.abc.Stream) -> None:
        super().__init__(transport_stream)
        self._granted: int | None = None
        self._change = trio.Event()

    def meter(self) -> None:
        self._granted = 0

    def grant(self, count: int) -> None:
        assert self._granted is not None
        self._granted += count
        self._change.set()
        self._change = trio.Event()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        while self._granted == 0:
            await self._change.wait()
        most = max_bytes if self._granted is None else min(self._granted, max_bytes or self._granted)
        data = await super().receive_some(most)
        if self._granted is not None:
            self._granted -= min(len(data), self._granted)
        return data

    async def wait_read(self) -> None:
        """Wait until all that was granted is read, or there is nothing to be read for a while."""
        with trio.move_on_after(0.5):
            while self._granted:  # noqa: ASYNC110
                await trio.sleep(0.001)


@dataclass
class Peaks:
    """The most of everything that there was at any time."""

    frames: int = 0
    lane: int = 0
    owed: int = 0
    remembered: int = 0
    encoders: int = 0
    surfaces: int = 0

    def look(self, server: ServerSession, encoders: weakref.WeakSet[object]) -> None:
        sender = server.display._roads.pipeline
        assert sender is not None
        self.frames = max(self.frames, sender.unacknowledged)
        self.lane = max(self.lane, server.display.statistics().graphics.bytes)
        self.owed = max(self.owed, sum(map(len, sender._owed)))
        self.remembered = max(self.remembered, len(sender.pacer._late) + len(sender.pacer._flying))
        self.encoders = max(self.encoders, len(encoders))
        self.surfaces = max(self.surfaces, len(sender._encoder._context.surfaces))


async def play(session: ServerSession, drawn: list[int]) -> None:
    """Show films of noise without end, as fast as frames can be drawn."""
    source = np.random.default_rng(1)
    while True:
        async with session.display.frame() as frame:
            for place in FILMS:
                frame.blit(place, source.integers(0, 256, (192, 192, 4), np.uint8), hint=Content.PHOTO)
            frame.fill(Rect(0, 200, 8 + drawn[0] % 600, 16), (drawn[0] % 256, 9, 9))
        drawn[0] += 1


@pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")
async def test_a_client_that_reads_slowly_costs_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    encoders: weakref.WeakSet[object] = weakref.WeakSet()
    made = [0]
    init = avc_x264.X264.__init__

    def noted(self: avc_x264.X264, *args: int, **options: int) -> None:
        init(self, *args, **options)  # type: ignore[arg-type]
        encoders.add(self)
        made[0] += 1

    monkeypatch.setattr(avc_x264.X264, "__init__", noted)
    near, far = trio.testing.lockstep_stream_pair()
    stream = Metered(near)
    codecs = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC420)
    server_config = replace(SERVER, codecs=codecs, limits=LIMITS)
    client_config = replace(CLIENT, desktop_size=DesktopSize(768, 512))
    async with open_session_pair(client_config=client_config, server_config=server_config, streams=(stream, far)) as (
        client,
        server,
    ):
        with trio.fail_after(40):
            await paint(server, (1, 2, 3))
            while not server.display.has_pipeline:
                await paint(server, (1, 2, 4))
            peaks, drawn = Peaks(), [0]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(play, server, drawn)
                while not made[0]:  # noqa: ASYNC110 - at full speed, until there are films
                    await trio.sleep(0.001)
                stream.meter()
                for _ in range(200):
                    stream.grant(8_000)
                    await stream.wait_read()
                    await trio.sleep(0.005)
                    peaks.look(server, encoders)
                before = drawn[0]
                for _ in range(60):  # and now nothing at all
                    await trio.sleep(0.01)
                    peaks.look(server, encoders)
                unread = drawn[0] - before
                nursery.cancel_scope.cancel()
            found = pipeline(server)
            stream.grant(1 << 30)
            await client.keyboard.type("x")
            assert await server.input.receive() == UnicodePressed("x")
        assert found.frames > 8
        assert peaks.frames <= MOST_FRAMES
        # A frame waits for the lane by itself, or behind an eighth of what that holds.
        assert 0 < peaks.lane + peaks.owed < 4 * LIMITS.graphics_lane
        assert peaks.remembered <= MOST_FRAMES + 32
        # Of areas that grew or ended, nothing is left.
        gc.collect()
        assert 0 < peaks.surfaces <= MOST_AREAS
        assert len(encoders) <= MOST_AREAS
        assert peaks.encoders <= 2 * MOST_AREAS
        # Who reads nothing is drawn for no more, but for what is on its way when that begins.
        assert unread <= 2
