"""A captured xrdp asks a drive of ours what it asked rdesktop 1.9.0, and hears the same."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import trio

from tests.conformance.test_rdpdr import _captured
from tests.device_link import ServerEnd
from tests.shared import capture, captures
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair

FILES = {"hello.txt": b"hello from the client drive\n", "new.txt": b"new\n", "d/x": b""}


def exchanges(name: str) -> tuple[list[Any], list[tuple[rdpdr.DeviceIoRequest, rdpdr.DeviceIoResponse]]]:
    """What the server said before it asked, and what it asked with rdesktop's answers."""
    from_client, from_server, _ = capture(name)
    answers = [one for one in _captured(from_client, from_server=False) if isinstance(one, rdpdr.UnmatchedResponse)]
    before: list[Any] = []
    asked = []
    for message in _captured(from_server, from_server=True):
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


@pytest.mark.parametrize("name", [name for name in captures() if name.id in ("missing", "rdesktop-xrdp-channels")])
async def test_the_same_answers(name: str, nursery: trio.Nursery) -> None:
    before, asked = exchanges(name)
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
