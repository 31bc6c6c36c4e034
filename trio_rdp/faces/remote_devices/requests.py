"""`DeviceRequests`: requests to a client's devices and who waits for their answers, as long as one channel lasts."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import trio

from trio_rdp.channels.rdpdr import (
    CloseRequest,
    DeviceAnnounce,
    DeviceIoRequest,
    DeviceIoResponse,
    NtStatus,
)
from trio_rdp.channels.rdpdr.server import RdpdrServer
from trio_rdp.channels.rdpdr.server_events import RequestAnswered
from trio_rdp.channels.rdpdr.server_requests import undoing
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_devices.errors import refusal
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import RdpError, RemoteProtocolError, SessionClosed

__all__ = ["Call", "DeviceRequests"]


class Call:
    """A request that is under way."""

    __slots__ = ("_device", "_requests", "request", "response", "settled")

    def __init__(self, device: DeviceAnnounce, request: DeviceIoRequest, requests: DeviceRequests) -> None:
        self._device = device
        self.request: DeviceIoRequest = request
        self.response: DeviceIoResponse | None = None
        self.settled: trio.Event = trio.Event()
        self._requests = requests

    async def wait(self, path: str | None = None) -> DeviceIoResponse:
        """Wait for the answer; cancelling abandons the request.

        Raises `RemoteDeviceError`, about `path`, where the client says no, and `ChannelClosed` or `SessionClosed` when
        the channel ends first.
        """
        response = await self.answer()
        if response.io_status >= _WARNING:
            raise refusal(response.io_status, path)
        return response

    async def answer(self) -> DeviceIoResponse:
        """Wait as `wait` does, for an answer of whatever status."""
        # What has been answered is not cancelled any more: it may be a file, which would stay open.
        if not self.settled.is_set():
            try:
                await self.settled.wait()
            except BaseException:
                self.abandon()
                raise
        if self.response is None:
            self._requests.check()
            raise AssertionError("settled without an answer")
        return self.response

    def abandon(self) -> None:
        """Do not wait for the answer any more; what it opens is closed, and what it locks unlocked."""
        if not self.settled.is_set():
            self._requests.machine.abandon(self.request.completion_id)
        elif self.response is not None and (undo := undoing(self.request, self.response)) is not None:
            # The answer came after the cancellation, before the task that was cancelled went on.
            self._requests.undo(self._device, undo)


class DeviceRequests:
    """What is asked over one channel; requests that would be too many wait for their turn, in order."""

    def __init__(
        self,
        machine: RdpdrServer,
        channel: MessageChannel,
        limits: Limits,
        send: Callable[[MessageChannel, bytes], Awaitable[None]],
    ) -> None:
        self.limits = limits
        self.machine = machine
        self.peak: int = 0
        self.made: int = 0
        self._channel = channel
        self._send = send
        self._calls: dict[int, Call] = {}
        self._turns = trio.lowlevel.ParkingLot()
        self._owed: deque[bytes] = deque()
        self._owed_bytes = 0
        self._owing = trio.Event()
        self._end: RdpError | None = None

    @property
    def queued(self) -> int:
        """How many calls wait for their turn."""
        return len(self._turns)

    def has(self, device: DeviceAnnounce) -> bool:
        """Whether a device is still there; another one may have its id by now."""
        return self._end is None and self.machine.devices.get(device.device_id) is device

    async def submit(self, device: DeviceAnnounce, request: DeviceIoRequest) -> Call:
        """Queue a request to a device; cancelling queues all of it or nothing."""
        await trio.lowlevel.checkpoint_if_cancelled()
        await self._take_turn()
        if not self.has(device):
            self._give_turn()
            raise refusal(NtStatus.DEVICE_REMOVED)
        data = self.machine.ask(request)
        call = self._begin(device, request)
        try:
            await self._send(self._channel, data)
        except BaseException:
            self._calls.pop(request.completion_id, None)
            self.machine.withdraw(request.completion_id)
            self._give_turn()
            raise
        return call

    async def tell(self, message: bytes) -> None:
        """Queue a message that has no answer."""
        self.check()
        await self._send(self._channel, message)

    def close(self, device: DeviceAnnounce, file_id: int) -> Call | None:
        """Close a file, whatever else is under way; None where there is nothing left to close."""
        return self.undo(device, CloseRequest(device_id=device.device_id, file_id=file_id, completion_id=0))

    def undo(self, device: DeviceAnnounce, request: DeviceIoRequest) -> Call | None:
        """Ask to close or to unlock, whatever else is under way; None where the device has left."""
        if not self.has(device):
            return None
        data = self.machine.ask(request)
        call = self._begin(device, request)
        self.owe([data])
        return call

    def check(self) -> None:
        """Raise why the channel is over, if it is."""
        if self._end is not None:
            raise self._end.with_traceback(None)

    # For the face.

    def owe(self, messages: list[bytes]) -> None:
        """Queue what must be said without waiting for anybody."""
        for message in messages:
            if not self._owed:
                try:
                    self._channel.send_nowait(message)
                    continue
                except trio.WouldBlock:
                    pass
                except (trio.BrokenResourceError, trio.ClosedResourceError, SessionClosed):
                    return  # who receives hears why
            self._owed.append(message)
            self._owed_bytes += len(message)
            self._owing.set()

    def check_owed(self) -> None:
        """Raise `RemoteProtocolError` where a client that takes nothing is owed too much."""
        if self._owed_bytes > self.limits.control_lane:
            raise RemoteProtocolError(f"{self._owed_bytes} bytes are owed to a client that does not take them")

    async def send_owed(self) -> None:
        """Send what is owed as there is room, for ever."""
        while True:
            await self._owing.wait()
            while self._owed:
                try:
                    await self._channel.send(self._owed[0])
                except (trio.BrokenResourceError, trio.ClosedResourceError, SessionClosed):
                    return  # who receives hears why
                self._owed_bytes -= len(self._owed.popleft())
            self._owing = trio.Event()

    def answered(self, event: RequestAnswered) -> None:
        """Wake who waits for an answer."""
        call = self._calls.pop(event.request.completion_id, None)
        if call is not None:
            call.response = event.response
            call.settled.set()
        self._give_turn()

    def end(self, error: RdpError) -> None:
        """Wake everybody: there will be no answers."""
        self._end = error
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.settled.set()
        self._turns.unpark_all()

    def _begin(self, device: DeviceAnnounce, request: DeviceIoRequest) -> Call:
        call = Call(device, request, self)
        self._calls[request.completion_id] = call
        self.made += 1
        self.peak = max(self.peak, self.machine.requests_under_way)
        return call

    async def _take_turn(self) -> None:
        self.check()
        is_woken = False
        while self.machine.is_full or (len(self._turns) and not is_woken):
            await self._turns.park()
            self.check()
            is_woken = True

    def _give_turn(self) -> None:
        if not self.machine.is_full:
            self._turns.unpark()


_WARNING = 0x80000000
