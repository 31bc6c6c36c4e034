"""The 5/3 wavelet and the quantisation of RemoteFX in numpy, [MS-RDPRFX] 3.1.8.1.4 to 3.1.8.1.6 and back.

A plane is 4096 numbers of 16 bits, as they are sent: HL1, LH1, HH1, HL2, LH2, HH2, HL3, LH3, HH3, LL3, each row by row.
The first letter says what a band is horizontally, the second what it is vertically.  Means are exact; what is stored
wraps at 16 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Plane: TypeAlias = NDArray[np.int16]

__all__ = ["BANDS", "dequantize", "do_differences", "join", "quantize", "split", "undo_differences"]

# Where each band begins and how many coefficients it has, in the order of TS_RFX_CODEC_QUANT:
# LL3, LH3, HL3, HH3, LH2, HL2, HH2, LH1, HL1, HH1.
BANDS: Final = (
    (4032, 64),
    (3904, 64),
    (3840, 64),
    (3968, 64),
    (3328, 256),
    (3072, 256),
    (3584, 256),
    (1024, 1024),
    (0, 1024),
    (2048, 1024),
)
# Where each level begins, and the side of its bands.
LEVELS: Final = ((0, 32), (3072, 16), (3840, 8))


def _bands(plane: Plane, factors: Sequence[int]) -> Iterator[tuple[Plane, int]]:
    for (start, count), factor in zip(BANDS, factors, strict=True):
        yield plane[start : start + count], factor


def dequantize(plane: Plane, factors: Sequence[int]) -> None:
    """Multiply each band, in place, by the step that its factor stands for: 2 to the power of factor - 1."""
    for band, factor in _bands(plane, factors):
        band <<= factor - 1


def quantize(plane: Plane, factors: Sequence[int]) -> None:
    """Divide each band, in place, rounding to the nearest."""
    for band, factor in _bands(plane, factors):
        band += (1 << (factor - 1)) >> 1
        band >>= factor - 1


def undo_differences(plane: Plane) -> None:
    """Sum up the last band, in place: each coefficient but the first was sent as a difference."""
    plane[4032:] = plane[4032:].cumsum(dtype=plane.dtype)


def do_differences(plane: Plane) -> None:
    """The reverse."""
    plane[4033:] -= plane[4032:-1].copy()


def join(plane: Plane) -> None:
    """Make 64 rows of 64 samples of the ten bands, in place, from the smallest to the largest."""
    for start, s in reversed(LEVELS):
        hl, lh, hh, ll = plane[start : start + 4 * s * s].reshape(4, s, s)
        low = _join(ll.T, hl.T).T
        high = _join(lh.T, hh.T).T
        plane[start : start + 4 * s * s] = _join(low, high).reshape(-1)


def _join(low: Plane, high: Plane) -> Plane:
    """Join rows of the low and of the high half: lifting, mirrored at both ends."""
    import numpy as np

    out = np.empty((2 * len(low), low.shape[1]), np.int16)
    even, odd = out[0::2], out[1::2]
    before = np.vstack((high[:1], high[:-1]))
    even[:] = low - _mean(before, high, 1)
    after = np.vstack((even[1:], even[-1:]))
    odd[:] = (high << 1) + _mean(even, after)
    return out


def _mean(one: Plane, other: Plane, rounding: int = 0) -> Plane:
    import numpy as np

    return ((one.astype(np.int32) + other + rounding) >> 1).astype(np.int16)


def split(plane: Plane) -> None:
    """Make ten bands of 64 rows of 64 samples, in place: `join` backwards."""
    for start, s in LEVELS:
        low, high = _split(plane[start : start + 4 * s * s].reshape(2 * s, 2 * s))
        ll, hl = (half.T for half in _split(low.T))
        lh, hh = (half.T for half in _split(high.T))
        plane[start : start + 4 * s * s].reshape(4, s, s)[:] = (hl, lh, hh, ll)


def _split(samples: Plane) -> tuple[Plane, Plane]:
    import numpy as np

    even, odd = samples[0::2], samples[1::2]
    after = np.vstack((even[1:], even[-1:]))
    high = (odd - _mean(even, after)) >> 1
    before = np.vstack((high[:1], high[:-1]))
    return even + _mean(before, high), high
