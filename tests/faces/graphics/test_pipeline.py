"""`GraphicsPipeline` on a real painter and screen, against a server's machine at the other end of its channel."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from tests.faces.graphics.test_kept_bitmaps import Memory, kept
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.rail.app_window import AppWindow
from trio_rdp.channels.rdpgfx import CHANNEL_NAME
from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilityVersion, CapsAdvertisePdu
from trio_rdp.channels.rdpgfx.events import (
    AcknowledgementResumed,
    AcknowledgementSuspended,
    CacheOffered,
    Confirmed,
    FrameAcknowledged,
    FrameTimed,
    Reply,
)
from trio_rdp.channels.rdpgfx.messages import decode_messages
from trio_rdp.channels.rdpgfx.server import GraphicsServer, GraphicsServerEvent
from trio_rdp.codecs.zgfx import Compressor
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.faces.graphics.pipeline import GraphicsPipeline
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DrawCached,
    DrawSurface,
    EndPipelineFrame,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)
from trio_rdp.level import Ending
from trio_rdp.painting import Painter
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.screen import Screen
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

WIDTH, HEIGHT = 64, 48
RED, BLUE = bytes((0, 0, 255, 255)), bytes((255, 0, 0, 255))
DESKTOP: list[PipelineJob] = [
    ResetGraphics(WIDTH, HEIGHT),
    CreateSurface(1, WIDTH, HEIGHT),
    MapSurface(1, 0, 0),
]


class Link:
    """A client's face with its screen, and the server that draws on it."""

    def __init__(self, nursery: trio.Nursery, *, messages: int = 64, **options: Any) -> None:
        config = ClientConfig(**{"enable_h264": False, **options})
        self.screen = Screen(WIDTH, HEIGHT, Ending())
        self.turns: list[float] = []
        self.repaints = 0
        self.scheduler = EncodeScheduler(2)
        self.painter = Painter(self.screen, self.scheduler, config.limits.undecoded, lambda _: None)
        self.face = GraphicsPipeline(config, self.painter, self.painter.flush, self._run_in_turn, self._repaint)
        self.ours, self.theirs = channel_pair(CHANNEL_NAME, messages=messages)
        self.server = GraphicsServer()
        self.events: list[GraphicsServerEvent] = []
        nursery.start_soon(self.painter.run)
        nursery.start_soon(self.face.run, self.ours)

    def _repaint(self) -> None:
        self.repaints += 1

    async def _run_in_turn(self, work: Any, seconds: float) -> bytes:
        self.turns.append(seconds)
        found: bytes = await self.scheduler.run(work, seconds)
        return found

    async def open(self) -> Confirmed:
        """Agree on the best that the client offers."""
        await self.listen()
        confirmed = await self.face.wait_ready()
        assert confirmed == self.server.confirmed
        return confirmed

    async def listen(self) -> list[GraphicsServerEvent]:
        """What the client's next message says; what is owed for it is sent."""
        found = self.server.receive(await self.theirs.receive())
        for event in found:
            if isinstance(event, Reply):
                await self.theirs.send(event.message)
        self.events += found
        return found

    async def listen_until(self, kind: type[Any]) -> Any:
        """Listen until the client says something of that kind, and give it."""
        while True:
            for event in await self.listen():
                if isinstance(event, kind):
                    return event

    async def draw(self, *jobs: PipelineJob) -> int:
        """Send a frame; give its number."""
        frame_id = self.server.new_frame_id()
        await self.theirs.send(self.server.encode([BeginPipelineFrame(frame_id), *jobs, EndPipelineFrame(frame_id)]))
        return frame_id

    async def show(self, *jobs: PipelineJob) -> None:
        """Send a frame, and wait until the client has it on the screen."""
        frame_id = await self.draw(*jobs)
        while (await self.listen_until(FrameAcknowledged)).frame_id != frame_id:
            pass

    async def start(self) -> None:
        """A red desktop."""
        await self.open()
        await self.theirs.send(self.server.encode(DESKTOP))
        await self.show(FillSurface(1, RED, (Rect(0, 0, WIDTH, HEIGHT),)))
        assert self.screen.pixel(5, 5) == (255, 0, 0)

    def end(self, nursery: trio.Nursery) -> None:
        nursery.cancel_scope.cancel()


