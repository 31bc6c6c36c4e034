"""What both sides' managers of dynamic channels share, [MS-RDPEDYC] 3.1: the channels that are open, and their data.

Bytes in, events and bytes out: a driver sends `Answer`s in the static channel, in their order, and what the methods
give.  What breaks one channel closes that channel; what cannot be assigned to one raises, and is the end of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.channels.dynamic.data import DataPdu, DvcData
from trio_rdp.channels.dynamic.opening import CreationStatus, DvcClose
from trio_rdp.channels.dynamic.reassembly import Reassembler
from trio_rdp.channels.joiner import MESSAGE_LIMIT
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = [
    "MAX_CHANNELS",
    "VERSION",
    "Answer",
    "Closed",
    "CreationRequested",
    "DynamicEvent",
    "Message",
    "Multiplexer",
    "OpenChannel",
    "Opened",
    "Ready",
    "Refused",
]

VERSION = 3
"""The version that this library speaks: 2 added priorities, 3 compression."""

MAX_CHANNELS = 256
"""Channels of a session, unless told otherwise; Windows opens some twenty."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes that the protocol owes, for the static channel."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """Both sides know the version: a server may open channels now.

    `charges` are those of the four priority classes, [MS-RDPEDYC] 2.2.1.1.2, and all 0 without any.
    """

    version: int
    charges: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class CreationRequested:
    """The server wants to open a channel: the client answers with `accept` or `refuse`, before anything else."""

    channel_id: int
    name: str
    priority: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The client has accepted a channel."""

    channel_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The client has refused a channel, which was never open."""

    channel_id: int
    status: CreationStatus


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message on a channel."""

    channel_id: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """A channel is closed: by the peer, or, with a `reason`, because what came on it broke the protocol."""

    channel_id: int
    reason: str | None = None


DynamicEvent: TypeAlias = Answer | Ready | CreationRequested | Opened | Refused | Message | Closed


class OpenChannel:
    """One channel that is open, or that the client was asked to open."""

    __slots__ = ("channel_id", "is_open", "name", "priority", "reassembler")

    def __init__(self, channel_id: int, name: str, priority: int, reassembler: Reassembler) -> None:
        self.channel_id: int = channel_id
        self.name: str = name
        self.priority: int = priority
        self.reassembler: Reassembler = reassembler
        self.is_open: bool = False


class Multiplexer:
    """The channels of one session, by their ids; the roles add how channels come to be.

    `ignored` is told what came and means nothing: data behind a close, say.
    """

    def __init__(
        self,
        *,
        max_channels: int = MAX_CHANNELS,
        max_message: int = MESSAGE_LIMIT,
        pending_bytes: PendingBytes | None = None,
        ignored: Callable[[str], object] | None = None,
    ) -> None:
        self.version: int = 0
        """The version that both sides speak; 0 before that is known."""
        self._max_channels = max_channels
        self._max_message = max_message
        self._pending_bytes = PendingBytes() if pending_bytes is None else pending_bytes
        self._tell_ignored = ignored
        self._channels: dict[int, OpenChannel] = {}
        self._continued: tuple[Reassembler, int] | None = None

    def __len__(self) -> int:
        return len(self._channels)

    def get(self, channel_id: int) -> OpenChannel | None:
        """The channel of an id, if it is open or being opened."""
        return self._channels.get(channel_id)

    def take_continued(self) -> tuple[Reassembler, int] | None:
        """If the last message was a block from within a longer one: who joins it, and how many bytes the block has.

        The next one very likely has the same header and size, so that a driver in haste may give the block alone to
        `Reassembler.extend`.
        """
        continued, self._continued = self._continued, None
        return continued

    def close(self, channel_id: int) -> bytes:
        """Close a channel, or take back that it be opened; gives the bytes to send behind its data.

        Nothing for a channel that is closed already: the peer may have been faster.
        """
        if self._forget(channel_id) is None:
            return b""
        return DvcClose(channel_id=channel_id).encode()

    def close_all(self) -> None:
        """Forget all channels, and what was unfinished on them: nothing is sent, as there is nothing to send it in."""
        for channel_id in [*self._channels]:
            self._forget(channel_id)

    def _ignored(self, what: str) -> None:
        if self._tell_ignored is not None:
            self._tell_ignored(what)

    def _add(self, channel_id: int, name: str, priority: int) -> OpenChannel:
        channel = OpenChannel(channel_id, name, priority, Reassembler(self._max_message, self._pending_bytes))
        self._channels[channel_id] = channel
        return channel

    def _forget(self, channel_id: int) -> OpenChannel | None:
        channel = self._channels.pop(channel_id, None)
        if channel is not None:
            channel.reassembler.close()
        return channel

    def _require(self, channel_id: int) -> OpenChannel:
        channel = self._channels.get(channel_id)
        if channel is None:
            raise LocalProtocolError(f"there is no dynamic channel {channel_id}")
        return channel

    def _receive_data(self, pdu: DataPdu, events: list[DynamicEvent]) -> None:
        channel = self._channels.get(pdu.channel_id)
        if channel is None or not channel.is_open:
            self._ignored("data on a dynamic channel that is not open")
            return
        try:
            message = channel.reassembler.feed(pdu)
        except RemoteProtocolError as exc:
            events += [Answer(self.close(pdu.channel_id)), Closed(pdu.channel_id, str(exc))]
            return
        if message is not None:
            events.append(Message(pdu.channel_id, message))
        elif isinstance(pdu, DvcData) and pdu.data:
            self._continued = channel.reassembler, len(pdu.data)
