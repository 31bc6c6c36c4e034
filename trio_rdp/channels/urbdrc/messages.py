"""What arrives on the channel, from either side."""

from __future__ import annotations

from typing import Any, TypeAlias

from trio_rdp.channels.urbdrc.completion import IoControlCompletion, UrbCompletion, UrbCompletionNoData
from trio_rdp.channels.urbdrc.device import (
    CancelRequest,
    InternalIoControl,
    IoControl,
    QueryDeviceText,
    QueryDeviceTextResponse,
    RegisterRequestCallback,
    RetractDevice,
    TransferInRequest,
    TransferOutRequest,
)
from trio_rdp.channels.urbdrc.header import InterfaceId, StreamId, UnknownUrbdrc, UnmatchedResponse
from trio_rdp.channels.urbdrc.setup import (
    AddDevice,
    AddVirtualChannel,
    CapabilityRequest,
    CapabilityResponse,
    ChannelCreated,
    InterfaceRelease,
    QueryInterfaceRequest,
    QueryInterfaceResponse,
)
from trio_rdp.wire.cursor import Cursor

__all__ = [
    "UrbdrcFromClient",
    "UrbdrcFromServer",
    "decode_answer",
    "decode_urbdrc_from_client",
    "decode_urbdrc_from_server",
]

UrbdrcFromServer: TypeAlias = (
    CapabilityRequest
    | ChannelCreated
    | CancelRequest
    | RegisterRequestCallback
    | IoControl
    | InternalIoControl
    | QueryDeviceText
    | TransferInRequest
    | TransferOutRequest
    | RetractDevice
    | InterfaceRelease
    | QueryInterfaceRequest
    | UnmatchedResponse
    | UnknownUrbdrc
)
UrbdrcFromClient: TypeAlias = (
    CapabilityResponse
    | AddVirtualChannel
    | AddDevice
    | ChannelCreated
    | IoControlCompletion
    | UrbCompletion
    | UrbCompletionNoData
    | InterfaceRelease
    | QueryInterfaceRequest
    | UnmatchedResponse
    | UnknownUrbdrc
)

_ANY: dict[int, Any] = {cls.function_id: cls for cls in (InterfaceRelease, QueryInterfaceRequest)}
_NOTIFICATION: dict[int, Any] = {**_ANY, ChannelCreated.function_id: ChannelCreated}
_DEVICE_SINK: dict[int, Any] = {**_ANY, **{cls.function_id: cls for cls in (AddVirtualChannel, AddDevice)}}
_DEVICE: dict[int, Any] = {
    **_ANY,
    **{
        cls.function_id: cls
        for cls in (
            CancelRequest,
            RegisterRequestCallback,
            IoControl,
            InternalIoControl,
            QueryDeviceText,
            TransferInRequest,
            TransferOutRequest,
            RetractDevice,
        )
    },
}
_COMPLETION: dict[int, Any] = {
    **_ANY,
    **{cls.function_id: cls for cls in (IoControlCompletion, UrbCompletion, UrbCompletionNoData)},
}
_FROM_SERVER: dict[int, dict[int, Any]] = {InterfaceId.NOTIFICATION_FROM_SERVER: _NOTIFICATION}
_FROM_CLIENT: dict[int, dict[int, Any]] = {
    InterfaceId.DEVICE_SINK: _DEVICE_SINK,
    InterfaceId.NOTIFICATION_FROM_CLIENT: _NOTIFICATION,
}


def decode_urbdrc_from_server(data: bytes) -> UrbdrcFromServer:
    """Decode what a server sent; raises `DecodeError`, but keeps a message of an unknown function.

    An interface that is none of the channel's own is taken for a device's.  A response is an `UnmatchedResponse`.
    """
    stream_id = _stream_id(data)
    if stream_id == StreamId.NONE:
        return CapabilityRequest.decode(data)
    message: UrbdrcFromServer = _decode(data, stream_id, _FROM_SERVER, _DEVICE)
    return message


def decode_urbdrc_from_client(data: bytes) -> UrbdrcFromClient:
    """Decode what a client sent; raises `DecodeError`, but keeps a message of an unknown function.

    An interface that is none of the channel's own is taken for that of completions.  A response is an
    `UnmatchedResponse`, but for that to the capabilities, which no other is like.
    """
    stream_id = _stream_id(data)
    if stream_id == StreamId.NONE:
        return CapabilityResponse.decode(data)
    message: UrbdrcFromClient = _decode(data, stream_id, _FROM_CLIENT, _COMPLETION)
    return message


def decode_answer(
    response: UnmatchedResponse, request: QueryDeviceText | QueryInterfaceRequest
) -> QueryDeviceTextResponse | QueryInterfaceResponse:
    """Decode the response to `request`, whose message id it has; raises `DecodeError`."""
    if isinstance(request, QueryDeviceText):
        return QueryDeviceTextResponse.decode(response.encode())
    return QueryInterfaceResponse.decode(response.encode())


def _stream_id(data: bytes) -> StreamId:
    return StreamId(Cursor(data).u32() >> 30)


def _decode(data: bytes, stream_id: StreamId, interfaces: dict[int, Any], others: dict[int, Any]) -> Any:
    if stream_id == StreamId.STUB:
        return UnmatchedResponse.decode(data)
    unknown = UnknownUrbdrc.decode(data)
    functions = interfaces.get(unknown.interface_id, others)
    known = functions.get(unknown.function_id) if stream_id == StreamId.PROXY else None
    return unknown if known is None else known.decode(data)
