"""Which bitmaps a client keeps in its cache, by the keys of their tiles: [MS-RDPEGFX] 3.2.1.1."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["BitmapMemory"]

_SEEN: Final = 16_384  # keys of tiles that were sent; what comes a second time is kept


class BitmapMemory:
    """The server's account of a client's bitmap cache of `most_bytes` and slots 1 to `most_slots`.

    Bitmaps that were not used for longest make room.
    """

    def __init__(self, most_bytes: int, most_slots: int) -> None:
        self._most_bytes = most_bytes
        self._most_slots = min(most_slots, 0xFFFF)
        self._slots: OrderedDict[int, tuple[int, int]] = OrderedDict()  # slot and bytes of each key
        self._free: list[int] = []
        self._next = 1
        self._seen: OrderedDict[int, None] = OrderedDict()
        self.bytes: int = 0
        """What all bitmaps take, four bytes a pixel."""

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: int) -> bool:
        return key in self._slots

    def find(self, key: int) -> int | None:
        """The slot of a bitmap, which counts as used now; None when the client does not have it."""
        found = self._slots.get(key)
        if found is None:
            return None
        self._slots.move_to_end(key)
        return found[0]

    def store(self, key: int, size: int) -> tuple[int | None, list[int]]:
        """Take a bitmap of `size` bytes in: its slot, None where there is none, and the slots to be emptied before."""
        evicted: list[int] = []
        if key in self._slots or size > self._most_bytes or self._most_slots < 1:
            return None, evicted
        while self._slots and (self.bytes + size > self._most_bytes or len(self._slots) >= self._most_slots):
            _, (slot, freed) = self._slots.popitem(last=False)
            self.bytes -= freed
            self._free.append(slot)
            evicted.append(slot)
        if self._free:
            slot = self._free.pop()
        else:
            slot, self._next = self._next, self._next + 1
        self._slots[key] = slot, size
        self.bytes += size
        return slot, evicted

    def clear(self) -> list[int]:
        """Empty it, and give the slots that were taken."""
        taken = sorted(slot for slot, _ in self._slots.values())
        self._slots.clear()
        self._seen.clear()
        self._free.clear()
        self._next = 1
        self.bytes = 0
        return taken

    def see(self, key: int) -> bool:
        """Remember that a tile with this key was sent; whether one was before."""
        if key in self._seen:
            self._seen.move_to_end(key)
            return True
        self._seen[key] = None
        if len(self._seen) > _SEEN:
            self._seen.popitem(last=False)
        return False
