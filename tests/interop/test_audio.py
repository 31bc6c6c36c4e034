"""Sound and microphones of real peers: tones that are played on one side are heard on the other, in pitch and length.

xfreerdp 2.11 drops a wave now and then at the beginning, when its device starts late; it distorts G.711, and with
PulseAudio it crashes when a second stream has another format than the first.  rdesktop 1.9 takes PCM alone.  Both
confirm all waves, and drop some where they come in a heap because the client was stopped: 0.3 seconds of xfreerdp's
are as many of the sound.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.display import Display
from tests.interop.processes import PATIENCE, wait_for
from tests.interop.rdesktop import rdesktop
from tests.interop.serving import serving
from tests.interop.sessions import connected
from tests.interop.sound import CD, alsa_file, loudest, play_in_xrdp, pulse, record_in_xrdp, sine, wait_heard
from tests.interop.xfreerdp import xfreerdp
from tests.interop.xrdp import chansrv, xrdp
from trio_rdp.channels.rdpsnd import AudioFormat, FormatTag
from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk
from trio_rdp.faces.audio.input import Recording
from trio_rdp.faces.audio.output import AudioOutput
from trio_rdp.faces.audio.playback import AudioPlayback


def only(tag: FormatTag) -> object:
    """A choice of formats of one kind."""
    return lambda offered: [item for item in offered if item.format_tag == tag]


@contextlib.asynccontextmanager
async def listening(audio: AudioPlayback) -> AsyncIterator[list[AudioChunk]]:
    """Collect what is played."""
    heard: list[AudioChunk] = []

    async def listen() -> None:
        async for chunk in audio:
            heard.append(chunk)  # noqa: PERF401

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await audio.wait_open()
        yield heard
        nursery.cancel_scope.cancel()


async def tone(hertz: float) -> AsyncIterator[bytes]:
    data = sine(hertz, 30)
    for at in range(0, len(data), 4000):
        await trio.lowlevel.checkpoint()
        yield data[at : at + 4000]


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param(FormatTag.VOXWARE_BYTE_ALIGNED, id="Opus"),
        pytest.param(FormatTag.PCM, id="PCM", marks=pytest.mark.interop_full),
    ],
)
async def test_xrdp(tag: FormatTag, peers: Peers) -> None:
    """Two tones after each other, with a Close between, and a microphone."""
    pytest.importorskip("av")
    desktop, folder = peers.xorg_display, peers.folder / "chansrv"
    options = {"enable_audio_playback": True, "enable_audio_capture": True, "audio_formats": only(tag)}
    with chansrv(desktop, folder), xrdp(peers.folder, desktop, chansrv=True) as server:
        async with connected(server, **options) as session:
            for hertz in (440, 660):
                async with listening(session.audio) as heard:
                    await wait_for(lambda: bool(session.audio.formats), "formats")
                    await play_in_xrdp(desktop, sine(hertz, 1), 1)
                    seconds = await wait_heard(lambda: b"".join(chunk.data for chunk in heard), hertz, 0.8)
                    await wait_for(lambda: not session.audio.is_playing, "the end of the sound")
                assert {chunk.format for chunk in heard} == {CD}
                assert seconds <= 1.01
            statistics = session.audio.statistics()
            assert statistics.undecodable == statistics.ignored == statistics.dropped == 0

            async def feed() -> None:
                await session.microphone.feed(tone(550), rate=44_100, channels=2)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(feed)
                found, seconds = loudest(await record_in_xrdp(desktop, 1))
                nursery.cancel_scope.cancel()
            assert found == pytest.approx(550, abs=2)
            assert seconds > 0.9


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param(FormatTag.PCM, id="PCM"),
        pytest.param(FormatTag.AAC, id="AAC", marks=pytest.mark.interop_full),
    ],
)
async def test_xfreerdp_plays(tag: FormatTag, client_display: Display, peers: Peers) -> None:
    pytest.importorskip("av")

    def choose(candidates: list[AudioFormat]) -> AudioFormat | None:
        return next((item for item in candidates if item.format_tag == tag), None)

    with pulse(peers.folder) as card:
        async with (
            serving(paints=False) as served,
            xfreerdp(client_display, served.port, "/sound:sys:pulse", env=card.env),
        ):
            audio = (await served.guest()).session.audio
            for hertz in (440, 660):
                async with card.recording() as played:
                    started = trio.current_time()
                    async with audio.open(rate=44_100, channels=2, choose=choose) as stream:  # type: ignore[arg-type]
                        await stream.send(sine(hertz, 1))
                    assert trio.current_time() - started > 0.95
                    # What was sent is heard: nothing is kept back, here or there.
                    assert await wait_heard(played.read_bytes, hertz, 0.3) < 1.05
            await wait_confirmed(audio)
            statistics = audio.statistics()
            assert tag != FormatTag.PCM or statistics.waves == 2 * 20
            assert statistics.peak_unconfirmed <= statistics.limit + 0.001


async def wait_confirmed(audio: AudioOutput) -> None:
    """Wait until the client has said of each wave that it had it."""
    await wait_for(
        lambda: audio.statistics().confirmed == audio.statistics().waves, lambda: f"all confirmed: {audio.statistics()}"
    )


async def test_xfreerdp_records(client_display: Display, peers: Peers) -> None:
    with pulse(peers.folder) as card:
        async with (
            serving(paints=False) as served,
            xfreerdp(client_display, served.port, "/microphone:sys:pulse", env=card.env),
            card.singing(550),
        ):
            microphone = (await served.guest()).session.microphone
            for rate, channels in ((44_100, 2), (16_000, 1)):
                pcm = PcmFormat(rate, channels)
                async with microphone.open(rate=rate, channels=channels) as recording:
                    found, _ = loudest(await record(recording, pcm), pcm)
                assert found == pytest.approx(550, abs=2)


async def record(recording: Recording, pcm: PcmFormat, seconds: float = 0.45) -> bytes:
    """What is recorded until something has been heard for so long."""
    data = b""
    with trio.move_on_after(PATIENCE):
        while loudest(data, pcm)[1] < seconds:
            data += (await recording.receive()).data
        return data
    raise AssertionError(f"heard for {loudest(data, pcm)[1]} of {pcm.seconds(len(data))} s: {recording.formats}")


@pytest.mark.interop_full
async def test_xfreerdp_changes_the_format(client_display: Display, peers: Peers) -> None:
    with pulse(peers.folder) as card:
        async with (
            serving(paints=False) as served,
            xfreerdp(client_display, served.port, "/microphone:sys:pulse", env=card.env),
            card.singing(550),
        ):
            microphone = (await served.guest()).session.microphone
            async with microphone.open(rate=44_100, channels=2) as recording:
                await record(recording, CD)
                wanted = next(item for item in recording.formats if item.samples_per_sec == 22_050)
                await recording.change_format(wanted)
                pcm = PcmFormat(22_050, wanted.channels)
                while (await recording.receive()).format != pcm:
                    pass
                found, _ = loudest(await record(recording, pcm), pcm)
                assert found == pytest.approx(550, abs=2)


@pytest.mark.interop_full
async def test_xfreerdp_takes_the_volume(client_display: Display, peers: Peers) -> None:
    with pulse(peers.folder) as card:
        async with (
            serving(paints=False) as served,
            xfreerdp(client_display, served.port, "/sound:sys:pulse", env=card.env),
            card.recording() as played,
        ):
            audio = (await served.guest()).session.audio
            async with audio.open() as stream:
                await stream.send(sine(440, 1))
                await audio.set_volume(0.0, 0.0)
                await stream.send(sine(440, 1))
            assert await wait_heard(played.read_bytes, 440, 0.7) < 1.3


async def test_rdesktop(client_display: Display, peers: Peers) -> None:
    env, played = alsa_file(peers.folder)
    async with (
        serving(paints=False) as served,
        rdesktop(client_display, served.port, "-r", "sound:local", env=env),
    ):
        audio = (await served.guest()).session.audio
        # Its device writes the file anew each time.
        for hertz in (440, 660):
            async with audio.open(rate=44_100, channels=2) as stream:
                await stream.send(sine(hertz, 1))
            assert await wait_heard(lambda: played.read_bytes()[44:] if played.exists() else b"", hertz, 0.3) < 1.01
        assert {item.format_tag for item in audio.formats} == {FormatTag.PCM}
        await wait_confirmed(audio)
        assert audio.statistics().waves == 2 * 20
