"""A client and a server in one process whose picture goes through the graphics pipeline."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import trio

from trio_rdp.client import Session
from trio_rdp.display_statistics import GraphicsStatistics
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair

CLIENT = ClientConfig(username="user", security=Security.NONE, desktop_size=DesktopSize(300, 200))
SERVER = ServerConfig(security=Security.NONE, minimum_size=DesktopSize(1, 1))


@contextlib.asynccontextmanager
async def pipeline_pair(
    *, client: dict[str, Any] | None = None, **server: Any
) -> AsyncIterator[tuple[Session, ServerSession]]:
    """`client` and the rest are fields of the configurations; something is painted already."""
    configs = replace(CLIENT, **client or {}), replace(SERVER, **server)
    async with open_session_pair(client_config=configs[0], server_config=configs[1]) as (ours, theirs):
        with trio.fail_after(30):
            await paint(theirs, (1, 2, 3))
            await wait_equal(ours, theirs)
            yield ours, theirs


async def paint(session: ServerSession, color: tuple[int, int, int], rect: Rect | None = None) -> None:
    async with session.display.frame() as frame:
        frame.fill(frame.bounds if rect is None else rect, color)


def is_equal(client: Session, server: ServerSession) -> bool:
    return np.array_equal(client.screen.snapshot(), server.display.snapshot())


async def wait_equal(client: Session, server: ServerSession) -> None:
    """Wait until the client shows the server's picture, pixel by pixel."""
    while not is_equal(client, server):
        with trio.move_on_after(0.1):
            await client.screen.wait_changed()


def pipeline(session: ServerSession) -> GraphicsStatistics:
    found = session.display.statistics().pipeline
    assert found is not None, "the picture takes the other road"
    return found


def noise(width: int, height: int, seed: int = 1) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
