"""`AudioPlayback`: what a client hears of its server, as PCM.

async for chunk in session.audio:
    play(chunk.data)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import trio

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.client import RdpsndClient
from trio_rdp.channels.rdpsnd.events import (
    AudioClosed,
    FormatsAgreed,
    Ignored,
    PitchChanged,
    RdpsndClientEvent,
    Reply,
    VolumeChanged,
    WaveReceived,
)
from trio_rdp.channels.rdpsnd.formats import decodable_formats
from trio_rdp.channels.rdpsnd.header import CHANNEL_NAME
from trio_rdp.channels.rdpsnd.initialization import Quality
from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk, FormatDecoder, Outbox, SoundQueue
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DecodeError

__all__ = ["AudioPlayback", "AudioPlaybackStatistics"]

_log = logging.getLogger(__name__)

_FULL = 0xFFFF


@dataclass(frozen=True, slots=True)
class AudioPlaybackStatistics:
    """What came: chunks received, those dropped among them, and what could not be used at all.

    `waiting` and `peak_waiting` are seconds of sound, `limit` their bound.
    """

    received: int
    dropped: int
    undecodable: int
    ignored: int
    waiting: float
    peak_waiting: float
    limit: float


class AudioPlayback(ChannelFace):
    """The server's sound, chunk by chunk.

    What waits for its reader is bounded by `Limits.audio_waiting`; beyond it the oldest chunks are dropped, so sound
    never comes later than that.  Until the first is asked for, all are.  The server hears that a chunk is done with
    when it is taken, or dropped.

    `accept` chooses among those of the server's formats that can be decoded here; by default all of them are taken.
    With none, the server sends no sound.  `quality` tells a server with several formats what to prefer.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        accept: Callable[[Sequence[AudioFormat]], Sequence[AudioFormat]] | None = None,
        quality: Quality = Quality.HIGH,
    ) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._accept = accept
        self._quality = quality
        self._queue = SoundQueue(limits.audio_waiting)
        self._links = 0
        self._is_clean = False
        self._format: PcmFormat | None = None
        self._formats: tuple[AudioFormat, ...] = ()
        self._volume = (1.0, 1.0)
        self._pitch = 1.0
        self._volume_changes = 0
        self._volume_changed = trio.Event()
        self._undecodable = 0
        self._ignored = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a channel now."""
        return self._links > 0

    @property
    def is_playing(self) -> bool:
        """Whether the server has sent sound, and has not said since that it stops."""
        return self._format is not None

    @property
    def format(self) -> PcmFormat | None:
        """That of the newest chunk; None while the server plays nothing."""
        return self._format

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Those that both sides agreed on, of which the server may use any."""
        return self._formats

    @property
    def volume(self) -> tuple[float, float]:
        """How loud the server wants the left and the right channel, from 0.0 to 1.0 as one hears it."""
        return self._volume

    @property
    def pitch(self) -> float:
        """What the server says of the pitch; the document wants clients to do nothing with it."""
        return self._pitch

    async def wait_volume_changed(self) -> tuple[float, float]:
        """Wait until the server sets the volume, and give it; raises as `receive` does."""
        await trio.lowlevel.checkpoint()
        seen = self._volume_changes
        while self._volume_changes == seen:
            self._raise_over()
            await self._volume_changed.wait()
        return self._volume

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AudioChunk:
        """The next chunk; ends with the channel, and raises as `receive` does where that was no clean end."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while (chunk := self._queue.get()) is None:
            if self._is_over and self._is_clean:
                raise StopAsyncIteration
            self._raise_over()
            await self._queue.wait()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return chunk

    async def receive(self) -> AudioChunk:
        """The next chunk; cancelling loses none.

        Raises `ChannelClosed` after the channel's end, `SessionClosed` after that of the session, and
        `LocalProtocolError` where there is no sound in this session.
        """
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            pass
        self._raise_end()
        raise AssertionError("an end without a reason")

    def receive_nowait(self) -> AudioChunk:
        """The next chunk; raises `trio.WouldBlock` where none waits, and else as `receive` does."""
        chunk = self._queue.get()
        if chunk is None:
            self._raise_over()
            raise trio.WouldBlock
        return chunk

    def statistics(self) -> AudioPlaybackStatistics:
        """What came, and what waits."""
        queue = self._queue
        return AudioPlaybackStatistics(
            queue.received,
            queue.dropped,
            self._undecodable,
            self._ignored,
            queue.seconds,
            queue.peak_seconds,
            self._limits.audio_waiting,
        )

    # A server may play over the static channel and over a dynamic one beside it.

    async def _work(self, channel: MessageChannel) -> None:
        link = _Link(channel, self._limits, self._choose, self._quality)
        self._links += 1
        self._is_clean = False
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.outbox.run)
                while True:
                    message = await channel.receive()
                    for event in link.machine.receive(message):
                        self._handle(link, event)
        except* trio.EndOfChannel:
            self._is_clean = True
            raise
        finally:
            self._links -= 1
            self._wake_all()

    def _handle(self, link: _Link, event: RdpsndClientEvent) -> None:
        match event:
            case Reply(message):
                link.outbox.put(message)
            case WaveReceived():
                self._play(link, event)
            case FormatsAgreed(_, formats):
                self._formats = formats
            case VolumeChanged(left, right):
                self._volume = left / _FULL, right / _FULL
                self._volume_changes += 1
                self._wake_volume()
            case PitchChanged(pitch):
                self._pitch = pitch
            case AudioClosed():
                self._format = None
            case Ignored(reason):
                self._ignored += 1
                _log.debug("audio: %s", reason)

    def _play(self, link: _Link, wave: WaveReceived) -> None:
        done = link.confirmation(wave)
        if not self._queue.is_wanted:  # which spares the decoding
            self._queue.received += 1
            self._queue.dropped += 1
            done()
            return
        try:
            data, pcm = link.decoder.decode(wave.audio_format, wave.data)
        except DecodeError as exc:
            self._undecodable += 1
            _log.debug("audio: %d bytes of %s: %s", len(wave.data), wave.audio_format.format_tag.name, exc)
            done()
            return
        self._format = pcm
        timestamp = link.timestamp(wave.time_stamp)
        self._queue.put(AudioChunk(data, pcm, timestamp, wave.audio_time_stamp, self._volume), done)

    def _choose(self, offered: Sequence[AudioFormat]) -> Sequence[AudioFormat]:
        decodable = decodable_formats(offered)
        if self._accept is None:
            return decodable
        try:
            return self._accept(decodable)
        except Exception:
            _log.exception("choosing audio formats failed; the server hears that there are none")
            return ()

    @property
    def _is_over(self) -> bool:
        return self._links == 0 and self._end is not None

    def _raise_over(self) -> None:
        if self._links == 0:
            self._raise_end()

    def _ended(self) -> None:
        self._wake_all()

    def _wake_all(self) -> None:
        self._queue.wake()
        if self._links == 0:
            self._format = None
            self._wake_volume()

    def _wake_volume(self) -> None:
        self._volume_changed.set()
        self._volume_changed = trio.Event()


class _Link:
    """One channel: its machine, its answers and its decoder."""

    def __init__(
        self,
        channel: MessageChannel,
        limits: Limits,
        accept: Callable[[Sequence[AudioFormat]], Sequence[AudioFormat]],
        quality: Quality,
    ) -> None:
        self.machine = RdpsndClient(accept=accept, quality=quality)
        self.outbox = Outbox(channel, limits.audio_answers)
        self.decoder = FormatDecoder()
        self._clock: int | None = None

    def timestamp(self, time_stamp: int) -> int:
        """A time stamp of 16 bits continued beyond them; it may go back a little."""
        if self._clock is None:
            self._clock = time_stamp
        else:
            self._clock += (time_stamp - self._clock + 0x8000 & 0xFFFF) - 0x8000
        return self._clock

    def confirmation(self, wave: WaveReceived) -> Callable[[], None]:
        """What tells the server, when it is called, that a wave is done with, and how long that took."""
        arrived = trio.current_time()

        def confirm() -> None:
            waited = round((trio.current_time() - arrived) * 1000)
            self.outbox.put(self.machine.confirm(wave, waited))

        return confirm
