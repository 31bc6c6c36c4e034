"""What both machines of the channel, `GraphicsClient` and `GraphicsServer`, give: one frozen event each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilityVersion
from trio_rdp.graphics.pipeline.jobs import PipelineCodec

__all__ = [
    "AcknowledgementResumed",
    "AcknowledgementSuspended",
    "CacheOffered",
    "Confirmed",
    "FrameAcknowledged",
    "FrameTimed",
    "Reply",
]

_MIB: Final = 1 << 20
# [MS-RDPEGFX] 3.3.1.4: bytes and slots of the two sizes of cache.
_LARGE_CACHE: Final = (100 * _MIB, 25_600)
_SMALL_CACHE: Final = (16 * _MIB, 4_096)


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that is owed to the peer now, before anything that is encoded later."""

    message: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Both sides know what may be sent; what was before, surfaces and caches and frames, is forgotten."""

    version: CapabilityVersion
    flags: CapabilityFlags = field(default_factory=lambda: CapabilityFlags(0))
    is_first: bool = field(default=False, compare=False)
    """Whether it is what a client named before all others."""

    @property
    def takes_avc420(self) -> bool:
        """Whether bitmaps may be H.264 in 4:2:0."""
        if self.version < CapabilityVersion.VERSION_10:
            return self.version == CapabilityVersion.VERSION_81 and CapabilityFlags.AVC420_ENABLED in self.flags
        return CapabilityFlags.AVC_DISABLED not in self.flags

    @property
    def needs_avc_length(self) -> bool:
        """Whether H.264 should also be readable for who takes it for units with lengths.

        That is what IronRDP's client (2026) does, which offers 8.1 and then 8; others begin with 8.  See `with_length`.
        """
        return self.version == CapabilityVersion.VERSION_81 and self.takes_avc420 and self.is_first

    @property
    def takes_avc444(self) -> bool:
        """Whether bitmaps may be H.264 in 4:4:4, in its first form."""
        return self.version >= CapabilityVersion.VERSION_10 and CapabilityFlags.AVC_DISABLED not in self.flags

    @property
    def takes_avc444v2(self) -> bool:
        """Whether bitmaps may be H.264 in 4:4:4 in its second form, which came with version 10.1."""
        return self.takes_avc444 and self.version >= CapabilityVersion.VERSION_101

    @property
    def prefers_avc(self) -> bool:
        """Whether the client would rather have H.264 in 4:4:4 than anything else.

        Our server lets quality and the line choose: xfreerdp 2.11.7 says so unless `+gfx-progressive` is given.
        """
        return self.takes_avc444 and CapabilityFlags.AVC_THINCLIENT in self.flags

    @property
    def mixes_avc(self) -> bool:
        """Whether H.264 in 4:2:0 may stand in one frame with other codecs; else it needs frames of its own.

        That in 4:4:4 always does: what clients of version 10.4 "MUST be capable of processing" is the other (2.2.3.7).
        """
        return self.takes_avc444 and self.version >= CapabilityVersion.VERSION_104

    @property
    def takes_progressive(self) -> bool:
        """Whether bitmaps may be RemoteFX Progressive; a thin client of version 8 or 8.1 has RemoteFX instead."""
        return self.version >= CapabilityVersion.VERSION_10 or CapabilityFlags.THINCLIENT not in self.flags

    @property
    def takes_remotefx(self) -> bool:
        """Whether bitmaps must be RemoteFX where they would be RemoteFX Progressive."""
        return not self.takes_progressive

    @property
    def takes_scaled_mapping(self) -> bool:
        """Whether surfaces may be shown in another size than their own, as from version 10.5 on (1.5.1)."""
        return self.version >= CapabilityVersion.VERSION_105 and CapabilityFlags.SCALEDMAP_DISABLE not in self.flags

    @property
    def takes_quality(self) -> bool:
        """Whether a client may say how long its frames took."""
        return self.version >= CapabilityVersion.VERSION_10 and self.version != CapabilityVersion.VERSION_101

    @property
    def can_reset(self) -> bool:
        """Whether a client may begin anew ([MS-RDPEGFX] 3.3.5.19)."""
        return self.version >= CapabilityVersion.VERSION_103

    @property
    def has_small_cache(self) -> bool:
        """Whether the cache of bitmaps is the small one."""
        small = CapabilityFlags.SMALL_CACHE | CapabilityFlags.THINCLIENT
        if self.version >= CapabilityVersion.VERSION_10:
            small = CapabilityFlags.SMALL_CACHE
        return self.version == CapabilityVersion.VERSION_103 or bool(self.flags & small)

    @property
    def cache_bytes(self) -> int:
        """How much the cache of bitmaps holds, four bytes a pixel: 100 or 16 MiB."""
        return (_SMALL_CACHE if self.has_small_cache else _LARGE_CACHE)[0]

    @property
    def cache_slots(self) -> int:
        """How many bitmaps the cache holds, of which slot 1 is the first: 25,600 or 4,096."""
        return (_SMALL_CACHE if self.has_small_cache else _LARGE_CACHE)[1]

    def takes(self, codec: PipelineCodec) -> bool:
        """Say whether `DrawSurface` may have this codec."""
        match codec:
            case PipelineCodec.AVC420:
                return self.takes_avc420
            case PipelineCodec.AVC444:
                return self.takes_avc444
            case PipelineCodec.AVC444V2:
                return self.takes_avc444v2
        return codec.is_known


@dataclass(frozen=True, slots=True)
class FrameAcknowledged:
    """A client has shown a frame, and so those before it; `frames` are all that were not acknowledged until now.

    `queue_depth` says how many bytes wait at the client; 0 where none do, or where it does not know.
    """

    frame_id: int
    queue_depth: int
    total_frames_decoded: int
    frames: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AcknowledgementSuspended:
    """A client will acknowledge nothing, and wants to be sent frames as fast as the network takes them."""


@dataclass(frozen=True, slots=True)
class AcknowledgementResumed:
    """A client acknowledges frames again, from the next one on."""


@dataclass(frozen=True, slots=True)
class FrameTimed:
    """How long a frame took at a client, in seconds, to be read and to be shown; it began at `timestamp`.

    That is in milliseconds from any origin, and comes round after 2**32 of them.  Take it as information only.
    """

    frame_id: int
    timestamp: int
    reading: float
    showing: float


@dataclass(frozen=True, slots=True)
class CacheOffered:
    """What a client has kept of earlier sessions: (key, bytes) of each bitmap.

    The server owes an `ImportCached` with the first of them, as many as it wants, for each of which it chooses a slot.
    """

    entries: tuple[tuple[int, int], ...]
