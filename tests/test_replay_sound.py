"""Recorded messages of real peers about sound, played again to our machines and faces without them.

`python -m tests.captures.record_sound` makes them anew.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
import trio
import trio.testing

from tests.captures.messages import load
from tests.codecs.test_audio import pitch_of
from trio_rdp.channels import rdpsnd
from trio_rdp.channels.audin import (
    AudinClient,
    AudinServer,
    FormatsNamed,
    FormatsOffered,
    RecordingRequested,
    RecordingStarted,
    SoundReceived,
)
from trio_rdp.channels.rdpsnd import (
    AudioFormat,
    FormatsAgreed,
    FormatTag,
    Ignored,
    ProtocolVersion,
    Quality,
    QualityChosen,
    RdpsndServer,
    Reply,
    Trained,
    WavesConfirmed,
    default_formats,
    encoding_of,
)
from trio_rdp.codecs import audio
from trio_rdp.codecs.audio import Decoder, PcmFormat
from trio_rdp.faces.audio.playback import AudioPlayback
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.pdu import Pdu

CD = PcmFormat(44_100, 2)


def only(tag: FormatTag) -> object:
    return lambda offered: [item for item in offered if item.format_tag == tag]


@pytest.mark.parametrize("name", ["opus", "pcm"])
async def test_what_xrdp_plays(name: str, nursery: trio.Nursery) -> None:
    if name == "opus" and not audio.is_available():
        pytest.skip("needs PyAV")
    tag = {"opus": FormatTag.VOXWARE_BYTE_ALIGNED, "pcm": FormatTag.PCM}[name]
    playback = AudioPlayback(Limits(audio_waiting=10.0), accept=only(tag))  # type: ignore[arg-type]
    ours, theirs = channel_pair("rdpsnd")
    nursery.start_soon(playback.run, ours)
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    for message in load(f"sound-xrdp-{name}"):
        await theirs.send(message)
    await trio.testing.wait_all_tasks_blocked()
    assert {item.format_tag for item in playback.formats} == {tag}
    assert not playback.is_playing  # it ended with a Close
    await theirs.aclose()
    chunks = [chunk async for chunk in playback]
    assert {chunk.format for chunk in chunks} == {CD}
    assert pitch_of(b"".join(chunk.data for chunk in chunks), CD) == pytest.approx(440, abs=3)
    assert all(later.timestamp > earlier.timestamp for earlier, later in pairwise(chunks))
    statistics = playback.statistics()
    assert statistics.dropped == statistics.undecodable == statistics.ignored == 0


@pytest.mark.parametrize(
    ("name", "version", "times"), [("xfreerdp", ProtocolVersion.WAVE2, 2), ("rdesktop", ProtocolVersion.XP, 1)]
)
def test_how_clients_confirm(name: str, version: ProtocolVersion, times: int) -> None:
    """What came before the waves were sent comes before they are: ten of them, as when it was recorded."""
    server = RdpsndServer(default_formats())
    server.start()
    confirmed: list[int] = []
    ignored = 0
    sent: tuple[int, ...] = ()
    for message in load(f"sound-{name}"):
        for event in server.receive(message):
            match event:
                case FormatsAgreed(agreed, formats):
                    assert agreed == version
                    assert formats[0] == default_formats()[0]
                case QualityChosen(quality):
                    assert quality == Quality.HIGH
                case Trained():
                    for _ in range(10):
                        server.wave(bytes(100), 0, time_stamp=0)
                    sent = server.unconfirmed
                case WavesConfirmed(block_nos):
                    confirmed += block_nos
                case Ignored():
                    ignored += 1
                case Reply():
                    pass
    assert tuple(confirmed) == sent
    assert len(sent) == 10
    assert ignored == 10 * (times - 1)
    assert server.unconfirmed == ()


def test_how_xrdp_asks_for_a_microphone() -> None:
    client = AudinClient()
    offered: tuple[AudioFormat, ...] = ()
    requests: list[RecordingRequested] = []
    for message in load("microphone-xrdp"):
        for event in client.receive(message):
            match event:
                case FormatsOffered(offered):
                    client.name_formats(offered)
                case RecordingRequested():
                    requests.append(event)
                    client.accept()
    assert [(item.format_tag, item.samples_per_sec, item.channels) for item in offered] == [(FormatTag.PCM, 44_100, 2)]
    (request,) = requests
    assert request.audio_format == request.capture_format == offered[0]
    assert request.frames_per_packet == 2048
    assert client.sound(b"sound")


def test_what_xfreerdp_records() -> None:
    server = AudinServer([item for item in default_formats() if item.format_tag == FormatTag.PCM])
    server.start()
    data = b""
    started: AudioFormat | None = None
    for message in load("microphone-xfreerdp"):
        for event in server.receive(message):
            match event:
                case FormatsNamed(formats):
                    number = next(at for at, item in enumerate(formats) if item.samples_per_sec == 16_000)
                    server.open(number, frames_per_packet=320)
                case RecordingStarted(started):
                    pass
                case SoundReceived(audio_format, sound):
                    encoding = encoding_of(audio_format)
                    assert encoding is not None
                    data += Decoder(encoding).decode(sound)
                case other:
                    assert isinstance(other, Reply), other
    assert started is not None
    pcm = PcmFormat(16_000, started.channels)
    assert pitch_of(data, pcm) == pytest.approx(550, abs=5)


@pytest.mark.parametrize(("name", "waves"), [("rdesktop-xrdp", 3), ("xfreerdp-xrdp", 15)])
def test_what_xrdp_and_its_clients_say(name: str, waves: int) -> None:
    """Every message encodes to the same bytes, and each wave is confirmed."""
    heard: Counter[str] = Counter()
    blocks: list[int] = []
    confirmed: list[int] = []
    info = None
    for message in load(f"rdpsnd-{name}.s2c"):
        pdu: Pdu = rdpsnd.decode_rdpsnd_from_server(message, wave_info=info)
        assert pdu.encode() == message
        heard[type(pdu).__name__] += 1
        info = pdu if isinstance(pdu, rdpsnd.WaveInfo) else None
        if info is not None:
            blocks.append(info.block_no)
    for message in load(f"rdpsnd-{name}.c2s"):
        pdu = rdpsnd.decode_rdpsnd_from_client(message)
        assert pdu.encode() == message
        heard[type(pdu).__name__] += 1
        if isinstance(pdu, rdpsnd.WaveConfirm):
            confirmed.append(pdu.confirmed_block_no)
    assert heard["ServerAudioFormatsAndVersion"] == heard["ClientAudioFormatsAndVersion"] == 1
    assert heard["Training"] == heard["TrainingConfirm"] == 1
    assert heard["WaveInfo"] == heard["Wave"] == len(blocks) == waves
    assert blocks == list(range(blocks[0], blocks[0] + waves))
    # xfreerdp 2.11.7 confirms each wave twice.
    assert sorted(set(confirmed)) == blocks
    assert not heard["UnknownRdpsnd"]


@pytest.mark.parametrize("name", ["rdesktop-xrdp", "xfreerdp-xrdp"])
async def test_what_xrdp_played_to_others(name: str, nursery: trio.Nursery) -> None:
    """A sine of 440 Hz, once as PCM and once as Opus, comes out as one."""
    if name == "xfreerdp-xrdp" and not audio.is_available():
        pytest.skip("needs PyAV")
    playback = AudioPlayback(Limits(audio_waiting=10.0))
    ours, theirs = channel_pair("rdpsnd")
    nursery.start_soon(playback.run, ours)
    with pytest.raises(trio.WouldBlock):
        playback.receive_nowait()
    for message in load(f"rdpsnd-{name}.s2c"):
        await theirs.send(message)
    await trio.testing.wait_all_tasks_blocked()
    await theirs.aclose()
    chunks = [chunk async for chunk in playback]
    assert {chunk.format for chunk in chunks} == {CD}
    assert pitch_of(b"".join(chunk.data for chunk in chunks), CD) == pytest.approx(440, abs=3)
    assert playback.statistics().undecodable == playback.statistics().ignored == 0
