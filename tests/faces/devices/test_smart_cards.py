"""Smart cards as a device: one, announced before anybody has logged on."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.device_link import ServerEnd
from tests.software_card import SoftwareCards
from trio_rdp.channels import rdpdr
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import LocalProtocolError


async def test_they_are_there_for_logging_on(nursery: trio.Nursery) -> None:
    devices = Devices(Limits(), client_name="tests")
    devices.add_drive("share", MemoryFileSystem())
    lent = devices.add_smart_cards(SoftwareCards())
    with pytest.raises(LocalProtocolError, match="lent already"):
        devices.add_smart_cards(SoftwareCards())
    ours, theirs = channel_pair("rdpdr")
    nursery.start_soon(devices.run, ours)
    server = ServerEnd(theirs)
    announced = await server.begin(extended=7)
    assert announced is not None
    (card,) = announced.device_list
    assert (card.device_type, card.preferred_dos_name) == (rdpdr.DeviceType.SMART_CARD, "SCARD")
    await lent.wait_accepted()
    await server.tell(rdpdr.UserLoggedOn())
    (drive,) = (await server.hear()).device_list
    assert drive.device_type == rdpdr.DeviceType.FILE_SYSTEM
    await theirs.aclose()
