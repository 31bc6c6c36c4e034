"""`SerialPort` and `ParallelPort`: ports that are lent to a server; what is at their ends is a stream of yours.

modem = await trio.open_tcp_stream("modem.example", 4001)
session.devices.add_serial_port("COM1", modem)
"""

from __future__ import annotations

import math
from collections.abc import Hashable

import trio

from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.devices import DeviceType
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.ports import SerialControlCode
from trio_rdp.channels.rdpdr.printer import AddPrinterCacheData
from trio_rdp.channels.rdpdr.requests import (
    CloseRequest,
    ControlRequest,
    CreateRequest,
    DeviceIoRequest,
    ReadRequest,
    WriteRequest,
)
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.channels.rdpdr.serial import (
    ModemStatus,
    Purge,
    SerialBaudRate,
    SerialChars,
    SerialEvents,
    SerialHandflow,
    SerialLineControl,
    SerialPerfStats,
    SerialProperties,
    SerialStatus,
    SerialTimeouts,
)
from trio_rdp.faces.devices.device import Device, DeviceService, short_name, unsupported
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DecodeError
from trio_rdp.wire.pdu import Pdu

__all__ = ["ParallelPort", "SerialPort"]

_Code = SerialControlCode
_LATER = 0xFFFFFFFF
_DTR, _RTS = 1, 2
# What makes no difference to a stream.
_IGNORED = frozenset(
    [
        _Code.SET_QUEUE_SIZE,
        _Code.SET_BREAK_ON,
        _Code.SET_BREAK_OFF,
        _Code.SET_XOFF,
        _Code.SET_XON,
        _Code.RESET_DEVICE,
        _Code.SET_FIFO_CONTROL,
        _Code.SET_MODEM_CONTROL,
        _Code.LSRMST_INSERT,
    ]
)


class SerialPort(Device):
    """A serial port whose bytes go to a stream and come from it; the stream stays yours, and open.

    What a server sets is kept for it to read, and for you; it changes nothing about the stream.
    """

    def __init__(self, name: str, stream: trio.abc.Stream, limits: Limits) -> None:
        super().__init__(name)
        self.stream: trio.abc.Stream = stream
        self.installed_printer: AddPrinterCacheData | None = None
        """A printer that somebody has installed on this port, at the server: lend it beside the port the next time."""
        self.baud_rate: SerialBaudRate = SerialBaudRate(baud_rate=9600)
        self.line_control: SerialLineControl = SerialLineControl()
        self.timeouts: SerialTimeouts = SerialTimeouts()
        self.chars: SerialChars = SerialChars()
        self.handflow: SerialHandflow = SerialHandflow()
        self._limits = limits

    def _announcement(self) -> tuple[DeviceType, str, bytes]:
        return DeviceType.SERIAL, short_name(self.name), b""

    def _serve(self) -> DeviceService:
        return _SerialService(self, self._limits)


