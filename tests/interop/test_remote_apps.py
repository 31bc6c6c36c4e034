"""xfreerdp shows single programs of our server as windows of its user's own desktop, and says what is done to them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
import pytest
import trio

from tests.interop.display import Display, Window
from tests.interop.pictures import Picture, pattern
from tests.interop.processes import PATIENCE, launched, need, wait_for
from tests.interop.serving import Guest, paint, serving
from tests.interop.xfreerdp import Xfreerdp, is_version_3, remote_app, xfreerdp
from trio_rdp.channels.rail import (
    Command,
    CommandGiven,
    ExecResult,
    LocalMove,
    MoveSizeType,
    SystemParameter,
    WindowActivated,
    WindowMoved,
)
from trio_rdp.channels.rail.app_window import AppWindow
from trio_rdp.faces.remote_apps.host import AppEvent, AppHost, LaunchRequest
from trio_rdp.graphics.app_icon import AppIcon
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.input_events import KeyPressed, MouseButton, MousePressed, MouseReleased
from trio_rdp.protocol.keys import Key
from trio_rdp.wire.errors import SessionClosed

WHERE = Rect(100, 80, 300, 200)


@dataclass
class Desk:
    """A client that shows our programs, and what it says of them."""

    display: Display
    client: Xfreerdp
    guest: Guest
    events: list[AppEvent] = field(default_factory=list)

    @property
    def host(self) -> AppHost:
        return self.guest.session.app_host

    async def window(self, title: str) -> Window:
        """The window with this title on the client's display."""
        return await wait_for(
            lambda: next((one for one in self.display.windows() if one.title == title), None),
            f"a window called {title}",
            PATIENCE,
            self.client.process,
        )

    async def place(self, title: str, rect: Rect) -> None:
        """Wait until a window of the client's display has this title, and is there."""
        await wait_for(
            lambda: any(_is_at(one, title, rect) for one in self.display.windows()),
            f"{title} at {rect}",
            PATIENCE,
            self.client.process,
        )

    async def wait_gone(self, title: str) -> None:
        await wait_for(lambda: all(one.title != title for one in self.display.windows()), f"{title} is closed")

    async def wait_event(self, wanted: AppEvent) -> None:
        await wait_for(lambda: wanted in self.events, f"{wanted} among {self.events}")


def _is_at(window: Window, title: str, rect: Rect) -> bool:
    return (window.title, window.x, window.y, window.width, window.height) == (
        title,
        rect.left,
        rect.top,
        rect.width,
        rect.height,
    )


@contextlib.asynccontextmanager
async def using(display: Display, program: str, arguments: str = "") -> AsyncIterator[tuple[Desk, LaunchRequest]]:
    """An xfreerdp that has asked for a program."""
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(paints=False))
        client = await stack.enter_async_context(xfreerdp(display, served.port, *remote_app(program, arguments)))
        guest = await served.guest()
        desk = Desk(display, client, guest)
        nursery = await stack.enter_async_context(trio.open_nursery())

        async def note() -> None:
            with contextlib.suppress(SessionClosed):
                async for event in desk.host:
                    desk.events.append(event)

        nursery.start_soon(note)
        with trio.fail_after(PATIENCE):
            request = await anext(desk.host.launches)
        yield desk, request
        assert guest.error is None
        guest.leave()
        await guest.wait_left()
        nursery.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def window_manager(display: Display) -> AsyncIterator[None]:
    need("openbox")
    async with launched("openbox", ["openbox"], display.folder, env=display.env):
        await wait_for(
            lambda: b"window id" in display.run_sync("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"), "openbox"
        )
        yield


def icon_of(display: Display, window: Window) -> list[int]:
    """Width, height and pixels (0xAARRGGBB) of a window's icon."""
    said = display.run_sync("xprop", "-id", str(window.id), "-notype", "32c", "_NET_WM_ICON")
    return [int(number) for number in said.partition(b"=")[2].split(b",")] if b"=" in said else []


def part(picture: Picture, rect: Rect) -> Picture:
    return picture[rect.top : rect.bottom, rect.left : rect.right]


