from __future__ import annotations

from trio_rdp.graphics.pipeline.limits import PipelineLimits


def test_the_small_cache_is_the_default() -> None:
    limits = PipelineLimits()
    assert (limits.cache_bytes, limits.cache_slots) == (16 << 20, 4096)
    assert limits.surface_bytes == 256 << 20
    assert limits.surface_side == 16384
