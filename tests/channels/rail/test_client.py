from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trio_rdp.channels.rail.app_window import LocalMove, SizeLimits
from trio_rdp.channels.rail.application_id import GetApplicationIdExtendedResponse, GetApplicationIdResponse
from trio_rdp.channels.rail.base import OrderType, RailOrder, Rectangle, UnknownRailPdu
from trio_rdp.channels.rail.client import USUAL_ABILITIES, RailClient, usual_parameters
from trio_rdp.channels.rail.client_events import Activate, Command, NotifyMessage, SystemCommand
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
from trio_rdp.channels.rail.initialization import ClientInformation, Handshake, HandshakeEx, HandshakeExFlags
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
from trio_rdp.channels.rail.synchronization import (
    PowerDisplayRequest,
    TaskbarMessage,
    TaskbarTabInfo,
    WindowCloakStateChange,
    ZOrderSyncInformation,
)
from trio_rdp.channels.rail.system_parameters import SystemParameter, SystemParametersUpdate
from trio_rdp.channels.rail.window_list import WindowChanged
from trio_rdp.channels.rail.window_move import (
    MinMaxInfo,
    MoveSizeEnd,
    MoveSizeStart,
    MoveSizeType,
    WindowMove,
    WindowSnap,
)
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.window_orders import Window
from trio_rdp.wire.errors import DecodeError, EncodeError, LocalProtocolError, RemoteProtocolError

OK = ExecResult(ExecResult.S_OK)
LANGUAGE_BAR = LanguageBarStatus(LanguageBarStatus.SHOWNORMAL)
TEXT_INPUT = CompartmentStatusInformation(ime_state=True, ime_conv_mode=ImeConversionMode(ImeConversionMode.NATIVE))


def ready(flags: int = 0, **options: Any) -> RailClient:
    """A client after the handshake, with a window of number 1."""
    client = RailClient(**options)
    client.receive(HandshakeEx(build_number=1, rail_handshake_flags=HandshakeExFlags(flags)).encode())
    client.windows.apply(Window(window_id=1, is_new=True, window_width=10, window_height=20))
    return client


def test_the_handshake() -> None:
    parameters = usual_parameters(Rect(0, 0, 800, 600))
    client = RailClient(parameters=parameters, build_number=7)
    assert not client.is_ready
    *replies, done = client.receive(Handshake(build_number=6001).encode())
    assert done == HandshakeDone(6001, HandshakeExFlags(0))
    said = [decode_rail(one.message) for one in replies if isinstance(one, Reply)]
    assert said[:2] == [Handshake(build_number=7), ClientInformation(flags=USUAL_ABILITIES)]
    assert [one.system_param for one in said[2:] if isinstance(one, SystemParametersUpdate)] == [
        which for which, _ in parameters
    ]
    area = SystemParametersUpdate(
        system_param=SystemParameter(SystemParameter.SETWORKAREA),
        body=Rectangle(left=0, top=0, right=800, bottom=600),
    )
    assert said[-1] == area
    assert client.is_ready


def test_a_handshake_comes_again_after_a_reconnection() -> None:
    client = ready(HandshakeExFlags.SNAP_ARRANGE_SUPPORTED)
    assert client.server_flags == HandshakeExFlags.SNAP_ARRANGE_SUPPORTED
    answer, *_ = client.receive(Handshake(build_number=2).encode())
    assert answer == Reply(Handshake(build_number=0).encode())
    assert client.server_flags == HandshakeExFlags(0)


def test_nothing_before_the_handshake() -> None:
    client = RailClient()
    with pytest.raises(LocalProtocolError, match="has not begun"):
        client.launch("||editor")
    assert client.launches == 0
    with pytest.raises(LocalProtocolError, match="has not begun"):
        client.activate(1)
    with pytest.raises(RemoteProtocolError, match="PowerDisplayRequest came before the handshake"):
        client.receive(PowerDisplayRequest(active=True).encode())


def test_launches() -> None:
    client = ready()
    number, message = client.launch("||editor", arguments="a b", working_directory="C:\\", flags=ExecFlags.FILE)
    asked = Execute.decode(message)
    assert (asked.exe_or_file, asked.arguments, asked.working_dir) == ("||editor", "a b", "C:\\")
    assert asked.flags == ExecFlags.FILE
    answer = ExecuteResult(flags=asked.flags, exec_result=OK, exe_or_file="||editor")
    assert client.receive(answer.encode()) == [LaunchAnswered(number, OK, 0)]
    assert client.receive(answer.encode()) == []
    assert client.ignored == 1


