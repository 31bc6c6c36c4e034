"""`AppHost`: a server's single programs, each window for itself, for a client that asks for them.

    request = await anext(session.app_host.launches)
    await request.accept()
    window = await session.app_host.open_window("Clock", Rect(100, 100, 300, 200))

What a window shows is painted on the session's display, where `AppWindow.rect` says; keys and mouse come with input.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import trio

from trio_rdp.channels.rail import CHANNEL_NAME
from trio_rdp.channels.rail.app_window import (
    AppWindow,
    LocalMove,
    SizeLimits,
    TrayIcon,
    icon_orders,
    window_orders,
)
from trio_rdp.channels.rail.events import (
    ApplicationIdWanted,
    CaretBlinkChanged,
    ClientReady,
    CloakingChanged,
    CommandGiven,
    LanguageBarChanged,
    LanguageChanged,
    LaunchWanted,
    ParameterChanged,
    Reply,
    SystemMenuWanted,
    TextInputChanged,
    TextScaleChanged,
    TrayIconTouched,
    WindowActivated,
    WindowMoved,
)
from trio_rdp.channels.rail.initialization import ClientStatusFlags
from trio_rdp.channels.rail.language import CompartmentStatusInformation, LanguageBarStatus
from trio_rdp.channels.rail.launching import ExecFlags, ExecResult
from trio_rdp.channels.rail.server import RailServer, RailServerEvent
from trio_rdp.channels.rail.system_parameters import SystemParameter, SystemParameterBody
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.capabilities_extensions import RailSupportLevel
from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, DesktopFlags
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon
from trio_rdp.pdu.window_orders import DeletedWindow
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.remote_programs import RemotePrograms
from trio_rdp.wire.errors import EncodeError, LocalProtocolError

__all__ = ["AppEvent", "AppHost", "AppHostStatistics", "LaunchRequest", "LaunchRequests"]

_T = TypeVar("_T")

AppEvent: TypeAlias = (
    WindowActivated
    | WindowMoved
    | CommandGiven
    | SystemMenuWanted
    | TrayIconTouched
    | CloakingChanged
    | ParameterChanged
    | LanguageBarChanged
    | LanguageChanged
    | TextInputChanged
    | TextScaleChanged
    | CaretBlinkChanged
)
"""What a client's user does to windows and icons, and what the client says of its own system."""

_FIRST_ID = 0x10000
_MARKER = 1
_MOST_ORDERED = 255  # windows of which an order can say which is in front of which


@dataclass(frozen=True, slots=True)
class AppHostStatistics:
    """What waits for the handler (now, at most, and the bounds), and what was lost or meant nothing."""

    events: int
    peak_events: int
    max_events: int
    events_dropped: int
    launches: int
    max_launches: int
    windows: int
    tray_icons: int
    ignored: int


class LaunchRequest:
    """A program that the client wants to run; it is to be accepted or refused."""

    def __init__(self, host: AppHost, wanted: LaunchWanted) -> None:
        self.program: str = wanted.program
        """A path, or "||" and an alias."""
        self.arguments: str = wanted.arguments
        self.working_directory: str = wanted.working_directory
        self.flags: ExecFlags = wanted.flags
        self._host = host
        self._number = wanted.request

    def __repr__(self) -> str:
        return f"<LaunchRequest {self.program!r} {self.arguments!r}>"

    async def accept(self) -> None:
        """Say that the program runs; raises `LocalProtocolError` for one that was answered."""
        await self._host._answer(self._number, ExecResult.S_OK, 0)

    async def refuse(self, result: ExecResult | int = ExecResult.E_FAIL, raw_result: int = 0) -> None:
        """Say why it does not: an `ExecResult`, and a Win32 error code where there is one; raises as `accept` does."""
        await self._host._answer(self._number, result, raw_result)


class LaunchRequests:
    """What the client wants to run, as an iteration; it ends with the channel."""

    def __init__(self, host: AppHost) -> None:
        self._host = host

    def __aiter__(self) -> LaunchRequests:
        return self

    async def __anext__(self) -> LaunchRequest:
        return await self._host._next(self._host._launches)


