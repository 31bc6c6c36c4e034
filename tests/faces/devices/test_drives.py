"""A drive as it is announced, and what it counts."""

from __future__ import annotations

import pytest

from tests.device_link import linked
from trio_rdp.channels import rdpdr
from trio_rdp.faces.devices.drives import Drive
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits


@pytest.mark.parametrize(("name", "short"), [("share", "share"), ("a long name", "a long "), ("caf\u00e9", "caf_")])
def test_names(name: str, short: str) -> None:
    kind, dos_name, data = Drive(name, MemoryFileSystem(), Limits())._announcement()
    announced = rdpdr.DeviceAnnounce(device_type=kind, device_id=1, preferred_dos_name=dos_name, device_data=data)
    assert (kind, dos_name) == (rdpdr.DeviceType.FILE_SYSTEM, short)
    assert rdpdr.drive_name(rdpdr.DeviceAnnounce.decode(announced.encode())) == name


async def test_what_it_counts() -> None:
    drive = Drive("share", MemoryFileSystem({"f": b"12345"}), Limits())
    assert drive.statistics().open_files == drive.statistics().read == 0
    async with linked(drive) as (_, server):
        file = await server.open("\\f")
        await server.read(file, 4)
        await server.write(file, b"ab")
        statistics = drive.statistics()
        assert (statistics.open_files, statistics.read, statistics.written) == (1, 4, 2)
        await server.close(file)
        assert (drive.statistics().open_files, drive.statistics().peak_open_files) == (0, 1)


async def test_a_label_of_the_file_system_s_own() -> None:
    class Labelled(MemoryFileSystem):
        label = "own"

    async with linked(Drive("share", Labelled(), Limits())) as (_, server):
        root = await server.open("")
        assert (await server.volume(root, rdpdr.VolumeInformationClass.VOLUME)).volume_label == "own"
