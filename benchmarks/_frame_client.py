"""A client of `_frame_server.py`, a process of its own: prints as JSON how many frames it showed, and at what cost.

python _frame_client.py PORT SECONDS CODEC
"""

from __future__ import annotations

import json
import sys
import time

import _kernel_time
import trio

from trio_rdp.client import open_session
from trio_rdp.protocol.config import OPTIONAL_CODECS, ClientConfig, DesktopSize, Security


async def main(port: int, seconds: float, codec: str) -> None:
    config = ClientConfig(
        security=Security.TLS,
        certificate_policy="insecure",
        desktop_size=DesktopSize(1920, 1080),
        codecs=tuple(one for one in OPTIONAL_CODECS if codec in ("AUTO", one.name)),
        enable_graphics_pipeline=False,
    )
    async with open_session("127.0.0.1", port, username="ada", password="", config=config) as session:
        frames, started, cpu = 0, 0.0, 0.0
        kernels: dict[str, float] = {}
        async for _ in session.screen:
            now = time.perf_counter()
            if not started:
                # What came with the login is not counted.
                started, cpu, kernels = now, time.process_time(), _kernel_time.seconds()
            else:
                frames += 1
            if now - started > seconds:
                break
        result = {
            "frames": frames,
            "seconds": time.perf_counter() - started,
            "cpu": time.process_time() - cpu,
            "kernels": _kernel_time.since(kernels),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
