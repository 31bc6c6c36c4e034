"""What devices have in common: being accepted, refused, removed and lent again."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.channels.rdpdr import CreateRequest, DesiredAccess, DeviceType, NtStatus, ReadRequest, SharedAccess
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.faces.devices.device import Device, DeviceService, short_name, unsupported
from trio_rdp.wire.errors import LocalProtocolError, RequestRefused, SessionClosed


class Silent(DeviceService):
    """Does nothing."""

    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        return unsupported(request)


class Thing(Device):
    """Is nothing."""

    def _announcement(self) -> tuple[DeviceType, str, bytes]:
        return DeviceType.SERIAL, self.name, b""

    def _serve(self) -> DeviceService:
        return Silent()


async def wait(thing: Device, seen: list[str]) -> None:
    try:
        await thing.wait_accepted()
        seen.append("accepted")
    except (RequestRefused, LocalProtocolError, SessionClosed) as exc:
        seen.append(str(exc))


async def test_accepted(nursery: trio.Nursery) -> None:
    thing, seen = Thing("COM1"), list[str]()
    nursery.start_soon(wait, thing, seen)
    await trio.testing.wait_all_tasks_blocked()
    thing._heard(None)
    await trio.testing.wait_all_tasks_blocked()
    assert seen == ["accepted"]
    assert thing.is_accepted
    await thing.wait_accepted()


async def test_refused() -> None:
    thing = Thing("COM1")
    thing._heard(NtStatus.NOT_SUPPORTED)
    with pytest.raises(RequestRefused, match="refused 'COM1': NOT_SUPPORTED") as caught:
        await thing.wait_accepted()
    assert caught.value.code == NtStatus.NOT_SUPPORTED
    thing._begun()
    thing._heard(None)
    await thing.wait_accepted()


async def test_removed_and_lent_again(nursery: trio.Nursery) -> None:
    thing, seen = Thing("COM1"), list[str]()
    with pytest.raises(LocalProtocolError, match="not lent"):
        thing.remove()
    taken = []
    thing._lent(lambda: taken.append(1))
    nursery.start_soon(wait, thing, seen)
    await trio.testing.wait_all_tasks_blocked()
    thing.remove()
    assert taken == [1]
    thing._removed()
    await trio.testing.wait_all_tasks_blocked()
    assert seen == ["'COM1' was removed"]
    thing._lent(lambda: None)
    thing._heard(None)
    await thing.wait_accepted()


async def test_the_session_ends(nursery: trio.Nursery) -> None:
    thing, seen = Thing("COM1"), list[str]()
    nursery.start_soon(wait, thing, seen)
    await trio.testing.wait_all_tasks_blocked()
    thing._ended(SessionClosed("the line was cut"))
    await trio.testing.wait_all_tasks_blocked()
    assert seen == ["the line was cut"]


def test_short_names() -> None:
    assert short_name("a\tbc\u20acdefgh") == "a_bc_de"


async def test_lanes_are_those_of_files() -> None:
    service = Silent()
    request = ReadRequest(device_id=1, file_id=7, completion_id=1, length=1)
    assert service.lane(request) == 7
    assert (await service.answer(request)).io_status == NtStatus.NOT_SUPPORTED
    create = CreateRequest(device_id=1, completion_id=1, desired_access=DesiredAccess(0), shared_access=SharedAccess(0))
    assert service.lane(create) == 0
    await service.aclose()
