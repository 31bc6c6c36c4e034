"""Our server that plays contents on its client's desktop, in a process of its own.

    python _graphics_server.py FOLDER

It prints its port, and then does as `_graphics_x11.py`; with the times it tells what its display did.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import trio
from _frames import HEIGHT, WIDTH
from _graphics_contents import Box, make_content
from _graphics_pauses import Pauses
from _graphics_play import Play

from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import DesktopSize, Security, ServerConfig
from trio_rdp.server import ServerSession, serve
from trio_rdp.transport import TlsIdentity


class Player:
    """A handler's hands: what was drawn since the last frame goes into the next."""

    def __init__(self, session: ServerSession, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        self._boxes: list[Box] = []
        self._changed = trio.Event()

    async def show(self) -> None:
        """Send what changed, for ever."""
        while True:
            await self._changed.wait()
            async with self._session.display.frame() as frame:
                self._changed = trio.Event()
                for left, top, width, height in dict.fromkeys(self._boxes):
                    frame.blit(Rect(left, top, width, height), self._picture[top : top + height, left : left + width])
                self._boxes.clear()

    async def play(self, wanted: dict[str, Any]) -> None:
        content = await trio.to_thread.run_sync(make_content, wanted["content"], self._folder)
        play = Play(content, self._picture, wanted["first"])
        self._touch([(0, 0, WIDTH, HEIGHT)])
        answer({})
        await line()
        before, pauses = self._seconds(), Pauses()
        trio.lowlevel.add_instrument(pauses)
        play.start()
        end = time.monotonic() + wanted["seconds"]
        while play.due < end:
            await trio.sleep(max(play.due - time.monotonic(), 0))
            self._touch(play.step())
        trio.lowlevel.remove_instrument(pauses)
        told: dict[str, Any] = {"times": play.times, "drawing": play.drawing, "pause": pauses.longest}
        after = self._seconds()
        told["codecs"] = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
        told["display"] = asdict(self._session.display.statistics())
        answer(told)

    def _touch(self, boxes: list[Box]) -> None:
        self._boxes += boxes
        self._changed.set()

    def _seconds(self) -> dict[str, float]:
        """What each codec has taken until now."""
        return {codec.name: one.seconds for codec, one in self._session.display.statistics().codecs.items()}


async def line() -> str:
    # Not abandoned when the session ends: the input ends soon after it, and nothing else may read it.
    return await trio.to_thread.run_sync(sys.stdin.readline)


def answer(told: dict[str, Any], default: Callable[[Any], str] = str) -> None:
    print(json.dumps(plain(told), default=default), flush=True)


def plain(value: Any) -> Any:
    """A dictionary with texts for keys, as JSON wants it."""
    return {str(getattr(key, "name", key)): plain(one) for key, one in value.items()} if type(value) is dict else value


async def main(folder: Path) -> None:
    async def handler(session: ServerSession) -> None:
        player = Player(session, folder)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(player.show)
                while wanted := await line():
                    await player.play(json.loads(wanted))
                nursery.cancel_scope.cancel()
        finally:
            server.cancel()

    config = ServerConfig(
        security=Security.TLS,
        identity=TlsIdentity.self_signed(["localhost"]),
        desktop_size=DesktopSize(WIDTH, HEIGHT),
    )
    async with trio.open_nursery() as nursery:
        server = nursery.cancel_scope
        listeners = await nursery.start(partial(serve, handler, 0, config=config))
        print(listeners[0].socket.getsockname()[1], flush=True)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
