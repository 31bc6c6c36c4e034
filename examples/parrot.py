"""A server that is a parrot: it plays to its client what the client's microphone hears.

python parrot.py [PORT]                         (user "ada", password from TRIO_RDP_PASSWORD)
"""

from __future__ import annotations

import os
import sys
from functools import partial

import trio

import trio_rdp

RATE, CHANNELS = 44100, 1


async def repeat(session: trio_rdp.ServerSession) -> None:
    async with (
        session.audio.open(rate=RATE, channels=CHANNELS) as stream,
        session.microphone.open(rate=RATE, channels=CHANNELS) as recording,
    ):
        async for chunk in recording:
            await stream.send(chunk.data, timestamp=chunk.timestamp)


async def parrot(session: trio_rdp.ServerSession) -> None:
    async with session.display.frame() as frame:
        frame.fill(frame.bounds, (0, 140, 60))
    try:
        await repeat(session)
    except (trio_rdp.LocalProtocolError, trio_rdp.RequestRefused, trio_rdp.DeadlineExceeded) as error:
        print(f"{session.client_name} cannot talk: {error}", flush=True)


async def serve_parrot(port: int, credentials: trio_rdp.Credentials) -> None:
    identity = trio_rdp.TlsIdentity.kept()  # made at the first run
    async with trio.open_nursery() as nursery:
        serve = partial(trio_rdp.serve, parrot, port, credentials=credentials, identity=identity)
        listeners = await nursery.start(serve)
        address, port, *_ = listeners[0].socket.getsockname()
        print(f"listening on {address}:{port}")
        print(f"certificate SHA-256 {identity.fingerprint}", flush=True)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3389
    try:
        trio.run(serve_parrot, port, trio_rdp.Credentials("ada", os.environ["TRIO_RDP_PASSWORD"]))
    except* KeyboardInterrupt:
        print("every client was told")


if __name__ == "__main__":
    main()
