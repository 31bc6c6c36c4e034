"""Image codecs and bulk compressors: functions and contexts over buffers, with compiled twins.

The image codecs have one face.  They draw into a `View`, a rectangle of somebody's BGRX surface, and encode from one:
`decompress_into(data, view, width, height)` and `compress(view)` where a bitmap stands alone, and objects with
`decode_into`, `encode` and `reset` where one depends on those before.
"""

from __future__ import annotations

from trio_rdp.codecs.kernels import features

__all__ = ["features"]