class AppHost(ChannelFace):
    """The windows that a client shows as its own, and what its user does to them, in turn, as an iteration.

    What waits for the handler is bounded by `Limits.app_events`: beyond it the oldest is dropped; a window that is
    moved on and on has one event.  Windows may be opened before the client is ready, which is told of them then.
    """

    def __init__(
        self,
        limits: Limits,
        send_orders: Callable[[Sequence[WindowOrder]], Awaitable[None]],
        agreed: RemotePrograms | None = None,
        *,
        largest_order: int = 0xFFFF,
    ) -> None:
        super().__init__(CHANNEL_NAME)
        self._largest_order = largest_order
        self._limits = limits
        self._send_orders = send_orders
        self._knows_handshake_ex = agreed is not None and RailSupportLevel.HANDSHAKE_EX_SUPPORTED in agreed.level
        self._machine = self._new_machine()
        self._windows: dict[int, AppWindow] = {}
        self._tray: dict[tuple[int, int], TrayIcon] = {}
        self._order: tuple[int, ...] = ()
        self._active: int | None = None
        self._next_id = _FIRST_ID
        self._is_ready = False
        self._is_shown = False  # whether the client knows the windows
        self._showing = trio.Lock()
        self._parameters: dict[SystemParameter, SystemParameterBody] = {}
        self._events: deque[AppEvent] = deque()
        self._launches: deque[LaunchRequest] = deque()
        self._arrived = trio.Event()
        self._peak = 0
        self._dropped = 0
        self._ignored = 0
        self._is_working = False
        self._is_clean = False
        self.launches: LaunchRequests = LaunchRequests(self)
        """The programs that the client wants to run, for who iterates; what is not answered keeps it waiting."""
        self.windows: Mapping[int, AppWindow] = MappingProxyType(self._windows)
        self.tray_icons: Mapping[tuple[int, int], TrayIcon] = MappingProxyType(self._tray)
        self.parameters: Mapping[SystemParameter, SystemParameterBody] = MappingProxyType(self._parameters)
        """What the client has said of its system's parameters."""

    # What the client is and does.

    @property
    def abilities(self) -> ClientStatusFlags:
        """What the client can do."""
        return self._machine.abilities

    async def wait_ready(self) -> None:
        """Wait until the client has said what it can do."""
        await trio.lowlevel.checkpoint()
        await self._ready()

    def __aiter__(self) -> AppHost:
        return self

    async def __anext__(self) -> AppEvent:
        """The next thing that the client's user does; cancelling loses none."""
        return await self._next(self._events)

    def statistics(self) -> AppHostStatistics:
        """What waits, and what was lost."""
        return AppHostStatistics(
            len(self._events),
            self._peak,
            self._limits.app_events,
            self._dropped,
            self._machine.launches,
            self._limits.app_launches,
            len(self._windows),
            len(self._tray),
            self._ignored + self._machine.ignored,
        )

    # Windows.

    async def open_window(self, title: str, rect: Rect, **options: Any) -> AppWindow:
        """Open a window at a rectangle of the desktop; `options` are further fields of `AppWindow`.

        Raises `LocalProtocolError` beyond `Limits.app_windows` and where the client shows a desktop, `EncodeError` for
        what no order can say, such as a title of more than 260 characters, and `ChannelClosed` or `SessionClosed` when
        there is no client any more.  Cancelling opens it, or does not.
        """
        async with self._showing:
            if len(self._windows) >= self._limits.app_windows:
                raise LocalProtocolError(f"{len(self._windows)} windows are open")
            window = AppWindow(id=self._next_id, title=title, rect=rect, **options)
            await self._show(window_orders(None, window))
            self._next_id += 1
            self._windows[window.id] = window
            self._order = (window.id, *self._order)
            return window

    async def change_window(self, window: AppWindow | int, **changes: Any) -> AppWindow:
        """Give a window other values for fields of `AppWindow`, all but its `id`; raises as `open_window` does."""
        if "id" in changes:
            raise LocalProtocolError("a window keeps its id")
        async with self._showing:
            before = self._known(window)
            after = replace(before, **changes)
            await self._show(window_orders(before, after))
            self._windows[before.id] = after
            return after

    async def close_window(self, window: AppWindow | int) -> None:
        """Close a window; raises `LocalProtocolError` for one that is not open."""
        async with self._showing:
            window_id = self._known(window).id
            await self._show([DeletedWindow(window_id=window_id)])
            del self._windows[window_id]
            self._order = tuple(one for one in self._order if one != window_id)
            if self._active == window_id:
                self._active = None

    async def arrange(self, windows: Iterable[AppWindow | int], active: AppWindow | int | None = None) -> None:
        """Say which windows are in front of which, the topmost first (255 at most), and which has the keyboard."""
        async with self._showing:
            ids = tuple(self._known(one).id for one in windows)
            active_id = None if active is None else self._known(active).id
            await self._show([_arrangement(ids, active_id)])
            self._order, self._active = ids, active_id

    async def show_icon(self, icon: TrayIcon) -> None:
        """Show a notification icon, or change the one with its `key`."""
        async with self._showing:
            before = self._tray.get(icon.key)
            if before is None and len(self._tray) >= self._limits.app_tray_icons:
                raise LocalProtocolError(f"{len(self._tray)} notification icons are shown")
            await self._show(icon_orders(before, icon))
            self._tray[icon.key] = icon

    async def remove_icon(self, icon: TrayIcon | tuple[int, int]) -> None:
        """Take a notification icon away; raises `LocalProtocolError` for one that is not shown."""
        async with self._showing:
            key = icon.key if isinstance(icon, TrayIcon) else icon
            if key not in self._tray:
                raise LocalProtocolError(f"there is no notification icon {key[1]} of window {key[0]:#x}")
            await self._show([DeletedNotificationIcon(window_id=key[0], notify_icon_id=key[1])])
            del self._tray[key]

    async def begin_move(self, window: AppWindow | int, move: LocalMove, limits: SizeLimits | None = None) -> None:
        """Let the client move or resize a window by itself; `WindowMoved` says where it is then.

        Raises `LocalProtocolError` where the client does not do that (`ClientStatusFlags.ALLOWLOCALMOVESIZE`).
        """
        channel = await self._ready()
        window_id = self._known(window).id
        if limits is not None:
            await self._send(channel, self._machine.limit_size(window_id, limits))
        await self._send(channel, self._machine.begin_move(window_id, move))

    async def end_move(self, window: AppWindow | int, move: LocalMove) -> None:
        """Say that a move by the client has ended, where the window is now; raises as `begin_move` does."""
        channel = await self._ready()
        known = self._known(window)
        left, top = known.rect.left, known.rect.top
        await self._send(channel, self._machine.end_move(known.id, move.kind, left, top))

    async def cloak(self, window: AppWindow | int, is_cloaked: bool = True) -> None:
        """Hide a window without closing it, or show it again; raises `LocalProtocolError` where the client cannot."""
        channel = await self._ready()
        window_id = self._known(window).id
        await self._send(channel, self._machine.cloak(window_id, is_cloaked))
        if window_id in self._windows:
            self._windows[window_id] = replace(self._windows[window_id], is_cloaked=is_cloaked)

    # This system.

    async def set_parameter(self, parameter: SystemParameter | int, value: SystemParameterBody) -> None:
        """Tell a parameter of this system; raises `EncodeError` for a value of another type than the parameter's."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_parameter(SystemParameter(parameter), value))

    async def set_language_bar(self, status: LanguageBarStatus | int) -> None:
        """Tell how this system's language bar is shown."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_language_bar(LanguageBarStatus(status)))

    async def set_text_input(self, status: CompartmentStatusInformation) -> None:
        """Tell how the input method is set."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_text_input(status))

    async def keep_display_on(self, is_active: bool = True) -> None:
        """Ask for the client's display to stay on; raises `LocalProtocolError` where the client does not do that."""
        channel = await self._ready()
        await self._send(channel, self._machine.keep_display_on(is_active))

    # Showing.  INVARIANT: who shows holds the lock, and changes the picture only behind the orders.

    async def _show(self, orders: list[WindowOrder]) -> None:
        self._raise_end()
        for order in orders:
            if len(order.encode()) > self._largest_order:
                raise EncodeError(f"the client takes no order of more than {self._largest_order} bytes")
        if orders and self._is_shown:
            await self._send_orders(orders)

    async def _synchronize(self) -> None:
        """Describe everything, as [MS-RDPERP] 3.3.5.1.8 says."""
        async with self._showing:
            orders: list[WindowOrder] = [
                ActivelyMonitoredDesktop(flags=DesktopFlags.ARC_BEGAN | DesktopFlags.HOOKED),
                *(order for window in self._windows.values() for order in window_orders(None, window)),
                *(order for icon in self._tray.values() for order in icon_orders(None, icon)),
                _arrangement(self._order, self._active),
                ActivelyMonitoredDesktop(flags=DesktopFlags(DesktopFlags.ARC_COMPLETED)),
            ]
            await self._send_orders(orders)
            self._is_shown = True

    def _known(self, window: AppWindow | int) -> AppWindow:
        window_id = window if isinstance(window, int) else window.id
        if window_id not in self._windows:
            raise LocalProtocolError(f"there is no window {window_id:#x}")
        return self._windows[window_id]

    # The channel.

    def _new_machine(self) -> RailServer:
        return RailServer(takes_handshake_ex=self._knows_handshake_ex, max_launches=self._limits.app_launches)

    async def _ready(self) -> MessageChannel:
        while True:
            channel = await self._opened()
            if self._is_ready:
                return channel
            await self._arrived.wait()

    async def _answer(self, number: int, result: ExecResult | int, raw_result: int) -> None:
        channel = await self._ready()
        await self._send(channel, self._machine.answer_launch(number, result, raw_result))

    async def _work(self, channel: MessageChannel) -> None:
        self._is_working, self._is_clean = True, False
        try:
            await channel.send(self._machine.start())
            async with trio.open_nursery() as nursery:
                while True:
                    events = self._machine.receive(await channel.receive())
                    for event in events:
                        if isinstance(event, Reply):
                            await channel.send(event.message)
                        elif isinstance(event, ClientReady):
                            await self._greet(channel)
                            self._is_ready = True  # the handler's calls come behind that
                            nursery.start_soon(self._synchronize)
                        elif isinstance(event, ApplicationIdWanted):
                            await self._tell_name(channel, event.window_id)
                        else:
                            self._take(event)
                    self._tell()
        except BaseException as exc:
            self._is_clean = _is_clean(exc)
            raise
        finally:
            self._is_working = False
            self._tell()

    async def _greet(self, channel: MessageChannel) -> None:
        """Say of this system what belongs to the beginning (1.3.2.4)."""
        machine = self._machine
        if ClientStatusFlags.ZORDER_SYNC in machine.abilities:
            await channel.send(machine.set_marker_window(_MARKER))
        for parameter in (SystemParameter.SETSCREENSAVEACTIVE, SystemParameter.SETSCREENSAVESECURE):
            await channel.send(machine.set_parameter(SystemParameter(parameter), False))

    async def _tell_name(self, channel: MessageChannel, window_id: int) -> None:
        """Say to which application a window belongs; "if no such window exists", nothing (3.3.5.2.7.1)."""
        window = self._windows.get(window_id)
        if window is None:
            self._ignored += 1
            return
        name = (window.application_id or window.title)[:_LONGEST_NAME]
        image = window.process_image_name[:_LONGEST_NAME]
        message = self._machine.tell_application_id(
            window_id, name, process_id=window.process_id, process_image_name=image
        )
        await channel.send(message)

    def _take(self, event: RailServerEvent) -> None:
        match event:
            case LaunchWanted():
                self._launches.append(LaunchRequest(self, event))  # no more than the machine allows
                return
            case TrayIconTouched(window_id=window_id, icon_id=icon_id):
                if (window_id, icon_id) not in self._tray:
                    self._ignored += 1
                    return
            case WindowActivated(window_id=window_id) if window_id == _MARKER:
                pass  # the user goes to a window that is none of ours
            case (
                WindowActivated(window_id=window_id)
                | WindowMoved(window_id=window_id)
                | CommandGiven(window_id=window_id)
                | SystemMenuWanted(window_id=window_id)
                | CloakingChanged(window_id=window_id)
            ):
                if window_id not in self._windows:
                    self._ignored += 1
                    return
                if isinstance(event, CloakingChanged):
                    self._windows[window_id] = replace(self._windows[window_id], is_cloaked=event.is_cloaked)
            case ParameterChanged(parameter=parameter, value=value):
                if not parameter.is_known:
                    self._ignored += 1
                    return
                self._parameters[parameter] = value
            case Reply() | ClientReady() | ApplicationIdWanted():
                return
        self._queue(event)

    def _queue(self, event: AppEvent) -> None:
        last = self._events[-1] if self._events else None
        if isinstance(event, WindowMoved) and isinstance(last, WindowMoved) and last.window_id == event.window_id:
            self._events[-1] = event
            return
        if len(self._events) >= self._limits.app_events:
            self._events.popleft()
            self._dropped += 1
        self._events.append(event)
        self._peak = max(self._peak, len(self._events))

    async def _next(self, queue: deque[_T]) -> _T:
        await trio.lowlevel.checkpoint_if_cancelled()
        while not queue:
            # How a session ended is seen by who received from its channel, after the end itself.
            if self._end is not None and not self._is_working:
                if self._is_clean:
                    raise StopAsyncIteration
                self._raise_end()
            await self._arrived.wait()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return queue.popleft()

    def _ended(self) -> None:
        self._machine, self._is_ready = self._new_machine(), False
        self._launches.clear()
        self._is_shown = False
        self._tell()

    def _tell(self) -> None:
        self._arrived.set()
        self._arrived = trio.Event()


_LONGEST_NAME = 259  # characters of an application's name, which is 520 bytes with its end


def _arrangement(ids: tuple[int, ...], active: int | None) -> WindowOrder:
    return ActivelyMonitoredDesktop(window_ids=list(ids[:_MOST_ORDERED]), active_window_id=active)


def _is_clean(exc: BaseException) -> bool:
    """Whether the channel's task ends because the channel was closed."""
    while isinstance(exc, BaseExceptionGroup) and len(exc.exceptions) == 1:
        exc = exc.exceptions[0]
    return isinstance(exc, trio.EndOfChannel | trio.ClosedResourceError)
