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

    @property
    def is_lossless(self) -> bool:
        """Whether every pixel comes out as it went in, as far as the session's depth goes."""
        return self not in (BitmapCodec.REMOTEFX, BitmapCodec.NSCODEC)

    @property
    def is_dense(self) -> bool:
        """Whether what it gives does not get smaller by bulk compression."""
        return self in (BitmapCodec.REMOTEFX, BitmapCodec.QOIZ)


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
