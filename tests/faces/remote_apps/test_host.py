"""A server's single programs, against a client's own, and against clients of another kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import trio
import trio.testing

from tests.app_pair import AGREED, open_app_pair
from trio_rdp.channels.rail import (
    Activate,
    ClientInformation,
    ClientStatusFlags,
    Execute,
    ExecuteResult,
    GetApplicationId,
    GetApplicationIdExtendedResponse,
    GetApplicationIdResponse,
    Handshake,
    HandshakeEx,
    LocalMove,
    MinMaxInfo,
    MoveSizeEnd,
    MoveSizeStart,
    MoveSizeType,
    NotifyEvent,
    NotifyMessage,
    SizeLimits,
    SystemParameter,
    SystemParametersUpdate,
    TrayIcon,
    WindowCloakStateChange,
    WindowMove,
    ZOrderSyncInformation,
    decode_rail,
)
from trio_rdp.channels.rail.events import CloakingChanged, WindowActivated, WindowMoved
from trio_rdp.faces.remote_apps.host import AppHost
from trio_rdp.graphics.app_icon import AppIcon
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, DesktopFlags
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon, NotificationIcon
from trio_rdp.pdu.window_orders import DeletedWindow, Window
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, EncodeError, LocalProtocolError, SessionClosed

AREA = Rect(10, 20, 300, 200)
EVERYTHING = ClientStatusFlags(0x7FF)
MOVE = LocalMove(MoveSizeType(MoveSizeType.MOVE), 1, 2)


class Client:
    """A client that says what a test wants, and notes the orders of windows."""

    def __init__(self, nursery: trio.Nursery, limits: Limits | None = None) -> None:
        self.orders: list[WindowOrder] = []
        self.ours, self.channel = channel_pair("rail")
        self.host = AppHost(limits or Limits(), self._send_orders, AGREED)
        self.may_send = trio.Event()
        self.may_send.set()
        nursery.start_soon(self.host.run, self.ours)

    async def _send_orders(self, orders: Sequence[WindowOrder]) -> None:
        await self.may_send.wait()
        self.orders += orders

    async def shake_hands(self, abilities: int = EVERYTHING) -> None:
        assert isinstance(decode_rail(await self.channel.receive()), HandshakeEx)
        await self.says(Handshake(build_number=1), ClientInformation(flags=ClientStatusFlags(abilities)))
        while self.channel_has_more():
            pass

    def channel_has_more(self) -> bool:
        try:
            self.channel.receive_nowait()
        except trio.WouldBlock:
            return False
        return True

    async def says(self, *orders: Any) -> None:
        for order in orders:
            await self.channel.send(order.encode())
        await trio.testing.wait_all_tasks_blocked()

    async def hears(self) -> Any:
        return decode_rail(await self.channel.receive())


async def test_a_session_begins(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    early = await client.host.open_window("Early", AREA)
    icon = TrayIcon(window_id=early.id, id=1)
    await client.host.show_icon(icon)
    assert client.orders == []
    assert isinstance(await client.hears(), HandshakeEx)
    await client.says(Handshake(build_number=1), ClientInformation(flags=EVERYTHING))
    assert isinstance(await client.hears(), ZOrderSyncInformation)
    assert [(await client.hears()).body for _ in range(2)] == [False, False]
    begin, window, tray, order, end = client.orders
    assert begin == ActivelyMonitoredDesktop(flags=DesktopFlags.ARC_BEGAN | DesktopFlags.HOOKED)
    assert isinstance(window, Window)
    assert window.title_info == "Early"
    assert isinstance(tray, NotificationIcon)
    assert order == ActivelyMonitoredDesktop(window_ids=[early.id])
    assert end == ActivelyMonitoredDesktop(flags=DesktopFlags(DesktopFlags.ARC_COMPLETED))
    await client.channel.aclose()


async def test_only_what_changes_is_sent(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    host = client.host
    client.orders.clear()
    window = await host.open_window("Editor", AREA)
    assert [type(order) for order in client.orders] == [Window]
    changed = await host.change_window(window, title="Letter")
    assert changed == host.windows[window.id] == replace(window, title="Letter")
    assert client.orders[1:] == [Window(window_id=window.id, title_info="Letter")]
    await host.change_window(window.id, title="Letter")
    assert len(client.orders) == 2
    icon = TrayIcon(window_id=window.id, id=1, tool_tip="mail")
    await host.show_icon(icon)
    await host.show_icon(replace(icon, tool_tip="letter"))
    assert host.tray_icons[icon.key].tool_tip == "letter"
    await host.remove_icon(icon)
    await host.close_window(window)
    assert client.orders[-2:] == [
        DeletedNotificationIcon(window_id=window.id, notify_icon_id=1),
        DeletedWindow(window_id=window.id),
    ]
    assert not host.windows
    await client.channel.aclose()


async def test_order_and_activity(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    host = client.host
    back, front = await host.open_window("back", AREA), await host.open_window("front", AREA)
    await host.arrange([front, back.id], front)
    assert client.orders[-1] == ActivelyMonitoredDesktop(window_ids=[front.id, back.id], active_window_id=front.id)
    await host.arrange([back])
    assert client.orders[-1] == ActivelyMonitoredDesktop(window_ids=[back.id])
    with pytest.raises(LocalProtocolError, match="no window 0x63"):
        await host.arrange([99])
    await client.channel.aclose()


async def test_what_is_not_there(nursery: trio.Nursery) -> None:
    client = Client(nursery, Limits(app_windows=1, app_tray_icons=1))
    host = client.host
    window = await host.open_window("one", AREA)
    with pytest.raises(LocalProtocolError, match="1 windows are open"):
        await host.open_window("two", AREA)
    await host.show_icon(TrayIcon(window_id=1, id=1))
    with pytest.raises(LocalProtocolError, match="1 notification icons are shown"):
        await host.show_icon(TrayIcon(window_id=1, id=2))
    with pytest.raises(LocalProtocolError, match="no notification icon 2 of window 0x1"):
        await host.remove_icon((1, 2))
    await host.close_window(window)
    for call in (host.close_window, host.change_window):
        with pytest.raises(LocalProtocolError, match="no window 0x10000"):
            await call(window)
    await client.channel.aclose()


async def test_what_no_order_can_say(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    with pytest.raises(EncodeError, match="exceeds 520"):
        await client.host.open_window("x" * 261, AREA)
    assert not client.host.windows
    small = AppHost(Limits(), client._send_orders, AGREED, largest_order=500)
    large = AppIcon(32, 32, 32, b"", bytes(4096))
    with pytest.raises(EncodeError, match="no order of more than 500 bytes"):
        await small.open_window("Editor", AREA, icon=large)
    await client.channel.aclose()


async def test_cancelling_leaves_what_was(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    host = client.host
    window = await host.open_window("Editor", AREA)
    client.may_send = trio.Event()
    client.orders.clear()
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: host.open_window("other", AREA),
        lambda: host.change_window(window, title="other"),
        lambda: host.close_window(window),
        lambda: host.arrange([window], window),
    ]
    for call in calls:
        with trio.move_on_after(0.001) as scope:
            await call()
        assert scope.cancelled_caught
    assert host.windows == {window.id: window}
    client.may_send.set()
    await host.change_window(window, title="Letter")
    assert client.orders == [Window(window_id=window.id, title_info="Letter")]
    await client.channel.aclose()


async def test_events_of_windows_that_are_there(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    host = client.host
    window = await host.open_window("Editor", AREA)
    await host.show_icon(TrayIcon(window_id=1, id=2))
    click = NotifyMessage(NotifyMessage.NIN_SELECT)
    await client.says(
        Activate(window_id=window.id, enabled=True),
        Activate(window_id=99, enabled=True),
        Activate(window_id=1, enabled=False),  # the marker: the user is elsewhere
        NotifyEvent(window_id=1, notify_icon_id=3, message=click),
        NotifyEvent(window_id=1, notify_icon_id=2, message=click),
        WindowCloakStateChange(window_id=window.id, cloaked=True),
        SystemParametersUpdate(system_param=SystemParameter(0x1234), body=b""),
        GetApplicationId(window_id=99),
    )
    assert [await anext(host) for _ in range(2)] == [WindowActivated(window.id, True), WindowActivated(1, False)]
    assert type(await anext(host)).__name__ == "TrayIconTouched"
    assert await anext(host) == CloakingChanged(window.id, True)
    assert host.windows[window.id].is_cloaked
    assert host.statistics().ignored == 4
    assert host.statistics().events == 0
    await client.channel.aclose()


async def test_moves_become_one_and_the_oldest_is_dropped(nursery: trio.Nursery) -> None:
    client = Client(nursery, Limits(app_events=2))
    await client.shake_hands()
    host = client.host
    window = await host.open_window("Editor", AREA)
    for left in range(3):
        await client.says(WindowMove(window_id=window.id, left=left, top=0, right=9, bottom=9))
    statistics = host.statistics()
    assert (statistics.events, statistics.events_dropped) == (1, 0)
    for is_active in (True, False):
        await client.says(Activate(window_id=window.id, enabled=is_active))
    statistics = host.statistics()
    assert (statistics.events, statistics.peak_events, statistics.max_events, statistics.events_dropped) == (2, 2, 2, 1)
    assert await anext(host) == WindowActivated(window.id, True)
    await client.says(WindowMove(window_id=window.id, left=5, top=6, right=9, bottom=9))
    await anext(host)
    assert await anext(host) == WindowMoved(window.id, Rect(5, 6, 4, 3))
    await client.channel.aclose()


async def test_launches_wait_for_an_answer(nursery: trio.Nursery) -> None:
    client = Client(nursery, Limits(app_launches=1))
    await client.shake_hands()
    await client.says(Execute(exe_or_file="||one"), Execute(exe_or_file="||two"))
    refused = await client.hears()
    assert isinstance(refused, ExecuteResult)
    assert refused.exe_or_file == "||two"
    assert client.host.statistics().launches == 1
    request = await anext(client.host.launches)
    await request.accept()
    accepted = await client.hears()
    assert (accepted.exe_or_file, accepted.exec_result) == ("||one", 0)
    await client.channel.aclose()


async def test_moves_by_the_client(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    host = client.host
    window = await host.open_window("Editor", AREA)
    await host.begin_move(window, MOVE, SizeLimits(1, 2, 3, 4, 5, 6, 7, 8))
    assert [type(await client.hears()) for _ in range(2)] == [MinMaxInfo, MoveSizeStart]
    await host.end_move(window, MOVE)
    end = await client.hears()
    assert isinstance(end, MoveSizeEnd)
    assert (end.top_left_x, end.top_left_y) == (10, 20)
    await host.cloak(window)
    assert isinstance(await client.hears(), WindowCloakStateChange)
    assert host.windows[window.id].is_cloaked
    await client.channel.aclose()


async def test_what_a_client_cannot(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands(0)
    host = client.host
    window = await host.open_window("Editor", AREA)
    calls: list[Callable[[], Awaitable[None]]] = [
        lambda: host.begin_move(window, MOVE),
        lambda: host.cloak(window),
        host.keep_display_on,
    ]
    for call in calls:
        with pytest.raises(LocalProtocolError, match="the client takes no"):
            await call()
    await client.channel.aclose()


async def test_application_ids(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    plain = await client.host.open_window("Editor", AREA)
    known = await client.host.open_window(
        "Letter", AREA, application_id="editor", process_id=7, process_image_name="editor.exe"
    )
    await client.says(GetApplicationId(window_id=plain.id), GetApplicationId(window_id=known.id))
    assert await client.hears() == GetApplicationIdResponse(window_id=plain.id, application_id="Editor")
    assert await client.hears() == GetApplicationIdExtendedResponse(
        window_id=known.id, application_id="editor", process_id=7, process_image_name="editor.exe"
    )
    await client.channel.aclose()


async def test_a_client_that_breaks_the_protocol(nursery: trio.Nursery, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(nursery)
    await client.shake_hands()
    await client.says(HandshakeEx(build_number=1))
    assert "HandshakeEx, which is a server's" in caplog.text
    for iteration in (client.host, client.host.launches):
        with pytest.raises(ChannelClosed):
            await anext(iteration)
    with pytest.raises(ChannelClosed):
        await client.host.keep_display_on()


async def test_the_end(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    window = await client.host.open_window("Editor", AREA)
    await client.says(Activate(window_id=window.id, enabled=True))
    with pytest.raises(LocalProtocolError, match="keeps its id"):
        await client.host.change_window(window, id=7)
    await client.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed):
        await client.host.open_window("Too late", AREA)
    assert [event async for event in client.host] == [WindowActivated(window.id, True)]
    assert [request async for request in client.host.launches] == []
    with pytest.raises(ChannelClosed):
        await client.host.wait_ready()


async def test_the_session_ends(nursery: trio.Nursery) -> None:
    client = Client(nursery)
    await client.shake_hands()
    client.host.session_ended(SessionClosed("the line was cut"))
    client.ours.fail("the line was cut")
    with pytest.raises(SessionClosed, match="cut"):
        await anext(client.host)
    clean = Client(nursery)
    await clean.shake_hands()
    clean.host.session_ended(SessionClosed("the session was left"))
    await clean.channel.aclose()
    assert [event async for event in clean.host][-1:] == []
    with pytest.raises(SessionClosed, match="left"):
        await clean.host.wait_ready()


async def test_a_client_that_shows_a_desktop() -> None:
    async def send_orders(orders: Sequence[WindowOrder]) -> None:
        raise AssertionError

    host = AppHost(Limits(), send_orders)
    host.unavailable("it shows a desktop")
    with pytest.raises(LocalProtocolError, match="it shows a desktop"):
        await anext(host.launches)
    with pytest.raises(LocalProtocolError, match="it shows a desktop"):
        await host.open_window("nobody would see it", AREA)
    assert not host.windows


async def test_a_channel_comes_again() -> None:
    """A face outlives its channel: what is open is described anew."""
    async with open_app_pair() as pair:
        window = await pair.host.open_window("Editor", AREA)
        await pair.apps.windows.wait_for(lambda one: one.id == window.id)
    async with trio.open_nursery() as nursery:
        client_end, server_end = channel_pair("rail")
        nursery.start_soon(pair.apps.run, client_end)
        nursery.start_soon(pair.host.run, server_end)
        await trio.testing.wait_all_tasks_blocked()
        await pair.host.wait_ready()
        assert pair.apps.is_synchronized
        assert list(pair.apps.windows) == [window.id]
        nursery.cancel_scope.cancel()
