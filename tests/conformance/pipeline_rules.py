"""What [MS-RDPEGFX] demands of a server, sentence by sentence: a client that draws nothing and forgives nothing."""

from __future__ import annotations

from trio_rdp.channels.rdpgfx import caching, drawing, frames, reset, surfaces
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.channels.rdpgfx.header import HEADER, PixelLayout, Rectangle
from trio_rdp.channels.rdpgfx.messages import GraphicsMessage, decode_messages
from trio_rdp.codecs import clearcodec_messages as clear
from trio_rdp.codecs import progressive_blocks as progressive
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc444BitmapStream, Subframes
from trio_rdp.codecs.avc_units import inspect, split_units
from trio_rdp.codecs.zgfx import Decompressor
from trio_rdp.graphics.pipeline.jobs import PipelineCodec
from trio_rdp.pdu.gcc_client import MonitorFlags

__all__ = ["StrictClient"]

Size = tuple[int, int]

_TILE = 64
_HIGH, _LEVEL_5_1 = 100, 51
_RESET_GRAPHICS = 0x000E


class StrictClient:
    """Reads everything that a server sends on the channel, and fails where the document does not allow it."""

    def __init__(self, confirmed: Confirmed) -> None:
        self.confirmed = confirmed
        self.seen: set[str] = set()
        """What has come, so that a test knows that it was looked at."""
        self._inflate = Decompressor()
        self._frame: int | None = None
        self._last_frame = -1
        self._surfaces: dict[int, Size] = {}
        self._shown: dict[int, Rectangle] = {}
        self._monitors: set[Rectangle] = set()
        self._contexts: dict[tuple[int, int], set[tuple[int, int]]] = {}
        self._cache: dict[int, int] = {}
        self._clear = _StrictClearCodec()
        self._has_luma: set[int] = set()
        self._in_frame: list[tuple[int, Rectangle]] = []  # rectangles of RemoteFX Progressive
        self._tiles: set[tuple[int, int, int]] = set()
        self._codecs: set[PipelineCodec | str] = set()

    def receive(self, message: bytes) -> None:
        """Take one RDP_SEGMENTED_DATA."""
        _check_segments(message)
        data = self._inflate.decompress(message)
        at = 0
        while at < len(data):
            kind, flags, length = HEADER.unpack_from(data, at)
            assert flags == 0
            assert (kind == _RESET_GRAPHICS) <= (length == 340)
            (pdu,) = decode_messages(data[at : at + length])
            self.seen.add(type(pdu).__name__)
            self._take(pdu)
            at += length

    def _take(self, pdu: GraphicsMessage) -> None:
        match pdu:
            case reset.ResetGraphicsPdu():
                self._reset(pdu)
            case surfaces.CreateSurfacePdu():
                assert pdu.surface_id not in self._surfaces
                assert 0 < pdu.width <= 32766
                assert 0 < pdu.height <= 32766
                self._surfaces[pdu.surface_id] = pdu.width, pdu.height
            case surfaces.DeleteSurfacePdu():
                del self._surfaces[pdu.surface_id]
                self._shown.pop(pdu.surface_id, None)
                self._has_luma.discard(pdu.surface_id)
                assert not [key for key in self._contexts if key[0] == pdu.surface_id]
            case surfaces.MapSurfaceToOutputPdu():
                width, height = self._surfaces[pdu.surface_id]
                x, y = pdu.output_origin_x, pdu.output_origin_y
                self._shown[pdu.surface_id] = (x, y, x + width, y + height)
            case frames.StartFramePdu():
                assert self._frame is None
                # Microsoft's clients for Windows and macOS want one surface on each monitor.
                assert sorted(self._shown.values()) == sorted(self._monitors)
                assert pdu.frame_id > self._last_frame
                assert pdu.milliseconds <= 999
                assert pdu.seconds <= 59
                assert pdu.minutes <= 59
                assert pdu.hours <= 23
                self._frame = self._last_frame = pdu.frame_id
                self._in_frame, self._tiles, self._codecs = [], set(), set()
            case frames.EndFramePdu():
                assert pdu.frame_id == self._frame
                self._frame = None
            case drawing.DeleteEncodingContextPdu():
                del self._contexts[pdu.surface_id, pdu.codec_context_id]
            case caching.EvictCacheEntryPdu():
                del self._cache[pdu.cache_slot]
            case caching.CacheImportReplyPdu():
                assert not pdu.cache_slots
            case _:
                assert self._frame is not None  # "MUST be part of a logical frame"
                self._draw(pdu)

    def _reset(self, pdu: reset.ResetGraphicsPdu) -> None:
        assert self._frame is None
        assert 0 < pdu.width <= 32766
        assert 0 < pdu.height <= 32766
        monitors = pdu.monitor_def_array
        assert 1 <= len(monitors) <= 16
        assert sum(MonitorFlags.PRIMARY in one.flags for one in monitors) == 1
        assert max(one.right for one in monitors) - min(one.left for one in monitors) + 1 == pdu.width
        assert max(one.bottom for one in monitors) - min(one.top for one in monitors) + 1 == pdu.height
        left, top = min(one.left for one in monitors), min(one.top for one in monitors)
        # The output buffer begins at 0, 0 (2.2.2.15), wherever the primary monitor is.
        self._monitors = {
            (one.left - left, one.top - top, one.right + 1 - left, one.bottom + 1 - top) for one in monitors
        }

    def _draw(self, pdu: GraphicsMessage) -> None:
        match pdu:
            case drawing.SolidFillPdu():
                assert pdu.fill_rects
                for rect in pdu.fill_rects:
                    self._check_inside(pdu.surface_id, rect)
            case drawing.SurfaceToSurfacePdu():
                self._check_inside(pdu.surface_id_src, pdu.rect_src)
                left, top, right, bottom = pdu.rect_src
                for x, y in pdu.dest_pts:
                    self._check_inside(pdu.surface_id_dest, (x, y, x + right - left, y + bottom - top))
            case caching.SurfaceToCachePdu():
                self._check_inside(pdu.surface_id, pdu.rect_src)
                left, top, right, bottom = pdu.rect_src
                assert 1 <= pdu.cache_slot <= self.confirmed.cache_slots
                assert pdu.cache_slot not in self._cache
                self._cache[pdu.cache_slot] = (right - left) * (bottom - top) * 4
                assert sum(self._cache.values()) <= self.confirmed.cache_bytes
            case caching.CacheToSurfacePdu():
                assert pdu.cache_slot in self._cache
                assert pdu.surface_id in self._surfaces
                assert pdu.dest_pts
            case drawing.WireToSurface1Pdu():
                self._bitmap(pdu)
            case drawing.WireToSurface2Pdu():
                self._progressive(pdu)
            case _:
                raise AssertionError(pdu)

    def _check_inside(self, surface_id: int, rect: Rectangle) -> None:
        width, height = self._surfaces[surface_id]
        left, top, right, bottom = rect
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height

    # Bitmaps.

    def _bitmap(self, pdu: drawing.WireToSurface1Pdu) -> None:
        codec = PipelineCodec(pdu.codec_id)
        self.seen.add(codec.name)
        assert self.confirmed.takes(codec)
        assert pdu.pixel_format is PixelLayout.XRGB_8888
        self._check_inside(pdu.surface_id, pdu.dest_rect)
        left, top, right, bottom = pdu.dest_rect
        self._mix(codec)
        match codec:
            case PipelineCodec.UNCOMPRESSED:
                assert len(pdu.bitmap_data) == (right - left) * (bottom - top) * 4
            case PipelineCodec.CLEARCODEC:
                self.seen |= self._clear.check(pdu.bitmap_data, right - left, bottom - top)
            case PipelineCodec.PLANAR:
                assert pdu.bitmap_data[0] in (0x20, 0x30)  # without opacity, colour loss and subsampling
            case PipelineCodec.REMOTEFX:
                assert self.confirmed.takes_remotefx
            case PipelineCodec.AVC420:
                self._avc(pdu, Avc420BitmapStream.decode(pdu.bitmap_data))
            case _:
                self._avc444(pdu, Avc444BitmapStream.decode(pdu.bitmap_data))

    def _mix(self, codec: PipelineCodec | str) -> None:
        """H.264 in one frame with other codecs: from version 10.4 on, and only in 4:2:0."""
        self._codecs.add(codec)
        films = {PipelineCodec.AVC420, PipelineCodec.AVC444, PipelineCodec.AVC444V2}
        if self._codecs - films and self._codecs & films:
            assert self.confirmed.mixes_avc
            assert self._codecs & films == {PipelineCodec.AVC420}
            self.seen.add("mixed")

    def _avc(self, pdu: drawing.WireToSurface1Pdu, stream: Avc420BitmapStream) -> None:
        left, top, right, bottom = pdu.dest_rect
        block = stream.avc420_meta_data
        assert block.region_rects
        for rect in block.region_rects:
            self._check_inside(pdu.surface_id, rect)
            # destRect "specifies a bounding rectangle", from the surface's corner, as the rectangles lie in both.
            assert (left, top) == (0, 0)
            assert rect[2] <= right
            assert rect[3] <= bottom
        for quality in block.quant_quality_vals:
            assert quality.qp <= 51
            assert quality.quality_val <= 100
        unit = inspect(stream.avc420_encoded_bitstream)
        assert unit.data.startswith(b"\0\0\0\1")
        if unit.size is None:
            assert pdu.surface_id in self._has_luma
            return
        assert unit.key
        assert unit.complete
        # Whole macroblocks, "cropped by the region mask" alone.
        assert unit.visible == (0, 0, *unit.size)
        assert (unit.size[0] - 15, unit.size[1] - 15) <= (right, bottom) <= unit.size
        (sequence,) = (one for one in split_units(unit.data) if one[0] & 31 == 7)
        assert sequence[1] == _HIGH
        assert sequence[3] <= _LEVEL_5_1
        self._has_luma.add(pdu.surface_id)

    def _avc444(self, pdu: drawing.WireToSurface1Pdu, frame: Avc444BitmapStream) -> None:
        assert frame.lc != Subframes.CHROMA or pdu.surface_id in self._has_luma
        self._avc(pdu, frame.avc420_encoded_bitstream1)
        if frame.avc420_encoded_bitstream2 is not None:
            self._avc(pdu, frame.avc420_encoded_bitstream2)

    # RemoteFX Progressive.

    def _progressive(self, pdu: drawing.WireToSurface2Pdu) -> None:
        self._mix("progressive")
        assert self.confirmed.takes_progressive
        assert pdu.codec_id == drawing.ProgressiveCodec.CAPROGRESSIVE
        assert pdu.pixel_format is PixelLayout.XRGB_8888
        context = pdu.surface_id, pdu.codec_context_id
        blocks = progressive.ProgressiveBitmapStream.decode(pdu.bitmap_data).progressive_data_blocks
        kinds = [type(block) for block in blocks]
        if context not in self._contexts:
            self._contexts[context] = set()
            assert kinds[:2] == [progressive.Sync, progressive.Context]
            kinds, blocks = kinds[2:], blocks[2:]
        begin, *regions, end = blocks
        assert isinstance(begin, progressive.FrameBegin)
        assert isinstance(end, progressive.FrameEnd)
        assert begin.region_count == len(regions) > 0
        for region in regions:
            assert isinstance(region, progressive.Region)
            self._region(pdu.surface_id, region, self._contexts[context])

    def _region(self, surface_id: int, region: progressive.Region, known: set[tuple[int, int]]) -> None:
        assert region.rects
        assert 1 <= len(region.quant_vals) <= 7
        assert all(6 <= bits <= 15 for quant in region.quant_vals for bits in quant.bands())
        for one in region.quant_prog_vals:
            assert 0 < one.quality <= 100
            for part in (one.y_quant_values, one.cb_quant_values, one.cr_quant_values):
                assert max(part.bands()) <= 8
        width, height = self._surfaces[surface_id]
        for tile in region.tiles:
            assert tile.x_idx < -(-width // _TILE)
            assert tile.y_idx < -(-height // _TILE)
            assert max(tile.quant_idx_y, tile.quant_idx_cb, tile.quant_idx_cr) < len(region.quant_vals)
            place = tile.x_idx, tile.y_idx
            self.seen.add(type(tile).__name__)
            if isinstance(tile, progressive.TileSimple):
                known.discard(place)
                assert not tile.tail_data
            else:
                assert tile.progressive_quality in (*range(len(region.quant_prog_vals)), progressive.FULL_QUALITY)
                if isinstance(tile, progressive.TileUpgrade):
                    assert place in known
                else:
                    known.add(place)
                    assert not tile.tail_data
            # "Tiles are not repeated in successive RFX_PROGRESSIVE_REGION entries."
            assert (surface_id, *place) not in self._tiles
            self._tiles.add((surface_id, *place))
        for x, y, columns, rows in region.rects:
            self._check_inside(surface_id, (x, y, x + columns, y + rows))
            for other_id, (left, top, right, bottom) in self._in_frame:
                apart = x >= right or y >= bottom or x + columns <= left or y + rows <= top
                assert other_id != surface_id or apart
            self._in_frame.append((surface_id, (x, y, x + columns, y + rows)))
            for row in range(y // _TILE, (y + rows - 1) // _TILE + 1):
                for column in range(x // _TILE, (x + columns - 1) // _TILE + 1):
                    assert (surface_id, column, row) in self._tiles


class _StrictClearCodec:
    """The rules of ClearCodec, 2.2.4.1, and how many columns of pixels there are."""

    def __init__(self) -> None:
        self._number = 0
        self._glyphs: dict[int, int] = {}
        self._vbars = 0
        self._shorts = 0

    def check(self, data: bytes, width: int, height: int) -> set[str]:
        stream = clear.BitmapStream.decode(data)
        assert stream.seq_number == self._number
        self._number = (self._number + 1) % 256
        has_index, is_hit = (flag in stream.flags for flag in (clear.BitmapStreamFlags(1), clear.BitmapStreamFlags(2)))
        assert clear.BitmapStreamFlags(4) not in stream.flags
        if has_index:
            assert stream.glyph_index is not None
            assert stream.glyph_index < 4000
            assert width * height <= 1024
        if is_hit:
            # "As long as all of the pixels are used in the configuration" (4.1.1.5).
            assert self._glyphs[stream.glyph_index or 0] == width * height
            assert len(data) == 4
            return {"glyph hit"}
        assert stream.composite_payload is not None
        if stream.glyph_index is not None:
            self._glyphs[stream.glyph_index] = width * height
        seen = set()
        residual, bands, subcodecs = stream.composite_payload.layers()
        assert all(run.run_length > 0 for run in residual)
        assert sum(run.run_length for run in residual) <= width * height
        for band in bands:
            seen.add("band")
            self._check_band(band, width, height)
        for one in subcodecs:
            seen.add(one.sub_codec_id.name)
            assert one.x_start + one.width <= width
            assert one.y_start + one.height <= height
            assert len(one.bitmap_data) <= 3 * one.width * one.height
            if one.sub_codec_id == clear.SubcodecId.RLEX:
                _check_rlex(clear.Rlex.decode(one.bitmap_data), one.width * one.height)
        return seen

    def _check_band(self, band: clear.Band, width: int, height: int) -> None:
        rows = band.y_end - band.y_start + 1
        assert 1 <= rows <= 52
        assert band.x_start <= band.x_end < width
        assert band.y_end < height
        for vbar in band.vbars:
            match vbar:
                case clear.VbarCacheHit(index):
                    assert index < min(self._vbars, 32_768)
                    continue
                case clear.ShortVbarCacheHit(index, on):
                    assert index < min(self._shorts, 16_384)
                    assert on < rows
                case clear.ShortVbarCacheMiss(on, pixels):
                    assert on + len(pixels) // 3 <= rows
                    self._shorts += 1
            self._vbars += 1


def _check_rlex(rlex: clear.Rlex, pixels: int) -> None:
    assert 2 <= len(rlex.palette_entries) <= 0x7F
    drawn = 0
    for stop, depth, run in rlex.segments:
        assert depth <= stop < len(rlex.palette_entries)
        drawn += run + depth + 1
    assert drawn == pixels


def _check_segments(message: bytes) -> None:
    """RDP_SEGMENTED_DATA, 2.2.5.1."""
    descriptor = message[0]
    if descriptor == 0xE0:
        _check_segment(message[1:])
        return
    assert descriptor == 0xE1
    count, at = int.from_bytes(message[1:3], "little"), 7
    for _ in range(count):
        size = int.from_bytes(message[at : at + 4], "little")
        _check_segment(message[at + 4 : at + 4 + size])
        at += 4 + size
    assert at == len(message)


def _check_segment(data: bytes) -> None:
    assert data[0] in (0x04, 0x24)
    assert len(data) <= 65_535 + 1_000
    if data[0] & 0x20:
        assert data[-1] <= 7
