"""A server: whoever logs in sees a clock; Escape ends the session, Ctrl-C the server.

python clock_server.py [PORT]                   (user "ada", password from TRIO_RDP_PASSWORD)
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial

import trio
from PIL import Image, ImageDraw, ImageFont

import trio_rdp
from trio_rdp import Key, KeyPressed, PixelFormat, Rect

WIDTH, HEIGHT = 320, 80


def render(text: str) -> bytes:
    """A picture of some text, RGBA."""
    image = Image.new("RGBA", (WIDTH, HEIGHT), "navy")
    draw = ImageDraw.Draw(image)
    draw.text((WIDTH // 2, HEIGHT // 2), text, anchor="mm", fill="white", font=ImageFont.load_default(48))
    return image.tobytes()


async def paint(session: trio_rdp.ServerSession) -> None:
    while True:
        async with session.display.frame() as frame:
            frame.blit(Rect(0, 0, WIDTH, HEIGHT), render(time.strftime("%H:%M:%S")), format=PixelFormat.RGBA32)
        await trio.sleep(1)


async def clock(session: trio_rdp.ServerSession) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(paint, session)
        async for event in session.input:
            match event:
                case KeyPressed(key=Key.ESCAPE):
                    break
        nursery.cancel_scope.cancel()


async def serve_clock(port: int, credentials: trio_rdp.Credentials) -> None:
    identity = trio_rdp.TlsIdentity.kept()  # made at the first run
    async with trio.open_nursery() as nursery:
        serve = partial(trio_rdp.serve, clock, port, credentials=credentials, identity=identity)
        listeners = await nursery.start(serve)
        address, port, *_ = listeners[0].socket.getsockname()
        print(f"listening on {address}:{port}")
        print(f"certificate SHA-256 {identity.fingerprint}", flush=True)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3389
    try:
        trio.run(serve_clock, port, trio_rdp.Credentials("ada", os.environ["TRIO_RDP_PASSWORD"]))
    except* KeyboardInterrupt:
        print("every client was told")


if __name__ == "__main__":
    main()
