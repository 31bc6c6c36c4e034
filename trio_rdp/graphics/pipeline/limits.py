"""What a server may have its client keep for the graphics pipeline, and how often draw."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PipelineLimits"]


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """Beyond any of these a job is a `DecodeError`.

    The cache's are those of a client with RDPGFX_CAPS_FLAG_THINCLIENT or RDPGFX_CAPS_FLAG_SMALL_CACHE, or of version
    10.3 ([MS-RDPEGFX] 3.3.1.4).  A session's are what was agreed.
    """

    surface_bytes: int = 256 << 20
    """Of all surfaces, at four bytes a pixel: so many are those of IronRDP's client, sixteen times 1920 x 2160."""
    surface_side: int = 16384
    """In pixels; the document's sides have 16 bits, IronRDP's client takes as many as this."""
    surfaces: int = 4096
    """How many there may be at a time; FreeRDP and Windows take 65,535."""
    shown: int = 512
    """How many may be shown at a time, on the desktop and in windows; Windows itself orders 255 windows."""
    overlap: int = 8
    """How many times the desktop those that are shown on it may cover; a server shows one on each monitor, and for a
    moment those of before."""
    desktop_side: int = 8192
    """Pixels of the desktop's side, as `Limits` has it for the classic path."""
    desktop_pixels: int = 8192 * 4320
    """Pixels of the desktop: 8K."""
    context_pixels: int = 1 << 25
    """Of all surfaces for which a codec remembers pictures: RemoteFX Progressive takes up to 12 bytes for each pixel,
    H.264 up to 25.  An 8K display has as many."""
    cache_bytes: int = 16 << 20
    """Of the bitmaps in the cache, at four bytes a pixel."""
    cache_slots: int = 4096
    """The number of the cache's last slot."""
    rectangles: int = 65_535
    """Rectangles or points of one job: as many as can be said."""
    overdraw: int = 4
    """How many times its surface one job may fill or copy; what a server means lies side by side."""
