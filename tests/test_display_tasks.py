"""Turns, pace and sizes with the graphics pipeline; without it see `test_display` and `test_display_resize`."""

from __future__ import annotations

import pytest
import trio

from tests.pipeline_pair import is_equal, noise, paint, pipeline, pipeline_pair, wait_equal
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics_sender import GraphicsSender
from trio_rdp.protocol.config import DesktopSize, Monitor
from trio_rdp.protocol.limits import Limits
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
