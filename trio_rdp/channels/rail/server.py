"""`RailServer`: a server's side of the channel "rail", [MS-RDPERP] 3.1 and 3.3, sans-I/O; messages in, events out.

Windows are described by drawing orders, which go another way (`app_window.window_orders`).
"""

from __future__ import annotations

from typing import TypeAlias

from trio_rdp.channels.rail.app_window import LocalMove, SizeLimits
from trio_rdp.channels.rail.application_id import GetApplicationIdExtendedResponse, GetApplicationIdResponse
from trio_rdp.channels.rail.base import RailOrder, UnknownRailPdu
from trio_rdp.channels.rail.client_events import Activate, GetApplicationId, NotifyEvent, SystemCommand, SystemMenu
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
from trio_rdp.channels.rail.launching import ExecFlags, ExecResult, Execute, ExecuteResult
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
from trio_rdp.channels.rail.window_move import (
    MinMaxInfo,
    MoveSizeEnd,
    MoveSizeStart,
    MoveSizeType,
    WindowMove,
    WindowSnap,
)
from trio_rdp.graphics.geometry import Rect
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["RailServer", "RailServerEvent"]

RailServerEvent: TypeAlias = (
    Reply
    | ClientReady
    | LaunchWanted
    | WindowActivated
    | WindowMoved
    | SystemMenuWanted
    | CommandGiven
    | TrayIconTouched
    | CloakingChanged
    | ApplicationIdWanted
    | ParameterChanged
    | LanguageBarChanged
    | LanguageChanged
    | TextInputChanged
    | TextScaleChanged
    | CaretBlinkChanged
)

_FLAGS = HandshakeExFlags(
    HandshakeExFlags.EXTENDED_SPI_SUPPORTED
    | HandshakeExFlags.SNAP_ARRANGE_SUPPORTED
    | HandshakeExFlags.TEXT_SCALE_SUPPORTED
    | HandshakeExFlags.CARET_BLINK_SUPPORTED
    | HandshakeExFlags.EXTENDED_SPI_2_SUPPORTED
    | HandshakeExFlags.EXTENDED_SPI_3_SUPPORTED
)


