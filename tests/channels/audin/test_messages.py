from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels import audin
from trio_rdp.channels.audin import (
    KSDATAFORMAT_SUBTYPE_PCM,
    Data,
    FormatChange,
    IncomingData,
    MessageId,
    Open,
    OpenReply,
    ProtocolVersion,
    SoundFormats,
    Speakers,
    UnknownAudin,
    Version,
    WaveFormatExtensible,
    decode_audin,
)
from trio_rdp.channels.rdpsnd.audio_format import FORMATS_LIMIT, AudioFormat, FormatTag
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu

# The formats of [MS-RDPEAI] 4.1.3 and 4.1.5: wFormatTag, nChannels, nSamplesPerSec, nAvgBytesPerSec, nBlockAlign,
# wBitsPerSample, cbSize and data.
COEFFICIENTS = "070000010000000200ff00000000c0004000f0000000cc0130ff880118ff"
FORMATS = bytes.fromhex(
    "0100 0200 44ac0000 10b10200 0400 1000 0000"
    f"0200 0200 44ac0000 47ad0000 0008 0400 2000 f407{COEFFICIENTS}"
    "1100 0200 44ac0000 dbac0000 0008 0400 0200 f907"
    f"0200 0200 22560000 27570000 0004 0400 2000 f403{COEFFICIENTS}"
    "1100 0200 22560000 b9560000 0004 0400 0200 f903"
    f"0200 0100 44ac0000 a3560000 0004 0400 2000 f407{COEFFICIENTS}"
    "1100 0100 44ac0000 6d560000 0004 0400 0200 f907"
    f"0200 0200 112b0000 192c0000 0002 0400 2000 f401{COEFFICIENTS}"
    "1100 0200 112b0000 a92b0000 0002 0400 0200 f901"
    f"0200 0100 22560000 932b0000 0002 0400 2000 f403{COEFFICIENTS}"
    "1100 0100 22560000 5c2b0000 0002 0400 0200 f903"
    "3100 0100 44ac0000 fd220000 4100 0000 0200 4001"
    f"0200 0200 401f0000 00200000 0002 0400 2000 f401{COEFFICIENTS}"
    "1100 0200 401f0000 ae1f0000 0002 0400 0200 f901"
    f"0200 0100 112b0000 0c160000 0001 0400 2000 f401{COEFFICIENTS}"
    "1100 0100 112b0000 d4150000 0001 0400 0200 f901"
    "3100 0100 22560000 7e110000 4100 0000 0200 4001"
    f"0200 0100 401f0000 00100000 0001 0400 2000 f401{COEFFICIENTS}"
    "1100 0100 401f0000 d70f0000 0001 0400 0200 f901"
    "3100 0100 112b0000 bf080000 4100 0000 0200 4001"
    "3100 0100 401f0000 59060000 4100 0000 0200 4001"
)

# The audio of [MS-RDPEAI] 4.2.2.
AUDIO = bytes.fromhex(
    "d638995905ac56932405d4df135ac67cb66e7b0bbb2dd9e95c042efc64d9891d5989711d2db1b2b1e51cb94c78c1f76d133b"
    "b67726edb6bdebb6d960df4e2d59a797099311d3769a4db9605bc6ca3b2d2b75d9a3c418993649d3442ef6c9341148569591"
    "2428f5c08f7624176e51c2ac00001004741625499224a161da4444499224d307d7cda2bd95e448ae06074b7dfb3852e2a824"
    "2d0912404962c36c00122449f26c8eee405ece8620492245cf8f499224c93776356178dcb68d2b9c380c499224d308d7d514"
    "654c10800400f2db7bdbc653e1bc23996473922449553922c97d7dbb8033194c52eefefbb4db963fc68a9664db96e5885152"
    "1bb78d785cfeffffffff51e81611635fac22cd9265510f981f499224c9cc962449920c3c6df6dc489294778d919d51d06fc9"
    "9124899567b17346db4c99a9c025772e61923d426ddffe5ddf93f8d69553a3d1ff6fdbb6bd66b2edd9b66d5b777cdbb66d60"
    "67cf14274992246ba1b01931576799eb25ddeae29a71e1254992be9c63926507c5c9c2c79223b44d"
)

PCM = AudioFormat(
    format_tag=FormatTag.PCM,
    channels=2,
    samples_per_sec=44100,
    avg_bytes_per_sec=176400,
    block_align=4,
    bits_per_sample=16,
)


def test_version() -> None:
    """[MS-RDPEAI] 4.1.1 and 4.1.2."""
    raw = bytes.fromhex("01 01000000")  # MessageId, Version
    same(raw, Version(version=ProtocolVersion.V1))
    every_truncation_raises(Version, raw)
    assert Version.decode(bytes.fromhex("01 03000000")).version > ProtocolVersion.V2


def test_sound_formats_of_a_server() -> None:
    """[MS-RDPEAI] 4.1.3, whose size is arbitrary."""
    raw = bytes.fromhex("02 15000000 00000080") + FORMATS  # MessageId, NumFormats, cbSizeFormatsPacket
    value = SoundFormats.decode(raw)
    assert len(value.sound_formats) == 21
    assert value.sound_formats[0] == PCM
    assert {one.format_tag for one in value.sound_formats} == {
        FormatTag.PCM,
        FormatTag.ADPCM,
        FormatTag.DVI_ADPCM,
        FormatTag.GSM610,
    }
    assert value.sound_formats[-1] == AudioFormat(
        format_tag=FormatTag.GSM610,
        channels=1,
        samples_per_sec=8000,
        avg_bytes_per_sec=1625,
        block_align=65,
        bits_per_sample=0,
        data=b"\x40\x01",
    )
    assert value.encode() == raw[:5] + bytes.fromhex("9b020000") + FORMATS
    every_truncation_raises(SoundFormats, raw)


