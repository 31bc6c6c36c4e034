"""The server's machine of audio output: offers, trainings, waves, and what is ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.rdpsnd.test_client import GSM, PCM, PHONE
from trio_rdp.channels.rdpsnd import (
    AudioFormat,
    ClientAudioFormatsAndVersion,
    Close,
    FormatsAgreed,
    Ignored,
    Pitch,
    ProtocolVersion,
    Quality,
    QualityChosen,
    QualityMode,
    RdpsndServer,
    RdpsndServerState,
    Reply,
    ServerAudioFormatsAndVersion,
    SoundCapabilities,
    Trained,
    Training,
    TrainingConfirm,
    Volume,
    Wave2,
    WaveConfirm,
    WaveInfo,
    WavesConfirmed,
    decode_rdpsnd_from_server,
)
from trio_rdp.wire.errors import EncodeError, LocalProtocolError

ALL = SoundCapabilities(SoundCapabilities.ALIVE | SoundCapabilities.VOLUME | SoundCapabilities.PITCH)


def answer(
    *formats: AudioFormat, version: ProtocolVersion = ProtocolVersion.WAVE2, flags: SoundCapabilities = ALL
) -> bytes:
    return ClientAudioFormatsAndVersion(flags=flags, version=version, snd_formats=list(formats)).encode()


def state_of(server: RdpsndServer) -> RdpsndServerState:
    return server.state


def trained(version: ProtocolVersion = ProtocolVersion.WAVE2, flags: SoundCapabilities = ALL) -> RdpsndServer:
    server = RdpsndServer([PCM, GSM, PHONE])
    server.start(time_stamp=77)
    server.receive(answer(PCM, PHONE, version=version, flags=flags))
    assert server.receive(TrainingConfirm(time_stamp=77, pack_size=0).encode()) == [Trained()]
    return server


def test_the_ladder() -> None:
    server = RdpsndServer([PCM, GSM, PHONE])
    assert state_of(server) is RdpsndServerState.IDLE
    offered = ServerAudioFormatsAndVersion.decode(server.start(time_stamp=0x12345))
    assert offered.snd_formats == [PCM, GSM, PHONE]
    assert offered.version == ProtocolVersion.WAVE2
    assert state_of(server) is RdpsndServerState.WAIT_FORMATS
    agreed, reply = server.receive(answer(PCM, PHONE))
    assert agreed == FormatsAgreed(ProtocolVersion.WAVE2, (PCM, PHONE))
    assert isinstance(reply, Reply)
    assert Training.decode(reply.message) == Training(time_stamp=0x2345, pack_size=0)
    assert state_of(server) is RdpsndServerState.WAIT_TRAINING
    assert server.quality == Quality.DYNAMIC
    assert server.receive(QualityMode(quality_mode=Quality.HIGH).encode()) == [QualityChosen(Quality.HIGH)]
    assert server.quality.name == "HIGH"
    assert server.receive(TrainingConfirm(time_stamp=0x2345, pack_size=0).encode()) == [Trained()]
    assert state_of(server) is RdpsndServerState.READY
    assert server.formats == (PCM, PHONE)
    # The first block is the one behind the last confirmed.
    (wave,) = server.wave(b"sound", 1, time_stamp=0x10001, audio_time_stamp=-1)
    assert Wave2.decode(wave) == Wave2(
        time_stamp=1,
        format_no=1,
        block_no=(offered.last_block_confirmed + 1) % 256,
        audio_time_stamp=0xFFFFFFFF,
        data=b"sound",
    )
    assert server.close() == Close().encode()
    assert state_of(server) is RdpsndServerState.IDLE


def test_waves_for_older_clients_have_two_parts() -> None:
    server = trained(ProtocolVersion.QUALITY_MODE)
    first, second = server.wave(b"some sound", 0, time_stamp=4)
    info = decode_rdpsnd_from_server(first)
    assert isinstance(info, WaveInfo)
    rest = decode_rdpsnd_from_server(second, wave_info=info)
    assert info.join(rest) == b"some sound"  # type: ignore[arg-type]
    with pytest.raises(EncodeError):
        server.wave(b"1234", 0, time_stamp=4)
    assert len(server.unconfirmed) == 1


def test_quality_is_of_version_6() -> None:
    server = trained(ProtocolVersion.UDP_FRAGMENTS)
    assert isinstance(server.receive(QualityMode(quality_mode=Quality.HIGH).encode())[0], Ignored)
    assert server.quality == Quality.DYNAMIC


def test_confirmations() -> None:
    server = trained()
    blocks = []
    for number in range(5):
        (message,) = server.wave(b"sound", 0, time_stamp=number)
        blocks.append(Wave2.decode(message).block_no)
    assert server.unconfirmed == tuple(blocks)
    confirm = WaveConfirm(time_stamp=9, confirmed_block_no=blocks[0]).encode()
    assert server.receive(confirm) == [WavesConfirmed((blocks[0],), 9)]
    # xfreerdp 2.11.7 says everything twice.
    assert isinstance(server.receive(confirm)[0], Ignored)
    confirm = WaveConfirm(time_stamp=10, confirmed_block_no=blocks[2]).encode()
    assert server.receive(confirm) == [WavesConfirmed((blocks[1], blocks[2]), 10)]
    server.forget(blocks[3])
    server.forget(blocks[3])
    assert server.unconfirmed == (blocks[4],)
    late = WaveConfirm(time_stamp=10, confirmed_block_no=blocks[3]).encode()
    assert isinstance(server.receive(late)[0], Ignored)


def test_all_numbers_unconfirmed() -> None:
    server = trained()
    for _ in range(256):
        server.wave(b"sound", 0, time_stamp=0)
    with pytest.raises(LocalProtocolError, match="256 waves are not confirmed"):
        server.wave(b"sound", 0, time_stamp=0)
    server.forget(server.unconfirmed[0])
    server.wave(b"sound", 0, time_stamp=0)


def test_a_client_without_sound() -> None:
    server = RdpsndServer([PCM])
    server.start()
    agreed, _ = server.receive(answer(PCM, flags=SoundCapabilities(0)))
    assert agreed == FormatsAgreed(ProtocolVersion.WAVE2, ())
    assert server.formats == ()


def test_a_client_may_name_others() -> None:
    server = trained()
    assert server.receive(answer(PHONE)) == [FormatsAgreed(ProtocolVersion.WAVE2, (PHONE,))]
    assert state_of(server) is RdpsndServerState.READY
    with pytest.raises(LocalProtocolError, match="format 1 of 1"):
        server.wave(b"sound", 1, time_stamp=0)


def test_closed_and_begun_again() -> None:
    server = trained()
    server.wave(b"sound", 0, time_stamp=0)
    server.close()
    again = ServerAudioFormatsAndVersion.decode(server.start())
    assert server.unconfirmed == ()
    server.receive(answer(PCM))
    server.receive(TrainingConfirm(time_stamp=0, pack_size=0).encode())
    (wave,) = server.wave(b"sound", 0, time_stamp=0)
    assert Wave2.decode(wave).block_no == (again.last_block_confirmed + 1) % 256 == 1


def test_settings() -> None:
    server = trained()
    assert server.volume(1, 2) == Volume.of(1, 2).encode()
    assert server.pitch(1.5) == Pitch(pitch=0x18000).encode()
    server = trained(flags=SoundCapabilities.ALIVE)
    with pytest.raises(LocalProtocolError, match="cannot change its volume"):
        server.volume(1, 2)
    with pytest.raises(LocalProtocolError, match="cannot change its pitch"):
        server.pitch(1.0)


def test_out_of_turn() -> None:
    server = RdpsndServer([PCM])
    with pytest.raises(LocalProtocolError, match="IDLE"):
        server.wave(b"sound", 0, time_stamp=0)
    with pytest.raises(LocalProtocolError, match="IDLE"):
        server.close()
    with pytest.raises(LocalProtocolError, match="IDLE"):
        server.volume(0, 0)
    server.start()
    with pytest.raises(LocalProtocolError, match="WAIT_FORMATS"):
        server.start()


@pytest.mark.parametrize(
    "message",
    [
        TrainingConfirm(time_stamp=0, pack_size=0).encode(),
        WaveConfirm(time_stamp=0, confirmed_block_no=0).encode(),
        QualityMode(quality_mode=Quality.HIGH).encode(),
        b"\x99",
        b"\x05\0\1\0\0",
        b"",
    ],
)
def test_what_comes_out_of_sequence_is_ignored(message: bytes) -> None:
    server = RdpsndServer([PCM])
    assert isinstance(server.receive(answer(PCM))[0], Ignored)
    server.start()
    (ignored,) = server.receive(message)
    assert isinstance(ignored, Ignored)
    assert state_of(server) is RdpsndServerState.WAIT_FORMATS


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes(messages: list[bytes]) -> None:
    server = trained()
    for message in messages:
        server.receive(message)
