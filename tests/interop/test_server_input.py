"""What people do in real clients arrives at our server's handlers: keys, buttons, wheels and moves, in order.

Characters without keys do not: neither xfreerdp 2.11 on X nor rdesktop 1.9 ever sends a Unicode event.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
import trio

from tests.interop.client import Client
from tests.interop.display import Display
from tests.interop.processes import PATIENCE, LaunchFailed
from tests.interop.rdesktop import rdesktop
from tests.interop.serving import Guest, serving, wait_equal
from tests.interop.xfreerdp import xfreerdp
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    KeyReleased,
    LocksSynchronized,
    MouseButton,
    MouseMoved,
    MousePressed,
    MouseReleased,
    WheelTurned,
)
from trio_rdp.protocol.keys import Key

CLIENTS = ["xfreerdp", "xfreerdp -fast-path", "rdesktop"]


@contextlib.asynccontextmanager
async def using(display: Display, which: str) -> AsyncIterator[tuple[Client, Guest]]:
    """A client that shows the desktop and has the keyboard."""
    name, *flags = which.split()
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving())
        client: Client = await stack.enter_async_context(
            xfreerdp(display, served.port, *flags) if name == "xfreerdp" else rdesktop(display, served.port, *flags)
        )
        guest = await served.guest()
        await wait_equal(client, guest.session)
        await client.focus()
        with trio.fail_after(PATIENCE):
            # xfreerdp 3.15 misses moves while it takes the focus.
            while MouseMoved(300, 200) not in guest.events:
                await display.xdotool("mousemove", 299, 200, "sleep", "0.05", "mousemove", 300, 200, "sleep", "0.05")
        await knock(display, guest)
        yield client, guest
        assert guest.error is None


async def knock(display: Display, guest: Guest) -> None:
    """Press keys until one comes: then all that was sent before has come, what clients send with the focus, too."""
    for key in (Key.F1, Key.F2, Key.F3, Key.F4, Key.F6, Key.F7, Key.F8, Key.F9):
        await display.xdotool("key", key.name)
        with contextlib.suppress(LaunchFailed):
            return await guest.wait_event(*strokes(key), seconds=2)
    raise LaunchFailed(f"no key came: {guest.events}")


def typed(events: list[InputEvent]) -> list[InputEvent]:
    """What was typed, without the Tab that xfreerdp lets go of with the focus: 3.15 several times, and late."""
    focus = KeyReleased(Key.TAB, Key.TAB.scancode)
    return [event for event in events if isinstance(event, KeyPressed | KeyReleased) and event != focus]


def strokes(*keys: Key) -> list[InputEvent]:
    found: list[InputEvent] = []
    for key in keys:
        found += [KeyPressed(key, key.scancode, key.is_extended), KeyReleased(key, key.scancode, key.is_extended)]
    return found


@pytest.mark.parametrize("which", CLIENTS)
async def test_keys(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (_, guest):
        del guest.events[:]
        await client_display.xdotool("key", "--delay", 30, "h", "i", "space", "1", "Return", "Left", "F5", "Delete")
        wanted = strokes(Key.H, Key.I, Key.SPACE, Key.DIGIT_1, Key.ENTER, Key.LEFT, Key.F5, Key.DELETE)
        await guest.wait_event(*wanted)
        assert typed(guest.events) == wanted


@pytest.mark.parametrize("which", CLIENTS)
async def test_shift_and_chords(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (_, guest):
        del guest.events[:]
        await client_display.xdotool("keydown", "shift", "key", "a", "keyup", "shift", "key", "ctrl+alt+x")
        await guest.wait_event(pressed(Key.LEFT_SHIFT), *strokes(Key.A), released(Key.LEFT_SHIFT))
        await guest.wait_event(pressed(Key.LEFT_CTRL), pressed(Key.LEFT_ALT), *strokes(Key.X))
        # xdotool lets go of the first key first.
        await guest.wait_event(released(Key.LEFT_CTRL))
        await guest.wait_event(released(Key.LEFT_ALT))


def pressed(key: Key) -> InputEvent:
    return KeyPressed(key, key.scancode, key.is_extended)


def released(key: Key) -> InputEvent:
    return KeyReleased(key, key.scancode, key.is_extended)


@pytest.mark.parametrize("which", CLIENTS)
async def test_buttons(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (_, guest):
        del guest.events[:]
        await client_display.xdotool("click", 1, "click", 2, "click", 3)
        wanted: list[InputEvent] = []
        for button in (MouseButton.LEFT, MouseButton.MIDDLE, MouseButton.RIGHT):
            wanted += [MousePressed(button, 300, 200), MouseReleased(button, 300, 200)]
        await guest.wait_event(*wanted)
        assert [event for event in guest.events if isinstance(event, MousePressed | MouseReleased)] == wanted


async def test_extended_buttons(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (_, guest):
        await client_display.xdotool("click", 8, "click", 9)
        wanted: list[InputEvent] = []
        for button in (MouseButton.X1, MouseButton.X2):
            wanted += [MousePressed(button, 300, 200), MouseReleased(button, 300, 200)]
        await guest.wait_event(*wanted)


@pytest.mark.parametrize("which", CLIENTS)
async def test_wheel(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (_, guest):
        del guest.events[:]
        await client_display.xdotool("click", 4, "click", 4, "click", 5)
        # rdesktop 1.9 sends wheels that turn a little further.
        notch = 128 if which == "rdesktop" else 120
        await guest.wait_event(*(WheelTurned(delta, 300, 200) for delta in (notch, notch, -notch)))
        assert len([event for event in guest.events if isinstance(event, WheelTurned)]) == 3


async def test_wheel_sideways(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (_, guest):
        await client_display.xdotool("click", 6, "click", 7)
        await guest.wait_event(*(WheelTurned(delta, 300, 200, horizontal=True) for delta in (-120, 120)))


@pytest.mark.parametrize("which", CLIENTS)
async def test_drag(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (_, guest):
        await client_display.xdotool(
            "mousemove", 10, 20, "mousedown", 1, "mousemove", 600, 400, "sleep", "0.1", "mouseup", 1
        )
        await guest.wait_event(
            MouseMoved(10, 20),
            MousePressed(MouseButton.LEFT, 10, 20),
            MouseMoved(600, 400),
            MouseReleased(MouseButton.LEFT, 600, 400),
        )


async def test_moves_that_nobody_takes_coalesce(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (_, guest):
        moves = [word for step in range(50) for word in ("mousemove", 100 + step, 150)]
        await client_display.xdotool(*moves, "click", 1)
        await guest.wait_event(MousePressed(MouseButton.LEFT, 149, 150))
        places = [event.x for event in guest.events if isinstance(event, MouseMoved) and event.y == 150]
        assert places == sorted(places)


@pytest.mark.parametrize("which", CLIENTS)
async def test_locks_are_told_with_the_focus(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (_, guest):
        await guest.wait_event(LocksSynchronized())
