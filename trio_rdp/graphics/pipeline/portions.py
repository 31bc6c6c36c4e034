"""What of a picture goes first where the line is too slow for all of it: what is small, such as typed characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import CreateSurface, DeleteSurface, DrawSurface, PipelineJob

__all__ = ["apart", "is_video", "portion"]


def portion(damage: Iterable[Rect], room: int) -> tuple[list[Rect], list[Rect]]:
    """Give about `room` pixels of the damage, and the rest: the smallest rectangles, then the first rows of the next.

    There is always something, and rows come in whole tiles.
    """
    taken: list[Rect] = []
    left: list[Rect] = []
    for rect in sorted(damage, key=lambda rect: rect.area):
        rows = min(rect.height, max(room, 0) // rect.width)
        if rows < rect.height:
            rows = max(rows // TILE * TILE, 0 if taken else min(TILE, rect.height))
        if rows:
            taken.append(Rect(rect.left, rect.top, rect.width, rows))
            room -= rect.width * rows
        if rows < rect.height:
            left.append(Rect(rect.left, rect.top + rows, rect.width, rect.height - rows))
    return taken, left


def apart(jobs: Sequence[PipelineJob], most: float) -> list[list[PipelineJob]]:
    """Give jobs in one frame, or in two where the pictures of videos take more than `most` bytes: those come last.

    So what is drawn beside a film is seen when it has come, and not when the film's picture has.
    """
    first = next((number for number, job in enumerate(jobs) if is_video(job)), 0)
    video = sum(len(job.data) for job in jobs[first:] if isinstance(job, DrawSurface))
    if video <= most or all(isinstance(job, (CreateSurface, DeleteSurface)) for job in jobs[:first]):
        return [list(jobs)]
    return [list(jobs[:first]), list(jobs[first:])]


def is_video(job: PipelineJob) -> bool:
    """Whether a job draws H.264."""
    return isinstance(job, DrawSurface) and job.codec.is_avc
