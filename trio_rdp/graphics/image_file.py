"""Pictures as Pillow images and files: what the extra `image` is for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.graphics.depths import to_format

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["save_image", "to_image"]


def to_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """Copy a picture, uint8 (height, width, 4) B G R X, into an RGB image.

    Raises `RuntimeError` when Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as exc:
        raise RuntimeError("pictures need Pillow: pip install 'trio-rdp[image]'") from exc
    return Image.fromarray(to_format(pixels, PixelFormat.RGB24))


def save_image(pixels: NDArray[np.uint8], path: str | os.PathLike[str]) -> None:
    """Write a picture to a file, in the format of the name's suffix; raise as `to_image` does."""
    to_image(pixels).save(path)
