"""One pipeline job of every kind, for the tests of both machines."""

from __future__ import annotations

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteContext,
    DeleteSurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    MapSurface,
    MapSurfaceToWindow,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)

__all__ = ["DRAWING", "SETUP", "drawn"]

SETUP: tuple[PipelineJob, ...] = (
    ResetGraphics(800, 600, (MonitorArea(Rect(0, 0, 800, 600), True), MonitorArea(Rect(-640, 0, 640, 480)))),
    CreateSurface(1, 800, 600),
    CreateSurface(2, 64, 64, has_alpha=True),
    MapSurface(1, 0, 0),
    MapSurface(2, 10, 20, (128, 128)),
    MapSurfaceToWindow(2, 0x1_0000_0001, 64, 64),
    MapSurfaceToWindow(2, 7, 64, 64, (32, 32)),
    UnmapSurface(2),
    DeleteSurface(2),
)
"""What may stand outside of frames."""

DRAWING: tuple[PipelineJob, ...] = (
    DrawSurface(1, PipelineCodec.CLEARCODEC, Rect(1, 2, 64, 63), b"clear"),
    DrawSurface(1, PipelineCodec.ALPHA, Rect(0, 0, 8, 8), b"alpha", has_alpha=True),
    DrawProgressive(1, 5, b"progressive"),
    DeleteContext(1, 5),
    FillSurface(1, b"\1\2\3\xff", (Rect(0, 0, 10, 10), Rect(20, 30, 20, 20))),
    CopySurface(1, 1, Rect(1, 2, 3, 4), ((5, 6), (-7, -8))),
    StoreCached(1, 0x0102030405060708, 9, Rect(0, 0, 64, 64)),
    DrawCached(9, 1, ((100, 200), (-1, -1))),
    EvictCached(9),
)
"""What must stand in a frame, at least before version 10.4."""


def drawn(frame_id: int, *jobs: PipelineJob, timestamp: int = 0) -> tuple[PipelineJob, ...]:
    """A whole frame."""
    return (BeginPipelineFrame(frame_id, timestamp), *jobs, EndPipelineFrame(frame_id))
