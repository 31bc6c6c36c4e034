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

from trio_rdp.dynamic_channel import DynamicChannel
from trio_rdp.faces.clipboard.files import MemoryFile
from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull
from trio_rdp.protocol.config import Credentials, Security, ServerConfig
from trio_rdp.protocol.input_events import KeyPressed
from trio_rdp.server import ServerSession, serve
from trio_rdp.transport import TlsIdentity

FILE_PIECE = 4 << 20
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


async def offer_file(session: ServerSession, *, size: int) -> None:
    """Have a file on the clipboard."""
    await session.clipboard.offer(files=[MemoryFile("copy.bin", secrets.token_bytes(size))])


async def read_drive(session: ServerSession) -> float:
    """Read the file that a drive of the client has; gives the seconds."""
    drive = await session.devices.wait_drive()
    started = time.perf_counter()
    async with await drive.open("copy.bin") as file:
        while await file.read(FILE_PIECE):
            pass
    return time.perf_counter() - started


async def write_drive(session: ServerSession, *, size: int) -> float:
    """Write a file there; gives the seconds."""
    drive, piece = await session.devices.wait_drive(), secrets.token_bytes(FILE_PIECE)
    started = time.perf_counter()
    async with await drive.open("new.bin", "wb") as file:
        for _ in range(size // FILE_PIECE):
            await file.write(piece)
    return time.perf_counter() - started


async def handler(session: ServerSession) -> None:
    held: list[DynamicChannel] = []
    work: dict[str, Any] = {
        "send": send,
        "take": take,
        "answer": answer,
        "note_keys": note_keys,
        "offer_file": offer_file,
        "read_drive": read_drive,
        "write_drive": write_drive,
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
