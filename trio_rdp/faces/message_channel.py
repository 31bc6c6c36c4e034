"""`MessageChannel`: what static and dynamic channels have in common: a `trio.abc.Channel[bytes]` that can fail."""

from __future__ import annotations

import abc

import trio

__all__ = ["MessageChannel"]


class MessageChannel(trio.abc.Channel[bytes]):
    """One end of a virtual channel: whole messages in, whole messages out.

    After a clean end `receive` raises `trio.EndOfChannel`, after another `SessionClosed`, and when the channel alone
    has failed `trio.BrokenResourceError`, as `send` does then.
    """

    name: str

    @abc.abstractmethod
    async def send(self, value: bytes) -> None:
        """Queue one message for the peer, when there is room; cancelling queues all of it or nothing."""

    @abc.abstractmethod
    def send_nowait(self, value: bytes) -> None:
        """Queue one message for the peer, or raise `trio.WouldBlock` where there is no room."""

    @abc.abstractmethod
    async def receive(self) -> bytes:
        """The next message; cancelling loses none."""

    @abc.abstractmethod
    def receive_nowait(self) -> bytes:
        """The next message, or raise `trio.WouldBlock` where none waits."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes of messages that wait to be received, as far as that is known."""
        return 0

    @abc.abstractmethod
    def fail(self, reason: str) -> None:
        """Give the channel up, because its peer breaks the protocol; the session goes on."""
