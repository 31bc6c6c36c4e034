from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trio_rdp.graphics.decoded_image import black
from trio_rdp.graphics.geometry import Rect
from trio_rdp.level import Ending
from trio_rdp.screen import Screen, ScreenStatistics
from trio_rdp.wire.errors import SessionClosed

RED = (0, 0, 255, 255)
BLUE = (255, 0, 0, 255)
WHOLE = Rect(0, 0, 8, 4)
RECTS = st.builds(Rect, st.integers(0, 5), st.integers(0, 2), st.integers(1, 3), st.integers(1, 2))


def solid(color: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.full((4, 8, 4), (*color[:3], 255), np.uint8)


class Desk:
    """A screen, and what its painter would do."""

    def __init__(self, width: int = 40, height: int = 30) -> None:
        self.ending = Ending()
        self.screen = Screen(width, height, self.ending)

    def paint(self, *rects: Rect) -> None:
        pixels: NDArray[np.uint8] = np.full((self.screen.height, self.screen.width, 4), RED, np.uint8)
        self.screen.show(pixels, list(rects))

    def end(self, *, is_clean: bool) -> None:
        self.ending.end(SessionClosed("over"), is_clean=is_clean)
        self.screen.end()


def test_a_new_screen_is_black() -> None:
    screen = Desk().screen
    assert (screen.width, screen.height, screen.is_painted) == (40, 30, False)
    assert screen.pixel(39, 29) == (0, 0, 0)
    snapshot = screen.snapshot()
    assert snapshot.shape == (30, 40, 4)
    assert snapshot.dtype == np.uint8
    assert (snapshot[:, :, 3] == 255).all()


def test_only_what_is_damaged_is_shown() -> None:
    desk = Desk()
    desk.paint(Rect(1, 2, 3, 4), Rect(10, 10, 1, 1))
    screen = desk.screen
    assert screen.is_painted
    assert screen.pixel(1, 2) == screen.pixel(3, 5) == screen.pixel(10, 10) == (255, 0, 0)
    assert screen.pixel(4, 5) == screen.pixel(3, 6) == (0, 0, 0)
    assert screen.statistics() == ScreenStatistics(frames=1, pixels=13, resizes=0)


def test_snapshots_are_copies() -> None:
    desk = Desk()
    before = desk.screen.snapshot()
    desk.paint(Rect(0, 0, 40, 30))
    assert not before[:, :, 2].any()
    part = desk.screen.snapshot(Rect(30, 20, 100, 100))
    assert part.shape == (10, 10, 4)
    part[:] = 0
    assert desk.screen.pixel(35, 25) == (255, 0, 0)


def test_what_is_copied_ahead_is_seen_when_it_is_shown() -> None:
    screen = Screen(8, 4, Ending())
    screen.show(solid(RED), [WHOLE])
    ahead = screen.ahead(solid(BLUE), [Rect(2, 1, 3, 2)])
    finished = ahead()
    assert screen.pixel(2, 1) == (255, 0, 0)
    screen.show(solid(BLUE), [Rect(2, 1, 3, 2)], finished)
    assert screen.pixel(2, 1) == (0, 0, 255)
    assert screen.pixel(1, 1) == (255, 0, 0)
    assert (screen.statistics().frames, screen.statistics().pixels) == (2, 32 + 6)


@given(st.lists(st.tuples(st.lists(RECTS, min_size=1, max_size=3), st.booleans(), st.booleans()), max_size=12))
def test_frames_that_are_copied_ahead_or_not_give_the_same(frames: list[tuple[list[Rect], bool, bool]]) -> None:
    screen, expected = Screen(8, 4, Ending()), black(8, 4)
    for number, (damage, is_ahead, is_resized) in enumerate(frames, 1):
        picture = solid((number, 2 * number, 3 * number))
        finished = screen.ahead(picture, damage)() if is_ahead else None
        if is_resized:  # what was copied for the old one is dropped
            screen.resize(8, 4)
            expected, finished = black(8, 4), None
        before = screen.snapshot()
        assert np.array_equal(before, expected)
        screen.show(picture, damage, finished)
        for rect in damage:
            part = slice(rect.top, rect.bottom), slice(rect.left, rect.right)
            expected[part] = picture[part]
        assert np.array_equal(screen.snapshot(), expected)


def test_saving(tmp_path: Path) -> None:
    from PIL import Image

    desk = Desk()
    desk.paint(Rect(0, 0, 40, 30))
    desk.screen.save(tmp_path / "screen.png")
    with Image.open(tmp_path / "screen.png") as image:
        assert (image.size, image.convert("RGB").getpixel((5, 5))) == ((40, 30), (255, 0, 0))
    desk.screen.save(tmp_path / "part.png", Rect(30, 10, 100, 5))
    with Image.open(tmp_path / "part.png") as image:
        assert image.size == (10, 5)
    with pytest.raises(ValueError, match="nothing of Rect"):
        desk.screen.save(tmp_path / "nothing.png", Rect(40, 30, 1, 1))


async def test_resizing_starts_anew() -> None:
    desk = Desk()
    desk.paint(Rect(0, 0, 40, 30))
    damage = aiter(desk.screen)
    desk.screen.resize(80, 60)
    assert (desk.screen.width, desk.screen.height) == (80, 60)
    assert desk.screen.pixel(0, 0) == (0, 0, 0)
    assert await anext(damage) == [Rect(0, 0, 80, 60)]  # nothing of before
    assert desk.screen.statistics().resizes == 1


class TestIteration:
    async def test_the_first_round_comes_at_once_if_there_is_a_picture(self) -> None:
        desk = Desk()
        desk.paint(Rect(0, 0, 1, 1))
        with trio.testing.assert_checkpoints():
            assert await anext(aiter(desk.screen)) == [Rect(0, 0, 40, 30)]

    async def test_without_a_picture_it_waits(self, nursery: trio.Nursery) -> None:
        desk = Desk()
        seen: list[list[Rect]] = []

        async def watch() -> None:
            async for damage in desk.screen:
                seen.insert(len(seen), damage)

        nursery.start_soon(watch)
        await trio.testing.wait_all_tasks_blocked()
        assert seen == []
        desk.paint(Rect(1, 1, 2, 2))
        await trio.testing.wait_all_tasks_blocked()
        desk.paint(Rect(5, 5, 1, 1))
        await trio.testing.wait_all_tasks_blocked()
        assert seen == [[Rect(1, 1, 2, 2)], [Rect(5, 5, 1, 1)]]
        desk.end(is_clean=True)

    async def test_what_a_slow_consumer_missed_is_merged(self) -> None:
        desk = Desk()
        damage = aiter(desk.screen)
        desk.paint(Rect(0, 0, 2, 2))
        desk.paint(Rect(0, 0, 2, 2))
        desk.paint(Rect(20, 20, 2, 2))
        found = await anext(damage)
        assert sorted((one.left, one.top, one.width, one.height) for one in found) == [(0, 0, 2, 2), (20, 20, 2, 2)]

    async def test_it_never_grows(self) -> None:
        desk = Desk(400, 300)
        damage = aiter(desk.screen)
        for x in range(0, 400, 10):
            for y in range(0, 300, 10):
                desk.paint(Rect(x, y, 1, 1))
        assert len(await anext(damage)) <= 32

    async def test_iterations_are_independent(self) -> None:
        desk = Desk()
        first, second = aiter(desk.screen), aiter(desk.screen)
        desk.paint(Rect(0, 0, 1, 1))
        assert await anext(first) == [Rect(0, 0, 1, 1)]
        desk.paint(Rect(9, 9, 1, 1))
        assert await anext(first) == [Rect(9, 9, 1, 1)]
        assert len(await anext(second)) == 2

    async def test_one_that_is_given_up_costs_nothing(self) -> None:
        desk = Desk()
        aiter(desk.screen)
        gc.collect()
        assert len(desk.screen._watchers) == 0

    async def test_a_clean_end_ends_it(self) -> None:
        desk = Desk()
        damage = aiter(desk.screen)
        desk.paint(Rect(0, 0, 1, 1))
        desk.end(is_clean=True)
        assert [one async for one in damage] == [[Rect(0, 0, 1, 1)]]

    async def test_another_end_raises(self, nursery: trio.Nursery) -> None:
        desk = Desk()

        async def watch() -> None:
            with pytest.raises(SessionClosed, match="over"):
                await anext(aiter(desk.screen))

        nursery.start_soon(watch)
        await trio.testing.wait_all_tasks_blocked()
        desk.end(is_clean=False)

    async def test_cancelling_loses_no_damage(self) -> None:
        desk = Desk()
        damage = aiter(desk.screen)
        desk.paint(Rect(0, 0, 1, 1))
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(damage)
        assert scope.cancelled_caught
        assert await anext(damage) == [Rect(0, 0, 1, 1)]


class TestWaiting:
    async def test_for_a_change(self, nursery: trio.Nursery) -> None:
        desk, woken = Desk(), []

        async def wait() -> None:
            await desk.screen.wait_changed()
            woken.append(True)

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert not woken
        desk.screen.resize(10, 10)
        await trio.testing.wait_all_tasks_blocked()
        assert woken
        desk.end(is_clean=True)
        with pytest.raises(SessionClosed):
            await desk.screen.wait_changed()

    async def test_until_it_settled(self, autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
        desk = Desk()

        async def paint() -> None:
            for _ in range(10):
                await trio.sleep(0.4)
                desk.paint(Rect(0, 0, 1, 1))

        started = trio.current_time()
        nursery.start_soon(paint)
        await desk.screen.wait_settled()
        assert trio.current_time() - started == pytest.approx(4.5)
        await desk.screen.wait_settled(2)
        assert trio.current_time() - started == pytest.approx(6.5)

    async def test_an_end_counts_as_settled(self, nursery: trio.Nursery) -> None:
        desk = Desk()
        desk.paint(Rect(0, 0, 1, 1))
        nursery.start_soon(desk.screen.wait_settled, 1000)
        await trio.testing.wait_all_tasks_blocked()
        desk.end(is_clean=False)

    async def test_but_not_before_there_was_a_picture(self, nursery: trio.Nursery) -> None:
        desk = Desk()

        async def wait() -> None:
            with pytest.raises(SessionClosed):
                await desk.screen.wait_settled()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        desk.end(is_clean=True)
