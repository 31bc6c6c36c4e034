"""What a service of smart cards does by itself."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.software_card import SoftwareCards
from trio_rdp.channels.rdpdr.smart_card_values import CardDisposition, CardProtocol, ShareMode, SmartCardCode
from trio_rdp.faces.devices.smart_card_service import SmartCardError, SmartCardService


async def test_waiting_for_changes(nursery: trio.Nursery) -> None:
    cards = SoftwareCards()
    seen = cards.revision
    woken = []

    async def wait() -> None:
        await cards.wait_changed(seen)
        woken.append(cards.revision)

    nursery.start_soon(wait)
    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    assert woken == []
    cards.changed()
    await trio.testing.wait_all_tasks_blocked()
    assert woken == [seen + 1] * 2
    await cards.wait_changed(seen)


async def test_what_need_not_be_there() -> None:
    cards = SoftwareCards()
    plain = SmartCardService
    assert await cards.list_reader_groups(None) == ["SCard$DefaultReaders"]
    assert await plain.card_types(cards, None) == {}
    assert await cards.reconnect(None, ShareMode.SHARED, CardProtocol.T1, CardDisposition.LEAVE) == CardProtocol.T1
    await plain.begin_transaction(cards, None)
    await plain.end_transaction(cards, None, CardDisposition.LEAVE)
    for doing in (
        plain.control(cards, None, 1, b""),
        plain.get_attribute(cards, None, 1),
        cards.set_attribute(None, 1, b""),
        cards.reader_icon(None, "x"),
    ):
        with pytest.raises(SmartCardError) as caught:
            await doing
        assert caught.value.code == SmartCardCode.UNSUPPORTED_FEATURE
