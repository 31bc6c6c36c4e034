"""Which message a message is."""

from __future__ import annotations

from trio_rdp.channels.rdpdr import drive_requests, drive_responses, requests, responses
from trio_rdp.channels.rdpdr.capabilities import CoreCapabilityRequest, CoreCapabilityResponse
from trio_rdp.channels.rdpdr.devices import DeviceAnnounceResponse, DeviceListAnnounce, DeviceListRemove
from trio_rdp.channels.rdpdr.header import Component, PacketId, UnknownRdpdr
from trio_rdp.channels.rdpdr.initialization import (
    ClientAnnounceReply,
    ClientName,
    ServerAnnounce,
    ServerClientIdConfirm,
    UserLoggedOn,
)
from trio_rdp.channels.rdpdr.printer import (
    AddPrinterCacheData,
    DeletePrinterCacheData,
    PrinterCacheData,
    PrinterCacheEvent,
    PrinterSetXpsMode,
    RenamePrinterCacheData,
    UnknownPrinterCacheData,
    UpdatePrinterCacheData,
)
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest, MajorFunction, UnknownRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse, UnmatchedResponse

__all__ = ["RdpdrMessage", "answer_class", "decode_answer", "decode_rdpdr"]

RdpdrMessage = (
    ServerAnnounce
    | ClientAnnounceReply
    | ServerClientIdConfirm
    | ClientName
    | UserLoggedOn
    | CoreCapabilityRequest
    | CoreCapabilityResponse
    | DeviceListAnnounce
    | DeviceListRemove
    | DeviceAnnounceResponse
    | DeviceIoRequest
    | UnknownRequest
    | UnmatchedResponse
    | PrinterSetXpsMode
    | PrinterCacheData
    | UnknownPrinterCacheData
    | UnknownRdpdr
)

_MESSAGES: dict[tuple[int, int], type[RdpdrMessage]] = {
    (cls.component, cls.packet_id): cls
    for cls in (
        ServerAnnounce,
        ClientName,
        UserLoggedOn,
        CoreCapabilityRequest,
        CoreCapabilityResponse,
        DeviceListAnnounce,
        DeviceListRemove,
        DeviceAnnounceResponse,
        UnmatchedResponse,
        PrinterSetXpsMode,
    )
}
_ANSWERS: dict[type[DeviceIoRequest], type[DeviceIoResponse]] = {
    requests.CreateRequest: responses.CreateResponse,
    requests.CloseRequest: responses.CloseResponse,
    requests.ReadRequest: responses.ReadResponse,
    requests.WriteRequest: responses.WriteResponse,
    requests.ControlRequest: responses.ControlResponse,
    drive_requests.QueryVolumeInformationRequest: drive_responses.QueryVolumeInformationResponse,
    drive_requests.SetVolumeInformationRequest: drive_responses.SetVolumeInformationResponse,
    drive_requests.QueryInformationRequest: drive_responses.QueryInformationResponse,
    drive_requests.SetInformationRequest: drive_responses.SetInformationResponse,
    drive_requests.QueryDirectoryRequest: drive_responses.QueryDirectoryResponse,
    drive_requests.NotifyChangeDirectoryRequest: drive_responses.NotifyChangeDirectoryResponse,
    drive_requests.LockControlRequest: drive_responses.LockControlResponse,
}
_REQUESTS: dict[tuple[int, int], type[DeviceIoRequest]] = {
    (cls.major_function, cls.minor_function): cls for cls in _ANSWERS
}
_CACHE_DATA: dict[int, type[PrinterCacheData]] = {
    cls.event_id: cls
    for cls in (AddPrinterCacheData, UpdatePrinterCacheData, DeletePrinterCacheData, RenamePrinterCacheData)
}


def decode_rdpdr(data: bytes, *, from_server: bool) -> RdpdrMessage:
    """Decode a message of the channel; raises `DecodeError`, but keeps what is of an unknown kind.

    Who sent it tells the Client Announce Reply from the Server Client ID Confirm, and nothing else.  A response stays
    an `UnmatchedResponse`: `decode_answer` reads the rest of it.
    """
    unknown = UnknownRdpdr.decode(data)
    known: type[RdpdrMessage] | None
    match unknown.component, unknown.packet_id:
        case Component.CORE, PacketId.CLIENT_ID_CONFIRM:
            known = ServerClientIdConfirm if from_server else ClientAnnounceReply
        case Component.CORE, PacketId.DEVICE_IO_REQUEST:
            known = _request_class(UnknownRequest.decode(data))
        case Component.PRINTER, PacketId.PRINTER_CACHE_DATA:
            event_id: PrinterCacheEvent = UnknownPrinterCacheData.decode(data).event_id
            known = _CACHE_DATA.get(event_id, UnknownPrinterCacheData)
        case key:
            known = _MESSAGES.get(key)
    return unknown if known is None else known.decode(data)


def decode_answer(response: UnmatchedResponse, request: DeviceIoRequest | UnknownRequest) -> DeviceIoResponse:
    """Decode the response to a request; raises `DecodeError`.  One to an unknown request stays as it is."""
    known = answer_class(request)
    return response if known is UnmatchedResponse else known.decode(response.encode())


def answer_class(request: DeviceIoRequest | UnknownRequest) -> type[DeviceIoResponse]:
    """What a request is answered with; an unknown one with an `UnmatchedResponse`."""
    return UnmatchedResponse if isinstance(request, UnknownRequest) else _ANSWERS[type(request)]


def _request_class(request: UnknownRequest) -> type[DeviceIoRequest | UnknownRequest]:
    has_minor = request.major_function == MajorFunction.DIRECTORY_CONTROL
    return _REQUESTS.get((request.major_function, request.minor_function if has_minor else 0), UnknownRequest)
