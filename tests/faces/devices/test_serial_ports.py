"""Ports that are lent: bytes both ways, the timeouts of Windows, what is set and told, events, purging."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
import trio.testing

from tests.device_link import ServerEnd, linked
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr import serial
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.serial_ports import ParallelPort, SerialPort
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.pdu import Pdu

Code = rdpdr.SerialControlCode
FOREVER = 0xFFFFFFFF


class Terminal:
    """A program on the server with a port open, and what is at the port's other end."""

    def __init__(self, server: ServerEnd, port: SerialPort, far: trio.testing.MemoryReceiveStream, near: Any) -> None:
        self.server = server
        self.port = port
        self.written = far
        self.feed = near

    async def control(self, code: int, data: bytes = b"", room: int = 100) -> Any:
        return await self.server.ask(
            rdpdr.ControlRequest, 1, io_control_code=code, input_buffer=data, output_buffer_length=room
        )

    async def set(self, code: int, value: Pdu) -> None:
        assert (await self.control(code, value.encode())).io_status == NtStatus.SUCCESS

    async def number(self, code: int) -> int:
        return int.from_bytes((await self.control(code)).output_buffer, "little")

    async def timeouts(self, interval: int, multiplier: int, constant: int) -> None:
        value = serial.SerialTimeouts(
            read_interval_timeout=interval,
            read_total_timeout_multiplier=multiplier,
            read_total_timeout_constant=constant,
        )
        await self.set(Code.SET_TIMEOUTS, value)


async def create(server: ServerEnd) -> Any:
    return await server.ask(
        rdpdr.CreateRequest, desired_access=rdpdr.DesiredAccess(0), shared_access=rdpdr.SharedAccess(0)
    )


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    ours, theirs = trio.testing.memory_stream_pair()
    port = SerialPort("COM1", ours, Limits(serial_bytes=10))
    async with linked(port) as (_, server):
        assert (await create(server)).io_status == NtStatus.SUCCESS
        yield Terminal(server, port, theirs.receive_stream, theirs.send_stream)


async def feed(terminal: Terminal, data: bytes) -> None:
    await terminal.feed.send_all(data)
    await trio.testing.wait_all_tasks_blocked()


def test_how_they_are_announced() -> None:
    devices = Devices(Limits(), client_name="tests")
    ours, _ = trio.testing.memory_stream_pair()
    assert devices.add_serial_port("COM1", ours)._announcement() == (rdpdr.DeviceType.SERIAL, "COM1", b"")
    assert devices.add_parallel_port("LPT1", ours)._announcement() == (rdpdr.DeviceType.PARALLEL, "LPT1", b"")


async def test_bytes_both_ways(terminal: Terminal) -> None:
    assert (await terminal.server.write(1, b"AT\r")).length == 3
    assert await terminal.written.receive_some() == b"AT\r"
    await feed(terminal, b"OK\r\n")
    assert (await terminal.server.read(1, 2)).read_data == b"OK"
    assert (await terminal.server.read(1, 2)).read_data == b"\r\n"
    assert (await terminal.server.ask(rdpdr.QueryInformationRequest, 1, fs_information_class=5)).io_status == (
        NtStatus.NOT_SUPPORTED
    )


async def test_a_read_waits_and_writes_go_on(terminal: Terminal) -> None:
    reading = await terminal.server.send(rdpdr.ReadRequest, 1, length=4)
    await trio.testing.wait_all_tasks_blocked()
    assert (await terminal.server.write(1, b"x")).length == 1
    await feed(terminal, b"ab")
    await feed(terminal, b"cd")
    answer = await terminal.server.hear()
    assert (answer.completion_id, answer.read_data) == (reading, b"abcd")


async def test_timeouts(terminal: Terminal, autojump_clock: trio.testing.MockClock) -> None:
    await terminal.timeouts(0, 0, 1000)
    assert (await terminal.server.read(1, 4)).io_status == NtStatus.TIMEOUT
    assert trio.current_time() >= 1
    await feed(terminal, b"ab")
    assert (await terminal.server.read(1, 4)).read_data == b"ab"
    # At once, with what is there.
    await terminal.timeouts(FOREVER, 0, 0)
    await feed(terminal, b"c")
    assert (await terminal.server.read(1, 4)).read_data == b"c"
    assert (await terminal.server.read(1, 4)).io_status == NtStatus.TIMEOUT
    # For the first byte, so long.
    await terminal.timeouts(FOREVER, FOREVER, 500)
    before = trio.current_time()
    assert (await terminal.server.read(1, 4)).io_status == NtStatus.TIMEOUT
    assert 0.4 < trio.current_time() - before < 0.6
    await feed(terminal, b"de")
    assert (await terminal.server.read(1, 4)).read_data == b"de"
    assert (await terminal.server.read(1, 0)).io_status == NtStatus.TIMEOUT


