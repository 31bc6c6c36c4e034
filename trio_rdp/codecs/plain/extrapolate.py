"""The wavelet of RemoteFX Progressive, "Reduce-Extrapolate", in plain Python: [MS-RDPEGFX] 3.2.8.1.2.2 and 3.3.8.2.2.

64 samples in a row become 33 low ones and 31 high ones: a 65th sample, extrapolated from the last two, makes the last
high one zero.  The bands so have other sizes than those of the classic transform, in the same order, row by row:

    HL1 31 x 33, LH1 33 x 31, HH1 31 x 31, HL2 16 x 17, LH2 17 x 16, HH2 16 x 16, HL3 8 x 9, LH3 9 x 8, HH3 8 x 8,
    LL3 9 x 9 (columns x rows)

Halves are rounded towards zero, as FreeRDP and Windows do; everything wraps at 16 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.int16]

__all__ = ["BANDS", "join", "split"]

BANDS: Final = (0, 1023, 2046, 3007, 3279, 3551, 3807, 3879, 3951, 4015, 4096)
"""Where each of the ten bands begins, and the end."""

# The largest extrapolated sample: the corner of noise is extrapolated twice, and sums of two must fit in 16 bits.
_CLAMP: Final = 16383

# The high samples of each level, and where the level's bands begin.
_LEVELS: Final = ((8, 3807), (16, 3007), (32, 0))


def _half(a: Samples, b: Samples) -> Samples:
    """Half the sum, rounded towards zero."""
    total = a + b
    return (total - (total >> 15)) >> 1


def _join_rows(low: Samples, high: Samples) -> Samples:
    """Make 2n + 1 rows of n + 1 low and n high ones."""
    import numpy as np

    even = low.copy()
    even[0] -= high[0]
    even[1:-1] -= _half(high[:-1], high[1:])
    even[-1] -= high[-1]
    out = np.empty((len(low) + len(high), low.shape[1]), np.int16)
    out[0::2] = even
    out[1::2] = (high << 1) + _half(even[:-1], even[1:])
    return out


def join(plane: Samples) -> Samples:
    """Make 64 x 64 samples of 4096 coefficients."""
    import numpy as np

    low = plane[BANDS[9] :].reshape(9, 9)
    for high, start in _LEVELS:
        full = high + 1
        wide, tall = (31, 31) if high == 32 else (high, high)
        bands = np.split(plane[start:], np.cumsum((wide * full, full * tall, wide * tall)))
        hl, lh, hh = bands[0].reshape(full, wide), bands[1].reshape(tall, full), bands[2].reshape(tall, wide)
        if high == 32:
            # The 32nd high one is zero and was not sent.
            hl, hh = np.pad(hl, ((0, 0), (0, 1))), np.pad(hh, ((0, 1), (0, 1)))
            lh = np.pad(lh, ((0, 1), (0, 0)))
        above = _join_rows(low.T, hl.T).T
        below = _join_rows(lh.T, hh.T).T
        low = _join_rows(above, below)
    return np.ascontiguousarray(low[:64, :64])


def _split_rows(samples: Samples) -> tuple[Samples, Samples]:
    """Make n + 1 low and n high rows of 2n + 1."""
    even, odd = samples[0::2], samples[1::2]
    high = (odd - _half(even[:-1], even[1:])) >> 1
    low = even.copy()
    low[0] += high[0]
    low[1:-1] += _half(high[:-1], high[1:])
    low[-1] += high[-1]
    return low, high


def _extrapolate(samples: Samples) -> Samples:
    """Append a 65th row."""
    import numpy as np

    last, before = samples[-1].astype(np.int32), samples[-2].astype(np.int32)
    row = np.clip(2 * last - before, -_CLAMP, _CLAMP).astype(np.int16)
    return np.concatenate((samples, row[None]))


def split(samples: Samples) -> Samples:
    """Make 4096 coefficients of 64 x 64 samples."""
    import numpy as np

    out = np.empty(4096, np.int16)
    low = samples
    for high, start in reversed(_LEVELS):
        above, below = _split_rows(_extrapolate(low) if high == 32 else low)
        low, hl = (part.T for part in _split_rows(_extrapolate(above.T) if high == 32 else above.T))
        lh, hh = (part.T for part in _split_rows(_extrapolate(below.T) if high == 32 else below.T))
        if high == 32:
            hl, lh, hh = hl[:, :31], lh[:31], hh[:31, :31]
        bands = np.concatenate((hl.ravel(), lh.ravel(), hh.ravel(), low.ravel()))
        out[start:] = bands
    return out
