from __future__ import annotations

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.display_statistics import added
from trio_rdp.picture_sender import CodecStatistics


def test_counts_are_added_and_those_before_stay() -> None:
    one = {BitmapCodec.RAW: CodecStatistics(1, 10, 0.5)}
    other = {BitmapCodec.RAW: CodecStatistics(2, 20, 0.25), BitmapCodec.PLANAR: CodecStatistics(3, 30, 1.0)}
    total = added(one, other)
    assert total == {BitmapCodec.RAW: CodecStatistics(3, 30, 0.75), BitmapCodec.PLANAR: CodecStatistics(3, 30, 1.0)}
    total[BitmapCodec.PLANAR].tiles = 99
    assert other[BitmapCodec.PLANAR].tiles == 3
    assert one[BitmapCodec.RAW].tiles == 1
