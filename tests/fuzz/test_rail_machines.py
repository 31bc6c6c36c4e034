"""Both machines of remote programs, and a client's picture of windows, hear nonsense: events or `RemoteProtocolError`,
and no more memory than their bounds allow.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.fuzz.mutation import mutate
from trio_rdp.channels.rail import RailClient, RailServer, Reply, WindowBounds, WindowList, usual_parameters
from trio_rdp.channels.rail.app_window import (
    AppWindow,
    Balloon,
    LocalMove,
    SizeLimits,
    TrayIcon,
    icon_orders,
    window_orders,
)
from trio_rdp.channels.rail.client_events import Command, NotifyMessage
from trio_rdp.channels.rail.initialization import ClientStatusFlags, HandshakeExFlags
from trio_rdp.channels.rail.language import CompartmentStatusInformation, ImeConversionMode, LanguageBarStatus
from trio_rdp.channels.rail.synchronization import TaskbarMessage
from trio_rdp.channels.rail.system_parameters import SystemParameter
from trio_rdp.channels.rail.window_move import MoveSizeType
from trio_rdp.graphics.app_icon import AppIcon
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.altsec_orders import decode_altsec_orders, encode_altsec_orders
from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, DesktopFlags, NonMonitoredDesktop
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon
from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.window_orders import DeletedWindow
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.wire.errors import RemoteProtocolError

ALL = ClientStatusFlags(0x7FF)
TEXT_INPUT = CompartmentStatusInformation(ime_state=True, ime_conv_mode=ImeConversionMode(ImeConversionMode.NATIVE))
BOUNDS = WindowBounds(windows=8, tray_icons=4, rectangles=4, icon_bytes=4096, icon_caches=2, icon_cache_entries=2)


def server_messages() -> list[bytes]:
    """One of every kind that a server sends."""
    server = RailServer()
    client = RailClient(abilities=ALL)
    messages = [server.start()]
    for event in client.receive(messages[0]):
        if isinstance(event, Reply):
            server.receive(event.message)
    server.receive(client.launch("||editor")[1])
    assert server.launches == 1
    move = LocalMove(MoveSizeType(MoveSizeType.MOVE), 1, 2)
    return [
        *messages,
        server.answer_launch(1),
        server.set_parameter(SystemParameter(SystemParameter.SETSCREENSAVEACTIVE), True),
        server.limit_size(1, SizeLimits(1, 2, 3, 4, 5, 6, 7, 8)),
        server.begin_move(1, move),
        server.end_move(1, move.kind, 3, 4),
        server.cloak(1, True),
        server.tell_application_id(1, "Editor"),
        server.tell_application_id(1, "Editor", process_id=7, process_image_name="editor.exe"),
        server.set_language_bar(LanguageBarStatus(LanguageBarStatus.DOCK)),
        server.set_text_input(TEXT_INPUT),
        server.set_marker_window(9),
        server.keep_display_on(True),
        server.change_tab(TaskbarMessage(TaskbarMessage.TAB_REGISTER), 1, 2),
    ]


def client_messages() -> list[bytes]:
    """One of every kind that a client sends."""
    client = RailClient(parameters=usual_parameters(Rect(0, 0, 640, 480)), abilities=ALL, has_language_bar=True)
    messages = [event.message for event in client.receive(RailServer().start()) if isinstance(event, Reply)]
    client.server_flags = HandshakeExFlags(0x7F)
    return [
        *messages,
        client.launch("||editor", arguments="a", working_directory="b")[1],
        client.activate(1),
        client.system_menu(1, 2, 3),
        client.system_command(1, Command(Command.CLOSE)),
        client.notify(1, 2, NotifyMessage(NotifyMessage.NIN_SELECT)),
        client.get_application_id(1),
        client.move(1, Rect(1, 2, 3, 4)),
        client.move(1, Rect(1, 2, 3, 4), is_snap=True),
        client.cloak(1, True),
        client.set_language_bar(LanguageBarStatus(LanguageBarStatus.DOCK)),
        client.set_text_input(TEXT_INPUT),
        client.set_text_scale(150),
        client.set_caret_blink(500),
    ]


def updates() -> list[bytes]:
    """Drawing orders of every kind."""
    icon = AppIcon(2, 2, 32, bytes(8), bytes(range(16)))
    window = AppWindow(id=1, title="Editor", rect=Rect(1, 2, 30, 40), icon=icon, small_icon=icon, overlay_icon=icon)
    tray = TrayIcon(window_id=1, id=2, tool_tip="mail", balloon=Balloon("new", "letter"), icon=icon)
    orders: list[WindowOrder] = [
        ActivelyMonitoredDesktop(flags=DesktopFlags.ARC_BEGAN | DesktopFlags.HOOKED),
        *window_orders(None, window),
        *icon_orders(None, tray),
        ActivelyMonitoredDesktop(active_window_id=1, window_ids=[1, 2]),
        DeletedNotificationIcon(window_id=1, notify_icon_id=2),
        DeletedWindow(window_id=1),
        NonMonitoredDesktop(),
    ]
    return [update.encode() for order in orders for update in encode_altsec_orders([order])]


def hear_as_client(messages: list[bytes]) -> int:
    client = RailClient(WindowList(BOUNDS), max_launches=4)
    heard = 0
    for message in messages:
        if client.is_ready and client.launches < 4:
            client.launch("||editor")
        client.receive(message)
        heard += 1
        assert client.launches <= 4
    return heard


def hear_as_server(messages: list[bytes]) -> int:
    server = RailServer(max_launches=4)
    heard = 0
    for message in messages:
        server.receive(message)
        heard += 1
        assert server.launches <= 4
    return heard


def see_windows(messages: list[bytes]) -> int:
    windows = WindowList(BOUNDS)
    heard = 0
    for message in messages:
        for order in decode_altsec_orders(OrdersUpdate.decode(message))[0]:
            windows.apply(order)  # type: ignore[arg-type]
        heard += 1
        assert len(windows.windows) <= BOUNDS.windows
        assert len(windows.tray_icons) <= BOUNDS.tray_icons
        assert len(windows._cache) <= BOUNDS.icon_caches * BOUNDS.icon_cache_entries
        kept = [one.icon for one in windows.tray_icons.values()]
        for window in windows.windows.values():
            kept += [window.icon, window.small_icon, window.overlay_icon]
            assert max(len(window.shape or ()), len(window.visible_shape or ())) <= BOUNDS.rectangles
        assert sum(icon.size for icon in kept if icon is not None) == windows._icon_bytes <= BOUNDS.icon_bytes
    return heard


TARGETS: dict[str, tuple[Callable[[list[bytes]], int], Callable[[], list[bytes]]]] = {
    "client": (hear_as_client, server_messages),
    "server": (hear_as_server, client_messages),
    "windows": (see_windows, updates),
}


def spoil(source: random.Random, messages: list[bytes]) -> list[bytes]:
    """Messages in any order and number, some of them changed."""
    found = [source.choice(messages) for _ in range(source.randint(1, 40))]
    found.insert(0, messages[0])
    return [mutate(source, one, source.choice(messages)) if source.random() < 0.4 else one for one in found]


def examine(name: str, source: random.Random, what: str) -> None:
    hear, kinds = TARGETS[name]
    messages = spoil(source, kinds())
    try:
        hear(messages)
    except RemoteProtocolError:
        pass
    except Exception as exc:
        raise AssertionError(f"{name}: {what}, {messages}") from exc


@pytest.mark.parametrize("name", TARGETS)
def test_good_messages_are_all_heard(name: str) -> None:
    hear, kinds = TARGETS[name]
    assert hear(kinds()) == len(kinds())


@pytest.mark.parametrize("name", TARGETS)
def test_spoiled_messages(name: str) -> None:
    source = random.Random(f"remote programs: {name}")
    for number in range(300):
        examine(name, source, f"example {number}")


@pytest.mark.fuzz
@pytest.mark.parametrize("name", TARGETS)
def test_search(name: str, fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        examine(name, source, f"random seed {number}")
