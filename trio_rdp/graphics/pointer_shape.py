"""Pointer shapes, and how masks become and come from them: [MS-RDPBCGR] 2.2.9.1.1.4.4, 2.2.9.1.1.4.5, 2.2.9.1.2.1.11.

A shape on the wire is a Windows cursor: an AND mask of one bit a pixel and an XOR mask in colour, both bottom-up
(top-down at 1 bpp), their rows padded to two bytes.  What has the AND bit and a black XOR shows the screen; what has it
and a white XOR inverts the screen.  No picture with alpha can invert, so those pixels become an opaque checker of black
and white, as FreeRDP draws them: it shows on every background, and text cursors are mostly made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from trio_rdp.wire.errors import InvalidField, Truncated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_SIDE", "PointerShape", "decode_masks", "encode_masks"]

MAX_SIDE = 384
"""The largest pointer, in pixels, that any update may carry ([MS-RDPBCGR] 2.2.9.1.2.1.11)."""

_DEPTHS = (1, 4, 8, 15, 16, 24, 32)
_AND_THRESHOLD = 128  # less alpha than this is transparent where a mask has only one bit for it


@dataclass(frozen=True, slots=True, eq=False)
class PointerShape:
    """A pointer's picture: `pixels` is uint8 (height, width, 4), B G R A with straight (not premultiplied) alpha.

    `hotspot` is the pixel (x, y) that points.  Shapes are equal when pictures and hotspots are.
    """

    pixels: NDArray[np.uint8]
    hotspot: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 4 or self.pixels.dtype != "uint8":
            raise ValueError(f"a shape is uint8 (height, width, 4), not {self.pixels.dtype} {self.pixels.shape}")
        if max(self.pixels.shape) > MAX_SIDE:
            raise ValueError(f"a pointer of {self.width}x{self.height} pixels exceeds {MAX_SIDE}")

    @classmethod
    def from_rgba(
        cls, pixels: bytes | bytearray | memoryview, width: int, height: int, hotspot: tuple[int, int] = (0, 0)
    ) -> Self:
        """Make a shape of R G B A bytes with straight alpha, top row first; raise `ValueError` for another number."""
        import numpy as np

        source = memoryview(pixels).cast("B")
        if len(source) != width * height * 4:
            raise ValueError(f"{len(source)} bytes are no {width}x{height} pixels of four")
        rgba = np.frombuffer(source, np.uint8).reshape(height, width, 4)
        return cls(np.ascontiguousarray(rgba[..., (2, 1, 0, 3)]), hotspot)

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def key(self) -> bytes:
        """What tells this shape from every other: caches are searched for it."""
        head = b"%d %d %d %d " % (self.width, self.height, *self.hotspot)
        return head + self.pixels.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PointerShape) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def premultiplied(self) -> NDArray[np.uint8]:
        """Give the picture with colours multiplied by alpha, as X11 and most compositors take it."""
        import numpy as np

        pixels = self.pixels.astype(np.uint16)
        pixels[..., :3] = (pixels[..., :3] * pixels[..., 3:] + 127) // 255
        return pixels.astype(np.uint8)

    def fitted(self, side: int) -> PointerShape:
        """Give the shape, made smaller where it is wider or higher than `side` pixels; the hotspot moves along."""
        import numpy as np

        largest = max(self.width, self.height)
        if largest <= side:
            return self
        width, height = max(self.width * side // largest, 1), max(self.height * side // largest, 1)
        rows = np.arange(height) * self.height // height
        columns = np.arange(width) * self.width // width
        x, y = self.hotspot
        return PointerShape(self.pixels[rows][:, columns], (x * width // self.width, y * height // self.height))


def decode_masks(
    xor_mask: bytes,
    and_mask: bytes,
    width: int,
    height: int,
    bits_per_pixel: int,
    *,
    hotspot: tuple[int, int] = (0, 0),
    palette: NDArray[np.uint8] | None = None,
) -> PointerShape:
    """Make a shape of the masks of a pointer update.

    `palette` is uint8 (256, 4), B G R first, for 4 and 8 bits per pixel; without one, they are shades of grey.  A
    hotspot outside is moved to the nearest pixel.  An AND mask that is not there (of no bytes) is all zeros.  Raises
    `DecodeError` for a depth that does not exist, more than 384 pixels a side, and masks that are too short.
    """
    import numpy as np

    if bits_per_pixel not in _DEPTHS:
        raise InvalidField(f"a pointer of {bits_per_pixel} bits per pixel", field="xor_bpp")
    if not (0 <= width <= MAX_SIDE and 0 <= height <= MAX_SIDE):
        raise InvalidField(f"a pointer of {width}x{height} pixels exceeds {MAX_SIDE}", field="width")
    pixels = np.empty((height, width, 4), np.uint8)
    if width and height:
        # The document says bottom-up of 24 bpp; monochrome masks are top-down, and so FreeRDP and IronRDP read them.
        order = slice(None, None, 1 if bits_per_pixel == 1 else -1)
        xor_rows = _rows(xor_mask, width, height, bits_per_pixel)[order]
        colors = _decode_xor(xor_rows, width, bits_per_pixel, palette)
        pixels[..., :3] = colors[..., :3]
        pixels[..., 3] = 255
        screen = np.zeros((height, width), bool)
        if and_mask:
            screen = np.unpackbits(_rows(and_mask, width, height, 1)[order], axis=1)[:, :width].astype(bool)
        if bits_per_pixel == 32 and colors[..., 3].any():
            pixels[..., 3] = colors[..., 3]  # the AND mask is for those who know no alpha
        else:
            _apply_and(pixels, screen)
    x, y = hotspot
    return PointerShape(pixels, (min(x, max(width - 1, 0)), min(y, max(height - 1, 0))))


def _row_size(width: int, bits_per_pixel: int) -> int:
    # A pixel of 15 bits lies in two bytes.
    return (width * (16 if bits_per_pixel == 15 else bits_per_pixel) + 15) // 16 * 2


def _rows(mask: bytes, width: int, height: int, bits_per_pixel: int) -> NDArray[np.uint8]:
    """The rows of a mask, in the order on the wire."""
    import numpy as np

    size = _row_size(width, bits_per_pixel)
    if len(mask) < size * height:
        raise Truncated(f"a mask of {width}x{height} pixels needs {size * height} bytes, has {len(mask)}")
    return np.frombuffer(mask, np.uint8, size * height).reshape(height, size)


def _decode_xor(
    rows: NDArray[np.uint8], width: int, bits_per_pixel: int, palette: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """The XOR mask as (height, width, 3 or 4), B G R first."""
    import numpy as np

    match bits_per_pixel:
        case 1:
            return np.repeat((np.unpackbits(rows, axis=1)[:, :width] * np.uint8(255))[..., None], 3, axis=2)
        case 4:
            # No peer here sends it, and the document names no palette of 16: the session's first 16, else greys.
            indices = np.stack((rows >> 4, rows & 15), axis=2).reshape(len(rows), -1)[:, :width]
            return np.repeat((indices * np.uint8(17))[..., None], 3, axis=2) if palette is None else palette[indices]
        case 8:
            indices = rows[:, :width]
            return np.repeat(indices[..., None], 3, axis=2) if palette is None else palette[indices]
        case 15 | 16:
            # Cursors of 16 bits are Windows' X1 R5 G5 B5, unlike bitmap updates of the same depth.
            values = np.ascontiguousarray(rows[:, : width * 2]).view("<u2")
            five = np.stack((values & 31, values >> 5 & 31, values >> 10 & 31), axis=2)
            return (five << 3 | five >> 2).astype(np.uint8)
        case _:
            size = bits_per_pixel // 8
            return rows[:, : width * size].reshape(len(rows), width, size)


def _apply_and(pixels: NDArray[np.uint8], screen: NDArray[np.bool_]) -> None:
    """Let the screen through where the AND mask says so, and draw what would invert it."""
    import numpy as np

    colors = pixels[..., :3]
    pixels[screen & ~colors.any(axis=2)] = 0
    inverted = screen & (colors == 255).all(axis=2)
    height, width = screen.shape
    checker = (np.arange(height)[:, None] + np.arange(width)) % 2 * np.uint8(255)
    colors[inverted] = checker[inverted][:, None]


def encode_masks(shape: PointerShape, bits_per_pixel: int) -> tuple[bytes, bytes]:
    """Give the XOR and the AND mask of a shape, in 24 or 32 bits per pixel.

    At 24 there is no alpha: less than half is transparent.
    """
    import numpy as np

    if bits_per_pixel not in (24, 32):
        raise ValueError(f"pointers are sent in 24 or 32 bits per pixel, not {bits_per_pixel}")
    size = bits_per_pixel // 8
    alpha = shape.pixels[..., 3]
    screen = alpha < (_AND_THRESHOLD if size == 3 else 1)
    # Black where the screen shows through: any other colour there would invert.
    colors = np.where(screen[..., None], np.uint8(0), shape.pixels[..., :size])
    xor_rows = np.zeros((shape.height, _row_size(shape.width, bits_per_pixel)), np.uint8)
    xor_rows[:, : shape.width * size] = colors.reshape(shape.height, -1)
    and_rows = np.zeros((shape.height, _row_size(shape.width, 1)), np.uint8)
    and_rows[:, : (shape.width + 7) // 8] = np.packbits(screen, axis=1)
    return xor_rows[::-1].tobytes(), and_rows[::-1].tobytes()
