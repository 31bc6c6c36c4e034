"""Printers: jobs as streams, backpressure, what servers ask to remember, jobs that are cut off."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.device_link import ServerEnd, linked
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.printers import Printer, PrintJob
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, SessionClosed


def printer(limits: Limits | None = None) -> Printer:
    return Printer("laser", limits or Limits(), 1, driver_name="driver", configuration=b"old")


async def begin_job(server: ServerEnd) -> int:
    answer = await server.ask(
        rdpdr.CreateRequest, desired_access=rdpdr.DesiredAccess(0), shared_access=rdpdr.SharedAccess(0)
    )
    assert answer.io_status == NtStatus.SUCCESS
    job: int = answer.file_id
    return job


async def test_how_it_is_announced() -> None:
    devices = Devices(Limits(), client_name="tests")
    devices.add_printer("first")
    second = devices.add_printer(
        "second", driver_name="driver", flags=rdpdr.PrinterFlags.DEFAULT_PRINTER, configuration=b"kept"
    )
    kind, dos_name, data = second._announcement()
    assert (kind, dos_name) == (rdpdr.DeviceType.PRINT, "PRN2")
    assert rdpdr.PrinterDeviceData.decode(data) == rdpdr.PrinterDeviceData(
        flags=rdpdr.PrinterFlags.DEFAULT_PRINTER,
        driver_name="driver",
        printer_name="second",
        cached_printer_config_data=b"kept",
    )


async def test_jobs() -> None:
    lent = printer()
    async with linked(lent) as (_, server):
        first, second = await begin_job(server), await begin_job(server)
        assert (await server.write(first, b"one")).length == 3
        assert (await server.write(second, b"two")).length == 3
        await server.write(first, b" more")
        await server.write(first, b"")
        assert await server.close(first) == NtStatus.SUCCESS
        assert await server.close(first) == NtStatus.UNSUCCESSFUL
        job = await anext(lent)
        assert (job.number, job.is_xps) == (1, False)
        assert await job.read() == b"one more"
        job = await anext(lent)
        assert await anext(job) == b"two"
        await server.close(second)
        assert [data async for data in job] == []


async def test_the_server_waits_for_whoever_takes_the_data() -> None:
    lent = printer(Limits(print_job_bytes=10))
    async with linked(lent) as (_, server):
        number = await begin_job(server)
        await server.write(number, b"12345678")
        waiting = await server.send(rdpdr.WriteRequest, number, write_data=b"abcdef")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            server.channel.receive_nowait()
        job = await anext(lent)
        assert await anext(job) == b"12345678"
        answer = await server.hear()
        assert (answer.completion_id, answer.length) == (waiting, 6)
        large = await server.write(number, b"")
        assert large.io_status == NtStatus.SUCCESS
        assert await anext(job) == b"abcdef"
        # One piece that is larger than what may wait is let through where nothing else waits.
        assert (await server.write(number, bytes(1000))).length == 1000


async def test_a_job_that_is_not_wanted() -> None:
    lent = printer(Limits(print_job_bytes=4))
    async with linked(lent) as (_, server):
        number = await begin_job(server)
        await server.write(number, b"1234")
        await server.send(rdpdr.WriteRequest, number, write_data=b"5")
        await trio.testing.wait_all_tasks_blocked()
        job = await anext(lent)
        job.cancel()
        assert (await server.hear()).io_status == NtStatus.CANCELLED
        assert await job.read() == b""
        assert await server.close(number) == NtStatus.SUCCESS


async def test_how_many_jobs() -> None:
    lent = printer(Limits(print_jobs=2))
    async with linked(lent) as (_, server):
        first = await begin_job(server)
        await server.close(await begin_job(server))
        answer = await server.ask(
            rdpdr.CreateRequest, desired_access=rdpdr.DesiredAccess(0), shared_access=rdpdr.SharedAccess(0)
        )
        assert answer.io_status == NtStatus.INSUFFICIENT_RESOURCES
        await anext(lent)
        await server.close(first)
        await begin_job(server)


async def test_what_servers_ask_to_remember() -> None:
    lent = printer()
    async with linked(lent) as (_, server):
        await server.tell(
            rdpdr.UpdatePrinterCacheData(printer_name="laser", cached_printer_config_data=b"new"),
            rdpdr.UpdatePrinterCacheData(printer_name="another", cached_printer_config_data=b"not"),
        )
        await trio.testing.wait_all_tasks_blocked()
        assert lent.configuration == b"new"
        await server.tell(rdpdr.RenamePrinterCacheData(old_printer_name="laser", new_printer_name="ink"))
        await trio.testing.wait_all_tasks_blocked()
        assert lent.name == "ink"
        await server.tell(
            rdpdr.AddPrinterCacheData(port_dos_name="PRN1", driver_name="d", printer_name="ink"),
            rdpdr.DeletePrinterCacheData(printer_name="ink"),
        )
        await trio.testing.wait_all_tasks_blocked()
        assert lent.configuration == b""


async def test_xps() -> None:
    lent = printer()
    async with linked(lent) as (_, server):
        await begin_job(server)
        await server.tell(rdpdr.PrinterSetXpsMode(printer_id=1))
        await begin_job(server)
        assert lent.is_xps
        assert [(await anext(lent)).is_xps for _ in range(2)] == [False, True]


async def test_what_a_printer_does_not_do() -> None:
    async with linked(printer()) as (_, server):
        number = await begin_job(server)
        assert (await server.read(number, 1)).io_status == NtStatus.NOT_SUPPORTED
        assert (await server.write(99, b"x")).io_status == NtStatus.UNSUCCESSFUL


async def test_a_job_that_is_cut_off() -> None:
    lent = printer()
    async with linked(lent) as (_, server):
        number = await begin_job(server)
        await server.write(number, b"half of it")
        job = await anext(lent)
        lent.remove()
        await server.hear()
        with pytest.raises(StopAsyncIteration):
            await anext(lent)
        assert await anext(job) == b"half of it"
        with pytest.raises(ChannelClosed, match="not sent to its end"):
            await anext(job)


async def test_iteration_ends_with_the_channel(nursery: trio.Nursery) -> None:
    devices = Devices(Limits(), client_name="tests")
    lent = devices.add_printer("laser")
    ours, theirs = channel_pair("rdpdr")
    nursery.start_soon(devices.run, ours)
    await ServerEnd(theirs).begin()
    jobs: list[PrintJob] = []

    async def print_all() -> None:
        jobs.extend([job async for job in lent])
        jobs.append(PrintJob(0, 0, is_xps=False))

    nursery.start_soon(print_all)
    await theirs.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert [job.number for job in jobs] == [0]


async def test_iteration_raises_why_the_session_ended() -> None:
    devices = Devices(Limits(), client_name="tests")
    lent = devices.add_printer("laser")
    devices.session_ended(SessionClosed("the line was cut"))
    with pytest.raises(SessionClosed, match="the line was cut"):
        await anext(lent)


async def test_cancelling_loses_nothing() -> None:
    lent = printer()
    async with linked(lent) as (_, server):
        for _ in range(2):
            with trio.move_on_after(0):
                await anext(lent)
        number = await begin_job(server)
        job = await anext(lent)
        with trio.move_on_after(0.01):
            await anext(job)
        await server.write(number, b"all")
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(job)
        await server.close(number)
        assert await job.read() == b"all"
