"""`Stretch`: frames that continue a long message of a channel, known by their header, without looking at all of it.

A message comes in PDUs of at most 1,600 bytes, whose headers are all the same but for the first and the last.  Where a
frame begins with what the frame before began with, and is as long, it means the same: one more block.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Sink", "Stretch"]


class Sink(Protocol):
    """Who joins blocks to a message."""

    @property
    def room(self) -> int:
        """How many bytes may be added to an unfinished message without an end, or a limit, being reached."""
        ...

    def extend(self, data: bytes | memoryview) -> bool:
        """Add a block; False, and nothing is done, where that is not plainly right."""


class Stretch:
    """What the frames of one message have in common, and how many were taken."""

    __slots__ = ("_header", "_header_size", "_sink", "_size", "count")

    def __init__(self, frame: bytes, block_size: int, sink: Sink) -> None:
        """`frame` was one of them, and ended with a block of so many bytes."""
        self._size = len(frame)
        self._header_size = len(frame) - block_size
        self._header = frame[: self._header_size]
        self._sink = sink
        self.count: int = 0

    def take(self, frame: bytes) -> bool:
        """Take a frame that is one of them; False for another one, or where it needs a closer look."""
        return (
            len(frame) == self._size
            and frame.startswith(self._header)
            and self._sink.extend(memoryview(frame)[self._header_size :])
        )

    def take_all(self, data: bytes, pos: int, end: int) -> int:
        """Take all of them that stand in `data[pos:end]`, one behind the other; gives where the next frame begins."""
        header, start, size = self._header, self._header_size, self._size
        view, blocks = memoryview(data), []
        for at in range(pos, min(end - size, pos + size * (self._sink.room // (size - start) - 1)) + 1, size):
            if not data.startswith(header, at):
                break
            blocks.append(view[at + start : at + size])
        if not blocks:
            return pos
        self._sink.extend(b"".join(blocks))
        self.count += len(blocks)
        return pos + size * len(blocks)
