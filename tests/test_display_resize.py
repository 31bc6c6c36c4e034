"""Resizes of a display as a server's program sees them, with a client that shows the result."""

from __future__ import annotations

import numpy as np
import pytest
import trio
import trio.testing

from tests.display_link import RAW, SHAPE, Link, cancelled_after, color_at, noise, paint
from trio_rdp.graphics.pointer import PointerKind
from trio_rdp.protocol.config import OPTIONAL_CODECS, BitmapCodec, DesktopSize
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DeadlineExceeded, LocalProtocolError, SessionClosed


class TestResize:
    async def test_larger_and_smaller(self) -> None:
        async with Link().running() as link:
            async with link.display.frame() as frame:
                frame.blit(frame.bounds, noise(200, 150))
            for width, height in ((333, 222), (100, 400)):
                await link.display.resize(width, height)
                assert link.display.size == DesktopSize(width, height)
                await link.settle()
                assert (link.image.width, link.image.height) == (width, height)
                assert link.is_in_step
            both = noise(200, 150)[:150, :100, :3]
            assert np.array_equal(link.image.pixels[:150, :100, :3], both)
            assert not link.image.pixels[150:, :, :3].any()
            await paint(link)
            await link.settle()
            assert link.is_in_step
            assert link.display.statistics().resizes == 2

    async def test_streams_begin_anew(self) -> None:
        async with Link(takes=OPTIONAL_CODECS).running() as link:
            for width, height in ((200, 150), (333, 222), (201, 149)):
                if link.display.width != width:
                    await link.display.resize(width, height)
                await link.settle()
                for seed, codec in enumerate((BitmapCodec.QOIZ, BitmapCodec.REMOTEFX, BitmapCodec.QOIZ)):
                    link.display.codec = codec
                    async with link.display.frame() as frame:
                        frame.blit(frame.bounds, noise(width, height, seed))
                    await link.settle()
                assert link.is_in_step

    async def test_to_the_same_size(self) -> None:
        async with Link().running() as link:
            await paint(link)
            await link.settle()
            link.told.clear()
            await link.display.resize(200, 150)
            await link.settle()
            assert link.told == []

    async def test_all_at_once(self) -> None:
        async with Link().running() as link:
            async with trio.open_nursery() as nursery:
                for width in (210, 220, 230):
                    nursery.start_soon(link.display.resize, width, 100)
                nursery.start_soon(paint, link)
            await link.settle()
            assert link.display.size.height == 100
            assert link.is_in_step
            assert link.display.statistics().resizes == 3

    async def test_sizes_that_cannot_be(self) -> None:
        async with Link(limits=Limits(desktop_side=300)).running() as link:
            for size in ((0, 5), (70_000, 70_000)):
                with pytest.raises(LocalProtocolError, match="a desktop of"):
                    await link.display.resize(*size)
            await link.display.resize(250, 250)

    async def test_a_client_that_cannot(self) -> None:
        async with Link(desktop_resize=False).running() as link:
            with pytest.raises(LocalProtocolError, match="does not resize"):
                await link.display.resize(300, 300)
            await paint(link)
            await link.settle()
            assert link.is_in_step

    async def test_what_waits_is_dropped(self) -> None:
        async with Link(server=RAW).running() as link:
            await paint(link)
            await link.settle()
            link.told.clear()
            link.pause_reading()
            async with link.display.frame() as frame:
                frame.blit(frame.bounds, noise(200, 150))
            waiting = link.writer.graphics.statistics().bytes
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.display.resize, 210, 160)
                await trio.testing.wait_all_tasks_blocked()
                assert link.writer.graphics.statistics().bytes == 0 < waiting
                link.resume_reading()
            await link.settle()
            assert link.is_in_step

    async def test_frames_and_pointers_wait_for_it(self) -> None:
        async with Link().running() as link:
            link.pause_reading()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.display.resize, 210, 160)
                await trio.testing.wait_all_tasks_blocked()
                assert not link.stage.is_active
                nursery.start_soon(paint, link)
                nursery.start_soon(link.display.set_pointer, SHAPE)
                await trio.testing.wait_all_tasks_blocked()
                link.resume_reading()
            await link.settle()
            assert link.pointer.shape == SHAPE
            assert link.is_in_step

    async def test_a_pointer_survives_it(self) -> None:
        async with Link().running() as link:
            await link.display.set_pointer(SHAPE)
            await link.settle()
            assert link.pointer.kind is PointerKind.SHAPE
            await link.display.resize(300, 200)
            await link.settle()
            assert link.pointer.shape == SHAPE

    async def test_of_eight_bits_the_palette_comes_again(self) -> None:
        async with Link(depth=8).running() as link:
            await paint(link, (255, 0, 0))
            await link.display.resize(300, 200)
            await link.settle()
            assert color_at(link) == (255, 0, 0)

    async def test_cancelled_before_its_turn(self) -> None:
        async with Link().running() as link:
            with trio.move_on_after(0.05) as scope:
                async with trio.open_nursery() as nursery:
                    opened = trio.Event()

                    async def hold() -> None:
                        async with link.display.frame():
                            opened.set()
                            await trio.sleep_forever()

                    nursery.start_soon(hold)
                    await opened.wait()
                    await link.display.resize(300, 300)
            assert scope.cancelled_caught
            await paint(link)
            await link.settle()
            assert link.display.size == DesktopSize(200, 150)
            assert link.is_in_step

    async def test_cancelled_at_every_checkpoint(self) -> None:
        for steps in range(1000):
            link = Link(100, 100)
            async with link.running():
                with cancelled_after(steps) as scope:
                    await link.display.resize(120, 90)
                with trio.fail_after(20):
                    await paint(link)
                await link.settle()
                assert link.is_in_step
                assert link.display.size in (DesktopSize(100, 100), DesktopSize(120, 90))
            if not scope.cancelled_caught:
                break
        assert steps > 1

    async def test_a_client_that_does_not_answer(self, autojump_clock: trio.testing.MockClock) -> None:
        link = Link(limits=Limits(reactivation=5.0))
        link.is_mute = True

        async def resize() -> None:
            with pytest.raises(SessionClosed, match="reactivation"):
                await link.display.resize(300, 200)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.writer.run)
            nursery.start_soon(link._receive)
            nursery.start_soon(resize)
            with pytest.raises(DeadlineExceeded, match="reactivation: no answer in 5 s"):
                await link.display.run()
            assert trio.current_time() == pytest.approx(5.0)
            link.end("reactivation: no answer")
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
