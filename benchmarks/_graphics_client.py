"""Our client, in a process of its own: notes when it shows what.

    python _graphics_client.py PORT

It reads a line of JSON at a time and answers with one: `watch` names the marks to read from then on, `last` asks for
what they say, `keep` keeps the whole picture as it is, `tell` gives what was seen and writes the pictures that were
kept to the file that it names.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import _graphics_marks as marks
import numpy as np
import trio
from _graphics_pauses import Pauses

from trio_rdp.client import Session, open_session
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Watch:
    """What the screen has shown."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._marks: list[Rect] = []
        self._kept: list[NDArray[np.uint8]] = []
        self._aside = 0.0
        self._pauses = Pauses()
        self.seen: list[list[tuple[float, int]]] = []

    async def run(self) -> None:
        async for _ in self._session.screen:
            self._look()

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        began = time.thread_time()
        told: dict[str, Any] = {}
        match order:
            case {"watch": places}:
                self._marks = [Rect(x, y, marks.WIDTH, marks.HEIGHT) for x, y in places]
                self.seen = [[] for _ in places]
                self._aside = 0.0
                trio.lowlevel.add_instrument(pauses := Pauses())
                self._pauses = pauses
                self._look()
            case {"keep": _}:
                self._kept.append(self._session.screen.snapshot())
                self._aside += time.thread_time() - began
            case {"last": _}:
                told = {"last": [seen[-1][1] if seen else -1 for seen in self.seen]}
            case {"tell": path}:
                trio.lowlevel.remove_instrument(self._pauses)
                told = {"seen": self.seen, "aside": self._aside, "pause": self._pauses.longest}
                np.save(path, np.stack(self._kept))
                self._kept.clear()
        return told

    def _look(self) -> None:
        now = time.monotonic()
        for seen, mark in zip(self.seen, self._marks, strict=True):
            number = marks.read(self._session.screen.snapshot(mark))
            if not seen or seen[-1][1] != number:
                seen.append((now, number))


async def main(port: int) -> None:
    config = ClientConfig(security=Security.TLS, certificate_policy="insecure", desktop_size=DesktopSize(1920, 1080))
    async with open_session("127.0.0.1", port, username="ada", password="", config=config) as session:
        watch = Watch(session)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.run)
            while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
                print(json.dumps(watch.obey(json.loads(line))), flush=True)
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
