from __future__ import annotations

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.pipeline.jobs import BITMAP_CODECS, PipelineCodec


def test_every_codec_of_the_document_has_a_name() -> None:
    assert set(BITMAP_CODECS) == set(PipelineCodec)
    assert BITMAP_CODECS[PipelineCodec.AVC444V2] is BitmapCodec.AVC444


def test_other_codecs_are_kept_as_they_came() -> None:
    assert not PipelineCodec(0x000D).is_known
    assert PipelineCodec(0x000D) == 0x000D


def test_what_is_h264() -> None:
    for codec in (*PipelineCodec, PipelineCodec(0x000D)):
        name = BITMAP_CODECS.get(codec)
        assert codec.is_avc == (name is not None and name.is_h264)
        assert codec.is_avc444 == (name is BitmapCodec.AVC444)
