"""All that the server's side of the graphics pipeline says of a lively desktop, read by a client without mercy."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.codecs.pictures import gradient, noise, solid, text
from tests.conformance.pipeline_rules import StrictClient
from tests.graphics.pipeline.model_client import photo
from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilityVersion
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.channels.rdpgfx.outgoing import Outgoing
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.encoder import PipelineEncoder
from trio_rdp.graphics.pipeline.jobs import BeginPipelineFrame, EndPipelineFrame, MonitorArea, PipelineJob
from trio_rdp.graphics.pipeline.plan import FramePlan
from trio_rdp.protocol.server_graphics import pipeline_codecs

V8, V81, V10, V101, V102, V103, V104, V105, V106, V107 = CapabilityVersion
FLAGS = CapabilityFlags
AGREED = {
    "8 thin": Confirmed(V8, FLAGS.THINCLIENT),
    "8.1 h264": Confirmed(V81, FLAGS.SMALL_CACHE | FLAGS.AVC420_ENABLED),
    "10": Confirmed(V10),
    "10.3": Confirmed(V103),
    "10.7": Confirmed(V107),
    "10.7 without h264": Confirmed(V107, FLAGS.AVC_DISABLED | FLAGS.SMALL_CACHE),
}


class Desk:
    """A desktop on which much happens, and its client."""

    def __init__(self, confirmed: Confirmed, width: int, height: int) -> None:
        self.buffer = Framebuffer(width, height)
        self.buffer.damage.add(self.buffer.bounds)
        self.encoder = PipelineEncoder(
            width,
            height,
            codecs=pipeline_codecs(tuple(BitmapCodec), confirmed),
            mixes_avc=confirmed.mixes_avc,
            takes_avc444v2=confirmed.takes_avc444v2,
            cache_bytes=confirmed.cache_bytes,
            cache_slots=confirmed.cache_slots,
            one_decoder=confirmed.version < V10,
        )
        self.client = StrictClient(confirmed)
        self.random = random.Random(width * height)
        self._outgoing = Outgoing(confirmed)
        self._before = self.encoder.setup()
        self._now = 100.0
        self._frame_id = 0

    def blit(self, x: int, y: int, pixels: NDArray[np.uint8]) -> None:
        place = Rect(x, y, pixels.shape[1], pixels.shape[0]).intersect(self.buffer.bounds)
        if not place.is_empty:
            self.buffer.blit(place, np.ascontiguousarray(pixels[: place.height, : place.width]))

    def send(self, after: float = 0.04) -> None:
        self._now += after
        self._say(self.encoder.begin(self.buffer.pixels, self.buffer.damage.take(), self._now))

    def refine(self) -> None:
        for _ in range(300):
            due = self.encoder.refinement_due
            if due is None:
                return
            self._now = max(self._now, due)
            self._say(self.encoder.begin_refinement(self.buffer.pixels, self._now, 1 << 15))

    def resize(self, width: int, height: int, monitors: tuple[MonitorArea, ...] = ()) -> None:
        self.buffer.resize(width, height)
        self.buffer.damage.add(self.buffer.bounds)
        self._before += self.encoder.resize(width, height, monitors)

    def _say(self, plan: FramePlan) -> None:
        for part in plan.parts:
            part.encode()
        self.encoder.finish(plan)
        for jobs in plan.frames:
            self._frame_id += 1
            framed: list[PipelineJob] = [
                *self._before,
                BeginPipelineFrame(self._frame_id),
                *jobs,
                *self.encoder.outputs.copies(jobs),
                EndPipelineFrame(self._frame_id),
            ]
            self._before = []
            self.client.receive(self._outgoing.encode(tuple(framed), None)[0])


def live(desk: Desk, percents: Iterable[int]) -> None:
    """Text, colours, what moves, photographs and films."""
    width, height = desk.buffer.width, desk.buffer.height
    page = text(width, height * 2)
    desk.blit(0, 0, page[:height])
    desk.send()
    for top in (16, 48, 49, 90):  # it scrolls
        desk.blit(0, 0, page[top : top + height])
        desk.send(0.5)
    desk.blit(10, 20, solid(150, 140))
    desk.blit(170, 30, gradient(90, 70))
    desk.send(0.5)
    for step in range(4):  # a window moves
        desk.blit(0, 0, page[:height])
        desk.blit(20 + 9 * step, 30 + 5 * step, photo(130, 100))
        desk.send()
    for step in range(4):  # somebody types
        desk.blit(40 + 6 * step, 50, text(6, 12)[::-1].copy())
        desk.send(0.2)
    desk.refine()
    for percent in percents:
        desk.encoder.percent = percent
        for number in range(6):  # films, and what is beside them
            desk.blit(64, 48, photo(208, 160, number))
            desk.blit(5, height - 30, text(60, 20)[:, :: 1 if number % 2 else -1].copy())
            desk.blit(desk.random.randrange(width), desk.random.randrange(height), photo(40, 30, number))
            desk.blit(desk.random.randrange(width), desk.random.randrange(height), noise(50, 50))
            desk.send()
        desk.refine()
    for number in range(5):
        desk.blit(0, 0, photo(width, height, number))
        desk.send()
    desk.refine()
    desk.blit(30, 40, photo(200, 150, 99))  # a photograph, on a slow line
    desk.encoder.percent = 20
    desk.send(2.0)
    desk.refine()


@pytest.mark.parametrize("agreed", AGREED)
def test_what_a_server_sends_is_allowed(agreed: str) -> None:
    confirmed = AGREED[agreed]
    desk = Desk(confirmed, 321, 253)
    live(desk, (100, 20))
    desk.resize(410, 230, (MonitorArea(Rect(-210, 0, 210, 230)), MonitorArea(Rect(0, 0, 200, 230), is_primary=True)))
    desk.encoder.quality = Quality.BEST
    live(desk, (100,))
    seen = desk.client.seen
    assert seen >= {"ResetGraphicsPdu", "CLEARCODEC", "SolidFillPdu", "SurfaceToSurfacePdu", "CacheToSurfacePdu"}
    assert seen >= {"RLEX", "RAW", "band", "glyph hit", "PLANAR"}
    assert ("REMOTEFX" in seen) == confirmed.takes_remotefx
    if confirmed.takes_progressive:
        assert seen >= {"TileSimple", "TileFirst", "TileUpgrade", "DeleteEncodingContextPdu"}
    if avc.is_available():
        assert ("AVC420" in seen) == confirmed.takes_avc420
        assert ("AVC444V2" in seen) == confirmed.takes_avc444v2
        assert ("AVC444" in seen) == (confirmed.takes_avc444 and not confirmed.takes_avc444v2)
        assert ("mixed" in seen) == confirmed.mixes_avc
