"""A client's remote programs, against a server's own, and against servers of another kind."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from tests.app_pair import AGREED, AppPair, open_app_pair
from trio_rdp.channels.rail import (
    Command,
    ExecFlags,
    ExecResult,
    ExecuteResult,
    GetApplicationIdResponse,
    Handshake,
    LanguageBarInformation,
    LanguageBarStatus,
    LanguageProfileInformation,
    NotifyMessage,
    PowerDisplayRequest,
    ProfileType,
    SystemParameter,
    SystemParametersUpdate,
    TaskbarMessage,
    TaskbarTabInfo,
    TrayIcon,
    WindowClosed,
    WindowMove,
    WindowOpened,
    decode_rail,
)
from trio_rdp.channels.rail.app_window import Margins
from trio_rdp.channels.rail.client import USUAL_ABILITIES
from trio_rdp.channels.rail.events import CommandGiven, TrayIconTouched, WindowActivated, WindowMoved
from trio_rdp.channels.rail.initialization import ClientStatusFlags
from trio_rdp.channels.rail.language import CompartmentStatusInformation, ImeConversionMode
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_apps.apps import RemoteApps
from trio_rdp.faces.remote_apps.host import LaunchRequest
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, DesktopFlags
from trio_rdp.pdu.window_orders import DeletedWindow, Window
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused, SessionClosed

CLOSE = Command(Command.CLOSE)
AREA = Rect(10, 20, 300, 200)
TEXT_INPUT = CompartmentStatusInformation(ime_state=True, ime_conv_mode=ImeConversionMode(ImeConversionMode.NATIVE))
PROFILE = LanguageProfileInformation(
    profile_type=ProfileType(ProfileType.KEYBOARDLAYOUT), language_id=0x407, keyboard_layout=0x407
)


async def grant_all(pair: AppPair) -> None:
    async for request in pair.host.launches:
        await request.accept()


async def test_launching(nursery: trio.Nursery) -> None:
    found: list[LaunchRequest] = []

    async def serve(pair: AppPair) -> None:
        async for request in pair.host.launches:
            found.append(request)
            if request.program == "||editor":
                await request.accept()
            else:
                await request.refuse(ExecResult.E_NOT_IN_ALLOWLIST, 0x15)

    async with open_app_pair() as pair:
        nursery.start_soon(serve, pair)
        await pair.apps.launch("||editor", arguments="x y", working_directory="C:\\", flags=ExecFlags.EXPAND_ARGUMENTS)
        (request,) = found
        assert (request.program, request.arguments, request.working_directory) == ("||editor", "x y", "C:\\")
        assert request.flags == ExecFlags.EXPAND_ARGUMENTS
        assert repr(request) == "<LaunchRequest '||editor' 'x y'>"
        expected = r"did not launch \|\|other: the program is not on its list \(Windows' code 0x15\)"
        with pytest.raises(RequestRefused, match=expected) as refusal:
            await pair.apps.launch("||other")
        assert refusal.value.code == ExecResult.E_NOT_IN_ALLOWLIST
        with pytest.raises(LocalProtocolError, match="is not waited for"):
            await request.accept()
        nursery.cancel_scope.cancel()


async def test_windows_come_and_go() -> None:
    async with open_app_pair() as pair:
        early = await pair.host.open_window("Early", AREA)
        watch = aiter(pair.apps.windows)
        first: Any = await anext(watch)
        assert isinstance(first, WindowOpened)
        assert (first.window.title, first.window.rect, first.window.id) == ("Early", AREA, early.id)
        await trio.testing.wait_all_tasks_blocked()
        assert pair.apps.is_synchronized
        late = await pair.host.open_window("Late", Rect(0, 0, 5, 5), owner_id=early.id)
        found = await pair.apps.windows.wait_for(lambda window: window.title == "Late")
        assert (found.owner_id, found.id) == (early.id, late.id)
        await pair.host.arrange([late, early], late)
        assert pair.apps.z_order == (late.id, early.id)
        assert pair.apps.active_window == found
        await pair.host.close_window(late)
        assert pair.apps.active_window is None
        await pair.host.close_window(early)
        assert isinstance(await anext(watch), WindowClosed)
        assert pair.apps.windows == {}


async def test_what_is_done_to_windows() -> None:
    async with open_app_pair() as pair:
        window = await pair.host.open_window("Editor", AREA, resize_margins=Margins(1, 2, 3, 4))
        window_id = window.id
        apps, host = pair.apps, pair.host
        await apps.windows.wait_for(lambda one: True)
        await _pass_settings(pair)
        await apps.activate(window_id)
        assert await anext(host) == WindowActivated(window_id, True)
        await apps.command(apps.windows[window_id], Command.MAXIMIZE)
        assert await anext(host) == CommandGiven(window_id, Command(Command.MAXIMIZE))
        await apps.close(window)
        assert await anext(host) == CommandGiven(window_id, CLOSE)
        await apps.move(window, Rect(5, 6, 7, 8))
        assert await anext(host) == WindowMoved(window_id, Rect(4, 4, 11, 14))
        await apps.move(window, Rect(5, 6, 7, 8), is_snap=True)
        assert await anext(host) == WindowMoved(window_id, Rect(4, 4, 11, 14), True)
        await apps.show_menu(window, 11, 12)
        assert type(await anext(host)).__name__ == "SystemMenuWanted"
        await apps.cloak(window)
        assert type(await anext(host)).__name__ == "CloakingChanged"
        assert host.windows[window_id].is_cloaked
        assert apps.windows[window_id].is_cloaked
        name = await apps.application_id(window)
        assert (name.window_id, name.application_id) == (window_id, "Editor")
        assert apps.windows[window_id].application_id == "Editor"


async def _pass_settings(pair: AppPair) -> None:
    """Take what the client says of its system when it begins."""
    await trio.testing.wait_all_tasks_blocked()
    while pair.host.statistics().events:
        await anext(pair.host)


async def test_notification_icons() -> None:
    async with open_app_pair() as pair:
        icon = TrayIcon(window_id=1, id=2, tool_tip="mail")
        await pair.host.show_icon(icon)
        await pair.apps.tray_icons.wait_for(lambda one: one.tool_tip == "mail")
        await _pass_settings(pair)
        await pair.apps.touch(icon, NotifyMessage.NIN_SELECT)
        assert await anext(pair.host) == TrayIconTouched(1, 2, NotifyMessage(NotifyMessage.NIN_SELECT))
        await pair.host.remove_icon(icon)
        with pytest.raises(LocalProtocolError, match="no notification icon 2 of window 0x1"):
            await pair.apps.touch((1, 2), NotifyMessage.NIN_SELECT)


async def test_this_system() -> None:
    async with open_app_pair() as pair:
        apps, host = pair.apps, pair.host
        await apps.wait_ready()
        await _pass_settings(pair)
        assert host.parameters[SystemParameter(SystemParameter.SETDRAGFULLWINDOWS)] is True
        await apps.set_parameter(SystemParameter.SETCARETWIDTH, 3)
        await apps.set_language_bar(LanguageBarStatus.DOCK)
        await apps.set_language(PROFILE)
        await apps.set_text_input(TEXT_INPUT)
        await apps.set_text_scale(150)
        await apps.set_caret_blink(500)
        kinds = [type(await anext(host)).__name__ for _ in range(6)]
        assert kinds == [
            "ParameterChanged",
            "LanguageBarChanged",
            "LanguageChanged",
            "TextInputChanged",
            "TextScaleChanged",
            "CaretBlinkChanged",
        ]
        assert apps.abilities == host.abilities == USUAL_ABILITIES
        await apps.announce(ClientStatusFlags.ALLOWLOCALMOVESIZE)
        await trio.testing.wait_all_tasks_blocked()
        assert apps.abilities == host.abilities == ClientStatusFlags.ALLOWLOCALMOVESIZE


async def test_the_servers_system() -> None:
    async with open_app_pair() as pair:
        apps, host = pair.apps, pair.host
        await host.wait_ready()
        await host.set_parameter(SystemParameter.SETSCREENSAVEACTIVE, True)
        await host.set_language_bar(LanguageBarStatus.HIDDEN)
        await host.set_text_input(TEXT_INPUT)
        await host.keep_display_on()
        await trio.testing.wait_all_tasks_blocked()
        assert apps.parameters[SystemParameter(SystemParameter.SETSCREENSAVEACTIVE)] is True
        assert apps.language_bar == LanguageBarStatus.HIDDEN
        assert apps.text_input == TEXT_INPUT
        assert apps.is_display_required


class Server:
    """A server that says what a test wants."""

    def __init__(self, nursery: trio.Nursery, limits: Limits | None = None) -> None:
        ours, self.channel = channel_pair("rail")
        self.apps = RemoteApps(limits or Limits(), AGREED, DesktopSize(640, 480))
        self._nursery = nursery
        self._ours = ours

    def start(self) -> None:
        self._nursery.start_soon(self.apps.run, self._ours)

    async def shake_hands(self) -> None:
        self.start()
        await self.channel.send(Handshake(build_number=1).encode())
        for _ in range(7):  # handshake, abilities, five parameters
            await self.channel.receive()

    async def says(self, *orders: Any) -> None:
        for order in orders:
            await self.channel.send(order.encode())
        await trio.testing.wait_all_tasks_blocked()


async def test_calls_wait_for_the_handshake(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    server = Server(nursery)
    nursery.start_soon(server.apps.set_parameter, SystemParameter.SETCARETWIDTH, 3)
    await trio.sleep(1)
    server.start()
    await trio.sleep(1)
    with pytest.raises(trio.WouldBlock):
        server.channel.receive_nowait()
    await server.channel.send(Handshake(build_number=1).encode())
    said = [decode_rail(await server.channel.receive()) for _ in range(8)]
    assert isinstance(said[-1], SystemParametersUpdate)
    assert said[-1].body == 3
    await server.channel.aclose()


async def test_a_cancelled_launch_is_answered_all_the_same(nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    with trio.move_on_after(0):
        await server.apps.launch("||editor")
    done = trio.Event()

    async def launch() -> None:
        await server.apps.launch("||editor")
        done.set()

    with trio.CancelScope() as cancelled:
        async with trio.open_nursery() as inner:
            inner.start_soon(server.apps.launch, "||editor")
            await server.channel.receive()
            cancelled.cancel()
    nursery.start_soon(launch)
    await server.channel.receive()
    answer = ExecuteResult(exe_or_file="||editor")
    await server.says(answer)
    assert not done.is_set()
    await server.says(answer)
    assert done.is_set()
    assert server.apps.statistics().launches == 0
    await server.channel.aclose()


async def test_a_launch_that_cannot_be_sent_leaves_no_trace(nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    for _ in range(64):
        await server.apps.set_text_input(TEXT_INPUT)
    with trio.move_on_after(0.01):
        await server.apps.launch("||editor")
    assert server.apps.statistics().launches == 0
    await server.channel.aclose()


async def test_more_launches_than_may_wait(nursery: trio.Nursery) -> None:
    server = Server(nursery, Limits(app_launches=1))
    await server.shake_hands()

    async def launch() -> None:
        with pytest.raises(ChannelClosed):
            await server.apps.launch("||one")

    nursery.start_soon(launch)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(LocalProtocolError, match="1 launches wait"):
        await server.apps.launch("||two")
    assert server.apps.statistics().launches == server.apps.statistics().max_launches == 1
    await server.channel.aclose()


async def test_refusals_in_plain_words(nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    for code, words in ((ExecResult.E_FILE_NOT_FOUND, "there is no such file$"), (0x77, "it says 0x77$")):
        async with trio.open_nursery() as inner:

            async def launch(words: str = words) -> None:
                with pytest.raises(RequestRefused, match=words):
                    await server.apps.launch("||editor")

            inner.start_soon(launch)
            await server.channel.receive()
            await server.says(ExecuteResult(exe_or_file="||editor", exec_result=ExecResult(code)))
    await server.channel.aclose()


def opened(window_id: int, title: str = "") -> Window:
    return Window(window_id=window_id, is_new=True, title_info=title)


async def test_application_ids(nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    apps, found = server.apps, list[str]()
    apps.receive_orders([opened(1), opened(2)])

    async def ask(window_id: int) -> None:
        try:
            found.append((await apps.application_id(window_id)).application_id)
        except RequestRefused as exc:
            found.append(str(exc))

    with trio.CancelScope() as given_up:
        async with trio.open_nursery() as inner:
            inner.start_soon(ask, 1)
            await trio.testing.wait_all_tasks_blocked()
            given_up.cancel()
    async with trio.open_nursery() as inner:
        for window_id in (1, 1, 2):
            inner.start_soon(ask, window_id)
        await trio.testing.wait_all_tasks_blocked()
        await server.says(GetApplicationIdResponse(window_id=1, application_id="Editor"))
        apps.receive_orders([DeletedWindow(window_id=2)])
    assert sorted(found) == ["Editor", "Editor", "window 0x2 was closed"]
    for call in (apps.application_id, apps.activate, apps.close):
        with pytest.raises(LocalProtocolError, match="no window 0x2"):
            await call(2)
    await server.channel.aclose()


async def test_what_a_server_tells(nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    apps = server.apps
    news = list[str]()

    async def look_on() -> None:
        with contextlib.suppress(ChannelClosed):
            while True:
                await apps.wait_changed()
                news.append("news")

    nursery.start_soon(look_on)
    await trio.testing.wait_all_tasks_blocked()
    await server.says(
        SystemParametersUpdate(system_param=SystemParameter(SystemParameter.SETSCREENSAVEACTIVE), body=True),
        SystemParametersUpdate(system_param=SystemParameter(0x1234), body=b"?"),
        PowerDisplayRequest(active=True),
        LanguageBarInformation(language_bar_status=LanguageBarStatus(LanguageBarStatus.DOCK)),
        TaskbarTabInfo(taskbar_message=TaskbarMessage(TaskbarMessage.TAB_ACTIVE), window_id_tab=7),
    )
    assert news
    assert dict(apps.parameters) == {SystemParameter(SystemParameter.SETSCREENSAVEACTIVE): True}
    assert (apps.is_display_required, apps.active_tab) == (True, 7)
    assert apps.statistics().ignored == 1
    apps.receive_orders([opened(1), ActivelyMonitoredDesktop(flags=DesktopFlags(DesktopFlags.ARC_COMPLETED))])
    assert apps.is_synchronized
    await server.channel.aclose()


async def test_a_server_with_too_many_windows_loses_the_channel(nursery: trio.Nursery) -> None:
    server = Server(nursery, Limits(app_windows=1))
    await server.shake_hands()
    server.apps.receive_orders([opened(1), opened(2)])
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed, match="more than 1 windows"):
        await server.apps.launch("||editor")
    watch = aiter(server.apps.windows)
    assert isinstance(await anext(watch), WindowOpened)
    with pytest.raises(ChannelClosed, match="more than 1 windows"):
        await anext(watch)
    server.apps.receive_orders([opened(3)])
    assert len(server.apps.windows) == 1


async def test_a_server_that_breaks_the_protocol(nursery: trio.Nursery, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(nursery)
    await server.shake_hands()
    await server.says(WindowMove(window_id=1, left=0, top=0, right=1, bottom=1))
    assert "WindowMove, which is a client's" in caplog.text
    with pytest.raises(ChannelClosed):
        await server.apps.wait_changed()


async def test_the_end(nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    apps = server.apps
    apps.receive_orders([opened(1)])
    ends = list[type[Exception]]()

    async def wait(call: Callable[[], Awaitable[object]]) -> None:
        try:
            await call()
        except ChannelClosed as exc:
            ends.append(type(exc))

    for call in (
        lambda: apps.launch("||editor"),
        lambda: apps.application_id(1),
        apps.wait_changed,
        lambda: apps.windows.wait_for(lambda one: False),
    ):
        nursery.start_soon(wait, call)
    await trio.testing.wait_all_tasks_blocked()
    await server.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert ends == [ChannelClosed] * 4
    assert [type(event) async for event in apps.windows] == [WindowOpened]
    with pytest.raises(ChannelClosed):
        await apps.wait_ready()


async def test_the_session_ends(nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    server.apps.session_ended(SessionClosed("the line was cut"))
    with pytest.raises(SessionClosed, match="cut"):
        await server.apps.launch("||editor")
    server._ours.fail("the line was cut")
    with pytest.raises(SessionClosed, match="cut"):
        await anext(aiter(server.apps.windows))
    clean = Server(nursery)
    await clean.shake_hands()
    clean.apps.session_ended(SessionClosed("the session was left"))
    await clean.channel.aclose()
    assert [event async for event in clean.apps.windows] == []
    with pytest.raises(SessionClosed, match="left"):
        await clean.apps.windows.wait_for(lambda one: True)


async def test_a_server_without_remote_programs() -> None:
    apps = RemoteApps(Limits())
    apps.unavailable("the server has no remote programs")
    with pytest.raises(LocalProtocolError, match="no remote programs"):
        await apps.launch("||editor")


async def answer_everything(channel: MessageChannel) -> None:
    """Be a server that answers."""
    while True:
        pdu: Any = decode_rail(await channel.receive())
        match type(pdu).__name__:
            case "Execute":
                await channel.send(ExecuteResult(exe_or_file=pdu.exe_or_file).encode())
            case "GetApplicationId":
                await channel.send(GetApplicationIdResponse(window_id=1, application_id="x").encode())


async def use(apps: RemoteApps) -> None:
    """Do what a user does."""
    await apps.launch("||editor")
    await apps.application_id(1)
    await apps.activate(1)
    await apps.move(1, AREA)


@pytest.mark.parametrize("at", range(0, 40, 2))
async def test_cancelling_at_any_checkpoint(at: int, nursery: trio.Nursery) -> None:
    server = Server(nursery)
    await server.shake_hands()
    server.apps.receive_orders([opened(1)])
    scope = trio.CancelScope()

    async def cancel() -> None:
        for _ in range(at):
            await trio.lowlevel.checkpoint()
        scope.cancel()

    nursery.start_soon(cancel)
    nursery.start_soon(answer_everything, server.channel)
    with scope:
        await use(server.apps)
    # Whatever of it was done, both sides go on; late answers meet nobody.
    with trio.fail_after(20):
        await use(server.apps)
    assert server.apps.statistics().launches == 0
    nursery.cancel_scope.cancel()
