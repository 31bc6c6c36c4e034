"""`Devices`: what a client lends to its server: drives, printers, smart cards and ports.

drive = session.devices.add_drive("share", DirectoryFileSystem("/home/ada/share"))
printer = session.devices.add_printer("laser")
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import trio

from trio_rdp.channels.rdpdr import CHANNEL_NAME
from trio_rdp.channels.rdpdr.client import RdpdrClient, answer
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
from trio_rdp.channels.rdpdr.client_status import status_of_error
from trio_rdp.channels.rdpdr.devices import DEVICE_LIMIT
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.printer import AddPrinterCacheData, PrinterFlags
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.devices.device import Device, DeviceService
from trio_rdp.faces.devices.drives import Drive
from trio_rdp.faces.devices.file_systems import FileSystem
from trio_rdp.faces.devices.printers import Printer
from trio_rdp.faces.devices.serial_ports import ParallelPort, SerialPort
from trio_rdp.faces.devices.smart_cards import SmartCards, SmartCardService
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import EncodeError, LocalProtocolError, SessionClosed

__all__ = ["Devices", "DevicesStatistics"]

_log = logging.getLogger(__name__)
_D = TypeVar("_D", bound=Device)
_NO_FLAGS = PrinterFlags(0)
_SHORT_NAME = 7  # characters


@dataclass(frozen=True, slots=True)
class DevicesStatistics:
    """What is lent, and what of the server's requests waits for an answer: now, at most, and its bounds.

    `refused` were too many at once, `ignored` meant nothing.
    """

    devices: int
    requests: int
    peak_requests: int
    request_limit: int
    request_bytes: int
    request_bytes_limit: int
    answered: int
    refused: int
    ignored: int


class Devices(ChannelFace):
    """The devices that are lent to a server.

    They may be added before the session is there and at any time later; the server hears of each as soon as it may.
    What their users do wrong is logged and told to the server as a failure: it ends nothing.
    """

    def __init__(self, limits: Limits, *, client_name: str) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._client_name = client_name
        self._devices: list[Device] = []
        self._ids: dict[int, Device] = {}
        self._short_names: dict[int, str] = {}
        self._machine: RdpdrClient | None = None
        self._attached: dict[int, _Attachment] = {}
        self._nursery: trio.Nursery | None = None
        self._waiting = trio.Event()
        self._printers = 0
        self._peak = 0
        self._answered = 0

    # For users.

    def add_drive(self, name: str, file_system: FileSystem) -> Drive:
        """Lend a file system as a drive; its name may have any characters, of which some servers show seven."""
        if not isinstance(file_system, FileSystem):
            raise TypeError(f"{file_system!r} is no FileSystem; a directory is DirectoryFileSystem(path)")
        return self.add(Drive(name, file_system, self._limits))

    def add_printer(
        self,
        name: str,
        *,
        driver_name: str = "MS Publisher Imagesetter",
        flags: PrinterFlags = _NO_FLAGS,
        configuration: bytes = b"",
    ) -> Printer:
        """Lend a printer, whose jobs come in what the driver of that name makes: PostScript, if none is given.

        `configuration` is what an earlier `Printer.configuration` was.
        """
        self._printers += 1
        printer = Printer(
            name, self._limits, self._printers, driver_name=driver_name, flags=flags, configuration=configuration
        )
        return self.add(printer)

    def add_smart_cards(self, service: SmartCardService) -> SmartCards:
        """Lend the smart cards of a service: a server may use them for logging on."""
        if any(isinstance(device, SmartCards) for device in self._devices):
            raise LocalProtocolError("smart cards are lent already")
        return self.add(SmartCards(service, self._limits))

    def add_serial_port(self, name: str, stream: trio.abc.Stream) -> SerialPort:
        """Lend a serial port ("COM1"), at whose other end is a stream."""
        return self.add(SerialPort(name, stream, self._limits))

    def add_parallel_port(self, name: str, stream: trio.abc.SendStream) -> ParallelPort:
        """Lend a parallel port ("LPT1"): what is written goes to a stream."""
        return self.add(ParallelPort(name, stream))

    def add(self, device: _D) -> _D:
        """Lend a device of your own kind, or one that was removed."""
        if device in self._devices:
            raise LocalProtocolError(f"{device.name!r} is lent already")
        if self._machine is not None:
            self._announce(device, self._machine)
        self._devices.append(device)
        device._lent(lambda: self._remove(device))
        if self._machine is None and self._end is not None:
            device._ended(self._end)
        return device

    def __iter__(self) -> Iterator[Device]:
        return iter(tuple(self._devices))

    def __len__(self) -> int:
        return len(self._devices)

    @property
    def buffer(self) -> ChannelBuffer:
        """What may wait to be read: as many requests as may be outstanding."""
        return ChannelBuffer(self._limits.lent_requests, self._limits.lent_request_bytes)

    def statistics(self) -> DevicesStatistics:
        """What is lent, and what waits."""
        machine = self._machine
        return DevicesStatistics(
            devices=len(self._devices),
            requests=machine.outstanding if machine else 0,
            peak_requests=self._peak,
            request_limit=self._limits.lent_requests,
            request_bytes=machine.outstanding_bytes if machine else 0,
            request_bytes_limit=self._limits.lent_request_bytes,
            answered=self._answered,
            refused=machine.refused if machine else 0,
            ignored=machine.ignored if machine else 0,
        )

    # The channel.

    async def _work(self, channel: MessageChannel) -> None:
        self._machine = machine = RdpdrClient(
            self._client_name,
            secrets.randbits(32),
            requests=self._limits.lent_requests,
            request_bytes=self._limits.lent_request_bytes,
            transfer=self._limits.lent_transfer,
            answers=self._limits.lent_requests + DEVICE_LIMIT,
        )
        for device in self._devices:
            device._begun()
            self._announce(device, machine)
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._send_waiting, channel, machine)
            while True:
                for event in machine.receive(await channel.receive()):
                    self._handle(event, channel, machine)
                self._waiting.set()

    async def _send_waiting(self, channel: MessageChannel, machine: RdpdrClient) -> None:
        """Send what the machine says by itself; answers of devices are sent by those who made them."""
        while True:
            self._waiting = trio.Event()
            for message in machine.data_to_send():
                if not await _send(channel, message):
                    return
            await self._waiting.wait()

    def _handle(self, event: RdpdrClientEvent, channel: MessageChannel, machine: RdpdrClient) -> None:
        match event:
            case Started():
                for attachment in self._attached.values():
                    attachment.end()
                self._attached.clear()
                for device in self._devices:
                    device._begun()
            case DeviceAccepted(device_id):
                self._ids[device_id]._heard(None)
            case DeviceRefused(device_id, status):
                _log.warning("the server refuses %r: %s", self._ids[device_id].name, status.name)
                self._ids[device_id]._heard(status)
            case Requested():
                self._peak = max(self._peak, machine.outstanding)
                self._attachment(event.request.device_id, channel, machine).take(event)
            case PrinterCacheChanged(AddPrinterCacheData() as added):
                for device_id, device in self._ids.items():
                    if isinstance(device, SerialPort | ParallelPort) and (
                        self._short_names[device_id].lower() == added.port_dos_name.rstrip(":").lower()
                    ):
                        device.installed_printer = added
            case PrinterCacheChanged(change):
                for device in self._devices:
                    if isinstance(device, Printer):
                        device._cache_changed(change)
            case XpsModeSet(device_id):
                device = self._ids[device_id]
                if isinstance(device, Printer):
                    device._set_xps()
            case LoggedOn():
                pass

    def _attachment(self, device_id: int, channel: MessageChannel, machine: RdpdrClient) -> _Attachment:
        found = self._attached.get(device_id)
        if found is None:
            assert self._nursery is not None
            found = _Attachment(self, self._ids[device_id]._serve(), channel, machine, self._limits.close_grace)
            self._attached[device_id] = found
            self._nursery.start_soon(found.run)
        return found

    def _announce(self, device: Device, machine: RdpdrClient) -> None:
        kind, short, data = device._announcement()
        used = {self._short_names[device_id].lower() for device_id in self._ids}
        number = 1
        while short.lower() in used:  # xrdp 0.9.21 knows drives by these names
            number += 1
            short = f"{short[: _SHORT_NAME - 1 - len(str(number))]}~{number}"
        device_id = machine.add_device(kind, short, data)
        self._ids[device_id], self._short_names[device_id] = device, short
        self._waiting.set()

    def _remove(self, device: Device) -> None:
        self._devices.remove(device)
        for device_id, other in list(self._ids.items()):
            if other is not device:
                continue
            del self._ids[device_id], self._short_names[device_id]
            if self._machine is not None:
                self._machine.remove_device(device_id)
                self._waiting.set()
            if (attachment := self._attached.pop(device_id, None)) is not None:
                attachment.end()
        device._removed()

    def _ended(self) -> None:
        self._machine = self._nursery = None
        self._ids.clear()
        self._short_names.clear()
        self._attached.clear()
        assert self._end is not None
        for device in self._devices:
            device._ended(self._end)

    def _note_answer(self) -> None:
        self._answered += 1


class _Attachment:
    """A device in use: its tasks, of which each answers one request, or those of one lane in turn."""

    def __init__(
        self,
        devices: Devices,
        service: DeviceService,
        channel: MessageChannel,
        machine: RdpdrClient,
        grace: float,
    ) -> None:
        self._devices = devices
        self._service = service
        self._channel = channel
        self._machine = machine
        self._grace = grace
        self._scope = trio.CancelScope()
        self._arrived: deque[Requested] = deque()
        self._wake = trio.Event()
        self._lanes: dict[Hashable, deque[Requested]] = {}

    def take(self, event: Requested) -> None:
        """Note a request; the machine bounds how many there are."""
        self._arrived.append(event)
        self._wake.set()

    def end(self) -> None:
        """Stop answering, and close what is open."""
        self._scope.cancel()

    async def run(self) -> None:
        """Answer requests until it is over."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._run_beside)
                    while True:
                        self._wake = trio.Event()
                        while self._arrived:
                            self._begin(self._arrived.popleft(), nursery)
                        await self._wake.wait()
        finally:
            with trio.move_on_after(self._grace, shield=True):
                await self._close()

    def _begin(self, event: Requested, nursery: trio.Nursery) -> None:
        lane = self._service.lane(event.request)
        if lane is None:
            nursery.start_soon(self._answer, event)
        elif lane in self._lanes:
            self._lanes[lane].append(event)
        else:
            self._lanes[lane] = deque([event])
            nursery.start_soon(self._answer_lane, lane)

    async def _answer_lane(self, lane: Hashable) -> None:
        waiting = self._lanes[lane]
        while waiting:
            await self._answer(waiting.popleft())
        del self._lanes[lane]

    async def _answer(self, event: Requested) -> None:
        request = event.request
        try:
            response = await self._service.answer(request)
            message = self._machine.complete(event.ticket, response)
        except OSError as exc:
            message = self._fail(event, status_of_error(exc))
        except NotImplementedError:
            message = self._fail(event, NtStatus.NOT_SUPPORTED)
        except EncodeError:
            _log.exception("what a device answered does not fit into %s", type(request).__name__)
            message = self._fail(event, NtStatus.UNSUCCESSFUL)
        except Exception:
            _log.exception("a device failed at %s", type(request).__name__)
            message = self._fail(event, NtStatus.UNSUCCESSFUL)
        if message is not None:
            self._devices._note_answer()
            await _send(self._channel, message)

    def _fail(self, event: Requested, status: NtStatus) -> bytes | None:
        return self._machine.complete(event.ticket, answer(event.request, status))

    async def _run_beside(self) -> None:
        try:
            await self._service.run()
        except Exception:
            _log.exception("a device failed beside its requests")

    async def _close(self) -> None:
        try:
            await self._service.aclose()
        except Exception:
            _log.exception("a device failed at closing")


async def _send(channel: MessageChannel, message: bytes) -> bool:
    """Send a message; False where the channel is over, which whoever receives will hear."""
    try:
        await channel.send(message)
    except (trio.BrokenResourceError, trio.ClosedResourceError, SessionClosed):
        return False
    return True
