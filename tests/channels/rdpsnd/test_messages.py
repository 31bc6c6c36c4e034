from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels import rdpsnd
from trio_rdp.channels.rdpsnd.messages import decode_rdpsnd_from_client, decode_rdpsnd_from_server
from trio_rdp.wire.errors import DecodeError, Truncated
from trio_rdp.wire.pdu import Pdu

VERSION = rdpsnd.ProtocolVersion.WAVE2
INFO, WAVE = rdpsnd.split_wave(b"sound of", time_stamp=1, format_no=2, block_no=3)

FROM_SERVER: list[Pdu] = [
    rdpsnd.ServerAudioFormatsAndVersion(version=VERSION, snd_formats=[]),
    rdpsnd.CryptKey(seed=bytes(32)),
    rdpsnd.Training(time_stamp=1, pack_size=9, data=b"x"),
    INFO,
    rdpsnd.WaveEncrypt(time_stamp=1, format_no=2, block_no=3, data=b"encrypted"),
    rdpsnd.UdpWave(block_no=1, frag_no=2, data=b"x"),
    rdpsnd.UdpWaveLast(total_size=1, time_stamp=2, format_no=3, block_no=4, data=b"x"),
    rdpsnd.Close(),
    rdpsnd.Wave2(time_stamp=1, format_no=2, block_no=3, audio_time_stamp=4, data=b"x"),
    rdpsnd.Volume(volume=1),
    rdpsnd.Pitch(pitch=1),
    rdpsnd.UnknownRdpsnd(msg_type=rdpsnd.MessageType(0x0E), data=b"?"),
]
FROM_CLIENT: list[Pdu] = [
    rdpsnd.ClientAudioFormatsAndVersion(version=VERSION, snd_formats=[]),
    rdpsnd.QualityMode(quality_mode=rdpsnd.Quality.HIGH),
    rdpsnd.TrainingConfirm(time_stamp=1, pack_size=2),
    rdpsnd.WaveConfirm(time_stamp=1, confirmed_block_no=2),
    rdpsnd.UnknownRdpsnd(msg_type=rdpsnd.MessageType(0x0E), data=b"?"),
]


@pytest.mark.parametrize("pdu", FROM_SERVER, ids=lambda pdu: type(pdu).__name__)
def test_from_server(pdu: Pdu) -> None:
    assert decode_rdpsnd_from_server(pdu.encode()) == pdu


@pytest.mark.parametrize("pdu", FROM_CLIENT, ids=lambda pdu: type(pdu).__name__)
def test_from_client(pdu: Pdu) -> None:
    assert decode_rdpsnd_from_client(pdu.encode()) == pdu


def test_every_type_is_known_from_some_side() -> None:
    assert {pdu.encode()[0] for pdu in FROM_SERVER + FROM_CLIENT} == {*rdpsnd.MessageType, 0x0E}


def test_what_only_the_other_side_sends_is_unknown() -> None:
    for pdu in FROM_CLIENT[1:2] + FROM_CLIENT[3:]:
        assert isinstance(decode_rdpsnd_from_server(pdu.encode()), rdpsnd.UnknownRdpsnd)
    for pdu in FROM_SERVER[1:2] + FROM_SERVER[3:]:
        assert isinstance(decode_rdpsnd_from_client(pdu.encode()), rdpsnd.UnknownRdpsnd)


def test_the_message_behind_a_wave_info() -> None:
    assert decode_rdpsnd_from_server(WAVE.encode(), wave_info=INFO) == WAVE
    # Whatever it looks like: this one begins like a Close PDU.
    assert decode_rdpsnd_from_server(b"\1\0\0\0d of", wave_info=INFO) == WAVE
    assert decode_rdpsnd_from_server(WAVE.encode() + b"more", wave_info=INFO) == WAVE
    with pytest.raises(Truncated, match="Wave: needs 4 bytes, 3 left"):
        decode_rdpsnd_from_server(WAVE.encode()[:-1], wave_info=INFO)
    with pytest.raises(Truncated):
        decode_rdpsnd_from_server(b"\0\0\0", wave_info=INFO)


def test_signed_waves() -> None:
    signed = rdpsnd.SignedWaveEncrypt(time_stamp=1, format_no=2, block_no=3, signature=b"8 bytes.", data=b"x")
    assert decode_rdpsnd_from_server(signed.encode(), signed=True) == signed
    plain = decode_rdpsnd_from_server(signed.encode())
    assert plain == rdpsnd.WaveEncrypt(time_stamp=1, format_no=2, block_no=3, data=b"8 bytes.x")
    assert decode_rdpsnd_from_server(rdpsnd.Close().encode(), signed=True) == rdpsnd.Close()


def test_nothing_is_truncated() -> None:
    with pytest.raises(Truncated):
        decode_rdpsnd_from_server(b"")
    with pytest.raises(Truncated):
        decode_rdpsnd_from_client(b"")


def test_everything_is_exported() -> None:
    assert all(hasattr(rdpsnd, name) for name in rdpsnd.__all__)


@given(st.integers(0, 15), st.integers(0, 40), st.binary(max_size=40))
def test_any_bytes(msg_type: int, body_size: int, body: bytes) -> None:
    raw = bytes([msg_type, 0, body_size, 0]) + body
    for decode in (decode_rdpsnd_from_client, decode_rdpsnd_from_server):
        for data in (raw, body):
            try:
                pdu: Pdu = decode(data)
            except DecodeError:
                continue
            assert decode(pdu.encode()) == pdu