async def closed(link: Link) -> str:
    """Why the channel was given up."""
    while True:
        try:
            await link.theirs.receive()
        except trio.EndOfChannel:
            break
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed) as caught:
        await link.face.wait_open()
    return str(caught.value)


class TestAgreement:
    async def offered(self, **options: Any) -> dict[CapabilityVersion, CapabilityFlags]:
        async with trio.open_nursery() as nursery:
            link = Link(nursery, **options)
            (advertised,) = decode_messages(await link.theirs.receive())
            assert isinstance(advertised, CapsAdvertisePdu)
            link.end(nursery)
        return {one.version: one.flags for one in advertised.caps_sets}

    async def test_everything_is_offered(self) -> None:
        found = await self.offered()
        # Version 10.1 implies H.264.
        assert set(found) == set(CapabilityVersion) - {CapabilityVersion.VERSION_101}
        assert all(
            (CapabilityFlags.AVC_DISABLED in flags) == (version >= CapabilityVersion.VERSION_10)
            for version, flags in found.items()
        )

    async def test_h264(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trio_rdp.codecs.avc.is_available", lambda: True)
        found = await self.offered(enable_h264=None)
        assert set(found) == set(CapabilityVersion)
        assert CapabilityFlags.AVC420_ENABLED in found[CapabilityVersion.VERSION_81]
        assert not any(CapabilityFlags.AVC_DISABLED in flags for flags in found.values())

    async def test_a_weak_client(self) -> None:
        found = await self.offered(graphics_thin_client=True, graphics_small_cache=True)
        assert CapabilityFlags.THINCLIENT in found[CapabilityVersion.VERSION_8]
        assert CapabilityFlags.SMALL_CACHE in found[CapabilityVersion.VERSION_107]

    async def test_chosen_versions(self) -> None:
        versions = (CapabilityVersion.VERSION_8, CapabilityVersion.VERSION_102)
        assert set(await self.offered(graphics_versions=versions)) == set(versions)

    async def test_the_server_chooses(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            assert link.face.version is None
            assert link.face.statistics().version is None
            await link.open()
            assert link.face.version == CapabilityVersion.VERSION_107
            statistics = link.face.statistics()
            assert statistics.version == CapabilityVersion.VERSION_107
            assert statistics.flags == CapabilityFlags.AVC_DISABLED
            link.end(nursery)

    async def test_waiting_for_it_ends_with_the_session(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)

            async def wait() -> None:
                with pytest.raises(SessionClosed, match="gone"):
                    await link.face.wait_ready()

            async with trio.open_nursery() as waiting:
                waiting.start_soon(wait)
                await trio.testing.wait_all_tasks_blocked()
                link.face.session_ended(SessionClosed("gone"))
            link.end(nursery)


class TestFrames:
    async def test_a_frame_is_shown_and_acknowledged(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            await link.show(FillSurface(1, BLUE, (Rect(0, 0, 8, 8),)), CopySurface(1, 1, Rect(0, 0, 8, 8), ((40, 30),)))
            assert link.screen.pixel(47, 37) == (0, 0, 255)
            assert link.screen.pixel(48, 38) == (255, 0, 0)
            timed = await link.listen_until(FrameTimed)
            assert timed.frame_id == 2
            statistics = link.face.statistics()
            assert (statistics.frames, statistics.shown, statistics.acknowledged) == (2, 2, 2)
            assert (statistics.surfaces, statistics.surface_bytes) == (1, WIDTH * HEIGHT * 4)
            assert statistics.bytes_received > 0
            assert (statistics.fills, statistics.copies, statistics.cache_hits) == (2, 1, 0)
            assert statistics.bytes_inflated > 3 * 340 // 4
            assert statistics.queue_depth == 0
            assert statistics.peak_queue_depth > 0
            link.end(nursery)

    async def test_nothing_is_shown_before_the_frame_is_whole(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            await link.theirs.send(
                link.server.encode([BeginPipelineFrame(9), FillSurface(1, BLUE, (Rect(0, 0, 9, 9),))])
            )
            await trio.testing.wait_all_tasks_blocked(0.02)
            assert link.screen.pixel(0, 0) == (255, 0, 0)
            await link.theirs.send(link.server.encode([EndPipelineFrame(9)]))
            assert (await link.listen_until(FrameAcknowledged)).frame_id == 9
            assert link.screen.pixel(0, 0) == (0, 0, 255)
            link.end(nursery)

    async def test_the_queue_that_the_server_hears_of(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            link.ours.__class__ = type("Deep", (type(link.ours),), {"waiting_bytes": 12_345})
            await link.show(FillSurface(1, BLUE, (Rect(0, 0, 8, 8),)))
            acknowledged = [one for one in link.events if isinstance(one, FrameAcknowledged)]
            assert acknowledged[0].queue_depth < 2000
            assert acknowledged[-1].queue_depth >= 12_345
            # What is being inflated, and what waits to be painted, counts too.
            before = link.face.statistics().queue_depth
            link.face._inflating += 900
            assert link.face.statistics().queue_depth == before + 900
            link.painter.__class__ = type("Busy", (Painter,), {"pipeline_pending": 7_000})
            assert link.face.statistics().queue_depth == before + 900 + 7_000
            link.end(nursery)

    async def test_the_servers_monitors(self) -> None:
        monitors = (MonitorArea(Rect(0, 0, 40, 48), is_primary=True), MonitorArea(Rect(40, 0, 24, 48)))
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            assert not link.face.monitors
            await link.show(ResetGraphics(WIDTH, HEIGHT, monitors))
            assert link.face.monitors == monitors
            link.end(nursery)

    async def test_acknowledgements_can_be_suspended(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery, graphics_versions=(CapabilityVersion.VERSION_81,))  # which hears no times
            await link.start()
            link.face.suspend_acknowledgements()
            await link.draw(FillSurface(1, BLUE, (Rect(0, 0, 1, 1),)))
            assert await link.listen() == [AcknowledgementSuspended()]
            for at in range(5):
                await link.draw(FillSurface(1, BLUE, (Rect(at, 0, 1, 1),)))
            await trio.testing.wait_all_tasks_blocked(0.02)
            link.face.suspend_acknowledgements(False)
            await link.draw(FillSurface(1, BLUE, (Rect(9, 9, 1, 1),)))
            assert await link.listen() == [AcknowledgementResumed()]
            statistics = link.face.statistics()
            assert (statistics.frames, statistics.shown, statistics.acknowledged) == (8, 8, 2)
            link.end(nursery)

    async def test_acknowledgements_can_be_left_out_from_the_beginning(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery, acknowledge_graphics=False)
            await link.open()
            await link.theirs.send(link.server.encode(DESKTOP))
            await link.draw(FillSurface(1, BLUE, (Rect(0, 0, 1, 1),)))
            await link.listen_until(AcknowledgementSuspended)
            link.end(nursery)

    async def test_the_desktop_gets_another_size(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            await link.theirs.send(
                link.server.encode([ResetGraphics(100, 30), CreateSurface(2, 100, 30), MapSurface(2, 0, 0)])
            )
            await link.show(FillSurface(2, BLUE, (Rect(0, 0, 100, 30),)))
            assert (link.screen.width, link.screen.height) == (100, 30)
            assert link.screen.pixel(99, 29) == (0, 0, 255)
            assert link.screen.statistics().resizes == 1
            link.end(nursery)

    async def test_windows(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            await link.theirs.send(link.server.encode([CreateSurface(5, 20, 10), MapSurfaceToWindow(5, 0x1234, 18, 9)]))
            await link.show(FillSurface(5, BLUE, (Rect(0, 0, 20, 10),)))
            found = link.face.window(0x1234)
            assert found is not None
            assert found.shape == (9, 18, 4)
            assert (found[..., :3] == (255, 0, 0)).all()
            assert link.face.window(1) is None
            again = link.face.window(AppWindow(id=0x1234))
            assert again is not None
            assert np.array_equal(again, found)
            # What another server says of windows: all of the surface in another size, and nothing any more.
            await link.theirs.send(link.server.encode([MapSurfaceToWindow(5, 0x1234, 20, 10, (40, 20))]))
            await link.show(FillSurface(5, RED, (Rect(0, 0, 20, 10),)))
            scaled = link.face.window(0x1234)
            assert scaled is not None
            assert scaled.shape == (20, 40, 4)
            assert (scaled[..., :3] == (0, 0, 255)).all()
            await link.theirs.send(link.server.encode([UnmapSurface(5)]))
            await link.show()
            assert link.face.window(0x1234) is None
            link.end(nursery)

    async def test_much_is_inflated_in_a_thread_and_in_order(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            side = 300
            await link.theirs.send(
                link.server.encode([ResetGraphics(side, side), CreateSurface(2, side, side), MapSurface(2, 0, 0)])
            )
            whole = Rect(0, 0, side, side)
            pictures = [random.Random(seed).randbytes(side * side * 4) for seed in range(4)]
            for picture in pictures:
                await link.draw(DrawSurface(2, PipelineCodec.UNCOMPRESSED, whole, picture))
            for _ in pictures:
                await link.listen_until(FrameAcknowledged)
            wanted = np.frombuffer(pictures[-1], np.uint8).reshape(side, side, 4)[..., :3]
            assert np.array_equal(link.screen.snapshot()[..., :3], wanted)
            assert max(link.turns) > 10 * min(link.turns)
            assert link.face.statistics().bytes_inflated > 4 * side * side * 4
            link.end(nursery)

    async def test_beginning_anew(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            with pytest.raises(LocalProtocolError, match="agreed to nothing"):
                await link.face.reset()
            await link.start()
            await link.face.reset()
            assert link.face.version is None
            await link.listen_until(Confirmed)
            await link.theirs.send(link.server.encode(DESKTOP))
            await link.show(FillSurface(1, BLUE, (Rect(0, 0, WIDTH, HEIGHT),)))
            assert link.screen.pixel(0, 0) == (0, 0, 255)
            assert link.face.statistics().surfaces == 1
            link.end(nursery)

    async def test_old_versions_cannot_begin_anew(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery, graphics_versions=(CapabilityVersion.VERSION_10,))
            await link.open()
            with pytest.raises(LocalProtocolError, match=r"10\.3"):
                await link.face.reset()
            link.end(nursery)


class TestKeptBitmaps:
    async def test_they_are_offered_imported_and_kept(self) -> None:
        memory = Memory(kept(7, 8, 8), kept(9, 4, 4))
        async with trio.open_nursery() as nursery:
            link = Link(nursery, graphics_cache=memory)
            await link.open()
            offered = await link.listen_until(CacheOffered)
            assert offered.entries == ((7, 256), (9, 64))
            await link.theirs.send(link.server.encode([*DESKTOP, ImportCached(((3, 7),))]))
            await link.show(
                DrawCached(3, 1, ((10, 10),)),
                FillSurface(1, BLUE, (Rect(0, 0, 2, 2),)),
                StoreCached(1, 77, 4, Rect(0, 0, 2, 2)),
            )
            assert link.screen.pixel(17, 17) == (7, 7, 7)
            statistics = link.face.statistics()
            assert (statistics.cached, statistics.cached_bytes) == (2, 256 + 16)
            await link.theirs.aclose()
            await trio.testing.wait_all_tasks_blocked(0.05)
            link.end(nursery)
        assert [(one.key, one.width, one.height) for one in memory.entries()] == [(77, 2, 2), (7, 8, 8)]
        assert memory.bitmaps[77].data == BLUE * 4

    async def test_those_that_are_gone(self) -> None:
        memory = Memory(kept(7, 8, 8))
        async with trio.open_nursery() as nursery:
            link = Link(nursery, graphics_cache=memory)
            await link.open()
            await link.listen_until(CacheOffered)
            memory.bitmaps.clear()
            await link.theirs.send(link.server.encode([ImportCached(((3, 7),))]))
            assert "not kept any more" in await closed(link)
            link.end(nursery)


class TestBadServers:
    """Each ends the channel, with a reason, and leaves the screen as it was."""

    async def broken_by(self, link: Link, message: bytes) -> str:
        await link.theirs.send(message)
        reason = await closed(link)
        assert link.face.version is None
        assert link.face.statistics().surfaces == 0
        assert link.face.statistics().frames > 0
        assert link.repaints == 1
        assert link.screen.pixel(5, 5) == (255, 0, 0)
        return reason

    @pytest.mark.parametrize(
        ("message", "reason"),
        [
            (b"", "segment"),
            (b"\xe0\x04garbage", "needs"),
            (b"\x00" * 20, "does not exist"),
        ],
    )
    async def test_garbage(self, message: bytes, reason: str) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            assert reason in await self.broken_by(link, message)
            link.end(nursery)

    @pytest.mark.parametrize(
        ("job", "reason"),
        [
            (FillSurface(9, RED, (Rect(0, 0, 1, 1),)), "no surface has the number 9"),
            (CopySurface(1, 1, Rect(0, 0, 99, 1), ((0, 0),)), "is not in a surface"),
            (DrawCached(8, 1, ((0, 0),)), "slot 8 of the bitmap cache is empty"),
            (DrawSurface(1, PipelineCodec.PLANAR, Rect(0, 0, 4, 4), b"\x55" * 3), ""),
            (CreateSurface(1, 4, 4), "exists already"),
            (CreateSurface(2, 16384, 8192), "of at most"),
        ],
    )
    async def test_jobs_that_cannot_be_done(self, job: PipelineJob, reason: str) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            message = link.server.encode([BeginPipelineFrame(5), job, EndPipelineFrame(5)])
            assert reason in await self.broken_by(link, message)
            link.end(nursery)

    async def test_h264_that_was_not_offered(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            compressor = Compressor()
            pdu = bytes.fromhex("0100 0000 1d000000 0100 0b00 20 0000 0000 0400 0400 04000000 00000000")
            assert "H.264 was not agreed on" in await self.broken_by(link, compressor.compress(pdu))
            link.end(nursery)

    async def test_to_begin_anew_does_not_wait_for_a_server_that_reads_nothing(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery, messages=4)
            await link.start()
            with contextlib.suppress(trio.WouldBlock):
                while True:
                    link.ours.send_nowait(b"in the way")
            with trio.fail_after(5):
                await link.face.reset()
                assert "reads no acknowledgements" in await closed(link)
            link.end(nursery)

    async def test_a_server_that_reads_no_acknowledgements(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery, messages=4)
            await link.start()
            while link.face.is_open:
                with trio.move_on_after(0.05):
                    try:
                        await link.draw(FillSurface(1, RED, (Rect(0, 0, 1, 1),)))
                    except (trio.BrokenResourceError, trio.ClosedResourceError):
                        break
            assert "reads no acknowledgements" in await closed(link)
            link.end(nursery)

    async def test_a_server_that_closes_the_channel(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            await link.theirs.aclose()
            await trio.testing.wait_all_tasks_blocked(0.02)
            with pytest.raises(ChannelClosed, match="it was closed"):
                await link.face.wait_open()
            assert link.face.statistics().surfaces == 0
            assert not link.repaints
            assert link.screen.pixel(5, 5) == (255, 0, 0)
            link.end(nursery)

    async def test_the_next_channel_works(self) -> None:
        async with trio.open_nursery() as nursery:
            link = Link(nursery)
            await link.start()
            await self.broken_by(link, b"")
            link.ours, link.theirs = channel_pair(CHANNEL_NAME)
            link.server = GraphicsServer()
            nursery.start_soon(link.face.run, link.ours)
            await link.start()
            assert link.face.statistics().frames == 2
            link.end(nursery)


async def test_more_than_the_painter_has_room_for_waits() -> None:
    async with trio.open_nursery() as nursery:
        link = Link(nursery, limits=replace(Limits(), undecoded=20_000), messages=1024)
        await link.start()
        picture = bytes(WIDTH * HEIGHT * 4)
        whole = Rect(0, 0, WIDTH, HEIGHT)
        for _ in range(40):
            await link.draw(DrawSurface(1, PipelineCodec.UNCOMPRESSED, whole, picture))
        for _ in range(40):
            await link.listen_until(FrameAcknowledged)
        assert link.painter.statistics().peak_pending_bytes < 20_000 + 3 * len(picture)
        assert link.face.buffer.bytes == 20_000
        link.end(nursery)


@pytest.mark.parametrize("checkpoint", range(0, 40, 3))
async def test_cancelled_at_any_checkpoint(checkpoint: int) -> None:
    async with trio.open_nursery() as nursery:
        link = Link(nursery, graphics_cache=Memory(kept(7)))
        async with cancelled_at(checkpoint):
            await link.start()
            await link.face.reset()
            await link.listen_until(Confirmed)
            await link.face.wait_ready()
        link.end(nursery)
    assert link.painter.on_pipeline_frame is None
