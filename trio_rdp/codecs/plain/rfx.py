"""RemoteFX in plain Python and numpy, [MS-RDPRFX] 3.1.8: tiles of 64 x 64 pixels, from bytes to pixels and back."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.plain import rlgr, wavelet
from trio_rdp.codecs.plain.buffers import Readable, check_region, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[np.int16]
    Pixels = NDArray[np.uint8]

__all__ = [
    "decode_coefficients",
    "dequantize",
    "draw",
    "encode_coefficients_of",
    "encode_tiles",
    "from_bgrx",
    "join",
    "quantize",
    "scan_tiles",
    "split",
    "to_bgrx",
]

TILE: Final = 0xCAC3
# blockType, blockLen, quantIdxY, quantIdxCb, quantIdxCr, xIdx, yIdx, YLen, CbLen, CrLen
HEADER: Final = struct.Struct("<HI3B5H")
LONGEST: Final = 65535


# ---------------------------------------------------------------------------------------------------------- decoding


def scan_tiles(data: Readable, count: int, factors: Readable) -> bytes | int:
    """Check the headers of `count` TS_RFX_TILEs, of all where it is -1; a table of them, or a status.

    The table has for each tile two numbers of 32 bits: where it begins, and column and row (its upper half).  `factors`
    holds ten bytes for each of the tile set's quantisations.
    """
    source, quants = view(data), len(view(factors)) // 10
    if len(source) > 0xFFFFFFFF:
        raise ValueError("too much data")
    if count > len(source) // HEADER.size:
        return TRUNCATED
    table, pos = bytearray(), 0
    while len(table) < 8 * count or (count < 0 and pos < len(source)):
        size = _check_tile(source, pos, quants)
        if size < 0:
            return size
        table += struct.pack("=II", pos, int.from_bytes(source[pos + 9 : pos + 13], "little"))
        pos += size
    return bytes(table)


def _check_tile(source: memoryview, pos: int, quants: int) -> int:
    if len(source) - pos < HEADER.size:
        return TRUNCATED
    kind, size, qy, qcb, qcr, _, _, y, cb, cr = HEADER.unpack_from(source, pos)
    if kind != TILE or size < HEADER.size + y + cb + cr:
        return INVALID
    if len(source) - pos < size:
        return TRUNCATED
    if max(qy, qcb, qcr) >= quants:
        return INVALID
    return int(size)


def _check_factors(factors: Readable, lowest: int) -> bytes:
    values = bytes(view(factors))
    if len(values) % 10 or not all(lowest <= value <= 15 for value in values):
        raise ValueError(f"quantisation factors are 10 each, from {lowest} to 15")
    return values


def draw(
    data: Readable,
    tiles: Readable,
    first: int,
    last: int,
    factors: Readable,
    entropy: int,
    rects: Readable,
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
) -> int:
    """Decode the tiles from `first` up to `last` and draw what lies in one of the rectangles and in the surface.

    `tiles` is what `scan_tiles` gave, and each rectangle four numbers of 16 bits: x, y, width and height, seen from
    `x`, `y` of the surface.  How many tiles, or a status.
    """
    import numpy as np

    target = view(surface)
    check_region(len(target), stride, x, y, width, height, 4)
    source, table = view(data), view(tiles)
    if not 0 <= first <= last <= len(table) // 8:
        raise ValueError("no such tiles")
    quants = _check_factors(factors, 1)
    clips = list(struct.iter_unpack("<4H", view(rects)[: len(view(rects)) // 8 * 8]))
    for pos, _ in struct.iter_unpack("=II", table[8 * first : 8 * last]):
        if pos > len(source):
            return INVALID
        size = _check_tile(source, pos, len(quants) // 10)
        if size < 0:
            return size
        _, _, *choices, column, row, y_size, cb_size, cr_size = HEADER.unpack_from(source, pos)
        left, top = column * 64, row * 64
        mask = _mask(left, top, min(width - left, 64), min(height - top, 64), clips)
        if mask is None:
            continue
        pos += HEADER.size
        planes = []
        for choice, length in zip(choices, (y_size, cb_size, cr_size), strict=True):
            planes.append(_decode_plane(source[pos : pos + length], entropy, quants[10 * choice : 10 * choice + 10]))
            pos += length
        pixels = _to_bgrx(*planes)
        rows, columns = mask.shape
        whole = np.frombuffer(target, np.uint8)
        start = (y + top) * stride + (x + left) * 4
        part = np.lib.stride_tricks.as_strided(whole[start:], (rows, columns, 4), (stride, 4, 1))
        part[mask] = pixels[:rows, :columns][mask]
    return last - first


def _mask(left: int, top: int, columns: int, rows: int, rects: list[tuple[int, ...]]) -> NDArray[np.bool_] | None:
    """Which pixels of a tile are drawn."""
    import numpy as np

    if columns <= 0 or rows <= 0:
        return None
    mask = np.zeros((rows, columns), np.bool_)
    for rx, ry, width, height in rects:
        mask[max(ry - top, 0) : max(ry + height - top, 0), max(rx - left, 0) : max(rx + width - left, 0)] = True
    return mask if mask.any() else None


def _decode_plane(data: memoryview, entropy: int, factors: bytes) -> Plane:
    import numpy as np

    plane = np.zeros(4096, np.int16)
    values = rlgr.decode(data, 4096, entropy)
    plane[: len(values)] = values
    wavelet.undo_differences(plane)
    wavelet.dequantize(plane, factors)
    wavelet.join(plane)
    return plane


def _upper(values: Plane, factor: int) -> Plane:
    """Multiply by a factor in 65536ths."""
    import numpy as np

    return ((values.astype(np.int32) * factor) >> 16).astype(np.int16)


def _to_bgrx(y: Plane, cb: Plane, cr: Plane) -> Pixels:
    """Convert planes to pixels, [MS-RDPRFX] 3.1.8.2.5: factors in 16384ths of samples in 32nds."""
    import numpy as np

    # Half of a 32nd is added, so that cutting off rounds, as in the document's example (4.2.4.4).
    luma, blue, red = y + np.int16(4096 + 16), cb << 2, cr << 2
    channels = (
        luma + _upper(blue, 28998),  # 1.769905
        luma - _upper(blue, 5632) - _upper(red, 11705),  # 0.343730, 0.714401
        luma + _upper(red, 22979),  # 1.402525
    )
    pixels = np.full((64, 64, 4), 255, np.uint8)
    for number, channel in enumerate(channels):
        pixels[:, :, number] = (channel >> 5).clip(0, 255).reshape(64, 64)
    return pixels


# ---------------------------------------------------------------------------------------------------------- encoding


def encode_tiles(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    tiles: Readable,
    factors: Readable,
    entropy: int,
) -> bytes:
    """Encode tiles of a rectangle of a surface as TS_RFX_TILEs; each tile is two numbers of 16 bits, column and row.

    What a tile has beyond the rectangle repeats the last column and the last row.
    """
    import numpy as np

    source = view(surface)
    check_region(len(source), stride, x, y, width, height, 4)
    table = _check_factors(factors, 6)
    if len(table) != 10:
        raise ValueError("quantisation factors are 10, from 6 to 15")
    places = list(struct.iter_unpack("<HH", view(tiles)[: len(view(tiles)) // 4 * 4]))
    if any(column * 64 >= width or row * 64 >= height for column, row in places):
        raise ValueError("a tile lies outside")
    out = bytearray()
    for column, row in places:
        rows, columns = min(height - row * 64, 64), min(width - column * 64, 64)
        start = (y + row * 64) * stride + (x + column * 64) * 4
        whole = np.frombuffer(source, np.uint8)
        pixels = np.lib.stride_tricks.as_strided(whole[start:], (rows, columns, 4), (stride, 4, 1))
        pixels = np.pad(pixels, ((0, 64 - rows), (0, 64 - columns), (0, 0)), "edge")
        planes = [_encode_plane(plane, entropy, table) for plane in _from_bgrx(pixels)]
        sizes = [len(plane) for plane in planes]
        out += HEADER.pack(TILE, HEADER.size + sum(sizes), 0, 0, 0, column, row, *sizes)
        out += b"".join(planes)
    return bytes(out)


def _from_bgrx(pixels: Pixels) -> list[Plane]:
    """Convert pixels to planes, [MS-RDPRFX] 3.1.8.1.3: factors in 16384ths."""
    import numpy as np

    b, g, r = (pixels[:, :, number].astype(np.int16).reshape(-1) << 7 for number in range(3))
    return [
        _upper(r, 4899) + _upper(g, 9617) + _upper(b, 1868) - np.int16(4096),  # 0.299, 0.587, 0.114
        _upper(b, 8202) - _upper(r, 2768) - _upper(g, 5434),  # 0.5006, 0.168935, 0.331665
        _upper(r, 8189) - _upper(g, 6857) - _upper(b, 1332),  # 0.499813, 0.418531, 0.081282
    ]


def _encode_plane(plane: Plane, entropy: int, factors: bytes) -> bytes:
    wavelet.split(plane)
    wavelet.quantize(plane, factors)
    wavelet.do_differences(plane)
    return rlgr.encode(plane.tolist(), entropy)


# ------------------------------------------------------------------------------------------------- one stage at a time


def decode_coefficients(data: Readable, count: int, entropy: int) -> bytes:
    """Decode `count` coefficients of 16 bits; those that are not there are zeros."""
    values = rlgr.decode(data, count, entropy)
    return struct.pack(f"={count}h", *values, *[0] * (count - len(values)))


def encode_coefficients_of(plane: bytes, entropy: int, room: int) -> bytes | int:
    """Encode coefficients of 16 bits, or `OVERRUN` when that takes more than `room` bytes."""
    data = rlgr.encode(struct.unpack(f"={len(plane) // 2}h", plane), entropy)
    return data if len(data) <= room else OVERRUN


def _plane(data: Readable) -> Plane:
    import numpy as np

    if len(view(data)) != 8192:
        raise ValueError("a plane has 4096 coefficients of 16 bits")
    return np.frombuffer(bytes(view(data)), np.int16).copy()


def join(plane: Readable) -> bytes:
    """Make samples of bands."""
    values = _plane(plane)
    wavelet.join(values)
    return values.tobytes()


def split(plane: Readable) -> bytes:
    """Make bands of samples."""
    values = _plane(plane)
    wavelet.split(values)
    return values.tobytes()


def dequantize(plane: Readable, factors: bytes) -> bytes:
    """Multiply each band by its step; ten factors from 1 to 15."""
    values = _plane(plane)
    wavelet.dequantize(values, _check_factors(factors, 1))
    return values.tobytes()


def quantize(plane: Readable, factors: bytes) -> bytes:
    """Divide each band by its step; ten factors from 1 to 15."""
    values = _plane(plane)
    wavelet.quantize(values, _check_factors(factors, 1))
    return values.tobytes()


def to_bgrx(y: Readable, cb: Readable, cr: Readable) -> bytes:
    """Convert three planes to 64 x 64 pixels."""
    return _to_bgrx(_plane(y), _plane(cb), _plane(cr)).tobytes()


def from_bgrx(pixels: bytes) -> tuple[bytes, bytes, bytes]:
    """Convert 64 x 64 pixels to three planes."""
    import numpy as np

    if len(pixels) != 4 * 4096:
        raise ValueError("a tile has 64 x 64 pixels")
    y, cb, cr = _from_bgrx(np.frombuffer(pixels, np.uint8).reshape(64, 64, 4))
    return y.tobytes(), cb.tobytes(), cr.tobytes()
