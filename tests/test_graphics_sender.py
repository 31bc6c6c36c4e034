"""What becomes of damage, of cancelled calls and of a slow line, with a client that only counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import trio
import trio.testing

from tests.display_link import cancelled_after, noise
from tests.graphics.pipeline.model_client import ModelClient, photo
from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion as GraphicsVersion
from trio_rdp.channels.rdpgfx.events import AcknowledgementSuspended, CacheOffered, FrameAcknowledged
from trio_rdp.codecs import avc
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.view import View
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.graphics.content import Content
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.encoder import CODECS
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    ImportCached,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
)
from trio_rdp.graphics.pipeline.pacing import FramePacer
from trio_rdp.graphics.pipeline.plan import FramePlan
from trio_rdp.graphics_sender import GraphicsSender, PipelineLink
from trio_rdp.level import Ending, Level
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError
from trio_rdp.writer import Item, Writer

needs_avc = pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")


class Sent:
    """A sender, and the jobs of each of its messages."""

    def __init__(
        self,
        *,
        bandwidth: float | None = None,
        lane: int = 1 << 24,
        width: int = 256,
        height: int = 192,
        codecs: Sequence[BitmapCodec] = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW),
    ) -> None:
        self.messages: list[list[PipelineJob]] = []
        self.size: int | None = 100  # bytes of each; None for those of its bitmaps
        self.marks: tuple[bytes, bytes] | None = None
        self.anew = False  # whether the client has begun anew, and this sender does not know
        stream, self.far = trio.testing.memory_stream_pair()
        self.writer = Writer(stream, Limits(graphics_lane=lane))
        self.framebuffer = Framebuffer(width, height)
        link = PipelineLink(
            version=GraphicsVersion.VERSION_107,
            opening=b"opening",
            codecs=tuple(codecs),
            takes_h264=BitmapCodec.AVC420 in codecs,
            mixes_avc=True,
            cache_bytes=1 << 24,
            cache_slots=4096,
            encode=self._encode,
            items=self._items,
            measure=lambda now: self.marks,
        )
        level = Level(Ending())
        self.sender = GraphicsSender(
            link, FramePacer(bandwidth=bandwidth), self.writer.graphics, EncodeScheduler(2), level
        )
        self.sender.begin(width, height, ())

    def _encode(self, jobs: Sequence[PipelineJob]) -> bytes:
        self.messages.append(list(jobs))
        size = self.size if self.size is not None else 100 + sum(len(data_of(job)) for job in jobs)
        return b"" if self.anew else bytes(size)

    def _items(self, message: bytes) -> list[Item]:
        return [message]

    async def send(self) -> None:
        await self.sender.send(self.framebuffer, lambda: True)

    @property
    def frames(self) -> list[int]:
        return [job.frame_id for jobs in self.messages for job in jobs if isinstance(job, EndPipelineFrame)]


def data_of(job: PipelineJob) -> bytes:
    return job.data if isinstance(job, DrawSurface | DrawProgressive) else b""


async def test_the_desktop_comes_with_the_first_frame() -> None:
    sent = Sent()
    sent.framebuffer.fill(Rect(0, 0, 256, 192), 0x102030)
    await sent.send()
    (jobs,) = sent.messages
    assert isinstance(jobs[0], ResetGraphics)
    begin = next(job for job in jobs if isinstance(job, BeginPipelineFrame))
    assert begin.timestamp >> 22 < 24
    assert begin.timestamp & 1023 < 1000
    assert isinstance(jobs[-1], EndPipelineFrame)
    assert sent.sender.unacknowledged == 1
    assert not sent.framebuffer.damage
    sent.sender.heard(FrameAcknowledged(sent.frames[0], 5, 1, (sent.frames[0],)), 1.0)
    assert sent.sender.unacknowledged == 0
    assert sent.sender.statistics().queue_depth == 5


@needs_avc
async def test_each_frame_is_shown_on_all_monitors_at_its_end() -> None:
    """Also where a film comes in a frame of its own, and where it has been encoded elsewhere."""
    sent, client = Sent(bandwidth=1e6, codecs=(*CODECS, BitmapCodec.AVC420)), ModelClient()
    sent.sender.resize(512, 256, [MonitorArea(Rect(0, -128, 512, 128)), MonitorArea(Rect(0, 0, 512, 128), True)])
    sent.framebuffer.resize(512, 256)
    encoder = avc.Encoder(128, 128, avc.Mode.AVC420)
    for number in range(8):
        sent.framebuffer.blit(Rect(0, 64, 256, 192), noise(256, 192, number))
        sent.framebuffer.fill(Rect(290 + number, 10, 20, 20), number)
        picture = Avc420BitmapStream.decode(encoder.encode(View.of(photo(128, 128, number)), [(0, 0, 128, 128)]))
        assert sent.sender.add_video(Rect(320, 60, 128, 128), picture.avc420_encoded_bitstream)
        await sent.send()
        for jobs in sent.messages:
            client.apply(job for job in jobs if not isinstance(job, BeginPipelineFrame | EndPipelineFrame))
            assert len(client.places) in (1, 2)
            assert np.array_equal(client.picture, client.surfaces[1][..., :3])
        sent.messages.clear()
        for frame_id in range(3 * number, 3 * number + 3):
            sent.sender.heard(FrameAcknowledged(frame_id, 0, frame_id + 1, (frame_id,)), trio.current_time())
    assert sent.sender.statistics().frames > 16  # two each time, and three with the film


async def test_what_looks_the_same_is_no_frame() -> None:
    sent = Sent()
    sent.framebuffer.fill(Rect(0, 0, 256, 192), 0x102030)
    await sent.send()
    sent.framebuffer.fill(Rect(10, 10, 9, 9), 0x102030)
    await sent.send()
    assert len(sent.frames) == 1
    assert sent.sender.tiles_unchanged == 1


async def test_cancelled_at_every_checkpoint_nothing_is_lost() -> None:
    for steps in range(60):
        sent = Sent(lane=150)
        async with trio.open_nursery() as nursery:
            sent.framebuffer.blit(Rect(0, 0, 256, 192), noise(256, 192))
            with cancelled_after(steps) as scope:
                await sent.send()
            encoded = len(sent.frames)
            assert bool(sent.framebuffer.damage) == (encoded == 0)
            nursery.start_soon(sent.writer.run)
            await sent.send()
            await sent.sender.settle()
            assert not sent.sender.owes
            assert len(sent.frames) >= 1
            assert len(set(sent.frames)) == len(sent.frames)
            nursery.cancel_scope.cancel()
        if not scope.cancelled_caught:
            return
    raise AssertionError("it never came through")


async def test_the_pace_says_how_well_and_how_large_is_encoded() -> None:
    sent = Sent(bandwidth=20_000.0)
    sent.sender.pacer.percent = 40
    sent.framebuffer.fill(Rect(0, 0, 256, 192), 0x102030)
    await sent.send()
    assert sent.sender._encoder.percent == 40
    most = sent.sender._encoder.max_video_bytes
    assert most is not None
    assert 0 < most <= sent.sender.pacer.frame_bytes < 1 << 20


async def test_a_slow_line_gets_a_picture_in_parts_the_small_ones_first() -> None:
    sent = Sent(bandwidth=20_000.0, width=1024, height=768)
    sent.framebuffer.fill(Rect(0, 64, 1024, 704), 0x102030)
    sent.framebuffer.fill(Rect(5, 5, 8, 8), 0x102030)
    await sent.send()
    left = sent.framebuffer.damage.area
    assert 0 < left <= 1024 * 704
    assert not any(rect.intersect(Rect(5, 5, 8, 8)).area for rect in sent.framebuffer.damage.rects)
    for _ in range(40):
        await sent.send()
        sent.sender.heard(FrameAcknowledged(sent.frames[-1], 0, 1, ()), trio.current_time())
    assert not sent.framebuffer.damage


async def test_pictures_that_never_got_a_frame_of_their_own_are_counted() -> None:
    sent = Sent(bandwidth=20_000.0, width=1024, height=768)
    sent.size = 20_000
    whole, small = Rect(0, 0, 1024, 768), Rect(5, 5, 8, 8)

    async def draw(rect: Rect, color: int, *, times: int = 1) -> int:
        sent.framebuffer.fill(rect, color)
        sent.sender.drawn([rect])
        for _ in range(times):
            await sent.send()
        return sent.sender.statistics().merged

    # One that takes many frames is not merged: its last one shows it.
    assert await draw(whole, 0x102030) == 0
    for _ in range(60):
        await sent.send()
    assert not sent.framebuffer.damage
    assert await draw(small, 0x203040) == 0
    assert await draw(whole, 0x304050) == 0
    # This one was not wholly sent when the next was drawn, and those that are small go out beside it at once.
    assert await draw(small, 0x405060) == 1
    assert await draw(small, 0x506070) == 1
    assert sent.framebuffer.damage
    assert await draw(whole, 0x607080) == 1
    assert await draw(whole, 0x708090) == 2
    sent.sender.drawn([])
    assert sent.sender.statistics().merged == 2


async def test_marks_around_a_frame() -> None:
    sent = Sent()
    sent.marks = b"start", b"stop!"
    sent.framebuffer.fill(Rect(0, 0, 10, 10), 1)
    await sent.send()
    assert sent.writer.graphics.statistics().bytes == len(b"opening") + 100 + 10


async def test_a_channel_that_closed() -> None:
    sent = Sent()
    sent.framebuffer.fill(Rect(0, 0, 256, 192), 0x102030)
    sent.sender.end()
    await sent.send()
    assert sent.messages == []
    assert sent.framebuffer.damage
    assert sent.sender.is_over
    assert sent.sender.refinement_due is None
    await sent.sender.refine(sent.framebuffer)


async def test_what_a_client_says() -> None:
    sent = Sent()
    for number in range(3):
        sent.framebuffer.fill(Rect(0, 0, 256, 192), number)
        await sent.send()
    assert sent.sender.is_ahead
    sent.sender.heard(AcknowledgementSuspended(), 1.0)
    assert not sent.sender.is_ahead
    await sent.sender.wait_acknowledged(1.0)
    # It may be encoding just now: what is answered comes with the next frame, in the order of all messages.
    before = len(sent.messages)
    for _ in range(3):
        sent.sender.heard(CacheOffered(((1, 100),)), 1.0)
    assert len(sent.messages) == before
    sent.framebuffer.fill(Rect(0, 0, 20, 20), 99)
    await sent.send()
    assert [job for job in sent.messages[-1] if isinstance(job, ImportCached)] == [ImportCached(())]
    assert sent.messages[-1][0] == ImportCached(())


async def test_what_is_encoded_for_a_client_that_begins_anew_is_thrown_away() -> None:
    sent = Sent()
    sent.anew = True
    sent.framebuffer.fill(Rect(0, 0, 256, 192), 0x102030)
    await sent.send()
    assert sent.sender.statistics().frames == 0
    assert sent.writer.graphics.statistics().bytes == len(b"opening")


async def test_a_pacer_that_says_when_the_line_is_late() -> None:
    sent = Sent(bandwidth=1e9)
    sent.framebuffer.fill(Rect(0, 0, 20, 20), 99)
    await sent.send()
    assert not sent.sender.is_ahead
    sent.sender.pacer._flying[0].due = 0.0
    assert sent.sender.is_ahead


async def test_no_h264_where_the_client_takes_none() -> None:
    with pytest.raises(LocalProtocolError, match=r"takes no H\.264"):
        Sent().sender.add_video(Rect(0, 0, 16, 16), b"")


@pytest.mark.parametrize("bandwidth", [20_000.0, 1e9])
async def test_what_is_drawn_beside_a_film_does_not_wait_for_its_picture(
    bandwidth: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sent(bandwidth=bandwidth)
    whole = Rect(0, 0, 64, 64)
    character = DrawSurface(1, PipelineCodec.CLEARCODEC, Rect(0, 0, 8, 16), bytes(50))
    film: list[PipelineJob] = [
        DrawSurface(256, PipelineCodec.AVC420, whole, bytes(9_000)),
        CopySurface(256, 1, whole, ((0, 0),)),
    ]

    def finish(plan: FramePlan) -> None:
        plan.frames = [[character, *film]]

    monkeypatch.setattr(sent.sender._encoder, "finish", finish)
    sent.framebuffer.fill(Rect(0, 0, 256, 192), 0x102030)
    await sent.send()
    inner = [[job for job in jobs if isinstance(job, DrawSurface | CopySurface)] for jobs in sent.messages]
    assert inner == ([[character], film] if bandwidth < 1e6 else [[character, *film]])
    assert len(set(sent.frames)) == len(inner)
    # The two are one picture: they do not bring forward that an acknowledgement has to come.
    pictures = sum(not flight.is_part for flight in sent.sender.pacer._flying.values())
    assert (sent.sender.unacknowledged, pictures) == (len(inner), 1)


@needs_avc
async def test_films_side_by_side_share_the_bytes_of_a_frame(mock_clock: trio.testing.MockClock) -> None:
    codecs = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC420)
    sent = Sent(bandwidth=100_000.0, width=1024, height=512, codecs=codecs)
    sent.size = None
    places = [Rect(0, 0, 256, 192), Rect(512, 0, 256, 192), Rect(0, 256, 256, 192)]
    for place in places:
        sent.sender.hints.set(place, Content.PHOTO)
    sizes: list[list[int]] = []
    for number in range(24):
        for place in places:
            sent.framebuffer.blit(place, noise(place.width, place.height, number))
        sent.sender._density = 0.01  # all of it in one frame
        before = len(sent.messages)
        await sent.send()
        jobs = [job for jobs in sent.messages[before:] for job in jobs if isinstance(job, DrawSurface)]
        sizes.append([len(job.data) for job in jobs if job.codec == PipelineCodec.AVC420])
        mock_clock.jump(0.04)
    most = sent.sender.pacer.frame_bytes
    films = [found for found in sizes if len(found) == 3][4:]  # the first ones were made for fewer
    assert len(films) > 5
    # Noise takes all that it is given, of which a bit rate is kept to about.
    assert all(sum(found) < 1.25 * most for found in films), films
    assert all(size > most / 6 for found in films for size in found), films
