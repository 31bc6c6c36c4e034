"""`ClipboardImage`: a picture of a clipboard, to and from PNG and Pillow images (the extra `image`)."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from trio_rdp.channels.cliprdr.dib import PIXELS_LIMIT, SIDE_LIMIT, DibImage
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ClipboardImage", "ImageSource", "has_pillow", "is_png"]

ImageSource: TypeAlias = "DibImage | Image.Image | bytes"
"""A picture: ours, Pillow's, or a PNG file."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS, _RGBA = 8, 6


@dataclass(frozen=True, slots=True)
class ClipboardImage(DibImage):
    """A picture: `width`, `height`, and `pixels`, which are BGRA, straight alpha, top row first, without gaps."""

    @classmethod
    def of(cls, source: ImageSource) -> Self:
        """Take a picture from Pillow, or from a PNG file (which needs Pillow), or as it is."""
        if isinstance(source, DibImage):
            if len(source.pixels) != 4 * source.width * source.height:
                raise EncodeError(f"{len(source.pixels)} bytes for {source.width} by {source.height} pixels")
            return cls(source.width, source.height, source.pixels)
        if isinstance(source, bytes):
            return cls.from_png(source)
        if not callable(getattr(source, "convert", None)):
            raise TypeError(f"a picture is a ClipboardImage, a Pillow image or a PNG file, not {type(source).__name__}")
        return cls.from_pillow(source)

    @classmethod
    def from_pillow(cls, image: Image.Image) -> Self:
        """Copy a Pillow image of any mode; raises `EncodeError` for one that no clipboard would take."""
        if not _is_sane(image.width, image.height):
            raise EncodeError(f"a picture of {image.width} by {image.height}")
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        return cls(image.width, image.height, rgba.tobytes("raw", "BGRA"))

    @classmethod
    def from_png(cls, data: bytes) -> Self:
        """Read a PNG file; raises `DecodeError`, and `RuntimeError` when Pillow is not installed."""
        pillow = _pillow()
        try:
            with pillow.open(io.BytesIO(data), formats=["PNG"]) as image:
                if not _is_sane(image.width, image.height):
                    raise InvalidField(f"a picture of {image.width} by {image.height}", pdu="ClipboardImage")
                return cls.from_pillow(image)
        except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as exc:
            raise DecodeError(f"no PNG file: {exc}", pdu="ClipboardImage") from exc

    def to_pillow(self) -> Image.Image:
        """Copy into an RGBA image; raises `RuntimeError` when Pillow is not installed."""
        image: Image.Image = _pillow().frombytes("RGBA", (self.width, self.height), self.pixels, "raw", "BGRA")
        return image

    def to_png(self) -> bytes:
        """Write a PNG file; Pillow is not needed."""
        if not _is_sane(self.width, self.height):
            raise EncodeError(f"a picture of {self.width} by {self.height}")
        rgba = bytearray(self.pixels)
        rgba[0::4], rgba[2::4] = self.pixels[2::4], self.pixels[0::4]
        stride = 4 * self.width
        # Each row begins with the number of its filter, none.
        rows = b"".join(b"\0" + rgba[at : at + stride] for at in range(0, len(rgba), stride))
        header = struct.pack(">IIBBBBB", self.width, self.height, _EIGHT_BITS, _RGBA, 0, 0, 0)
        return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 3)) + _chunk(b"IEND", b"")

    def opaque_if_blank(self) -> Self:
        """The picture, but opaque where all of it would be invisible: programs leave alpha at 0 that know none."""
        if any(self.pixels[3::4]):
            return self
        pixels = bytearray(self.pixels)
        pixels[3::4] = b"\xff" * (len(pixels) // 4)
        return replace(self, pixels=bytes(pixels))


def is_png(data: bytes) -> bool:
    """Whether data begin as a PNG file does."""
    return data.startswith(_SIGNATURE)


def has_pillow() -> bool:
    """Whether Pillow is installed."""
    try:
        _pillow()
    except RuntimeError:
        return False
    return True


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as exc:
        raise RuntimeError("pictures need Pillow: pip install 'trio-rdp[image]'") from exc
    return Image


def _is_sane(width: int, height: int) -> bool:
    return 0 < width <= SIDE_LIMIT and 0 < height <= SIDE_LIMIT and width * height <= PIXELS_LIMIT


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
