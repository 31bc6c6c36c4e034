"""ClearCodec messages of one kind each ([MS-RDPEGFX] 2.2.4.1), because no peer has an encoder to take them from.

residual  rectangles of 1920x60, all of it run lengths of colours
bands     rectangles of 1920x52, bands of 64 pixels with the caches of columns, as servers send text
rlex      rectangles of 64x64: runs and suites over a palette where there are few colours, else raw
raw       rectangles of 64x64 as they are
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from _frames import HEIGHT, WIDTH, tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KINDS", "clear_messages"]

Rect = tuple[int, int, int, int]
_RAW, _RLEX = 0, 2


def clear_messages(pixels: NDArray[np.uint8], kind: str) -> tuple[list[Rect], list[bytes]]:
    """The rectangles and the messages that cover a frame, numbered from 0."""
    colors: NDArray[np.uint32] = np.ascontiguousarray(pixels).view(np.uint32)[..., 0] & np.uint32(0xFFFFFF)
    rects, messages = [], []
    for number, (rect, layers) in enumerate(KINDS[kind](colors)):
        header = struct.pack("<BBIII", 0x04 if number == 0 else 0, number & 255, *map(len, layers))
        rects.append(rect)
        messages.append(header + b"".join(layers))
    return rects, messages


def _residual(colors: NDArray[np.uint32]) -> Iterator[tuple[Rect, tuple[bytes, bytes, bytes]]]:
    for y in range(0, HEIGHT, 60):
        data = b"".join(_bgr(value) + _run(count) for value, count in _runs(colors[y : y + 60].reshape(-1)))
        yield (0, y, WIDTH, min(60, HEIGHT - y)), (data, b"", b"")


def _banded(colors: NDArray[np.uint32]) -> Iterator[tuple[Rect, tuple[bytes, bytes, bytes]]]:
    bands = _Bands()
    for y in range(0, HEIGHT, 52):
        rows = colors[y : y + 52]
        data = b"".join(bands.encode(rows[:, x : x + 64], x) for x in range(0, WIDTH, 64))
        yield (0, y, WIDTH, len(rows)), (b"", data, b"")


def _subcodec(
    colors: NDArray[np.uint32], encode: Callable[[NDArray[np.uint32]], bytes | None]
) -> Iterator[tuple[Rect, tuple[bytes, bytes, bytes]]]:
    for x, y, width, height in tiles():
        block = np.ascontiguousarray(colors[y : y + height, x : x + width])
        codec, data = _RLEX, encode(block)
        if data is None:
            codec, data = _RAW, block.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        header = struct.pack("<HHHHIB", 0, 0, width, height, len(data), codec)
        yield (x, y, width, height), (b"", b"", header + data)


KINDS: dict[str, Callable[[NDArray[np.uint32]], Iterator[tuple[Rect, tuple[bytes, bytes, bytes]]]]] = {
    "residual": _residual,
    "bands": _banded,
    "rlex": lambda colors: _subcodec(colors, _rlex),
    "raw": lambda colors: _subcodec(colors, lambda _: None),
}


def _run(count: int) -> bytes:
    if count < 0xFF:
        return bytes((count,))
    return b"\xff" + struct.pack("<H", count) if count < 0xFFFF else b"\xff\xff\xff" + struct.pack("<I", count)


def _runs(flat: NDArray[np.uint32]) -> list[tuple[int, int]]:
    cuts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts, ends = np.concatenate(([0], cuts)), np.concatenate((cuts, [len(flat)]))
    return list(zip(flat[starts].tolist(), (ends - starts).tolist(), strict=True))


def _bgr(color: int) -> bytes:
    return color.to_bytes(3, "little")


class _Storage:
    """Places that are filled in turn, and then anew from the first."""

    def __init__(self, size: int) -> None:
        self._keys: list[object] = [None] * size
        self._places: dict[object, int] = {}
        self._next = 0

    def find(self, key: object) -> int | None:
        return self._places.get(key)

    def add(self, key: object) -> None:
        self._places.pop(self._keys[self._next], None)
        self._keys[self._next] = key
        self._places[key] = self._next
        self._next = (self._next + 1) % len(self._keys)


class _Bands:
    """The band layer, with its two storages of columns."""

    def __init__(self) -> None:
        self._columns = _Storage(32_768)
        self._short = _Storage(16_384)

    def encode(self, colors: NDArray[np.uint32], left: int) -> bytes:
        """Encode a band at `left` of its rectangle."""
        height, width = colors.shape
        values, counts = np.unique(colors, return_counts=True)
        background = int(values[counts.argmax()])
        out = [struct.pack("<HHHH", left, left + width - 1, 0, height - 1), _bgr(background)]
        for column in np.ascontiguousarray(colors.T):
            key = (height, background, column.tobytes())
            hit = self._columns.find(key)
            if hit is not None:
                out.append(struct.pack("<H", 0x8000 | hit))
                continue
            marked = np.flatnonzero(column != background)
            on, off = (int(marked[0]), int(marked[-1]) + 1) if len(marked) else (0, 0)
            short = column[on:off].tobytes()
            short_hit = self._short.find(short)
            if short_hit is not None:
                out.append(struct.pack("<HB", 0x4000 | short_hit, on))
            else:
                out.append(struct.pack("<H", off << 8 | on))
                out.append(column[on:off].view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
                self._short.add(short)
            self._columns.add(key)
        return b"".join(out)


def _rlex(block: NDArray[np.uint32]) -> bytes | None:
    """Runs and suites over a palette; None where there are more than 127 colours."""
    palette, inverse = np.unique(block.reshape(-1), return_inverse=True)
    if len(palette) > 127:
        return None
    bits = max(1, (len(palette) - 1).bit_length())
    most = (1 << (8 - bits)) - 1
    out = [bytes((len(palette),)), *(_bgr(int(value)) for value in palette)]
    indices, at = inverse.reshape(-1).tolist(), 0
    while at < len(indices):
        start, end, depth = indices[at], at, 0
        while end < len(indices) and indices[end] == start:
            end += 1
        run = end - at - 1
        while end < len(indices) and depth < most and indices[end] == start + depth + 1:
            depth += 1
            end += 1
        out.append(bytes((depth << bits | (start + depth),)) + _run(run))
        at = end
    return b"".join(out)
