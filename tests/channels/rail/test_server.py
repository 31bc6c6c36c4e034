from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trio_rdp.channels.rail.app_window import LocalMove, SizeLimits
from trio_rdp.channels.rail.base import RailOrder, Rectangle, UnknownRailPdu
from trio_rdp.channels.rail.client import RailClient, usual_parameters
from trio_rdp.channels.rail.client_events import (
    Activate,
    Command,
    GetApplicationId,
    NotifyEvent,
    NotifyMessage,
    SystemCommand,
    SystemMenu,
)
from trio_rdp.channels.rail.events import (
    ApplicationIdWanted,
    CaretBlinkChanged,
    ClientReady,
    CloakingChanged,
    CommandGiven,
    LanguageBarChanged,
    LanguageChanged,
    LaunchAnswered,
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
from trio_rdp.channels.rail.initialization import ClientInformation, ClientStatusFlags, Handshake, HandshakeEx
from trio_rdp.channels.rail.language import (
    CompartmentStatusInformation,
    ImeConversionMode,
    LanguageBarInformation,
    LanguageBarStatus,
    LanguageProfileInformation,
    ProfileType,
)
from trio_rdp.channels.rail.launching import ExecFlags, ExecResult, Execute, ExecuteResult
from trio_rdp.channels.rail.messages import decode_rail
from trio_rdp.channels.rail.server import RailServer
from trio_rdp.channels.rail.synchronization import (
    CaretBlinkInformation,
    TaskbarMessage,
    TextScaleInformation,
    WindowCloakStateChange,
)
from trio_rdp.channels.rail.system_parameters import HighContrast, SystemParameter, SystemParametersUpdate
from trio_rdp.channels.rail.window_move import MoveSizeType, WindowMove, WindowSnap
from trio_rdp.graphics.geometry import Rect
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

EVERYTHING = ClientStatusFlags(
    ClientStatusFlags.ALLOWLOCALMOVESIZE
    | ClientStatusFlags.ZORDER_SYNC
    | ClientStatusFlags.POWER_DISPLAY_REQUEST_SUPPORTED
    | ClientStatusFlags.BIDIRECTIONAL_CLOAK_SUPPORTED
)
PROFILE = LanguageProfileInformation(
    profile_type=ProfileType(ProfileType.KEYBOARDLAYOUT), language_id=0x407, keyboard_layout=0x407
)
TEXT_INPUT = CompartmentStatusInformation(ime_state=True, ime_conv_mode=ImeConversionMode(ImeConversionMode.NATIVE))
CLICK = NotifyMessage(NotifyMessage.NIN_SELECT)
CLOSE = Command(Command.CLOSE)
BAR = LanguageBarStatus(LanguageBarStatus.DOCK)


def ready(abilities: int = EVERYTHING, **options: Any) -> RailServer:
    """A server whose client has said what it can do."""
    server = RailServer(**options)
    server.receive(Handshake(build_number=1).encode())
    server.receive(ClientInformation(flags=ClientStatusFlags(abilities)).encode())
    return server


def talk(client: RailClient, server: RailServer, message: bytes) -> list[Any]:
    """Everything that follows from a message of the server, as events of both."""
    to_client, found = [message], list[Any]()
    while to_client:
        for event in client.receive(to_client.pop(0)):
            if not isinstance(event, Reply):
                found.append(event)
                continue
            answers = server.receive(event.message)
            to_client += [one.message for one in answers if isinstance(one, Reply)]
            found += [one for one in answers if not isinstance(one, Reply)]
    return found


@pytest.mark.parametrize("takes_handshake_ex", [True, False])
def test_the_handshake(takes_handshake_ex: bool) -> None:
    server = RailServer(takes_handshake_ex=takes_handshake_ex, build_number=5)
    kind = HandshakeEx if takes_handshake_ex else Handshake
    assert isinstance(decode_rail(server.start()), kind)
    client = RailClient(parameters=usual_parameters(Rect(0, 0, 9, 9)), build_number=7)
    first, *parameters, last = talk(client, server, server.start())
    assert isinstance(first, ClientReady)
    assert first.build_number == 7
    assert len(parameters) == 5
    assert last.build_number == 5
    assert server.is_ready
    assert server.abilities == first.abilities


def test_nothing_before_the_handshake() -> None:
    server = RailServer()
    with pytest.raises(LocalProtocolError, match="not ready"):
        server.set_language_bar(BAR)
    with pytest.raises(RemoteProtocolError, match="Execute came before the handshake"):
        server.receive(Execute(exe_or_file="a").encode())


def test_a_client_that_does_not_say_what_it_can_do() -> None:
    server = RailServer()
    assert server.receive(Handshake(build_number=3).encode()) == []
    assert not server.is_ready
    assert server.receive(GetApplicationId(window_id=1).encode()) == [
        ClientReady(3, ClientStatusFlags(0)),
        ApplicationIdWanted(1),
    ]
    assert server.receive(ClientInformation(flags=EVERYTHING).encode()) == []
    assert server.abilities == EVERYTHING


def test_launches() -> None:
    server, client = RailServer(), RailClient()
    talk(client, server, server.start())
    number, message = client.launch("||editor", arguments="x", working_directory="C:\\", flags=ExecFlags.FILE)
    (wanted,) = server.receive(message)
    assert wanted == LaunchWanted(1, "||editor", "x", "C:\\", ExecFlags(ExecFlags.FILE))
    assert server.launches == 1
    answer = server.answer_launch(1, ExecResult.E_NOT_IN_ALLOWLIST, 0x15)
    assert client.receive(answer) == [LaunchAnswered(number, ExecResult(ExecResult.E_NOT_IN_ALLOWLIST), 0x15)]
    with pytest.raises(LocalProtocolError, match="launch 1 is not waited for"):
        server.answer_launch(1)


def test_strings_that_end_with_a_null_character() -> None:
    """As FreeRDP 2.11 sends them; its own name comes back."""
    server = ready()
    (wanted,) = server.receive(Execute(exe_or_file="||clock\0", arguments="a b\0", working_dir="\0").encode())
    assert wanted == LaunchWanted(1, "||clock", "a b", "", ExecFlags(0))
    assert ExecuteResult.decode(server.answer_launch(1)).exe_or_file == "||clock\0"


def test_what_xfreerdp_says() -> None:
    """The messages of xfreerdp 2.11.7, whose window manager then moves, minimizes and restores the window."""
    server, events = RailServer(), list[Any]()
    for message in (
        "05000800b01d0000",
        "0b000800d5020000",
        "0d00080008000000",
        "03001200430000007e000000020000000000",
        "030009002100000000",
        "030009004500000000",
        "030009002500000000",
        "030009000b10000000",
        "030010002f0000000000000000040003",
        "0100240000001000000008007c007c0063006c006f0063006b0000006100200062000000",
        "020009000000010001",
        "08001000000001002c012c015802f401",
        "04000a000000010020f0",
    ):
        events += server.receive(bytes.fromhex(message))
    ready, bar_told, bar, contrast, *parameters, launch, activated, moved, minimized = events
    assert ready == ClientReady(7600, server.abilities)
    assert ClientStatusFlags.ALLOWLOCALMOVESIZE in server.abilities
    assert isinstance(bar_told, Reply)
    assert bar == LanguageBarChanged(LanguageBarStatus(LanguageBarStatus.HIDDEN))
    assert isinstance(contrast.value, HighContrast)
    assert [one.value for one in parameters] == [
        False,
        False,
        False,
        False,
        Rectangle(left=0, top=0, right=1024, bottom=768),
    ]
    assert launch == LaunchWanted(1, "||clock", "a b", "", ExecFlags(0))
    assert activated == WindowActivated(0x10000, True)
    assert moved == WindowMoved(0x10000, Rect(300, 300, 300, 200))
    assert minimized == CommandGiven(0x10000, Command(Command.MINIMIZE))
    assert server.ignored == 0


def test_more_launches_than_may_wait_are_refused() -> None:
    server = ready(max_launches=1)
    server.receive(Execute(exe_or_file="a").encode())
    (reply,) = server.receive(Execute(exe_or_file="b").encode())
    assert isinstance(reply, Reply)
    refused = ExecuteResult.decode(reply.message)
    assert (refused.exe_or_file, refused.exec_result) == ("b", ExecResult.E_FAIL)
    server.answer_launch(1)
    assert isinstance(server.receive(Execute(exe_or_file="b").encode())[0], LaunchWanted)


@pytest.mark.parametrize(
    ("order", "event"),
    [
        (Activate(window_id=1, enabled=False), WindowActivated(1, False)),
        (WindowMove(window_id=1, left=2, top=3, right=12, bottom=23), WindowMoved(1, Rect(2, 3, 10, 20))),
        (WindowSnap(window_id=1, left=2, top=3, right=12, bottom=23), WindowMoved(1, Rect(2, 3, 10, 20), True)),
        (SystemMenu(window_id=1, left=-2, top=3), SystemMenuWanted(1, -2, 3)),
        (SystemCommand(window_id=1, command=CLOSE), CommandGiven(1, CLOSE)),
        (NotifyEvent(window_id=1, notify_icon_id=2, message=CLICK), TrayIconTouched(1, 2, CLICK)),
        (WindowCloakStateChange(window_id=1, cloaked=True), CloakingChanged(1, True)),
        (GetApplicationId(window_id=1), ApplicationIdWanted(1)),
        (
            SystemParametersUpdate(system_param=SystemParameter(SystemParameter.SETCARETWIDTH), body=2),
            ParameterChanged(SystemParameter(SystemParameter.SETCARETWIDTH), 2),
        ),
        (PROFILE, LanguageChanged(PROFILE)),
        (TEXT_INPUT, TextInputChanged(TEXT_INPUT)),
        (TextScaleInformation(text_scale_factor=150), TextScaleChanged(150)),
        (CaretBlinkInformation(caret_blink_rate=500), CaretBlinkChanged(500)),
    ],
)
def test_what_a_client_says(order: RailOrder, event: object) -> None:
    assert ready().receive(order.encode()) == [event]


def test_language_bars_are_told_in_turn() -> None:
    server = ready()
    server.set_language_bar(BAR)
    shown = LanguageBarStatus(LanguageBarStatus.SHOWNORMAL)
    told = LanguageBarInformation(language_bar_status=shown).encode()
    own = LanguageBarInformation(language_bar_status=BAR).encode()
    assert server.receive(told) == [Reply(own), LanguageBarChanged(shown)]


def test_what_is_passed_over_and_what_is_not() -> None:
    server = ready()
    assert server.receive(UnknownRailPdu(order_type=0x70).encode()) == []
    assert server.ignored == 1
    with pytest.raises(RemoteProtocolError, match="HandshakeEx, which is a server's"):
        server.receive(HandshakeEx(build_number=1).encode())


def test_messages() -> None:
    server = ready()
    move = LocalMove(MoveSizeType(MoveSizeType.MOVE), 1, 2)
    said = [
        server.set_parameter(SystemParameter(SystemParameter.SETSCREENSAVEACTIVE), True),
        server.limit_size(1, SizeLimits(1, 2, 3, 4, 5, 6, 7, 8)),
        server.begin_move(1, move),
        server.end_move(1, move.kind, 3, 4),
        server.cloak(1, True),
        server.tell_application_id(1, "Editor"),
        server.tell_application_id(1, "Editor", process_id=7, process_image_name="editor.exe"),
        server.set_language_bar(BAR),
        server.set_text_input(TEXT_INPUT),
        server.set_marker_window(9),
        server.keep_display_on(True),
        server.change_tab(TaskbarMessage(TaskbarMessage.TAB_ACTIVE), 1),
    ]
    assert [type(decode_rail(message)).__name__ for message in said] == [
        "SystemParametersUpdate",
        "MinMaxInfo",
        "MoveSizeStart",
        "MoveSizeEnd",
        "WindowCloakStateChange",
        "GetApplicationIdResponse",
        "GetApplicationIdExtendedResponse",
        "LanguageBarInformation",
        "CompartmentStatusInformation",
        "ZOrderSyncInformation",
        "PowerDisplayRequest",
        "TaskbarTabInfo",
    ]
    client = RailClient()
    client.receive(server.start())
    for message in said:
        client.receive(message)


def test_what_a_client_must_be_able_to() -> None:
    server = ready(0)
    move = LocalMove(MoveSizeType(MoveSizeType.MOVE), 1, 2)
    asked: list[Callable[[], bytes]] = [
        lambda: server.limit_size(1, SizeLimits(1, 2, 3, 4, 5, 6, 7, 8)),
        lambda: server.begin_move(1, move),
        lambda: server.end_move(1, move.kind, 3, 4),
        lambda: server.cloak(1, True),
        lambda: server.set_marker_window(9),
        lambda: server.keep_display_on(True),
    ]
    for ask in asked:
        with pytest.raises(LocalProtocolError, match="the client takes no"):
            ask()
