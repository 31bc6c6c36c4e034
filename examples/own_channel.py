"""A channel of one's own: a server opens it at any time, and the client answers on it.

python own_channel.py        (server and client in this process, over TLS on the loopback)
"""

from __future__ import annotations

import secrets
from functools import partial

import trio

import trio_rdp

NAME = "org.example.upper"


async def answer(channel: trio_rdp.DynamicChannel) -> None:
    """What the client does with each channel of that name."""
    async for message in channel:
        await channel.send(message.upper())


async def ask(session: trio_rdp.ServerSession) -> None:
    """What the server does with each client."""
    async with await session.open_channel(NAME) as channel:
        for word in (b"hello", b"world"):
            await channel.send(word)
            print((await channel.receive()).decode())


async def main() -> None:
    identity = trio_rdp.TlsIdentity.self_signed(["localhost"])
    credentials = trio_rdp.Credentials("ada", secrets.token_urlsafe())
    async with trio.open_nursery() as nursery:
        serve = partial(trio_rdp.serve, ask, 0, credentials=credentials, identity=identity)
        listeners = await nursery.start(serve)
        async with trio_rdp.open_session(
            "127.0.0.1",
            listeners[0].socket.getsockname()[1],
            username=credentials.username,
            password=credentials.password,
            certificate_policy=f"pin:{identity.fingerprint}",
        ) as session:
            await trio.serve_listeners(answer, [session.listen(NAME)])  # until the server ends the session
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
