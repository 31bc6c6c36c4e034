"""A client's devices hear a server that asks anything: events or `RemoteProtocolError`, an answer to every request that
is taken, no file outside of what is lent, and no more memory than the limits allow.
"""

from __future__ import annotations

import contextlib
import random
import struct
import time
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from tests.fuzz.mutation import mutate
from tests.fuzz.samples import sample
from tests.software_card import SoftwareCards
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.client import RdpdrClient, answer
from trio_rdp.channels.rdpdr.client_events import Requested
from trio_rdp.channels.rdpdr.smart_card_messages import CALLS, encode_call
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.directory_files import DirectoryFileSystem
from trio_rdp.faces.devices.file_systems import FileStatus
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import RemoteProtocolError
from trio_rdp.wire.pdu import Pdu

REQUESTS, REQUEST_BYTES = 8, 20_000
DEVICES = range(1, 7)
PATHS = [
    "",
    "\\",
    "\\f",
    "\\d\\g",
    "\\new",
    "\\d",
    "\\d\\..\\..\\secret",
    "/../secret",
    "\\link",
    "\\NUL",
    "\\a:b",
    "\\" + "x" * 300,
    "\\\ud800",
]
BEGINNING: list[Pdu] = [
    rdpdr.ServerAnnounce(version_minor=13, client_id=1),
    rdpdr.CoreCapabilityRequest(
        capability_message=[
            rdpdr.GeneralCapabilitySet(protocol_minor_version=13, extended_pdu=rdpdr.ExtendedPdu.DEVICE_REMOVE)
        ]
    ),
    rdpdr.ServerClientIdConfirm(version_minor=13, client_id=1),
]
OTHERS: list[Pdu] = [
    *BEGINNING,
    rdpdr.UserLoggedOn(),
    *(rdpdr.DeviceAnnounceResponse(device_id=number) for number in DEVICES),
    rdpdr.UpdatePrinterCacheData(printer_name="laser", cached_printer_config_data=b"x"),
    rdpdr.PrinterSetXpsMode(printer_id=3),
]
FILE_BUFFERS: list[Pdu] = [
    rdpdr.FileBasicInformation(
        creation_time=1,
        last_access_time=-1,
        last_write_time=1 << 62,
        change_time=0,
        file_attributes=rdpdr.FileAttributes(0x21),
    ),
    rdpdr.FileEndOfFileInformation(end_of_file=100),
    rdpdr.FileEndOfFileInformation(end_of_file=1 << 63),
    rdpdr.FileDispositionInformation(),
    *(rdpdr.FileRenameInformation(file_name=path, replace_if_exists=True) for path in PATHS),
]


def a_request(source: random.Random) -> Pdu:
    """Something of some device, with small numbers, so that files are found."""
    header: dict[str, Any] = {
        "device_id": source.choice(DEVICES),
        "file_id": source.randrange(5),
        "completion_id": source.randrange(3),
    }
    offset = source.choice((0, 1, 5, 1 << 40, 1 << 63, rdpdr.APPEND))
    match source.randrange(14):
        case 0 | 1 | 2:
            return rdpdr.CreateRequest(
                **header,
                desired_access=rdpdr.DesiredAccess(source.choice((0, 1, 2, 0x80, 0x02000000, 0xC0000000, 0x00010000))),
                shared_access=rdpdr.SharedAccess(7),
                create_disposition=rdpdr.CreateDisposition(source.randrange(7)),
                create_options=rdpdr.CreateOptions(source.choice((0, 0, 1, 0x40, 0x1000, 0x1001, 0x2000, 0x41))),
                file_attributes=rdpdr.FileAttributes(source.choice((0, 1, 3))),
                path=source.choice(PATHS),
            )
        case 3:
            return rdpdr.CloseRequest(**header)
        case 4 | 5:
            return rdpdr.ReadRequest(**header, length=source.choice((0, 1, 100, 0xFFFFFFFF)), offset=offset)
        case 6:
            return rdpdr.WriteRequest(**header, write_data=bytes(source.randrange(200)), offset=offset)
        case 7:
            kind = rdpdr.FileInformationClass(source.choice((4, 5, 0x23, 0x99)))
            return rdpdr.QueryInformationRequest(**header, fs_information_class=kind)
        case 8:
            kind = rdpdr.FileInformationClass(source.choice((4, 0x0A, 0x0A, 0x0D, 0x13, 0x14)))
            buffer = source.choice(FILE_BUFFERS).encode()
            return rdpdr.SetInformationRequest(**header, fs_information_class=kind, set_buffer=buffer)
        case 9:
            volume = rdpdr.VolumeInformationClass(source.randrange(9))
            if source.random() < 0.3:
                return rdpdr.SetVolumeInformationRequest(**header, set_volume_buffer=b"\2\0\0\0x\0")
            return rdpdr.QueryVolumeInformationRequest(**header, fs_information_class=volume)
        case 10:
            pattern = source.choice(PATHS) + source.choice(("\\*", '\\<"*', "\\" + "*a" * 100))
            return rdpdr.QueryDirectoryRequest(
                **header,
                fs_information_class=rdpdr.DirectoryInformationClass(source.choice((1, 2, 3, 12, 99))),
                initial_query=source.random() < 0.6,
                path=pattern,
            )
        case 11:
            if source.random() < 0.5:
                return rdpdr.NotifyChangeDirectoryRequest(
                    **header,
                    watch_tree=source.random() < 0.5,
                    completion_filter=rdpdr.CompletionFilter(source.choice((0, 3, 0xFFF))),
                )
            region = rdpdr.LockInfo(offset=source.choice((0, 5, 1 << 63)), length=source.choice((1, 10, 1 << 63)))
            return rdpdr.LockControlRequest(
                **header,
                operation=rdpdr.LockOperation(source.randrange(2, 7)),
                f=source.random() < 0.3,
                locks=[region] * source.randrange(3),
            )
        case _:
            return a_control(source, header)


