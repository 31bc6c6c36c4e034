"""`AudioPlayback`: what a client hears, what it confirms and when, and how it ends."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Sequence

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.rdpsnd import (
    AudioFormat,
    ClientAudioFormatsAndVersion,
    Close,
    Pitch,
    ProtocolVersion,
    Quality,
    QualityMode,
    ServerAudioFormatsAndVersion,
    Training,
    TrainingConfirm,
    Volume,
    Wave2,
    WaveConfirm,
    format_of,
    split_wave,
)
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk
from trio_rdp.faces.audio.playback import AudioPlayback
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

PHONE = PcmFormat(8000, 1)
PCM = format_of(Encoding(Codec.PCM, PHONE))
ALAW = format_of(Encoding(Codec.ALAW, PHONE))
TENTH = bytes(1600)  # of a second
LIMITS = Limits()


class Server:
    """A server, message by message."""

    def __init__(self, channel: MessageChannel) -> None:
        self.channel = channel
        self.block = 0

    async def begin(self, *formats: AudioFormat) -> ClientAudioFormatsAndVersion:
        offer = ServerAudioFormatsAndVersion(version=ProtocolVersion.WAVE2, snd_formats=list(formats or (PCM,)))
        await self.channel.send(offer.encode())
        answer = ClientAudioFormatsAndVersion.decode(await self.channel.receive())
        QualityMode.decode(await self.channel.receive())
        return answer

    async def play(self, data: bytes = TENTH, *, stamp: int = 0, format_no: int = 0) -> int:
        self.block = (self.block + 1) % 256
        wave = Wave2(time_stamp=stamp, format_no=format_no, block_no=self.block, audio_time_stamp=5, data=data)
        await self.channel.send(wave.encode())
        return self.block

    async def confirmed(self) -> WaveConfirm:
        return WaveConfirm.decode(await self.channel.receive())


async def opened(nursery: trio.Nursery, playback: AudioPlayback, messages: int = 64) -> Server:
    ours, theirs = channel_pair("rdpsnd", messages=messages)
    nursery.start_soon(playback.run, ours)
    await playback.wait_open()
    return Server(theirs)


async def listen(playback: AudioPlayback) -> list[AudioChunk]:
    return [chunk async for chunk in playback]


async def test_listening(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    answer = await server.begin()
    assert answer.snd_formats == [PCM]
    assert playback.formats == (PCM,)
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    await server.play(b"\1\0" * 800, stamp=65_000)
    await trio.sleep(0.03)
    chunk = await playback.receive()
    assert chunk == AudioChunk(b"\1\0" * 800, PHONE, 65_000, 5, (1.0, 1.0))
    # The client's time went by, and the server hears how much of it.
    assert await server.confirmed() == WaveConfirm(time_stamp=65_030, confirmed_block_no=1)
    await server.play(stamp=200)
    assert (await playback.receive()).timestamp == 65_736
    assert playback.format == PHONE
    assert playback.is_playing
    await server.channel.send(Close().encode())
    await trio.testing.wait_all_tasks_blocked()
    assert not playback.is_playing
    await server.channel.aclose()
    assert await listen(playback) == []


async def test_waves_in_two_parts(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin()
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    for message in split_wave(TENTH, time_stamp=1, format_no=0, block_no=9):
        await server.channel.send(message.encode())
    chunk = await playback.receive()
    assert (chunk.data, chunk.source_timestamp) == (TENTH, None)
    assert (await server.confirmed()).confirmed_block_no == 9


async def test_nobody_listens(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin()
    for _ in range(300):
        block = await server.play()
        assert (await server.confirmed()).confirmed_block_no == block
    statistics = playback.statistics()
    assert (statistics.received, statistics.dropped, statistics.waiting) == (300, 300, 0)


async def test_who_listens_slowly_misses_the_oldest(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(Limits(audio_waiting=0.3))
    server = await opened(nursery, playback)
    await server.begin()
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    for number in range(10):
        await server.play(stamp=number)
    await trio.testing.wait_all_tasks_blocked()
    # What is dropped is confirmed.
    assert [(await server.confirmed()).confirmed_block_no for _ in range(7)] == [1, 2, 3, 4, 5, 6, 7]
    assert [(await playback.receive()).timestamp for _ in range(3)] == [7, 8, 9]
    statistics = playback.statistics()
    assert statistics.dropped == 7
    assert statistics.peak_waiting == pytest.approx(statistics.limit)


async def test_training(nursery: trio.Nursery) -> None:
    server = await opened(nursery, AudioPlayback(LIMITS))
    await server.begin()
    await server.channel.send(Training.carrying(bytes(100), time_stamp=3).encode())
    assert TrainingConfirm.decode(await server.channel.receive()) == TrainingConfirm(time_stamp=3, pack_size=108)


async def test_volume_and_pitch(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin()
    assert playback.volume == (1.0, 1.0)
    heard: list[tuple[float, float]] = []

    async def watch() -> None:
        with contextlib.suppress(ChannelClosed):
            while True:
                heard.append(await playback.wait_volume_changed())

    nursery.start_soon(watch)
    await trio.testing.wait_all_tasks_blocked()
    await server.channel.send(Volume.of(0, 0xFFFF).encode())
    await trio.testing.wait_all_tasks_blocked()
    await server.channel.send(Volume.of(0x3333, 0x3333).encode())
    await server.channel.send(Pitch(pitch=0x20000).encode())
    await trio.testing.wait_all_tasks_blocked()
    assert heard == [(0.0, 1.0), (0.2, 0.2)]
    assert playback.volume == (0.2, 0.2)
    assert playback.pitch == 2.0
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    await server.play()
    assert (await playback.receive()).volume == (0.2, 0.2)
    await server.channel.aclose()


async def test_choosing(nursery: trio.Nursery, caplog: pytest.LogCaptureFixture) -> None:
    def only_the_last(offered: Sequence[AudioFormat]) -> Sequence[AudioFormat]:
        return offered[-1:]

    def fail(offered: Sequence[AudioFormat]) -> Sequence[AudioFormat]:
        raise ZeroDivisionError("no")

    other = format_of(Encoding(Codec.PCM, PcmFormat(11_025, 1)))
    cases: list[tuple[Callable[[Sequence[AudioFormat]], Sequence[AudioFormat]], list[AudioFormat]]]
    cases = [(only_the_last, [other]), (fail, [])]
    for accept, expected in cases:
        playback = AudioPlayback(LIMITS, accept=accept, quality=Quality.MEDIUM)
        server = await opened(nursery, playback)
        assert (await server.begin(PCM, other)).snd_formats == expected
    assert "choosing audio formats failed" in caplog.text
    # Formats out of thin air cost the channel.
    playback = AudioPlayback(LIMITS, accept=lambda offered: [other])
    server = await opened(nursery, playback)
    await server.channel.send(ServerAudioFormatsAndVersion(version=ProtocolVersion.XP, snd_formats=[PCM]).encode())
    with pytest.raises(ChannelClosed, match="did not offer"):
        await playback.receive()


async def test_formats_may_change_with_every_wave(nursery: trio.Nursery) -> None:
    pytest.importorskip("av")
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin(PCM, ALAW)
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    for format_no, size in ((0, 1600), (1, 800), (0, 1600)):
        await server.play(b"\xd5" * size, format_no=format_no)
        assert len((await playback.receive()).data) == 1600


async def test_what_cannot_be_used_is_confirmed_and_counted(nursery: trio.Nursery) -> None:
    pytest.importorskip("av")
    aac = format_of(Encoding(Codec.AAC, PcmFormat(44_100, 2)))
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin(PCM, aac)
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    await server.play(bytes(9000), format_no=1)
    await server.play(format_no=2)
    await server.channel.send(b"\x77")
    for block in (1, 2):
        assert (await server.confirmed()).confirmed_block_no == block
    await server.play()
    assert (await playback.receive()).data == TENTH
    statistics = playback.statistics()
    assert (statistics.undecodable, statistics.ignored) == (1, 2)


async def test_a_static_and_a_dynamic_channel(nursery: trio.Nursery) -> None:
    """Iteration goes on while one of them is there."""
    playback = AudioPlayback(LIMITS)
    static = await opened(nursery, playback)
    dynamic = await opened(nursery, playback)
    await static.begin()
    await dynamic.begin()
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    await dynamic.play()
    await playback.receive()
    assert (await dynamic.confirmed()).confirmed_block_no == 1
    await dynamic.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert playback.is_open
    heard: list[AudioChunk] = []

    async def collect() -> None:
        heard.extend(await listen(playback))

    async with trio.open_nursery() as listening:
        listening.start_soon(collect)
        await static.play()
        assert (await static.confirmed()).confirmed_block_no == 1
        await static.channel.aclose()
    assert len(heard) == 1
    with pytest.raises(ChannelClosed, match="it was closed"):
        await playback.receive()


async def test_what_waits_is_heard_after_the_end(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin()
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    await server.play()
    await trio.testing.wait_all_tasks_blocked()
    await server.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert len(await listen(playback)) == 1


async def test_ends_that_are_not_clean(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(LIMITS)
    playback.unavailable("the server has no sound")
    with pytest.raises(LocalProtocolError, match="the server has no sound"):
        await listen(playback)
    playback = AudioPlayback(LIMITS)
    ours, _theirs = channel_pair("rdpsnd")
    nursery.start_soon(playback.run, ours)
    await playback.wait_open()
    ours.fail("it was too much")
    with pytest.raises(ChannelClosed, match="it was too much"):
        await listen(playback)
    playback = AudioPlayback(LIMITS)
    playback.session_ended(SessionClosed("the line was cut"))
    with pytest.raises(SessionClosed, match="the line was cut"):
        await playback.wait_volume_changed()


async def test_a_server_that_reads_nothing_meets_a_limit(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(Limits(audio_answers=16))
    server = await opened(nursery, playback, messages=4)
    await server.begin()
    with contextlib.suppress(trio.BrokenResourceError):
        for _ in range(100):
            await server.play()
    with pytest.raises(ChannelClosed, match="16 answers wait and the peer reads none"):
        await playback.receive()


async def test_cancelling_loses_nothing(nursery: trio.Nursery) -> None:
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin()
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    for checkpoint in range(4):
        async with cancelled_at(checkpoint) as scope:
            with trio.move_on_after(0.01):
                await playback.receive()
        assert playback.statistics().received == 0
        del scope
    await server.play(stamp=1)
    await trio.testing.wait_all_tasks_blocked()
    with trio.CancelScope() as cancelled:
        cancelled.cancel()
        await playback.receive()
    assert cancelled.cancelled_caught
    assert (await playback.receive()).timestamp == 1


async def test_any_bytes(nursery: trio.Nursery) -> None:
    source = random.Random(4)
    playback = AudioPlayback(LIMITS)
    server = await opened(nursery, playback)
    await server.begin()
    for _ in range(300):
        await server.channel.send(bytes([source.choice((2, 4, 7, 12, 13))]) + source.randbytes(source.randint(0, 40)))
        with trio.move_on_after(0):
            await server.channel.receive()
    assert playback.is_open
