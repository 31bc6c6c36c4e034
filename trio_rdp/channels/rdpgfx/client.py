"""`GraphicsClient`: a client's side of the graphics pipeline, [MS-RDPEGFX] 3.3, sans-I/O; messages in, jobs out."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from trio_rdp.channels.rdpgfx.caching import CacheEntryMetadata, CacheImportOfferPdu, CacheImportReplyPdu
from trio_rdp.channels.rdpgfx.capabilities import (
    CapabilityFlags,
    CapabilitySet,
    CapabilityVersion,
    CapsAdvertisePdu,
    CapsConfirmPdu,
)
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.channels.rdpgfx.frames import (
    SUSPEND_FRAME_ACKNOWLEDGEMENT,
    EndFramePdu,
    FrameAcknowledgePdu,
    QoeFrameAcknowledgePdu,
    StartFramePdu,
)
from trio_rdp.channels.rdpgfx.header import UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.messages import GraphicsMessage, iterate_messages
from trio_rdp.channels.rdpgfx.translation import JOB_MAKERS
from trio_rdp.codecs.zgfx import MAX_OUTPUT, Decompressor
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    DrawCached,
    EndPipelineFrame,
    FillSurface,
    ImportCached,
    PipelineJob,
)
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["ALL_VERSIONS", "ClientState", "GraphicsClient", "GraphicsClientEvent"]

GraphicsClientEvent: TypeAlias = Confirmed | PipelineJob

ALL_VERSIONS: Final = tuple(CapabilityVersion)
"""All versions that the document names, 8 to 10.7."""

_PART: Final = 256  # commands that are read without a pause

# What this client does not have it does not get, whatever the server confirms.
_LACKS: Final = CapabilityFlags.AVC_DISABLED | CapabilityFlags.SMALL_CACHE

# Whoever offers these "MUST be capable of processing" the scaled mappings (1.5.1); only 10.7 has a flag against them.
_SCALING: Final = (CapabilityVersion.VERSION_105, CapabilityVersion.VERSION_106)


class ClientState(enum.Enum):
    """How far a client has got."""

    NEW = "new"
    ADVERTISED = "advertised"
    CONFIRMED = "confirmed"
    RESETTING = "resetting"
    FAILED = "failed"


@dataclass(slots=True)
class _Frame:
    """A frame that ended and is not acknowledged: when it began and ended."""

    frame_id: int
    began: float
    ended: float


class GraphicsClient:
    """One server's pipeline.  What the server sends is inflated first, in order (`inflate`), then read (`receive`).

    `versions` are offered, with what the other arguments say: whether H.264 is taken (`h264`), whether the client is
    thin, which prefers RemoteFX to its progressive form (or H.264 to all others), whether its cache is to be small, and
    whether surfaces may be shown in another size.  `max_message` bounds the bytes of one message inflated,
    `max_commands` the messages, rectangles and points in it, `max_frames` the frames that wait for `acknowledge`.

    All methods that give bytes give one message to be sent as it is.  After a `RemoteProtocolError` there is no going
    on: every further call raises `LocalProtocolError`.
    """

    def __init__(
        self,
        *,
        versions: Sequence[CapabilityVersion] = ALL_VERSIONS,
        h264: bool = False,
        is_thin: bool = False,
        has_small_cache: bool = False,
        takes_scaled_mapping: bool = True,
        sends_quality: bool = True,
        max_message: int = MAX_OUTPUT,
        max_commands: int = 131_072,
        max_frames: int = 1024,
    ) -> None:
        self.state: ClientState = ClientState.NEW
        self.confirmed: Confirmed | None = None
        """What was agreed, from the server's confirmation on."""
        self.ignored: int = 0
        """Messages that were passed over."""
        self.frames_decoded: int = 0
        """Frames that were given to `acknowledge` since the server confirmed."""
        flags = _Wishes(h264, is_thin, has_small_cache, takes_scaled_mapping)
        self._sets = [found for found in map(flags.set_of, dict.fromkeys(versions)) if found is not None]
        if not self._sets:
            raise ValueError("no version of the graphics pipeline to offer")
        self._sends_quality = sends_quality
        self._max_commands = max_commands
        self._max_frames = max_frames
        self._decompressor = Decompressor(limit=max_message)
        self._began: float | None = None
        self._frames: deque[_Frame] = deque()
        self._offered: tuple[tuple[int, int], ...] | None = None
        self._is_suspended = False
        self._was_told = False
        self._has_reset = False

    # What is said first.

    def start(self) -> bytes:
        """Say what this client can do, which comes before everything else."""
        self._require(ClientState.NEW)
        self.state = ClientState.ADVERTISED
        return CapsAdvertisePdu(caps_sets=self._sets).encode()

    def reset(self) -> bytes:
        """Begin anew: all surfaces and caches are forgotten, and what comes before the next `Confirmed` is ignored.

        Raises `LocalProtocolError` where the version that was agreed does not have it.
        """
        self._require(ClientState.CONFIRMED)
        if self.confirmed is None or not self.confirmed.can_reset:
            raise LocalProtocolError("only version 10.3 and later can begin anew")
        self.state = ClientState.RESETTING
        self._has_reset = True
        self._forget()
        return CapsAdvertisePdu(caps_sets=self._sets).encode()

    # What comes.

    def inflate(self, data: bytes) -> bytes:
        """Inflate what the server sent, an RDP_SEGMENTED_DATA; in order, one at a time, from any thread."""
        self._require(ClientState.ADVERTISED, ClientState.CONFIRMED, ClientState.RESETTING)
        try:
            return self._decompressor.decompress(data)
        except RemoteProtocolError:
            self.state = ClientState.FAILED
            raise

    def receive(self, inflated: bytes, now: float) -> list[GraphicsClientEvent]:
        """Read what `inflate` gave; `now` is any clock's time in seconds."""
        return [event for part in self.iterate(inflated, now) for event in part]

    def iterate(self, inflated: bytes, now: float) -> Iterator[list[GraphicsClientEvent]]:
        """Read what `inflate` gave, as `receive` does, in parts that take a few milliseconds each.

        It is for who has other things to do between them, which may be calls of all methods but this and `receive`.
        """
        self._require(ClientState.ADVERTISED, ClientState.CONFIRMED, ClientState.RESETTING)
        events: list[GraphicsClientEvent] = []
        left = self._max_commands
        pause = left - _PART
        try:
            for pdu in iterate_messages(inflated):
                left -= 1
                event = self._handle(pdu, now)
                if event is not None:
                    events.append(event)
                    left -= _commands_in(event)
                if left < 0:
                    raise RemoteProtocolError(f"more than {self._max_commands} commands in one message")
                if left <= pause:
                    yield events
                    events, pause = [], left - _PART
        except RemoteProtocolError:
            self.state = ClientState.FAILED
            raise
        yield events

    def _handle(self, pdu: GraphicsMessage, now: float) -> GraphicsClientEvent | None:
        if self.state is not ClientState.CONFIRMED:
            return self._wait_for_confirm(pdu)
        kind = type(pdu)
        make = JOB_MAKERS.get(kind)
        if make is not None:
            return make(pdu)
        match pdu:
            case StartFramePdu():
                return self._begin(pdu, now)
            case EndFramePdu(frame_id=frame_id):
                return self._end(frame_id, now)
            case CacheImportReplyPdu(cache_slots=slots):
                return self._import(slots)
            case CapsConfirmPdu() | UnknownGraphicsPdu():
                # "If the message is not expected, it SHOULD be ignored" (3.1.5.1).
                self.ignored += 1
                return None
        raise RemoteProtocolError(f"the server sent {kind.__name__}, which is a client's")

    def _wait_for_confirm(self, pdu: GraphicsMessage) -> GraphicsClientEvent | None:
        if isinstance(pdu, CapsConfirmPdu):
            return self._confirm(pdu.caps_set)
        if self.state is ClientState.RESETTING:
            # The client "MUST ignore any messages" until the confirmation comes (3.3.5.19).
            self.ignored += 1
            return None
        raise RemoteProtocolError(f"{type(pdu).__name__} came before the capabilities were confirmed")

    def _confirm(self, chosen: CapabilitySet) -> Confirmed:
        offered = next((one for one in self._sets if one.version == chosen.version), None)
        if offered is None:
            raise RemoteProtocolError(f"the server chose version {int(chosen.version):#x}, which was not offered")
        # A server may answer with flags of its own, as IronRDP's does; H.264 that was not offered, or more than a small
        # cache holds, ends the channel when it comes.
        flags = chosen.flags | offered.flags & _LACKS
        if CapabilityFlags.AVC420_ENABLED not in offered.flags:
            flags = flags.without(CapabilityFlags.AVC420_ENABLED)
        self.confirmed = Confirmed(chosen.version, flags)
        self.state = ClientState.CONFIRMED
        # A server that begins anew numbers its frames anew, and those of Windows do not like to hear of more than they
        # have numbered, says FreeRDP (3.0).
        self.frames_decoded = 0
        return self.confirmed

    def _begin(self, pdu: StartFramePdu, now: float) -> BeginPipelineFrame | None:
        # "Logical frames SHOULD NOT be nested" (3.2.5.11); of those that are, the first beginning and each end counts.
        if self._began is not None:
            self.ignored += 1
            return None
        self._began = now
        return BeginPipelineFrame(pdu.frame_id, pdu.timestamp)

    def _end(self, frame_id: int, now: float) -> EndPipelineFrame:
        # Whether or not it began, and under which number, its server waits to hear that it is shown; FreeRDP 2.11
        # acknowledges each end as well.
        if len(self._frames) >= self._max_frames:
            raise RemoteProtocolError(f"more than {self._max_frames} frames wait to be shown")
        self._frames.append(_Frame(frame_id, now if self._began is None else self._began, now))
        self._began = None
        return EndPipelineFrame(frame_id)

    def _import(self, slots: list[int]) -> ImportCached | None:
        if self._offered is None:
            if not slots:
                # That nothing is imported may be said to who has offered nothing.
                self.ignored += 1
                return None
            raise RemoteProtocolError("the server imports bitmaps that were not offered")
        if len(slots) > len(self._offered):
            raise RemoteProtocolError(f"the server imports {len(slots)} bitmaps of {len(self._offered)}")
        keys, self._offered = self._offered, None
        return ImportCached(tuple((slot, key) for slot, (key, _) in zip(slots, keys, strict=False)))

    # What is answered.

    @property
    def unacknowledged(self) -> int:
        """How many frames have ended and were not given to `acknowledge`."""
        return len(self._frames)

    def acknowledge(self, frame_id: int, queue_depth: int, now: float) -> list[bytes]:
        """Say that a frame is shown; `queue_depth` is how many bytes of graphics wait to be decoded.

        Gives the messages to be sent, each by itself: none while acknowledging is suspended or where the frame was
        before a `reset`, and two where the server is also told how long the frame took.  Raises `LocalProtocolError`
        for a frame that has not ended.
        """
        self._require(ClientState.CONFIRMED, ClientState.RESETTING)
        frame = self._take(frame_id)
        if frame is None:
            return []
        self.frames_decoded += 1
        if self._is_suspended:
            if self._was_told:
                return []
            self._was_told = True
            queue_depth = SUSPEND_FRAME_ACKNOWLEDGEMENT
        else:
            self._was_told = False
            queue_depth = max(0, min(queue_depth, SUSPEND_FRAME_ACKNOWLEDGEMENT - 1))
        decoded = self.frames_decoded & 0xFFFFFFFF
        shown = FrameAcknowledgePdu(queue_depth=queue_depth, frame_id=frame_id, total_frames_decoded=decoded)
        messages = [shown.encode()]
        if self._sends_quality and self.confirmed is not None and self.confirmed.takes_quality:
            messages.append(_quality(frame, now))
        return messages

    def suspend(self) -> None:
        """Acknowledge nothing after the next frame, which tells the server so: it then sends as fast as it can."""
        self._is_suspended = True

    def resume(self) -> None:
        """Acknowledge frames again, from the next one on."""
        self._is_suspended = False

    def offer_cache(self, entries: Iterable[tuple[int, int]]) -> bytes:
        """Say what was kept of earlier sessions, (key, bytes) of each bitmap; `ImportCached` answers.

        Raises `EncodeError` for more than 5461.
        """
        self._require(ClientState.CONFIRMED)
        offered = tuple(entries)
        message = CacheImportOfferPdu(
            cache_entries=[CacheEntryMetadata(cache_key=key, bitmap_length=size) for key, size in offered]
        ).encode()
        self._offered = offered
        return message

    def _take(self, frame_id: int) -> _Frame | None:
        for frame in self._frames:
            if frame.frame_id == frame_id:
                self._frames.remove(frame)
                return frame
        if self._has_reset:
            return None
        raise LocalProtocolError(f"frame {frame_id} has not ended, or is acknowledged")

    def _forget(self) -> None:
        self.confirmed = None
        self._began = None
        self._frames.clear()
        self._offered = None
        self._was_told = False  # that nothing is acknowledged, of which a server that begins anew knows nothing

    def _require(self, *states: ClientState) -> None:
        if self.state not in states:
            raise LocalProtocolError(f"the graphics pipeline is {self.state.value}")


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What is offered, in whichever version."""

    h264: bool
    is_thin: bool
    has_small_cache: bool
    takes_scaled_mapping: bool

    def set_of(self, version: CapabilityVersion) -> CapabilitySet | None:
        """Say all of this in a version's flags; None where that version would promise what is not there."""
        if version == CapabilityVersion.VERSION_101:
            # It has no flags, and implies H.264 (1.7).
            return CapabilitySet.of(version) if self.h264 else None
        if version in _SCALING and not self.takes_scaled_mapping:
            return None
        flags = self._old(version) if version < CapabilityVersion.VERSION_10 else self._new(version)
        return CapabilitySet.of(version, flags)

    def _old(self, version: CapabilityVersion) -> CapabilityFlags:
        flags = CapabilityFlags(0)
        if self.is_thin:
            flags |= CapabilityFlags.THINCLIENT
        # The two "SHOULD NOT be specified together" (2.2.3.1).
        elif self.has_small_cache:
            flags |= CapabilityFlags.SMALL_CACHE
        if version == CapabilityVersion.VERSION_81 and self.h264:
            # Of H.264 the document has no combination without the small cache (2.2.3.2).
            flags |= CapabilityFlags.AVC420_ENABLED | CapabilityFlags.SMALL_CACHE
        return flags

    def _new(self, version: CapabilityVersion) -> CapabilityFlags:
        flags = CapabilityFlags(0)
        if self.has_small_cache and version != CapabilityVersion.VERSION_103:
            flags |= CapabilityFlags.SMALL_CACHE
        if not self.h264:
            flags |= CapabilityFlags.AVC_DISABLED
        elif self.is_thin and version >= CapabilityVersion.VERSION_103:
            flags |= CapabilityFlags.AVC_THINCLIENT
        if not self.takes_scaled_mapping and version >= CapabilityVersion.VERSION_107:
            flags |= CapabilityFlags.SCALEDMAP_DISABLE
        return flags


def _commands_in(event: GraphicsClientEvent) -> int:
    match event:
        case FillSurface(rects=many):
            return len(many)
        case CopySurface(points=points) | DrawCached(points=points):
            return len(points)
    return 0


def _quality(frame: _Frame, now: float) -> bytes:
    return QoeFrameAcknowledgePdu(
        frame_id=frame.frame_id,
        timestamp=int(frame.began * 1000) & 0xFFFFFFFF,
        time_diff_se=_milliseconds(frame.ended - frame.began),
        time_diff_edr=_milliseconds(now - frame.ended),
    ).encode()


def _milliseconds(seconds: float) -> int:
    """The time in milliseconds; 0 for more than 65 seconds (2.2.2.21)."""
    return int(seconds * 1000) if 0 <= seconds <= 65 else 0
