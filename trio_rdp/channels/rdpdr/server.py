"""`RdpdrServer`: a server's side of device redirection as a machine, [MS-RDPEFS] 3.1 and 3.3.

    machine = RdpdrServer(limits, client_id=7)
    send(machine.start())
    for event in machine.receive(message):
        ...
    for message in machine.data_to_send():
        send(message)

The client announces devices, which are accepted or refused; the server then asks, each request under an id of its own,
and the client answers in any order, late, or never.
"""

from __future__ import annotations

import enum

from trio_rdp.channels.rdpdr.capabilities import (
    CoreCapabilityRequest,
    CoreCapabilityResponse,
    DriveCapabilitySet,
    ExtendedPdu,
    ExtraFlags1,
    GeneralCapabilitySet,
    PortCapabilitySet,
    PrinterCapabilitySet,
    SmartCardCapabilitySet,
)
from trio_rdp.channels.rdpdr.devices import (
    DeviceAnnounce,
    DeviceAnnounceResponse,
    DeviceListAnnounce,
    DeviceListRemove,
    DeviceType,
)
from trio_rdp.channels.rdpdr.header import NtStatus, UnknownRdpdr
from trio_rdp.channels.rdpdr.initialization import (
    VERSION_MAJOR,
    VERSION_MINOR,
    ClientAnnounceReply,
    ClientName,
    ServerAnnounce,
    ServerClientIdConfirm,
    UserLoggedOn,
)
from trio_rdp.channels.rdpdr.messages import RdpdrMessage, decode_rdpdr
from trio_rdp.channels.rdpdr.printer import PrinterCacheData, PrinterSetXpsMode
from trio_rdp.channels.rdpdr.requests import CloseRequest, DeviceIoRequest
from trio_rdp.channels.rdpdr.responses import UnmatchedResponse
from trio_rdp.channels.rdpdr.server_events import (
    ClientIdentified,
    DeviceAnnounced,
    DeviceLeft,
    RdpdrServerEvent,
    RequestAnswered,
    ServerReady,
)
from trio_rdp.channels.rdpdr.server_requests import RequestTable, failed, undoing
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["RdpdrServer", "RdpdrServerState"]

_OLDEST_WITH_CAPABILITIES = 5


class RdpdrServerState(enum.Enum):
    """What the server waits for."""

    START = enum.auto()
    """`start` was not called yet."""
    ANNOUNCED = enum.auto()
    """The client's version."""
    IDENTIFIED = enum.auto()
    """The client's name."""
    CONFIRMED = enum.auto()
    """The client's capabilities; devices may come already."""
    READY = enum.auto()
    """Nothing in particular."""