class _SerialService(DeviceService):
    """A server's use of a serial port: what it has not read yet, and what it waits for."""

    def __init__(self, port: SerialPort, limits: Limits) -> None:
        self._port = port
        self._room = limits.serial_bytes
        self._transfer = limits.lent_transfer
        self._received = bytearray()
        self._changed = trio.Event()
        self._is_open = False
        self._is_over = False
        self._lines = _DTR | _RTS
        self._mask = SerialEvents(0)
        self._happened = SerialEvents(0)
        self._statistics = SerialPerfStats()
        self._reads: set[trio.CancelScope] = set()
        self._waits: set[trio.CancelScope] = set()

    def lane(self, request: DeviceIoRequest) -> Hashable:
        match request:
            case ReadRequest() | WriteRequest():
                return type(request).__name__
        return None

    async def run(self) -> None:
        """Take what comes, as long as there is room."""
        while True:
            while not self._is_open or len(self._received) >= self._room:
                await self._changed.wait()
            try:
                data = await self._port.stream.receive_some(self._room - len(self._received))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                self._is_over = True
                self._note(SerialEvents.RLSD)
                return
            self._received += data
            self._statistics.received_count = (self._statistics.received_count + len(data)) & 0xFFFFFFFF
            self._note(SerialEvents.RXCHAR)

    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        await trio.lowlevel.checkpoint()
        match request:
            case CreateRequest():
                self._is_open = True
                self._note(SerialEvents(0))
                return answer(request, file_id=1)
            case CloseRequest():
                for scope in self._reads | self._waits:
                    scope.cancel()
                self._is_open = False
                self._received.clear()
                return answer(request)
        if not self._is_open:
            return answer(request, NtStatus.UNSUCCESSFUL)
        match request:
            case ReadRequest(length=length):
                return await self._read(request, min(length, self._transfer))
            case WriteRequest(write_data=data):
                return await self._write(request, data)
            case ControlRequest():
                try:
                    return await self._control(request)
                except DecodeError:
                    return answer(request, NtStatus.INVALID_PARAMETER)
        return unsupported(request)

    async def _read(self, request: ReadRequest, length: int) -> DeviceIoResponse:
        """Wait as the server's timeouts say, and give what came."""
        timeouts = self._port.timeouts
        total = timeouts.read_total_timeout_multiplier * length + timeouts.read_total_timeout_constant
        wanted, seconds = length, total / 1000 if total else math.inf
        if timeouts.read_interval_timeout == _LATER:
            # Not for so many bytes: for any, or for none.
            wanted = 1
            if timeouts.read_total_timeout_multiplier == _LATER:
                seconds = timeouts.read_total_timeout_constant / 1000
            elif not total:
                seconds = 0
        with trio.CancelScope() as scope, trio.move_on_after(seconds):
            self._reads.add(scope)
            try:
                while len(self._received) < min(wanted, self._room) and not self._is_over:
                    await self._changed.wait()
            finally:
                self._reads.discard(scope)
        if scope.cancelled_caught:
            return answer(request, NtStatus.CANCELLED)
        data = bytes(self._received[:length])
        del self._received[:length]
        self._note(SerialEvents(0))
        if wanted and not data and not self._is_over:
            return answer(request, NtStatus.TIMEOUT)
        return answer(request, read_data=data)

    async def _write(self, request: WriteRequest, data: bytes) -> DeviceIoResponse:
        try:
            await self._port.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return answer(request, NtStatus.DEVICE_NOT_READY)
        self._statistics.transmitted_count = (self._statistics.transmitted_count + len(data)) & 0xFFFFFFFF
        self._note(SerialEvents.TXEMPTY)
        return answer(request, length=len(data))

    async def _control(self, request: ControlRequest) -> DeviceIoResponse:
        """Set or tell something of the port, [MS-RDPESP] 2.2.2.6."""
        port, data = self._port, request.input_buffer
        match SerialControlCode(request.io_control_code):
            case _Code.SET_BAUD_RATE:
                port.baud_rate = SerialBaudRate.decode(data)
            case _Code.SET_LINE_CONTROL:
                port.line_control = SerialLineControl.decode(data)
            case _Code.SET_TIMEOUTS:
                port.timeouts = SerialTimeouts.decode(data)
            case _Code.SET_CHARS:
                port.chars = SerialChars.decode(data)
            case _Code.SET_HANDFLOW:
                port.handflow = SerialHandflow.decode(data)
            case _Code.SET_DTR:
                self._lines |= _DTR
            case _Code.CLR_DTR:
                self._lines &= ~_DTR
            case _Code.SET_RTS:
                self._lines |= _RTS
            case _Code.CLR_RTS:
                self._lines &= ~_RTS
            case _Code.SET_WAIT_MASK:
                self._mask = SerialEvents(SerialBaudRate.decode(data).baud_rate)
                self._happened = SerialEvents(0)
                for scope in self._waits:
                    scope.cancel()  # Windows' driver answers whoever waits by no event
            case _Code.CLEAR_STATS:
                self._statistics = SerialPerfStats()
            case _Code.PURGE:
                self._purge(Purge(SerialBaudRate.decode(data).baud_rate))
            case _Code.IMMEDIATE_CHAR:
                await port.stream.send_all(data[:1])
            case _Code.WAIT_ON_MASK:
                return await self._wait(request)
            case code if code not in _IGNORED:
                return self._tell(request, code)
        return answer(request)

    def _tell(self, request: ControlRequest, code: SerialControlCode) -> DeviceIoResponse:
        port = self._port
        values: dict[int, Pdu] = {
            _Code.GET_BAUD_RATE: port.baud_rate,
            _Code.GET_LINE_CONTROL: port.line_control,
            _Code.GET_TIMEOUTS: port.timeouts,
            _Code.GET_CHARS: port.chars,
            _Code.GET_HANDFLOW: port.handflow,
            _Code.GET_WAIT_MASK: _number(self._mask),
            _Code.GET_DTRRTS: _number(self._lines),
            _Code.GET_MODEM_CONTROL: _number(self._lines),
            _Code.GET_MODEMSTATUS: _number(ModemStatus.CTS | ModemStatus.DSR | ModemStatus.DCD),
            _Code.GET_COMMSTATUS: SerialStatus(amount_in_in_queue=len(self._received)),
            _Code.GET_PROPERTIES: SerialProperties(max_rx_queue=self._room, current_rx_queue=self._room),
            _Code.GET_STATS: self._statistics,
            _Code.CONFIG_SIZE: _number(0),
        }
        value = values.get(code)
        if value is None:
            return answer(request, NtStatus.INVALID_DEVICE_REQUEST)
        raw = value.encode()
        if len(raw) > request.output_buffer_length:
            return answer(request, NtStatus.BUFFER_TOO_SMALL)
        return answer(request, output_buffer=raw)

    async def _wait(self, request: ControlRequest) -> DeviceIoResponse:
        """Wait for what the mask says; one request at a time."""
        if self._waits or not self._mask:
            return answer(request, NtStatus.INVALID_PARAMETER)
        with trio.CancelScope() as scope:
            self._waits.add(scope)
            try:
                while not self._happened & self._mask:
                    await self._changed.wait()
            finally:
                self._waits.discard(scope)
        if not self._is_open:
            return answer(request, NtStatus.CANCELLED)
        found = self._happened & self._mask
        self._happened = SerialEvents(0)
        return answer(request, output_buffer=_number(found).encode())

    def _purge(self, what: Purge) -> None:
        if Purge.RXCLEAR in what:
            self._received.clear()
        if Purge.RXABORT in what:
            for scope in self._reads:
                scope.cancel()
        self._note(SerialEvents(0))

    def _note(self, happened: SerialEvents) -> None:
        """Wake who waits, for bytes, room, or an event."""
        self._happened |= happened
        self._changed.set()
        self._changed = trio.Event()


