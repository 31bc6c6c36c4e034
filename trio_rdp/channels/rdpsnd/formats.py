"""Which audio formats are which codecs here: what a server offers, what a client takes, and which of them is best."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import product

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat, FormatTag
from trio_rdp.channels.rdpsnd.initialization import Quality
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat, block_frames, can_decode, can_encode

__all__ = [
    "best_format",
    "decodable_formats",
    "default_formats",
    "encodable_formats",
    "encoding_of",
    "format_of",
]

_CODECS = {
    FormatTag.PCM: Codec.PCM,
    FormatTag.IEEE_FLOAT: Codec.FLOAT,
    FormatTag.ALAW: Codec.ALAW,
    FormatTag.MULAW: Codec.MULAW,
    FormatTag.ADPCM: Codec.MS_ADPCM,
    FormatTag.DVI_ADPCM: Codec.IMA_ADPCM,
    FormatTag.AAC: Codec.AAC,
    FormatTag.OPUS: Codec.OPUS,
    FormatTag.VOXWARE_BYTE_ALIGNED: Codec.OPUS,
}
_TAGS = {codec: tag for tag, codec in reversed(_CODECS.items())}

# From the best sound to the worst, and from the least to carry for its sound to the most.
_BY_SOUND = (Codec.PCM, Codec.OPUS, Codec.AAC, Codec.IMA_ADPCM, Codec.MS_ADPCM, Codec.MULAW, Codec.ALAW)
_BY_SIZE = (Codec.OPUS, Codec.AAC, Codec.IMA_ADPCM, Codec.MS_ADPCM, Codec.MULAW, Codec.ALAW, Codec.PCM)

# The samples a block and the coefficients that every encoder of MS-ADPCM uses: FFmpeg knows no others.
_MS_COEFFICIENTS = struct.pack("<H14h", 7, 256, 0, 512, -256, 0, 0, 192, 64, 240, 0, 460, -208, 392, -232)
_AAC_HEAD = 12  # of a HEAACWAVEINFO, which a few fields begin; the AudioSpecificConfig is behind
_BIT_RATES = {Codec.AAC: 96_000, Codec.OPUS: 96_000}


def encoding_of(audio_format: AudioFormat) -> Encoding | None:
    """What a format means to `codecs.audio`; None where there is no such codec here, or the format makes no sense."""
    codec = _CODECS.get(audio_format.format_tag)
    if codec is None:
        return None
    try:
        pcm = PcmFormat(audio_format.samples_per_sec, audio_format.channels)
    except ValueError:
        return None
    data = audio_format.data
    match codec:
        case Codec.PCM | Codec.FLOAT:
            return Encoding(codec, pcm, bits=audio_format.bits_per_sample)
        case Codec.MS_ADPCM if data and not data[2:].startswith(_MS_COEFFICIENTS):
            return None
        case Codec.MS_ADPCM | Codec.IMA_ADPCM:
            encoding = Encoding(codec, pcm, block_size=audio_format.block_align)
            declared = int.from_bytes(data[:2], "little")
            return None if data and declared != block_frames(encoding) else encoding
    bit_rate = 8 * audio_format.avg_bytes_per_sec
    if not 6000 <= bit_rate <= 512_000:  # xrdp 0.9.21 gives Opus the rate of PCM
        bit_rate = _BIT_RATES.get(codec, 0)
    # gnome-remote-desktop sends no data with AAC; it then is AAC-LC.
    config = data[_AAC_HEAD:] if len(data) > _AAC_HEAD else data if len(data) <= 8 else b""
    return Encoding(codec, pcm, bit_rate=bit_rate, config=config if codec is Codec.AAC else b"")


def format_of(encoding: Encoding) -> AudioFormat:
    """The format that announces an encoding."""
    pcm, codec = encoding.pcm, encoding.codec
    bits, block_align, data = 16, pcm.frame_size, b""
    rate = pcm.rate * pcm.frame_size
    match codec:
        case Codec.PCM | Codec.FLOAT:
            bits = encoding.bits
            block_align = bits // 8 * pcm.channels
            rate = block_align * pcm.rate
        case Codec.ALAW | Codec.MULAW:
            bits, block_align = 8, pcm.channels
            rate = block_align * pcm.rate
        case Codec.MS_ADPCM | Codec.IMA_ADPCM:
            bits, block_align = 4, encoding.block_size
            frames = block_frames(encoding)
            rate = pcm.rate * block_align // frames
            data = frames.to_bytes(2, "little")
            if codec is Codec.MS_ADPCM:
                data += _MS_COEFFICIENTS
        case Codec.AAC | Codec.OPUS:
            rate = encoding.bit_rate // 8
            if encoding.config:
                data = bytes(_AAC_HEAD) + encoding.config
    return AudioFormat(
        format_tag=_TAGS[codec],
        channels=pcm.channels,
        samples_per_sec=pcm.rate,
        avg_bytes_per_sec=rate,
        block_align=block_align,
        bits_per_sample=bits,
        data=data,
    )


def default_formats() -> list[AudioFormat]:
    """What a server offers unless told otherwise: PCM of the usual rates, and what PyAV can do, if it is there."""
    encodings = [
        Encoding(Codec.PCM, PcmFormat(rate, channels))
        for rate, channels in product((44_100, 48_000, 22_050, 16_000, 11_025, 8000), (2, 1))
    ]
    # Windows takes AAC of no other rate than 12,000 bytes a second, [MS-RDPEA] 2.2.2.2, note 5.
    encodings += [Encoding(Codec.AAC, PcmFormat(rate, channels)) for rate in (44_100, 48_000) for channels in (2, 1)]
    encodings += [Encoding(Codec.OPUS, PcmFormat(48_000, channels)) for channels in (2, 1)]
    for codec, (rate, block), channels in product(
        (Codec.IMA_ADPCM, Codec.MS_ADPCM), ((44_100, 1024), (22_050, 512)), (2, 1)
    ):
        encodings.append(Encoding(codec, PcmFormat(rate, channels), block_size=block * channels))
    encodings += [
        Encoding(codec, PcmFormat(rate, channels))
        for codec in (Codec.MULAW, Codec.ALAW)
        for rate, channels in ((44_100, 2), (22_050, 2), (8000, 1))
    ]
    return [format_of(encoding) for encoding in encodings if can_encode(encoding)]


def decodable_formats(offered: Iterable[AudioFormat]) -> list[AudioFormat]:
    """Those of the formats that can be decoded on this machine, in their order."""
    return [item for item in offered if (encoding := encoding_of(item)) is not None and can_decode(encoding)]


def encodable_formats(formats: Iterable[AudioFormat], pcm: PcmFormat) -> list[AudioFormat]:
    """Those of the formats that PCM can be encoded in on this machine, in their order."""
    found = [(item, encoding_of(item)) for item in formats]
    return [item for item, encoding in found if encoding is not None and encoding.pcm == pcm and can_encode(encoding)]


def best_format(formats: Sequence[AudioFormat], quality: Quality = Quality.HIGH) -> AudioFormat | None:
    """The one that sounds best, or for `Quality.MEDIUM` the one that carries least; None of none."""
    order = _BY_SIZE if quality == Quality.MEDIUM else _BY_SOUND
    ranked = [(order.index(codec), item) for item in formats if (codec := _CODECS.get(item.format_tag)) in order]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None
