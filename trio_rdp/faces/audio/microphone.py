"""`Microphone`: the sound that a client lets its server record.

await session.microphone.feed(source, rate=48000, channels=1)
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeAlias

import trio

from trio_rdp.channels.audin import CHANNEL_NAME
from trio_rdp.channels.audin.client import AudinClient, AudinClientState
from trio_rdp.channels.audin.events import AudinClientEvent, FormatChanged, FormatsOffered, RecordingRequested
from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.events import Ignored, Reply
from trio_rdp.channels.rdpsnd.formats import encodable_formats, encoding_of
from trio_rdp.codecs.audio import Encoder, PcmFormat, Samples
from trio_rdp.faces.audio.flow import ROUNDING, Outbox, Pace
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused

__all__ = ["Microphone", "MicrophoneStatistics"]

_log = logging.getLogger(__name__)

Source: TypeAlias = AsyncIterable[Samples] | Callable[[], AsyncIterable[Samples]]


@dataclass(frozen=True, slots=True)
class MicrophoneStatistics:
    """What was sent: recordings that the server began, and packets of sound in them."""

    recordings: int
    packets: int


class Microphone(ChannelFace):
    """Sound for the server, which may open the channel, and record, as often as it likes.

    Nothing is recorded, and no format named, unless something is fed.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._pcm: PcmFormat | None = None
        self._refusal: RequestRefused | None = None
        self._link: _Link | None = None
        self._settled = trio.Event()
        self._recordings = 0
        self._packets = 0

    @property
    def is_recording(self) -> bool:
        """Whether the server records now."""
        return self._link is not None and self._link.encoder is not None

    @property
    def format(self) -> AudioFormat | None:
        """How sound goes to the server; None while it does not record."""
        return None if self._link is None else self._link.audio_format

    async def feed(self, source: Source, *, rate: int = 44_100, channels: int = 1) -> None:
        """Let the server record samples of signed 16 bits, of that rate, whenever it wants, until the source ends.

        The source is asked for more only while the server records, and then no faster than its sound lasts, but for
        `Limits.audio_ahead`.  A function gives a source for each recording, and none of them ends this call.

        Raises `RequestRefused` when the server has no format for such sound, `LocalProtocolError` while something else
        is fed or where there is no microphone in this session, and `SessionClosed`.  What the source raises comes out.
        """
        await trio.lowlevel.checkpoint()
        if self._pcm is not None:
            raise LocalProtocolError("something is fed already")
        self._pcm = PcmFormat(rate, channels)
        self._refusal = None
        try:
            self._name_formats()
            if callable(source):
                while True:
                    await self._record(await self._recording(), source())
            await self._feed(aiter(source))
        finally:
            self._pcm = None
            if self._link is not None:
                self._link.finish()
            if isinstance(source, AsyncGenerator):
                await source.aclose()

    def statistics(self) -> MicrophoneStatistics:
        """What was sent."""
        return MicrophoneStatistics(self._recordings, self._packets)

    async def _feed(self, source: AsyncIterator[Samples]) -> None:
        """Feed one source to all recordings."""
        while True:
            link = await self._recording()
            try:
                pcm = await anext(source)
            except StopAsyncIteration:
                await link.send_rest()
                return
            await link.send(pcm)

    async def _record(self, link: _Link, source: AsyncIterable[Samples]) -> None:
        """Feed a source to one recording."""
        iterator = aiter(source)
        try:
            with link.scope:
                async for pcm in iterator:
                    await link.send(pcm)
                await link.send_rest()
        finally:
            link.finish()
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    async def _recording(self) -> _Link:
        """Wait until the server records.  Channels may come and go until it does."""
        while True:
            if self._refusal is not None:
                raise self._refusal
            link = self._link
            if link is not None and link.encoder is not None and not link.finished.is_set():
                return link
            if not isinstance(self._end, ChannelClosed):
                self._raise_end()
            await self._settled.wait()

    async def _work(self, channel: MessageChannel) -> None:
        self._link = link = _Link(channel, self._limits, self._sent)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.outbox.run, link.wake)
                nursery.start_soon(self._receive, link, channel)
                await link.finished.wait()
                await link.emptied()
                nursery.cancel_scope.cancel()
            await channel.aclose()
        finally:
            link.over()
            if self._link is link:
                self._link = None
            self._wake_all()

    async def _receive(self, link: _Link, channel: MessageChannel) -> None:
        while True:
            message = await channel.receive()
            for event in link.machine.receive(message):
                self._handle(link, event)

    def _handle(self, link: _Link, event: AudinClientEvent) -> None:
        match event:
            case Reply(message):
                link.outbox.put(message)
            case FormatsOffered(formats):
                link.offered = formats
                self._name_formats()
            case RecordingRequested(audio_format, frames_per_packet, _):
                if self._pcm is None or encoding_of(audio_format) is None:
                    link.outbox.put(*link.machine.refuse())
                    return
                link.outbox.put(*link.machine.accept())
                link.begin(audio_format, frames_per_packet)
                self._recordings += 1
                self._wake_all()
            case FormatChanged(audio_format):
                link.change(audio_format)
            case Ignored(reason):
                _log.debug("microphone: %s", reason)

    def _name_formats(self) -> None:
        """Name the formats, when the server has offered some and something is fed."""
        link, pcm = self._link, self._pcm
        if link is None or pcm is None or link.machine.state is not AudinClientState.OFFERED:
            return
        formats = encodable_formats(link.offered, pcm)
        link.outbox.put(*link.machine.name_formats(formats))
        if not formats:
            what = f"{pcm.rate} samples a second of {pcm.channels} channels"
            self._refusal = RequestRefused(f"the server has no format for {what}")
            self._wake_all()

    def _sent(self) -> None:
        self._packets += 1

    def _ended(self) -> None:
        self._wake_all()

    def _wake_all(self) -> None:
        self._settled.set()
        self._settled = trio.Event()


