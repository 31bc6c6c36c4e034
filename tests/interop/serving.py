"""Our own server in front of real clients: how tests serve, what they paint, what a client should show of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import trio

from tests.identities import identity
from tests.interop.client import Client
from tests.interop.pictures import Picture, compare, pattern, psnr
from tests.interop.processes import PATIENCE, noted, wait_for
from tests.interop.rdesktop import Rdesktop
from tests.interop.server import PASSWORDS
from tests.interop.xfreerdp import Xfreerdp
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.graphics.depths import fixed_palette, to_indices
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import BitmapCodec, Security, ServerConfig
from trio_rdp.protocol.input_events import InputEvent
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession, serve

__all__ = [
    "EVERY",
    "LOSSLESS",
    "Guest",
    "Served",
    "as_shown",
    "paint",
    "serving",
    "snapshot",
    "wait_close",
    "wait_equal",
]

EVERY = Security.NLA | Security.TLS | Security.NONE

# What every client takes, and shows as it was painted.
LOSSLESS = (BitmapCodec.PLANAR, BitmapCodec.INTERLEAVED, BitmapCodec.RAW)

# A client on this machine that takes longer than this is stuck.  One that is only slow gets no picture on the other
# road before its pipeline is open, what it confirms late is not given up, and it hears why its session is over.
QUICK = Limits(
    negotiation=PATIENCE,
    tls_handshake=PATIENCE,
    authentication=PATIENCE,
    connection_sequence=PATIENCE,
    reactivation=PATIENCE,
    graphics_opening=PATIENCE,
    frame_acknowledgement=PATIENCE,
    audio_confirmation=PATIENCE,
    close_grace=PATIENCE,
)


@dataclass(eq=False)
class Guest:
    """One client's session, which goes on until `leave`; its handler reads all input into `events`."""

    session: ServerSession
    events: list[InputEvent] = field(default_factory=list)
    error: Exception | None = None
    """What ended the session; none after a clean end."""
    _leaving: trio.Event = field(default_factory=trio.Event)
    _left: trio.Event = field(default_factory=trio.Event)

    def describe(self) -> str:
        """What there is to say when a test fails."""
        return f"session of {self.session.client_name}: ended by {self.error!r}, last input {self.events[-20:]}"

    def leave(self) -> None:
        """Let the handler return, so that the server disconnects the client."""
        self._leaving.set()

    async def wait_left(self, seconds: float = PATIENCE) -> None:
        """Wait until the session is over, whoever ended it."""
        await wait_for(self._left.is_set, lambda: f"session over; its statistics: {self.session.statistics()}", seconds)

    async def run(self) -> None:
        """The handler."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_when_leaving, nursery.cancel_scope)
                async for event in self.session.input:
                    self.events.append(event)
                nursery.cancel_scope.cancel()
        finally:
            self._left.set()

    async def _cancel_when_leaving(self, scope: trio.CancelScope) -> None:
        await self._leaving.wait()
        scope.cancel()

    async def wait_event(self, *wanted: InputEvent, seconds: float = PATIENCE) -> None:
        """Wait until these events were among those that came, in this order."""
        await wait_for(
            lambda: _is_in_order(wanted, self.events), lambda: f"{wanted} in order among {self.events}", seconds
        )


def _is_in_order(wanted: tuple[InputEvent, ...], events: list[InputEvent]) -> bool:
    rest = iter(events)
    return all(event in rest for event in wanted)


@dataclass(eq=False)
class Served:
    """A running server of ours."""

    port: int
    scope: trio.CancelScope
    guests: list[Guest] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """What the library said at level info: who was turned away, and why."""

    async def guest(self, number: int = 0) -> Guest:
        """The session of the n-th client that was let in; the pattern is painted."""
        await wait_for(
            lambda: len(self.guests) > number,
            lambda: f"client {number} let in, with {len(self.guests)} so far: {self.log}",
        )
        return self.guests[number]

    async def wait_log(self, words: str) -> None:
        """Wait until the library has said something with these words in it."""
        await wait_for(lambda: any(words in line for line in self.log), lambda: f"{words!r} in {self.log}")

    def describe(self) -> str:
        """What there is to say when a test fails."""
        guests = "".join(f"\n{guest.describe()}" for guest in self.guests)
        return "\n".join([f"our server on {self.port}:", *self.log[-40:]]) + guests


class _Listen(logging.Handler):
    def __init__(self, log: list[str]) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.append(record.getMessage())


async def _lookup(domain: str, user: str) -> str | None:
    return PASSWORDS.get((user, domain))


@contextlib.asynccontextmanager
async def serving(security: Security = EVERY, *, paints: bool = True, **options: Any) -> AsyncIterator[Served]:
    """Serve for `PASSWORDS`, on a free port of the loopback; each client is shown a pattern, by default without loss.

    The server is cancelled when the block is left, and then nothing of it is left: no task, no failed session.
    """
    config = ServerConfig(**{"security": security, "limits": QUICK, "codecs": LOSSLESS, **options})
    tasks = trio.lowlevel.current_statistics().tasks_living

    async def handler(session: ServerSession) -> None:
        if paints:
            await paint(session)
        guest = Guest(session)
        served.guests.append(guest)
        await guest.run()

    def failed(session: ServerSession, error: Exception) -> None:
        guest = next((guest for guest in served.guests if guest.session is session), None)
        if guest is None:
            raise error
        guest.error = error

    async def run(task_status: trio.TaskStatus[list[trio.SocketListener]]) -> None:
        with scope:
            await start(task_status=task_status)

    scope = trio.CancelScope()
    start = partial(serve, handler, 0, config=config, credentials=_lookup, identity=identity(), on_handler_error=failed)
    logger = logging.getLogger("trio_rdp")
    level = logger.level
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(run)
        served = Served(listeners[0].socket.getsockname()[1], scope)
        listen = _Listen(served.log)
        logger.addHandler(listen)
        logger.setLevel(logging.INFO)
        try:
            # Each wait has its own patience; this one ends what waits for nothing in particular.
            with noted(served.describe), trio.fail_after(9 * PATIENCE):
                yield served
        finally:
            logger.removeHandler(listen)
            logger.setLevel(level)
            scope.cancel()
    assert trio.lowlevel.current_statistics().tasks_living == tasks


async def paint(session: ServerSession, picture: Picture | None = None, left: int = 0, top: int = 0) -> None:
    """Show a picture, by default a pattern as large as the desktop."""
    if picture is None:
        width, height = session.size.width, session.size.height
        picture = pattern(max(width, 400), max(height, 400), f"{session.connection.color_depth} bits")[:height, :width]
    height, width = picture.shape[:2]
    async with session.display.frame() as frame:
        frame.blit(Rect(left, top, width, height), np.ascontiguousarray(picture), PixelFormat.RGB24)


def snapshot(session: ServerSession) -> Picture:
    """The server's framebuffer."""
    return np.ascontiguousarray(session.display.snapshot()[:, :, 2::-1])


