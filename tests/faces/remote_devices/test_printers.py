"""`RemotePrinter`: printing to a client, [MS-RDPEPC]."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.device_client import PRINTER, DeviceClient, open_devices
from trio_rdp.channels import rdpdr
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError

LIMITS = Limits(device_piece=10)


async def test_a_job() -> None:
    client = DeviceClient(PRINTER)
    client.piece = 7
    async with open_devices(client, LIMITS) as devices:
        printer = await devices.wait_printer("paper")
        async with printer.job() as job:
            await job.write(b"%!PS " * 20)
            await job.write(memoryview(b"showpage"))
            assert job.size == 108
    assert client.jobs == [b"%!PS " * 20 + b"showpage"]
    assert client.most_at_once == 1  # whatever the client may do at once: what it prints has an order
    assert not client.opened
    create = next(message for message in client.heard if isinstance(message, rdpdr.CreateRequest))
    assert create.path == ""


async def test_what_is_known_of_a_printer() -> None:
    async with open_devices(DeviceClient(PRINTER)) as devices:
        printer = await devices.wait_printer()
        assert devices.printers == (printer,)
        assert (printer.name, printer.driver_name) == ("paper", "MS Publisher Imagesetter")
        assert (printer.is_default, printer.takes_xps, printer.configuration) == (True, True, b"landscape")
        assert printer.kind == rdpdr.DeviceType.PRINT


async def test_what_clients_are_told() -> None:
    client = DeviceClient(PRINTER)
    remembered = rdpdr.UpdatePrinterCacheData(printer_name="paper", cached_printer_config_data=b"portrait")
    async with open_devices(client) as devices:
        printer = await devices.wait_printer()
        await printer.use_xps()
        await printer.remember(remembered)
        with pytest.raises(TypeError, match="nothing that a client remembers"):
            await printer.remember(b"portrait")  # type: ignore[arg-type]
        await trio.testing.wait_all_tasks_blocked()
    assert client.heard[-2:] == [rdpdr.PrinterSetXpsMode(printer_id=2), remembered]


async def test_a_printer_without_xps() -> None:
    plain = rdpdr.PrinterDeviceData(driver_name="d", printer_name="p").encode()
    device = rdpdr.DeviceAnnounce(
        device_type=rdpdr.DeviceType.PRINT, device_id=2, preferred_dos_name="PRN2", device_data=plain
    )
    async with open_devices(DeviceClient(device)) as devices:
        printer = await devices.wait_printer()
        with pytest.raises(LocalProtocolError, match="takes no XPS"):
            await printer.use_xps()


async def test_a_job_that_fails_is_closed() -> None:
    client = DeviceClient(PRINTER)
    async with open_devices(client, LIMITS) as devices:
        printer = await devices.wait_printer()

        async def break_off() -> None:
            async with printer.job() as job:
                await job.write(b"half")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await break_off()
        assert client.jobs == [b"half"]
        assert not client.opened
        client.refuse[rdpdr.CreateRequest] = rdpdr.NtStatus.DEVICE_NOT_READY
        with pytest.raises(OSError, match=r"the device is not ready \(DEVICE_NOT_READY\): 'paper'"):
            async with printer.job():
                pass
        with pytest.raises(RuntimeError):
            await printer.job().write(b"")
