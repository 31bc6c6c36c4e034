"""What arrives on the channel, from either side."""

from __future__ import annotations

from typing import TypeAlias

from trio_rdp.channels.rail.application_id import GetApplicationIdExtendedResponse, GetApplicationIdResponse
from trio_rdp.channels.rail.base import OrderType, UnknownRailPdu
from trio_rdp.channels.rail.client_events import Activate, GetApplicationId, NotifyEvent, SystemCommand, SystemMenu
from trio_rdp.channels.rail.initialization import ClientInformation, Handshake, HandshakeEx
from trio_rdp.channels.rail.language import (
    CompartmentStatusInformation,
    LanguageBarInformation,
    LanguageProfileInformation,
)
from trio_rdp.channels.rail.launching import Execute, ExecuteResult
from trio_rdp.channels.rail.synchronization import (
    CaretBlinkInformation,
    PowerDisplayRequest,
    TaskbarTabInfo,
    TextScaleInformation,
    WindowCloakStateChange,
    ZOrderSyncInformation,
)
from trio_rdp.channels.rail.system_parameters import SystemParametersUpdate
from trio_rdp.channels.rail.window_move import (
    MinMaxInfo,
    MoveSizeEnd,
    MoveSizeStart,
    WindowMove,
    WindowSnap,
    decode_local_move_size,
)

__all__ = ["RailPdu", "decode_rail"]

RailPdu: TypeAlias = (
    Handshake
    | ClientInformation
    | HandshakeEx
    | Execute
    | ExecuteResult
    | SystemParametersUpdate
    | Activate
    | SystemMenu
    | SystemCommand
    | NotifyEvent
    | GetApplicationId
    | MinMaxInfo
    | MoveSizeStart
    | MoveSizeEnd
    | WindowMove
    | WindowSnap
    | GetApplicationIdResponse
    | GetApplicationIdExtendedResponse
    | LanguageBarInformation
    | LanguageProfileInformation
    | CompartmentStatusInformation
    | ZOrderSyncInformation
    | WindowCloakStateChange
    | PowerDisplayRequest
    | TaskbarTabInfo
    | TextScaleInformation
    | CaretBlinkInformation
    | UnknownRailPdu
)

_PDUS: dict[int, type[RailPdu]] = {
    cls.order_type: cls
    for cls in (
        Handshake,
        ClientInformation,
        HandshakeEx,
        Execute,
        ExecuteResult,
        SystemParametersUpdate,
        Activate,
        SystemMenu,
        SystemCommand,
        NotifyEvent,
        GetApplicationId,
        MinMaxInfo,
        WindowMove,
        WindowSnap,
        GetApplicationIdResponse,
        GetApplicationIdExtendedResponse,
        LanguageBarInformation,
        LanguageProfileInformation,
        CompartmentStatusInformation,
        ZOrderSyncInformation,
        WindowCloakStateChange,
        PowerDisplayRequest,
        TaskbarTabInfo,
        TextScaleInformation,
        CaretBlinkInformation,
    )
}


def decode_rail(data: bytes) -> RailPdu:
    """Decode one message of the channel, from either side; one of an unknown type is kept as it came.

    Raises `DecodeError`.  Bytes behind the header's length are ignored: the document's own Client Execute (4.3.1) has
    two of them.
    """
    unknown = UnknownRailPdu.decode(data)
    if unknown.order_type == OrderType.LOCALMOVESIZE:
        return decode_local_move_size(data)
    known = _PDUS.get(unknown.order_type)
    return unknown if known is None else known.decode(data)
