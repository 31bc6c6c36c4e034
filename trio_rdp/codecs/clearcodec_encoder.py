"""Encoding ClearCodec bitmaps, [MS-RDPEGFX] 2.2.4.1: what `trio_rdp.codecs.clearcodec` decodes."""

from __future__ import annotations

from trio_rdp.codecs.kernels import clearcodec_encoder as kernel
from trio_rdp.codecs.view import View

__all__ = ["Encoder"]


class Encoder:
    """What the client of one session has stored; messages must be sent in the order in which they were encoded.

    Text that repeats (columns of pixels, and bitmaps of up to 1,024 pixels) is sent once and then named.  A few colours
    become palettes, flat areas runs, and the rest is sent as it is, or with a `color_loss_level` of 1 to 7 in NSCodec.
    Memory is taken as slots are filled: 30 MiB at most, and room for the largest message.

    A `quick` one looks for runs only, or sends a bitmap as it is where that takes less: four times as fast, but text is
    two to six times as large.  Nothing is lost, and the client stores nothing: it takes memory for one message only.
    """

    def __init__(self, *, quick: bool = False, color_loss_level: int | None = None, subsampling: bool = True) -> None:
        if color_loss_level is not None and not 1 <= color_loss_level <= 7:
            raise ValueError("a colour loss level is 1 to 7, or None")
        if quick and color_loss_level is not None:
            raise ValueError("a quick encoder loses nothing")
        self._quick = quick
        self._level = color_loss_level or 0
        self._subsampling = subsampling
        self._kernel: kernel.Encoder | None = None

    def encode(self, view: View) -> bytes:
        """Encode a view of 1 to 65,535 pixels each way, whose fourth bytes are not looked at.

        Without a colour loss level nothing is lost; with one, only cells of up to 64 by 64 pixels with more than 127
        colours lose any.  The result is hardly longer than three bytes a pixel.  Releases the GIL.
        """
        if self._kernel is None:
            self._kernel = kernel.Encoder(self._quick)
        data: bytes = self._kernel.encode(*view, self._level, self._subsampling)
        return data

    def reset(self) -> None:
        """Forget everything, as for a new session."""
        self._kernel = None
