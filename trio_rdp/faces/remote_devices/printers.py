"""`RemotePrinter`: a printer of the client, to which its server prints.

async with printer.job() as job:
    await job.write(postscript)
"""

from __future__ import annotations

from typing import Self

from trio_rdp.channels.rdpdr import (
    DesiredAccess,
    DeviceAnnounce,
    PrinterCacheData,
    PrinterDeviceData,
    PrinterFlags,
    PrinterSetXpsMode,
)
from trio_rdp.faces.remote_devices.device import DeviceHandle, RemoteDevice
from trio_rdp.faces.remote_devices.requests import DeviceRequests
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["RemotePrintJob", "RemotePrinter"]


class RemotePrinter(RemoteDevice):
    """A printer of the client; what is printed must be in the language of its driver, or in XPS."""

    def __init__(self, requests: DeviceRequests, device: DeviceAnnounce) -> None:
        super().__init__(requests, device)
        self._printer = PrinterDeviceData.decode(device.device_data)

    @property
    def name(self) -> str:
        """What the client calls the printer."""
        return self._printer.printer_name

    @property
    def driver_name(self) -> str:
        """The driver that the client has for it."""
        return self._printer.driver_name

    @property
    def is_default(self) -> bool:
        """Whether it is the client's default printer."""
        return PrinterFlags.DEFAULT_PRINTER in self._printer.flags

    @property
    def takes_xps(self) -> bool:
        """Whether `use_xps` may be called."""
        return PrinterFlags.XPS_FORMAT in self._printer.flags

    @property
    def configuration(self) -> bytes:
        """What an earlier session has asked the client to remember of the printer; a server's own format."""
        return self._printer.cached_printer_config_data

    def job(self) -> RemotePrintJob:
        """Print something: `async with printer.job() as job`; the protocol has no place for a title.

        What was written is printed when the block is left, whole or not: nothing takes a job back.
        """
        return RemotePrintJob(self)

    async def use_xps(self) -> None:
        """Tell the client that all jobs from now on are XPS; raises `LocalProtocolError` where it cannot."""
        if not self.takes_xps:
            raise LocalProtocolError(f"printer {self.name!r} takes no XPS")
        await self._requests.tell(self._requests.machine.tell_printer(PrinterSetXpsMode(printer_id=self.id)))

    async def remember(self, message: PrinterCacheData) -> None:
        """Ask the client to remember something of a printer for its next session, [MS-RDPEPC] 2.2.2.3 to 2.2.2.6."""
        if not isinstance(message, PrinterCacheData):
            raise TypeError(f"{message!r} is nothing that a client remembers")
        await self._requests.tell(self._requests.machine.tell_printer(message))


class RemotePrintJob:
    """Something that is being printed; it is open inside `async with`."""

    def __init__(self, printer: RemotePrinter) -> None:
        self._printer = printer
        self._handle: DeviceHandle | None = None
        self._size = 0

    async def __aenter__(self) -> Self:
        file_id = await self._printer._create("", DesiredAccess.WRITE_DATA, path=self._printer.name)
        self._handle = DeviceHandle(self._printer, file_id, self._printer.name)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._handle is not None:
            await self._handle.aclose()

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._size

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Print bytes behind those before; a cancelled call may have printed some of them."""
        if self._handle is None:
            raise RuntimeError("a job is open inside 'async with' only")
        await self._handle.write_at(self._size, data)
        self._size += memoryview(data).nbytes
