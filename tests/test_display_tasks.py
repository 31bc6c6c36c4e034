"""Turns, pace and sizes with the graphics pipeline; without it see `test_display` and `test_display_resize`."""

from __future__ import annotations

import numpy as np
import pytest
import trio

from tests.codecs.pictures import psnr, text
from tests.graphics.pipeline.model_client import photo
from tests.pipeline_pair import is_equal, noise, paint, pipeline, pipeline_pair, wait_equal
from trio_rdp import display_tasks
from trio_rdp.client import Session
from trio_rdp.codecs import avc
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.pacing import FramePacer
from trio_rdp.graphics_sender import GraphicsSender
from trio_rdp.protocol.config import DesktopSize, Monitor
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.wire.errors import LocalProtocolError


async def test_frames_arrive_in_order_and_all_of_them() -> None:
    async with pipeline_pair() as (client, server):
        for number in range(40):
            async with server.display.frame() as frame:
                frame.fill(Rect(7 * number, 3 * number, 40, 40), (number, 2 * number, 3))
                frame.copy(Rect(0, 0, 100, 80), (number, 100))
        await wait_equal(client, server)
        found = pipeline(server)
        assert found.frames >= 40
        assert found.strange_acknowledgements == 0


async def test_resized_by_a_message_of_the_pipeline() -> None:
    monitors = (Monitor(width=300, height=200, is_primary=True),)
    async with pipeline_pair(client={"monitors": monitors}) as (client, server):
        for width, height in ((800, 601), (33, 20), (300, 200)):
            await server.display.resize(width, height)
            assert server.size == DesktopSize(width, height)
            await paint(server, (9, 99, 200), Rect(0, 0, 30, 9))
            await wait_equal(client, server)
        assert server.display.statistics().resizes == 3
        with pytest.raises(LocalProtocolError, match="a desktop of 9000x5"):
            await server.display.resize(9000, 5)
        await server.display.resize(300, 200)
        assert server.display.statistics().resizes == 3


async def test_monitors_are_told_at_first_and_when_they_change() -> None:
    halves = (Monitor(width=300, height=300, is_primary=True), Monitor(left=300, width=300, height=300))
    others = (Monitor(width=200, height=300, is_primary=True), Monitor(left=200, width=400, height=300))

    def told() -> list[tuple[int, int, bool]]:
        return [(one.rect.left, one.rect.width, one.is_primary) for one in client.graphics.monitors]

    async with pipeline_pair(client={"monitors": halves, "desktop_size": DesktopSize(600, 300)}) as (client, server):
        server.accept_layouts()
        assert told() == [(0, 300, True), (300, 300, False)]
        await client.display_control.set_layout(others)  # of the same size together
        while told() != [(0, 200, True), (200, 400, False)]:  # noqa: ASYNC110
            await trio.sleep(0.01)
        await wait_equal(client, server)
        resizes = server.display.statistics().resizes
        await server.display.resize(600, 300)
        assert server.display.statistics().resizes == resizes == 1


async def test_several_monitors_have_surfaces_of_their_own() -> None:
    """Windows' and macOS's clients draw a surface that covers several monitors into each of them."""
    left, right = Monitor(left=-300, top=40, width=300, height=260), Monitor(width=300, height=300, is_primary=True)
    lower, upper = Monitor(top=200, width=400, height=200), Monitor(width=400, height=200, is_primary=True)
    tall, beside = Monitor(width=200, height=400, is_primary=True), Monitor(left=200, top=150, width=200, height=250)
    layouts = [
        ((right,), DesktopSize(300, 300)),
        ((right, left), DesktopSize(600, 300)),
        ((upper, lower), DesktopSize(400, 400)),
        ((tall, beside), DesktopSize(400, 400)),
        ((right,), DesktopSize(300, 300)),
    ]
    async with pipeline_pair(client={"monitors": (right,), "desktop_size": DesktopSize(300, 300)}) as (client, server):
        server.accept_layouts()
        for monitors, size in layouts:
            await client.display_control.set_layout(monitors)
            wanted = [Rect(one.left, one.top, one.width, one.height) for one in monitors]
            while [one.rect for one in client.graphics.monitors] != wanted:  # noqa: ASYNC110
                await trio.sleep(0.01)
            page = text(size.width, size.height + 32)
            for number in range(8):
                async with server.display.frame() as frame:
                    if number < 3:  # it scrolls
                        frame.blit(frame.bounds, page[16 * number : 16 * number + size.height].copy())
                    else:  # a film, on two of them where there are two
                        frame.blit(Rect(size.width - 300, 64, 256, 192), photo(256, 192, number))
                await trio.sleep(0.02)
            await wait_monitors(client, server)
            assert client.graphics.statistics().surfaces == (1 if len(monitors) == 1 else 3)
        assert pipeline(server).strange_acknowledgements == 0


@pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")
async def test_a_film_that_is_handed_over_lies_on_two_monitors() -> None:
    halves = (Monitor(width=300, height=300, is_primary=True), Monitor(left=300, width=300, height=300))
    place, encoder = Rect(180, 60, 256, 192), avc.Encoder(256, 192, avc.Mode.AVC420)
    async with pipeline_pair(client={"monitors": halves, "desktop_size": DesktopSize(600, 300)}) as (client, server):
        for number in range(4):
            shot = photo(256, 192, number)
            bits = Avc420BitmapStream.decode(encoder.encode(View.of(shot), [(0, 0, 256, 192)]))
            async with server.display.frame() as frame:
                assert frame.h264(place, bits.avc420_encoded_bitstream)
            await paint(server, (number, 0, 0), Rect(10, 10, 20, 20))
        while psnr(client.screen.snapshot()[60:252, 180:436], shot[..., :3]) < 30:
            await client.screen.wait_changed()
        await paint(server, (1, 2, 3), place)
        await wait_equal(client, server)


async def wait_monitors(client: Session, server: ServerSession) -> None:
    """Wait until the client shows on each of its monitors what the server has there."""
    left, top = (min(getattr(one, side) for one in server.monitors) for side in ("left", "top"))
    places = [Rect(one.left - left, one.top - top, one.width, one.height) for one in server.monitors]
    while not all(np.array_equal(client.screen.snapshot(one), server.display.snapshot()[rows(one)]) for one in places):
        with trio.move_on_after(0.1):
            await client.screen.wait_changed()


def rows(rect: Rect) -> tuple[slice, slice]:
    return slice(rect.top, rect.bottom), slice(rect.left, rect.right)


async def test_the_line_that_was_measured_sets_the_pace() -> None:
    async with pipeline_pair() as (_, server):
        for _ in range(2):  # one that is far from what was known may be a mistake
            server.display.line_measured(1e-6, 40_000.0)
        assert pipeline(server).bandwidth == 40_000.0
        assert pipeline(server).round_trip == 1e-6


async def test_what_was_measured_at_the_beginning_sets_the_first_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[float | None, float | None]] = []

    class Noted(FramePacer):
        def __init__(self, *, round_trip: float | None = None, bandwidth: float | None = None) -> None:
            made.append((round_trip, bandwidth))
            super().__init__(round_trip=round_trip, bandwidth=bandwidth)

    monkeypatch.setattr(display_tasks, "FramePacer", Noted)
    async with pipeline_pair():
        ((round_trip, bandwidth),) = made
        assert round_trip is not None
        assert bandwidth is None or bandwidth > 0


async def test_minimized_and_back() -> None:
    async with pipeline_pair() as (client, server):
        server.display.suppress(True)
        for number in range(100):
            await paint(server, (number, 0, 0))
        frames = pipeline(server).frames
        assert not is_equal(client, server)
        server.display.suppress(False)
        await wait_equal(client, server)
        assert pipeline(server).frames <= frames + 2


async def test_repainted_when_asked() -> None:
    async with pipeline_pair() as (client, server):
        await trio.sleep(0.05)
        client.screen._pixels[50:90, 50:90] = 77
        server.display.refresh((Rect(50, 50, 40, 40),))
        await wait_equal(client, server)


async def test_what_was_lossy_is_made_exact_by_itself() -> None:
    async with pipeline_pair() as (client, server):
        async with server.display.frame() as frame:
            frame.blit(Rect(0, 0, 300, 200), noise(300, 200))
        await wait_equal(client, server)  # in a second or two


async def test_a_cancelled_frame_comes_with_the_next() -> None:
    async with pipeline_pair() as (client, server):
        for number in range(20):
            with trio.CancelScope() as scope:
                async with server.display.frame() as frame:
                    frame.blit(Rect(0, 0, 300, 200), noise(300, 200, number))
                    if number % 2:
                        scope.cancel()
        await paint(server, (1, 1, 1), Rect(5, 5, 5, 5))
        await wait_equal(client, server)


async def test_a_client_that_never_acknowledges_is_slow_and_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pipeline_pair(limits=Limits(frame_acknowledgement=0.05)) as (client, server):
        monkeypatch.setattr(GraphicsSender, "heard", lambda self, event, now: None)
        for number in range(8):
            await paint(server, (number, 9, 9))
        await wait_equal(client, server)
        assert server.display.statistics().late_acknowledgements > 0


async def test_a_client_that_suspends_acknowledgements() -> None:
    async with pipeline_pair(client={"acknowledge_graphics": False}) as (client, server):
        for number in range(30):
            await paint(server, (number, 9, 9))
        await wait_equal(client, server)
        assert pipeline(server).is_suspended
        assert pipeline(server).unacknowledged == 0
