from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpsnd.audio_format import FORMATS_LIMIT, AudioFormat, FormatTag
from trio_rdp.channels.rdpsnd.initialization import (
    ClientAudioFormatsAndVersion,
    CryptKey,
    ProtocolVersion,
    Quality,
    QualityMode,
    ServerAudioFormatsAndVersion,
    SoundCapabilities,
)
from trio_rdp.wire.errors import EncodeError, InvalidField


def _format(tag: FormatTag, average: int, align: int, bits: int, data: str = "") -> AudioFormat:
    return AudioFormat(
        format_tag=tag,
        channels=2,
        samples_per_sec=22050,
        avg_bytes_per_sec=average,
        block_align=align,
        bits_per_sample=bits,
        data=bytes.fromhex(data),
    )


ADPCM_DATA = "f403070000010000000200ff00000000c0004000f0000000cc0130ff880118ff"
FORMATS = [
    _format(FormatTag.PCM, 88200, 4, 16),
    _format(FormatTag.ALAW, 44100, 2, 8),
    _format(FormatTag.MULAW, 44100, 2, 8),
    _format(FormatTag.ADPCM, 22311, 1024, 4, ADPCM_DATA),
    _format(FormatTag.DVI_ADPCM, 22201, 1024, 4, "f903"),
]
RAW_FORMATS = (
    "0100 0200 22560000 88580100 0400 1000 0000"
    "0600 0200 22560000 44ac0000 0200 0800 0000"
    "0700 0200 22560000 44ac0000 0200 0800 0000"
    f"0200 0200 22560000 27570000 0004 0400 2000 {ADPCM_DATA}"
    "1100 0200 22560000 b9560000 0004 0400 0200 f903"
)
SERVER = ServerAudioFormatsAndVersion(
    last_block_confirmed=255, version=ProtocolVersion.UDP_FRAGMENTS, snd_formats=FORMATS
)
CLIENT = ClientAudioFormatsAndVersion(
    flags=SoundCapabilities.ALIVE | SoundCapabilities.VOLUME,
    volume=0xFFFFFFFF,
    pitch=0x00F9F700,
    dgram_port=0,
    version=ProtocolVersion.UDP_FRAGMENTS,
    snd_formats=FORMATS,
)


def test_server_formats() -> None:
    """[MS-RDPEA] 4.1.1, in which unused fields hold what was in memory."""
    raw = bytes.fromhex(
        "07 2b 9000"  # Type, bPad, BodySize
        "08fb8b00"  # dwFlags, unused
        "e0f10900"  # dwVolume, unused
        "70271f77"  # dwPitch, unused
        "0000"  # wDGramPort, unused
        "0500"  # wNumberOfFormats
        "ff"  # cLastBlockConfirmed
        "0500"  # wVersion
        "00" + RAW_FORMATS  # bPad
    )
    assert ServerAudioFormatsAndVersion.decode(raw) == SERVER
    every_truncation_raises(ServerAudioFormatsAndVersion, raw)
    cleared = raw[:1] + b"\0" + raw[2:4] + bytes(12) + raw[16:]
    same(cleared, SERVER)


def test_client_formats() -> None:
    """[MS-RDPEA] 4.1.2."""
    raw = bytes.fromhex(
        "07 00 9000"  # Type, bPad, BodySize
        "03000000"  # dwFlags = TSSNDCAPS_ALIVE | TSSNDCAPS_VOLUME
        "ffffffff"  # dwVolume
        "00f7f900"  # dwPitch
        "0000"  # wDGramPort
        "0500"  # wNumberOfFormats
        "28"  # cLastBlockConfirmed, unused
        "0500"  # wVersion
        "7c" + RAW_FORMATS  # bPad
    )
    assert ClientAudioFormatsAndVersion.decode(raw) == CLIENT
    every_truncation_raises(ClientAudioFormatsAndVersion, raw)
    same(raw[:20] + b"\0\5\0\0" + raw[24:], CLIENT)


def test_the_port_is_big_endian() -> None:
    value = ClientAudioFormatsAndVersion(dgram_port=0x1234, version=ProtocolVersion.WAVE2, snd_formats=[])
    raw = bytes.fromhex("07 00 1400 01000000 00000000 00000000 1234 0000 00 0800 00")
    same(raw, value)
    with pytest.raises(EncodeError, match="a port of 65536"):
        ClientAudioFormatsAndVersion(dgram_port=65536, version=ProtocolVersion.WAVE2, snd_formats=[]).encode()


def test_versions_compare() -> None:
    assert ProtocolVersion(7) >= ProtocolVersion.QUALITY_MODE
    assert ProtocolVersion(7) < ProtocolVersion.WAVE2


def test_a_list_beyond_the_limit() -> None:
    most = [FORMATS[0]] * FORMATS_LIMIT
    raw = ServerAudioFormatsAndVersion(version=ProtocolVersion.WAVE2, snd_formats=most).encode()
    assert ServerAudioFormatsAndVersion.decode(raw).snd_formats == most
    with pytest.raises(EncodeError, match="1025 formats exceed 1024"):
        ServerAudioFormatsAndVersion(version=ProtocolVersion.WAVE2, snd_formats=[*most, FORMATS[0]]).encode()
    raw = bytes.fromhex("07 00 1400 00000000 00000000 00000000 0000 0104 00 0800 00")
    for cls in (ServerAudioFormatsAndVersion, ClientAudioFormatsAndVersion):
        with pytest.raises(InvalidField, match="1025 formats exceed 1024"):
            cls.decode(raw)


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(EncodeError, match="ServerAudioFormatsAndVersion"):
        ServerAudioFormatsAndVersion(last_block_confirmed=256, version=ProtocolVersion.WAVE2, snd_formats=[]).encode()


def test_quality_mode() -> None:
    raw = bytes.fromhex("0c 00 0400 0200 0000")  # header, wQualityMode = HIGH_QUALITY, Reserved
    same(raw, QualityMode(quality_mode=Quality.HIGH))
    every_truncation_raises(QualityMode, raw)
    assert QualityMode.decode(bytes.fromhex("0c ff 0400 0300 ffff")).quality_mode == 3


def test_crypt_key() -> None:
    raw = bytes.fromhex("08 00 2400 00000000") + bytes(range(32))  # header, Reserved, Seed
    same(raw, CryptKey(seed=bytes(range(32))))
    every_truncation_raises(CryptKey, raw)
    with pytest.raises(EncodeError, match="needs 32 bytes, got 31"):
        CryptKey(seed=bytes(31)).encode()


@given(
    st.binary(min_size=14, max_size=14), st.integers(0, 4), st.binary(min_size=4, max_size=4), st.binary(max_size=60)
)
def test_any_bytes(head: bytes, count: int, tail: bytes, formats: bytes) -> None:
    body = head + count.to_bytes(2, "little") + tail + formats
    raw = b"\7\0" + len(body).to_bytes(2, "little") + body
    value_or_error(ServerAudioFormatsAndVersion, raw)
    value_or_error(ClientAudioFormatsAndVersion, raw)
    value_or_error(QualityMode, b"\x0c" + raw[1:])
    value_or_error(CryptKey, b"\x08" + raw[1:])
