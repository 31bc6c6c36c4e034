"""Image codecs and bulk compressors: functions and contexts over buffers, with compiled twins.

The image codecs have one face.  They draw into a `View`, a rectangle of somebody's BGRX surface, and encode from one:
`decompress_into(data, view, width, height)` and `compress(view)` where a bitmap stands alone, and objects with
`decode_into`, `encode` and `reset` where one depends on those before.  Only RemoteFX reads a message first
(`rfx.Decoder.read`) and then draws it, in as many threads as you like.

Those that stand alone come by the hundred in an update, each too small for a call of its own: `decompress_all(bitmaps,
places, view)` and `compress_all(view, rects)` do as much as those calls would, in one stretch without the GIL.
"""

from __future__ import annotations

from trio_rdp.codecs.kernels import features

__all__ = ["features"]
