"""PyAV, which decodes and encodes H.264, imported at the first picture unless somebody does it before.

It comes with the extra `h264`: its wheels hold FFmpeg's decoder and libx264, which is under the GPL.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, Final

from trio_rdp.codecs.color import Yuv

__all__ = ["LOADING_SECONDS", "import_av", "is_available", "is_loaded", "planes_of"]

LOADING_SECONDS: Final = 0.1
"""What the first import may take."""

_loaded: Final[set[str]] = set()


def is_available() -> bool:
    """Whether PyAV is installed; it is not imported."""
    return importlib.util.find_spec("av") is not None


def is_loaded() -> bool:
    """Whether `import_av` has nothing left to do."""
    return bool(_loaded)


def import_av() -> Any:
    """Import PyAV; raises `ModuleNotFoundError` that says how to get it.

    The first time it takes a twentieth of a second, so it belongs into a thread, of any number at a time.
    """
    try:
        av = importlib.import_module("av")
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError('H.264 needs PyAV: pip install "trio-rdp[h264]"', name=exc.name) from exc
    _loaded.add(av.__name__)
    return av


def planes_of(frame: Any) -> Yuv:
    """The planes of a frame of FFmpeg's in 4:2:0, to be read and written."""
    y, u, v = frame.planes
    return Yuv(y, u, v, y.line_size, u.line_size, frame.width, frame.height, half=True)