async def test_a_window_of_its_own(client_display: Display) -> None:
    """What is seen is the window and nothing else; it moves, hears keys and clicks, and closes with its program."""
    async with using(client_display, "||clock", "now and then") as (desk, request):
        assert (request.program, request.arguments) == ("||clock", "now and then")
        await request.accept()
        picture = pattern(400, 400, "a program")
        await paint(desk.guest.session, picture, 80, 60)
        window = await desk.host.open_window("Our clock", WHERE)
        await desk.place("Our clock", WHERE)
        wanted = part(picture, Rect(WHERE.left - 80, WHERE.top - 60, WHERE.width, WHERE.height))

        def is_shown(shown: Picture) -> bool:
            around = shown.copy()
            part(around, WHERE)[:] = 0
            return bool(np.array_equal(part(shown, WHERE), wanted)) and not around.any()

        await client_display.wait_picture(is_shown, "window alone", desk.client.process)
        found = await desk.window("Our clock")
        # xfreerdp 3.15 misses what is done while it takes the focus.
        await client_display.xdotool("windowfocus", "--sync", found.id, "mousemove", 200, 150, "sleep", "0.5")
        await client_display.xdotool("click", 1, "key", "a")
        await desk.guest.wait_event(MousePressed(MouseButton.LEFT, 200, 150), KeyPressed(Key.A, 30, False))
        moved = Rect(200, 160, 320, 240)
        await desk.host.change_window(window, title="Later", rect=moved)
        await desk.place("Later", moved)
        await client_display.close_window("Later")
        await desk.wait_event(CommandGiven(window.id, Command(Command.CLOSE)))
        await desk.host.close_window(window)
        await desk.wait_gone("Later")
        assert desk.host.parameters[SystemParameter(SystemParameter.SETKEYBOARDCUES)] is False
        assert desk.host.statistics().ignored == 0


@pytest.mark.interop_full
async def test_a_program_that_there_is_not(client_display: Display) -> None:
    async with using(client_display, "||nothing") as (desk, request):
        await request.refuse(ExecResult.E_NOT_IN_ALLOWLIST, 0x15)
        assert await desk.client.wait()
        assert "RAIL_EXEC_E_NOT_IN_ALLOWLIST" in desk.client.log


@pytest.mark.interop_full
async def test_with_a_window_manager(client_display: Display) -> None:
    """Windows are put where the user's window manager wants them, and have their icons."""
    async with window_manager(client_display), using(client_display, "||clock") as (desk, request):
        await request.accept()
        pixels = np.zeros((32, 32, 4), np.uint8)
        pixels[:] = (0, 0, 255, 255)
        window = await desk.host.open_window("Our clock", WHERE)
        dialog = await desk.host.open_window("Question", Rect(150, 120, 100, 90), owner_id=window.id)
        found, asked = await desk.window("Our clock"), await desk.window("Question")
        await desk.host.change_window(window, icon=AppIcon.from_pixels(pixels))  # openbox gives it one of its own first
        await wait_for(lambda: icon_of(client_display, found) == [32, 32, *[0xFFFF0000] * 1024], "its own icon")

        await client_display.xdotool("windowactivate", "--sync", asked.id)
        await desk.wait_event(WindowActivated(dialog.id, True))
        await client_display.xdotool("windowactivate", "--sync", found.id, "windowmove", found.id, 310, 220)
        await desk.wait_event(WindowMoved(window.id, Rect(310, 220, 300, 200)))
        await client_display.xdotool("windowsize", found.id, 350, 250)
        await desk.wait_event(WindowMoved(window.id, Rect(310, 220, 350, 250)))
        await client_display.xdotool("windowminimize", found.id)
        await desk.wait_event(CommandGiven(window.id, Command(Command.MINIMIZE)))
        await client_display.xdotool("windowactivate", found.id)
        await desk.wait_event(CommandGiven(window.id, Command(Command.RESTORE)))


@pytest.mark.interop_full
async def test_a_move_by_the_client(client_display: Display) -> None:
    """The window manager moves the window alone, and the server hears of it when the mouse is its own again."""
    if is_version_3():
        pytest.skip("xfreerdp 3.15 keeps the mouse, so that openbox moves nothing")
    async with window_manager(client_display), using(client_display, "||clock") as (desk, request):
        await request.accept()
        window: AppWindow = await desk.host.open_window("Our clock", WHERE)
        await desk.window("Our clock")
        await trio.sleep(1)  # openbox may put it elsewhere
        placed = await desk.window("Our clock")
        x, y = placed.x + 50, placed.y + 10
        await client_display.xdotool("mousemove", x, y, "mousedown", 1)
        await desk.guest.wait_event(MousePressed(MouseButton.LEFT, x, y))
        await desk.host.begin_move(window, LocalMove(MoveSizeType(MoveSizeType.MOVE), 50, 10))
        await trio.sleep(0.5)
        await client_display.xdotool("mousemove", x + 40, y + 30, "sleep", "0.2", "mousemove", x + 90, y + 60)
        moved = Rect(placed.x + 90, placed.y + 60, WHERE.width, WHERE.height)
        await desk.place("Our clock", moved)
        await client_display.xdotool(
            "mouseup", 1, "mousemove", x + 95, y + 65, "sleep", "0.2", "mousemove", x + 99, y + 66
        )
        await desk.wait_event(WindowMoved(window.id, moved))
        await wait_for(lambda: any(isinstance(one, MouseReleased) for one in desk.guest.events), "the mouse is let go")
