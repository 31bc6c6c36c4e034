"""Decoding RemoteFX Progressive in plain Python and numpy, [MS-RDPEGFX] 3.2.8.1 and 3.3.8.2.

A surface's tiles keep what upgrades and differences build upon; a message becomes a `Plan`, of which parts are drawn.
All arithmetic on coefficients wraps at 16 bits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from trio_rdp.codecs.plain import extrapolate, rfx, rlgr, wavelet
from trio_rdp.codecs.plain.buffers import Readable, check_region, view
from trio_rdp.codecs.plain.srl import BitReader, SrlReader
from trio_rdp.codecs.status import INVALID, MAX_PIXELS, TRUNCATED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[np.int16]

__all__ = ["Plan", "Tiles", "join", "read_srl"]

SIMPLE: Final = 0xCCC5
FIRST: Final = 0xCCC6
UPGRADE: Final = 0xCCC7
FULL: Final = 0xFF
DIFFERENCE: Final = 0x01

# What stands before a tile's data: where progressiveQuality is (0: nowhere), where the lengths begin, and its size.
HEADS: Final = {SIMPLE: (0, 8, 16), FIRST: (8, 9, 17), UPGRADE: (7, 8, 20)}

CLASSIC_BANDS: Final = (0, 1024, 2048, 3072, 3328, 3584, 3840, 3904, 3968, 4032, 4096)
"""Where each of the ten bands of the classic transform begins, and the end."""

NO_BITS: Final = bytes(30)


def _bands(wide: bool) -> tuple[int, ...]:
    return extrapolate.BANDS if wide else CLASSIC_BANDS


def first_pass(data: Readable, wide: bool, bits: bytes) -> Plane:
    """Decode a plane's whole, or its first pass; `bits` says how many low bits of each band were left out."""
    import numpy as np

    plane = np.zeros(4096, np.int16)
    values = rlgr.decode(data, 4096, rlgr.RLGR1)
    plane[: len(values)] = values
    at = _bands(wide)
    # "The LL3 deltas MUST be summed up to produce the LL3 elements, even if the tile is not an original tile."
    plane[at[9] :] = plane[at[9] :].cumsum(dtype=np.int16)
    _shift(plane, wide, bits)
    return plane


def _shift(plane: Plane, wide: bool, bits: bytes) -> None:
    """Shift each band, in place."""
    import numpy as np

    at = _bands(wide)
    for band, count in enumerate(bits):
        part = plane[at[band] : at[band + 1]]
        part[:] = (part.astype(np.int64) << count).astype(np.int16)


def upgrade(plane: Plane, srl: bytes, raw: bytes, wide: bool, missing: bytearray, bits: bytes) -> None:
    """Give a plane, in place, what lies between the bits that each band was `missing` and the `bits` to come.

    The sign of what came so far says how an element is told, and its sign: that of nothing is in the SRL stream, all
    others, and LL3, have raw bits.
    """
    at = _bands(wide)
    runs, numbers = SrlReader(srl), BitReader(raw)
    values = plane.tolist()
    for band, left in enumerate(bits):
        count = missing[band] - left
        # "A band in a given pass might not have any bits to read."
        if count <= 0:
            continue
        missing[band] = left
        for i in range(at[band], at[band + 1]):
            if band == 9 or values[i] > 0:
                value = values[i] + (numbers.take(count) << left)
            elif values[i] < 0:
                value = values[i] - (numbers.take(count) << left)
            else:
                value = runs.next(count) << left
            values[i] = (value + 0x8000 & 0xFFFF) - 0x8000
    plane[:] = values


def _join(plane: Plane, wide: bool) -> None:
    """Make samples of coefficients, in place."""
    if wide:
        plane[:] = extrapolate.join(plane).reshape(-1)
    else:
        wavelet.join(plane)


@dataclass
class _Tile:
    """Three planes: what has come since the tile was last begun, and what was there before a difference."""

    sums: list[Plane]
    bases: list[Plane] | None = None
    # What came with the last pass.
    factors: list[bytes] = field(default_factory=list)
    wide: bool = False
    missing: bytearray = field(default_factory=lambda: bytearray(30))


