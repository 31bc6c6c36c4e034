"""`RemoteDevice`: a device of the client as its server sees it, and `DeviceHandle`: one that was opened."""

from __future__ import annotations

from collections import deque
from typing import Any, Self, cast

import trio

from trio_rdp.channels.rdpdr import (
    ControlRequest,
    ControlResponse,
    CreateDisposition,
    CreateOptions,
    CreateRequest,
    CreateResponse,
    DesiredAccess,
    DeviceAnnounce,
    DeviceIoRequest,
    DeviceIoResponse,
    DeviceType,
    NtStatus,
    ReadRequest,
    ReadResponse,
    SharedAccess,
    WriteRequest,
    WriteResponse,
)
from trio_rdp.faces.remote_devices.errors import refusal
from trio_rdp.faces.remote_devices.requests import Call, DeviceRequests

__all__ = ["DeviceHandle", "RemoteDevice"]

_CONTROL_OUTPUT = 64 * 1024
_SHARED = SharedAccess.READ | SharedAccess.WRITE | SharedAccess.DELETE


class RemoteDevice:
    """A device that the client has redirected: a drive, a printer, a smart card reader or a port.

    Drives and printers are of classes of their own; others take control requests, and ports are opened first.
    """

    def __init__(self, requests: DeviceRequests, device: DeviceAnnounce) -> None:
        self._requests = requests
        self._device = device

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}{'' if self.is_present else ' (gone)'}>"

    @property
    def id(self) -> int:
        """The client's number for the device; it may be given to another one when this has gone."""
        return self._device.device_id

    @property
    def name(self) -> str:
        """What the client calls it; any text."""
        return self._device.preferred_dos_name

    @property
    def kind(self) -> DeviceType:
        """What it is."""
        return self._device.device_type

    @property
    def data(self) -> bytes:
        """What the client announced of it, [MS-RDPEFS] 2.2.1.3."""
        return self._device.device_data

    @property
    def is_present(self) -> bool:
        """Whether the client has it still."""
        return self._requests.has(self._device)

    async def control(self, code: int, data: bytes = b"", *, max_output: int = _CONTROL_OUTPUT) -> bytes:
        """Send a control request, [MS-RDPEFS] 2.2.1.4.5, to a device that is not opened for it, as smart cards.

        `max_output` is how many bytes the answer may have.  Raises `RemoteDeviceError` where it fails.
        """
        request = ControlRequest(
            device_id=self.id,
            file_id=0,
            completion_id=0,
            output_buffer_length=max_output,
            io_control_code=code,
            input_buffer=bytes(data),
        )
        return cast("ControlResponse", await self._ask(request)).output_buffer

    async def open_device(self) -> DeviceHandle:
        """Open the device itself, as a port: for control requests, and to read and write.

        Raises `RemoteDeviceError` where the client refuses.
        """
        access = DesiredAccess.READ_DATA | DesiredAccess.WRITE_DATA | DesiredAccess.SYNCHRONIZE
        return DeviceHandle(self, await self._create("", access), None)

    async def _create(
        self,
        wire_path: str,
        access: DesiredAccess,
        disposition: CreateDisposition = CreateDisposition.OPEN,
        options: CreateOptions | None = None,
        path: str | None = None,
    ) -> int:
        """Open something, and give its id; cancelling opens nothing, or what is opened late is closed again."""
        request = CreateRequest(
            device_id=self.id,
            completion_id=0,
            desired_access=access,
            shared_access=_SHARED,
            create_disposition=disposition,
            create_options=options or CreateOptions(0),
            path=wire_path,
        )
        return cast("CreateResponse", await self._ask(request, path)).file_id

    async def _submit(self, request: DeviceIoRequest) -> Call:
        self._requests.check()
        return await self._requests.submit(self._device, request)

    async def _ask(self, request: DeviceIoRequest, path: str | None = None) -> DeviceIoResponse:
        return await (await self._submit(request)).wait(path)


