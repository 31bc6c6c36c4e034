"""`RemoteApps`: single programs of a server, each window for itself, as a client's session has them.

    await session.remote_apps.launch("||notepad", arguments="letter.txt")
    window = await session.remote_apps.windows.wait_for(lambda window: "letter" in window.title)
    await session.remote_apps.command(window, Command.MAXIMIZE)

Pixels, keys and mouse are the session's: a window is the rectangle of the screen that `AppWindow.rect` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import trio

from trio_rdp.channels.rail import CHANNEL_NAME
from trio_rdp.channels.rail.app_window import AppWindow, TrayIcon
from trio_rdp.channels.rail.client import USUAL_ABILITIES, RailClient, RailClientEvent, usual_parameters
from trio_rdp.channels.rail.client_events import Command, NotifyMessage
from trio_rdp.channels.rail.events import (
    ApplicationIdReceived,
    HandshakeDone,
    LanguageBarChanged,
    LaunchAnswered,
    ParameterChanged,
    PowerRequestChanged,
    Reply,
    TabActivated,
    TextInputChanged,
)
from trio_rdp.channels.rail.initialization import ClientStatusFlags
from trio_rdp.channels.rail.language import (
    CompartmentStatusInformation,
    LanguageBarStatus,
    LanguageProfileInformation,
)
from trio_rdp.channels.rail.launching import ExecFlags, ExecResult
from trio_rdp.channels.rail.system_parameters import SystemParameter, SystemParameterBody
from trio_rdp.channels.rail.window_list import (
    TrayIconChanged,
    TrayIconClosed,
    TrayIconOpened,
    WindowBounds,
    WindowChanged,
    WindowClosed,
    WindowList,
    WindowOpened,
)
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_apps.windows import AppWindows, TrayIcons
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.capabilities_extensions import RailSupportLevel
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.remote_programs import RemotePrograms
from trio_rdp.wire.errors import LocalProtocolError, RdpError, RemoteProtocolError, RequestRefused

__all__ = ["RemoteApps", "RemoteAppsStatistics"]

_REASONS: Mapping[int, str] = {
    ExecResult.E_HOOK_NOT_LOADED: "its session does not watch windows",
    ExecResult.E_DECODE_FAILED: "it did not understand the request",
    ExecResult.E_NOT_IN_ALLOWLIST: "the program is not on its list",
    ExecResult.E_FILE_NOT_FOUND: "there is no such file",
    ExecResult.E_FAIL: "the program could not be started",
    ExecResult.E_SESSION_LOCKED: "the session is locked",
}


@dataclass(frozen=True, slots=True)
class RemoteAppsStatistics:
    """How many windows, icons and unanswered launches there are, with their bounds, and what was passed over.

    `pictures_left_out` counts icons beyond `Limits.app_icon_bytes`, `ignored` messages and orders that meant nothing.
    """

    windows: int
    max_windows: int
    tray_icons: int
    max_tray_icons: int
    launches: int
    max_launches: int
    pictures_left_out: int
    ignored: int


class _Request:
    """Somebody who waits for an answer."""

    __slots__ = ("answer", "error", "event")

    def __init__(self) -> None:
        self.event = trio.Event()
        self.answer: LaunchAnswered | ApplicationIdReceived | None = None
        self.error: RdpError | None = None

    def settle(
        self, answer: LaunchAnswered | ApplicationIdReceived | None = None, error: RdpError | None = None
    ) -> None:
        self.answer, self.error = answer, error
        self.event.set()


class RemoteApps(ChannelFace):
    """The programs that a server shows one by one, where `ClientConfig.enable_remote_apps` asks for that.

    Calls wait until the server is ready.  They raise `LocalProtocolError` where it has no remote programs, and
    `ChannelClosed` or `SessionClosed` when they are over.  A window may be given by its id.
    """

    def __init__(
        self, limits: Limits, agreed: RemotePrograms | None = None, desktop: DesktopSize | None = None
    ) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._list = WindowList(
            WindowBounds(
                windows=limits.app_windows,
                tray_icons=limits.app_tray_icons,
                rectangles=limits.app_window_rectangles,
                icon_bytes=limits.app_icon_bytes,
                icon_caches=0 if agreed is None else agreed.icon_caches,
                icon_cache_entries=0 if agreed is None else agreed.icon_cache_entries,
            )
        )
        self.windows: AppWindows = AppWindows(self._list.windows)
        """All windows by their ids: a mapping, and events for who iterates."""
        self.tray_icons: TrayIcons = TrayIcons(self._list.tray_icons)
        """All notification icons by `TrayIcon.key`: a mapping, and events for who iterates."""
        self.abilities: ClientStatusFlags = USUAL_ABILITIES
        """What the server is told that this client can do; `announce` changes it."""
        self.language_bar: LanguageBarStatus | None = None
        """How the server's language bar is shown; None before it has said so."""
        self.text_input: CompartmentStatusInformation | None = None
        """How the server's input method is set; None before it has said so."""
        self.is_display_required: bool = False
        """Whether the server asks for the display to stay on."""
        self.active_tab: int | None = None
        """The window whose tab in the task bar is in front."""
        self._has_language_bar = agreed is not None and RailSupportLevel.DOCKED_LANGBAR_SUPPORTED in agreed.level
        self._parameters: dict[SystemParameter, SystemParameterBody] = {}
        self._usual = usual_parameters(Rect(0, 0, *(desktop.width, desktop.height))) if desktop else []
        self._machine = self._new_machine()
        self._launches: dict[int, _Request] = {}
        self._names: dict[int, list[_Request]] = {}
        self._ignored = 0
        self._is_ready = False
        self._is_working = False
        self._is_clean = False
        self._news = trio.Event()

    # What there is.

    @property
    def parameters(self) -> Mapping[SystemParameter, SystemParameterBody]:
        """What the server has said of its system's parameters."""
        return MappingProxyType(self._parameters)

    @property
    def z_order(self) -> tuple[int, ...]:
        """Ids of windows from the top; the server may name windows that it does not show."""
        return self._list.z_order

    @property
    def active_window(self) -> AppWindow | None:
        """The window that has the keyboard, if one of these has."""
        active = self._list.active_window_id
        return None if active is None else self._list.windows.get(active)

    @property
    def is_synchronized(self) -> bool:
        """Whether the server has described all windows that were there when it began."""
        return self._list.is_synchronized

    async def wait_ready(self) -> None:
        """Wait until the server is ready for requests."""
        await trio.lowlevel.checkpoint()
        await self._ready()

    async def wait_changed(self) -> None:
        """Wait until anything here is not as it was: a window, their order, a parameter, the language bar.

        Raises `ChannelClosed` or `SessionClosed` when the end comes first.
        """
        await trio.lowlevel.checkpoint()
        news = self._news
        self._raise_end()
        await news.wait()
        self._raise_end()

    def statistics(self) -> RemoteAppsStatistics:
        """How much there is, and what was passed over."""
        limits, windows = self._limits, self._list
        return RemoteAppsStatistics(
            len(windows.windows),
            limits.app_windows,
            len(windows.tray_icons),
            limits.app_tray_icons,
            self._machine.launches,
            limits.app_launches,
            windows.icons_left_out,
            windows.ignored + self._machine.ignored + self._ignored,
        )

    # Programs.

    async def launch(self, program: str, *, arguments: str = "", working_directory: str = "", flags: int = 0) -> None:
        """Launch a program: its path on the server, or "||" and the alias that the server has for it.

        `flags` are `ExecFlags`: whether variables are expanded, and whether `program` is a file to be opened.  Returns
        when the server has launched it; its windows come by themselves.  Raises `RequestRefused`, whose `code` is an
        `ExecResult`, where the server does not, `LocalProtocolError` beyond `Limits.app_launches`, and `EncodeError`
        for more than 260 characters (8,000 of arguments).  Cancelling does not stop a launch that was sent.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        channel = await self._ready()
        machine = self._machine
        number, message = machine.launch(
            program, arguments=arguments, working_directory=working_directory, flags=ExecFlags(flags)
        )
        request = self._launches[number] = _Request()
        try:
            await self._send(channel, message)
        except BaseException:
            self._launches.pop(number, None)
            machine.withdraw_launch(number)
            raise
        try:
            await request.event.wait()
        finally:
            self._launches.pop(number, None)
            machine.forget_launch(number)
        if request.error is not None:
            raise request.error.with_traceback(None)
        assert isinstance(request.answer, LaunchAnswered)
        result = request.answer.result
        if result != ExecResult.S_OK:
            raw = request.answer.raw_result
            why = _REASONS.get(result, f"it says {int(result):#x}")
            windows_code = f" (Windows' code {raw:#x})" if raw else ""
            raise RequestRefused(f"the server did not launch {program}: {why}{windows_code}", int(result))

    async def application_id(self, window: AppWindow | int) -> ApplicationIdReceived:
        """Ask to which application a window belongs; the answer is also in `AppWindow.application_id` from then on.

        Raises `LocalProtocolError` for a window that is not there, `RequestRefused` for one that closes before the
        answer.  Servers need not answer: a deadline is wise.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        channel = await self._ready()
        window_id = self._known(window)
        request = _Request()
        waiting = self._names.setdefault(window_id, [])
        waiting.append(request)
        try:
            await self._send(channel, self._machine.get_application_id(window_id))
            await request.event.wait()
        finally:
            waiting.remove(request)
            if not waiting and self._names.get(window_id) is waiting:
                del self._names[window_id]
        if request.error is not None:
            raise request.error.with_traceback(None)
        assert isinstance(request.answer, ApplicationIdReceived)
        return request.answer

    # Windows.

    async def activate(self, window: AppWindow | int, is_active: bool = True) -> None:
        """Bring a window to the front and give it the keyboard, or take that away; a click does so by itself."""
        channel = await self._ready()
        await self._send(channel, self._machine.activate(self._known(window), is_active))

    async def command(self, window: AppWindow | int, command: Command | int) -> None:
        """Have a window minimized, maximized, restored, closed, and so on."""
        channel = await self._ready()
        await self._send(channel, self._machine.system_command(self._known(window), Command(command)))

    async def close(self, window: AppWindow | int) -> None:
        """Ask a window to close; its program may ask its user first."""
        await self.command(window, Command.CLOSE)

    async def move(self, window: AppWindow | int, rect: Rect, *, is_snap: bool = False) -> None:
        """Move and resize a window, in pixels of the desktop; its `resize_margins` are added.

        `is_snap` says that it was put to an edge of the desktop, from where its old size can come back.
        """
        channel = await self._ready()
        window_id = self._known(window)
        margins = self.windows[window_id].resize_margins
        outer = Rect.from_edges(
            rect.left - margins.left, rect.top - margins.top, rect.right + margins.right, rect.bottom + margins.bottom
        )
        await self._send(channel, self._machine.move(window_id, outer, is_snap=is_snap))

    async def show_menu(self, window: AppWindow | int, x: int, y: int) -> None:
        """Have a window show its system menu at a pixel of the desktop."""
        channel = await self._ready()
        await self._send(channel, self._machine.system_menu(self._known(window), x, y))

    async def cloak(self, window: AppWindow | int, is_cloaked: bool = True) -> None:
        """Say that a window cannot be seen here, as on another virtual desktop, or can be seen again."""
        channel = await self._ready()
        window_id = self._known(window)
        await self._send(channel, self._machine.cloak(window_id, is_cloaked))
        self._publish(self._list.note(window_id, is_cloaked=is_cloaked) if window_id in self.windows else [])

    async def touch(self, icon: TrayIcon | tuple[int, int], message: NotifyMessage | int) -> None:
        """Do to a notification icon what a user does: a click, a menu, a balloon that is closed."""
        channel = await self._ready()
        window_id, icon_id = icon.key if isinstance(icon, TrayIcon) else icon
        if (window_id, icon_id) not in self.tray_icons:
            raise LocalProtocolError(f"there is no notification icon {icon_id} of window {window_id:#x}")
        await self._send(channel, self._machine.notify(window_id, icon_id, NotifyMessage(message)))

    # This system.

    async def announce(self, abilities: ClientStatusFlags | int) -> None:
        """Tell the server what this client can do, instead of the usual abilities.

        With ALLOWLOCALMOVESIZE, moving a window is up to you: `AppWindow.local_move` says when, `move` ends it.
        """
        channel = await self._ready()
        flags = ClientStatusFlags(abilities)
        await self._send(channel, self._machine.announce(flags))
        self.abilities = flags

    async def set_parameter(self, parameter: SystemParameter | int, value: SystemParameterBody) -> None:
        """Tell a parameter of this system, such as its work area; raises `EncodeError` for a value of another type."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_parameter(SystemParameter(parameter), value))

    async def set_language_bar(self, status: LanguageBarStatus | int) -> None:
        """Tell how the language bar is shown here."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_language_bar(LanguageBarStatus(status)))

    async def set_language(self, profile: LanguageProfileInformation) -> None:
        """Tell which language is typed."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_language(profile))

    async def set_text_input(self, status: CompartmentStatusInformation) -> None:
        """Tell how the input method is set here."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_text_input(status))

    async def set_text_scale(self, percent: int) -> None:
        """Tell how large text is here, 100 to 225 per cent.

        Raises `LocalProtocolError` where the server does not follow.
        """
        channel = await self._ready()
        await self._send(channel, self._machine.set_text_scale(percent))

    async def set_caret_blink(self, milliseconds: int) -> None:
        """Tell how fast the caret blinks here; raises `LocalProtocolError` where the server does not follow."""
        channel = await self._ready()
        await self._send(channel, self._machine.set_caret_blink(milliseconds))

    # For the session.

    def receive_orders(self, orders: Iterable[WindowOrder]) -> None:
        """Take drawing orders of windows; a server that goes beyond the limits loses the channel."""
        try:
            for order in orders:
                self._publish(self._list.apply(order))
        except RemoteProtocolError as exc:
            self._ignored += 1
            if self._channel is not None:
                self._channel.fail(str(exc))

    # The channel.

    def _new_machine(self) -> RailClient:
        return RailClient(
            self._list,
            abilities=self.abilities,
            parameters=self._usual,
            has_language_bar=self._has_language_bar,
            max_launches=self._limits.app_launches,
        )

    async def _ready(self) -> MessageChannel:
        """Wait for the server's handshake, and give the channel."""
        while True:
            channel = await self._opened()
            if self._is_ready:
                return channel
            await self._news.wait()

    def _known(self, window: AppWindow | int) -> int:
        window_id = window if isinstance(window, int) else window.id
        if window_id not in self.windows:
            raise LocalProtocolError(f"there is no window {window_id:#x}")
        return window_id

    async def _work(self, channel: MessageChannel) -> None:
        self._is_working, self._is_clean = True, False
        self.windows.begin()
        self.tray_icons.begin()
        try:
            while True:
                events = self._machine.receive(await channel.receive())
                for event in events:
                    if isinstance(event, Reply):
                        await channel.send(event.message)
                self._is_ready = self._machine.is_ready  # users' calls come behind what the handshake owes
                self._publish(events)
        except (trio.EndOfChannel, trio.ClosedResourceError):
            self._is_clean = True
            raise
        finally:
            self._is_working = False
            if self._end is not None:
                self._end_iterations(self._end)

    def _publish(self, events: Iterable[RailClientEvent]) -> None:
        """Tell those who wait, or look on."""
        is_news = False
        for event in events:
            is_news = True
            match event:
                case WindowOpened(window=window):
                    self.windows.note(window.id, window, is_new=True)
                case WindowChanged(window=window):
                    self.windows.note(window.id, window)
                case WindowClosed(window=window):
                    self.windows.note(window.id, window, is_gone=True)
                    gone = RequestRefused(f"window {window.id:#x} was closed")
                    for request in self._names.pop(window.id, ()):
                        request.settle(error=gone)
                case TrayIconOpened(icon=icon):
                    self.tray_icons.note(icon.key, icon, is_new=True)
                case TrayIconChanged(icon=icon):
                    self.tray_icons.note(icon.key, icon)
                case TrayIconClosed(icon=icon):
                    self.tray_icons.note(icon.key, icon, is_gone=True)
                case LaunchAnswered():
                    if (launch := self._launches.pop(event.request, None)) is not None:
                        launch.settle(event)
                case ApplicationIdReceived():
                    for request in self._names.pop(event.window_id, ()):
                        request.settle(event)
                case _:
                    self._note(event)
        if is_news:
            self._tell()

    def _note(self, event: RailClientEvent) -> None:
        match event:
            case ParameterChanged(parameter=parameter, value=value):
                if parameter.is_known:
                    self._parameters[parameter] = value
                else:
                    self._ignored += 1
            case LanguageBarChanged(status=bar):
                self.language_bar = bar
            case TextInputChanged(status=text_input):
                self.text_input = text_input
            case PowerRequestChanged(is_active=is_active):
                self.is_display_required = is_active
            case TabActivated(window_id=window_id):
                self.active_tab = window_id
            case HandshakeDone() | _:
                pass

    def _ended(self) -> None:
        assert self._end is not None
        launches, self._launches = self._launches, {}
        names, self._names = self._names, {}
        for request in [*launches.values(), *(one for waiting in names.values() for one in waiting)]:
            request.settle(error=self._end)
        self._machine, self._is_ready = self._new_machine(), False
        if not self._is_working:
            self._end_iterations(self._end)
        self._tell()

    def _end_iterations(self, error: RdpError) -> None:
        """End who looks on.  How a session ended is seen by who received from its channel, after the end itself."""
        self.windows.end(error, is_clean=self._is_clean)
        self.tray_icons.end(error, is_clean=self._is_clean)

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()