class Tiles:
    """What is known of a surface's tiles."""

    def __init__(self, width: int, height: int) -> None:
        if not (1 <= width <= 65536 and 1 <= height <= 65536 and width * height <= MAX_PIXELS):
            raise ValueError("a surface has 1 to 33554432 pixels")
        self.width: int = width
        self.height: int = height
        self.columns: int = (width + 63) // 64
        self.rows: int = (height + 63) // 64
        self.begun: set[int] = set()
        self.known: dict[int, _Tile] = {}
        self.recent: set[int] | None = None

    def clear(self) -> None:
        """Forget everything."""
        self.begun.clear()
        self.known.clear()
        if self.recent is not None:
            self.recent.clear()

    def begin_frame(self) -> None:
        """From here on, rectangles without a tile in their message show one that came earlier in the frame."""
        self.recent = set()


class _Record(NamedTuple):
    kind: int
    tile: int
    difference: bool
    wide: bool
    factors: list[bytes]
    bits: bytes
    parts: list[bytes]


class Plan:
    """The tiles of a message, in the making: `add` each region, `finish` with the rectangles, then `draw`."""

    def __init__(self, data: Readable, tiles: Tiles) -> None:
        self.tiles = tiles
        self._data = view(data)
        self._records: list[_Record] = []
        self._begun: set[int] = set()
        self._units: list[tuple[int, list[_Record]]] | None = None
        self._rects: list[tuple[int, int, int, int]] = []

    def add(self, start: int, end: int, count: int, quants: bytes, bits: bytes, wide: bool) -> int:
        """Read `count` tiles that stand between two places of the data; how many, or a status.

        `quants` has ten bytes of factors for each quantisation, `bits` thirty for each progressive one: how many bits
        are left out; both in the order of the bands.  Until `finish`, no tile knows of it.
        """
        closed = self._units is not None
        if not 0 <= start <= end <= len(self._data) or count < 0 or len(quants) % 10 or len(bits) % 30 or closed:
            raise ValueError("no region")
        if count > (end - start) // 22:
            return TRUNCATED
        records: list[_Record] = []
        begun: set[int] = set()
        pos = start
        for _ in range(count):
            if end - pos < 6:
                return TRUNCATED
            kind, length = struct.unpack_from("<HI", self._data, pos)
            if length < 6:
                return INVALID
            if length > end - pos:
                return TRUNCATED
            record = self._read_tile(kind, self._data[pos + 6 : pos + length], quants, bits, wide)
            if isinstance(record, int):
                return record
            if kind != UPGRADE:
                begun.add(record.tile)
            elif not any(record.tile in known for known in (begun, self._begun, self.tiles.begun)):
                return INVALID
            records.append(record)
            pos += length
        self._records += records
        self._begun |= begun
        return count

    def _read_tile(self, kind: int, block: memoryview, quants: bytes, bits: bytes, wide: bool) -> _Record | int:
        if kind not in HEADS:
            return INVALID
        at_quality, lengths, head = HEADS[kind]
        if len(block) < head:
            return TRUNCATED
        *indices, x, y = struct.unpack_from("<3B2H", block)
        if x >= self.tiles.columns or y >= self.tiles.rows or max(indices) >= len(quants) // 10:
            return INVALID
        tile = y * self.tiles.columns + x
        quality = block[at_quality] if at_quality else FULL
        if quality != FULL and quality >= len(bits) // 30:
            return INVALID
        parts, pos = [], head
        for k in range(6 if kind == UPGRADE else 3):
            (size,) = struct.unpack_from("<H", block, lengths + 2 * k)
            if len(block) - pos < size:
                return TRUNCATED
            parts.append(bytes(block[pos : pos + size]))
            pos += size
        return _Record(
            kind=kind,
            tile=tile,
            difference=kind != UPGRADE and bool(block[7] & DIFFERENCE),
            wide=wide,
            factors=[quants[10 * index : 10 * index + 10] for index in indices],
            bits=NO_BITS if quality == FULL else bits[30 * quality : 30 * quality + 30],
            parts=parts,
        )

    def finish(self, rects: bytes) -> int:
        """Say where to draw, four native numbers of 32 bits a rectangle, inside the surface; how many tiles there are.

        Each tile counts once, however often it comes, and is drawn once, as the message leaves it.  With a status, or
        without any call of this, all tiles are as if the message had never come.
        """
        if len(rects) % 16 or self._units is not None:
            raise ValueError("no rectangles")
        units: dict[int, list[_Record]] = {}
        for record in self._records:
            units.setdefault(record.tile, []).append(record)
        came = set(units)
        for x, y, width, height in struct.iter_unpack("=4i", rects):
            if x < 0 or y < 0 or width < 1 or height < 1:
                return INVALID
            if x + width > self.tiles.width or y + height > self.tiles.height:
                return INVALID
            self._rects.append((x, y, width, height))
            for row in range(y // 64, (y + height - 1) // 64 + 1) if self.tiles.recent else ():
                for column in range(x // 64, (x + width - 1) // 64 + 1):
                    tile = row * self.tiles.columns + column
                    if self.tiles.recent and tile in self.tiles.recent:
                        units.setdefault(tile, [])
        self.tiles.begun |= self._begun
        if self.tiles.recent is not None:
            self.tiles.recent |= came
        self._units = sorted(units.items())
        return len(self._units)

    def draw(
        self, surface: Readable, stride: int, x: int, y: int, width: int, height: int, first: int, last: int
    ) -> int:
        """Take the tiles from `first` up to `last` and draw what of them lies in a rectangle; how many, or a status."""
        if self._units is None or not 0 <= first <= last <= len(self._units):
            raise ValueError("no such tiles")
        target = view(surface)
        check_region(len(target), stride, x, y, width, height, 4)
        for number, records in self._units[first:last]:
            for record in records:
                self._take(record)
            left, top = number % self.tiles.columns * 64, number // self.tiles.columns * 64
            places = []
            for rx, ry, columns, rows in self._rects:
                x0, y0 = max(rx - left, 0), max(ry - top, 0)
                x1, y1 = min(rx + columns, width, left + 64) - left, min(ry + rows, height, top + 64) - top
                if x0 < x1 and y0 < y1:
                    places.append((x0, y0, x1, y1))
            if places and number in self.tiles.known:
                pixels = self._pixels(self.tiles.known[number])
                for x0, y0, x1, y1 in places:
                    for row in range(y0, y1):
                        start = (y + top + row) * stride + (x + left + x0) * 4
                        target[start : start + 4 * (x1 - x0)] = pixels[row, x0:x1].tobytes()
        return last - first

    def _take(self, record: _Record) -> None:
        """Have a tile know what a record says."""
        import numpy as np

        known = self.tiles.known
        if record.kind == UPGRADE:
            tile = known.setdefault(record.tile, _Tile([np.zeros(4096, np.int16) for _ in range(3)]))
            for k in range(3):
                missing = tile.missing[10 * k : 10 * k + 10]
                bits = record.bits[10 * k : 10 * k + 10]
                upgrade(tile.sums[k], record.parts[2 * k], record.parts[2 * k + 1], record.wide, missing, bits)
                tile.missing[10 * k : 10 * k + 10] = missing
            tile.factors, tile.wide = record.factors, record.wide
            return
        sums = [first_pass(record.parts[k], record.wide, record.bits[10 * k : 10 * k + 10]) for k in range(3)]
        before = known.get(record.tile)
        bases = None
        if record.difference and before:
            bases = before.sums
            if before.bases:
                bases = [a + b for a, b in zip(before.bases, before.sums, strict=True)]
        known[record.tile] = _Tile(sums, bases, record.factors, record.wide, bytearray(record.bits))

    def _pixels(self, tile: _Tile) -> NDArray[np.uint8]:
        """Make a tile's pixels, with the factors and the transform of its last pass."""
        import numpy as np

        planes = []
        for k in range(3):
            plane = tile.sums[k].copy()
            if tile.bases:
                plane += tile.bases[k]
            # A factor of 1 stands for a step of one 32nd, of 0 for half of that, which nobody sends.
            _shift(plane, tile.wide, bytes(max(factor - 1, 0) for factor in tile.factors[k]))
            _join(plane, tile.wide)
            planes.append(plane.tobytes())
        return np.frombuffer(rfx.to_bgrx(*planes), np.uint8).reshape(64, 64, 4)


# ------------------------------------------------------------------------------------------------- one stage at a time


def join(coefficients: Readable) -> bytes:
    """Make 4096 samples of 16 bits of the coefficients of the "Reduce-Extrapolate" transform."""
    import numpy as np

    source = view(coefficients)
    if len(source) != 8192:
        raise ValueError("a plane has 4096 numbers of 16 bits")
    return extrapolate.join(np.frombuffer(source, np.int16)).tobytes()


def read_srl(data: Readable, count: int, bits: int) -> list[int]:
    """Decode `count` elements of up to `bits` bits, 1 to 15."""
    if not (0 <= count <= MAX_PIXELS and 1 <= bits <= 15):
        raise ValueError("no such elements")
    reader = SrlReader(bytes(view(data)))
    return [reader.next(bits) for _ in range(count)]
