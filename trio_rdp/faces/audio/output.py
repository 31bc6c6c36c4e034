"""`AudioOutput`: what a server plays to its client.

async with session.audio.open(rate=44100, channels=2) as stream:
    await stream.send(pcm)
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence

import trio

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.events import (
    FormatsAgreed,
    Ignored,
    QualityChosen,
    RdpsndServerEvent,
    Reply,
    Trained,
    WavesConfirmed,
)
from trio_rdp.channels.rdpsnd.formats import default_formats
from trio_rdp.channels.rdpsnd.header import CHANNEL_NAME
from trio_rdp.channels.rdpsnd.initialization import Quality
from trio_rdp.channels.rdpsnd.server import RdpsndServerState
from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.faces.audio.stream import AudioOutputStatistics, AudioStream, OutputLink
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused, SessionClosed

__all__ = ["AudioOutput", "AudioOutputStatistics", "AudioStream"]

_log = logging.getLogger(__name__)

_FULL = 0xFFFF


class AudioOutput(ChannelFace):
    """The client's loudspeakers: one stream at a time is played there.

    `formats` are offered to the client, by default all that can be encoded here.
    """

    def __init__(self, limits: Limits, *, formats: Sequence[AudioFormat] | None = None) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._offered = formats
        self._link: OutputLink | None = None
        self._stream: AudioStream | None = None
        self._settled = trio.Event()
        self._ignored = 0
        self._totals = AudioOutputStatistics(0, 0, 0, 0.0, 0.0, limits.audio_unconfirmed, None)

    @contextlib.asynccontextmanager
    async def open(
        self,
        *,
        rate: int = 44_100,
        channels: int = 2,
        choose: Callable[[Sequence[AudioFormat]], AudioFormat | None] | None = None,
    ) -> AsyncIterator[AudioStream]:
        """Play samples of signed 16 bits of that rate, which is not changed on the way.

        Entering waits until the client is ready.  `choose` gets those of its formats that have this rate and these
        channels and can be encoded here, and gives one of them or None; by default that with the best sound, or for a
        client that prefers so with the least data.  Leaving waits until what was sent is played, unless by an
        exception; the client then hears that there is no more.

        Raises `RequestRefused` where there is no such format, or the client takes no sound, `LocalProtocolError` while
        another stream is open or where the client has no such channel, `ChannelClosed` or `SessionClosed` after the
        end.
        """
        stream = await self._start(PcmFormat(rate, channels), choose)
        try:
            yield stream
            with contextlib.suppress(ChannelClosed, RequestRefused, SessionClosed):
                await stream.finish()
        finally:
            self._stop(stream)

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Those that the client takes; none before it said so, or where it takes no sound."""
        return () if self._link is None else self._link.machine.formats

    @property
    def quality(self) -> Quality:
        """How the client wants the format to be chosen."""
        return Quality.DYNAMIC if self._link is None else self._link.machine.quality

    async def set_volume(self, left: float, right: float) -> None:
        """Set how loud the client plays the channels, from 0.0 to 1.0 as one hears it, while a stream is open.

        Raises `LocalProtocolError` where the client cannot do so.
        """
        if not (0 <= left <= 1 and 0 <= right <= 1):
            raise ValueError(f"a volume of {left} and {right}, not 0.0 to 1.0")
        link = await self._ready()
        link.outbox.put(link.machine.volume(round(left * _FULL), round(right * _FULL)))

    async def set_pitch(self, pitch: float) -> None:
        """Tell the client a multiplier, which the document wants clients to ignore; raises as `set_volume` does."""
        link = await self._ready()
        link.outbox.put(link.machine.pitch(pitch))

    def statistics(self) -> AudioOutputStatistics:
        """What was sent, in all streams, and what is not confirmed."""
        return self._totals if self._stream is None else self._stream.count(self._totals)

    async def _start(
        self, pcm: PcmFormat, choose: Callable[[Sequence[AudioFormat]], AudioFormat | None] | None
    ) -> AudioStream:
        if self._stream is not None:
            raise LocalProtocolError("another stream is open")
        stream = self._stream = AudioStream(pcm, choose, self._limits, self._raise_end)
        try:
            link = await self._ready()
            stream.attach(link)
        except BaseException:
            self._stop(stream)
            raise
        return stream

    def _stop(self, stream: AudioStream) -> None:
        self._totals = stream.count(self._totals)
        stream.detach()
        self._stream = None
        link = self._link
        if stream.has_sent and link is not None and link.machine.state is RdpsndServerState.READY:
            link.outbox.put(link.machine.close())

    async def _ready(self) -> OutputLink:
        """Wait until the client is trained, after a Close anew."""
        await trio.lowlevel.checkpoint()
        while True:
            await self._opened()
            link = self._link
            if link is not None and link.machine.state is RdpsndServerState.READY:
                return link
            if link is not None and link.machine.state is RdpsndServerState.IDLE:
                link.begin()
            await self._settled.wait()

    async def _work(self, channel: MessageChannel) -> None:
        formats = default_formats() if self._offered is None else self._offered
        self._link = link = OutputLink(channel, formats, self._limits)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.outbox.run, self._wake_stream)
                nursery.start_soon(link.watch, self._limits.audio_negotiation)
                link.begin()
                while True:
                    message = await channel.receive()
                    for event in link.machine.receive(message):
                        self._handle(link, event)
        finally:
            link.is_over = True
            if self._link is link:
                self._link = None

    def _handle(self, link: OutputLink, event: RdpsndServerEvent) -> None:
        match event:
            case Reply(message):
                link.outbox.put(message)
            case Trained():
                link.settle()
                self._wake_all()
            case WavesConfirmed(block_nos):
                if self._stream is not None:
                    self._stream.confirmed(block_nos)
            case FormatsAgreed() if self._stream is not None:
                self._stream.formats_changed()
            case FormatsAgreed() | QualityChosen():
                pass
            case Ignored(reason):
                self._ignored += 1
                _log.debug("audio: %s", reason)

    def _ended(self) -> None:
        self._wake_all()

    def _wake_all(self) -> None:
        self._settled.set()
        self._settled = trio.Event()
        self._wake_stream()

    def _wake_stream(self) -> None:
        if self._stream is not None:
            self._stream.wake()
