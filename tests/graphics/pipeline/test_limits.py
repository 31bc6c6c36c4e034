from __future__ import annotations

from trio_rdp.graphics.pipeline.limits import PipelineLimits


def test_the_small_cache_is_the_default() -> None:
    small, large = PipelineLimits(), PipelineLimits.large()
    assert (small.cache_bytes, small.cache_slots) == (16 << 20, 4096)
    assert (large.cache_bytes, large.cache_slots) == (100 << 20, 25_600)
    assert small.surface_bytes == large.surface_bytes == 256 << 20
    assert small.surface_side == 16384
