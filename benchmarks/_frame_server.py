"""A server that shows two full frames by turns, as fast as its client takes them, in a process of its own.

    python _frame_server.py CODEC FRAME     CODEC of `BitmapCodec`, or AUTO for the default choice

It prints its port, serves until its input ends, and then prints what it did as JSON.  `session.py` runs it.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from functools import partial

import _kernel_time
import numpy as np
import trio
from _frames import HEIGHT, WIDTH, frame

from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import BitmapCodec, DesktopSize, Security, ServerConfig
from trio_rdp.server import ServerSession, serve
from trio_rdp.transport import TlsIdentity

WHOLE = Rect(0, 0, WIDTH, HEIGHT)


async def main(codec: str, name: str) -> None:
    one = frame(name)
    pictures = [one, np.roll(one, 3 * 18, 0)]
    done: dict[str, object] = {}

    async def handler(session: ServerSession) -> None:
        started, kernels, number = time.process_time(), _kernel_time.seconds(), 0
        try:
            while True:
                async with session.display.frame() as canvas:
                    canvas.blit(WHOLE, pictures[number % 2])
                    # A mark by which a peer's display shows that this is another frame.
                    canvas.fill(Rect(0, 0, 16, 16), (number * 37 & 255, number * 5 & 255, number >> 3 & 255))
                number += 1
        finally:
            done["frames"] = number
            done["cpu"] = time.process_time() - started
            done["bytes"] = session.statistics().writer.bytes_sent
            done["kernels"] = _kernel_time.since(kernels)

    config = ServerConfig(
        security=Security.TLS,
        identity=TlsIdentity.self_signed(["localhost"]),
        desktop_size=DesktopSize(WIDTH, HEIGHT),
        enable_graphics_pipeline=False,  # which benchmarks/graphics.py measures
    )
    if codec != "AUTO":
        config = replace(config, codecs=(BitmapCodec[codec],))
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(serve, handler, 0, config=config))
        print(listeners[0].socket.getsockname()[1], flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2])
