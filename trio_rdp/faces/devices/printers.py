"""`Printer`: a printer that is lent to a server, and `PrintJob`: what the server prints.

printer = session.devices.add_printer("laser")
async for job in printer:
    async with await trio.open_file(f"{job.number}.ps", "wb") as file:
        async for data in job:
            await file.write(data)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

import trio

from trio_rdp.channels.rdpdr import CHANNEL_NAME
from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.devices import DeviceType
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.printer import (
    DeletePrinterCacheData,
    PrinterCacheData,
    PrinterDeviceData,
    PrinterFlags,
    RenamePrinterCacheData,
    UpdatePrinterCacheData,
)
from trio_rdp.channels.rdpdr.requests import CloseRequest, CreateRequest, DeviceIoRequest, WriteRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.faces.devices.device import Device, DeviceService, unsupported
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, RdpError

__all__ = ["PrintJob", "Printer"]

_NO_FLAGS = PrinterFlags(0)


class PrintJob:
    """What a server prints, as a stream of bytes: iterate once.

    The server waits while more than `Limits.print_job_bytes` are not taken.  A job that was not sent to its end,
    because the session ended or the printer was removed, raises `ChannelClosed` there.
    """

    def __init__(self, number: int, limit: int, *, is_xps: bool) -> None:
        self.number: int = number
        """Which of the printer's jobs it is, from 1."""
        self.is_xps: bool = is_xps
        """Whether the data are XPS, rather than what the driver makes."""
        self._limit = limit
        self._data: deque[bytes] = deque()
        self._size = 0
        self._is_whole = False
        self._is_cancelled = False
        self._end: RdpError | None = None
        self._changed = trio.Event()

    def __aiter__(self) -> PrintJob:
        return self

    async def __anext__(self) -> bytes:
        """The next bytes; cancelling loses none."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._data:
            if self._is_whole or self._is_cancelled:
                raise StopAsyncIteration
            if self._end is not None:
                raise self._end.with_traceback(None)
            await self._changed.wait()
        data = self._data.popleft()
        self._size -= len(data)
        self._wake()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return data

    async def read(self) -> bytes:
        """All bytes to the end."""
        return b"".join([data async for data in self])

    def cancel(self) -> None:
        """Want no more of it: the server is told that printing failed."""
        self._is_cancelled = True
        self._data.clear()
        self._size = 0
        self._wake()

    # For the printer.

    async def put(self, data: bytes) -> NtStatus:
        """Take data, when there is room."""
        while self._size and self._size + len(data) > self._limit and not self._is_cancelled:
            await self._changed.wait()
        if self._is_cancelled:
            return NtStatus.CANCELLED
        if data:
            self._data.append(data)
            self._size += len(data)
            self._wake()
        return NtStatus.SUCCESS

    def finish(self) -> None:
        """That was all."""
        self._is_whole = True
        self._wake()

    def fail(self, end: RdpError) -> None:
        """There will be no more, though it is not whole."""
        self._end = end
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


class Printer(Device):
    """A printer; iterate over it for its jobs.

    At most `Limits.print_jobs` jobs are under way or wait to be taken: further ones are refused.  Iteration ends when
    the printer is removed or the channel is closed, and raises `SessionClosed` or `ChannelClosed` otherwise.
    """

    def __init__(
        self,
        name: str,
        limits: Limits,
        number: int,
        *,
        driver_name: str,
        flags: PrinterFlags = _NO_FLAGS,
        configuration: bytes = b"",
    ) -> None:
        super().__init__(name)
        self.driver_name: str = driver_name
        self.configuration: bytes = configuration
        """What servers want remembered of the printer: keep it for the next time that you lend it to one."""
        self.is_xps: bool = False
        """Whether the server sends XPS from now on."""
        self._flags = flags
        self._number = number
        self._limits = limits
        self._jobs: deque[PrintJob] = deque()
        self._printed = 0
        self._arrived = trio.Event()

    def __aiter__(self) -> Printer:
        return self

    async def __anext__(self) -> PrintJob:
        """The next job, as soon as it begins; cancelling loses none."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._jobs:
            if self._is_removed:
                raise StopAsyncIteration
            if self._end is not None:
                if isinstance(self._end, ChannelClosed) and self._end.reason == "it was closed":
                    raise StopAsyncIteration
                raise self._end.with_traceback(None)
            await self._arrived.wait()
        job = self._jobs.popleft()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return job

    # For `Devices`.

    def _announcement(self) -> tuple[DeviceType, str, bytes]:
        data = PrinterDeviceData(
            flags=self._flags,
            driver_name=self.driver_name,
            printer_name=self.name,
            cached_printer_config_data=self.configuration,
        )
        # "The first 3 characters MUST be PRN and the remainder MUST be digits."
        return DeviceType.PRINT, f"PRN{self._number}", data.encode()

    def _serve(self) -> DeviceService:
        self.is_xps = False
        return _PrinterService(self, self._limits)

    def _cache_changed(self, change: PrinterCacheData) -> None:
        """Remember what the server asks for, [MS-RDPEPC] 3.2.5.1.4 to 3.2.5.1.6, if it is about this printer."""
        match change:
            case UpdatePrinterCacheData(printer_name=self.name):
                self.configuration = change.cached_printer_config_data
            case DeletePrinterCacheData(printer_name=self.name):
                self.configuration = b""
            case RenamePrinterCacheData(old_printer_name=self.name):
                self.name: str = change.new_printer_name

    def _set_xps(self) -> None:
        self.is_xps = True

    def _over(self) -> None:
        self._tell()

    def _begin_job(self) -> PrintJob:
        self._printed += 1
        job = PrintJob(self._printed, self._limits.print_job_bytes, is_xps=self.is_xps)
        self._jobs.append(job)
        self._tell()
        return job

    def _tell(self) -> None:
        self._arrived.set()
        self._arrived = trio.Event()


class _PrinterService(DeviceService):
    """The jobs that are under way."""

    def __init__(self, printer: Printer, limits: Limits) -> None:
        self._printer = printer
        self._limits = limits
        self._open: dict[int, PrintJob] = {}
        self._last_id = 0

    def lane(self, request: DeviceIoRequest) -> Hashable:
        return request.file_id

    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        await trio.lowlevel.checkpoint()
        if isinstance(request, CreateRequest):
            return self._create(request)
        job = self._open.get(request.file_id)
        if job is None:
            return answer(request, NtStatus.UNSUCCESSFUL)
        match request:
            case WriteRequest(write_data=data):
                status = await job.put(data)
                return answer(request, status, length=0 if status else len(data))
            case CloseRequest():
                del self._open[request.file_id]
                job.finish()
                return answer(request)
        return unsupported(request)

    async def aclose(self) -> None:
        for job in self._open.values():
            job.fail(ChannelClosed(CHANNEL_NAME, "the job was not sent to its end"))
        self._open.clear()
        await trio.lowlevel.checkpoint()

    def _create(self, request: CreateRequest) -> DeviceIoResponse:
        printer = self._printer
        if len({*self._open.values(), *printer._jobs}) >= self._limits.print_jobs:
            return answer(request, NtStatus.INSUFFICIENT_RESOURCES)
        self._last_id = self._last_id % 0xFFFFFFFE + 1
        while self._last_id in self._open:
            self._last_id += 1
        self._open[self._last_id] = printer._begin_job()
        return answer(request, file_id=self._last_id)
