"""The alpha codec in plain Python, [MS-RDPEGFX] 2.2.4.3: one byte of opacity to a pixel, raw or in runs."""

from __future__ import annotations

import struct
from itertools import groupby

from trio_rdp.codecs.plain.buffers import Readable, check_bitmap, check_region, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["decode_into", "encode"]

SIGNATURE = 0x414C


def decode_into(
    data: Readable,
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    visible_width: int,
    visible_height: int,
    width: int,
    height: int,
) -> int:
    """Decode to the fourth byte of each visible pixel; nothing is written when a status is returned."""
    check_bitmap(width, height)
    visible_width, visible_height = min(visible_width, width), min(visible_height, height)
    target = view(surface)
    check_region(len(target), stride, x, y, visible_width, visible_height, 4)
    status, plane = _plane(bytes(view(data)), width * height)
    if status < 0:
        return status
    for row in range(visible_height):
        place = (y + row) * stride + x * 4
        line = bytearray(target[place : place + visible_width * 4])
        line[3::4] = plane[row * width : row * width + visible_width]
        target[place : place + visible_width * 4] = line
    return width * height


def _plane(src: bytes, count: int) -> tuple[int, bytes]:
    if len(src) < 4:
        return TRUNCATED, b""
    signature, compressed = struct.unpack_from("<HH", src)
    if signature != SIGNATURE:
        return INVALID, b""
    if not compressed:
        return (0, src[4 : 4 + count]) if len(src) - 4 >= count else (TRUNCATED, b"")
    plane = bytearray()
    at = 4
    while len(plane) < count:
        if len(src) - at < 2:
            return TRUNCATED, b""
        value, run = src[at], src[at + 1]
        at += 2
        for size, full in ((2, 0xFF), (4, 0xFFFF)):
            if run != full:
                break
            if len(src) - at < size:
                return TRUNCATED, b""
            run = int.from_bytes(src[at : at + size], "little")
            at += size
        if run > count - len(plane):
            return OVERRUN, b""
        plane += bytes((value,)) * run
    return 0, bytes(plane)


def encode(surface: Readable, stride: int, x: int, y: int, width: int, height: int) -> bytes:
    """Encode the fourth bytes of a rectangle in runs, or raw where that is shorter."""
    check_bitmap(width, height)
    source = view(surface)
    check_region(len(source), stride, x, y, width, height, 4)
    lines = (source[(y + row) * stride + x * 4 :][: width * 4] for row in range(height))
    plane = b"".join(bytes(line)[3::4] for line in lines)
    out = bytearray()
    for value, group in groupby(plane):
        run = sum(1 for _ in group)
        if run < 0xFF:
            out += struct.pack("<BB", value, run)
        elif run < 0xFFFF:
            out += struct.pack("<BBH", value, 0xFF, run)
        else:
            out += struct.pack("<BBHI", value, 0xFF, 0xFFFF, run)
        if len(out) >= len(plane):
            return struct.pack("<HH", SIGNATURE, 0) + plane
    return struct.pack("<HH", SIGNATURE, 1) + bytes(out)
