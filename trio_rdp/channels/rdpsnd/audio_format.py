"""How audio is encoded, [MS-RDPEA] 2.2.2.1.1; audio input, [MS-RDPEAI], describes formats alike."""

from __future__ import annotations

from typing import Annotated

from trio_rdp.wire.fields import U16, U32, Prefixed, u16
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["FORMATS_LIMIT", "AudioFormat", "FormatTag"]

FORMATS_LIMIT = 1024
"""The most formats in one list.  The Windows server of [MS-RDPEAI] 4.1.3 offers 21, xrdp 0.9.21 offers 3."""


class FormatTag(OpenEnum):
    """Compression formats (WAVE_FORMAT_*), those of RFC 2361 that peers offer and those that came later."""

    PCM = 0x0001
    ADPCM = 0x0002
    IEEE_FLOAT = 0x0003
    ALAW = 0x0006
    MULAW = 0x0007
    DVI_ADPCM = 0x0011  # also known as IMA ADPCM
    DSPGROUP_TRUESPEECH = 0x0022
    GSM610 = 0x0031
    MSG723 = 0x0042
    MPEGLAYER3 = 0x0055
    VOXWARE_BYTE_ALIGNED = 0x0069  # of RFC 2361; xrdp 0.9.21 means Opus by it
    VOXWARE_AC8 = 0x0070
    VOXWARE_AC10 = 0x0071
    VOXWARE_AC16 = 0x0072
    VOXWARE_AC20 = 0x0073
    OPUS = 0x704F  # not in the documents; the number of Windows' mmreg.h
    AAC = 0xA106
    EXTENSIBLE = 0xFFFE


@pdu
class AudioFormat(Pdu):
    """Audio Format (AUDIO_FORMAT), [MS-RDPEA] 2.2.2.1.1.

    `block_align` is in bytes, the least that can be decoded alone; `data` says what the format needs beside.
    """

    format_tag: Annotated[FormatTag, u16]
    channels: U16
    samples_per_sec: U32
    avg_bytes_per_sec: U32
    block_align: U16
    bits_per_sample: U16
    data: Annotated[bytes, Prefixed(u16)] = b""
