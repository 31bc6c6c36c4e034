"""`PixelSender`: sends a framebuffer's damage to one client: compared, encoded and queued in pieces of about 2 ms.

Pieces of one picture are encoded on several workers at once and queued in their order.  What was sent is remembered as
a hash for each tile.  Whatever stops the sending, the rest stays damage of the framebuffer; what is already encoded and
could not be queued is queued first of all the next time, because some codecs remember what they have encoded.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import trio

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import planar as planar_kernel
from trio_rdp.encoding import INLINE_SECONDS, EncodeScheduler
from trio_rdp.graphics.bands import Band, cut_bands
from trio_rdp.graphics.bitmap_encoder import BitmapEncoder
from trio_rdp.graphics.content import Hints
from trio_rdp.graphics.differences import TILE, Changes, SentTiles
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.picture_encoder import EncodedPart, PictureEncoder
from trio_rdp.level import Level
from trio_rdp.pdu.bitmap import BitmapUpdate
from trio_rdp.pdu.capabilities_basic import BitmapCapabilitySet
from trio_rdp.pdu.capabilities_extensions import CommandFlags
from trio_rdp.pdu.surface import ALL_FRAMES, FrameAction, FrameMarkerCommand, SurfaceCommands
from trio_rdp.pdu.update import Update
from trio_rdp.picture_sender import CodecStatistics
from trio_rdp.protocol.activation import find_capability
from trio_rdp.protocol.deflation import Outgoing
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.writer import Lane

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PixelSender"]

_SLICE_SECONDS = 0.002
_LONE_PIECES = 2
"""Pieces for each worker while nobody else wants one: enough to keep all of them busy, and every hand-off costs time.