def test_results_find_the_launch_that_they_are_of() -> None:
    client = ready()
    numbers = [client.launch(name, flags=flags)[0] for name, flags in (("a", 0), ("b", 0), ("a", 4), ("a", 0))]
    answers = [("a", 4), ("b", 8), ("a", 0), ("a", 0)]
    found = [
        client.receive(ExecuteResult(flags=ExecFlags(flags), exec_result=OK, exe_or_file=name).encode())
        for name, flags in answers
    ]
    assert found == [[LaunchAnswered(numbers[at], OK, 0)] for at in (2, 1, 0, 3)]


def test_a_launch_that_nobody_waits_for_any_more() -> None:
    client = ready(max_launches=2)
    first, _ = client.launch("a")
    client.forget_launch(first)
    second, _ = client.launch("a")
    answer = ExecuteResult(exec_result=ExecResult(ExecResult.E_FAIL), raw_result=5, exe_or_file="a").encode()
    assert client.receive(answer) == []
    assert client.receive(answer) == [LaunchAnswered(second, ExecResult(ExecResult.E_FAIL), 5)]


def test_a_name_that_comes_back_with_a_null_character() -> None:
    client = ready()
    number, _ = client.launch("a")
    assert client.receive(ExecuteResult(exec_result=OK, exe_or_file="a\0").encode()) == [LaunchAnswered(number, OK, 0)]


def test_a_launch_that_was_not_sent() -> None:
    client = ready()
    first, _ = client.launch("a")
    client.withdraw_launch(first)
    second, _ = client.launch("a")
    answer = ExecuteResult(exec_result=OK, exe_or_file="a").encode()
    assert client.receive(answer) == [LaunchAnswered(second, OK, 0)]


def test_as_many_launches_as_may_be() -> None:
    client = ready(max_launches=2)
    first, _ = client.launch("a")
    client.launch("b")
    with pytest.raises(LocalProtocolError, match="2 launches wait"):
        client.launch("c")
    client.forget_launch(first)
    client.launch("c")
    assert client.launches == 2
    with pytest.raises(EncodeError, match="exceeds 520"):
        ready().launch("x" * 261)


def test_application_ids() -> None:
    client = ready()
    event, changed = client.receive(GetApplicationIdResponse(window_id=1, application_id="Editor").encode())
    assert event == ApplicationIdReceived(1, "Editor")
    assert isinstance(changed, WindowChanged)
    assert changed.window.application_id == "Editor"
    longer = GetApplicationIdExtendedResponse(
        window_id=1, application_id="Editor", process_id=77, process_image_name="editor.exe"
    )
    event, changed = client.receive(longer.encode())
    assert event == ApplicationIdReceived(1, "Editor", 77, "editor.exe")
    assert client.windows.windows[1].process_id == 77
    unknown = client.receive(GetApplicationIdResponse(window_id=2, application_id="?").encode())
    assert unknown == [ApplicationIdReceived(2, "?")]


def test_what_concerns_the_whole_session() -> None:
    client = ready()
    parameter = SystemParameter(SystemParameter.SETSCREENSAVEACTIVE)
    assert client.receive(SystemParametersUpdate(system_param=parameter, body=True).encode()) == [
        ParameterChanged(parameter, True)
    ]
    bar = LanguageBarInformation(language_bar_status=LANGUAGE_BAR)
    assert client.receive(bar.encode()) == [LanguageBarChanged(LANGUAGE_BAR)]
    assert client.receive(TEXT_INPUT.encode()) == [TextInputChanged(TEXT_INPUT)]
    assert client.receive(PowerDisplayRequest(active=True).encode()) == [PowerRequestChanged(True)]
    assert client.receive(ZOrderSyncInformation(window_id_marker=9).encode()) == []
    assert client.marker_window_id == 9
    profile = LanguageProfileInformation(
        profile_type=ProfileType(ProfileType.KEYBOARDLAYOUT), language_id=0x407, keyboard_layout=0x407
    )
    for passed_over in (UnknownRailPdu(order_type=0x70).encode(), profile.encode()):
        assert client.receive(passed_over) == []
    assert client.ignored == 2


