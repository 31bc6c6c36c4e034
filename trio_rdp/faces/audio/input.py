"""`AudioInput`: what a server records of its client's microphone.

async with session.microphone.open(rate=44100, channels=1) as recording:
    async for chunk in recording:
        keep(chunk.data)
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Self

import trio

from trio_rdp.channels.audin import CHANNEL_NAME
from trio_rdp.channels.audin.events import (
    AudinServerEvent,
    FormatChanged,
    FormatsNamed,
    RecordingRefused,
    RecordingStarted,
    SoundReceived,
)
from trio_rdp.channels.audin.server import AudinServer, AudinServerState
from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.events import Ignored, Reply
from trio_rdp.channels.rdpsnd.formats import best_format, decodable_formats, default_formats, encoding_of
from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk, FormatDecoder, Outbox, SoundQueue
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DeadlineExceeded, DecodeError, LocalProtocolError, RequestRefused, SessionClosed

__all__ = ["AudioInput", "Recording", "RecordingStatistics"]

_log = logging.getLogger(__name__)

_PACKETS = 50  # a second

Choose = Callable[[Sequence[AudioFormat]], AudioFormat | None]


@dataclass(frozen=True, slots=True)
class RecordingStatistics:
    """What came: chunks received, those dropped among them, and those that could not be decoded.

    `waiting` and `peak_waiting` are seconds of sound, `limit` their bound.
    """

    received: int
    dropped: int
    undecodable: int
    waiting: float
    peak_waiting: float
    limit: float


class AudioInput(ChannelFace):
    """The client's microphone: one recording at a time, each over a channel of its own.

    `formats` are offered to the client, by default all that are known here.  `request` has the client open the channel.
    """

    def __init__(
        self, limits: Limits, request: Callable[[], None], *, formats: Sequence[AudioFormat] | None = None
    ) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._request = request
        self._offered = formats
        self._link: _Link | None = None
        self._is_used = False
        self._is_requested = False
        self._settled = trio.Event()

    @contextlib.asynccontextmanager
    async def open(
        self, *, rate: int = 44_100, channels: int = 1, choose: Choose | None = None
    ) -> AsyncIterator[Recording]:
        """Record sound of that rate, which comes as samples of signed 16 bits.

        Entering waits until the client records.  `choose` gets those of its formats that have this rate and these
        channels, and gives one of them or None; by default that with the best sound.  Leaving ends the recording.

        Raises `RequestRefused` where there is no such format, or the client cannot record, `LocalProtocolError` while
        another recording is open or where the client has no microphone, `ChannelClosed` or `SessionClosed` after the
        end, and `DeadlineExceeded` when the client does not answer in `Limits.audio_negotiation`.
        """
        pcm = PcmFormat(rate, channels)
        await trio.lowlevel.checkpoint()
        if self._is_used:
            raise LocalProtocolError("another recording is open")
        self._is_used = True
        link: _Link | None = None
        try:
            with trio.move_on_after(self._limits.audio_negotiation) as waiting:
                link = await self._linked()
                await self._start(link, pcm, choose)
            if link is None or waiting.cancelled_caught:
                raise DeadlineExceeded("opening the microphone", self._limits.audio_negotiation)
            yield Recording(link, self._raise_end)
        finally:
            self._is_used = False
            if self._link is not None:
                self._link.finish()

    async def _linked(self) -> _Link:
        """Have a channel opened, and wait until the client has named its formats."""
        while self._channel is not None:
            await self._changed.wait()  # that of the last recording is being closed
        if isinstance(self._end, SessionClosed):
            self._raise_end()
        self._end = None
        if not self._is_requested:
            self._is_requested = True
            self._request()
        while self._link is None or self._link.machine.state is not AudinServerState.READY:
            self._raise_end()
            await self._settled.wait()
        return self._link

    async def _start(self, link: _Link, pcm: PcmFormat, choose: Choose | None) -> None:
        """Ask for sound, and wait until the client says that it comes."""
        formats = link.machine.formats
        candidates = [
            item for item in decodable_formats(formats) if (found := encoding_of(item)) is not None and found.pcm == pcm
        ]
        chosen = best_format(candidates) if choose is None else choose(candidates)
        if chosen is None:
            raise RequestRefused(f"the client has no format for {pcm.rate} samples a second of {pcm.channels} channels")
        if chosen not in candidates:
            raise LocalProtocolError(f"{chosen} is not among the formats to choose from")
        link.outbox.put(link.machine.open(formats.index(chosen), frames_per_packet=pcm.rate // _PACKETS))
        while link.audio_format is None:
            if link.refusal is not None:
                raise link.refusal
            self._raise_end()
            await self._settled.wait()

    async def _work(self, channel: MessageChannel) -> None:
        formats = decodable_formats(default_formats()) if self._offered is None else self._offered
        self._link = link = _Link(channel, formats, self._limits)
        self._is_requested = False
        if not self._is_used:
            link.finish()  # who wanted it has gone meanwhile
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.outbox.run)
                nursery.start_soon(self._receive, link, channel)
                link.outbox.put(link.machine.start())
                await link.finished.wait()
                nursery.cancel_scope.cancel()
            await channel.aclose()
        except* trio.EndOfChannel:
            link.is_clean = True
            raise
        finally:
            link.is_over = True
            if self._link is link:
                self._link = None
            link.wake()
            self._wake_all()

    async def _receive(self, link: _Link, channel: MessageChannel) -> None:
        while True:
            message = await channel.receive()
            for event in link.machine.receive(message):
                self._handle(link, event)

    def _handle(self, link: _Link, event: AudinServerEvent) -> None:
        match event:
            case Reply(message):
                link.outbox.put(message)
            case SoundReceived(audio_format, data):
                link.take(audio_format, data)
            case FormatsNamed():
                self._wake_all()
            case RecordingStarted(audio_format):
                link.audio_format = audio_format
                self._wake_all()
            case RecordingRefused(result):
                link.refusal = RequestRefused(f"the client cannot record ({result:#010x})", result)
                self._wake_all()
            case FormatChanged(audio_format):
                link.audio_format = audio_format
                link.changes += 1
                link.wake()
            case Ignored(reason):
                _log.debug("microphone: %s", reason)

    def _ended(self) -> None:
        self._is_requested = False
        self._wake_all()

    def _wake_all(self) -> None:
        self._settled.set()
        self._settled = trio.Event()


class Recording:
    """Sound as it comes.

    What waits for its reader is bounded by `Limits.audio_waiting`; beyond it the oldest chunks are dropped.  The
    timestamps of chunks are when they came, in milliseconds of Trio's clock: the protocol has none.
    """

    def __init__(self, link: _Link, raise_end: Callable[[], None]) -> None:
        self._link = link
        self._raise_end = raise_end

    @property
    def format(self) -> AudioFormat | None:
        """How sound comes from the client."""
        return self._link.audio_format

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Those that the client takes."""
        return self._link.machine.formats

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AudioChunk:
        """The next chunk; ends when the client closes the channel, and raises as `receive` does otherwise."""
        await trio.lowlevel.checkpoint_if_cancelled()
        link = self._link
        while (chunk := link.queue.get()) is None:
            if link.is_over and link.is_clean:
                raise StopAsyncIteration
            if link.is_over:
                self._raise_end()
            await link.queue.wait()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return chunk

    async def receive(self) -> AudioChunk:
        """The next chunk; cancelling loses none.  Raises `ChannelClosed` or `SessionClosed` after the end."""
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            pass
        self._raise_end()
        raise AssertionError("an end without a reason")

    async def change_format(self, audio_format: AudioFormat) -> None:
        """Have the client use another of `formats`, and wait until it does; chunks say what they are.

        Raises `LocalProtocolError` for a format that the client did not name, or that cannot be decoded here,
        `DeadlineExceeded` when the client does not confirm in `Limits.audio_negotiation`, and else as `receive` does.
        """
        await trio.lowlevel.checkpoint()
        link = self._link
        if audio_format not in decodable_formats(self.formats):
            raise LocalProtocolError(f"{audio_format} is not among the client's formats")
        if link.is_over:
            self._raise_end()
        changes = link.changes
        link.outbox.put(link.machine.change_format(self.formats.index(audio_format)))
        with trio.move_on_after(link.patience) as waiting:
            while link.changes == changes:
                if link.is_over:
                    self._raise_end()
                await link.queue.wait()
        if waiting.cancelled_caught:
            raise DeadlineExceeded("changing the format of the microphone", link.patience)

    def statistics(self) -> RecordingStatistics:
        """What came, and what waits."""
        queue = self._link.queue
        return RecordingStatistics(
            queue.received, queue.dropped, self._link.undecodable, queue.seconds, queue.peak_seconds, queue.limit
        )


