"""The locked regions of one file, [MS-RDPEFS] 2.2.3.3.12: shared ones keep others from writing, exclusive ones also
from reading.
"""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.channels.rdpdr.drive_requests import LockInfo
from trio_rdp.channels.rdpdr.header import NtStatus

__all__ = ["FileLocks"]

_END = 1 << 64


@dataclass(frozen=True, slots=True)
class _Lock:
    """One region, from `start` up to but without `end`, and the id of the open file whose it is."""

    owner: int
    start: int
    end: int
    is_exclusive: bool

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


class FileLocks:
    """Who holds which regions; at most `limit` of them."""

    def __init__(self, limit: int = 1024) -> None:
        self._limit = limit
        self._locks: list[_Lock] = []

    def __len__(self) -> int:
        return len(self._locks)

    def lock(self, owner: int, regions: list[LockInfo], *, is_exclusive: bool) -> NtStatus:
        """Lock all regions or none: LOCK_NOT_GRANTED where somebody holds one, be it the same."""
        wanted = []
        for region in regions:
            end = region.offset + region.length
            if end > _END:
                return NtStatus.INVALID_PARAMETER
            wanted.append(_Lock(owner, region.offset, end, is_exclusive))
        if len(self._locks) + len(wanted) > self._limit:
            return NtStatus.INSUFFICIENT_RESOURCES
        for new in wanted:
            for held in self._locks:
                if held.overlaps(new.start, new.end) and (is_exclusive or held.is_exclusive):
                    return NtStatus.LOCK_NOT_GRANTED
        self._locks += wanted
        return NtStatus.SUCCESS

    def unlock(self, owner: int, regions: list[LockInfo]) -> NtStatus:
        """Unlock regions that were locked so; RANGE_NOT_LOCKED at the first that was not."""
        for region in regions:
            end = region.offset + region.length
            for held in self._locks:
                if (held.owner, held.start, held.end) == (owner, region.offset, end):
                    self._locks.remove(held)
                    break
            else:
                return NtStatus.RANGE_NOT_LOCKED
        return NtStatus.SUCCESS

    def release(self, owner: int) -> None:
        """Unlock whatever an open file holds."""
        self._locks = [held for held in self._locks if held.owner != owner]

    def is_in_the_way(self, owner: int, offset: int, length: int, *, is_write: bool) -> bool:
        """Whether a lock forbids an open file to read or write a region."""
        return any(
            held.overlaps(offset, offset + length)
            and (held.owner != owner or not held.is_exclusive)
            and (is_write or held.is_exclusive)
            for held in self._locks
        )
