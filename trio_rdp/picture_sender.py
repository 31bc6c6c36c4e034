"""`PictureSender`: what a display needs of whoever sends its framebuffer, on one of the two roads there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.content import Hints
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect

__all__ = ["CodecStatistics", "PictureSender"]


@dataclass(slots=True)
class CodecStatistics:
    """What was sent in one codec."""

    tiles: int = 0
    """Tiles, whole or in part."""
    bytes: int = 0
    """Before bulk compression."""
    seconds: float = 0.0
    """Of processor time spent looking and encoding, by all workers together."""


class PictureSender(Protocol):
    """Sends a framebuffer's damage to one client; calls of `send` must not overlap, and nobody may draw meanwhile."""

    hints: Hints
    """How parts of the picture are to be sent."""

    @property
    def codecs(self) -> Mapping[BitmapCodec, CodecStatistics]:
        """What was sent, by its codec."""
        ...

    @property
    def tiles_sent(self) -> int:
        """Tiles, whole or in part."""
        ...

    @property
    def tiles_unchanged(self) -> int:
        """Tiles that were looked at in vain."""
        ...

    @property
    def bytes_encoded(self) -> int:
        """Bytes that were queued, before bulk compression."""
        ...

    @property
    def late_acknowledgements(self) -> int:
        """Frames that were given up waiting for."""
        ...

    @property
    def usable_codecs(self) -> tuple[BitmapCodec, ...]:
        """The codecs that both sides take, the best one first."""
        ...

    @property
    def codec(self) -> BitmapCodec | None:
        """The codec for everything; None where each part gets what suits it.  Set it to a usable one."""
        ...

    @codec.setter
    def codec(self, codec: BitmapCodec | None) -> None: ...

    @property
    def quality(self) -> Quality:
        """How much the lossy codecs may lose, from now on."""
        ...

    @quality.setter
    def quality(self, quality: Quality) -> None: ...

    @property
    def unacknowledged(self) -> int:
        """Frames that the client has yet to acknowledge; always none where it does not do that."""
        ...

    @property
    def is_ahead(self) -> bool:
        """Whether the client has to acknowledge a frame before the next one."""
        ...

    async def wait_acknowledged(self, seconds: float) -> None:
        """Wait for what may be an acknowledgement; what was sent `seconds` ago counts as acknowledged.

        So a client that forgets one, or only says that it acknowledges, is slow and not stuck.
        """
        ...

    def forget(self, rects: Iterable[Rect] | None) -> None:
        """Take parts of the picture, or all of it, for never sent; they are sent once they are damage too."""
        ...

    @property
    def owes(self) -> bool:
        """Whether something is to be sent although nothing is damaged."""
        ...

    async def send(self, framebuffer: Framebuffer, should_go_on: Callable[[], bool]) -> None:
        """Take the damage and send what of it the client does not show yet.

        What is not sent, because `should_go_on` says no between two pieces, or this fails or is cancelled, is damage
        again.
        """
        ...

    async def settle(self) -> None:
        """Queue what is owed, and the end of a frame that is open: the other road takes over."""
        ...
