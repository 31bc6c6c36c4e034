from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpsnd.data import (
    WAVE2_DATA_LIMIT,
    WAVE_DATA_LIMIT,
    Close,
    Training,
    TrainingConfirm,
    Wave,
    Wave2,
    WaveConfirm,
    WaveInfo,
    split_wave,
)
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

NOISE = bytes(range(256)) * 4


def test_training() -> None:
    """[MS-RDPEA] 4.1.3; the middle of its data is not printed there."""
    data = bytes.fromhex("529049f1f1bbe9eb") + NOISE[:1000] + bytes.fromhex("b0caa99902b9729d")
    raw = bytes.fromhex("06 23 fc03 da89 0004") + data[:1016]  # Type, bPad, BodySize, wTimeStamp, wPackSize = 1024
    value = Training.decode(raw)
    assert value == Training(time_stamp=0x89DA, pack_size=1024, data=data[:1016])
    assert value == Training.carrying(data[:1016], time_stamp=0x89DA)
    assert value.encode() == raw[:1] + b"\0" + raw[2:]
    every_truncation_raises(Training, raw)


def test_training_without_data() -> None:
    value = Training.carrying(b"", time_stamp=1000)
    assert value.pack_size == 0
    same(bytes.fromhex("06 00 0400 e803 0000"), value)


def test_the_size_that_a_server_says_is_kept() -> None:
    # xrdp 0.9.21 does not count the header: 1,028 bytes in all.
    raw = bytes.fromhex("06 00 0004 9934 0004") + bytes(1020)
    same(raw, Training(time_stamp=0x3499, pack_size=1024, data=bytes(1020)))


def test_training_confirm() -> None:
    """[MS-RDPEA] 4.1.4."""
    raw = bytes.fromhex("06 55 0400 da89 0004")  # Type, bPad, BodySize, wTimeStamp, wPackSize
    assert TrainingConfirm.decode(raw) == TrainingConfirm(time_stamp=0x89DA, pack_size=1024)
    same(raw[:1] + b"\0" + raw[2:], TrainingConfirm(time_stamp=0x89DA, pack_size=1024))
    every_truncation_raises(TrainingConfirm, raw)


def test_wave_info_and_wave() -> None:
    """[MS-RDPEA] 4.2.1 and 4.2.2; the middle of its audio is not printed there."""
    raw = bytes.fromhex(
        "02 7e 5102"  # Type, bPad, BodySize = 593
        "d7ad"  # wTimeStamp
        "0f00"  # wFormatNo
        "08"  # cBlockNo
        "000000"  # bPad
        "204817d6"  # data
    )
    info = WaveInfo(time_stamp=0xADD7, format_no=15, block_no=8, data=bytes.fromhex("204817d6"), wave_size=593 - 8 - 4)
    assert WaveInfo.decode(raw) == info
    same(raw[:1] + b"\0" + raw[2:], info)
    every_truncation_raises(WaveInfo, raw)

    audio = bytes.fromhex("84028024") + NOISE[:574] + bytes.fromhex("ba48aa")
    wave = Wave(data=audio)
    same(bytes(4) + audio, wave)  # bPad, data
    assert Wave.decode(b"\1\2\3\4" + audio) == wave
    every_truncation_raises(Wave, bytes(4))
    assert info.join(wave) == bytes.fromhex("204817d6") + audio
    assert split_wave(info.join(wave), time_stamp=0xADD7, format_no=15, block_no=8) == (info, wave)


def test_a_wave_info_that_counts_too_little() -> None:
    same(
        bytes.fromhex("02 00 0c00 0000 0000 00 000000 01020304"),
        WaveInfo(time_stamp=0, format_no=0, block_no=0, data=b"\1\2\3\4", wave_size=0),
    )
    with pytest.raises(InvalidField, match="a body of 11 bytes") as raised:
        WaveInfo.decode(bytes.fromhex("02 00 0b00 0000 0000 00 000000 01020304"))
    assert (raised.value.pdu, raised.value.field) == ("WaveInfo", "body_size")
    with pytest.raises(InvalidField, match=r"is not <MessageType\.WAVE: 2>"):
        WaveInfo.decode(bytes.fromhex("0d 00 0c00 0000 0000 00 000000 01020304"))


