"""What happens to a session of a real client: resizes, pointers, minimized windows, killed clients."""

from __future__ import annotations

import contextlib
import itertools
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio

from tests.interop.client import Client
from tests.interop.conftest import Peers
from tests.interop.display import Display
from tests.interop.pictures import pattern
from tests.interop.processes import wait_for
from tests.interop.rdesktop import rdesktop
from tests.interop.selection import owning
from tests.interop.serving import Guest, paint, serving, wait_equal
from tests.interop.sessions import cursor
from tests.interop.xfreerdp import OK, xfreerdp
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.protocol.input_events import KeyPressed, KeyReleased, MouseMoved
from trio_rdp.protocol.keys import Key
from trio_rdp.wire.errors import SessionClosed

CLIENTS = ["xfreerdp", "xfreerdp -fast-path", "rdesktop"]


@contextlib.asynccontextmanager
async def using(display: Display, which: str, bpp: int = 24, **options: Any) -> AsyncIterator[tuple[Client, Guest]]:
    """A client that shows the desktop, with the mouse on it."""
    name, *flags = which.split()
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(**options))
        client: Client = await stack.enter_async_context(
            xfreerdp(display, served.port, *flags, bpp=bpp)
            if name == "xfreerdp"
            else rdesktop(display, served.port, *flags, bpp=bpp)
        )
        guest = await served.guest()
        await wait_equal(client, guest.session)
        yield client, guest


# Channels.


async def test_channels_that_no_handler_uses_cost_nothing(client_display: Display, tmp_path: Path) -> None:
    """xfreerdp has everything to offer and copies; a handler that touches none of it paints and types as ever."""
    flags = ["+clipboard", f"/drive:share,{tmp_path}", "/sound:sys:fake", "/echo", "/disp", "/dynamic-resolution"]
    async with using(client_display, " ".join(["xfreerdp", *flags])) as (client, guest):
        for number in range(5):
            async with owning(client_display, "UTF8_STRING", b"copied %d" % number):
                await paint(guest.session, pattern(guest.session.size.width, guest.session.size.height, str(number)))
                await wait_equal(client, guest.session)
                guest.events.clear()
                await client_display.xdotool("key", "a")
                await guest.wait_event(KeyPressed(Key.A, 30), KeyReleased(Key.A, 30))
        statistics = guest.session.statistics()
        assert all(not one.waiting and one.messages_sent == 0 for one in statistics.channels)
        assert guest.error is None


# Resizing.


@pytest.mark.parametrize(
    ("which", "bpp"),
    [
        ("xfreerdp", 32),
        ("xfreerdp -fast-path", 24),
        pytest.param("xfreerdp", 16, marks=pytest.mark.interop_full),
        pytest.param("rdesktop", 24, marks=pytest.mark.interop_full),
        ("rdesktop", 8),
    ],
)
async def test_resize(client_display: Display, which: str, bpp: int) -> None:
    async with using(client_display, which, bpp) as (client, guest):
        session = guest.session
        for width, height in [(800, 600), (1280, 1024), (640, 480), (1000, 700), (1024, 768)]:
            await session.display.resize(width, height)
            assert (session.size.width, session.size.height) == (width, height)
            await wait_equal(client, session)  # what fits stays
            await paint(session, pattern(width, height, f"{width} x {height}"))
            await wait_equal(client, session)
            await wait_size(client, width, height)
        assert session.statistics().display.resizes == 5
        assert guest.error is None


async def wait_size(client: Client, width: int, height: int) -> None:
    """Wait until its window is that large."""

    def fits() -> bool:
        return any(
            client.window_title in window.title and (window.width, window.height) == (width, height)
            for window in client.display.windows()
        )

    await wait_for(fits, f"window of {width} x {height}")


