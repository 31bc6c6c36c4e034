"""What rdesktop 1.9.0, xfreerdp 2.11.7 and xrdp said about lent devices, played again without them."""

from __future__ import annotations

import dataclasses
from typing import Any

import trio

from tests.captures.messages import load
from tests.device_link import ServerEnd
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair

FILES = {"hello.txt": b"hello from the client drive\n", "new.txt": b"new\n", "d/x": b""}


def _captured(side: str) -> list[rdpdr.RdpdrMessage]:
    """What one side said in a session of rdesktop with xrdp."""
    return [rdpdr.decode_rdpdr(one, from_server=side == "s2c") for one in load(f"rdpdr-rdesktop-xrdp.{side}")]


def exchanges() -> tuple[list[Any], list[tuple[rdpdr.DeviceIoRequest, rdpdr.DeviceIoResponse]]]:
    """What the server said before it asked, and what it asked with rdesktop's answers."""
    answers = [one for one in _captured("c2s") if isinstance(one, rdpdr.UnmatchedResponse)]
    before: list[Any] = []
    asked = []
    for message in _captured("s2c"):
        if not isinstance(message, rdpdr.DeviceIoRequest):
            before.append(message)
            continue
        answer = next(one for one in answers if one.completion_id == message.completion_id)
        answers.remove(answer)
        asked.append((message, rdpdr.decode_answer(answer, message)))
    return before, asked


def essence(answer: rdpdr.DeviceIoResponse, request: rdpdr.DeviceIoRequest) -> Any:
    """What of an answer does not depend on times, ids and disks."""
    match answer, request:
        case _ if answer.io_status != NtStatus.SUCCESS:
            return answer.io_status
        case rdpdr.ReadResponse(read_data=data), _:
            return data
        case rdpdr.QueryInformationResponse(buffer=buffer), rdpdr.QueryInformationRequest():
            found = rdpdr.decode_file_information(request.fs_information_class, buffer)
            if isinstance(found, rdpdr.FileStandardInformation):
                return (found.end_of_file, found.directory, found.delete_pending)
            assert isinstance(found, rdpdr.FileBasicInformation)
            return rdpdr.FileAttributes.DIRECTORY in found.file_attributes
    return type(answer)


def test_a_captured_drive() -> None:
    """A directory of rdesktop 1.9.0 is listed, and its files are read and written, from inside a session of xrdp."""
    asked: dict[int, list[rdpdr.DeviceIoRequest]] = {}
    for message in _captured("s2c"):
        assert not isinstance(message, rdpdr.UnknownRdpdr | rdpdr.UnknownRequest)
        if isinstance(message, rdpdr.DeviceIoRequest):
            asked.setdefault(message.completion_id, []).append(message)
    assert sum(map(len, asked.values())) == 24
    listed, read = [], []
    for message in _captured("c2s"):
        if not isinstance(message, rdpdr.UnmatchedResponse):
            continue
        request = asked[message.completion_id].pop(0)
        answer = rdpdr.decode_answer(message, request)
        assert type(answer) is not rdpdr.UnmatchedResponse
        if isinstance(answer, rdpdr.ReadResponse):
            read.append(answer.read_data)
        elif isinstance(answer, rdpdr.QueryDirectoryResponse) and answer.io_status == rdpdr.NtStatus.SUCCESS:
            assert isinstance(request, rdpdr.QueryDirectoryRequest)
            entry = rdpdr.decode_directory_information(request.fs_information_class, answer.buffer)
            assert type(entry) is rdpdr.FileDirectoryInformation
            listed.append(entry.file_name)
    assert not any(asked.values())
    assert sorted(listed) == [".", "..", "d", "hello.txt", "new.txt"]
    assert read == [b"hello from the client drive\n"]


async def test_the_same_answers(nursery: trio.Nursery) -> None:
    """A drive of ours says to xrdp what rdesktop said."""
    before, asked = exchanges()
    devices = Devices(Limits(), client_name="tests")
    drive = devices.add_drive("share", MemoryFileSystem(FILES))
    ours, theirs = channel_pair("rdpdr")
    nursery.start_soon(devices.run, ours)
    server = ServerEnd(theirs)
    await server.tell(*(one for one in before if not isinstance(one, rdpdr.DeviceAnnounceResponse)))
    heard = [await server.hear() for _ in range(4)]
    assert [type(one) for one in heard] == [
        rdpdr.ClientAnnounceReply,
        rdpdr.ClientName,
        rdpdr.CoreCapabilityResponse,
        rdpdr.DeviceListAnnounce,
    ]
    await server.tell(rdpdr.DeviceAnnounceResponse(device_id=1))
    await drive.wait_accepted()
    files: dict[int, int] = {}  # rdesktop's ids, and ours
    listed: tuple[set[str], set[str]] = (set(), set())
    for request, theirs_said in asked:
        fields: Any = {"device_id": 1, "file_id": files.get(request.file_id, 0)}
        request = dataclasses.replace(request, **fields)
        server.asked[request.completion_id] = request
        await server.tell(request)
        said = await server.hear()
        if isinstance(request, rdpdr.QueryDirectoryRequest):
            for names, answer in zip(listed, (theirs_said, said), strict=True):
                if answer.io_status == NtStatus.SUCCESS:
                    kind = request.fs_information_class
                    names.add(rdpdr.decode_directory_information(kind, answer.buffer).file_name)  # type: ignore[union-attr]
            continue
        if isinstance(request, rdpdr.CreateRequest):
            assert isinstance(theirs_said, rdpdr.CreateResponse)
            files[theirs_said.file_id] = said.file_id
        if isinstance(request, rdpdr.SetInformationRequest):
            # rdesktop 1.9.0 says that the disk is full, and truncates the file all the same.
            assert (theirs_said.io_status, said.io_status) == (NtStatus.DISK_FULL, NtStatus.SUCCESS)
            continue
        assert essence(said, request) == essence(theirs_said, request), request
    assert listed[0] - {".", ".."} == listed[1] == {"hello.txt", "new.txt", "d"}
    assert drive.statistics().open_files == 0
    await theirs.aclose()
