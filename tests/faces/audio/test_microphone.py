"""`Microphone`: feeding a server's recordings, at their pace, and how that ends."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator

import numpy as np
import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.audin import (
    Data,
    FormatChange,
    IncomingData,
    Open,
    OpenReply,
    ProtocolVersion,
    SoundFormats,
    Version,
)
from trio_rdp.channels.rdpsnd import AudioFormat, format_of
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk
from trio_rdp.faces.audio.input import AudioInput
from trio_rdp.faces.audio.microphone import Microphone
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused, SessionClosed

PHONE = PcmFormat(8000, 1)
PCM = format_of(Encoding(Codec.PCM, PHONE))
WIDE = format_of(Encoding(Codec.PCM, PcmFormat(44_100, 2)))
LIMITS = Limits()


async def tones(count: int = 10, size: int = 1600) -> AsyncIterator[bytes]:
    for number in range(count):
        await trio.lowlevel.checkpoint()
        yield bytes([number % 256]) * size


class Server:
    """A server, message by message."""

    def __init__(self, channel: MessageChannel) -> None:
        self.channel = channel

    async def offer(self, *formats: AudioFormat) -> list[AudioFormat]:
        await self.channel.send(Version(version=ProtocolVersion.V1).encode())
        Version.decode(await self.channel.receive())
        await self.channel.send(SoundFormats(sound_formats=list(formats or (WIDE, PCM))).encode())
        IncomingData.decode(await self.channel.receive())
        return SoundFormats.decode(await self.channel.receive()).sound_formats

    async def open(self, frames: int = 800, number: int = 0) -> OpenReply:
        asked = Open(frames_per_packet=frames, initial_format=number, capture_format=PCM)
        await self.channel.send(asked.encode())
        message = await self.channel.receive()
        if message[0] == FormatChange.message_id:
            assert FormatChange.decode(message).new_format == number
            message = await self.channel.receive()
        return OpenReply.decode(message)

    async def hear(self) -> bytes:
        IncomingData.decode(await self.channel.receive())
        return Data.decode(await self.channel.receive()).data


async def opened(nursery: trio.Nursery, microphone: Microphone) -> Server:
    ours, theirs = channel_pair("AUDIO_INPUT")
    nursery.start_soon(microphone.run, ours)
    await trio.testing.wait_all_tasks_blocked()
    return Server(theirs)


async def fed(microphone: Microphone, rate: int = 8000) -> None:
    """Feed silence until the end."""

    async def silence() -> AsyncIterator[bytes]:
        while True:
            await trio.lowlevel.checkpoint()
            yield bytes(160)

    with contextlib.suppress(SessionClosed):
        await microphone.feed(silence(), rate=rate)


async def test_feeding(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)
    heard: list[bytes] = []
    times: list[float] = []

    async def serve() -> None:
        assert await server.offer() == [PCM]
        assert (await server.open(800)).result == 0
        assert microphone.is_recording
        assert microphone.format == PCM
        with contextlib.suppress(trio.EndOfChannel):
            while True:
                heard.append(await server.hear())
                times.append(trio.current_time())

    async with trio.open_nursery() as serving:
        serving.start_soon(serve)
        await microphone.feed(tones(10, 1500), rate=8000)
    assert [len(one) for one in heard] == [1600] * 9 + [600]
    assert b"".join(heard) == b"".join(bytes([number]) * 1500 for number in range(10))
    # It goes no faster than it sounds, but for what may be ahead.
    assert times[-1] - times[0] == pytest.approx(0.9 - LIMITS.audio_ahead, abs=0.11)
    assert microphone.statistics().packets == 10
    assert microphone.statistics().recordings == 1
    assert not microphone.is_recording
    assert microphone.format is None


async def test_nothing_is_said_before_something_is_fed(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)
    with trio.move_on_after(5) as silence:
        await server.offer()
    assert silence.cancelled_caught
    nursery.start_soon(fed, microphone)
    IncomingData.decode(await server.channel.receive())
    assert SoundFormats.decode(await server.channel.receive()).sound_formats == [PCM]
    nursery.cancel_scope.cancel()


async def test_both_faces(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    """A sine, once as PCM and once compressed, in two recordings of one source."""
    pytest.importorskip("av")
    from tests.codecs.test_audio import pitch_of

    microphone = Microphone(LIMITS)

    def request() -> None:
        ours, theirs = channel_pair("AUDIO_INPUT")
        nursery.start_soon(microphone.run, theirs)
        nursery.start_soon(recorder.run, ours)

    recorder = AudioInput(LIMITS, request)
    times = np.arange(48_000 * 20) / 48_000
    wave = (9000 * np.sin(2 * math.pi * 440 * times)).astype("<i2")

    async def sing() -> AsyncIterator[np.ndarray[tuple[int], np.dtype[np.int16]]]:
        for at in range(0, len(wave), 1000):
            await trio.lowlevel.checkpoint()
            yield wave[at : at + 1000]

    async def feed() -> None:
        await microphone.feed(sing(), rate=48_000, channels=1)

    nursery.start_soon(feed)
    for codec in (Codec.PCM, Codec.OPUS, Codec.AAC):
        expected = format_of(Encoding(codec, PcmFormat(48_000, 1)))
        heard: list[AudioChunk] = []
        async with recorder.open(
            rate=48_000,
            channels=1,
            choose=lambda candidates, wanted=expected: wanted,  # type: ignore[misc]
        ) as recording:
            assert microphone.format == expected
            while sum(chunk.seconds for chunk in heard) < 1:
                heard.append(await recording.receive())
        assert pitch_of(b"".join(chunk.data for chunk in heard), heard[0].format) == pytest.approx(440, abs=2)
    assert microphone.statistics().recordings == 3
    nursery.cancel_scope.cancel()


async def test_a_source_for_each_recording(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    log: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        log.append("begun")
        try:
            for _ in range(3):
                yield bytes(1600)
            await trio.sleep_forever()
        finally:
            log.append("ended")

    microphone = Microphone(LIMITS)

    async def feed() -> None:
        await microphone.feed(source, rate=8000)

    nursery.start_soon(feed)
    for number in range(2):
        server = await opened(nursery, microphone)
        await server.offer()
        assert len(log) == 2 * number
        await server.open(800)
        assert len(await server.hear()) == 1600
        assert len(log) == 2 * number + 1
        await server.channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert log == ["begun", "ended"] * (number + 1)
    nursery.cancel_scope.cancel()


async def test_a_source_that_ends_closes_its_channel(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    microphone = Microphone(LIMITS)

    async def feed() -> None:
        await microphone.feed(lambda: tones(1, 1600), rate=8000)

    nursery.start_soon(feed)
    for _ in range(2):
        server = await opened(nursery, microphone)
        await server.offer()
        await server.open(800)
        assert len(await server.hear()) == 1600
        with pytest.raises(trio.EndOfChannel):
            await server.channel.receive()
    nursery.cancel_scope.cancel()


async def test_another_format(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    pytest.importorskip("av")
    law = format_of(Encoding(Codec.MULAW, PHONE))
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)
    nursery.start_soon(fed, microphone)
    assert await server.offer(PCM, law) == [PCM, law]
    await server.open(160)
    assert len(await server.hear()) == 320
    await server.channel.send(FormatChange(new_format=1).encode())
    while (message := await server.channel.receive())[0] != FormatChange.message_id:
        pass
    assert FormatChange.decode(message).new_format == 1
    assert len(await server.hear()) == 160
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("asked", "size"), [(0, 320), (1, 80), (8000, 16_000), (0xFFFFFFFF, 16_000)])
async def test_packets_are_of_a_size_that_makes_sense(
    asked: int, size: int, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)
    nursery.start_soon(fed, microphone)
    await server.offer()
    await server.open(asked)
    assert len(await server.hear()) == size
    nursery.cancel_scope.cancel()


async def test_a_server_without_such_a_format(nursery: trio.Nursery) -> None:
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)
    nursery.start_soon(server.offer)
    with pytest.raises(RequestRefused, match="no format for 12345 samples a second of 1 channels"):
        await microphone.feed(tones(), rate=12_345)


async def test_one_at_a_time(nursery: trio.Nursery) -> None:
    microphone = Microphone(LIMITS)
    nursery.start_soon(fed, microphone)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(LocalProtocolError, match="fed already"):
        await microphone.feed(tones())
    nursery.cancel_scope.cancel()


async def test_what_the_source_raises_comes_out(nursery: trio.Nursery) -> None:
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)

    async def broken() -> AsyncIterator[bytes]:
        raise ZeroDivisionError("mine")
        yield b""

    async def serve() -> None:
        await server.offer()
        await server.open()

    async with trio.open_nursery() as serving:
        serving.start_soon(serve)
        with pytest.raises(ZeroDivisionError):
            await microphone.feed(broken(), rate=8000)
    # The server does not wait for sound that will not come.
    with pytest.raises(trio.EndOfChannel):
        await server.channel.receive()


async def test_asked_when_nothing_is_fed_any_more(nursery: trio.Nursery) -> None:
    microphone = Microphone(LIMITS)
    ours, theirs = channel_pair("AUDIO_INPUT")
    nursery.start_soon(microphone.run, ours)
    server = Server(theirs)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as feeding:
            feeding.start_soon(fed, microphone)
            await server.offer()
            scope.cancel()
    with pytest.raises(trio.EndOfChannel):
        await server.channel.receive()


async def test_cancelled_at_every_checkpoint(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    """The channel is closed then, and the next one is fed as if nothing had been."""
    microphone = Microphone(LIMITS)
    for checkpoint in range(100):
        server = await opened(nursery, microphone)

        async def serve(server: Server = server) -> None:
            with contextlib.suppress(trio.EndOfChannel, trio.ClosedResourceError, trio.BrokenResourceError):
                await server.offer()
                await server.open(160)
                while True:
                    await server.hear()

        async with trio.open_nursery() as serving:
            serving.start_soon(serve)
            async with cancelled_at(checkpoint) as scope:
                await microphone.feed(tones(2, 1600), rate=8000)
            await trio.testing.wait_all_tasks_blocked()
            assert not microphone.is_recording
            await server.channel.aclose()
            serving.cancel_scope.cancel()
        if not scope.cancelled_caught:
            break
    assert 3 < checkpoint < 99


async def test_no_channel_and_no_session(nursery: trio.Nursery) -> None:
    microphone = Microphone(LIMITS)
    microphone.unavailable("it was not asked for")
    with pytest.raises(LocalProtocolError, match="it was not asked for"):
        await microphone.feed(tones())
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)
    await server.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed):
        await microphone.wait_open()

    async def end() -> None:
        microphone.session_ended(SessionClosed("the line was cut"))

    # The end of a channel is no end of feeding; that of the session is.
    microphone = Microphone(LIMITS)
    nursery.start_soon(end)
    with pytest.raises(SessionClosed, match="the line was cut"):
        await microphone.feed(tones())


async def test_a_server_that_reads_nothing(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    microphone = Microphone(LIMITS)
    server = await opened(nursery, microphone)
    nursery.start_soon(fed, microphone)
    await server.offer()
    await server.open(160)
    await trio.sleep(60)
    # What it does not take is not asked of the source.
    assert microphone.statistics().packets < 40
    await server.channel.aclose()
    nursery.cancel_scope.cancel()