class RdpdrServer:
    """A server's side of the channel; give it messages, and send what it says.

    `receive` raises `RemoteProtocolError` where the client breaks the protocol; the other methods `LocalProtocolError`
    for what makes no sense now.  After an error the machine is of no use any more.
    """

    def __init__(
        self, *, client_id: int, max_devices: int, max_device_data: int, max_requests: int, is_logged_on: bool = True
    ) -> None:
        self.state: RdpdrServerState = RdpdrServerState.START
        self.version: tuple[int, int] = (0, 0)
        self.computer_name: str = ""
        self.capabilities: CoreCapabilityResponse = CoreCapabilityResponse(capability_message=[])
        self.devices: dict[int, DeviceAnnounce] = {}
        self._accepted: set[int] = set()
        self._refused = 0
        self._data = 0
        self._client_id = client_id
        self._max_devices = max_devices
        self._max_device_data = max_device_data
        self._requests = RequestTable(max_requests)
        self._is_logged_on = is_logged_on
        self._out: list[bytes] = []

    @property
    def is_full(self) -> bool:
        """Whether as many requests are under way as may be: another is refused, unless it closes a file or unlocks."""
        return self._requests.is_full

    @property
    def requests_under_way(self) -> int:
        """How many requests have no answer, those included that nobody waits for any more."""
        return len(self._requests)

    @property
    def late_answers(self) -> int:
        """How many answers came for requests that were over already."""
        return self._requests.late

    @property
    def devices_refused(self) -> int:
        """How many devices were refused."""
        return self._refused

    @property
    def may_overlap(self) -> bool:
        """Whether several reads or writes of one file may be under way at once ([MS-RDPEFS] 3.3.5.2.7)."""
        general = self._general()
        return general is not None and ExtraFlags1.ENABLE_ASYNCIO in general.extra_flags1

    def data_to_send(self) -> list[bytes]:
        """The messages that the protocol owes since the last call."""
        out, self._out = self._out, []
        return out

    def start(self) -> bytes:
        """The first message of all."""
        if self.state is not RdpdrServerState.START:
            raise LocalProtocolError(f"start() in state {self.state.name}")
        self.state = RdpdrServerState.ANNOUNCED
        return ServerAnnounce(version_minor=VERSION_MINOR, client_id=self._client_id).encode()

    def log_on(self) -> None:
        """Note that the client's user is logged on, which some clients wait for before they announce drives."""
        if self._is_logged_on:
            raise LocalProtocolError("the user is logged on already")
        self._is_logged_on = True
        if self.state is RdpdrServerState.READY:
            self._tell_logged_on()

    def receive(self, message: bytes) -> list[RdpdrServerEvent]:
        """Take a message of the client; gives what happened."""
        match decode_rdpdr(message, from_server=False):
            case UnmatchedResponse() as response:
                return self._answered(response)
            case UnknownRdpdr():
                return []
            case known:
                return self._receive(known)

    def accept(self, device_id: int) -> None:
        """Take an announced device; it may be asked from now on."""
        self._announced(device_id)
        self._accepted.add(device_id)
        self._reply(device_id, NtStatus.SUCCESS)

    def refuse(self, device_id: int, status: NtStatus = NtStatus.ACCESS_DENIED) -> None:
        """Do not take an announced device."""
        device = self._announced(device_id)
        if not status:
            raise LocalProtocolError("a refusal needs the status of a failure")
        self._drop(device)
        self._refused += 1
        self._reply(device_id, status)

    def ask(self, request: DeviceIoRequest) -> bytes:
        """Begin a request to an accepted device: sets its completion id, and gives the message."""
        if request.device_id not in self._accepted:
            raise LocalProtocolError(f"there is no device {request.device_id}")
        self._requests.add(request)
        return request.encode()

    def withdraw(self, completion_id: int) -> None:
        """Forget a request whose message was not sent."""
        self._requests.remove(completion_id)

    def abandon(self, completion_id: int) -> None:
        """Note that nobody waits for an answer any more: what it opens is closed again, what it locks unlocked."""
        self._requests.abandon(completion_id)

    def tell_printer(self, message: PrinterSetXpsMode | PrinterCacheData) -> bytes:
        """The message that tells a client about a printer; there is no answer."""
        if self.state is not RdpdrServerState.READY:
            raise LocalProtocolError(f"nothing can be told of printers in state {self.state.name}")
        return message.encode()

    def _receive(self, message: RdpdrMessage) -> list[RdpdrServerEvent]:
        match self.state, message:
            case RdpdrServerState.ANNOUNCED, ClientAnnounceReply():
                self.version = (message.version_major, message.version_minor)
                self._client_id = message.client_id
                self.state = RdpdrServerState.IDENTIFIED
                return []
            case RdpdrServerState.IDENTIFIED, ClientName():
                self.computer_name = message.computer_name
                return [ClientIdentified(message.computer_name, *self.version), *self._confirm()]
            case RdpdrServerState.CONFIRMED, CoreCapabilityResponse():
                self.capabilities = message
                return self._become_ready()
            case ((RdpdrServerState.CONFIRMED | RdpdrServerState.READY), DeviceListAnnounce()):
                events = (self._announce(device) for device in message.device_list)
                return [event for event in events if event is not None]
            case ((RdpdrServerState.CONFIRMED | RdpdrServerState.READY), DeviceListRemove()):
                return [event for device_id in message.device_ids for event in self._remove(device_id)]
        raise RemoteProtocolError(f"{type(message).__name__} in state {self.state.name}")

    def _confirm(self) -> list[RdpdrServerEvent]:
        """Answer the client's name, [MS-RDPEFS] 3.1.3: our capabilities, where it knows such, and its id."""
        major, minor = self.version
        # "If the value of VersionMajor on the server is less than the value of VersionMajor specified by the client,
        # then the server does not initiate capability exchange", nor where "VersionMinor is less than 5".
        has_capabilities = major < VERSION_MAJOR or (major == VERSION_MAJOR and minor >= _OLDEST_WITH_CAPABILITIES)
        if has_capabilities:
            self._out.append(_CAPABILITIES.encode())
        confirm = ServerClientIdConfirm(version_minor=VERSION_MINOR, client_id=self._client_id)
        self._out.append(confirm.encode())
        self.state = RdpdrServerState.CONFIRMED
        return [] if has_capabilities else self._become_ready()

    def _become_ready(self) -> list[RdpdrServerEvent]:
        self.state = RdpdrServerState.READY
        if self._is_logged_on:
            self._tell_logged_on()
        return [ServerReady(tuple(self.capabilities.capability_message))]

    def _tell_logged_on(self) -> None:
        general = self._general()
        if general is not None and ExtendedPdu.USER_LOGGED_ON in general.extended_pdu:
            self._out.append(UserLoggedOn().encode())

    def _general(self) -> GeneralCapabilitySet | None:
        for item in self.capabilities.capability_message:
            if isinstance(item, GeneralCapabilitySet):
                return item
        return None

    def _announce(self, device: DeviceAnnounce) -> RdpdrServerEvent | None:
        known = self.devices.get(device.device_id)
        if known is not None:
            # "The protocol MUST be terminated", but FreeRDP 2.11 announces smart cards before and after the log-on.
            if known != device:
                raise RemoteProtocolError(f"device {device.device_id} is announced as another one")
            if device.device_id in self._accepted:
                self._reply(device.device_id, NtStatus.SUCCESS)
            return None
        if not DeviceType(device.device_type).is_known:
            self._turn_away(device, NtStatus.NOT_SUPPORTED)
            return None
        is_too_much = self._data + len(device.device_data) > self._max_device_data
        if is_too_much or len(self.devices) >= self._max_devices:
            self._turn_away(device, NtStatus.INSUFFICIENT_RESOURCES)
            return None
        self.devices[device.device_id] = device
        self._data += len(device.device_data)
        return DeviceAnnounced(device)

    def _turn_away(self, device: DeviceAnnounce, status: NtStatus) -> None:
        self._refused += 1
        self._reply(device.device_id, status)

    def _reply(self, device_id: int, status: NtStatus) -> None:
        self._out.append(DeviceAnnounceResponse(device_id=device_id, result_code=status).encode())

    def _announced(self, device_id: int) -> DeviceAnnounce:
        device = self.devices.get(device_id)
        if device is None or device_id in self._accepted:
            raise LocalProtocolError(f"device {device_id} waits for no decision")
        return device

    def _remove(self, device_id: int) -> list[RdpdrServerEvent]:
        device = self.devices.get(device_id)
        if device is None:
            return []  # "MUST be ignored"; it may have been refused
        self._drop(device)
        ended: list[RdpdrServerEvent] = [
            RequestAnswered(request, failed(request, NtStatus.DEVICE_REMOVED))
            for request in self._requests.remove_device(device_id)
        ]
        return [*ended, DeviceLeft(device)]

    def _drop(self, device: DeviceAnnounce) -> None:
        del self.devices[device.device_id]
        self._accepted.discard(device.device_id)
        self._data -= len(device.device_data)

    def _answered(self, response: UnmatchedResponse) -> list[RdpdrServerEvent]:
        found = self._requests.answer(response)
        if found is None:
            return []
        request, answer = found.request, found.response
        if found.is_abandoned and (undo := undoing(request, answer)) is not None:
            self._out.append(self.ask(undo))
            self.abandon(undo.completion_id)
        # "All pending or incomplete I/O requests for this FileId MUST be canceled"; FreeRDP 2.11 never answers them.
        cancelled = self._requests.remove_file(request) if isinstance(request, CloseRequest) else []
        ended = [RequestAnswered(other, failed(other, NtStatus.CANCELLED)) for other in cancelled]
        return [*ended, RequestAnswered(request, answer)]


_CAPABILITIES = CoreCapabilityRequest(
    capability_message=[
        GeneralCapabilitySet(
            os_type=2,
            protocol_minor_version=VERSION_MINOR,
            extended_pdu=ExtendedPdu.DEVICE_REMOVE | ExtendedPdu.CLIENT_DISPLAY_NAME | ExtendedPdu.USER_LOGGED_ON,
        ),
        PrinterCapabilitySet(),
        PortCapabilitySet(),
        DriveCapabilitySet(),
        SmartCardCapabilitySet(),
    ]
)