def a_control(source: random.Random, header: dict[str, Any]) -> rdpdr.ControlRequest:
    """A call to smart cards, a code of ports, or one of drives."""
    room = source.choice((0, 10, 2048, 0xFFFFFFFF))
    match source.randrange(3):
        case 0:
            code = source.choice(list(CALLS))
            call = CALLS[code][0]
            data = encode_call(None if call is None else sample(call))  # type: ignore[arg-type]
            return rdpdr.ControlRequest(
                **(header | {"device_id": 4}), io_control_code=code, input_buffer=data, output_buffer_length=room
            )
        case 1:
            port = source.choice(list(rdpdr.SerialControlCode))
            data = source.choice((b"", b"\1", b"\1\0\0\0", bytes(20)))
            return rdpdr.ControlRequest(
                **(header | {"device_id": 5}), io_control_code=port, input_buffer=data, output_buffer_length=room
            )
    data = source.choice((b"", struct.pack("<QQ", 0, 1 << 63)))
    codes = (0x0009002C, 0x0009003C, 0x000940CF, 0x000900A8)
    return rdpdr.ControlRequest(
        **header, io_control_code=source.choice(codes), input_buffer=data, output_buffer_length=room
    )


def spoil(source: random.Random, count: int) -> list[bytes]:
    """A conversation with anything in it; of some, bytes are changed."""
    found = [pdu.encode() for pdu in BEGINNING]
    for _ in range(count):
        pdu = source.choice(OTHERS) if source.random() < 0.05 else a_request(source)
        found.append(pdu.encode())
    share = source.choice((0, 0, 0.02, 0.3))
    return [mutate(source, one, source.choice(found)) if source.random() < share else one for one in found]


def converse(source: random.Random, heard: list[bytes]) -> int:
    """The machine alone; gives how many requests it handed out."""
    machine = RdpdrClient("here", 7, requests=REQUESTS, request_bytes=REQUEST_BYTES, transfer=500, answers=200)
    for number in DEVICES:
        machine.add_device(rdpdr.DeviceType.FILE_SYSTEM, f"D{number}")
    waiting: list[Requested] = []
    count = 0
    for message in heard:
        for event in machine.receive(message):
            if isinstance(event, Requested):
                waiting.append(event)
                count += 1
        while waiting and source.random() < 0.6:
            event = waiting.pop(source.randrange(len(waiting)))
            machine.complete(event.ticket, answer(event.request, rdpdr.NtStatus(source.choice((0, 0xC0000001)))))
        if source.random() < 0.5:
            machine.data_to_send()
        if source.random() < 0.02:
            number = machine.add_device(rdpdr.DeviceType.SERIAL, "COM9")
            if source.random() < 0.5:
                machine.remove_device(number)
        assert machine.outstanding <= REQUESTS
        assert machine.outstanding_bytes <= REQUEST_BYTES
    return count


