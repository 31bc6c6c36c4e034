"""`RemoteDevices`: what a client redirects to its server: drives, printers, smart cards and ports.

drive = await session.devices.wait_drive()
names = await drive.listdir()
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

import trio

from trio_rdp.channels.rdpdr import CHANNEL_NAME, DeviceAnnounce, DeviceType, NtStatus
from trio_rdp.channels.rdpdr.server import RdpdrServer
from trio_rdp.channels.rdpdr.server_events import (
    ClientIdentified,
    DeviceAnnounced,
    DeviceLeft,
    RdpdrServerEvent,
    RequestAnswered,
)
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_devices.device import RemoteDevice
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.faces.remote_devices.printers import RemotePrinter
from trio_rdp.faces.remote_devices.requests import DeviceRequests
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, DecodeError

__all__ = ["DevicesChange", "RemoteDeviceStatistics", "RemoteDevices"]

_log = logging.getLogger(__name__)

_D = TypeVar("_D", bound=RemoteDevice)
_CLASSES: dict[int, type[RemoteDevice]] = {DeviceType.FILE_SYSTEM: RemoteDrive, DeviceType.PRINT: RemotePrinter}


@dataclass(frozen=True, slots=True)
class DevicesChange:
    """Devices that came and that left since the last time somebody looked; both in the order in which they came."""

    arrived: tuple[RemoteDevice, ...]
    left: tuple[RemoteDevice, ...]


@dataclass(frozen=True, slots=True)
class RemoteDeviceStatistics:
    """A client's devices and the requests to them: now, at most, and the bounds.

    `waiting` requests have no answer, `queued` calls wait for their turn, and `late_answers` came for requests that
    were over.
    """

    devices: int
    max_devices: int
    refused: int
    requests: int
    waiting: int
    peak_waiting: int
    max_waiting: int
    queued: int
    late_answers: int


class RemoteDevices(ChannelFace):
    """The devices of a client, as they come and go.

    Iterating gives a `DevicesChange` whenever there is one, first with all devices that are there; who looks seldom
    sees what is different, not what happened meanwhile.  The iteration ends with a clean end of the channel.

    Devices are taken that are of a known kind, within `Limits.devices` and `Limits.device_data`; `accept`, which may be
    set, refuses some of them by returning False.
    """

    def __init__(self, limits: Limits, *, accept: Callable[[DeviceAnnounce], bool] | None = None) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self.accept: Callable[[DeviceAnnounce], bool] | None = accept
        self._requests: DeviceRequests | None = None
        self._devices: dict[int, RemoteDevice] = {}
        self._computer_name = ""
        self._is_clean_end = False
        self._is_working = False

    @property
    def buffer(self) -> ChannelBuffer:
        """What may wait to be read: more than a client can have to answer."""
        limits = self._limits
        pieces = limits.device_requests * limits.device_piece
        return ChannelBuffer(2 * limits.device_requests + limits.channel_messages, pieces + limits.channel_bytes)

    @property
    def devices(self) -> tuple[RemoteDevice, ...]:
        """All that are there, in the order in which they came."""
        return tuple(self._devices.values())

    @property
    def drives(self) -> tuple[RemoteDrive, ...]:
        """The drives that are there."""
        return self._of(RemoteDrive)

    @property
    def printers(self) -> tuple[RemotePrinter, ...]:
        """The printers that are there."""
        return self._of(RemotePrinter)

    @property
    def computer_name(self) -> str:
        """What the client calls itself; empty before it has said so."""
        return self._computer_name

    async def wait_drive(self, name: str | None = None) -> RemoteDrive:
        """Wait for a drive, of that name if one is given; raises as `wait_open` does."""
        return await self._wait(RemoteDrive, name)

    async def wait_printer(self, name: str | None = None) -> RemotePrinter:
        """Wait for a printer, of that name if one is given; raises as `wait_open` does."""
        return await self._wait(RemotePrinter, name)

    def __aiter__(self) -> _DeviceChanges:
        return _DeviceChanges(self)

    def statistics(self) -> RemoteDeviceStatistics:
        """What there is, and what was asked, since the channel was opened."""
        requests = self._requests
        return RemoteDeviceStatistics(
            devices=len(self._devices),
            max_devices=self._limits.devices,
            refused=requests.machine.devices_refused if requests else 0,
            requests=requests.made if requests else 0,
            waiting=requests.machine.requests_under_way if requests else 0,
            peak_waiting=requests.peak if requests else 0,
            max_waiting=self._limits.device_requests,
            queued=requests.queued if requests else 0,
            late_answers=requests.machine.late_answers if requests else 0,
        )

    def _of(self, kind: type[_D]) -> tuple[_D, ...]:
        return tuple(device for device in self._devices.values() if isinstance(device, kind))

    async def _wait(self, kind: type[_D], name: str | None) -> _D:
        await trio.lowlevel.checkpoint()
        while True:
            for device in self._of(kind):
                if name is None or device.name == name:
                    return device
            self._raise_end()
            await self._changed.wait()

    async def _work(self, channel: MessageChannel) -> None:
        self._is_clean_end, self._is_working = False, True
        try:
            await self._serve(channel)
        except* trio.EndOfChannel:
            self._is_clean_end = True
            raise
        finally:
            self._is_working = False
            self._wake()

    async def _serve(self, channel: MessageChannel) -> None:
        machine = RdpdrServer(
            client_id=random.getrandbits(32),
            max_devices=self._limits.devices,
            max_device_data=self._limits.device_data,
            max_requests=self._limits.device_requests,
        )
        requests = self._requests = DeviceRequests(machine, channel, self._limits, self._send)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(requests.send_owed)
            requests.owe([machine.start()])
            while True:
                for event in machine.receive(await channel.receive()):
                    self._handle(event, requests)
                requests.owe(machine.data_to_send())
                requests.check_owed()

    def _handle(self, event: RdpdrServerEvent, requests: DeviceRequests) -> None:
        match event:
            case RequestAnswered():
                requests.answered(event)
            case DeviceAnnounced(device):
                self._decide(device, requests)
            case DeviceLeft(device):
                if self._devices.pop(device.device_id, None) is not None:
                    self._wake()
            case ClientIdentified():
                self._computer_name = event.computer_name

    def _decide(self, device: DeviceAnnounce, requests: DeviceRequests) -> None:
        """Take an announced device, or refuse it: because it is malformed, or not wanted here."""
        try:
            found = _CLASSES.get(device.device_type, RemoteDevice)(requests, device)
        except DecodeError as exc:
            _log.warning("device %d (%s) is refused: %s", device.device_id, device.device_type.name, exc)
            requests.machine.refuse(device.device_id, NtStatus.INVALID_PARAMETER)
            return
        if not self._is_wanted(device):
            requests.machine.refuse(device.device_id, NtStatus.ACCESS_DENIED)
            return
        requests.machine.accept(device.device_id)
        self._devices[found.id] = found
        self._wake()

    def _is_wanted(self, device: DeviceAnnounce) -> bool:
        if self.accept is None:
            return True
        try:
            return self.accept(device)
        except Exception:
            _log.exception("device %d is refused, because accept() failed", device.device_id)
            return False

    def _ended(self) -> None:
        self._devices = {}
        if self._requests is not None:
            self._requests.end(self._end or ChannelClosed(self._name, "it was closed"))


class _DeviceChanges:
    """An iteration over changes, which compares what is there with what it has told."""

    def __init__(self, devices: RemoteDevices) -> None:
        self._devices = devices
        self._told: dict[int, RemoteDevice] = {}

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> DevicesChange:
        await trio.lowlevel.checkpoint()
        while True:
            now = {id(device): device for device in self._devices.devices}
            arrived = tuple(device for key, device in now.items() if key not in self._told)
            left = tuple(device for key, device in self._told.items() if key not in now)
            if arrived or left:
                self._told = now
                return DevicesChange(arrived, left)
            # How a session ended is seen by who received from its channel, a moment after the end itself.
            if not self._devices._is_working:
                if self._devices._is_clean_end:
                    raise StopAsyncIteration
                self._devices._raise_end()
            await self._devices._changed.wait()
