"""`RemoteDevice` and `DeviceHandle`: control requests, as smart cards and ports take them."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.device_client import CARDS, DeviceClient, open_devices
from trio_rdp.channels import rdpdr


async def test_control_requests() -> None:
    client = DeviceClient(CARDS)
    async with open_devices(client) as devices:
        async for change in devices:
            (cards,) = change.arrived
            break
        async with await cards.open_device() as handle:
            code = rdpdr.SmartCardControlCode.ESTABLISHCONTEXT
            answer = await handle.control(code, b"call", max_output=256)
            assert answer == code.to_bytes(4, "little") + b"call"
        assert not client.opened
        with pytest.raises(trio.ClosedResourceError):
            await handle.control(code)
    create, control = (m for m in client.heard if isinstance(m, rdpdr.CreateRequest | rdpdr.ControlRequest))
    assert isinstance(create, rdpdr.CreateRequest)
    assert isinstance(control, rdpdr.ControlRequest)
    assert create.path == ""
    assert (control.io_control_code, control.output_buffer_length) == (0x00090014, 256)


async def test_control_requests_without_opening() -> None:
    """FreeRDP 2.11 refuses to open a smart card reader, and [MS-RDPESC] does not speak of it."""
    client = DeviceClient(CARDS)
    async with open_devices(client) as devices:
        await trio.testing.wait_all_tasks_blocked()
        assert await devices.devices[0].control(5, b"x") == b"\5\0\0\0x"
    assert not any(isinstance(message, rdpdr.CreateRequest) for message in client.heard)


async def test_a_call_that_never_ends_is_cancelled(autojump_clock: trio.testing.MockClock) -> None:
    """What waits for a card to be put in is answered when its file is closed."""
    client = DeviceClient(CARDS)
    async with open_devices(client) as devices:
        await devices.wait_open()
        await trio.testing.wait_all_tasks_blocked()
        cards = devices.devices[0]
        async with await cards.open_device() as handle:
            client.hold = lambda message: isinstance(message, rdpdr.ControlRequest)
            with trio.move_on_after(1) as scope:
                await handle.control(rdpdr.SmartCardControlCode.GETSTATUSCHANGEW)
            assert scope.cancelled_caught
            assert devices.statistics().waiting == 1
        assert devices.statistics().waiting == 0
        await client.release()
        await trio.testing.wait_all_tasks_blocked()
        assert devices.statistics().late_answers == 1
        assert devices.is_open


async def test_a_device_that_refuses() -> None:
    client = DeviceClient(CARDS)
    client.refuse[rdpdr.ControlRequest] = rdpdr.NtStatus.INVALID_DEVICE_REQUEST
    async with open_devices(client) as devices:
        await trio.testing.wait_all_tasks_blocked()
        async with await devices.devices[0].open_device() as handle:
            with pytest.raises(OSError, match="the device does not support it"):
                await handle.control(1)
