"""QOIZ bitmaps: QOI images in one zstd stream that lasts as long as the session's graphics, as IronRDP defines it.

Each image is written to the same stream, which is flushed behind it and never ended, so that an image is found again in
those before it.  Each begins a new stream at a reactivation: `reset`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from trio_rdp.codecs import qoi
from trio_rdp.codecs.status import check_size
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["MAX_WINDOW_LOG", "WINDOW_LOG", "Decoder", "Encoder"]

_PDU = "QoizImage"

# As far as a peer's stream may look back, and so what a decoder may come to hold: 128 MiB.  It is what zstd takes by
# default, and what IronRDP's server asks for by turning long distance matching on.
MAX_WINDOW_LOG: Final = 27

# How far ours looks back, and so what each session of a server and its client hold: 8 MiB, which RFC 8878 (3.1.1.1.2)
# asks every decoder to take.  A frame of 1920 x 1080 has 0.7 MiB of QOI.
WINDOW_LOG: Final = 23

# A stream begins with these bytes; where it goes on, after a flush, they would announce a block of 390,821 bytes, and
# blocks have 128 KiB at most.  So a peer that began again is understood, whatever made it do so.
_MAGIC: Final = b"\x28\xb5\x2f\xfd"

# IronRDP's.
_LEVEL: Final = 3


def _bound(width: int, height: int) -> int:
    """The longest QOI image of a size: header, five bytes to a pixel, end marker."""
    return 14 + 5 * width * height + 8


class Decoder:
    """One session's stream; images must be given in the order in which they came.

    zstd is loaded and its window made at the first image.  After an error nothing decodes until the peer begins
    a new stream.
    """

    def __init__(self) -> None:
        self._stream: Any = None
        self._failed = False

    def decode_into(self, data: Readable, view: View, width: int, height: int, *, keep_alpha: bool = False) -> None:
        """Decode an image of `width` x `height` pixels and draw what of it the view has room for, from the top left.

        Never inflates to more than an image of that size can have.  Raises `DecodeError`, and then the rows above the
        fault may have been drawn; see `qoi.decompress_into`.
        """
        qoi.decompress_into(self.inflate(data, width, height), view, width, height, keep_alpha=keep_alpha)

    def reset(self) -> None:
        """Forget the stream, and give its window back."""
        self._stream, self._failed = None, False

    def inflate(self, data: Readable, width: int, height: int) -> bytes:
        """Give the QOI image of `width` x `height` pixels that the next bytes of the stream are.

        For who decodes many at once, with `qoi.decompress_all`.  Raises `DecodeError`.
        """
        if bytes(data[:4]) == _MAGIC:
            self.reset()
        if self._failed:
            raise DecodeError("the stream broke off with an image before this one", pdu=_PDU)
        self._failed = True
        check_size(width, height, _PDU)
        image = self._inflate(data, _bound(width, height))
        self._failed = False
        return image

    def _inflate(self, data: Readable, limit: int) -> bytes:
        zstd = _zstd()
        if self._stream is None:
            self._stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG})
        try:
            image: bytes = self._stream.decompress(bytes(data), limit + 1)
        except zstd.ZstdError as exc:
            raise InvalidField(f"no zstd stream: {exc}", pdu=_PDU) from exc
        if len(image) > limit:
            raise InvalidField(f"an image of more than {limit} bytes", pdu=_PDU)
        if not image:
            raise Truncated("the stream has no image", pdu=_PDU)
        if self._stream.eof:
            # Nobody is known to end the stream instead of flushing it; then the next image begins another.
            if self._stream.unused_data:
                raise InvalidField("bytes behind the end of the stream", pdu=_PDU)
            self._stream = None
        return image


class Encoder:
    """One session's stream; what `encode` gives must be sent in that order, and all of it."""

    def __init__(self, *, level: int = _LEVEL, window_log: int = WINDOW_LOG) -> None:
        self.level = level
        self.window_log = window_log
        self._stream: Any = None

    def encode(self, view: View) -> bytes:
        """Encode a view without loss, in three channels."""
        return self._write(qoi.compress(view))

    def encode_all(self, view: View, rects: Sequence[tuple[int, int, int, int]]) -> list[bytes]:
        """Encode rectangles (x, y, width, height in the view), each to the bytes that `encode` would make of it.

        Raises `ValueError` for one that is empty or does not lie in the view, and then the stream is as it was.
        """
        return [self._write(image) for image in qoi.compress_all(view, rects)]

    def reset(self) -> None:
        """Begin a new stream, which the peer must do too."""
        self._stream = None

    def _write(self, image: bytes) -> bytes:
        zstd = _zstd()
        if self._stream is None:
            parameter = zstd.CompressionParameter
            self._stream = zstd.ZstdCompressor(
                options={
                    parameter.compression_level: self.level,
                    parameter.enable_long_distance_matching: 1,
                    parameter.window_log: self.window_log,
                }
            )
        stream: bytes = self._stream.compress(image, zstd.ZstdCompressor.FLUSH_BLOCK)
        return stream


def _zstd() -> ModuleType:
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
