"""Encoding RemoteFX Progressive in plain Python and numpy, [MS-RDPEGFX] 3.2.8.1: whole tiles, first passes, upgrades.

All arithmetic on coefficients wraps at 16 bits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.plain import extrapolate, rfx, rlgr, wavelet
from trio_rdp.codecs.plain.buffers import Readable, check_region, view
from trio_rdp.codecs.plain.progressive import CLASSIC_BANDS
from trio_rdp.codecs.plain.srl import BitWriter, SrlWriter
from trio_rdp.codecs.status import MAX_PIXELS, OVERRUN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[np.int16]

__all__ = ["Sent", "encode", "split", "upgrade", "write_srl"]

SIMPLE: Final = 0xCCC5
FIRST: Final = 0xCCC6
UPGRADE: Final = 0xCCC7
FULL: Final = 0xFF
DIFFERENCE: Final = 0x01
LONGEST: Final = 65535

SIMPLE_HEAD: Final = struct.Struct("<HI3BHHBHHHH")
FIRST_HEAD: Final = struct.Struct("<HI3BHHBBHHHH")
UPGRADE_HEAD: Final = struct.Struct("<HI3BHHBHHHHHH")


def _bands(wide: bool) -> tuple[int, ...]:
    return extrapolate.BANDS if wide else CLASSIC_BANDS


@dataclass
class _Tile:
    """Three planes to be told, quantised; what was there before a difference; and the bits that are not told yet."""

    planes: list[Plane]
    bases: list[Plane] | None
    factors: bytes
    wide: bool
    missing: bytearray = field(default_factory=lambda: bytearray(30))


class Sent:
    """What the decoder has of a surface's tiles, as far as upgrades and differences need to know it."""

    def __init__(self, width: int, height: int) -> None:
        if not (1 <= width <= 65535 and 1 <= height <= 65535 and width * height <= MAX_PIXELS):
            raise ValueError("a surface has 1 to 33554432 pixels")
        self.columns: int = (width + 63) // 64
        self.rows: int = (height + 63) // 64
        self.known: dict[int, _Tile] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.known.clear()

    def forget(self, tiles: bytes) -> None:
        """Forget some tiles, numbers of 32 bits."""
        for (tile,) in struct.iter_unpack("=i", tiles):
            self.known.pop(tile, None)


def encode(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    tiles: bytes,
    factors: bytes,
    indices: bytes,
    bits: bytes,
    quality: int,
    wide: bool,
    sent: Sent,
    keep: bool,
    differences: bool,
) -> bytes:
    """Encode tiles of a surface, native numbers of 32 bits, row by row of the surface's grid.

    `factors` are 30, ten for each plane, 6 to 15; `indices` three, where the decoder finds them.  With `bits`, 30, this
    is a first pass that leaves as many out and calls them `quality`; without, the tiles are whole.  What upgrades and
    `differences` need is kept in `sent` if `keep` says so.
    """
    source = view(surface)
    check_region(len(source), stride, x, y, width, height, 4)
    columns, rows = (width + 63) // 64, (height + 63) // 64
    if (columns, rows) != (sent.columns, sent.rows) or len(factors) != 30 or len(indices) != 3 or len(tiles) % 4:
        raise ValueError("the surface has another size, or the tables have")
    if not all(6 <= factor <= 15 for factor in factors) or len(bits) not in (0, 30) or max(bits, default=0) > 15:
        raise ValueError("factors are 6 to 15, bits up to 15")
    out = bytearray()
    for (tile,) in struct.iter_unpack("=i", tiles):
        if not 0 <= tile < columns * rows:
            raise ValueError("no such tile")
        left, top = tile % columns * 64, tile // columns * 64
        planes = _planes(source, stride, x + left, y + top, min(width - left, 64), min(height - top, 64))
        for k in range(3):
            _transform(planes[k], wide)
            _quantise(planes[k], wide, factors[10 * k : 10 * k + 10])
        difference = _choose(planes, sent.known.get(tile), factors, wide) if differences else None
        flags = 0
        if difference:
            planes, flags = difference[0], DIFFERENCE
        if keep or differences:
            bases = difference[1] if difference else None
            sent.known[tile] = _Tile(planes, bases, factors, wide, bytearray(bits or bytes(30)))
        parts = [_first(planes[k], wide, bits[10 * k : 10 * k + 10]) for k in range(3)]
        sizes = [len(part) for part in parts]
        place = tile % columns, tile // columns
        if bits:
            size = FIRST_HEAD.size + sum(sizes)
            out += FIRST_HEAD.pack(FIRST, size, *indices, *place, flags, quality, *sizes, 0)
        else:
            out += SIMPLE_HEAD.pack(SIMPLE, SIMPLE_HEAD.size + sum(sizes), *indices, *place, flags, *sizes, 0)
        out += b"".join(parts)
    return bytes(out)


def _planes(source: memoryview, stride: int, x: int, y: int, width: int, height: int) -> list[Plane]:
    """Read a tile; what it has beyond the surface repeats the last column and the last row."""
    import numpy as np

    rows = [source[row * stride + 4 * x : row * stride + 4 * (x + width)] for row in range(y, y + height)]
    pixels = np.frombuffer(b"".join(rows), np.uint8).reshape(height, width, 4)
    pixels = np.pad(pixels, ((0, 64 - height), (0, 64 - width), (0, 0)), "edge")
    return [np.frombuffer(plane, np.int16).copy() for plane in rfx.from_bgrx(pixels.tobytes())]


