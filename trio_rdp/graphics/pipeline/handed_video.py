"""H.264 that a server's program has encoded itself, as jobs: `HandedVideos` keeps a surface for each stream.

Clients take a picture of H.264 for one that is as large as its surface (FreeRDP's draws from the surface's corner,
wherever the message says).  So each stream has a surface of its own, from which it is copied to the desktop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trio_rdp.codecs.avc_order import in_order
from trio_rdp.codecs.avc_units import UnitStream, inspect
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawSurface,
    PipelineCodec,
    PipelineJob,
)
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["MOST_VIDEOS", "HandedVideos"]

MOST_VIDEOS: Final = 8
"""Streams at once; each costs the client a decoder and a surface."""

_MOST_WAITING: Final = 32  # access units of one stream: more have been handed over in vain
_FIRST_ID: Final = 0xF000  # far from those of other surfaces


class _Stream:
    __slots__ = ("is_there", "needs_key", "surface_id", "units", "waiting")

    def __init__(self, surface_id: int) -> None:
        self.surface_id = surface_id
        self.units = UnitStream()
        self.waiting: list[bytes] = []
        self.needs_key = True
        self.is_there = False  # whether the client has the surface

    def interrupt(self) -> None:
        self.waiting.clear()
        self.units.reset()
        self.needs_key = True


class HandedVideos:
    """The streams of one client, each in its rectangle of the desktop; `most` at a time."""

    def __init__(self, most: int = MOST_VIDEOS) -> None:
        self._most = most
        self._streams: dict[Rect, _Stream] = {}
        self._gone: list[int] = []
        self._next_id = _FIRST_ID

    def __bool__(self) -> bool:
        """Whether access units wait."""
        return any(stream.waiting for stream in self._streams.values())

    @property
    def rects(self) -> list[Rect]:
        """Where the client shows what the framebuffer does not."""
        return list(self._streams)

    def add(self, rect: Rect, data: bytes) -> bool:
        """Take an access unit for a rectangle; False where one with a key picture has to come first.

        Raises `ValueError` for what is none, or of another size, and `LocalProtocolError` for one stream too many.
        """
        unit = inspect(data)
        begins = unit.key and unit.complete
        if unit.visible is not None and unit.visible != (0, 0, rect.width, rect.height):
            left, top, right, bottom = unit.visible
            raise ValueError(f"pictures of {right - left}x{bottom - top} in a rectangle of {rect.width}x{rect.height}")
        stream = self._streams.get(rect)
        if stream is not None and len(stream.waiting) >= _MOST_WAITING:
            stream.interrupt()
        if (stream is None or stream.needs_key) and not begins:
            return False
        if stream is None:
            if len(self._streams) >= self._most:
                raise LocalProtocolError(f"{self._most} streams of H.264 are shown already, which is the most")
            stream = self._streams[rect] = _Stream(self._new_id())
        # Clients show each picture when it comes; their decoders keep it back where the stream leaves that open.
        message = stream.units.wrap(in_order(unit.data))
        if begins:
            stream.waiting.clear()  # what was before it, nobody needs any more
        stream.waiting.append(message)
        stream.needs_key = False
        return True

    def _new_id(self) -> int:
        """Give the number of a surface, none of one that the client has."""
        taken = {stream.surface_id for stream in self._streams.values()}
        while self._next_id in taken:
            self._next_id = self._after(self._next_id)
        found, self._next_id = self._next_id, self._after(self._next_id)
        return found

    @staticmethod
    def _after(surface_id: int) -> int:
        return _FIRST_ID + (surface_id - _FIRST_ID + 1) % (0xFFFF - _FIRST_ID)

    def interrupt(self) -> None:
        """Drop what waits: the client wants no output; each stream goes on with a key picture."""
        for stream in self._streams.values():
            stream.interrupt()

    def forget(self) -> list[PipelineJob]:
        """End all streams, and give what deletes their surfaces: a desktop of another size keeps those that it had."""
        ids = [*self._gone, *(stream.surface_id for stream in self._streams.values() if stream.is_there)]
        self._streams.clear()
        self._gone.clear()
        return [DeleteSurface(surface_id) for surface_id in ids]

    def drawn_over(self, rects: Iterable[Rect]) -> list[Rect]:
        """Give the parts of `rects` where videos are, which the framebuffer shows again from now on.

        A video that is drawn over altogether ends.
        """
        areas = list(rects)
        parts = []
        for rect in list(self._streams):
            for area in areas:
                part = area.intersect(rect)
                if not part.is_empty:
                    parts.append(part)
                if part == rect and not self._streams[rect].waiting:
                    stream = self._streams.pop(rect)
                    if stream.is_there:
                        self._gone.append(stream.surface_id)
                    break
        return parts

    def take(self, desktop_id: int) -> list[PipelineJob]:
        """Give the jobs of all that waits, for a frame of their own; they have to be sent."""
        jobs: list[PipelineJob] = [DeleteSurface(surface_id) for surface_id in self._gone]
        self._gone.clear()
        for rect, stream in self._streams.items():
            if not stream.waiting:
                continue
            width, height = rect.width, rect.height
            if not stream.is_there:
                jobs.append(CreateSurface(stream.surface_id, width, height))
                stream.is_there = True
            whole = Rect(0, 0, width, height)
            jobs += [DrawSurface(stream.surface_id, PipelineCodec.AVC420, whole, data) for data in stream.waiting]
            jobs.append(CopySurface(stream.surface_id, desktop_id, whole, ((rect.left, rect.top),)))
            stream.waiting = []
        return jobs
