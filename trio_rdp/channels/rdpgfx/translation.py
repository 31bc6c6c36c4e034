"""Messages as pipeline jobs, and the other way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from trio_rdp.channels.rdpgfx.caching import (
    CacheImportReplyPdu,
    CacheToSurfacePdu,
    EvictCacheEntryPdu,
    SurfaceToCachePdu,
)
from trio_rdp.channels.rdpgfx.drawing import (
    DeleteEncodingContextPdu,
    ProgressiveCodec,
    SolidFillPdu,
    SurfaceToSurfacePdu,
    WireToSurface1Pdu,
    WireToSurface2Pdu,
)
from trio_rdp.channels.rdpgfx.frames import EndFramePdu, StartFramePdu
from trio_rdp.channels.rdpgfx.header import GraphicsPdu, PixelLayout, Rectangle
from trio_rdp.channels.rdpgfx.reset import ResetGraphicsPdu
from trio_rdp.channels.rdpgfx.surfaces import (
    CreateSurfacePdu,
    DeleteSurfacePdu,
    MapSurfaceToOutputPdu,
    MapSurfaceToScaledOutputPdu,
    MapSurfaceToScaledWindowPdu,
    MapSurfaceToWindowPdu,
)
from trio_rdp.graphics.geometry import MAX_SIDE, Rect
from trio_rdp.graphics.pipeline import jobs
from trio_rdp.graphics.pipeline.jobs import PipelineJob, Point
from trio_rdp.graphics.pipeline.packed import PackedEdges, PackedPoints, PackedRects
from trio_rdp.pdu.gcc_client import MonitorDefinition, MonitorFlags
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["JOB_MAKERS", "message_of"]


def message_of(job: PipelineJob) -> GraphicsPdu:
    """Give the message that says what a job does."""
    make: Callable[[Any], GraphicsPdu] = _MESSAGE_MAKERS[type(job)]
    return make(job)


# Messages to jobs.


def _rect(edges: Rectangle) -> Rect:
    left, top, right, bottom = edges
    return Rect(left, top, right - left if right > left else 0, bottom - top if bottom > top else 0)


def _points(points: Sequence[Point]) -> Sequence[Point]:
    return points if isinstance(points, PackedPoints) else tuple(points)


def _has_alpha(layout: PixelLayout) -> bool:
    if layout is PixelLayout.XRGB_8888:
        return False
    if layout is PixelLayout.ARGB_8888:
        return True
    raise RemoteProtocolError(f"pixel format {int(layout):#x}")


def _draw(pdu: WireToSurface1Pdu) -> PipelineJob:
    rect, has_alpha = _rect(pdu.dest_rect), _has_alpha(pdu.pixel_format)
    return jobs.DrawSurface(pdu.surface_id, pdu.codec_id, rect, pdu.bitmap_data, has_alpha)


def _draw_progressive(pdu: WireToSurface2Pdu) -> PipelineJob:
    if pdu.codec_id != ProgressiveCodec.CAPROGRESSIVE:
        raise RemoteProtocolError(f"codec {int(pdu.codec_id):#x} has no contexts")
    has_alpha = _has_alpha(pdu.pixel_format)
    return jobs.DrawProgressive(pdu.surface_id, pdu.codec_context_id, pdu.bitmap_data, has_alpha)


def _fill(pdu: SolidFillPdu) -> PipelineJob:
    edges = pdu.fill_rects
    rects = PackedRects(edges.data) if isinstance(edges, PackedEdges) else tuple(map(_rect, edges))
    return jobs.FillSurface(pdu.surface_id, pdu.fill_pixel, rects)


def _copy(pdu: SurfaceToSurfacePdu) -> PipelineJob:
    return jobs.CopySurface(pdu.surface_id_src, pdu.surface_id_dest, _rect(pdu.rect_src), _points(pdu.dest_pts))


def _store(pdu: SurfaceToCachePdu) -> PipelineJob:
    return jobs.StoreCached(pdu.surface_id, pdu.cache_key, pdu.cache_slot, _rect(pdu.rect_src))


def _create(pdu: CreateSurfacePdu) -> PipelineJob:
    return jobs.CreateSurface(pdu.surface_id, pdu.width, pdu.height, _has_alpha(pdu.pixel_format))


def _reset(pdu: ResetGraphicsPdu) -> PipelineJob:
    # "The maximum allowed width is 32766 pixels" (2.2.2.14).
    if not (0 < pdu.width <= MAX_SIDE and 0 < pdu.height <= MAX_SIDE):
        raise RemoteProtocolError(f"a desktop of {pdu.width}x{pdu.height} pixels")
    monitors = tuple(
        jobs.MonitorArea(
            Rect.from_edges(one.left, one.top, one.right + 1, one.bottom + 1), MonitorFlags.PRIMARY in one.flags
        )
        for one in pdu.monitor_def_array
    )
    return jobs.ResetGraphics(pdu.width, pdu.height, monitors)


def _map(pdu: MapSurfaceToOutputPdu) -> PipelineJob:
    return jobs.MapSurface(pdu.surface_id, pdu.output_origin_x, pdu.output_origin_y)


def _map_scaled(pdu: MapSurfaceToScaledOutputPdu) -> PipelineJob:
    target = (pdu.target_width, pdu.target_height)
    return jobs.MapSurface(pdu.surface_id, pdu.output_origin_x, pdu.output_origin_y, target)


def _map_window(pdu: MapSurfaceToWindowPdu) -> PipelineJob:
    if not pdu.window_id:
        return jobs.UnmapSurface(pdu.surface_id)
    return jobs.MapSurfaceToWindow(pdu.surface_id, pdu.window_id, pdu.mapped_width, pdu.mapped_height)


def _map_scaled_window(pdu: MapSurfaceToScaledWindowPdu) -> PipelineJob:
    if not pdu.window_id:
        return jobs.UnmapSurface(pdu.surface_id)
    target = (pdu.target_width, pdu.target_height)
    return jobs.MapSurfaceToWindow(pdu.surface_id, pdu.window_id, pdu.mapped_width, pdu.mapped_height, target)


JOB_MAKERS: Final[dict[type, Callable[[Any], PipelineJob]]] = {
    WireToSurface1Pdu: _draw,
    WireToSurface2Pdu: _draw_progressive,
    DeleteEncodingContextPdu: lambda pdu: jobs.DeleteContext(pdu.surface_id, pdu.codec_context_id),
    SolidFillPdu: _fill,
    SurfaceToSurfacePdu: _copy,
    SurfaceToCachePdu: _store,
    CacheToSurfacePdu: lambda pdu: jobs.DrawCached(pdu.cache_slot, pdu.surface_id, _points(pdu.dest_pts)),
    EvictCacheEntryPdu: lambda pdu: jobs.EvictCached(pdu.cache_slot),
    CreateSurfacePdu: _create,
    DeleteSurfacePdu: lambda pdu: jobs.DeleteSurface(pdu.surface_id),
    ResetGraphicsPdu: _reset,
    MapSurfaceToOutputPdu: _map,
    MapSurfaceToScaledOutputPdu: _map_scaled,
    MapSurfaceToWindowPdu: _map_window,
    MapSurfaceToScaledWindowPdu: _map_scaled_window,
}
"""What a client makes of the messages that draw; raises `RemoteProtocolError` for those that mean nothing."""


# Jobs to messages.


def _edges(rect: Rect) -> Rectangle:
    return rect.left, rect.top, rect.right, rect.bottom


def _layout(has_alpha: bool) -> PixelLayout:
    return PixelLayout.ARGB_8888 if has_alpha else PixelLayout.XRGB_8888


def _say_draw(job: jobs.DrawSurface) -> GraphicsPdu:
    return WireToSurface1Pdu(
        surface_id=job.surface_id,
        codec_id=job.codec,
        pixel_format=_layout(job.has_alpha),
        dest_rect=_edges(job.rect),
        bitmap_data=job.data,
    )


def _say_progressive(job: jobs.DrawProgressive) -> GraphicsPdu:
    return WireToSurface2Pdu(
        surface_id=job.surface_id,
        codec_context_id=job.context_id,
        pixel_format=_layout(job.has_alpha),
        bitmap_data=job.data,
    )


def _say_fill(job: jobs.FillSurface) -> GraphicsPdu:
    return SolidFillPdu(surface_id=job.surface_id, fill_pixel=job.color, fill_rects=[_edges(r) for r in job.rects])


def _say_copy(job: jobs.CopySurface) -> GraphicsPdu:
    return SurfaceToSurfacePdu(
        surface_id_src=job.source_id,
        surface_id_dest=job.surface_id,
        rect_src=_edges(job.source),
        dest_pts=list(job.points),
    )


def _say_store(job: jobs.StoreCached) -> GraphicsPdu:
    return SurfaceToCachePdu(
        surface_id=job.surface_id, cache_key=job.key, cache_slot=job.slot, rect_src=_edges(job.rect)
    )


def _say_create(job: jobs.CreateSurface) -> GraphicsPdu:
    return CreateSurfacePdu(
        surface_id=job.surface_id, width=job.width, height=job.height, pixel_format=_layout(job.has_alpha)
    )


def _say_reset(job: jobs.ResetGraphics) -> GraphicsPdu:
    monitors = [
        MonitorDefinition(
            left=area.rect.left,
            top=area.rect.top,
            right=area.rect.right - 1,
            bottom=area.rect.bottom - 1,
            flags=MonitorFlags(MonitorFlags.PRIMARY if area.is_primary else 0),
        )
        for area in job.monitors
    ]
    return ResetGraphicsPdu(width=job.width, height=job.height, monitor_def_array=monitors)


def _say_map(job: jobs.MapSurface) -> GraphicsPdu:
    if job.target is None:
        return MapSurfaceToOutputPdu(surface_id=job.surface_id, output_origin_x=job.x, output_origin_y=job.y)
    return MapSurfaceToScaledOutputPdu(
        surface_id=job.surface_id,
        output_origin_x=job.x,
        output_origin_y=job.y,
        target_width=job.target[0],
        target_height=job.target[1],
    )


def _say_map_window(job: jobs.MapSurfaceToWindow) -> GraphicsPdu:
    if job.target is None:
        return MapSurfaceToWindowPdu(
            surface_id=job.surface_id,
            window_id=job.window_id,
            mapped_width=job.width,
            mapped_height=job.height,
        )
    return MapSurfaceToScaledWindowPdu(
        surface_id=job.surface_id,
        window_id=job.window_id,
        mapped_width=job.width,
        mapped_height=job.height,
        target_width=job.target[0],
        target_height=job.target[1],
    )


def _say_unmap(job: jobs.UnmapSurface) -> GraphicsPdu:
    return MapSurfaceToWindowPdu(surface_id=job.surface_id, window_id=0, mapped_width=0, mapped_height=0)


_MESSAGE_MAKERS: Final[dict[type, Callable[[Any], GraphicsPdu]]] = {
    jobs.DrawSurface: _say_draw,
    jobs.DrawProgressive: _say_progressive,
    jobs.DeleteContext: lambda job: DeleteEncodingContextPdu(
        surface_id=job.surface_id, codec_context_id=job.context_id
    ),
    jobs.FillSurface: _say_fill,
    jobs.CopySurface: _say_copy,
    jobs.StoreCached: _say_store,
    jobs.DrawCached: lambda job: CacheToSurfacePdu(
        cache_slot=job.slot, surface_id=job.surface_id, dest_pts=list(job.points)
    ),
    jobs.EvictCached: lambda job: EvictCacheEntryPdu(cache_slot=job.slot),
    jobs.ImportCached: lambda job: CacheImportReplyPdu(cache_slots=[slot for slot, _ in job.slots]),
    jobs.CreateSurface: _say_create,
    jobs.DeleteSurface: lambda job: DeleteSurfacePdu(surface_id=job.surface_id),
    jobs.ResetGraphics: _say_reset,
    jobs.MapSurface: _say_map,
    jobs.MapSurfaceToWindow: _say_map_window,
    jobs.UnmapSurface: _say_unmap,
    jobs.BeginPipelineFrame: lambda job: StartFramePdu(timestamp=job.timestamp, frame_id=job.frame_id),
    jobs.EndPipelineFrame: lambda job: EndFramePdu(frame_id=job.frame_id),
}