def _transform(plane: Plane, wide: bool) -> None:
    if wide:
        plane[:] = extrapolate.split(plane.reshape(64, 64))
    else:
        wavelet.split(plane)


def _quantise(plane: Plane, wide: bool, factors: bytes) -> None:
    """Divide each band, in place, rounding to the nearest."""
    at = _bands(wide)
    for band, factor in enumerate(factors):
        part = plane[at[band] : at[band + 1]]
        part += 1 << (factor - 2)
        part >>= factor - 1


def _known_to_decoder(tile: _Tile) -> list[Plane]:
    """The reference bits, [MS-RDPEGFX] 3.1.8.1.4: what the decoder has."""
    import numpy as np

    at, out = _bands(tile.wide), []
    for k, plane in enumerate(tile.planes):
        told = plane.copy()
        for band in range(10):
            left = tile.missing[10 * k + band]
            part = told[at[band] : at[band + 1]]
            if band == 9:
                part[:] = part >> left << left
            else:
                part[:] = np.where(part < 0, -(-part >> left << left), part >> left << left)
        out.append(told + tile.bases[k] if tile.bases else told)
    return out


def _choose(
    planes: list[Plane], before: _Tile | None, factors: bytes, wide: bool
) -> tuple[list[Plane], list[Plane]] | None:
    """Give the difference and what it builds upon, if that has more zeros in the bands of luma above LL3."""
    if before is None or before.factors != factors or before.wide != wide:
        return None
    bases = _known_to_decoder(before)
    difference = [plane - base for plane, base in zip(planes, bases, strict=True)]
    end = _bands(wide)[9]
    if (difference[0][:end] == 0).sum() > (planes[0][:end] == 0).sum():
        return difference, bases
    return None


def _first(plane: Plane, wide: bool, bits: bytes) -> bytes:
    """Encode a plane without the low bits of each band: rounded towards zero, but LL3 downwards."""
    import numpy as np

    at, out = _bands(wide), plane.copy()
    for band, left in enumerate(bits):
        part = out[at[band] : at[band + 1]]
        part[:] = part >> left if band == 9 else np.where(part < 0, -(-part >> left), part >> left)
    # "Note that even if the data is a difference tile, each quantized LL3 element [...] is subtracted from the next".
    out[at[9] + 1 :] -= out[at[9] : -1].copy()
    return rlgr.encode(out.tolist(), rlgr.RLGR1)


def upgrade(tiles: bytes, indices: bytes, bits: bytes, quality: int, sent: Sent, keep: bool) -> bytes | int:
    """Encode upgrades of tiles that were kept, up to `bits` left out, called `quality`; or `OVERRUN`.

    A tile that has nothing left to tell is forgotten, unless `keep` says that differences will build upon it.
    """
    if len(bits) != 30 or len(indices) != 3 or len(tiles) % 4:
        raise ValueError("no such tables")
    out = bytearray()
    for (number,) in struct.iter_unpack("=i", tiles):
        tile = sent.known.get(number)
        if tile is None:
            raise ValueError("no such tile")
        parts: list[bytes] = []
        for k in range(3):
            missing, left = tile.missing[10 * k : 10 * k + 10], bits[10 * k : 10 * k + 10]
            parts += _upgrade_plane(tile.planes[k], tile.wide, missing, left)
        if max(map(len, parts)) > LONGEST:
            return OVERRUN
        tile.missing[:] = bytes(min(a, b) for a, b in zip(tile.missing, bits, strict=True))
        size = UPGRADE_HEAD.size + sum(map(len, parts))
        place = number % sent.columns, number // sent.columns
        out += UPGRADE_HEAD.pack(UPGRADE, size, *indices, *place, quality, *map(len, parts))
        out += b"".join(parts)
        if not keep and not any(tile.missing):
            del sent.known[number]
    return bytes(out)


def _upgrade_plane(plane: Plane, wide: bool, missing: bytes | bytearray, bits: bytes) -> tuple[bytes, bytes]:
    at, values = _bands(wide), plane.tolist()
    runs, numbers = SrlWriter(), BitWriter()
    for band, left in enumerate(bits):
        had = missing[band]
        count = had - left
        if count <= 0:
            continue
        mask = (1 << count) - 1
        for value in values[at[band] : at[band + 1]]:
            if band == 9:
                numbers.put(value >> left & mask, count)
            elif abs(value) >> had:
                numbers.put(abs(value) >> left & mask, count)
            else:
                runs.put(abs(value) >> left if value > 0 else -(abs(value) >> left), count)
    return runs.finish(), numbers.finish()


# ------------------------------------------------------------------------------------------------- one stage at a time


def split(samples: Readable) -> bytes:
    """Make 4096 coefficients of 16 bits of samples, by the "Reduce-Extrapolate" transform."""
    import numpy as np

    source = view(samples)
    if len(source) != 8192:
        raise ValueError("a plane has 4096 numbers of 16 bits")
    return extrapolate.split(np.frombuffer(source, np.int16).reshape(64, 64)).tobytes()


def write_srl(elements: list[int], bits: int) -> bytes:
    """Encode elements of up to `bits` bits, 1 to 15."""
    if not 1 <= bits <= 15 or any(abs(value) >= 1 << bits for value in elements):
        raise ValueError("no such elements")
    writer = SrlWriter()
    for value in elements:
        writer.put(value, bits)
    return writer.finish()
