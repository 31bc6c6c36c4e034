"""Frames, their pace, and ends as a server's program sees them, with a client that shows the result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio
import trio.testing

from tests.display_link import RAW, SHAPE, Link, cancelled_after, color_at, noise, paint, places
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.display import Frame
from trio_rdp.graphics.content import Content
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, DrawBitmaps, EndFrame
from trio_rdp.graphics.pointer import PointerKind
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.pdu.surface import ALL_FRAMES
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError, SessionClosed


class TestFrames:
    async def test_everything_that_draws(self) -> None:
        async with Link().running() as link:
            async with link.display.frame() as frame:
                assert frame.size == link.display.size == DesktopSize(200, 150)
                frame.fill(Rect(-5, -5, 50, 50), (250, 128, 7))
                frame.blit(Rect(100, 100, 3, 2), bytes(range(18)), PixelFormat.RGB24)
                frame.blit(Rect(110, 100, 2, 2), bytes(range(32)), stride=16)
                frame.blit(Rect(120, 100, 9, 7), noise(9, 7))
                frame.copy(Rect(0, 0, 10, 10), (60, 70))
            await link.settle()
            assert link.is_in_step
            assert color_at(link) == color_at(link, 65, 75) == (250, 128, 7)
            assert color_at(link, 101, 101) == (12, 13, 14)
            assert color_at(link, 111, 101) == (22, 21, 20)
            assert link.display.statistics().frames == 1

    async def test_the_first_frame_is_the_whole_desktop(self) -> None:
        async with Link().running() as link:
            link.image.pixels[...] = 7  # what was there before, nobody knows
            await paint(link, rect=Rect(50, 50, 5, 5))
            await link.settle()
            assert link.is_in_step

    async def test_too_few_pixels(self) -> None:
        async with Link().running() as link:
            with pytest.raises(ValueError, match="do not fit 10 bytes"):
                async with link.display.frame() as frame:
                    frame.blit(Rect(0, 0, 3, 3), bytes(10))

    async def test_drawing_belongs_into_the_block(self) -> None:
        async with Link().running() as link:
            frame = link.display.frame()
            with pytest.raises(LocalProtocolError, match="not open"):
                frame.fill(Rect(0, 0, 1, 1), (0, 0, 0))
            async with frame:
                pass
            with pytest.raises(LocalProtocolError, match="not open"):
                frame.copy(Rect(0, 0, 1, 1), (0, 0))

    async def test_a_frame_in_a_frame(self) -> None:
        async with Link().running() as link:
            async with link.display.frame():
                with pytest.raises(LocalProtocolError, match="a frame inside a frame"):
                    async with link.display.frame():
                        raise AssertionError
                with pytest.raises(LocalProtocolError, match="a resize inside a frame"):
                    await link.display.resize(100, 100)
            await paint(link)

    async def test_one_at_a_time_and_in_turn(self) -> None:
        story: list[tuple[str, int]] = []

        async def draw(display_link: Link, number: int) -> None:
            async with display_link.display.frame() as frame:
                story.append(("open", number))
                frame.fill(Rect(number, 0, 1, 1), (255, 255, 255))
                await trio.lowlevel.checkpoint()
                story.append(("close", number))

        async with Link().running() as link:
            async with trio.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(draw, link, number)
                    await trio.testing.wait_all_tasks_blocked()
            await link.settle()
            assert link.is_in_step
        numbers = [number for _, number in story[::2]]
        assert sorted(numbers) == [0, 1, 2, 3]
        assert story == [(what, number) for number in numbers for what in ("open", "close")]

    async def test_an_exception_comes_out_bare_and_its_drawing_stays(self) -> None:
        async with Link().running() as link:
            await paint(link)
            await link.settle()
            link.told.clear()

            async def fail() -> None:
                async with link.display.frame() as frame:
                    frame.fill(Rect(3, 3, 5, 5), (9, 9, 9))
                    raise KeyError("oops")

            with pytest.raises(KeyError, match="oops"):
                await fail()
            await link.settle()
            assert link.told == []
            async with link.display.frame():
                pass
            await link.settle()
            assert color_at(link, 4, 4) == (9, 9, 9)
            assert link.is_in_step

    async def test_cancelled_at_every_checkpoint(self) -> None:
        for steps in range(1000):
            link = Link(100, 100)
            async with link.running():
                await paint(link)
                link.encode_tile_by_tile()
                with cancelled_after(steps) as scope:
                    async with link.display.frame() as frame:
                        frame.blit(frame.bounds, noise(100, 100, steps))
                        await trio.lowlevel.checkpoint()
                with trio.fail_after(20):
                    await paint(link, rect=Rect(60, 60, 8, 8))
                await link.settle()
                assert link.is_in_step
            if not scope.cancelled_caught:
                break
        assert steps > 6

    async def test_entering_and_leaving_are_checkpoints(self) -> None:
        async with Link().running() as link:
            await paint(link)
            frame = link.display.frame()
            with trio.testing.assert_checkpoints():
                await frame.__aenter__()
            with trio.testing.assert_checkpoints():
                await frame.__aexit__(None, None, None)


class TestPacing:
    async def test_a_slow_client_gets_the_newest_picture_and_no_queue_grows(self) -> None:
        link = Link(server=RAW)
        drawn = 0

        async def animate() -> None:
            nonlocal drawn
            while True:
                async with link.display.frame() as frame:
                    drawn += 1
                    frame.blit(frame.bounds, noise(200, 150, drawn))

        async with link.running():
            link.pause_reading()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(animate)
                with trio.fail_after(20):
                    while not link.display.statistics().waits:  # noqa: ASYNC110
                        await trio.sleep(0.01)
                await trio.sleep(0.1)
                # One frame is on its way, and the next is not even drawn.
                assert drawn == 1
                found = link.display.statistics()
                assert found.waits == 1
                assert found.graphics.peak_bytes < 200 * 150 * 4 * 1.1
                link.resume_reading()
                with trio.fail_after(30):
                    while drawn < 20:
                        await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            await paint(link, rect=Rect(0, 0, 1, 1))
            await link.settle()
            assert link.is_in_step
            assert link.display.statistics().graphics.peak_bytes < 200 * 150 * 4 * 1.1

    async def test_a_busy_channel_holds_no_frame_up(self) -> None:
        async with Link(server={"static_channels": ("busy",)}, channels=("busy",)).running() as link:
            await paint(link)
            await link.settle()
            link.pause_reading()
            sent = link.writer.statistics().bytes_sent
            link.writer.channel("busy").put_nowait(link.stage.encode_channel("busy", bytes(20_000)))
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(20):
                async with link.display.frame():
                    pass
            assert link.writer.statistics().bytes_sent == sent  # the channel holds the line

    async def test_acknowledgements(self) -> None:
        link = Link(acknowledges=False)
        async with link.running():
            for number in range(2):
                await paint(link, (number, 0, 0))
            await link.settle()
            with trio.move_on_after(0.1) as scope:
                await paint(link, (3, 0, 0))
            assert scope.cancelled_caught
            assert link.display.statistics().unacknowledged == 2
            link.display.frame_acknowledged(0)
            with trio.fail_after(20):
                await paint(link, (4, 0, 0))
            link.display.frame_acknowledged(ALL_FRAMES)
            await link.settle()
            assert color_at(link) == (4, 0, 0)

    async def test_acknowledgements_that_never_come(self, autojump_clock: trio.testing.MockClock) -> None:
        link = Link(acknowledges=False, limits=Limits(frame_acknowledgement=3.0))
        link.encode_inline()
        async with link.running():
            for number in range(6):
                await paint(link, (number, 0, 0))
            found = link.display.statistics()
            assert (found.late_acknowledgements, found.unacknowledged) == (4, 2)
            assert 5.9 < trio.current_time() < 12.1

    async def test_frames_are_whole_on_the_clients_screen(self) -> None:
        link = Link(server=RAW)
        link.encode_tile_by_tile()
        async with link.running():
            async with link.display.frame() as frame:
                frame.blit(frame.bounds, noise(200, 150))
            await link.settle()
            assert link.told[0] == BeginFrame(0)
            assert link.told[-1] == EndFrame(0)
            assert {type(one) for one in link.told[1:-1]} == {DrawBitmaps}

    async def test_a_caret_of_another_session_is_not_behind_a_video(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trio_rdp.pixel_sender._SMOOTHING", 0.0)
        video, editor = Link(600, 600, server=RAW), Link()
        video.encode_tile_by_tile()
        async with video.running(), editor.running():
            await paint(editor)
            await editor.settle()

            async def play() -> None:
                for number in range(1000):
                    async with video.display.frame() as frame:
                        frame.blit(frame.bounds, noise(600, 600, number))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(play)
                for number in range(20):
                    await trio.sleep(0.005)
                    before = video.display.statistics().tiles_sent
                    await paint(editor, (number, 0, 0), Rect(0, 0, 2, 16))
                    # Of the hundred tiles of each picture a few went out meanwhile.
                    assert video.display.statistics().tiles_sent - before < 30
                nursery.cancel_scope.cancel()
            await editor.settle()
            assert editor.is_in_step


class TestSuppression:
    async def test_drawing_goes_on_and_is_sent_at_once_afterwards(self) -> None:
        async with Link().running() as link:
            await paint(link)
            await link.settle()
            link.say(link.client.suppress_output(True))
            assert link.display.is_suppressed
            link.told.clear()
            for number in range(5):
                await paint(link, (number, 9, 9), Rect(10 * number, 0, 10, 10))
            await link.settle()
            assert link.told == []
            assert not link.is_in_step
            assert link.display.statistics().frames_unsent == 5
            link.say(link.client.suppress_output(False))
            await link.settle()
            assert link.is_in_step

    async def test_entering_does_not_wait_for_a_client_that_looks_away(self) -> None:
        async with Link(acknowledges=False).running() as link:
            for number in range(2):
                await paint(link, (number, 0, 0))
            await link.settle()

            async def look_away() -> None:
                await trio.testing.wait_all_tasks_blocked()
                link.display.suppress(True)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(look_away)
                with trio.fail_after(20):
                    for _ in range(10):
                        await paint(link)

    async def test_in_the_middle_of_a_frame(self) -> None:
        async with Link(server=RAW).running() as link:
            link.encode_tile_by_tile()

            async def look_away() -> None:
                while link.display.statistics().tiles_sent < 3:
                    await trio.lowlevel.checkpoint()
                link.display.suppress(True)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(look_away)
                await paint(link)
            assert 3 <= link.display.statistics().tiles_sent < 12
            link.display.suppress(False)
            await link.settle()
            assert link.is_in_step

    async def test_who_waits_for_a_client_that_looks(self) -> None:
        async with Link().running() as link:
            await link.display.wait_unsuppressed()
            link.display.suppress(True)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.display.wait_unsuppressed)
                await trio.testing.wait_all_tasks_blocked()
                link.display.suppress(False)

    async def test_refresh(self) -> None:
        async with Link().running() as link:
            async with link.display.frame() as frame:
                frame.blit(frame.bounds, noise(200, 150))
            await link.settle()
            link.image.pixels[:70, :, :3] = 0
            link.told.clear()
            link.say(link.client.refresh_rect([Rect(0, 0, 200, 70), Rect(5, 5, 10, 10)]))
            await link.settle()
            assert link.is_in_step
            # Rows of tiles that nobody asked for are not sent.
            assert max(place.bottom for place in places(link)) == 128

    async def test_refresh_waits_for_who_looks_away(self) -> None:
        async with Link().running() as link:
            await paint(link)
            await link.settle()
            link.display.suppress(True)
            link.told.clear()
            link.say(link.client.refresh_rect([Rect(0, 0, 10, 10)]))
            await link.settle()
            assert link.told == []
            link.display.suppress(False)
            await link.settle()
            assert places(link) == [Rect(0, 0, 64, 64)]


class TestCodecs:
    async def test_what_the_client_takes(self) -> None:
        assert Link().display.codecs == (BitmapCodec.PLANAR, BitmapCodec.RAW)
        display = Link(takes=(BitmapCodec.QOI, BitmapCodec.REMOTEFX)).display
        assert display.codecs == (BitmapCodec.REMOTEFX, BitmapCodec.QOI, BitmapCodec.PLANAR, BitmapCodec.RAW)

    async def test_one_for_everything_also_after_a_resize(self) -> None:
        async with Link(takes=(BitmapCodec.QOI,)).running() as link:
            display = link.display
            assert display.codec is None
            display.codec = BitmapCodec.PLANAR
            await paint(link)
            assert list(display.statistics().codecs) == [BitmapCodec.PLANAR]
            await display.resize(220, 170)
            await paint(link, (4, 5, 6))
            await link.settle()
            assert link.is_in_step
            assert list(display.statistics().codecs) == [BitmapCodec.PLANAR]
            display.codec = None
            await paint(link, (7, 8, 9))
            assert list(display.statistics().codecs) == [BitmapCodec.PLANAR, BitmapCodec.QOI]

    async def test_what_is_no_codec_and_no_quality(self) -> None:
        link = Link()
        async with link.running():
            with pytest.raises(LocalProtocolError, match="codec planar is not usable"):
                link.display.codec = "planar"  # type: ignore[assignment]
            with pytest.raises(TypeError, match="quality 9 is no Quality"):
                link.display.quality = 9  # type: ignore[assignment]
            async with link.display.frame() as frame:
                with pytest.raises(TypeError, match="hint 'planar' is no Content and no BitmapCodec"):
                    frame.hint(Rect(0, 0, 9, 9), "planar")  # type: ignore[arg-type]

    async def test_one_that_the_client_does_not_take(self) -> None:
        display = Link(takes=(BitmapCodec.QOI,)).display
        with pytest.raises(
            LocalProtocolError, match="codec REMOTEFX is not usable with this client; there are QOI, PL"
        ):
            display.codec = BitmapCodec.REMOTEFX
        assert display.codec is None

    async def test_hints(self) -> None:
        async with Link(takes=(BitmapCodec.REMOTEFX, BitmapCodec.QOI)).running() as link:
            display = link.display
            async with display.frame() as frame:
                frame.blit(Rect(0, 0, 128, 64), noise(128, 64), hint=Content.TEXT)
                frame.hint(Rect(0, 64, 64, 64), BitmapCodec.PLANAR)
                frame.hint(Rect(64, 64, 64, 64), Content.PHOTO)
            found = {codec: one.tiles for codec, one in display.statistics().codecs.items()}
            assert found == {BitmapCodec.QOI: 10, BitmapCodec.PLANAR: 1, BitmapCodec.REMOTEFX: 1}
            # What was said holds for what is drawn later.
            await paint(link, (1, 2, 3), Rect(0, 0, 128, 128))
            found = {codec: one.tiles for codec, one in display.statistics().codecs.items()}
            assert found == {BitmapCodec.QOI: 12, BitmapCodec.PLANAR: 2, BitmapCodec.REMOTEFX: 2}
        with pytest.raises(LocalProtocolError, match="not open"):
            frame.hint(Rect(0, 0, 9, 9), Content.TEXT)

    async def test_quality(self) -> None:
        async with Link(takes=(BitmapCodec.REMOTEFX,), server={"quality": Quality.LOW}).running() as link:
            display = link.display
            assert display.quality is Quality.LOW
            sizes = []
            for seed, quality in enumerate(Quality):
                display.quality = quality
                before = display.statistics().bytes_encoded
                async with display.frame() as frame:
                    frame.blit(frame.bounds, noise(200, 150, seed), hint=Content.PHOTO)
                sizes.append(display.statistics().bytes_encoded - before)
            assert sizes == sorted(sizes)
            assert sizes[0] < sizes[-1]


class TestPointers:
    async def test_all_kinds(self) -> None:
        async with Link().running() as link:
            kinds: list[PointerKind] = []
            for change in (link.display.hide_pointer, link.display.default_pointer):
                await change()
                await link.settle()
                kinds.append(link.pointer.kind)
            await link.display.set_pointer(PointerShape.from_rgba(bytes((1, 2, 3, 255)) * 64, 8, 8, (2, 2)))
            await link.display.move_pointer(-5, 9_999)
            await link.settle()
            assert kinds == [PointerKind.HIDDEN, PointerKind.DEFAULT]
            assert link.pointer.shape is not None
            assert link.pointer.shape.pixels[0, 0].tolist() == [3, 2, 1, 255]
            assert link.pointer.position == (0, 149)


class TestEnds:
    async def test_every_method_says_that_it_is_over(self) -> None:
        async with Link().running() as link:
            link.end()
            display = link.display
            for call in (
                display.frame().__aenter__,
                display.wait_unsuppressed,
                display.hide_pointer,
                display.default_pointer,
            ):
                with pytest.raises(SessionClosed, match="the client left"):
                    await call()
            for awaitable in (display.resize(9, 9), display.set_pointer(SHAPE), display.move_pointer(1, 1)):
                with pytest.raises(SessionClosed, match="the client left"):
                    await awaitable
            assert display.statistics().frames == 0
            assert display.snapshot().shape == (150, 200, 4)

    async def test_a_frame_that_is_open_at_the_end(self) -> None:
        async def leave() -> None:
            async with link.display.frame() as frame:
                frame.fill(frame.bounds, (1, 1, 1))
                link.end()
                frame.fill(frame.bounds, (2, 2, 2))

        async with Link().running() as link:
            with pytest.raises(SessionClosed, match="the client left"):
                await leave()

    async def test_a_writer_that_gives_up_first(self) -> None:
        link = Link()
        await paint(link)
        link.display.refresh((Rect(0, 0, 9, 9),))
        async with trio.open_nursery() as nursery:

            async def give_up() -> None:
                await trio.testing.wait_all_tasks_blocked()
                link.writer.close(SessionClosed("lost"))

            nursery.start_soon(give_up)
            with pytest.raises(SessionClosed, match="lost"):
                await link.display.run()

    @pytest.mark.parametrize("what", ["socket", "acknowledgement", "turn", "resize", "output"])
    async def test_the_end_wakes_who_waits(self, what: str) -> None:
        link = Link(acknowledges=False, server=RAW)
        opened: Frame | None = None

        waits: dict[str, Callable[[], Awaitable[None]]] = {
            "resize": partial(link.display.resize, 300, 300),
            "output": link.display.wait_unsuppressed,
        }

        async def wait() -> None:
            with pytest.raises(SessionClosed, match="the client left"):
                await waits.get(what, partial(paint, link, (9, 9, 9)))()

        async with link.running():
            if what == "socket":
                link.pause_reading()
                await paint(link)
            elif what == "acknowledgement":
                await paint(link)
                await paint(link, (2, 2, 2))
                await link.settle()
            elif what == "output":
                link.display.suppress(True)
            elif what == "turn":
                opened = await link.display.frame().__aenter__()
            else:
                link.is_mute = True
            with trio.fail_after(20):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(wait)
                    await trio.testing.wait_all_tasks_blocked(0.01)
                    assert len(nursery.child_tasks) == 1
                    link.end()
                    if opened is not None:
                        await opened.__aexit__(KeyError, KeyError(), None)
