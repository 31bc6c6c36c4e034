from __future__ import annotations

from trio_rdp.codecs.bitmap_codec import BitmapCodec


def test_what_is_lost() -> None:
    assert {codec for codec in BitmapCodec if not codec.is_lossless} == {BitmapCodec.REMOTEFX, BitmapCodec.NSCODEC}


def test_what_is_worth_compressing_again() -> None:
    assert {codec for codec in BitmapCodec if codec.is_dense} == {BitmapCodec.REMOTEFX, BitmapCodec.QOIZ}