def test_sound_formats_of_a_client() -> None:
    """[MS-RDPEAI] 4.1.5, with its ExtraData."""
    raw = bytes.fromhex("02 15000000 9b020000") + FORMATS
    value = SoundFormats.decode(raw + bytes(0x400 - len(raw)))
    same(raw, value)


def test_a_list_beyond_the_limit() -> None:
    most = SoundFormats(sound_formats=[PCM] * FORMATS_LIMIT)
    assert SoundFormats.decode(most.encode()) == most
    most.sound_formats.append(PCM)
    with pytest.raises(EncodeError, match="1025 formats exceed 1024"):
        most.encode()
    for count in ("01040000", "ffffffff"):
        with pytest.raises(InvalidField, match="formats exceed 1024") as raised:
            SoundFormats.decode(bytes.fromhex(f"02 {count} 00000000"))
        assert (raised.value.pdu, raised.value.field) == ("SoundFormats", "sound_formats")


def test_open() -> None:
    """[MS-RDPEAI] 4.1.6."""
    raw = bytes.fromhex(
        "03"  # MessageId
        "9d080000"  # FramesPerPacket
        "0b000000"  # InitialFormat
        "feff"  # wFormatTag = WAVE_FORMAT_EXTENSIBLE
        "0200"  # nChannels
        "44ac0000"  # nSamplesPerSec
        "10b10200"  # nAvgBytesPerSec
        "0400"  # nBlockAlign
        "1000"  # wBitsPerSample
        "1600"  # cbSize
        "1000 03000000 01000000 0000 1000 800000aa00389b71"  # ExtraFormatData
    )
    extra = raw[-22:]
    same(
        raw,
        Open(
            frames_per_packet=2205,
            initial_format=11,
            capture_format=AudioFormat(
                format_tag=FormatTag.EXTENSIBLE,
                channels=2,
                samples_per_sec=44100,
                avg_bytes_per_sec=176400,
                block_align=4,
                bits_per_sample=16,
                data=extra,
            ),
        ),
    )
    every_truncation_raises(Open, raw)
    # wValidBitsPerSample, dwChannelMask, SubFormat
    extensible = WaveFormatExtensible(valid_bits_per_sample=16, channel_mask=Speakers.FRONT_LEFT | Speakers.FRONT_RIGHT)
    assert extensible.sub_format == KSDATAFORMAT_SUBTYPE_PCM
    same(extra, extensible)
    every_truncation_raises(WaveFormatExtensible, extra)


def test_open_reply() -> None:
    """[MS-RDPEAI] 4.1.8."""
    raw = bytes.fromhex("04 00000000")  # MessageId, Result = S_OK
    same(raw, OpenReply())
    every_truncation_raises(OpenReply, raw)
    assert not OpenReply.decode(raw).is_error
    assert OpenReply.decode(bytes.fromhex("04 05400080")).is_error  # E_FAIL


def test_incoming_data() -> None:
    """[MS-RDPEAI] 4.1.4 and 4.2.1."""
    same(b"\5", IncomingData())


def test_data() -> None:
    """[MS-RDPEAI] 4.2.2."""
    same(b"\6" + AUDIO, Data(data=AUDIO))
    same(b"\6", Data(data=b""))


def test_format_change() -> None:
    """[MS-RDPEAI] 4.1.7, 4.3.1 and 4.3.2."""
    raw = bytes.fromhex("07 0b000000")  # MessageId, NewFormat
    same(raw, FormatChange(new_format=11))
    every_truncation_raises(FormatChange, raw)


def test_a_message_of_another_type() -> None:
    with pytest.raises(InvalidField, match=r"DATA: 6> is not <MessageId\.DATA_INCOMING: 5>") as raised:
        IncomingData.decode(b"\6")
    assert (raised.value.pdu, raised.value.field, raised.value.offset) == ("IncomingData", "message_id", 0)
    with pytest.raises(Truncated, match="IncomingData: needs 1 byte"):
        IncomingData.decode(b"")


MESSAGES: list[Pdu] = [
    Version(version=ProtocolVersion.V2),
    SoundFormats(sound_formats=[PCM]),
    Open(frames_per_packet=1, initial_format=2, capture_format=PCM),
    OpenReply(result=0x80004005),
    IncomingData(),
    Data(data=AUDIO),
    FormatChange(new_format=1),
    UnknownAudin(message_id=MessageId(8), data=b"?"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_decode_audin(message: Pdu) -> None:
    assert decode_audin(message.encode()) == message


def test_every_type_is_known() -> None:
    assert {message.encode()[0] for message in MESSAGES} == {*MessageId, 8}
    assert all(hasattr(audin, name) for name in audin.__all__)


def test_no_message_at_all() -> None:
    with pytest.raises(Truncated):
        decode_audin(b"")


@given(st.integers(0, 9), st.integers(0, 3), st.binary(max_size=64))
def test_any_bytes(message_id: int, number: int, rest: bytes) -> None:
    raw = bytes([message_id, number, 0, 0, 0]) + rest
    for data in (raw, raw[:1] + rest):
        try:
            message = decode_audin(data)
        except DecodeError:
            continue
        assert decode_audin(message.encode()) == message
    value_or_error(WaveFormatExtensible, rest)
