"""`AudioInput`: recordings of a client's microphone, one after the other, and how they end."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from functools import partial

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
from trio_rdp.faces.audio.input import AudioInput, Recording
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, DeadlineExceeded, LocalProtocolError, RequestRefused, SessionClosed

PHONE = PcmFormat(8000, 1)
PCM = format_of(Encoding(Codec.PCM, PHONE))
WIDE = format_of(Encoding(Codec.PCM, PcmFormat(44_100, 2)))
LIMITS = Limits()
TENTH = bytes(1600)


class Client:
    """A client that takes the channels which a server opens, message by message."""

    def __init__(self, nursery: trio.Nursery, limits: Limits = LIMITS) -> None:
        self.nursery = nursery
        self.requests = 0
        self.microphone = AudioInput(limits, self.request)
        self.arriving, self.arrived = trio.open_memory_channel[MessageChannel](10)

    def request(self) -> None:
        self.requests += 1
        ours, theirs = channel_pair("AUDIO_INPUT")
        self.nursery.start_soon(self.microphone.run, ours)
        self.arriving.send_nowait(theirs)

    async def name(self, *formats: AudioFormat) -> MessageChannel:
        """Take the next channel, and name formats."""
        channel = await self.arrived.receive()
        Version.decode(await channel.receive())
        await channel.send(Version(version=ProtocolVersion.V2).encode())
        SoundFormats.decode(await channel.receive())
        await channel.send(IncomingData().encode())
        await channel.send(SoundFormats(sound_formats=list(formats or (PCM, WIDE))).encode())
        return channel

    async def record(self, *formats: AudioFormat, result: int = 0) -> MessageChannel:
        """Go on until the server may have sound."""
        channel = await self.name(*formats)
        asked = Open.decode(await channel.receive())
        await channel.send(FormatChange(new_format=asked.initial_format).encode())
        await channel.send(OpenReply(result=result).encode())
        return channel


@contextlib.asynccontextmanager
async def recording(
    nursery: trio.Nursery, limits: Limits = LIMITS
) -> AsyncIterator[tuple[Client, Recording, MessageChannel]]:
    client = Client(nursery, limits)
    channels: list[MessageChannel] = []

    async def answer() -> None:
        channels.append(await client.record())

    nursery.start_soon(answer)
    async with client.microphone.open(rate=8000) as opened:
        yield client, opened, channels[0]


async def test_recording(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with recording(nursery) as (client, opened, channel):
        assert opened.format == PCM
        assert opened.formats == (PCM, WIDE)
        await trio.sleep(1.5)
        await channel.send(IncomingData().encode())
        await channel.send(Data(data=b"\1\0\2\0").encode())
        assert await opened.receive() == AudioChunk(b"\1\0\2\0", PHONE, int(trio.current_time() * 1000))
        await channel.aclose()
        assert [chunk async for chunk in opened] == []
        with pytest.raises(ChannelClosed, match="it was closed"):
            await opened.receive()
    assert client.requests == 1


async def test_leaving_closes_the_channel_and_another_may_follow(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    for number in range(3):
        nursery.start_soon(client.record)
        async with client.microphone.open(rate=44_100, channels=2) as opened:
            assert opened.format == WIDE
            with pytest.raises(LocalProtocolError, match="another recording"):
                async with client.microphone.open():
                    pass
        assert client.requests == number + 1
    await trio.testing.wait_all_tasks_blocked()
    assert not client.microphone.is_open


async def test_who_listens_slowly_misses_the_oldest(nursery: trio.Nursery) -> None:
    async with recording(nursery, Limits(audio_waiting=0.3)) as (_, opened, channel):
        for number in range(10):
            await channel.send(Data(data=bytes([number]) * 1600).encode())
        await trio.testing.wait_all_tasks_blocked()
        assert [(await opened.receive()).data[0] for _ in range(3)] == [7, 8, 9]
        statistics = opened.statistics()
        assert (statistics.received, statistics.dropped) == (10, 7)
        assert statistics.peak_waiting == pytest.approx(statistics.limit)


async def test_formats_that_do_not_meet(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    nursery.start_soon(client.name)
    with pytest.raises(RequestRefused, match="no format for 16000 samples a second of 1 channels"):
        async with client.microphone.open(rate=16_000):
            pass
    nursery.start_soon(client.name)
    with pytest.raises(RequestRefused, match="no format"):
        async with client.microphone.open(rate=8000, choose=lambda candidates: None):
            pass
    nursery.start_soon(client.name)
    with pytest.raises(LocalProtocolError, match="not among the formats"):
        async with client.microphone.open(rate=8000, choose=lambda candidates: WIDE):
            pass


async def test_the_client_cannot_record(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    nursery.start_soon(partial(client.record, result=0x80070005))
    with pytest.raises(RequestRefused, match="0x80070005") as caught:
        async with client.microphone.open(rate=8000):
            pass
    assert caught.value.code == 0x80070005


async def test_another_format(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with recording(nursery) as (_, opened, channel):

        async def change() -> None:
            message = await channel.receive()
            await channel.send(Data(data=TENTH).encode())
            await channel.send(message)
            await channel.send(Data(data=TENTH).encode())

        nursery.start_soon(change)
        await opened.change_format(WIDE)
        assert opened.format == WIDE
        assert [(await opened.receive()).format for _ in range(2)] == [PHONE, PcmFormat(44_100, 2)]
        with pytest.raises(LocalProtocolError, match="not among"):
            await opened.change_format(format_of(Encoding(Codec.PCM, PcmFormat(9000, 1))))
        with pytest.raises(DeadlineExceeded):
            await opened.change_format(PCM)
        await channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ChannelClosed):
            await opened.change_format(PCM)


async def test_what_cannot_be_decoded_is_counted(nursery: trio.Nursery) -> None:
    pytest.importorskip("av")
    opus = format_of(Encoding(Codec.OPUS, PcmFormat(48_000, 1)))
    client = Client(nursery)
    channels: list[MessageChannel] = []

    async def answer() -> None:
        channels.append(await client.record(opus))

    nursery.start_soon(answer)
    async with client.microphone.open(rate=48_000) as opened:
        await channels[0].send(Data(data=b"\xff\xff\xff\xff").encode())
        await trio.testing.wait_all_tasks_blocked()
        assert opened.statistics().undecodable == 1


async def test_a_client_that_never_answers(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    client = Client(nursery, Limits(audio_negotiation=3.0))
    with pytest.raises(DeadlineExceeded, match="opening the microphone"):
        async with client.microphone.open():
            pass
    assert trio.current_time() == pytest.approx(3.0)


async def test_a_client_without_a_microphone() -> None:
    def refuse() -> None:
        microphone.unavailable("nobody listens")

    microphone = AudioInput(LIMITS, refuse)
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match="channel AUDIO_INPUT: nobody listens"):
            async with microphone.open():
                pass


async def test_the_session_ends(nursery: trio.Nursery) -> None:
    async with recording(nursery) as (client, opened, channel):
        client.microphone.session_ended(SessionClosed("the line was cut"))
        await channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(SessionClosed, match="the line was cut"):
            await opened.receive()
    with pytest.raises(SessionClosed, match="the line was cut"):
        async with client.microphone.open():
            pass


async def test_the_client_breaks_the_channel(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    ours, theirs = channel_pair("AUDIO_INPUT")
    client.request = lambda: nursery.start_soon(client.microphone.run, ours)  # type: ignore[method-assign]
    client.microphone._request = client.request
    client.arriving.send_nowait(theirs)
    nursery.start_soon(client.record)
    async with client.microphone.open(rate=8000) as opened:
        ours.fail("it was too much")
        with pytest.raises(ChannelClosed, match="it was too much"):
            async for _ in opened:
                pass


async def test_cancelling_while_it_opens(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    """At any checkpoint; a channel that comes too late is closed, and the next recording has one of its own."""
    client = Client(nursery)

    async def answer_all() -> None:
        while True:
            with contextlib.suppress(trio.EndOfChannel, trio.ClosedResourceError, trio.BrokenResourceError):
                await client.record()

    nursery.start_soon(answer_all)
    for checkpoint in range(100):
        async with cancelled_at(checkpoint) as scope, client.microphone.open(rate=8000):
            pass
        await trio.testing.wait_all_tasks_blocked()
        assert not client.microphone.is_open
        if not scope.cancelled_caught:
            break
    assert 1 < checkpoint < 50
    nursery.cancel_scope.cancel()


async def test_a_request_that_was_cancelled_is_not_repeated(nursery: trio.Nursery) -> None:
    requests: list[None] = []
    microphone = AudioInput(LIMITS, lambda: requests.append(None))
    for _ in range(3):
        with trio.move_on_after(0):
            async with microphone.open():
                pass
    with trio.move_on_after(0.01):
        async with microphone.open():
            pass
    assert len(requests) == 1
    ours, theirs = channel_pair("AUDIO_INPUT")
    nursery.start_soon(microphone.run, ours)
    await trio.testing.wait_all_tasks_blocked()
    assert not microphone.is_open
    async for message in theirs:
        Version.decode(message)


async def test_any_bytes(nursery: trio.Nursery) -> None:
    source = random.Random(4)
    async with recording(nursery) as (client, _, channel):
        for _ in range(300):
            await channel.send(bytes([source.randint(0, 8)]) + source.randbytes(source.randint(0, 40)))
            with trio.move_on_after(0):
                await channel.receive()
        assert client.microphone.is_open


async def test_what_no_microphone_has(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    for rate, channels in ((0, 1), (-1, 1), (44_100, 0)):
        with pytest.raises(ValueError, match="samples a second"):
            async with client.microphone.open(rate=rate, channels=channels):
                pass
    assert client.requests == 0