class _Link:
    """One channel: its machine, its messages, and its recording."""

    def __init__(self, channel: MessageChannel, limits: Limits, sent: Callable[[], None]) -> None:
        self.machine = AudinClient()
        self.outbox = Outbox(channel, limits.audio_answers)
        self.offered: tuple[AudioFormat, ...] = ()
        self.encoder: Encoder | None = None
        self.audio_format: AudioFormat | None = None
        self.finished = trio.Event()
        self.scope = trio.CancelScope()
        self._sent = sent
        self._frames = 0
        self._pace = Pace(limits.audio_ahead)
        self._changed = trio.Event()

    def begin(self, audio_format: AudioFormat, frames_per_packet: int) -> None:
        """Encode in this format from now on, and so many samples a packet, if that makes sense."""
        rate = audio_format.samples_per_sec
        self._frames = min(max(frames_per_packet, rate // 200), rate) if frames_per_packet else 0
        self.change(audio_format)

    def change(self, audio_format: AudioFormat) -> None:
        """Encode in this format from now on."""
        encoding = encoding_of(audio_format)
        if encoding is not None:
            self.audio_format, self.encoder = audio_format, Encoder(encoding, self._frames or None)

    async def send(self, pcm: Samples) -> None:
        """Send samples when it is time to; nothing when the channel is over."""
        encoder = self.encoder
        if encoder is not None:
            await self._send(encoder, encoder.encode(pcm))

    async def send_rest(self) -> None:
        """Send what is left in the encoder."""
        encoder = self.encoder
        if encoder is not None:
            await self._send(encoder, encoder.flush())

    async def _send(self, encoder: Encoder, packets: list[bytes]) -> None:
        await trio.lowlevel.checkpoint()
        seconds = encoder.seconds
        for packet in packets:
            # What was encoded before the server wanted another format is of no use to it.
            while self.encoder is encoder:
                now = trio.current_time()
                ready = self._pace.ready_at(seconds)
                if self.outbox.is_empty and ready <= now + ROUNDING:
                    self._pace.let_through(seconds, now)
                    self.outbox.put(*self.machine.sound(packet))
                    self._sent()
                    break
                with trio.move_on_at(ready if self.outbox.is_empty else float("inf")):
                    await self._changed.wait()

    def wake(self) -> None:
        """Let who sends look again: all messages are gone."""
        self._changed.set()
        self._changed = trio.Event()

    async def emptied(self) -> None:
        """Wait until all messages are gone."""
        while not self.outbox.is_empty:
            await self._changed.wait()

    def finish(self) -> None:
        """Close the channel: the source has ended."""
        self.finished.set()

    def over(self) -> None:
        """Nothing can be sent any more."""
        self.finish()
        self.encoder = self.audio_format = None
        self.scope.cancel()
        self.wake()
