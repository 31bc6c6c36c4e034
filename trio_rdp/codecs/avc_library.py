"""PyAV, which decodes and encodes H.264, imported at the first picture.

It comes with the extra `h264`: its wheels hold FFmpeg's decoder and libx264, which is under the GPL.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from trio_rdp.codecs.color import Yuv

__all__ = ["import_av", "is_available", "planes_of"]


def is_available() -> bool:
    """Whether PyAV is installed; it is not imported."""
    return importlib.util.find_spec("av") is not None


def import_av() -> Any:
    """Import PyAV; raises `ModuleNotFoundError` that says how to get it."""
    try:
        return importlib.import_module("av")
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError('H.264 needs PyAV: pip install "trio-rdp[h264]"', name=exc.name) from exc


def planes_of(frame: Any) -> Yuv:
    """The planes of a frame of FFmpeg's in 4:2:0, to be read and written."""
    y, u, v = frame.planes
    return Yuv(y, u, v, y.line_size, u.line_size, frame.width, frame.height, half=True)
