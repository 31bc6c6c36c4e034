"""Audio formats as codecs: what is offered, what is taken, and what is best."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat, FormatTag
from trio_rdp.channels.rdpsnd.formats import (
    best_format,
    decodable_formats,
    default_formats,
    encodable_formats,
    encoding_of,
    format_of,
)
from trio_rdp.channels.rdpsnd.initialization import Quality
from trio_rdp.codecs import audio
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat

CD = PcmFormat(44_100, 2)
needs_av = pytest.mark.skipif(not audio.is_available(), reason="needs PyAV")

MS_ADPCM = AudioFormat(  # as the Windows server of [MS-RDPEAI] 4.1.3 offers it
    format_tag=FormatTag.ADPCM,
    channels=2,
    samples_per_sec=44_100,
    avg_bytes_per_sec=44_359,
    block_align=2048,
    bits_per_sample=4,
    data=bytes.fromhex("f407 0700 0001 0000 0002 00ff 0000 0000 c000 4000 f000 0000 cc01 30ff 8801 18ff"),
)
IMA_ADPCM = AudioFormat(
    format_tag=FormatTag.DVI_ADPCM,
    channels=2,
    samples_per_sec=44_100,
    avg_bytes_per_sec=44_251,
    block_align=2048,
    bits_per_sample=4,
    data=bytes.fromhex("f907"),
)
XRDP_OPUS = AudioFormat(  # of xrdp 0.9.21
    format_tag=FormatTag.VOXWARE_BYTE_ALIGNED,
    channels=2,
    samples_per_sec=44_100,
    avg_bytes_per_sec=176_400,
    block_align=4,
    bits_per_sample=16,
)


def test_what_windows_offers_is_what_we_make_of_it() -> None:
    assert encoding_of(MS_ADPCM) == Encoding(Codec.MS_ADPCM, CD, block_size=2048)
    assert encoding_of(IMA_ADPCM) == Encoding(Codec.IMA_ADPCM, CD, block_size=2048)
    assert format_of(Encoding(Codec.MS_ADPCM, CD, block_size=2048)) == MS_ADPCM
    assert format_of(Encoding(Codec.IMA_ADPCM, CD, block_size=2048)) == IMA_ADPCM


def test_opus_of_xrdp() -> None:
    assert encoding_of(XRDP_OPUS) == Encoding(Codec.OPUS, CD)


def test_pcm() -> None:
    made = format_of(Encoding(Codec.PCM, CD))
    assert (made.avg_bytes_per_sec, made.block_align, made.bits_per_sample) == (176_400, 4, 16)
    assert encoding_of(made) == Encoding(Codec.PCM, CD)
    eight = format_of(Encoding(Codec.PCM, PcmFormat(8000, 1), bits=8))
    assert (eight.avg_bytes_per_sec, eight.block_align, eight.bits_per_sample) == (8000, 1, 8)
    law = format_of(Encoding(Codec.ALAW, PcmFormat(8000, 1)))
    assert (law.format_tag, law.avg_bytes_per_sec, law.bits_per_sample) == (FormatTag.ALAW, 8000, 8)


def aac(data: bytes, avg_bytes_per_sec: int = 12_000) -> AudioFormat:
    return AudioFormat(
        format_tag=FormatTag.AAC,
        channels=2,
        samples_per_sec=44_100,
        avg_bytes_per_sec=avg_bytes_per_sec,
        block_align=4,
        bits_per_sample=16,
        data=data,
    )


def test_aac() -> None:
    config = bytes.fromhex("1210")
    assert encoding_of(aac(b"")) == Encoding(Codec.AAC, CD)
    assert encoding_of(aac(config)) == Encoding(Codec.AAC, CD, config=config)
    assert encoding_of(aac(bytes(12) + config)) == Encoding(Codec.AAC, CD, config=config)
    assert encoding_of(aac(bytes(12))) == Encoding(Codec.AAC, CD)
    assert encoding_of(aac(b"", 24_000)) == Encoding(Codec.AAC, CD, bit_rate=192_000)
    assert encoding_of(aac(b"", 1 << 31)) == Encoding(Codec.AAC, CD)
    made = format_of(Encoding(Codec.AAC, CD, config=config))
    assert (made.avg_bytes_per_sec, made.data) == (12_000, bytes(12) + config)


@pytest.mark.parametrize(
    "changes",
    [
        {"format_tag": FormatTag.GSM610},
        {"format_tag": FormatTag(0x4242)},
        {"channels": 0},
        {"channels": 9},
        {"samples_per_sec": 0},
        {"samples_per_sec": 0xFFFFFFFF},
        {"data": b"\xf4\x07\x07\0\1"},
        {"data": b"\xf5" + MS_ADPCM.data[1:]},
        {"format_tag": FormatTag.DVI_ADPCM, "data": b"\1\0"},
    ],
)
def test_formats_that_are_not_for_here(changes: dict[str, Any]) -> None:
    changed = dataclasses.replace(MS_ADPCM, **changes)
    assert encoding_of(changed) is None
    assert decodable_formats([changed]) == []


def test_every_default_format_goes_both_ways() -> None:
    formats = default_formats()
    assert formats[0] == format_of(Encoding(Codec.PCM, CD))
    assert decodable_formats(formats) == formats
    for item in formats:
        encoding = encoding_of(item)
        assert encoding is not None
        assert format_of(encoding) == item
        assert item in encodable_formats(formats, encoding.pcm)
    assert len(formats) == len({str(item) for item in formats})


@needs_av
def test_the_best_format() -> None:
    candidates = encodable_formats(default_formats(), PcmFormat(48_000, 2))
    assert {item.format_tag for item in candidates} == {FormatTag.PCM, FormatTag.OPUS, FormatTag.AAC}
    for quality, tag in (
        (Quality.HIGH, FormatTag.PCM),
        (Quality.DYNAMIC, FormatTag.PCM),
        (Quality.MEDIUM, FormatTag.OPUS),
    ):
        best = best_format(candidates, quality)
        assert best is not None
        assert best.format_tag == tag
    assert best_format([XRDP_OPUS, IMA_ADPCM], Quality.HIGH) == XRDP_OPUS
    assert best_format([]) is None
    assert encodable_formats([XRDP_OPUS, *default_formats()], PcmFormat(44_100, 7)) == []


def test_without_pyav_there_is_pcm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "is_available", lambda: False)
    assert {item.format_tag for item in default_formats()} == {FormatTag.PCM}
    assert decodable_formats([MS_ADPCM, IMA_ADPCM, XRDP_OPUS]) == []
