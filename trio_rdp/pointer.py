"""`Pointer`: the mouse pointer as a server wants it shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.graphics.pointer import PointerKind, PointerState
from trio_rdp.level import Ending, Level
from trio_rdp.pdu.pointer import PointerUpdate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.graphics.pointer_shape import PointerShape

__all__ = ["Pointer"]


class Pointer:
    """The pointer's shape and, where the server moved it, its position."""

    def __init__(self, cache_size: int, ending: Ending) -> None:
        self._state = PointerState(cache_size)
        self._level = Level(ending)

    @property
    def kind(self) -> PointerKind:
        """Whether the pointer is the client's own, hidden, or has a shape."""
        return self._state.kind

    @property
    def shape(self) -> PointerShape | None:
        """The shape, where the server gave one."""
        return self._state.shape

    @property
    def position(self) -> tuple[int, int] | None:
        """Where the server last put the pointer, in pixels of the desktop; None where it never did."""
        return self._state.position

    async def wait_changed(self) -> None:
        """Wait for the next change; raises `SessionClosed` when the session ends first."""
        await self._level.wait_beyond(self._level.count)

    # What follows is for the session.

    def apply(self, update: PointerUpdate, palette: NDArray[np.uint8] | None) -> None:
        """Do what the server says; raises `DecodeError` for what cannot be."""
        self._state.palette = palette
        self._state.apply(update)
        self._level.notify()

    def reset(self) -> None:
        """Start again, as after a reactivation."""
        self._state.reset()
        self._level.notify()

    def end(self) -> None:
        """Wake everybody who waits."""
        self._level.notify()
