"""The client's machine of audio output: formats, trainings, waves, and what is ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.rdpsnd import (
    AudioClosed,
    AudioFormat,
    ClientAudioFormatsAndVersion,
    Close,
    CryptKey,
    FormatsAgreed,
    FormatTag,
    Ignored,
    Pitch,
    PitchChanged,
    ProtocolVersion,
    Quality,
    QualityMode,
    RdpsndClient,
    RdpsndClientState,
    Reply,
    ServerAudioFormatsAndVersion,
    SignedWaveEncrypt,
    SoundCapabilities,
    Training,
    TrainingConfirm,
    UdpWave,
    Volume,
    VolumeChanged,
    Wave2,
    WaveConfirm,
    WaveEncrypt,
    WaveReceived,
    split_wave,
)
from trio_rdp.channels.rdpsnd.formats import format_of
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat
from trio_rdp.wire.errors import LocalProtocolError

PCM = format_of(Encoding(Codec.PCM, PcmFormat(44_100, 2)))
PHONE = format_of(Encoding(Codec.PCM, PcmFormat(8000, 1)))
GSM = AudioFormat(
    format_tag=FormatTag.GSM610,
    channels=1,
    samples_per_sec=8000,
    avg_bytes_per_sec=1625,
    block_align=65,
    bits_per_sample=0,
    data=b"\x40\1",
)


def offer(*formats: AudioFormat, version: ProtocolVersion = ProtocolVersion.WAVE2) -> bytes:
    return ServerAudioFormatsAndVersion(version=version, snd_formats=list(formats or (GSM, PCM, PHONE))).encode()


def state_of(client: RdpsndClient) -> RdpsndClientState:
    return client.state


def ready(version: ProtocolVersion = ProtocolVersion.WAVE2) -> RdpsndClient:
    client = RdpsndClient()
    client.receive(offer(version=version))
    return client


def test_formats() -> None:
    client = RdpsndClient()
    assert state_of(client) is RdpsndClientState.WAIT_FORMATS
    answer, quality, agreed = client.receive(offer())
    assert isinstance(answer, Reply)
    assert ClientAudioFormatsAndVersion.decode(answer.message) == ClientAudioFormatsAndVersion(
        flags=SoundCapabilities(SoundCapabilities.ALIVE | SoundCapabilities.VOLUME),
        volume=0xFFFFFFFF,
        pitch=0x00010000,
        dgram_port=0,
        version=ProtocolVersion.WAVE2,
        snd_formats=[PCM, PHONE],
    )
    assert quality == Reply(QualityMode(quality_mode=Quality.HIGH).encode())
    assert agreed == FormatsAgreed(ProtocolVersion.WAVE2, (PCM, PHONE))
    assert client.formats == (PCM, PHONE)
    assert state_of(client) is RdpsndClientState.READY


def test_old_servers_hear_nothing_of_quality() -> None:
    _, agreed = RdpsndClient().receive(offer(version=ProtocolVersion.UDP_FRAGMENTS))
    assert agreed == FormatsAgreed(ProtocolVersion.UDP_FRAGMENTS, (PCM, PHONE))
    events = RdpsndClient(version=ProtocolVersion.UDP_FRAGMENTS).receive(offer())
    assert len(events) == 2
    events = RdpsndClient(version=ProtocolVersion.QUALITY_MODE, quality=Quality.MEDIUM).receive(offer())
    assert events[1] == Reply(QualityMode(quality_mode=Quality.MEDIUM).encode())
    assert events[2] == FormatsAgreed(ProtocolVersion.QUALITY_MODE, (PCM, PHONE))


def test_a_client_that_wants_no_sound() -> None:
    client = RdpsndClient(accept=lambda offered: [])
    (answer, *_) = client.receive(offer())
    assert isinstance(answer, Reply)
    said = ClientAudioFormatsAndVersion.decode(answer.message)
    assert said.flags == 0
    assert said.snd_formats == []


def test_formats_that_were_not_offered() -> None:
    client = RdpsndClient(accept=lambda offered: [PCM])
    with pytest.raises(LocalProtocolError, match="did not offer"):
        client.receive(offer(PHONE))


def test_a_server_may_begin_again() -> None:
    client = ready()
    assert client.receive(offer(PHONE))[-1] == FormatsAgreed(ProtocolVersion.WAVE2, (PHONE,))
    assert client.formats == (PHONE,)


@pytest.mark.parametrize("data", [b"", bytes(1016)])
def test_training(data: bytes) -> None:
    training = Training.carrying(data, time_stamp=1234)
    assert ready().receive(training.encode()) == [
        Reply(TrainingConfirm(time_stamp=1234, pack_size=training.pack_size).encode())
    ]


def test_training_of_xrdp() -> None:
    """xrdp 0.9.21 counts without the header: 1020 bytes behind it, and 1024 are said."""
    training = Training(time_stamp=13_465, pack_size=1024, data=bytes(1020))
    assert ready().receive(training.encode()) == [Reply(TrainingConfirm(time_stamp=13_465, pack_size=1024).encode())]


def test_wave2() -> None:
    client = ready()
    message = Wave2(time_stamp=65_530, format_no=1, block_no=7, audio_time_stamp=99, data=b"sound").encode()
    (wave,) = client.receive(message)
    assert wave == WaveReceived(7, 65_530, 99, 1, PHONE, b"sound")
    assert isinstance(wave, WaveReceived)
    assert WaveConfirm.decode(client.confirm(wave, 10)) == WaveConfirm(time_stamp=4, confirmed_block_no=7)
    assert WaveConfirm.decode(client.confirm(wave)) == WaveConfirm(time_stamp=65_530, confirmed_block_no=7)


def test_wave_in_two_parts() -> None:
    client = ready(ProtocolVersion.UDP_FRAGMENTS)
    first, second = split_wave(b"some sound", time_stamp=5, format_no=0, block_no=255)
    assert client.receive(first.encode()) == []
    assert state_of(client) is RdpsndClientState.WAIT_WAVE
    assert client.receive(second.encode()) == [WaveReceived(255, 5, None, 0, PCM, b"some sound")]
    assert state_of(client) is RdpsndClientState.READY


def test_the_second_part_may_look_like_anything() -> None:
    client = ready()
    first, second = split_wave(b"abcd" + Close().encode()[4:] + b"1234", time_stamp=5, format_no=0, block_no=1)
    client.receive(first.encode())
    (wave,) = client.receive(second.encode())
    assert isinstance(wave, WaveReceived)


def test_a_second_part_that_is_too_short() -> None:
    client = ready()
    first, second = split_wave(b"some sound", time_stamp=5, format_no=0, block_no=1)
    client.receive(first.encode())
    (ignored,) = client.receive(second.encode()[:-1])
    assert isinstance(ignored, Ignored)
    assert state_of(client) is RdpsndClientState.READY
    assert client.receive(Close().encode()) == [AudioClosed()]


def test_a_format_that_was_not_agreed_on_is_confirmed_and_dropped() -> None:
    client = ready()
    message = Wave2(time_stamp=3, format_no=2, block_no=8, audio_time_stamp=0, data=b"sound").encode()
    reply, ignored = client.receive(message)
    assert reply == Reply(WaveConfirm(time_stamp=3, confirmed_block_no=8).encode())
    assert ignored == Ignored("a wave in format 2 of 2")


def test_settings() -> None:
    client = ready()
    assert client.receive(Volume.of(0, 0xFFFF).encode()) == [VolumeChanged(0, 0xFFFF)]
    assert client.receive(Pitch(pitch=0x00018000).encode()) == [PitchChanged(1.5)]


def test_waves_after_a_close_are_taken() -> None:
    client = ready()
    assert client.receive(Close().encode()) == [AudioClosed()]
    message = Wave2(time_stamp=3, format_no=0, block_no=8, audio_time_stamp=0, data=b"sound").encode()
    assert isinstance(client.receive(message)[0], WaveReceived)


@pytest.mark.parametrize(
    "message",
    [
        CryptKey(seed=bytes(32)).encode(),
        WaveEncrypt(time_stamp=1, format_no=0, block_no=1, data=bytes(20)).encode(),
        SignedWaveEncrypt(time_stamp=1, format_no=0, block_no=1, signature=bytes(8), data=b"x").encode(),
        UdpWave(block_no=1, frag_no=0, data=b"x").encode(),
        b"\x66\0\0\0",
        b"\x0d\0\0",
        b"",
    ],
)
def test_what_was_not_agreed_on_is_ignored(message: bytes) -> None:
    (ignored,) = ready().receive(message)
    assert isinstance(ignored, Ignored)


@pytest.mark.parametrize("message", [Close().encode(), Training.carrying(b"", time_stamp=1).encode()])
def test_what_comes_before_the_formats_is_ignored(message: bytes) -> None:
    client = RdpsndClient()
    (ignored,) = client.receive(message)
    assert isinstance(ignored, Ignored)
    assert state_of(client) is RdpsndClientState.WAIT_FORMATS


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes(messages: list[bytes]) -> None:
    client = RdpsndClient()
    for message in messages:
        client.receive(message)
