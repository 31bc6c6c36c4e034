"""`PointerSender`: shows one client a server's pointer, ahead of pixels, so that it follows the mouse also where pixels
take their time.
"""

from __future__ import annotations

import trio

from trio_rdp.graphics.pointer_encoder import PointerEncoder
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.pdu.capabilities_extensions import LargePointerSupportFlags
from trio_rdp.pdu.pointer import Point, PointerPositionUpdate, PointerUpdate, SystemPointerType, SystemPointerUpdate
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.writer import Lane

__all__ = ["PointerSender"]

# What a large pointer needs to fit, [MS-RDPBCGR] 2.2.7.2.7.
_POINTER_OF_96, _POINTER_OF_384 = 38_055, 608_299


class PointerSender:
    """The pointer that the client is to show; `turn` is held by who changes it, and through a whole reactivation."""

    def __init__(self, stage: ServerStage, lane: Lane) -> None:
        self.turn: trio.Lock = trio.Lock()
        self._stage = stage
        self._lane = lane
        self._pointer: PointerShape | SystemPointerType = SystemPointerType.DEFAULT
        self.begin_share()

    def begin_share(self) -> None:
        """Take the client for one that knows no pointer, as after a reactivation."""
        client, room = self._stage.capabilities, self._stage.max_update_size
        flags = client.large_pointer_flags
        self._encoder = PointerEncoder(
            color_cache_size=client.color_pointer_cache_size,
            cache_size=client.pointer_cache_size,
            large_96=LargePointerSupportFlags.UP_TO_96X96 in flags and room >= _POINTER_OF_96,
            large_384=LargePointerSupportFlags.UP_TO_384X384 in flags and room >= _POINTER_OF_384,
        )

    async def show(self, pointer: PointerShape | SystemPointerType) -> None:
        """Queue a pointer; cancelling leaves the last one."""
        async with self.turn:
            await self._send(pointer)
            self._pointer = pointer

    async def show_again(self) -> None:
        """Queue the last pointer for a client that knows none, if it is not its own; `turn` is the caller's."""
        if self._pointer is not SystemPointerType.DEFAULT:
            await self._send(self._pointer)

    async def move(self, x: int, y: int) -> None:
        """Queue a position."""
        async with self.turn:
            await self._put(PointerPositionUpdate(position=Point(x_pos=x, y_pos=y)))

    async def _send(self, pointer: PointerShape | SystemPointerType) -> None:
        if not isinstance(pointer, PointerShape):
            await self._put(SystemPointerUpdate(system_pointer_type=pointer))
            return
        try:
            await self._put(self._encoder.encode(pointer))
        except BaseException:
            self._encoder.forget()  # the shape counts as cached, and was never sent
            raise

    async def _put(self, update: PointerUpdate) -> None:
        await self._lane.put([self._stage.prepare_update(update)])
