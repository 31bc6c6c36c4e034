"""The names of the codecs in which bitmaps travel, and of what the lossy ones may lose."""

from __future__ import annotations

import enum

__all__ = ["BitmapCodec", "Quality"]


class BitmapCodec(enum.Enum):
    """A way in which a server may send its bitmaps."""

    RAW = "raw"
    INTERLEAVED = "interleaved"
    """Run-length coded, at 8 to 24 bits per pixel."""
    PLANAR = "planar"
    """Run-length coded in planes of colour, at 32 bits per pixel."""
    NSCODEC = "nscodec"
    REMOTEFX = "remotefx"
    QOI = "qoi"
    QOIZ = "qoiz"
    CLEARCODEC = "clearcodec"
    """Of the graphics pipeline, as those that follow."""
    PROGRESSIVE = "progressive"
    """RemoteFX Progressive: at once, or rough first and better later."""
    AVC420 = "avc420"
    """H.264 with chroma for every four pixels."""
    AVC444 = "avc444"
    """H.264 with chroma for every pixel, as two pictures."""
    ALPHA = "alpha"
    """Opacity alone."""

    @property
    def is_h264(self) -> bool:
        """Whether it is a form of H.264, which needs PyAV."""
        return self in _H264

    @property
    def is_lossless(self) -> bool:
        """Whether every pixel comes out as it went in, as far as the session's depth goes."""
        return self not in _LOSSY

    @property
    def is_dense(self) -> bool:
        """Whether what it gives does not get smaller by bulk compression."""
        return self in _DENSE


_H264 = (BitmapCodec.AVC420, BitmapCodec.AVC444)
_LOSSY = (BitmapCodec.REMOTEFX, BitmapCodec.NSCODEC, BitmapCodec.PROGRESSIVE, *_H264)
_DENSE = (BitmapCodec.REMOTEFX, BitmapCodec.QOIZ, BitmapCodec.PROGRESSIVE, *_H264)


class Quality(enum.IntEnum):
    """How much a lossy codec may lose of a photograph."""

    LOW = 0
    """Visible: for lines of a few Mbit/s."""
    MEDIUM = 1
    """What RDP servers mostly send: hardly visible, above 35 dB on photographs."""
    HIGH = 2
    """Not visible; two to three times as large."""
    BEST = 3
    """What is lost, is lost in conversion."""
