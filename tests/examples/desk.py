"""What the examples and the documents' programs connect to: a desktop that stands still until somebody clicks."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

import trio

from tests.identities import identity
from trio_rdp import (
    ChannelClosed,
    Credentials,
    DeadlineExceeded,
    InputEvent,
    LocalProtocolError,
    MemoryFile,
    MonitorLayoutChanged,
    MousePressed,
    Rect,
    RequestRefused,
    ServerConfig,
    ServerSession,
    SessionClosed,
    StaticChannel,
    serve,
)
from trio_rdp.channels.rail import Command, CommandGiven

BLUE, GREEN = (0, 0, 160), (0, 128, 0)
USER, PASSWORD = "ada", "p"
CHANNEL = "HELLO"
DESK_FILES = {"a.txt": b"first", "b.txt": b"second"}
BUILT_IN = {"drdynvc", "cliprdr", "rdpsnd", "rdpdr", "rail"}


@dataclass
class Desk:
    """A handler: all blue at first, all green after a click or when resized, an echo on every channel.

    It notes what is done to it.
    """

    events: list[InputEvent] = field(default_factory=list)
    copied: list[str | None] = field(default_factory=list)

    async def __call__(self, session: ServerSession) -> None:
        async with trio.open_nursery() as nursery:
            for name in set(session.connection.static_channels) - BUILT_IN:
                nursery.start_soon(echo, session.channel(name))
            if "cliprdr" in session.connection.static_channels:
                nursery.start_soon(copy, session, self.copied)
            if "rdpsnd" in session.connection.static_channels:
                nursery.start_soon(play, session)
                nursery.start_soon(record, session)
            if session.connection.capabilities.remote_programs is not None:
                nursery.start_soon(run_programs, session)
            nursery.start_soon(be_touched, session)
            await fill(session, BLUE)
            session.accept_layouts()
            async for event in session.input:
                self.events.append(event)
                if isinstance(event, MousePressed | MonitorLayoutChanged):
                    await fill(session, GREEN)
            nursery.cancel_scope.cancel()


async def fill(session: ServerSession, color: tuple[int, int, int]) -> None:
    async with session.display.frame() as frame:
        frame.fill(Rect(0, 0, frame.size.width, frame.size.height), color)


async def echo(channel: StaticChannel) -> None:
    async for message in channel:
        await channel.send(message)


async def copy(session: ServerSession, copied: list[str | None]) -> None:
    """Have some text and files copied, after the client has copied something, which is noted."""
    files = [MemoryFile(name, data) for name, data in DESK_FILES.items()]
    with contextlib.suppress(ChannelClosed, SessionClosed, RequestRefused):
        async for contents in session.clipboard:
            if contents.has_text:
                copied.append(await session.clipboard.read_text())
            await session.clipboard.offer(text="of the desk", files=files)


async def play(session: ServerSession) -> None:
    """Play silence for as long as the client takes it."""
    with contextlib.suppress(ChannelClosed, SessionClosed, LocalProtocolError):
        async with session.audio.open() as stream:
            while True:
                await stream.send(bytes(8820))


async def record(session: ServerSession) -> None:
    """Record what the client feeds, if anything."""
    with contextlib.suppress(ChannelClosed, SessionClosed, LocalProtocolError, DeadlineExceeded):
        async with session.microphone.open() as recording:
            async for _ in recording:
                pass


async def run_programs(session: ServerSession) -> None:
    """Give every program that is asked for a window, named after its arguments, until that is closed."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(close_windows, session)
        with contextlib.suppress(ChannelClosed, SessionClosed):
            async for request in session.app_host.launches:
                await request.accept()
                await session.app_host.open_window(request.arguments, Rect(100, 100, 300, 200))


async def close_windows(session: ServerSession) -> None:
    with contextlib.suppress(ChannelClosed, SessionClosed):
        async for event in session.app_host:
            match event:
                case CommandGiven(command=Command.CLOSE):
                    await session.app_host.close_window(event.window_id)


async def be_touched(session: ServerSession) -> None:
    with contextlib.suppress(ChannelClosed, SessionClosed, LocalProtocolError):
        async for _ in session.touch:
            pass


@contextlib.asynccontextmanager
async def serving(desk: Desk, *, config: ServerConfig | None = None) -> AsyncIterator[int]:
    """Serve a desk on the loopback, to `USER` with `PASSWORD`; gives the port."""
    async with trio.open_nursery() as nursery:
        credentials = Credentials(USER, PASSWORD)
        listeners = await nursery.start(
            partial(serve, desk, 0, config=config, credentials=credentials, identity=identity())
        )
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()
