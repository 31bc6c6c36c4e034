"""Pipeline jobs as compressed messages: what a server says from one confirmation of capabilities to the next."""

from __future__ import annotations

import dataclasses
from typing import Final

from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.channels.rdpgfx.translation import message_of
from trio_rdp.codecs.avc_frames import with_length
from trio_rdp.codecs.zgfx import MAX_OUTPUT, Compressor
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    PipelineCodec,
    PipelineJob,
    StoreCached,
)
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["Outgoing"]

_DRAWING: Final = (DrawSurface, DrawProgressive, FillSurface, CopySurface, StoreCached, DrawCached)


class Outgoing:
    """The compressor's history, and which frame is open."""

    def __init__(self, confirmed: Confirmed) -> None:
        self._confirmed = confirmed
        self._compressor = Compressor()
        self._frame = _Frame(None)

    def compress(self, data: bytes, *, store: bool) -> bytes:
        """Give messages as one RDP_SEGMENTED_DATA."""
        return self._compressor.compress(data, store=store)

    def encode(self, jobs: tuple[PipelineJob, ...], store: bool | None) -> tuple[bytes, list[int]]:
        """Give the messages that say `jobs`, compressed, and the frames that end with them.

        After an error everything is as before.
        """
        frame, ended = self._frame.copy(), []
        dst = bytearray()
        dense = 0
        for job in jobs:
            match job:
                case BeginPipelineFrame(frame_id=frame_id):
                    frame.begin(frame_id)
                case EndPipelineFrame(frame_id=frame_id):
                    frame.end(frame_id)
                    ended.append(frame_id)
                case _:
                    self._check(job, frame)
            start, said = len(dst), job
            is_avc = isinstance(job, DrawSurface) and job.codec.is_avc
            if isinstance(job, DrawSurface) and is_avc and self._confirmed.needs_avc_length:
                said = dataclasses.replace(job, data=with_length(job.data))
            message_of(said).append_to(dst)
            if is_avc:
                dense += len(dst) - start
        if not dst:
            raise LocalProtocolError("there is nothing to say")
        if len(dst) > MAX_OUTPUT:
            raise LocalProtocolError(f"{len(dst)} bytes in one message exceed {MAX_OUTPUT}")
        # Who stores does not even look whether something repeats; the rest of such a frame is some bytes.
        is_stored = dense * 10 >= len(dst) * 9 if store is None else store
        message = self._compressor.compress(dst, store=is_stored)
        self._frame = frame
        return message, ended

    def _check(self, job: PipelineJob, frame: _Frame) -> None:
        if isinstance(job, _DRAWING) and frame.frame_id is None:
            raise LocalProtocolError(f"{type(job).__name__} outside of a frame")
        confirmed = self._confirmed
        match job:
            case DrawSurface(codec=codec):
                if not confirmed.takes(codec):
                    raise LocalProtocolError(f"the client does not take {codec.name}")
                frame.draw(codec, confirmed.mixes_avc)
            case DrawProgressive():
                if not confirmed.takes_progressive:
                    raise LocalProtocolError("the client takes RemoteFX instead of its progressive form")
                frame.draw(None, confirmed.mixes_avc)
            case MapSurface(target=target) | MapSurfaceToWindow(target=target):
                if target is not None and not confirmed.takes_scaled_mapping:
                    raise LocalProtocolError("the client does not show surfaces in another size")
            case StoreCached(slot=slot) | DrawCached(slot=slot) | EvictCached(slot=slot):
                self._check_slot(slot)
            case ImportCached(slots=slots):
                for slot, _ in slots:
                    self._check_slot(slot)

    def _check_slot(self, slot: int) -> None:
        if not 1 <= slot <= self._confirmed.cache_slots:
            raise LocalProtocolError(f"the client's cache has no slot {slot}")


class _Frame:
    """The frame that is open, if one is, and what kinds of bitmaps it has: H.264, that in 4:4:4, and others."""

    def __init__(
        self, frame_id: int | None, has_avc: bool = False, has_avc444: bool = False, has_other: bool = False
    ) -> None:
        self.frame_id = frame_id
        self.has_avc = has_avc
        self.has_avc444 = has_avc444
        self.has_other = has_other

    def copy(self) -> _Frame:
        """Give another one like it."""
        return _Frame(self.frame_id, self.has_avc, self.has_avc444, self.has_other)

    def begin(self, frame_id: int) -> None:
        """Open a frame; raises `LocalProtocolError` where one is open."""
        if self.frame_id is not None:
            raise LocalProtocolError(f"frame {frame_id} begins in frame {self.frame_id}")
        self.frame_id, self.has_avc, self.has_avc444, self.has_other = frame_id, False, False, False

    def end(self, frame_id: int) -> None:
        """Close the frame that is open; raises `LocalProtocolError` for another one."""
        if self.frame_id != frame_id:
            raise LocalProtocolError(f"frame {frame_id} ends and is not open")
        self.frame_id = None

    def draw(self, codec: PipelineCodec | None, mixes_avc: bool) -> None:
        """Take note of a bitmap; raises `LocalProtocolError` for what may not stand in one frame."""
        self.has_avc |= codec is not None and codec.is_avc
        self.has_avc444 |= codec is not None and codec.is_avc444
        self.has_other |= codec is None or not codec.is_avc
        if self.has_other and self.has_avc444:
            raise LocalProtocolError("H.264 in 4:4:4 needs a frame of its own")
        if self.has_other and self.has_avc and not mixes_avc:
            raise LocalProtocolError("H.264 needs a frame of its own before version 10.4")
