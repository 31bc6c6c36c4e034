"""A server in a process of its own: prints its port, and serves until its input ends.

`connect.py` and `idle.py` run it.
"""

from __future__ import annotations

import sys
from functools import partial

import trio

from trio_rdp.protocol.config import Credentials, Security, ServerConfig
from trio_rdp.server import ServerSession, serve
from trio_rdp.transport import TlsIdentity


async def handler(session: ServerSession) -> None:
    await session.wait_closed()


async def main() -> None:
    identity = TlsIdentity.self_signed(["localhost"])
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            partial(
                serve,
                handler,
                0,
                config=ServerConfig(security=Security.NLA | Security.TLS),
                credentials=Credentials("ada", "secret"),
                identity=identity,
            )
        )
        print(listeners[0].socket.getsockname()[1], flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
