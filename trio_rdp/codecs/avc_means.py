"""Whether a stream of H.264 in 4:4:4 has means of chroma in its main view, or samples: [MS-RDPEGFX] 3.3.8.3.2 and .3.

The document has means, of which a reverse filter makes samples again, and so do the streams of FreeRDP, our own, and
Microsoft's test streams of AVC444.  Those of AVC444v2 have samples, which the filter spoils: 33 dB instead of 42.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.plain.color import CUTOFF

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["has_means"]

_STEP: Final = 32  # one row of so many is looked at
_CLEARLY: Final = 2  # times as many


def has_means(planes: Iterable[Readable], width: int, rows: tuple[int, int], before: bool) -> bool:
    """Say whether every second sample of every second row of full planes is the mean of four.

    Each that the filter would change is compared with those to the left and above, which are samples in any case: what
    is right lies nearer to one of them.  `rows` are those to be looked at, and `before` holds where it is not clear, as
    it also is where coarse quantization leaves nothing of what the filter needs.
    """
    import numpy as np

    first = max(rows[0] + rows[0] % 2, 2)
    last = max(rows[1] - 1, first)
    for_means = for_samples = 0
    for plane in planes:
        pixels = np.frombuffer(plane, np.uint8).reshape(-1, width)
        above, here, below = (pixels[first + row : last + row : _STEP].astype(np.int16) for row in (-1, 0, 1))
        value = here[:, 2::2]
        sample = np.clip(4 * value - here[:, 3::2] - below[:, 2::2] - below[:, 3::2], 0, 255)
        change = np.abs(sample - value) >= CUTOFF
        value, sample, left, upper = (found[change] for found in (value, sample, here[:, 1:-1:2], above[:, 2::2]))
        as_value = np.minimum(np.abs(value - left), np.abs(value - upper))
        as_sample = np.minimum(np.abs(sample - left), np.abs(sample - upper))
        for_means += int((as_sample < as_value).sum())
        for_samples += int((as_value < as_sample).sum())
    if before:
        return for_samples <= _CLEARLY * for_means
    return for_means > _CLEARLY * for_samples
