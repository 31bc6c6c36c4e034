"""Which lists of files are locked, [MS-RDPECLIP] 2.2.4, and for how long.

The document lets a lock live until its owner ends it; here one that nobody uses expires, once its list has been
replaced, because a peer that forgets its locks would fill the memory.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Lock", "LockTable"]


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock by its id, on a list by its number, and when it was last used."""

    clip_data_id: int
    file_list: int
    used: float


class LockTable:
    """The locks of one direction: at most `limit`, and those of replaced lists for `idle` seconds without use."""

    def __init__(self, limit: int, idle: float) -> None:
        self._limit = limit
        self._idle = idle
        self._locks: dict[int, Lock] = {}  # the one that was not used for longest comes first
        self._current: int | None = None

    def __len__(self) -> int:
        return len(self._locks)

    def add(self, clip_data_id: int, file_list: int, now: float) -> list[Lock]:
        """Lock a list; gives the locks that had to go for it: one of the same id, or that not used for longest."""
        gone = [lock] if (lock := self._locks.pop(clip_data_id, None)) is not None else []
        if len(self._locks) >= self._limit:
            gone.append(self._locks.pop(next(iter(self._locks))))
        self._locks[clip_data_id] = Lock(clip_data_id, file_list, now)
        return gone

    def use(self, clip_data_id: int, now: float) -> int | None:
        """The list that a lock is on; its time of no use starts again."""
        lock = self._locks.pop(clip_data_id, None)
        if lock is None:
            return None
        self._locks[clip_data_id] = Lock(clip_data_id, lock.file_list, now)
        return lock.file_list

    def remove(self, clip_data_id: int) -> Lock | None:
        """End a lock, if there is one of that id."""
        return self._locks.pop(clip_data_id, None)

    def find(self, file_list: int) -> int | None:
        """The id of a lock on a list."""
        return next((lock.clip_data_id for lock in self._locks.values() if lock.file_list == file_list), None)

    def replace(self, file_list: int | None, now: float) -> None:
        """Note which list is the current one; for the locks on that before it, the time of no use starts now."""
        before, self._current = self._current, file_list
        for lock in list(self._locks.values()):
            if lock.file_list == before:
                self.use(lock.clip_data_id, now)

    def expire(self, now: float) -> list[Lock]:
        """End the locks whose time is over, and give them."""
        gone = [lock for lock in self._aging() if now >= lock.used + self._idle]
        for lock in gone:
            del self._locks[lock.clip_data_id]
        return gone

    def next_expiry(self) -> float | None:
        """When to call `expire` next; None while nothing can expire."""
        return min((lock.used + self._idle for lock in self._aging()), default=None)

    def _aging(self) -> list[Lock]:
        return [lock for lock in self._locks.values() if lock.file_list != self._current]
