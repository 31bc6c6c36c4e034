"""Our own client in front of real servers: how tests connect, what a session shows, what X shows at the same time."""

from __future__ import annotations

import contextlib
import ctypes
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import trio

from tests.interop.display import Display
from tests.interop.pictures import Picture, compare, save
from tests.interop.processes import PATIENCE, noted, numbered, wait_for
from tests.interop.server import Server
from tests.interop.weston import WestonServer
from trio_rdp.client import Session, open_session
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.limits import Limits

__all__ = [
    "Tap",
    "client_config",
    "connected",
    "count_frames",
    "cursor",
    "filled_up",
    "shown",
    "truncated",
    "wait_desktop",
    "wait_quiet",
    "wait_shows",
]

# A peer on this machine that takes longer than this is stuck.
QUICK = Limits(
    negotiation=PATIENCE,
    tls_handshake=PATIENCE,
    authentication=PATIENCE,
    connection_sequence=PATIENCE,
    reactivation=PATIENCE,
    resize=PATIENCE,
)


def client_config(**options: Any) -> ClientConfig:
    """alice's configuration, with changes."""
    usual: dict[str, Any] = {
        "username": "alice",
        "password": "Secret1!",
        "security": Security.TLS,
        "certificate_policy": "insecure",
        "desktop_size": DesktopSize(1024, 768),
        "codecs": (),  # so that pictures are exact; codecs that lose something have tests of their own,
        "enable_graphics_pipeline": False,  # and so has H.264, which freerdp-shadow uses wherever it can
        "limits": QUICK,
    }
    return ClientConfig(**{**usual, **options})


@contextlib.asynccontextmanager
async def connected(server: Server, **options: Any) -> AsyncIterator[Session]:
    """A session as alice, unless the options say otherwise."""
    # Each wait has its own patience; this one ends what waits for nothing in particular.
    with noted(server.process.describe), trio.fail_after(9 * PATIENCE):
        seats = server.seats() if isinstance(server, WestonServer) else 0
        async with open_session(
            server.host, server.port, config=client_config(**{**server.needs, **options})
        ) as session:
            yield session
            if isinstance(server, WestonServer):
                await server.wait_seat(seats)


async def wait_quiet(session: Session, seconds: float = 0.3) -> None:
    """Wait until nothing comes any more, or for a while: freerdp-shadow 3.15 goes on without H.264."""
    with trio.move_on_after(10 * seconds):
        await session.screen.wait_settled(seconds)


def shown(session: Session) -> Picture:
    """What the session shows now."""
    return np.ascontiguousarray(session.screen.snapshot()[:, :, 2::-1])


async def wait_shows(session: Session, wanted: Picture, folder: Path, seconds: float = PATIENCE) -> None:
    """Wait until the session shows this picture, equal in every pixel; else keep both and say where."""

    def describe() -> str:
        save(shown(session), one := numbered(folder, "shown", ".png"))
        save(wanted, other := numbered(folder, "wanted", ".png"))
        return f"equal picture: {compare(shown(session), wanted)}: {one} is not {other}"

    # Not once a frame: xrdp's are tiles of 64 pixels, and comparing would take longer than painting.
    await wait_for(lambda: np.array_equal(shown(session), wanted), describe, seconds)


async def wait_desktop(session: Session) -> None:
    """Wait until the pattern is there; xrdp shows a dialog of its own before, and takes no input for the desktop."""
    await wait_for(
        lambda: np.array_equal(shown(session)[-50:, -50:].min(axis=(0, 1)), (255, 255, 0)),
        lambda: f"the pattern's yellow square; {shown(session)[-50, -50].tolist()} is there",
    )


def filled_up(picture: Picture, bits_per_pixel: int) -> Picture:
    """What xrdp 0.9.21 makes of TigerVNC's picture at a colour depth.

    A channel v of b bits goes out as the level (v * (2^b - 1) + 128) // 255, the nearest one.  It comes back with the
    level's upper bits repeated below, and at 8 bits a pixel (3, 3 and 2 of them) as level * 255 // (2^b - 1).
    """

    def convert(values: Picture, bits: int) -> Picture:
        most = (1 << bits) - 1
        level = (values.astype(int) * most + 128) // 255
        return (level * 255 // most if bits < 5 else _repeat(level, bits)).astype(np.uint8)

    return _by_channel(picture, bits_per_pixel, convert)


def truncated(picture: Picture, bits_per_pixel: int) -> Picture:
    """What freerdp-shadow 2.11 makes of a picture: the upper bits of a channel, which come back repeated below."""
    return _by_channel(
        picture, bits_per_pixel, lambda values, bits: _repeat(values.astype(int) >> 8 - bits, bits).astype(np.uint8)
    )


def _by_channel(picture: Picture, bits_per_pixel: int, convert: Any) -> Picture:
    if bits_per_pixel > 16:
        return picture
    bits = {16: (5, 6, 5), 15: (5, 5, 5), 8: (3, 3, 2)}[bits_per_pixel]
    return np.stack([convert(picture[:, :, channel], bits[channel]) for channel in range(3)], axis=2)


def _repeat(level: Any, bits: int) -> Any:
    return level << 8 - bits | level >> 2 * bits - 8


def count_frames(session: Session) -> Counter[Action]:
    """Count the frames that come from now on, fast path and slow path apart."""
    counts: Counter[Action] = Counter()
    receive = session._receive

    def counting(action: Action, frame: bytes) -> None:
        counts[action] += 1
        receive(action, frame)

    session._receive = counting  # type: ignore[method-assign]
    return counts


class Tap(trio.abc.Stream):
    """A stream that knows what became of it; `on_use`, if set, is called before every read and write."""

    def __init__(self, inner: trio.abc.Stream) -> None:
        self.inner = inner
        self.ended = False
        self.closed = False
        self.uses = 0
        self.on_use: Any = None

    def _use(self) -> None:
        self.uses += 1
        if self.on_use is not None:
            self.on_use()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._use()
        await self.inner.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.inner.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        self._use()
        data = await self.inner.receive_some(max_bytes)
        self.ended = self.ended or not data
        return data

    async def aclose(self) -> None:
        self.closed = True
        await self.inner.aclose()


class _CursorImage(ctypes.Structure):
    """XFixesCursorImage: one unsigned long a pixel, ARGB with premultiplied colours."""

    _fields_ = [
        ("x", ctypes.c_short),
        ("y", ctypes.c_short),
        ("width", ctypes.c_ushort),
        ("height", ctypes.c_ushort),
        ("xhot", ctypes.c_ushort),
        ("yhot", ctypes.c_ushort),
        ("serial", ctypes.c_ulong),
        ("pixels", ctypes.POINTER(ctypes.c_ulong)),
    ]


def cursor(display: Display) -> PointerShape:
    """The pointer that X shows now."""
    x11: Any = ctypes.CDLL("libX11.so.6")
    fixes: Any = ctypes.CDLL("libXfixes.so.3")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    fixes.XFixesGetCursorImage.restype = ctypes.POINTER(_CursorImage)
    connection = ctypes.c_void_p(x11.XOpenDisplay(display.name.encode()))
    image = fixes.XFixesGetCursorImage(connection).contents
    count = image.width * image.height
    pixels = (
        np.array(image.pixels[:count], np.uint64).astype("<u4").view(np.uint8).reshape(image.height, image.width, 4)
    )
    shape = PointerShape(pixels.copy(), (image.xhot, image.yhot))
    x11.XCloseDisplay(connection)
    return shape
