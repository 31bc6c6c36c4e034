from __future__ import annotations

from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.plain.pixels import FORMATS


def test_sizes() -> None:
    sizes = {member.name: member.bytes_per_pixel for member in PixelFormat}
    assert sizes == {
        "BGRA32": 4,
        "ABGR32": 4,
        "RGBA32": 4,
        "ARGB32": 4,
        "BGR24": 3,
        "RGB24": 3,
        "BGR16": 2,
        "RGB16": 2,
    }


def test_the_kernels_know_them_in_the_same_order() -> None:
    assert tuple(member.name for member in PixelFormat) == FORMATS
