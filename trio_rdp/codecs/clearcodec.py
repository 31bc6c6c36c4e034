"""ClearCodec bitmaps, [MS-RDPEGFX] 2.2.4.1: text and flat pictures of the graphics pipeline, without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.clearcodec_encoder import Encoder
from trio_rdp.codecs.kernels import clearcodec as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["MAX_MEMORY", "Decoder", "Encoder"]

_PDU = "CLEARCODEC_BITMAP_STREAM"

MAX_MEMORY: Final = 32768 * 209 + 16384 * 209 + 4000 * 4098
"""What the storages of one decoder may take, in bytes: their slots, [MS-RDPEGFX] 3.3.1.9 to 3.3.1.13, all in use."""


class Decoder:
    """The storages of one session; messages must be given in the order in which they came.

    Memory is taken as slots are filled.  After an error, what the message had stored until then stays stored; the
    numbers of messages go on behind it.  Each message is decoded by one thread at a time.
    """

    def __init__(self) -> None:
        self._kernel: kernel.Decoder | None = None

    def decode_into(self, data: Readable, view: View, width: int, height: int) -> None:
        """Decode a message for `width` x `height` pixels and draw what of it the view has room for, from the top left.

        What no layer covers stays as it was.  Raises `DecodeError` (of a message without a glyph, what came before the
        mistake is drawn), and `ValueError` when the view does not lie in its surface.  Releases the GIL.
        """
        check_size(width, height, _PDU)
        if self._kernel is None:
            self._kernel = kernel.Decoder()
        check(self._kernel.decode_into(data, *view, width, height), _PDU)

    def reset(self) -> None:
        """Forget everything, as for a new session."""
        self._kernel = None