def as_shown(picture: Picture, bits_per_pixel: int, client: Client | None = None) -> Picture:
    """What a client shows of a picture: below 24 bits a pixel the upper bits of a channel, repeated below.

    At 8 bits it is the nearest colour of the palette.  Without a client, it is what all of them should show.
    """
    if bits_per_pixel == 8:
        bgrx = np.concatenate([picture[:, :, ::-1], np.zeros_like(picture[:, :, :1])], axis=2)
        return np.frombuffer(fixed_palette(), np.uint8).reshape(256, 3)[to_indices(bgrx)]
    if bits_per_pixel > 16:
        return picture
    bits = {16: (5, 6, 5), 15: (5, 5, 5)}[bits_per_pixel]
    red, green, blue = (picture[:, :, channel].astype(int) >> 8 - bits[channel] for channel in range(3))
    repeated = green >> 2 * bits[1] - 8
    if bits_per_pixel == 16 and isinstance(client, Xfreerdp):
        repeated = green >> 3  # FreeRDP 2.11 adds one bit too many
    elif bits_per_pixel == 15 and isinstance(client, Rdesktop):
        repeated = green >> 3 | (red & 1) << 2  # rdesktop 1.9 looks at one of red's bits, too
    greens = np.minimum((green << 8 - bits[1]) + repeated, 255)
    return np.stack([red << 3 | red >> 2, greens, blue << 3 | blue >> 2], axis=2).astype(np.uint8)


async def wait_close(client: Client, session: ServerSession, decibels: float, seconds: float = PATIENCE) -> Picture:
    """Wait until the client shows the framebuffer as close as that, by `psnr`; gives what it shows."""
    wanted = snapshot(session)
    client.width, client.height = session.size.width, session.size.height
    return await client.wait_picture(
        lambda shown: shown.shape == wanted.shape and psnr(shown, wanted) >= decibels,
        lambda shown: f"{decibels} dB: {compare(shown, wanted)}",
        seconds,
    )


async def wait_equal(client: Client, session: ServerSession, seconds: float = PATIENCE) -> None:
    """Wait until the client shows the framebuffer, equal in every pixel as far as its depth goes."""
    wanted = as_shown(snapshot(session), session.connection.color_depth, client)
    client.width, client.height = session.size.width, session.size.height
    await client.wait_shows(wanted, seconds=seconds)
