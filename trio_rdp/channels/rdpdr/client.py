"""`RdpdrClient`: the client's side of device redirection, [MS-RDPEFS] 3.2, without input and output.

The server begins, versions and capabilities are exchanged, devices are announced, and from then on the server asks and
the client answers, in any order.  Devices may come and go at any time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from trio_rdp.channels.rdpdr.capabilities import (
    CapabilitySet,
    CapabilityType,
    CoreCapabilityRequest,
    CoreCapabilityResponse,
    DriveCapabilitySet,
    ExtendedPdu,
    ExtraFlags1,
    GeneralCapabilitySet,
    IoCode1,
    PortCapabilitySet,
    PrinterCapabilitySet,
    SmartCardCapabilitySet,
)
from trio_rdp.channels.rdpdr.client_events import (
    DeviceAccepted,
    DeviceRefused,
    LoggedOn,
    PrinterCacheChanged,
    RdpdrClientEvent,
    Requested,
    Started,
    XpsModeSet,
)
from trio_rdp.channels.rdpdr.devices import (
    DEVICE_LIMIT,
    DeviceAnnounce,
    DeviceAnnounceResponse,
    DeviceListAnnounce,
    DeviceListRemove,
    DeviceType,
)
from trio_rdp.channels.rdpdr.header import NtStatus, UnknownRdpdr
from trio_rdp.channels.rdpdr.initialization import (
    VERSION_MINOR,
    ClientAnnounceReply,
    ClientName,
    ServerAnnounce,
    ServerClientIdConfirm,
    UserLoggedOn,
)
from trio_rdp.channels.rdpdr.messages import answer_class, decode_rdpdr
from trio_rdp.channels.rdpdr.printer import PrinterCacheData, PrinterSetXpsMode, UnknownPrinterCacheData
from trio_rdp.channels.rdpdr.requests import ControlRequest, DeviceIoRequest, ReadRequest, UnknownRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse, UnmatchedResponse
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["RdpdrClient", "answer"]

_CAPABILITIES_SINCE = 5  # the minor version from which capabilities are exchanged
_SERVER_IDS_SINCE = 12  # the minor version from which a server's client id is kept
_IO_CODES = IoCode1(0x3FFF)  # all but the two for security descriptors


@dataclass(slots=True)
class _Device:
    """One device, as far as the server knows it."""

    announce: DeviceAnnounce
    is_announced: bool = False


@dataclass(slots=True)
class _Outstanding:
    """A request that is not answered yet, and about how many bytes it holds on to, its answer included."""

    device_id: int
    cost: int


class RdpdrClient:
    """A client's side of the channel: messages in, events out; what is to be sent waits in `data_to_send`.

    `client_id` is used with servers that do not choose one; any random number of 32 bits.  At most `requests` requests
    with `request_bytes` bytes (their own, and those they ask for, at most `transfer` each) are outstanding: others are
    answered with INSUFFICIENT_RESOURCES.
    """

    def __init__(
        self,
        computer_name: str,
        client_id: int,
        *,
        requests: int = 1024,
        request_bytes: int = 64 << 20,
        transfer: int = 1 << 20,
        answers: int = 4096,
    ) -> None:
        self._computer_name = computer_name
        self._own_client_id = client_id
        self._request_limit = requests
        self._request_bytes_limit = request_bytes
        self._transfer = transfer
        self._answer_limit = answers
        self._outgoing: deque[bytes] = deque()
        self._devices: dict[int, _Device] = {}
        self._last_device_id = 0
        self._last_ticket = 0
        self._outstanding: dict[int, _Outstanding] = {}
        self._outstanding_bytes = 0
        self._gone: set[int] = set()  # removed, but the server cannot be told
        self._version_minor: int | None = None
        self._client_id = 0
        self._is_confirmed = False
        self._capabilities: dict[int, CapabilitySet] | None = None
        self._is_logged_on = False
        self.ignored: int = 0
        """How many messages meant nothing here."""
        self.refused: int = 0
        """How many requests were answered with INSUFFICIENT_RESOURCES, as too many were outstanding."""

    # What the peer says.

    def receive(self, message: bytes) -> list[RdpdrClientEvent]:
        """Take a message; raises `RemoteProtocolError`, after which the channel should be closed."""
        pdu = decode_rdpdr(message, from_server=True)
        if self._version_minor is None and not isinstance(pdu, ServerAnnounce):
            raise RemoteProtocolError(f"{type(pdu).__name__} before the server's announcement")
        events = self._handle(pdu, len(message))
        if len(self._outgoing) > self._answer_limit:
            raise RemoteProtocolError(f"more than {self._answer_limit} answers wait to be sent")
        return events

    def _handle(self, pdu: Any, size: int) -> list[RdpdrClientEvent]:
        match pdu:
            case ServerAnnounce():
                return self._start(pdu)
            case CoreCapabilityRequest():
                self._exchange_capabilities(pdu)
                self._announce_ready()
                return []
            case ServerClientIdConfirm():
                self._is_confirmed = True
                self._announce_ready()
                return []
            case UserLoggedOn():
                self._is_logged_on = True
                self._announce_ready()
                return [LoggedOn()]
            case DeviceAnnounceResponse():
                return self._hear_reply(pdu)
            case DeviceIoRequest():
                return self._hear_request(pdu, size)
            case UnknownRequest():
                if pdu.device_id in self._devices or pdu.device_id in self._gone:
                    self._send(answer(pdu, NtStatus.UNSUCCESSFUL))
                return []
            case PrinterCacheData():
                return [PrinterCacheChanged(pdu)]
            case PrinterSetXpsMode():
                return [XpsModeSet(pdu.printer_id)] if pdu.printer_id in self._devices else []
            case UnknownRdpdr() | UnknownPrinterCacheData():
                self.ignored += 1
                return []
            case _:
                raise RemoteProtocolError(f"a server does not send {type(pdu).__name__}")

    def _start(self, pdu: ServerAnnounce) -> list[RdpdrClientEvent]:
        """Answer the first message, [MS-RDPEFS] 3.2.5.1.2; a later one begins everything anew."""
        self._version_minor = min(pdu.version_minor, VERSION_MINOR)
        self._client_id = pdu.client_id if pdu.version_minor >= _SERVER_IDS_SINCE else self._own_client_id
        self._is_confirmed = self._is_logged_on = False
        self._capabilities = None
        self._outstanding.clear()
        self._outstanding_bytes = 0
        self._gone.clear()
        for device in self._devices.values():
            device.is_announced = False
        self._send(ClientAnnounceReply(version_minor=self._version_minor, client_id=self._client_id))
        self._send(ClientName(computer_name=self._computer_name))
        return [Started(pdu.version_minor)]

    def _exchange_capabilities(self, pdu: CoreCapabilityRequest) -> None:
        self._capabilities = {
            item.capability_type: item for item in pdu.capability_message if isinstance(item, CapabilitySet)
        }
        assert self._version_minor is not None
        special = sum(device.announce.device_type == DeviceType.SMART_CARD for device in self._devices.values())
        general = GeneralCapabilitySet(
            protocol_minor_version=self._version_minor,
            io_code1=_IO_CODES,
            extended_pdu=ExtendedPdu.DEVICE_REMOVE | ExtendedPdu.CLIENT_DISPLAY_NAME | ExtendedPdu.USER_LOGGED_ON,
            extra_flags1=ExtraFlags1.ENABLE_ASYNCIO,
            special_type_device_cap=special,
        )
        others = [PrinterCapabilitySet(), PortCapabilitySet(), DriveCapabilitySet(), SmartCardCapabilitySet()]
        self._send(CoreCapabilityResponse(capability_message=[general, *others]))

    def _hear_reply(self, pdu: DeviceAnnounceResponse) -> list[RdpdrClientEvent]:
        device = self._devices.get(pdu.device_id)
        if device is None or not device.is_announced:
            self.ignored += 1  # removed meanwhile
            return []
        if pdu.result_code == NtStatus.SUCCESS:
            return [DeviceAccepted(pdu.device_id)]
        return [DeviceRefused(pdu.device_id, pdu.result_code)]

    def _hear_request(self, pdu: DeviceIoRequest, size: int) -> list[RdpdrClientEvent]:
        device = self._devices.get(pdu.device_id)
        if device is None or not device.is_announced:
            # "If a request is received that contains a DeviceId field that was not announced by the client or has
            # been removed, the request SHOULD be ignored": unless the server could not be told of the removal.
            if pdu.device_id in self._gone:
                self._send(answer(pdu, NtStatus.DEVICE_REMOVED))
            else:
                self.ignored += 1
            return []
        cost = size + min(_wanted(pdu), self._transfer)
        full = len(self._outstanding) >= self._request_limit
        if full or self._outstanding_bytes + cost > self._request_bytes_limit:
            self.refused += 1
            self._send(answer(pdu, NtStatus.INSUFFICIENT_RESOURCES))
            return []
        self._last_ticket += 1
        self._outstanding[self._last_ticket] = _Outstanding(pdu.device_id, cost)
        self._outstanding_bytes += cost
        return [Requested(self._last_ticket, pdu)]

    # What the user wants.

    def add_device(self, device_type: DeviceType, dos_name: str, device_data: bytes = b"") -> int:
        """Lend a device: it is announced as soon as that is allowed.  Gives the id that requests will carry."""
        if len(self._devices) >= DEVICE_LIMIT:
            raise LocalProtocolError(f"there are {DEVICE_LIMIT} devices already")
        self._last_device_id += 1
        announce = DeviceAnnounce(
            device_type=device_type,
            device_id=self._last_device_id,
            preferred_dos_name=dos_name,
            device_data=device_data,
        )
        announce.encode()  # a name that does not fit is told here, not when it is announced
        self._devices[self._last_device_id] = device = _Device(announce)
        if self._version_minor is not None and self._may_announce(device_type):
            device.is_announced = True
            self._send(DeviceListAnnounce(device_list=[announce]))
        return self._last_device_id

    def remove_device(self, device_id: int) -> None:
        """Take a device back; its requests that are not answered yet will not be."""
        device = self._devices.pop(device_id, None)
        if device is None:
            raise LocalProtocolError(f"there is no device {device_id}")
        for ticket in [ticket for ticket, waiting in self._outstanding.items() if waiting.device_id == device_id]:
            self._forget(ticket)
        if not device.is_announced:
            return
        if ExtendedPdu.DEVICE_REMOVE in self._server_messages:
            self._send(DeviceListRemove(device_ids=[device_id]))
        else:
            self._gone.add(device_id)

    def complete(self, ticket: int, response: DeviceIoResponse) -> bytes | None:
        """Answer a request; gives the message, which the caller sends, or None where nobody waits for it any more.

        Raises `EncodeError` for what does not fit into a message; the request still waits then.
        """
        message = response.encode()
        return None if self._forget(ticket) is None else message

    def data_to_send(self) -> list[bytes]:
        """Messages to be sent, in this order; each is given once."""
        messages = list(self._outgoing)
        self._outgoing.clear()
        return messages

    @property
    def outstanding(self) -> int:
        """How many requests wait for their answers."""
        return len(self._outstanding)

    @property
    def outstanding_bytes(self) -> int:
        """About how many bytes those requests and their answers take."""
        return self._outstanding_bytes

    def is_announced(self, device_id: int) -> bool:
        """Whether the server knows of a device."""
        device = self._devices.get(device_id)
        return device is not None and device.is_announced

    # Announcing.

    @property
    def _server_messages(self) -> ExtendedPdu:
        """Which messages the server sends and takes."""
        general = (self._capabilities or {}).get(CapabilityType.GENERAL)
        return general.extended_pdu if isinstance(general, GeneralCapabilitySet) else ExtendedPdu(0)

    def _may_announce(self, device_type: DeviceType) -> bool:
        # xrdp 0.9.21 tells of the logon first of all: it reads the names of drives as the capabilities are.
        if self._version_minor is None or not self._is_confirmed:
            return False
        if self._capabilities is None:
            return self._version_minor < _CAPABILITIES_SINCE
        # Smart cards serve for logging on.  A server that does not tell of it gets all devices at once.
        is_for_logon = device_type == DeviceType.SMART_CARD
        return self._is_logged_on or is_for_logon or ExtendedPdu.USER_LOGGED_ON not in self._server_messages

    def _announce_ready(self) -> None:
        """Announce what may be by now, in one message."""
        announced = []
        for device in self._devices.values():
            if not device.is_announced and self._may_announce(device.announce.device_type):
                device.is_announced = True
                announced.append(device.announce)
        if announced:
            self._send(DeviceListAnnounce(device_list=announced))

    # The rest.

    def _forget(self, ticket: int) -> _Outstanding | None:
        waiting = self._outstanding.pop(ticket, None)
        if waiting is not None:
            self._outstanding_bytes -= waiting.cost
        return waiting

    def _send(self, pdu: Any) -> None:
        self._outgoing.append(pdu.encode())


def answer(
    request: DeviceIoRequest | UnknownRequest, io_status: NtStatus = NtStatus.SUCCESS, **fields: Any
) -> DeviceIoResponse:
    """The response to a request, of the class that belongs to it; what `fields` leaves out is empty."""
    cls = answer_class(request)
    if cls is UnmatchedResponse:
        fields.setdefault("parameters", bytes(4))
    return cls(device_id=request.device_id, completion_id=request.completion_id, io_status=io_status, **fields)


def _wanted(request: DeviceIoRequest) -> int:
    """How many bytes a request asks for."""
    match request:
        case ReadRequest(length=length):
            return length
        case ControlRequest(output_buffer_length=length):
            return length
    return 0