class DeviceHandle(trio.abc.AsyncResource):
    """Something open on a device; leaving `async with` closes it."""

    _is_seekable = False

    def __init__(self, device: RemoteDevice, file_id: int, path: str | None) -> None:
        self._device = device
        self._file_id = file_id
        self._path = path
        self._closing: Call | None = None
        self._is_closed = False
        self._turn = trio.Lock()
        self._last: Call | None = None
        self._window = 1

    async def __aenter__(self) -> Self:
        return self

    async def control(self, code: int, data: bytes = b"", *, max_output: int = _CONTROL_OUTPUT) -> bytes:
        """Send a control request, as `RemoteDevice.control` does, about what is open here."""
        request = ControlRequest(
            **self._about(), output_buffer_length=max_output, io_control_code=code, input_buffer=bytes(data)
        )
        return cast("ControlResponse", await self._ask(request)).output_buffer

    async def read_at(self, offset: int, size: int) -> bytes:
        """Read bytes from `offset` on: `size` of them, or what there is up to the end."""
        _check_range(offset, size)
        async with self._turn:
            return await self._read(offset, size)

    async def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write bytes at `offset`; a cancelled call may have written some of them, in any order."""
        view = memoryview(data).cast("B")
        _check_range(offset, len(view))
        async with self._turn:
            await self._write(offset, view)

    async def aclose(self) -> None:
        """Close it, which is done even where the call is cancelled.

        Raises `RemoteDeviceError` where the client could not do what was left to do, such as deleting.
        """
        if not self._is_closed:
            self._is_closed = True
            self._closing = self._device._requests.close(self._device._device, self._file_id)
        if self._closing is None:
            await trio.lowlevel.checkpoint()
            return
        await self._closing.settled.wait()
        answer = self._closing.response
        if answer is not None and answer.io_status not in (NtStatus.SUCCESS, NtStatus.DEVICE_REMOVED):
            raise refusal(answer.io_status, self._path)

    def _about(self) -> dict[str, Any]:
        """What every request says."""
        if self._is_closed:
            raise trio.ClosedResourceError("it was closed here")
        return {"device_id": self._device.id, "file_id": self._file_id, "completion_id": 0}

    async def _ask(self, request: DeviceIoRequest) -> DeviceIoResponse:
        return await self._device._ask(request, self._path)

    async def _submit(self, request: ReadRequest | WriteRequest) -> Call:
        # A client that cannot do two at a time may still be busy with one that was cancelled.
        if self._last is not None and self._depth == 1:
            await self._last.settled.wait()
        self._last = await self._device._submit(request)
        return self._last

    @property
    def _depth(self) -> int:
        requests = self._device._requests
        # What has no positions, as printers and ports, depends on the order.
        return requests.limits.device_pipeline if self._is_seekable and requests.machine.may_overlap else 1

    async def _read(self, offset: int, size: int) -> bytes:
        """Ask for pieces, several at a time, and put them together.

        The first is alone and more follow as long as they come whole, so that a small file is not asked for in vain.
        """
        piece = self._device._requests.limits.device_piece
        parts: list[bytes] = []
        calls: deque[Call] = deque()
        asked = got = 0
        try:
            while True:
                while asked < size and len(calls) < min(self._window, self._depth):
                    length = min(piece, size - asked)
                    calls.append(await self._submit(ReadRequest(**self._about(), length=length, offset=offset + asked)))
                    asked += length
                if not calls:
                    break
                call = calls.popleft()
                data = await _read_data(call, self._path)
                parts.append(data)
                got += len(data)
                if not data:
                    break
                if len(data) < cast("ReadRequest", call.request).length:
                    # The end, or a client that gives less at a time: what was asked behind it begins at a wrong place.
                    _abandon(calls)
                    calls.clear()
                    asked = got
                    self._window = 1
                elif self._window < self._depth:
                    self._window *= 2
        finally:
            _abandon(calls)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _write(self, offset: int, view: memoryview) -> None:
        """Send pieces, several at a time; what a client takes only a part of is sent again from there."""
        piece = self._device._requests.limits.device_piece
        calls: deque[Call] = deque()
        at = 0
        try:
            while True:
                while at < len(view) and len(calls) < self._depth:
                    calls.append(await self._submit_write(offset + at, view[at : at + piece]))
                    at += piece
                if not calls:
                    return
                call = calls.popleft()
                answer = cast("WriteResponse", await call.wait(self._path))
                request = cast("WriteRequest", call.request)
                if answer.length == 0:
                    raise refusal(NtStatus.DISK_FULL, self._path)
                if answer.length < len(request.write_data):
                    rest = memoryview(request.write_data)[answer.length :]
                    calls.appendleft(await self._submit_write(request.offset + answer.length, rest))
        finally:
            _abandon(calls)

    async def _submit_write(self, offset: int, data: memoryview) -> Call:
        return await self._submit(WriteRequest(**self._about(), offset=offset, write_data=bytes(data)))


def _abandon(calls: deque[Call]) -> None:
    for call in calls:
        call.abandon()


async def _read_data(call: Call, path: str | None) -> bytes:
    """What was read; nothing at the end of a file."""
    answer = await call.answer()
    if answer.io_status == NtStatus.END_OF_FILE:
        return b""
    return cast("ReadResponse", await call.wait(path)).read_data


def _check_range(offset: int, size: int) -> None:
    if offset < 0 or size < 0:
        raise ValueError(f"{size} bytes at {offset}")