class _Link:
    """One channel: its machine, its messages and its sound."""

    def __init__(self, channel: MessageChannel, formats: Sequence[AudioFormat], limits: Limits) -> None:
        self.machine: AudinServer = AudinServer(formats)
        self.outbox: Outbox = Outbox(channel, limits.audio_answers)
        self.queue: SoundQueue = SoundQueue(limits.audio_waiting)
        self.queue.is_wanted = True
        self.patience: float = limits.audio_negotiation
        self.audio_format: AudioFormat | None = None
        self.refusal: RequestRefused | None = None
        self.changes: int = 0
        self.undecodable: int = 0
        self.is_over: bool = False
        self.is_clean: bool = False
        self.finished: trio.Event = trio.Event()
        self._decoder = FormatDecoder()

    def take(self, audio_format: AudioFormat, data: bytes) -> None:
        """Take encoded sound."""
        try:
            samples, pcm = self._decoder.decode(audio_format, data)
        except DecodeError as exc:
            self.undecodable += 1
            _log.debug("microphone: %s", exc)
        else:
            self.queue.put(AudioChunk(samples, pcm, int(trio.current_time() * 1000)))

    def wake(self) -> None:
        """Let who waits look again."""
        self.queue.wake()

    def finish(self) -> None:
        """Close the channel: nobody listens any more."""
        self.finished.set()