def test_what_concerns_one_window() -> None:
    client = ready()

    def told(order: RailOrder) -> Any:
        (event,) = client.receive(order.encode())
        assert isinstance(event, WindowChanged)
        assert event.window == client.windows.windows[1]
        return event.window

    sizes = MinMaxInfo(
        window_id=1,
        max_width=1,
        max_height=2,
        max_pos_x=3,
        max_pos_y=4,
        min_track_width=5,
        min_track_height=6,
        max_track_width=7,
        max_track_height=8,
    )
    assert told(sizes).size_limits == SizeLimits(1, 2, 3, 4, 5, 6, 7, 8)
    kind = MoveSizeType(MoveSizeType.MOVE)
    start = MoveSizeStart(window_id=1, move_size_type=kind, pos_x=3, pos_y=4)
    assert told(start).local_move == LocalMove(kind, 3, 4)
    moved = told(MoveSizeEnd(window_id=1, move_size_type=kind, top_left_x=50, top_left_y=60))
    assert (moved.local_move, moved.rect) == (None, Rect(50, 60, 10, 20))
    assert told(WindowCloakStateChange(window_id=1, cloaked=True)).is_cloaked
    for elsewhere in (
        MoveSizeEnd(window_id=2, move_size_type=kind, top_left_x=0, top_left_y=0),
        WindowCloakStateChange(window_id=2, cloaked=True),
    ):
        assert client.receive(elsewhere.encode()) == []


def test_tabs() -> None:
    client = ready()

    def tab(message: int, body: int = 0) -> list[Any]:
        info = TaskbarTabInfo(taskbar_message=TaskbarMessage(message), window_id_tab=1, body=body)
        return list(client.receive(info.encode()))

    tab(TaskbarMessage.TAB_REGISTER, 5)
    tab(TaskbarMessage.TAB_ORDER, 6)
    tab(TaskbarMessage.TAB_PROPERTIES, 1)
    window = client.windows.windows[1]
    assert (window.tab_group, window.tab_before, window.tab_properties) == (5, 6, 1)
    assert tab(TaskbarMessage.TAB_ACTIVE) == [TabActivated(1)]
    tab(TaskbarMessage.TAB_UNREGISTER)
    assert client.windows.windows[1].tab_group is None
    assert tab(99) == []
    assert client.ignored == 1


def test_what_only_a_client_says() -> None:
    for order in (Activate(window_id=1, enabled=True), ClientInformation(), Execute(exe_or_file="a")):
        with pytest.raises(RemoteProtocolError, match="which is a client's"):
            ready().receive(order.encode())
    with pytest.raises(DecodeError):
        ready().receive(b"\x05\0")


def test_messages() -> None:
    client = ready(has_language_bar=True)
    said = [
        client.announce(USUAL_ABILITIES),
        client.activate(1),
        client.system_menu(1, 2, 3),
        client.system_command(1, Command(Command.CLOSE)),
        client.notify(1, 2, NotifyMessage(NotifyMessage.NIN_SELECT)),
        client.get_application_id(1),
        client.move(1, Rect(1, 2, 3, 4)),
        client.cloak(1, True),
        client.set_parameter(SystemParameter(SystemParameter.SETCARETWIDTH), 2),
        client.set_language_bar(LANGUAGE_BAR),
        client.set_text_input(TEXT_INPUT),
    ]
    assert [type(decode_rail(message)).__name__ for message in said] == [
        "ClientInformation",
        "Activate",
        "SystemMenu",
        "SystemCommand",
        "NotifyEvent",
        "GetApplicationId",
        "WindowMove",
        "WindowCloakStateChange",
        "SystemParametersUpdate",
        "LanguageBarInformation",
        "CompartmentStatusInformation",
    ]
    assert decode_rail(said[3]) == SystemCommand(window_id=1, command=Command(Command.CLOSE))
    assert decode_rail(said[6]) == WindowMove(window_id=1, left=1, top=2, right=4, bottom=6)


def test_what_a_server_must_know() -> None:
    rect = Rect(0, 0, 5, 5)
    plain = ready()
    assert isinstance(decode_rail(plain.move(1, rect, is_snap=True)), WindowMove)
    asked: list[tuple[Callable[[], bytes], str]] = [
        (lambda: plain.set_language_bar(LANGUAGE_BAR), "no language bar"),
        (lambda: plain.set_text_scale(150), "no text scale"),
        (lambda: plain.set_caret_blink(500), "no caret blink rate"),
    ]
    for ask, what in asked:
        with pytest.raises(LocalProtocolError, match=what):
            ask()
    knowing = ready(
        HandshakeExFlags.SNAP_ARRANGE_SUPPORTED
        | HandshakeExFlags.TEXT_SCALE_SUPPORTED
        | HandshakeExFlags.CARET_BLINK_SUPPORTED
    )
    assert isinstance(decode_rail(knowing.move(1, rect, is_snap=True)), WindowSnap)
    assert knowing.set_text_scale(150)[:2] == OrderType.TEXTSCALEINFO.to_bytes(2, "little")
    for percent in (99, 226, -1):
        with pytest.raises(EncodeError, match=f"text of {percent} per cent"):
            knowing.set_text_scale(percent)
    assert knowing.set_caret_blink(500)[:2] == OrderType.CARETBLINKINFO.to_bytes(2, "little")
