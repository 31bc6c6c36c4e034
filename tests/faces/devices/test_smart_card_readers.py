"""What a server is told of readers."""

from __future__ import annotations

import math

import pytest
import trio
import trio.testing

from tests.software_card import ATR, READER, SoftwareCards
from trio_rdp.channels.rdpdr.smart_card_structures import ReaderStateCommonCall, ReaderStateW
from trio_rdp.channels.rdpdr.smart_card_values import ReaderState, SmartCardCode
from trio_rdp.faces.devices.smart_card_readers import locate_cards, wait_status_change
from trio_rdp.faces.devices.smart_card_service import ReaderStatus, SmartCardError

CHANGED, PRESENT, EMPTY = ReaderState.CHANGED, ReaderState.PRESENT, ReaderState.EMPTY


def asked(state: int = 0, reader: str = READER) -> list[ReaderStateW]:
    return [ReaderStateW(reader=reader, common=ReaderStateCommonCall(current_state=ReaderState(state)))]


@pytest.mark.parametrize(
    ("believed", "found"),
    [
        (0, PRESENT | CHANGED),  # UNAWARE
        (EMPTY, PRESENT | CHANGED),
        (ReaderState.IGNORE, None),
        (PRESENT, None),
        (PRESENT | CHANGED, None),
        (0x00030000 | PRESENT, PRESENT | CHANGED),  # another count of cards
    ],
)
async def test_what_differs_from_what_is_believed(believed: int, found: ReaderState | None) -> None:
    states = await wait_status_change(SoftwareCards(), None, asked(believed), 0)
    assert (None if states is None else states[0].event_state) == found
    if states is not None:
        assert (states[0].current_state, states[0].rgb_atr) == (believed, ATR)


async def test_a_reader_that_is_not_there() -> None:
    states = await wait_status_change(SoftwareCards(), None, asked(0, "nobody"), 0)
    assert states is not None
    assert states[0].event_state == ReaderState.UNKNOWN | CHANGED | ReaderState.IGNORE


async def test_new_readers() -> None:
    cards = SoftwareCards()
    name = "\\\\?PnP?\\Notification"
    states = await wait_status_change(cards, None, asked(0, name), 0)
    assert states is not None
    assert states[0].event_state == 0x00010000 | CHANGED
    assert await wait_status_change(cards, None, asked(0x00010000, name), 0) is None


async def test_waiting(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    cards = SoftwareCards()
    assert await wait_status_change(cards, None, asked(PRESENT), 5) is None
    assert trio.current_time() >= 5
    found = []

    async def wait() -> None:
        found.append(await wait_status_change(cards, None, asked(PRESENT), math.inf))

    nursery.start_soon(wait)
    await trio.sleep(100)
    cards.changed()  # something else
    await trio.sleep(100)
    assert found == []
    cards.insert(False)
    await trio.sleep(1)
    assert found[0] is not None
    assert found[0][0].event_state == EMPTY | CHANGED


async def test_locating_cards() -> None:
    cards = SoftwareCards()
    mask = bytes([0xFF, 0xFF]) + bytes(7)
    states = await locate_cards(cards, None, asked(), [(b"\x3b\x16" + bytes(7), mask)])
    assert ReaderState.ATR_MATCH in states[0].event_state
    for other in ([(b"\x3b\x17" + bytes(7), mask)], [(b"\x3b\x16", b"\xff\xff")], []):
        states = await locate_cards(cards, None, asked(), other)
        assert ReaderState.ATR_MATCH not in states[0].event_state


async def test_other_failures_are_failures() -> None:
    class Broken(SoftwareCards):
        async def reader_status(self, context: object, reader: str) -> ReaderStatus:
            raise SmartCardError(SmartCardCode.NO_SERVICE)

    with pytest.raises(SmartCardError, match="NO_SERVICE"):
        await wait_status_change(Broken(), None, asked(), 0)
