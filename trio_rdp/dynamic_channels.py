"""A session's dynamic channels: who listens, what is open, and which static channel they all travel in."""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable, Iterator
from functools import partial

import trio

from trio_rdp.channels.dynamic.client import DynamicClient
from trio_rdp.channels.dynamic.fragmentation import cuts
from trio_rdp.channels.dynamic.multiplexer import (
    Answer,
    Closed,
    CreationRequested,
    Message,
    Multiplexer,
    Opened,
    Ready,
    Refused,
)
from trio_rdp.channels.dynamic.opening import CreationStatus
from trio_rdp.channels.dynamic.server import DynamicServer
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.codecs import zgfx
from trio_rdp.dynamic_channel import DynamicChannel, DynamicChannelListener
from trio_rdp.inflow import ChannelStatistics, Inflow
from trio_rdp.level import Ending
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.stretch import Sink
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RemoteProtocolError, RequestRefused, SessionClosed
from trio_rdp.writer import Item, Lane, Writer

__all__ = ["ClientDynamicChannels", "DynamicChannels", "ServerDynamicChannels"]

_log = logging.getLogger(__name__)

_COMPRESSION_VERSION = 3
_MOST_SHARES = 8  # PDUs in a row for the priority class that costs least, while others wait


class DynamicChannels(abc.ABC):
    """What both roles share; `receive` never waits."""

    _machine: Multiplexer

    def __init__(
        self, writer: Writer, frames: Callable[[], ChannelFrames], limits: Limits, ending: Ending, is_there: bool
    ) -> None:
        self._writer = writer
        self._frames = frames
        self._limits = limits
        self._ending = ending
        self._channels: dict[int, DynamicChannel] = {}
        self._closing: dict[int, Lane] = {}  # closed from this side, which the peer does not read yet
        self._crowded: Inflow | None = None
        self._charges = (0, 0, 0, 0)
        self.failure: str | None = None if is_there else "one side does not take dynamic channels"

    def __iter__(self) -> Iterator[DynamicChannel]:
        return iter(self._channels.values())

    def take_continued(self) -> tuple[Sink, int] | None:
        """As `Multiplexer.take_continued`."""
        return self._machine.take_continued()

    def take_crowded(self) -> Inflow | None:
        """The channel whose reader should have a turn before more is read."""
        crowded, self._crowded = self._crowded, None
        return crowded

    def receive(self, message: bytes) -> None:
        """Take a message of the static channel."""
        if self.failure is not None:
            return
        try:
            self._receive(message)
        except RemoteProtocolError as exc:
            # "The implementation MUST terminate the static virtual channel connection", [MS-RDPEDYC] 3.1.5.2.4.
            self.fail(str(exc))

    def fail(self, reason: str) -> None:
        """Give all dynamic channels up; the session goes on."""
        if self.failure is None:
            _log.warning("dynamic channels are given up: %s", reason)
            self.failure = reason
            for channel in [*self._channels.values()]:
                self._forget(channel.channel_id)
                channel.ended(reason)
            self._machine.close_all()

    def wake(self) -> None:
        """Let everybody look at how the session ended."""
        for channel in self._channels.values():
            channel.inflow.wake()

    def statistics(self) -> tuple[ChannelStatistics, ...]:
        """What waits in each channel, and what went through."""
        return tuple(channel.statistics() for channel in self._channels.values())

    @abc.abstractmethod
    def _receive(self, message: bytes) -> None:
        """Do what a message says."""

    def _handle(self, event: Answer | Message | Closed) -> None:
        match event:
            case Message(channel_id=channel_id, message=message):
                inflow = self._channels[channel_id].inflow
                inflow.deliver(message)
                if inflow.is_crowded:
                    self._crowded = inflow
                elif inflow.failure is not None:
                    self._close(channel_id)
            case Answer(data=data):
                if data:
                    self._writer.send_control(self._frames().bare_pdu(data))
            case Closed(channel_id=channel_id, reason=reason):
                channel = self._forget(channel_id)
                if channel is not None:
                    if reason is not None:
                        _log.warning("channel %s is given up: %s", channel.name, reason)
                    channel.ended(reason)

    def _open(self, channel_id: int, name: str, priority: int, buffer: ChannelBuffer, compress: bool) -> DynamicChannel:
        if (former := self._closing.pop(channel_id, None)) is not None:
            # The peer closed it too and has given its id away again: what waits there must not reach the new one.
            former.clear()
            former.retire()
        lane = self._writer.channel(f"{name} ({channel_id})")
        lane.share = self._share(priority)
        encode = self._encode
        if compress and self._machine.version >= _COMPRESSION_VERSION:
            encode = partial(self._encode_compressed, zgfx.Compressor(zgfx.Kind.RDP8_LITE))
        inflow = Inflow(name, buffer, self._ending)
        channel = DynamicChannel(channel_id, inflow, lane, partial(encode, channel_id), self._close)
        self._channels[channel_id] = channel
        return channel

    def _encode(self, channel_id: int, message: bytes) -> list[Item]:
        return [self._frames().dynamic(channel_id, message)]

    def _encode_compressed(self, compressor: zgfx.Compressor, channel_id: int, message: bytes) -> list[Item]:
        """PDUs whose blocks are compressed when they are written: in that order the peer inflates them."""
        frames = self._frames()

        def make(header: bytes, begin: int, end: int) -> bytes:
            return header + compressor.compress(message[begin:end])

        planned = cuts(channel_id, len(message), is_compressed=True)
        return [
            frames.lazy_pdu(len(header) + end - begin, partial(make, header, begin, end))
            for header, begin, end in planned
        ]

    def _share(self, priority: int) -> int:
        """The turns of a priority class, in inverse proportion to what it costs; "0 is sent at once" (2.2.1.1.2)."""
        cost = self._charges[priority & 3]
        least = min(filter(None, self._charges), default=0)
        return max(1, _MOST_SHARES * least // cost) if cost else _MOST_SHARES if least else 1

    def _close(self, channel_id: int) -> None:
        """Close a channel from this side, behind what waits to be sent."""
        data = self._machine.close(channel_id)
        channel = self._channels.pop(channel_id, None)
        if channel is not None:
            lane = channel.lane
            if data:
                lane.put_last(self._frames().pdu(data))
            lane.retire()
            self._closing[channel_id] = lane
            self._prune()

    def _count(self) -> int:
        """The channels that are open or being opened, and those closed of which something waits to be sent."""
        self._prune()
        return len(self._machine) + len(self._closing)

    def _prune(self) -> None:
        self._closing = {channel_id: lane for channel_id, lane in self._closing.items() if not lane.is_empty}

    def _forget(self, channel_id: int) -> DynamicChannel | None:
        channel = self._channels.pop(channel_id, None)
        if channel is not None:
            channel.lane.clear()
            channel.lane.retire()
        return channel

    def _default_buffer(self) -> ChannelBuffer:
        return ChannelBuffer(self._limits.channel_messages, self._limits.channel_bytes)


class ClientDynamicChannels(DynamicChannels):
    """A client's: names that somebody listens to are accepted, and all others refused."""

    def __init__(
        self,
        writer: Writer,
        frames: Callable[[], ChannelFrames],
        limits: Limits,
        ending: Ending,
        *,
        is_there: bool,
        pending_bytes: PendingBytes,
        ignored: Callable[[str], None],
    ) -> None:
        super().__init__(writer, frames, limits, ending, is_there)
        self._listeners: dict[str, tuple[DynamicChannelListener, bool]] = {}
        self._machine: DynamicClient = DynamicClient(
            max_channels=limits.dynamic_channels,
            max_message=limits.channel_message,
            pending_bytes=pending_bytes,
            ignored=ignored,
        )

    def listen(self, name: str, buffer: ChannelBuffer | None, compress: bool) -> DynamicChannelListener:
        """Accept channels of a name from now on."""
        self._ending.raise_closed()
        if self.failure is not None:
            raise LocalProtocolError(f"nobody can open {name!r}: {self.failure}")
        if name in self._listeners:
            raise LocalProtocolError(f"somebody listens to {name!r} already")
        listener = DynamicChannelListener(
            name, buffer or self._default_buffer(), self._limits.dynamic_backlog, self._unlisten
        )
        self._listeners[name] = (listener, compress)
        return listener

    def _unlisten(self, listener: DynamicChannelListener) -> None:
        self._listeners.pop(listener.name, None)

    def fail(self, reason: str) -> None:
        """Give all dynamic channels up; the session goes on."""
        super().fail(reason)
        for listener, _ in self._listeners.values():
            listener.ended(ChannelClosed(listener.name, reason))

    def wake(self) -> None:
        """Let everybody look at how the session ended."""
        super().wake()
        for listener, _ in self._listeners.values():
            listener.ended(self._ending.error or SessionClosed("the session was left"))

    def _receive(self, message: bytes) -> None:
        for event in self._machine.receive(message):
            match event:
                case CreationRequested():
                    self._answer(event)
                case Ready(charges=charges):
                    self._charges = charges
                case Message() | Answer() | Closed():
                    self._handle(event)

    def _answer(self, asked: CreationRequested) -> None:
        listener, compress = self._listeners.get(asked.name, (None, False))
        if listener is None or listener.is_full or self._count() > self._limits.dynamic_channels:
            status = CreationStatus.NOT_FOUND if listener is None else CreationStatus.NO_MEMORY
            _log.debug("the server asks for channel %s: %s", asked.name, status.name)
            self._handle(Answer(self._machine.refuse(asked.channel_id, status)))
            return
        self._handle(Answer(self._machine.accept(asked.channel_id)))
        listener.deliver(self._open(asked.channel_id, asked.name, asked.priority, listener.buffer, compress))


class ServerDynamicChannels(DynamicChannels):
    """A server's: it opens channels by name, which the client takes or not."""

    def __init__(
        self,
        writer: Writer,
        frames: Callable[[], ChannelFrames],
        limits: Limits,
        ending: Ending,
        *,
        is_there: bool,
        pending_bytes: PendingBytes,
        ignored: Callable[[str], None],
    ) -> None:
        super().__init__(writer, frames, limits, ending, is_there)
        self._changed = trio.Event()
        self._opening: dict[int, _Opening] = {}
        self._is_started = False
        self._machine: DynamicServer = DynamicServer(
            max_channels=limits.dynamic_channels,
            max_message=limits.channel_message,
            pending_bytes=pending_bytes,
            ignored=ignored,
        )

    async def open(self, name: str, priority: int, buffer: ChannelBuffer | None, compress: bool) -> DynamicChannel:
        """Open a channel, and wait for the client's answer; cancelling takes it back."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self.start()
        while not self._machine.version:
            self._check(name)
            await self._changed.wait()
        self._check(name)
        if self._count() >= self._limits.dynamic_channels:
            raise LocalProtocolError(
                f"{self._limits.dynamic_channels} dynamic channels are open, or still to be closed"
            )
        channel_id, data = self._machine.open(name, priority=priority)
        opening = self._opening[channel_id] = _Opening(name, priority, buffer or self._default_buffer(), compress)
        try:
            # In the lane of answers, as the client's own must find it: but this end waits for the peer, not it for us.
            self._handle(Answer(data))
            while opening.channel is None and opening.status is None:
                self._check(name)
                await self._changed.wait()
        except BaseException:
            if opening.channel is not None:
                opening.channel.close()
            elif opening.status is None and self._writer.is_open:
                self._handle(Answer(self._machine.close(channel_id)))
            raise
        finally:
            del self._opening[channel_id]
        if opening.channel is None:
            assert opening.status is not None
            raise RequestRefused(f"the client refused channel {name!r}: {opening.status.name}", int(opening.status))
        return opening.channel

    def start(self) -> None:
        """Ask the client for the version, once."""
        if not self._is_started and self.failure is None:
            self._is_started = True
            self._handle(Answer(self._machine.start()))

    def fail(self, reason: str) -> None:
        """Give all dynamic channels up; the session goes on."""
        super().fail(reason)
        self._wake()

    def wake(self) -> None:
        """Let everybody look at how the session ended."""
        super().wake()
        self._wake()

    def _check(self, name: str) -> None:
        self._ending.raise_closed()
        if self.failure is not None:
            if self._is_started:
                raise ChannelClosed(name, self.failure)
            raise LocalProtocolError(f"channel {name!r} cannot be opened: {self.failure}")

    def _receive(self, message: bytes) -> None:
        for event in self._machine.receive(message):
            match event:
                case Opened(channel_id=channel_id):
                    opening = self._opening[channel_id]
                    opening.channel = self._open(
                        channel_id, opening.name, opening.priority, opening.buffer, opening.compress
                    )
                    self._wake()
                case Refused(channel_id=channel_id, status=status):
                    self._opening[channel_id].status = status
                    self._wake()
                case Ready(charges=charges):
                    self._charges = charges
                    self._wake()
                case Message() | Answer() | Closed():
                    self._handle(event)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


class _Opening:
    """A channel that the client was asked to open, until it has answered."""

    __slots__ = ("buffer", "channel", "compress", "name", "priority", "status")

    def __init__(self, name: str, priority: int, buffer: ChannelBuffer, compress: bool) -> None:
        self.name = name
        self.priority = priority
        self.buffer = buffer
        self.compress = compress
        self.channel: DynamicChannel | None = None
        self.status: CreationStatus | None = None
