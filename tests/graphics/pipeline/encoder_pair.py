"""An encoder of the pipeline, and a client that carries out what it gives."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tests.codecs.pictures import psnr
from tests.graphics.pipeline.model_client import ModelClient
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.encoder import PipelineEncoder
from trio_rdp.graphics.pipeline.jobs import (
    MonitorArea,
    PipelineJob,
)
from trio_rdp.graphics.pipeline.plan import FramePlan


class Pair:
    """A picture, its encoder, and a client that shows it, on the monitors that there are."""

    def __init__(self, width: int, height: int, *, monitors: Iterable[Rect] = (), **options: object) -> None:
        self.buffer = Framebuffer(width, height)
        self.buffer.damage.add(self.buffer.bounds)
        self.encoder = PipelineEncoder(width, height, **options)  # type: ignore[arg-type]
        self.client = ModelClient(
            int(str(options.get("cache_bytes", 100 << 20))), int(str(options.get("cache_slots", 25_600)))
        )
        self.now = 100.0
        self.client.apply(self.encoder.setup([MonitorArea(rect) for rect in monitors]))

    def blit(self, x: int, y: int, pixels: NDArray[np.uint8]) -> None:
        self.buffer.blit(Rect(x, y, pixels.shape[1], pixels.shape[0]), pixels)

    def carry_out(self, plan: FramePlan) -> list[PipelineJob]:
        for part in plan.parts:
            part.encode()
        jobs = self.encoder.finish(plan)
        assert [job for frame in plan.frames for job in frame] == jobs
        assert plan.is_empty == (not jobs)
        for frame in plan.frames:
            self.client.apply([*frame, *self.encoder.outputs.copies(frame)])
            # Every monitor shows each frame, whatever that was made of.
            assert np.array_equal(self.client.picture, self.client.surfaces[self.encoder.surface_id][..., :3])
        return jobs

    def send(self, after: float = 0.04, damage: Iterable[Rect] | None = None) -> list[PipelineJob]:
        self.now += after
        taken = self.buffer.damage.take() if damage is None else damage
        return self.carry_out(self.encoder.begin(self.buffer.pixels, taken, self.now))

    def refine(self, most_pixels: int = 1 << 16) -> int:
        """Let everything get exact; in how many plans."""
        count = 0
        while (due := self.encoder.refinement_due) is not None:
            self.now = max(self.now, due)
            self.carry_out(self.encoder.begin_refinement(self.buffer.pixels, self.now, most_pixels))
            count += 1
            assert count < 500
        return count

    @property
    def drawn(self) -> NDArray[np.uint8]:
        return self.buffer.pixels[..., :3]

    def assert_exact(self) -> None:
        assert np.array_equal(self.client.picture, self.drawn)

    def quality(self) -> float:
        return psnr(self.client.picture, self.drawn)
