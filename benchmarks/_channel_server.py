"""A server that does with channels what its client asks for on one of them, in a process of its own.

It prints its port, and serves until its input ends.  `channels.py` runs it, and says there what is measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import time
from functools import partial
from typing import Any

import trio

from trio_rdp.channel_buffer import ChannelBuffer, WhenFull
from trio_rdp.dynamic_channel import DynamicChannel
from trio_rdp.protocol.config import Credentials, Security, ServerConfig
from trio_rdp.protocol.input_events import KeyPressed
from trio_rdp.server import ServerSession, serve
from trio_rdp.transport import TlsIdentity

PATIENT = ChannelBuffer(64, 1 << 24, WhenFull.WAIT)


async def send(session: ServerSession, *, size: int, count: int) -> None:
    """Send messages that do not compress."""
    message = secrets.token_bytes(size)
    async with await session.open_channel("bulk") as channel:
        for _ in range(count):
            await channel.send(message)
        await channel.receive()


async def take(session: ServerSession, *, count: int) -> None:
    """Receive messages, and say so when they are there; fewer, if the client closes the channel."""
    async with await session.open_channel("bulk", buffer=PATIENT) as channel:
        with contextlib.suppress(trio.EndOfChannel):
            for _ in range(count):
                await channel.receive()
            await channel.send(b"done")


async def answer(session: ServerSession, *, count: int) -> None:
    """Send back what comes."""
    async with await session.open_channel("bulk") as channel:
        for _ in range(count):
            await channel.send(await channel.receive())
        await channel.receive()


async def note_keys(session: ServerSession, *, count: int) -> list[float]:
    """When so many keys were pressed."""
    times: list[float] = []
    while len(times) < count:
        if isinstance(await session.input.receive(), KeyPressed):
            times.append(time.monotonic())
    return times


async def open_many(session: ServerSession, *, count: int, held: list[DynamicChannel]) -> None:
    held += [await session.open_channel("idle") for _ in range(count)]


async def handler(session: ServerSession) -> None:
    held: list[DynamicChannel] = []
    work: dict[str, Any] = {
        "send": send,
        "take": take,
        "answer": answer,
        "note_keys": note_keys,
        "open_many": partial(open_many, held=held),
    }

    async def obey() -> None:
        async with await session.open_channel("control") as control:
            async for asked in control:
                name, arguments = json.loads(asked)
                await control.send(json.dumps(await work[name](session, **arguments)).encode())

    async with trio.open_nursery() as nursery:  # two things at a time
        nursery.start_soon(obey)
        nursery.start_soon(obey)


async def main() -> None:
    config = ServerConfig(security=Security.TLS, identity=TlsIdentity.self_signed(["localhost"]))
    async with trio.open_nursery() as nursery:
        credentials = Credentials("ada", os.environ["TRIO_RDP_PASSWORD"])
        listeners = await nursery.start(partial(serve, handler, 0, config=config, credentials=credentials))
        print(listeners[0].socket.getsockname()[1], flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
