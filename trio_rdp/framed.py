"""Framed: whole PDUs read from, and written to, any `trio.abc.Stream`.

Reading is cancel-safe at every byte: what came before a cancellation waits for the next call.
"""

from __future__ import annotations

import trio

from trio_rdp.protocol.framing import Action, FrameBuffer, PduHint
from trio_rdp.protocol.stretch import Stretch
from trio_rdp.wire.errors import LocalProtocolError, SessionClosed

__all__ = ["Framed", "StreamEnded"]

# As much as Trio's own default: 16 KiB a call is a third of the throughput over plain TCP, and TLS gives a record of
# at most 16 KiB a call however much is asked for.
_RECEIVE_SIZE = 65_536


class StreamEnded(SessionClosed):
    """The peer closed the connection; `partial` counts the bytes of the PDU that it did not finish, 0 between PDUs."""

    def __init__(self, partial: int) -> None:
        what = f"in the middle of a PDU, {partial} bytes into it" if partial else "between two PDUs"
        super().__init__(f"the peer closed the connection {what}")
        self.partial = partial


class Framed:
    """A stream, and the bytes that were read from it and not taken yet.

    `leftover` is what somebody read from the stream before.  One task reads and one writes at a time, as with every
    stream of Trio.  A stream that breaks raises `SessionClosed`, one that the peer closes `StreamEnded`.
    """

    def __init__(self, stream: trio.abc.Stream, leftover: bytes = b"") -> None:
        self._stream: trio.abc.Stream | None = stream
        self._frames = FrameBuffer(leftover)
        self._ended = False

    @property
    def stream(self) -> trio.abc.Stream:
        """The stream inside."""
        if self._stream is None:
            raise LocalProtocolError("the stream was taken out of this Framed")
        return self._stream

    async def read_pdu(self) -> tuple[Action, bytes]:
        """Read one slow-path or fast-path PDU, with its header."""
        return (await self.read_pdus(1))[0]

    async def read_pdus(self, limit: int = 256, stretch: Stretch | None = None) -> list[tuple[Action, bytes]]:
        """Read at least one PDU, and as many more, up to `limit`, as have come already.

        Those before it that `stretch` takes are not given.  An error behind whole PDUs is raised by the next call.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if pdus := self._next_pdus(limit, stretch):
            await trio.lowlevel.cancel_shielded_checkpoint()
            return pdus
        while not pdus:
            await self._fill()
            pdus = self._next_pdus(limit, stretch)
        return pdus

    def _next_pdus(self, limit: int, stretch: Stretch | None) -> list[tuple[Action, bytes]]:
        if stretch is not None:
            self._frames.take_stretch(stretch)
        return self._frames.next_pdus(limit)

    def read_pdus_nowait(self, limit: int = 256) -> list[tuple[Action, bytes]]:
        """Take the PDUs that have come already, up to `limit`; none where there is no whole one."""
        return self._frames.next_pdus(limit)

    async def read_by_hint(self, hint: PduHint) -> bytes:
        """Read the PDU that `hint` finds."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if (pdu := self._frames.next_by_hint(hint)) is not None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return pdu
        while pdu is None:
            await self._fill()
            pdu = self._frames.next_by_hint(hint)
        return pdu

    async def read_exact(self, size: int) -> bytes:
        """Read `size` bytes."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if (data := self._frames.take_exact(size)) is not None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return data
        while data is None:
            await self._fill()
            data = self._frames.take_exact(size)
        return data

    async def write_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write whole PDUs.

        Not cancel-safe: a cancelled call may have written a part, and leaves a TLS stream broken in both directions.
        """
        try:
            await self.stream.send_all(data)
        except trio.BrokenResourceError as exc:
            raise _lost(exc) from exc

    def peek(self) -> bytes:
        """Look at what was read and not taken yet."""
        return self._frames.peek()

    def get_inner(self) -> tuple[trio.abc.Stream, bytes]:
        """Show the stream, and what `peek()` shows."""
        return self.stream, self._frames.peek()

    def into_inner(self) -> tuple[trio.abc.Stream, bytes]:
        """Take the stream out, with what was read from it and not taken; this object is used up then."""
        stream = self.stream
        self._stream = None
        return stream, self._frames.take_leftover()

    def into_inner_no_leftover(self) -> trio.abc.Stream:
        """Take the stream out; raises `LocalProtocolError`, and leaves all as it is, when something was read ahead."""
        if len(self._frames):
            raise LocalProtocolError(f"{len(self._frames)} bytes were read ahead")
        return self.into_inner()[0]

    async def aclose(self) -> None:
        """Close the stream, unless it was taken out."""
        if self._stream is None:
            await trio.lowlevel.checkpoint()
        else:
            await self._stream.aclose()

    async def _fill(self) -> None:
        # Remembered, because a TLS stream that ended once is a broken one the next time.
        if self._ended:
            await trio.lowlevel.checkpoint()
        else:
            try:
                data = await self.stream.receive_some(_RECEIVE_SIZE)
            except trio.BrokenResourceError as exc:
                raise _lost(exc) from exc
            self._ended = not data
        if self._ended:
            raise StreamEnded(len(self._frames))
        self._frames.receive_data(data)


def _lost(exc: trio.BrokenResourceError) -> SessionClosed:
    cause = exc.__cause__
    reason = (cause.strerror if isinstance(cause, OSError) else None) or cause or exc
    return SessionClosed(f"lost the connection: {reason}")
