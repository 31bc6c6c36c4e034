from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpsnd.udp import (
    FRAG_NO_LIMIT,
    AudioFragData,
    SignedWaveEncrypt,
    UdpWave,
    UdpWaveLast,
    WaveEncrypt,
)
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu


def test_wave_encrypt() -> None:
    """[MS-RDPEA] 4.3.1; the middle of its audio is not printed there."""
    audio = bytes.fromhex("fd190755") + bytes(936) + bytes.fromhex("c04278a6")
    raw = (
        bytes.fromhex(
            "09 e0 b803"  # Type, bPad, BodySize = 952
            "b4d0"  # wTimeStamp
            "2d00"  # wFormatNo
            "24"  # cBlockNo
            "000000"  # bPad
        )
        + audio
    )
    value = WaveEncrypt(time_stamp=0xD0B4, format_no=45, block_no=36, data=audio)
    assert WaveEncrypt.decode(raw) == value
    same(raw[:1] + b"\0" + raw[2:], value)
    every_truncation_raises(WaveEncrypt, raw)
    signed = SignedWaveEncrypt(time_stamp=0xD0B4, format_no=45, block_no=36, signature=audio[:8], data=audio[8:])
    same(raw[:1] + b"\0" + raw[2:], signed)
    every_truncation_raises(SignedWaveEncrypt, raw)


def test_udp_wave() -> None:
    """[MS-RDPEA] 4.4.1."""
    data = bytes.fromhex("8727b8777821b9e8") + bytes(21)
    raw = bytes.fromhex("0a 00 00") + data  # Type, cBlockNo, cFragNo
    same(raw, UdpWave(block_no=0, frag_no=0, data=data))
    every_truncation_raises(UdpWave, raw[:3])


@pytest.mark.parametrize(
    ("raw", "frag_no"), [("7f", 0x7F), ("8080", 0x80), ("8100", 0x100), ("9234", 0x1234), ("ffff", FRAG_NO_LIMIT)]
)
def test_fragment_numbers(raw: str, frag_no: int) -> None:
    same(bytes.fromhex(f"0a 05 {raw} 0102"), UdpWave(block_no=5, frag_no=frag_no, data=b"\1\2"))
    every_truncation_raises(UdpWave, bytes.fromhex(f"0a 05 {raw}"))


def test_a_small_fragment_number_may_be_long() -> None:
    assert UdpWave.decode(bytes.fromhex("0a 05 8003 01")) == UdpWave(block_no=5, frag_no=3, data=b"\1")


def test_fragment_numbers_have_15_bits() -> None:
    for frag_no in (-1, FRAG_NO_LIMIT + 1):
        with pytest.raises(EncodeError, match=f"fragment {frag_no} exceeds 32767"):
            UdpWave(block_no=0, frag_no=frag_no, data=b"").encode()
    with pytest.raises(EncodeError, match="UdpWave"):
        UdpWave(block_no=256, frag_no=0, data=b"").encode()


def test_udp_wave_last() -> None:
    """[MS-RDPEA] 4.4.2."""
    raw = bytes.fromhex(
        "0b"  # Type
        "0820"  # wTotalSize
        "b91a"  # wTimeStamp
        "0400"  # wFormatNo
        "00"  # cBlockNo
        "000000"  # bPad
    ) + bytes(21)
    same(raw, UdpWaveLast(total_size=0x2008, time_stamp=0x1AB9, format_no=4, block_no=0, data=bytes(21)))
    every_truncation_raises(UdpWaveLast, raw[:11])
    with pytest.raises(EncodeError, match="UdpWaveLast"):
        UdpWaveLast(total_size=0x10000, time_stamp=0, format_no=0, block_no=0, data=b"").encode()


def test_fragments_have_their_own_type() -> None:
    with pytest.raises(InvalidField, match=r"UDPWAVELAST: 11> is not <MessageType\.UDPWAVE: 10>"):
        UdpWave.decode(bytes.fromhex("0b 00 00 00"))
    with pytest.raises(InvalidField, match=r"UDPWAVE: 10> is not <MessageType\.UDPWAVELAST: 11>"):
        UdpWaveLast.decode(bytes.fromhex("0a 0820 b91a 0400 00 000000"))


def test_fragments_together() -> None:
    pieces = [UdpWave(block_no=1, frag_no=0, data=b"signa-"), UdpWave(block_no=1, frag_no=1, data=b"tuREST")]
    last = UdpWaveLast(total_size=14, time_stamp=0, format_no=0, block_no=1, data=b"IO")
    whole = b"".join(piece.data for piece in pieces) + last.data
    assert AudioFragData.decode(whole).data == b"RESTIO"
    same(whole, AudioFragData(signature=whole[:8], data=whole[8:]))
    every_truncation_raises(AudioFragData, whole[:8])


@given(st.sampled_from([9, 10, 11]), st.binary(max_size=24))
def test_any_bytes(msg_type: int, body: bytes) -> None:
    classes: list[type[Pdu]] = [WaveEncrypt, SignedWaveEncrypt, UdpWave, UdpWaveLast, AudioFragData]
    for cls in classes:
        value_or_error(cls, bytes([msg_type]) + body)
        value_or_error(cls, bytes([msg_type, 0, len(body), 0]) + body)
