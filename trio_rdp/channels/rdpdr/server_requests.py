"""`RequestTable`: what a server has asked and not heard of, [MS-RDPEFS] 3.1.1 and 3.1.5."""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.channels.rdpdr.drive_requests import LockControlRequest, LockOperation
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.messages import decode_answer
from trio_rdp.channels.rdpdr.requests import (
    CloseRequest,
    DeviceIoRequest,
    MajorFunction,
    ReadRequest,
    WriteRequest,
)
from trio_rdp.channels.rdpdr.responses import (
    CreateResponse,
    DeviceIoResponse,
    ReadResponse,
    UnmatchedResponse,
    WriteResponse,
)
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["Answer", "RequestTable", "failed", "undoing"]

_IDS = 1 << 32
_WARNING = 0x80000000
_UNLOCKS = (LockOperation.UNLOCK, LockOperation.UNLOCK_MULTIPLE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A request and its response, and whether somebody still waits for that."""

    request: DeviceIoRequest
    response: DeviceIoResponse
    is_abandoned: bool


class RequestTable:
    """The requests under way, by completion id.

    An id is not used again before all others were, so that an answer that comes late is known for what it is.
    """

    def __init__(self, limit: int) -> None:
        self.late: int = 0
        self._limit = limit
        self._requests: dict[int, DeviceIoRequest] = {}
        self._abandoned: set[int] = set()
        self._used = 0

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def is_full(self) -> bool:
        """Whether only requests that close a file, or unlock a part of it, are let in."""
        return len(self._requests) >= self._limit

    def add(self, request: DeviceIoRequest) -> None:
        """Let a request in, and give it its id."""
        # What is open or locked was so by requests, so that there is never much more to undo than there may be of them.
        if self.is_full and not _is_undoing(request):
            raise LocalProtocolError(f"{len(self._requests)} requests are under way, which is the limit")
        while (completion_id := self._used % _IDS) in self._requests:
            self._used += 1
        self._used += 1
        request.completion_id = completion_id
        self._requests[completion_id] = request

    def remove(self, completion_id: int) -> None:
        """Forget a request, if it is there."""
        self._requests.pop(completion_id, None)
        self._abandoned.discard(completion_id)

    def abandon(self, completion_id: int) -> None:
        """Note that nobody waits for the answer, if the request is there."""
        if completion_id in self._requests:
            self._abandoned.add(completion_id)

    def answer(self, response: UnmatchedResponse) -> Answer | None:
        """The request that a response is to; None where that was over already.

        Raises `RemoteProtocolError` where it was never asked, or asked otherwise.
        """
        completion_id = response.completion_id
        request = self._requests.get(completion_id)
        if request is None:
            if completion_id >= self._used:
                raise RemoteProtocolError(f"an answer to request {completion_id}, which was never made")
            self.late += 1
            return None
        if response.device_id != request.device_id:
            raise RemoteProtocolError(f"device {response.device_id} answers for device {request.device_id}")
        found = Answer(request, _decode(response, request), completion_id in self._abandoned)
        self.remove(completion_id)
        return found

    def remove_file(self, closed: CloseRequest) -> list[DeviceIoRequest]:
        """Forget the requests of a file that was closed; gives them."""
        return self._remove([r for r in self._requests.values() if _is_about(r, closed)])

    def remove_device(self, device_id: int) -> list[DeviceIoRequest]:
        """Forget the requests of a device that has left; gives them."""
        return self._remove([r for r in self._requests.values() if r.device_id == device_id])

    def _remove(self, requests: list[DeviceIoRequest]) -> list[DeviceIoRequest]:
        for request in requests:
            self.remove(request.completion_id)
        return requests


def failed(request: DeviceIoRequest, status: NtStatus) -> DeviceIoResponse:
    """The response to a request that says nothing but a status."""
    response = UnmatchedResponse(device_id=request.device_id, completion_id=request.completion_id, io_status=status)
    return decode_answer(response, request)


def undoing(request: DeviceIoRequest, response: DeviceIoResponse) -> DeviceIoRequest | None:
    """The request that takes back what was done, if it is such that it would last: a file to close, a lock to undo."""
    if response.io_status != NtStatus.SUCCESS:
        return None
    match request, response:
        case _, CreateResponse(file_id=file_id):
            return CloseRequest(device_id=request.device_id, file_id=file_id, completion_id=0)
        case LockControlRequest(), _ if request.operation not in _UNLOCKS:
            return LockControlRequest(
                device_id=request.device_id,
                file_id=request.file_id,
                completion_id=0,
                operation=LockOperation.UNLOCK,
                locks=request.locks,
            )
    return None


def _is_undoing(request: DeviceIoRequest) -> bool:
    return isinstance(request, CloseRequest) or (
        isinstance(request, LockControlRequest) and request.operation in _UNLOCKS
    )


def _is_about(request: DeviceIoRequest, closed: CloseRequest) -> bool:
    is_same = (request.device_id, request.file_id) == (closed.device_id, closed.file_id)
    # A create request has no file yet, and a further close request may be about another file of the same number.
    return is_same and request.major_function not in (MajorFunction.CREATE, MajorFunction.CLOSE)


def _decode(response: UnmatchedResponse, request: DeviceIoRequest) -> DeviceIoResponse:
    status = response.io_status
    # What rdesktop 1.9 sends behind the status of a failed listing is no buffer.
    if status >= _WARNING and status != NtStatus.BUFFER_OVERFLOW:
        return failed(request, status)
    answer = decode_answer(response, request)
    match request, answer:
        case ReadRequest(), ReadResponse() if len(answer.read_data) > request.length:
            raise RemoteProtocolError(f"{len(answer.read_data)} bytes were read, {request.length} were asked for")
        case WriteRequest(), WriteResponse() if answer.length > len(request.write_data):
            raise RemoteProtocolError(f"{answer.length} bytes were written, {len(request.write_data)} were sent")
    return answer
