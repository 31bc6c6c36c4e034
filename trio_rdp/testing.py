"""For tests of programs that use this library: two sessions in one process, a pair of channels, and a faulty stream.

async with open_session_pair() as (client, server):
    await client.keyboard.type("hi")
    assert (await server.input.receive()) == UnicodePressed("h")
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import trio
import trio.testing

from trio_rdp.admission import admit
from trio_rdp.client import Session, open_session_over
from trio_rdp.credentials import Accounts
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.config import ClientConfig, Credentials, Security, ServerConfig
from trio_rdp.server import ServerSession
from trio_rdp.transport import TlsIdentity

__all__ = ["FaultyStream", "channel_pair", "open_session_pair"]


class FaultyStream(trio.abc.Stream):
    """A stream whose faults a test chooses: `piece` bytes a read, `delay` seconds a call, `break_after` bytes read.

    `pause_reading` and `resume_reading` hold up the reading side, as a peer that does not read would.
    """

    def __init__(
        self,
        transport_stream: trio.abc.Stream,
        *,
        piece: int | None = None,
        delay: float = 0.0,
        break_after: int | None = None,
    ) -> None:
        self.transport_stream = transport_stream
        self.bytes_read: int = 0
        self.bytes_written: int = 0
        self._piece = piece
        self._delay = delay
        self._break_after = break_after
        self._may_read = trio.Event()
        self._may_read.set()

    def pause_reading(self) -> None:
        """Give no more bytes to the reader until `resume_reading`."""
        self._may_read = trio.Event()

    def resume_reading(self) -> None:
        """Go on after `pause_reading`."""
        self._may_read.set()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Read as the faults allow."""
        await self._may_read.wait()
        if self._delay:
            await trio.sleep(self._delay)
        if self._break_after is not None:
            left = self._break_after - self.bytes_read
            if left <= 0:
                await trio.aclose_forcefully(self.transport_stream)
                raise trio.BrokenResourceError("the test broke the stream")
            max_bytes = left if max_bytes is None else min(max_bytes, left)
        if self._piece is not None:
            max_bytes = self._piece if max_bytes is None else min(max_bytes, self._piece)
        data = await self.transport_stream.receive_some(max_bytes)
        self.bytes_read += len(data)
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write, late if there is a delay."""
        if self._delay:
            await trio.sleep(self._delay)
        await self.transport_stream.send_all(data)
        self.bytes_written += len(data)

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream inside."""
        await self.transport_stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream inside."""
        await self.transport_stream.aclose()


class _PairedChannel(MessageChannel):
    """One end of a pair of channels in memory."""

    def __init__(
        self, name: str, sender: trio.MemorySendChannel[bytes], receiver: trio.MemoryReceiveChannel[bytes]
    ) -> None:
        self.name = name
        self._sender = sender
        self._receiver = receiver
        self._failure: str | None = None

    async def send(self, value: bytes) -> None:
        self._check()
        await self._sender.send(bytes(value))

    def send_nowait(self, value: bytes) -> None:
        self._check()
        self._sender.send_nowait(bytes(value))

    async def receive(self) -> bytes:
        self._check()
        try:
            return await self._receiver.receive()
        except trio.ClosedResourceError:
            self._check()  # it failed while this waited
            raise

    def receive_nowait(self) -> bytes:
        self._check()
        return self._receiver.receive_nowait()

    def fail(self, reason: str) -> None:
        self._failure = f"channel {self.name}: {reason}"
        self._sender.close()
        self._receiver.close()

    async def aclose(self) -> None:
        self._sender.close()
        self._receiver.close()
        await trio.lowlevel.checkpoint()

    def _check(self) -> None:
        if self._failure is not None:
            raise trio.BrokenResourceError(self._failure)


def channel_pair(name: str = "channel", *, messages: int = 64) -> tuple[MessageChannel, MessageChannel]:
    """Two ends of a channel in memory, which holds at most so many `messages` in each direction."""
    to_right, right = trio.open_memory_channel[bytes](messages)
    to_left, left = trio.open_memory_channel[bytes](messages)
    return _PairedChannel(name, to_right, left), _PairedChannel(name, to_left, right)


@contextlib.asynccontextmanager
async def open_session_pair(
    *,
    client_config: ClientConfig | None = None,
    server_config: ServerConfig | None = None,
    identity: TlsIdentity | None = None,
    streams: tuple[trio.abc.Stream, trio.abc.Stream] | None = None,
) -> AsyncIterator[tuple[Session, ServerSession]]:
    """Connect a client and a server session to each other, without a network and without protection by default.

    `streams` are the client's and the server's ends of a connection, a pair in memory unless given.  With
    `Security.TLS` or `NLA` in `server_config` an `identity` is needed; the client's own credentials are the account.
    Leaving disconnects both.  Exceptions of the block come out bare.
    """
    client_config = client_config or ClientConfig(username="user", security=Security.NONE)
    server_config = server_config or ServerConfig(security=Security.NONE)
    client_stream, server_stream = streams or trio.testing.memory_stream_pair()
    account = Accounts(Credentials(client_config.username, client_config.password, client_config.domain))
    body_error: Exception | None = None
    failure: Exception | None = None
    hosting = trio.CancelScope()
    server_session: ServerSession | None = None

    async def host() -> None:
        nonlocal server_session, failure
        try:
            admitted = await admit(server_stream, server_config, account, identity)
            session = ServerSession(admitted, "")
            async with session._running():
                server_session = session
                arrived.set()
                with hosting:
                    await session.wait_closed()
        except Exception as exc:
            failure = exc
            arrived.set()

    arrived = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host)
        try:
            async with open_session_over(client_stream, config=client_config) as client:
                await arrived.wait()
                if server_session is not None:
                    yield client, server_session
        except Exception as exc:
            body_error = exc
        hosting.cancel()
    error = body_error or failure
    if error is not None:
        raise error