async def test_more_than_there_is_room_for(terminal: Terminal) -> None:
    await feed(terminal, b"0123456789abcdef")
    status = serial.SerialStatus.decode((await terminal.control(Code.GET_COMMSTATUS)).output_buffer)
    assert status.amount_in_in_queue == 10
    assert (await terminal.server.read(1, 100)).read_data == b"0123456789"
    assert (await terminal.server.read(1, 6)).read_data == b"abcdef"


@pytest.mark.parametrize(
    ("setting", "getting", "value", "name"),
    [
        (Code.SET_BAUD_RATE, Code.GET_BAUD_RATE, serial.SerialBaudRate(baud_rate=115200), "baud_rate"),
        (Code.SET_LINE_CONTROL, Code.GET_LINE_CONTROL, serial.SerialLineControl(word_length=7), "line_control"),
        (Code.SET_CHARS, Code.GET_CHARS, serial.SerialChars(eof_char=4), "chars"),
        (Code.SET_HANDFLOW, Code.GET_HANDFLOW, serial.SerialHandflow(xon_limit=80), "handflow"),
        (Code.SET_TIMEOUTS, Code.GET_TIMEOUTS, serial.SerialTimeouts(write_total_timeout_constant=5), "timeouts"),
    ],
)
async def test_settings(terminal: Terminal, setting: int, getting: int, value: Pdu, name: str) -> None:
    await terminal.set(setting, value)
    assert getattr(terminal.port, name) == value
    assert (await terminal.control(getting)).output_buffer == value.encode()
    assert (await terminal.control(setting, value.encode()[:1])).io_status == NtStatus.INVALID_PARAMETER
    assert (await terminal.control(getting, room=1)).io_status == NtStatus.BUFFER_TOO_SMALL


async def test_lines_and_numbers(terminal: Terminal) -> None:
    assert await terminal.number(Code.GET_DTRRTS) == 3
    await terminal.control(Code.CLR_DTR)
    assert await terminal.number(Code.GET_DTRRTS) == 2
    await terminal.control(Code.CLR_RTS)
    await terminal.control(Code.SET_DTR)
    assert await terminal.number(Code.GET_DTRRTS) == 1
    await terminal.control(Code.SET_RTS)
    assert await terminal.number(Code.GET_MODEM_CONTROL) == 3
    assert await terminal.number(Code.GET_MODEMSTATUS) == 0xB0
    properties = serial.SerialProperties.decode((await terminal.control(Code.GET_PROPERTIES)).output_buffer)
    assert properties.max_rx_queue == 10
    await terminal.control(Code.IMMEDIATE_CHAR, b"!")
    assert await terminal.written.receive_some() == b"!"
    await terminal.server.write(1, b"abc")
    found = serial.SerialPerfStats.decode((await terminal.control(Code.GET_STATS)).output_buffer)
    assert found.transmitted_count == 3
    await terminal.control(Code.CLEAR_STATS)
    assert await terminal.number(Code.GET_STATS) == 0
    for code in (Code.SET_BREAK_ON, Code.RESET_DEVICE, Code.SET_QUEUE_SIZE):
        assert (await terminal.control(code)).io_status == NtStatus.SUCCESS
    for unknown in (int(Code.XOFF_COUNTER), 0x12345678):
        assert (await terminal.control(unknown)).io_status == NtStatus.INVALID_DEVICE_REQUEST


