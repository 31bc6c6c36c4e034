"""What a client knows of its server's windows, for those who look now, and those who look on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.rail.app_window import AppWindow, TrayIcon
from trio_rdp.channels.rail.window_list import TrayIconOpened, WindowChanged, WindowClosed, WindowOpened
from trio_rdp.faces.remote_apps.windows import AppWindows, TrayIcons
from trio_rdp.wire.errors import ChannelClosed, RdpError, SessionClosed


class Desk:
    """Windows that a test opens, changes and closes."""

    def __init__(self) -> None:
        self.items: dict[int, AppWindow] = {}
        self.windows = AppWindows(self.items)

    def open(self, window_id: int, title: str = "") -> AppWindow:
        window = self.items[window_id] = AppWindow(id=window_id, title=title)
        self.windows.note(window_id, window, is_new=True)
        return window

    def change(self, window_id: int, title: str) -> AppWindow:
        window = self.items[window_id] = replace(self.items[window_id], title=title)
        self.windows.note(window_id, window)
        return window

    def close(self, window_id: int) -> AppWindow:
        window = self.items.pop(window_id)
        self.windows.note(window_id, window, is_gone=True)
        return window


async def told(watch: Any, number: int) -> list[Any]:
    return [await anext(watch) for _ in range(number)]


async def test_a_mapping() -> None:
    desk = Desk()
    first = desk.open(1, "one")
    assert dict(desk.windows) == {1: first}
    assert desk.windows[1].title == "one"
    assert 2 not in desk.windows
    assert "title='one'" in repr(desk.windows)


async def test_an_iteration_begins_with_what_is_there() -> None:
    desk = Desk()
    windows = [desk.open(1), desk.open(2)]
    watch = aiter(desk.windows)
    assert await told(watch, 2) == [WindowOpened(one) for one in windows]
    changed = desk.change(1, "new")
    assert await told(watch, 1) == [WindowChanged(changed)]
    assert await told(watch, 0) == []
    closed = desk.close(1)
    assert await told(watch, 1) == [WindowClosed(closed)]


async def test_who_is_slow_hears_how_it_is_now() -> None:
    desk = Desk()
    desk.open(1)
    watch = aiter(desk.windows)
    await told(watch, 1)
    desk.change(1, "a")
    desk.change(1, "b")
    desk.open(2, "unseen")
    desk.close(2)
    desk.open(3, "c")
    third = desk.change(3, "d")
    assert await told(watch, 2) == [WindowChanged(desk.items[1]), WindowOpened(third)]
    desk.change(1, "e")
    old = desk.close(1)
    new = desk.open(1, "another")
    assert await told(watch, 2) == [WindowClosed(old), WindowOpened(new)]
    desk.close(1)
    desk.open(1)
    last = desk.close(1)
    assert await told(watch, 1) == [WindowClosed(replace(last, title="another"))]


async def test_waiting_for_an_event(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    desk, found = Desk(), list[Any]()

    async def look_on() -> None:
        async for event in desk.windows:
            found.append(event)

    nursery.start_soon(look_on)
    await trio.sleep(1)
    window = desk.open(1)
    await trio.sleep(1)
    assert found == [WindowOpened(window)]
    desk.windows.end(ChannelClosed("rail", "it was closed"), is_clean=True)


async def test_iterations_end() -> None:
    desk = Desk()
    desk.open(1)
    desk.windows.end(ChannelClosed("rail", "it was closed"), is_clean=True)
    assert [event async for event in desk.windows] == [WindowOpened(desk.items[1])]
    desk.windows.end(SessionClosed("the line was cut"), is_clean=False)
    watch = aiter(desk.windows)
    await told(watch, 1)
    with pytest.raises(SessionClosed, match="cut"):
        await anext(watch)
    desk.windows.begin()
    second = desk.open(2)
    assert await told(watch, 1) == [WindowOpened(second)]


async def test_waiting_for_one(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()

    async def open_late() -> None:
        await trio.sleep(1)
        desk.open(1, "splash")
        await trio.sleep(1)
        desk.open(2, "Editor")

    nursery.start_soon(open_late)
    window = await desk.windows.wait_for(lambda one: "Edit" in one.title)
    assert window.id == 2
    assert (await desk.windows.wait_for(lambda one: True)).id == 1


async def test_waiting_for_one_that_does_not_come(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    desk = Desk()
    error: RdpError = ChannelClosed("rail", "it was closed")

    async def wait() -> None:
        with pytest.raises(ChannelClosed, match="it was closed"):
            await desk.windows.wait_for(lambda one: True)

    nursery.start_soon(wait)
    await trio.sleep(1)
    desk.windows.end(error, is_clean=True)


async def test_nobody_is_remembered_who_does_not_look_on() -> None:
    desk = Desk()
    for _ in range(100):
        aiter(desk.windows)
    assert len(desk.windows._watches) <= 1


async def test_notification_icons() -> None:
    items: dict[tuple[int, int], TrayIcon] = {}
    icons = TrayIcons(items)
    mail = TrayIcon(window_id=1, id=2)
    items[mail.key] = mail
    icons.note(mail.key, mail, is_new=True)
    assert await told(aiter(icons), 1) == [TrayIconOpened(mail)]


@given(st.lists(st.tuples(st.sampled_from(["open", "change", "close", "look"]), st.integers(1, 3))))
def test_whoever_looks_whenever_has_the_same_picture(steps: list[tuple[str, int]]) -> None:
    async def main() -> None:
        desk, seen, titles = Desk(), dict[int, AppWindow](), iter(range(len(steps)))
        watch = aiter(desk.windows)

        async def look() -> None:
            event = await anext(watch)
            match event:
                case WindowOpened(window):
                    assert window.id not in seen
                    seen[window.id] = window
                case WindowChanged(window):
                    assert window.id in seen
                    seen[window.id] = window
                case WindowClosed(window):
                    del seen[window.id]

        for what, window_id in steps:
            match what:
                case "open" if window_id not in desk.items:
                    desk.open(window_id, str(next(titles)))
                case "change" if window_id in desk.items:
                    desk.change(window_id, str(next(titles)))
                case "close" if window_id in desk.items:
                    desk.close(window_id)
                case "look" if watch._waiting:
                    await look()
            assert len(watch._waiting) <= 3
        while watch._waiting:
            await look()
        assert seen == desk.items

    trio.run(main)
