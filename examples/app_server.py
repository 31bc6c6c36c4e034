"""A server of one program and no desktop: its window is one of the client's own.

python app_server.py [PORT]                     (user "ada", password from TRIO_RDP_PASSWORD)
xfreerdp /v:HOST:PORT /u:ada '/app:||clock'     (drag it by its title; the red corner closes it)
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import trio
from PIL import Image, ImageDraw, ImageFont

import trio_rdp
from trio_rdp import MouseMoved, MousePressed, MouseReleased, PixelFormat, Rect
from trio_rdp.channels.rail import Command, CommandGiven, ExecResult, WindowMoved

TITLE = 24  # pixels, at the top


class Clock:
    """A window that shows the time."""

    def __init__(self, session: trio_rdp.ServerSession, window: trio_rdp.AppWindow) -> None:
        self.session = session
        self.window = window
        self.grip: tuple[int, int] | None = None  # where in the title it is being dragged

    async def paint(self) -> None:
        rect = self.window.rect
        image = Image.new("RGBA", (rect.width, rect.height), "navy")
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, rect.width, TITLE - 1), fill="gray")
        draw.rectangle((rect.width - TITLE, 0, rect.width, TITLE - 1), fill="red")
        font = ImageFont.load_default(48)
        middle = (rect.width // 2, (TITLE + rect.height) // 2)
        draw.text(middle, time.strftime("%H:%M:%S"), anchor="mm", fill="white", font=font)
        async with self.session.display.frame() as frame:
            frame.blit(rect, image.tobytes(), format=PixelFormat.RGBA32)

    async def tick(self) -> None:
        while True:
            await self.paint()
            await trio.sleep(1)

    async def move(self, rect: Rect) -> None:
        self.window = await self.session.app_host.change_window(self.window, rect=rect)
        await self.paint()

    async def use(self) -> None:
        """Do what the client's user does with the mouse, until that closes the window."""
        async for event in self.session.input:
            rect = self.window.rect
            match event:
                case MousePressed(x=x, y=y) if y < rect.top + TITLE:
                    if x >= rect.right - TITLE:
                        return
                    self.grip = x - rect.left, y - rect.top
                case MouseMoved(x=x, y=y) if self.grip is not None:
                    await self.move(Rect(x - self.grip[0], y - self.grip[1], rect.width, rect.height))
                case MouseReleased():
                    self.grip = None

    async def follow(self) -> None:
        """Do what the client's window manager does with the window, until that closes it."""
        async for event in self.session.app_host:
            match event:
                case WindowMoved(rect=rect):
                    await self.move(rect)
                case CommandGiven(command=Command.CLOSE):
                    return


async def until_closed(way: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
    await way()
    scope.cancel()


async def handle(session: trio_rdp.ServerSession) -> None:
    async for request in session.app_host.launches:
        if request.program != "||clock":
            await request.refuse(ExecResult.E_NOT_IN_ALLOWLIST)
            continue
        await request.accept()
        window = await session.app_host.open_window("Clock", Rect(100, 100, 320, 120))
        print(f"{session.username} has a clock", flush=True)
        clock = Clock(session, window)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(clock.tick)
            nursery.start_soon(until_closed, clock.use, nursery.cancel_scope)
            nursery.start_soon(until_closed, clock.follow, nursery.cancel_scope)
        await session.app_host.close_window(window)
        return  # there is nothing else to see: the session ends


async def serve_clocks(port: int, credentials: trio_rdp.Credentials) -> None:
    identity = trio_rdp.TlsIdentity.kept()  # made at the first run
    async with trio.open_nursery() as nursery:
        serve = partial(trio_rdp.serve, handle, port, credentials=credentials, identity=identity)
        listeners = await nursery.start(serve)
        address, port, *_ = listeners[0].socket.getsockname()
        print(f"listening on {address}:{port}")
        print(f"certificate SHA-256 {identity.fingerprint}", flush=True)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3389
    try:
        trio.run(serve_clocks, port, trio_rdp.Credentials("ada", os.environ["TRIO_RDP_PASSWORD"]))
    except* KeyboardInterrupt:
        print("every client was told")


if __name__ == "__main__":
    main()
