from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpsnd.audio_format import AudioFormat, FormatTag
from trio_rdp.wire.errors import EncodeError

# [MS-RDPEA] 4.1.1
EXAMPLES = [
    (
        (
            "0100"  # wFormatTag = WAVE_FORMAT_PCM
            "0200"  # nChannels
            "22560000"  # nSamplesPerSec
            "88580100"  # nAvgBytesPerSec
            "0400"  # nBlockAlign
            "1000"  # wBitsPerSample
            "0000"
        ),  # cbSize
        AudioFormat(
            format_tag=FormatTag.PCM,
            channels=2,
            samples_per_sec=22050,
            avg_bytes_per_sec=88200,
            block_align=4,
            bits_per_sample=16,
        ),
    ),
    (
        (
            "0200 0200 22560000 27570000 0004 0400 2000"  # WAVE_FORMAT_ADPCM, cbSize = 32
            "f403070000010000000200ff00000000c0004000f0000000cc0130ff880118ff"
        ),  # data
        AudioFormat(
            format_tag=FormatTag.ADPCM,
            channels=2,
            samples_per_sec=22050,
            avg_bytes_per_sec=22311,
            block_align=1024,
            bits_per_sample=4,
            data=bytes.fromhex("f403070000010000000200ff00000000c0004000f0000000cc0130ff880118ff"),
        ),
    ),
    (
        "1100 0200 22560000 b9560000 0004 0400 0200 f903",  # WAVE_FORMAT_DVI_ADPCM
        AudioFormat(
            format_tag=FormatTag.DVI_ADPCM,
            channels=2,
            samples_per_sec=22050,
            avg_bytes_per_sec=22201,
            block_align=1024,
            bits_per_sample=4,
            data=b"\xf9\x03",
        ),
    ),
]


@pytest.mark.parametrize(("raw", "value"), EXAMPLES)
def test_examples(raw: str, value: AudioFormat) -> None:
    same(bytes.fromhex(raw), value)
    every_truncation_raises(AudioFormat, bytes.fromhex(raw))


def test_an_unknown_format_is_kept() -> None:
    raw = bytes.fromhex("3412 0200 22560000 88580100 0400 1000 0000")
    value = AudioFormat.decode(raw)
    assert not value.format_tag.is_known
    assert value.encode() == raw


def test_too_much_data() -> None:
    value = EXAMPLES[0][1]
    with pytest.raises(EncodeError):
        AudioFormat(
            format_tag=value.format_tag,
            channels=2,
            samples_per_sec=1,
            avg_bytes_per_sec=1,
            block_align=1,
            bits_per_sample=1,
            data=bytes(0x10000),
        ).encode()


@given(st.binary(min_size=16, max_size=16), st.integers(0, 6), st.binary(max_size=6))
def test_any_bytes(head: bytes, size: int, data: bytes) -> None:
    value_or_error(AudioFormat, head + size.to_bytes(2, "little") + data)
