"""The clipboard of an X display, as programs on it see it: `xclip` owns it, and asks its owner."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import trio

from tests.interop.display import Display
from tests.interop.processes import PATIENCE, launched, need, numbered

__all__ = ["owning", "selection", "wait_targets"]


@contextlib.asynccontextmanager
async def owning(display: Display, target: str, data: bytes) -> AsyncIterator[None]:
    """Have a program copy something, in one form, and stay there until the block is left."""
    need("xclip")
    path = trio.Path(numbered(display.folder, "copied"))
    await path.write_bytes(data)
    command = ["xclip", "-quiet", "-selection", "clipboard", "-t", target, "-i", str(path)]
    async with launched("xclip", command, display.folder, env=display.env):
        yield


async def selection(display: Display, target: str) -> bytes:
    """What a program gets that pastes in this form; nothing where the owner gives none."""
    need("xclip")
    command = ["timeout", "10", "xclip", "-selection", "clipboard", "-t", target, "-o"]
    return await trio.to_thread.run_sync(lambda: display.run_sync(*command, check=False))


async def wait_targets(display: Display, *wanted: str) -> None:
    """Wait until the clipboard's owner offers these forms."""
    found: list[str] = []
    with trio.move_on_after(PATIENCE):
        while not set(wanted) <= set(found):
            await trio.sleep(0.05)
            found = (await selection(display, "TARGETS")).decode().split("\n")
        return
    raise AssertionError(f"not all of {wanted} in {found}")
