"""`DisplayControl` and `DisplayControlHost`: other monitors, or another size, in the middle of a session.

await session.display_control.resize(1600, 900)
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import trio

from trio_rdp.channels.disp import DISP_CHANNEL_NAME, DisplayControlMonitor, MonitorFlags, Orientation
from trio_rdp.channels.disp_client import DisplayControlClient, LayoutLimits
from trio_rdp.channels.disp_server import DisplayControlServer, LayoutImpossible, LayoutRequested
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import SessionClosed

__all__ = ["DisplayControl", "DisplayControlHost", "DisplayControlStatistics", "LayoutHandler", "LayoutLimits"]

_log = logging.getLogger(__name__)

LayoutHandler: TypeAlias = Callable[[tuple[Monitor, ...]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class DisplayControlStatistics:
    """A server's layouts: received, passed over for a newer one, too large to be shown, and failed in the handler.

    At most one, the latest, waits while the handler works.
    """

    received: int
    superseded: int
    impossible: int
    failed: int
    waiting: int


class DisplayControl(ChannelFace):
    """A client's wishes for the desktop; the server decides, and the session's screen shows what it did.

    A server that cannot show a layout answers nothing ([MS-RDPEDISP] 1.3).
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(DISP_CHANNEL_NAME)
        self._limits = limits
        self._machine = DisplayControlClient()

    @property
    def layout_limits(self) -> LayoutLimits | None:
        """What the server takes; None until it has said so."""
        return self._machine.layout_limits

    async def wait_ready(self) -> LayoutLimits:
        """Wait until the server has said what it takes, and give that; raises as `wait_open` does."""
        await trio.lowlevel.checkpoint()
        _, found = await self._ready()
        return found

    async def set_layout(self, monitors: Sequence[Monitor]) -> None:
        """Ask for these monitors in place of all that there are; exactly one is primary, and is at (0, 0).

        Waits until the server is ready to be asked; cancelling sends all or nothing.  Raises `LocalProtocolError` with
        the reason for monitors that overlap or lie apart, of odd width, of sides not within 200 to 8192 pixels, or
        beyond what the server takes; and where the server has no display control.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        channel, _ = await self._ready()
        await self._send(channel, self._machine.layout([_to_wire(one) for one in monitors]))

    async def resize(self, width: int, height: int, *, scale: int = 100) -> None:
        """Ask for one monitor of this size, in pixels, and of a scale of 100 to 500 per cent.

        Raises as `set_layout` does.
        """
        await self.set_layout([Monitor(width=width, height=height, is_primary=True, desktop_scale_factor=scale)])

    async def _ready(self) -> tuple[MessageChannel, LayoutLimits]:
        while True:
            channel = await self._opened()
            found = self._machine.layout_limits
            if found is not None:
                return channel, found
            await self._changed.wait()

    async def _work(self, channel: MessageChannel) -> None:
        while True:
            if self._machine.receive(await channel.receive()):
                self._wake()

    def _ended(self) -> None:
        self._machine = DisplayControlClient()


class DisplayControlHost(ChannelFace):
    """A server's ear for what its client wants to be shown.

    `on_layout` gets each layout, one call at a time; of those that come while it works only the latest is kept.  What
    it raises is logged, and the session goes on.
    """

    def __init__(self, limits: Limits, on_layout: LayoutHandler) -> None:
        super().__init__(DISP_CHANNEL_NAME)
        self._limits = limits
        self._on_layout = on_layout
        self._machine = self._new_machine()
        self._monitors: tuple[Monitor, ...] = ()
        self._waiting: tuple[Monitor, ...] | None = None
        self._arrived = trio.Event()
        self._received = 0
        self._superseded = 0
        self._impossible = 0
        self._failed = 0

    @property
    def monitors(self) -> tuple[Monitor, ...]:
        """The layout that the client asked for last; empty until it asks for one."""
        return self._monitors

    def statistics(self) -> DisplayControlStatistics:
        """What the client asked for."""
        return DisplayControlStatistics(
            self._received, self._superseded, self._impossible, self._failed, int(self._waiting is not None)
        )

    async def _work(self, channel: MessageChannel) -> None:
        await channel.send(self._machine.start())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._handle_layouts)
            while True:
                for event in self._machine.receive(await channel.receive()):
                    self._take(event)

    def _take(self, event: LayoutRequested | LayoutImpossible) -> None:
        self._received += 1
        match event:
            case LayoutImpossible(reason):
                self._impossible += 1
                _log.info("a client's layout is passed over: %s", reason)
            case LayoutRequested(monitors):
                self._superseded += self._waiting is not None
                self._monitors = self._waiting = tuple(map(_from_wire, monitors))
                self._arrived.set()

    async def _handle_layouts(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived = trio.Event()
            monitors, self._waiting = self._waiting, None
            if monitors is not None:
                await self._handle(monitors)

    async def _handle(self, monitors: tuple[Monitor, ...]) -> None:
        try:
            await self._on_layout(monitors)
        except SessionClosed:
            _log.debug("a client's layout came too late: the session is over")
        except Exception:
            self._failed += 1
            _log.exception("the handler of layouts failed")

    def _ended(self) -> None:
        self._machine = self._new_machine()
        self._waiting = None

    def _new_machine(self) -> DisplayControlServer:
        limits = self._limits
        return DisplayControlServer(limits.display_monitors, limits.desktop_side, limits.desktop_pixels)


def _to_wire(monitor: Monitor) -> DisplayControlMonitor:
    return DisplayControlMonitor(
        flags=MonitorFlags.PRIMARY if monitor.is_primary else MonitorFlags(0),
        left=monitor.left,
        top=monitor.top,
        width=monitor.width,
        height=monitor.height,
        physical_width=monitor.physical_width,
        physical_height=monitor.physical_height,
        orientation=Orientation(monitor.orientation),
        desktop_scale_factor=monitor.desktop_scale_factor,
        device_scale_factor=monitor.device_scale_factor,
    )


def _from_wire(monitor: DisplayControlMonitor) -> Monitor:
    return Monitor(
        left=monitor.left,
        top=monitor.top,
        width=monitor.width,
        height=monitor.height,
        is_primary=MonitorFlags.PRIMARY in monitor.flags,
        physical_width=monitor.physical_width,
        physical_height=monitor.physical_height,
        orientation=int(monitor.orientation),
        desktop_scale_factor=monitor.desktop_scale_factor,
        device_scale_factor=monitor.device_scale_factor,
    )
