"""`RequestTable`: completion ids, and which answer is to what."""

from __future__ import annotations

import pytest

from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.server_requests import RequestTable, failed
from trio_rdp.wire.errors import DecodeError, LocalProtocolError, RemoteProtocolError

Status = rdpdr.NtStatus


def read(device_id: int = 1) -> rdpdr.ReadRequest:
    return rdpdr.ReadRequest(device_id=device_id, file_id=2, completion_id=0, length=4)


def unmatched(response: rdpdr.DeviceIoResponse) -> rdpdr.UnmatchedResponse:
    return rdpdr.UnmatchedResponse.decode(response.encode())


def test_ids_are_not_used_again_soon() -> None:
    table = RequestTable(4)
    for number in range(10):
        request = read()
        table.add(request)
        assert request.completion_id == number
        table.remove(number)
    assert len(table) == 0


def test_ids_begin_again_after_the_last() -> None:
    table = RequestTable(4)
    oldest = read()
    table.add(oldest)
    table._used = (1 << 32) - 1
    found = []
    for _ in range(3):
        request = read()
        table.add(request)
        found.append(request.completion_id)
    assert found == [(1 << 32) - 1, 1, 2]  # 0 is under way still


def test_an_id_that_was_never_given() -> None:
    table = RequestTable(4)
    with pytest.raises(RemoteProtocolError, match="request 0, which was never made"):
        table.answer(rdpdr.UnmatchedResponse(device_id=1, completion_id=0))


def test_the_answer_of_another_device() -> None:
    table = RequestTable(4)
    table.add(read())
    with pytest.raises(RemoteProtocolError, match="device 3 answers for device 1"):
        table.answer(rdpdr.UnmatchedResponse(device_id=3, completion_id=0))


def test_more_than_was_asked() -> None:
    table = RequestTable(4)
    table.add(read())
    with pytest.raises(RemoteProtocolError, match="5 bytes were read, 4 were asked for"):
        table.answer(unmatched(rdpdr.ReadResponse(device_id=1, completion_id=0, read_data=b"12345")))
    table.add(rdpdr.WriteRequest(device_id=1, file_id=2, completion_id=0, write_data=b"123"))
    with pytest.raises(RemoteProtocolError, match="4 bytes were written, 3 were sent"):
        table.answer(unmatched(rdpdr.WriteResponse(device_id=1, completion_id=1, length=4)))


def test_what_stands_behind_a_failure_is_not_read() -> None:
    table = RequestTable(4)
    table.add(read())
    padded = rdpdr.UnmatchedResponse(
        device_id=1, completion_id=0, io_status=Status.NO_MORE_FILES, parameters=b"\1\0\0\0\0\0"
    )
    answer = table.answer(padded)
    assert answer is not None
    assert answer.response == rdpdr.ReadResponse(device_id=1, completion_id=0, io_status=Status.NO_MORE_FILES)


def test_what_stands_behind_a_success_is_read() -> None:
    table = RequestTable(4)
    table.add(read())
    with pytest.raises(DecodeError):
        table.answer(rdpdr.UnmatchedResponse(device_id=1, completion_id=0, parameters=b"\1\0\0"))


def test_abandoned_requests_keep_their_place() -> None:
    table = RequestTable(1)
    table.add(read())
    table.abandon(0)
    table.abandon(77)
    assert table.is_full
    with pytest.raises(LocalProtocolError):
        table.add(read())
    answer = table.answer(unmatched(rdpdr.ReadResponse(device_id=1, completion_id=0)))
    assert answer is not None
    assert answer.is_abandoned
    assert not table.is_full
    assert not table._abandoned


def test_removing() -> None:
    table = RequestTable(9)
    requests: list[rdpdr.DeviceIoRequest] = [
        read(),
        read(device_id=3),
        rdpdr.CloseRequest(device_id=1, file_id=2, completion_id=0),
    ]
    for request in requests:
        table.add(request)
    assert table.remove_file(rdpdr.CloseRequest(device_id=1, file_id=2, completion_id=0)) == [requests[0]]
    assert table.remove_device(3) == [requests[1]]
    table.remove(77)
    assert len(table) == 1


def test_failures_have_the_class_of_the_answer() -> None:
    assert type(failed(read(), Status.CANCELLED)) is rdpdr.ReadResponse
