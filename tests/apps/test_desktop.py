from __future__ import annotations

import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import trio

from tests.identities import identity
from trio_rdp.apps.desktop import LAMP_KEY, Desktop, Layout, lamp_is_lit, show_desktop
from trio_rdp.client import open_session
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    MouseButton,
    MouseMoved,
    MousePressed,
    UnicodePressed,
    WheelTurned,
)
from trio_rdp.protocol.keys import Key
from trio_rdp.server import ServerSession, serve

NOON = datetime.datetime(2026, 3, 4, 12, 0, 0)
SIZES = [(200, 200), (320, 200), (200, 900), (640, 480), (1024, 640), (1920, 1080)]


def press(key: Key) -> KeyPressed:
    return KeyPressed(key, key.scancode, key.is_extended)


def color_at(desktop: Desktop, rect: Rect) -> tuple[int, int, int]:
    blue, green, red, _ = (int(v) for v in desktop.pixels[rect.top + rect.height // 2, rect.left + rect.width // 2])
    return red, green, blue


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_has_its_place_at_every_size(width: int, height: int) -> None:
    layout = Layout.of(width, height)
    whole = Rect(0, 0, width, height)
    places = [layout.title, layout.clock, layout.text, layout.picture, layout.facts, layout.status, layout.lamp]
    assert all(whole.contains(place) for place in places)
    apart = [layout.title, layout.clock, layout.text, layout.picture, layout.facts, layout.status]
    for number, first in enumerate(apart):
        assert all(first.intersect(second).is_empty for second in apart[number + 1 :])
    assert layout.status.contains(layout.lamp)
    assert not layout.text.is_empty
    assert not layout.picture.is_empty


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_changed_is_all_that_changed(width: int, height: int) -> None:
    """Who paints only the rectangles given sees the same picture."""
    desktop = Desktop(width, height, user="ada", client="laptop")
    shown = np.zeros_like(desktop.pixels)
    events: list[InputEvent] = [
        UnicodePressed("ä"),
        MouseMoved(5, 5),
        MousePressed(MouseButton.LEFT, width - 1, height - 1),
        press(LAMP_KEY),
        press(Key.ENTER),
        WheelTurned(120, 3, 3),
        UnicodePressed("日"),
        press(Key.BACKSPACE),
        MouseMoved(width // 2, height // 2),
        press(Key.ESCAPE),
    ]
    for number in range(30):
        if number % 2 == 0 and events:
            desktop.handle(events.pop(0))
        for rect in desktop.advance(number / 7, NOON + datetime.timedelta(seconds=number // 3)):
            shown[rect.top : rect.bottom, rect.left : rect.right] = desktop.pixels[
                rect.top : rect.bottom, rect.left : rect.right
            ]
        assert np.array_equal(shown, desktop.pixels)


def test_a_desktop_at_rest_changes_nothing() -> None:
    desktop = Desktop(640, 480)
    assert desktop.advance(0.0, NOON) == [Rect(0, 0, 640, 480)]
    assert desktop.advance(0.0, NOON) == []


def test_typing_changes_the_text_box() -> None:
    desktop = Desktop(640, 480)
    desktop.advance(0.0, NOON)
    desktop.handle(UnicodePressed("x"))
    changed = desktop.advance(0.0, NOON)
    text = desktop.layout.text
    assert any(not rect.intersect(text).is_empty for rect in changed)
    assert desktop.text_box.text == "x"


def test_more_text_than_there_is_room_for_scrolls() -> None:
    desktop = Desktop(640, 480)
    for number in range(40):
        for character in f"{number}\n":
            desktop.handle(UnicodePressed(character))
    desktop.advance(0.0, NOON)
    assert desktop.pixels.shape == (480, 640, 4)


def test_the_lamp_key_switches_the_lamp() -> None:
    desktop = Desktop(640, 480)
    lamp = desktop.layout.lamp
    states = []
    for _ in range(3):
        desktop.advance(0.0, NOON)
        states.append(lamp_is_lit(color_at(desktop, lamp)))
        desktop.handle(press(LAMP_KEY))
    assert states == [False, True, False]


def test_a_click_leaves_a_mark_and_its_ring_fades() -> None:
    desktop = Desktop(640, 480)
    desktop.advance(0.0, NOON)
    x, y = desktop.layout.text.right - 40, desktop.layout.text.bottom - 40
    before = desktop.pixels.copy()
    desktop.handle(MousePressed(MouseButton.RIGHT, x, y))
    desktop.handle(MouseMoved(5, 5))
    desktop.advance(0.1, NOON)
    around = np.s_[y - 12 : y + 12, x - 12 : x + 12]
    with_ring = (desktop.pixels[around] != before[around]).any(axis=2).sum()
    for _ in range(20):
        desktop.handle(MouseMoved(5, 5))
    desktop.advance(5.0, NOON)
    without_ring = (desktop.pixels[around] != before[around]).any(axis=2).sum()
    assert 0 < without_ring < with_ring


async def test_a_client_sees_the_desktop_and_what_it_types(tmp_path: Path) -> None:
    served: list[ServerSession] = []

    async def handler(session: ServerSession) -> None:
        served.append(session)
        await show_desktop(session)

    async with trio.open_nursery() as nursery:
        config = ServerConfig(security=Security.TLS)
        start = partial(serve, handler, 0, config=config, identity=identity())
        listeners = await nursery.start(start)
        client = ClientConfig(
            username="ada",
            security=Security.TLS,
            certificate_policy=f"pin:{identity().fingerprint}",
            desktop_size=DesktopSize(320, 240),
        )
        lamp = Layout.of(320, 240).lamp
        center = lamp.left + lamp.width // 2, lamp.top + lamp.height // 2
        with trio.fail_after(30):
            async with open_session("127.0.0.1", listeners[0].socket.getsockname()[1], config=client) as session:
                while not session.screen.is_painted:
                    await session.screen.wait_changed()
                await session.keyboard.press(LAMP_KEY)
                while not lamp_is_lit(session.screen.pixel(*center)):
                    await session.screen.wait_changed()
                frames = session.screen.statistics().frames
                while session.screen.statistics().frames < frames + 3:
                    await session.screen.wait_changed()
        assert served[0].username == "ada"
        nursery.cancel_scope.cancel()
