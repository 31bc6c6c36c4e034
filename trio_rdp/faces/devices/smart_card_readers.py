"""What a server is told of readers: their states, changes of them, and where the cards are that it looks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from trio_rdp.channels.rdpdr.smart_card_structures import ReaderStateA, ReaderStateReturn, ReaderStateW
from trio_rdp.channels.rdpdr.smart_card_values import ReaderState, SmartCardCode
from trio_rdp.faces.devices.smart_card_service import ReaderStatus, SmartCardError, SmartCardService

__all__ = ["locate_cards", "wait_status_change"]

_NEW_READERS = "\\\\?PnP?\\Notification"  # stands for the number of readers, [MS-RDPESC] 2.2.7
_STATE = 0xFFFF
_COUNT = 0xFFFF0000

_Asked = ReaderStateA | ReaderStateW


async def wait_status_change(
    service: SmartCardService, context: Any, asked: Sequence[_Asked], seconds: float
) -> list[ReaderStateReturn] | None:
    """The states of readers, as soon as one is not what the server believes; None if that takes too long."""
    deadline = trio.current_time() + seconds
    while True:
        revision = service.revision
        known = await _look(service, context, asked)
        found = [_state_of(item, known) for item in asked]
        if any(ReaderState.CHANGED in state.event_state for state in found):
            return found
        with trio.move_on_at(deadline) as scope:
            await service.wait_changed(revision)
        if scope.cancelled_caught:
            return None


async def locate_cards(
    service: SmartCardService, context: Any, asked: Sequence[_Asked], masks: Sequence[tuple[bytes, bytes]]
) -> list[ReaderStateReturn]:
    """The states of readers, and in which there is a card whose answer to reset is one of those."""
    known = await _look(service, context, asked)
    found = [_state_of(item, known) for item in asked]
    for state in found:
        if state.rgb_atr and any(_matches(state.rgb_atr, atr, mask) for atr, mask in masks):
            state.event_state |= ReaderState.ATR_MATCH
    return found


async def _look(service: SmartCardService, context: Any, asked: Sequence[_Asked]) -> dict[str, ReaderStatus | None]:
    """What the readers are like that the server asks for; None for those that are not there."""
    known: dict[str, ReaderStatus | None] = {}
    for item in asked:
        if item.reader == _NEW_READERS:
            count = len(await service.list_readers(context, ()))
            known[item.reader] = ReaderStatus(ReaderState(min(count, _STATE) << 16))
            continue
        try:
            known[item.reader] = await service.reader_status(context, item.reader)
        except SmartCardError as exc:
            if exc.code != SmartCardCode.UNKNOWN_READER:
                raise
            known[item.reader] = None
    return known


def _state_of(item: _Asked, known: dict[str, ReaderStatus | None]) -> ReaderStateReturn:
    believed = item.common.current_state
    status = known[item.reader]
    if ReaderState.IGNORE in believed:
        return ReaderStateReturn(current_state=believed, event_state=ReaderState.IGNORE)
    if status is None:
        gone = ReaderState.UNKNOWN | ReaderState.CHANGED | ReaderState.IGNORE
        return ReaderStateReturn(current_state=believed, event_state=gone)
    state = status.state.without(ReaderState.CHANGED)
    if item.reader == _NEW_READERS:
        is_changed = state & _COUNT != believed & _COUNT
    else:
        # A server that does not know the count leaves it out, and one that knows nothing (UNAWARE) wants to know.
        mask = _STATE | _COUNT if believed & _COUNT else _STATE
        is_changed = not believed & _STATE or (state ^ believed.without(ReaderState.CHANGED)) & mask != 0
    return ReaderStateReturn(
        current_state=believed,
        event_state=state | ReaderState.CHANGED if is_changed else state,
        rgb_atr=status.atr,
    )


def _matches(found: bytes, atr: bytes, mask: bytes) -> bool:
    return len(found) == len(atr) and all(
        (one ^ other) & bits == 0 for one, other, bits in zip(found, atr, mask, strict=False)
    )