Not longer than `_LONE_SLICE_SECONDS` each, which is what somebody who comes meanwhile has to wait."""
_LONE_SLICE_SECONDS = 0.008
_COMPILED_RATE = 1.2e-8  # seconds a pixel, before anything was measured
_PLAIN_RATE = 1e-6
_SMOOTHING = 0.2

_UPDATE_SIZE = TILE * TILE * 4 + 22
"""Bytes of one bitmap update: a tile as it is, with its headers.  While it is written, nothing can overtake it."""

_OF_BITMAPS = (BitmapCodec.RAW, BitmapCodec.INTERLEAVED, BitmapCodec.PLANAR)

_SURFACE_UPDATE_SIZE = 0x10000
"""Bytes of one update of surface commands: some tens of tiles of RemoteFX."""


@dataclass(slots=True)
class _EncodedBand:
    """What was found and encoded of a band."""

    changes: Changes
    parts: list[EncodedPart]
    seconds: dict[BitmapCodec, float]


@dataclass(slots=True, eq=False)
class _Piece:
    """A band that is being encoded."""

    band: Band
    result: _EncodedBand | None = None
    error: Exception | None = None
    done: trio.Event = field(default_factory=trio.Event)


class PixelSender:
    """Sends to one client as bitmap updates and surface commands."""

    def __init__(self, stage: ServerStage, lane: Lane, scheduler: EncodeScheduler, level: Level) -> None:
        self.tiles_sent: int = 0
        self.tiles_unchanged: int = 0
        self.bytes_encoded: int = 0
        self.codecs: dict[BitmapCodec, CodecStatistics] = {}
        self.late_acknowledgements: int = 0
        self._stage = stage
        self._lane = lane
        self._scheduler = scheduler
        self._level = level
        self._rate = _PLAIN_RATE if form_of(planar_kernel) == "plain" else _COMPILED_RATE
        self._whole = 0.0  # seconds for all damage of the picture that is sent
        self._frame_id = 0
        self._quality = stage.accepted.config.quality
        self._codec: BitmapCodec | None = None
        self.begin_share()

    def begin_share(self) -> None:
        """Take the client for one that knows nothing, as after a reactivation."""
        stage, client = self._stage, self._stage.capabilities
        depth = stage.activation.color_depth
        bitmap = find_capability(client.capability_sets, BitmapCapabilitySet)
        bitmaps = BitmapEncoder(
            depth,
            compression_header=not client.no_bitmap_compression_header,
            compress=bitmap is None or bitmap.bitmap_compression_flag,
            skip_alpha=client.skip_alpha,
            max_update_size=min(stage.best_update_size, _UPDATE_SIZE),
        )
        self._encoder = PictureEncoder(
            stage.desktop_size.width,
            stage.desktop_size.height,
            stage.accepted.config.codecs,
            bitmaps,
            client.codecs if depth == 32 and client.takes_surface_bits else {},
            quality=self._quality,
            max_update_size=min(stage.max_update_size, _SURFACE_UPDATE_SIZE),
            takes_set=CommandFlags.SET_SURFACE_BITS in client.surface_command_flags,
            takes_stream=CommandFlags.STREAM_SURFACE_BITS in client.surface_command_flags,
        )
        self._bitmap_codec = bitmaps.compressing
        self._encoder.codec = self._codec if self._codec in self._encoder.usable else None
        self.hints: Hints = Hints(stage.desktop_size.width, stage.desktop_size.height)
        self._palette = self._encoder.palette
        self._sent = SentTiles(stage.desktop_size.width, stage.desktop_size.height)
        self._marks_frames = CommandFlags.FRAME_MARKER in client.surface_command_flags and client.fast_path_output
        self._is_marked = False  # whether the client waits for the end of a frame
        self._most_unacknowledged = client.max_unacknowledged_frame_count if client.acknowledges_frames else 0
        self._unacknowledged: dict[int, float] = {}
        self._owed: list[Outgoing] = []  # encoded, and to be queued before anything else
        self._ended: int | None = None  # the frame whose end is among that

    # The choice of codecs.

    @property
    def usable_codecs(self) -> tuple[BitmapCodec, ...]:
        """The codecs that both sides take, the best one first."""
        return self._encoder.usable

    @property
    def codec(self) -> BitmapCodec | None:
        """The codec for everything; None where each part gets what suits it.  Set it to a usable one."""
        return self._encoder.codec

    @codec.setter
    def codec(self, codec: BitmapCodec | None) -> None:
        self._codec = self._encoder.codec = codec

    @property
    def quality(self) -> Quality:
        """How much the lossy codecs may lose, from now on."""
        return self._quality

    @quality.setter
    def quality(self, quality: Quality) -> None:
        self._quality = self._encoder.quality = quality

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

    def forget(self, rects: Iterable[Rect] | None) -> None:
        """Take parts of the picture, or all of it, for never sent; they are sent once they are damage too."""
        self._sent.forget(rects)

    @property
    def owes(self) -> bool:
        """Whether something is encoded that could not be queued."""
        return bool(self._owed)

    async def send(self, framebuffer: Framebuffer, should_go_on: Callable[[], bool]) -> None:
        """Take the damage and send what of it the client does not show yet, as one frame.

        What is not sent, because `should_go_on` says no between two pieces, or this fails or is cancelled, is damage
        again; the frame goes on with the next call.
        """
        await self._flush()
        bands = deque(self._cut(framebuffer))
        try:
            with self._scheduler.using():
                await self._send_bands(bands, framebuffer, should_go_on)
        finally:
            for band in bands:
                for rect in band.rects:
                    framebuffer.damage.add(rect)

    async def settle(self) -> None:
        """Queue what is owed, and the end of a frame that is open: the other road takes over."""
        if self._is_marked:
            self._owe([], is_last=True)
        await self._flush()

    def _cut(self, framebuffer: Framebuffer) -> list[Band]:
        """Take the damage, in pieces that leave others their turns."""
        damage = framebuffer.damage.take()
        self._whole = sum(rect.area for rect in damage) * self._rate
        tiles = max(int(_SLICE_SECONDS / self._rate) // (TILE * TILE), 1)
        if not self._scheduler.users:
            whole = -(-sum(rect.area for rect in damage) // (TILE * TILE))
            share = -(-whole // (_LONE_PIECES * self._scheduler.workers))
            tiles = max(tiles, min(share, int(_LONE_SLICE_SECONDS / self._rate) // (TILE * TILE)))
        return cut_bands(damage, framebuffer.bounds, tiles)

    async def _send_bands(self, bands: deque[Band], framebuffer: Framebuffer, should_go_on: Callable[[], bool]) -> None:
        """Send bands; those sent are gone from there."""
        if len(bands) > 1 and bands[0].pixels * self._rate > INLINE_SECONDS:
            await self._send_together(bands, framebuffer.pixels, should_go_on)
        while bands and should_go_on():
            piece = _Piece(bands[0])
            await self._encode(piece, framebuffer.pixels)
            await self._commit(piece, framebuffer.pixels, bands)

    async def _send_together(
        self, bands: deque[Band], pixels: NDArray[np.uint8], should_go_on: Callable[[], bool]
    ) -> None:
        """Send bands, as many of which are encoded at a time as there are workers; those sent are gone from `bands`."""
        failure: Exception | None = None
        waiting = deque(bands)
        started: deque[_Piece] = deque()
        async with trio.open_nursery() as nursery:
            try:
                while bands and should_go_on():
                    while waiting and len(started) < self._scheduler.workers:
                        started.append(_Piece(waiting.popleft()))
                        nursery.start_soon(self._encode_aside, started[-1], pixels)
                    piece = started.popleft()
                    await piece.done.wait()
                    await self._commit(piece, pixels, bands)
            except Exception as exc:
                failure = exc
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _encode_aside(self, piece: _Piece, pixels: NDArray[np.uint8]) -> None:
        try:
            await self._encode(piece, pixels)
        except Exception as exc:
            piece.error = exc
        piece.done.set()

    async def _encode(self, piece: _Piece, pixels: NDArray[np.uint8]) -> None:
        work = partial(_encode_band, self._encoder, self._sent, self.hints, pixels, piece.band)
        piece.result = await self._scheduler.run(work, piece.band.pixels * self._rate, self._whole)

    async def _commit(self, piece: _Piece, pixels: NDArray[np.uint8], bands: deque[Band]) -> None:
        """Queue what was made of the first of `bands`, and take it out of there."""
        if piece.error is not None:
            raise piece.error
        band, result = piece.band, piece.result
        assert result is not None
        updates: list[tuple[Update, BitmapCodec]] = []
        # INVARIANT: what codecs remember of a part once it is finished is owed, whoever is cancelled: only finishing an
        # open part waits, a band has one at most, it is finished first, and up to the end of `_owe` nothing else waits.
        for part in sorted(result.parts, key=lambda part: not part.is_open):
            finished = await self._finish(part, result, pixels)
            self._tell_codec(part, finished, result)
            updates += [(update, part.codec) for update in finished]
        bands.popleft()
        self._sent.commit(result.changes)
        self.tiles_sent += len(result.changes.hashes)
        self.tiles_unchanged += band.tiles - len(result.changes.hashes)
        self._learn(band, result)
        self._owe(updates, is_last=not bands)
        await self._flush()

    async def _finish(self, part: EncodedPart, result: _EncodedBand, pixels: NDArray[np.uint8]) -> list[Update]:
        if part.is_open:
            work = partial(_finish_part, self._encoder, part, pixels)
            area = sum(rect.area for rect in part.rects)
            updates, seconds = await self._scheduler.run(work, area * self._rate, self._whole)
            result.seconds[part.codec] += seconds
            return updates
        return self._encoder.finish(part, pixels)

    def _tell_codec(self, part: EncodedPart, updates: list[Update], result: _EncodedBand) -> None:
        """Take a part of surface bits for what it is when bitmaps stand in for it, because it fits no update."""
        if part.codec not in _OF_BITMAPS and any(isinstance(update, BitmapUpdate) for update in updates):
            seconds = result.seconds.pop(part.codec)
            part.codec = self._bitmap_codec
            result.seconds[part.codec] = result.seconds.get(part.codec, 0.0) + seconds

    def _learn(self, band: Band, result: _EncodedBand) -> None:
        for part in result.parts:
            self.codecs.setdefault(part.codec, CodecStatistics()).tiles += part.tiles
        for codec, seconds in result.seconds.items():
            self.codecs.setdefault(codec, CodecStatistics()).seconds += seconds
        if 2 * sum(rect.area for rect in result.changes.rects) > band.pixels:
            # Measured where most was encoded: what is only looked at goes many times faster, and promises too much.
            rate = sum(result.seconds.values()) / band.pixels
            self._rate += _SMOOTHING * (min(rate, 10 * self._rate) - self._rate)

    def _owe(self, updates: list[tuple[Update, BitmapCodec]], *, is_last: bool) -> None:
        """Make updates ready to be queued, the palette before the first ones, and the marks around the frame."""
        begins = self._marks_frames and bool(updates) and not self._is_marked
        ends = is_last and (begins or self._is_marked)
        if begins:
            self._owed.append(self._stage.prepare_update(_mark(FrameAction.BEGIN, self._frame_id)))
        if updates and self._palette is not None:
            self._owed.append(self._stage.prepare_update(self._palette))
            self._palette = None
        for update, codec in updates:
            outgoing = self._stage.prepare_update(update, is_dense=codec.is_dense)
            self.codecs[codec].bytes += len(outgoing)
            self._owed.append(outgoing)
        if ends:
            self._owed.append(self._stage.prepare_update(_mark(FrameAction.END, self._frame_id)))
            self._ended = self._frame_id
            self._frame_id = (self._frame_id + 1) % ALL_FRAMES
        self._is_marked = (begins or self._is_marked) and not ends

    async def _flush(self) -> None:
        """Queue what is owed, when there is room; cancelling leaves all of it owed."""
        if not self._owed:
            return
        await self._lane.put(self._owed)
        self.bytes_encoded += sum(map(len, self._owed))
        self._owed = []
        if self._ended is not None and self._most_unacknowledged:
            self._unacknowledged[self._ended] = trio.current_time()
        self._ended = None


def _encode_band(
    encoder: PictureEncoder, sent: SentTiles, hints: Hints, pixels: NDArray[np.uint8], band: Band
) -> _EncodedBand:
    """Look what has changed in a band, and encode that; in which thread does not matter."""
    started = time.thread_time()
    changes = sent.changes(pixels, band.rects)
    chosen = encoder.choose(pixels, changes.rects, hints)
    looked = time.thread_time()
    parts: list[EncodedPart] = []
    seconds: dict[BitmapCodec, float] = {}
    for codec, rects in chosen.items():
        begun = time.thread_time()
        parts += encoder.prepare(codec, pixels, rects)
        seconds[codec] = time.thread_time() - begun
    # Looking was done for all of them alike.
    tiles = sum(part.tiles for part in parts)
    for part in parts:
        seconds[part.codec] += (looked - started) * part.tiles / tiles
    return _EncodedBand(changes, parts, seconds)


def _finish_part(encoder: PictureEncoder, part: EncodedPart, pixels: NDArray[np.uint8]) -> tuple[list[Update], float]:
    """Make the updates of a part, and say how long that took."""
    started = time.thread_time()
    updates = encoder.finish(part, pixels)
    return updates, time.thread_time() - started


def _mark(action: FrameAction, frame_id: int) -> SurfaceCommands:
    return SurfaceCommands(surface_commands=[FrameMarkerCommand(frame_action=action, frame_id=frame_id)])
