"""`RailClient`: a client's side of the channel "rail", [MS-RDPERP] 3.1 and 3.2, sans-I/O; messages in, events out.

What a server says of one window, on the channel or by a drawing order, is noted in `windows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.channels.rail.app_window import LocalMove, SizeLimits
from trio_rdp.channels.rail.application_id import GetApplicationIdExtendedResponse, GetApplicationIdResponse
from trio_rdp.channels.rail.base import RailOrder, Rectangle, UnknownRailPdu
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
from trio_rdp.channels.rail.initialization import (
    ClientInformation,
    ClientStatusFlags,
    Handshake,
    HandshakeEx,
    HandshakeExFlags,
)
from trio_rdp.channels.rail.language import (
    CompartmentStatusInformation,
    LanguageBarInformation,
    LanguageBarStatus,
    LanguageProfileInformation,
)
from trio_rdp.channels.rail.launching import ExecFlags, Execute, ExecuteResult
from trio_rdp.channels.rail.messages import RailPdu, decode_rail
from trio_rdp.channels.rail.synchronization import (
    CaretBlinkInformation,
    PowerDisplayRequest,
    TaskbarMessage,
    TaskbarTabInfo,
    TextScaleInformation,
    WindowCloakStateChange,
    ZOrderSyncInformation,
)
from trio_rdp.channels.rail.system_parameters import SystemParameter, SystemParameterBody, SystemParametersUpdate
from trio_rdp.channels.rail.window_list import WindowEvent, WindowList
from trio_rdp.channels.rail.window_move import MinMaxInfo, MoveSizeEnd, MoveSizeStart, WindowMove, WindowSnap
from trio_rdp.graphics.geometry import Rect
from trio_rdp.wire.errors import EncodeError, LocalProtocolError, RemoteProtocolError

__all__ = ["USUAL_ABILITIES", "RailClient", "RailClientEvent", "usual_parameters"]

USUAL_ABILITIES = ClientStatusFlags(
    ClientStatusFlags.ZORDER_SYNC
    | ClientStatusFlags.WINDOW_RESIZE_MARGIN_SUPPORTED
    | ClientStatusFlags.HIGH_DPI_ICONS_SUPPORTED
    | ClientStatusFlags.APPBAR_REMOTING_SUPPORTED
    | ClientStatusFlags.POWER_DISPLAY_REQUEST_SUPPORTED
    | ClientStatusFlags.BIDIRECTIONAL_CLOAK_SUPPORTED
)
"""All but moving windows locally, which needs a window manager: without it the server follows the mouse."""


RailClientEvent: TypeAlias = (
    Reply
    | HandshakeDone
    | LaunchAnswered
    | ApplicationIdReceived
    | ParameterChanged
    | LanguageBarChanged
    | TextInputChanged
    | PowerRequestChanged
    | TabActivated
    | WindowEvent
)


@dataclass(slots=True)
class _Launch:
    number: int
    flags: ExecFlags
    exe_or_file: str
    is_wanted: bool = True


class RailClient:
    """One client's channel; `receive` raises `RemoteProtocolError` where the server breaks the protocol.

    `has_language_bar` says whether the server does what is docked there (`RailSupportLevel`).  All methods that give
    bytes give one message to be sent; they raise `LocalProtocolError` before the handshake.
    """

    def __init__(
        self,
        windows: WindowList | None = None,
        *,
        abilities: ClientStatusFlags = USUAL_ABILITIES,
        parameters: Sequence[tuple[SystemParameter, SystemParameterBody]] = (),
        has_language_bar: bool = False,
        build_number: int = 0,
        max_launches: int = 64,
    ) -> None:
        self.windows: WindowList = windows or WindowList()
        self.is_ready: bool = False
        self.server_flags: HandshakeExFlags = HandshakeExFlags(0)
        self.marker_window_id: int | None = None
        """The window that stands in the server's order for all of the client's own ones."""
        self.ignored: int = 0
        """Messages that were passed over."""
        self._abilities = abilities
        self._parameters = list(parameters)
        self._has_language_bar = has_language_bar
        self._build_number = build_number
        self._max_launches = max_launches
        self._launches: list[_Launch] = []
        self._numbers = 0

    # What comes.

    def receive(self, message: bytes) -> list[RailClientEvent]:
        """Take one message of the server."""
        pdu = decode_rail(message)
        if isinstance(pdu, Handshake | HandshakeEx):
            return self._shake_hands(pdu)
        if not self.is_ready:
            # "The receiving party MUST NOT process any other virtual channel PDUs" before a handshake (3.1.5.2).
            raise RemoteProtocolError(f"{type(pdu).__name__} came before the handshake")
        return self._handle(pdu)

    def _shake_hands(self, pdu: Handshake | HandshakeEx) -> list[RailClientEvent]:
        """Answer the server, and say of this client what it wants to know first (1.3.2.4)."""
        self.server_flags = pdu.rail_handshake_flags if isinstance(pdu, HandshakeEx) else HandshakeExFlags(0)
        self.is_ready = True
        orders: list[RailOrder] = [
            Handshake(build_number=self._build_number),
            ClientInformation(flags=self._abilities),
            *(SystemParametersUpdate(system_param=which, body=value) for which, value in self._parameters),
        ]
        replies = [Reply(order.encode()) for order in orders]
        return [*replies, HandshakeDone(pdu.build_number, self.server_flags)]

    def _handle(self, pdu: RailPdu) -> list[RailClientEvent]:
        match pdu:
            case ExecuteResult():
                return self._answer_launch(pdu)
            case GetApplicationIdResponse(window_id=window_id, application_id=name):
                return self._name_application(ApplicationIdReceived(window_id, name))
            case GetApplicationIdExtendedResponse():
                return self._name_application(
                    ApplicationIdReceived(pdu.window_id, pdu.application_id, pdu.process_id, pdu.process_image_name)
                )
            case SystemParametersUpdate(system_param=parameter, body=value):
                return [ParameterChanged(parameter, value)]
            case LanguageBarInformation(language_bar_status=status):
                return [LanguageBarChanged(status)]
            case CompartmentStatusInformation():
                return [TextInputChanged(pdu)]
            case ZOrderSyncInformation(window_id_marker=marker):
                self.marker_window_id = marker
                return []
            case PowerDisplayRequest(active=is_active):
                return [PowerRequestChanged(is_active)]
            case UnknownRailPdu() | LanguageProfileInformation():
                self.ignored += 1
                return []
            case _:
                return list(self._handle_of_window(pdu))

    def _handle_of_window(self, pdu: RailPdu) -> list[WindowEvent] | list[TabActivated]:
        note = self.windows.note
        match pdu:
            case MinMaxInfo():
                limits = SizeLimits(
                    pdu.max_width,
                    pdu.max_height,
                    pdu.max_pos_x,
                    pdu.max_pos_y,
                    pdu.min_track_width,
                    pdu.min_track_height,
                    pdu.max_track_width,
                    pdu.max_track_height,
                )
                return note(pdu.window_id, size_limits=limits)
            case MoveSizeStart():
                return note(pdu.window_id, local_move=LocalMove(pdu.move_size_type, pdu.pos_x, pdu.pos_y))
            case MoveSizeEnd(window_id=window_id):
                window = self.windows.windows.get(window_id)
                size = (0, 0) if window is None else (window.rect.width, window.rect.height)
                return note(window_id, local_move=None, rect=Rect(pdu.top_left_x, pdu.top_left_y, *size))
            case WindowCloakStateChange(window_id=window_id, cloaked=is_cloaked):
                return note(window_id, is_cloaked=is_cloaked)
            case TaskbarTabInfo():
                return self._change_tab(pdu)
            case _:
                raise RemoteProtocolError(f"the server sent {type(pdu).__name__}, which is a client's")

    def _change_tab(self, pdu: TaskbarTabInfo) -> list[WindowEvent] | list[TabActivated]:
        note, window_id = self.windows.note, pdu.window_id_tab
        match pdu.taskbar_message:
            case TaskbarMessage.TAB_REGISTER:
                return note(window_id, tab_group=pdu.body)
            case TaskbarMessage.TAB_UNREGISTER:
                return note(window_id, tab_group=None, tab_before=0)
            case TaskbarMessage.TAB_ORDER:
                return note(window_id, tab_before=pdu.body)
            case TaskbarMessage.TAB_ACTIVE:
                return [TabActivated(window_id)]
            case TaskbarMessage.TAB_PROPERTIES:
                return note(window_id, tab_properties=pdu.body)
            case _:
                self.ignored += 1
                return []

    def _answer_launch(self, pdu: ExecuteResult) -> list[RailClientEvent]:
        """Match a result with the oldest launch of that name: nothing else tells which one is meant."""
        program = pdu.exe_or_file.rstrip("\0")
        same = [one for one in self._launches if one.exe_or_file == program]
        found = next((one for one in same if one.flags == pdu.flags), same[0] if same else None)
        if found is None:
            self.ignored += 1
            return []
        self._launches.remove(found)
        return [LaunchAnswered(found.number, pdu.exec_result, pdu.raw_result)] if found.is_wanted else []

    def _name_application(self, event: ApplicationIdReceived) -> list[RailClientEvent]:
        changed = self.windows.note(
            event.window_id,
            application_id=event.application_id,
            process_id=event.process_id,
            process_image_name=event.process_image_name,
        )
        return [event, *changed]

    # What the user does.

    def launch(
        self, program: str, *, arguments: str = "", working_directory: str = "", flags: int = 0
    ) -> tuple[int, bytes]:
        """Launch a program: its path, or "||" and the alias that the server has for it; gives a number and a message.

        Raises `LocalProtocolError` where as many launches as allowed are not answered, and `EncodeError` for what is
        too long: 260 characters for the program and for the directory, 8,000 for arguments.
        """
        if len(self._launches) >= self._max_launches:
            self._drop_unwanted_launch()
        if len(self._launches) >= self._max_launches:
            raise LocalProtocolError(f"{len(self._launches)} launches wait for their results")
        order = Execute(flags=ExecFlags(flags), exe_or_file=program, working_dir=working_directory, arguments=arguments)
        message = self._encode(order)
        self._numbers += 1
        self._launches.append(_Launch(self._numbers, order.flags, program))
        return self._numbers, message

    def forget_launch(self, request: int) -> None:
        """Give no event for a launch any more; its result is still expected, and takes its place until it comes."""
        for one in self._launches:
            if one.number == request:
                one.is_wanted = False

    def withdraw_launch(self, request: int) -> None:
        """Take back a launch whose message was not sent."""
        self._launches = [one for one in self._launches if one.number != request]

    def _drop_unwanted_launch(self) -> None:
        unwanted = next((one for one in self._launches if not one.is_wanted), None)
        if unwanted is not None:
            self._launches.remove(unwanted)

    @property
    def launches(self) -> int:
        """How many launches wait for their results."""
        return len(self._launches)

    def announce(self, abilities: ClientStatusFlags) -> bytes:
        """Say what this client can do."""
        return self._encode(ClientInformation(flags=abilities))

    def activate(self, window_id: int, is_active: bool = True) -> bytes:
        """Say that a window was activated otherwise than by a click, or is not active any more."""
        return self._encode(Activate(window_id=window_id, enabled=is_active))

    def system_menu(self, window_id: int, x: int, y: int) -> bytes:
        """Ask for a window's menu, at a pixel of the desktop."""
        return self._encode(SystemMenu(window_id=window_id, left=x, top=y))

    def system_command(self, window_id: int, command: Command) -> bytes:
        """Tell a window to close, to show itself otherwise, and so on."""
        return self._encode(SystemCommand(window_id=window_id, command=command))

    def notify(self, window_id: int, icon_id: int, message: NotifyMessage) -> bytes:
        """Say what was done to a notification icon."""
        return self._encode(NotifyEvent(window_id=window_id, notify_icon_id=icon_id, message=message))

    def get_application_id(self, window_id: int) -> bytes:
        """Ask to which application a window belongs; the answer is an `ApplicationIdReceived`, or none."""
        return self._encode(GetApplicationId(window_id=window_id))

    def move(self, window_id: int, rect: Rect, *, is_snap: bool = False) -> bytes:
        """Say where a window is now, with its margins; `is_snap` for one that was put to an edge.

        A server that knows nothing of snapping is told of a move (3.2.5.2.7.5).
        """
        knows = HandshakeExFlags.SNAP_ARRANGE_SUPPORTED in self.server_flags
        kind = WindowSnap if is_snap and knows else WindowMove
        order = kind(window_id=window_id, left=rect.left, top=rect.top, right=rect.right, bottom=rect.bottom)
        return self._encode(order)

    def cloak(self, window_id: int, is_cloaked: bool) -> bytes:
        """Say that a window has become invisible, or visible again."""
        return self._encode(WindowCloakStateChange(window_id=window_id, cloaked=is_cloaked))

    def set_parameter(self, parameter: SystemParameter, value: SystemParameterBody) -> bytes:
        """Tell a parameter of this system; raises `EncodeError` for a value of another type than the parameter's."""
        return self._encode(SystemParametersUpdate(system_param=parameter, body=value))

    def set_language_bar(self, status: LanguageBarStatus) -> bytes:
        """Say how the language bar is shown; raises `LocalProtocolError` where the server has none."""
        if not self._has_language_bar:
            raise LocalProtocolError("the server has no language bar")  # it "MUST NOT be sent" then (3.2.5.2.6.1)
        return self._encode(LanguageBarInformation(language_bar_status=status))

    def set_language(self, profile: LanguageProfileInformation) -> bytes:
        """Say which language is used."""
        return self._encode(profile)

    def set_text_input(self, status: CompartmentStatusInformation) -> bytes:
        """Say how the input method is set."""
        return self._encode(status)

    def set_text_scale(self, percent: int) -> bytes:
        """Say how large text is; raises `LocalProtocolError` where the server does not follow.

        "Ranged between 100 and 225, inclusive" (2.2.2.15.1).
        """
        if not 100 <= percent <= 225:
            raise EncodeError(f"text of {percent} per cent, not of 100 to 225")
        self._require(HandshakeExFlags.TEXT_SCALE_SUPPORTED, "text scale")
        return self._encode(TextScaleInformation(text_scale_factor=percent))

    def set_caret_blink(self, milliseconds: int) -> bytes:
        """Say how fast the caret blinks; raises `LocalProtocolError` where the server does not follow."""
        self._require(HandshakeExFlags.CARET_BLINK_SUPPORTED, "caret blink rate")
        return self._encode(CaretBlinkInformation(caret_blink_rate=milliseconds))

    def _require(self, flag: int, what: str) -> None:
        if self.is_ready and flag not in self.server_flags:
            raise LocalProtocolError(f"the server takes no {what}")

    def _encode(self, order: RailOrder) -> bytes:
        if not self.is_ready:
            raise LocalProtocolError("the server has not begun with remote programs yet")
        return order.encode()


def usual_parameters(desktop: Rect) -> list[tuple[SystemParameter, SystemParameterBody]]:
    """What a client says of its system at first where its user has said nothing (2.2.2.4.1)."""
    area = Rectangle(left=desktop.left, top=desktop.top, right=desktop.right, bottom=desktop.bottom)
    return [
        (SystemParameter(SystemParameter.SETDRAGFULLWINDOWS), True),
        (SystemParameter(SystemParameter.SETKEYBOARDCUES), False),
        (SystemParameter(SystemParameter.SETKEYBOARDPREF), False),
        (SystemParameter(SystemParameter.SETMOUSEBUTTONSWAP), False),
        (SystemParameter(SystemParameter.SETWORKAREA), area),
    ]