class ParallelPort(Device):
    """A parallel port: what a server writes goes to a stream, which stays yours, and open."""

    def __init__(self, name: str, stream: trio.abc.SendStream) -> None:
        super().__init__(name)
        self.stream: trio.abc.SendStream = stream
        self.installed_printer: AddPrinterCacheData | None = None
        """As a serial port has it."""

    def _announcement(self) -> tuple[DeviceType, str, bytes]:
        return DeviceType.PARALLEL, short_name(self.name), b""

    def _serve(self) -> DeviceService:
        return _ParallelService(self.stream)


class _ParallelService(DeviceService):
    """A server's use of a parallel port."""

    def __init__(self, stream: trio.abc.SendStream) -> None:
        self._stream = stream

    def lane(self, request: DeviceIoRequest) -> Hashable:
        return "all"

    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        match request:
            case CreateRequest():
                return answer(request, file_id=1)
            case CloseRequest():
                return answer(request)
            case WriteRequest(write_data=data):
                try:
                    await self._stream.send_all(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return answer(request, NtStatus.DEVICE_NOT_READY)
                return answer(request, length=len(data))
        return unsupported(request)


def _number(value: int) -> Pdu:
    """A number of 32 bits, as several codes have it."""
    return SerialBaudRate(baud_rate=value)