async def test_input_after_a_resize(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (client, guest):
        await guest.session.display.resize(1200, 900)
        await wait_equal(client, guest.session)
        await client_display.xdotool("mousemove", 1190, 890)
        await guest.wait_event(MouseMoved(1190, 890))


@pytest.mark.parametrize("which", ["xfreerdp", "rdesktop"])
async def test_resizes_one_after_the_other_while_it_paints(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (client, guest):
        session = guest.session

        async def keep_painting() -> None:
            shade = 0
            while True:
                shade = (shade + 7) % 256
                await paint(session, np.full((session.size.height, session.size.width, 3), shade, np.uint8))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_painting)
            for number in range(10):
                await session.display.resize(700 + 20 * number, 700 - 20 * number)
            nursery.cancel_scope.cancel()
        await paint(session)
        await wait_equal(client, session)
        assert guest.error is None


# Minimizing.


async def test_a_minimized_window_gets_no_pictures(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (client, guest):
        session = guest.session
        window = await client.wait_window()
        # What a window manager does to minimize; there is none here that could be asked.
        await client_display.xdotool("windowunmap", window.id)
        await wait_for(lambda: session.display.is_suppressed, "suppressed")
        sent = session.statistics().display.bytes_encoded
        await paint(session, pattern(1024, 768, "while nobody looked"))
        assert session.statistics().display.bytes_encoded == sent
        assert session.statistics().display.frames_unsent == 1
        await client_display.xdotool("windowmap", window.id)
        await wait_for(lambda: not session.display.is_suppressed, "wanted again")
        await wait_equal(client, session)


# Pointers.


def shape(width: int, height: int, hotspot: tuple[int, int], *, alpha: bool = False) -> PointerShape:
    """A colourful square with a transparent half, and if asked a half-transparent quarter."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, : width // 2] = (10, 200, 30, 255)
    pixels[: height // 2, : width // 4] = (250, 20, 5, 255)
    if alpha:
        pixels[height // 2 :, : width // 2, 3] = 128
    return PointerShape(pixels, hotspot)


async def wait_cursor(display: Display, good: Callable[[PointerShape], bool]) -> None:
    await wait_for(lambda: good(cursor(display)), "the pointer")


def is_empty(shown: PointerShape) -> bool:
    return not shown.pixels[:, :, 3].any()


def looks_like(wanted: PointerShape) -> Callable[[PointerShape], bool]:
    """Equal; FreeRDP 2.11 hands colours on to X as they are, which expects them premultiplied."""
    return lambda shown: shown.hotspot == wanted.hotspot and np.array_equal(shown.pixels, wanted.pixels)


@pytest.mark.parametrize(("which", "bpp"), [("xfreerdp", 32), ("xfreerdp", 16), ("xfreerdp -fast-path", 24)])
async def test_pointers(client_display: Display, which: str, bpp: int) -> None:
    async with using(client_display, which, bpp) as (client, guest):
        display = guest.session.display
        await client_display.xdotool("mousemove", 300, 200)
        await guest.wait_event(MouseMoved(300, 200))
        default = cursor(client_display)
        assert not is_empty(default)
        for wanted in (
            shape(32, 32, (3, 4)),
            shape(24, 30, (0, 29), alpha=True),
            shape(96, 96, (50, 51), alpha=True),
            shape(32, 32, (3, 4)),
        ):
            await display.set_pointer(wanted)
            # Large pointers travel on the fast path only; without it they are made smaller.
            await wait_cursor(client_display, looks_like(wanted.fitted(32) if "-fast-path" in which else wanted))
        await display.hide_pointer()
        await wait_cursor(client_display, is_empty)
        await display.default_pointer()
        await wait_cursor(client_display, lambda shown: shown == default)
        # xfreerdp 2.11 does not follow; that it goes on is all that can be seen.
        await display.move_pointer(77, 88)
        await paint(guest.session, pattern(400, 400, "still there"))
        await wait_equal(client, guest.session)


async def test_a_pointer_survives_a_resize(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (client, guest):
        await client_display.xdotool("mousemove", 300, 200)
        wanted = shape(32, 32, (3, 4))
        await guest.session.display.set_pointer(wanted)
        await wait_cursor(client_display, looks_like(wanted))
        await guest.session.display.resize(800, 600)
        await wait_equal(client, guest.session)
        await wait_cursor(client_display, looks_like(wanted))
        other = shape(20, 20, (0, 0))
        await guest.session.display.set_pointer(other)
        await wait_cursor(client_display, looks_like(other))


async def test_more_pointers_than_a_client_caches(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (_, guest):
        await client_display.xdotool("mousemove", 300, 200)
        shapes = [shape(32, 32, (number, 0)) for number in range(30)]
        for wanted in shapes + shapes[::-1]:
            await guest.session.display.set_pointer(wanted)
        await wait_cursor(client_display, looks_like(shapes[0]))
        for wanted in (shapes[5], shapes[29], shapes[5]):
            await guest.session.display.set_pointer(wanted)
            await wait_cursor(client_display, looks_like(wanted))


@pytest.mark.parametrize("bpp", [8, 24])
async def test_pointers_in_rdesktop(client_display: Display, bpp: int) -> None:
    async with using(client_display, "rdesktop", bpp) as (client, guest):
        display = guest.session.display
        await client_display.xdotool("mousemove", 300, 200)
        await guest.wait_event(MouseMoved(300, 200))
        for wanted in (shape(32, 32, (3, 4)), shape(24, 30, (0, 29)), shape(96, 96, (50, 51))):
            await display.set_pointer(wanted)
            await wait_cursor(client_display, looks_like(wanted))
        await display.hide_pointer()
        await wait_cursor(client_display, is_empty)
        await display.default_pointer()
        await wait_cursor(client_display, lambda shown: not is_empty(shown))
        await display.move_pointer(77, 88)
        await guest.wait_event(MouseMoved(77, 88))
        await paint(guest.session, pattern(400, 400, "still there"))
        await wait_equal(client, guest.session)


# Ends that nobody wanted.


@pytest.mark.parametrize("which", ["xfreerdp", "rdesktop"])
async def test_a_killed_client(client_display: Display, which: str) -> None:
    async with using(client_display, which) as (client, guest):
        client.process.popen.send_signal(signal.SIGKILL)
        await guest.wait_left()
        assert guest.session.is_over


async def test_a_killed_client_while_it_paints(client_display: Display) -> None:
    async with using(client_display, "xfreerdp") as (client, guest):
        session = guest.session

        async def kill() -> None:
            await trio.sleep(0.3)
            client.process.popen.send_signal(signal.SIGKILL)

        with pytest.RaisesGroup(SessionClosed):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kill)
                for number in itertools.count():
                    await paint(session, np.full((768, 1024, 3), number % 256, np.uint8))
        await guest.wait_left()


async def test_one_client_after_the_other(peers: Peers) -> None:
    async with serving() as served:
        for number in range(3):
            with peers.client_display() as display:
                async with xfreerdp(display, served.port, security="tls") as client:
                    guest = await served.guest(number)
                    await wait_equal(client, guest.session)
                    assert await client.close() == OK
                    await guest.wait_left()
