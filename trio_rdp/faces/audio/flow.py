"""What sound flows through between a channel and its user: `AudioChunk`, a queue that drops, a pace, and answers."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.formats import encoding_of
from trio_rdp.codecs.audio import Decoder, PcmFormat, can_decode
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.wire.errors import DecodeError, SessionClosed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ROUNDING", "AudioChunk", "FormatDecoder", "Outbox", "Pace", "SoundQueue"]

_log = logging.getLogger(__name__)

_MOST_CHUNKS = 256
"""Chunks in a queue, however short they are: there are no more numbers for what waits to be confirmed."""

ROUNDING = 1e-6
"""Seconds by which sums of durations may be off."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of sound: `data` are samples of signed 16 bits, little-endian, as `format` says.

    `timestamp` is the peer's, in milliseconds from any point; it goes on where the protocol's begins again.
    `source_timestamp` is when the peer heard the sound, where it says so.  `volume` is how loud the peer wants the left
    and the right channel, from 0.0 to 1.0 as one hears it; `data` are not changed by it.
    """

    data: bytes
    format: PcmFormat
    timestamp: int = 0
    source_timestamp: int | None = None
    volume: tuple[float, float] = (1.0, 1.0)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.format.seconds(len(self.data))

    def samples(self) -> NDArray[np.int16]:
        """The samples as an array of (frames, channels), which cannot be written to."""
        import numpy as np

        array: NDArray[Any] = np.frombuffer(self.data, "<i2")
        return array.reshape(-1, self.format.channels)


class FormatDecoder:
    """Decodes sound whose format may change at any time."""

    def __init__(self) -> None:
        self._format: AudioFormat | None = None
        self._decoder: Decoder | None = None

    def decode(self, audio_format: AudioFormat, data: bytes) -> tuple[bytes, PcmFormat]:
        """The samples, and what they are; raises `DecodeError` where there are none, or no decoder for them."""
        if self._decoder is None or audio_format != self._format:
            encoding = encoding_of(audio_format)
            if encoding is None or not can_decode(encoding):
                raise DecodeError(f"there is no decoder for {audio_format}")
            self._format, self._decoder = audio_format, Decoder(encoding)
        return self._decoder.decode(data), self._decoder.encoding.pcm


class SoundQueue:
    """Chunks that wait for a reader, for at most `limit` seconds of sound; beyond it the oldest are dropped.

    Until somebody has asked for a chunk, all are dropped at once.  `done` is called for each that is taken or dropped.
    """

    def __init__(self, limit: float) -> None:
        self.limit: float = limit
        self._chunks: deque[tuple[AudioChunk, Callable[[], None] | None]] = deque()
        self._arrived = trio.Event()
        self.is_wanted: bool = False
        self.received: int = 0
        self.dropped: int = 0
        self.seconds: float = 0.0
        self.peak_seconds: float = 0.0

    def put(self, chunk: AudioChunk, done: Callable[[], None] | None = None) -> None:
        """Add a chunk, and drop what is too old then."""
        self.received += 1
        self._chunks.append((chunk, done))
        self.seconds += chunk.seconds
        while self._chunks and (
            not self.is_wanted
            or len(self._chunks) > _MOST_CHUNKS
            or (self.seconds > self.limit + ROUNDING and len(self._chunks) > 1)
        ):
            self._take()
            self.dropped += 1
        self.peak_seconds = max(self.peak_seconds, self.seconds)
        if self._chunks:
            self.wake()

    def get(self) -> AudioChunk | None:
        """The oldest chunk, if one waits."""
        self.is_wanted = True
        return self._take() if self._chunks else None

    async def wait(self) -> None:
        """Wait until there may be a chunk, or an end."""
        await self._arrived.wait()

    def wake(self) -> None:
        """Let who waits look again."""
        self._arrived.set()
        self._arrived = trio.Event()

    def _take(self) -> AudioChunk:
        chunk, done = self._chunks.popleft()
        self.seconds = self.seconds - chunk.seconds if self._chunks else 0.0
        if done is not None:
            done()
        return chunk


class Pace:
    """How far sound may run ahead of the clock: by `lead` seconds of it."""

    def __init__(self, lead: float) -> None:
        self._lead = lead
        self._until = 0.0  # when all that was let through will have been played

    def ahead(self, now: float) -> float:
        """How much of what was let through is not played yet."""
        return max(0.0, self._until - now)

    def ready_at(self, seconds: float) -> float:
        """From when on so much more may be let through; more than the whole lead may when nothing is ahead."""
        return self._until - max(0.0, self._lead - seconds)

    def let_through(self, seconds: float, now: float) -> None:
        """Count what is let through."""
        self._until = max(self._until, now) + seconds


class Outbox:
    """Messages on their way to a channel, in order; `put` never waits.

    More than `limit` of them can only be answers to a peer that reads none of them: the channel is given up then.
    """

    def __init__(self, channel: MessageChannel, limit: int) -> None:
        self._channel = channel
        self._limit = limit
        self._messages: deque[bytes] = deque()
        self._changed = trio.Event()

    @property
    def is_empty(self) -> bool:
        """Whether the channel has taken all messages."""
        return not self._messages

    def put(self, *messages: bytes) -> None:
        """Send these, with nothing between them."""
        if len(self._messages) + len(messages) > self._limit:
            reason = f"{len(self._messages)} answers wait and the peer reads none"
            _log.warning("channel %s is given up: %s", self._channel.name, reason)
            self._channel.fail(reason)
            return
        self._messages.extend(messages)
        self._changed.set()

    async def run(self, emptied: Callable[[], None] = lambda: None) -> None:
        """Send what is put, and call `emptied` when all is; ends with the channel, whose receiver says why."""
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError, SessionClosed):
            while True:
                while self._messages:
                    await self._channel.send(self._messages[0])
                    self._messages.popleft()
                emptied()
                await self._changed.wait()
                self._changed = trio.Event()