async def test_events(terminal: Terminal) -> None:
    mask = serial.SerialBaudRate(baud_rate=serial.SerialEvents.RXCHAR)
    assert (await terminal.control(Code.WAIT_ON_MASK)).io_status == NtStatus.INVALID_PARAMETER
    await terminal.set(Code.SET_WAIT_MASK, mask)
    assert await terminal.number(Code.GET_WAIT_MASK) == 1
    wait: dict[str, Any] = {"io_control_code": Code.WAIT_ON_MASK, "output_buffer_length": 4}
    await terminal.server.send(rdpdr.ControlRequest, 1, **wait)
    await trio.testing.wait_all_tasks_blocked()
    assert (await terminal.control(Code.WAIT_ON_MASK)).io_status == NtStatus.INVALID_PARAMETER
    await feed(terminal, b"x")
    assert (await terminal.server.hear()).output_buffer == b"\1\0\0\0"
    # Another mask ends a wait without an event, and closing cancels it.
    waiting = await terminal.server.send(rdpdr.ControlRequest, 1, **wait)
    await trio.testing.wait_all_tasks_blocked()
    setting = await terminal.server.send(
        rdpdr.ControlRequest,
        1,
        io_control_code=Code.SET_WAIT_MASK,
        input_buffer=mask.encode(),
        output_buffer_length=0,
    )
    answers = {answer.completion_id: answer for answer in [await terminal.server.hear() for _ in range(2)]}
    assert answers[waiting].output_buffer == bytes(4)
    assert answers[setting].io_status == NtStatus.SUCCESS


async def test_purging(terminal: Terminal) -> None:
    await feed(terminal, b"old")
    await terminal.set(Code.PURGE, serial.SerialBaudRate(baud_rate=serial.Purge.RXCLEAR))
    reading = await terminal.server.send(rdpdr.ReadRequest, 1, length=4)
    await trio.testing.wait_all_tasks_blocked()
    await terminal.server.send(
        rdpdr.ControlRequest,
        1,
        io_control_code=Code.PURGE,
        input_buffer=serial.SerialBaudRate(baud_rate=serial.Purge.RXABORT).encode(),
        output_buffer_length=0,
    )
    answers = {answer.completion_id: answer for answer in [await terminal.server.hear() for _ in range(2)]}
    assert answers[reading].io_status == NtStatus.CANCELLED


async def test_closing(terminal: Terminal) -> None:
    await terminal.set(Code.SET_WAIT_MASK, serial.SerialBaudRate(baud_rate=1))
    waits = [
        await terminal.server.send(rdpdr.ReadRequest, 1, length=4),
        await terminal.server.send(rdpdr.ControlRequest, 1, io_control_code=Code.WAIT_ON_MASK, output_buffer_length=4),
    ]
    await trio.testing.wait_all_tasks_blocked()
    await terminal.server.send(rdpdr.CloseRequest, 1)
    answers = {answer.completion_id: answer for answer in [await terminal.server.hear() for _ in range(3)]}
    for number in waits:
        assert answers[number].io_status == NtStatus.CANCELLED
    assert (await terminal.server.read(1, 1)).io_status == NtStatus.UNSUCCESSFUL
    await create(terminal.server)
    await feed(terminal, b"new")
    assert (await terminal.server.read(1, 3)).read_data == b"new"


async def test_the_other_end_is_gone(terminal: Terminal) -> None:
    await feed(terminal, b"last")
    await terminal.feed.aclose()
    await terminal.written.aclose()
    assert (await terminal.server.read(1, 10)).read_data == b"last"
    assert (await terminal.server.read(1, 10)).read_data == b""
    assert (await terminal.server.write(1, b"x")).io_status == NtStatus.DEVICE_NOT_READY


async def test_a_parallel_port() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    async with linked(ParallelPort("LPT1", ours)) as (_, server):
        await create(server)
        assert (await server.write(1, b"page")).length == 4
        assert await theirs.receive_some() == b"page"
        assert (await server.read(1, 1)).io_status == NtStatus.NOT_SUPPORTED
        assert await server.close(1) == NtStatus.SUCCESS
        await theirs.aclose()
        assert (await server.write(1, b"page")).io_status == NtStatus.DEVICE_NOT_READY


async def test_a_printer_that_is_installed_at_the_server() -> None:
    ours, _ = trio.testing.memory_stream_pair()
    first, second = ParallelPort("LPT1", ours), SerialPort("COM2", ours, Limits())
    added = rdpdr.AddPrinterCacheData(
        port_dos_name="LPT1:", driver_name="d", printer_name="laser", cached_printer_config_data=b"kept"
    )
    async with linked(first, second) as (_, server):
        assert first.installed_printer is None
        await server.tell(added, rdpdr.AddPrinterCacheData(port_dos_name="LPT9", driver_name="d", printer_name="no"))
        await trio.testing.wait_all_tasks_blocked()
        assert first.installed_printer == added
        assert second.installed_printer is None
        await server.tell(rdpdr.AddPrinterCacheData(port_dos_name="com2", driver_name="d", printer_name="ink"))
        await trio.testing.wait_all_tasks_blocked()
        assert second.installed_printer is not None
        assert second.installed_printer.printer_name == "ink"
