"""A server with a whiteboard: fingers, pens and the mouse draw on it; it is as large as the client's window.

python whiteboard.py [PORT]                     (user "ada", password from TRIO_RDP_PASSWORD; Escape wipes)
"""

from __future__ import annotations

import contextlib
import os
import sys
from functools import partial

import trio

import trio_rdp
from trio_rdp import ContactState, Key, KeyPressed, MouseMoved, MousePressed, MouseReleased, PenPoint, Rect

WHITE, INK, FINGER = (255, 255, 255), (20, 20, 90), (200, 60, 0)


class Board:
    """What one client draws on."""

    def __init__(self, session: trio_rdp.ServerSession) -> None:
        self.session = session
        self.places: dict[object, tuple[int, int]] = {}  # where each finger, pen or button is down

    async def wipe(self) -> None:
        async with self.session.display.frame() as frame:
            frame.fill(frame.bounds, WHITE)

    async def draw(self, tool: object, x: int, y: int, width: int, color: tuple[int, int, int]) -> None:
        """Draw a line from where a tool was to where it is."""
        left, top = self.places.get(tool, (x, y))
        self.places[tool] = x, y
        steps = max(abs(x - left), abs(y - top), 1)
        async with self.session.display.frame() as frame:
            for step in range(steps + 1):
                at = left + (x - left) * step // steps, top + (y - top) * step // steps
                dot = Rect(at[0], at[1], width, width).intersect(frame.bounds)
                frame.fill(dot, color)

    async def follow_touches(self) -> None:
        await self.session.touch.wait_ready()
        async for event in self.session.touch:
            for point in event.points:
                if isinstance(point, PenPoint):
                    tool, width, color = ("pen", point.device_id), 2 + (point.pressure or 0) // 128, INK
                else:
                    tool, width, color = ("finger", point.contact_id), 8, FINGER
                if point.state is ContactState.ENGAGED:
                    await self.draw(tool, point.x, point.y, width, color)
                else:
                    self.places.pop(tool, None)

    async def follow_mouse(self) -> None:
        is_down = False
        async for event in self.session.input:
            match event:
                case KeyPressed(key=Key.ESCAPE) | trio_rdp.MonitorLayoutChanged():
                    await self.wipe()
                case MousePressed(x=x, y=y):
                    is_down = True
                    await self.draw("mouse", x, y, 3, INK)
                case MouseMoved(x=x, y=y) if is_down:
                    await self.draw("mouse", x, y, 3, INK)
                case MouseReleased():
                    is_down = False
                    self.places.pop("mouse", None)


async def touches(board: Board) -> None:
    with contextlib.suppress(trio_rdp.LocalProtocolError):  # a client without fingers
        await board.follow_touches()


async def report(session: trio_rdp.ServerSession) -> None:
    with contextlib.suppress(trio_rdp.LocalProtocolError):  # a client that has no echo
        print(f"{session.client_name} is {await session.echo.ping() * 1000:.0f} ms away", flush=True)
    with contextlib.suppress(trio_rdp.LocalProtocolError):  # a client whose mouse is an ordinary one
        await session.advanced_mouse.wait_open()
        print(f"the mouse of {session.client_name} has a channel of its own", flush=True)


async def whiteboard(session: trio_rdp.ServerSession) -> None:
    board = Board(session)
    await board.wipe()
    session.accept_layouts()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(report, session)
        nursery.start_soon(touches, board)
        await board.follow_mouse()  # until the client leaves
        nursery.cancel_scope.cancel()


async def serve_whiteboard(port: int, credentials: trio_rdp.Credentials) -> None:
    identity = trio_rdp.TlsIdentity.kept()  # made at the first run
    async with trio.open_nursery() as nursery:
        serve = partial(trio_rdp.serve, whiteboard, port, credentials=credentials, identity=identity)
        listeners = await nursery.start(serve)
        address, port, *_ = listeners[0].socket.getsockname()
        print(f"listening on {address}:{port}")
        print(f"certificate SHA-256 {identity.fingerprint}", flush=True)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3389
    try:
        trio.run(serve_whiteboard, port, trio_rdp.Credentials("ada", os.environ["TRIO_RDP_PASSWORD"]))
    except* KeyboardInterrupt:
        print("every client was told")


if __name__ == "__main__":
    main()
