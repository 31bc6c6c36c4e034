"""IronRDP's client of the graphics pipeline (ironrdp-egfx 0.3 and what became of it up to autumn 2026), as it was read.

It draws like that client, with our codecs, and where that would leave something out, draw it wrong, or end the session,
it raises `Misunderstood`.  It offers 8.1 with H.264 and a small cache, then 8 with a small cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trio_rdp.channels.rdpgfx.caching import CacheToSurfacePdu, EvictCacheEntryPdu, SurfaceToCachePdu
from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilitySet, CapabilityVersion, CapsConfirmPdu
from trio_rdp.channels.rdpgfx.drawing import (
    DeleteEncodingContextPdu,
    SolidFillPdu,
    SurfaceToSurfacePdu,
    WireToSurface1Pdu,
    WireToSurface2Pdu,
)
from trio_rdp.channels.rdpgfx.frames import EndFramePdu, StartFramePdu
from trio_rdp.channels.rdpgfx.messages import decode_messages
from trio_rdp.channels.rdpgfx.reset import ResetGraphicsPdu
from trio_rdp.channels.rdpgfx.surfaces import CreateSurfacePdu, DeleteSurfacePdu, MapSurfaceToOutputPdu
from trio_rdp.codecs import avc, clearcodec, planar, progressive
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.progressive_blocks import Context, ContextFlags, ProgressiveBitmapStream, Region, RegionFlags
from trio_rdp.codecs.view import View
from trio_rdp.graphics.pipeline.jobs import PipelineCodec
from trio_rdp.wire.errors import DecodeError

__all__ = ["SETS", "IronRdp", "Misunderstood"]

SETS: Final = (
    CapabilitySet.of(CapabilityVersion.VERSION_81, CapabilityFlags.AVC420_ENABLED | CapabilityFlags.SMALL_CACHE),
    CapabilitySet.of(CapabilityVersion.VERSION_8, CapabilityFlags.SMALL_CACHE),
)

_MOST_BYTES: Final = 256 << 20  # of surfaces, cached bitmaps, and what waits to be shown
_MOST_SIDE: Final = 16_384
_MOST_CLEAR_SIDE: Final = 8_192
_MOST_CLIPPING: Final = 1 << 20  # comparisons of rectangles in one message of RemoteFX Progressive
_MOST_QUANTS: Final = 7

Picture = NDArray[np.uint8]


class Misunderstood(AssertionError):
    """The client would not show what was meant, or would end the session."""


def _need(good: object, what: str) -> None:
    if not good:
        raise Misunderstood(what)


class IronRdp:
    """`receive` takes what the server says, inflated; `output` is what is on the screen."""

    def __init__(self) -> None:
        self.output: Picture = np.zeros((0, 0, 4), np.uint8)
        self.frames = 0
        self.pictures = 0
        """Of H.264."""
        self.surfaces: dict[int, Picture] = {}
        self.cache: dict[int, Picture] = {}
        self._origins: dict[int, tuple[int, int]] = {}
        self._dirty: list[tuple[int, int, int, int, int]] = []
        self._clear = clearcodec.Decoder()
        self._h264 = avc.Decoder()
        self._contexts: dict[tuple[int, int], tuple[progressive.Decoder, bool]] = {}
        self._tiles: dict[tuple[int, int], set[tuple[int, int]]] = {}
        self._is_in_frame = False
        self._handlers: dict[type, Callable[[Any], None]] = {
            CapsConfirmPdu: self._confirm,
            ResetGraphicsPdu: self._reset,
            CreateSurfacePdu: self._create,
            DeleteSurfacePdu: self._delete,
            MapSurfaceToOutputPdu: self._map,
            StartFramePdu: self._start,
            EndFramePdu: self._end,
            WireToSurface1Pdu: self._draw,
            WireToSurface2Pdu: self._draw_progressive,
            DeleteEncodingContextPdu: self._delete_context,
            SolidFillPdu: self._fill,
            SurfaceToSurfacePdu: self._copy,
            SurfaceToCachePdu: self._store,
            CacheToSurfacePdu: self._draw_cached,
            EvictCacheEntryPdu: self._evict,
        }

    def receive(self, inflated: bytes) -> None:
        """Carry out messages, in order."""
        for pdu in decode_messages(inflated):
            _need(type(pdu) in self._handlers, f"{type(pdu).__name__} is ignored, or ends the session")
            self._handlers[type(pdu)](pdu)

    @property
    def picture(self) -> Picture:
        """What is seen: the colours only."""
        return self.output[..., :3]

    # Surfaces.

    def _confirm(self, pdu: CapsConfirmPdu) -> None:
        _need(pdu.caps_set in SETS, f"{pdu.caps_set} was not offered")

    def _reset(self, pdu: ResetGraphicsPdu) -> None:
        # Surfaces and the cache go; contexts of RemoteFX Progressive and the storages of ClearCodec stay.
        self.surfaces.clear()
        self.cache.clear()
        self._origins.clear()
        self._dirty.clear()
        self._h264.reset()
        self._is_in_frame = False
        self.output = np.zeros((pdu.height, pdu.width, 4), np.uint8)

    def _create(self, pdu: CreateSurfacePdu) -> None:
        _need(0 < pdu.width <= _MOST_SIDE and 0 < pdu.height <= _MOST_SIDE, f"a surface of {pdu.width}x{pdu.height}")
        self.surfaces[pdu.surface_id] = np.zeros((pdu.height, pdu.width, 4), np.uint8)
        self._origins.pop(pdu.surface_id, None)
        self._check_memory()

    def _delete(self, pdu: DeleteSurfacePdu) -> None:
        # One that there is not is warned of; its contexts go in any case.
        self.surfaces.pop(pdu.surface_id, None)
        self._origins.pop(pdu.surface_id, None)
        for key in [key for key in self._contexts if key[0] == pdu.surface_id]:
            del self._contexts[key]

    def _map(self, pdu: MapSurfaceToOutputPdu) -> None:
        surface = self._surface(pdu.surface_id)
        self._origins[pdu.surface_id] = pdu.output_origin_x, pdu.output_origin_y
        self._note(pdu.surface_id, 0, 0, surface.shape[1], surface.shape[0])

    def _check_memory(self) -> None:
        waiting = sum(4 * width * height for _, _, _, width, height in self._dirty)
        held = sum(one.size for one in (*self.surfaces.values(), *self.cache.values()))
        _need(held + waiting <= _MOST_BYTES, f"{held + waiting} bytes are refused")

    def _surface(self, surface_id: int) -> Picture:
        _need(surface_id in self.surfaces, f"there is no surface {surface_id}")
        return self.surfaces[surface_id]

    def _part(self, surface_id: int, left: int, top: int, width: int, height: int) -> Picture:
        surface = self._surface(surface_id)
        inside = left >= 0 and top >= 0 and left + width <= surface.shape[1] and top + height <= surface.shape[0]
        _need(inside and width > 0 and height > 0, f"{left},{top} {width}x{height} is not on surface {surface_id}")
        return surface[top : top + height, left : left + width]

    def _note(self, surface_id: int, left: int, top: int, width: int, height: int) -> None:
        if surface_id in self._origins:
            self._dirty.append((surface_id, left, top, width, height))

    # Frames.

    def _start(self, _: StartFramePdu) -> None:
        _need(not self._is_in_frame, "a frame in a frame")
        self._is_in_frame = True
        self._tiles.clear()

    def _end(self, _: EndFramePdu) -> None:
        _need(self._is_in_frame, "a frame that was not begun")
        self._is_in_frame = False
        self._check_memory()
        for surface_id, left, top, width, height in self._dirty:
            if surface_id in self._origins:  # what is deleted meanwhile shows nothing
                x, y = self._origins[surface_id]
                part = self.surfaces[surface_id][top : top + height, left : left + width]
                self.output[y + top : y + top + height, x + left : x + left + width] = part
        self._dirty.clear()
        self.frames += 1

    # Drawing.

    def _fill(self, pdu: SolidFillPdu) -> None:
        for left, top, right, bottom in pdu.fill_rects:
            part = self._part(pdu.surface_id, left, top, right - left, bottom - top)
            part[..., :3] = np.frombuffer(pdu.fill_pixel, np.uint8)[:3]
            self._note(pdu.surface_id, left, top, right - left, bottom - top)

    def _copy(self, pdu: SurfaceToSurfacePdu) -> None:
        left, top, right, bottom = pdu.rect_src
        source = self._part(pdu.surface_id_src, left, top, right - left, bottom - top).copy()
        self._paste(pdu.surface_id_dest, source, pdu.dest_pts)

    def _store(self, pdu: SurfaceToCachePdu) -> None:
        left, top, right, bottom = pdu.rect_src
        self.cache[pdu.cache_slot] = self._part(pdu.surface_id, left, top, right - left, bottom - top).copy()
        self._check_memory()

    def _draw_cached(self, pdu: CacheToSurfacePdu) -> None:
        _need(pdu.cache_slot in self.cache, f"nothing is in slot {pdu.cache_slot}, and nothing is drawn")
        self._paste(pdu.surface_id, self.cache[pdu.cache_slot], pdu.dest_pts)

    def _evict(self, pdu: EvictCacheEntryPdu) -> None:
        self.cache.pop(pdu.cache_slot, None)

    def _paste(self, surface_id: int, source: Picture, points: Any) -> None:
        height, width = source.shape[:2]
        for x, y in points:
            self._part(surface_id, x, y, width, height)[...] = source
            self._note(surface_id, x, y, width, height)

    def _draw(self, pdu: WireToSurface1Pdu) -> None:
        left, top, right, bottom = pdu.dest_rect
        width, height = right - left, bottom - top
        part = self._part(pdu.surface_id, left, top, width, height)
        # All but H.264 is decoded to a picture of its own, which was black and is copied as a whole.
        own = np.zeros((height, width, 4), np.uint8)
        match pdu.codec_id:
            case PipelineCodec.UNCOMPRESSED:
                _need(len(pdu.bitmap_data) == own.size, "pixels of another number")
                own[...] = np.frombuffer(pdu.bitmap_data, np.uint8).reshape(own.shape)
            case PipelineCodec.CLEARCODEC:
                _need(max(width, height) <= _MOST_CLEAR_SIDE, f"ClearCodec of {width}x{height} pixels")
                self._clear.decode_into(pdu.bitmap_data, View.of(own), width, height)
                _need((own[..., 3] == 255).all(), "ClearCodec leaves out pixels, which get black")
            case PipelineCodec.PLANAR:
                planar.decompress_into(pdu.bitmap_data, View.of(own), width, height, top_down=True)
            case PipelineCodec.AVC420:
                own = self._decode_h264(pdu.bitmap_data, width, height)
            case _:
                raise Misunderstood(f"{pdu.codec_id.name} is ignored")
        part[...] = own
        self._note(pdu.surface_id, left, top, width, height)

    def _decode_h264(self, data: bytes, width: int, height: int) -> Picture:
        """Decode what the one decoder of all surfaces makes of a picture, whichever parts of it are meant."""
        stream = Avc420BitmapStream.decode(data)
        found = bytearray()
        rest = stream.avc420_encoded_bitstream
        while len(rest) >= 4 and len(rest) - 4 >= (length := int.from_bytes(rest[:4], "big")):
            found += b"\0\0\0\1" + rest[4 : 4 + length]
            rest = rest[4 + length :]
        stream.avc420_encoded_bitstream = bytes(found)
        stream.avc420_meta_data.region_rects[:] = [(0, 0, width, height)]
        del stream.avc420_meta_data.quant_quality_vals[1:]
        own = np.zeros((height, width, 4), np.uint8)
        try:
            drawn = self._h264.decode_into(stream.encode(), View.of(own))
        except DecodeError as exc:
            raise Misunderstood(f"no picture of H.264: {exc}") from exc
        _need(drawn == [(0, 0, width, height)], f"no picture of H.264 of {width}x{height}: {drawn}")
        self.pictures += 1
        return own

    def _delete_context(self, pdu: DeleteEncodingContextPdu) -> None:
        self._contexts.pop((pdu.surface_id, pdu.codec_context_id), None)

    def _draw_progressive(self, pdu: WireToSurface2Pdu) -> None:
        surface = self._surface(pdu.surface_id)
        height, width = surface.shape[:2]
        key = pdu.surface_id, pdu.codec_context_id
        known = self._contexts.get(key)
        tiles = self._tiles.setdefault(key, set())
        work, drawn = 0, []
        for block in ProgressiveBitmapStream.decode(pdu.bitmap_data).progressive_data_blocks:
            if isinstance(block, Context):
                # It takes this flag for that of the transform.
                extrapolates = ContextFlags.SUBBAND_DIFFING in block.flags
                known = known[0] if known else progressive.Decoder(width, height), extrapolates
            elif isinstance(block, Region):
                _need(known is not None, "no context was described")
                assert known is not None
                _need((RegionFlags.DWT_REDUCE_EXTRAPOLATE in block.flags) == known[1], "another transform")
                _need(block.rects and len(block.quant_vals) <= _MOST_QUANTS, "a region that it refuses")
                tiles |= {(tile.x_idx, tile.y_idx) for tile in block.tiles}
                count = len(block.rects)
                work += count * (count + 1) // 2 + len(tiles) * 2 * count
                drawn += block.rects
        _need(work <= _MOST_CLIPPING, f"{work} comparisons of rectangles")
        assert known is not None
        self._contexts[key] = known
        known[0].decode_into(pdu.bitmap_data, View.of(surface))
        for left, top, across, down in drawn:
            self._note(pdu.surface_id, left, top, across, down)
