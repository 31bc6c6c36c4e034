"""A server that shows a film in H.264 of its own making, for which nothing here has to encode a second time.

python screencast.py [PORT]                     (user "ada", password from TRIO_RDP_PASSWORD; needs the extra h264)

The film is what a camera or a capture pipeline would give: access units, made by PyAV.  Clients that take no H.264 get
the same pictures as pixels.  Escape ends a session, and Ctrl-C the server.
"""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from functools import partial

import av
import numpy as np
import trio
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

import trio_rdp
from trio_rdp import Content, Key, KeyPressed, PixelFormat, Rect

WIDTH, HEIGHT, RATE = 640, 360, 30


def draw(number: int) -> NDArray[np.uint8]:
    """A picture of the film, RGB: rings that spread, and a ball that swings across them."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    rings = np.sin(np.hypot(x - WIDTH / 2, y - HEIGHT / 2) / 12 - number / 4)
    picture = np.stack([90 + 80 * rings, 110 - 60 * rings, 70 + 100 * y / HEIGHT], axis=2)
    ball = np.hypot(x - WIDTH / 2 - 220 * np.sin(number / 20), y - HEIGHT / 2) < 40
    picture[ball] = (255, 210, 40)
    return picture.astype(np.uint8)


class Camera:
    """Encodes pictures without delay, each to one access unit."""

    def __init__(self) -> None:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        encoder.framerate = Fraction(RATE)
        encoder.options = {"preset": "superfast", "tune": "zerolatency", "crf": "23", "forced-idr": "1"}
        self._encoder = encoder

    def take(self, picture: NDArray[np.uint8], wants_key: bool) -> bytes:
        """Encode a picture; a key picture needs none of those before, and has its parameter sets with it."""
        # Clients take colours for full-range BT.709, whatever the stream says of them.
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.JPEG
        )
        frame.pict_type = PictureType.I if wants_key else PictureType.NONE
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))


async def show(session: trio_rdp.ServerSession) -> None:
    camera, is_shown = Camera(), False
    started = trio.current_time()
    while True:
        # A frame opens when the client is ready for one, so pictures that it cannot take are never made.
        async with session.display.frame() as frame:
            number = int((trio.current_time() - started) * RATE)
            picture = await trio.to_thread.run_sync(draw, number)
            place = Rect((frame.size.width - WIDTH) // 2, (frame.size.height - HEIGHT) // 2, WIDTH, HEIGHT)
            if session.display.takes_h264:
                unit = await trio.to_thread.run_sync(camera.take, picture, not is_shown)
                is_shown = frame.h264(place, unit)  # if not, the next one has to be a key picture
            else:
                frame.blit(place, picture, PixelFormat.RGB24, hint=Content.PHOTO)
                is_shown = False
        await trio.sleep_until(started + (number + 1) / RATE)


async def screencast(session: trio_rdp.ServerSession) -> None:
    if session.size.width < WIDTH or session.size.height < HEIGHT:
        await session.display.resize(WIDTH, HEIGHT)
    async with session.display.frame() as frame:  # waits until it is known what the client takes
        frame.fill(frame.bounds, (24, 24, 32))
        print(f"{session.username} gets {'H.264' if session.display.takes_h264 else 'pixels'}", flush=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(show, session)
        async for event in session.input:
            match event:
                case KeyPressed(key=Key.ESCAPE):
                    break
        nursery.cancel_scope.cancel()


async def serve_film(port: int, credentials: trio_rdp.Credentials) -> None:
    identity = trio_rdp.TlsIdentity.kept()  # made at the first run
    async with trio.open_nursery() as nursery:
        serve = partial(trio_rdp.serve, screencast, port, credentials=credentials, identity=identity)
        listeners = await nursery.start(serve)
        address, port, *_ = listeners[0].socket.getsockname()
        print(f"listening on {address}:{port}")
        print(f"certificate SHA-256 {identity.fingerprint}", flush=True)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3389
    try:
        trio.run(serve_film, port, trio_rdp.Credentials("ada", os.environ["TRIO_RDP_PASSWORD"]))
    except* KeyboardInterrupt:
        print("every client was told")


if __name__ == "__main__":
    main()
