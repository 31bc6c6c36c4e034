from __future__ import annotations

import pytest

from trio_rdp.graphics.geometry import MAX_PIXELS, Rect
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.graphics.pipeline.costs import PipelineCosts
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawCached,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    PipelineJob,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)

END = EndPipelineFrame(1)


def made(*jobs: PipelineJob) -> PipelineCosts:
    """What is known after jobs, of a desktop of 20 x 10 pixels with a surface as large as it is."""
    costs = PipelineCosts(20, 10)
    for job in (CreateSurface(1, 20, 10), *jobs):
        costs.count(job)
    return costs


@pytest.mark.parametrize(
    ("job", "pixels"),
    [
        (FillSurface(1, b"1234", (Rect(0, 0, 5, 5), Rect(1, 1, 2, 2))), 29),
        (CopySurface(1, 1, Rect(0, 0, 5, 5), ((1, 1), (2, 2))), 50),
        (StoreCached(1, 7, 1, Rect(0, 0, 4, 4)), 16),
        (DrawCached(1, 1, ((0, 0),)), 0),
        (CreateSurface(2, 30, 30), 900),
        (ResetGraphics(40, 10), 400),
        (ResetGraphics(0xFFFFFFFF, 0xFFFFFFFF), MAX_PIXELS),
        (MapSurface(1, 0, 0), 200),
        (MapSurface(9, 0, 0), 200),
        (MapSurfaceToWindow(1, 7, 5, 5), 200),
        (UnmapSurface(1), 200),
        (DeleteSurface(9), 200),
        (BeginPipelineFrame(1), 0),
        (END, 0),
    ],
)
def test_what_is_moved(job: PipelineJob, pixels: int) -> None:
    assert made().count(job) == pixels


def test_bitmaps_in_the_cache() -> None:
    costs, draw = made(StoreCached(1, 7, 3, Rect(0, 0, 10, 10))), DrawCached(3, 1, ((0, 0), (1, 1)))
    assert costs.count(draw) == 200
    costs.count(StoreCached(1, 7, 3, Rect(0, 0, 2, 2)))
    assert costs.count(draw) == 8
    costs.count(EvictCached(3))
    assert costs.count(draw) == 0
    costs.begin({9: CachedBitmap(9, 6, 6)})
    costs.count(ImportCached(((3, 9), (4, 99))))
    assert costs.count(draw) == 72
    assert costs.count(DrawCached(4, 1, ((0, 0),))) == 0


def test_a_surface_that_is_the_picture_is_not_copied() -> None:
    costs = made(MapSurface(1, 0, 0))
    assert costs.composed_pixels == 0
    costs.resize(20, 11)
    assert costs.count(END) == 200
    costs.resize(20, 10)
    for other in (MapSurface(1, 1, 0), CreateSurface(1, 20, 10, has_alpha=True), MapSurface(1, 0, 0)):
        costs.count(other)
    assert costs.composed_pixels == 200


def test_surfaces_upon_each_other() -> None:
    costs = made(MapSurface(1, 0, 0), CreateSurface(2, 4, 4), MapSurface(2, 0, 0), CreateSurface(3, 1, 1))
    assert costs.composed_pixels == 216
    costs.count(MapSurface(3, 0, 0, (5, 5)))
    assert costs.composed_pixels == 216 + 64 * 25
    costs.count(MapSurface(3, 0, 0, (0xFFFFFFFF, 0xFFFFFFFF)))  # as much as can be seen
    assert costs.composed_pixels == 216 + 64 * 3 * 200
    costs.count(DeleteSurface(3))
    costs.count(UnmapSurface(2))
    assert costs.composed_pixels == 0
    costs.count(MapSurfaceToWindow(1, 7, 5, 5))
    assert costs.composed_pixels == 0
    assert [costs.count(END) for _ in range(2)] == [200, 0]  # the window's picture is made once
