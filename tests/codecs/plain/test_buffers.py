from __future__ import annotations

import numpy as np
import pytest

from trio_rdp.codecs.plain.buffers import check_bitmap, check_region, view


def test_any_contiguous_buffer_is_bytes() -> None:
    assert bytes(view(b"abc")) == b"abc"
    assert bytes(view(np.arange(6, dtype=np.uint8).reshape(1, 2, 3))) == bytes(range(6))
    assert bytes(view(np.zeros((0, 4), np.uint8))) == b""
    view(bytearray())[0:0] = b""
    target = bytearray(2)
    view(target)[1] = 7
    assert target == b"\0\7"


@pytest.mark.parametrize(
    "bad", [(-1, 0, 1, 1), (0, -1, 1, 1), (0, 0, -1, 1), (2, 0, 1, 1), (0, 2, 1, 1), (1 << 31, 0, 0, 0)]
)
def test_regions(bad: tuple[int, int, int, int]) -> None:
    check_region(16, 8, 0, 0, 2, 2, 4)
    check_region(16, 8, 2, 9, 0, 5, 4)
    with pytest.raises(ValueError, match=r"surface|negative"):
        check_region(16, 8, *bad, 4)


def test_bitmaps() -> None:
    check_bitmap(1, 1)
    for width, height in ((0, 1), (1, -1), (1 << 20, 1 << 20)):
        with pytest.raises(ValueError, match="pixels"):
            check_bitmap(width, height)