async def live(source: random.Random, heard: list[bytes], folder: Path) -> None:
    """All devices, under their face."""
    limits = Limits(lent_requests=50, open_files=20, lent_entries=50, print_jobs=3, print_job_bytes=100)
    devices = Devices(limits, client_name="tests")
    memory = MemoryFileSystem({"f": b"12345", "d/g": b""}, capacity=2000, entries=30)
    near, far = trio.testing.memory_stream_pair()
    devices.add_drive("memory", memory)
    devices.add_drive("folder", DirectoryFileSystem(folder))
    devices.add_printer("laser")
    devices.add_smart_cards(SoftwareCards())
    devices.add_serial_port("COM1", near)
    devices.add_drive("read only", MemoryFileSystem({"f": b"x"}, read_only=True))
    ours, theirs = channel_pair("rdpdr", messages=400)

    async def drain() -> None:
        with contextlib.suppress(trio.EndOfChannel, trio.ClosedResourceError):
            while True:
                rdpdr.decode_rdpdr(await theirs.receive(), from_server=False)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(devices.run, ours)
        nursery.start_soon(drain)
        with contextlib.suppress(trio.BrokenResourceError):
            for message in heard:
                await theirs.send(message)
                if source.random() < 0.3:
                    await trio.sleep(0.001)
        await trio.sleep(0.01)
        assert devices.statistics().requests <= limits.lent_requests
        for device in devices:
            if hasattr(device, "statistics"):
                assert device.statistics().open_files <= limits.open_files
        assert sum(map(len, memory.files().values())) <= 2000
        await theirs.aclose()
        await far.send_all(b"x")
    assert devices.statistics().requests == 0


def examine(source: random.Random, what: str) -> None:
    heard = spoil(source, source.randrange(200))
    try:
        converse(source, heard)
    except RemoteProtocolError:
        pass
    except Exception as exc:
        raise AssertionError(f"{what}, {heard}") from exc


def examine_face(source: random.Random, folder: Path, caplog: pytest.LogCaptureFixture, what: str) -> None:
    root = folder / f"{source.randrange(1 << 40)}"
    (root / "share" / "d").mkdir(parents=True)
    (root / "share" / "f").write_bytes(b"12345")
    (root / "secret").write_bytes(b"secret")
    (root / "share" / "link").symlink_to("../secret")
    heard = spoil(source, source.randrange(300))
    caplog.clear()
    trio.run(live, source, heard, root / "share")
    mistakes = [one for one in caplog.records if "mistake of the library" in one.message or one.levelname == "ERROR"]
    assert not mistakes, f"{what}, {heard}"
    assert sorted(path.name for path in root.iterdir()) == ["secret", "share"], f"{what}, {heard}"
    assert (root / "secret").read_bytes() == b"secret"


def test_good_requests_are_handed_out() -> None:
    source = random.Random(1)
    heard = [pdu.encode() for pdu in BEGINNING] + [a_request(source).encode() for _ in range(100)]
    assert converse(random.Random(2), heard) > 60


@pytest.mark.parametrize("seed", range(20))
def test_spoiled_conversations(seed: int) -> None:
    source = random.Random(seed)
    for number in range(20):
        examine(source, f"seed {seed}, example {number}")


@pytest.mark.parametrize("seed", range(15))
def test_spoiled_conversations_under_a_face(seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    examine_face(random.Random(seed), tmp_path, caplog, f"seed {seed}")


def test_any_status_is_told() -> None:
    """Whatever numbers a file system gives, a request has an answer."""
    status = FileStatus(size=1 << 100, links=1 << 80, created_ns=-(1 << 90), modified_ns=1 << 90)

    class Odd(MemoryFileSystem):
        async def stat(self, path: str) -> FileStatus:
            return status

    async def ask() -> None:
        devices = Devices(Limits(), client_name="tests")
        devices.add_drive("odd", Odd())
        ours, theirs = channel_pair("rdpdr", messages=100)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(devices.run, ours)
            for pdu in BEGINNING:
                await theirs.send(pdu.encode())
            header: dict[str, Any] = {"device_id": 1, "completion_id": 1}
            create = rdpdr.CreateRequest(
                **header, desired_access=rdpdr.DesiredAccess(0x80), shared_access=rdpdr.SharedAccess(7), path="\\f"
            )
            await theirs.send(create.encode())
            for kind in (4, 5, 0x23):
                request = rdpdr.QueryInformationRequest(
                    **header, file_id=1, fs_information_class=rdpdr.FileInformationClass(kind)
                )
                await theirs.send(request.encode())
            await trio.testing.wait_all_tasks_blocked()
            assert devices.statistics().answered == 4
            await theirs.aclose()

    trio.run(ask)


@pytest.mark.fuzz
def test_search(fuzz_seconds: float, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        for _ in range(20):
            examine(source, f"random seed {number}")
        examine_face(source, tmp_path, caplog, f"random seed {number}")
