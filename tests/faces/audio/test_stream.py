"""`AudioStream`: how what is sent is paced, by the clock and by what the client confirms."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
import trio
import trio.testing

from tests.faces.audio.test_output import ALIVE, CD, LIMITS, PCM, Client, opened, sine
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.rdpsnd import BLOCKS, Wave2, WaveConfirm, format_of
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat
from trio_rdp.faces.audio.output import AudioOutput
from trio_rdp.faces.audio.stream import AudioStream
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused

WAVE = 0.05
PHONE = format_of(Encoding(Codec.PCM, PcmFormat(8000, 1)))


@contextlib.asynccontextmanager
async def streaming(
    nursery: trio.Nursery, limits: Limits = LIMITS, *, confirms: bool = False
) -> AsyncIterator[tuple[AudioOutput, AudioStream, Client]]:
    output = AudioOutput(limits)
    client = await opened(nursery, output)
    nursery.start_soon(client.agree)
    async with output.open() as stream:
        await trio.testing.wait_all_tasks_blocked()
        if confirms:
            nursery.start_soon(confirm_all, client, 2)
        yield output, stream, client
        await client.channel.aclose()


async def confirm_all(client: Client, times: int = 1) -> None:
    with contextlib.suppress(trio.ClosedResourceError, trio.BrokenResourceError, trio.EndOfChannel):
        while True:
            message = await client.channel.receive()
            if message[0] == 0x0D:
                wave = Wave2.decode(message)
                for _ in range(times):
                    confirm = WaveConfirm(time_stamp=wave.time_stamp, confirmed_block_no=wave.block_no)
                    await client.channel.send(confirm.encode())


async def send(stream: AudioStream, sound: bytes) -> None:
    """Send until the stream is left."""
    with contextlib.suppress(LocalProtocolError, ChannelClosed):
        await stream.send(sound)


async def waves(client: Client) -> list[Wave2]:
    """What has come."""
    await trio.testing.wait_all_tasks_blocked()
    found = []
    with contextlib.suppress(trio.WouldBlock):
        while True:
            found.append(Wave2.decode(client.channel.receive_nowait()))
    return found


async def test_the_clock_paces_who_confirms_at_once(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """A client like xfreerdp 2.11.7 confirms, twice, what it has only put into a buffer."""
    async with streaming(nursery, confirms=True) as (output, stream, _):
        started = trio.current_time()
        for _ in range(20):
            await stream.send(sine(0.1))
        assert trio.current_time() - started == pytest.approx(2.0 - LIMITS.audio_ahead, abs=0.03)
        assert output.statistics().confirmed >= 36
        # A pause is no credit.
        await trio.sleep(10)
        resumed = trio.current_time()
        await stream.send(sine(1.0))
        assert trio.current_time() - resumed == pytest.approx(1.0 - LIMITS.audio_ahead, abs=0.03)


async def test_confirmations_pace_a_client_that_is_slow(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async with streaming(nursery) as (output, stream, client):
        nursery.start_soon(send, stream, sine(1.0))
        await trio.sleep(1)
        sent = await waves(client)
        assert len(sent) == round(LIMITS.audio_unconfirmed / WAVE)
        # One that is confirmed makes room for one more, whatever the clock would allow.
        await client.channel.send(WaveConfirm(time_stamp=0, confirmed_block_no=sent[0].block_no).encode())
        assert len(await waves(client)) == 1
        statistics = output.statistics()
        assert statistics.unconfirmed == pytest.approx(LIMITS.audio_unconfirmed)
        assert statistics.peak_unconfirmed == pytest.approx(LIMITS.audio_unconfirmed)
        assert statistics.round_trip == pytest.approx(1.0)


async def test_a_client_that_stops_confirming_does_not_hold_for_ever(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    limits = Limits(audio_confirmation=3.0)
    async with streaming(nursery, limits) as (output, stream, client):
        nursery.start_soon(send, stream, sine(5.0))
        await trio.sleep(0.2)
        sent = await waves(client)
        await client.channel.send(WaveConfirm(time_stamp=0, confirmed_block_no=sent[0].block_no).encode())
        await trio.sleep(2.7)
        assert len(await waves(client)) == 1
        await trio.sleep(0.4)
        # Those that are lost make room for as many.
        assert len(await waves(client)) == 4
        await trio.sleep(2.5)
        assert await waves(client) == []
        assert output.statistics().lost == 4


async def test_the_clock_paces_a_client_that_never_confirms(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async with streaming(nursery) as (output, stream, client):
        nursery.start_soon(send, stream, sine(20.0))
        await trio.sleep(LIMITS.audio_confirmation + 0.01)
        assert len(await waves(client)) == 6
        for _ in range(10):
            await trio.sleep(1)
            assert len(await waves(client)) == pytest.approx(20, abs=1)
        assert output.statistics().lost > 150
        assert output.statistics().unconfirmed <= LIMITS.audio_confirmation + LIMITS.audio_unconfirmed


async def test_a_client_that_reads_nothing(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    """What is sent stands in the channel's own queue, and no more follows."""
    limits = Limits(audio_ahead=10.0, audio_unconfirmed=20.0)
    async with streaming(nursery, limits) as (output, stream, _):
        with trio.move_on_after(100) as waited:
            await stream.send(sine(60.0))
        assert waited.cancelled_caught
        assert output.statistics().waves <= 64 + 2


