"""Our client's clipboard with weston 14, which copies and pastes between it and the desktop's programs."""

from __future__ import annotations

import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.processes import PATIENCE, wait_for, wait_for_answer
from tests.interop.sessions import connected
from tests.interop.weston import version, weston
from trio_rdp.client import Session
from trio_rdp.protocol.keys import Key

WORD = "copied-in-weston"
TEXT = "pasted Ä€"


@pytest.mark.interop_full
async def test_text_both_ways(peers: Peers) -> None:
    if version() < 14:
        pytest.skip("weston 10 shares no clipboard")
    with weston(peers.folder, terminal=True, says=f"{WORD} " * 500) as server:
        typed = server.typed
        assert typed is not None
        async with connected(server) as session:
            await wait_for(lambda: session.screen.pixel(50, 50) == (255, 0, 0), "the desktop")
            await session.mouse.click(500, 400)

            async def knock() -> bool:
                await session.keyboard.press("x")
                await trio.sleep(0.1)
                return bool(typed.read_text())

            await wait_for_answer(knock, "a key that the terminal hears")
            await session.clipboard.offer(text=TEXT)

            async def paste() -> bool:
                await session.keyboard.press(Key.LEFT_CTRL, Key.LEFT_SHIFT, "v")
                await trio.sleep(0.5)
                return TEXT in typed.read_text()

            await wait_for_answer(paste, "what was pasted")
            await session.mouse.click(500, 400, count=2)
            await trio.sleep(0.3)
            await session.keyboard.press(Key.LEFT_CTRL, Key.LEFT_SHIFT, "c")
            assert await copied(session) == WORD


async def copied(session: Session) -> str | None:
    with trio.fail_after(PATIENCE):
        async for contents in session.clipboard:
            if contents.has_text:
                return await session.clipboard.read_text()
    return None
