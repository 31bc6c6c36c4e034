"""A client that records what it sees as a film, in H.264: whole frames only, and as many of them as it can encode.

python record.py HOST[:PORT] USER FILM.MP4 [SECONDS]      (password from TRIO_RDP_PASSWORD; needs the extra h264)

It records for ten seconds, or as long as is said, or until the server ends the session.
"""

from __future__ import annotations

import os
import sys
from functools import partial

import av
import numpy as np
import trio
from av.container import OutputContainer
from numpy.typing import NDArray

import trio_rdp

RATE = 25


class Film:
    """Encodes pictures of one size into a file; those of another size are stretched."""

    def __init__(self, file: OutputContainer, width: int, height: int) -> None:
        self._file = file
        stream = file.add_stream("libx264", rate=RATE, options={"preset": "superfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
        self._stream = stream

    def add(self, picture: NDArray[np.uint8], number: int) -> None:
        frame = av.VideoFrame.from_ndarray(picture, "bgra")
        frame = frame.reformat(self._stream.width, self._stream.height, "yuv420p")
        frame.pts = number
        self._file.mux(self._stream.encode(frame))

    def end(self) -> None:
        self._file.mux(self._stream.encode(None))


async def record(session: trio_rdp.Session, file: OutputContainer) -> None:
    """Add a picture whenever something has changed."""
    film = Film(file, session.size.width, session.size.height)
    started, number = trio.current_time(), -1
    try:
        async for _ in session.screen:
            number = max(int((trio.current_time() - started) * RATE), number + 1)
            await trio.to_thread.run_sync(partial(film.add, session.screen.snapshot(), number))
            await trio.sleep_until(started + (number + 1) / RATE)  # what changes meanwhile is in the next one
    finally:
        film.end()


async def run(address: str, username: str, path: str, seconds: float) -> None:
    host, _, port = address.partition(":")
    config = trio_rdp.ClientConfig(
        username=username,
        password=os.environ["TRIO_RDP_PASSWORD"],
        certificate_policy=os.environ.get("TRIO_RDP_CERTIFICATE_POLICY", "ca"),
    )
    async with trio_rdp.open_session(host, int(port or 3389), config=config) as session:
        with av.open(path, "w") as file, trio.move_on_after(seconds):
            await record(session, file)
        graphics = session.graphics.statistics()
    print(f"graphics pipeline {graphics.version}, {session.screen.statistics().frames} frames")
    for codec, count in session.statistics().codecs.items():
        print(f"{codec.value}: {count.bitmaps} bitmaps, {count.bytes} bytes")


def main() -> None:
    trio.run(run, sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]) if len(sys.argv) > 4 else 10.0)


if __name__ == "__main__":
    main()
