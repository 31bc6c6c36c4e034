"""`AudioStream`: one stream of sound that a server plays, paced by the clock and by what its client confirms."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import trio

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.data import WAVE_DATA_LIMIT
from trio_rdp.channels.rdpsnd.formats import best_format, encodable_formats, encoding_of
from trio_rdp.channels.rdpsnd.header import CHANNEL_NAME
from trio_rdp.channels.rdpsnd.server import BLOCKS, RdpsndServer
from trio_rdp.codecs.audio import Encoder, PcmFormat, Samples, samples_view
from trio_rdp.faces.audio.flow import ROUNDING, Outbox, Pace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, DeadlineExceeded, LocalProtocolError, RequestRefused

__all__ = ["AudioOutputStatistics", "AudioStream", "OutputLink"]

# Seconds.  xfreerdp 2.11 drops what comes while two waves of that length wait, so short ones suffer from any jitter.
_WAVE = 0.05
_LEAST_WAVE = 5  # bytes, [MS-RDPEA] 3.3.5.2.1.1


@dataclass(frozen=True, slots=True)
class AudioOutputStatistics:
    """What was sent: waves, those that the client confirmed, and those that it did not in `Limits.audio_confirmation`.

    `unconfirmed` and `peak_unconfirmed` are seconds of sound, `limit` their bound.  `round_trip` is how many seconds
    the latest confirmed wave took to come to the client and be played, or taken over, there; None before the first.
    """

    waves: int
    confirmed: int
    lost: int
    unconfirmed: float
    peak_unconfirmed: float
    limit: float
    round_trip: float | None


@dataclass(slots=True)
class _Sent:
    """A wave that is not confirmed."""

    block_no: int
    seconds: float
    at: float


class AudioStream:
    """Sound on its way to the client.

    What is sent runs ahead of the clock by at most `Limits.audio_ahead`, and `Limits.audio_unconfirmed` bounds what the
    client has not confirmed: `send` waits.  A wave that is not confirmed in `Limits.audio_confirmation` counts as lost;
    a client that has never confirmed any is paced by the clock alone.
    """

    def __init__(
        self,
        pcm: PcmFormat,
        choose: Callable[[Sequence[AudioFormat]], AudioFormat | None] | None,
        limits: Limits,
        raise_end: Callable[[], None],
    ) -> None:
        self._raise_end = raise_end
        self._pcm = pcm
        self._choose = choose
        self._limits = limits
        self._link: OutputLink | None = None
        self._pace = Pace(limits.audio_ahead)
        self._changed = trio.Event()
        self._is_sending = False
        self._unconfirmed: deque[_Sent] = deque()
        self._seconds = 0.0
        self._peak = 0.0
        self._waves = self._confirmations = self._lost = 0
        self._round_trip: float | None = None

    @property
    def format(self) -> AudioFormat:
        """How the sound goes to the client."""
        return self._format

    @property
    def pcm_format(self) -> PcmFormat:
        """How `send` wants it."""
        return self._pcm

    async def send(self, pcm: Samples, *, timestamp: int | None = None) -> None:
        """Send samples, in any number; returns when all but the last few, which wait for more, are on their way.

        `timestamp` is when the first was heard, in milliseconds of any clock, by default that of this moment in Trio's.
        Cancelling may leave a part of them unsent.

        Raises `ChannelClosed` or `SessionClosed` after the end, `RequestRefused` when the client does not take the
        format any more, and `trio.BusyResourceError` while another task sends.
        """
        await trio.lowlevel.checkpoint()
        with self._alone():
            self._check()
            # In turns, so that what is cancelled has not been encoded, and is not sent with the next.
            data = samples_view(pcm)
            size = self._encoder.frames * self._pcm.frame_size
            start = self._milliseconds() if timestamp is None else timestamp
            for at in range(0, len(data), size):
                stamp = start + round(self._pcm.seconds(at) * 1000)
                for packet in self._encoder.encode(data[at : at + size]):
                    await self._room(self._encoder.seconds)
                    self._put(packet, stamp)

    def send_nowait(self, pcm: Samples, *, timestamp: int | None = None) -> None:
        """Send samples, or raise `trio.WouldBlock` where `send` would wait, and send none; else as `send` does.

        Live sound that finds no room is best dropped: it would only be late.  More than `Limits.audio_ahead` finds room
        when all is played that was sent.
        """
        with self._alone():
            data = samples_view(pcm)
            self._check()
            if self._held_until(self._pcm.seconds(len(data))) is not None:
                raise trio.WouldBlock
            stamp = self._milliseconds() if timestamp is None else timestamp
            for packet in self._encoder.encode(data):
                self._put(packet, stamp)

    # What follows is for `AudioOutput`.

    def attach(self, link: OutputLink) -> None:
        self._link = link
        self._format = self._chosen(link.machine.formats)
        encoding = encoding_of(self._format)
        if encoding is None:
            raise LocalProtocolError(f"{self._format} cannot be encoded here")
        frames = min(round(self._pcm.rate * _WAVE), WAVE_DATA_LIMIT // self._pcm.frame_size)
        self._encoder = Encoder(encoding, frames)

    def _chosen(self, formats: Sequence[AudioFormat]) -> AudioFormat:
        link = self._link
        if not formats or link is None:
            raise RequestRefused("the client takes no sound")
        candidates = encodable_formats(formats, self._pcm)
        if self._choose is None:
            chosen = best_format(candidates, link.machine.quality)
        else:
            chosen = self._choose(candidates)
            if chosen is not None and chosen not in candidates:
                raise LocalProtocolError(f"{chosen} is not among the formats to choose from")
        if chosen is None:
            what = f"{self._pcm.rate} samples a second of {self._pcm.channels} channels"
            raise RequestRefused(f"the client has no format for {what}")
        return chosen

    @property
    def has_sent(self) -> bool:
        """Whether any wave was sent."""
        return self._waves > 0

    def detach(self) -> None:
        self._link = None
        self.wake()

    async def finish(self) -> None:
        """Send what waits in the encoder, and wait until all is played."""
        for packet in self._encoder.flush():
            await self._room(self._encoder.seconds)
            self._put(packet, self._milliseconds())
        while True:
            self._check()
            until = self._expire()
            ahead = self._pace.ahead(trio.current_time())
            if not self._unconfirmed and ahead <= ROUNDING:
                return
            await self._wait(until if self._unconfirmed else trio.current_time() + ahead)

    def confirmed(self, block_nos: Sequence[int]) -> None:
        now = trio.current_time()
        while self._unconfirmed and self._unconfirmed[0].block_no in block_nos:
            sent = self._unconfirmed.popleft()
            self._confirmations += 1
            self._round_trip = now - sent.at
        self._seconds = sum(sent.seconds for sent in self._unconfirmed)
        self.wake()

    def formats_changed(self) -> None:
        """The client named other formats: what it has not confirmed will not be."""
        self._unconfirmed.clear()
        self._seconds = 0.0
        self.wake()

    def wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def count(self, totals: AudioOutputStatistics) -> AudioOutputStatistics:
        return AudioOutputStatistics(
            totals.waves + self._waves,
            totals.confirmed + self._confirmations,
            totals.lost + self._lost,
            self._seconds,
            max(totals.peak_unconfirmed, self._peak),
            self._limits.audio_unconfirmed,
            totals.round_trip if self._round_trip is None else self._round_trip,
        )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        if self._is_sending:
            raise trio.BusyResourceError("another task sends")
        self._is_sending = True
        try:
            yield
        finally:
            self._is_sending = False

    async def _room(self, seconds: float) -> None:
        """Wait until so much sound may be sent."""
        while True:
            self._check()
            until = self._held_until(seconds)
            if until is None:
                return
            await self._wait(until)

    def _held_until(self, seconds: float) -> float | None:
        """When to look again whether there is room for so much sound; None when there is."""
        now = trio.current_time()
        expiry = self._expire()
        is_full = bool(self._unconfirmed) and self._seconds + seconds > self._limits.audio_unconfirmed + ROUNDING
        if (is_full and (self._confirmations or not self._lost)) or len(self._unconfirmed) >= BLOCKS - 1:
            return expiry
        if self._link is not None and not self._link.outbox.is_empty:
            return now + self._limits.audio_confirmation  # the outbox wakes this task
        ready = self._pace.ready_at(seconds)
        return ready if ready > now + ROUNDING else None

    async def _wait(self, until: float) -> None:
        with trio.move_on_at(until):
            await self._changed.wait()

    def _check(self) -> None:
        """Raise why nothing can be sent any more, if that is so."""
        link = self._link
        if link is None:
            raise LocalProtocolError("the stream was left")
        if link.is_over:
            self._raise_end()
            raise ChannelClosed(CHANNEL_NAME, "it was opened anew")
        if self._format not in link.machine.formats:
            raise RequestRefused("the client does not take this format any more")

    def _expire(self) -> float:
        """Count waves as lost that were not confirmed in time; gives when the next will be."""
        now, limit = trio.current_time(), self._limits.audio_confirmation
        while self._unconfirmed and self._unconfirmed[0].at + limit <= now:
            sent = self._unconfirmed.popleft()
            self._seconds -= sent.seconds
            self._lost += 1
            if self._link is not None:
                self._link.machine.forget(sent.block_no)
        return self._unconfirmed[0].at + limit if self._unconfirmed else now + limit

    def _put(self, packet: bytes, stamp: int) -> None:
        """Send one wave."""
        link = self._link
        if link is None or len(packet) < _LEAST_WAVE:
            return  # no packet of sound is as short; Opus makes such of silence
        machine = link.machine
        now = trio.current_time()
        number = machine.formats.index(self._format)
        messages = machine.wave(packet, number, time_stamp=self._milliseconds(), audio_time_stamp=stamp)
        link.outbox.put(*messages)
        seconds = self._encoder.seconds
        self._unconfirmed.append(_Sent(machine.unconfirmed[-1], seconds, now))
        self._seconds += seconds
        self._peak = max(self._peak, self._seconds)
        self._pace.let_through(seconds, now)
        self._waves += 1

    @staticmethod
    def _milliseconds() -> int:
        return int(trio.current_time() * 1000)


class OutputLink:
    """One channel: its machine, its messages, and how it ended."""

    def __init__(self, channel: MessageChannel, formats: Sequence[AudioFormat], limits: Limits) -> None:
        self.machine: RdpsndServer = RdpsndServer(formats)
        self.outbox: Outbox = Outbox(channel, limits.audio_answers)
        self.is_over = False
        self._begun = trio.Event()
        self._settled = trio.Event()

    def begin(self) -> None:
        """Offer the formats."""
        self.outbox.put(self.machine.start(time_stamp=int(trio.current_time() * 1000)))
        self._settled = trio.Event()
        self._begun.set()

    def settle(self) -> None:
        """The client is ready."""
        self._settled.set()

    async def watch(self, seconds: float) -> None:
        """Give the channel up when the client does not answer an offer."""
        while True:
            await self._begun.wait()
            self._begun = trio.Event()
            with trio.move_on_after(seconds) as waiting:
                await self._settled.wait()
            if waiting.cancelled_caught:
                raise DeadlineExceeded("agreeing on audio formats", seconds)
