"""Sequence parameter sets of H.264 by which each picture is to be shown when it comes, [ITU-H.264] 7.3.2.1.1 and E.1.1.

A bitmap stream of [MS-RDPEGFX] has one picture, which is shown at once.  FFmpeg does not know that: it keeps pictures
back where the stream may have them in another order, and from then on where it does not say that it has not and their
numbers leap, as they do where an encoder leaves pictures out.  FreeRDP (issue 11116) has seen that of Windows.
"""

from __future__ import annotations

import re
from typing import Final

from trio_rdp.codecs.avc_units import BitReader, escaped, number_bits, read_sequence

__all__ = ["in_order"]

_START: Final = b"\0\0\1"
_SEQUENCE: Final = re.compile(rb"\0\0\x01[\x07\x27\x47\x67]")
_ALL: Final = 255  # Extended_SAR

# What holds where bitstream_restriction_flag is 0, beside vectors beyond the edges: no limits to bytes, bits, vectors.
_UNRESTRICTED: Final = (2, 1, 16, 16)


def in_order(data: bytes) -> bytes:
    """Give the same picture, in byte stream format, as one of a stream that has its pictures in the order of showing.

    Parameter sets that cannot be read stay as they are.
    """
    out: list[bytes] = []
    at = 0
    for found in _SEQUENCE.finditer(data):
        start = found.end() - 1
        end = data.find(_START, start)
        unit = data[start : end if end >= 0 else len(data)].rstrip(b"\0")
        try:
            written = _rewritten(unit)
        except ValueError:
            continue
        out += [data[at:start], written]
        at = start + len(unit)
    return b"".join([*out, data[at:]]) if out else data


def _rewritten(unit: bytes) -> bytes:
    bits = BitReader(unit)
    buffered = read_sequence(bits)[0]
    text = bits.behind()
    if bits.take(1):
        _skip_usability(bits)
        text = bits.behind()
        if bits.take(1):
            bits.take(1)
            for _ in range(5):
                bits.number()
            buffered = max(bits.number(), buffered)
    else:
        text += "1" + "0" * 8  # vui_parameters_present_flag, and none of what there may be before the restrictions
    text += "11" + "".join(map(number_bits, (*_UNRESTRICTED, 0, buffered))) + "1"
    text += "0" * (-len(text) % 8)
    return unit[:1] + escaped(int(text, 2).to_bytes(len(text) // 8))


def _skip_usability(bits: BitReader) -> None:
    """Move over vui_parameters up to bitstream_restriction_flag."""
    if bits.take(1) and bits.take(8) == _ALL:
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    if bits.take(1):
        bits.take(4)
        if bits.take(1):
            bits.take(24)
    if bits.take(1):
        bits.number()
        bits.number()
    if bits.take(1):
        bits.take(65)
    has_rate = False
    for _ in range(2):
        if bits.take(1):
            has_rate = True
            _skip_rates(bits)
    if has_rate:
        bits.take(1)
    bits.take(1)


def _skip_rates(bits: BitReader) -> None:
    """Move over hrd_parameters."""
    count = bits.number() + 1
    if count > 32:
        raise ValueError(f"{count} buffers")
    bits.take(8)
    for _ in range(count):
        bits.number()
        bits.number()
        bits.take(1)
    bits.take(20)
