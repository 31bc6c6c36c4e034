"""`PendingBytes`: what the unfinished messages of all channels of one session hold together."""

from __future__ import annotations

from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["PENDING_LIMIT", "PendingBytes"]

PENDING_LIMIT = 64 * 1024 * 1024
"""What the unfinished messages of all channels together may hold: four of the largest."""


class PendingBytes:
    """How many bytes the unfinished messages of all channels of one session hold, and may hold."""

    __slots__ = ("held", "limit", "peak")

    def __init__(self, limit: int = PENDING_LIMIT) -> None:
        self.limit: int = limit
        self.held: int = 0
        self.peak: int = 0

    @property
    def room(self) -> int:
        """How many bytes more may be held."""
        return self.limit - self.held

    def take(self, size: int) -> None:
        """Hold so many bytes more; raises `RemoteProtocolError`, and holds no more, beyond the limit."""
        held = self.held + size
        if held > self.limit:
            raise RemoteProtocolError(f"unfinished channel messages exceed {self.limit} bytes")
        self.held = held
        if held > self.peak:
            self.peak = held

    def give_back(self, size: int) -> None:
        """Hold so many bytes less."""
        self.held -= size