async def test_send_nowait(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with streaming(nursery, confirms=True) as (_, stream, _client):
        dropped = 0
        for _ in range(100):  # sound of a source that runs twice as fast
            with contextlib.suppress(trio.WouldBlock):
                stream.send_nowait(sine(WAVE))
                dropped -= 1
            dropped += 1
            await trio.sleep(WAVE / 2)
        assert 40 <= dropped <= 50
        with pytest.raises(trio.WouldBlock):
            stream.send_nowait(sine(1.0))


async def test_any_pieces_and_arrays(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with streaming(nursery) as (_, stream, client):
        sound = sine(0.1)
        for at in range(0, len(sound), 1000):
            await stream.send(sound[at : at + 1000])
        await stream.send(np.frombuffer(sound, "<i2").reshape(-1, 2))
        found = await waves(client)
        assert [len(wave.data) for wave in found] == [8820] * 4
        assert b"".join(wave.data for wave in found) == sound + sound
        assert [wave.block_no for wave in found] == [(found[0].block_no + number) % BLOCKS for number in range(4)]


async def test_timestamps(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with streaming(nursery) as (_, stream, client):
        await stream.send(sine(0.1), timestamp=0xFFFFFFFF - 9)
        found = await waves(client)
        assert [wave.audio_time_stamp for wave in found] == [0xFFFFFFF6, 40]
        assert [wave.time_stamp for wave in found] == [int(trio.current_time() * 1000) & 0xFFFF] * 2


async def test_the_end_of_sound_is_sent_too(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    output = AudioOutput(LIMITS)
    client = await opened(nursery, output)
    nursery.start_soon(client.agree)
    async with output.open() as stream:
        await trio.testing.wait_all_tasks_blocked()
        await stream.send(sine(0.005))
        assert await waves(client) == []
        started = trio.current_time()
    first = Wave2.decode(await client.channel.receive())
    assert first.data == sine(0.005)
    # The client did not confirm it.
    assert trio.current_time() - started == pytest.approx(LIMITS.audio_confirmation)


async def test_one_sender(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with streaming(nursery) as (_, stream, _client):
        nursery.start_soon(send, stream, sine(1.0))
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await stream.send(sine())
        with pytest.raises(trio.BusyResourceError):
            stream.send_nowait(sine())


async def test_after_the_stream_was_left(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with streaming(nursery) as (_, stream, _client):
        pass
    for sound in (sine(), bytes(4), b""):
        with pytest.raises(LocalProtocolError, match="was left"):
            await stream.send(sound)
    with pytest.raises(LocalProtocolError, match="was left"):
        stream.send_nowait(sine())


async def test_the_client_names_other_formats(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with streaming(nursery) as (_, stream, client):
        await client.name(PHONE, PCM)
        await trio.testing.wait_all_tasks_blocked()
        await stream.send(sine(WAVE))
        assert [wave.format_no for wave in await waves(client)] == [1]
        await client.name(PHONE)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(RequestRefused, match="does not take this format any more"):
            await stream.send(sine())
        await client.name(PCM, flags=ALIVE)
        await trio.testing.wait_all_tasks_blocked()
        await stream.send(sine(WAVE))


async def test_block_numbers_do_not_run_out(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    limits = Limits(audio_ahead=60.0, audio_unconfirmed=60.0, audio_confirmation=100.0, audio_answers=1000)
    output = AudioOutput(limits)
    ours = await opened(nursery, output)
    nursery.start_soon(ours.agree)
    async with output.open() as stream:
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(5) as waited:
            await read_while(ours, stream)
        assert waited.cancelled_caught
        assert output.statistics().waves == BLOCKS - 1
        await ours.channel.aclose()


async def read_while(client: Client, stream: AudioStream) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(confirm_all, client, 0)
        await stream.send(sine(20.0))


async def test_waves_have_a_largest_size(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    wide = PcmFormat(192_000, 8)
    output = AudioOutput(LIMITS, formats=[format_of(Encoding(Codec.PCM, wide))])
    client = await opened(nursery, output)
    nursery.start_soon(client.agree, format_of(Encoding(Codec.PCM, wide)))
    async with output.open(rate=192_000, channels=8) as stream:
        await stream.send(bytes(140_000))
        assert [len(wave.data) for wave in await waves(client)] == [65_520] * 2
        await client.channel.aclose()


async def test_cancelled_at_every_checkpoint(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with streaming(nursery, confirms=True) as (_, stream, _client):
        for checkpoint in range(100):
            async with cancelled_at(checkpoint) as scope:
                await stream.send(sine(0.3))
            if not scope.cancelled_caught:
                break
        else:
            raise AssertionError("it has no end")
        assert checkpoint > 3
        await stream.send(sine())
    assert CD.frame_size == 4
