"""`PixelSender`: sends a framebuffer's damage to one client: compared, encoded and queued in pieces of about 2 ms.

What was sent is remembered as a hash for each tile, and only once it is queued.  Whatever stops the sending, the rest
stays damage of the framebuffer.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import trio

from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import planar as planar_kernel
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.graphics.bands import Band, cut_bands
from trio_rdp.graphics.bitmap_encoder import BitmapEncoder
from trio_rdp.graphics.differences import TILE, Changes, SentTiles
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.level import Level
from trio_rdp.pdu.bitmap import BitmapUpdate
from trio_rdp.pdu.capabilities_basic import BitmapCapabilitySet
from trio_rdp.pdu.surface import ALL_FRAMES, FrameAction, FrameMarkerCommand, SurfaceCommands
from trio_rdp.pdu.update import Update
from trio_rdp.protocol.activation import find_capability
from trio_rdp.protocol.config import BitmapCodec
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.writer import Lane

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PixelSender"]

_SLICE_SECONDS = 0.002
_COMPILED_RATE = 1.2e-8  # seconds a pixel, before anything was measured
_PLAIN_RATE = 1e-6
_SMOOTHING = 0.2

_UPDATE_SIZE = TILE * TILE * 4 + 22
"""Bytes of one update: a whole tile as it is, with its headers.  While it is written, nothing can overtake it."""


class PixelSender:
    """Sends to one client.

    Calls of `send` must not overlap, and nobody may draw meanwhile.
    """

    def __init__(self, stage: ServerStage, lane: Lane, scheduler: EncodeScheduler, level: Level) -> None:
        self.tiles_sent: int = 0
        self.tiles_unchanged: int = 0
        self.bytes_encoded: int = 0
        self.late_acknowledgements: int = 0
        self._stage = stage
        self._lane = lane
        self._scheduler = scheduler
        self._level = level
        self._rate = _PLAIN_RATE if form_of(planar_kernel) == "plain" else _COMPILED_RATE
        self._frame_id = 0
        self.begin_share()

    def begin_share(self) -> None:
        """Take the client for one that knows nothing, as after a reactivation."""
        stage, client = self._stage, self._stage.capabilities
        depth = stage.activation.color_depth
        self._encoder = BitmapEncoder(
            depth,
            compression_header=not client.no_bitmap_compression_header,
            compress=_compresses(stage, depth),
            skip_alpha=client.skip_alpha,
            max_update_size=min(stage.max_update_size, _UPDATE_SIZE),
        )
        self._palette = self._encoder.palette
        self._sent = SentTiles(stage.desktop_size.width, stage.desktop_size.height)
        self._marks_frames = client.acknowledges_frames and client.fast_path_output
        self._is_marked = False  # whether the client waits for the end of a frame
        self._most_unacknowledged = client.max_unacknowledged_frame_count
        self._unacknowledged: dict[int, float] = {}

    # Pacing.

    @property
    def unacknowledged(self) -> int:
        """Frames that the client has yet to acknowledge; always none where it does not do that."""
        return len(self._unacknowledged)

    @property
    def is_ahead(self) -> bool:
        """Whether the client has to acknowledge a frame before the next one."""
        return 0 < self._most_unacknowledged <= len(self._unacknowledged)

    async def wait_acknowledged(self, seconds: float) -> None:
        """Wait for what may be an acknowledgement; the oldest frame counts as acknowledged `seconds` after it was sent.

        So a client that forgets one, or only says that it acknowledges, is slow and not stuck.
        """
        oldest, sent = next(iter(self._unacknowledged.items()))
        with trio.move_on_at(sent + seconds) as scope:
            await self._level.wait_beyond(self._level.count)
        if scope.cancelled_caught and oldest in self._unacknowledged:
            del self._unacknowledged[oldest]
            self.late_acknowledgements += 1

    def acknowledge(self, frame_id: int) -> None:
        """The client has drawn a frame, and with it those before."""
        if frame_id == ALL_FRAMES:
            self._unacknowledged.clear()
        elif frame_id in self._unacknowledged:
            # INVARIANT: the frames stand in the order in which they were sent.
            for earlier in list(self._unacknowledged):
                del self._unacknowledged[earlier]
                if earlier == frame_id:
                    break

    # Sending.

    def forget(self, rects: Iterable[Rect]) -> None:
        """Take parts of the picture for never sent; they are sent once they are damage too."""
        self._sent.forget(rects)

    async def send(self, framebuffer: Framebuffer, should_go_on: Callable[[], bool]) -> None:
        """Take the damage and send what of it the client does not show yet, as one frame.

        What is not sent, because `should_go_on` says no between two pieces, or this fails or is cancelled, is damage
        again; the frame goes on with the next call.
        """
        tiles = max(int(_SLICE_SECONDS / self._rate) // (TILE * TILE), 1)
        bands = deque(cut_bands(framebuffer.damage.take(), framebuffer.bounds, tiles))
        try:
            while bands and should_go_on():
                await self._send_band(bands[0], framebuffer.pixels, is_last=len(bands) == 1)
                bands.popleft()
        finally:
            for band in bands:
                for rect in band.rects:
                    framebuffer.damage.add(rect)

    async def _send_band(self, band: Band, pixels: NDArray[np.uint8], *, is_last: bool) -> None:
        work = partial(_encode_band, self._encoder, self._sent, pixels, band)
        changes, updates, seconds = await self._scheduler.run(work, band.pixels * self._rate)
        if 2 * sum(rect.area for rect in changes.rects) > band.pixels:
            # Measured where most was encoded: what is only looked at goes many times faster, and promises too much.
            self._rate += _SMOOTHING * (min(seconds / band.pixels, 10 * self._rate) - self._rate)
        await self._send_updates(updates, is_last=is_last)
        self._sent.commit(changes)
        self.tiles_sent += len(changes.hashes)
        self.tiles_unchanged += band.tiles - len(changes.hashes)

    async def _send_updates(self, updates: list[BitmapUpdate], *, is_last: bool) -> None:
        """Queue updates, the palette before the first ones, and where the client acknowledges frames, their marks."""
        begins = self._marks_frames and bool(updates) and not self._is_marked
        ends = is_last and (begins or self._is_marked)
        story: list[Update] = [*updates]
        if updates and self._palette is not None:
            story.insert(0, self._palette)
        if begins:
            story.insert(0, _mark(FrameAction.BEGIN, self._frame_id))
        if ends:
            story.append(_mark(FrameAction.END, self._frame_id))
        if not story:
            return
        pieces = [self._stage.prepare_update(update) for update in story]
        await self._lane.put(pieces)
        self.bytes_encoded += sum(map(len, pieces))
        if updates:
            self._palette = None
        self._is_marked = (begins or self._is_marked) and not ends
        if ends:
            self._unacknowledged[self._frame_id] = trio.current_time()
            self._frame_id = (self._frame_id + 1) % ALL_FRAMES


def _encode_band(
    encoder: BitmapEncoder, sent: SentTiles, pixels: NDArray[np.uint8], band: Band
) -> tuple[Changes, list[BitmapUpdate], float]:
    """Look what has changed in a band, and encode that; in which thread does not matter."""
    started = time.perf_counter()
    changes = sent.changes(pixels, band.rects)
    updates = encoder.encode(pixels, changes.rects)
    return changes, updates, time.perf_counter() - started


def _mark(action: FrameAction, frame_id: int) -> SurfaceCommands:
    return SurfaceCommands(surface_commands=[FrameMarkerCommand(frame_action=action, frame_id=frame_id)])


def _compresses(stage: ServerStage, depth: int) -> bool:
    """Whether the first of the configured codecs that fits the client is one that compresses."""
    bitmap = find_capability(stage.capabilities.capability_sets, BitmapCapabilitySet)
    takes_compressed = bitmap is None or bitmap.bitmap_compression_flag
    compressing = BitmapCodec.PLANAR if depth == 32 else BitmapCodec.INTERLEAVED
    usable = {BitmapCodec.RAW, compressing} if takes_compressed else {BitmapCodec.RAW}
    return next((codec for codec in stage.accepted.config.codecs if codec in usable), None) is compressing
