"""A server that sends bytes over `trio.SSLStream` and nothing else, in a process of its own; `channels.py` runs it.

It prints its port; each connection gets as many bytes as argument 1 says, in writes of argument 2.
"""

from __future__ import annotations

import secrets
import sys

import trio

from trio_rdp.transport import TlsIdentity


async def main(total: int, size: int) -> None:
    context = TlsIdentity.self_signed(["localhost"]).make_acceptor()
    piece = secrets.token_bytes(size)

    async def handler(stream: trio.SocketStream) -> None:
        tls = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        for _ in range(total // size):
            await tls.send_all(piece)
        await tls.receive_some(1)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, handler, 0)
        print(listeners[0].socket.getsockname()[1], flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), int(sys.argv[2]))