class RailServer:
    """One client's channel; `receive` raises `RemoteProtocolError` where the client breaks the protocol.

    `takes_handshake_ex` says whether the client knows the longer handshake (`RailSupportLevel`).  Of launches that are
    not answered there are at most `max_launches`: further ones are refused at once.  All methods that give bytes give
    one message to be sent; but for `start`, they raise `LocalProtocolError` before the client's handshake.
    """

    def __init__(self, *, takes_handshake_ex: bool = True, build_number: int = 0, max_launches: int = 64) -> None:
        self.is_ready: bool = False
        """Whether the client has said what it can do."""
        self.abilities: ClientStatusFlags = ClientStatusFlags(0)
        self.language_bar: LanguageBarStatus = LanguageBarStatus(LanguageBarStatus.HIDDEN)
        """The server's own, which the client is told when it tells its own."""
        self.ignored: int = 0
        """Messages that were passed over."""
        self._takes_handshake_ex = takes_handshake_ex
        self._build_number = build_number
        self._max_launches = max_launches
        self._client_build: int | None = None
        self._launches: dict[int, tuple[str, ExecFlags]] = {}
        self._numbers = 0

    def start(self) -> bytes:
        """The handshake, which comes before everything else."""
        if self._takes_handshake_ex:
            return HandshakeEx(build_number=self._build_number, rail_handshake_flags=_FLAGS).encode()
        return Handshake(build_number=self._build_number).encode()

    # What comes.

    def receive(self, message: bytes) -> list[RailServerEvent]:
        """Take one message of the client."""
        pdu = decode_rail(message)
        if isinstance(pdu, Handshake):
            self._client_build = pdu.build_number
            return []
        if self._client_build is None:
            # "The receiving party MUST NOT process any other virtual channel PDUs" before a handshake (3.1.5.2).
            raise RemoteProtocolError(f"{type(pdu).__name__} came before the handshake")
        if isinstance(pdu, ClientInformation):
            self.abilities, was_ready, self.is_ready = pdu.flags, self.is_ready, True
            return [] if was_ready else [ClientReady(self._client_build, pdu.flags)]
        events = self._handle(pdu)
        if not self.is_ready:
            # Who says nothing of its abilities has none, and goes on.
            self.is_ready = True
            events.insert(0, ClientReady(self._client_build, self.abilities))
        return events

    def _handle(self, pdu: RailPdu) -> list[RailServerEvent]:
        match pdu:
            case Execute():
                return [self._want_launch(pdu)]
            case Activate(window_id=window_id, enabled=is_active):
                return [WindowActivated(window_id, is_active)]
            case WindowMove() | WindowSnap():
                rect = Rect.from_edges(pdu.left, pdu.top, pdu.right, pdu.bottom)
                return [WindowMoved(pdu.window_id, rect, isinstance(pdu, WindowSnap))]
            case SystemMenu():
                return [SystemMenuWanted(pdu.window_id, pdu.left, pdu.top)]
            case SystemCommand():
                return [CommandGiven(pdu.window_id, pdu.command)]
            case NotifyEvent():
                return [TrayIconTouched(pdu.window_id, pdu.notify_icon_id, pdu.message)]
            case WindowCloakStateChange():
                return [CloakingChanged(pdu.window_id, pdu.cloaked)]
            case GetApplicationId():
                return [ApplicationIdWanted(pdu.window_id)]
            case UnknownRailPdu():
                self.ignored += 1
                return []
            case _:
                return self._handle_setting(pdu)

    def _handle_setting(self, pdu: RailPdu) -> list[RailServerEvent]:
        match pdu:
            case SystemParametersUpdate():
                return [ParameterChanged(pdu.system_param, pdu.body)]
            case LanguageBarInformation():
                # "The server MUST first send the status of its language bar to the client" (3.3.5.2.5.5).
                own = LanguageBarInformation(language_bar_status=self.language_bar).encode()
                return [Reply(own), LanguageBarChanged(pdu.language_bar_status)]
            case LanguageProfileInformation():
                return [LanguageChanged(pdu)]
            case CompartmentStatusInformation():
                return [TextInputChanged(pdu)]
            case TextScaleInformation():
                return [TextScaleChanged(pdu.text_scale_factor)]
            case CaretBlinkInformation():
                return [CaretBlinkChanged(pdu.caret_blink_rate)]
            case _:
                raise RemoteProtocolError(f"the client sent {type(pdu).__name__}, which is a server's")

    def _want_launch(self, pdu: Execute) -> RailServerEvent:
        if len(self._launches) >= self._max_launches:
            refused = ExecuteResult(
                flags=pdu.flags, exec_result=ExecResult(ExecResult.E_FAIL), exe_or_file=pdu.exe_or_file
            )
            return Reply(refused.encode())
        self._numbers += 1
        self._launches[self._numbers] = (pdu.exe_or_file, pdu.flags)
        # FreeRDP 2.11 ends its strings with a null character, which the document does not want.
        program, arguments, directory = (
            text.rstrip("\0") for text in (pdu.exe_or_file, pdu.arguments, pdu.working_dir)
        )
        return LaunchWanted(self._numbers, program, arguments, directory, pdu.flags)

    # What the server says.

    def answer_launch(self, request: int, result: int = ExecResult.S_OK, raw_result: int = 0) -> bytes:
        """Say what became of a launch; raises `LocalProtocolError` for one that is not waited for."""
        if request not in self._launches:
            raise LocalProtocolError(f"launch {request} is not waited for")
        program, flags = self._launches.pop(request)
        return self._encode(
            ExecuteResult(flags=flags, exec_result=ExecResult(result), raw_result=raw_result, exe_or_file=program)
        )

    @property
    def launches(self) -> int:
        """How many launches wait for their results."""
        return len(self._launches)

    def set_parameter(self, parameter: SystemParameter, value: SystemParameterBody) -> bytes:
        """Tell a parameter of this system; raises `EncodeError` for a value of another type than the parameter's."""
        return self._encode(SystemParametersUpdate(system_param=parameter, body=value))

    def limit_size(self, window_id: int, sizes: SizeLimits) -> bytes:
        """Say how a window may be sized and placed; raises as `begin_move` does."""
        self._require_local_move()
        return self._encode(
            MinMaxInfo(
                window_id=window_id,
                max_width=sizes.max_width,
                max_height=sizes.max_height,
                max_pos_x=sizes.max_x,
                max_pos_y=sizes.max_y,
                min_track_width=sizes.min_track_width,
                min_track_height=sizes.min_track_height,
                max_track_width=sizes.max_track_width,
                max_track_height=sizes.max_track_height,
            )
        )

    def begin_move(self, window_id: int, move: LocalMove) -> bytes:
        """Let the client move or resize a window by itself; raises `LocalProtocolError` where it does not do that."""
        self._require_local_move()
        return self._encode(MoveSizeStart(window_id=window_id, move_size_type=move.kind, pos_x=move.x, pos_y=move.y))

    def end_move(self, window_id: int, kind: MoveSizeType, x: int, y: int) -> bytes:
        """Say where a window is that the client has moved; raises as `begin_move` does."""
        self._require_local_move()
        return self._encode(MoveSizeEnd(window_id=window_id, move_size_type=kind, top_left_x=x, top_left_y=y))

    def cloak(self, window_id: int, is_cloaked: bool) -> bytes:
        """Hide a window, or show it again; raises `LocalProtocolError` where only the client does that."""
        self._require(ClientStatusFlags.BIDIRECTIONAL_CLOAK_SUPPORTED, "cloaking by the server")
        return self._encode(WindowCloakStateChange(window_id=window_id, cloaked=is_cloaked))

    def tell_application_id(
        self, window_id: int, application_id: str, *, process_id: int = 0, process_image_name: str = ""
    ) -> bytes:
        """Say to which application, and if it is known to which process, a window belongs."""
        if process_id:
            return self._encode(
                GetApplicationIdExtendedResponse(
                    window_id=window_id,
                    application_id=application_id,
                    process_id=process_id,
                    process_image_name=process_image_name,
                )
            )
        return self._encode(GetApplicationIdResponse(window_id=window_id, application_id=application_id))

    def set_language_bar(self, status: LanguageBarStatus) -> bytes:
        """Say how the server's language bar is shown."""
        message = self._encode(LanguageBarInformation(language_bar_status=status))
        self.language_bar = status
        return message

    def set_text_input(self, status: CompartmentStatusInformation) -> bytes:
        """Say how the input method is set."""
        return self._encode(status)

    def set_marker_window(self, window_id: int) -> bytes:
        """Say which window stands for the client's own ones; raises `LocalProtocolError` where it has no use for it."""
        self._require(ClientStatusFlags.ZORDER_SYNC, "marker window")
        return self._encode(ZOrderSyncInformation(window_id_marker=window_id))

    def keep_display_on(self, is_active: bool) -> bytes:
        """Ask for the client's display to stay on; raises `LocalProtocolError` where it does not do that."""
        self._require(ClientStatusFlags.POWER_DISPLAY_REQUEST_SUPPORTED, "request for its display")
        return self._encode(PowerDisplayRequest(active=is_active))

    def change_tab(self, message: TaskbarMessage, window_id: int, body: int = 0) -> bytes:
        """Change the tabs of the task bar ([MS-RDPERP] 2.2.2.14.1)."""
        return self._encode(TaskbarTabInfo(taskbar_message=message, window_id_tab=window_id, body=body))

    def _require_local_move(self) -> None:
        self._require(ClientStatusFlags.ALLOWLOCALMOVESIZE, "move that it does by itself")

    def _require(self, ability: int, what: str) -> None:
        if self.is_ready and ability not in self.abilities:
            raise LocalProtocolError(f"the client takes no {what}")

    def _encode(self, order: RailOrder) -> bytes:
        if not self.is_ready:
            raise LocalProtocolError("the client is not ready for remote programs yet")
        return order.encode()
