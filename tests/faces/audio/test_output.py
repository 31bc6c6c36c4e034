"""`AudioOutput`: agreeing with a client, streams one after the other, settings, and ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import trio
import trio.testing

from tests.faces.audio.test_playback import listen
from trio_rdp.channels.rdpsnd import (
    AudioFormat,
    ClientAudioFormatsAndVersion,
    Close,
    FormatTag,
    ProtocolVersion,
    Quality,
    QualityMode,
    ServerAudioFormatsAndVersion,
    SoundCapabilities,
    Training,
    TrainingConfirm,
    Volume,
    Wave2,
    format_of,
)
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk
from trio_rdp.faces.audio.output import AudioOutput
from trio_rdp.faces.audio.playback import AudioPlayback
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused, SessionClosed

CD = PcmFormat(44_100, 2)
PCM = format_of(Encoding(Codec.PCM, CD))
LIMITS = Limits()
ALIVE = SoundCapabilities(SoundCapabilities.ALIVE | SoundCapabilities.VOLUME)


def sine(seconds: float = 0.1, pcm: PcmFormat = CD) -> bytes:
    times = np.arange(round(pcm.rate * seconds)) / pcm.rate
    wave = (9000 * np.sin(2 * math.pi * 440 * times)).astype("<i2")
    return np.repeat(wave[:, None], pcm.channels, axis=1).tobytes()


class Client:
    """A client, message by message."""

    def __init__(self, channel: MessageChannel) -> None:
        self.channel = channel

    async def agree(self, *formats: AudioFormat, flags: SoundCapabilities = ALIVE, version: int = 8) -> None:
        ServerAudioFormatsAndVersion.decode(await self.channel.receive())
        await self.name(*formats, flags=flags, version=version)
        training = Training.decode(await self.channel.receive())
        confirm = TrainingConfirm(time_stamp=training.time_stamp, pack_size=training.pack_size)
        await self.channel.send(confirm.encode())

    async def name(self, *formats: AudioFormat, flags: SoundCapabilities = ALIVE, version: int = 8) -> None:
        answer = ClientAudioFormatsAndVersion(
            flags=flags, version=ProtocolVersion(version), snd_formats=list(formats or (PCM,))
        )
        await self.channel.send(answer.encode())


async def opened(nursery: trio.Nursery, output: AudioOutput) -> Client:
    ours, theirs = channel_pair("rdpsnd")
    nursery.start_soon(output.run, ours)
    await trio.testing.wait_all_tasks_blocked()
    return Client(theirs)


async def play(
    nursery: trio.Nursery, output: AudioOutput, playback: AudioPlayback
) -> tuple[MessageChannel, MessageChannel]:
    """Both faces, connected."""
    ours, theirs = channel_pair("rdpsnd")
    nursery.start_soon(output.run, ours)
    nursery.start_soon(playback.run, theirs)
    await output.wait_open()
    await playback.wait_open()
    return ours, theirs


async def test_from_a_server_to_a_client(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    output, playback = AudioOutput(LIMITS), AudioPlayback(Limits(audio_waiting=30))
    ours, _ = await play(nursery, output, playback)
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    heard: list[AudioChunk] = []

    async def collect() -> None:
        heard.extend(await listen(playback))

    nursery.start_soon(collect)
    sound = sine(3.0)
    started = trio.current_time()
    async with output.open(rate=44_100, channels=2) as stream:
        assert stream.format == PCM
        assert stream.pcm_format == CD
        await stream.send(sound)
    # It takes as long as it lasts: neither less nor much more.
    assert trio.current_time() - started == pytest.approx(3.0, abs=0.05)
    await trio.testing.wait_all_tasks_blocked()
    assert not playback.is_playing
    await ours.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert b"".join(chunk.data for chunk in heard) == sound
    stamps = [chunk.timestamp for chunk in heard]
    assert stamps == sorted(stamps)
    assert stamps[-1] - stamps[0] == pytest.approx(2850, abs=60)
    sources = [chunk.source_timestamp or 0 for chunk in heard]
    assert sources[-1] - sources[0] == pytest.approx(2950, abs=5)
    statistics = output.statistics()
    assert statistics.waves == statistics.confirmed == 60
    assert (statistics.lost, statistics.unconfirmed) == (0, 0)
    assert statistics.peak_unconfirmed <= statistics.limit + 0.001
    assert statistics.round_trip is not None


@pytest.mark.parametrize("tag", [FormatTag.AAC, FormatTag.OPUS, FormatTag.PCM])
async def test_in_any_format(tag: FormatTag, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    pytest.importorskip("av")
    from tests.codecs.test_audio import pitch_of

    output, playback = AudioOutput(LIMITS), AudioPlayback(Limits(audio_waiting=30))
    await play(nursery, output, playback)
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    pcm = PcmFormat(48_000, 2)

    def choose(candidates: Sequence[AudioFormat]) -> AudioFormat | None:
        return next(item for item in candidates if item.format_tag == tag)

    async with output.open(rate=48_000, channels=2, choose=choose) as stream:
        assert stream.format.format_tag == tag
        await stream.send(sine(1.0, pcm))
    await trio.testing.wait_all_tasks_blocked()
    data = b"".join(playback.receive_nowait().data for _ in range(output.statistics().waves))
    assert pitch_of(data, pcm) == pytest.approx(440, abs=2)
    assert 0.95 < pcm.seconds(len(data)) < 1.1


async def test_a_client_chooses_the_quality(nursery: trio.Nursery) -> None:
    pytest.importorskip("av")
    output, playback = AudioOutput(LIMITS), AudioPlayback(LIMITS, quality=Quality.MEDIUM)
    await play(nursery, output, playback)
    async with output.open(rate=48_000, channels=2) as stream:
        assert output.quality == Quality.MEDIUM
        assert stream.format.format_tag == FormatTag.OPUS


async def test_streams_follow_each_other(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    output = AudioOutput(LIMITS, formats=[PCM])
    client = await opened(nursery, output)
    for _ in range(2):
        nursery.start_soon(client.agree)
        async with output.open() as stream:
            assert output.formats == (PCM,)
            await stream.send(sine(0.05))
            assert len(Wave2.decode(await client.channel.receive()).data) == 8820
            with pytest.raises(LocalProtocolError, match="another stream"):
                async with output.open():
                    pass
        Close.decode(await client.channel.receive())
    assert output.statistics().waves == 2
    # Of a stream that sent nothing there is nothing to close.
    nursery.start_soon(client.agree)
    for _ in range(2):
        async with output.open():
            pass
    with trio.move_on_after(1) as silence:
        await client.channel.receive()
    assert silence.cancelled_caught


@pytest.mark.parametrize(
    ("formats", "flags"),
    [([PCM], SoundCapabilities(0)), ([], ALIVE), ([format_of(Encoding(Codec.PCM, PcmFormat(8000, 1)))], ALIVE)],
)
async def test_a_client_that_takes_no_such_sound(
    formats: list[AudioFormat], flags: SoundCapabilities, nursery: trio.Nursery
) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    ServerAudioFormatsAndVersion.decode(await client.channel.receive())
    answer = ClientAudioFormatsAndVersion(flags=flags, version=ProtocolVersion.WAVE2, snd_formats=formats)
    await client.channel.send(answer.encode())
    Training.decode(await client.channel.receive())
    await client.channel.send(TrainingConfirm(time_stamp=0, pack_size=0).encode())
    for _ in range(2):
        with pytest.raises(RequestRefused, match=r"takes no sound|has no format for 44100"):
            async with output.open():
                pass


async def test_choosing_none_and_choosing_nonsense(nursery: trio.Nursery) -> None:
    output = AudioOutput(LIMITS)
    await play(nursery, output, AudioPlayback(LIMITS))
    with pytest.raises(RequestRefused, match="no format"):
        async with output.open(choose=lambda candidates: None):
            pass
    with pytest.raises(LocalProtocolError, match="not among the formats"):
        async with output.open(choose=lambda candidates: format_of(Encoding(Codec.PCM, PcmFormat(8000, 1)))):
            pass
    with pytest.raises(ZeroDivisionError):
        async with output.open(choose=lambda candidates: candidates[1 // 0]):
            pass
    async with output.open():
        pass


async def test_settings(nursery: trio.Nursery) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    await client.agree()
    await output.set_volume(0.0, 1.0)
    assert Volume.decode(await client.channel.receive()) == Volume.of(0, 0xFFFF)
    with pytest.raises(LocalProtocolError, match="cannot change its pitch"):
        await output.set_pitch(2.0)
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"not 0.0 to 1.0"):
            await output.set_volume(wrong, 1.0)
    await client.channel.send(QualityMode(quality_mode=Quality.HIGH).encode())
    await trio.testing.wait_all_tasks_blocked()
    assert output.quality == Quality.HIGH


async def test_a_client_that_never_answers(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    output = AudioOutput(Limits(audio_negotiation=7.0))
    await opened(nursery, output)
    with pytest.raises(ChannelClosed, match="no answer in 7 s"):
        async with output.open():
            pass
    assert trio.current_time() == pytest.approx(7.0)
    assert "agreeing on audio formats" in caplog.text


async def test_no_channel() -> None:
    output = AudioOutput(LIMITS)
    assert output.formats == ()
    assert output.quality == Quality.DYNAMIC
    output.unavailable("the client did not ask for it")
    with pytest.raises(LocalProtocolError, match="did not ask for it"):
        async with output.open():
            pass


async def test_the_client_goes(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    nursery.start_soon(client.agree)

    async def use() -> None:
        async with output.open() as stream:
            await stream.send(sine(0.2))
            nursery.start_soon(client.channel.aclose)
            while True:
                await stream.send(sine())

    with pytest.raises(ChannelClosed, match="it was closed"):
        await use()
    # To leave afterwards is no error: nothing is left to be done.
    client = await opened(nursery, output)
    nursery.start_soon(client.agree)
    async with output.open() as stream:
        await stream.send(sine(0.2))
        await client.channel.aclose()


async def test_a_stream_does_not_outlive_its_channel(nursery: trio.Nursery) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    nursery.start_soon(client.agree)
    async with output.open() as stream:
        again = await opened(nursery, output)
        await client.channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ChannelClosed, match="opened anew"):
            await stream.send(sine())
    del again


async def test_the_session_ends(nursery: trio.Nursery) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    nursery.start_soon(client.agree)

    async def use() -> None:
        async with output.open() as stream:
            output.session_ended(SessionClosed("the line was cut"))
            await client.channel.aclose()
            await trio.testing.wait_all_tasks_blocked()
            await stream.send(sine())

    with pytest.raises(SessionClosed, match="the line was cut"):
        await use()


async def test_an_exception_of_the_user_comes_out_bare(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    nursery.start_soon(client.agree)
    started = trio.current_time()

    async def use() -> None:
        async with output.open() as stream:
            await stream.send(sine())
            raise KeyError("mine")

    with pytest.raises(KeyError):
        await use()
    assert trio.current_time() == started
    for _ in range(2):
        Wave2.decode(await client.channel.receive())
    Close.decode(await client.channel.receive())


async def test_cancelling_while_it_opens(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    for _ in range(3):
        with trio.move_on_after(1):
            async with output.open():
                pass
    nursery.start_soon(client.agree)
    async with output.open():
        pass