def test_how_much_a_pair_of_waves_brings() -> None:
    assert WAVE_DATA_LIMIT == 65527
    info, wave = split_wave(bytes(WAVE_DATA_LIMIT), time_stamp=1, format_no=2, block_no=3)
    assert info.encode()[2:4] == b"\xff\xff"
    assert len(info.join(wave)) == WAVE_DATA_LIMIT
    for size in (0, 4, WAVE_DATA_LIMIT + 1):
        with pytest.raises(EncodeError, match=f"{size} bytes of audio"):
            split_wave(bytes(size), time_stamp=1, format_no=2, block_no=3)
    with pytest.raises(EncodeError, match="a wave of 65524 bytes exceeds 65523"):
        WaveInfo(time_stamp=0, format_no=0, block_no=0, data=bytes(4), wave_size=65524).encode()
    with pytest.raises(EncodeError, match="4 bytes of audio, got 3"):
        WaveInfo(time_stamp=0, format_no=0, block_no=0, data=bytes(3), wave_size=1).encode()


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        # Type, bPad, BodySize, wTimeStamp, cConfirmedBlockNo, bPad: [MS-RDPEA] 4.2.3, 4.3.2 and 4.4.3
        ("05 39 0400 b75a 08 77", WaveConfirm(time_stamp=0x5AB7, confirmed_block_no=8)),
        ("05 25 0400 b75a 24 22", WaveConfirm(time_stamp=0x5AB7, confirmed_block_no=36)),
        ("05 25 0400 b72a 00 22", WaveConfirm(time_stamp=0x2AB7, confirmed_block_no=0)),
    ],
)
def test_wave_confirm(raw: str, value: WaveConfirm) -> None:
    data = bytes.fromhex(raw)
    assert WaveConfirm.decode(data) == value
    same(data[:1] + b"\0" + data[2:7] + b"\0", value)
    every_truncation_raises(WaveConfirm, data)


def test_close() -> None:
    same(bytes.fromhex("01 00 0000"), Close())
    every_truncation_raises(Close, bytes(4))


def test_wave2() -> None:
    """[MS-RDPEA] 4.2.4; the middle of its audio is not printed there."""
    audio = bytes.fromhex("270c458304848220") + NOISE[:232] + bytes.fromhex("b0dc44ba530055c0")
    raw = (
        bytes.fromhex(
            "0d 00 0401"  # Type, bPad, BodySize = 260
            "16a1"  # wTimeStamp
            "0300"  # wFormatNo
            "02"  # cBlockNo
            "000000"  # bPad
            "c2b8ac0d"  # dwAudioTimeStamp
        )
        + audio
    )
    same(raw, Wave2(time_stamp=0xA116, format_no=3, block_no=2, audio_time_stamp=229423298, data=audio))
    every_truncation_raises(Wave2, raw)


def test_how_much_a_wave2_brings() -> None:
    wave = Wave2(time_stamp=0, format_no=0, block_no=0, audio_time_stamp=0, data=bytes(WAVE2_DATA_LIMIT))
    assert Wave2.decode(wave.encode()) == wave
    wave.data += b"\0"
    with pytest.raises(EncodeError, match="a body of 65536 bytes"):
        wave.encode()


@given(st.binary(min_size=5, max_size=300), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 255))
def test_what_is_split_is_joined(audio: bytes, time_stamp: int, format_no: int, block_no: int) -> None:
    info, wave = split_wave(audio, time_stamp=time_stamp, format_no=format_no, block_no=block_no)
    assert WaveInfo.decode(info.encode()).join(Wave.decode(wave.encode())) == audio


@given(st.sampled_from([1, 2, 5, 6, 13]), st.integers(0, 24), st.binary(max_size=24))
def test_any_bytes(msg_type: int, body_size: int, body: bytes) -> None:
    raw = bytes([msg_type, 0, body_size, 0]) + body
    classes: list[type[Pdu]] = [Close, Training, TrainingConfirm, Wave, Wave2, WaveConfirm, WaveInfo]
    for cls in classes:
        value_or_error(cls, raw)
