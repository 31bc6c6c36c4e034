"""`GraphicsServer`: a server's side of the graphics pipeline, [MS-RDPEGFX] 3.2, sans-I/O; jobs in, messages out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from trio_rdp.channels.rdpgfx.caching import CacheImportOfferPdu
from trio_rdp.channels.rdpgfx.capabilities import CapabilitySet, CapabilityVersion, CapsAdvertisePdu, CapsConfirmPdu
from trio_rdp.channels.rdpgfx.client import ALL_VERSIONS
from trio_rdp.channels.rdpgfx.events import (
    AcknowledgementResumed,
    AcknowledgementSuspended,
    CacheOffered,
    Confirmed,
    FrameAcknowledged,
    FrameTimed,
    Reply,
)
from trio_rdp.channels.rdpgfx.frames import SUSPEND_FRAME_ACKNOWLEDGEMENT, FrameAcknowledgePdu, QoeFrameAcknowledgePdu
from trio_rdp.channels.rdpgfx.header import UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.messages import GraphicsMessage, iterate_messages
from trio_rdp.channels.rdpgfx.outgoing import Outgoing
from trio_rdp.graphics.pipeline.jobs import ImportCached, PipelineJob
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["GraphicsServer", "GraphicsServerEvent"]

GraphicsServerEvent: TypeAlias = (
    Reply
    | Confirmed
    | FrameAcknowledged
    | AcknowledgementSuspended
    | AcknowledgementResumed
    | FrameTimed
    | CacheOffered
)

_HIGHEST_ID: Final = 0xFFFFFFFF


class GraphicsServer:
    """One client's pipeline; `receive` raises `RemoteProtocolError` where the client breaks the protocol.

    Of what the client offers, the latest of `versions` is chosen.  A client that does not acknowledge has at most
    `max_frames` frames remembered, one that acknowledges what was never sent may do so `max_strays` times in a row, and
    `max_messages` bounds what it says in one transmission.  It may begin anew `max_resets` times, and between two of
    them offer `max_offers` times what it has kept.
    """

    def __init__(
        self,
        *,
        versions: Sequence[CapabilityVersion] = ALL_VERSIONS,
        max_frames: int = 256,
        max_strays: int = 256,
        max_messages: int = 1024,
        max_offers: int = 16,
        max_resets: int = 1024,
    ) -> None:
        self.confirmed: Confirmed | None = None
        """What was agreed; None before the client has said what it can do."""
        self.epoch: int = 0
        """How often that was agreed: what was encoded in an earlier one must not be sent any more."""
        self.acknowledges: bool = True
        """Whether the client acknowledges frames; one that has suspended that does not."""
        self.queue_depth: int = 0
        """How many bytes wait at the client, as of its last acknowledgement; 0 where it does not know."""
        self.total_frames_decoded: int = 0
        """How many frames the client says it has shown."""
        self.ignored: int = 0
        """Messages that were passed over."""
        self._versions = frozenset(versions)
        self._max_frames = max_frames
        self._max_strays = max_strays
        self._max_messages = max_messages
        self._max_offers = max_offers
        self._max_resets = max_resets
        self._offers = 0
        self._strays = 0
        self._frames: dict[int, None] = {}
        self._offered: tuple[int, ...] | None = None
        self._outgoing: tuple[Outgoing, int] | None = None  # and its epoch, to be looked at as one
        self._last_id = 0

    # What comes.

    def receive(self, message: bytes) -> list[GraphicsServerEvent]:
        """Take what the client sent.

        A `Confirmed` stands behind the `Reply` that must be sent first.  There may be another one later: the client
        has begun anew then, knows no surfaces any more, and has not seen what was sent before.
        """
        events: list[GraphicsServerEvent] = []
        for number, pdu in enumerate(iterate_messages(message)):
            if number >= self._max_messages:
                raise RemoteProtocolError(f"more than {self._max_messages} messages at once")
            self._handle(pdu, events)
        return events

    def _handle(self, pdu: GraphicsMessage, events: list[GraphicsServerEvent]) -> None:
        if isinstance(pdu, CapsAdvertisePdu):
            self._choose(pdu.caps_sets, events)
            return
        if self.confirmed is None:
            raise RemoteProtocolError(f"{type(pdu).__name__} came before the capabilities")
        match pdu:
            case FrameAcknowledgePdu():
                self._acknowledge(pdu, events)
            case QoeFrameAcknowledgePdu():
                self._time(pdu, events)
            case CacheImportOfferPdu(cache_entries=entries):
                self._offers += 1
                if self._offers > self._max_offers:
                    raise RemoteProtocolError(f"more than {self._max_offers} offers of bitmaps")
                self._offered = tuple(entry.cache_key for entry in entries)
                events.append(CacheOffered(tuple((entry.cache_key, entry.bitmap_length) for entry in entries)))
            case UnknownGraphicsPdu():
                # "If the message is not expected, it SHOULD be ignored" (3.1.5.1).
                self.ignored += 1
            case _:
                raise RemoteProtocolError(f"the client sent {type(pdu).__name__}, which is a server's")

    def _choose(self, offered: list[CapabilitySet], events: list[GraphicsServerEvent]) -> None:
        if self.confirmed is not None and not self.confirmed.can_reset:
            # Only from version 10.3 on may it come again (3.2.5.18).
            self.ignored += 1
            return
        if self.epoch > self._max_resets:
            raise RemoteProtocolError(f"the client begins anew more than {self._max_resets} times")
        usable = [one for one in offered if one.is_known and one.version in self._versions]
        if not usable:
            versions = ", ".join(f"{int(one.version):#x}" for one in offered) or "none"
            raise RemoteProtocolError(
                f"the client offers no version of the graphics pipeline that is taken: {versions}"
            )
        chosen = max(usable, key=lambda one: one.version)
        self.confirmed = Confirmed(chosen.version, chosen.flags, is_first=offered[0].version == chosen.version)
        self.epoch += 1
        self.acknowledges = True
        self.queue_depth = 0
        self._strays = 0
        self._offers = 0
        self._frames = {}
        # A history of its own: who has forgotten the old one, and who has not, can read what does not refer to it.
        outgoing = Outgoing(self.confirmed)
        self._outgoing = outgoing, self.epoch
        self._offered = None  # after the epoch, which `encode` looks at later
        confirm = CapsConfirmPdu(caps_set=CapabilitySet.of(chosen.version, chosen.flags))
        events += [Reply(outgoing.compress(confirm.encode(), store=True)), self.confirmed]

    def _acknowledge(self, pdu: FrameAcknowledgePdu, events: list[GraphicsServerEvent]) -> None:
        self.total_frames_decoded = pdu.total_frames_decoded
        if pdu.queue_depth == SUSPEND_FRAME_ACKNOWLEDGEMENT:
            # "The server MUST clear the Unacknowledged Frames" (3.2.5.13).
            self._frames.clear()
            self.queue_depth = 0
            if self.acknowledges:
                self.acknowledges = False
                events.append(AcknowledgementSuspended())
            return
        self.queue_depth = pdu.queue_depth
        if not self.acknowledges:
            self.acknowledges = True
            events.append(AcknowledgementResumed())
            return
        if pdu.frame_id not in self._frames:
            self._strays += 1
            self.ignored += 1
            if self._strays > self._max_strays:
                raise RemoteProtocolError(f"{self._strays} frames were acknowledged that do not wait for it")
            return
        self._strays = 0
        done = self._forget_up_to(pdu.frame_id)
        events.append(FrameAcknowledged(pdu.frame_id, pdu.queue_depth, pdu.total_frames_decoded, done))

    def _time(self, pdu: QoeFrameAcknowledgePdu, events: list[GraphicsServerEvent]) -> None:
        if self.confirmed is None or not self.confirmed.takes_quality:
            self.ignored += 1
            return
        reading, showing = pdu.time_diff_se / 1000, pdu.time_diff_edr / 1000
        events.append(FrameTimed(pdu.frame_id, pdu.timestamp, reading, showing))

    # Frames.

    @property
    def unacknowledged(self) -> tuple[int, ...]:
        """The frames that were encoded and not acknowledged, the oldest first; none where the client does not do so."""
        return tuple(self._frames)

    def new_frame_id(self) -> int:
        """Give a number that no frame had for a long time; it is never 0."""
        self._last_id = self._last_id % _HIGHEST_ID + 1
        return self._last_id

    def forget_frame(self, frame_id: int) -> None:
        """Wait no longer for a frame's acknowledgement, nor for those of earlier ones; what still comes is a stray."""
        if frame_id in self._frames:
            self._forget_up_to(frame_id)

    def _forget_up_to(self, frame_id: int) -> tuple[int, ...]:
        # Frames are shown in their order: a client that shows this one has shown those before it.
        frames = list(self._frames)
        done = tuple(frames[: frames.index(frame_id) + 1])
        for one in done:
            self._frames.pop(one, None)
        return done

    # What is sent.

    def encode(self, jobs: Iterable[PipelineJob], *, store: bool | None = None, epoch: int | None = None) -> bytes:
        """Give one message that has the client do `jobs`, in order; compressed, unless most of it is H.264.

        What it gives must be sent, and in that order: later messages refer to it.  It may be called in any thread, but
        one at a time; when `receive` gives a `Confirmed` meanwhile, the result belongs to an earlier epoch and must be
        thrown away.  With the `epoch` in which the jobs were made, nothing is encoded in a later one, and b"" is given.

        A frame waits for its acknowledgement from its `EndPipelineFrame` on.  `store` says whether to
        send it uncompressed.  Raises `LocalProtocolError` for what the client does not take, for bitmaps outside
        frames, and `EncodeError` for values that do not fit; nothing is remembered then.
        """
        offered, current = self._offered, self._outgoing
        if current is None:
            raise LocalProtocolError("the client has not said what it can do")
        outgoing, now = current
        if epoch is not None and epoch != now:
            return b""
        wanted = tuple(jobs)
        imports = [job for job in wanted if isinstance(job, ImportCached)]
        if imports:
            _check_imports(imports, offered)
        message, ended = outgoing.encode(wanted, store)
        if imports and self._offered is offered:
            self._offered = None
        if current is self._outgoing and self.acknowledges:
            for frame_id in ended:
                self._frames[frame_id] = None
            while len(self._frames) > self._max_frames:
                self._frames.pop(next(iter(self._frames)), None)
        return message


def _check_imports(jobs: list[ImportCached], keys: tuple[int, ...] | None) -> None:
    """Raise `LocalProtocolError` for what does not answer the offer of these keys."""
    if keys is None or len(jobs) > 1:
        raise LocalProtocolError("the client has offered no bitmaps, or was answered")
    if tuple(key for _, key in jobs[0].slots) != keys[: len(jobs[0].slots)]:
        raise LocalProtocolError("only the first of the offered bitmaps can be imported, in their order")
