from __future__ import annotations

from trio_rdp.codecs.bitmap_codec import BitmapCodec

_H264 = {BitmapCodec.AVC420, BitmapCodec.AVC444}


def test_what_is_lost() -> None:
    lossy = {BitmapCodec.REMOTEFX, BitmapCodec.NSCODEC, BitmapCodec.PROGRESSIVE, *_H264}
    assert {codec for codec in BitmapCodec if not codec.is_lossless} == lossy


def test_what_is_worth_compressing_again() -> None:
    dense = {BitmapCodec.REMOTEFX, BitmapCodec.QOIZ, BitmapCodec.PROGRESSIVE, *_H264}
    assert {codec for codec in BitmapCodec if codec.is_dense} == dense


def test_what_needs_pyav() -> None:
    assert {codec for codec in BitmapCodec if codec.is_h264} == _H264
